"""linux.intelRdt on a resctrl filesystem that is none of the hardware's (fake_resctrl.py)."""

import json
import os
import unittest

from fake_resctrl import FakeResctrl
from support import RUNTIME, ContainerCase, only_crumb


def has_fuse():
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError:
        return False
    return True


@only_crumb("finding the filesystem by mountinfo alone")
@unittest.skipUnless(has_fuse(), "this machine has no FUSE")
class IntelRdt(ContainerCase):
    def setUp(self):
        super().setUp()
        place = self.folder / "resctrl"
        place.mkdir()
        self.resctrl = FakeResctrl(place)
        self.addCleanup(self.resctrl.close)
        listing = self.new_path("mountinfo")
        listing.write_text(self.resctrl.mountinfo())
        # The runtime sees that file as its /proc/self/mountinfo: exec keeps the shell's pid.
        wrapper = self.new_path("runtime")
        wrapper.write_text("#!/bin/sh\nexec unshare -m sh -c "
                           f"'mount --bind {listing} /proc/$$/mountinfo && exec {RUNTIME} \"$@\"' sh \"$@\"\n")
        wrapper.chmod(0o755)
        self.runtime_program = str(wrapper)

    def rdt(self, **members):
        self.linux["intelRdt"] = members

    def content(self, path):
        node = self.resctrl.find(path)
        return None if node is None else node.content

    def group(self, path):
        """Names in a directory; None where it is missing."""
        node = self.resctrl.find(path)
        return None if node is None else sorted(node.children)

    def test_a_class_of_its_own_has_the_containers_name_and_goes_with_it(self):
        self.rdt(l3CacheSchema="L3:0=f;1=f")
        self.create("/bin/true")
        self.assertEqual(self.content(f"{self.name}/tasks"), f"{self.pid()}\n")
        self.assertIn("L3:0=f;1=f", self.content(f"{self.name}/schemata"))
        self.delete_forcibly()
        self.assertIsNone(self.group(self.name))

    def test_the_lines_are_written_in_the_order_of_the_specification(self):
        self.rdt(schemata=["L2:0=f", "L2:1=3"], memBwSchema="MB:0=20", l3CacheSchema="L3:0=f")
        self.run_container("/bin/true")
        lines = [text for path, text in self.resctrl.writes if path.endswith("/schemata")]
        self.assertEqual(lines, ["L3:0=f\n", "MB:0=20\n", "L2:0=f\n", "L2:1=3\n"])

    def test_a_class_with_a_name_is_made_and_stays(self):
        self.rdt(closID="gold", memBwSchema="MB:0=20")
        self.run_container("/bin/true")
        self.assertIn("MB:0=20", self.content("gold/schemata"))

    def test_a_class_that_is_there_is_joined_without_a_write(self):
        self.resctrl.root.children["gold"] = self.resctrl.group()
        self.rdt(closID="gold")
        self.run_container("/bin/true")
        self.assertEqual([path for path, _ in self.resctrl.writes], ["/gold/tasks"])
        self.assertIsNotNone(self.group("gold"))

    def test_the_default_class_is_joined(self):
        self.rdt(closID="/")
        self.create("/bin/true")
        self.assertEqual(self.content("tasks"), f"{self.pid()}\n")

    def test_a_class_that_must_be_there_and_is_not_is_an_error(self):
        self.rdt(closID="gold")
        self.run_fails("/bin/true", words="linux.intelRdt.closID: ")
        self.assertIsNone(self.group("gold"))

    def test_a_class_that_is_there_with_other_values_is_an_error(self):
        self.resctrl.root.children["gold"] = self.resctrl.group()
        self.rdt(closID="gold", l3CacheSchema="L3:0=f")
        self.run_fails("/bin/true", words='has not "L3:0=f"')
        self.assertEqual(self.resctrl.writes, [])

    def test_a_class_that_is_there_with_the_same_values_is_joined(self):
        self.resctrl.root.children["gold"] = self.resctrl.group()
        self.rdt(closID="gold", l3CacheSchema="L3:0=FFFFF")
        self.run_container("/bin/true")
        self.assertEqual(self.resctrl.writes[-1][0], "/gold/tasks")

    def test_a_line_that_is_refused_leaves_nothing_and_has_the_filesystems_reason(self):
        self.resctrl.refuse = (f"/{self.name}/schemata", "L3:0=0\n")
        self.rdt(l3CacheSchema="L3:0=0")
        self.run_fails("/bin/true", words="Invalid argument (not a value of this machine)")
        self.assertIsNone(self.group(self.name))

    def test_a_class_too_many_leaves_nothing_and_has_the_filesystems_reason(self):
        self.resctrl.limit = len(self.resctrl.root.children)
        self.rdt()
        self.run_fails("/bin/true", words="(out of CLOSIDs)")

    def test_a_monitoring_group_has_the_containers_name_and_goes_with_it(self):
        self.resctrl.root.children["gold"] = self.resctrl.group()
        self.rdt(closID="gold", enableMonitoring=True)
        self.create("/bin/true")
        self.assertEqual(self.content(f"gold/mon_groups/{self.name}/tasks"), f"{self.pid()}\n")
        self.delete_forcibly()
        self.assertEqual(self.group("gold/mon_groups"), [])

    def test_a_monitoring_group_goes_with_a_class_of_the_containers_own(self):
        self.rdt(enableMonitoring=True)
        self.create("/bin/true")
        self.assertEqual(self.group(f"{self.name}/mon_groups"), [self.name])
        self.delete_forcibly()
        self.assertIsNone(self.group(self.name))

    def test_a_class_that_somebody_else_has_made_stays(self):
        self.resctrl.root.children[self.name] = self.resctrl.group()
        self.rdt()
        self.run_container("/bin/true")
        self.assertIsNotNone(self.group(self.name))

    def test_a_process_of_exec_joins_too(self):
        self.rdt(enableMonitoring=True)
        self.running()
        self.exec("/bin/true")
        self.assertEqual(len(self.content(f"{self.name}/tasks").split()), 2)
        self.assertEqual(len(self.content(f"{self.name}/mon_groups/{self.name}/tasks").split()), 2)

    def test_update_changes_the_lines(self):
        self.rdt(l3CacheSchema="L3:0=f")
        self.running()
        self.runtime("update", "--l3-cache-schema", "L3:0=3", "--mem-bw-schema", "MB:0=10", self.name)
        self.assertIn("L3:0=3", self.content(f"{self.name}/schemata"))
        self.assertIn("MB:0=10", self.content(f"{self.name}/schemata"))

    def test_an_update_that_is_refused_changes_nothing(self):
        self.rdt(l3CacheSchema="L3:0=f", memBwSchema="MB:0=20")
        self.running()
        before = sorted(self.content(f"{self.name}/schemata").split())
        self.resctrl.refuse = (f"/{self.name}/schemata", "MB:0=0\n")
        self.fails("update", "--l3-cache-schema", "L3:0=3", "--mem-bw-schema", "MB:0=0", self.name, words='write "MB:0=0" to ')
        self.fails("update", "--l3-cache-schema", "MB:0=1", self.name, words="l3CacheSchema")
        self.assertEqual(sorted(self.content(f"{self.name}/schemata").split()), before)

    def test_an_update_needs_the_member(self):
        self.running()
        self.fails("update", "--l3-cache-schema", "L3:0=3", self.name, words="has no linux.intelRdt")

    def test_without_the_member_nothing_is_touched(self):
        self.run_container("/bin/true")
        self.assertEqual(self.resctrl.writes, [])

    def statistics(self):
        return json.loads(self.runtime("events", "--stats", self.name).out)["data"]["intel_rdt"]

    def count(self, group, domain, **counters):
        for name, value in counters.items():
            self.resctrl.find(f"{group}/mon_data/{domain}/{name}").content = f"{value}\n"

    def test_statistics_have_the_machines_values_and_the_classes(self):
        self.rdt(l3CacheSchema="L3:0=f", memBwSchema="MB:0=20")
        self.running()
        self.count(self.name, "mon_L3_00", llc_occupancy=4096, mbm_total_bytes=1000, mbm_local_bytes=999)
        self.assertEqual(self.statistics(), {
            "l3_cache_info": {"cbm_mask": "fffff", "min_cbm_bits": 1, "num_closids": 16},
            "l3_cache_schema_root": "L3:0=fffff;1=fffff", "l3_cache_schema": "L3:0=f",
            "mem_bw_info": {"bandwidth_gran": 10, "delay_linear": 1, "min_bandwidth": 10, "num_closids": 8},
            "mem_bw_schema_root": "MB:0=100;1=100", "mem_bw_schema": "MB:0=20",
            "schemata": ["L3:0=f", "MB:0=20"],
            "mbm_stats": [{"mbm_total_bytes": 1000, "mbm_local_bytes": 999}, {"mbm_total_bytes": 0, "mbm_local_bytes": 0}],
            "cmt_stats": [{"llc_occupancy": 4096}, {"llc_occupancy": 0}]})

    def test_statistics_are_those_of_the_monitoring_group_where_there_is_one(self):
        self.rdt(closID="/", enableMonitoring=True)
        self.running()
        self.count("", "mon_L3_01", llc_occupancy=1)
        self.count(f"mon_groups/{self.name}", "mon_L3_01", llc_occupancy=2)
        self.assertEqual(self.statistics()["cmt_stats"], [{"llc_occupancy": 0}, {"llc_occupancy": 2}])

    def test_statistics_leave_out_what_the_machine_lacks(self):
        info = self.resctrl.find("info")
        del info.children["L3"], info.children["MB"]
        self.resctrl.find("info/L3_MON/mon_features").content = "mbm_local_bytes\n"
        self.rdt()
        self.running()
        self.count(self.name, "mon_L3_00", mbm_total_bytes=1000, mbm_local_bytes=999)
        rdt = self.statistics()
        self.assertEqual(set(rdt), {"schemata", "mbm_stats"})
        self.assertEqual(rdt["mbm_stats"][0], {"mbm_total_bytes": 0, "mbm_local_bytes": 999})

    def test_a_counter_that_cannot_be_read_now_is_a_warning_and_its_kind_is_left_out(self):
        self.rdt()
        self.running()
        self.count(self.name, "mon_L3_00", llc_occupancy="Unavailable")
        result = self.runtime("events", "--stats", self.name)
        self.assertIn("llc_occupancy", result.err)
        rdt = json.loads(result.out)["data"]["intel_rdt"]
        self.assertNotIn("cmt_stats", rdt)
        self.assertIn("mbm_stats", rdt)

    def test_a_container_without_the_member_has_no_statistics_of_it(self):
        self.running()
        self.assertEqual(self.statistics(), {})

    def test_features_say_it(self):
        self.assertEqual(json.loads(self.runtime("features").out)["linux"]["intelRdt"],
                         {"enabled": True, "schemata": True, "monitoring": True})


@unittest.skipIf(os.path.exists("/sys/fs/resctrl"), "this machine has resctrl")
class WithoutTheFilesystem(ContainerCase):
    @only_crumb("the words")
    def test_it_is_one_line_with_its_place(self):
        self.linux["intelRdt"] = {"closID": "gold"}
        self.run_fails("/bin/true", words="linux.intelRdt: no resctrl filesystem is mounted on this machine")


if __name__ == "__main__":
    unittest.main()
