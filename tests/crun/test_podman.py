"""podman with crun as its runtime: the annotation is all that a WebAssembly container needs."""

import json
import unittest

import crun_case  # noqa: F401

from podman_case import PodmanCase

HANDLED = ["--annotation", "run.oci.handler=wasm"]


class Handler(PodmanCase):
    def handled(self, guest, *args, flags=(), **options):
        return self.wasm(guest, *args, flags=[*HANDLED, *flags], **options)

    def detached_guest(self, *flags):
        name = self.detached("1000", image="box", flags=[*HANDLED, "--entrypoint", "/guest/sleep.wasm", *flags])
        self.until(lambda: "ready" in self.podman("logs", name).out, "the guest does not start", 30)
        return name

    def test_a_module_runs(self):
        result = self.handled("hello")
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))

    def test_without_the_handler_it_does_not(self):
        self.assertNotIn("hello from wasm", self.wasm("hello", code=None).out)

    def test_exit_codes_are_exact(self):
        for code in (1, 42, 255):
            with self.subTest(code):
                self.handled("exitcode", code, code=code)

    def test_a_trap_is_134_with_reason_and_functions(self):
        result = self.handled("trap", code=134)
        self.assertEqual(result.out, "")
        self.assertIn("crumb: /trap.wasm: trap: unreachable", result.err)
        self.assertIn("inner_function", result.err)

    def test_stdin_environment_and_working_directory_are_the_guests(self):
        self.assertEqual(self.handled("cat", flags=["--interactive"], input="text\n").out, "text\n")
        out = self.handled("env", flags=["--env", "A=1", "--workdir", "/dev"]).out
        self.assertIn("A=1\n", out)
        self.assertIn("COLOUR=green\n", out)
        self.assertIn("PWD=/dev\n", out)

    def test_a_missing_module_is_127_and_a_bad_one_126(self):
        for name, code, words in (("missing", 127, "no such file"), ("truncated", 126, "cut short"), ("component", 126, "wasm32-wasip1")):
            with self.subTest(name):
                line = self.handled(name, code=code).err
                self.assertIn(f"crumb: /{name}.wasm: ", line)
                self.assertIn(words, line)

    def test_stop_ends_a_guest_by_SIGTERM(self):
        name = self.detached_guest()
        self.podman("stop", "--time", "30", name)
        self.assertEqual(self.inspect(name, "State", "ExitCode"), 143)

    def test_modules_and_native_programs_are_executed_in_it(self):
        name = self.detached_guest()
        self.assertEqual(self.podman("exec", name, "/bin/echo", "native").out, "native\n")
        self.assertEqual(self.podman("exec", name, "/guest/args.wasm", "a b").out, "/guest/args.wasm\na b\n")
        self.podman("exec", name, "/guest/exitcode.wasm", "5", code=5)
        self.podman("exec", name, "/guest/trap.wasm", code=134)

    def test_a_terminal_is_one(self):
        self.assertEqual(self.handled("isatty", flags=["--tty"]).out.split(), ["1", "1", "1"])

    def test_a_guest_sees_the_memory_limit(self):
        got = int(self.handled("grow", "touch", flags=["--memory", "64m"]).out.split()[0])
        self.assertGreater(got, 45)
        self.assertLess(got, 61)

    def test_a_user_without_capabilities_runs_a_module_in_a_read_only_root(self):
        flags = ["--user", "1000:1000", "--cap-drop", "all", "--security-opt", "no-new-privileges", "--read-only"]
        self.assertEqual(self.handled("hello", flags=flags).out, "hello from wasm\n")

    def test_a_health_check_may_be_a_module(self):
        name = self.detached_guest("--health-cmd", json.dumps(["/guest/exitcode.wasm", "0"]))
        self.podman("healthcheck", "run", name)


if __name__ == "__main__":
    unittest.main()
