"""The second wall: somebody who has got out of a module's memory and has its engine's process finds little that it can do.

The attacker takes the process over with ptrace, from outside, and has it make one system call: so the engine under test is the one
that is installed. What the wall stops is seen to succeed in the same process before its first instruction, when there is no wall yet;
the rest was seen to succeed with raise_wall() of src/engine/wall.cc doing nothing."""

import os
import pathlib
import re
import subprocess
import unittest

from security_case import ATTACKERS, RUNTIME, SecurityCase
from support import guests

ENGINE = pathlib.Path(RUNTIME).resolve().parent / "crumb-wasm"
KILLED, STOPPED = "killed 31", "exited 159"
# call: how it ends without a wall. A number below zero is what the kernel has to say to these arguments, or to this machine.
NATIVE_CODE = {"execve": "0", "execveat": "0", "mmap": r"\d+", "mprotect": "0"}
FORBIDDEN = {
    "socket": r"\d+", "socketpair": "0", "fork": "-22", "unshare": "0", "setns": "-9", "ptrace": "-3", "process_vm_writev": "0",
    "process_vm_readv": "0", "pidfd_open": r"\d+", "kill": "0", "tgkill": "0", "io_uring_setup": r"\d+|-1|-38",
    "userfaultfd": r"\d+|-1|-38", "bpf": r"\d+|-1", "perf_event_open": "-2|-13", "fsopen": r"\d+", "mount": "-2", "chroot": "0",
    "open_by_handle_at": "-22", "name_to_handle_at": "-14", "memfd_create": r"\d+", "personality": r"\d+", "setuid": "0", "keyctl": r"\d+|-38", "prlimit64": "0",
    "sigaction": "0", "chmod": "-2", "mknod": "-2",
}
REFUSED = {"clone3": "-38", "prctl": "-22", "ioctl": "-25"}  # what a libc may try, or a guest with a strange descriptor


@unittest.skipUnless(os.uname().machine == "x86_64", "the attacker knows the registers of x86_64")
class WallCase(SecurityCase):
    def possess(self, *words):
        done = subprocess.run([ATTACKERS / "possess", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              timeout=20, check=True)
        return done.stdout.strip()

    def engine(self, *options):
        """A guest that sleeps, by the engine alone, when it runs. options: as in src/wire/engine_options.h."""
        descriptors = [os.open(guests() / "sleep.wasm", os.O_RDONLY), os.memfd_create("options")]
        os.write(descriptors[1], "".join(f"{one}\0" for one in (f"module={descriptors[0]}", "name=/guest.wasm", *options)).encode())
        process = subprocess.Popen(["guest", "1000"], executable=ENGINE, env={"CRUMB_WASM_OPTIONS": str(descriptors[1])}, text=True,
                                   pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for descriptor in descriptors:
            os.close(descriptor)
        self.addCleanup(self.finish, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    @staticmethod
    def finish(process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def ends(self, call, *options):
        """How a call ends in the process of a guest with these options, and what is said."""
        process = self.engine(*options)
        ending = self.possess(process.pid, call)
        process.kill()
        return ending, process.stderr.read()


class Calls(WallCase):
    def test_the_attacker_succeeds_where_there_is_no_wall(self):
        for call, ending in {**NATIVE_CODE, **FORBIDDEN}.items():
            with self.subTest(call):
                self.assertRegex(self.possess("--first", call, ENGINE), rf"\Areturned ({ending})\Z")

    def test_bringing_in_native_code_kills_the_process(self):
        for call in NATIVE_CODE:
            with self.subTest(call):
                self.assertEqual(self.ends(call), (KILLED, ""))

    def test_a_call_that_no_guest_needs_ends_the_process_with_one_line(self):
        for call in FORBIDDEN:
            with self.subTest(call):
                ending, said = self.ends(call)
                self.assertEqual(ending, STOPPED)
                self.assertRegex(said, r"\Acrumb: /guest.wasm: stopped: the guest's policy does not allow its engine system call \d+\n\Z")

    def test_what_a_libc_may_try_fails_and_ends_nothing(self):
        for call, error in REFUSED.items():
            with self.subTest(call):
                self.assertEqual(self.ends(call), (f"returned {error}", ""))

    def test_what_a_guest_needs_is_there(self):
        for call in ("nothing", "open"):
            with self.subTest(call):
                self.assertRegex(self.ends(call)[0], r"\Areturned \d+\Z")


class Policies(WallCase):
    def test_a_guest_without_sockets_uses_none(self):
        self.assertEqual(self.ends("getsockopt", "network=none")[0], "returned -13")
        self.assertEqual(self.ends("socket", "network=none")[0], STOPPED)

    def test_a_guest_with_the_sockets_that_were_handed_over_makes_none(self):
        self.assertEqual(self.ends("getsockopt", "network=listen")[0], "returned -9")
        self.assertEqual(self.ends("socket", "network=listen")[0], STOPPED)

    def test_a_guest_with_a_network_makes_sockets(self):
        self.assertRegex(self.ends("socket", "network=all")[0], r"\Areturned \d+\Z")

    def test_a_guest_without_directories_opens_nothing(self):
        self.assertEqual(self.ends("open", "preopen=none")[0], "returned -13")

    def test_a_guest_with_read_only_directories_writes_nothing(self):
        self.assertRegex(self.ends("open", "preopen=ro /")[0], r"\Areturned \d+\Z")
        for call, error in (("write", -21), ("make", -17)):  # of a directory, and of one that is there
            with self.subTest(call):
                self.assertEqual(self.ends(call, "preopen=ro /")[0], "returned -13")
                self.assertEqual(self.ends(call, "preopen=rw /")[0], f"returned {error}")

    def test_a_guest_without_threads_starts_none(self):
        self.assertEqual(self.ends("sigaction", "threads=0")[0], STOPPED)


class Containers(WallCase):
    """The same below crumb."""

    def setUp(self):
        super().setUp()
        self.bundle.guest("sleep", "/sleep.wasm")

    def guest(self, **options):
        running = self.spawn_run("/sleep.wasm", "1000", **options)
        self.until(lambda: "ready" in running.output(), "the guest does not start")
        return running

    def status(self, key):
        return re.search(rf"(?m)^{key}:\s*(\S+)$", pathlib.Path(f"/proc/{self.pid()}/status").read_text())[1]

    def test_a_container_ends_as_its_engine_does(self):
        for call, code in (("mprotect", 159), ("unshare", 159)):
            with self.subTest(call):
                running = self.guest()
                self.possess(self.pid(), call)
                self.assertEqual(running.wait().code, code)
                self.delete_forcibly()

    def test_a_process_of_exec_has_its_own_wall(self):
        self.running("/sleep.wasm", "1000")
        running = self.spawn("exec", self.name, "/sleep.wasm", "1000")
        self.until(lambda: "ready" in running.output(), "the guest does not start")
        process = next(pid for pid in self.processes() if pid != self.pid() and self.command_of(pid) == b"/sleep.wasm\x001000\x00")
        self.assertEqual(self.possess(process, "unshare"), STOPPED)
        self.assertEqual(running.wait().code, 159)

    @staticmethod
    def command_of(pid):
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()

    def test_a_guest_has_the_capabilities_that_it_can_use(self):
        names = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_RAW", "NET_BIND_SERVICE", "SETUID", "SYS_ADMIN", "SYS_CHROOT")
        everything = [f"CAP_{name}" for name in names]
        self.process["capabilities"] = {kind: everything for kind in ("bounding", "effective", "permitted", "inheritable")}
        for network, sets in (("none", "000000000000000a"), ("all", "000000000000040a")):  # DAC_OVERRIDE, FOWNER, NET_BIND_SERVICE
            with self.subTest(network):
                self.config["annotations"] = {"run.crumb.wasm.network": network}
                self.guest()
                self.assertEqual([self.status(f"Cap{kind}") for kind in ("Inh", "Prm", "Eff", "Amb")], ["0" * 16, sets, sets, "0" * 16])
                self.delete_forcibly()

    def test_a_guest_gains_no_privileges(self):
        self.process["noNewPrivileges"] = False
        self.guest()
        self.assertEqual((self.status("NoNewPrivs"), self.status("Seccomp")), ("1", "2"))


if __name__ == "__main__":
    unittest.main()
