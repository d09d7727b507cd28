"""ps: the processes of a container, as a table and as JSON."""

import json
import pathlib
import subprocess
import unittest

from support import ContainerCase, not_on, only_crumb


class Ps(ContainerCase):
    def two_processes(self):
        self.running("/bin/sh", "-c", "sleep 1234 & wait")
        self.until(lambda: "sleep" in self.names(), "the processes do not start")

    def names(self):
        return [pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode() for pid in self.pids()]

    def pids(self):
        return json.loads(self.runtime("ps", "--format", "json", self.name).out)

    def test_json_is_an_array_of_pids_on_one_line(self):
        self.two_processes()
        out = self.runtime("ps", "-f", "json", self.name).out
        self.assertEqual(out.count("\n"), 1)
        self.assertIn(self.pid(), json.loads(out))

    def test_the_table_has_a_line_for_each_process(self):
        if subprocess.run(["ps", "-ef"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("ps -ef does not work on this machine")
        self.two_processes()
        heading, *lines = self.runtime("ps", self.name).out.splitlines()
        self.assertEqual(heading.split()[:3], ["UID", "PID", "PPID"])
        self.assertEqual({int(line.split()[1]) for line in lines}, set(self.pids()))

    def test_what_follows_the_id_is_for_ps(self):
        self.two_processes()
        heading, *lines = self.runtime("ps", self.name, "-e", "-o", "pid,args").out.splitlines()
        self.assertEqual(heading.split(), ["PID", "COMMAND"])
        self.assertIn("sleep 1234", [line.split(None, 1)[1] for line in lines])

    def test_processes_of_exec_are_listed(self):
        self.running()
        self.exec("/bin/sleep", "1000", flags=("--detach",))
        self.assertEqual(len(self.pids()), 2)

    def test_options_without_a_column_of_pids_are_refused(self):
        self.running()
        self.fails("ps", self.name, "-e", "-o", "args", words="PID")

    def test_what_ps_says_of_wrong_options_is_shown(self):
        self.running()
        self.assertNotEqual(self.runtime("ps", self.name, "--no-such-option", code=None).code, 0)

    @not_on("crun", "another word")
    def test_another_format_is_refused(self):
        self.running()
        self.fails("ps", "--format", "xml", self.name, words="format")

    def test_an_unknown_container_does_not_exist(self):
        self.fails("ps", self.name, words="does not exist")

    @not_on("runc", "null")
    @not_on("crun", "an error")
    def test_a_stopped_container_has_none(self):
        self.running("/bin/true")
        self.wait_status("stopped")
        self.assertEqual(self.pids(), [])

    @only_crumb("WebAssembly")
    def test_a_webassembly_module_is_listed_under_its_own_arguments(self):
        self.bundle.guest("busy", "/guest.wasm")
        self.running("/guest.wasm", "and", "arguments")
        self.assertIn("/guest.wasm and arguments", self.runtime("ps", self.name, "-e", "-o", "pid,args").out)


if __name__ == "__main__":
    unittest.main()
