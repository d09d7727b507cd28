"""What the programs of the benchmark have in common: their containers, which do not stay, and their results as files."""

import argparse
import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import struct
import sys
import time

import machine
import measure
import report
import subjects
from subjects import BUILD, PROGRAMS, WORK


PEERS = ("crun", "runc", "youki")
ENDING = (signal.SIGINT, signal.SIGTERM)
BUILDS = {"crumb": "release", "crumb musl": "release-musl"}  # the last starts fastest


def installed():
    """The other runtimes of this machine. youki comes by `cargo install`."""
    cargo = pathlib.Path(os.environ.get("CARGO_HOME") or pathlib.Path.home() / ".cargo")
    found = {name: shutil.which(name, path=f"{os.environ['PATH']}:{cargo}/bin") for name in PEERS}
    return [subjects.Runtime(name, program) for name, program in found.items() if program]


class Session:
    """One run of a benchmark; subclasses have measure(), which returns its own part of the results."""

    longest_command = measure.LONGEST_COMMAND  # seconds
    cgroup2 = False  # --cgroup2

    @classmethod
    def prepare(cls):
        """The mounts and the root filesystem of all measurements."""
        machine.prepare(subjects.WORK, cls.cgroup2)
        subjects.make_rootfs()

    def __init__(self, rounds):
        self.rounds, self.notes, self.made = rounds, [], []
        self.stopwatch = measure.Stopwatch(PROGRAMS / "stopwatch", WORK / "errors", self.longest_command)
        self.profile = json.loads(subjects.PROFILE.read_text()) if os.uname().machine == "x86_64" else None
        self.crumbs = {name: path for name, preset in BUILDS.items() if (path := BUILD / preset / "bin/crumb").exists()}

    @functools.cached_property
    def peers(self):
        """Those that run a container; what hinders others goes to the notes."""
        return [runtime for runtime in installed() if self.usable(self.container(runtime.name, runtime, ["/hello"], self.profile))]

    @property
    def crumb(self):
        """The program of the build that starts fastest."""
        return list(self.crumbs.values())[-1]

    def interpreting(self):
        """crumbs that have no compiled code."""
        return [subjects.crumb(name, path, WORK / "no-code") for name, path in self.crumbs.items()]

    def runtimes(self):
        return [*self.interpreting(), *self.peers]

    def versions(self):
        return {runtime.name: runtime.version() for runtime in self.runtimes()}

    @functools.cache
    def compiled(self, *modules):
        """crumbs whose cache has these modules' code; why others have not goes to the notes."""
        found, caches = [], WORK / "code"
        caches.mkdir(exist_ok=True)
        for name, path in self.crumbs.items():
            runtime = subjects.crumb(name, path, caches / BUILDS[name])
            try:
                subjects.execute([path, "wasm", "compile", *modules], runtime.environment, timeout=120)
                found.append(runtime)
            except measure.Failed as failure:
                self.notes.append(f"{name}: compiled modules: not measured: {failure}")
        return found

    def container(self, name, runtime, args, profile, kind=subjects.Container):
        container = kind(name, runtime, args, profile, self.stopwatch)
        self.made.append(container)
        return container

    def floor(self, libc, letters):
        return self.floor_of(subjects.Floor, libc, letters)

    def floor_of(self, kind, libc, what):
        self.make_filter()
        floor = kind(libc, what, self.stopwatch)
        self.made.append(floor)
        return floor

    def make_filter(self):
        """The floor loads the filter that crumb has made: an entry of its cache without the header and the key (src/linux/cache.h) and
        without the flags before the instructions (src/linux/seccomp_filter.cc)."""
        for entry in [] if subjects.FILTER.exists() else (WORK / "filters").glob("*"):
            magic, version, key_size, size, checksum = struct.unpack_from("=IIQQQ", entry.read_bytes())
            subjects.FILTER.write_bytes(entry.read_bytes()[struct.calcsize("=IIQQQ") + key_size + 8:])

    @staticmethod
    def libcs():
        """Those that the floor was compiled with."""
        return [libc for libc in ("glibc", "musl") if (PROGRAMS / f"floor-{libc}").exists()]

    def usable(self, container):
        """Whether it can run what it is asked for; why not goes to the notes."""
        return self.done(container, container.check)

    def done(self, container, what):
        """Whether the function succeeds; why not goes to the notes."""
        try:
            what()
        except measure.Failed as failure:
            self.notes.append(f"{container.name}: not measured: {failure}")
            return False
        return True

    def results(self):
        began, load = time.monotonic(), os.getloadavg()[0]
        return {"command": " ".join([f"bench/{pathlib.Path(sys.argv[0]).name}", *sys.argv[1:]]), "machine": machine.facts(), **self.measure(),
                "load_before_and_after": [load, os.getloadavg()[0]], "notes": self.notes, "seconds": round(time.monotonic() - began)}

    def remove_all(self, containers):
        for container in containers:
            container.remove()
            self.made.remove(container)
        time.sleep(1)  # the kernel takes namespaces apart by and by

    def remove(self):
        for subject in self.made:
            subject.remove()
        for process in machine.children():  # of a runtime that hung
            os.kill(process, signal.SIGKILL)
        machine.reap_orphans()
        for place in machine.hierarchies():
            for leaf in place.glob("crumb-bench-*"):  # of a runtime that failed
                with contextlib.suppress(OSError):
                    leaf.rmdir()


def write(results, folder, name, markdown, plot):
    folder.mkdir(parents=True, exist_ok=True)
    page = report.heading(results) + markdown(results) + "".join(f"* {note}\n" for note in results["notes"])
    (folder / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n")
    (folder / f"{name}.md").write_text(page)
    print(page)
    try:
        if plot:
            plot(results, folder / f"{name}.svg")
    except ImportError:
        print("no plot: matplotlib is missing (scripts/install-deps --bench)", file=sys.stderr)


def main(description, kind, name, markdown, plot, rounds=None, options=None, set_options=None):
    """The command line of a benchmark. kind: its Session; name: of the files of its results; plot: None
    where tables say all; rounds: by default, where it has any."""
    program = f"bench/{pathlib.Path(sys.argv[0]).name}"
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if rounds:
        parser.add_argument("--rounds", type=int, default=rounds, help=f"of each part (default: {rounds}); fewer where they take long")
    parser.add_argument("--output", type=pathlib.Path, default=BUILD / "bench", metavar="DIR", help="of the results (default: build/bench)")
    parser.add_argument("--cgroup2", action="store_true",
                        help="with nothing but cgroup version 2 on /sys/fs/cgroup, which has the controllers that version 1 leaves it")
    if options:
        options(parser)
    arguments = parser.parse_args()
    kind.cgroup2 = arguments.cgroup2
    if set_options:
        set_options(arguments)
    if os.geteuid() != 0:
        sys.exit(f"{program}: it makes real containers and so must run as root")
    if not (BUILD / "release/bin/crumb").exists() or not (subjects.GUESTS / "hello.wasm").exists():
        sys.exit(f"{program}: nothing to measure: make bench builds it")
    for ending in ENDING:  # also where the caller ignores them
        signal.signal(ending, signal.default_int_handler)
    session = None
    try:
        subjects.compile_programs()
        kind.prepare()
        session = kind(getattr(arguments, "rounds", None))
        write(session.results(), arguments.output, name, markdown, plot)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        for ending in ENDING:  # all is removed
            signal.signal(ending, signal.SIG_IGN)
        if session:
            session.remove()
