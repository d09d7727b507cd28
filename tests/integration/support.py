"""What the tests of real containers share: a bundle, the runtime's commands with timeouts, and a check that nothing is left.

Environment:
  CRUMB_RUNTIME   the runtime under test, a path or a name (default: build/release/bin/crumb); runc and crun will do too
  CRUMB_GUESTS    folder of the compiled Wasm guests (default: build/guests)
  CRUMB_TEST_SLOW a factor for every timeout (default: 1); emulated machines want 10
"""

import contextlib
import ctypes
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
SLOW = float(os.environ.get("CRUMB_TEST_SLOW", "1"))
TOKEN = f"{os.getpid()}-{secrets.token_hex(2)}"  # two suites at once: no name of theirs is the same
BUSYBOX = "/bin/busybox"
APPLETS = (
    "basename cat chmod chown cp cut date dd df dirname echo env expr false find grep head hostname id ip ipcs kill ln ls mkdir "
    "mkfifo mknod mount mv nc printf ps pwd readlink realpath rm rmdir sed seq sh sleep sort stat stty tail tee test timeout touch "
    "tr true tty umount uname wc which xargs yes"
).split()
# What Docker gives.
CAPABILITIES = [
    "CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
]
NAMESPACES = ["pid", "network", "ipc", "uts", "mount", "cgroup"]
PR_SET_CHILD_SUBREAPER = 36


def find_runtime():
    name = os.environ.get("CRUMB_RUNTIME") or str(REPOSITORY / "build/release/bin/crumb")
    return shutil.which(name) or str(pathlib.Path(name).absolute())


RUNTIME = find_runtime()


def first_word(runtime):
    try:
        return subprocess.run([runtime, "--version"], stdout=subprocess.PIPE, timeout=20 * SLOW).stdout.decode().split()[0]
    except (OSError, IndexError) as error:
        raise SystemExit(f"{runtime} --version does not work ({error}): build crumb or set CRUMB_RUNTIME")


KIND = first_word(RUNTIME)  # "crumb", "runc" or "crun"
IS_CRUMB = KIND == "crumb"


def only_crumb(what):
    """For tests of what only crumb has."""
    return unittest.skipUnless(IS_CRUMB, f"{what} is crumb's own")


def not_on(kind, why):
    """For tests of what another runtime does otherwise; crumb has no excuses."""
    return unittest.skipIf(KIND == kind and not IS_CRUMB, f"{kind}: {why}")


def become_subreaper():
    """Orphans of this process come to it: the container's first process, like those of conmon and containerd's shim."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def hierarchies():
    """Mount point of each cgroup hierarchy -> its controllers, [""] for version 2."""
    found = {}
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split()[:3]
        if kind == "cgroup2":
            found[before.split()[4]] = [""]
        elif kind == "cgroup":
            found[before.split()[4]] = options.split(",")
    return found


def kernel_version():
    """(major, minor) of the running kernel."""
    return tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))


UNIFIED = list(hierarchies().values()) == [[""]]  # pure version 2: what the tests of limits look at


def guests():
    """Folder of the compiled guests; they are built when they are missing or old."""
    folder = pathlib.Path(os.environ.get("CRUMB_GUESTS") or REPOSITORY / "build/guests")
    if not hasattr(guests, "built"):
        build = subprocess.run([REPOSITORY / "tests/guests/build", folder], stderr=subprocess.PIPE, text=True)
        guests.built = build.returncode == 0
        guests.error = build.stderr.strip()
    if not guests.built:
        raise AssertionError(f"tests/guests/build failed: {guests.error}")
    return folder


def probe(name):
    """A program of tests/probes that needs no library; compiled when it is missing or old."""
    source, program = REPOSITORY / f"tests/probes/{name}.c", REPOSITORY / f"build/probes/{name}"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        program.parent.mkdir(parents=True, exist_ok=True)
        made = program.with_name(f"{name}.{TOKEN}")
        freestanding = ["-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pic", "-no-pie"]
        subprocess.run(["cc", "-O1", "-Wall", "-Wextra", *freestanding, "-o", made, source], check=True)
        made.rename(program)
    return program


def with_hanging_compiler(folder):
    """A crumb in this folder whose compiler of WebAssembly never ends; its path."""
    for place in ("bin", "libexec/crumb"):
        (folder / place).mkdir(parents=True)
        for program in (pathlib.Path(RUNTIME).resolve().parents[1] / place).iterdir():
            shutil.copy(program, folder / place) if program.name == "crumb" else os.symlink(program, folder / place / program.name)
    (folder / "libexec/crumb/crumb-aot").unlink(missing_ok=True)
    shutil.copy(probe("hang"), folder / "libexec/crumb/crumb-aot")
    return folder / "bin/crumb"


def base_config(cgroup):
    sets = {name: list(CAPABILITIES) for name in ("bounding", "effective", "permitted")}
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", f"CRUMB_TEST_ID={cgroup}"],
            "cwd": "/",
            "capabilities": sets,
            "noNewPrivileges": False,
        },
        "root": {"path": "rootfs", "readonly": False},
        "hostname": "box",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
             "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        ],
        "linux": {
            "cgroupsPath": "/" + cgroup,
            "namespaces": [{"type": name} for name in NAMESPACES],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/scsi", "/sys/firmware"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/bus", "/proc/irq"],
        },
    }


class Bundle:
    """A folder with config.json (from .config, by write()) and a root filesystem of busybox."""

    def __init__(self, folder, cgroup):
        self.path = pathlib.Path(folder)
        self.rootfs = self.path / "rootfs"
        self.config = base_config(cgroup)
        for name in ("bin", "etc", "tmp", "root", "proc", "sys", "dev"):
            (self.rootfs / name).mkdir(parents=True)
        (self.rootfs / "tmp").chmod(0o1777)
        shutil.copy(BUSYBOX, self.rootfs / "bin/busybox")
        for applet in APPLETS:
            os.symlink("busybox", self.rootfs / "bin" / applet)
        self.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n")
        self.file("/etc/group", "root:x:0:\nuser:x:1000:\nextra:x:2000:\n")
        self.write()

    def write(self):
        (self.path / "config.json").write_text(json.dumps(self.config))

    def file(self, path, content="", mode=0o644):
        """A file in the root filesystem; returns its path on the host."""
        target = self.rootfs / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
        target.chmod(mode)
        return target

    def directory(self, path, mode=0o755):
        target = self.rootfs / path.lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(mode)
        return target

    def guest(self, name, path, mode=0o755):
        """A Wasm guest in the root filesystem."""
        return self.file(path, (guests() / f"{name}.wasm").read_bytes(), mode)


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Running:
    """A command of the runtime in the background. Output goes to files: nobody's pipe is held open by a container."""

    def __init__(self, case, argv, options):
        self.out_file, self.err_file = case.new_path("out"), case.new_path("err")
        self.given = {}
        if isinstance(options.get("input"), (str, bytes)):
            content = options.pop("input")
            path = case.new_path("in")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            options["stdin"] = self.given["stdin"] = open(path, "rb")
        options.pop("input", None)
        options.setdefault("stdin", subprocess.DEVNULL)
        for name, path in (("stdout", self.out_file), ("stderr", self.err_file)):
            if name not in options:
                options[name] = self.given[name] = open(path, "wb")
        environment = dict(options.pop("env", None) or os.environ)
        environment["CRUMB_TEST_ID"] = case.name
        self.process = subprocess.Popen([str(a) for a in argv], env=environment, **options)
        waited_for.add(self.process.pid)
        for file in self.given.values():
            file.close()
        self.argv = argv

    @property
    def pid(self):
        return self.process.pid

    def wait(self, timeout=20, reap=False):
        """Waits for the end. reap: and takes the statuses of orphans meanwhile, without which no pid namespace can end."""
        end = time.monotonic() + timeout * SLOW
        while reap and self.process.poll() is None and time.monotonic() < end:
            reap_orphans()
            time.sleep(0.005)
        try:
            code = self.process.wait(max(0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{' '.join(map(str, self.argv))}: not finished after {timeout * SLOW:.0f} s\n{self.output()}")
        waited_for.discard(self.pid)
        return Result(code, self.text(self.out_file), self.text(self.err_file))

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        waited_for.discard(self.pid)

    def output(self):
        return self.text(self.out_file) + self.text(self.err_file)

    @staticmethod
    def text(path):
        return path.read_bytes().decode(errors="replace") if path.exists() else ""


class ContainerCase(unittest.TestCase):
    """A test with one bundle and one state root of its own. Whatever the test does, nothing may be left of it."""

    serial = 0
    runtime_program = RUNTIME

    @classmethod
    def setUpClass(cls):
        become_subreaper()

    def setUp(self):
        ContainerCase.serial += 1
        self.name = f"t{TOKEN}-{self.serial}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crumb-test-"))
        self.addCleanup(self.remove_folder)
        self.addCleanup(self.nothing_is_left)
        self.files = 0
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()
        self.root = self.folder / "state"
        self.bundle = Bundle(self.folder / "bundle", self.name)
        self.config = self.bundle.config
        self.process = self.config["process"]
        self.linux = self.config["linux"]
        self.children = []

    # Commands.

    def new_path(self, name):
        self.files += 1
        return self.scratch / f"{self.files}-{name}"

    def command_line(self, *arguments, options=()):
        return [self.runtime_program, "--root", self.root, *options, *arguments]

    def spawn(self, *arguments, options=(), **popen):
        """Starts a command of the runtime and does not wait for it."""
        running = Running(self, self.command_line(*arguments, options=options), popen)
        self.children.append(running)
        return running

    def runtime(self, *arguments, options=(), code=0, timeout=20, **popen):
        """Runs a command of the runtime to its end. code: the exit code to expect; None: any."""
        result = self.spawn(*arguments, options=options, **popen).wait(timeout)
        if code is not None:
            self.assertEqual(result.code, code, f"{' '.join(map(str, arguments))}: {result}")
        return result

    def fails(self, *arguments, words="", **popen):
        """Runs a command that must fail with an error that holds these words."""
        result = self.runtime(*arguments, code=None, **popen)
        self.assertNotEqual(result.code, 0, f"{' '.join(map(str, arguments))} succeeded: {result}")
        self.assertGreater(result.code, 0, f"{' '.join(map(str, arguments))} was killed: {result}")
        self.assertIn(words, result.err.replace('\\"', '"'))  # runc's text log escapes quotes
        if IS_CRUMB:
            self.assertEqual(result.err.count("\n"), 1, f"an error is one line: {result}")
        return result

    def run_container(self, *args, code=0, flags=(), options=(), timeout=20, **popen):
        """`run` of the bundle, with these arguments as the program if there are any."""
        if args:
            self.process["args"] = list(args)
        self.bundle.write()
        return self.runtime("run", *flags, "--bundle", self.bundle.path, self.name, code=code, options=options, timeout=timeout, **popen)

    def sh(self, script, code=0, **popen):
        """The output of a shell script as the container's program."""
        return self.run_container("/bin/sh", "-c", script, code=code, **popen).out

    def run_fails(self, *args, words="", flags=(), **popen):
        if args:
            self.process["args"] = list(args)
        self.bundle.write()
        return self.fails("run", *flags, "--bundle", self.bundle.path, self.name, words=words, **popen)

    def cannot_run(self, *args, code, words="", **popen):
        """`run` of a program that cannot be executed: crumb's codes are the shell's."""
        result = self.run_fails(*args, words=words, **popen)
        if IS_CRUMB:
            self.assertEqual(result.code, code, result)
        return result

    def spawn_run(self, *args, flags=(), options=(), **popen):
        """`run` in the background. The container is deleted at the end, should it still be there."""
        if args:
            self.process["args"] = list(args)
        self.bundle.write()
        running = self.spawn("run", *flags, "--bundle", self.bundle.path, self.name, options=options, **popen)
        self.addCleanup(self.end, running)
        return running

    def end(self, running):
        self.delete_forcibly()
        if running.process.poll() is None:
            running.wait()

    def create(self, *args, flags=(), options=(), id=None, code=0, **popen):
        """`create`; the container is deleted by force at the end of the test. Its output: .output() of what this returns."""
        if args:
            self.process["args"] = list(args)
        self.bundle.write()
        created = self.spawn("create", *flags, "--bundle", self.bundle.path, id or self.name, options=options, **popen)
        self.addCleanup(self.delete_forcibly, id)
        result = created.wait()
        self.assertEqual(result.code, code, result)
        return created

    def start(self, id=None, **popen):
        return self.runtime("start", id or self.name, **popen)

    def running(self, *args, **popen):
        """A container that runs (by default for a long time)."""
        created = self.create(*(args or ("/bin/sleep", "1000")), **popen)
        self.start()
        return created

    def exec(self, *args, flags=(), code=0, id=None, **popen):
        return self.runtime("exec", *flags, id or self.name, *args, code=code, **popen)

    def kill(self, signal_name="KILL", **popen):
        return self.runtime("kill", self.name, signal_name, **popen)

    def state(self, id=None):
        return json.loads(self.runtime("state", id or self.name).out)

    def status(self, id=None):
        return self.state(id)["status"]

    def pid(self):
        return self.state()["pid"]

    def wait_status(self, status, id=None, seconds=10):
        self.until(lambda: self.status(id) == status, f"the container is not {status}", seconds)

    def delete_forcibly(self, id=None):
        result = self.spawn("delete", "--force", id or self.name).wait(reap=True)
        self.assertEqual(result.code, 0, f"delete --force: {result}")

    def unknown(self, id=None):
        """Asserts that the runtime knows no such container."""
        self.assertIn("does not exist", self.runtime("state", id or self.name, code=1).err)

    # Looking at things.

    def until(self, condition, complaint, seconds=10):
        end = time.monotonic() + seconds * SLOW
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                self.fail(complaint)
            time.sleep(0.01)

    def inside(self, script, flags=()):
        """The output of a shell script that is executed in the running container."""
        return self.exec("/bin/sh", "-c", script, flags=flags).out

    def mount(self, destination, source="none", kind="", options=()):
        """Adds a mount to the config."""
        entry = {"destination": destination, "source": str(source), "options": list(options)}
        if kind:
            entry["type"] = kind
        self.config["mounts"].append(entry)
        return entry

    def mountinfo(self, destination, **popen):
        """What the container's mountinfo says about its (last) mount at this place."""
        found = [m for m in map(MountInfo, self.sh("cat /proc/self/mountinfo", **popen).splitlines()) if m.target == destination]
        self.assertTrue(found, f"nothing is mounted on {destination}")
        return found[-1]

    def namespace(self, kind, **values):
        """Replaces the entry of one namespace in the config; without values it is removed."""
        others = [n for n in self.linux["namespaces"] if n["type"] != kind]
        self.linux["namespaces"] = others + ([{"type": kind, **values}] if values else [])

    @contextlib.contextmanager
    def holder(self, *unshare):
        """A process in namespaces of its own (flags of unshare(1)); yields its pid."""
        marker = self.new_path("holder")
        process = subprocess.Popen(["unshare", *unshare, "sh", "-c", f"echo > {marker}; exec sleep 1000"])
        waited_for.add(process.pid)
        try:
            self.until(marker.exists, "unshare did not start", 5)
            yield next(iter(children_of(process.pid)), process.pid)
        finally:
            for pid in children_of(process.pid):
                os.kill(pid, signal.SIGKILL)
            process.kill()
            process.wait()
            waited_for.discard(process.pid)

    def cgroup_folder(self, controller):
        """Where the container's cgroup is in the hierarchy of this controller (any on version 2)."""
        for place, controllers in hierarchies().items():
            if UNIFIED or controller in controllers:
                return pathlib.Path(place + self.linux["cgroupsPath"])
        self.fail(f"this machine has no cgroup controller {controller}")

    def cgroup(self, controller, v1, v2):
        """The content of the container's cgroup file, by its name in either version."""
        name = v2 if UNIFIED else v1
        return (self.cgroup_folder(controller) / name).read_text().strip()

    # Nothing is left.

    def nothing_is_left(self):
        self.end_children()
        end = time.monotonic() + 3 * SLOW
        while True:
            left = self.leftovers()
            if not left:
                return
            if time.monotonic() > end:
                break
            time.sleep(0.05)
        self.tidy_up()
        self.fail("left behind:\n" + "\n".join(left))

    def end_children(self):
        for child in self.children:
            child.kill()

    def leftovers(self):
        """One line for each process, mount, cgroup, file or state directory that a test has left."""
        reap_orphans()
        left = [f"state: {entry}" for entry in sorted(self.root.iterdir())] if self.root.exists() else []
        left += [f"cgroup: {path}" for path in find_cgroups(self.name)]
        left += [f"mount: {line}" for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if str(self.folder) in line]
        left += [f"process: {process_line(pid)}" for pid in self.processes()]
        known = {"config.json", "rootfs"}
        left += [f"file: {entry}" for entry in sorted(self.bundle.path.iterdir()) if entry.name not in known]
        return left

    def processes(self):
        """Processes that belong to this test: by cgroup, environment, root or current directory."""
        reap_orphans()
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                if self.belongs(f"/proc/{entry}"):
                    found.append(int(entry))
        return found

    def belongs(self, process):
        mark = self.name.encode()
        for name in ("cgroup", "environ", "cmdline"):
            with contextlib.suppress(OSError), open(f"{process}/{name}", "rb") as file:
                content = file.read()
                position = content.find(mark)
                # "t1-12" is not "t1-1"
                while position >= 0:
                    after = content[position + len(mark):position + len(mark) + 1]
                    if not after.isdigit():
                        return True
                    position = content.find(mark, position + 1)
        for name in ("root", "cwd", "exe"):
            with contextlib.suppress(OSError):
                if os.readlink(f"{process}/{name}").startswith(str(self.folder) + "/"):
                    return True
        return False

    def tidy_up(self):
        """After a failure: end what is there, so that it troubles no other test."""
        for _ in range(20):
            for pid in self.processes():
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
            reap_orphans()
            for path in sorted(find_cgroups(self.name), key=len, reverse=True):
                with contextlib.suppress(OSError):
                    (pathlib.Path(path) / "freezer.state").write_text("THAWED")
                with contextlib.suppress(OSError):
                    os.rmdir(path)
            if not self.processes() and not find_cgroups(self.name):
                break
        for line in reversed(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
            if str(self.folder) in line:
                subprocess.run(["umount", "-l", line.split()[4]], stderr=subprocess.DEVNULL)

    def remove_folder(self):
        subprocess.run(["rm", "-rf", "--one-file-system", self.folder], check=True)


class MountInfo:
    """One line of /proc/PID/mountinfo."""

    def __init__(self, line):
        before, _, after = line.partition(" - ")
        fields = before.split()
        self.root, self.target = fields[3], fields[4]
        self.options = fields[5].split(",")
        self.propagation = [field.split(":")[0] for field in fields[6:]]
        self.kind, self.source, superblock = (after.split() + ["", ""])[:3]
        self.superblock = superblock.split(",")


def find_cgroups(name):
    """Paths of all cgroups NAME and NAME.something, and of all below them."""
    def ours(entry):
        return entry == name or entry.startswith(name + ".")

    found = []
    for place in hierarchies():
        for folder, below, _ in os.walk(place):
            found += [os.path.join(folder, entry) for entry in below if any(map(ours, (folder + "/" + entry).split("/")))]
    return found


waited_for = set()  # pids of the commands that this process started: their statuses belong to their Popen objects


def children_of(parent):
    """Pids of the children, with their state letters."""
    found = {}
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError):
            state, ppid = pathlib.Path(f"/proc/{int(entry)}/stat").read_text().rpartition(")")[2].split()[:2]
            if int(ppid) == parent:
                found[int(entry)] = state
    return found


def reap_orphans():
    """Takes the statuses of the processes that became our children, as every caller of a runtime does."""
    for pid, state in children_of(os.getpid()).items():
        if state == "Z" and pid not in waited_for:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def crumb_says(words):
    """Words that only crumb's error has to hold."""
    return words if IS_CRUMB else ""


def process_line(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return f"{pid} {words} {'; '.join(line for line in status if line.startswith(('Name', 'State', 'PPid')))}"
    except OSError:
        return f"{pid}"
