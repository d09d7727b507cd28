"""A machine of the tests' own: importing this module puts the whole test program into mount, network, process and ipc namespaces of its
own, with a /run, a /dev/shm, a /var/cache and an /etc that nobody else sees. Container engines keep state in fixed places there; nothing of it
reaches the machine's own engines, and when the program ends, however it ends, the kernel removes all of it.

The program becomes process 1 of its namespace: every process that a test leaves behind becomes its child.
"""

import atexit
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MARK = "CRUMB_TEST_MACHINE"  # in the environment of the program inside
USER, USER_ID = "crumbtest", 23456  # an ordinary user, with subordinate ids
FIRST_SUBORDINATE = {USER: 3000000, "containers": 4000000}  # "containers": podman's --userns=auto of root
SUBORDINATES = 200000


def enter():
    if os.geteuid() != 0:
        raise SystemExit("these tests need root")
    if MARK not in os.environ:
        namespaces = ["--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--propagation", "private", "--mount-proc"]
        os.environ[MARK] = "1"
        os.execvp("unshare", ["unshare", *namespaces, sys.executable, *sys.orig_argv[1:]])
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # process 1 is not ended by a signal that it does not handle
    furnish()


def run(*argv):
    subprocess.run(argv, check=True)


def furnish():
    """Mounts that only this program and what it starts see. The root is shared as on every machine with systemd."""
    run("mount", "--make-rshared", "/")
    for place, mode in (("/run", "755"), ("/dev/shm", "1777"), ("/var/cache", "755")):
        run("mount", "-t", "tmpfs", "-o", f"mode={mode}", "tmpfs", place)
    upper, work = pathlib.Path("/run/etc/upper"), pathlib.Path("/run/etc/work")
    upper.mkdir(parents=True)
    work.mkdir()
    run("mount", "-t", "overlay", "-o", f"lowerdir=/etc,upperdir={upper},workdir={work}", "overlay", "/etc")
    add_user()
    for name in ("containers", "containerd", "cni"):  # the machine's own engines' settings
        shutil.rmtree(pathlib.Path("/etc", name), ignore_errors=True)
    os.mkdir("/etc/containers")
    pathlib.Path("/etc/containers/policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    run("ip", "link", "set", "lo", "up")


def add_user():
    append("/etc/passwd", f"{USER}:x:{USER_ID}:{USER_ID}::/run/home/{USER}:/bin/sh\n")
    append("/etc/group", f"{USER}:x:{USER_ID}:\n")
    for name in ("/etc/subuid", "/etc/subgid"):
        append(name, "".join(f"{owner}:{first}:{SUBORDINATES}\n" for owner, first in FIRST_SUBORDINATE.items()))
    for folder in (f"/run/home/{USER}", f"/run/user/{USER_ID}"):
        os.makedirs(folder)
        os.chmod(folder, 0o700)
        os.chown(folder, USER_ID, USER_ID)


def append(path, text):
    with open(path, "a") as file:
        file.write(text)


enter()

sys.path.insert(0, str(REPOSITORY / "tests/integration"))

import support  # noqa: E402

FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="crumb-callers-"))  # images and state of the engines
FOLDER.chmod(0o755)
GROUP = f"crumb-callers-{support.TOKEN}"  # the cgroup above all containers


@atexit.register
def leave():
    for folder in support.find_cgroups(GROUP)[::-1]:
        os.rmdir(folder)
    for line in reversed(pathlib.Path("/proc/self/mountinfo").read_text().splitlines()):
        if line.split()[4].startswith(str(FOLDER)):
            subprocess.run(["umount", "-l", line.split()[4]])
    subprocess.run(["rm", "-rf", "--one-file-system", FOLDER])
