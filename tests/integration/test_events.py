"""events: what a container uses, and when it runs out of memory."""

import json
import os
import unittest

from support import IS_CRUMB, KIND, SLOW, UNIFIED, ContainerCase, hierarchies, not_on, only_crumb

MEGA = 1 << 20


def accounts_for_swap():
    return UNIFIED or any(os.path.exists(f"{place}/memory.memsw.limit_in_bytes") for place in hierarchies())


@not_on("crun", "Debian's has no events")
class Stats(ContainerCase):
    def stats(self):
        out = self.runtime("events", "--stats", self.name).out
        self.assertEqual(out.count("\n"), 1)
        event = json.loads(out)
        self.assertEqual((event["type"], event["id"]), ("stats", self.name))
        return event["data"]

    def test_the_members_are_runcs(self):
        self.running()
        data = self.stats()
        self.assertLessEqual({"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb", "intel_rdt", "network_interfaces"}, set(data))
        self.assertLessEqual({"usage", "throttling"}, set(data["cpu"]))
        self.assertLessEqual({"total", "kernel", "user"}, set(data["cpu"]["usage"]))
        self.assertLessEqual({"usage", "swap", "kernel", "kernelTCP", "raw"}, set(data["memory"]))

    def test_memory_is_what_the_kernel_says(self):
        self.linux["resources"] = {"memory": {"limit": 64 * MEGA}}
        self.running()
        memory = self.stats()["memory"]
        self.assertEqual(memory["usage"]["limit"], 64 * MEGA)
        self.assertGreater(memory["usage"]["usage"], 0)
        self.assertIn("anon" if UNIFIED else "rss", memory["raw"])

    def test_processes_are_counted(self):
        self.linux["resources"] = {"pids": {"limit": 17}}
        self.running("/bin/sh", "-c", "sleep 1000 & wait")
        self.until(lambda: self.stats()["pids"] == {"current": 2, "limit": 17}, "the processes are not counted")

    def test_CPU_time_grows(self):
        self.running("/bin/sh", "-c", "while :; do :; done")
        before = self.stats()["cpu"]["usage"]["total"]
        self.until(lambda: self.stats()["cpu"]["usage"]["total"] > before + 10**6, "no CPU time is counted")

    def test_throttling_is_counted(self):
        self.linux["resources"] = {"cpu": {"quota": 5000, "period": 100000}}
        self.running("/bin/sh", "-c", "while :; do :; done")
        self.until(lambda: self.stats()["cpu"]["throttling"].get("throttledPeriods", 0) > 0, "no throttling is counted")

    @unittest.skipIf(UNIFIED, "version 2 does not count by CPU")
    def test_CPU_time_is_counted_by_CPU(self):
        self.running()
        data = self.stats()
        self.assertGreaterEqual(len(data["cpu"]["usage"]["percpu"]), 1)
        self.assertEqual(data["cpuset"]["cpus"][:1], [0])

    def test_a_stopped_container_has_none(self):
        self.running("/bin/true")
        self.wait_status("stopped")
        self.fails("events", "--stats", self.name, words="is not running")

    def test_an_unknown_container_does_not_exist(self):
        self.fails("events", "--stats", self.name, words="does not exist")


@not_on("crun", "Debian's has no events")
class Events(ContainerCase):
    def lines(self, running):
        """But for one that is being written."""
        return [json.loads(line) for line in running.output().splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]

    def test_statistics_come_at_every_interval_until_the_container_ends(self):
        self.running()
        events = self.spawn("events", "--interval=100ms", self.name)
        self.until(lambda: len(self.lines(events)) >= 3, "no statistics come")
        self.kill("KILL")
        if IS_CRUMB:
            self.assertEqual(events.wait().code, 0)
        self.assertEqual({line["type"] for line in self.lines(events)}, {"stats"})

    def test_running_out_of_memory_is_told(self):
        swap = {"swap": 16 * MEGA} if accounts_for_swap() else {}
        self.linux["resources"] = {"memory": {"limit": 16 * MEGA, **swap}}
        self.running("/bin/sh", "-c", "while :; do dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null; sleep 0.2; done")
        events = self.spawn("events", "--interval", "1h", self.name)
        self.until(lambda: {"type": "oom", "id": self.name} in self.lines(events), "nobody tells that memory runs out")
        self.kill("KILL")

    @only_crumb("the last notice")
    def test_a_container_that_dies_of_it_is_told_of_too(self):
        swap = {"swap": 16 * MEGA} if accounts_for_swap() else {}
        self.linux["resources"] = {"memory": {"limit": 16 * MEGA, **swap}}
        self.running("/bin/sh", "-c", f"sleep {0.5 * SLOW}; exec dd if=/dev/zero of=/dev/null bs=64M count=1")
        events = self.spawn("events", "--interval", "1h", self.name)
        self.assertEqual(events.wait().code, 0)
        self.assertEqual(self.lines(events), [{"type": "oom", "id": self.name}])

    def test_an_interval_that_is_none_is_refused(self):
        self.running()
        for interval in ("0s", "5", "-1s", "soon"):
            self.assertNotEqual(self.runtime("events", f"--interval={interval}", self.name, code=None).code, 0, interval)


if __name__ == "__main__":
    unittest.main()
