"""Signals to `run`, orphans, and the death of the runtime itself."""

import os
import pathlib
import signal
import unittest

from support import ContainerCase, children_of

LISTEN = 'for s in HUP INT QUIT TERM USR1 USR2; do trap "echo got $s; exit 5" $s; done; echo ready; while :; do sleep 0.02; done'


class Forwarding(ContainerCase):
    def forwarded(self, number, name):
        running = self.spawn_run("/bin/sh", "-c", LISTEN)
        self.until(lambda: "ready" in running.output(), "the program does not start")
        os.kill(running.pid, number)
        result = running.wait()
        self.assertEqual((result.code, result.out), (5, f"ready\ngot {name}\n"))

    def test_SIGTERM(self):
        self.forwarded(signal.SIGTERM, "TERM")

    def test_SIGINT(self):
        self.forwarded(signal.SIGINT, "INT")

    def test_SIGHUP(self):
        self.forwarded(signal.SIGHUP, "HUP")

    def test_SIGQUIT(self):
        self.forwarded(signal.SIGQUIT, "QUIT")

    def test_SIGUSR1(self):
        self.forwarded(signal.SIGUSR1, "USR1")

    def test_the_program_starts_with_no_signal_ignored_or_blocked_whatever_the_caller_ignores(self):
        def ignore():
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)

        out = self.run_container("/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status", preexec_fn=ignore).out
        self.assertEqual(out, f"SigBlk:\t{0:016x}\nSigIgn:\t{0:016x}\n")


class Orphans(ContainerCase):
    def test_run_in_the_hosts_pid_namespace_ends_what_its_program_left(self):
        self.namespace("pid")
        self.sh("sleep 1000 & echo started")
        self.assertEqual(self.processes(), [])

    def test_run_takes_the_statuses_of_orphans(self):
        self.namespace("pid")
        running = self.spawn_run("/bin/sh", "-c", "(true & true & true &); sleep 0.3; echo ready; sleep 1000")
        self.until(lambda: "ready" in running.output(), "the program does not start")
        self.until(lambda: "Z" not in children_of(running.pid).values(), "orphans of the container stay zombies")

    def test_the_programs_exit_code_is_not_mistaken_for_an_orphans(self):
        self.namespace("pid")
        self.sh("(sh -c 'exit 3' &); sleep 0.3; exit 4", code=4)

    def test_a_pid_namespace_ends_with_its_first_process(self):
        self.sh("sleep 1000 & exit 0")
        self.assertEqual(self.processes(), [])


class Killed(ContainerCase):
    def test_after_SIGKILL_of_run_the_container_can_be_deleted(self):
        running = self.spawn_run("/bin/sh", "-c", "echo ready; sleep 1000")
        self.until(lambda: "ready" in running.output(), "the program does not start")
        running.kill()
        self.delete_forcibly()
        self.unknown()

    def test_after_SIGKILL_of_run_the_container_is_still_known(self):
        running = self.spawn_run("/bin/sh", "-c", "echo ready; sleep 1000")
        self.until(lambda: "ready" in running.output(), "the program does not start")
        running.kill()
        self.assertEqual(self.status(), "running")

    def test_after_SIGKILL_of_exec_the_container_runs_on(self):
        self.running()
        command = self.spawn("exec", self.name, "/bin/sh", "-c", "echo ready; sleep 1000")
        self.until(lambda: "ready" in command.output(), "the program does not start")
        command.kill()
        self.assertEqual(self.status(), "running")

    def test_SIGKILL_of_the_first_process_from_outside_is_noticed(self):
        self.running()
        os.kill(self.pid(), signal.SIGKILL)
        self.wait_status("stopped")
        self.runtime("delete", self.name)

    def test_a_container_with_a_frozen_cgroup_is_deleted_by_force(self):
        self.running()
        folder = self.cgroup_folder("freezer")
        frozen = folder / "freezer.state"
        if frozen.exists():
            frozen.write_text("FROZEN")
        else:
            (folder / "cgroup.freeze").write_text("1")
        self.until(lambda: self.status() == "paused", "the container is not paused")
        self.delete_forcibly()
        self.unknown()

    def test_a_first_process_that_ignores_SIGTERM_is_killed_by_force(self):
        created = self.running("/bin/sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
        self.until(lambda: "ready" in created.output(), "the program does not start")
        self.kill("TERM")
        self.assertEqual(self.status(), "running")
        pid = self.pid()
        self.delete_forcibly()
        self.assertFalse(pathlib.Path(f"/proc/{pid}/cgroup").exists() and self.processes())


if __name__ == "__main__":
    unittest.main()
