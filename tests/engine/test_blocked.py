"""Guests that are blocked in a call of the kernel: signals end them, being stopped and continued changes nothing. Interpreted and
compiled."""

import os
import pathlib
import signal
import socket
import time
import unittest

from test_compiled import CompiledCase
from test_policy import WAYS

CALLS = ("read", "poll", "accept")


class BlockedCase(CompiledCase):
    def blocked(self, call, level):
        """A guest that waits in this call."""
        listener = socket.create_server(("127.0.0.1", 0)) if call == "accept" else None
        read, write = os.pipe()
        with open(read, "rb") as silent:
            self.input = open(write, "wb", buffering=0)
            self.addCleanup(self.input.close)
            options = {"listener": listener.fileno(), "options": ["listen=1"]} if listener else {}
            process = self.start("blocked", level, call, stdin=silent, **options)
        if listener:
            self.addCleanup(listener.close)
        self.assertEqual(process.stdout.readline(), "ready\n")
        self.wait_for(process, "S")
        return process

    def wait_for(self, process, state):
        for _ in range(2000):
            if pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2][0] == state:
                return
            time.sleep(0.005)
        self.fail(f"the guest does not come to state {state}")


class Signals(BlockedCase):
    def test_a_guest_leaves_with_128_and_the_number(self):
        for call in CALLS:
            for level in WAYS:
                for number in (signal.SIGTERM, signal.SIGUSR2):
                    with self.subTest(call=call, compiled=level, signal=number.name):
                        process = self.blocked(call, level)
                        process.send_signal(number)
                        self.assertEqual(process.wait(timeout=10), 128 + number)


class Stopped(BlockedCase):
    def test_a_guest_that_was_stopped_waits_on_and_gets_what_comes(self):
        for call in ("read", "poll"):
            for level in WAYS:
                with self.subTest(call=call, compiled=level):
                    process = self.blocked(call, level)
                    process.send_signal(signal.SIGSTOP)
                    self.wait_for(process, "T")
                    process.send_signal(signal.SIGCONT)
                    self.wait_for(process, "S")
                    self.input.write(b"data\n")
                    out, err = process.communicate(timeout=10)
                    self.assertEqual((process.returncode, out, err), (0, "got data\n", ""))

    def test_a_sleep_that_was_interrupted_ends_when_it_should(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                process = self.start("sleep", level, "1")
                self.assertEqual(process.stdout.readline(), "ready\n")
                process.send_signal(signal.SIGSTOP)
                self.wait_for(process, "T")
                process.send_signal(signal.SIGCONT)
                self.assertEqual(process.wait(timeout=20), 0)


if __name__ == "__main__":
    unittest.main()
