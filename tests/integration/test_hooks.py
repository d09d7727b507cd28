"""Hooks of config.json: when each kind runs, where, what it is told, and what becomes of the container when one fails."""

import errno
import json
import os
import time
import unittest

from seccomp_agent import Agent
from support import IS_CRUMB, ContainerCase, not_on, only_crumb
from test_checkpoint import CheckpointCase
from test_rootless import RootlessCase
from test_userns import UserNamespaceCase

KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
EARLY = "1.1 runs poststart before create is done, and start does not wait for startContainer"
OF_THE_RUNTIME = ("prestart", "createRuntime", "poststart", "poststop")


class HookCase(ContainerCase):
    """Hooks are scripts: on the host, and for startContainer the same in the root filesystem. What they write goes to one file
    of the host that the container has, too, as /log."""

    def setUp(self):
        super().setUp()
        self.trace = self.folder / "log"
        self.trace.touch()
        self.trace.chmod(0o666)
        self.folder.chmod(0o711)
        self.bundle.file("/log")
        self.mount("/log", self.trace, "bind", ["bind"])
        self.config["hooks"] = {}
        self.scripts = 0

    def hook(self, kind, script, **members):
        """Adds a hook that runs these lines; $LOG is the file."""
        self.scripts += 1
        inside = kind == "startContainer"
        text = f"#!/bin/sh\nLOG={'/log' if inside else self.trace}\n{script}\n"
        if inside:
            self.bundle.file(path := f"/hook{self.scripts}", text, 0o755)
        else:
            path = self.folder / f"hook{self.scripts}"
            path.write_text(text)
            path.chmod(0o755)
        self.add(kind, path, **members)

    def add(self, kind, path, **members):
        self.config["hooks"].setdefault(kind, []).append({"path": str(path), **members})

    def every_kind(self, script, kinds=KINDS, **members):
        for kind in kinds:
            self.hook(kind, script.replace("KIND", kind), **members)

    def lines(self):
        return self.trace.read_text().splitlines()

    def life(self, *args):
        """create, start and delete of a container that ends by itself."""
        self.create(*(args or ("/bin/true",)))
        self.start()
        self.wait_status("stopped")
        self.runtime("delete", self.name)

    def said(self, result, kind, index=0, words=""):
        """The error of a failed hook names it."""
        if IS_CRUMB:
            self.assertIn(f"error running {kind} hook #{index}: ", result.err)
            self.assertIn(words, result.err)

    def gone(self):
        self.unknown()
        self.assertEqual(self.leftovers(), [])


class Order(HookCase):
    @not_on("runc", EARLY)
    def test_each_kind_runs_at_its_moment(self):
        self.every_kind('echo KIND >> "$LOG"')
        self.create("/bin/sh", "-c", "echo program >> /log; sleep 1000")
        self.assertEqual(self.lines(), ["prestart", "createRuntime", "createContainer"])
        self.start()
        self.until(lambda: "program" in self.lines(), "the program does not run")
        self.assertEqual(sorted(self.lines()[3:]), ["poststart", "program", "startContainer"])
        self.assertEqual(self.lines()[3], "startContainer")
        self.kill()
        self.wait_status("stopped")
        self.assertNotIn("poststop", self.lines())
        self.runtime("delete", self.name)
        self.assertEqual(self.lines()[6:], ["poststop"])

    def test_the_hooks_of_a_kind_run_in_the_order_of_the_list(self):
        for number in (1, 2, 3):
            self.every_kind(f'echo KIND {number} >> "$LOG"')
        self.life()
        for kind in KINDS:
            self.assertEqual([line for line in self.lines() if line.startswith(kind + " ")], [f"{kind} {n}" for n in (1, 2, 3)])

    @not_on("runc", EARLY)
    def test_run_has_them_all(self):
        self.every_kind('echo KIND >> "$LOG"')
        self.run_container("/bin/sleep", "0.3")
        self.assertEqual(self.lines(), list(KINDS))

    def test_exec_has_none(self):
        self.every_kind('echo KIND >> "$LOG"')
        self.running()
        before = self.lines()
        self.exec("/bin/true")
        self.assertEqual(self.lines(), before)

    def test_delete_by_force_runs_poststop_of_a_created_container(self):
        self.hook("poststop", 'echo poststop >> "$LOG"')
        self.create("/bin/true")
        self.delete_forcibly()
        self.assertEqual(self.lines(), ["poststop"])

    @not_on("runc", EARLY)
    def test_a_config_that_changes_after_create_changes_no_hook(self):
        self.every_kind('echo KIND >> "$LOG"')
        self.create("/bin/sleep", "0.3")
        self.config["hooks"] = {}
        self.bundle.write()
        self.start()
        self.wait_status("stopped")
        self.runtime("delete", self.name)
        self.assertEqual(self.lines(), list(KINDS))


class Told(HookCase):
    def states(self):
        return {kind: json.loads(text) for kind, text in (line.split(" ", 1) for line in self.lines())}

    def test_each_reads_the_containers_state(self):
        self.config["annotations"] = {"org.example.key": 'a "value"'}
        self.every_kind('echo KIND "$(cat)" >> "$LOG"')
        self.create("/bin/sleep", "1000")
        pid = self.pid()
        self.start()
        self.delete_forcibly()
        states = self.states()
        self.assertEqual(sorted(states), sorted(KINDS))
        for kind, state in states.items():
            with self.subTest(kind):
                self.assertEqual(state["id"], self.name)
                self.assertEqual(state["bundle"], str(self.bundle.path))
                self.assertEqual(state["annotations"], {"org.example.key": 'a "value"'})
                self.assertTrue(state["ociVersion"].startswith("1."))
        for kind in ("prestart", "createRuntime", "poststart"):
            self.assertEqual(states[kind]["pid"], pid)

    @not_on("runc", "1.1 says created after start")
    @not_on("crun", "has words of its own")
    def test_the_status_is_that_of_the_moment(self):
        self.every_kind('echo KIND "$(cat)" >> "$LOG"')
        self.create("/bin/sleep", "1000")
        self.start()
        self.delete_forcibly()
        self.assertEqual({kind: state["status"] for kind, state in self.states().items()},
                         {"prestart": "creating", "createRuntime": "creating", "createContainer": "creating",
                          "startContainer": "created", "poststart": "running", "poststop": "stopped"})

    @not_on("crun", "says 0")
    def test_in_the_container_the_pid_is_as_the_container_sees_it(self):
        self.every_kind('echo KIND "$(cat)" >> "$LOG"', ("createContainer", "startContainer"))
        self.life()
        self.assertEqual([state["pid"] for state in self.states().values()], [1, 1])

    def test_a_stopped_container_has_no_pid(self):
        self.hook("poststop", 'echo poststop "$(cat)" >> "$LOG"')
        self.life()
        self.assertFalse(self.states()["poststop"].get("pid"))

    def test_a_hook_that_does_not_read_hinders_nobody(self):
        self.config["annotations"] = {f"org.example.a{n}": "x" * 4000 for n in range(100)}
        self.every_kind('echo KIND >> "$LOG"')
        self.life()
        self.assertEqual(len(self.lines()), len(KINDS))

    def test_a_hook_that_reads_gets_all_of_it(self):
        self.config["annotations"] = {f"org.example.a{n}": "x" * 4000 for n in range(100)}
        self.every_kind('echo "$(cat)" >> "$LOG"')
        self.life()
        for line in self.lines():
            self.assertEqual(len(json.loads(line)["annotations"]), 100)

    @not_on("runc", EARLY)
    def test_the_arguments_are_those_of_the_config(self):
        for kind in KINDS:
            self.add(kind, "/bin/sh", args=["sh", "-c", 'echo "$0 $1" >> "$LOG"', kind, "a b"],
                     env=[f"LOG={'/log' if kind == 'startContainer' else self.trace}"])
        self.life()
        self.assertEqual(self.lines(), [f"{kind} a b" for kind in KINDS])

    @not_on("runc", EARLY)
    def test_without_arguments_the_program_is_called_by_its_path(self):
        self.every_kind('echo "$0 $#" >> "$LOG"')
        self.life()
        for hooks, line in zip(self.config["hooks"].values(), self.lines()):
            self.assertEqual(line, f"{hooks[0]['path']} 0")

    @not_on("runc", "1.1 hands its own down where there is none")
    @not_on("crun", "hands its own down where there is none")
    def test_the_environment_is_exactly_that_of_the_config(self):
        for kind in KINDS:
            log = "/log" if kind == "startContainer" else self.trace
            self.add(kind, "/bin/busybox", args=["sh", "-c", f"/bin/busybox tr '\\0' ' ' < /proc/self/environ >> {log}; echo >> {log}"],
                     env=["ONE=1", "TWO=b c"])
        self.life()
        # The shell's child has what the shell adds.
        for line in self.lines():
            words = [word for word in line.split(" ") if word and not word.startswith(("PWD=", "SHLVL=", "OLDPWD=", "_="))]
            self.assertEqual(sorted(words), ["ONE=1", "TWO=b", "c"])

    def test_the_working_directory_is_the_bundle(self):
        self.every_kind('echo "$(pwd)" >> "$LOG"', ("prestart", "createRuntime", "poststart"))
        self.life()
        self.assertEqual(self.lines(), [str(self.bundle.path)] * 3)

    @only_crumb("signals as by default")
    def test_no_signal_is_blocked_or_ignored(self):
        self.every_kind('grep -E "^Sig(Blk|Ign)" /proc/self/status >> "$LOG"')
        self.life()
        # A shell that is not interactive blocks and ignores none.
        self.assertEqual({line.split()[1] for line in self.lines()}, {"0" * 16})


class Place(HookCase):
    def test_those_of_the_runtime_are_in_its_namespaces(self):
        self.every_kind('echo $(readlink /proc/self/ns/mnt /proc/self/ns/pid /proc/self/ns/net) >> "$LOG"', OF_THE_RUNTIME)
        self.life()
        own = " ".join(os.readlink(f"/proc/self/ns/{name}") for name in ("mnt", "pid", "net"))
        self.assertEqual(self.lines(), [own] * 4)

    def test_those_of_the_runtime_are_not_in_the_containers_cgroup(self):
        self.every_kind('cat /proc/self/cgroup >> "$LOG"', OF_THE_RUNTIME)
        self.life()
        self.assertNotIn(self.name, self.trace.read_text())

    def test_those_of_the_container_are_in_its_namespaces(self):
        self.every_kind('echo $(readlink /proc/self/ns/net) $(readlink /proc/self/ns/uts) >> "$LOG"', ("createContainer", "startContainer"))
        self.create("/bin/sleep", "1000")
        spaces = " ".join(os.readlink(f"/proc/{self.pid()}/ns/{name}") for name in ("net", "uts"))
        self.start()
        self.assertEqual(self.lines(), [spaces] * 2)

    def test_createRuntime_can_look_into_the_network_namespace(self):
        self.hook("createRuntime", """pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); readlink /proc/$pid/ns/net >> "$LOG" """)
        self.create("/bin/true")
        self.assertEqual(self.lines(), [os.readlink(f"/proc/{self.pid()}/ns/net")])

    def test_createRuntime_can_mount_into_the_container(self):
        self.bundle.directory("/given")
        given = self.folder / "given"
        given.mkdir()
        (given / "file").write_text("from a hook\n")
        self.hook("createRuntime", f"""pid=$(sed 's/.*"pid":\\([0-9]*\\).*/\\1/')
nsenter --target $pid --mount mount --bind {given} {self.bundle.rootfs}/given""")
        self.assertEqual(self.sh("cat /given/file"), "from a hook\n")

    def test_createContainer_can_mount_into_the_container(self):
        self.bundle.directory("/given")
        given = self.folder / "given"
        given.mkdir()
        (given / "file").write_text("from a hook\n")
        self.hook("createContainer", f"mount --bind {given} {self.bundle.rootfs}/given")
        self.assertEqual(self.sh("cat /given/file"), "from a hook\n")

    def script_in_both(self):
        """One path at which the runtime and the root filesystem have scripts that say where they are from."""
        script = self.folder / "both"
        script.write_text(f"#!/bin/sh\necho runtime >> {self.trace}\n")
        script.chmod(0o755)
        self.bundle.file(str(script), "#!/bin/sh\necho root filesystem >> /log\n", 0o755)
        return script

    def test_createContainer_is_a_program_of_the_runtimes_and_not_of_the_root_filesystem(self):
        self.add("createContainer", self.script_in_both())
        self.life()
        self.assertEqual(self.lines(), ["runtime"])

    def test_startContainer_is_a_program_of_the_root_filesystem(self):
        self.add("startContainer", self.script_in_both())
        self.life()
        self.assertEqual(self.lines(), ["root filesystem"])

    def test_startContainer_may_do_what_the_program_may(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.process["noNewPrivileges"] = True
        self.hook("startContainer", 'id -u >> "$LOG"; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status >> "$LOG"')
        program = self.sh('id -u; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status')
        self.assertEqual(self.lines(), program.splitlines())

    def test_startContainer_has_the_containers_filter(self):
        self.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
                                 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}
        for no_new_privileges in (False, True):
            with self.subTest(no_new_privileges):
                self.trace.write_text("")
                self.config["hooks"] = {}
                self.process["noNewPrivileges"] = no_new_privileges
                self.hook("startContainer", 'mkdir /tmp/x 2>> "$LOG"; exit 0')
                self.assertIn("not supported", self.sh("mkdir /tmp/x 2>&1; exit 0"))
                self.assertIn("not supported", self.trace.read_text())

    def test_startContainer_has_a_filter_with_an_agent_too(self):
        agent = Agent(self.new_path("agent"), -errno.EACCES)
        self.addCleanup(agent.close)
        rules = [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]
        self.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": str(agent.path), "syscalls": rules}
        self.hook("startContainer", 'mkdir /tmp/x 2>> "$LOG"; exit 0')
        self.assertIn("Permission denied", self.sh("mkdir /tmp/x 2>&1; exit 0"))
        self.assertIn("Permission denied", self.trace.read_text())

    @only_crumb("hooks without a descriptor too many")
    def test_a_hook_has_three_descriptors(self):
        for kind in KINDS:
            log = "/log" if kind == "startContainer" else self.trace
            self.add(kind, "/bin/busybox", args=["sh", "-c", f"exec /bin/busybox ls -C /proc/self/fd >> {log}"])
        self.life()
        # The last one is the folder that is listed.
        self.assertEqual([line.split() for line in self.lines()], [["0", "1", "2", "3"]] * len(KINDS))

    def test_the_program_gets_no_descriptor_of_a_hook(self):
        self.every_kind("exit 0")
        self.assertEqual(self.sh("exec ls -C /proc/self/fd").split(), ["0", "1", "2", "3"])


class Failing(HookCase):
    def fails_at(self, kind, script="echo because >&2; exit 3", words="exit status 3: because", **members):
        """The command at which a hook of this kind runs fails, and nothing is left but the trace of poststop."""
        self.every_kind("exit 0", [other for other in KINDS if other not in (kind, "poststop")])
        self.hook("poststop", 'echo poststop >> "$LOG"')
        self.hook(kind, script, **members)
        index = len(self.config["hooks"][kind]) - 1
        self.process["args"] = ["/bin/sleep", "1000"]
        self.bundle.write()
        if kind in ("startContainer", "poststart"):
            self.create()
            result = self.fails("start", self.name)
        else:
            self.addCleanup(self.delete_forcibly)
            result = self.fails("create", "--bundle", self.bundle.path, self.name)
        self.said(result, kind, index, words)
        return result

    def leave_nothing_but_what_poststop_did(self, *kinds):
        for kind in kinds:
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.trace.write_text("")
                self.fails_at(kind)
                self.gone()
                self.assertEqual(self.lines(), ["poststop"])

    def test_of_create_leaves_nothing_but_what_poststop_did(self):
        self.leave_nothing_but_what_poststop_did("prestart", "createRuntime", "createContainer")

    @only_crumb("destroying a container whose start fails")
    def test_of_start_leaves_nothing_but_what_poststop_did(self):
        self.leave_nothing_but_what_poststop_did("startContainer", "poststart")

    @not_on("runc", EARLY)
    def test_of_startContainer_keeps_the_program_from_running(self):
        self.hook("startContainer", "exit 1")
        self.create("/bin/sh", "-c", "echo program >> /log")
        self.fails("start", self.name)
        time.sleep(0.2)
        self.assertEqual(self.lines(), [])

    def test_of_run_leaves_nothing(self):
        for kind in KINDS[:-1]:
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.trace.write_text("")
                self.hook("poststop", 'echo poststop >> "$LOG"')
                self.hook(kind, "exit 1")
                self.said(self.run_fails("/bin/sleep", "1000"), kind, words="exit status 1")
                self.delete_forcibly()
                self.assertEqual(self.lines(), ["poststop"])

    def test_stops_those_behind_it(self):
        self.hook("prestart", "exit 0")
        self.hook("prestart", "exit 5")
        self.every_kind('echo KIND >> "$LOG"', ("prestart", "createRuntime", "createContainer"))
        self.addCleanup(self.delete_forcibly)
        self.bundle.write()
        self.said(self.fails("create", "--bundle", self.bundle.path, self.name), "prestart", 1, "exit status 5")
        self.assertEqual(self.lines(), [])

    @not_on("runc", "1.1 stops at the first that fails")
    def test_of_poststop_is_a_warning_each_and_stops_nobody(self):
        self.hook("poststop", "exit 1")
        self.hook("poststop", 'echo second >> "$LOG"; exit 2')
        self.hook("poststop", 'echo third >> "$LOG"')
        log = self.new_path("log")
        self.create("/bin/true")
        self.start()
        self.wait_status("stopped")
        self.runtime("delete", self.name, options=("--log", log))
        self.assertEqual(self.lines(), ["second", "third"])
        self.unknown()
        if IS_CRUMB:
            warnings = [line for line in log.read_text().splitlines() if "level=warning" in line]
            self.assertEqual(len(warnings), 2, warnings)
            self.assertIn("error running poststop hook #0: ", warnings[0].replace('\\"', '"'))
            self.assertIn("exit status 2", warnings[1])

    def test_by_a_signal_is_named(self):
        self.fails_at("createRuntime", "kill -9 $$", "killed by signal 9")

    def test_a_missing_program_is_named(self):
        for kind in ("prestart", "createContainer", "startContainer", "poststart"):
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.add(kind, "/no/such/program")
                result = self.run_fails("/bin/sleep", "1000")
                self.said(result, kind, words='"/no/such/program": it is not there')
                if IS_CRUMB:
                    self.assertEqual(result.code, 1)
                    self.assertNotIn("no such file", result.err.lower())
                self.delete_forcibly()

    def test_a_program_that_cannot_be_executed_is_named(self):
        script = self.folder / "text"
        script.write_text("hello\n")
        self.add("createRuntime", script)
        self.said(self.run_fails("/bin/true"), "createRuntime", words="it is not an executable file")

    @only_crumb("the end of what a hook wrote")
    def test_the_end_of_its_output_is_in_the_error(self):
        for kind in KINDS[:-1]:
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.hook(kind, "seq 1 100000; printf 'last\\nwords\\n' >&2; exit 1")
                result = self.run_fails("/bin/sleep", "1000")
                self.assertTrue(result.err.endswith(" 100000 last words\n"), result.err[-80:])
                self.assertLess(len(result.err), 600)


class Timeout(HookCase):
    @not_on("runc", "1.1 ends the hook only, and waits for who has its output")
    def test_ends_the_hook_and_all_it_has_started(self):
        for kind in KINDS[:-1]:
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.hook(kind, f"sleep 1001 & sleep 1002; # {self.name}", timeout=1)
                begun = time.monotonic()
                self.said(self.run_fails("/bin/sleep", "1000", timeout=30), kind, words="killed after its timeout, 1 s")
                self.assertGreater(time.monotonic() - begun, 0.9)
                self.delete_forcibly()
                if IS_CRUMB:
                    self.assertEqual(self.leftovers(), [])

    def test_of_poststop_is_a_warning(self):
        self.hook("poststop", "exec sleep 1001", timeout=1)
        self.run_container("/bin/true", timeout=30)

    def test_is_nothing_to_a_hook_that_is_faster(self):
        self.every_kind('echo KIND >> "$LOG"', timeout=30)
        self.life()
        self.assertEqual(len(self.lines()), len(KINDS))

    def test_a_hook_may_leave_a_process_behind(self):
        self.hook("prestart", 'sleep 1.5 & echo done >> "$LOG"')
        begun = time.monotonic()
        self.run_container("/bin/true")
        self.assertEqual(self.lines(), ["done"])
        if IS_CRUMB:
            self.assertLess(time.monotonic() - begun, 1.4)

    @only_crumb("ending a container whose hook hangs")
    def test_delete_by_force_ends_a_hook_that_hangs(self):
        for kind in ("prestart", "createRuntime", "createContainer"):
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.trace.write_text("")
                self.hook(kind, 'echo here >> "$LOG"; sleep 1001')
                self.bundle.write()
                creating = self.spawn("create", "--bundle", self.bundle.path, self.name)
                self.until(lambda: self.lines() == ["here"], "the hook does not run")
                self.assertEqual(self.status(), "creating")
                self.delete_forcibly()
                self.assertEqual(creating.wait().code, 1)
                self.gone()

    @only_crumb("ending a hook with its crumb")
    def test_a_hook_dies_with_a_create_that_is_killed(self):
        for kind in ("prestart", "createContainer"):
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.trace.write_text("")
                self.hook(kind, 'echo here >> "$LOG"; exec sleep 1001')
                self.hook("poststop", 'echo poststop >> "$LOG"')
                self.bundle.write()
                creating = self.spawn("create", "--bundle", self.bundle.path, self.name)
                self.until(lambda: self.lines() == ["here"], "the hook does not run")
                creating.kill()
                self.delete_forcibly()
                self.gone()
                self.assertEqual(self.lines(), ["here", "poststop"])


class Output(HookCase):
    @not_on("runc", "it is an annotation of crun's")
    def test_goes_where_the_annotations_say(self):
        out, err = self.folder / "hooks.out", self.folder / "hooks.err"
        self.config["annotations"] = {"run.oci.hooks.stdout": str(out), "run.oci.hooks.stderr": str(err)}
        self.every_kind("echo KIND; echo KIND error >&2")
        self.life()
        self.assertEqual(out.read_text().splitlines(), list(KINDS))
        self.assertEqual(err.read_text().splitlines(), [f"{kind} error" for kind in KINDS])

    def test_of_one_that_succeeds_is_nobodys(self):
        self.every_kind("echo noise; echo noise >&2")
        result = self.run_container("/bin/echo", "program")
        self.assertEqual((result.out, result.err), ("program\n", ""))


class UserNamespace(UserNamespaceCase, HookCase):
    def setUp(self):
        super().setUp()
        self.own_rootfs()

    @not_on("runc", EARLY)
    def test_all_kinds_run(self):
        self.every_kind('echo KIND >> "$LOG"')
        self.life("/bin/sleep", "0.3")
        self.assertEqual(self.lines(), list(KINDS))

    @not_on("runc", EARLY)
    def test_those_of_the_container_are_its_root(self):
        self.every_kind('echo $(id -u) $(readlink /proc/self/ns/user) >> "$LOG"')
        self.create("/bin/sleep", "1000")
        space = os.readlink(f"/proc/{self.pid()}/ns/user")
        self.start()
        self.delete_forcibly()
        own = os.readlink("/proc/self/ns/user")
        self.assertEqual(self.lines(), [f"0 {own}", f"0 {own}", f"0 {space}", f"0 {space}", f"0 {own}", f"0 {own}"])


class Rootless(RootlessCase, HookCase):
    @not_on("runc", EARLY)
    def test_all_kinds_run_as_the_user(self):
        self.every_kind('echo KIND $(id -u) >> "$LOG"')
        self.life("/bin/sleep", "0.3")
        own = self.user.pw_uid
        ids = {"createContainer": 0, "startContainer": 0}
        self.assertEqual(self.lines(), [f"{kind} {ids.get(kind, own)}" for kind in KINDS])

    def test_one_that_fails_leaves_nothing(self):
        self.hook("createRuntime", "exit 3")
        self.said(self.run_fails("/bin/true"), "createRuntime", words="exit status 3")
        self.gone()


@only_crumb("running Wasm")
class Wasm(HookCase):
    def test_all_kinds_run_and_startContainer_before_the_module(self):
        self.every_kind('echo KIND >> "$LOG"')
        self.bundle.guest("hello", "/hello.wasm")
        self.assertEqual(self.run_container("/hello.wasm").out, "hello from wasm\n")
        self.assertEqual(self.lines(), list(KINDS))

    def test_a_failing_startContainer_keeps_the_module_from_running(self):
        self.hook("startContainer", "exit 4")
        self.bundle.guest("hello", "/hello.wasm")
        result = self.run_fails("/hello.wasm")
        self.said(result, "startContainer", words="exit status 4")
        self.assertEqual(result.out, "")


@only_crumb("restoring by the stand-in for criu")
class Restore(CheckpointCase, HookCase):
    def test_has_those_of_the_runtime(self):
        self.running("/bin/sleep", "1000")
        self.checkpoint()
        self.every_kind('echo KIND "$(cat)" >> "$LOG"')
        self.bundle.write()
        self.restore()
        pid = self.pid()
        self.delete_forcibly()
        found = [line.split(" ", 1) for line in self.lines()]
        self.assertEqual([kind for kind, _ in found], list(OF_THE_RUNTIME))
        states = {kind: json.loads(text) for kind, text in found}
        self.assertEqual([states[kind]["status"] for kind in OF_THE_RUNTIME], ["creating", "creating", "running", "stopped"])
        self.assertEqual([states[kind].get("pid") for kind in OF_THE_RUNTIME], [pid, pid, pid, None])

    def test_leaves_nothing_when_one_fails(self):
        self.running("/bin/sleep", "1000")
        self.checkpoint()
        for kind in ("prestart", "createRuntime", "poststart"):
            with self.subTest(kind):
                self.config["hooks"] = {}
                self.trace.write_text("")
                self.hook(kind, "exit 1")
                self.hook("poststop", 'echo poststop >> "$LOG"')
                self.bundle.write()
                result = self.fails(*self.restore_line("--detach"), env=self.criu())
                self.said(result, kind, words="exit status 1")
                self.gone()
                self.assertEqual(self.lines(), ["poststop"])


if __name__ == "__main__":
    unittest.main()
