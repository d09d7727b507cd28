"""Where crumb differs from runc and crun on purpose, and why; and why programs of the runtime-tools fail for everybody here."""

from runtimes import PEERS

# Program -> peer -> why crumb does not pass what this peer passes.
PROGRAMS = {
    "linux_ns_itype": dict.fromkeys(
        ("runc", "crun"),
        "a config without a mount namespace is refused: its mounts would be the caller's, and stay when the container is deleted"),
    "linux_mount_label": {
        "crun": "a `linux.mountLabel` that the kernel cannot put into force is an error, as with runc; crun leaves it out"},
    "hooks_stdin": {"crun": "as runc: a prestart hook is told `creating`, since it is a part of create; crun says `created`"},
    "poststart_fail": {"crun": "the program, as crun, takes a failed hook for a warning; since runtime-spec 1.3 it is an error"},
    "process_capabilities_fail": dict.fromkeys(
        ("runc", "crun"),
        "an unknown capability is an error, as the program demands; the points are those of a container that should not run"),
}

# Program -> (words that are in its output when crumb does not pass it, why nothing is wrong then).
EXCUSES = {
    "pidfile": ("container not running", "the program kills a container whose process, `true`, may have ended before"),
    "hooks_stdin": ("wrong container process ID", "the program asks for the pid of a container whose process, `true`, may have ended before"),
    "poststart": ("MUST be called after the user-specified process is executed",
                  "the program wants the container's program to have written before the hook does; nobody makes the hook wait for that"),
}


def excused(program, output):
    return program in EXCUSES and EXCUSES[program][0] in output


def complaint_of_program(program, outcomes):
    """Why a program's outcomes (name of a runtime -> Outcome) are not what is expected; "" where they are."""
    ours = outcomes["crumb"]
    for peer in PEERS:
        missing = ours.missing(outcomes[peer])
        if peer in PROGRAMS.get(program, ()):
            if not missing and program not in SOMETIMES:
                return f"crumb now passes all that {peer} passes: it is no difference any more"
        elif missing and not excused(program, ours.output):
            return f"{peer} passes what crumb does not: {missing}\n{ours.output[-4000:]}"
    return ""


# Program -> why crumb does not pass it, and nobody else does. Facts of the machine that made docs/conformance.md are among them.
FAULTS = {
    "hooks": "the program expects other lines than its own hooks write",
    "hooks_stdin": "the program expects of prestart a status that is reached after it",
    "linux_cgroups_blkio": "the kernel has no blkio.leaf_weight any more",
    "linux_cgroups_hugetlb": "the machine has no hugetlb controller",
    "linux_cgroups_memory": "the kernel has no limit of kernel memory any more",
    "linux_cgroups_network": "the machine has no net_cls controller",
    "linux_cgroups_relative_blkio": "the kernel has no blkio.leaf_weight any more",
    "linux_cgroups_relative_hugetlb": "the machine has no hugetlb controller",
    "linux_cgroups_relative_memory": "the kernel has no limit of kernel memory any more",
    "linux_cgroups_relative_network": "the machine has no net_cls controller",
    "linux_mount_label": "the kernel has no SELinux",
    "linux_process_apparmor_profile": "the kernel has no AppArmor",
    "linux_rootfs_propagation": "the program wants CAP_SYS_RESOURCE, which nobody has on the machine",
    "misc_props": "the program forgets to put the program that it runs into the container",
    "prestart": "the program wants prestart hooks to run at start; since runtime-spec 1.0.2 they are a part of create",
    "process_capabilities": "the program wants CAP_SYS_RESOURCE, which nobody has on the machine",
    "process_rlimits": "the program looks at a limit that its own language's runtime has raised",
    "start": "the program creates a container without a process, which is refused at create",
}

NOT_FOUND = "exit codes of a program that cannot be run are the shell's, which callers of `docker run` know"
EXEC_ERROR = "255 is also what a program may end with; errors of crumb are 1 for every command"
OWN_WORDS = "podman takes \"no such file or directory\" for a program that is not found, which it is not"

# Row of the table of behaviours -> why crumb does not do what runc does.
BEHAVIOURS = {
    "kill TERM: created": "as crun: what waits for `start` is the first process of a pid namespace, which no signal but SIGKILL "
                          "and its own handlers end",
    "delete: created": "the specification demands an error for a container that is not stopped; `delete --force` removes it",
    "create: a program that is not in PATH": NOT_FOUND,
    "create: a program whose path is not there": NOT_FOUND,
    "create: a program without the executable bit": NOT_FOUND,
    "create: a directory as the program": NOT_FOUND,
    "create: a bundle that is not there": OWN_WORDS,
    "create: a bundle without config.json": OWN_WORDS,
    "create: a rootfs that is not there": OWN_WORDS,
    "create: a console socket that is not there": OWN_WORDS,
    "create: an unknown version of the specification": "what a later version means cannot be known; crun refuses it, too",
    "exec: unknown": EXEC_ERROR,
    "exec: paused": EXEC_ERROR,
    "exec: stopped": EXEC_ERROR,
    "exec: a program that is not in PATH": NOT_FOUND,
    "exec: a program whose path is not there": NOT_FOUND,
    "exec: a program without the executable bit": NOT_FOUND,
    "exec: a cwd that is not there": EXEC_ERROR,
    "exec: a name of a user": EXEC_ERROR,
    "exec: a terminal, detached, without a console socket": EXEC_ERROR,
    "program: an empty member of env": "as crun: images with one exist, and a program does not care",
    "/dev: its entries, their modes and owners": "as crun: `core` is there whether the host has a /proc/kcore or not",
    "/dev: where its links lead": "as crun: `core` is there whether the host has a /proc/kcore or not",
    "mounts: a file that was made for one, its mode and owner": "what is covered is no program; all three differ",
    "mounts: a masked directory": "nothing in it is ever used, so it allows nothing",
    "--version: its lines": "what each is built from",
}

def complaint_of_row(row, seen):
    """Why what was seen of a row (name of a runtime -> row -> what behaviours.py says) is not what is expected; "" where it is."""
    ours, runcs = (seen[name][row] for name in ("crumb", "runc"))
    if ours["problems"]:
        return "".join(ours["problems"])
    if row in BEHAVIOURS:
        return "" if ours["seen"] != runcs["seen"] or row in SOMETIMES else "crumb does what runc does: it is no difference any more"
    return "" if ours["seen"] == runcs["seen"] else f"crumb: {ours['seen']}\nrunc: {runcs['seen']}\n{''.join(runcs['problems'])}"


# Programs and rows whose difference not every machine shows.
SOMETIMES = {
    "hooks_stdin", "linux_mount_label", "linux_cgroups_memory", "linux_cgroups_relative_memory",
    "/dev: its entries, their modes and owners", "/dev: where its links lead",
}
