"""podman with a folder of OCI hooks (oci-hooks(5)): the hooks run, and one that fails is told."""

import json
import unittest

from podman_case import PodmanCase
from support import not_on

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


class Hooks(PodmanCase):
    def setUp(self):
        super().setUp()
        self.hooks = self.scratch / "hooks.d"
        self.hooks.mkdir()
        self.trace = self.scratch / "trace"

    def hook(self, kind, script, path="/bin/sh"):
        content = {"version": "1.0.0", "hook": {"path": path, "args": ["sh", "-c", script], "env": ["PATH=/usr/bin:/bin"]},
                   "when": {"always": True}, "stages": [kind]}
        (self.hooks / f"{kind}.json").write_text(json.dumps(content))

    def run_hooked(self, *args, **options):
        self.made_containers = True
        return self.podman("--hooks-dir", self.hooks, *self.run_line("box", *args), **options)

    def test_each_kind_runs(self):
        for kind in KINDS:
            # What a startContainer hook writes stays in the container.
            self.hook(kind, f"echo {kind} >> {'/from-hook' if kind == 'startContainer' else self.trace}")
        self.assertEqual(self.run_hooked("sh", "-c", "sleep 0.5; cat /from-hook").out, "startContainer\n")
        self.assertEqual(self.trace.read_text().split(), [kind for kind in KINDS if kind != "startContainer"])

    @not_on("crun", "says so in other words")
    def test_one_that_fails_is_told_and_leaves_nothing(self):
        self.hook("createRuntime", "echo there is no network >&2; exit 3")
        result = self.run_hooked("true", code=None)
        self.assertNotEqual(result.code, 0)
        self.assertIn("exit status 3", result.err)
        self.assertIn("there is no network", result.err)
        self.assertEqual(self.podman("ps", "--all", "--quiet").out, "")


if __name__ == "__main__":
    unittest.main()
