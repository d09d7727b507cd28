"""Runs the table of behaviours with each runtime: a process for each, at the same time; what is not as
expected is looked at again."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import differences
from runtimes import runtimes

PROGRAM = pathlib.Path(__file__).with_name("behaviours.py")


@functools.cache
def all_rows():
    """Name of a runtime -> row -> what behaviours.py says of it."""
    started = {name: start(runtime) for name, runtime in runtimes().items()}
    seen = {name: finish(name, process) for name, process in started.items()}
    for _ in range(2):  # on a busy machine a row may not have waited long enough
        again = [row for row in seen["crumb"] if differences.complaint_of_row(row, seen)]
        for name, runtime in runtimes().items() if again else ():
            seen[name].update(finish(name, start(runtime, *again)))
    return seen


def start(runtime, *rows):
    return subprocess.Popen([sys.executable, PROGRAM, *rows], env={**os.environ, "CRUMB_RUNTIME": runtime.program}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(name, process):
    out, err = process.communicate()
    if process.returncode != 0:
        raise AssertionError(f"behaviours.py with {name}: exit code {process.returncode}\n{err}")
    return json.loads(out)
