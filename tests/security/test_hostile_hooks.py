"""Hooks between a host and a container that trust each other little: what the image's startContainer hook gets at, what hooks get of
crumb's caller, and what an image can do about the programs of the runtime."""

import os
import unittest

from security_case import SecurityCase
from test_secrets import UserNamespace

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
OF_A_SHELL = ("OLDPWD", "PATH", "PWD", "SHLVL", "_")  # what busybox adds itself


class HookCase(UserNamespace, SecurityCase):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o711)
        self.bundle.directory("/out").chmod(0o777)
        self.out = self.scratch / "out"
        self.out.mkdir()
        self.out.chmod(0o777)
        self.mount("/out", self.out, "bind", ["bind"])
        self.config["hooks"] = {}

    def hook(self, kind, script, **members):
        """A shell of the runtime's or, for startContainer, the image's runs this."""
        self.config["hooks"][kind] = [{"path": "/bin/busybox", "args": ["sh", "-c", script], **members}]

    def all_capabilities(self):
        for kind in ("bounding", "effective", "permitted"):
            self.process["capabilities"][kind].append("CAP_SYS_PTRACE")


class HostileHook(HookCase):
    """A startContainer hook of the image is a child of crumb-init, which still holds the Plan and the FIFOs of the host."""

    def peek(self):
        self.attacker("peek")
        self.process["env"].append("SECRET=of-the-host")
        self.hook("startContainer", "/bin/peek /tmp/stop > /out/report & sleep 0.3; touch /tmp/stop; wait")
        self.run_container("/bin/true")
        lines = (self.out / "report").read_text().splitlines()
        self.assertRegex(lines[-1], r"^met [0-9]+$")
        self.assertGreater(int(lines[-1].split()[1]), 0, "the attacker met nobody: this proves nothing")
        self.assertEqual(sorted(set(lines[:-1])), [])

    def test_sees_nothing_of_init(self):
        """Seen to fail (environ, exe, fd, mem) with restore_protection() of src/init/credentials.cc saying 1 instead of 0 to PR_SET_DUMPABLE."""
        self.peek()

    def test_sees_nothing_of_init_with_every_capability_of_a_user_namespace(self):
        """Seen to fail likewise."""
        self.map_ids()
        self.all_capabilities()
        self.peek()

    def test_cannot_write_to_inits_executable(self):
        """As root who may trace. Seen to fail with linux::open_executable() returning the opened file itself instead of a read-only clone."""
        self.all_capabilities()
        self.attacker("overwrite")
        self.hook("startContainer", "(/bin/overwrite 3 > /out/part; mv /out/part /out/report) > /dev/null 2>&1 & sleep 1")
        self.run_container("/bin/sh", "-c", "until [ -e /out/report ]; do sleep 0.1; done")
        lines = (self.out / "report").read_text().splitlines()
        self.assertGreaterEqual(int(lines[-1].split()[1]), 2, "the attacker saw no crumb-init: busybox is one handle, crumb-init the other")
        self.assertEqual([line for line in lines if line.startswith("writable")], [])

    def test_cannot_kill_init(self):
        """Which the kernel sees to: a first process of a pid namespace."""
        self.hook("startContainer", "kill -9 1; kill -STOP 1; exit 5")
        self.assertIn("exit status 5", self.run_fails("/bin/true").err)

    def test_that_forks_holds_up_neither_start_nor_the_program(self):
        self.hook("startContainer", "sleep 1000 & sleep 1000 & exit 0")
        self.assertEqual(self.run_container("/bin/echo", "ran").out, "ran\n")

    def test_that_writes_for_ever_after_its_end_holds_up_nobody(self):
        self.hook("startContainer", "yes & exit 0")
        self.assertEqual(self.run_container("/bin/echo", "ran").out, "ran\n")

    def test_that_writes_megabytes_and_fails_is_one_short_line(self):
        self.hook("startContainer", "yes '\x1b[2J' | head -c 9000000; yes | head -c 9000000 >&2; exit 3")
        result = self.run_fails("/bin/true")
        self.assertLess(len(result.err), 1000)
        self.assertNotIn("\x1b", result.err)


class OfTheCaller(HookCase):

    def setUp(self):
        super().setUp()
        self.leaked = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, self.leaked)

    def test_no_descriptor_reaches_a_hook(self):
        """Seen to fail with become_command() of src/linux/spawn.cc without its close_range() and become_hook() of src/init/hook.cc without
        its close_on_exec_from()."""
        for kind in KINDS:
            target = "/out" if kind == "startContainer" else self.out
            self.hook(kind, f"exec /bin/busybox ls -C /proc/self/fd > {target}/{kind}")
        self.run_container("/bin/true", flags=("--preserve-fds", "1"), pass_fds=(3, self.leaked),
                           preexec_fn=lambda: os.dup2(self.leaked, 3))  # which is the one that is preserved
        # The last one is the folder that is listed.
        self.assertEqual({kind: (self.out / kind).read_text().split() for kind in KINDS}, dict.fromkeys(KINDS, ["0", "1", "2", "3"]))

    def test_no_variable_reaches_a_hook(self):
        """Seen to fail with execute_command() of src/linux/spawn.cc giving hooks its own environment."""
        for kind in KINDS:
            target = "/out" if kind == "startContainer" else self.out
            self.hook(kind, f"/bin/busybox env > {target}/{kind}", env=["OF=the-config"])
        secret = {**os.environ, "SECRET": "of-the-caller", "LD_PRELOAD": "/no/such.so", "NOTIFY_SOCKET": "/no/such/socket"}
        self.run_container("/bin/true", env=secret)
        for kind in KINDS:
            names = {line.partition("=")[0] for line in (self.out / kind).read_text().splitlines()}
            self.assertIn("OF", names, kind)
            self.assertLessEqual(names, {"OF", *OF_A_SHELL}, kind)


class HostileImage(HookCase):
    """What an image holds where the runtime's hooks look."""

    def test_createContainer_reads_the_runtimes_files_and_not_those_of_the_image(self):
        """The path is the runtime's, and so is what the program opens: its root changes with init's, later. Seen to fail with the steps
        of createContainer behind the change of the root in src/plan/compile.cc."""
        self.bundle.file("/etc/os-release", "of the image\n")
        self.hook("createContainer", f"out={self.out}; [ -d $out ] || out=/out; /bin/busybox cat /etc/os-release > $out/report")
        self.run_container("/bin/true")
        self.assertNotIn("of the image", (self.out / "report").read_text())

    def test_a_link_in_place_of_a_startContainer_hook_does_not_leave_the_root(self):
        """Absolute links are the container's."""
        (self.scratch / "outside").write_text("#!/bin/sh\necho outside > /out/report\n")
        (self.scratch / "outside").chmod(0o755)
        os.symlink(self.scratch / "outside", self.bundle.rootfs / "hook")
        self.config["hooks"]["startContainer"] = [{"path": "/hook"}]
        self.run_fails("/bin/true", words="error running startContainer hook #0: ")
        self.assertFalse((self.out / "report").exists())


if __name__ == "__main__":
    unittest.main()
