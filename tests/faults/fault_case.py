"""What the fault tests share: the harness of tests/integration on a build with the system-call seam (src/kernel/seam.h).

Environment:
  CRUMB_RUNTIME   a crumb built with -DCRUMB_SEAM=ON (default: build/dev/bin/crumb)
  CRUMB_TEST_FULL 1: every step and every call; else the long series are thinned out
"""

import os
import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("CRUMB_RUNTIME", str(REPOSITORY / "build/dev/bin/crumb"))
sys.path.insert(0, str(REPOSITORY / "tests/integration"))

from support import RUNTIME, SLOW, ContainerCase  # noqa: E402

FULL = os.environ.get("CRUMB_TEST_FULL") == "1"
MOST = 3000  # calls: a command that makes more than this never ends

SEAM_REFUSES = 99


def seam_works():
    """A rule that does not exist ends a program that has the seam."""
    result = subprocess.run([RUNTIME, "--version"], env={**os.environ, "CRUMB_SEAM": "no-such-rule"}, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    return result.returncode == SEAM_REFUSES


if not seam_works():
    raise SystemExit(f"{RUNTIME} was not built with -DCRUMB_SEAM=ON (preset dev)")


class FaultCase(ContainerCase):
    def seam(self, *arguments, host="", init="", timeout=20, **popen):
        """Runs a command of crumb under rules of the seam, for itself and for crumb-init."""
        environment = dict(os.environ)
        if host:
            environment["CRUMB_SEAM"] = host
        if init:
            environment["CRUMB_SEAM_INIT"] = init
        return self.spawn(*arguments, env=environment, **popen).wait(timeout, reap=True)

    def create_arguments(self):
        return "create", "--bundle", self.bundle.path, self.name

    def run_arguments(self):
        return "run", "--bundle", self.bundle.path, self.name

    def program(self, *args):
        self.process["args"] = list(args)
        self.bundle.write()

    def clean(self, after):
        """Asserts that nothing is left, as soon as processes that are about to end have ended."""
        left = []

        def nothing():
            left[:] = self.leftovers()
            return not left

        try:
            self.until(nothing, "", seconds=5)
        except AssertionError:
            self.delete_forcibly()
            self.tidy_up()
            self.fail(f"left after {after}:\n" + "\n".join(left))

    def force_and_clean(self, after):
        result = self.spawn("delete", "--force", self.name).wait(reap=True)
        self.assertEqual(result.code, 0, f"delete --force after {after}: {result}")
        self.clean(after)


def steps(stride):
    """1, 2, 3 ... in a full run, else every stride-th, beginning anywhere: several runs see them all."""
    return range(1, MOST) if FULL else range(1 + os.getpid() % stride, MOST, stride)


__all__ = ["FULL", "RUNTIME", "SLOW", "FaultCase", "steps"]
