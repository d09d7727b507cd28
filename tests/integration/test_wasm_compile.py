"""Modules that are compiled when a start has found no code: in the background, or before it starts."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import big_module
from support import SLOW, guests, hierarchies, only_crumb, reap_orphans, with_hanging_compiler
from test_rootless import RootlessCase
from test_wasm_cache import COMPILER, CODE_OFFSET, CacheCase
from test_wasm_run import RunCase

PATIENCE = 180  # seconds: a job has little claim to processors
REASON = slice(1404, 1916)  # of an entry: src/wasm/code_file.cc


def status_of(pid):
    """/proc/PID/status."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


class Jobs:
    """For cases whose cache is `self.cache`."""

    def annotate(self, **values):
        annotations = self.config.setdefault("annotations", {})
        annotations.update({"run.crumb.wasm." + key: value for key, value in values.items()})

    def jobs(self):
        """The processes of jobs for this cache: crumb's, and the compilers below them."""
        reap_orphans()
        found = []
        for entry in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
            with contextlib.suppress(OSError):
                words = pathlib.Path("/proc", entry, "cmdline").read_bytes()
                own = f"CRUMB_CODE_CACHE={self.cache}\0".encode() in pathlib.Path("/proc", entry, "environ").read_bytes()
                if (own and b"compile-job" in words) or (words.startswith(b"crumb-aot") and status_of(entry)["PPid"] in map(str, found)):
                    found.append(int(entry))
        return sorted(found)

    def compiler(self):
        return next((pid for pid in self.jobs() if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"crumb-aot")), None)

    def jobs_ended(self):
        self.until(lambda: not self.jobs(), "a job does not end", seconds=PATIENCE)

    def compiled(self):
        """The entries when all jobs have ended."""
        self.jobs_ended()
        return self.entries()

    def refusal(self):
        """Why the only entry is none."""
        (path,) = self.compiled()
        content = path.read_bytes()
        self.assertEqual(len(content), CODE_OFFSET)
        return content[REASON].split(b"\0")[0].decode()

    def hanging_crumb(self):
        """A crumb whose compiler never ends, as the runtime of this test."""
        self.runtime_program = with_hanging_compiler(self.folder / "installed")

    def end_jobs(self):
        for pid in self.jobs():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGTERM)
        self.jobs_ended()


@only_crumb("compiling WebAssembly")
@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class JobCase(Jobs, CacheCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.end_jobs)

    def hello(self):
        out, warnings = super().hello()
        self.assertEqual(out, "hello from wasm\n")
        return warnings

    def hanging_job(self):
        """Starts a container whose module a hanging compiler is at. The process of the job and the compiler."""
        self.hanging_crumb()
        self.annotate(compile="background")
        return self.another_job()

    def another_job(self):
        self.assertEqual(self.hello(), [])
        compiler = self.until(self.compiler, "the compiler does not start", seconds=60)
        return [pid for pid in self.jobs() if pid != compiler], compiler


class Background(JobCase):
    def setUp(self):
        super().setUp()
        self.annotate(compile="background")

    def test_without_the_annotation_nothing_is_compiled(self):
        del self.config["annotations"]
        self.hello()
        self.assertEqual((self.jobs(), self.cache.exists()), ([], False))

    def test_the_start_after_the_job_runs_the_code(self):
        self.running_guest()
        self.assertEqual(self.mappings(), [])
        self.assertEqual(len(self.compiled()), 1)
        self.runtime("delete", "--force", self.name)
        self.running_guest()
        self.assertTrue(self.mappings())
        self.assertEqual(self.jobs(), [])

    def test_a_detached_run_and_one_in_the_foreground_start_a_job(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.run_container("/hello.wasm", flags=("--detach",))
        self.wait_status("stopped")
        self.assertEqual(len(self.compiled()), 1)
        self.runtime("delete", "--force", self.name)
        self.runtime("wasm", "cache", "prune", "--all")
        self.hello()
        self.assertEqual(len(self.compiled()), 1)

    def test_create_and_exec_start_none(self):
        """They may be called by conmon, which waits for every process that they leave."""
        self.bundle.guest("sleep", "/sleep.wasm")
        self.create("/sleep.wasm", "1000")
        self.assertEqual(self.jobs(), [])
        self.start()
        self.jobs_ended()
        self.bundle.guest("hello", "/hello.wasm")
        self.assertEqual(self.exec("/hello.wasm").out, "hello from wasm\n")
        self.assertEqual((self.jobs(), len(self.entries())), ([], 1))

    def test_several_starts_at_once_make_one_job(self):
        self.hanging_crumb()
        self.bundle.guest("hello", "/app/hello.wasm")
        self.process["args"] = ["/app/hello.wasm"]
        del self.linux["cgroupsPath"]
        self.bundle.write()
        names = [f"{self.name}.{number}" for number in range(5)]
        runs = [self.spawn("run", "--bundle", self.bundle.path, name) for name in names]
        for running in runs:
            self.assertEqual(running.wait(60).out, "hello from wasm\n")
        self.until(self.compiler, "the compiler does not start", seconds=60)
        compilers = [pid for pid in self.jobs() if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"crumb-aot")]
        sessions = {os.getsid(pid) for pid in self.jobs()}
        self.assertEqual((len(compilers), len(sessions)), (1, 1))

    def test_jobs_of_several_modules_take_turns(self):
        self.hanging_crumb()
        self.hello()
        self.until(self.compiler, "the compiler does not start", seconds=60)
        self.guest("args")
        self.until(lambda: len({os.getsid(pid) for pid in self.jobs()}) == 2, "there is no second job", seconds=60)
        time.sleep(1)
        compilers = [pid for pid in self.jobs() if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"crumb-aot")]
        self.assertEqual(len(compilers), 1)

    def test_code_with_frames_is_made_for_those_who_ask_for_it(self):
        self.annotate(frames="true")
        self.hello()
        self.compiled()
        (line,) = self.runtime("wasm", "cache", "list").out.splitlines()[1:]
        self.assertEqual(line.split()[1], "3f")

    def test_a_large_module_has_a_quick_tier_first(self):
        path = self.bundle.rootfs / "app/big.wasm"
        path.parent.mkdir()
        path.write_bytes(big_module.module())
        self.run_container("/app/big.wasm", code=None)
        self.until(lambda: self.entries(), "no tier is made", seconds=PATIENCE)
        self.assertEqual(self.runtime("wasm", "cache", "list").out.splitlines()[1].split()[1], "0")

    def test_a_start_that_fails_makes_no_job(self):
        self.cannot_be_compiled()
        self.assertEqual((self.jobs(), self.entries()), ([], []))

    def test_what_the_compiler_refuses_is_remembered_and_tried_again_by_hand(self):
        self.annotate(compile="wait")
        self.cannot_be_compiled()
        self.assertIn("not a module that can be compiled", self.refusal())
        self.annotate(compile="background")
        self.cannot_be_compiled()
        self.assertEqual(self.jobs(), [])
        self.assertIn("cannot be compiled", self.runtime("wasm", "cache", "list").out)
        self.assertEqual(self.runtime("wasm", "cache", "verify").out, "1 entry, 0 of them bad\n")

    def cannot_be_compiled(self):
        path = self.bundle.rootfs / "app/truncated.wasm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((guests() / "truncated.wasm").read_bytes())
        return self.run_container("/app/truncated.wasm", code=126)

    def test_a_compiler_that_is_killed_is_remembered(self):
        _, compiler = self.hanging_job()
        os.kill(compiler, signal.SIGKILL)
        self.assertIn("the compiler was killed", self.refusal())
        self.assertEqual(self.hello(), [])
        self.assertEqual(self.jobs(), [])

    def test_the_module_is_not_held_open(self):
        """Else the container's root could not be unmounted."""
        _, compiler = self.hanging_job()
        for pid in self.jobs():
            held = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
            self.assertFalse([path for path in held if path.startswith(str(self.bundle.path))], held)

    def test_without_a_compiler_it_is_one_warning(self):
        self.hanging_crumb()
        (self.runtime_program.parents[1] / "libexec/crumb/crumb-aot").unlink()
        (warning,) = self.hello()
        self.assertIn("is not compiled in the background: crumb-aot is not installed", warning)

    def test_a_cache_that_others_can_write_is_one_warning(self):
        self.cache.mkdir(parents=True)
        self.cache.chmod(0o777)
        (warning,) = self.hello()
        self.assertIn("others can write to it", warning)


class Detached(JobCase):
    """A job has nothing of the crumb that started it, and nobody waits for it."""

    def test_no_caller_waits_for_a_compiler_that_hangs(self):
        self.hanging_crumb()
        self.annotate(compile="background")
        self.bundle.guest("hello", "/app/hello.wasm")
        self.process["args"] = ["/app/hello.wasm"]
        self.bundle.write()
        # subprocess reads to the end of both pipes: whoever had them would keep it.
        pipes, none = {"capture_output": True}, {"stdout": subprocess.DEVNULL}
        for command, output in ((["run", "--bundle", self.bundle.path, self.name], pipes),
                                (["create", "--bundle", self.bundle.path, self.name], none), (["start", self.name], pipes)):
            subprocess.run(self.command_line(*command), check=True, timeout=20 * SLOW, **output)
        self.wait_status("stopped")
        self.runtime("delete", self.name)
        self.until(self.compiler, "the compiler does not start", seconds=60)

    def test_it_has_no_descriptor_of_its_callers(self):
        held = os.open("/etc/passwd", os.O_RDONLY)
        os.set_inheritable(held, True)
        self.addCleanup(os.close, held)
        jobs, _ = self.hanging_job()
        self.assertTrue(jobs)
        for pid in jobs:
            links = {number: os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
            self.assertEqual(links["1"], str(self.cache / "lock"))
            self.assertEqual(links["2"], "/dev/null")
            for link in links.values():
                self.assertTrue(link == "/dev/null" or link.startswith((str(self.cache), "pipe:", "anon_inode:")), links)

    def test_it_has_a_session_an_environment_and_cgroups_of_its_own(self):
        os.environ["SECRET_OF_THE_CALLER"] = "1"
        self.addCleanup(os.environ.pop, "SECRET_OF_THE_CALLER")
        jobs, compiler = self.hanging_job()
        for pid in [*jobs, compiler]:
            self.assertNotEqual(os.getsid(pid), os.getsid(0))
            self.assertNotIn(b"SECRET", pathlib.Path(f"/proc/{pid}/environ").read_bytes())
            self.assertGreater(os.getpriority(os.PRIO_PROCESS, pid), os.getpriority(os.PRIO_PROCESS, 0))
            self.assertEqual(pathlib.Path(f"/proc/{pid}/oom_score_adj").read_text(), "1000\n")
        self.assertIn("crumb-compile-", pathlib.Path(f"/proc/{compiler}/cgroup").read_text())
        self.assertNotIn(self.name, pathlib.Path(f"/proc/{compiler}/cgroup").read_text())

    def test_its_compiler_is_behind_the_walls(self):
        self.annotate(compile="background")
        path = self.bundle.rootfs / "app/big.wasm"
        path.parent.mkdir()
        path.write_bytes(big_module.module())
        self.run_container("/app/big.wasm", code=None)

        def facts():
            with contextlib.suppress(OSError, TypeError):
                return (found := status_of(self.compiler()))["Seccomp"] == "2" and found
            return None

        found = self.until(facts, "no compiler closes its last wall", seconds=60)
        self.assertGreaterEqual(int(found["Uid"].split()[0]), 2000000000)
        self.assertEqual((found["NoNewPrivs"], int(found["CapBnd"], 16), int(found["CapPrm"], 16)), ("1", 0, 0))

    def left(self, jobs):
        """What is left of a job: files but the lock and memories, cgroups, processes."""
        self.jobs_ended()
        files = [path.name for path in self.cache.iterdir() if path.name != "lock" and not path.name.startswith("memo-")]
        cgroups = [str(path) for mount in hierarchies() for path in pathlib.Path(mount).glob("crumb-compile-*")
                   if int(path.name.rsplit("-", 1)[1]) in jobs]
        return files + cgroups

    def test_a_job_that_is_killed_leaves_nothing(self):
        self.hanging_crumb()
        self.annotate(compile="background")
        for number in (signal.SIGTERM, signal.SIGKILL):
            for which in (0, 1):
                with self.subTest(signal=number, process=which):
                    jobs, _ = self.another_job()
                    os.kill(jobs[which], number)
                    self.until(lambda: not self.jobs(), "the job does not end", seconds=60)
                    self.until(lambda: not self.left(jobs), "something is left", seconds=20)

    def test_what_is_left_when_all_of_it_is_killed_at_once_goes_with_prune(self):
        jobs, _ = self.hanging_job()
        for pid in jobs:
            os.kill(pid, signal.SIGSTOP)
        for pid in jobs:
            os.kill(pid, signal.SIGKILL)
        self.jobs_ended()
        self.runtime("wasm", "cache", "prune")
        self.assertEqual(self.left(jobs), [])

    def test_the_next_start_tries_again_after_a_job_was_killed(self):
        jobs, _ = self.hanging_job()
        os.kill(jobs[0], signal.SIGTERM)
        self.jobs_ended()
        del self.runtime_program
        self.hello()
        self.assertEqual(len(self.compiled()), 1)


class Waiting(JobCase):
    def test_the_first_start_runs_the_code(self):
        for when in ("wait", "require"):
            with self.subTest(when):
                self.annotate(compile=when)
                self.running_guest_after_compiling()
                self.assertTrue(self.mappings())
                self.runtime("delete", "--force", self.name)
                self.runtime("wasm", "cache", "prune", "--all")

    def running_guest_after_compiling(self):
        self.bundle.guest("sleep", "/app/sleep.wasm")
        self.process["args"] = ["/app/sleep.wasm", "1000"]
        self.bundle.write()
        created = self.spawn("create", "--bundle", self.bundle.path, self.name)
        self.assertEqual(created.wait(PATIENCE).code, 0)
        self.start()
        self.until(lambda: "ready" in created.output(), "the guest does not start")

    def test_several_starts_at_once_compile_once(self):
        self.annotate(compile="require")
        self.bundle.guest("hello", "/app/hello.wasm")
        self.process["args"] = ["/app/hello.wasm"]
        del self.linux["cgroupsPath"]
        self.bundle.write()
        runs = [self.spawn("run", "--bundle", self.bundle.path, f"{self.name}.{number}") for number in range(4)]
        for running in runs:
            self.assertEqual(running.wait(PATIENCE).out, "hello from wasm\n")
        self.assertEqual(len(self.entries()), 1)

    def test_exec_waits_as_well(self):
        self.annotate(compile="require")
        self.bundle.guest("hello", "/hello.wasm")
        self.running("/bin/sleep", "1000")
        self.assertEqual(self.exec("/hello.wasm", timeout=PATIENCE).out, "hello from wasm\n")
        self.assertEqual(len(self.entries()), 1)

    def broken(self):
        """A module that the compiler and the interpreter refuse; its path."""
        path = self.bundle.rootfs / "app/broken.wasm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((guests() / "truncated.wasm").read_bytes())
        return "/app/broken.wasm"

    def test_require_is_one_line_of_error_and_the_next_time_at_once(self):
        self.annotate(compile="require")
        for _ in range(2):
            result = self.cannot_run(self.broken(), code=126)
            self.assertIn('"/app/broken.wasm": not a module that can be compiled: unexpected end', result.err)
        self.hanging_crumb()
        self.assertIn("`crumb wasm compile` tries again", self.cannot_run(self.broken(), code=126).err)

    def test_without_a_compiler_wait_interprets_with_one_warning_and_require_refuses(self):
        self.hanging_crumb()
        (self.runtime_program.parents[1] / "libexec/crumb/crumb-aot").unlink()
        self.annotate(compile="wait")
        (warning,) = self.hello()
        self.assertIn("crumb-aot is not installed", warning)
        self.annotate(compile="require")
        self.assertIn("crumb-aot is not installed", self.cannot_run("/app/hello.wasm", code=126).err)

    def test_it_gives_up_when_crumb_is_asked_to_end_and_leaves_nothing(self):
        self.hanging_crumb()
        self.annotate(compile="wait")
        self.bundle.guest("hello", "/app/hello.wasm")
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                running = self.spawn_run("/app/hello.wasm")
                self.until(lambda: self.compilers_of(running.pid), "the compiler does not start", seconds=60)
                os.kill(running.pid, number)
                result = running.wait()
                self.assertEqual(result.code, 1)
                self.assertIn("not compiled: crumb was asked to end", result.err)
                self.assertEqual(self.entries(), [])

    def test_delete_force_ends_a_create_that_waits(self):
        self.hanging_crumb()
        self.annotate(compile="require")
        self.bundle.guest("hello", "/app/hello.wasm")
        self.process["args"] = ["/app/hello.wasm"]
        self.bundle.write()
        running = self.spawn("create", "--bundle", self.bundle.path, self.name)
        self.until(lambda: self.compilers_of(running.pid), "the compiler does not start", seconds=60)
        self.runtime("delete", "--force", self.name)
        self.assertEqual(running.wait().code, 1)

    @staticmethod
    def compilers_of(pid):
        with contextlib.suppress(OSError):
            for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                if pathlib.Path(f"/proc/{child}/cmdline").read_bytes().startswith(b"crumb-aot"):
                    return int(child)
        return None

    def test_the_interpreter_does_not_go_with_it(self):
        self.annotate(compile="wait", mode="interpreter")
        self.bundle.guest("hello", "/app/hello.wasm")
        self.run_fails("/app/hello.wasm", words='annotations["run.crumb.wasm.compile"]: only "off" goes with the mode "interpreter"')


@only_crumb("compiling WebAssembly")
@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class WasmRun(Jobs, RunCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache/aot"
        os.environ["CRUMB_CODE_CACHE"] = str(self.cache)
        self.addCleanup(os.environ.pop, "CRUMB_CODE_CACHE")
        self.addCleanup(self.end_jobs)

    def entries(self):
        return [path for path in self.cache.iterdir() if len(path.name) == 64] if self.cache.exists() else []

    def test_it_compiles_in_the_background(self):
        result = self.wasm_run("--compile", "background", self.module("hello"))
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))
        self.assertEqual(len(self.compiled()), 1)

    def test_it_compiles_first(self):
        result = self.wasm_run("--compile", "require", self.module("hello"), timeout=PATIENCE)
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))
        self.assertEqual(len(self.entries()), 1)

    def test_a_bad_word_is_an_error_that_names_the_option(self):
        self.refuses("--compile", "now", self.module("hello"), words='option --compile: "now" is none of background, wait, off, require')


@only_crumb("compiling WebAssembly")
@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class OfAnOrdinaryUser(Jobs, RootlessCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / ".cache/crumb/aot"
        self.addCleanup(self.end_jobs)

    def runs_and_is_compiled(self, program):
        self.annotate(compile="background")
        self.give_away()
        result = self.run_container(program)
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))
        self.jobs_ended()
        (entry,) = [path for path in self.cache.iterdir() if len(path.name) == 64]
        self.assertEqual(entry.stat().st_uid, self.user.pw_uid)
        self.assertGreater(entry.stat().st_size, CODE_OFFSET)  # else it is a refusal

    def mounted(self, source, destination):
        """A bind mount of a directory with the module in it, or of the module."""
        folder = self.folder / "data/app"
        folder.mkdir(parents=True)
        shutil.copy(guests() / "hello.wasm", folder)
        self.mount(destination, self.folder / "data" / source, options=["rbind"])

    def test_a_module_is_compiled_in_the_background_by_the_user(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.runs_and_is_compiled("/hello.wasm")

    def test_a_module_that_is_named_from_the_working_directory_is_compiled(self):
        self.bundle.guest("hello", "/app/bin/hello.wasm")
        self.process["cwd"] = "/app"
        self.runs_and_is_compiled("bin/hello.wasm")

    def test_a_module_on_a_mount_is_compiled(self):
        self.mounted("", "/data")
        self.runs_and_is_compiled("/data/app/hello.wasm")

    def test_a_module_that_is_itself_a_mount_is_compiled(self):
        self.mounted("app/hello.wasm", "/hello.wasm")
        self.runs_and_is_compiled("/hello.wasm")

    def test_of_mounts_upon_each_other_the_one_that_shows_the_module_is_looked_into(self):
        self.mount("/data", self.folder / "other", options=["rbind"])
        (self.folder / "other/app").mkdir(parents=True)
        (self.folder / "other/app/hello.wasm").write_text("no module")
        self.mounted("app", "/data/app")
        self.runs_and_is_compiled("/data/app/hello.wasm")

    def test_a_module_on_a_filesystem_of_the_container_is_one_warning(self):
        self.annotate(compile="background")
        self.bundle.guest("hello", "/data/hello.wasm")
        self.mount("/data", "tmpfs", "tmpfs", ["tmpcopyup"])
        self.give_away()
        result = self.run_container("/data/hello.wasm")
        self.assertEqual(result.out, "hello from wasm\n")
        self.assertRegex(result.err, r'\A[^\n]*"/data/hello.wasm" is not compiled in the background: the file lies on a mount of the container[^\n]*\n\Z')


if __name__ == "__main__":
    unittest.main()
