"""crumb-aot when it was taken over: LLVM compiles what a stranger wrote. attackers/compiler.c stands in for a function of LLVM.

Each attack is also made before the walls are there, and works: so it is the wall that stops it."""

import os
import pathlib
import signal
import subprocess
import unittest

from security_case import ATTACKERS, RUNTIME, SecurityCase
from support import guests

COMPILER = pathlib.Path(os.environ.get("CRUMB_AOT") or pathlib.Path(RUNTIME).resolve().parents[1] / "libexec/crumb/crumb-aot")
WORKS, REFUSED = 77, 78
# Attack -> how it ends. A file that cannot be opened is what libraries may ask for; all else is nothing that a compiler does.
ATTACKS = {
    "read": REFUSED, "write": REFUSED, "limit": REFUSED, "code": -signal.SIGSYS, "protect": -signal.SIGSYS,
    **dict.fromkeys(["unlink", "socket", "execute", "fork", "trace", "signal", "memory", "memfd", "namespace", "mount", "user",
                     "dumpable", "duplicate"], -signal.SIGSYS),
}
ID_FIRST = 2000000000  # src/aot/walls.cc


@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class Walls(SecurityCase):
    def setUp(self):
        super().setUp()
        self.victim = self.scratch / "victim"
        self.scratch.chmod(0o777)

    def start(self, attack, command=(COMPILER,), **environment):
        module = open(guests() / "hello.wasm", "rb")
        self.addCleanup(module.close)
        process = subprocess.Popen(command, stdin=module, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                   env={"LD_PRELOAD": str(ATTACKERS / "compiler.so"), "ATTACK": attack, "VICTIM": str(self.victim),
                                        "PATH": os.environ["PATH"], **environment})
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def end_of(self, attack, **options):
        self.victim.write_text("")
        process = self.start(attack, **options)
        process.communicate(timeout=20)
        return process.returncode

    def waiting(self, **options):
        """The pid of one that has all its walls, and /proc/PID/status."""
        process = self.start("wait", **options)
        facts = self.until(lambda: self.status(process.pid, "2"), "it does not close the last wall")
        return process.pid, facts

    @staticmethod
    def status(pid, seccomp):
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        facts = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
        return facts if facts["Seccomp"] == [seccomp] else None

    def namespaces(self, pid):
        return {name: os.readlink(f"/proc/{pid}/ns/{name}") for name in ("mnt", "net", "ipc", "uts")}

    def test_no_attack_works(self):
        for attack, end in ATTACKS.items():
            with self.subTest(attack=attack):
                self.assertEqual(self.end_of(attack), end)

    def test_every_attack_works_before_the_walls(self):
        for attack in ATTACKS:
            with self.subTest(attack=attack):
                self.assertEqual(self.end_of(attack, EARLY="1"), WORKS)

    def test_no_attack_works_where_no_namespace_may_be_made(self):
        for attack, end in ATTACKS.items():
            with self.subTest(attack=attack):
                self.assertEqual(self.end_of(attack, NO_NAMESPACES="1"), end)

    def test_no_attack_works_for_an_ordinary_user(self):
        """Who may make a namespace of users, or not: as the machine has it."""
        for attack, end in ATTACKS.items():
            with self.subTest(attack=attack):
                self.assertEqual(self.end_of(attack, command=("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", COMPILER)), end)

    def test_it_is_a_user_of_its_own_without_any_right(self):
        pid, facts = self.waiting()
        self.assertEqual(facts["Uid"], [str(ID_FIRST + pid)] * 4)
        self.assertEqual(facts["Gid"], [str(ID_FIRST + pid)] * 4)
        self.assertEqual(facts["Groups"], [])
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(facts[name][0], 16), 0, name)
        self.assertEqual(facts["NoNewPrivs"], ["1"])

    def test_it_shares_no_namespace_and_sees_no_file(self):
        pid, _ = self.waiting()
        for name, mine in self.namespaces("self").items():
            self.assertNotEqual(os.readlink(f"/proc/{pid}/ns/{name}"), mine)
        self.assertEqual(pathlib.Path(f"/proc/{pid}/mountinfo").read_text().count("\n"), 1)
        self.assertEqual(os.listdir(f"/proc/{pid}/root/"), [])

    def test_it_holds_the_module_what_it_writes_to_and_a_file_in_memory(self):
        pid, _ = self.waiting()
        held = {os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")}
        self.assertEqual(held - {"/dev/null"}, {str(guests() / "hello.wasm"), os.readlink(f"/proc/{pid}/fd/3"), "/memfd:stack-usage (deleted)"})

    def test_it_may_take_no_descriptor_process_or_locked_memory(self):
        pid, _ = self.waiting()
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()
        for name in ("Max open files", "Max processes", "Max locked memory", "Max core file size", "Max msgqueue size"):
            (line,) = [line for line in limits if line.startswith(name)]
            self.assertEqual(line[len(name):].split()[:2], ["0", "0"], name)

    def test_an_ordinary_user_has_no_rights_either(self):
        _, facts = self.waiting(command=("setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", COMPILER))
        for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(int(facts[name][0], 16), 0, name)
        self.assertEqual(facts["NoNewPrivs"], ["1"])


if __name__ == "__main__":
    unittest.main()
