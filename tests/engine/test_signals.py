import os
import pty
import signal
import subprocess
import time
import unittest

from engine_case import ENGINE, SANITIZED, EngineCase, guest

LEAVING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM)


class Running(EngineCase):
    def start(self, *command):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process


class Signals(Running):
    def leaves(self, *command):
        for number in LEAVING:
            with self.subTest(signal=number.name):
                process = self.start(*command)
                process.send_signal(number)
                self.assertEqual(process.wait(timeout=1), 128 + number)

    def test_a_sleeping_guest_leaves_with_128_and_the_number(self):
        self.leaves(ENGINE, guest("sleep"), "60")

    def test_a_computing_guest_leaves_with_128_and_the_number(self):
        self.leaves(ENGINE, guest("busy"))

    def test_a_guest_with_computing_threads_leaves_with_128_and_the_number(self):
        self.leaves(ENGINE, guest("threads"))

    @unittest.skipUnless(os.geteuid() == 0, "needs root for a pid namespace")
    def test_process_1_of_a_pid_namespace_leaves_too(self):
        process = self.start("unshare", "--pid", "--fork", "--kill-child", ENGINE, guest("busy"))
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as children:
            os.kill(int(children.read()), signal.SIGTERM)
        self.assertEqual(process.wait(timeout=1), 143)

    def test_a_signal_that_the_caller_ignores_stays_ignored(self):
        process = self.start("sh", "-c", 'trap "" HUP; exec "$@"', "sh", ENGINE, guest("sleep"), "1")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(timeout=5), 0)


class Clocks(Running):
    def test_an_absolute_sleep_ends_and_poll_keeps_its_timeout(self):
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        with os.fdopen(read) as silent:
            result = self.run_guest("abstime", stdin=silent, timeout=3)
        self.assertEqual(result.stdout, "on time 0\n")

    def test_a_sleeping_guest_is_never_woken(self):
        process = self.start(ENGINE, guest("sleep"), "60")

        def switches():
            with open(f"/proc/{process.pid}/status") as status:
                return [line for line in status if "ctxt_switches" in line]

        time.sleep(0.2)
        before = switches()
        time.sleep(2.2)
        self.assertEqual(switches(), before)


class Process(Running):
    def test_the_process_is_named_after_the_module(self):
        process = self.start(ENGINE, guest("sleep"), "60")
        with open(f"/proc/{process.pid}/comm") as comm:
            self.assertEqual(comm.read(), "sleep.wasm\n")

    @unittest.skipIf(SANITIZED, "the sanitizer's own memory is counted")
    def test_a_guest_stack_costs_no_memory_until_it_is_used(self):
        process = self.start(ENGINE, "--stack", str(1 << 26), guest("sleep"), "60")
        with open(f"/proc/{process.pid}/smaps_rollup") as rollup:
            private = sum(int(line.split()[1]) for line in rollup if line.startswith("Private_"))
        self.assertLess(private, 2048)

    def test_a_terminal_is_one_for_the_guest(self):
        master, slave = pty.openpty()
        with os.fdopen(slave, "r+b", buffering=0) as terminal, os.fdopen(master, "rb", buffering=0) as screen:
            subprocess.run([ENGINE, guest("isatty")], stdin=terminal, stdout=terminal, stderr=terminal, timeout=5, check=True)
            self.assertEqual(screen.read(100), b"1 1 1\r\n")

    def test_a_pipe_is_no_terminal(self):
        self.assertEqual(self.run_guest("isatty").stdout, "0 0 0\n")


if __name__ == "__main__":
    unittest.main()
