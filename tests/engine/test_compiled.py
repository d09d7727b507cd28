"""Compiled code: the same programs as with the interpreter, with the same results."""

import ctypes
import fcntl
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from engine_case import CODE_OFFSET, COMPILER, ENGINE, LEVELS, SANITIZED, EngineCase, compile_module, guest, guests, needs_compiler

ADDR_NO_RANDOMIZE = 0x0040000  # linux/personality.h

SAME = {  # guest: the arguments it is tried with
    "abstime": [[]],
    "args": [[], ["a b", "", "--help", "ü"]],
    "bigmin": [[]],
    "bigshared": [[]],
    "cat": [[]],
    "cwd": [[], ["file", "/etc/passwd", "../missing"]],
    "env": [[]],
    "everything": [[]],
    "exitcode": [["0"], ["3"], ["257"]],
    "files": [["file"], ["missing"], ["new", "w", "text"], [".", "d"]],
    "grow": [["5"]],
    "growshared": [[]],
    "hello": [[]],
    "isatty": [[]],
    "mainreturn": [["5"]],
    "network": [["none", "localhost"]],
    "oob": [[]],
    "procfs": [[]],
    "reactor": [[]],
    "recursion": [["1000"]],
    "sleep": [["0"]],
    "sockrace": [[]],
    "sockopen": [[]],
    "socket": [[]],
    "spawn": [[]],
    "starttrap": [[]],
    "tables": [["1000"]],
    "threadend": [[]],
    "threadparameters": [[]],
    "threadresults": [[]],
    "threads": [["leave"]],
    "threadtrap": [[]],
    "trap": [[]],
    "unknownimport": [[]],
    "waits": [[]],
    "wasi_cxx": [["argument"]],
    "workers": [[]],
}
ENDLESS = {"blocked", "busy", "startsection"}  # tried with signals
STACKS = {"recursion", "startrecursion", "threadrecursion"}  # tried without end in Stacks
CASES = {"wasi_clocks", "wasi_descriptors", "wasi_files", "wasi_network", "wasi_poll", "wasi_sockets"}  # tried both ways in test_wasi_*.py
NOT_COMPILED = {"component": "unknown binary version", "memory64": "", "truncated": "unexpected end"}


def high(descriptor):
    """The same under a number of 60 or more: sockets that are handed over begin at 3."""
    number = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 60)
    os.close(descriptor)
    return number


def under_crumb(module, code, arguments, options=(), engine=None, through=None, listener=None, report=None, **popen):
    """The engine as crumb starts it, with compiled code if there is some. engine: another path; through: a command that runs it;
    listener: a descriptor that is handed over under the number 3; report: one for the record of a failure."""
    if listener is not None:
        move = "" if listener == 3 else f"exec 3<&{listener} {listener}<&-; "
        through = ["bash", "-c", move + 'exec "$@"', "bash"]
    descriptors = [high(os.open(module, os.O_RDONLY)), high(os.memfd_create("options"))]
    os.write(descriptors[1], b"".join(entry.encode() + b"\0" for entry in (f"module={descriptors[0]}", "name=/guest.wasm", *options)))
    value = str(descriptors[1])
    if report is not None:
        descriptors.append(high(os.dup(report)))
        os.write(descriptors[1], f"report={descriptors[-1]}\0".encode())
    if code is not None:
        descriptors.append(high(os.memfd_create("code")))
        os.write(descriptors[-1], code)
        value += f",{descriptors[-1]}"
    popen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **popen}
    try:
        engine = engine or shutil.which(ENGINE)
        command = ["guest", *arguments] if through is None else [*through, engine, *arguments]
        environment = {"A": "1", "CRUMB_WASM_OPTIONS": value, **({} if through is None else {"PATH": os.environ["PATH"]})}
        return subprocess.Popen(command, executable=engine if through is None else None, env=environment,
                                pass_fds=descriptors if listener is None else (*descriptors, listener), **popen)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


@needs_compiler
class CompiledCase(EngineCase):
    compiled = {}

    def code(self, name, level):
        if (name, level) not in self.compiled:
            done = compile_module(guest(name), "--opt", level)
            self.assertEqual((done.returncode, done.stderr), (0, b""), name)
            self.compiled[name, level] = bytes(CODE_OFFSET) + done.stdout
        return self.compiled[name, level]

    def start(self, name, level, *arguments, **options):
        if "code" not in options:
            options["code"] = None if level is None else self.code(name, level)
        process = under_crumb(guest(name), options.pop("code"), arguments, **options)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def finish(self, name, level, *arguments, **options):
        """Exit code, standard output and standard error."""
        (self.folder / "file").write_text("content\n")
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("cwd", self.folder)
        process = self.start(name, level, *arguments, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def without_backtrace(text):
    return re.sub(r"(?m)^  #.*\n", "", text)


class Results(CompiledCase):
    def same(self, name, level, arguments):
        interpreted = self.finish(name, None, *arguments)
        compiled = self.finish(name, level, *arguments)
        self.assertEqual(*((code, out, without_backtrace(err)) for code, out, err in (compiled, interpreted)))

    def test_every_guest_ends_like_the_interpreted_one(self):
        for name, calls in SAME.items():
            for arguments in calls:
                for level in LEVELS:
                    with self.subTest(guest=name, arguments=arguments, level=level):
                        self.same(name, level, arguments)

    def test_every_guest_is_tried(self):
        built = {path.stem for path in guests().glob("*.wasm")}
        self.assertEqual(built - SAME.keys() - ENDLESS - STACKS - CASES - NOT_COMPILED.keys(), set())

    def test_stdin_arrives_whole(self):
        data = "x" * 300000
        for level in LEVELS:
            process = self.start("cat", level, stdin=subprocess.PIPE)
            self.assertEqual(process.communicate(data, timeout=20)[0], data)

    def test_the_memory_cap_holds(self):
        for level in LEVELS:
            _, out, _ = self.finish("grow", level, options=["memory-pages=512"])
            self.assertRegex(out, r"\A(29|30|31) MiB\n\Z")

    def test_a_minimum_above_the_cap_is_refused_with_both_numbers(self):
        code, _, err = self.finish("bigmin", 0, options=["memory-pages=160"])
        self.assertEqual(code, 126)
        self.assertIn("needs 64 MiB of memory at start, the limit is 10 MiB", err)


class Stacks(CompiledCase):
    """Without the checks that the compiler puts in, these end by SIGSEGV."""

    def overflows(self, level, name="recursion", **options):
        code, out, err = self.finish(name, level, **options)
        self.assertEqual((code, out), (134, ""), err)
        self.assertIn("trap: wasm operand stack overflow\n" if level is None else "trap: native stack overflow\n", err)

    def test_recursion_without_end_is_a_trap(self):
        for name in STACKS:
            for level in (None, *LEVELS):
                with self.subTest(guest=name, level=level):
                    self.overflows(level, name)

    def test_recursion_without_end_on_a_small_native_stack_is_a_trap(self):
        self.overflows(3, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (256 << 10, 256 << 10)))

    def test_recursion_without_end_on_an_unlimited_native_stack_is_a_trap(self):
        self.overflows(3, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (-1, -1)))

    @unittest.skipUnless(os.geteuid() == 0, "needs root for a root directory without /proc")
    @unittest.skipIf(SANITIZED, "a sanitized engine is not static")
    def test_recursion_without_end_is_a_trap_where_no_proc_is_mounted(self):
        engine = self.folder / "engine"
        shutil.copy(shutil.which(ENGINE), engine)
        descriptors = [os.open(guest("recursion"), os.O_RDONLY), os.memfd_create("options"), os.memfd_create("code")]
        os.write(descriptors[1], f"module={descriptors[0]}\0name=x\0".encode())
        os.write(descriptors[2], self.code("recursion", 3))
        done = subprocess.run(["x"], executable="/engine", env={"CRUMB_WASM_OPTIONS": f"{descriptors[1]},{descriptors[2]}"},
                              pass_fds=descriptors, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20,
                              preexec_fn=lambda: os.chroot(self.folder) or os.chdir("/"))
        for descriptor in descriptors:
            os.close(descriptor)
        self.assertEqual(done.returncode, 134, done.stderr)


class Backtraces(CompiledCase):
    def trap(self, level, *options):
        code = bytes(CODE_OFFSET) + compile_module(guest("trap"), "--opt", level, *options).stdout
        return self.finish("trap", level, code=code)[2]

    def test_with_frames_each_function_has_its_name_and_the_instructions_offset(self):
        content = pathlib.Path(guest("trap")).read_bytes()
        for level in LEVELS:
            with self.subTest(level=level):
                found = re.search(r"#00 inner_function \(function (\d+), at 0x([0-9a-f]+)\)\n  #01 outer_function \(function", self.trap(level, "--frames"))
                self.assertTrue(found)
                self.assertEqual(content[int(found[2], 16)], 0)  # `unreachable`

    def test_without_frames_there_is_only_the_outermost_function(self):
        for level in LEVELS:
            with self.subTest(level=level):
                self.assertNotIn("inner_function", self.trap(level))

    def test_code_with_frames_runs_like_any_other(self):
        done = compile_module(guest("hello"), "--frames", "--opt", 3)
        self.assertEqual(self.finish("hello", None, code=bytes(CODE_OFFSET) + done.stdout), (0, "hello from wasm\n", ""))


class Signals(CompiledCase):
    def leaves(self, name, *arguments):
        for level in LEVELS:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
                with self.subTest(guest=name, level=level, signal=number.name):
                    process = self.start(name, level, *arguments)
                    if name != "startsection":
                        self.assertEqual(process.stdout.readline(), "ready\n")
                    else:
                        time.sleep(0.3)
                    process.send_signal(number)
                    self.assertEqual(process.wait(timeout=1), 128 + number)

    def test_a_sleeping_guest_leaves_with_128_and_the_number(self):
        self.leaves("sleep", "60")

    def test_a_computing_guest_leaves_with_128_and_the_number(self):
        self.leaves("busy")

    def test_a_guest_that_computes_in_its_start_section_leaves(self):
        self.leaves("startsection")

    def test_a_guest_with_computing_threads_leaves_with_128_and_the_number(self):
        self.leaves("threads")


class UnusableCode(CompiledCase):
    """The interpreter takes over, with one line."""

    def interpreted(self, code, **options):
        process = under_crumb(guest("hello"), code, [], stdin=subprocess.DEVNULL, **options)
        out, err = process.communicate(timeout=60)
        self.assertEqual((process.returncode, out), (0, "hello from wasm\n"), err)
        self.assertRegex(err, r"\Acrumb: /guest.wasm: the compiled code cannot be used, the module is interpreted: .+\n\Z")

    def test_an_empty_file(self):
        self.interpreted(b"")

    def test_nothing_but_the_header(self):
        self.interpreted(bytes(CODE_OFFSET))

    def test_a_foreign_file(self):
        self.interpreted(bytes(CODE_OFFSET) + b"something else")

    def test_a_module_in_its_place(self):
        self.interpreted(bytes(CODE_OFFSET) + pathlib.Path(guest("hello")).read_bytes())

    def test_code_that_is_cut_short(self):
        self.interpreted(self.code("hello", 0)[:-1000])

    def test_code_of_another_version(self):
        code = bytearray(self.code("hello", 0))
        code[CODE_OFFSET + 4] += 1
        self.interpreted(bytes(code))

    def test_nothing_of_the_engine_is_executable_and_writable(self):
        process = self.start("sleep", 0, "60")
        self.assertEqual(process.stdout.readline(), "ready\n")
        maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        self.assertTrue([line for line in maps if " r-xp " in line and "memfd:code" in line], maps)
        self.assertEqual([line for line in maps if "wx" in line.split()[1]], [])

    def test_nothing_behind_the_code_is_executable(self):
        """Without random addresses the kernel maps one thing behind the other there. Seen to fail, with musl, without WAMR's patch 0008."""
        process = self.start("sleep", 0, "60", preexec_fn=lambda: ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE))
        self.assertEqual(process.stdout.readline(), "ready\n")
        maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines()
        nameless = [line for line in maps if "x" in line.split()[1] and len(line.split()) == 5]
        self.assertEqual(nameless, [], maps)


class Programs(EngineCase):
    def test_compiled_code_is_no_program(self):
        code = self.folder / "code"
        code.write_bytes(b"\0aot\6\0\0\0")
        self.refused(self.engine(code), "is precompiled code, which is never run")


REFUSES, UNABLE = 1, 2  # src/wire/code.h


@needs_compiler
class Compiler(EngineCase):
    def gives_up(self, module, words, *options, code=REFUSES):
        done = compile_module(module, *options)
        self.assertEqual((done.returncode, done.stdout), (code, b""), done.stderr)
        self.assertRegex(done.stderr.decode(), r"\Acrumb-aot: .+\n\Z")
        self.assertIn(words, done.stderr.decode())

    def test_a_broken_module_is_refused_with_the_reason(self):
        for name, words in NOT_COMPILED.items():
            with self.subTest(guest=name):
                self.gives_up(guest(name), words)

    def test_a_file_that_is_no_module_is_refused(self):
        self.gives_up("/etc/passwd", "magic header not detected")

    def test_an_empty_file_is_refused(self):
        empty = self.folder / "empty"
        empty.touch()
        self.gives_up(empty, "empty file")

    def test_the_same_module_gives_the_same_code(self):
        one, other = (compile_module(guest("hello"), "--opt", 3).stdout for _ in range(2))
        self.assertEqual(one, other)

    def test_too_little_memory_is_named(self):
        for mebibytes in (100, 150, 170, 180):
            with self.subTest(mebibytes=mebibytes):
                done = compile_module(guest("files"), "--memory", mebibytes << 20)
                self.assertRegex(done.stderr.decode(), r"\A(crumb-aot: out of memory: .+\n)?\Z")

    def test_a_full_disk_is_named(self):
        with open(guest("hello"), "rb") as module, open("/dev/full", "wb") as full:
            done = subprocess.run([COMPILER], stdin=module, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (UNABLE, "crumb-aot: the code cannot be written: No space left on device\n"))

    def test_a_wrong_command_line_is_one_line(self):
        self.gives_up(guest("hello"), "bad option or value: --opt", "--opt", "4", code=UNABLE)


if __name__ == "__main__":
    unittest.main()
