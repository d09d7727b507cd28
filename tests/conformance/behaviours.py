#!/usr/bin/env python3
"""Our table of behaviours: what a runtime does where the specification is silent and callers rely on it. Each row is a function that
returns what it saw, in words that hold nothing of one run or one runtime: no ids, paths or names.

As a program: behaviours.py [ROW...] shows in JSON what the runtime CRUMB_RUNTIME does: row -> {"seen": text, "problems": [text]}."""

import json
import re
import sys

from lab import ROWS, modes, one_line, row, see, words_of

import signals

MANY = 1000  # seconds that a program sleeps


# Every command on a container of every status: the exit code, and the status after it.

def make_created(lab):
    lab.create("/bin/sleep", str(MANY))


def make_running(lab):
    lab.running()


def make_paused(lab):
    lab.running()
    lab.runtime("pause", lab.name)


def make_stopped(lab):
    lab.running("/bin/true")
    lab.wait_status("stopped")


STATUSES = {"unknown": lambda lab: None, "created": make_created, "running": make_running, "paused": make_paused,
            "stopped": make_stopped}
COMMANDS = {
    "start": ("start", "ID"), "kill TERM": ("kill", "ID", "TERM"), "kill KILL": ("kill", "ID", "KILL"),
    "kill --all KILL": ("kill", "--all", "ID", "KILL"), "delete": ("delete", "ID"), "delete --force": ("delete", "--force", "ID"),
    "exec": ("exec", "ID", "/bin/true"), "pause": ("pause", "ID"), "resume": ("resume", "ID"),
    "update": ("update", "--pids-limit", "77", "ID"), "ps": ("ps", "--format", "json", "ID"), "events --stats": ("events", "--stats", "ID"),
}


def add_status_row(command, status):
    @row(f"{command}: {status}")
    def command_on_a_container(lab):
        STATUSES[status](lab)
        seen = lab.outcome(*(lab.name if word == "ID" else word for word in COMMANDS[command]))
        if command.startswith("kill") and seen == "0":
            lab.wait_for_the_end()
        return seen if status == "unknown" else f"{seen}; then {lab.status_now()}"


for each_command in COMMANDS:
    for each_status in STATUSES:
        add_status_row(each_command, each_status)


# Exit codes and errors.

@row("run: a program that ends with 3")
def run_a_program_that_ends_with_3(lab):
    return lab.run_outcome("/bin/sh", "-c", "exit 3")


@row("run: a program that kills itself")
def run_a_program_that_kills_itself(lab):
    lab.namespace("pid")
    return lab.run_outcome("/bin/sh", "-c", "kill -KILL $$")


@row("run: an id in use")
def run_an_id_in_use(lab):
    lab.running()
    return lab.outcome("run", "--bundle", lab.bundle.path, lab.name)


@row("create: an id in use")
def create_an_id_in_use(lab):
    lab.running()
    return lab.outcome("create", "--bundle", lab.bundle.path, lab.name)


@row("create: a program that is not in PATH")
def create_a_program_that_is_not_in_path(lab):
    return lab.create_outcome("nonesuch")


@row("create: a program whose path is not there")
def create_a_program_whose_path_is_not_there(lab):
    return lab.create_outcome("/nonesuch")


@row("create: a program without the executable bit")
def create_a_program_without_the_executable_bit(lab):
    lab.bundle.file("/plain", "#!/bin/sh\n")
    return lab.create_outcome("/plain")


@row("create: a directory as the program")
def create_a_directory_as_the_program(lab):
    return lab.create_outcome("/etc")


@row("create: a bundle that is not there")
def create_a_bundle_that_is_not_there(lab):
    return lab.outcome("create", "--bundle", lab.folder / "nonesuch", lab.name)


@row("create: a bundle without config.json")
def create_a_bundle_without_config_json(lab):
    (lab.bundle.path / "config.json").unlink()
    return lab.outcome("create", "--bundle", lab.bundle.path, lab.name)


@row("create: a rootfs that is not there")
def create_a_rootfs_that_is_not_there(lab):
    lab.config["root"]["path"] = "nonesuch"
    return lab.create_outcome("/bin/true")


@row("create: the source of a bind mount is not there")
def create_the_source_of_a_bind_mount_is_not_there(lab):
    lab.mount("/mnt", "/nonesuch", "bind", ["bind"])
    return lab.create_outcome("/bin/true")


@row("create: a cwd that is a file")
def create_a_cwd_that_is_a_file(lab):
    lab.process["cwd"] = "/etc/passwd"
    return lab.create_outcome("/bin/true")


@row("create: a terminal without a console socket")
def create_a_terminal_without_a_console_socket(lab):
    lab.process["terminal"] = True
    return lab.create_outcome("/bin/true")


@row("create: a console socket without a terminal")
def create_a_console_socket_without_a_terminal(lab):
    return lab.create_outcome("/bin/true", flags=["--console-socket", lab.folder / "nonesuch"])


@row("create: a console socket that is not there")
def create_a_console_socket_that_is_not_there(lab):
    lab.process["terminal"] = True
    return lab.create_outcome("/bin/true", flags=["--console-socket", lab.folder / "nonesuch"])


@row("create: a pid file in a folder that is not there")
def create_a_pid_file_in_a_folder_that_is_not_there(lab):
    return lab.create_outcome("/bin/true", flags=["--pid-file", lab.folder / "nonesuch/pid"])


@row("create: an unknown version of the specification")
def create_an_unknown_version_of_the_specification(lab):
    lab.config["ociVersion"] = "2.0.0"
    return lab.create_outcome("/bin/true")


@row("create: a namespace's path that is not there")
def create_a_namespace_s_path_that_is_not_there(lab):
    lab.namespace("network", path="/nonesuch")
    return lab.create_outcome("/bin/true")


@row("exec: a program that ends with 3")
def exec_a_program_that_ends_with_3(lab):
    lab.running()
    return lab.outcome("exec", lab.name, "/bin/sh", "-c", "exit 3")


@row("exec: a program that is killed by SIGKILL")
def exec_a_program_that_is_killed_by_sigkill(lab):
    lab.running()
    return lab.outcome("exec", lab.name, "/bin/sh", "-c", "kill -KILL $$")


@row("exec: a program that is not in PATH")
def exec_a_program_that_is_not_in_path(lab):
    lab.running()
    return lab.outcome("exec", lab.name, "nonesuch")


@row("exec: a program whose path is not there")
def exec_a_program_whose_path_is_not_there(lab):
    lab.running()
    return lab.outcome("exec", lab.name, "/nonesuch")


@row("exec: a program without the executable bit")
def exec_a_program_without_the_executable_bit(lab):
    lab.bundle.file("/plain", "#!/bin/sh\n")
    lab.running()
    return lab.outcome("exec", lab.name, "/plain")


@row("exec: a cwd that is not there")
def exec_a_cwd_that_is_not_there(lab):
    lab.running()
    return lab.outcome("exec", "--cwd", "/made/by/exec", lab.name, "/bin/true")


@row("exec: a name of a user")
def exec_a_name_of_a_user(lab):
    lab.running()
    return lab.outcome("exec", "--user", "user", lab.name, "/bin/true")


@row("exec: a terminal, detached, without a console socket")
def exec_a_terminal_detached_without_a_console_socket(lab):
    lab.running()
    return lab.outcome("exec", "--tty", "--detach", lab.name, "/bin/true")


@row("kill: a signal that is none")
def kill_a_signal_that_is_none(lab):
    lab.running()
    return lab.outcome("kill", lab.name, "NONESUCH")


@row("kill: signal 0")
def kill_signal_0(lab):
    lab.running()
    return lab.outcome("kill", lab.name, "0")


@row("kill: a real-time signal by number")
def kill_a_real_time_signal_by_number(lab):
    lab.running("/bin/sh", "-c", "trap 'echo > /tmp/got; exit' 35; echo > /tmp/ready; while :; do sleep 0.01; done")
    lab.until((lab.bundle.rootfs / "tmp/ready").exists, "the program does not run")
    seen = lab.outcome("kill", lab.name, "35")
    lab.wait_status("stopped")
    return f"{seen}; {'arrived' if (lab.bundle.rootfs / 'tmp/got').exists() else 'lost'}"


@row("update: a number that is none")
def update_a_number_that_is_none(lab):
    lab.running()
    return lab.outcome("update", "--pids-limit", "many", lab.name)


@row("command line: an unknown option")
def command_line_an_unknown_option(lab):
    return lab.outcome("state", "--nonesuch", lab.name)


@row("command line: too many arguments")
def command_line_too_many_arguments(lab):
    lab.running()
    return lab.outcome("state", lab.name, "more")


@row("command line: an option after the id")
def command_line_an_option_after_the_id(lab):
    lab.running()
    return f"{lab.outcome('delete', lab.name, '--force')}; then {lab.status_now()}"


# What the program finds.

@row("program: session, process group, terminal, foreground group")
def program_session_process_group_terminal_foreground_group(lab):
    return one_line(lab.sh("cut -d' ' -f5-8 /proc/1/stat"))


@row("program: blocked and ignored signals")
def program_blocked_and_ignored_signals(lab):
    return one_line(lab.run_container("/bin/grep", "-E", "SigBlk|SigIgn", "/proc/self/status").out)


@row("program: groups, without additionalGids")
def program_groups_without_additionalgids(lab):
    return one_line(lab.sh("grep Groups /proc/1/status"))


@row("program: descriptors")
def program_descriptors(lab):
    return one_line(lab.sh("ls /proc/1/fd"))


@row("program: nice value and scheduling policy")
def program_nice_value_and_scheduling_policy(lab):
    return one_line(lab.sh("cut -d' ' -f19,41 /proc/1/stat"))


@row("program: names of its environment")
def program_names_of_its_environment(lab):
    return words_of(lab.sh("env | cut -d= -f1").split())


@row("program: its command line and name")
def program_its_command_line_and_name(lab):
    return one_line(lab.sh("tr '\\0' ' ' < /proc/1/cmdline | cut -c 1-10; cat /proc/1/comm"))


@row("program: HOME of a user of /etc/passwd")
def program_home_of_a_user_of_etc_passwd(lab):
    lab.process["user"] = {"uid": 1000, "gid": 1000}
    return one_line(lab.sh("echo $HOME"))


@row("program: a cwd that was made, its mode and owner")
def program_a_cwd_that_was_made_its_mode_and_owner(lab):
    lab.process["cwd"] = "/made/for/it"
    return one_line(lab.sh("stat -c '%a %u:%g' /made/for/it"))


@row("program: an empty member of env")
def program_an_empty_member_of_env(lab):
    lab.process["env"].append("")
    return lab.run_outcome("/bin/true")


@row("program: a variable that env has twice")
def program_a_variable_that_env_has_twice(lab):
    lab.process["env"] += ["TWICE=first", "TWICE=second"]
    return one_line(lab.sh("echo $TWICE"))


@row("exec: session, process group, terminal, foreground group of one without a terminal")
def exec_session_process_group_terminal_foreground_group_of_one_without_a_terminal(lab):
    return lab.executed("set -- $(cut -d' ' -f1,5-8 /proc/self/stat); p=$$; s() { [ $1 = $p ] && echo own || echo $1; }; "
                        "echo $(s $2) $(s $3) $4 $5")


@row("exec: umask")
def exec_umask(lab):
    return lab.executed("umask")


@row("exec: names of its environment")
def exec_names_of_its_environment(lab):
    return words_of(lab.executed("env | cut -d= -f1").replace(";", "").split())


@row("exec: HOME of another user")
def exec_home_of_another_user(lab):
    return lab.executed("echo $HOME", ["--user", "1000:1000"])


@row("exec: groups of another user")
def exec_groups_of_another_user(lab):
    lab.process["user"]["additionalGids"] = [2000]
    return lab.executed("id -G", ["--user", "1000:1000"])


@row("exec: OOM score of a container that has one")
def exec_oom_score_of_a_container_that_has_one(lab):
    lab.process["oomScoreAdj"] = 555
    return lab.executed("cat /proc/self/oom_score_adj")


@row("exec: descriptors")
def exec_descriptors(lab):
    return lab.executed("ls /proc/$$/fd")


@row("exec: no_new_privs of a container that has it")
def exec_no_new_privs_of_a_container_that_has_it(lab):
    lab.process["noNewPrivileges"] = True
    return lab.executed("grep NoNewPrivs /proc/self/status")


# What the container's files are like.

@row("/dev: its entries, their modes and owners")
def dev_its_entries_their_modes_and_owners(lab):
    return one_line(lab.sh("cd /dev; stat -c '%n %A %u:%g' *"))


@row("/dev: where its links lead")
def dev_where_its_links_lead(lab):
    return one_line(lab.sh("cd /dev; for l in core fd ptmx stderr stdin stdout; do echo $l $(readlink $l); done"))


@row("/dev: a device of the config without a fileMode")
def dev_a_device_of_the_config_without_a_filemode(lab):
    lab.linux["devices"] = [{"type": "c", "path": "/dev/own", "major": 1, "minor": 3}]
    return one_line(lab.sh("stat -c '%A %u:%g' /dev/own"))


@row("mounts: a directory that was made for one, its mode and owner")
def mounts_a_directory_that_was_made_for_one_its_mode_and_owner(lab):
    lab.mount("/made/for/it", lab.folder, "bind", ["bind"])
    lab.sh("true")
    return modes(lab, "made", "made/for/it")


@row("mounts: a file that was made for one, its mode and owner")
def mounts_a_file_that_was_made_for_one_its_mode_and_owner(lab):
    lab.mount("/made/file", "/etc/passwd", "bind", ["bind"])
    lab.sh("true")
    return modes(lab, "made", "made/file")


@row("mounts: a masked directory")
def mounts_a_masked_directory(lab):
    lab.bundle.file("/secret/file")
    lab.linux["maskedPaths"] = ["/secret"]
    mount = lab.mountinfo("/secret")
    return f"{mount.kind} {','.join(mount.options)}"


@row("mounts: a masked file")
def mounts_a_masked_file(lab):
    lab.bundle.file("/secret", "x")
    lab.linux["maskedPaths"] = ["/secret"]
    return one_line(lab.sh("stat -c '%F %t:%T' /secret"))


@row("mounts: options of a path that is read-only")
def mounts_options_of_a_path_that_is_read_only(lab):
    return ",".join(lab.mountinfo("/proc/sys").options)


@row("mounts: /sys in a container with a network namespace")
def mounts_sys_in_a_container_with_a_network_namespace(lab):
    mount = lab.mountinfo("/sys")
    return f"{mount.kind} {','.join(mount.options)}"


@row("mounts: propagation of the root")
def mounts_propagation_of_the_root(lab):
    return " ".join(lab.mountinfo("/").propagation) or "private"


@row("cgroup: its path in a cgroup namespace")
def cgroup_its_path_in_a_cgroup_namespace(lab):
    return words_of(set(re.findall(r":(/.*)", lab.sh("cat /proc/self/cgroup"))))


@row("cgroup: what it is after delete")
def cgroup_what_it_is_after_delete(lab):
    lab.running()
    folder = lab.cgroup_folder("pids")
    was = folder.exists()
    lab.runtime("delete", "--force", lab.name)
    return f"{'made' if was else 'not made'}, {'left' if folder.exists() else 'removed'}"


@row("cgroup: a limit of processes that is 0 or less")
def cgroup_a_limit_of_processes_that_is_0_or_less(lab):
    seen = []
    for limit in (0, -1):
        lab.linux["resources"] = {"pids": {"limit": limit}}
        lab.create("/bin/true")
        seen.append(lab.cgroup("pids", "pids.max", "pids.max"))
        lab.delete_forcibly()
    return " ".join(seen)


# What commands print.

@row("state: its members")
def state_its_members(lab):
    lab.config["annotations"] = {"a.b": "c"}
    lab.running()
    return words_of(lab.state())


@row("state: its members without annotations")
def state_its_members_without_annotations(lab):
    lab.running()
    return words_of(lab.state())


@row("state: how its JSON is laid out")
def state_how_its_json_is_laid_out(lab):
    lab.running()
    lines = lab.runtime("state", lab.name).out.splitlines()
    indents = sorted({len(line) - len(line.lstrip()) for line in lines})
    return f"{'several lines' if len(lines) > 1 else 'one line'}, indents {indents}"


@row("state: the time of creation")
def state_the_time_of_creation(lab):
    lab.running()
    return re.sub(r"\d", "9", re.sub(r"\.\d+", ".9", lab.state()["created"]))


@row("list: the table's heading")
def list_the_table_s_heading(lab):
    return one_line(lab.runtime("list").out.splitlines()[0])


@row("list: members of its JSON")
def list_members_of_its_json(lab):
    lab.running()
    return words_of(json.loads(lab.runtime("list", "--format", "json").out)[0])


@row("list: a container that has ended")
def list_a_container_that_has_ended(lab):
    make_stopped(lab)
    entry = json.loads(lab.runtime("list", "--format", "json").out)[0]
    return f"{entry['status']}, pid {entry['pid']}"


@row("ps: the table's heading")
def ps_the_table_s_heading(lab):
    lab.running()
    return one_line(lab.runtime("ps", lab.name).out.splitlines()[0])


@row("ps: JSON")
def ps_json(lab):
    lab.running()
    return lab.runtime("ps", "--format", "json", lab.name).out.replace(str(lab.pid()), "PID").replace("\n", "\\n")


@row("pid file: what it holds")
def pid_file_what_it_holds(lab):
    path = lab.new_path("pid")
    lab.create("/bin/true", flags=["--pid-file", path])
    return path.read_text().replace(str(lab.pid()), "PID").replace("\n", "\\n")


@row("events --stats: members")
def events_stats_members(lab):
    lab.running()
    event = json.loads(lab.runtime("events", "--stats", lab.name).out)
    return f"{words_of(event)}: {words_of(event['data'])}"


@row("update: standard input")
def update_standard_input(lab):
    lab.running()
    seen = lab.outcome("update", "--resources", "-", lab.name, input='{"pids": {"limit": 55}}')
    return f"{seen}; {lab.cgroup('pids', 'pids.max', 'pids.max')}"


@row("log: members of an error in JSON")
def log_members_of_an_error_in_json(lab):
    log = lab.new_path("log")
    lab.command("state", "nonesuch", options=["--log", log, "--log-format", "json"])
    entry = json.loads(log.read_text().splitlines()[-1])
    return f"{words_of(entry)}; level {entry['level']}"


@row("log: an error goes to stderr, too")
def log_an_error_goes_to_stderr_too(lab):
    result = lab.command("state", "nonesuch", options=["--log", lab.new_path("log")])
    return "yes" if result.err else "no"


@row("--version: its lines")
def version_its_lines(lab):
    lines = lab.runtime("--version").out.splitlines()
    return words_of(line.split(":")[0] for line in lines[1:] if ":" in line)


@row("spec: members, and those of linux")
def spec_members_and_those_of_linux(lab):
    folder = lab.folder / "new"
    folder.mkdir()
    lab.runtime("spec", cwd=folder)
    config = json.loads((folder / "config.json").read_text())
    return f"{words_of(config)}; {words_of(config['linux'])}"


@row("spec: a config.json that is there")
def spec_a_config_json_that_is_there(lab):
    return lab.outcome("spec", cwd=lab.bundle.path)


@row("features: exit code")
def features_exit_code(lab):
    return lab.outcome("features")


def main(names):
    signals.none_ignored()
    print(json.dumps({name: see(name) for name in names or ROWS}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1:])
