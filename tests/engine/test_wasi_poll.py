"""WASI: poll_oneoff with descriptors, standard streams that do not block or are terminals or have lost their reader."""

import os
import pty
import subprocess
import tty
import unittest

from wasi_case import WAYS, WasiCase


class PollCase(WasiCase):
    guest = "wasi_poll"

    def pipe(self, text=b"", closed=False):
        """The end for reading of a pipe that holds this text."""
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, text)
        if closed:
            os.close(writing)
        else:
            self.addCleanup(os.close, writing)
        return reading


class Poll(PollCase):
    def test_input_is_an_event_with_the_number_of_bytes(self):
        self.prints("input", "data 2, type 1, ok, 5 bytes", stdin=self.pipe(b"hello"))

    def test_the_end_of_a_pipe_is_an_event(self):
        self.prints("input", "data 2, type 1, ok, 0 bytes, hung up", stdin=self.pipe(closed=True))

    def test_without_input_the_clock_fires(self):
        self.prints("no_input", "data 1, type 0, ok", stdin=self.pipe())

    def test_a_pipe_with_room_can_be_written(self):
        self.prints("output", "data 2, type 2, ok, 0 bytes")

    def test_two_descriptors_that_are_ready_are_two_events(self):
        self.prints("both", "data 1, type 1, ok, 3 bytes", "data 2, type 2, ok, 0 bytes", stdin=self.pipe(b"abc"))

    def test_of_two_descriptors_the_one_that_is_ready_is_an_event(self):
        self.prints("both", "data 2, type 2, ok, 0 bytes", stdin=self.pipe())

    def test_a_wait_of_less_than_a_millisecond_does_not_end_before_its_time(self):
        self.prints("short_waits", "0 early", stdin=self.pipe())

    def test_without_the_right_a_descriptor_cannot_be_waited_for(self):
        self.prints("without_the_right", "status: ok", "rights: ok", "data 1, type 1, ENOTCAPABLE, 0 bytes", stdin=self.pipe())


class StandardStreams(PollCase):
    def test_a_non_blocking_read_does_not_wait(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                process = self.begin(level, "nonblocking_input", stdin=subprocess.PIPE)
                self.assertEqual(process.stderr.readline(), "ready\n")
                out, _ = process.communicate("abc", timeout=20)
                self.assertEqual(out.splitlines(), ["flag: ok", "read: EAGAIN", "poll 1", "read 3, abc"])

    def test_the_kinds_of_streams_are_told(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        tty.setraw(theirs)
        for level in WAYS:
            with self.subTest(compiled=level):
                process = self.begin(level, "descriptors", stdin=theirs)
                out, _ = process.communicate(timeout=60)
                self.assertEqual(out.splitlines(), ["status: ok", "0: type 2", "0: seek refused", "status: ok", "1: type 6",
                                                    "1: seek refused", "status: ok", "2: type 6", "2: seek refused"])

    def test_a_file_as_stdin_can_be_sought(self):
        path = self.folder / "input"
        path.write_text("text")
        for level in WAYS:
            with self.subTest(compiled=level), open(path) as file:
                process = self.begin(level, "descriptors", stdin=file)
                self.assertEqual(process.communicate(timeout=60)[0].splitlines()[:3], ["status: ok", "0: type 4", "0: seek done"])

    def test_a_guest_sees_that_its_reader_has_gone(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                process = self.begin(level, "write_until_closed")
                process.stdout.close()
                self.assertEqual((process.stderr.read(), process.wait(timeout=60)), ("EPIPE\n", 3))


if __name__ == "__main__":
    unittest.main()
