"""WASI: what is done with open descriptors, their numbers and their rights; the calls that need none."""

import unittest

from wasi_case import WasiCase


class Contents(WasiCase):
    guest = "wasi_descriptors"

    def test_O_TRUNC_empties_a_file(self):
        self.prints("truncate_by_open", "0")

    def test_a_file_shrinks_and_grows_by_zeros(self):
        self.prints("sizes",
                    "shrink: ok", "2", "grow: ok", "6 101 0", "negative: EINVAL", "of one for reading: ENOTCAPABLE", "by name: ok",
                    "1")

    def test_O_APPEND_writes_at_the_end(self):
        self.prints("append", "write: ok", "file: onetwo")

    def test_what_is_opened_for_one_direction_has_no_other(self):
        self.prints("directions",
                    "read what is for writing: -1", "write what is for reading: -1", "read a directory: -1", "file: text")

    def test_offsets_are_set_from_the_start_here_and_the_end(self):
        self.prints("seek",
                    "3 5 9", "before the start: EINVAL", "tell: ok", "9", "from nowhere: EINVAL", "past the end: 20",
                    "read there: 0", "write there: ok", "21", "a hole of zeros: 1, 0")

    def test_offsets_and_sizes_go_beyond_4_GiB(self):
        self.prints("beyond_4_gib",
                    "5368709120", "write: ok", "5368709123", "3 far", "pwrite: ok", "5368709120", "3 Far", "grow: ok",
                    "6442450944")

    def test_pread_and_pwrite_leave_the_offset_alone(self):
        self.prints("at_an_offset", "3 456", "pwrite: ok", "place 0", "past the end: 0", "file: 0ab3456789")

    def test_several_buffers_are_read_and_written_at_once(self):
        self.prints("vectors",
                    "written 6", "read 6, ab cdef", "of no bytes: 0 0", "of no vectors, written: ok", "read: ok",
                    "written at an offset: ok", "read at an offset: ok")

    def test_advice_is_taken_and_unknown_advice_refused(self):
        self.prints("advise",
                    "advise: ok", "advise: ok", "advise: ok", "advise: ok", "advise: ok", "advise: ok", "unknown: EINVAL",
                    "of nothing: EBADF")

    def test_space_is_allocated_and_never_taken_away(self):
        self.prints("allocate", "allocate: ok", "110", "within: ok", "110", "nothing: EINVAL", "of one for reading: ENOTCAPABLE")

    def test_files_and_directories_are_synchronised(self):
        self.prints("synchronous",
                    "fd_fdstat_set_flags: ok", "fd_sync: ok", "fd_datasync: ok", "fd_sync of a directory: ok", "of nothing: EBADF")


class Flags(WasiCase):
    guest = "wasi_descriptors"

    def test_appending_is_switched_on_and_off(self):
        self.prints("flags", "0", "append: ok", "write: ok", "append 1", "no more: ok", "append 0", "file: textmore")

    def test_a_file_may_be_opened_non_blocking(self):
        self.prints("nonblocking", "nonblocking 1", "not any more: ok", "nonblocking 0")

    def test_a_descriptor_tells_its_kind_and_the_files_size(self):
        self.prints("kinds",
                    "file: ok", "type 4", "directory: ok", "type 3", "size: ok", "type 4, size 4, links 1", "nothing: EBADF")


class Rights(WasiCase):
    guest = "wasi_descriptors"

    def test_rights_are_given_up_and_never_come_back(self):
        self.prints("rights_shrink",
                    "without writing: ok", "read: ok", "write: EBADF", "with it again: ENOTCAPABLE", "write: EBADF")

    def test_what_a_directory_may_not_hand_on_cannot_be_opened_below_it(self):
        self.prints("rights_are_inherited", "set: ok", "to read: ok", "to write: ENOTCAPABLE")


class Numbers(WasiCase):
    guest = "wasi_descriptors"

    def test_a_new_descriptor_has_the_lowest_free_number(self):
        self.prints("numbers", "next 1", "lowest 1", "in place of stdin 0", "4 text")

    def test_what_is_closed_is_not_there_any_more(self):
        self.prints("closing", "close: ok", "again: EBADF", "never opened: EBADF", "read: EBADF", "status: EBADF")

    def test_a_descriptor_takes_the_place_of_another_and_may_take_its_own(self):
        self.prints("renumber",
                    "one to two: ok", "1 1", "one is closed: EBADF", "what is closed: EBADF", "to what never was: EBADF",
                    "to itself: ok", "1 1")

    def test_renumbering_may_go_on_for_ever(self):
        self.prints("renumber_often", "3000 times")

    def test_a_renumbered_directory_works_under_its_new_number(self):
        self.prints("renumber_a_directory", "renumber: ok", "9 in folder")

    def test_500_files_may_be_open(self):
        self.prints("many", "500 opened, 500 read")

    def test_preopened_directories_tell_their_names(self):
        self.prints("preopens",
                    "prestat: ok", "kind 0, length 1", "name: ok", "in too small a buffer: EINVAL", "of stdin: EBADF",
                    "of nothing: EBADF", "of one that was opened: EBADF")


class Process(WasiCase):
    guest = "wasi_descriptors"

    def test_random_bytes_are_random(self):
        self.prints("random_bytes", "get: ok", "half of the bits", "none: ok")

    def test_a_guest_may_yield(self):
        self.prints("yield", "yield: ok")

    def test_arguments_come_by_the_raw_calls(self):
        self.prints("arguments", "sizes: ok", "get: ok", "2, the last is arguments")

    def test_variables_come_by_the_raw_calls(self):
        self.prints("environment", "sizes: ok", "get: ok", "1")


if __name__ == "__main__":
    unittest.main()
