"""What is the handler's own: its names, what it finds out by itself, and what it asks of the machine."""

import os
import socket
import subprocess
import unittest

from crun_case import HANDLER, SMART, TESTS, Handled

from support import ContainerCase
from test_wasm import WasmCase

MIB = 1 << 20


class Names(WasmCase):
    def handled(self, annotation, *args, **popen):
        self.config["annotations"] = {"run.oci.handler": annotation}
        return self.run_container(*args, **popen)

    def test_crun_names_the_handler_among_its_features(self):
        self.assertEqual(self.runtime("--version").out.count("+WASM:crumb"), 1)

    def test_a_module_runs_under_each_name(self):
        self.bundle.guest("hello", "/hello.wasm")
        for name in ("crumb", "wasm", "crumb-smart", "wasm-smart"):
            with self.subTest(name):
                self.assertEqual(self.handled(name, "/hello.wasm").out, "hello from wasm\n")

    def test_a_native_program_is_refused_under_the_names_of_modules(self):
        for name in ("crumb", "wasm"):
            with self.subTest(name):
                result = self.handled(name, "/bin/echo", "native", code=126)
                self.assertEqual((result.out, result.err), ("", "crumb: /bin/echo: is not a WebAssembly module\n"))

    def test_a_native_program_runs_under_the_smart_names(self):
        for name in ("crumb-smart", "wasm-smart"):
            with self.subTest(name):
                self.assertEqual(self.handled(name, "/bin/echo", "native").out, "native\n")

    def test_a_native_program_that_cannot_be_executed_says_why(self):
        self.bundle.file("/data", "no program\n")
        for path, code, reason in (("/data", 126, "Permission denied"), ("/none", 127, "No such file or directory"),
                                   ("none", 127, "no such file in $PATH")):
            with self.subTest(path):
                self.assertEqual(self.handled("crumb-smart", path, code=code).err, f"crumb: {path}: {reason}\n")

    def test_without_the_annotation_crun_is_as_it_was(self):
        self.assertEqual(self.run_container("/bin/echo", "native").out, "native\n")


class Memory(Handled, WasmCase):
    """The limit is the container's cgroup's, seen on the host when the container is made, and inside where it is mounted."""

    def setUp(self):
        super().setUp()
        self.linux["resources"] = {"memory": {"limit": 64 * MIB}}

    def test_a_guest_sees_that_there_is_no_more_memory_and_is_not_killed(self):
        got = int(self.guest("grow", "touch").out.split()[0])
        self.assertGreater(got, 45)
        self.assertLess(got, 61)

    def test_an_executed_module_sees_it_where_the_cgroup_is_mounted(self):
        self.mount("/sys/fs/cgroup", "cgroup", "cgroup", ("ro", "nosuid", "noexec", "nodev"))
        self.bundle.guest("grow", "/app/grow.wasm")
        self.running_guest()
        got = int(self.exec("/app/grow.wasm").out.split()[0])
        self.assertGreater(got, 16)
        self.assertLess(got, 61)

    def test_the_refusal_of_a_larger_minimum_has_both_numbers(self):
        self.linux["resources"]["memory"]["limit"] = 32 * MIB
        self.bundle.guest("bigmin", "/bigmin.wasm")
        result = self.run_container("/bigmin.wasm", code=126)
        self.assertIn("needs 64 MiB of memory at start", result.err)
        self.assertIn("the container's 32 MiB", result.err)


class Sockets(Handled, WasmCase):
    def accepted(self, environment):
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            with socket.create_connection(server.getsockname()):  # the guest accepts it if it can
                def hand_over():
                    os.dup2(server.fileno(), 3)
                    os.set_inheritable(3, True)
                return self.guest("socket", env={**os.environ, **environment}, close_fds=False, preexec_fn=hand_over)

    def test_a_listening_socket_that_is_handed_over_is_the_guests(self):
        self.namespace("network")
        self.process["env"] += ["LISTEN_FDS=1"]  # crun says LISTEN_PID=1 itself
        self.assertEqual(self.accepted({"LISTEN_FDS": "1"}).out, "")

    def test_no_other_socket_is(self):
        self.namespace("network")
        self.assertEqual(self.accepted({}).out, "no socket\n")


class Machine(unittest.TestCase):
    """A handler that cannot be loaded makes every command of crun fail."""

    @staticmethod
    def dynamic(file, kind):
        lines = subprocess.run(["readelf", "--dynamic", "--wide", file], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        return {line.split("[")[1].rstrip("]") for line in lines if f"({kind})" in line}

    def test_the_handler_needs_no_library_but_the_c_librarys_own(self):
        self.assertLessEqual(self.dynamic(HANDLER, "NEEDED"), {"libc.so.6", "libm.so.6", "libresolv.so.2", "libgcc_s.so.1", "ld-linux-x86-64.so.2"})

    def test_libgcc_is_there_before_the_containers_root_is(self):
        """glibc loads it when a thread ends."""
        self.assertIn("libgcc_s.so.1", self.dynamic(HANDLER, "NEEDED"))

    def test_the_smart_one_is_found_beside_it(self):
        self.assertIn("crumb-crun.so", self.dynamic(SMART, "NEEDED"))
        self.assertEqual(self.dynamic(SMART, "RUNPATH"), {"$ORIGIN"})

    def test_nothing_is_seen_from_outside_but_the_tables(self):
        lines = subprocess.run(["nm", "--dynamic", "--defined-only", HANDLER], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        self.assertEqual({line.split()[-1] for line in lines}, {"run_oci_handler_get_handler", "crumb_crun_smart_handler"})


class HostileRoot(Handled, ContainerCase):
    """Seen to fail with -static-libgcc in place of -lgcc_s in src/crun/CMakeLists.txt: glibc goes for the image's libgcc_s.so.1 when a thread
    ends, and the engine's filter ends the guest."""

    def setUp(self):
        super().setUp()
        attackers = TESTS.parent / "build/attackers"
        subprocess.run([TESTS / "security/build", attackers], check=True)
        for name in ("libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"):
            for folder in ("lib", "usr/lib", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"):
                self.bundle.file(f"/{folder}/{name}", (attackers / "constructor.so").read_bytes(), 0o755)

    def test_nothing_is_loaded_from_the_image_when_a_thread_ends(self):
        self.bundle.guest("threadend", "/threadend.wasm")
        self.run_container("/threadend.wasm")
        self.assertFalse((self.bundle.rootfs / "loaded").exists())


if __name__ == "__main__":
    unittest.main()
