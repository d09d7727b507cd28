"""podman with --cgroup-manager=systemd, and a stand-in for systemd (tests/fakes/systemd) at the system bus."""

import contextlib
import os
import pathlib
import unittest

from caller_case import engines
from fake_systemd import FakeSystemd, missing
from machine import GROUP
from podman_case import PodmanCase
from support import UNIFIED, hierarchies, only_crumb, waited_for

BUS = pathlib.Path("/run/dbus/system_bus_socket")
SLICE = GROUP.replace("-", "x") + ".slice"  # a dash would be a slice in a slice
WHY_NOT = missing()


@unittest.skipIf(WHY_NOT, WHY_NOT)
@only_crumb("what the stand-in does not know of others")
class WithSystemd(PodmanCase):
    def setUp(self):
        super().setUp()
        self.systemd = FakeSystemd(self.scratch)
        self.systemd.start()
        programs = {program.pid for program in self.systemd.programs}
        engines.update(programs)
        waited_for.update(programs)
        self.addCleanup(self.stop_systemd, programs)
        BUS.parent.mkdir(exist_ok=True)
        BUS.symlink_to(self.scratch / "bus")
        self.addCleanup(self.remove_all)  # before systemd is stopped

    def stop_systemd(self, programs):
        engines.difference_update(programs)
        waited_for.difference_update(programs)
        self.systemd.stop()
        BUS.unlink()
        self.remove_slice()

    @staticmethod
    def remove_slice():
        """Which systemd would do, and the scopes of conmon in it."""
        for place in hierarchies():
            for folder, _, _ in os.walk(f"{place}/{SLICE}", topdown=False):
                os.rmdir(folder)

    def podman(self, *words, **options):
        return super().podman("--cgroup-manager=systemd", *words, **options)

    @staticmethod
    def where(flags):
        return ["--network", "none", "--cgroup-parent", SLICE, *flags]

    def scope_of(self, name):
        return f"libpod-{self.inspect(name, 'Id')}.scope"

    def started(self, unit):
        (call,) = [call for call in self.systemd.calls("StartTransientUnit") if call["unit"] == unit]
        return call["properties"]

    def scopes(self):
        """Of containers, not of conmon."""
        found = set()
        for place in hierarchies():
            with contextlib.suppress(FileNotFoundError):
                found.update(name for name in os.listdir(f"{place}/{SLICE}") if name.startswith("libpod-") and "conmon" not in name)
        return found

    def test_a_container_runs_in_a_scope_that_is_stopped_with_it(self):
        self.assertEqual(self.sh("echo in the scope"), "in the scope\n")
        started = [call["unit"] for call in self.systemd.calls("StartTransientUnit") if "conmon" not in call["unit"]]
        self.assertEqual(len(started), 1)
        self.assertIn(started[0], [call["unit"] for call in self.systemd.calls("StopUnit")])
        self.assertEqual(self.scopes(), set())

    def test_limits_reach_systemd_and_the_kernel(self):
        name = self.detached(flags=["--memory", "64m", "--pids-limit", "50"])
        told = self.started(self.scope_of(name))
        self.assertEqual((told["TasksMax"], told["MemoryMax" if UNIFIED else "MemoryLimit"]), (["t", 50], ["t", 64 << 20]))
        (place,) = [place for place, controllers in hierarchies().items() if UNIFIED or "pids" in controllers]
        self.assertEqual(pathlib.Path(place, SLICE, self.scope_of(name), "pids.max").read_text(), "50\n")

    def test_exec_stats_top_pause_and_stop_find_it_there(self):
        name = self.detached()
        pid, unit = self.inspect(name, "State", "Pid"), self.scope_of(name)
        for place in hierarchies():
            self.assertIn(str(pid), pathlib.Path(place, SLICE, unit, "cgroup.procs").read_text().split(), place)
        self.assertEqual(self.podman("exec", name, "echo", "here").out, "here\n")
        self.assertIn("sleep", self.podman("top", name).out)
        self.assertIn(name, self.podman("stats", "--no-stream", "--no-reset", name).out)
        self.podman("pause", name)
        self.assertEqual(self.inspect(name, "State", "Status"), "paused")
        self.podman("unpause", name)
        self.podman("stop", "--time", "0", name)
        self.podman("rm", name)
        self.assertEqual(self.scopes(), set())

    def test_a_module_runs_in_a_scope_too(self):
        self.assertEqual(self.wasm("hello").out, "hello from wasm\n")
        self.assertEqual(self.scopes(), set())

    def test_a_program_that_is_missing_leaves_no_scope(self):
        self.ran("/no/such/program", code=127)
        self.assertEqual(self.scopes(), set())


if __name__ == "__main__":
    unittest.main()
