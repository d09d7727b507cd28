"""What needs CAP_SYS_RESOURCE, which the guest has: run by tests/vm."""

import pathlib
import resource
import subprocess
import unittest

from support import UNIFIED, ContainerCase, reap_orphans
from test_userns import UserNamespaceCase


class Machine(unittest.TestCase):
    def test_it_has_pure_cgroup_version_2(self):
        self.assertTrue(UNIFIED)


class Privileged(ContainerCase):
    def test_a_hard_limit_is_raised(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": hard + 1000, "hard": hard + 2000}]
        self.assertEqual(self.sh("ulimit -n; ulimit -Hn"), f"{hard + 1000}\n{hard + 2000}\n")

    def test_exec_has_the_raised_limit_too(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": hard + 1000, "hard": hard + 2000}]
        self.running()
        self.assertEqual(self.inside("ulimit -Hn"), f"{hard + 2000}\n")

    def test_the_oom_score_is_lowered(self):
        self.process["oomScoreAdj"] = -500
        self.assertEqual(self.sh("cat /proc/self/oom_score_adj"), "-500\n")

    def test_capabilities_beyond_dockers_are_given(self):
        # CAP_SYS_RESOURCE is 24
        self.process["capabilities"] = {name: ["CAP_SYS_RESOURCE"] for name in ("bounding", "effective", "permitted")}
        self.assertIn("CapEff:\t0000000001000000\n", self.sh("cat /proc/self/status"))


class PrivilegedUserNamespace(UserNamespaceCase):
    """The container's root may not do it: the host does."""

    def test_a_hard_limit_is_raised(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": hard + 1000, "hard": hard + 2000}]
        self.assertEqual(self.sh("ulimit -n; ulimit -Hn"), f"{hard + 1000}\n{hard + 2000}\n")

    def test_the_oom_score_is_lowered(self):
        self.process["oomScoreAdj"] = -500
        self.assertEqual(self.sh("cat /proc/self/oom_score_adj"), "-500\n")


class Unified(ContainerCase):
    def test_controllers_are_enabled_on_the_way_to_a_deep_cgroup(self):
        self.linux["cgroupsPath"] = f"/{self.name}/deep/er"
        self.linux["resources"] = {"pids": {"limit": 33}, "memory": {"limit": 64 << 20}}
        self.addCleanup(self.remove_parents)
        self.running()
        folder = pathlib.Path("/sys/fs/cgroup" + self.linux["cgroupsPath"])
        self.assertEqual(((folder / "pids.max").read_text(), (folder / "memory.max").read_text()), ("33\n", f"{64 << 20}\n"))
        self.delete_forcibly()
        self.assertFalse(folder.exists())

    def remove_parents(self):
        for path in (f"/{self.name}/deep", f"/{self.name}"):
            pathlib.Path("/sys/fs/cgroup" + path).rmdir()

    def test_exec_goes_where_the_first_process_is_when_the_cgroup_has_children(self):
        self.running()
        folder = pathlib.Path("/sys/fs/cgroup" + self.linux["cgroupsPath"])
        leaf = folder / "leaf"
        leaf.mkdir()
        (leaf / "cgroup.procs").write_text(str(self.pid()))
        (folder / "cgroup.subtree_control").write_text("+pids")
        self.assertEqual(self.exec("/bin/cat", "/proc/self/cgroup").out, self.exec("/bin/cat", "/proc/1/cgroup").out)

    def test_without_cgroup_kill_every_process_is_killed_one_by_one(self):
        self.namespace("pid")
        self.running("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
        self.until(lambda: len(self.members()) == 3, "the processes do not start")
        self.spoil_cgroup_kill()
        self.runtime("kill", "--all", self.name, "KILL")
        self.until(lambda: not self.members(), "a process of the container lives on")

    def test_without_cgroup_kill_a_paused_container_is_deleted_by_force(self):
        self.namespace("pid")
        self.running("/bin/sh", "-c", "sleep 1000 & wait")
        self.until(lambda: len(self.members()) == 2, "the processes do not start")
        self.runtime("pause", self.name)
        self.spoil_cgroup_kill()
        self.runtime("delete", "--force", self.name)
        self.unknown()

    def members(self):
        reap_orphans()
        return (self.cgroup_folder("pids") / "cgroup.procs").read_text().split()

    def spoil_cgroup_kill(self):
        """As before Linux 5.14: writing fails."""
        control = self.cgroup_folder("pids") / "cgroup.kill"
        subprocess.run(["mount", "--bind", "/dev/full", control], check=True)
        with self.assertRaises(OSError):
            control.write_text("1")


if __name__ == "__main__":
    unittest.main()
