"""What the engine makes of the policy in its options, interpreted and compiled."""

import os
import pathlib
import resource
import shutil
import socket
import subprocess
import threading
import unittest

from engine_case import COMPILER, SANITIZED, STATIC
from test_compiled import CompiledCase

WAYS = (None, 0, 3) if COMPILER.exists() else (None,)  # interpreted, and each level of compiled code
ACCESS = 2  # WASI's number


@unittest.skipUnless(os.geteuid() == 0, "needs root for a root directory of its own")
@unittest.skipIf(not STATIC, "a sanitized engine is not static")
class Directories(CompiledCase):
    """In a root directory with /etc/conf, /data/file and /data/sub/."""

    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"
        for path, content in (("etc/conf", "conf\n"), ("data/file", "content\n"), ("data/sub/file", "below\n")):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(content)

    def files(self, level, preopens, *arguments, cwd="/"):
        """Exit code and output of the guest `files`."""
        root = self.root
        if not (root / "engine").exists():
            shutil.copy(shutil.which(os.environ.get("CRUMB_WASM", "crumb-wasm")), root / "engine")
        code, out, err = self.finish("files", level, *arguments, options=[f"preopen={one}" for one in preopens], engine="/engine",
                                     preexec_fn=lambda: os.chroot(root) or os.chdir(cwd))
        return code, out, err

    def reads(self, level, preopens, path, **options):
        return self.files(level, preopens, path, **options)[0] == 0

    def writes(self, level, preopens, path, **options):
        return self.files(level, preopens, path, "w", "new", **options)[0] == 0

    def test_what_is_not_listed_is_not_there(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertTrue(self.reads(level, ["rw /data"], "/data/file"))
                for path in ("/etc/conf", "/data/../etc/conf", "../etc/conf", "etc/conf"):
                    self.assertFalse(self.reads(level, ["rw /data"], path), path)

    def test_what_is_below_a_listed_directory_is_given(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertTrue(self.reads(level, ["ro /data"], "/data/sub/file"))

    def test_a_writable_directory_is_written(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertTrue(self.writes(level, ["rw /data"], f"/data/new{level}"))

    def test_a_read_only_directory_is_not_changed(self):
        before = sorted(self.root.rglob("*"))
        for level in WAYS:
            with self.subTest(compiled=level):
                for arguments in (("/data/new", "w", "x"), ("/data/file", "w", "x"), ("/data/link", "s", "x"),
                                  ("/data/file", "r", "/data/name"), ("/data/sub/file", "w", "x")):
                    self.assertNotEqual(self.files(level, ["ro /data"], *arguments)[0], 0, arguments)
        self.assertEqual([path for path in sorted(self.root.rglob("*")) if path.name != "engine"], before)
        self.assertEqual((self.root / "data/file").read_text(), "content\n")

    def test_a_file_cannot_be_moved_out_of_a_read_only_directory(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, _ = self.files(level, ["ro /data", "rw /etc"], "/data/file", "r", "/etc/file")
                self.assertNotEqual(code, 0)

    def test_links_are_made_whatever_the_working_directory_holds(self):
        """Seen to fail without patch 0005: /etc is there, and is not given."""
        (self.root / "data/etc").write_text("a file of the same name\n")
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.files(level, ["rw /data"], f"/data/link{level}", "s", "etc/conf"), (0, "", ""))
                self.assertEqual(self.files(level, ["rw /data"], "/data/etc", "h", f"/data/hard{level}"), (0, "", ""))
                self.assertEqual(os.readlink(self.root / f"data/link{level}"), "etc/conf")
                self.assertEqual((self.root / f"data/hard{level}").read_text(), "a file of the same name\n")

    def test_a_read_only_root_may_hold_a_writable_directory(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                given = ["ro /", "rw /data"]
                self.assertTrue(self.writes(level, given, "/data/new"))
                self.assertTrue(self.reads(level, given, "/etc/conf"))
                self.assertFalse(self.writes(level, given, "/etc/conf"))
                self.assertFalse(self.writes(level, given, "/new"))

    def test_the_working_directory_has_the_rights_of_the_directory_that_holds_it(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertTrue(self.reads(level, ["ro /data"], "file", cwd="/data/sub"))
                self.assertFalse(self.writes(level, ["ro /data"], "file", cwd="/data/sub"))
                self.assertTrue(self.writes(level, ["ro /", "rw /data"], "file", cwd="/data/sub"))
                self.assertFalse(self.writes(level, ["ro /", "rw /data"], "file", cwd="/etc"))

    def test_a_working_directory_that_is_not_given_is_not_there(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertFalse(self.reads(level, ["rw /data"], "conf", cwd="/etc"))

    def test_a_listed_directory_that_is_missing_is_an_error(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, err = self.files(level, ["rw /missing"], "/x")
                self.assertEqual(code, 126)
                self.assertIn("directory /missing cannot be given to the guest: No such file or directory", err)


@unittest.skipUnless(pathlib.Path("/proc/self").exists(), "needs procfs")
class KernelDirectories(CompiledCase):
    def test_a_listed_directory_of_the_kernels_own_is_an_error(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, err = self.finish("hello", level, options=["preopen=rw /proc/self"])
                self.assertEqual(code, 126)
                self.assertIn("/proc/self cannot be given to the guest: it belongs to the kernel's own filesystems", err)


class Sockets(CompiledCase):
    def server(self):
        """A port of this machine where one client is answered with "ok"; what it sent is appended to the list."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        said = []

        def serve():
            try:
                peer, _ = listener.accept()
                with peer:
                    said.append(peer.recv(100))
                    peer.sendall(b"ok")
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1], said

    def test_with_all_a_guest_connects(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                port, said = self.server()
                self.assertEqual(self.finish("network", level, "connect", str(port), options=["network=all"]), (0, "ok", ""))
                self.assertEqual(said, [b"hello from wasm\n"])

    def test_with_all_a_guest_serves(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                with socket.create_server(("::1", 0), family=socket.AF_INET6) as free:
                    port = free.getsockname()[1]
                process = self.start("network", level, "serve", str(port), options=["network=all"])
                self.assertEqual(process.stdout.readline(), "ready\n")
                with socket.create_connection(("::1", port)) as client:
                    client.sendall(b"ok")
                    self.assertEqual(client.recv(100), b"hello from wasm\n")
                self.assertEqual((process.communicate(timeout=20)[0], process.returncode), ("ok", 0))

    def test_without_all_a_guest_makes_no_socket(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                for network in ("none", "listen"):
                    port, _ = self.server()
                    result = self.finish("network", level, "connect", str(port), options=["network=" + network])
                    self.assertEqual(result, (ACCESS, "", ""))

    def test_without_all_a_guest_resolves_no_name(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.finish("network", level, "resolve", "localhost", options=["network=listen"]), (ACCESS, "", ""))

    def test_with_all_a_guest_resolves_numbers_and_names_of_the_hosts_file(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.finish("network", level, "resolve", "10.1.2.3", options=["network=all"]), (0, "10.1.2.3\n", ""))
                _, out, _ = self.finish("network", level, "resolve", "localhost", options=["network=all"])
                self.assertIn("127.0.0.1\n", out)

    def test_asking_for_no_address_at_all_is_an_error_and_no_crash(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, _, _ = self.finish("network", level, "none", "localhost", options=["network=all"])
                self.assertEqual(code, 28)  # EINVAL


@unittest.skipUnless(os.geteuid() == 0, "needs root for a network and mounts of its own")
@unittest.skipIf(SANITIZED, "a sanitized engine is not static")
class Names(CompiledCase):
    """A server of names in a network namespace, asked by the C library's resolver."""

    SERVER = pathlib.Path(__file__).resolve().parent / "name_server.py"

    def resolve(self, level, name):
        (self.folder / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        (self.folder / "nsswitch.conf").write_text("hosts: evil\n")
        script = (f"ip link set lo up && mount --bind {self.folder}/resolv.conf /etc/resolv.conf && "
                  f"mount --bind {self.folder}/nsswitch.conf /etc/nsswitch.conf && exec python3 {self.SERVER} \"$@\"")
        return self.finish("network", level, "resolve", name, options=["network=all"],
                           through=["unshare", "--net", "--mount", "sh", "-c", script, "sh"])

    def setUp(self):
        super().setUp()
        if subprocess.run(["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
            self.skipTest("no network namespace of its own with a loopback device can be had")

    def test_addresses_of_both_kinds_come_from_the_server(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.assertEqual(self.resolve(level, "both.test"), (0, "192.0.2.7\n2001::7\n", ""))

    def test_a_name_that_does_not_exist_is_an_error(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                code, out, _ = self.resolve(level, "missing.test")
                self.assertEqual(out, "")
                self.assertNotEqual(code, 0)


class Threads(CompiledCase):
    def test_a_guest_has_as_many_threads_as_the_policy_says(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                for count in (0, 1, 7):
                    self.assertEqual(self.finish("spawn", level, options=[f"threads={count}"]), (count, "", ""))

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become another user")
    def test_where_the_kernel_gives_no_more_threads_a_guest_sees_an_error(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (5, 5))
            os.setuid(54321)

        for level in WAYS:
            with self.subTest(compiled=level):
                code, out, err = self.finish("spawn", level, options=["preopen=none"], cwd="/", preexec_fn=limit)
                self.assertEqual((code, out, err), (4, "", ""))


class Code(CompiledCase):
    def test_without_code_that_can_be_used_nothing_runs_where_code_is_required(self):
        process = self.start("hello", None, code=b"something else", options=["code=required"])
        out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out), (126, ""))
        self.assertRegex(err, r"\Acrumb: /guest.wasm: .+\n\Z")


if __name__ == "__main__":
    unittest.main()
