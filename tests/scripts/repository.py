"""What the tests of our own scripts share."""

import pathlib
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    """The finished command, its output as text, standard input empty."""
    return subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=options.pop("timeout", 120), **options)
