"""What a module is given in a container: annotations, and the container's limits. With compiled code as well where crumb-aot is."""

import os
import pathlib
import unittest

from support import RUNTIME, UNIFIED, guests, only_crumb
from test_wasm import WasmCase

COMPILER = pathlib.Path(RUNTIME).resolve().parent / "../libexec/crumb/crumb-aot"
MIB = 1 << 20


class PolicyCase(WasmCase):
    def setUp(self):
        super().setUp()
        os.environ["CRUMB_CODE_CACHE"] = str(self.folder / "cache/aot")
        self.addCleanup(os.environ.pop, "CRUMB_CODE_CACHE")
        self.annotations = self.config.setdefault("annotations", {})

    def annotate(self, **values):
        self.annotations.update({"run.crumb.wasm." + key: value for key, value in values.items()})

    def compile(self, name, *options):
        self.runtime("wasm", "compile", guests() / f"{name}.wasm", "--opt", "0", *options, timeout=60)

    def plan(self):
        self.process["args"] = ["/app.wasm"]
        self.bundle.write()
        return self.runtime("plan", "--bundle", self.bundle.path).out

    def logged(self, name="hello", **more):
        log = self.new_path("log")
        self.guest(name, options=("--log", log), **more)
        return log.read_text() if log.exists() else ""


@only_crumb("running Wasm")
class Annotations(PolicyCase):
    def test_a_bad_value_names_the_annotation_and_leaves_nothing(self):
        self.annotate(network="some")
        self.bundle.guest("hello", "/hello.wasm")
        result = self.run_fails("/hello.wasm", words='annotations["run.crumb.wasm.network"]')
        self.assertIn('"some" is none of none, listen, all', result.err)

    def test_an_unknown_one_is_one_warning_that_lists_the_known_ones(self):
        self.annotate(colour="red", sound="loud")
        warnings = [line for line in self.logged().splitlines() if "level=warning" in line]
        self.assertEqual(len(warnings), 1, warnings)
        for word in ("run.crumb.wasm.colour", "run.crumb.wasm.sound", "compile, frames, memory, mode, network, preopens, stack, threads"):
            self.assertIn(word, warnings[0])

    def test_an_unknown_one_is_in_the_plan(self):
        self.annotate(colour="red")
        self.assertIn('warning: config.json: annotations: "run.crumb.wasm.colour" means nothing to crumb', self.plan())

    def test_the_plan_says_what_a_module_is_given(self):
        self.annotate(network="none", preopens="/data:ro", threads="3", memory="32m", stack="64k", mode="interpreter")
        plan = self.plan()
        for line in ("crumb-wasm runs it: interpreted\n", "stack of 64 KiB, memory: at most 32 MiB\n", "threads besides the first: at most 3\n",
                     'directories without procfs and sysfs: "/data" (read-only)\n', "network: none\n"):
            self.assertIn("  " + line, plan)

    def test_they_hold_for_exec_as_well(self):
        self.annotate(preopens="none")
        self.bundle.file("/data/file", "content\n")
        self.bundle.guest("files", "/files.wasm")
        self.running()
        self.assertEqual(self.exec("/files.wasm", "/data/file", code=1).out, "")


@only_crumb("running Wasm")
class Directories(PolicyCase):
    def setUp(self):
        super().setUp()
        self.bundle.file("/data/file", "content\n")
        self.bundle.file("/etc/conf", "conf\n")

    def test_only_listed_directories_are_given(self):
        self.annotate(preopens="/data")
        self.assertEqual(self.guest("files", "/data/file").out, "content\n")
        self.guest("files", "/etc/conf", code=1)
        self.guest("files", "/data/new", "w", "x")

    def test_a_read_only_one_is_not_written(self):
        self.annotate(preopens="/data:ro")
        self.assertEqual(self.guest("files", "/data/file").out, "content\n")
        self.guest("files", "/data/file", "w", "x", code=1)
        self.assertEqual((self.bundle.rootfs / "data/file").read_text(), "content\n")

    def test_a_missing_one_is_an_error(self):
        self.annotate(preopens="/missing")
        self.bundle.guest("hello", "/hello.wasm")
        self.assertEqual(self.run_fails("/hello.wasm", words="/missing").code, 126)


@only_crumb("running Wasm")
class Network(PolicyCase):
    def opened(self):
        """Whether a socket can be made: 0, or WASI's errno 2."""
        return self.guest("sockopen", code=None).code == 0

    def test_in_a_network_of_its_own_a_module_makes_sockets(self):
        self.linux["namespaces"] = [one for one in self.linux["namespaces"] if one["type"] != "network"] + [{"type": "network"}]
        self.assertTrue(self.opened())

    def test_in_the_hosts_network_it_makes_none(self):
        self.namespace("network")
        self.assertFalse(self.opened())

    def test_an_executed_module_makes_them_where_the_first_program_would(self):
        self.bundle.guest("sockopen", "/sockopen.wasm")
        for own, code in ((True, 0), (False, 2)):
            with self.subTest(own=own):
                self.linux["namespaces"] = [one for one in self.linux["namespaces"] if one["type"] != "network"]
                self.linux["namespaces"] += [{"type": "network"}] if own else []
                self.running()
                self.exec("/sockopen.wasm", code=code)
                self.delete_forcibly()

    def test_the_annotation_goes_before_that(self):
        self.linux["namespaces"] = [one for one in self.linux["namespaces"] if one["type"] != "network"] + [{"type": "network"}]
        self.annotate(network="listen")
        self.assertFalse(self.opened())
        self.namespace("network")
        self.annotate(network="all")
        self.assertTrue(self.opened())


@only_crumb("running Wasm")
class Modes(PolicyCase):
    def test_aot_without_compiled_code_is_refused_and_says_how_to_get_some(self):
        self.annotate(mode="aot")
        self.bundle.guest("hello", "/hello.wasm")
        result = self.run_fails("/hello.wasm", words="/hello.wasm")
        self.assertEqual(result.code, 126)
        self.assertIn("`crumb wasm compile` makes some", result.err)

    @unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
    def test_each_mode_runs_what_it_says(self):
        self.compile("recursion")
        for mode, words in (("auto", "native stack overflow"), ("aot", "native stack overflow"), ("interpreter", "operand stack overflow")):
            with self.subTest(mode=mode):
                self.annotate(mode=mode)
                self.assertIn(words, self.guest("recursion", code=134).err)

    def test_the_stack_is_as_large_as_the_annotation_says(self):
        self.annotate(mode="interpreter", stack="64m")
        self.assertEqual(self.guest("recursion", "100000").out, "returned\n")


@only_crumb("running Wasm")
class Detection(PolicyCase):
    """By content; the annotations of other runtimes are honoured."""

    def says(self, key, value):
        self.annotations[key] = value

    def test_a_module_runs_with_and_without_the_annotations(self):
        for key, value in (("run.oci.handler", "wasm"), ("module.wasm.image/variant", "compat"), ("module.wasm.image/variant", "compat-smart")):
            with self.subTest(value=value):
                self.annotations.clear()
                self.says(key, value)
                self.assertEqual(self.guest("hello", path="/hello").out, "hello from wasm\n")

    def test_with_compat_a_native_program_is_refused(self):
        for key, value in (("run.oci.handler", "wasm"), ("module.wasm.image/variant", "compat")):
            with self.subTest(key=key):
                self.annotations.clear()
                self.says(key, value)
                result = self.run_fails("/bin/true", words="/bin/true")
                self.assertEqual(result.code, 126)
                self.assertIn(f"not a WebAssembly module, which the annotation {key}={value} says it is", result.err)

    def test_with_compat_smart_a_native_program_runs(self):
        self.says("module.wasm.image/variant", "compat-smart")
        self.assertEqual(self.run_container("/bin/echo", "native").out, "native\n")

    def test_with_compat_a_native_program_can_be_executed(self):
        self.says("module.wasm.image/variant", "compat")
        self.running_guest()
        self.assertEqual(self.exec("/bin/echo", "native").out, "native\n")

    def test_an_executed_module_is_found_like_a_program(self):
        self.bundle.guest("hello", "/usr/bin/plain", 0o644)
        os.symlink("/usr/bin/plain", self.bundle.rootfs / "link")
        self.process["env"] = ["PATH=/usr/bin:/bin"]
        self.running()
        for name in ("plain", "/link", "/usr/bin/plain"):
            with self.subTest(name=name):
                self.assertEqual(self.exec(name, flags=("--env", "PATH=/usr/bin:/bin")).out, "hello from wasm\n")

    def test_an_executed_component_is_told_what_to_build(self):
        self.bundle.guest("component", "/component")
        self.running()
        self.assertIn("wasm32-wasip1", self.fails("exec", self.name, "/component", words="component").err)

    def test_text_is_told_apart_from_a_module_by_the_words_of_its_refusal(self):
        self.bundle.file("/app.wat", "(module)\n", 0o755)
        self.assertIn("nor a WebAssembly module", self.run_fails("/app.wat", words="/app.wat").err)


@only_crumb("running Wasm")
class Limits(PolicyCase):
    def ways(self, name):
        """Interpreted and, where there is a compiler, compiled."""
        yield "interpreter"
        if COMPILER.exists():
            self.compile(name)
            yield "aot"

    def limit(self, **resources):
        self.linux["resources"] = resources

    def test_a_guest_sees_that_there_is_no_more_memory_and_is_not_killed(self):
        self.limit(memory={"limit": 64 * MIB})
        for mode in self.ways("grow"):
            with self.subTest(mode=mode):
                self.annotate(mode=mode)
                got = int(self.guest("grow", "touch").out.split()[0])
                self.assertGreater(got, 50)
                self.assertLess(got, 61)

    def parent(self):
        """A cgroup that the container's is made in, with 48 MiB."""
        self.linux["cgroupsPath"] = f"/{self.name}-pod/web"
        folder = self.cgroup_folder("memory").parent
        folder.mkdir()
        self.addCleanup(self.remove_parents)
        if UNIFIED:
            (folder.parent / "cgroup.subtree_control").write_text("+memory")
        (folder / ("memory.max" if UNIFIED else "memory.limit_in_bytes")).write_text(str(48 * MIB))

    def remove_parents(self):
        for folder in pathlib.Path("/sys/fs/cgroup").glob(f"*{'' if UNIFIED else '/*'}"):
            if folder.name == f"{self.name}-pod":
                folder.rmdir()

    def test_a_smaller_limit_above_the_container_counts(self):
        self.parent()
        self.assertLess(int(self.guest("grow").out.split()[0]), 45)
        self.assertIn("what the engine leaves of 48 MiB, at most 44 MiB", self.plan())
        self.delete_forcibly()

    def test_a_minimum_above_the_limit_is_refused_with_the_numbers(self):
        self.limit(memory={"limit": 32 * MIB})
        for name in ("bigmin", "bigshared"):
            with self.subTest(guest=name):
                self.bundle.guest(name, "/big.wasm")
                result = self.run_fails("/big.wasm", words="needs 64 MiB of memory at start")
                self.assertIn("the container's 32 MiB", result.err)

    def test_threads_end_at_the_limit_of_processes_with_an_error_of_the_guests(self):
        self.limit(pids={"limit": 6})
        for mode in self.ways("spawn"):
            with self.subTest(mode=mode):
                self.annotate(mode=mode)
                result = self.guest("spawn", code=None)
                self.assertEqual((result.code, result.out, result.err), (5, "", ""))

    def test_recursion_without_end_is_a_trap_in_every_thread(self):
        for name in ("recursion", "startrecursion", "threadrecursion"):
            for mode in self.ways(name):
                with self.subTest(guest=name, mode=mode):
                    self.annotate(mode=mode)
                    self.assertIn("stack overflow", self.guest(name, code=134).err)

    def test_too_small_an_address_space_says_what_would_do(self):
        self.process["rlimits"] = [{"type": "RLIMIT_AS", "soft": 1 << 30, "hard": 1 << 30}]
        self.bundle.guest("hello", "/hello.wasm")
        self.assertIn("it needs 9 GiB, or none at all", self.run_fails("/hello.wasm", words="RLIMIT_AS is 1024 MiB").err)


@only_crumb("running Wasm")
class Diagnosis(PolicyCase):
    def test_exact_exit_codes(self):
        for code in (0, 1, 42, 126, 127, 128, 134, 137, 143, 255):
            with self.subTest(code=code):
                result = self.guest("exitcode", str(code), code=code)
                self.assertEqual((result.out, result.err), ("", ""))

    def test_a_trap_of_the_start_section_is_a_trap(self):
        self.assertIn("trap: unreachable", self.guest("starttrap", code=134).err)

    @unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
    def test_with_frames_compiled_code_names_all_functions(self):
        self.compile("trap")
        self.compile("trap", "--frames")
        self.annotate(mode="aot", frames="true")
        self.assertRegex(self.guest("trap", code=134).err, r"#00 inner_function .*\n  #01 outer_function ")

    def test_frames_without_such_code_are_the_interpreters(self):
        self.annotate(frames="true")
        self.assertIn("inner_function", self.guest("trap", code=134).err)


if __name__ == "__main__":
    unittest.main()
