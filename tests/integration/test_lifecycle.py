"""create, start, state, list, kill, delete: runtime.md's operations and the texts that callers read."""

import json
import os
import pathlib
import re
import signal
import subprocess
import unittest

from support import IS_CRUMB, ContainerCase, not_on, only_crumb, reap_orphans

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Create(ContainerCase):
    def test_a_created_container_has_not_run_its_program(self):
        self.create("/bin/touch", "/ran")
        self.assertEqual(self.status(), "created")
        self.assertFalse((self.bundle.rootfs / "ran").exists())

    def test_start_runs_the_program(self):
        self.running()
        self.assertEqual(self.status(), "running")

    def test_the_container_is_stopped_when_its_program_has_ended(self):
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")

    def test_a_container_whose_first_process_is_not_reaped_yet_is_stopped(self):
        self.create("/bin/true")
        pid = self.pid()
        self.start()
        self.until(lambda: "Z" in pathlib.Path(f"/proc/{pid}/status").read_text().split("State:")[1][:4], "it is no zombie")
        self.assertEqual(self.status(), "stopped")

    def test_a_container_whose_first_process_was_reaped_is_stopped(self):
        self.create("/bin/true")
        pid = self.pid()
        self.start()
        self.until(lambda: (reap_orphans(), not os.path.exists(f"/proc/{pid}"))[1], "it cannot be reaped")
        self.assertEqual(self.status(), "stopped")

    def test_output_goes_where_creates_output_went(self):
        created = self.create("/bin/echo", "hello")
        self.start()
        self.wait_status("stopped")
        self.assertEqual(created.output(), "hello\n")

    def test_create_and_start_print_nothing(self):
        created = self.create("/bin/sleep", "1000")
        started = self.start()
        self.assertEqual(created.output() + started.out + started.err, "")

    def test_the_pid_file_is_complete_when_create_returns(self):
        path = self.scratch / "pid"
        self.create("/bin/true", flags=("--pid-file", path))
        self.assertEqual(path.read_text(), str(self.pid()))

    def test_a_relative_pid_file_lies_in_the_callers_directory(self):
        self.process["args"] = ["/bin/true"]
        self.addCleanup(self.delete_forcibly)
        self.bundle.write()
        self.runtime("create", "--bundle", self.bundle.path, "--pid-file", "its.pid", self.name, cwd=self.scratch)
        self.assertEqual((self.scratch / "its.pid").read_text(), str(self.pid()))

    def test_the_containers_process_becomes_a_child_of_the_subreaper_that_called_create(self):
        self.create("/bin/true")
        status = pathlib.Path(f"/proc/{self.pid()}/status").read_text()
        self.assertIn(f"PPid:\t{os.getpid()}\n", status)

    def test_changes_of_config_json_after_create_do_not_matter(self):
        created = self.create("/bin/echo", "before")
        self.process["args"] = ["/bin/echo", "after"]
        self.bundle.write()
        self.start()
        self.wait_status("stopped")
        self.assertEqual(created.output(), "before\n")

    def test_config_json_may_be_gone_when_start_is_called(self):
        created = self.create("/bin/echo", "hello")
        (self.bundle.path / "config.json").unlink()
        if not IS_CRUMB:
            self.bundle.write()
            self.skipTest("runc and crun read the bundle's config.json again")
        self.start()
        self.wait_status("stopped")
        self.assertEqual(created.output(), "hello\n")

    def test_starting_twice_fails(self):
        self.running()
        self.fails("start", self.name)
        self.assertEqual(self.status(), "running")

    def test_starting_a_stopped_container_fails(self):
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")
        self.fails("start", self.name)

    def test_starting_an_unknown_container_fails(self):
        self.fails("start", self.name, words="does not exist")

    @not_on("runc", "1.1 does not know --config")
    def test_the_config_may_be_another_file(self):
        path = self.scratch / "other.json"
        self.process["args"] = ["/bin/echo", "other"]
        path.write_text(json.dumps(self.config))
        self.assertEqual(self.runtime("run", "--bundle", self.bundle.path, "--config", path, self.name).out, "other\n")

    @not_on("runc", "1.1 does not know --config")
    def test_the_config_may_come_through_a_pipe(self):
        self.process["args"] = ["/bin/echo", "piped"]
        script = 'exec "$0" "$@" --config <(echo "$CONFIG") ' + self.name
        command = ["bash", "-c", script, *map(str, self.command_line("run", "--bundle", self.bundle.path))]
        environment = {**os.environ, "CONFIG": json.dumps(self.config)}
        self.assertEqual(subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout, "piped\n")

    def test_a_rootfs_may_have_an_absolute_path(self):
        self.config["root"]["path"] = str(self.bundle.rootfs)
        self.assertEqual(self.sh("echo absolute"), "absolute\n")

    @not_on("crun", "1.8.1 refuses it")
    def test_a_config_of_version_1_3_0_is_accepted(self):
        self.config["ociVersion"] = "1.3.0"
        self.run_container("/bin/true")

    def test_no_pivot_is_accepted_and_isolates_too(self):
        out = self.sh("ls /; cat /proc/self/mountinfo", flags=("--no-pivot",))
        self.assertIn("bin\n", out)
        self.assertNotIn("lib64\n", out)

    def test_a_bundle_without_a_process_is_refused_at_create(self):
        del self.config["process"]
        self.bundle.write()
        self.fails("create", "--bundle", self.bundle.path, self.name, words="rocess")


class State(ContainerCase):
    def test_state_has_the_specifications_members(self):
        self.config["annotations"] = {"org.example.key": "value"}
        self.running()
        state = self.state()
        self.assertEqual(state["id"], self.name)
        self.assertEqual(state["status"], "running")
        self.assertEqual(state["bundle"], str(self.bundle.path))
        self.assertEqual(state["annotations"]["org.example.key"], "value")
        self.assertRegex(state["ociVersion"], r"^1\.\d+\.\d+")

    def test_state_has_the_members_that_runc_adds(self):
        self.running()
        state = self.state()
        self.assertEqual(state["rootfs"], str(self.bundle.rootfs))
        self.assertRegex(state["created"], RFC3339)
        self.assertIn("owner", state)

    def test_state_says_the_pid_of_the_first_process(self):
        self.running()
        pid = self.pid()
        self.assertEqual(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes(), b"/bin/sleep\x001000\x00")

    def test_a_stopped_container_has_pid_0(self):
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")
        self.assertEqual(self.state().get("pid", 0), 0)

    def test_the_state_of_an_unknown_container_does_not_exist(self):
        self.fails("state", self.name, words="does not exist")

    def test_the_bundle_is_an_absolute_path(self):
        self.process["args"] = ["/bin/true"]
        self.addCleanup(self.delete_forcibly)
        self.bundle.write()
        self.runtime("create", "--bundle", "bundle", self.name, cwd=self.folder)
        self.assertEqual(self.state()["bundle"], str(self.bundle.path))


class List(ContainerCase):
    def test_an_empty_list_is_a_heading(self):
        self.assertEqual(self.runtime("list").out.split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])

    def test_the_table_shows_each_container(self):
        self.running()
        heading, line = self.runtime("list").out.splitlines()
        words = line.split()
        self.assertEqual(words[:4], [self.name, str(self.pid()), "running", str(self.bundle.path)])
        self.assertRegex(words[4], RFC3339)
        self.assertEqual(words[5], "root")

    @not_on("crun", "indents its own way")
    def test_the_columns_of_the_table_are_aligned(self):
        self.running()
        heading, line = self.runtime("list").out.splitlines()
        self.assertEqual(heading.index("STATUS"), line.index("running"))

    def test_the_json_list_holds_the_states(self):
        self.running()
        (entry,) = json.loads(self.runtime("list", "--format=json").out)
        self.assertEqual((entry["id"], entry["status"], entry["pid"]), (self.name, "running", self.pid()))

    @not_on("crun", "prints []")
    def test_an_empty_json_list_is_json(self):
        self.assertIn(json.loads(self.runtime("list", "--format", "json").out), (None, []))

    def test_the_quiet_list_holds_the_ids(self):
        self.create("/bin/true")
        self.assertEqual(self.runtime("list", "--quiet").out, self.name + "\n")

    def test_an_unknown_format_is_an_error(self):
        self.fails("list", "--format", "xml")

    def test_containers_of_another_root_are_not_listed(self):
        self.running()
        other = self.scratch / "other-root"
        self.assertEqual(self.runtime("list", "-q", options=("--root", other)).out, "")


class Kill(ContainerCase):
    def sent(self, word, name):
        """Sends a signal by this word; the container's program says which one arrived."""
        ready = "echo ready; while :; do sleep 0.02; done"
        created = self.running("/bin/sh", "-c", f"for s in HUP INT QUIT TERM USR1 USR2; do trap \"echo got $s; exit\" $s; done; {ready}")
        self.until(lambda: "ready" in created.output(), "the program does not start")
        self.kill(word)
        self.wait_status("stopped")
        self.assertEqual(created.output().split("\n")[1], f"got {name}")

    def test_a_signal_is_given_by_number(self):
        self.sent("10", "USR1")

    def test_a_signal_is_given_by_name(self):
        self.sent("USR1", "USR1")

    def test_a_signal_is_given_by_its_full_name(self):
        self.sent("SIGUSR2", "USR2")

    def test_a_signal_may_be_written_in_small_letters(self):
        if "crun" in self.runtime("--version").out:
            self.skipTest("crun knows signals by their upper-case names")
        self.sent("sigusr1", "USR1")

    def test_the_default_signal_is_SIGTERM(self):
        created = self.running("/bin/sh", "-c", "trap 'echo got TERM; exit' TERM; echo ready; while :; do sleep 0.02; done")
        self.until(lambda: "ready" in created.output(), "the program does not start")
        self.runtime("kill", self.name)
        self.wait_status("stopped")
        self.assertEqual(created.output(), "ready\ngot TERM\n")

    def test_SIGKILL_ends_the_container(self):
        self.running()
        self.kill("KILL")
        self.wait_status("stopped")

    def test_a_created_container_can_be_killed(self):
        self.create("/bin/true")
        self.kill("KILL")
        self.wait_status("stopped")

    def test_killing_a_stopped_container_says_that_it_is_not_running(self):
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")
        self.fails("kill", self.name, "KILL", words="container not running")

    def test_killing_an_unknown_container_says_that_it_does_not_exist(self):
        self.fails("kill", self.name, "KILL", words="does not exist")

    def test_an_unknown_signal_is_an_error(self):
        self.running()
        self.fails("kill", self.name, "NOSUCH", words="NOSUCH")
        self.fails("kill", self.name, "SIGNOSUCH", words="SIGNOSUCH")

    def test_a_signal_number_beyond_64_is_an_error(self):
        if "crumb" not in self.runtime("--version").out:
            self.skipTest("the others hand the number to the kernel")
        self.running()
        for number in ("65", "-1", "99999999999999999999", "9x", ""):
            self.fails("kill", self.name, number) if number != "-1" else self.fails("kill", "--", self.name, number)
        self.assertEqual(self.status(), "running")

    def test_all_ends_every_process_of_the_container(self):
        self.namespace("pid")
        self.running("/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait")
        self.until(lambda: len(self.in_cgroup()) == 3, "the processes do not start")
        self.runtime("kill", "--all", self.name, "KILL")
        self.until(lambda: not self.in_cgroup(), "a process of the container lives on")

    def in_cgroup(self):
        reap_orphans()
        return (self.cgroup_folder("pids") / "cgroup.procs").read_text().split()


class Delete(ContainerCase):
    def test_a_stopped_container_is_deleted(self):
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")
        self.runtime("delete", self.name)
        self.unknown()

    def test_deleting_prints_nothing(self):
        self.create("/bin/true")
        result = self.runtime("delete", "--force", self.name)
        self.assertEqual((result.out, result.err), ("", ""))

    def test_a_running_container_is_not_deleted(self):
        self.running()
        self.fails("delete", self.name, words=self.name)
        self.assertEqual(self.status(), "running")

    def test_a_running_container_is_deleted_by_force(self):
        self.running()
        self.runtime("delete", "--force", self.name)
        self.unknown()

    def test_force_ends_all_processes_even_without_a_pid_namespace(self):
        self.namespace("pid")
        self.running("/bin/sh", "-c", "sleep 1000 & wait")
        self.runtime("delete", "--force", self.name)
        self.unknown()

    def test_a_created_container_is_deleted_by_force(self):
        self.create("/bin/true")
        self.runtime("delete", "--force", self.name)
        self.unknown()

    def test_an_unknown_container_does_not_exist(self):
        self.assertEqual(self.fails("delete", self.name, words="does not exist").code, 1)

    def test_an_unknown_container_is_forced_silently(self):
        result = self.runtime("delete", "--force", self.name)
        self.assertEqual((result.out, result.err), ("", ""))

    def test_the_id_is_free_after_delete(self):
        self.create("/bin/true")
        self.delete_forcibly()
        self.create("/bin/true")
        self.assertEqual(self.status(), "created")

    @only_crumb("that delete --force knows what to do about a directory without state.json")
    def test_force_removes_a_state_directory_without_a_state(self):
        (self.root / self.name).mkdir(parents=True)
        self.runtime("delete", "--force", self.name)
        self.assertFalse((self.root / self.name).exists())

    @only_crumb("state.json")
    def test_force_removes_a_container_whose_state_is_broken(self):
        self.running()
        content = (self.root / self.name / "state.json").read_bytes()
        for broken in (b"", b"{", content[: len(content) // 2], b"[]", b'{"version":999999}', b"\0" * 100):
            (self.root / self.name / "state.json").write_bytes(broken)
            self.fails("state", self.name)
        self.runtime("delete", "--force", self.name)
        self.unknown()

    @only_crumb("state.json")
    def test_a_broken_state_does_not_hide_other_containers_from_the_list(self):
        self.create("/bin/true")
        (self.root / (self.name + ".broken")).mkdir()
        (self.root / (self.name + ".broken") / "state.json").write_text("{")
        self.assertIn(self.name + "\n", self.runtime("list", "-q").out)
        self.runtime("delete", "--force", self.name + ".broken")

    def test_a_stored_pid_that_now_belongs_to_another_process_is_not_killed(self):
        if not IS_CRUMB:
            self.skipTest("it edits crumb's state.json")
        with self.holder("--mount") as stranger:
            self.create("/bin/true")
            pid = self.pid()
            path = self.root / self.name / "state.json"
            text = path.read_text()
            self.assertIn(str(pid), text)
            path.write_text(text.replace(str(pid), str(stranger)))
            self.assertEqual(self.status(), "stopped")
            self.fails("kill", self.name, "KILL", words="container not running")
            self.runtime("delete", "--force", self.name)
            os.kill(stranger, 0)
            with_state = pathlib.Path(f"/proc/{stranger}/status").read_text()
            self.assertNotIn("State:\tZ", with_state)


class Ids(ContainerCase):
    def refused(self, id):
        self.process["args"] = ["/bin/true"]
        self.bundle.write()
        self.fails("create", "--bundle", self.bundle.path, "--", id)
        self.assertFalse(self.root.exists() and any(self.root.iterdir()))

    def accepted(self, id):
        self.create("/bin/true", id=id)
        self.assertEqual(self.state(id)["id"], id)
        self.delete_forcibly(id)

    def test_an_id_in_use_is_refused_and_its_container_lives_on(self):
        self.running()
        self.fails("create", "--bundle", self.bundle.path, self.name, words="exist")
        self.assertEqual(self.status(), "running")

    def test_an_empty_id_is_refused(self):
        self.refused("")

    def test_the_id_dot_is_refused(self):
        self.refused(".")

    def test_the_id_dot_dot_is_refused(self):
        self.refused("..")

    def test_an_id_with_a_slash_is_refused(self):
        self.refused("a/b")

    def test_an_id_that_climbs_is_refused(self):
        self.refused("../x")

    def test_an_id_with_a_blank_is_refused(self):
        self.refused("a b")

    def test_an_id_with_a_newline_is_refused(self):
        self.refused("a\nb")

    def test_an_id_with_a_letter_beyond_ASCII_is_refused(self):
        self.refused("ü")

    def test_an_id_of_256_letters_is_refused(self):
        self.refused("x" * 256)

    def test_an_id_of_100000_letters_is_refused(self):
        self.refused("x" * 100000)

    def test_a_bad_id_is_refused_by_every_command(self):
        for command in (["start"], ["state"], ["kill"], ["delete"], ["exec"]):
            more = ["/bin/true"] if command == ["exec"] else []
            self.fails(*command, "../x", *more)

    def test_letters_digits_and_signs_are_accepted(self):
        self.accepted(self.name + ".a_b+C-9")

    def test_a_missing_id_is_an_error(self):
        self.fails("create", "--bundle", self.bundle.path)


class CommandLine(ContainerCase):
    def test_version_names_the_program_and_the_specification(self):
        lines = self.runtime("--version").out.splitlines()
        self.assertRegex(lines[0], r"^\w+ version \S+")
        self.assertTrue(any(line.startswith("spec: 1.") for line in lines), lines)

    @only_crumb("its version text")
    def test_version_names_the_engine(self):
        out = self.runtime("--version").out
        self.assertRegex(out, r"^crumb version \S+\ncommit: \S*\nspec: 1\.3\.0\n")
        self.assertIn("WAMR", out.upper())

    def test_help_is_on_stdout(self):
        for command in ("create", "start", "run", "exec", "state", "kill", "delete", "list", "spec"):
            result = self.runtime(command, "--help")
            self.assertIn(command, result.out)
            self.assertEqual(result.err, "")

    def test_an_unknown_command_is_an_error(self):
        if not IS_CRUMB:
            self.skipTest("runc prints its help and succeeds")
        self.fails("frobnicate", words="frobnicate")

    def test_an_unknown_option_is_an_error(self):
        self.assertNotEqual(self.runtime("state", "--frobnicate", self.name, code=None).code, 0)

    def test_spec_writes_a_config_that_runs(self):
        folder = self.scratch / "new"
        folder.mkdir()
        self.runtime("spec", cwd=folder)
        config = json.loads((folder / "config.json").read_text())
        config["process"]["terminal"] = False
        config["process"]["args"] = ["/bin/echo", "from spec"]
        config["process"].pop("rlimits", None)
        config["linux"].pop("seccomp", None)
        config["linux"]["cgroupsPath"] = "/" + self.name
        for key in list(self.config):
            del self.config[key]
        self.config.update(config)
        self.process = self.config["process"]
        self.assertEqual(self.run_container().out, "from spec\n")

    def test_spec_does_not_overwrite_a_config(self):
        before = (self.bundle.path / "config.json").read_text()
        self.fails("spec", "--bundle", self.bundle.path)
        self.assertEqual((self.bundle.path / "config.json").read_text(), before)


if __name__ == "__main__":
    unittest.main()
