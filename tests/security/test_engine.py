"""The engine of WebAssembly modules in a hostile root filesystem: it loads nothing from there, executes no compiled code, and its
guest reaches neither kernel filesystems nor sockets."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import unittest

from security_case import RUNTIME, SecurityCase

COMPILER = pathlib.Path(os.environ.get("CRUMB_AOT") or pathlib.Path(RUNTIME).resolve().parents[1] / "libexec/crumb/crumb-aot")


class Plugins(SecurityCase):
    """WasmEdge and runwasi: plugins loaded from the container's root filesystem. Seen to fail with a dynamically linked program in
    the engine's place: the second test is exactly that."""

    def setUp(self):
        super().setUp()
        self.trap = self.attacker("constructor.so", "/lib/constructor.so")
        self.bundle.file("/etc/ld.so.preload", "/lib/constructor.so\n")
        for name in ("libnss_files.so.2", "libnss_compat.so.2", "libwasmedgePluginWasmLogging.so", "libgcc_s.so.1"):
            for folder in ("lib", "usr/lib", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/local/lib/wasmedge"):
                self.attacker("constructor.so", f"/{folder}/{name}")
        self.bundle.file("/etc/nsswitch.conf", "passwd: files trap\n")
        for library in self.libraries("/bin/true"):
            self.bundle.file(library, pathlib.Path(library).read_bytes(), 0o755)
        shutil.copy("/bin/true", self.bundle.rootfs / "bin/dynamic")
        self.process["env"] += ["LD_PRELOAD=/lib/constructor.so", "LD_LIBRARY_PATH=/lib", "LOCPATH=/lib", "GCONV_PATH=/lib",
                                "WASMEDGE_PLUGIN_PATH=/lib", "LD_AUDIT=/lib/constructor.so"]

    @staticmethod
    def libraries(program):
        out = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=True, text=True).stdout
        return re.findall(r"(/\S+) \(", out)

    def test_the_engine_loads_nothing(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.assertEqual(self.run_container("/hello.wasm").out, "hello from wasm\n")
        self.assertFalse((self.bundle.rootfs / "loaded").exists())

    def test_a_dynamic_program_falls_into_the_trap(self):
        """The attacker works."""
        self.run_container("/bin/dynamic", code=None)
        self.assertTrue((self.bundle.rootfs / "loaded").exists())


@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class CompiledCode(SecurityCase):
    """crun's handler for WAMR executed a compiled module that an image brought along. These are such that the engine could run them.

    Seen to fail with begins_like_wasm() of src/init/program.cc and require_module() of src/wasm/module.cc taking them for modules and
    prepare() of src/engine/run.cc loading them as code; the second with try_candidate() preferring the name with ".aot", too."""

    def compiled(self, guest):
        with open(self.bundle.guest(guest, f"/{guest}.wasm"), "rb") as module:
            return subprocess.run([COMPILER], stdin=module, stdout=subprocess.PIPE, check=True).stdout

    def test_a_compiled_module_is_not_executed(self):
        self.bundle.file("/module.aot", self.compiled("hello"), 0o755)
        self.cannot_run("/module.aot", code=126, words="exec format error")

    def test_one_beside_a_module_is_not_used(self):
        code = self.compiled("env")
        self.bundle.guest("hello", "/hello.wasm")
        for name in ("/hello.aot", "/hello.wasm.aot", "/hello.cwasm"):
            self.bundle.file(name, code, 0o755)
        self.assertEqual(self.run_container("/hello.wasm").out, "hello from wasm\n")


class Guests(SecurityCase):
    """Through /proc/self/mem a guest could write over its engine. Seen to fail with on_forbidden_filesystem() of src/engine/guard.cc
    answering false.

    The socket's is seen to fail with three walls down: settle_descriptors() of src/container/launch.cc and the CloseDescriptors step
    doing nothing, and Guest::give_sockets() giving every socket that it finds."""

    def test_no_file_of_a_kernel_filesystem_is_opened(self):
        self.bundle.guest("procfs", "/procfs.wasm")
        result = self.run_container("/procfs.wasm", "/tmp")
        self.assertEqual(result.out, "0 opened\n", result)

    def test_no_socket_that_was_left_open_is_had(self):
        self.bundle.guest("socket", "/socket.wasm")
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            client = socket.create_connection(server.getsockname())  # the guest accepts it if it can
            self.addCleanup(client.close)
            self.assertEqual(self.run_container("/socket.wasm", pass_fds=(server.fileno(),)).out, "no socket\n")


if __name__ == "__main__":
    unittest.main()
