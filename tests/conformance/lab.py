"""Where the rows of the table of behaviours are seen, and the words for what is seen."""

import contextlib
import json
import os
import unittest

import runtimes  # noqa: F401  (for where support is)
from support import ContainerCase

HANGS_AFTER = 15  # seconds

# What containerd, podman and Docker look for in errors, whatever its case.
PHRASES = (
    "does not exist", "container not running", "no such process", "process already finished", "executable file not found in $PATH",
    "no such file or directory", "not a directory", "permission denied", "operation not permitted", "already exists",
)

ROWS = {}  # name -> function


def row(name):
    def add(function):
        assert name not in ROWS, name
        ROWS[name] = function
        return function
    return add


class Lab(ContainerCase):
    """Where one row is seen: a bundle and a state root of its own, and a check that nothing is left of it."""

    def __init__(self, name):
        super().__init__("observe")
        self.function, self.seen = ROWS[name], None

    def observe(self):
        self.seen = self.function(self)

    def command(self, *arguments, **options):
        """What a command of the runtime ends with: its Result, or None when it hangs."""
        running = self.spawn(*arguments, **options)
        try:
            return running.wait(HANGS_AFTER, reap=True)
        except AssertionError:
            return None

    def outcome(self, *arguments, **options):
        return ending(self.command(*arguments, **options))

    def run_outcome(self, *args, flags=(), **options):
        if args:
            self.process["args"] = list(args)
        self.bundle.write()
        seen = self.outcome("run", *flags, "--bundle", self.bundle.path, self.name, **options)
        self.delete_forcibly()
        return seen

    def create_outcome(self, *args, flags=()):
        if args:
            self.process["args"] = list(args)
        self.bundle.write()
        seen = self.outcome("create", *flags, "--bundle", self.bundle.path, self.name)
        self.delete_forcibly()
        return seen

    def status_now(self):
        result = self.command("state", self.name)
        return json.loads(result.out)["status"] if result and result.code == 0 else "gone"

    def wait_for_the_end(self):
        """Gives the kernel the time to kill the container's process, where it can."""
        with contextlib.suppress(AssertionError):
            self.wait_status("stopped", seconds=4)

    def executed(self, script, flags=()):
        """The output of a script that exec runs in a container that runs."""
        self.running()
        return one_line(self.inside(script, flags=flags))


def ending(result):
    """An exit code, and the first of PHRASES that the error holds."""
    if result is None:
        return "hangs"
    if result.code == 0:
        return "0"
    text = result.err.replace('\\"', '"').lower()
    found = [phrase for phrase in PHRASES if phrase.lower() in text]
    return f"{result.code}" + (f", \"{found[0]}\"" if found else "")


def one_line(text):
    return "; ".join(" ".join(line.split()) for line in text.strip().splitlines())


def words_of(names):
    return " ".join(sorted(names))


def modes(lab, *paths):
    """Modes and owners of files in the root filesystem."""
    found = [os.lstat(lab.bundle.rootfs / path) for path in paths]
    return "; ".join(f"{status.st_mode & 0o7777:o} {status.st_uid}:{status.st_gid}" for status in found)


def see(name):
    """What the runtime does, and what went wrong meanwhile."""
    lab, result = Lab(name), unittest.TestResult()
    lab.run(result)
    return {"seen": lab.seen, "problems": [text for _, text in result.failures + result.errors]}
