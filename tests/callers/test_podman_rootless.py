"""podman as an ordinary user: user namespace by newuidmap, no rights on cgroups."""

import os
import subprocess

from caller_case import Terminal
from machine import FOLDER, USER, USER_ID
from podman_case import Podman, PodmanCase, contexts, once
from support import only_crumb, reap_orphans


def as_user(*argv):
    return ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups", "--", *argv]


class RootlessPodman(Podman):
    def __init__(self):
        super().__init__(FOLDER / "rootless", f"/run/user/{USER_ID}/podman")
        os.chown(self.folder, USER_ID, USER_ID)
        runtime = f"/run/user/{USER_ID}"
        self.environment |= {"HOME": f"/run/home/{USER}", "XDG_RUNTIME_DIR": runtime, "USER": USER, "LOGNAME": USER,
                             "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/bus"}  # else podman launches one that stays

    def build(self):
        for name, context in contexts().items():
            subprocess.run(as_user("podman", "build", "--quiet", "--isolation", "chroot", "--tag", name, context), env=self.environment,
                           check=True, stdout=subprocess.DEVNULL, cwd="/")
        reap_orphans()


@once
def rootless():
    installation = RootlessPodman()
    installation.build()
    return installation


class RootlessCase(PodmanCase):
    @classmethod
    def setUpClass(cls):
        cls.podman_installation = rootless()
        cls.environment = cls.podman_installation.environment

    def podman(self, *words, **options):
        return self.command(*as_user("podman", *words), cwd="/", **options)

    def where(self, flags):
        return [*([] if "--network" in flags else ["--network", "none"]), *flags]

    def terminal(self, *words, **size):
        terminal = Terminal(as_user("podman", *words), self.environment, **size)
        self.addCleanup(terminal.close)
        self.made_containers = True
        return terminal


class Rootless(RootlessCase):
    def test_output_and_exit_code(self):
        result = self.ran("sh", "-c", "echo out; echo err >&2; exit 3", code=3)
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))

    def test_root_inside_is_the_user_outside(self):
        name = self.detached("sh", "-c", "touch /data/new; exec sleep 1000", flags=["--volume", f"{self.own_folder()}:/data"])
        self.until((self.scratch / "own/new").exists, "no file", 30)
        self.assertEqual((self.scratch / "own/new").stat().st_uid, USER_ID)
        self.assertEqual(os.stat(f"/proc/{self.inspect(name, 'State', 'Pid')}").st_uid, USER_ID)

    def own_folder(self):
        folder = self.scratch / "own"
        folder.mkdir()
        os.chown(folder, USER_ID, USER_ID)
        return folder

    def test_other_ids_are_subordinate(self):
        out = self.sh("id -u; cat /proc/self/uid_map", flags=["--user", "1000"]).split()
        self.assertEqual((out[0], out[3], len(out)), ("1000", "1", 7))

    def test_keep_id(self):
        self.assertEqual(self.output_of("id", "-u", flags=["--userns", "keep-id"]), f"{USER_ID}\n")

    def test_a_userns_of_its_own(self):
        self.assertEqual(self.output_of("id", "-u", flags=["--userns", "auto:size=5000"]), "0\n")

    def test_read_only_with_tmpfs(self):
        self.assertEqual(self.sh("touch /new 2> /dev/null || echo no; touch /tmp/new && echo yes", flags=["--read-only"]), "no\nyes\n")

    def test_host_network(self):
        flags = ["--network", "host"]
        self.assertEqual(self.sh("readlink /proc/self/ns/net", flags=flags), self.command("readlink", "/proc/self/ns/net").out)

    def test_privileged(self):
        self.assertEqual(self.sh("mount -t tmpfs none /tmp && echo mounted", flags=["--privileged"]), "mounted\n")

    def test_devices_work(self):
        self.assertEqual(self.sh("echo x > /dev/null && head -c 1 /dev/zero | wc -c"), "1\n")

    def test_a_program_that_is_not_there_is_127(self):
        self.ran("nosuch", code=127)

    def test_exec_stop_and_logs(self):
        name = self.detached("sh", "-c", "trap 'exit 3' TERM; echo ready; while true; do sleep 0.1; done")
        self.until(lambda: "ready" in self.podman("logs", name).out, "not ready", 30)
        self.assertEqual(self.podman("exec", name, "id", "-u").out, "0\n")
        self.podman("stop", "--time", "30", name)
        self.assertEqual(self.exit_code(name), 3)

    def test_a_terminal(self):
        terminal = self.terminal("run", "-it", "--rm", *self.where([]), "box", "sh", "-c", "sleep 0.5; stty size", rows=33, columns=99)
        self.assertEqual(terminal.wait(), (0, "33 99\r\n"))

    @only_crumb("running Wasm")
    def test_a_module(self):
        self.assertEqual(self.wasm("hello").out, "hello from wasm\n")
        self.wasm("exitcode", "7", code=7)

    @only_crumb("running Wasm")
    def test_a_modules_files_are_the_users(self):
        self.wasm("files", "/data/new", "w", "text", flags=["--volume", f"{self.own_folder()}:/data"])
        self.assertEqual((self.scratch / "own/new").stat().st_uid, USER_ID)

    @only_crumb("running Wasm")
    def test_a_module_ends_by_stop(self):
        name = self.detached_wasm()
        self.podman("stop", "--time", "30", name)
        self.assertEqual(self.exit_code(name), 143)
