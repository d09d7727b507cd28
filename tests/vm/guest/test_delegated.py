"""An ordinary user to whom a cgroup of version 2 was delegated, as systemd does it for a session: run by tests/vm."""

import os
import pathlib
import unittest

from test_rootless import RootlessCase

CGROUPS = pathlib.Path("/sys/fs/cgroup")


class DelegatedCase(RootlessCase):
    def setUp(self):
        super().setUp()
        self.parent = CGROUPS / f"user-{self.name}"
        self.session = self.parent / "session"
        self.session.mkdir(parents=True)
        self.addCleanup(self.parent.rmdir)
        self.addCleanup(self.session.rmdir)
        (self.parent / "cgroup.subtree_control").write_text("+pids +memory")
        for folder in (self.parent, self.session):
            for place in (folder, *(folder / file for file in ("cgroup.procs", "cgroup.subtree_control", "cgroup.threads"))):
                os.chown(place, self.user.pw_uid, self.user.pw_gid)

    def spawn(self, *arguments, **popen):
        """In the session's cgroup."""
        (self.session / "cgroup.procs").write_text(str(os.getpid()))
        try:
            return super().spawn(*arguments, **popen)
        finally:
            (CGROUPS / "cgroup.procs").write_text(str(os.getpid()))


class Delegated(DelegatedCase):
    def test_limits_are_in_force_beside_the_session(self):
        self.linux["resources"] = {"pids": {"limit": 33}, "memory": {"limit": 64 << 20}}
        self.running()
        leaf = self.parent / f"crumb-{self.name}"
        self.assertEqual(((leaf / "pids.max").read_text(), (leaf / "memory.max").read_text()), ("33\n", f"{64 << 20}\n"))
        self.assertIn(str(self.pid()), (leaf / "cgroup.procs").read_text().split())
        self.assertEqual(self.inside("cat /proc/self/cgroup"), "0::/\n")
        self.delete_forcibly()
        self.assertFalse(leaf.exists())

    def test_a_cgroup_that_was_not_delegated_is_left_alone(self):
        self.linux["cgroupsPath"] = f"/{self.name}"
        self.running()
        self.assertFalse((CGROUPS / self.name).exists())
        self.delete_forcibly()

    def test_a_limit_without_a_delegated_cgroup_is_refused_by_its_name(self):
        self.linux["cgroupsPath"] = f"/{self.name}"
        self.linux["resources"] = {"pids": {"limit": 33}}
        self.run_fails("/bin/true", words="linux.resources.pids.limit: ")

    def test_the_hosts_cgroups_are_read_only_without_a_cgroup_namespace(self):
        self.namespace("cgroup")
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid"])
        script = f"mkdir /sys/fs/cgroup/user-{self.name}/made 2>&1 | grep -c 'Read-only file system'"
        self.assertEqual(self.sh(script), "1\n")


if __name__ == "__main__":
    unittest.main()
