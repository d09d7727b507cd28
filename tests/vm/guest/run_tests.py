"""Runs in the guest: the tests that /out/names lists, results to /out/results as tests/report.py writes them."""

import pathlib
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
OUT = pathlib.Path("/out")
sys.path[:0] = [str(HERE), str(HERE.parent / "guest_systemd"), str(HERE.parents[1] / "integration"), str(HERE.parents[1])]

from report import Recorder, open_out_of_the_way  # noqa: E402

if (OUT / "crumb").exists():
    shutil.copytree(OUT / "crumb", "/tmp/crumb")  # onto a disk like any other
with open(OUT / "results", "a", opener=open_out_of_the_way) as results:
    unittest.defaultTestLoader.loadTestsFromNames((OUT / "names").read_text().split()).run(Recorder(results))
