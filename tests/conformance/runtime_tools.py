#!/usr/bin/env python3
"""The validation programs of the OCI runtime-tools: each runs a runtime and prints what it found in TAP, the Test Anything Protocol.

A program is run in a mount namespace, with a state root and a folder for temporary files of its own, since some runtimes leave mounts
and containers behind."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import fcntl
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import differences
from runtimes import TESTS, runtimes

BUILT = TESTS.parent / "build" / "conformance"
LOCK = "/run/crumb-conformance.lock"
LONGEST_PROGRAM = 120  # seconds
AT_ONCE = 6  # programs; most of their time they wait for the next second

PROGRAMS = """
    config_updates_without_affect create default delete delete_only_create_resources delete_resources hooks hooks_stdin hostname kill
    kill_no_effect killsig linux_cgroups_blkio linux_cgroups_cpus linux_cgroups_devices linux_cgroups_hugetlb linux_cgroups_memory
    linux_cgroups_network linux_cgroups_pids linux_cgroups_relative_blkio linux_cgroups_relative_cpus linux_cgroups_relative_devices
    linux_cgroups_relative_hugetlb linux_cgroups_relative_memory linux_cgroups_relative_network linux_cgroups_relative_pids
    linux_devices linux_masked_paths linux_mount_label linux_ns_itype linux_ns_nopath linux_ns_path linux_ns_path_type
    linux_process_apparmor_profile linux_readonly_paths linux_rootfs_propagation linux_seccomp linux_sysctl linux_uid_mappings
    misc_props mounts pidfile poststart poststart_fail poststop poststop_fail prestart prestart_fail process process_capabilities
    process_capabilities_fail process_oom_score_adj process_rlimits process_rlimits_fail process_user root_readonly_true start state
""".split()


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a program found. A point is one thing that it checks, named by its description."""

    passed: collections.Counter
    failed: collections.Counter
    output: str

    @property
    def well(self):
        return not self.failed

    def missing(self, other):
        """Points that the other passes and this does not, in their order."""
        return list((other.passed - self.passed).elements())


POINT = re.compile(r"(not )?ok\b(?: \d+)?(?: - )?(.*)")
WHOLE = "the program as a whole"
ERROR = re.compile(r'^\s+"error":', re.MULTILINE)


def read_tap(output, code):
    """The Outcome that a program's output and exit code mean. WHOLE is a point, too: the exit code is 0, and a program that makes no
    other point prints no error."""
    passed, failed = collections.Counter(), collections.Counter()
    points = [match for match in map(POINT.fullmatch, output.splitlines()) if match]
    for match in points:
        (failed if match[1] else passed)[match[2]] += 1
    bad = code != 0 or (not points and ERROR.search(output))
    (failed if bad else passed)[WHOLE] += 1
    return Outcome(passed, failed, output)


@functools.cache
def build():
    """Builds the programs if they are missing or old."""
    done = subprocess.run([TESTS / "conformance/build", BUILT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise AssertionError(f"tests/conformance/build failed: {done.stdout.strip()}")


def version():
    """That of the module, which go.mod pins."""
    return re.search(r"opencontainers/runtime-tools (\S+)", (TESTS / "conformance/go.mod").read_text())[1]


@contextlib.contextmanager
def alone(program):
    """A context in which no other program, of this run or another one on the machine, uses the same cgroup: some share one name."""
    if not program.startswith(("linux_cgroups", "delete_resources", "delete_only_create_resources")):
        yield
        return
    with open(LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(program, runtime_name):
    """The Outcome of one program with one runtime."""
    runtime = runtimes()[runtime_name]
    with alone(program), tempfile.TemporaryDirectory(prefix="crumb-conformance-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)  # root of a user namespace shall get through
        wrapper, state = pathlib.Path(folder, runtime_name), pathlib.Path(folder, "state")
        wrapper.write_text(f"#!/bin/sh\nexec {runtime.program} --root {state} \"$@\"\n")
        wrapper.chmod(0o755)
        pathlib.Path(folder, "tmp").mkdir()
        command = ["timeout", "--kill-after=5", str(LONGEST_PROGRAM), "unshare", "--mount", "--propagation", "private", BUILT / program]
        try:
            done = subprocess.run(command, cwd=BUILT, env={**os.environ, "RUNTIME": str(wrapper), "TMPDIR": f"{folder}/tmp"},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        finally:
            delete_all(runtime, state)
    return dataclasses.replace(read_tap(done.stdout, done.returncode), output=done.stdout + done.stderr)


def delete_all(runtime, state):
    for entry in state.iterdir() if state.exists() else ():
        runtime.run("--root", state, "delete", "--force", entry.name)


@functools.cache
def run_all(fair=False):
    """Program -> name of a runtime -> Outcome. On a busy machine a program may not have waited long enough: what is not as expected is
    run again, and for a page that others are judged by (fair) also what a peer does not pass."""
    build()
    results = {program: {} for program in PROGRAMS}
    run_several([(program, name) for program in PROGRAMS for name in runtimes()], results, AT_ONCE)
    for at_once in (2, 1):
        again = [(program, name) for program, outcomes in results.items() for name in runtimes()
                 if differences.complaint_of_program(program, outcomes) or (fair and behind(outcomes, name))]
        run_several(again, results, at_once)
    return results


def behind(outcomes, name):
    """Whether it does not pass what another one passes."""
    return any(outcomes[name].missing(other) for other in outcomes.values())


def run_several(pairs, results, at_once):
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for (program, name), outcome in zip(pairs, pool.map(lambda pair: run(*pair), pairs)):
            results[program][name] = outcome


def main(program, runtime_name="crumb"):
    """runtime_tools.py PROGRAM [crumb|runc|crun]: runs one program and shows what it prints."""
    build()
    outcome = run(program, runtime_name)
    print(outcome.output + "".join(f"\nfailed: {point}" for point in outcome.failed.elements()))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(main.__doc__)
    main(*sys.argv[1:])
