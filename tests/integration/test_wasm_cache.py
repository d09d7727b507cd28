"""Modules that were compiled ahead of time: what is run, and what never is."""

import errno
import hashlib
import os
import pathlib
import re
import signal
import struct
import subprocess
import time
import unittest

import big_module
from support import RUNTIME, guests, only_crumb
from test_wasm import WasmCase

HEADER = struct.Struct("<8sIIQ32s32s32s256s1024s")  # src/wasm/code_file.cc
CODE_OFFSET = 4096
COMPILER = pathlib.Path(RUNTIME).resolve().parent / "../libexec/crumb/crumb-aot"
SLEEP = 3.2  # seconds after which a digest is remembered


def written(content, code):
    """An entry of the cache that holds this code and says so: what anybody could write."""
    magic, version, level, _, key, module, _, build, name = HEADER.unpack(content[: HEADER.size])
    header = HEADER.pack(magic, version, level, len(code), key, module, hashlib.sha256(code).digest(), build, name)
    return header.ljust(CODE_OFFSET, b"\0") + code


def children(pid):
    return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@only_crumb("compiling WebAssembly")
@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class CacheCase(WasmCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache/aot"
        os.environ["CRUMB_CODE_CACHE"] = str(self.cache)
        self.addCleanup(os.environ.pop, "CRUMB_CODE_CACHE")
        self.log = self.new_path("log")

    def compile(self, *files, level="0", code=0, **popen):
        """`crumb wasm compile`, of guests by name or of files."""
        paths = [guests() / f"{file}.wasm" if isinstance(file, str) else file for file in files]
        return self.runtime("wasm", "compile", *paths, "--opt", level, code=code, timeout=60, **popen)

    def entries(self):
        notes = ("memo-", "lock")
        return sorted(path for path in self.cache.iterdir() if not path.name.startswith(notes)) if self.cache.exists() else []

    def entry(self):
        (path,) = self.entries()
        return path

    def hello(self):
        """Runs hello.wasm. What it prints, and the warnings of the runtime."""
        result = self.guest("hello", options=("--log", self.log))
        log = self.log.read_text() if self.log.exists() else ""
        self.log.unlink(missing_ok=True)
        self.assertEqual(result.err, "")
        return result.out, [line for line in log.splitlines() if "level=warning" in line]

    def code_of(self, name):
        with open(guests() / f"{name}.wasm", "rb") as module:
            return subprocess.run([COMPILER, "--opt", "0"], stdin=module, stdout=subprocess.PIPE, check=True).stdout

    def mappings(self, pid=None):
        """The lines of maps of the container's process that are compiled code."""
        maps = pathlib.Path(f"/proc/{pid or self.pid()}/maps").read_text().splitlines()
        inodes = {str(path.stat().st_ino) for path in self.entries()}
        return [line for line in maps if line.split()[4] in inodes and "r-xp" in line]


class Hits(CacheCase):
    def test_a_compiled_module_runs_its_code(self):
        self.compile("sleep")
        self.running_guest()
        self.assertTrue(self.mappings())

    def test_without_compiling_a_module_is_interpreted(self):
        self.compile("hello")
        self.running_guest()
        self.assertEqual(self.mappings(), [])

    def test_without_a_cache_nothing_is_made(self):
        self.assertEqual(self.hello(), ("hello from wasm\n", []))
        self.assertFalse(self.cache.exists())

    def test_the_content_counts_and_not_the_name(self):
        self.compile("sleep")
        self.bundle.guest("sleep", "/elsewhere/program")
        created = self.running("/elsewhere/program", "1000")
        self.until(lambda: "ready" in created.output(), "the guest does not start")
        self.assertTrue(self.mappings())

    def test_an_executed_module_runs_its_code(self):
        self.compile("sleep")
        self.bundle.guest("sleep", "/sleep.wasm")
        self.running()
        path = self.scratch / "pid"
        self.exec("/sleep.wasm", "1000", flags=("--detach", "--pid-file", path))
        self.assertTrue(self.mappings(path.read_text()))

    def test_results_traps_and_signals_are_the_interpreters(self):
        self.compile("exitcode", "trap", "busy", level="3")
        self.assertEqual(len(self.entries()), 3)
        self.guest("exitcode", "7", code=7)
        self.assertIn("trap: unreachable\n", self.guest("trap", code=134).err)
        running = self.spawn_guest("busy")
        self.assertTrue(self.mappings())
        os.kill(running.pid, signal.SIGTERM)
        self.assertEqual(running.wait().code, 143)

    def test_a_user_of_the_container_needs_no_rights_to_the_cache(self):
        self.compile("sleep")
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.running_guest()
        self.assertTrue(self.mappings())


class Memory(CacheCase):
    def test_two_containers_share_the_pages_of_their_code(self):
        self.compile("sleep")
        self.running_guest()
        other = self.name + ".other"
        self.linux["cgroupsPath"] = "/" + other
        self.create(id=other)
        self.start(other)
        pids = [self.pid(), self.state(other)["pid"]]
        self.until(lambda: all(self.mappings(pid) for pid in pids), "the second guest does not start")
        for pid in pids:
            facts = self.smaps(pid)
            self.assertGreater(facts["Shared_Clean"], 0, facts)
            self.assertEqual(facts["Private_Dirty"], 0, facts)
            self.assertLess(facts["Pss"], facts["Rss"], facts)

    def smaps(self, pid):
        """Sums in kB over the mappings of code."""
        ranges = [line.split()[0] for line in self.mappings(pid)]
        facts, inside = {}, False
        for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                inside = line.split()[0] in ranges
            elif inside and line.endswith(" kB"):
                key, value = line.split(":")
                facts[key] = facts.get(key, 0) + int(value.split()[0])
        return facts

    def test_the_code_cannot_be_written_through_the_process_that_runs_it(self):
        self.compile("sleep")
        self.running_guest()
        (line,) = self.mappings()
        with self.assertRaises(OSError) as caught:
            os.close(os.open(f"/proc/{self.pid()}/map_files/{line.split()[0]}", os.O_RDWR))
        self.assertEqual(caught.exception.errno, errno.EROFS)
        inode = self.entry().stat().st_ino
        held = [file for file in os.listdir(f"/proc/{self.pid()}/fd") if os.stat(f"/proc/{self.pid()}/fd/{file}").st_ino == inode]
        self.assertEqual(held, [])


class Bad(CacheCase):
    """An entry that cannot be believed is a miss. Where code is forged it is another program's: it would be seen if it ran."""

    def setUp(self):
        super().setUp()
        self.compile("hello")
        self.forged = written(self.entry().read_bytes(), self.code_of("args"))

    def missed(self, words):
        out, warnings = self.hello()
        self.assertEqual(out, "hello from wasm\n")
        self.assertEqual(len(warnings), 1, warnings)
        self.assertIn(words, warnings[0])

    def test_what_root_wrote_is_believed_and_a_forgery_would_be_seen(self):
        self.entry().write_bytes(self.forged)
        self.assertEqual(self.hello(), ("/app/hello.wasm\n", []))

    def test_an_entry_of_another_user(self):
        self.entry().write_bytes(self.forged)
        os.chown(self.entry(), 1000, 1000)
        self.missed("it belongs to user 1000, not to 0")

    def test_an_entry_that_others_can_write(self):
        self.entry().write_bytes(self.forged)
        self.entry().chmod(0o660)
        self.missed("others can write to it (mode 660)")

    def test_a_directory_that_others_can_write(self):
        self.entry().write_bytes(self.forged)
        self.cache.chmod(0o770)
        self.missed("others can write to it (mode 770)")

    def test_a_directory_of_another_user(self):
        self.entry().write_bytes(self.forged)
        os.chown(self.cache, 1000, 1000)
        self.missed("it belongs to user 1000, not to 0")

    def test_a_symbolic_link(self):
        target = self.scratch / "forged"
        target.write_bytes(self.forged)
        entry = self.entry()
        entry.unlink()
        entry.symlink_to(target)
        self.missed("it is a symbolic link")

    def test_a_fifo(self):
        entry = self.entry()
        entry.unlink()
        os.mkfifo(entry, 0o600)
        self.missed("it is not a regular file")

    def test_the_entry_of_another_module(self):
        mine = self.entry()
        self.compile("args")
        (other,) = [path for path in self.entries() if path != mine]
        other.rename(mine)
        self.missed("it is of another module")

    def test_code_that_does_not_fit_its_digest(self):
        content = self.forged[:CODE_OFFSET] + self.code_of("exitcode")[: len(self.forged) - CODE_OFFSET]
        self.entry().write_bytes(content.ljust(len(self.forged), b"\0"))
        self.missed("its code was changed")

    def test_every_truncation_that_is_tried(self):
        content = self.entry().read_bytes()
        for size in (0, 7, 100, CODE_OFFSET - 1, CODE_OFFSET, CODE_OFFSET + 1, len(content) // 2, len(content) - 1):
            with self.subTest(size=size):
                self.entry().write_bytes(content[:size])
                self.missed("is not used")

    def test_flipped_bits_all_over(self):
        content = self.entry().read_bytes()
        positions = [0, 8, 16, 24, 40, 88, 119, *range(CODE_OFFSET, len(content), len(content) // 8)]
        for position in positions:
            with self.subTest(position=position):
                changed = bytearray(content)
                changed[position] ^= 0x10
                self.entry().write_bytes(changed)
                self.missed("is not used")

    def test_a_foreign_header(self):
        self.entry().write_bytes(b"\x7fELF" + self.forged[4:])
        self.missed("it is no entry of the cache")

    def test_a_bad_entry_after_a_good_one_was_remembered(self):
        """The digest of the good one is in memory: the file must still be read again."""
        time.sleep(SLEEP)
        self.assertEqual(self.hello(), ("hello from wasm\n", []))
        changed = bytearray(self.entry().read_bytes())
        changed[-1] ^= 1
        before = self.entry().stat()
        self.entry().write_bytes(changed)
        os.utime(self.entry(), ns=(before.st_atime_ns, before.st_mtime_ns))
        self.missed("its code was changed")

    def test_a_bad_entry_is_replaced_by_compiling_again(self):
        self.entry().write_bytes(b"nothing")
        result = self.compile("hello", options=("--log", self.log))
        self.assertIn("compiled in", result.out)
        self.log.unlink()
        self.assertEqual(self.hello(), ("hello from wasm\n", []))

    def test_compiled_code_in_an_image_is_not_run(self):
        self.bundle.file("/app/hello.aot", self.code_of("hello"), 0o755)
        result = self.cannot_run("/app/hello.aot", code=126)
        self.assertEqual(result.out, "")


class Changes(CacheCase):
    """The digest of a module is remembered by its inode and times; a module that changes is another one all the same."""

    def change(self, before, after):
        """In place, with the same size and mtime."""
        path = self.bundle.rootfs / "app/hello.wasm"
        facts = path.stat()
        with open(path, "r+b") as file:
            content = file.read()
            self.assertEqual(content.count(before), 1)
            file.seek(content.index(before))
            file.write(after)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def run_hello(self):
        return self.run_container("/app/hello.wasm").out

    def test_within_two_seconds(self):
        self.compile("hello")
        self.assertEqual(self.guest("hello").out, "hello from wasm\n")
        self.change(b"hello from wasm", b"HELLO FROM WASM")
        self.assertEqual(self.run_hello(), "HELLO FROM WASM\n")
        self.change(b"HELLO FROM WASM", b"hello from wasm")
        self.assertEqual(self.run_hello(), "hello from wasm\n")

    def test_after_it_was_remembered(self):
        self.compile("hello")
        self.bundle.guest("hello", "/app/hello.wasm")
        time.sleep(SLEEP)
        self.assertEqual(self.run_hello(), "hello from wasm\n")
        self.assertTrue([path for path in self.cache.iterdir() if path.name.startswith("memo-")])
        self.change(b"hello from wasm", b"HELLO FROM WASM")
        self.assertEqual(self.run_hello(), "HELLO FROM WASM\n")


class Compiling(CacheCase):
    def nothing_remains(self):
        self.assertEqual(self.entries(), [])
        self.until(lambda: not self.compilers(), "the compiler still runs")

    def compilers(self):
        found = []
        for entry in os.listdir("/proc"):
            try:
                line = pathlib.Path("/proc", entry, "environ").read_bytes() if entry.isdigit() else b""
                if pathlib.Path("/proc", entry, "comm").read_text() == "crumb-aot\n" and not line:
                    found.append(int(entry)) if os.stat(f"/proc/{entry}/fd/0").st_ino == self.big.stat().st_ino else None
            except OSError:
                continue
        return found

    def gives_up(self, *files, words, **options):
        result = self.compile(*files, code=1, **options)
        self.assertEqual(result.out, "")
        self.assertEqual(result.err.count("\n"), 1, result.err)
        self.assertIn(words, result.err)

    def setUp(self):
        super().setUp()
        self.big = self.scratch / "big.wasm"
        self.big.write_bytes(big_module.module())

    def compile_big(self, *options):
        running = self.spawn("wasm", "compile", self.big, *options)
        pid = self.until(self.compilers, "the compiler does not start")[0]
        return running, pid

    def test_it_says_what_it_did(self):
        self.assertRegex(self.compile("hello").out, r"\A\S+hello.wasm: compiled in [0-9.]+ s, [0-9.]+ MiB of code\n\Z")
        self.assertRegex(self.compile("hello").out, r"\A\S+hello.wasm: is in the cache\n\Z")

    def test_levels_are_kept_apart(self):
        self.compile("hello")
        self.compile("hello", level="3")
        self.assertEqual(len(self.entries()), 2)

    def test_two_at_once(self):
        pair = [self.spawn("wasm", "compile", guests() / "files.wasm") for _ in range(2)]
        for running in pair:
            self.assertEqual(running.wait(60).code, 0)
        self.assertEqual(len(self.entries()), 1)
        self.assertTrue(self.runtime("wasm", "cache", "list").out.count(" yes "), 1)

    def test_a_broken_module_is_one_line_with_the_reason(self):
        self.gives_up("truncated", words="truncated.wasm\": not a module that can be compiled: unexpected end")
        self.gives_up("component", words="a WebAssembly component; crumb runs core modules")
        self.gives_up(pathlib.Path("/etc/passwd"), words="not a WebAssembly module")
        self.gives_up(pathlib.Path("/nowhere"), words="No such file or directory")
        self.gives_up(pathlib.Path("/tmp"), words="not a regular file")
        self.nothing_remains()

    def test_of_several_modules_the_good_ones_are_compiled(self):
        result = self.compile("truncated", "hello", code=1)
        self.assertIn("hello.wasm: compiled", result.out)
        self.assertIn("1 of 2 modules could not be compiled", result.err)
        self.assertEqual(len(self.entries()), 1)

    def test_several_modules_are_compiled_at_a_time(self):
        other = self.scratch / "other.wasm"
        other.write_bytes(big_module.module() + b"\0\x02\x01x")  # a custom section more
        running = self.spawn("wasm", "compile", "--jobs", "2", self.big, other)
        pids = self.until(lambda: children(running.pid)[1:] and children(running.pid), "there is no second compiler")
        self.assertEqual(len(pids), 2)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
        self.until(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in pids), "a compiler still runs")

    def test_several_jobs_compile_every_module_once(self):
        files = [guests() / f"{name}.wasm" for name in ("hello", "truncated", "args", "cat")]
        result = self.compile(*files, flags=("--jobs", "0", "--opt", "0"), code=1)
        self.assertEqual(result.out.count(": compiled in "), 3)
        self.assertIn("1 of 4 modules could not be compiled", result.err)
        self.assertEqual(len(self.entries()), 3)

    def test_too_little_memory_is_one_line(self):
        self.gives_up(self.big, words="out of memory: the compiler needs more than the limit of 200 MiB", flags=("--memory", "200"))
        self.nothing_remains()

    def test_too_little_time_is_one_line(self):
        self.gives_up(self.big, words="out of time: not done after 1 s", flags=("--time", "1"))
        self.nothing_remains()

    def compile(self, *files, flags=(), **options):
        if not flags:
            return super().compile(*files, **options)
        options.pop("level", None)
        return self.runtime("wasm", "compile", *flags, *files, timeout=60, **options)

    def test_a_compiler_that_is_killed_is_one_line(self):
        running, pid = self.compile_big()
        os.kill(pid, signal.SIGKILL)
        result = running.wait()
        self.assertEqual((result.code, result.err.count("\n")), (1, 1), result)
        self.assertIn("the compiler was killed", result.err)
        self.nothing_remains()

    def test_a_compiler_that_crashes_is_one_line(self):
        running, pid = self.compile_big()
        os.kill(pid, signal.SIGABRT)  # what WAMR's handler makes of SIGSEGV and SIGBUS, and how LLVM's assertions end
        result = running.wait()
        self.assertEqual((result.code, result.err.count("\n")), (1, 1), result)
        self.assertIn("signal 6", result.err)
        self.nothing_remains()

    def test_killing_crumb_leaves_neither_a_file_nor_the_compiler(self):
        for number in (signal.SIGINT, signal.SIGKILL):
            with self.subTest(signal=number):
                running, _ = self.compile_big()
                os.kill(running.pid, number)
                running.wait()
                self.nothing_remains()

    def test_a_full_disk_is_one_line(self):
        self.cache.mkdir(parents=True, mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20k,mode=700", "tmpfs", self.cache], check=True)
        self.addCleanup(subprocess.run, ["umount", self.cache], check=True)
        self.gives_up("files", words="No space left on device")
        self.nothing_remains()

    def test_a_cache_that_others_can_write_is_not_written(self):
        self.cache.mkdir(parents=True)
        self.cache.chmod(0o777)
        self.gives_up("hello", words="others can write to it")
        self.nothing_remains()


class Listing(CacheCase):
    def test_an_empty_cache_is_an_empty_list(self):
        self.assertEqual(self.runtime("wasm", "cache", "list").out.count("\n"), 1)

    def test_each_entry_is_a_line_with_its_level_and_file(self):
        self.compile("hello")
        self.compile("args", level="3")
        lines = self.runtime("wasm", "cache", "list").out.splitlines()[1:]
        self.assertEqual(sorted((line.split()[1], pathlib.Path(line.split()[-1].strip('"')).name) for line in lines),
                         [("0", "hello.wasm"), ("3", "args.wasm")])

    def test_a_broken_entry_says_why(self):
        self.compile("hello")
        self.entry().write_bytes(b"x")
        self.assertIn("broken: it ends within its header", self.runtime("wasm", "cache", "list").out)

    def test_prune_removes_what_is_broken_and_all_removes_everything(self):
        self.compile("hello", "args")
        self.entries()[0].write_bytes(b"x")
        self.assertIn("removed 1 entry", self.runtime("wasm", "cache", "prune").out)
        self.assertEqual(len(self.entries()), 1)
        self.assertIn("removed 1 entry", self.runtime("wasm", "cache", "prune", "--all").out)
        self.assertEqual(list(self.cache.iterdir()), [])

    def test_verify_reads_all_of_every_entry_whatever_is_remembered(self):
        self.compile("hello", "args")
        time.sleep(SLEEP)
        self.runtime("wasm", "cache", "list")  # remembers
        self.assertEqual(self.runtime("wasm", "cache", "verify").out, "2 entries, 0 of them bad\n")
        bad = self.entries()[0]
        for memo in self.cache.glob("memo-*"):
            memo.write_bytes(memo.read_bytes()[:-32] + hashlib.sha256(b"").digest())  # a lie
        content = bytearray(bad.read_bytes())
        content[-1] ^= 1
        bad.write_bytes(content)
        result = self.runtime("wasm", "cache", "verify", code=1)
        lines = result.out.splitlines()
        self.assertEqual(lines[0], f"{bad.name}: its code was changed")
        self.assertRegex(lines[1], r"\Amemo-\S+: it remembers a digest that its file does not have\Z")  # of the other one
        self.assertEqual(lines[2:], ["2 entries, 1 of them bad; 1 bad note"])

    def test_verify_names_a_lock_that_others_could_have_written(self):
        self.compile("hello")
        lock = self.cache / "lock"
        lock.touch(0o600)
        self.assertEqual(self.runtime("wasm", "cache", "verify").out, "1 entry, 0 of them bad\n")
        lock.chmod(0o666)
        result = self.runtime("wasm", "cache", "verify", "--remove", code=1)
        self.assertEqual(result.out, "lock: others can write to it (mode 666); removed\n1 entry, 0 of them bad; 1 bad note\n")
        self.assertFalse(lock.exists())

    def test_verify_names_what_others_could_have_written_and_removes_it_when_asked_to(self):
        self.compile("hello", "args", "cat")
        foreign, open_to_all, good = self.entries()
        os.chown(foreign, 1000, 1000)
        open_to_all.chmod(0o666)
        (self.cache / "zzz").symlink_to("/etc/passwd")
        result = self.runtime("wasm", "cache", "verify", "--remove", code=1)
        self.assertIn(f"{foreign.name}: it belongs to user 1000, not to 0; removed\n", result.out)
        self.assertIn(f"{open_to_all.name}: others can write to it (mode 666); removed\n", result.out)
        self.assertIn("4 entries, 3 of them bad\n", result.out)
        self.assertEqual(self.entries(), [good])
        self.assertEqual(self.runtime("wasm", "cache", "verify").out, "1 entry, 0 of them bad\n")

    def test_prune_with_a_size_keeps_what_was_used_last(self):
        self.compile("hello", "args")
        old, new = self.entries()
        os.utime(old, (1, 1))
        self.assertIn("removed 1 entry", self.runtime("wasm", "cache", "prune", "--size", str(new.stat().st_size)).out)
        self.assertEqual(self.entries(), [new])
        self.assertIn("option --size: \"x\" is no size", self.fails("wasm", "cache", "prune", "--size", "x").err)

    def test_compiling_evicts_what_was_not_used_for_longest(self):
        self.compile("hello")
        (old,) = self.entries()
        os.environ["CRUMB_CODE_CACHE_SIZE"] = "1k"
        self.addCleanup(os.environ.pop, "CRUMB_CODE_CACHE_SIZE")
        self.compile("args")
        self.assertEqual(len(self.entries()), 1)
        self.assertFalse(old.exists())
        os.environ["CRUMB_CODE_CACHE_SIZE"] = "x"
        self.assertIn("CRUMB_CODE_CACHE_SIZE: \"x\" is no size", self.compile("cat", code=1).err)

    def test_a_running_container_keeps_its_code(self):
        self.compile("sleep")
        running = self.spawn_guest("sleep", "1")
        self.runtime("wasm", "cache", "prune", "--all")
        self.assertEqual(running.wait().code, 0)

    def test_incomplete_words_are_an_error_that_names_the_rest(self):
        for words in (["wasm"], ["wasm", "cache"]):
            self.assertIn("wasm cache list, wasm cache prune", self.fails(*words).err)


if __name__ == "__main__":
    unittest.main()
