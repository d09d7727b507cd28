"""A machine of the tests' own (tests/callers/machine.py) whose crun has crumb's handler, as `make install PREFIX=/usr` puts it there.

Environment:
  CRUMB_RUNTIME   a crun
  CRUMB_HANDLER   the handler (default: build/release/lib/crun/handlers/crumb-crun.so)
  CRUMB_GUESTS    folder of the compiled Wasm guests (default: build/guests)
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "callers"))

import machine  # noqa: E402,F401

HANDLER = pathlib.Path(os.environ.get("CRUMB_HANDLER") or TESTS.parent / "build/release/lib/crun/handlers/crumb-crun.so")
SMART = HANDLER.with_name("crumb-crun-smart.so")


def handlers_folder():
    """Where this crun looks for handlers: written into it when it was built."""
    found = re.search(rb"/[!-~]+/crun/handlers", pathlib.Path(shutil.which("crun")).read_bytes())
    if not found:
        raise SystemExit("this crun loads no handlers")
    return pathlib.Path(found.group().decode())


def install_handler():
    """An overlay that only this machine sees: the folder need not exist."""
    folder = handlers_folder()
    parent = next(above for above in folder.parents if above.is_dir())
    upper, work = pathlib.Path("/run/handlers/upper"), pathlib.Path("/run/handlers/work")
    upper.mkdir(parents=True)
    work.mkdir()
    subprocess.run(["mount", "-t", "overlay", "-o", f"lowerdir={parent},upperdir={upper},workdir={work}", "overlay", parent], check=True)
    folder.mkdir(parents=True, exist_ok=True)
    for file in (HANDLER, SMART):
        shutil.copy(file, folder)
    return folder


FOLDER = install_handler()


class Handled:
    """Beside a ContainerCase: its containers have crumb's handler."""

    annotation = "wasm"
    __unittest_skip__ = False  # what is "crumb's own" in the case beside this

    def setUp(self):
        super().setUp()
        self.config.setdefault("annotations", {})["run.oci.handler"] = self.annotation
