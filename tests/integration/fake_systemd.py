"""A private D-Bus with a stand-in for systemd (tests/fakes/systemd) on it, which records what it is asked."""

import json
import os
import pathlib
import select
import shutil
import subprocess

from support import SLOW

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
FAKE = REPOSITORY / "tests/fakes/systemd"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/></policy>
</busconfig>
"""


def missing():
    """Why the stand-in cannot run here; "" when it can."""
    if not shutil.which("dbus-daemon"):
        return "not installed: dbus"
    done = subprocess.run(["/usr/bin/python3", "-c", "import dbus_next"], stderr=subprocess.DEVNULL)
    return "" if done.returncode == 0 else "not installed: python3-dbus-next"


class FakeSystemd:
    """Runs from start() to stop(). trouble: see FAKE_SYSTEMD there."""

    def __init__(self, folder):
        self.folder = folder
        self.log = folder / "calls"
        self.address = f"unix:path={folder}/bus"
        self.programs = []

    def start(self, **trouble):
        config = self.folder / "bus.conf"
        config.write_text(CONFIG.format(socket=self.folder / "bus"))
        self.run(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"])
        self.run([FAKE, self.log], FAKE_SYSTEMD=json.dumps(trouble), DBUS_SYSTEM_BUS_ADDRESS=self.address)

    def run(self, command, **environment):
        """Starts a program and waits for its first line."""
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, **environment})
        self.programs.append(program)
        ready = select.select([program.stdout], [], [], 20 * SLOW)[0] and program.stdout.readline()
        if not ready:
            program.kill()
            raise AssertionError(f"{command[0]} did not start: {program.stderr.read().decode()}")

    def stop(self):
        for program in reversed(self.programs):
            program.kill()
            program.wait()
            program.stdout.close()
            program.stderr.close()
        self.programs = []

    def calls(self, method=None):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [call for call in map(json.loads, lines) if method in (None, call["call"])]
