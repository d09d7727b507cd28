"""What is linked into the programs of both release builds, and what they open while they start a container.

Environment: CRUMB_RELEASE, CRUMB_RELEASE_MUSL: build folders (default: build/release, build/release-musl); CRUMB_GUESTS: compiled guests.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
GLIBC = pathlib.Path(os.environ.get("CRUMB_RELEASE") or TOP / "build/release")
MUSL = pathlib.Path(os.environ.get("CRUMB_RELEASE_MUSL") or TOP / "build/release-musl")
GUESTS = pathlib.Path(os.environ.get("CRUMB_GUESTS") or TOP / "build/guests")


def programs(build):
    """What a container's start executes."""
    return [build / name for name in ("bin/crumb", "bin/crumb-wasm", "libexec/crumb/crumb-init")]


def output(*command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=120, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


def segments(program):
    """The program headers: (type, flags)."""
    lines = output("readelf", "--program-headers", "--wide", program)
    return re.findall(r"^  ([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([RWE ]{3})", lines, re.MULTILINE)


def symbols(program):
    """Names of the symbols, defined or not; none of a stripped program."""
    return {line.split()[-1] for line in output("nm", program).splitlines()}


# What a program linked with glibc holds of its start-up, its name services, its character sets and its loader.
GLIBC_SYMBOLS = re.compile(r"__libc_setup_tls|__libc_init_secure|_dl_relocate_static_pie|_*nss_.*|__gconv.*|_dl_open.*|_+(libc_)?dlopen.*")
GLIBC_WORDS = (b"GLIBC_", b"GNU C Library", b"/etc/ld.so", b"/gconv", b"nsswitch")


def of_glibc(program):
    content = program.read_bytes()
    return [name for name in symbols(program) if GLIBC_SYMBOLS.fullmatch(name)] + [word for word in GLIBC_WORDS if word in content]


class Linking(unittest.TestCase):
    def test_no_program_asks_for_an_interpreter_or_a_shared_library(self):
        for program in programs(GLIBC) + programs(MUSL):
            with self.subTest(program=program):
                types = {kind for kind, _ in segments(program)}
                self.assertIn("LOAD", types)
                self.assertEqual(types & {"INTERP", "DYNAMIC"}, set())

    def test_the_look_at_segments_sees_a_dynamic_program(self):
        self.assertLessEqual({"INTERP", "DYNAMIC"}, {kind for kind, _ in segments(pathlib.Path(sys.executable))})

    def test_no_segment_of_a_program_is_writable_and_executable(self):
        for program in programs(GLIBC) + programs(MUSL):
            with self.subTest(program=program):
                self.assertIn("GNU_STACK", [kind for kind, _ in segments(program)])  # without one the stack is executable
                self.assertEqual([kind for kind, flags in segments(program) if "W" in flags and "E" in flags], [])

    def test_the_musl_build_has_nothing_of_glibc(self):
        for program in programs(MUSL):
            with self.subTest(program=program):
                self.assertEqual(of_glibc(program), [])

    def test_the_musl_build_has_no_way_to_load_code(self):
        for program in programs(MUSL):
            with self.subTest(program=program):
                names = symbols(program)
                if "dlopen" in names:  # WAMR's code for Linux names it
                    self.assertIn("stub_dlopen", names, "not musl's dlopen of static programs, which only fails")

    def test_the_look_at_symbols_sees_glibc_where_it_is(self):
        for name in ("bin/crumb", "bin/crumb-wasm"):
            with self.subTest(name=name):
                self.assertIn("__libc_setup_tls", of_glibc(GLIBC / name))
                self.assertIn(b"GLIBC_", of_glibc(GLIBC / name))

    def test_each_build_names_its_library(self):
        for build, name in ((GLIBC, "glibc"), (MUSL, "musl")):
            with self.subTest(build=build):
                self.assertIn(f"\nlibc: {name}\n", output(build / "bin/crumb", "--version"))


def functions(program):
    """Name -> (start, end)."""
    rows = [line.split() for line in output("nm", "--print-size", "--defined-only", program).splitlines()]
    return {row[3]: (int(row[0], 16), int(row[0], 16) + int(row[1], 16)) for row in rows if len(row) == 4 and row[2] in "tTwW"}


class Order(unittest.TestCase):
    """Of the functions that a start calls (cmake/start_order)."""

    def listed(self, build, name):
        """(start, end) of those in the list that the program has, and the list."""
        names = (TOP / "cmake/start_order" / f"{name}.{build.name}").read_text().split()
        there = functions(build / "bin" / name)
        return [there[listed] for listed in names if listed in there], names

    def test_they_lie_side_by_side(self):
        for build in (GLIBC, MUSL):
            for name in ("crumb", "crumb-wasm"):
                with self.subTest(build=build.name, program=name):
                    if "CRUMB_LINKER_ORDERS:INTERNAL=1" not in (build / "CMakeCache.txt").read_text():
                        self.skipTest("this linker puts no functions in order")
                    places, _ = self.listed(build, name)
                    places.sort()
                    middle = places[len(places) // 20:-len(places) // 20]  # but for some that share a section with others
                    taken = sum(end - start for start, end in middle)
                    self.assertLess(middle[-1][1] - middle[0][0], 2 * taken)

    def test_most_of_a_list_is_still_there(self):
        for build in (GLIBC, MUSL):
            for name in ("crumb", "crumb-wasm"):
                with self.subTest(build=build.name, program=name):
                    places, names = self.listed(build, name)
                    self.assertGreater(len(places), 0.8 * len(names), "bench/start_order makes the lists anew")


class Start(unittest.TestCase):
    """The files that `crumb run` and what it starts open."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crumb-builds-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def opened(self, build, *args):
        crumb, trace = build / "bin/crumb", self.folder / "trace"
        (self.folder / "config.json").unlink(missing_ok=True)
        output(crumb, "spec", "--bundle", self.folder)
        config = json.loads((self.folder / "config.json").read_text())
        config["process"]["args"] = list(args)
        config["process"]["env"].append("HOME=/")  # else it is looked up in the container's /etc/passwd
        config["linux"]["cgroupsPath"] = f"/{self.folder.name}"
        config["linux"].get("resources", {}).pop("devices", None)
        (self.folder / "config.json").write_text(json.dumps(config))
        rootfs = self.folder / "rootfs"
        rootfs.mkdir(exist_ok=True)
        shutil.copy("/bin/busybox", rootfs)
        shutil.copy(GUESTS / "hello.wasm", rootfs)
        said = output("strace", "-f", "-qq", "-o", trace, "-e", "trace=open,openat,openat2,execve,execveat,readlink,readlinkat",
                      crumb, "--root", self.folder / "state", "run", "--bundle", self.folder, self.folder.name)
        self.assertIn("hello", said)
        return re.findall(r'"(/[^"]*)"', trace.read_text())

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_start_opens_no_library_and_no_configuration(self):
        for build, known in ((GLIBC, {"/etc/localtime"}), (MUSL, set())):  # glibc reads that even for gmtime
            for args in (["/busybox", "echo", "hello"], ["/hello.wasm"]):
                with self.subTest(build=build.name, args=args):
                    paths = self.opened(build, *args)
                    self.assertIn("/proc/self/exe", paths)
                    self.assertLessEqual({path for path in paths if re.match(r"/(etc|lib|lib64|usr/(lib|share))(/|$)", path)}, known)


if __name__ == "__main__":
    unittest.main()
