"""Two containers in one process namespace: the second joins the first's by path, as in a pod. The namespace's first process is
the first container's: it outlives the second, and whatever the second's program leaves behind becomes its child."""

import os
import signal
import unittest

from support import ContainerCase, children_of, not_on

# Orphans that end become zombies which nobody reaps: sleep(1), their parent now, does not.
ZOMBIES = "(sleep 0 & sleep 0 &); "
# One that lives on.
DAEMON = "(sleep 3000 &); "


class SharedProcesses(ContainerCase):
    def setUp(self):
        super().setUp()
        self.running("/bin/sleep", "1000")
        self.second = f"{self.name}.second"
        self.namespace("pid", path=f"/proc/{self.pid()}/ns/pid")
        self.linux["cgroupsPath"] = f"/{self.second}"

    def join(self, script="exec sleep 2000"):
        """Starts the second container; its pid once the script has come as far as "ready"."""
        created = self.create("/bin/sh", "-c", script, id=self.second)
        self.start(self.second)
        self.until(lambda: "ready" in created.output() or "ready" not in script, "the program does not start")
        return self.state(self.second)["pid"]

    def kill_second(self):
        self.runtime("kill", self.second, "KILL")

    def words(self):
        """The command lines in the shared namespace."""
        return self.inside("for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done")

    def only_the_first_is_left(self):
        self.assertEqual(self.status(), "running")
        self.until(lambda: not any(word in self.words() for word in ("sleep 2000", "sleep 3000")), "the second goes on")

    def test_the_second_is_seen_by_the_first(self):
        self.join()
        self.assertIn("sleep 2000", self.words())

    @not_on("runc", "up to version 1.1 only kill --all does that")
    def test_SIGKILL_ends_all_of_the_second_and_nothing_of_the_first(self):
        self.join(DAEMON + "echo ready; exec sleep 2000")
        self.kill_second()
        self.only_the_first_is_left()

    def test_another_signal_reaches_its_first_process_only(self):
        self.join(DAEMON + "echo ready; exec sleep 2000")
        self.runtime("kill", self.second, "TERM")
        self.wait_status("stopped", self.second)
        self.assertIn("sleep 3000", self.words())

    def test_what_a_stopped_second_left_ends_when_it_is_deleted(self):
        self.join(DAEMON + "echo ready")
        self.wait_status("stopped", self.second)
        self.assertIn("sleep 3000", self.words())
        self.runtime("delete", self.second)
        self.only_the_first_is_left()

    def test_delete_by_force_ends_all_of_the_second_and_nothing_of_the_first(self):
        self.join(DAEMON + "echo ready; exec sleep 2000")
        self.runtime("delete", "--force", self.second)
        self.only_the_first_is_left()
        self.unknown(self.second)

    def test_a_second_that_nobody_has_reaped_is_stopped_and_can_be_deleted(self):
        pid = self.join()
        self.kill_second()
        self.wait_status("stopped", self.second)
        self.assertEqual(children_of(os.getpid()).get(pid), "Z")
        self.runtime("delete", self.second)
        self.unknown(self.second)

    def test_zombies_that_nobody_reaps_keep_neither_kill_nor_delete(self):
        self.join(ZOMBIES + "sleep 0.3; echo ready; exec sleep 2000")
        self.assertIn("Z", self.inside("cat /proc/[0-9]*/stat | cut -d' ' -f3"))
        self.runtime("kill", self.second, "KILL", timeout=5)
        self.wait_status("stopped", self.second)
        self.runtime("delete", self.second, timeout=5)

    def test_the_end_of_the_first_is_the_end_of_both(self):
        self.join(DAEMON + "echo ready; exec sleep 2000")
        self.kill("KILL")
        self.wait_status("stopped", self.second)
        self.processes()  # reaps the second: until somebody has, the first's process waits for it in the kernel
        self.wait_status("stopped")
        self.runtime("delete", self.second)
        self.runtime("delete", self.name)

    def test_a_second_is_deleted_after_the_first(self):
        self.join(DAEMON + "echo ready; exec sleep 2000")
        self.delete_forcibly()
        self.assertEqual(self.status(self.second), "stopped")
        self.runtime("delete", self.second)

    def test_a_stopped_second_starts_again_under_its_name(self):
        self.join()
        self.kill_second()
        self.wait_status("stopped", self.second)
        self.runtime("delete", self.second)
        self.join()
        self.assertEqual(self.status(self.second), "running")

    def test_SIGKILL_of_the_firsts_process_from_outside_stops_both(self):
        self.join()
        os.kill(self.pid(), signal.SIGKILL)
        self.wait_status("stopped", self.second)
        self.processes()
        self.wait_status("stopped")


if __name__ == "__main__":
    unittest.main()
