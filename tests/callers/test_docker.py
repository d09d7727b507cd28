"""Docker with the runtime under test: native programs and WebAssembly modules."""

import unittest

from docker_case import DockerCase

SLEEP = ("/bin/sleep", "1000")


class Programs(DockerCase):
    def test_output_and_environment_arrive(self):
        self.assertEqual(self.run_container("/bin/sh", "-c", "echo $COLOUR").out, "green\n")

    def test_the_exit_code_is_the_program_s(self):
        self.run_container("/bin/sh", "-c", "exit 42", code=42)

    def test_a_program_that_is_not_there_is_127(self):
        self.assertIn("no such file or directory", self.run_container("/bin/missing", code=127).err)

    def test_a_program_that_may_not_be_executed_is_126(self):
        self.assertIn("permission denied", self.run_container("/etc/plain", code=126).err)

    def test_a_user_an_init_a_read_only_root_and_a_memory_limit(self):
        flags = ("--user", "1000:2000", "--init", "--read-only", "--memory", "64m", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
        script = "id -u; id -g; touch /x 2> /dev/null || echo read-only; grep CapEff /proc/self/status"
        self.assertEqual(self.run_container("/bin/sh", "-c", script, flags=flags).out,
                         "1000\n2000\nread-only\nCapEff:\t0000000000000000\n")

    def test_volumes_and_tmpfs(self):
        (self.scratch / "file").write_text("from the host\n")
        flags = ("--volume", f"{self.scratch}:/data:ro", "--tmpfs", "/scratch:size=1m")
        out = self.run_container("/bin/sh", "-c", "cat /data/file; touch /scratch/x && ls /scratch", flags=flags).out
        self.assertEqual(out, "from the host\nx\n")


class Commands(DockerCase):
    def test_exec_with_its_exit_code_user_and_environment(self):
        self.detached(*SLEEP)
        out = self.docker("exec", "--user", "1000", "--env", "A=b", self.name, "/bin/sh", "-c", "id -u; echo $A; exit 7", code=7).out
        self.assertEqual(out, "1000\nb\n")

    def test_stop_waits_for_the_program_and_then_kills_it(self):
        self.detached("/bin/sh", "-c", "trap '' TERM; echo on; while :; do sleep 0.1; done")
        self.until(lambda: self.docker("logs", self.name).out == "on\n", "the program runs")
        self.docker("stop", "--time", "1", self.name)
        self.assertEqual(self.inspect("{{.State.Status}} {{.State.ExitCode}}"), "exited 137")

    def test_pause_and_unpause(self):
        self.detached(*SLEEP)
        self.docker("pause", self.name)
        self.assertEqual(self.inspect("{{.State.Status}}"), "paused")
        self.docker("unpause", self.name)
        self.assertEqual(self.inspect("{{.State.Status}}"), "running")

    def test_update_top_and_stats(self):
        self.detached(*SLEEP)
        self.docker("update", "--memory", "64m", "--memory-swap", "64m", "--pids-limit", "50", self.name)
        self.assertIn("/bin/sleep 1000", self.docker("top", self.name).out)
        stats = self.docker("stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", self.name).out
        self.assertRegex(stats, r"/ 64MiB 1$")

    def test_kill_with_a_signal(self):
        self.detached("/bin/sh", "-c", "trap 'exit 3' USR1; echo on; while :; do sleep 0.1; done")
        self.until(lambda: self.docker("logs", self.name).out == "on\n", "the program runs")
        self.docker("kill", "--signal", "USR1", self.name)
        self.assertEqual(self.docker("wait", self.name).out, "3\n")

    def test_a_container_starts_again(self):
        self.detached("/bin/echo", "once")
        self.docker("wait", self.name)
        self.docker("start", "--attach", self.name)
        self.assertEqual(self.docker("logs", self.name).out, "once\nonce\n")


class Modules(DockerCase):
    def test_an_image_that_holds_only_modules(self):
        self.assertEqual(self.run_container(image="wasm").out, "hello from wasm\n")

    def test_the_exit_code_is_the_module_s(self):
        self.run_container("/guest/exitcode.wasm", "42", code=42)

    def test_a_trap_is_134_with_the_reason(self):
        self.assertIn("trap: unreachable", self.run_container("/guest/trap.wasm", code=134).err)

    def test_exec_of_a_module_beside_a_program(self):
        self.detached(*SLEEP)
        self.docker("exec", self.name, "/guest/exitcode.wasm", "7", code=7)

    def test_exec_of_a_program_beside_a_module(self):
        self.detached("/guest/sleep.wasm", "1000")
        self.assertEqual(self.docker("exec", self.name, "/bin/echo", "beside").out, "beside\n")

    def test_stop_ends_a_module_at_once(self):
        self.detached("/guest/sleep.wasm", "1000")
        self.docker("stop", "--time", "50", self.name)
        self.assertEqual(self.inspect("{{.State.ExitCode}}"), "143")


if __name__ == "__main__":
    unittest.main()
