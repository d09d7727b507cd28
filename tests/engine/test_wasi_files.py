"""WASI: files, directories and links by their paths."""

import unittest

from wasi_case import WasiCase


class Files(WasiCase):
    guest = "wasi_files"

    def test_a_file_is_created_and_with_O_EXCL_only_where_nothing_is(self):
        self.prints("create",
                    "new: ok", "again: ok", "exclusive, there: EEXIST", "exclusive, new: ok", "exclusive, a dangling link: EEXIST",
                    "below a missing directory: ENOENT")

    def test_without_O_EXCL_a_dangling_link_is_followed_to_what_is_created(self):
        self.prints("through_a_dangling_link", "create: ok", "target: ok")

    def test_O_DIRECTORY_opens_directories_alone_and_nothing_opens_one_to_write(self):
        self.prints("kinds",
                    "directory wanted, file: ENOTDIR", "directory wanted, folder: ok", "folder to write: EISDIR",
                    "folder to read and write: EISDIR", "create over a folder: EISDIR")

    def test_each_kind_of_bad_name_has_its_error(self):
        self.prints("errors_of_names", "missing: ENOENT", "empty: ENOENT", "below a file: ENOTDIR", "too long: ENAMETOOLONG")

    def test_a_slash_at_the_end_stands_for_a_directory(self):
        self.prints("slashes",
                    "open file/: ENOTDIR", "open folder/: ok", "open folder//.: ok", "open ./file: ok", "create new/: EISDIR",
                    "mkdir made/: ok", "unlink file/: ENOTDIR", "rename folder/ to moved/: ok", "rename file to named/: ENOTDIR",
                    "rename file/ to named: ENOTDIR", "rmdir moved/: ok")

    def test_a_file_is_renamed_also_over_another(self):
        self.prints("rename_files",
                    "to a new name: ok", "over a file: ok", "two: 1", "three: ENOENT", "missing: ENOENT", "to itself: ok",
                    "two: 1")

    def test_what_is_removed_must_be_of_the_kind_and_an_open_file_stays_readable(self):
        self.prints("removing",
                    "unlink a directory: EISDIR", "rmdir a file: ENOTDIR", "rmdir a full directory: ENOTEMPTY",
                    "unlink nothing: ENOENT", "rmdir nothing: ENOENT", "unlink an open file: ok", "read: 4", "name: ENOENT")

    def test_the_status_of_a_link_is_its_own_unless_it_is_followed(self):
        self.prints("status",
                    "file, follow 0: type 4, size 4", "file, follow 1: type 4, size 4", "folder, follow 0: type 3, size 0",
                    "folder, follow 1: type 3, size 0", "link, follow 0: type 7, size 0", "link, follow 1: type 4, size 4",
                    "dangling, follow 0: type 7, size 0", "dangling, follow 1: ENOENT", "missing, follow 0: ENOENT",
                    "missing, follow 1: ENOENT")

    def test_two_names_of_a_file_have_one_device_and_inode(self):
        self.prints("same_file", "1")

    def test_timestamps_are_set_to_the_nanosecond_and_by_themselves(self):
        self.prints("times",
                    "both: ok", "file: 1000000001 2000000002", "one: ok", "file: 1000000001 3000000003", "through a link: ok",
                    "file: 7000000007 3000000003", "of a link: ok", "link: 1000000009 1000000010", "file: 7000000007 3000000003",
                    "a time and now: EINVAL", "by descriptor: ok", "file: 4000000004 5000000005", "now: ok",
                    "later: 1, atime 4000000004")


class Escapes(WasiCase):
    guest = "wasi_files"

    def test_nothing_outside_is_reached_by_a_path_or_a_link(self):
        self.prints("escapes",
                    "..: refused", "../x: refused", "inside/../..: refused", "inside/../../x: refused", "/etc: refused",
                    "/: refused", "./../x: refused", "link up: refused", "link winding: refused", "create: refused",
                    "rename: refused")

    def test_what_leaves_the_directory_has_an_error_of_its_own(self):
        self.prints("errors_of_escapes", "..: ENOTCAPABLE", "absolute: ENOTCAPABLE", "link: ENOTCAPABLE", "mkdir: ENOTCAPABLE")

    def test_two_dots_that_stay_inside_are_followed(self):
        self.prints("dots_within", "a/b/../file: in a", "a/./b/./../file: in a", "a/b/up: in a")


class Links(WasiCase):
    guest = "wasi_files"

    def test_a_hard_link_is_another_name_of_a_file_or_of_a_link(self):
        self.prints("hard_links",
                    "link: ok", "other: text", "links: 2", "over a file: EEXIST", "of a directory: EPERM", "of nothing: ENOENT",
                    "of a symbolic link: ok", "is a link: 1")

    def test_a_symbolic_link_is_made_read_followed_and_removed(self):
        self.prints("symbolic_links",
                    "make: ok", "link: text", "over a file: EEXIST", "over a link: EEXIST", "empty: ENOENT", "readlink: 4",
                    "text: file", "readlink of a file: EINVAL", "readlink of nothing: ENOENT", "not followed: ELOOP",
                    "dangling: ENOENT", "unlink: ok", "file: text")

    def test_a_target_is_cut_to_the_buffer(self):
        self.prints("readlink_in_a_small_buffer", "3", "lon")

    def test_a_loop_of_links_is_an_error_unless_it_is_not_followed(self):
        self.prints("loops", "open: ELOOP", "below: ELOOP", "stat: ELOOP", "lstat: ok")

    def test_a_link_to_a_directory_is_followed_and_is_no_directory_itself(self):
        self.prints("links_to_directories", "link/file: text", "open link/: ok", "rmdir link: ENOTDIR", "unlink link: ok")


class Directories(WasiCase):
    guest = "wasi_files"

    def test_a_directory_is_made_where_nothing_is(self):
        self.prints("directories",
                    "make: ok", "again: EEXIST", "over a file: EEXIST", "below a file: ENOTDIR", "below nothing: ENOENT")

    def test_a_directory_is_renamed_over_an_empty_one_alone(self):
        self.prints("rename_directories",
                    "file over directory: EISDIR", "directory over file: ENOTDIR", "directory over a full one: ENOTEMPTY",
                    "directory over an empty one: ok", "empty/file: kept", "into itself: EINVAL")

    def test_every_entry_is_listed_once_and_new_ones_after_rewinding(self):
        self.prints("list", "1000 files, 2 dots", "again 1000", "with a new one 1001")

    def test_a_small_buffer_gets_every_entry_once_by_the_cookies(self):
        self.prints("list_in_a_small_buffer", "300 files, 0 twice")

    def test_entries_may_be_removed_while_they_are_listed(self):
        self.prints("remove_while_listing", "500 removed", "rmdir: ok")

    def test_entries_tell_their_kinds(self):
        self.prints("kinds_in_a_list", "file 1, directory 1, link 1")

    def test_a_file_has_no_entries(self):
        self.prints("list_a_file", "opendir: ENOTDIR", "readdir: refused")


if __name__ == "__main__":
    unittest.main()
