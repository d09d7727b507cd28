"""--log, --log-format, --debug: what containerd, podman and CRI-O read."""

import datetime
import json
import unittest

from support import ContainerCase, crumb_says, only_crumb


class Log(ContainerCase):
    def setUp(self):
        super().setUp()
        self.log = self.scratch / "log"

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def failing(self, *options, program="no-such-program"):
        self.process["args"] = [program]
        self.bundle.write()
        return self.runtime("run", "--bundle", self.bundle.path, self.name, options=("--log", self.log, *options), code=None)

    def test_json_lines_have_level_message_and_time(self):
        self.failing("--log-format", "json")
        line = self.lines()[-1]
        self.assertEqual(line["level"], "error")
        self.assertIn("no-such-program", line["msg"])
        datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00"))

    def test_the_last_error_line_holds_dockers_words_for_a_missing_program(self):
        self.failing("--log-format", "json")
        self.assertIn('exec: "no-such-program": executable file not found in $PATH', self.lines()[-1]["msg"])

    def test_the_last_error_line_holds_dockers_words_for_a_missing_path(self):
        self.failing("--log-format", "json", program="/no/such")
        self.assertIn("no such file or directory", self.lines()[-1]["msg"].lower())

    def test_the_last_error_line_holds_dockers_words_for_a_program_that_may_not_be_executed(self):
        self.bundle.file("/plain", "x", 0o644)
        self.failing("--log-format", "json", program="/plain")
        self.assertIn("permission denied", self.lines()[-1]["msg"].lower())

    def test_the_error_is_on_stderr_too(self):
        self.assertIn("no-such-program", self.failing("--log-format", "json").err)

    def test_a_message_with_quotes_and_newlines_is_one_json_line(self):
        self.failing("--log-format=json", program='/no "such"\nprogram')
        self.assertIn('/no "such"', self.lines()[-1]["msg"].replace('\\"', '"'))

    def test_the_text_format_has_level_and_message(self):
        self.failing()
        last = self.log.read_text().splitlines()[-1]
        self.assertIn("level=error", last)
        self.assertIn("no-such-program", last)

    def test_lines_are_appended(self):
        self.log.write_text('{"level":"info","msg":"before","time":"2020-01-01T00:00:00Z"}\n')
        self.failing("--log-format", "json")
        self.assertEqual(self.lines()[0]["msg"], "before")

    def test_without_an_error_there_is_no_error_line(self):
        self.process["args"] = ["/bin/true"]
        self.bundle.write()
        self.runtime("run", "--bundle", self.bundle.path, self.name, options=("--log", self.log, "--log-format", "json"))
        self.assertEqual([line for line in self.lines() if line["level"] == "error"] if self.log.exists() else [], [])

    def test_the_programs_exit_code_is_no_error_of_the_runtime(self):
        self.process["args"] = ["/bin/sh", "-c", "exit 3"]
        self.bundle.write()
        result = self.runtime("run", "--bundle", self.bundle.path, self.name, options=("--log", self.log, "--log-format", "json"), code=3)
        self.assertEqual(result.err, "")

    def test_debug_adds_debug_lines(self):
        self.process["args"] = ["/bin/true"]
        self.bundle.write()
        self.runtime("run", "--bundle", self.bundle.path, self.name, options=("--debug", "--log", self.log, "--log-format", "json"))
        self.assertIn("debug", [line["level"] for line in self.lines()])

    def test_a_failed_start_is_logged(self):
        self.runtime("start", self.name, options=("--log", self.log, "--log-format", "json"), code=None)
        self.assertIn("does not exist", self.lines()[-1]["msg"])

    def test_an_unknown_format_is_an_error(self):
        self.fails("list", options=("--log", self.log, "--log-format", "xml"), words=crumb_says("xml"))

    def test_a_log_that_cannot_be_opened_is_an_error(self):
        self.fails("list", options=("--log", "/no/such/folder/log"), words="/no/such/folder/log")

    @only_crumb("the form of its own errors")
    def test_an_error_without_a_log_is_one_line_on_stderr(self):
        self.process["args"] = ["/no/such"]
        self.bundle.write()
        result = self.fails("run", "--bundle", self.bundle.path, self.name)
        self.assertTrue(result.err.startswith("crumb: "), result)
        self.assertEqual(result.out, "")


if __name__ == "__main__":
    unittest.main()
