"""What a process in a container gets of its surroundings: descriptors, the working directory, capabilities, a user."""

import os
import struct
import unittest

from security_case import SecurityCase

CAP_NET_RAW = 13


class Descriptors(SecurityCase):
    """runc CVE-2024-21626: a descriptor of the host's that was left open, and a working directory that leads to one.

    What is inherited is seen with settle_descriptors() of src/container/launch.cc and the CloseDescriptors step doing nothing. A working
    directory outside takes the first of them doing nothing and inside_root() of src/init/directory.cc answering true, in exec; in a new
    container also the MakeDirectory step doing nothing, since that goes through no link of /proc/self/fd."""

    OUTSIDE = "from the working directory"  # what the attacker says of a working directory from which it can read the secret

    def setUp(self):
        super().setUp()
        (self.scratch / "secret").write_text("of the host\n")
        self.secret = str(self.scratch / "secret")
        self.attacker("descriptors")
        self.leaked = os.open("/", os.O_RDONLY | os.O_DIRECTORY)  # as if crumb's caller had forgotten it
        self.addCleanup(os.close, self.leaked)

    def test_nothing_is_inherited(self):
        result = self.run_container("/bin/descriptors", self.secret, pass_fds=(self.leaked,))
        self.assertEqual(result.out, "")

    def test_nothing_is_inherited_by_exec(self):
        self.running(pass_fds=(self.leaked,))
        self.assertEqual(self.exec("/bin/descriptors", self.secret, pass_fds=(self.leaked,)).out, "")

    def test_no_number_is_a_working_directory_outside(self):
        for number in range(3, 30):
            with self.subTest(number):
                self.process["cwd"] = f"/proc/self/fd/{number}"
                result = self.run_container("/bin/descriptors", self.secret, code=None, pass_fds=(self.leaked,))
                self.assertNotIn("outside", result.out)
                self.assertNotIn(self.OUTSIDE, result.out)

    def test_no_number_is_a_working_directory_outside_for_exec(self):
        self.running()
        for number in range(3, 30):
            with self.subTest(number):
                result = self.exec("/bin/descriptors", self.secret, flags=("--cwd", f"/proc/self/fd/{number}"), code=None,
                                   pass_fds=(self.leaked,))
                self.assertNotIn("outside", result.out)
                self.assertNotIn(self.OUTSIDE, result.out)

    def test_a_link_is_no_way_out_for_the_working_directory(self):
        os.symlink(f"/proc/self/fd/{self.leaked}", self.bundle.rootfs / "way")
        self.process["cwd"] = "/way"
        result = self.run_container("/bin/descriptors", self.secret, code=None, pass_fds=(self.leaked,))
        self.assertNotIn("outside", result.out)
        self.assertNotIn(self.OUTSIDE, result.out)


class Inheritable(SecurityCase):
    """runc CVE-2022-29162, crun CVE-2022-27650: inheritable capabilities that nobody asked for make files with inheritable
    capabilities give them to every user. Seen to fail with Capabilities taking what is permitted as inheritable, too."""

    def setUp(self):
        super().setUp()
        path = self.bundle.rootfs / self.attacker("capabilities").lstrip("/")
        # capabilities(7), VFS_CAP_REVISION_2 with the effective bit: permitted none, inheritable CAP_NET_RAW
        value = struct.pack("<IIIII", 0x02000001, 0, 1 << CAP_NET_RAW, 0, 0)
        os.setxattr(path, "security.capability", value)
        self.process["user"] = {"uid": 1000, "gid": 1000}

    def test_a_file_gives_none_by_default(self):
        self.assertEqual(self.run_container("/bin/capabilities").out, "0\n")

    def test_a_file_gives_none_by_default_in_exec(self):
        self.running()
        self.assertEqual(self.exec("/bin/capabilities").out, "0\n")
        self.assertEqual(self.exec("/bin/capabilities", flags=("--user", "1000:1000")).out, "0\n")

    def test_a_file_gives_what_config_json_makes_inheritable(self):
        """The attacker works."""
        self.process["capabilities"]["inheritable"] = ["CAP_NET_RAW"]
        self.assertEqual(self.run_container("/bin/capabilities").out, f"{1 << CAP_NET_RAW:x}\n")


class UserOfExec(SecurityCase):
    """crun CVE-2026-30892: what is no number was taken for user 0. Seen to fail with parse_id() of src/cli/process.cc taking what
    strtoul() makes of the text."""

    WRONG = ("", " ", "x", "user", "1000x", "x1000", " 1000", "1000 ", "+1000", "-1", "0x3e8", "1000:", ":", ":0", "1000:x", "1000:0:0",
             "1000.0", "1e3", "4294967295", "4294967296", "18446744073709551616", "1000,0", "1000\n", "１０００")

    def test_what_is_no_user_is_refused(self):
        self.running()
        for text in self.WRONG:
            with self.subTest(text):
                result = self.exec("/bin/id", "-u", flags=(f"--user={text}",), code=None)
                if text.strip() == "":  # an option without a value: the container's own user
                    self.assertNotEqual((result.code, result.out), (0, "1000\n"))
                    continue
                self.assertNotEqual(result.code, 0, result)
                self.assertEqual(result.out, "")

    def test_a_user_is_that_user(self):
        self.running()
        self.assertEqual(self.exec("/bin/id", "-u", flags=("--user=1000",)).out, "1000\n")
        self.assertEqual(self.exec("/bin/id", "-g", flags=("--user=1000:2000",)).out, "2000\n")


if __name__ == "__main__":
    unittest.main()
