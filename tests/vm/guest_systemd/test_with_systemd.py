"""Cgroups that a real systemd makes, the machine's and a user's: run by tests/vm under tests/vm/uml/with_systemd."""

import os
import pathlib
import subprocess
import unittest

from support import ContainerCase
from test_rootless import RootlessCase

CGROUPS = pathlib.Path("/sys/fs/cgroup")
SYSTEMD = ("--systemd-cgroup",)


def show(unit, name):
    done = subprocess.run(["systemctl", "show", "--property", name, "--value", unit], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


class WithSystemd(ContainerCase):
    def setUp(self):
        super().setUp()
        self.unit = f"crumb-{self.name}.scope"
        self.linux["cgroupsPath"] = f"crumb-tests.slice:crumb:{self.name}"
        self.folder_of_unit = CGROUPS / "crumb.slice/crumb-tests.slice" / self.unit

    def up(self):
        return self.running(options=SYSTEMD)

    def file(self, name):
        return (self.folder_of_unit / name).read_text().strip()

    def test_limits_are_known_to_systemd_and_in_force(self):
        self.linux["resources"] = {"pids": {"limit": 33}, "memory": {"limit": 64 << 20}, "cpu": {"quota": 12345, "period": 100000, "shares": 512}}
        self.up()
        known = [show(self.unit, name) for name in ("ActiveState", "TasksMax", "MemoryMax", "CPUQuotaPerSecUSec", "CPUWeight", "Delegate")]
        self.assertEqual(known, ["active", "33", str(64 << 20), "130ms", "59", "yes"])
        self.assertEqual([self.file(name) for name in ("pids.max", "memory.max", "cpu.max")], ["33", str(64 << 20), "12345 100000"])
        self.assertIn(str(self.pid()), self.file("cgroup.procs").split())

    def test_update_reaches_systemd_and_the_exact_value_stays(self):
        self.up()
        self.runtime("update", "--cpu-quota", "23456", "--cpu-period", "100000", "--pids-limit", "44", self.name)
        self.assertEqual((show(self.unit, "CPUQuotaPerSecUSec"), show(self.unit, "TasksMax")), ("240ms", "44"))
        self.assertEqual((self.file("cpu.max"), self.file("pids.max")), ("23456 100000", "44"))

    def test_devices_are_the_same_after_systemd_has_read_its_units_again(self):
        self.up()
        script = "echo > /dev/null && head -c 1 /dev/zero > /dev/pts/ptmx; rm -f /tmp/d; mknod /tmp/d b 8 0 && cat /tmp/d"
        before = self.exec("/bin/sh", "-c", script, code=None)
        subprocess.run(["systemctl", "daemon-reload"], check=True)
        after = self.exec("/bin/sh", "-c", script, code=None)
        self.assertEqual((before.out, before.err), (after.out, after.err))
        self.assertEqual(after.err, "cat: can't open '/tmp/d': Operation not permitted\n")

    def test_delete_leaves_no_unit_and_no_cgroup(self):
        self.up()
        self.delete_forcibly()
        self.assertEqual(show(self.unit, "LoadState"), "not-found")
        self.assertFalse(self.folder_of_unit.exists())

    def test_a_container_that_ended_can_be_made_again(self):
        for _ in range(2):
            self.assertEqual(self.sh("echo in", options=SYSTEMD), "in\n")

    def test_annotations_are_properties(self):
        self.config["annotations"] = {"org.systemd.property.TimeoutStopSec": "5", "org.systemd.property.CollectMode": "'inactive-or-failed'"}
        self.up()
        self.assertEqual((show(self.unit, "TimeoutStopUSec"), show(self.unit, "CollectMode")), ("5s", "inactive-or-failed"))

    def test_a_property_that_systemd_does_not_know_is_named_by_it(self):
        self.config["annotations"] = {"org.systemd.property.NoSuch": "5"}
        self.run_fails("/bin/true", options=SYSTEMD, words=f"systemd: unit {self.unit}: start: ")

    def test_a_subgroup_has_the_limits(self):
        self.config["annotations"] = {"run.oci.systemd.subgroup": "container"}
        self.linux["resources"] = {"pids": {"limit": 33}}
        self.up()
        self.assertEqual(self.file("container/cgroup.procs").split(), [str(self.pid())])
        self.assertEqual(self.file("container/pids.max"), "33")

    def test_a_unit_that_exists_is_refused_and_lives_on(self):
        subprocess.run(["systemd-run", "--scope", "--quiet", "--unit", self.unit, "--slice=other.slice", "sh", "-c", "sleep 1000 > /dev/null 2>&1 &"], check=True)
        self.addCleanup(subprocess.run, ["systemctl", "kill", "--signal=KILL", self.unit])
        self.run_fails("/bin/true", options=SYSTEMD, words=f"{self.unit} ")
        self.assertEqual(show(self.unit, "ActiveState"), "active")

    def test_pause_kill_and_events_work(self):
        self.up()
        self.runtime("pause", self.name)
        self.assertEqual(self.status(), "paused")
        self.runtime("resume", self.name)
        self.runtime("events", "--stats", self.name)
        self.kill("KILL")
        self.wait_status("stopped")


class SystemdOfAUser(RootlessCase):
    """The user's instance runs as a service whose cgroup is delegated to it, and what the user starts there."""

    def setUp(self):
        super().setUp()
        self.service = f"user-{self.name}.service"
        # Without them systemd would make the rest of the machine first, and an empty /tmp.
        alone = "--property=DefaultDependencies=no"
        properties = [f"--uid={self.user.pw_uid}", alone, "--property=Delegate=yes", f"--setenv=XDG_RUNTIME_DIR={self.runtime_directory}"]
        subprocess.run(["systemd-run", "--quiet", f"--unit={self.service}", *properties, "/lib/systemd/systemd", "--user"], check=True)
        self.addCleanup(subprocess.run, ["systemctl", "stop", self.service], check=True)
        self.until((self.runtime_directory / "systemd/private").exists, "the user's systemd does not start")
        self.manager = CGROUPS / "system.slice" / self.service

    def spawn(self, *arguments, **popen):
        """Beside the user's systemd, as a session's programs are."""
        mine = pathlib.Path("/proc/self/cgroup").read_text().strip().partition("::")[2]
        beside = self.manager / "beside"
        if not beside.exists():
            beside.mkdir()
            os.chown(beside, self.user.pw_uid, self.user.pw_gid)
        (beside / "cgroup.procs").write_text(str(os.getpid()))
        try:
            return super().spawn(*arguments, **popen)
        finally:
            (CGROUPS / mine.lstrip("/") / "cgroup.procs").write_text(str(os.getpid()))


class WithSystemdOfAUser(SystemdOfAUser):
    def test_a_container_is_in_a_scope_of_the_users_systemd_with_its_limits(self):
        self.linux["cgroupsPath"] = f"user.slice:crumb:{self.name}"
        self.linux["resources"] = {"pids": {"limit": 33}, "memory": {"limit": 64 << 20}}
        self.running(options=SYSTEMD)
        folder = self.manager / f"user.slice/crumb-{self.name}.scope"
        self.assertIn(str(self.pid()), (folder / "cgroup.procs").read_text().split())
        self.assertEqual(((folder / "pids.max").read_text(), (folder / "memory.max").read_text()), ("33\n", f"{64 << 20}\n"))
        self.assertEqual(self.inside("cat /proc/self/cgroup"), "0::/\n")
        self.runtime("update", "--pids-limit", "44", self.name)
        self.assertEqual((folder / "pids.max").read_text(), "44\n")
        self.delete_forcibly()
        self.assertFalse(folder.exists())


if __name__ == "__main__":
    unittest.main()
