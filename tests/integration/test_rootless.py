"""Containers of an ordinary user: crumb has no privilege but what newuidmap gives, and the user's own id is the container's root.

The user is added for these tests and removed again; who may not add users skips them."""

import errno
import json
import os
import pathlib
import pwd
import secrets
import shutil
import subprocess
import unittest

from seccomp_agent import Agent
from support import IS_CRUMB, RUNTIME, UNIFIED, ContainerCase, not_on, only_crumb

FIRST = 3000000  # of the subordinate ids
SIZE = 65536


def add_user():
    name = f"crumb{secrets.token_hex(4)}"
    subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", name], check=True, capture_output=True)
    return pwd.getpwnam(name)


def remove_user(name):
    subprocess.run(["userdel", name], check=True, capture_output=True)


def set_subordinate_ids(name, first=FIRST, size=SIZE):
    """Exactly this range in /etc/subuid and /etc/subgid, whatever useradd gave."""
    for file in ("/etc/subuid", "/etc/subgid"):
        path = pathlib.Path(file)
        others = [line for line in path.read_text().splitlines() if not line.startswith(name + ":")] if path.exists() else []
        path.write_text("".join(line + "\n" for line in [*others, f"{name}:{first}:{size}"]))


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("useradd") and shutil.which("newuidmap"), "needs root, useradd and newuidmap")
class RootlessCase(ContainerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = add_user()
        cls.addClassCleanup(remove_user, cls.user.pw_name)
        set_subordinate_ids(cls.user.pw_name)

    def setUp(self):
        super().setUp()
        self.runtime_directory = self.folder / "run"
        self.runtime_directory.mkdir(mode=0o700)
        self.runtime_program = self.install()
        self.adapt_config()
        self.give_away()

    def install(self):
        """The runtime, where the user can execute it: it may have been built in somebody's home."""
        if not IS_CRUMB:
            return RUNTIME
        programs = pathlib.Path(RUNTIME).resolve().parent
        for source, target in ((RUNTIME, "bin/crumb"), (programs / "crumb-wasm", "bin/crumb-wasm"),
                               (programs / "../libexec/crumb/crumb-init", "libexec/crumb/crumb-init"),
                               (programs / "../libexec/crumb/crumb-seccomp", "libexec/crumb/crumb-seccomp"),
                               (programs / "../libexec/crumb/crumb-systemd", "libexec/crumb/crumb-systemd"),
                               (programs / "../libexec/crumb/crumb-aot", "libexec/crumb/crumb-aot")):
            place = self.folder / "crumb" / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if pathlib.Path(source).exists():
                shutil.copy(source, place)
        return self.folder / "crumb/bin/crumb"

    def adapt_config(self):
        """As `spec --rootless` does it."""
        self.namespace("network")
        self.linux["namespaces"].append({"type": "user"})
        self.linux["uidMappings"] = [{"containerID": 0, "hostID": self.user.pw_uid, "size": 1}]
        self.linux["gidMappings"] = [{"containerID": 0, "hostID": self.user.pw_gid, "size": 1}]
        del self.linux["cgroupsPath"]
        for mount in self.config["mounts"]:
            mount["options"] = [option for option in mount.get("options", []) if not option.startswith("gid=")]
            if mount["destination"] == "/sys":
                mount.update(type="none", source="/sys", options=["rbind", "nosuid", "noexec", "nodev", "ro"])

    def map_subordinate_ids(self):
        for kind, own in (("uidMappings", self.user.pw_uid), ("gidMappings", self.user.pw_gid)):
            self.linux[kind] = [
                {"containerID": 0, "hostID": own, "size": 1}, {"containerID": 1, "hostID": FIRST, "size": SIZE},
            ]

    def give_away(self):
        for place, folders, files in os.walk(self.folder):
            if pathlib.Path(place) == self.folder / "crumb":
                folders.clear()
                continue
            for name in [".", *folders, *files]:
                os.lchown(os.path.join(place, name), self.user.pw_uid, self.user.pw_gid)

    def spawn(self, *arguments, options=(), env=None, **popen):
        environment = {
            "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(self.runtime_directory), "HOME": str(self.folder), **(env or {}),
        }
        popen.setdefault("cwd", "/")
        return super().spawn(*arguments, options=options, env=environment, user=self.user.pw_uid, group=self.user.pw_gid,
                             extra_groups=[], **popen)


class Rootless(RootlessCase):
    def test_calls_are_left_to_an_agent(self):
        agent = Agent(self.new_path("agent"), -errno.EACCES)
        self.addCleanup(agent.close)
        os.chown(agent.path, self.user.pw_uid, self.user.pw_gid)
        rules = [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]
        self.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(agent.path), "syscalls": rules}
        self.assertIn("Permission denied", self.sh("mkdir /made 2>&1 || true"))
        self.assertEqual(agent.states[0]["state"]["id"], self.name)

    def test_a_container_runs(self):
        self.assertEqual(self.sh("echo hello from $(id -u)"), "hello from 0\n")

    def test_its_root_is_the_user(self):
        self.running()
        self.assertEqual(os.stat(f"/proc/{self.pid()}").st_uid, self.user.pw_uid)
        self.assertEqual(self.inside("cat /proc/self/uid_map").split(), ["0", str(self.user.pw_uid), "1"])

    def test_a_wasm_module_runs(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.give_away()
        self.assertIn("hello", self.run_container("/hello.wasm").out.lower())

    def test_subordinate_ids_are_mapped_by_newuidmap(self):
        self.map_subordinate_ids()
        self.process["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [5]}
        self.assertEqual(self.sh("id -u; id -G; echo > /tmp/mine").split(), ["1000", "1000", "5"])
        self.assertEqual((self.bundle.rootfs / "tmp/mine").stat().st_uid, FIRST + 999)

    @only_crumb("the words")
    def test_without_newuidmap_the_error_says_so(self):
        self.map_subordinate_ids()
        self.bundle.write()
        empty = self.new_path("path")
        empty.mkdir()
        result = self.spawn("run", "--bundle", self.bundle.path, self.name, env={"PATH": str(empty)}).wait()
        self.assertEqual(result.code, 1, result)
        self.assertIn("newgidmap (package uidmap), which is not in $PATH", result.err)

    @only_crumb("the words")
    def test_ids_that_were_not_given_to_the_user_are_refused(self):
        self.map_subordinate_ids()
        self.linux["uidMappings"][1]["hostID"] = FIRST + 5 * SIZE
        self.run_fails("/bin/true", words="linux.uidMappings: newuidmap: ")

    @only_crumb("the words")
    def test_additional_groups_without_subordinate_ids_are_refused(self):
        self.process["user"]["additionalGids"] = [5]
        self.run_fails("/bin/true", words="process.user.additionalGids: ")

    @only_crumb("the words")
    def test_without_a_user_namespace_it_is_refused(self):
        self.namespace("user")
        del self.linux["uidMappings"], self.linux["gidMappings"]
        self.run_fails("/bin/true", words='linux.namespaces: for an ordinary user a container needs a "user" namespace')

    def test_create_start_exec_kill_and_delete(self):
        self.running("/bin/sleep", "100")
        self.assertEqual(self.status(), "running")
        self.assertEqual(self.exec("/bin/echo", "hello").out, "hello\n")
        self.exec("/bin/sh", "-c", "exit 7", code=7)
        self.kill("KILL")
        self.wait_status("stopped")
        self.runtime("delete", self.name)
        self.unknown()

    def test_exec_of_another_user(self):
        self.map_subordinate_ids()
        self.running()
        self.assertEqual(self.inside("id -u", flags=("--user", "1000:1000")), "1000\n")

    def test_a_wasm_module_is_executed(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.give_away()
        self.running()
        self.assertIn("hello", self.exec("/hello.wasm").out.lower())

    def test_delete_by_force_ends_it(self):
        self.running()
        self.runtime("delete", "--force", self.name)
        self.unknown()

    def test_devices_are_there(self):
        self.assertEqual(self.sh("echo x > /dev/null; head -c 3 /dev/zero | wc -c"), "3\n")

    def test_limits_and_oom_score_are_set(self):
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 99, "hard": 100}]
        self.process["oomScoreAdj"] = 77
        self.assertEqual(self.sh("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj"), "99\n100\n77\n")

    def test_exec_has_its_oom_score(self):
        self.process["oomScoreAdj"] = 77
        self.running()
        self.assertEqual(self.inside("cat /proc/self/oom_score_adj"), "77\n")

    def test_its_root_cannot_write_to_the_hosts_files(self):
        self.assertEqual(self.sh("cd /sys/kernel && ls > /dev/null && (echo 1 > /sys/kernel/profiling) 2> /dev/null; echo $?"), "1\n")

    @only_crumb("where it keeps containers")
    def test_the_state_is_kept_in_the_runtime_directory(self):
        self.process["args"] = ["/bin/sleep", "100"]
        self.bundle.write()
        place = self.root = self.runtime_directory / "crumb"
        self.command_line = lambda *arguments, options=(): [self.runtime_program, *options, *arguments]  # without --root
        self.create()
        self.assertTrue((place / self.name / "state.json").exists())
        self.assertEqual(place.stat().st_mode & 0o7777, 0o1700)

    def test_the_list_knows_the_owner(self):
        self.running()
        listed = json.loads(self.runtime("list", "--format", "json").out)
        self.assertEqual([entry["owner"] for entry in listed], [self.user.pw_name])

    @unittest.skipIf(UNIFIED, "version 2 may be delegated")
    @only_crumb("the words")
    def test_a_limit_that_needs_a_cgroup_is_refused_by_its_name(self):
        self.linux["resources"] = {"memory": {"limit": 64 << 20}}
        self.run_fails("/bin/true", words="linux.resources.memory.limit: ")

    def test_without_limits_no_cgroup_is_needed(self):
        self.linux["cgroupsPath"] = "/" + self.name
        self.linux["resources"] = {"devices": [{"allow": False, "access": "rwm"}]}
        self.assertEqual(self.sh("echo hello"), "hello\n")

    @not_on("runc", "says so only when the file is written")
    @not_on("crun", "takes it for lowering")
    def test_an_oom_score_below_ones_own_is_refused(self):
        self.process["oomScoreAdj"] = -500
        self.run_fails("/bin/true", words="process.oomScoreAdj")

    def test_spec_makes_a_config_that_runs(self):
        (self.bundle.path / "config.json").unlink()
        self.runtime("spec", "--rootless", "--bundle", self.bundle.path)
        config = json.loads((self.bundle.path / "config.json").read_text())
        self.assertEqual(config["linux"]["uidMappings"], [{"containerID": 0, "hostID": self.user.pw_uid, "size": 1}])
        config["process"]["args"] = ["/bin/echo", "made by spec"]
        config["process"]["terminal"] = False
        (self.bundle.path / "config.json").write_text(json.dumps(config))
        self.assertEqual(self.runtime("run", "--bundle", self.bundle.path, self.name).out, "made by spec\n")


class Programs(RootlessCase):
    """What the container executes of crumb is nothing that the container could write to."""

    def executed(self):
        self.bundle.guest("sleep", "/sleep.wasm")
        self.give_away()
        self.running("/sleep.wasm", "1000")
        return f"/proc/{self.pid()}/exe"

    @only_crumb("an engine")
    def test_a_file_that_only_root_writes_is_executed_as_it_is(self):
        self.assertEqual(os.readlink(self.executed()), str(self.folder / "crumb/bin/crumb-wasm"))

    @only_crumb("an engine")
    def test_the_users_own_file_is_executed_as_a_sealed_copy(self):
        os.chown(self.folder / "crumb/bin/crumb-wasm", self.user.pw_uid, self.user.pw_gid)
        self.assertIn("/memfd:", os.readlink(self.executed()))

    @only_crumb("an engine")
    def test_a_file_that_a_group_writes_is_executed_as_a_sealed_copy(self):
        (self.folder / "crumb/bin/crumb-wasm").chmod(0o775)
        self.assertIn("/memfd:", os.readlink(self.executed()))


class InsideUserNamespace(RootlessCase):
    """As under rootless podman: root of a user namespace that podman has made, and no namespace of its own in the config."""

    def command_line(self, *arguments, options=()):
        line = super().command_line(*arguments, options=options)
        return ["unshare", "--user", "--map-root-user", "--mount", "--", *line]

    def setUp(self):
        super().setUp()
        self.namespace("user")
        del self.linux["uidMappings"], self.linux["gidMappings"]

    def test_a_container_runs(self):
        self.assertEqual(self.sh("id -u; echo x > /dev/null && echo hello"), "0\nhello\n")

    def test_a_wasm_module_runs(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.give_away()
        self.assertIn("hello", self.run_container("/hello.wasm").out.lower())

    def test_a_nested_user_namespace(self):
        self.linux["namespaces"].append({"type": "user"})
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": 0, "size": 1}]
        self.assertEqual(self.sh("cat /proc/self/uid_map").split(), ["0", "0", "1"])

    @only_crumb("the words")
    def test_additional_groups_are_refused(self):
        self.process["user"]["additionalGids"] = [5]
        self.run_fails("/bin/true", words="process.user.additionalGids: ")


if __name__ == "__main__":
    unittest.main()
