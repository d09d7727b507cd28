"""What is measured: the floor, and containers as Docker makes them without options under each runtime."""

import json
import os
import pathlib
import select
import shutil
import signal
import subprocess

import machine
import measure

TOP = pathlib.Path(__file__).resolve().parents[1]
BUILD = TOP / "build"
PROGRAMS = BUILD / "bench/programs"  # our own, compiled
WORK = BUILD / "bench/work"  # bundles, state and caches: a tmpfs of machine.prepare
ROOTFS = WORK / "rootfs"
GUESTS = BUILD / "guests"
PROFILE = TOP / "tests/data/docker-seccomp.json"
FILTER = WORK / "filter"  # compiled BPF, for the floor
LETTERS = "nrmdpckf"  # of bench/floor.c, in the order in which they build on each other
PROMISES = "oit"  # likewise: what crumb does beyond what the kernel needs
BARE = LETTERS[:2]  # namespaces, the root and /proc
DMC = LETTERS.rstrip("kf")  # what ratios refer to: namespaces, mounts, devices, paths, cgroups
LONGEST_END = 10  # seconds, from a signal to the end of a container


def compile(target, source, words):
    """By these words, which lack the names; where the program is not newer than its source."""
    path, new = PROGRAMS / target, PROGRAMS / f"{target}.new"
    if not path.exists() or path.stat().st_mtime <= source.stat().st_mtime:
        subprocess.run([*words, "-o", new, source], check=True)
        new.replace(path)  # whole or not at all


def compile_programs():
    """hello, stopwatch and floor, by the C compiler, and the module large; floor also with musl where `make release-musl` has left its
    compiler."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    native, musl = os.environ.get("CC", "cc"), BUILD / "zig/bin/clang"
    for name, target in (("hello", "hello"), ("stopwatch", "stopwatch"), ("floor", "floor-glibc")):
        compile(target, TOP / f"bench/{name}.c", [native, "-std=c11", "-O2", "-static"])
    wasi = [os.environ.get("WASI_CXX", "clang++"), "--target=wasm32-wasi", "-std=c++17", "-fno-exceptions"]  # as tests/guests/build
    compile("large.wasm", TOP / "bench/large.cc", [*wasi, "-O2"])
    if musl.exists():  # it compiles or links, not both
        compile("floor.o", TOP / "bench/floor.c", [musl, "-std=c11", "-O2", "-c"])
        compile("floor-musl", PROGRAMS / "floor.o", [musl, "-static"])


def make_rootfs():
    for folder in ("proc", "dev", "sys"):
        (ROOTFS / folder).mkdir(parents=True)
    for program in (PROGRAMS / "hello", PROGRAMS / "large.wasm", GUESTS / "hello.wasm", GUESTS / "sleep.wasm"):
        shutil.copy(program, ROOTFS)


def execute(words, environment=None, timeout=measure.LONGEST_COMMAND):
    """Runs a command without measuring; Failed holds its last line."""
    try:
        done = subprocess.run([str(word) for word in words], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise measure.Failed(f"it did not end within {timeout} s") from None
    if done.returncode != 0:
        raise measure.Failed((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    return done.stdout


def count_system_calls(words, environment=None):
    """Of the command and all that it starts, the program included; None without strace."""
    if not shutil.which("strace"):
        return None
    table = WORK / "strace"
    execute(["strace", "-f", "-qq", "-c", "-o", table, *words], environment)
    return next(int(line.split()[3]) for line in table.read_text().splitlines() if line.endswith(" total"))


class Program:
    """The native program, without a container."""

    def __init__(self, stopwatch):
        self.stopwatch = stopwatch

    def run(self):
        return {"run": self.stopwatch.run([PROGRAMS / "hello"], output="first")}


class Floor:
    """bench/floor.c with some letters; f loads FILTER."""

    def __init__(self, libc, letters, stopwatch):
        self.stopwatch = stopwatch
        self.leaves = [place / "crumb-bench-floor" for place in machine.hierarchies()]
        self.words = [PROGRAMS / f"floor-{libc}", letters, ROOTFS, "/hello", FILTER, *self.leaves]

    def run(self):
        return {"run": self.stopwatch.run(self.words, output="first")}

    def system_calls(self):
        return count_system_calls(self.words)

    def remove(self):
        for leaf in filter(pathlib.Path.exists, self.leaves):
            leaf.rmdir()


class RestingFloor(Floor):
    """The floor around an idle native program, which stays. what: a number of its own, and letters."""

    def __init__(self, libc, what, stopwatch):
        number, letters = what
        super().__init__(libc, (letters if FILTER.exists() else letters.replace("f", "")) + "s", stopwatch)
        self.leaves = [leaf.with_name(f"{leaf.name}-{number}") for leaf in self.leaves]
        self.words = [*self.words[:5], *self.leaves]
        self.process = None

    def start(self):
        """The process is left to this one (machine.prepare)."""
        before = machine.children()
        sample = self.stopwatch.run(self.words)
        self.process, = machine.children() - before
        return sample

    def memory(self):
        return memory_of(self.process)

    def remove(self):
        if self.process:
            os.kill(self.process, signal.SIGKILL)
            os.waitid(os.P_PID, self.process, os.WEXITED)
            self.process = None
        super().remove()


def memory_of(process):
    """kB."""
    try:
        lines = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        raise measure.Failed("its process has ended instead of resting") from None
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return {"private_kb": values["Private_Clean"] + values["Private_Dirty"], "pss_kb": values["Pss"]}


class Runtime:
    """A container runtime as it is called: words that begin each command, and the environment. filters: the folder of its filter
    cache, where it is told of one."""

    def __init__(self, name, program, words=(), environment=None, filters=None):
        self.name, self.program, self.environment, self.filters = name, program, environment, filters
        self.words = [program, *words]

    def without_cgroups(self):
        """As crumb and crun can do it."""
        return Runtime(self.name, self.program, [*self.words[1:], "--cgroup-manager=disabled"], self.environment, self.filters)

    def version(self):
        return execute([self.program, "--version"]).splitlines()[0]


def crumb(name, program, code, filters=WORK / "filters"):
    """A build of crumb with caches of the benchmark's own; code: the cache of compiled modules."""
    return Runtime(name, program, ["--seccomp-cache", filters], {**os.environ, "CRUMB_CODE_CACHE": str(code)}, filters)


class Container:
    """One bundle under one runtime, with the rootfs that all have. args: process.args; profile: linux.seccomp or None."""

    without = ()  # namespaces

    def __init__(self, name, runtime, args, profile, stopwatch):
        self.name, self.runtime, self.stopwatch = name, runtime, stopwatch
        self.id = "crumb-bench-" + "".join(c if c.isalnum() else "-" for c in name)
        self.bundle, self.state = WORK / "bundles" / self.id, WORK / "state" / self.id
        self.make_bundle(args, profile)

    def make_bundle(self, args, profile):
        self.bundle.mkdir(parents=True)
        config = json.loads((TOP / "bench/config.json").read_text())
        config["process"]["args"] = args
        config["root"]["path"] = str(ROOTFS)
        config["linux"]["namespaces"] = [entry for entry in config["linux"]["namespaces"] if entry["type"] not in self.without]
        config["linux"]["cgroupsPath"] = f"/{self.id}"
        if profile:
            config["linux"]["seccomp"] = profile
        (self.bundle / "config.json").write_text(json.dumps(config))

    def command(self, *words):
        return [*self.runtime.words, "--root", self.state, *words]

    def measure(self, *words):
        return self.stopwatch.run(self.command(*words), self.runtime.environment)

    def execute(self, *words):
        return execute(self.command(*words), self.runtime.environment)

    def run_command(self):
        return self.command("run", "--bundle", self.bundle, self.id)

    def check(self):
        """Runs it once without measuring; Failed says why it cannot."""
        output = execute(self.run_command(), self.runtime.environment)
        if not output.startswith("hello"):
            raise measure.Failed(f"it printed {output!r}")

    def run(self):
        return {"run": self.stopwatch.run(self.run_command(), self.runtime.environment, "first")}

    def system_calls(self):
        return count_system_calls(self.run_command(), self.runtime.environment)

    def commands(self):
        """The commands of one container's life, each a part; process.args must stay."""
        parts = {"create": self.measure("create", "--bundle", self.bundle, self.id)}
        process = os.pidfd_open(self.pid())
        try:
            parts["start"] = self.measure("start", self.id)
            parts["state"] = self.measure("state", self.id)
            parts["exec"] = self.measure("exec", self.id, "/hello")
            parts["kill"] = self.measure("kill", self.id, "KILL")
            if not select.select([process], [], [], LONGEST_END)[0]:
                raise measure.Failed(f"{self.name}: it does not end")
        finally:
            os.close(process)
        machine.reap_orphans()
        parts["delete"] = self.measure("delete", self.id)
        return parts

    def pid(self):
        return json.loads(self.execute("state", self.id))["pid"]

    def start(self):
        """Starts it and leaves it; process.args must stay. The command's Sample."""
        return self.measure("run", "--detach", "--bundle", self.bundle, self.id)

    def memory(self):
        """kB of the container's process."""
        return memory_of(self.pid())

    def remove(self):
        """Whatever is left of it."""
        try:
            self.execute("delete", "--force", self.id)
        except measure.Failed:
            pass  # runc and crun say so when there is none
        machine.reap_orphans()


class Bare(Container):
    """With nothing in its configuration but namespaces, /proc and the program. The devices that every container has are in the root
    filesystem from the second time on."""

    def make_bundle(self, args, profile):
        super().make_bundle(args, profile)
        path = self.bundle / "config.json"
        config = json.loads(path.read_text())
        del config["process"]["capabilities"]
        config["mounts"] = [entry for entry in config["mounts"] if entry["type"] == "proc"]
        config["linux"] = {"namespaces": config["linux"]["namespaces"]}
        path.write_text(json.dumps(config))


class FirstOfProfile(Container):
    """The first container of its profile: no cache has the filter. crun's is in its state directory, Debian's crun has none."""

    def forget(self):
        for cache in filter(None, (self.state, self.runtime.filters)):
            shutil.rmtree(cache, ignore_errors=True)

    def run(self):
        self.forget()
        return super().run()

    def system_calls(self):
        self.forget()
        return super().system_calls()


class Other(Container):
    """One that is only there, created and not started: it has no network of its own, which takes long to make and to remove."""

    without = ("network",)

    def create(self):
        self.measure("create", "--bundle", self.bundle, self.id)
