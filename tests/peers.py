"""The other runtimes that tests run: where they are and what they need to work here."""

import pathlib
import shutil

BUILD = pathlib.Path(__file__).resolve().parents[1] / "build"
CRUN = BUILD / "peers" / "crun"


def wrap_crun():
    """Makes CRUN, a crun that also works where cgroup version 1 and 2 are mixed, which it refuses: it does not get to see version 2."""
    CRUN.parent.mkdir(parents=True, exist_ok=True)
    hide = "umount /sys/fs/cgroup/unified 2> /dev/null; " if pathlib.Path("/sys/fs/cgroup/unified").is_dir() else ""
    CRUN.write_text(f"#!/bin/sh\nexec unshare -m --propagation private sh -c '{hide}exec {shutil.which('crun')} \"$@\"' crun \"$@\"\n")
    CRUN.chmod(0o755)
