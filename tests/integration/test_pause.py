"""pause and resume: the freezers of cgroup version 1 and 2."""

import time
import unittest

from support import KIND, UNIFIED, ContainerCase, not_on, only_crumb

COUNT = "i=0; while :; do i=$((i+1)); echo $i > /tmp/count; sleep 0.02; done"


class Pause(ContainerCase):
    def counter(self):
        text = (self.bundle.rootfs / "tmp/count")
        return text.read_text().strip() if text.exists() else ""

    def counting(self):
        self.running("/bin/sh", "-c", COUNT)
        self.until(self.counter, "the program does not count")

    def wait_until_it_counts(self):
        before = self.counter()
        self.until(lambda: self.counter() not in ("", before), "the program does not go on")

    def processes_of_cgroup(self):
        return (self.cgroup_folder("freezer") / "cgroup.procs").read_text().split()

    def test_a_paused_container_stands_still_and_a_resumed_one_goes_on(self):
        self.counting()
        self.runtime("pause", self.name)
        before = self.counter()
        time.sleep(0.3)
        self.assertEqual(self.counter(), before)
        self.runtime("resume", self.name)
        self.wait_until_it_counts()

    @not_on("runc", "1.1 gives up where many processes are busy")
    def test_pause_returns_when_every_process_has_stopped(self):
        self.running("/bin/sh", "-c", "for i in 1 2 3 4 5; do sh -c 'while :; do :; done' & done; wait")
        self.until(lambda: len(self.processes_of_cgroup()) == 6, "the processes do not start")
        self.runtime("pause", self.name)
        if UNIFIED:
            self.assertIn("frozen 1", (self.cgroup_folder("freezer") / "cgroup.events").read_text())
        else:
            self.assertEqual((self.cgroup_folder("freezer") / "freezer.state").read_text(), "FROZEN\n")

    def test_the_states_are_paused_and_running(self):
        self.running()
        self.runtime("pause", self.name)
        self.assertEqual(self.status(), "paused")
        self.runtime("resume", self.name)
        self.assertEqual(self.status(), "running")

    def test_a_created_container_can_be_paused_and_started_when_it_is_resumed(self):
        created = self.create("/bin/echo", "started")
        self.runtime("pause", self.name)
        self.assertEqual(self.status(), "paused")
        if KIND == "crumb":  # runc waits for ever
            self.fails("start", self.name, words="paused")
        self.runtime("resume", self.name)
        self.assertEqual(self.status(), "created")
        self.start()
        self.wait_status("stopped")
        self.assertEqual(created.output(), "started\n")

    @not_on("crun", "pauses what is paused")
    def test_a_paused_container_is_not_paused_again(self):
        self.running()
        self.runtime("pause", self.name)
        self.fails("pause", self.name, words="container not running")

    @not_on("crun", "resumes what runs")
    def test_a_running_container_is_not_resumed(self):
        self.running()
        self.fails("resume", self.name, words="container not paused")

    @not_on("crun", "other words")
    def test_a_stopped_container_is_neither_paused_nor_resumed(self):
        self.running("/bin/true")
        self.wait_status("stopped")
        self.fails("pause", self.name, words="container not running")
        self.fails("resume", self.name, words="container not paused")

    def test_an_unknown_container_does_not_exist(self):
        self.fails("pause", self.name, words="does not exist")
        self.fails("resume", self.name, words="does not exist")

    def test_SIGKILL_ends_a_paused_container(self):
        self.running()
        self.runtime("pause", self.name)
        self.kill("KILL")
        self.wait_status("stopped")

    @not_on("runc", "1.1 leaves them frozen")
    @not_on("crun", "likewise")
    def test_SIGKILL_ends_a_paused_container_without_a_pid_namespace_of_its_own(self):
        self.namespace("pid")
        self.running("/bin/sh", "-c", "sleep 1000 & sleep 1000")
        self.until(lambda: len(self.processes_of_cgroup()) == 2, "the processes do not start")
        self.runtime("pause", self.name)
        self.kill("KILL")
        self.until(lambda: not self.processes(), "processes are left")

    def test_another_signal_arrives_when_the_container_is_resumed(self):
        created = self.running("/bin/sh", "-c", "trap 'echo got TERM; exit' TERM; echo ready; while :; do sleep 0.02; done")
        self.until(lambda: "ready" in created.output(), "the program does not start")
        self.runtime("pause", self.name)
        self.kill("TERM")
        self.assertEqual(self.status(), "paused")
        self.runtime("resume", self.name)
        self.until(lambda: "got TERM" in created.output(), "the signal does not arrive")

    def test_a_paused_container_is_deleted_by_force(self):
        self.running()
        self.runtime("pause", self.name)
        self.delete_forcibly()
        self.unknown()

    def test_exec_is_refused_while_the_container_is_paused(self):
        self.running()
        self.runtime("pause", self.name)
        self.fails("exec", self.name, "/bin/true", words="paused")

    @only_crumb("WebAssembly")
    def test_a_webassembly_module_is_paused_too(self):
        self.bundle.guest("busy", "/guest.wasm")
        self.running("/guest.wasm")
        self.runtime("pause", self.name)
        self.assertEqual(self.status(), "paused")
        self.runtime("resume", self.name)
        self.assertEqual(self.status(), "running")

    @only_crumb("--cgroup-manager=disabled")
    def test_without_a_cgroup_there_is_one_clear_error(self):
        self.create("/bin/sleep", "1000", options=("--cgroup-manager", "disabled"))
        self.start()
        self.fails("pause", self.name, words="no cgroup with a freezer")


if __name__ == "__main__":
    unittest.main()
