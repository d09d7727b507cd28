"""What the tests of all callers share: commands with timeouts, terminals, and a check that nothing is left.

Environment: as tests/integration/support.py.
"""

import contextlib
import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import termios
import time
import unittest

from machine import FOLDER, GROUP
from support import APPLETS, BUSYBOX, SLOW, ContainerCase, Running
from support import find_cgroups, guests, process_line, reap_orphans, waited_for

PATIENCE = 60  # seconds for one command of a caller: the machine may be busy
STATE_ROOTS = ("/run/crumb", "/run/runc", "/run/crun")  # what callers do not set themselves
engines = set()  # pids that may live from one test to the next


class CallerCase(unittest.TestCase):
    """One test. Whatever it does, no process, mount, cgroup or state may be left of it."""

    serial = 0
    environment = os.environ
    new_path = ContainerCase.new_path
    until = ContainerCase.until

    def setUp(self):
        CallerCase.serial += 1
        self.name = f"c{CallerCase.serial}"
        self.files = 0
        self.scratch = FOLDER / f"scratch-{self.name}"
        self.scratch.mkdir()
        self.scratch.chmod(0o755)
        self.addCleanup(self.remove_scratch)
        self.addCleanup(self.nothing_is_left)

    def remove_scratch(self):
        subprocess.run(["rm", "-rf", "--one-file-system", self.scratch], check=True)

    # Commands.

    def spawn(self, *argv, **popen):
        running = Running(self, argv, {"env": self.environment, "cwd": FOLDER, **popen})  # conmon leaves a file "oom" where it is
        self.addCleanup(running.kill)
        return running

    def command(self, *argv, code=0, timeout=PATIENCE, **popen):
        """Runs a program to its end. code: the exit code to expect; None: any."""
        result = self.spawn(*argv, **popen).wait(timeout, reap=True)
        if code is not None:
            self.assertEqual(result.code, code, f"{' '.join(map(str, argv))}: {result}")
        return result

    # Nothing is left.

    def nothing_is_left(self):
        end = time.monotonic() + 10 * SLOW
        while left := self.leftovers():
            if time.monotonic() > end:
                self.tidy_up()
                self.fail("left behind:\n" + "\n".join(left))
            time.sleep(0.05)

    def leftovers(self):
        left = [f"process: {process_line(pid)}" for pid in self.processes()]
        left += [f"cgroup: {path}" for path in find_cgroups(GROUP) if self.is_containers_cgroup(path)]
        left += [f"mount: {line}" for line in self.mounts()]
        return left + [f"state: {root}/{name}" for root in STATE_ROOTS if os.path.isdir(root) for name in os.listdir(root)]

    def processes(self):
        """All of this machine but the engines and this program: it is the first of its process namespace."""
        reap_orphans()
        family = {os.getpid(), *engines}
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in family]
        return [pid for pid in pids if not is_pause_process(pid)]

    @staticmethod
    def is_containers_cgroup(path):
        """Callers make and keep parents: the group of all, conmon's, and a pod's (64 digits), which podman removes in some hierarchies."""
        name = path.rpartition("/")[2]
        return name not in (GROUP, "conmon") and not re.fullmatch("[0-9a-f]{64}", name)

    def mounts(self):
        """Mounts of containers: their roots, volumes and network namespaces."""
        lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        return [line for line in lines if line.split()[4].startswith((str(FOLDER) + "/", "/run/netns/")) and self.is_containers(line)]

    @staticmethod
    def is_containers(line):
        return not line.split()[4].endswith(("/overlay", "/graph"))  # the store itself, kept mounted

    def tidy_up(self):
        """After a failure: end what is there, so that it troubles no other test."""
        for path in sorted(find_cgroups(GROUP), key=len, reverse=True):
            with contextlib.suppress(OSError):
                pathlib.Path(path, "freezer.state").write_text("THAWED")
        for _ in range(20):
            for pid in self.processes():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
            reap_orphans()
        for path in sorted(find_cgroups(GROUP), key=len, reverse=True):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        for line in reversed(self.mounts()):
            subprocess.run(["umount", "-l", line.split()[4]], stderr=subprocess.DEVNULL)
        for root in STATE_ROOTS:
            subprocess.run(["rm", "-rf", "--one-file-system", root], stderr=subprocess.DEVNULL)


def is_pause_process(pid):
    """The process that keeps a rootless podman's namespaces."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2] == [b"catatonit", b"-P"]
    except OSError:
        return False


class Terminal:
    """A command whose standard streams are a terminal of this size, which shows what is written to it as it is: no \\r is added."""

    def __init__(self, argv, environment, rows=24, columns=80):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        settings = termios.tcgetattr(slave)
        settings[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.process = subprocess.Popen([str(word) for word in argv], stdin=slave, stdout=slave, stderr=slave, env=environment,
                                        cwd=FOLDER, start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        waited_for.add(self.process.pid)
        os.close(slave)
        self.output = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, words, timeout=PATIENCE):
        """Everything written so far; raises AssertionError when the words do not come."""
        os.set_blocking(self.master, False)
        end = time.monotonic() + timeout * SLOW
        while words.encode() not in self.output:
            if time.monotonic() > end or not self.read_more():
                raise AssertionError(f"no {words!r} on the terminal: {self.output!r}")
        return self.output.decode(errors="replace")

    def read_more(self):
        """False at the end of file."""
        try:
            part = os.read(self.master, 4096)
        except BlockingIOError:
            reap_orphans()
            time.sleep(0.01)
            return True
        except OSError:  # EIO: no slave is open
            return False
        self.output += part
        return bool(part)

    def wait(self, timeout=PATIENCE):
        """The exit code and all that was written."""
        os.set_blocking(self.master, False)
        end = time.monotonic() + timeout * SLOW
        while self.read_more():
            if time.monotonic() > end:
                self.close()
                raise AssertionError(f"not finished after {timeout} s: {self.output!r}")
        code = self.process.wait(timeout)
        self.close()
        return code, self.output.decode(errors="replace")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        waited_for.discard(self.process.pid)
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


def make_images(folder):
    """Build contexts: "box" is busybox and, below /guest, the modules; "wasm" holds nothing but modules, in its root; "pause" is for
    the sandboxes of pods."""
    box, wasm, pause = (folder / name for name in ("box", "wasm", "pause"))
    for name in ("bin", "etc", "guest", "home/user", "tmp", "root"):
        (box / "root" / name).mkdir(parents=True)
    (box / "root/tmp").chmod(0o1777)
    subprocess.run(["cp", BUSYBOX, box / "root/bin/busybox"], check=True)
    for applet in [*APPLETS, "adduser", "ash", "ping", "stty", "top", "vi", "wget"]:
        with contextlib.suppress(FileExistsError):
            (box / "root/bin" / applet).symlink_to("busybox")
    (box / "root/etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n")
    (box / "root/etc/group").write_text("root:x:0:\nuser:x:1000:\nextra:x:2000:user\n")
    (box / "root/etc/plain").write_text("not executable\n")
    (box / "Containerfile").write_text("FROM scratch\nCOPY root /\nENV COLOUR=green\nCMD [\"/bin/sh\"]\n")
    wasm.mkdir()
    for module in guests().glob("*.wasm"):
        for target in (box / "root/guest", wasm):
            subprocess.run(["cp", module, target], check=True)
    (wasm / "Containerfile").write_text("FROM scratch\nCOPY *.wasm /\nENV COLOUR=green\nENTRYPOINT [\"/hello.wasm\"]\n")
    pause.mkdir()
    (pause / "Containerfile").write_text("FROM localhost/box\nENTRYPOINT [\"/bin/sleep\", \"1000000\"]\n")
    return {"box": box, "wasm": wasm, "pause": pause}
