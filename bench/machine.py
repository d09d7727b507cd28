"""What a reader has to know about the machine, and its preparation."""

import atexit
import ctypes
import os
import pathlib
import platform
import re
import shutil
import subprocess

CGROUPS = pathlib.Path("/sys/fs/cgroup")
CLONE_NEWNS = 0x20000
PR_SET_CHILD_SUBREAPER = 36


def prepare(work, cgroup2=False):
    """Makes this process the reaper of the containers that it leaves behind, with mounts of its own, which end with it: a tmpfs at
    `work`, since state directories are on one (/run) on most machines; and where cgroup version 1 and 2 are mixed, which crun
    refuses, no version 2, for all that is measured. cgroup2: version 2 alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    work.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "crumb-bench", work], check=True)
    if cgroup2 and not (CGROUPS / "cgroup.procs").exists():
        subprocess.run(["umount", "--lazy", CGROUPS], check=True)
        subprocess.run(["mount", "-t", "cgroup2", "crumb-bench", CGROUPS], check=True)
    elif (CGROUPS / "unified/cgroup.procs").exists() and shutil.which("crun"):
        subprocess.run(["umount", "--lazy", CGROUPS / "unified"], check=True)


def filesystem(path):
    """The type of the filesystem that a file is on."""
    return subprocess.run(["stat", "--file-system", "--format", "%T", path], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def keep_on_disk(work, disk, names):
    """These folders of `work`, a tmpfs, are on the filesystem of the folder `disk`, which is there until this program ends."""
    shutil.rmtree(disk, ignore_errors=True)  # of one that was killed
    atexit.register(shutil.rmtree, disk, ignore_errors=True)
    for name in names:
        (disk / name).mkdir(parents=True)
        (work / name).mkdir()
        subprocess.run(["mount", "--bind", disk / name, work / name], check=True)


class MountNamespace:
    """A mount namespace of its own, for as long as this program lives, which has it open; words: run a command in it."""

    def __init__(self):
        with subprocess.Popen(["unshare", "--mount", "sh", "-c", "echo; read line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
            if first.stdout.readline() != b"\n":
                raise OSError("unshare has made no mount namespace")
            self.words = ["nsenter", f"--mount=/proc/{os.getpid()}/fd/{os.open(f'/proc/{first.pid}/ns/mnt', os.O_RDONLY)}", "--"]

    def add_mounts(self, folder, number):
        """So many filesystems more, each below the folder."""
        script = f"for number in $(seq {number}); do mkdir -p {folder}/$number && mount -t tmpfs crumb-bench {folder}/$number || exit; done"
        subprocess.run([*self.words, "sh", "-c", script], check=True)


def drop_caches():
    """The kernel forgets all pages, names and inodes of filesystems on disks that nobody uses. OSError where that is not allowed."""
    os.sync()
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3\n")


def reap_orphans():
    """Containers whose runtime has left are children of this process."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def children():
    """The numbers of this process's children."""
    process = os.getpid()
    return set(map(int, pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def hierarchies():
    """Mount points of the cgroup hierarchies."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    kinds = ((line.split()[4], line.partition(" - ")[2].split()[0]) for line in lines)
    return [pathlib.Path(place) for place, kind in kinds if kind in ("cgroup", "cgroup2")]


def facts():
    processor = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", processor)
    unified = (CGROUPS / "cgroup.controllers").exists()
    return {
        "processor": model.group(1) if model else platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "hypervisor": "hypervisor" in processor,
        "kernel": platform.release(),
        "cgroups": "version 2" if unified else f"version 1, {len(hierarchies())} hierarchies",
    }
