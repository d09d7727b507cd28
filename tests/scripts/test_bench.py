"""bench/run: that it measures and leaves nothing; no test looks at a time. Needs build/release (make) and root."""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

from repository import TOP, run

sys.path.insert(0, str(TOP / "bench"))
sys.dont_write_bytecode = True

import measure

PATIENCE = 900  # seconds for one program: crumb-aot, which gives way to all else, takes minutes on a busy machine


def sample(wall):
    return measure.Sample(wall=wall, cpu=wall / 2, peak=int(wall))


def left_cgroups():
    return [path for place in pathlib.Path("/sys/fs/cgroup").glob("*") for path in place.glob("crumb-bench*")]


class Measuring(unittest.TestCase):
    def subjects(self, order):
        return {name: lambda name=name: order.append(name) or {"run": sample(len(order))} for name in "abc"}

    def test_every_round_has_every_subject_in_an_order_of_its_own(self):
        order = []
        found = measure.interleave(self.subjects(order), rounds=20, seconds=60)
        rounds = ["".join(order[at:at + 3]) for at in range(0, len(order), 3)]
        self.assertEqual({"".join(sorted(one)) for one in rounds}, {"abc"})
        self.assertGreater(len(set(rounds)), 3)
        self.assertEqual(set(found), {("a", "run"), ("b", "run"), ("c", "run")})

    def test_the_first_round_warms_up(self):
        found = measure.interleave(self.subjects([]), rounds=1, seconds=60)
        self.assertEqual(len(found["a", "run"]), 1)
        self.assertGreater(found["a", "run"][0].wall, 3)

    def test_when_the_time_is_over_one_round_was_measured(self):
        found = measure.interleave(self.subjects([]), rounds=1000, seconds=0)
        self.assertEqual(len(found["a", "run"]), 1)

    def test_a_first_byte_that_some_round_lacks_has_no_row(self):
        byte = measure.Sample(wall=4, cpu=1, peak=1, first=3)
        self.assertEqual(measure.summary([byte, byte])["first_median_ms"], 3)
        self.assertNotIn("first_median_ms", measure.summary([byte, sample(4)]))

    def test_a_ratio_compares_samples_of_the_same_round(self):
        row = measure.summary([sample(2), sample(30), sample(8)], [sample(1), sample(10), sample(2)])
        self.assertEqual((row["ratio_median"], row["ratio_min"]), (3, 2))


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Run(unittest.TestCase):
    def test_a_few_idle_containers_are_measured_and_none_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(TOP / "bench/density", "--most", "3", "--output", folder, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            results = json.loads(pathlib.Path(folder, "density.json").read_text())
        self.assertGreater(results["density"]["crumb, idle hello"]["3"]["private_kb"], 0)
        self.assertEqual(left_cgroups(), [])

    def test_a_start_among_mounts_and_containers_is_measured_and_nothing_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(TOP / "bench/circumstances", "--rounds", "1", "--mounts", "3", "--others", "3", "--output", folder, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            results = json.loads(pathlib.Path(folder, "circumstances.json").read_text())
        for subject in ("floor glibc, dmc", "crumb"):
            self.assertEqual([row["rounds"] for row in results["circumstances"][subject].values()], [2, 2, 1, 1])
        self.assertEqual(left_cgroups(), [])

    def test_the_steps_of_crumb_and_of_crumb_init_have_times(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(TOP / "bench/steps", "--rounds", "2", "--output", folder, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            steps = json.loads(pathlib.Path(folder, "steps.json").read_text())["steps"]
        found = {(step["process"], step["step"]): step for step in steps}
        whole, cgroups = found["crumb", "crumb run"], found["crumb", "make cgroups"]
        self.assertEqual((whole["depth"], cgroups["depth"]), (0, 1))
        self.assertLess(cgroups["takes_us"], whole["takes_us"])
        self.assertIn(("crumb-init", "mount, 6 times"), found)
        self.assertEqual(left_cgroups(), [])

    def test_starts_by_callers_are_measured_where_they_are_installed(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(TOP / "bench/callers", "--rounds", "1", "--output", folder, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            results = json.loads(pathlib.Path(folder, "callers.json").read_text())
        for caller in ("podman", "ctr"):
            with self.subTest(caller=caller):
                if shutil.which(caller):
                    self.assertGreater(results["callers"][f"{caller} run"]["crumb"]["cpu_min_ms"], 0)
                else:
                    self.assertIn(f"{caller}: not measured: it is not installed", results["notes"])
        self.assertEqual(left_cgroups(), [])

    def test_where_caches_cannot_be_dropped_no_start_is_called_cold(self):
        forbid = "mount --bind /proc/sys/vm /proc/sys/vm && mount -o remount,bind,ro /proc/sys/vm && exec $0 $*"
        with tempfile.TemporaryDirectory() as folder:
            result = run("unshare", "--mount", "sh", "-c", forbid, TOP / "bench/cold", "--rounds", "1", "--output", folder, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            results = json.loads(pathlib.Path(folder, "cold.json").read_text())
        self.assertEqual(results["starts"], {})
        self.assertIn("caches cannot be dropped: [Errno 30] Read-only file system", results["notes"][0])
        self.assertFalse((TOP / "build/bench/disk").exists())

    def test_one_round_measures_everything_and_leaves_no_container(self):
        with tempfile.TemporaryDirectory() as folder:
            result = run(TOP / "bench/run", "--rounds", "1", "--output", folder, timeout=PATIENCE)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual({path.name for path in pathlib.Path(folder).iterdir()} - {"results.svg"}, {"results.json", "results.md"})
            results = json.loads(pathlib.Path(folder, "results.json").read_text())
        self.assertLessEqual({"hello, no container", "floor glibc, dmc", "crumb, hello", "crumb, hello with a new profile",
                              "crumb, hello.wasm interpreted"}, set(results["starts"]))
        first, end = (results["starts"]["crumb, hello"][f"{what}_min_ms"] for what in ("first", "wall"))
        self.assertLess(0, first)
        self.assertLess(first, end)
        self.assertEqual(list(results["commands"]["crumb"]), ["create", "start", "state", "exec", "kill", "delete"])
        self.assertGreater(results["memory"]["crumb, idle hello"]["private_kb"], 0)
        self.assertEqual(left_cgroups(), [])


if __name__ == "__main__":
    unittest.main()
