"""podman of an ordinary user who has a systemd, with its cgroup manager "systemd": what most machines have."""

import pathlib
import shutil
import unittest

from test_with_systemd import SystemdOfAUser

CONTAINERS_CONF = """
[engine]
cgroup_manager = "systemd"
events_logger = "file"
[network]
network_backend = "netavark"
"""


@unittest.skipUnless(shutil.which("podman"), "not installed: podman")
class PodmanOfAUser(SystemdOfAUser):
    def setUp(self):
        super().setUp()
        self.until((self.runtime_directory / "bus").exists, "the user's systemd starts no bus")
        settings = {"CONTAINERS_CONF": CONTAINERS_CONF, "CONTAINERS_STORAGE_CONF": '[storage]\ndriver = "vfs"\n'}
        self.settings = {name: str(self.new_path(name)) for name in settings}
        for name, text in settings.items():
            pathlib.Path(self.settings[name]).write_text(text)

    def command_line(self, *arguments, options=()):
        return ["podman", "--runtime", self.runtime_program, *options, *arguments]

    def spawn(self, *arguments, **popen):
        return super().spawn(*arguments, env=self.settings, **popen)

    podman = SystemdOfAUser.runtime

    def started(self, *flags):
        """A container that sleeps; the folder of its scope."""
        box = ["--rootfs", self.bundle.rootfs, "/bin/sleep", "1000"]
        self.addCleanup(self.podman, "rm", "--all", "--force", "--time", "0")
        unit = f"libpod-{self.podman('run', '--detach', '--name', self.name, '--network', 'none', *flags, *box).out.strip()}.scope"
        return self.manager / "user.slice" / unit

    def test_a_container_is_in_a_scope_with_its_limits(self):
        scope = self.started("--memory", "64m", "--pids-limit", "50")
        self.assertEqual([(scope / name).read_text() for name in ("memory.max", "pids.max")], [f"{64 << 20}\n", "50\n"])
        pid = self.podman("inspect", "--format", "{{.State.Pid}}", self.name).out.strip()
        self.assertIn(f"/user.slice/{scope.name}", pathlib.Path(f"/proc/{pid}/cgroup").read_text())

    def test_exec_pause_stats_and_stop_find_it_there(self):
        scope = self.started()
        self.assertEqual(self.podman("exec", self.name, "echo", "here").out, "here\n")
        self.podman("pause", self.name)
        self.assertIn("frozen 1", (scope / "cgroup.events").read_text())
        self.podman("unpause", self.name)
        self.assertIn(self.name, self.podman("stats", "--no-stream", "--no-reset", self.name).out)
        self.podman("stop", "--time", "0", self.name)
        self.podman("rm", self.name)
        self.assertFalse(scope.exists())


if __name__ == "__main__":
    unittest.main()
