"""update: other limits for a container, on cgroup version 1 or 2, whichever this machine has."""

import contextlib
import json
import os
import pathlib
import subprocess
import unittest

import every_member
from support import IS_CRUMB, KIND, UNIFIED, ContainerCase, hierarchies, not_on, only_crumb

MEGA = 1 << 20
THINNED = 3  # several runs see all faults


def accounts_for_swap():
    return UNIFIED or any(os.path.exists(f"{place}/memory.memsw.limit_in_bytes") for place in hierarchies())


class UpdateCase(ContainerCase):
    def update(self, *flags, **popen):
        return self.runtime("update", *flags, self.name, **popen)

    def update_fails(self, *flags, words=""):
        return self.fails("update", *flags, self.name, words=words)

    def limited(self, **resources):
        self.linux["resources"] = resources
        self.running()

    def memory(self):
        return int(self.cgroup("memory", "memory.limit_in_bytes", "memory.max"))

    def swap(self):
        """Memory and swap together; None: no limit."""
        if not UNIFIED:
            value = int(self.cgroup("memory", "memory.memsw.limit_in_bytes", ""))
            return None if value > 1 << 60 else value
        value = self.cgroup("memory", "", "memory.swap.max")
        return None if value == "max" else int(value) + self.memory()

    def bandwidth(self):
        """Quota (-1: none) and period."""
        if UNIFIED:
            quota, period = self.cgroup("cpu", "", "cpu.max").split()
            return (-1 if quota == "max" else int(quota)), int(period)
        return int(self.cgroup("cpu", "cpu.cfs_quota_us", "")), int(self.cgroup("cpu", "cpu.cfs_period_us", ""))

    def pids(self):
        return self.cgroup("pids", "pids.max", "pids.max")


class Flags(UpdateCase):
    def test_memory_with_a_unit(self):
        self.limited(memory={"limit": 64 * MEGA})
        self.update("--memory", "100m")
        self.assertEqual(self.memory(), 100 * MEGA)

    def test_memory_without_a_limit(self):
        self.limited(memory={"limit": 64 * MEGA})
        self.update("--memory", "-1")
        self.assertIn(self.cgroup("memory", "memory.limit_in_bytes", "memory.max"), ("max", "9223372036854771712"))

    def test_memory_reservation(self):
        self.limited()
        self.update("--memory-reservation", "33554432")
        self.assertEqual(self.cgroup("memory", "memory.soft_limit_in_bytes", "memory.low"), str(32 * MEGA))

    def test_the_limit_of_processes(self):
        self.limited(pids={"limit": 20})
        self.update("--pids-limit", "10")
        self.assertEqual(self.pids(), "10")
        self.update("--pids-limit", "-1")
        self.assertEqual(self.pids(), "max")

    def test_the_share_of_CPU_time(self):
        self.limited()
        self.update("--cpu-share", "1024" if UNIFIED and KIND != "crumb" else "512")
        if IS_CRUMB or not UNIFIED:
            self.assertEqual(self.cgroup("cpu", "cpu.shares", "cpu.weight"), "59" if UNIFIED else "512")

    def test_quota_and_period(self):
        self.limited()
        self.update("--cpu-quota", "20000", "--cpu-period", "50000")
        self.assertEqual(self.bandwidth(), (20000, 50000))

    def test_the_CPUs(self):
        self.limited()
        if not UNIFIED:
            self.update("--cpuset-cpus", "0", "--cpuset-mems", "0")
            self.assertEqual(self.cgroup("cpuset", "cpuset.cpus", ""), "0")

    @not_on("runc", "this one has no --cpu-idle")
    @not_on("crun", "likewise")
    def test_idle(self):
        self.limited()
        if not (self.cgroup_folder("cpu") / "cpu.idle").exists():
            self.skipTest("this kernel has no cpu.idle")
        self.update("--cpu-idle", "1")
        self.assertEqual(self.cgroup("cpu", "cpu.idle", "cpu.idle"), "1")
        self.update("--cpu-idle", "0", "--cpu-share", "100")
        self.assertEqual(self.cgroup("cpu", "cpu.idle", "cpu.idle"), "0")

    @not_on("runc", "this one has no --cpu-burst")
    @not_on("crun", "likewise")
    def test_burst_and_quota_in_any_order(self):
        self.limited(cpu={"quota": 20000, "period": 100000})
        names = ("cpu.cfs_burst_us", "cpu.max.burst")
        if not (self.cgroup_folder("cpu") / names[UNIFIED]).exists():
            self.skipTest("this kernel has no bursts")
        self.update("--cpu-burst", "30000", "--cpu-quota", "40000")
        self.assertEqual((self.cgroup("cpu", *names), self.bandwidth()), ("30000", (40000, 100000)))
        self.update("--cpu-burst", "5000", "--cpu-quota", "10000")
        self.assertEqual((self.cgroup("cpu", *names), self.bandwidth()), ("5000", (10000, 100000)))

    @not_on("crun", "other words")
    def test_a_size_that_is_none_is_refused(self):
        self.limited()
        self.update_fails("--memory", "many", words="memory")

    def test_no_flag_changes_nothing(self):
        self.limited(memory={"limit": 64 * MEGA}, pids={"limit": 20})
        self.update()
        self.assertEqual((self.memory(), self.pids()), (64 * MEGA, "20"))

    @not_on("crun", "no such flag")
    def test_kernel_memory_is_ignored(self):
        self.limited()
        self.update("--kernel-memory", "50m")

    @not_on("runc", "ignores it")
    def test_tcp_buffers(self):
        self.limited()
        limit = self.cgroup_folder("memory") / "memory.kmem.tcp.limit_in_bytes"
        if not limit.exists():
            self.skipTest("limits of TCP's buffers are version 1's")
        self.update("--kernel-memory-tcp", "16m")
        self.assertEqual(int(limit.read_text()), 16 * MEGA)
        self.update("--kernel-memory-tcp", "-1")
        self.assertGreater(int(limit.read_text()), 1 << 62)

    @only_crumb("the warning")
    def test_tcp_buffers_are_ignored_on_version_2_with_a_warning(self):
        if not UNIFIED:
            self.skipTest("version 1 limits TCP's buffers")
        self.limited()
        self.assertIn("limits of kernel memory are ignored", self.runtime("update", "--kernel-memory-tcp", "16m", self.name).err)

    def test_a_created_container_is_updated_too(self):
        self.linux["resources"] = {"pids": {"limit": 20}}
        self.create("/bin/true")
        self.update("--pids-limit", "11")
        self.assertEqual(self.pids(), "11")


class Json(UpdateCase):
    CHANGES = json.dumps({"memory": {"limit": 80 * MEGA}, "pids": {"limit": 13}})

    def changed(self):
        self.assertEqual((self.memory(), self.pids()), (80 * MEGA, "13"))

    def test_from_a_file(self):
        self.limited()
        path = self.new_path("resources.json")
        path.write_text(self.CHANGES)
        self.update("--resources", path)
        self.changed()

    def test_from_standard_input(self):
        self.limited()
        self.update("--resources", "-", input=self.CHANGES)
        self.changed()

    def test_through_a_pipe(self):
        self.limited()
        script = 'exec "$0" "$@" --resources <(echo "$CHANGES") ' + self.name
        command = ["bash", "-c", script, *map(str, self.command_line("update"))]
        subprocess.run(command, env={**os.environ, "CHANGES": self.CHANGES}, check=True)
        self.changed()

    def test_from_standard_input_as_containerd_says_it(self):
        self.limited()
        self.update("--resources=-", input=self.CHANGES)
        self.changed()

    def test_with_the_letter(self):
        self.limited()
        self.update("-r", "-", input=self.CHANGES)
        self.changed()

    # dockerd writes every member, 0 where it means nothing
    def test_zeros_change_nothing(self):
        self.limited(memory={"limit": 64 * MEGA}, pids={"limit": 20}, cpu={"quota": 20000, "period": 50000})
        zeros = {"memory": {"limit": 0, "reservation": 0, "swap": 0}, "blockIO": {"weight": 0},
                 "cpu": {"shares": 0, "quota": 0, "period": 0, "cpus": "", "mems": ""}}
        self.update("--resources", "-", input=json.dumps(zeros))
        self.assertEqual((self.memory(), self.pids(), self.bandwidth()), (64 * MEGA, "20", (20000, 50000)))

    @only_crumb("the place in the error")
    def test_what_is_wrong_in_it_is_named_with_its_place(self):
        self.limited()
        path = self.new_path("resources.json")
        path.write_text('{"memory": {"limit": "1G"}}')
        self.update_fails("--resources", path, words=f"{path}: memory.limit: expected a number, found a string")
        path.write_text("{")
        self.update_fails("--resources", path, words=f"{path}: line 1, column 2")
        self.update_fails("--resources", self.folder / "nothing", words="nothing: ")


@only_crumb("an error of one line for each member")
class Nonsense(UpdateCase):
    """Each member with each kind of wrong value (every_member.py)."""

    LIMITS = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.swappiness", "cpu.shares",
              "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpuset.cpus", "pids.max", "devices.list", "memory.max", "memory.swap.max",
              "memory.low", "memory.high", "cpu.weight", "cpu.max")

    def in_force(self):
        """What the kernel and crumb's copy of the config say."""
        found = {"config": (self.root / self.name / "config.json").read_text()}
        for mountpoint in hierarchies():
            for name in self.LIMITS:
                with contextlib.suppress(OSError):
                    found[f"{mountpoint}/{name}"] = pathlib.Path(mountpoint + self.linux["cgroupsPath"], name).read_text()
        return found

    def refused(self, path, value, resources):
        result = self.runtime("update", "-r", "-", self.name, input=json.dumps(resources), code=None)
        what = f"{every_member.place_text(path)} = {value!r}: {result}"
        self.assertEqual((result.code, result.err.count("\n")), (1, 1), what)
        self.assertIn(f": {every_member.place_text(path)}: ", result.err, what)

    def test_is_refused_with_its_place_and_changes_nothing(self):
        self.limited(memory={"limit": 64 * MEGA}, cpu={"shares": 512}, pids={"limit": 20})
        before = self.in_force()
        self.assertGreater(len(before), 5)
        faults = list(every_member.every_fault(every_member.CONFIG["linux"]["resources"]))
        for fault in faults[os.getpid() % THINNED::THINNED]:
            self.refused(*fault)
            self.assertEqual(self.in_force(), before, fault[:2])

    def test_that_is_no_object_changes_nothing(self):
        self.limited(memory={"limit": 64 * MEGA})
        before = self.in_force()
        for text in ("", "[]", "7", "null", '"x"', "{", '{"memory": {"limit": 1}} {}', "\0", "[" * 10000):
            self.assertEqual(self.fails("update", "-r", "-", self.name, input=text).code, 1, text)
            self.assertEqual(self.in_force(), before, text)


class Order(UpdateCase):
    """The kernel refuses one half of a change until the other is done; which one depends on what was there."""

    def setUp(self):
        super().setUp()
        if not accounts_for_swap():
            self.skipTest("this kernel does not account for swap")

    def test_memory_and_swap_go_up(self):
        self.limited(memory={"limit": 64 * MEGA, "swap": 96 * MEGA})
        self.update("--memory", "200m", "--memory-swap", "300m")
        self.assertEqual((self.memory(), self.swap()), (200 * MEGA, 300 * MEGA))

    def test_memory_and_swap_go_down(self):
        self.limited(memory={"limit": 200 * MEGA, "swap": 300 * MEGA})
        self.update("--memory", "64m", "--memory-swap", "96m")
        self.assertEqual((self.memory(), self.swap()), (64 * MEGA, 96 * MEGA))

    def test_memory_goes_up_and_swap_down_to_it(self):
        self.limited(memory={"limit": 64 * MEGA, "swap": 300 * MEGA})
        self.update("--memory", "200m", "--memory-swap", "200m")
        self.assertEqual((self.memory(), self.swap()), (200 * MEGA, 200 * MEGA))

    def test_all_limits_end(self):
        self.limited(memory={"limit": 64 * MEGA, "swap": 96 * MEGA})
        self.update("--memory", "-1", "--memory-swap", "-1")
        self.assertEqual(self.swap(), None)

    def test_without_a_limit_of_memory_there_is_none_of_swap(self):
        self.limited(memory={"limit": 64 * MEGA, "swap": 96 * MEGA})
        self.update("--memory", "-1")
        self.assertEqual(self.swap(), None)

    def test_swap_alone(self):
        self.limited(memory={"limit": 64 * MEGA, "swap": 96 * MEGA})
        self.update("--memory-swap", "128m")
        self.assertEqual((self.memory(), self.swap()), (64 * MEGA, 128 * MEGA))

    def test_memory_above_its_sum_with_swap_is_refused_and_nothing_changes(self):
        self.limited(memory={"limit": 64 * MEGA, "swap": 96 * MEGA})
        self.update_fails("--memory", "200m", words="" if not IS_CRUMB else "memory.swap")
        self.assertEqual((self.memory(), self.swap()), (64 * MEGA, 96 * MEGA))

    def test_quota_and_period_go_up_and_down(self):
        self.limited(cpu={"quota": 20000, "period": 50000})
        for quota, period in ((900000, 1000000), (1000, 1000), (500000, 500000), (1000, 1000000)):
            self.update("--cpu-quota", str(quota), "--cpu-period", str(period))
            self.assertEqual(self.bandwidth(), (quota, period))

    def test_a_period_alone_keeps_the_quota(self):
        self.limited(cpu={"quota": 20000, "period": 50000})
        self.update("--cpu-period", "40000")
        self.assertEqual(self.bandwidth(), (20000, 40000))

    def test_a_quota_alone_keeps_the_period(self):
        self.limited(cpu={"quota": 20000, "period": 50000})
        self.update("--cpu-quota", "30000")
        self.assertEqual(self.bandwidth(), (30000, 50000))


class Memory(UpdateCase):
    """What is stored is what the next command sees, and what fails leaves the old limits."""

    def test_the_next_update_knows_the_last_one(self):
        if not accounts_for_swap():
            self.skipTest("this kernel does not account for swap")
        self.limited(memory={"limit": 64 * MEGA})
        self.update("--memory", "50m", "--memory-swap", "70m")
        self.update("--memory-swap", "90m")
        self.assertEqual((self.memory(), self.swap()), (50 * MEGA, 90 * MEGA))

    @only_crumb("the memory of modules")
    def test_a_module_that_is_executed_later_has_the_new_limit(self):
        self.bundle.guest("grow", "/grow.wasm")
        self.limited(memory={"limit": 512 * MEGA})
        before = self.exec("/grow.wasm", code=None).out
        self.update("--memory", "40m", *(("--memory-swap", "40m") if accounts_for_swap() else ()))
        self.assertNotEqual(self.exec("/grow.wasm", code=None).out, before)

    @not_on("runc", "leaves what was written before")
    @not_on("crun", "likewise")
    def test_after_a_failure_the_old_limits_are_in_force(self):
        self.limited(pids={"limit": 20}, cpu={"quota": 20000, "period": 50000}, memory={"limit": 64 * MEGA})
        wrong = {"memory": {"limit": 80 * MEGA}, "pids": {"limit": 10}, "cpu": {"quota": 40000, "cpus": "no such"}}
        controller = "cpuset" in str(hierarchies()) or not UNIFIED
        if not controller:
            wrong = {"memory": {"limit": 80 * MEGA}, "pids": {"limit": 10}, "cpu": {"quota": 1}}
        result = self.fails("update", "--resources", "-", self.name, input=json.dumps(wrong))
        self.assertIn("cpuset.cpus" if controller else "cpu.max", result.err)
        self.assertEqual((self.memory(), self.pids(), self.bandwidth()), (64 * MEGA, "20", (20000, 50000)))
        self.update("--cpu-period", "60000")  # and the failure is not remembered
        self.assertEqual(self.bandwidth(), (20000, 60000))

    def test_a_limit_below_what_is_used_is_refused_when_that_is_asked_for(self):
        if not UNIFIED:
            self.skipTest("version 1 always refuses it")
        self.limited(memory={"limit": 128 * MEGA})
        small = {"memory": {"limit": 4096, "checkBeforeUpdate": True}}
        self.fails("update", "--resources", "-", self.name, input=json.dumps(small), words="" if not IS_CRUMB else "memory.limit")
        self.assertEqual(self.memory(), 128 * MEGA)

    @not_on("crun", "other words")
    def test_a_stopped_container_is_not_updated(self):
        self.running("/bin/true")
        self.wait_status("stopped")
        self.update_fails("--pids-limit", "10", words="container not running")

    def test_an_unknown_container_does_not_exist(self):
        self.fails("update", "--pids-limit", "10", self.name, words="does not exist")


class BlockIo(UpdateCase):
    """A throttle on a device that every machine has."""

    def device(self):
        names = [name for name in sorted(os.listdir("/sys/block")) if not name.startswith(("zram", "ram", "nbd"))]
        if not names:
            self.skipTest("this machine has no block device")
        with open(f"/sys/block/{names[0]}/dev", encoding="ascii") as file:
            return tuple(map(int, file.read().strip().split(":")))

    def throttle(self):
        name = "io.max" if UNIFIED else "blkio.throttle.read_bps_device"
        path = self.cgroup_folder("blkio") / name
        if not path.parent.exists() or not path.exists():
            self.skipTest(f"this kernel has no {name}")
        return path.read_text()

    def test_a_throttle_is_written(self):
        major, minor = self.device()
        self.linux["resources"] = {"blockIO": {"throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": MEGA}]}}
        self.create("/bin/true")
        self.assertIn(f"{major}:{minor} {'rbps=' if UNIFIED else ''}{MEGA}", self.throttle())

    @not_on("runc", "this one ignores it")
    @not_on("crun", "another order")
    def test_a_throttle_is_changed_and_taken_away(self):
        major, minor = self.device()
        self.limited()
        for rate in (MEGA, 2 * MEGA, 0):
            changes = {"blockIO": {"throttleReadBpsDevice": [{"major": major, "minor": minor, "rate": rate}]}}
            self.update("--resources", "-", input=json.dumps(changes))
            if rate:
                self.assertIn(f"{major}:{minor} {'rbps=' if UNIFIED else ''}{rate}", self.throttle())
        self.assertNotIn(f"{major}:{minor}", self.throttle())

    @only_crumb("the reason in the error")
    def test_a_weight_that_the_kernel_cannot_give_is_named(self):
        folder = next((p for p, c in hierarchies().items() if UNIFIED or "blkio" in c), None)
        names = ("io.weight", "io.bfq.weight") if UNIFIED else ("blkio.weight", "blkio.bfq.weight")
        self.limited()
        place = self.cgroup_folder("blkio")
        if folder is None or any((place / name).exists() for name in names):
            self.update("--blkio-weight", "500")
        else:
            self.update_fails("--blkio-weight", "500", words="blockIO.weight")


if __name__ == "__main__":
    unittest.main()
