"""podman's commands on a container that is there: exec, stop, kill, pause, logs, ps, restart, attach, cp, commit."""

import json
import pathlib
import time

from podman_case import MEMORY_LIMIT, PodmanCase
from support import find_cgroups, only_crumb

TRAPS_TERM = "trap 'echo bye; exit 3' TERM; echo ready; while true; do sleep 0.1; done"


class Exec(PodmanCase):
    def test_output_and_exit_code(self):
        name = self.detached()
        result = self.podman("exec", name, "sh", "-c", "echo out; echo err >&2; exit 7", code=7)
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))

    def test_stdin(self):
        self.assertEqual(self.podman("exec", "--interactive", self.detached(), "cat", input="text").out, "text")

    def test_user_environment_and_workdir(self):
        flags = ["--user", "user", "--env", "SHAPE=round", "--workdir", "/tmp"]
        out = self.podman("exec", *flags, self.detached(), "sh", "-c", "id -un; echo $SHAPE; pwd").out
        self.assertEqual(out, "user\nround\n/tmp\n")

    def test_a_program_that_is_not_there_is_127(self):
        self.podman("exec", self.detached(), "nosuch", code=127)

    def test_a_file_that_is_not_executable_is_126(self):
        self.podman("exec", self.detached(), "/etc/plain", code=126)

    def test_detached(self):
        name = self.detached()
        self.podman("exec", "--detach", name, "sh", "-c", "sleep 0.1; echo done > /tmp/mark; sleep 100")
        self.until(lambda: self.podman("exec", name, "cat", "/tmp/mark", code=None).out == "done\n", "nothing happened", 30)

    def test_privileged(self):
        self.assertIn("ffffff", self.podman("exec", "--privileged", self.detached(), "grep", "CapEff", "/proc/self/status").out)

    def test_preserved_descriptors(self):
        name = self.detached()
        words = ["sh", "-c", 'exec podman exec --preserve-fds 1 "$@" 3< /etc/hostname', "sh", name, "sh", "-c", "cat <&3"]
        self.assertEqual(self.command(*words).out, pathlib.Path("/etc/hostname").read_text())

    def test_the_capabilities_are_the_containers(self):
        name = self.detached(flags=["--cap-drop", "all"])
        self.assertIn("0000000000000000", self.podman("exec", name, "grep", "CapEff", "/proc/self/status").out)

    @only_crumb("running Wasm")
    def test_a_module_in_a_native_container(self):
        name = self.detached()
        self.assertEqual(self.podman("exec", name, "/guest/hello.wasm").out, "hello from wasm\n")
        self.podman("exec", name, "/guest/exitcode.wasm", "9", code=9)

    @only_crumb("running Wasm")
    def test_a_native_program_in_a_modules_container(self):
        name = self.detached("/guest/sleep.wasm", "1000")
        self.assertEqual(self.podman("exec", name, "echo", "native").out, "native\n")

    @only_crumb("running Wasm")
    def test_a_module_beside_a_module(self):
        name = self.detached_wasm()
        self.assertEqual(self.podman("exec", name, "/args.wasm", "a").out, "/args.wasm\na\n")
        self.assertIn("component", self.podman("exec", name, "/component.wasm", code=255).err)  # podman's for what it does not know
        self.podman("exec", name, "/nosuch.wasm", code=127)


class Ending(PodmanCase):
    def test_stop_sends_TERM(self):
        name = self.detached("sh", "-c", TRAPS_TERM)
        self.until(lambda: "ready" in self.podman("logs", name).out, "not ready", 30)
        self.podman("stop", "--time", "30", name)
        self.assertEqual(self.exit_code(name), 3)
        self.assertIn("bye", self.podman("logs", name).out)

    def test_stop_kills_who_does_not_listen(self):
        name = self.detached("sh", "-c", "trap '' TERM; echo ready; while true; do sleep 1; done")
        self.until(lambda: "ready" in self.podman("logs", name).out, "not ready", 30)
        self.podman("stop", "--time", "1", name)
        self.assertEqual(self.exit_code(name), 137)

    def test_kill_by_name_and_by_number(self):
        name = self.detached("sh", "-c", "trap 'echo usr' USR1; trap 'exit 4' 12; echo ready; while true; do sleep 0.1; done")
        self.until(lambda: "ready" in self.podman("logs", name).out, "not ready", 30)
        self.podman("kill", "--signal", "USR1", name)
        self.until(lambda: "usr" in self.podman("logs", name).out, "no signal came", 30)
        self.podman("kill", "--signal", "12", name)
        self.assertEqual(self.exit_code(name), 4)

    def test_kill_is_137(self):
        name = self.detached()
        self.podman("kill", name)
        self.assertEqual(self.exit_code(name), 137)
        state = self.inspect(name, "State")
        self.assertEqual((state["Status"], state["ExitCode"], state["OOMKilled"], state["Pid"]), ("exited", 137, False, 0))

    def test_kill_all_of_a_container_in_the_hosts_pid_namespace(self):
        name = self.detached("sh", "-c", "sleep 1000 & sleep 1000 & wait", flags=["--pid", "host"])
        self.podman("kill", name)
        self.assertEqual(self.exit_code(name), 137)

    def test_rm_force_ends_it(self):
        name = self.detached()
        self.podman("rm", "--force", "--time", "0", name)
        self.assertEqual(self.podman("ps", "--all", "--quiet").out, "")

    def test_TERM_to_a_program_that_knows_no_signals_is_143(self):
        name = self.detached(flags=["--init"])
        self.podman("stop", "--time", "30", name)
        self.assertEqual(self.exit_code(name), 143)

    @only_crumb("running Wasm")
    def test_stop_ends_a_module_with_143(self):
        name = self.detached_wasm()
        self.podman("stop", "--time", "30", name)
        self.assertEqual(self.exit_code(name), 143)

    @only_crumb("running Wasm")
    def test_kill_ends_a_module_with_137(self):
        name = self.detached_wasm("busy")
        self.podman("kill", name)
        self.assertEqual(self.exit_code(name), 137)


class Looking(PodmanCase):
    def test_logs_hold_both_streams(self):
        name = self.detached("sh", "-c", "echo out; echo err >&2")
        self.exit_code(name)
        result = self.podman("logs", name)
        self.assertEqual((result.out, result.err), ("out\n", "err\n"))

    def test_inspect_knows_the_state(self):
        name = self.detached()
        state = self.inspect(name, "State")
        self.assertEqual((state["Status"], state["Running"], state["Paused"]), ("running", True, False))
        self.assertTrue(pathlib.Path(f"/proc/{state['Pid']}").exists())
        self.assertIn("libpod-", state["CgroupPath"])

    def test_inspect_of_one_that_was_not_started(self):
        self.made_containers = True
        self.podman("create", "--name", self.name, *self.where([]), "box", "true")
        self.podman("init", self.name)
        self.assertEqual(self.inspect(self.name, "State", "Status"), "initialized")
        self.podman("start", "--attach", self.name)
        self.assertEqual(self.inspect(self.name, "State", "Status"), "exited")

    def test_ps(self):
        name = self.detached()
        self.assertEqual(self.podman("ps", "--format", "{{.Names}} {{.Image}}").out, f"{name} localhost/box:latest\n")

    def test_top(self):
        self.assertIn("sleep 1000", self.podman("top", self.detached(), "pid", "args").out)

    def test_stats(self):
        out = json.loads(self.podman("stats", "--no-stream", "--format", "json", self.detached()).out)
        self.assertEqual(out[0]["pids"], "1")

    def test_a_health_check_runs_in_the_container(self):
        flags = ["--health-cmd", "test -e /tmp/healthy", "--health-interval", "disable", "--health-retries", "1"]
        name = self.detached(flags=flags)
        self.podman("healthcheck", "run", name, code=1)
        self.podman("exec", name, "touch", "/tmp/healthy")
        self.podman("healthcheck", "run", name)

    @only_crumb("running Wasm")
    def test_logs_top_and_inspect_of_a_module(self):
        name = self.detached_wasm()
        self.assertIn("/sleep.wasm 1000", self.podman("top", name, "pid", "args").out)
        self.assertEqual(self.podman("logs", name).out, "ready\n")
        self.assertEqual(self.inspect(name, "State", "Status"), "running")

    @only_crumb("running Wasm")
    def test_a_health_check_can_be_a_module(self):
        flags = ["--health-cmd", '["/exitcode.wasm", "0"]', "--health-interval", "disable"]
        self.podman("healthcheck", "run", self.detached_wasm(flags=flags))


class Pausing(PodmanCase):
    COUNTS = "n=0; while true; do n=$((n+1)); echo $n > /tmp/n; sleep 0.05; done"

    def count(self, name):
        return pathlib.Path(f"/proc/{self.inspect(name, 'State', 'Pid')}/root/tmp/n").read_text()

    def test_a_paused_container_stands_still_and_goes_on(self):
        name = self.detached("sh", "-c", self.COUNTS)
        self.podman("pause", name)
        self.assertEqual(self.inspect(name, "State", "Status"), "paused")
        before = self.count(name)
        time.sleep(0.3)
        self.assertEqual(self.count(name), before)
        self.podman("unpause", name)
        self.until(lambda: self.count(name) not in ("", before), "it does not go on", 30)

    def test_exec_in_a_paused_container_is_an_error(self):
        name = self.detached()
        self.podman("pause", name)
        self.podman("exec", name, "true", code=None)
        self.assertEqual(self.inspect(name, "State", "Status"), "paused")
        self.podman("unpause", name)

    def test_rm_force_of_a_paused_container(self):
        name = self.detached()
        self.podman("pause", name)
        self.podman("rm", "--force", "--time", "0", name)

    @only_crumb("running Wasm")
    def test_a_module_is_paused(self):
        name = self.detached_wasm("busy")
        self.podman("pause", name)
        self.assertEqual(self.inspect(name, "State", "Status"), "paused")
        self.podman("unpause", name)
        self.assertEqual(self.inspect(name, "State", "Status"), "running")


class GoingOn(PodmanCase):
    def test_attach(self):
        name = self.detached("cat", flags=["--interactive"])
        self.assertEqual(self.podman("attach", name, input="text\n").out.split(), ["text"])

    def test_restart(self):
        name = self.detached("sh", "-c", "echo again; exec sleep 1000")
        self.podman("restart", "--time", "0", name)
        self.until(lambda: self.podman("logs", name).out == "again\nagain\n", "not restarted", 30)

    def test_restart_on_failure(self):
        name = self.detached("sh", "-c", "echo again; exit 1", flags=["--restart", "on-failure:2"])
        self.until(lambda: self.podman("logs", name).out == "again\n" * 3, "not restarted", 60)

    def test_start_again(self):
        name = self.detached("sh", "-c", "echo run; exit 5")
        self.exit_code(name)
        self.assertEqual(self.podman("start", "--attach", name, code=5).out, "run\n")

    def test_cp_both_ways(self):
        name = self.detached()
        file = self.scratch / "file"
        file.write_text("text")
        self.podman("cp", file, f"{name}:/tmp/file")
        self.podman("cp", f"{name}:/tmp/file", self.scratch / "back")
        self.assertEqual((self.scratch / "back").read_text(), "text")

    def test_commit(self):
        name = self.detached("sh", "-c", "echo text > /new; exec sleep 1000")
        self.podman("commit", "--quiet", name, f"{self.name}-image")
        self.addCleanup(self.podman, "rmi", "--force", f"{self.name}-image")
        self.assertEqual(self.output_of("cat", "/new", image=f"{self.name}-image"), "text\n")

    def test_update_of_a_running_containers_limits(self):
        name = self.detached(flags=["--memory", "64m"])
        self.podman("update", "--memory", "32m", name)
        self.assertEqual(self.podman("exec", name, "cat", MEMORY_LIMIT).out, "33554432\n")

    @only_crumb("running Wasm")
    def test_update_of_a_modules_limits(self):
        name = self.detached_wasm(flags=["--memory", "128m"])
        self.podman("update", "--memory", "96m", name)
        files = [pathlib.Path(folder, pathlib.Path(MEMORY_LIMIT).name) for folder in find_cgroups(f"libpod-{self.inspect(name, 'Id')}")]
        self.assertEqual([file.read_text() for file in files if file.exists()], [f"{96 << 20}\n"])

    @only_crumb("running Wasm")
    def test_a_module_is_restarted(self):
        name = self.detached_wasm()
        self.podman("restart", "--time", "0", name)
        self.until(lambda: self.podman("logs", name).out == "ready\nready\n", "not restarted", 30)
