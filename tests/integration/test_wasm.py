"""Wasm modules as the programs of containers."""

import fcntl
import json
import os
import pathlib
import signal
import socket
import time
import unittest

from support import SLOW, ContainerCase, Running, only_crumb


class WasmCase(ContainerCase):
    """A container whose program is one of tests/guests."""

    def guest(self, name, *args, path=None, **popen):
        path = path or f"/app/{name}.wasm"
        self.bundle.guest(name, path)
        return self.run_container(path, *args, **popen)

    def spawn_guest(self, name, *args, **popen):
        """In the background; returns when the guest says that it is ready."""
        self.bundle.guest(name, f"/app/{name}.wasm")
        running = self.spawn_run(f"/app/{name}.wasm", *args, **popen)
        self.until(lambda: "ready" in running.output(), "the guest does not start")
        return running

    def running_guest(self, name="sleep", *args):
        """create and start."""
        self.bundle.guest(name, f"/app/{name}.wasm")
        created = self.running(f"/app/{name}.wasm", *(args or ("1000",)))
        self.until(lambda: "ready" in created.output(), "the guest does not start")
        return created


@only_crumb("running Wasm")
class Programs(WasmCase):
    def test_hello(self):
        result = self.guest("hello")
        self.assertEqual((result.out, result.err), ("hello from wasm\n", ""))

    def test_arguments_arrive_unchanged(self):
        words = ["a b", "", "*", "ü", "-x", "--help"]
        self.assertEqual(self.guest("args", *words).out.splitlines(), ["/app/args.wasm", *words])

    def test_the_environment_is_the_configs_with_HOME_and_PWD(self):
        self.process["env"] = ["PATH=/bin", "COLOUR=green", "EMPTY="]
        env = dict(line.split("=", 1) for line in self.guest("env").out.splitlines())
        self.assertEqual(env, {"PATH": "/bin", "COLOUR": "green", "EMPTY": "", "HOME": "/root", "PWD": "/"})

    def test_nothing_of_crumbs_is_in_the_environment(self):
        os.environ["CRUMB_OF_THE_CALLER"] = "1"
        self.addCleanup(os.environ.pop, "CRUMB_OF_THE_CALLER")
        self.process["env"] = ["PATH=/bin"]
        self.assertNotIn("CRUMB", self.guest("env").out)

    def test_stdin_is_passed_through(self):
        self.assertEqual(self.guest("cat", input="one\ntwo\n").out, "one\ntwo\n")

    def test_a_megabyte_passes_unchanged(self):
        text = "0123456789abcdef" * 65536
        self.assertEqual(self.guest("cat", input=text).out, text)

    def test_the_exit_code_of_exit(self):
        self.guest("exitcode", "42", code=42)

    def test_the_exit_code_of_mains_return(self):
        self.guest("mainreturn", "7", code=7)

    def test_the_largest_exit_code_is_255(self):
        self.guest("exitcode", "255", code=255)

    def test_a_trap_is_134_with_its_reason_on_stderr(self):
        result = self.guest("trap", code=134)
        self.assertEqual(result.out, "")
        self.assertIn("unreachable", result.err)
        self.assertIn("inner_function", result.err)

    def test_reading_outside_the_memory_is_a_trap(self):
        result = self.guest("oob", code=134)
        self.assertEqual(result.out, "")
        self.assertIn("out of bounds memory access", result.err)

    def test_endless_recursion_is_a_trap(self):
        self.guest("recursion", code=134)

    def test_a_pipe_is_no_terminal(self):
        self.assertEqual(self.guest("isatty").out, "0 0 0\n")

    def test_a_module_needs_no_executable_bit(self):
        self.bundle.guest("hello", "/hello.wasm", 0o644)
        self.assertEqual(self.run_container("/hello.wasm").out, "hello from wasm\n")

    def test_a_module_may_have_any_name(self):
        self.assertEqual(self.guest("hello", path="/bin/hello").out, "hello from wasm\n")

    def test_a_module_is_found_in_PATH(self):
        self.bundle.guest("hello", "/usr/bin/hello")
        self.assertEqual(self.run_container("hello").out, "hello from wasm\n")

    def test_a_module_is_found_in_PATH_without_an_executable_bit(self):
        self.bundle.guest("hello", "/usr/bin/hello", 0o644)
        self.assertEqual(self.run_container("hello").out, "hello from wasm\n")

    def test_a_module_with_a_slash_is_relative_to_cwd(self):
        self.process["cwd"] = "/app"
        self.bundle.guest("hello", "/app/sub/hello.wasm")
        self.assertEqual(self.run_container("sub/hello.wasm").out, "hello from wasm\n")

    def test_a_link_to_a_module_is_followed(self):
        os.symlink("/app/hello.wasm", self.bundle.rootfs / "link")
        self.bundle.guest("hello", "/app/hello.wasm")
        self.assertEqual(self.run_container("/link").out, "hello from wasm\n")

    def test_a_user_runs_a_module(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertEqual(self.guest("hello").out, "hello from wasm\n")

    def test_a_module_runs_without_capabilities_and_with_no_new_privs(self):
        self.process["capabilities"] = {}
        self.process["noNewPrivileges"] = True
        self.assertEqual(self.guest("hello").out, "hello from wasm\n")

    def test_a_module_runs_in_a_read_only_root_of_nothing_else(self):
        self.config["root"]["readonly"] = True
        for path in (self.bundle.rootfs / "bin").iterdir():
            path.unlink()
        self.assertEqual(self.guest("hello").out, "hello from wasm\n")

    def test_a_module_runs_without_proc_in_the_container(self):
        self.config["mounts"] = []
        self.linux["maskedPaths"] = self.linux["readonlyPaths"] = []
        self.assertEqual(self.guest("hello").out, "hello from wasm\n")

    def test_a_module_runs_in_the_hosts_pid_namespace(self):
        self.namespace("pid")
        self.assertEqual(self.guest("hello").out, "hello from wasm\n")

    def test_a_module_runs_with_no_pivot(self):
        self.assertEqual(self.guest("hello", flags=("--no-pivot",)).out, "hello from wasm\n")


@only_crumb("running Wasm")
class Files(WasmCase):
    def test_an_absolute_path_is_read(self):
        self.bundle.file("/data/file", "content\n")
        self.assertEqual(self.guest("files", "/data/file").out, "content\n")

    def test_a_relative_path_lies_in_cwd(self):
        self.bundle.file("/data/file", "content\n")
        self.process["cwd"] = "/data"
        self.assertEqual(self.guest("files", "file").out, "content\n")

    def test_a_path_out_of_cwd_is_read(self):
        self.bundle.file("/data/file", "content\n")
        self.bundle.directory("/data/work")
        self.process["cwd"] = "/data/work"
        self.assertEqual(self.guest("files", "../file").out, "content\n")

    def test_a_file_is_written(self):
        self.bundle.directory("/data")
        self.guest("files", "/data/new", "w", "written")
        self.assertEqual((self.bundle.rootfs / "data/new").read_text(), "written")

    def test_a_volume_is_read_and_written(self):
        volume = self.scratch / "volume"
        volume.mkdir()
        (volume / "in").write_text("of the host\n")
        self.mount("/volume", volume, "bind", ("bind",))
        self.assertEqual(self.guest("files", "/volume/in").out, "of the host\n")
        self.guest("files", "/volume/out", "w", "of the guest")
        self.assertEqual((volume / "out").read_text(), "of the guest")

    def test_a_read_only_mount_is_not_written(self):
        volume = self.scratch / "volume"
        volume.mkdir()
        self.mount("/volume", volume, "bind", ("bind", "ro"))
        self.guest("files", "/volume/out", "w", "x", code=1)
        self.assertEqual(list(volume.iterdir()), [])

    def test_a_read_only_root_is_not_written(self):
        self.config["root"]["readonly"] = True
        self.guest("files", "/tmp/out", "w", "x", code=1)

    def test_permissions_of_the_user_count(self):
        self.bundle.file("/secret", "secret\n", 0o600)
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertNotIn("secret\n", self.guest("files", "/secret", code=1).out)

    def test_procfs_and_sysfs_are_not_given(self):
        result = self.guest("procfs", "/tmp")
        self.assertEqual(result.out, "0 opened\n", result.err)

    def test_a_cwd_on_procfs_is_not_given(self):
        self.process["cwd"] = "/proc/self"
        result = self.guest("files", "mem", code=None)
        self.assertNotEqual(result.code, 0)

    def test_nothing_of_the_host_is_seen(self):
        os.symlink("/etc/hostname", self.bundle.rootfs / "link")
        (self.scratch / "outside").write_text("outside\n")
        self.guest("files", str(self.scratch / "outside"), code=1)
        self.guest("files", "/../../../../.." + str(self.scratch / "outside"), code=1)


@only_crumb("running Wasm")
class Signals(WasmCase):
    def ends(self, name, number):
        running = self.spawn_guest(name, "1000")
        started = time.monotonic()
        os.kill(running.pid, number)
        self.assertEqual(running.wait().code, 128 + number)
        self.assertLess(time.monotonic() - started, SLOW)

    def test_SIGTERM_ends_a_sleeping_guest_within_a_second(self):
        self.ends("sleep", signal.SIGTERM)

    def test_SIGINT_ends_a_sleeping_guest_within_a_second(self):
        self.ends("sleep", signal.SIGINT)

    def test_SIGHUP_ends_a_sleeping_guest_within_a_second(self):
        self.ends("sleep", signal.SIGHUP)

    def test_SIGQUIT_ends_a_sleeping_guest_within_a_second(self):
        self.ends("sleep", signal.SIGQUIT)

    def test_SIGTERM_ends_a_computing_guest_within_a_second(self):
        self.ends("busy", signal.SIGTERM)

    def test_SIGINT_ends_a_computing_guest_within_a_second(self):
        self.ends("busy", signal.SIGINT)

    def test_SIGHUP_ends_a_computing_guest_within_a_second(self):
        self.ends("busy", signal.SIGHUP)

    def test_SIGQUIT_ends_a_computing_guest_within_a_second(self):
        self.ends("busy", signal.SIGQUIT)

    def test_SIGKILL_ends_a_computing_guest(self):
        running = self.spawn_guest("busy")
        self.kill("KILL")
        self.assertEqual(running.wait().code, 137)

    def test_kill_TERM_stops_the_container(self):
        self.running_guest("busy")
        self.kill("TERM")
        self.wait_status("stopped")


@only_crumb("running Wasm")
class Lifecycle(WasmCase):
    def test_created_started_stopped(self):
        self.bundle.guest("hello", "/app/hello.wasm")
        created = self.create("/app/hello.wasm")
        self.assertEqual((self.status(), created.output()), ("created", ""))
        self.start()
        self.wait_status("stopped")
        self.assertEqual(created.output(), "hello from wasm\n")

    def test_a_running_guest_is_running(self):
        self.running_guest()
        self.assertEqual(self.status(), "running")

    def test_ps_shows_the_users_command_line(self):
        self.running_guest()
        self.assertEqual(pathlib.Path(f"/proc/{self.pid()}/cmdline").read_bytes(), b"/app/sleep.wasm\x001000\x00")

    def test_the_process_is_named_after_the_module(self):
        self.running_guest()
        self.assertEqual(pathlib.Path(f"/proc/{self.pid()}/comm").read_text(), "sleep.wasm\n")

    def test_the_process_has_no_capabilities_more_than_the_config(self):
        self.process["capabilities"] = {"bounding": ["CAP_KILL", "CAP_FOWNER"]}
        self.running_guest()
        status = pathlib.Path(f"/proc/{self.pid()}/status").read_text()
        # Root's exec raises what the bounding set allows (capabilities(7)), as for a native program; a guest has no use for CAP_KILL.
        self.assertIn("CapEff:\t0000000000000008\n", status)

    def test_a_profile_that_forbids_the_engine_a_filter_of_its_own_is_said(self):
        self.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                                 "syscalls": [{"names": ["seccomp"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
        result = self.guest("hello")
        self.assertEqual((result.out, result.err), (
            "hello from wasm\n", "crumb: /app/hello.wasm: runs without the engine's own seccomp filter: Operation not permitted\n"))

    def test_no_descriptor_of_the_runtime_stays_open(self):
        self.running_guest()
        folder = pathlib.Path(f"/proc/{self.pid()}/fd")
        targets = {int(entry.name): os.readlink(entry) for entry in folder.iterdir()}
        strange = {n: t for n, t in targets.items() if t.startswith(("socket:", "pipe:")) or str(self.root) in t}
        self.assertEqual(strange, {})

    def test_the_engine_cannot_be_written_from_inside(self):
        self.running_guest()
        with self.assertRaises(OSError):
            os.close(os.open(f"/proc/{self.pid()}/exe", os.O_WRONLY))

    def test_a_native_program_is_executed_in_a_wasm_container(self):
        self.running_guest()
        self.assertEqual(self.exec("/bin/echo", "native").out, "native\n")

    def test_a_module_is_executed_in_a_native_container(self):
        self.bundle.guest("hello", "/app/hello.wasm")
        self.running()
        self.assertEqual(self.exec("/app/hello.wasm").out, "hello from wasm\n")

    def test_a_second_module_is_executed_in_a_wasm_container(self):
        self.bundle.guest("args", "/app/args.wasm")
        self.running_guest()
        self.assertEqual(self.exec("/app/args.wasm", "x y").out, "/app/args.wasm\nx y\n")

    def test_the_exit_code_of_an_executed_module(self):
        self.bundle.guest("exitcode", "/app/exitcode.wasm")
        self.running_guest()
        self.exec("/app/exitcode.wasm", "5", code=5)

    def test_a_trap_of_an_executed_module_is_134(self):
        self.bundle.guest("trap", "/app/trap.wasm")
        self.running_guest()
        result = self.exec("/app/trap.wasm", code=134)
        self.assertEqual(result.out, "")
        self.assertIn("unreachable", result.err)

    def test_stdin_of_an_executed_module(self):
        self.bundle.guest("cat", "/app/cat.wasm")
        self.running_guest()
        self.assertEqual(self.exec("/app/cat.wasm", input="text\n").out, "text\n")

    def test_env_and_cwd_of_an_executed_module(self):
        self.bundle.guest("env", "/app/env.wasm")
        self.running_guest()
        out = self.exec("/app/env.wasm", flags=("--env", "A=1", "--cwd", "/tmp")).out
        self.assertIn("A=1\n", out)
        self.assertIn("PWD=/tmp\n", out)

    def test_a_detached_module_runs_on(self):
        self.bundle.guest("busy", "/app/busy.wasm")
        self.running_guest()
        path = self.scratch / "pid"
        self.exec("/app/busy.wasm", flags=("--detach", "--pid-file", path))
        self.assertEqual(pathlib.Path(f"/proc/{path.read_text()}/comm").read_text(), "busy.wasm\n")

    def test_SIGTERM_of_the_waiting_exec_ends_the_module(self):
        self.bundle.guest("busy", "/app/busy.wasm")
        self.running_guest()
        command = self.spawn("exec", self.name, "/app/busy.wasm")
        self.until(lambda: "ready" in command.output(), "the guest does not start")
        os.kill(command.pid, signal.SIGTERM)
        self.assertEqual(command.wait().code, 143)

    def test_a_native_and_a_wasm_container_run_side_by_side(self):
        self.running_guest()
        self.linux["cgroupsPath"] = f"/{self.name}.native"
        self.create("/bin/sleep", "1000", id=self.name + ".native")
        self.start(self.name + ".native")
        states = {entry["id"]: entry["status"] for entry in json.loads(self.runtime("list", "--format", "json").out)}
        self.assertEqual(states, {self.name: "running", self.name + ".native": "running"})


@only_crumb("running Wasm")
class Limits(WasmCase):
    def test_growing_beyond_the_memory_limit_gives_NULL_and_no_kill(self):
        self.linux["resources"] = {"memory": {"limit": 64 << 20}}
        got = int(self.guest("grow").out.split()[0])
        self.assertGreater(got, 16)
        self.assertLess(got, 64)

    def test_without_a_limit_memory_grows(self):
        self.assertEqual(self.guest("grow", "200").out, "200 MiB\n")

    def test_a_module_that_declares_more_than_the_limit_is_refused_with_both_numbers(self):
        self.linux["resources"] = {"memory": {"limit": 32 << 20}}
        self.bundle.guest("bigmin", "/bigmin.wasm")
        result = self.run_fails("/bigmin.wasm", words="/bigmin.wasm")
        self.assertIn("64", result.err)


@only_crumb("running Wasm")
class Refusals(WasmCase):
    """One line that names the file, the shell's code, and nothing left."""

    def refused(self, name, words, path="/app/bad.wasm"):
        self.bundle.guest(name, path)
        result = self.run_fails(path, words=path)
        self.assertEqual((result.code, result.out), (126, ""), result)
        self.assertIn(words, result.err)

    def test_a_missing_module_is_127(self):
        result = self.run_fails("/app/missing.wasm", words="/app/missing.wasm")
        self.assertEqual(result.code, 127)

    def test_a_truncated_module(self):
        self.refused("truncated", "cut short")

    def test_a_component(self):
        self.refused("component", "component")

    def test_a_module_with_unknown_imports(self):
        self.refused("unknownimport", '"env"."foo"')

    def test_a_reactor(self):
        self.refused("reactor", "_start")

    def test_a_module_with_64_bit_memory(self):
        self.refused("memory64", "memory64")

    def test_the_first_four_bytes_of_a_module(self):
        self.bundle.file("/short.wasm", b"\0asm")
        result = self.run_fails("/short.wasm", words="/short.wasm")
        self.assertEqual(result.code, 126)

    def test_a_module_that_the_user_may_not_read(self):
        self.bundle.guest("hello", "/hello.wasm", 0o600)
        self.process["user"] = {"uid": 1000, "gid": 1000}
        result = self.run_fails("/hello.wasm", words="/hello.wasm")
        self.assertEqual(result.code, 126)

    def test_a_bad_module_that_is_created_fails_at_create_or_start_and_is_logged(self):
        for name, words in (("truncated", "cut short"), ("component", "component"), ("unknownimport", '"env"."foo"'), ("reactor", "_start")):
            with self.subTest(name):
                self.create_or_start_fails(name, words)

    def create_or_start_fails(self, name, words):
        self.bundle.guest(name, "/bad.wasm")
        self.process["args"] = ["/bad.wasm"]
        self.bundle.write()
        log = self.new_path("log")
        options = ("--log", log, "--log-format", "json")
        create = self.runtime("create", "--bundle", self.bundle.path, self.name, options=options, code=None)
        result = self.runtime("start", self.name, options=options, code=None) if create.code == 0 else create
        self.assertNotEqual(result.code, 0)
        message = json.loads(log.read_text().splitlines()[-1])["msg"]
        self.assertIn("/bad.wasm", message)
        self.assertIn(words, message)
        self.delete_forcibly()

    def test_a_bad_module_that_is_executed_leaves_the_container_running(self):
        self.bundle.guest("truncated", "/bad.wasm")
        self.running()
        result = self.fails("exec", self.name, "/bad.wasm", words="/bad.wasm")
        self.assertEqual(result.code, 126)
        self.assertEqual(self.status(), "running")

    def test_a_missing_module_that_is_executed_is_127(self):
        self.running()
        self.assertEqual(self.fails("exec", self.name, "/no.wasm", words="/no.wasm").code, 127)


@only_crumb("running Wasm")
class Activation(WasmCase):
    """A listening socket that the caller of crumb hands over."""

    def talk(self, *flags, variables, accepts=True):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        number = fcntl.fcntl(server.fileno(), fcntl.F_DUPFD, 50)
        self.addCleanup(os.close, number)
        client = socket.create_connection(server.getsockname(), timeout=20)
        self.addCleanup(client.close)
        self.bundle.guest("socket", "/socket.wasm")
        self.process["args"] = ["/socket.wasm"]
        self.bundle.write()
        command = self.command_line("run", *flags, "--bundle", self.bundle.path, self.name)
        words = ["bash", "-c", f'exec 3<&{number} {number}<&-; export {variables} LISTEN_PID=$$; exec "$@"', "bash", *command]
        running = Running(self, words, {"pass_fds": [number]})
        self.children.append(running)
        result = running.wait()
        self.assertEqual((result.code, result.err, result.out), (0, "", "" if accepts else "no socket\n"))
        if accepts:
            self.assertEqual(client.recv(100), b"hello from wasm\n")

    def test_a_module_accepts_on_a_socket_of_LISTEN_FDS(self):
        self.talk(variables="LISTEN_FDS=1")

    def test_it_accepts_on_a_socket_that_preserve_fds_hands_over(self):
        self.talk("--preserve-fds", "1", variables="OTHER=1")

    def test_without_network_a_module_is_given_no_socket(self):
        self.config["annotations"] = {"run.crumb.wasm.network": "none"}
        self.talk(variables="LISTEN_FDS=1", accepts=False)


if __name__ == "__main__":
    unittest.main()
