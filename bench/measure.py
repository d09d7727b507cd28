"""Running commands and what they take: interleaved rounds, minimum and median."""

import collections
import dataclasses
import random
import statistics
import subprocess
import time

LONGEST_COMMAND = 20  # seconds


@dataclasses.dataclass(frozen=True)
class Sample:
    wall: float  # ms, from the start of the command until it was reaped
    cpu: float  # ms, user and system, with all of its children that were reaped
    peak: int  # kB, the largest resident set of one process
    first: float | None = None  # ms, from the start of the command until the first byte of its output; None: not measured, or no output


class Failed(Exception):
    """A command that did not do what is measured."""


class Stopwatch:
    """program: bench/stopwatch.c; errors: a file for what commands say; longest: seconds that one may take; within: words that put
    it somewhere else, before it starts to measure."""

    def __init__(self, program, errors, longest=LONGEST_COMMAND, within=()):
        self.program, self.errors, self.longest, self.within = program, errors, longest, within

    def run(self, command, environment=None, output="none"):
        """One Sample of a command, whose output is thrown away. output: "first" where its first byte is measured, too; of no use to
        a command that leaves a process behind, which would write to a pipe that nobody reads."""
        words = [str(word) for word in command]
        report = subprocess.run([*self.within, self.program, str(self.longest), self.errors, output, *words], env=environment, check=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
        wall, first, cpu, peak, status = map(int, report.split())
        if status != 0:
            complaint = self.errors.read_text(errors="replace").strip().splitlines()
            raise Failed(complaint[-1] if complaint else f"ended with status {status}")
        return Sample(wall / 1e6, cpu / 1e3, peak, first / 1e6 if first else None)


def interleave(subjects, rounds, seconds):
    """subjects: name -> function that does it once and gives name of a part -> Sample. In each round every subject has its turn, so that
    a slow minute of the machine hits all, in another order each time (the same in every run): what one leaves to the kernel's workers, such
    as a network namespace to be taken down, hits the next. The first round warms up and does not count; none begins after
    `seconds`, but one is always counted. -> (subject, part) -> Samples, one for each round."""
    found = collections.defaultdict(list)
    names, order = list(subjects), random.Random(0)
    began = time.monotonic()
    for turn in range(rounds + 1):
        if turn > 1 and time.monotonic() - began > seconds:
            break
        for name in order.sample(names, len(names)):
            for part, sample in subjects[name]().items():
                if turn > 0:
                    found[name, part].append(sample)
    return found


def summary(samples, reference=None):
    """The row of some samples; reference: the samples that ratios refer to, of the same rounds."""
    walls = [sample.wall for sample in samples]
    row = {
        "rounds": len(samples),
        "wall_min_ms": min(walls),
        "wall_median_ms": statistics.median(walls),
        "cpu_min_ms": min(sample.cpu for sample in samples),
        "cpu_median_ms": statistics.median(sample.cpu for sample in samples),
        "peak_kb": max(sample.peak for sample in samples),
    }
    firsts = [sample.first for sample in samples]
    if None not in firsts:
        row |= {"first_min_ms": min(firsts), "first_median_ms": statistics.median(firsts)}
    if reference:
        row["ratio_min"] = row["wall_min_ms"] / min(sample.wall for sample in reference)
        row["ratio_median"] = statistics.median(sample.wall / other.wall for sample, other in zip(samples, reference))
        row["ratio_cpu"] = row["cpu_median_ms"] / statistics.median(sample.cpu for sample in reference)
    return row
