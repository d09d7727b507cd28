"""Cgroups that systemd makes (--systemd-cgroup), with a stand-in for systemd that makes them as it does."""

import contextlib
import os
import pathlib
import subprocess
import unittest

from fake_systemd import FakeSystemd, missing
from support import IS_CRUMB, RUNTIME, SLOW, UNIFIED, ContainerCase, hierarchies, only_crumb, waited_for
from test_checkpoint import CheckpointCase

HELPER = pathlib.Path(RUNTIME).resolve().parents[1] / "libexec/crumb/crumb-systemd"
INFINITY = 2**64 - 1
WHY_NOT = missing() or ("" if HELPER.exists() or not IS_CRUMB else "built without crumb-systemd")
SYSTEMD = ("--systemd-cgroup",)


@only_crumb("the address in DBUS_SYSTEM_BUS_ADDRESS")
@unittest.skipIf(WHY_NOT, WHY_NOT)
class SystemdCase(ContainerCase):
    def setUp(self):
        super().setUp()
        self.systemd = FakeSystemd(self.scratch)
        self.slice = f"c{self.name.replace('-', 'x')}.slice"
        self.unit = f"crumb-{self.name}.scope"
        self.linux["cgroupsPath"] = f"{self.slice}:crumb:{self.name}"
        self.addCleanup(self.stop_systemd)

    def stop_systemd(self):
        for program in self.systemd.programs:
            waited_for.discard(program.pid)
        self.systemd.stop()
        for place in hierarchies():
            if (pathlib.Path(place) / self.slice).exists():
                (pathlib.Path(place) / self.slice).rmdir()

    def start_systemd(self, **trouble):
        self.systemd.start(**trouble)
        waited_for.update(program.pid for program in self.systemd.programs)

    def spawn(self, *arguments, **popen):
        popen.setdefault("env", {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.systemd.address})
        return super().spawn(*arguments, **popen)

    def up(self, **popen):
        return self.running(options=SYSTEMD, **popen)

    def cgroup_folder(self, controller):
        for place, controllers in hierarchies().items():
            if UNIFIED or controller in controllers:
                return pathlib.Path(place) / self.slice / self.unit
        self.fail(f"this machine has no cgroup controller {controller}")

    def started(self):
        return self.systemd.calls("StartTransientUnit")[-1]["properties"]


class Scopes(SystemdCase):
    def setUp(self):
        super().setUp()
        self.start_systemd()

    def test_a_container_is_in_a_scope_of_its_own_in_every_hierarchy(self):
        self.up()
        for place in hierarchies():
            with self.subTest(place):
                self.assertIn(str(self.pid()), (pathlib.Path(place) / self.slice / self.unit / "cgroup.procs").read_text().split())

    def leave_cgroups(self):
        """As if a scope of that name had been there before."""
        self.addCleanup(self.remove_cgroups)
        for place, controllers in hierarchies().items():
            if "cpuset" not in controllers:  # version 1's takes no process before it has CPUs
                (pathlib.Path(place) / self.slice / self.unit).mkdir(parents=True)

    def test_an_empty_cgroup_of_that_name_is_taken(self):
        # With version 2 crumb makes the process in it, and must not take that for a foreign one.
        self.leave_cgroups()
        self.up()

    def test_a_cgroup_of_that_name_that_holds_processes_is_left_alone(self):
        self.leave_cgroups()
        other = subprocess.Popen(["sleep", "1000"])
        waited_for.add(other.pid)
        self.addCleanup(self.end_other, other)
        (self.cgroup_folder("pids") / "cgroup.procs").write_text(str(other.pid))
        self.run_fails("/bin/true", options=SYSTEMD, words="already holds processes")
        self.assertIsNone(other.poll())
        self.assertEqual(self.systemd.calls(), [])

    def end_other(self, other):
        other.kill()
        other.wait()
        waited_for.discard(other.pid)

    def remove_cgroups(self):
        for place in hierarchies():
            with contextlib.suppress(FileNotFoundError):
                (pathlib.Path(place) / self.slice / self.unit).rmdir()

    def test_systemd_is_told_who_and_where_the_container_is(self):
        self.up()
        told = self.started()
        self.assertEqual(told["Slice"], ["s", self.slice])
        self.assertEqual(told["PIDs"], ["au", [self.pid()]])
        self.assertEqual((told["Delegate"], told["DefaultDependencies"]), (["b", True], ["b", False]))
        self.assertEqual(told["Description"], ["s", f"crumb container {self.name}"])
        self.assertEqual(told["DevicePolicy"], ["s", "strict"])
        self.assertIn(["/dev/char/1:3", "rwm"], told["DeviceAllow"][1])

    def test_limits_are_told_and_written(self):
        self.linux["resources"] = {"pids": {"limit": 33}, "memory": {"limit": 64 << 20}}
        self.up()
        self.assertEqual(self.started()["TasksMax"], ["t", 33])
        self.assertEqual(self.started()["MemoryMax" if UNIFIED else "MemoryLimit"], ["t", 64 << 20])
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "33")
        self.assertEqual(self.cgroup("memory", "memory.limit_in_bytes", "memory.max"), str(64 << 20))

    def test_annotations_become_properties(self):
        self.config["annotations"] = {"org.systemd.property.TimeoutStopSec": "5", "org.systemd.property.CollectMode": "'inactive'",
                                      "org.systemd.property.After": "['a.service']"}
        self.up()
        told = self.started()
        self.assertEqual((told["TimeoutStopUSec"], told["CollectMode"], told["After"]),
                         (["t", 5000000], ["s", "inactive"], ["as", ["a.service"]]))

    def test_a_bad_annotation_is_named(self):
        self.config["annotations"] = {"org.systemd.property.After": "a.service"}
        self.run_fails("/bin/true", options=SYSTEMD, words='annotations["org.systemd.property.After"]: "a.service" is no value')
        self.assertEqual(self.systemd.calls(), [])

    def test_delete_stops_the_scope_and_leaves_no_cgroup(self):
        self.up()
        self.delete_forcibly()
        self.assertEqual([call["unit"] for call in self.systemd.calls("StopUnit")], [self.unit])
        for place in hierarchies():
            self.assertFalse((pathlib.Path(place) / self.slice / self.unit).exists())

    def test_run_leaves_nothing(self):
        self.assertEqual(self.sh("echo in; exit 7", code=7, options=SYSTEMD), "in\n")
        self.assertEqual(len(self.systemd.calls("StopUnit")), 1)

    def test_exec_joins_and_ps_kill_pause_and_events_work(self):
        self.up()
        executed = self.inside("cat /proc/self/cgroup; ls /proc/self/fd > /dev/null")
        self.assertNotIn(":/..", executed, "outside of the container's cgroups")
        self.assertIn(str(self.pid()), self.runtime("ps", "--format", "json", self.name).out)
        self.runtime("events", "--stats", self.name)
        self.runtime("pause", self.name)
        self.assertEqual(self.status(), "paused")
        self.runtime("resume", self.name)
        self.kill("KILL")
        self.wait_status("stopped")
        self.runtime("delete", self.name)

    def test_update_tells_systemd_and_writes(self):
        self.up()
        self.runtime("update", "--pids-limit", "44", self.name)
        set_ = self.systemd.calls("SetUnitProperties")
        self.assertEqual(set_, [{"call": "SetUnitProperties", "unit": self.unit, "runtime": True, "properties": {"TasksMax": ["t", 44]}}])
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "44")

    def test_a_subgroup_is_below_the_scope(self):
        self.config["annotations"] = {"run.oci.systemd.subgroup": "container"}
        self.linux["resources"] = {"pids": {"limit": 33}}
        self.up()
        folder = self.cgroup_folder("pids") / "container"
        self.assertIn(str(self.pid()), (folder / "cgroup.procs").read_text().split())
        self.assertEqual((folder / "pids.max").read_text(), "33\n")
        self.delete_forcibly()
        self.assertFalse(folder.parent.exists())

    def test_a_path_of_another_form_is_refused(self):
        self.linux["cgroupsPath"] = f"/{self.name}"
        self.run_fails("/bin/true", options=SYSTEMD, words='is not of the form "slice:prefix:name"')

    def test_without_the_option_such_a_path_is_refused(self):
        self.run_fails("/bin/true", words="is for the systemd cgroup manager: use --systemd-cgroup")

    def test_a_program_that_is_missing_leaves_nothing(self):
        self.cannot_run("/no/such", code=127, words="no such file or directory", options=SYSTEMD)
        self.assertEqual(len(self.systemd.calls("StopUnit")), 1)

    def test_features_has_it(self):
        self.assertIn('"systemd": true', self.runtime("features").out)


class Trouble(SystemdCase):
    """What goes wrong is one line, and nothing is left."""

    def refused(self, words, **trouble):
        self.start_systemd(**trouble)
        self.run_fails("/bin/true", options=SYSTEMD, words=words)

    def test_a_job_that_fails_is_told_with_its_result(self):
        self.refused(f'systemd: unit {self.unit}: start: its job ended as "failed"', result="failed")

    def test_an_answer_that_is_an_error_is_told_in_one_line(self):
        self.refused(f"systemd: unit {self.unit}: start: StartTransientUnit is refused", error="StartTransientUnit")

    def test_a_unit_that_exists_is_left_alone(self):
        self.refused(f"systemd: unit {self.unit}: start: Unit {self.unit} already exists.", exists=[self.unit])
        self.assertEqual(self.systemd.calls("StopUnit"), [])

    def test_a_unit_that_failed_is_reset(self):
        self.start_systemd(failed=[self.unit])
        self.run_container("/bin/true", options=SYSTEMD)
        self.assertIn({"call": "ResetFailedUnit", "unit": self.unit}, self.systemd.calls())

    def test_another_cgroup_than_expected_is_an_error(self):
        self.refused('its cgroup is "/elsewhere", not ', cgroup="/elsewhere")

    def test_an_old_systemd_is_not_told_what_it_does_not_know(self):
        self.linux["resources"] = {"cpu": {"quota": 50000, "period": 100000}}
        self.start_systemd(version="v241")
        self.up()
        self.assertNotIn("CPUQuotaPeriodUSec", self.started())
        self.assertEqual(self.started()["CPUQuotaPerSecUSec"], ["t", 500000])

    def test_a_failed_update_changes_nothing(self):
        self.linux["resources"] = {"pids": {"limit": 33}}
        self.start_systemd(error="SetUnitProperties")
        self.up()
        self.fails("update", "--pids-limit", "44", self.name, words=f"systemd: unit {self.unit}: set properties: ")
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "33")

    def test_without_systemd_there_is_one_clear_error(self):
        self.run_fails("/bin/true", options=SYSTEMD, words=f"systemd: cannot connect to {self.systemd.address} (there is no such socket)")

    def test_a_container_is_deleted_by_force_when_systemd_has_gone(self):
        self.start_systemd()
        self.up()
        self.stop_systemd_only()
        self.fails_to_delete()
        self.delete_forcibly()

    def stop_systemd_only(self):
        for program in self.systemd.programs:
            waited_for.discard(program.pid)
        self.systemd.stop()
        (self.scratch / "bus").unlink(missing_ok=True)

    def fails_to_delete(self):
        self.kill("KILL")
        self.wait_status("stopped")
        self.fails("delete", self.name, words="systemd: cannot connect to ")


class Restore(SystemdCase, CheckpointCase):
    """Against the stand-ins for criu and for systemd."""

    def setUp(self):
        super().setUp()
        self.linux["resources"] = {"pids": {"limit": 77}}
        self.start_systemd()
        self.up()
        self.checkpoint()
        self.bundle.write()

    def criu(self, **wishes):
        return {**super().criu(**wishes), "DBUS_SYSTEM_BUS_ADDRESS": self.systemd.address}

    def test_a_checkpoint_ends_the_scope(self):
        self.assertEqual([call["unit"] for call in self.systemd.calls("StopUnit")], [self.unit])

    def test_what_is_restored_is_in_a_scope_of_its_own_again(self):
        self.restore(options=SYSTEMD)
        self.assertEqual(len(self.systemd.calls("StartTransientUnit")), 2)
        self.assertEqual(self.started()["PIDs"], ["au", [self.asked_by()["pid"]]])
        for place in hierarchies():
            with self.subTest(place):
                self.assertIn(str(self.pid()), (pathlib.Path(place) / self.slice / self.unit / "cgroup.procs").read_text().split())
        self.assertEqual(self.cgroup("pids", "pids.max", "pids.max"), "77")

    def asked_by(self):
        (request,) = self.requests("restore")
        return request

    def test_it_is_updated_and_deleted_through_systemd(self):
        self.restore(options=SYSTEMD)
        self.runtime("update", "--pids-limit", "44", self.name)
        self.assertEqual(self.systemd.calls("SetUnitProperties")[-1]["properties"], {"TasksMax": ["t", 44]})
        self.delete_forcibly()
        self.assertEqual(len(self.systemd.calls("StopUnit")), 2)
        self.assertFalse(self.cgroup_folder("pids").exists())

    def test_a_criu_that_fails_leaves_no_scope(self):
        for wishes in ({"fail": "restore"}, {"die": "restore"}, {"die": "post-restore"}):
            with self.subTest(wishes):
                before = len(self.systemd.calls("StopUnit"))
                self.restore_fails(wishes=wishes, options=SYSTEMD)
                self.assertEqual(len(self.systemd.calls("StopUnit")), before + 1)
                self.unknown()
                self.assertFalse(self.cgroup_folder("pids").exists())


class Patience(SystemdCase):
    """crumb-systemd alone, with less of it than crumb gives it."""

    def ask(self, *words):
        request = "".join(f"{word}\0" for word in ("crumb systemd request 1", 300, 1, self.systemd.address, *words))
        return subprocess.run([HELPER], input=request, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20 * SLOW)

    def test_no_answer_is_an_error(self):
        self.start_systemd(silent="StopUnit")
        done = self.ask("stop", self.unit, 0)
        self.assertEqual((done.returncode, done.stderr), (1, f"unit {self.unit}: stop: no answer within 300 ms\n"))

    def test_a_job_without_an_end_is_an_error(self):
        self.start_systemd(jobs=False)
        done = self.ask("start", self.unit, 2, "Slice", "s", 0, 1, self.slice, "PIDs", "au", 0, 0)
        self.assertEqual((done.returncode, done.stderr), (1, f"unit {self.unit}: its job has not ended within 300 ms\n"))
        self.assertEqual(len(self.systemd.calls("StopUnit")), 1)

    def test_a_value_that_does_not_fit_its_type_is_an_error(self):
        self.start_systemd()
        done = self.ask("set", self.unit, 1, "TasksMax", "y", 0, 1, "256")
        self.assertEqual((done.returncode, done.stderr), (1, 'property TasksMax: "256": Invalid argument\n'))

    def test_what_is_no_request_is_an_error(self):
        for request, words in (("", "cut off"), ("x\0", "not a request of this version")):
            done = subprocess.run([HELPER], input=request, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
