"""linux.seccomp: what a profile says happens to each call, to native programs and modules, in create and exec; the cache of
compiled filters; linux.personality."""

import json
import os
import pathlib
import platform
import subprocess
import unittest

from seccomp_agent import Agent
from support import IS_CRUMB, KIND, REPOSITORY, ContainerCase, crumb_says, not_on, only_crumb, probe

ALLOW, ERRNO, KILL, TRAP = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_TRAP"
NOTIFY = "SCMP_ACT_NOTIFY"
DOCKER = json.loads((REPOSITORY / "tests/data/docker-seccomp.json").read_text())
LISTED = DOCKER["syscalls"][0]["names"]
KILLED_BY_SIGSYS = 128 + 31
EIO, EPERM, EACCES, ENOSYS = 5, 1, 13, 38
# Numbers of x86_64.
GETPGRP, MKDIR, GETUID = 111, 83, 102
X86_GETPGRP, X86_GETPPID, X86_MKDIR = 65, 64, 39
# All that crumb-init and the probe need.
NEEDED = ["read", "write", "execve", "exit_group"]
BEYOND_ALL = 2000


def rule(action, *names, errno=None, args=()):
    entry = {"names": list(names), "action": action}
    if errno is not None:
        entry["errnoRet"] = errno
    if args:
        entry["args"] = list(args)
    return entry


def argument(index, op, value, value_two=0):
    return {"index": index, "op": "SCMP_CMP_" + op, "value": value, "valueTwo": value_two}


@unittest.skipUnless(platform.machine() == "x86_64", "the probe makes calls of x86_64")
def has_32_bit_calls():
    """x86's getppid by its own number. User-mode Linux takes it for a call of 64-bit programs."""
    answer = subprocess.run([probe("call"), f"x86:{X86_GETPPID}"], stdout=subprocess.PIPE, check=True).stdout
    return int(answer) == os.getpid()


needs_32_bit_calls = unittest.skipUnless(has_32_bit_calls(), "this kernel has no calls of 32-bit programs")


class SeccompCase(ContainerCase):
    def setUp(self):
        super().setUp()
        self.bundle.file("/bin/call", probe("call").read_bytes(), 0o755)

    def profile(self, *rules, default=ALLOW, **members):
        self.linux["seccomp"] = {"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": list(rules), **members}

    def call(self, *words, code=0, **popen):
        """What the probe's calls answer in the container."""
        out = self.run_container("/bin/call", *map(str, words), code=code, **popen).out
        return [int(line) for line in out.split()]


class Actions(SeccompCase):
    def test_errno_is_what_the_call_answers(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO))
        self.assertEqual(self.call(MKDIR), [-EIO])

    def test_errno_without_a_number_is_eperm(self):
        self.profile(rule(ERRNO, "mkdir"))
        self.assertEqual(self.call(MKDIR), [-EPERM])

    def test_errno_0_looks_like_success(self):
        self.profile(rule(ERRNO, "mkdir", errno=0))
        self.assertEqual(self.call(MKDIR), [0])

    def test_what_no_rule_names_gets_the_default_errno(self):
        self.profile(rule(ALLOW, *(name for name in LISTED if name != "getuid")), default=ERRNO, defaultErrnoRet=EIO)
        self.process["noNewPrivileges"] = True
        self.assertEqual(self.call(GETUID), [-EIO])

    def test_kill_actions_end_the_process_by_sigsys(self):
        for action in ("SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS"):
            with self.subTest(action):
                self.profile(rule(action, "mkdir"))
                self.call(MKDIR, code=KILLED_BY_SIGSYS)

    def test_trap_sends_sigsys(self):
        self.profile(rule(TRAP, "mkdir"))
        self.call(MKDIR, code=KILLED_BY_SIGSYS)

    def test_trace_without_a_tracer_is_enosys(self):
        self.profile(rule("SCMP_ACT_TRACE", "getpgrp", errno=7))
        self.assertEqual(self.call(GETPGRP), [-ENOSYS])

    def test_log_lets_the_call_pass(self):
        self.profile(rule("SCMP_ACT_LOG", "getpgrp"))
        self.assertGreaterEqual(self.call(GETPGRP)[0], 0)

    def test_a_rule_that_says_what_happens_anyway_is_no_error(self):
        self.profile(rule(ALLOW, "mkdir"), rule(ERRNO, "getpgrp"))
        self.assertEqual(self.call(GETPGRP), [-EPERM])

    def test_a_profile_without_rules_is_one(self):
        self.profile()
        self.assertIn("Seccomp:\t2\n", self.run_container("/bin/cat", "/proc/self/status").out)

    def test_without_a_profile_there_is_no_filter(self):
        self.assertIn("Seccomp:\t0\n", self.run_container("/bin/cat", "/proc/self/status").out)


class Arguments(SeccompCase):
    """The probe gives getpgrp arguments, which the kernel ignores and the filter sees."""

    def refused(self, *values):
        """Which of these first arguments the profile refuses."""
        answers = self.call(*(f"{GETPGRP},{value}" for value in values))
        return [value for value, answer in zip(values, answers) if answer == -EIO]

    def one(self, op, value, value_two=0):
        self.profile(rule(ERRNO, "getpgrp", errno=EIO, args=[argument(0, op, value, value_two)]))

    def test_eq(self):
        self.one("EQ", 5)
        self.assertEqual(self.refused(4, 5, 6, 0x100000005), [5])

    def test_ne(self):
        self.one("NE", 5)
        self.assertEqual(self.refused(4, 5, 6, 0x100000005), [4, 6, 0x100000005])

    def test_lt(self):
        self.one("LT", 5)
        self.assertEqual(self.refused(4, 5, 6, 0x100000001), [4])

    def test_le(self):
        self.one("LE", 5)
        self.assertEqual(self.refused(4, 5, 6, 0x100000001), [4, 5])

    def test_gt(self):
        self.one("GT", 5)
        self.assertEqual(self.refused(4, 5, 6, 0x100000001), [6, 0x100000001])

    def test_ge(self):
        self.one("GE", 5)
        self.assertEqual(self.refused(4, 5, 6, 0x100000001), [5, 6, 0x100000001])

    def test_masked_eq(self):
        self.one("MASKED_EQ", 0xF0, 0x10)
        self.assertEqual(self.refused(0x10, 0x1F, 0x20, 0x110), [0x10, 0x1F, 0x110])

    def test_all_64_bits_count(self):
        self.one("EQ", 0xFFFFFFFF00000000)
        self.assertEqual(self.refused(0, 0xFFFFFFFF00000000), [0xFFFFFFFF00000000])

    def test_two_arguments_must_both_compare(self):
        self.profile(rule(ERRNO, "getpgrp", errno=EIO, args=[argument(0, "EQ", 1), argument(1, "EQ", 2)]))
        answers = self.call(f"{GETPGRP},1,2", f"{GETPGRP},1,3", f"{GETPGRP},0,2")
        self.assertEqual([answer == -EIO for answer in answers], [True, False, False])

    def test_one_argument_compared_twice_is_either(self):
        self.profile(rule(ERRNO, "getpgrp", errno=EIO, args=[argument(0, "EQ", 1), argument(0, "EQ", 2)]))
        self.assertEqual(self.refused(0, 1, 2, 3), [1, 2])


@not_on("crun", "gives them the default action")
class UnknownCalls(SeccompCase):
    def setUp(self):
        super().setUp()
        self.process["noNewPrivileges"] = True

    def test_above_the_highest_that_the_profile_names_are_enosys(self):
        self.linux["seccomp"] = DOCKER | {"defaultErrnoRet": EIO}
        answers = self.call(BEYOND_ALL, 0x3FFFFFFF, 171)  # 171 is setdomainname
        self.assertEqual(answers, [-ENOSYS, -ENOSYS, -EIO])

    def test_are_enosys_where_the_default_kills(self):
        self.linux["seccomp"] = DOCKER | {"defaultAction": KILL}
        del self.linux["seccomp"]["defaultErrnoRet"]
        self.assertEqual(self.call(BEYOND_ALL), [-ENOSYS])
        self.call(171, code=KILLED_BY_SIGSYS)

    def test_a_rule_that_repeats_the_default_names_a_call_too(self):
        self.linux["seccomp"] = DOCKER | {"defaultErrnoRet": EIO}
        self.linux["seccomp"]["syscalls"] = DOCKER["syscalls"] + [rule(ERRNO, "process_mrelease", "set_mempolicy_home_node", errno=EIO)]
        self.assertEqual(self.call(450, 2000), [-EIO, -ENOSYS])

    @needs_32_bit_calls
    def test_of_32_bit_programs_are_enosys_too(self):
        self.linux["seccomp"] = DOCKER | {"defaultErrnoRet": EIO}
        self.assertEqual(self.call(f"x86:{BEYOND_ALL}", "x86:121"), [-ENOSYS, -EIO])


class Architectures(SeccompCase):
    @needs_32_bit_calls
    def test_a_rule_counts_for_each_that_the_profile_names(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
        self.assertEqual(self.call(MKDIR, f"x86:{X86_MKDIR}"), [-EIO, -EIO])

    @needs_32_bit_calls
    def test_calls_of_any_other_end_the_process(self):
        self.profile(rule(ERRNO, "mkdir"))
        self.call(f"x86:{X86_GETPGRP}", code=KILLED_BY_SIGSYS)

    def test_the_machines_own_needs_no_mention(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO), architectures=[])
        self.assertEqual(self.call(MKDIR), [-EIO])

    @only_crumb("leaving out what this machine cannot run")
    @needs_32_bit_calls
    def test_that_this_machine_does_not_have_are_left_out(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO), architectures=["SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_S390X", "SCMP_ARCH_X86"])
        self.assertEqual(self.call(f"x86:{X86_MKDIR}"), [-EIO])


class UnknownNames(SeccompCase):
    def test_are_left_out(self):
        self.profile(rule(ERRNO, "no_such_call", "mkdir", errno=EIO))
        self.assertEqual(self.call(MKDIR), [-EIO])

    @only_crumb("the text")
    def test_are_told_in_the_debug_log(self):
        self.profile(rule(ERRNO, "no_such_call", "mkdir"))
        log = self.folder / "log"
        self.call(MKDIR, options=["--debug", "--log", log, "--seccomp-cache", self.folder / "cache"])
        self.assertIn('linux.seccomp.syscalls[0].names[0]: unknown to libseccomp: \\"no_such_call\\"', log.read_text())

    @not_on("runc", "has no such annotation")
    def test_are_an_error_where_an_annotation_wants_it(self):
        self.profile(rule(ERRNO, "mkdir"), rule(ERRNO, "no_such_call"))
        self.config["annotations"] = {"run.oci.seccomp_fail_unknown_syscall": "1"}
        self.run_fails("/bin/call", words="no_such_call")


class LastSteps(SeccompCase):
    """Behind the filter crumb-init needs next to nothing."""

    def strict(self, default=KILL):
        self.profile(rule(ALLOW, *NEEDED), default=default)

    @only_crumb("needing so few calls")
    def test_four_calls_are_enough_with_no_new_privs(self):
        self.strict()
        self.process["noNewPrivileges"] = True
        self.assertEqual(self.call(), [])

    @only_crumb("needing so few calls")
    def test_four_calls_are_enough_without_it(self):
        self.strict()
        self.process["user"]["uid"] = 1000
        self.assertEqual(self.call(), [])

    @only_crumb("needing so few calls")
    def test_four_calls_are_enough_for_exec(self):
        self.strict(ERRNO)
        created = self.create("/bin/call")
        self.exec("/bin/call")
        self.assertEqual(created.output(), "")

    @only_crumb("needing so few calls")
    def test_an_error_behind_the_filter_is_told(self):
        self.strict(ERRNO)
        self.bundle.file("/bin/broken", "#!/no/such/interpreter\n", 0o755)
        self.cannot_run("/bin/broken", code=127, words="no such file or directory")
        self.create("/bin/call")
        self.fails("exec", self.name, "/bin/broken", words="no such file or directory")

    @only_crumb("the words")
    def test_a_filter_that_refuses_all_ends_the_container(self):
        self.profile(default=ERRNO)
        result = self.run_container("/bin/call", code=None)
        self.assertNotEqual(result.code, 0)
        self.unknown()

    def test_the_right_to_load_a_filter_is_not_the_programs(self):
        self.linux["seccomp"] = DOCKER
        for uid in (0, 1000):
            with self.subTest(uid=uid):
                self.process["user"]["uid"] = uid
                status = self.sh("cat /proc/self/status")
                self.assertIn("Seccomp:\t2\n", status)
                sets = {line.split(":")[0]: int(line.split()[1], 16) for line in status.splitlines() if line.startswith("Cap")}
                for name, value in sets.items():
                    self.assertEqual(value >> 21 & 1, 0, f"CAP_SYS_ADMIN in {name}")

    @not_on("crun", "words it otherwise")
    def test_a_program_that_is_not_found_is_told_as_ever(self):
        self.linux["seccomp"] = DOCKER
        self.cannot_run("nope", code=127, words="executable file not found in $PATH")


class Exec(SeccompCase):
    def test_has_the_containers_filter(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO))
        self.running()
        self.assertEqual(self.exec("/bin/call", str(MKDIR)).out, f"-{EIO}\n")
        self.assertIn("Seccomp:\t2\n", self.inside("cat /proc/self/status"))

    def test_has_it_without_no_new_privs_as_any_user(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO))
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.running()
        self.assertEqual(self.exec("/bin/call", str(MKDIR)).out, f"-{EIO}\n")


class Flags(SeccompCase):
    @not_on("runc", "version 1.1 refuses all flags")
    def test_are_taken(self):
        flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]
        self.profile(rule(ERRNO, "mkdir", errno=EIO), flags=flags)
        self.assertEqual(self.call(MKDIR), [-EIO])

    def test_without_them_speculation_stays_as_it_is(self):
        field = "Speculation_Store_Bypass"
        before = [line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if line.startswith(field)]
        self.profile(rule(ERRNO, "mkdir"))
        inside = [line for line in self.run_container("/bin/cat", "/proc/self/status").out.splitlines() if line.startswith(field)]
        self.assertEqual(inside, before)

    @only_crumb("a flag that is newer than Debian's runc and crun")
    def test_of_listeners_mean_nothing_without_one(self):
        self.profile(rule(ERRNO, "mkdir", errno=EIO), flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"])
        self.assertEqual(self.call(MKDIR), [-EIO])


class Notify(SeccompCase):
    """Calls that are left to an agent."""

    def agent(self, answer=-EACCES):
        agent = Agent(self.new_path("agent"), answer)
        self.addCleanup(agent.close)
        return agent

    def notify(self, agent, *names, **members):
        self.profile(rule(NOTIFY, *(names or ["mkdir"])), listenerPath=str(agent.path), **members)

    def test_an_agent_answers_a_call(self):
        agent = self.agent()
        self.notify(agent)
        self.assertEqual(self.call(MKDIR, GETPGRP)[0], -EACCES)
        self.assertEqual(agent.calls, [MKDIR])

    def test_an_agent_may_let_a_call_happen(self):
        self.notify(self.agent(None))
        self.assertEqual(self.sh("mkdir /made && ls -d /made"), "/made\n")

    def test_as_any_user_with_no_new_privs(self):
        self.notify(self.agent())
        self.process["user"], self.process["noNewPrivileges"] = {"uid": 1000, "gid": 1000}, True
        self.assertEqual(self.call(MKDIR), [-EACCES])

    def test_in_a_user_namespace(self):
        self.notify(self.agent())
        self.linux["namespaces"].append({"type": "user"})
        self.linux["uidMappings"] = self.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        os.chmod(self.folder, 0o755)
        self.assertEqual(self.call(MKDIR), [-EACCES])

    def test_the_agent_is_told_whose_the_calls_are(self):
        agent = self.agent()
        self.notify(agent, listenerMetadata="for you")
        self.config["annotations"] = {"org.example": "x"}
        self.create("/bin/call", str(MKDIR))
        self.until(lambda: agent.states, "the agent heard nothing")
        [state] = agent.states
        self.assertEqual((state["fds"], state["pid"], state["metadata"]), (["seccompFd"], self.pid(), "for you"))
        inner = state["state"]
        self.assertEqual((inner["id"], inner["status"], inner["bundle"]), (self.name, "creating", str(self.bundle.path)))
        self.assertEqual(inner["annotations"], {"org.example": "x"})
        if KIND != "crun":
            self.assertEqual(inner["pid"], self.pid())

    def test_exec_has_a_listener_of_its_own(self):
        agent = self.agent()
        self.notify(agent)
        self.running()
        self.assertEqual(self.exec("/bin/call", str(MKDIR)).out, f"-{EACCES}\n")
        self.until(lambda: len(agent.states) == 2, "the agent heard of one listener only")
        second = agent.states[1]
        self.assertEqual(second["state"]["id"], self.name)
        self.assertNotEqual(second["pid"], self.pid())

    @only_crumb("waiting for nothing but its agent")
    def test_calls_of_crumb_init_itself_may_be_left_to_the_agent(self):
        agent = self.agent(None)
        self.profile(rule(ALLOW, "write", "exit_group"), rule(NOTIFY, "read", "execve", "prctl", "sendmsg", "recvmsg"), default=ERRNO,
                     listenerPath=str(agent.path))
        self.assertEqual(self.call(), [])

    @only_crumb("needing so few calls")
    def test_calls_of_crumb_init_itself_may_be_forbidden(self):
        agent = self.agent()
        self.profile(rule(ALLOW, *NEEDED), rule(NOTIFY, "mkdir"), default=ERRNO, listenerPath=str(agent.path))
        self.assertEqual(self.call(MKDIR), [-EACCES])

    @only_crumb("the flag, newer than Debian's runc and crun,")
    def test_the_flag_of_listeners_is_taken(self):
        self.notify(self.agent(), flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"])
        self.assertEqual(self.call(MKDIR), [-EACCES])

    @not_on("runc", "the annotation is crun's")
    def test_crun_s_annotation_names_the_agent_too(self):
        agent = self.agent()
        self.profile(rule(NOTIFY, "mkdir"))
        self.config["annotations"] = {"run.oci.seccomp.receiver": str(agent.path)}
        self.assertEqual(self.call(MKDIR), [-EACCES])

    @not_on("crun", "lets the calls fail")
    def test_without_an_agent_s_address_nothing_is_made(self):
        self.profile(rule(NOTIFY, "mkdir"))
        self.run_fails("/bin/call", words=crumb_says("linux.seccomp.listenerPath: missing"))

    def test_an_agent_that_is_not_there_is_an_error(self):
        self.profile(rule(NOTIFY, "mkdir"), listenerPath=str(self.scratch / "nobody"))
        self.run_fails("/bin/call", words=crumb_says("linux.seccomp.listenerPath: "))
        self.runtime("state", self.name, code=1)

    @not_on("crun", "connects all the same")
    def test_an_address_that_nobody_needs_is_not_looked_at(self):
        self.profile(rule(ERRNO, "mkdir"), listenerPath=str(self.scratch / "nobody"))
        self.assertEqual(self.call(MKDIR), [-EPERM])

    @only_crumb("running modules")
    def test_a_module_runs_under_it(self):
        self.bundle.guest("exitcode", "/exitcode.wasm")
        self.notify(self.agent())
        self.run_container("/exitcode.wasm", "7", code=7)


class DockersProfile(SeccompCase):
    def setUp(self):
        super().setUp()
        self.linux["seccomp"] = DOCKER

    def test_runs_a_shell_and_its_tools(self):
        script = "mkdir /tmp/a && echo x > /tmp/a/b && find /tmp -name b && (sleep 0.01 & wait) && ps > /dev/null && id -u"
        for uid, no_new_privileges in ((0, False), (0, True), (1000, False), (1000, True)):
            with self.subTest(uid=uid, no_new_privileges=no_new_privileges):
                self.process["user"]["uid"] = uid
                self.process["noNewPrivileges"] = no_new_privileges
                out = self.sh(script + "; rm -rf /tmp/a")
                self.assertEqual(out, f"/tmp/a/b\n{uid}\n")

    def test_refuses_what_it_does_not_list(self):
        self.assertEqual(self.call(165, 272, 321, "41,40,1", "56,0x10000000"), [-EPERM] * 5)  # mount unshare bpf socket clone

    def test_makes_libraries_fall_back_from_clone3(self):
        self.assertEqual(self.call(435), [-ENOSYS])

    @only_crumb("WebAssembly")
    def test_runs_modules(self):
        self.bundle.guest("hello", "/hello.wasm")
        self.bundle.guest("threads", "/threads.wasm")
        for uid, no_new_privileges in ((0, False), (1000, True)):
            with self.subTest(uid=uid, no_new_privileges=no_new_privileges):
                self.process["user"]["uid"] = uid
                self.process["noNewPrivileges"] = no_new_privileges
                self.assertEqual(self.run_container("/hello.wasm").out, "hello from wasm\n")
                self.assertEqual(self.run_container("/threads.wasm", "leave", code=7).out, "ready\n")

    @only_crumb("WebAssembly")
    def test_governs_a_module_and_its_exec(self):
        self.bundle.guest("sleep", "/sleep.wasm")
        self.bundle.guest("hello", "/hello.wasm")
        self.running("/sleep.wasm", "1000")
        self.assertIn("Seccomp:\t2\n", pathlib.Path(f"/proc/{self.pid()}/status").read_text())
        self.assertEqual(self.exec("/hello.wasm").out, "hello from wasm\n")

    @only_crumb("WebAssembly")
    def test_may_know_execve_only(self):
        self.bundle.guest("hello", "/hello.wasm")
        for errno in (EPERM, EACCES, ENOSYS):
            with self.subTest(errno=errno):
                self.profile(rule(ERRNO, "execveat", errno=errno))
                self.assertEqual(self.run_container("/hello.wasm").out, "hello from wasm\n")


@only_crumb("the filter cache")
class FilterCache(SeccompCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"
        self.profile(rule(ERRNO, "mkdir", errno=EIO))

    def enforced(self, warnings=0):
        """Runs the container: the profile is in force, with so many warnings."""
        result = self.run_container("/bin/call", str(MKDIR), options=["--seccomp-cache", self.cache])
        self.assertEqual(result.out, f"-{EIO}\n")
        self.assertEqual(result.err.count("\n"), warnings, result)

    def entry(self):
        entries = sorted(self.cache.iterdir())
        self.assertEqual(len(entries), 1, entries)
        return entries[0]

    def permissive(self):
        """An entry of a filter that allows everything, whole in itself but for its key."""
        self.profile()
        self.enforced_nothing()
        content = self.entry().read_bytes()
        self.entry().unlink()
        self.profile(rule(ERRNO, "mkdir", errno=EIO))
        return content

    def enforced_nothing(self):
        self.run_container("/bin/call", str(GETPGRP), options=["--seccomp-cache", self.cache])

    def test_keeps_a_filter_for_the_next_start(self):
        self.enforced()
        first = self.entry().stat()
        self.enforced()
        self.assertEqual(self.entry().stat().st_mtime_ns, first.st_mtime_ns)
        self.assertEqual(self.entry().stat().st_ino, first.st_ino)
        self.assertEqual(self.cache.stat().st_mode & 0o7777, 0o700)
        self.assertEqual(first.st_mode & 0o7777, 0o600)

    def test_keeps_one_for_each_profile(self):
        self.enforced()
        self.profile(rule(ERRNO, "mkdir", errno=EIO), rule(ERRNO, "chown"))
        self.enforced()
        self.assertEqual(len(list(self.cache.iterdir())), 2)

    def spoil(self, change):
        """An entry that `change` has spoiled is not used, and replaced."""
        self.enforced()
        change(self.entry())
        self.enforced(warnings=1)
        self.enforced()

    def test_does_not_use_a_damaged_entry(self):
        def flip(entry):
            content = bytearray(entry.read_bytes())
            content[-1] ^= 1
            entry.write_bytes(content)

        self.spoil(flip)
        self.spoil(lambda entry: os.truncate(entry, 20))
        self.spoil(lambda entry: os.truncate(entry, entry.stat().st_size - 8))

    def test_does_not_use_the_filter_of_another_profile(self):
        content = self.permissive()
        self.spoil(lambda entry: entry.write_bytes(content))

    def test_does_not_follow_a_link(self):
        elsewhere = self.folder / "elsewhere"

        def link(entry):
            entry.rename(elsewhere)
            entry.symlink_to(elsewhere)

        self.spoil(link)

    def test_does_not_wait_on_a_fifo(self):
        def fifo(entry):
            entry.unlink()
            os.mkfifo(entry, 0o600)

        self.spoil(fifo)

    def test_does_not_use_what_others_could_have_written(self):
        self.spoil(lambda entry: entry.chmod(0o660))
        self.spoil(lambda entry: os.chown(entry, 1000, 1000))

    def test_in_a_folder_that_others_can_write_is_none(self):
        self.enforced()
        before = self.entry().stat().st_ino
        for mode in (0o777, 0o720, 0o701):
            with self.subTest(mode=oct(mode)):
                self.cache.chmod(mode)
                self.enforced(warnings=1)
        self.cache.chmod(0o700)
        os.chown(self.cache, 1000, 1000)
        self.enforced(warnings=1)
        self.assertEqual(self.entry().stat().st_ino, before)

    def test_that_cannot_be_made_is_none(self):
        self.cache = pathlib.Path("/proc/nothing/cache")
        self.enforced()

    def test_on_a_full_disk_is_none(self):
        self.cache.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=700", "tmpfs", self.cache], check=True)
        self.addCleanup(subprocess.run, ["umount", self.cache], check=True)
        (self.cache / "fill").write_bytes(b"x" * 4096)
        self.enforced()
        self.assertEqual([entry.name for entry in self.cache.iterdir()], ["fill"])

    def test_is_filled_by_several_at_once(self):
        script = [self.runtime_program, "--root", self.root, "--seccomp-cache", self.cache, "run", "--bundle", self.bundle.path]
        self.process["args"] = ["/bin/call", str(MKDIR)]
        del self.linux["cgroupsPath"]
        self.bundle.write()
        runs = [subprocess.Popen([*script, f"{self.name}-{n}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for n in range(4)]
        for run in runs:
            out, err = run.communicate(timeout=60)
            self.assertEqual((out, err), (f"-{EIO}\n".encode(), b""))
        self.entry()


@not_on("runc", "version 1.1 ignores linux.personality")
class Personality(ContainerCase):
    @needs_32_bit_calls
    def test_linux32_makes_uname_tell_a_32_bit_machine(self):
        self.linux["personality"] = {"domain": "LINUX32"}
        self.running()
        self.assertNotEqual(self.exec("uname", "-m").out.strip(), platform.machine())
        self.delete_forcibly()
        self.assertNotEqual(self.sh("uname -m").strip(), platform.machine())

    def test_linux_is_the_machines_own(self):
        self.linux["personality"] = {"domain": "LINUX"}
        self.assertEqual(self.sh("uname -m").strip(), platform.machine())

    @needs_32_bit_calls
    def test_is_set_before_the_filter(self):
        self.linux["personality"] = {"domain": "LINUX32"}
        self.linux["seccomp"] = {"defaultAction": ALLOW, "syscalls": [rule(KILL, "personality")]}
        self.process["noNewPrivileges"] = True
        self.assertNotEqual(self.sh("uname -m").strip(), platform.machine())


if __name__ == "__main__":
    unittest.main()
