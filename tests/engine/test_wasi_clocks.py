"""WASI: clocks, and poll_oneoff with clocks."""

import unittest

from wasi_case import WasiCase


class Clocks(WasiCase):
    guest = "wasi_clocks"

    def test_the_time_is_told(self):
        self.prints("read", "realtime 1", "monotonic 1", "resolution: ok", "1", "resolution: ok")

    def test_an_unknown_clock_is_an_error(self):
        self.prints("unknown", "time: EINVAL", "resolution: EINVAL")

    def test_the_processors_time_passes(self):
        self.prints("processor_time", "process: ok", "thread: ok", "thread: ok", "1")


class Waiting(WasiCase):
    guest = "wasi_clocks"

    def test_a_wait_for_a_while_is_never_too_short(self):
        self.prints("relative",
                    "monotonic: ok", "1 event, type 0, data 42, ok, on time", "realtime: ok",
                    "1 event, type 0, data 43, ok, on time", "nothing: ok", "1 event, type 0, data 44, ok, on time")

    def test_a_wait_until_a_time_is_never_too_short(self):
        self.prints("absolute",
                    "monotonic: ok", "1 event, type 0, data 42, ok, on time", "realtime: ok",
                    "1 event, type 0, data 43, ok, on time", "past: ok", "1 event, type 0, data 44, ok, on time")

    def test_the_C_library_sleeps_long_enough(self):
        self.prints("sleep", "nanosleep: ok", "on time", "usleep: ok")

    def test_waiting_for_nothing_at_all_is_an_error(self):
        self.prints("none", "no subscription: EINVAL")

    def test_of_several_clocks_the_first_one_fires(self):
        self.prints("the_earliest_of_several", "wait: ok", "1 event, data 2")

    def test_nobody_waits_for_the_processors_time(self):
        self.prints("processor_time_as_alarm", "alone: EINVAL", "with another: EINVAL")

    def test_a_descriptor_that_is_not_open_is_an_event_at_once(self):
        self.prints("with_what_is_not_open", "EBADF")

    def test_a_file_is_always_ready_and_tells_how_much_is_left(self):
        self.prints("with_a_file", "poll: ok", "2 events, the first: data 2, ok, 4 bytes")


if __name__ == "__main__":
    unittest.main()
