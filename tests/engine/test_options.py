import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import unittest

from engine_case import ENGINE, EngineCase, guest

MESSAGE = struct.Struct("=IIIiQ488s")  # wire::Message
FAILED, ENGINE_STEP, ENOMEM, ENOEXEC = 9, 0xFFFFFFFF, 12, 8


class UnderCrumb(EngineCase):
    """Started as crumb-init does: options in a memfd whose number is in the environment."""

    def under_crumb(self, name, argv=None, environment=None, options=(), module=None, descriptors=(), **more):
        module = os.open(module or guest(name), os.O_RDONLY)
        memory = os.memfd_create("options")
        entries = [f"module={module}", f"name=/app/{name}.wasm", *options]
        os.write(memory, b"".join(entry.encode() + b"\0" for entry in entries if entry))
        try:
            return subprocess.run(
                argv or [name], executable=shutil.which(ENGINE), env={**(environment or {}), "CRUMB_WASM_OPTIONS": str(memory)},
                pass_fds=(module, memory, *descriptors), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, timeout=10, **more)
        finally:
            os.close(module)
            os.close(memory)

    def with_report(self, name, **options):
        read, write = os.pipe()
        options["options"] = [f"report={write}", *options.get("options", ())]
        result = self.under_crumb(name, descriptors=(write,), **options)
        os.close(write)
        with os.fdopen(read, "rb") as report:
            return result, report.read()

    def test_the_guest_gets_argv_unchanged(self):
        result = self.under_crumb("args", argv=["my-program", "--version", "--", "x"])
        self.assertEqual(result.stdout.splitlines(), ["my-program", "--version", "--", "x"])

    def test_the_guest_does_not_see_the_options_variable(self):
        self.assertEqual(self.under_crumb("env", environment={"A": "1"}, cwd="/").stdout, "A=1\nPWD=/\n")

    def test_a_program_that_runs_leaves_the_report_empty(self):
        result, report = self.with_report("hello")
        self.assertEqual((result.stdout, report), ("hello from wasm\n", b""))

    def test_a_module_that_does_not_load_leaves_a_record(self):
        result, report = self.with_report("truncated")
        self.refused(result, "crumb: /app/truncated.wasm: is cut short")
        _, point, step, error, _, text = MESSAGE.unpack(report)
        self.assertEqual((point, step, error), (FAILED, ENGINE_STEP, ENOEXEC))
        self.assertTrue(text.startswith(b"/app/truncated.wasm: is cut short"))

    def test_a_memory_above_the_cap_leaves_a_record(self):
        _, report = self.with_report("bigmin", options=["memory-pages=10"])
        self.assertEqual(MESSAGE.unpack(report)[3], ENOMEM)

    def test_a_missing_import_leaves_a_record(self):
        _, report = self.with_report("unknownimport")
        self.assertIn(b'"env"."foo"', MESSAGE.unpack(report)[5])

    def test_the_report_is_closed_while_the_guest_runs(self):
        for name in ("busy", "startsection"):
            with self.subTest(guest=name):
                read, write = os.pipe()
                module, memory = os.open(guest(name), os.O_RDONLY), os.memfd_create("options")
                os.write(memory, f"module={module}\0name=x\0report={write}\0".encode())
                process = subprocess.Popen([ENGINE], env={"CRUMB_WASM_OPTIONS": str(memory)}, pass_fds=(module, memory, write),
                                           stdout=subprocess.DEVNULL)
                for descriptor in (module, memory, write):
                    os.close(descriptor)
                self.assertEqual(os.read(read, 1), b"")
                self.assertIsNone(process.poll())
                process.kill()
                process.wait()
                os.close(read)

    def test_no_files_are_given_when_nothing_is_preopened(self):
        result = self.under_crumb("cwd", argv=["cwd", "/etc/passwd"], options=["preopen=none"])
        self.assertNotIn("root:", result.stdout)
        self.assertEqual(result.returncode, 0)

    def test_unknown_options_are_refused(self):
        for option in ("colour=red", "stack=0", "stack=x", "preopen=ro", "preopen=rw data", "preopen=rx /", "memory-pages=-1", "threads=257", "network=some",
                       "code=maybe", "nonsense"):
            with self.subTest(option=option):
                self.refused(self.under_crumb("hello", options=[option]), "bad engine option")

    def test_options_without_a_module_are_refused(self):
        memory = os.memfd_create("options")
        result = self.engine(env={"CRUMB_WASM_OPTIONS": str(memory)}, pass_fds=(memory,))
        os.close(memory)
        self.refused(result, "name no module")

    def test_an_options_variable_that_is_no_memfd_is_refused(self):
        for value in ("0", "x", "99", ""):
            with self.subTest(value=value):
                result = self.engine(env={"CRUMB_WASM_OPTIONS": value})
                self.refused(result, "CRUMB_WASM_OPTIONS")

    def test_a_guest_accepts_on_a_socket_that_it_was_given(self):
        server = socket.socket()
        self.addCleanup(server.close)
        server.bind(("127.0.0.1", 0))
        server.listen()
        client = socket.create_connection(server.getsockname())
        self.addCleanup(client.close)
        # pass_fds keeps numbers: put the listener at 3, as LISTEN_FDS does, in a shell-free way.
        number = fcntl.fcntl(server.fileno(), fcntl.F_DUPFD, 50)
        module, memory = (fcntl.fcntl(d, fcntl.F_DUPFD, 60) for d in (os.open(guest("socket"), os.O_RDONLY), os.memfd_create("o")))
        os.write(memory, f"module={module}\0name=socket\0listen=1\0".encode())
        result = self.engine(env={"CRUMB_WASM_OPTIONS": str(memory)}, close_fds=False,
                             preexec_fn=lambda: (os.dup2(number, 3), os.set_inheritable(memory, True), os.set_inheritable(module, True)))
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        self.assertEqual(client.recv(100), b"hello from wasm\n")

    def test_without_listen_a_guest_has_no_socket(self):
        self.assertEqual(self.under_crumb("socket").stdout, "no socket\n")


if __name__ == "__main__":
    unittest.main()
