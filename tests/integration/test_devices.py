"""The devices that a container may make and open: the list of cgroup version 1, the filter of version 2."""

import ctypes
import json
import os
import unittest

from support import IS_CRUMB, UNIFIED, ContainerCase, not_on

DENY_ALL = {"allow": False, "access": "rwm"}


def device(allow, kind, major, minor=None, access="rwm"):
    rule = {"allow": allow, "type": kind, "major": major, "access": access}
    return rule if minor is None else {**rule, "minor": minor}


def programs():
    """Numbers of the eBPF programs that the kernel has (BPF_PROG_GET_NEXT_ID)."""
    get_next, number = 11, {"x86_64": 321, "aarch64": 280}[os.uname().machine]
    found, attributes = set(), (ctypes.c_uint32 * 8)()
    while ctypes.CDLL(None).syscall(number, get_next, attributes, ctypes.sizeof(attributes)) == 0:
        attributes[0] = attributes[1]  # next_id becomes start_id
        found.add(attributes[0])
    return found


class Devices(ContainerCase):
    """The device 240:7, for which no machine has a driver: where it may be opened the kernel looks for one in vain."""

    def rules(self, *rules):
        self.linux["resources"] = {"devices": list(rules)}

    @staticmethod
    def opening(how, kind="c", number="240 7"):
        """A command that succeeds where the container's rules let it open the device."""
        return f"(rm -f /tmp/node; mknod /tmp/node {kind} {number} && ! exec 3{how}/tmp/node) 2>&1 | grep -q 'No such device'"

    def outcomes(self, *commands):
        """For each command whether it succeeded in the container."""
        script = "; ".join(f"if {command}; then echo yes; else echo no; fi" for command in commands)
        return self.sh(script).split()

    READ, WRITE = opening("<"), opening(">")

    def test_without_rules_only_what_every_container_has_can_be_opened(self):
        self.assertEqual(self.outcomes("head -c 1 /dev/zero | grep -q ''", "(exec 3<> /dev/null)", self.READ), ["yes", "yes", "no"])

    def test_nodes_of_other_devices_can_be_made_but_not_opened(self):
        self.rules(DENY_ALL)
        self.assertEqual(self.outcomes("mknod /tmp/loop b 240 0", self.opening("<", "b", "240 0")), ["yes", "no"])

    def test_an_allowed_device_can_be_made_and_opened(self):
        self.rules(DENY_ALL, device(True, "c", 240, 7))
        self.assertEqual(self.outcomes(self.READ, self.WRITE), ["yes", "yes"])

    def test_rights_are_told_apart(self):
        self.rules(DENY_ALL, device(True, "c", 240, 7, "r"))
        self.assertEqual(self.outcomes(self.READ, self.WRITE), ["yes", "no"])

    def test_all_devices_of_a_major_number_can_be_allowed(self):
        self.rules(DENY_ALL, device(True, "c", 240))
        self.assertEqual(self.outcomes(self.READ), ["yes"])

    def test_everything_can_be_allowed(self):
        self.rules(DENY_ALL, {"allow": True, "access": "rwm"})
        self.assertEqual(self.outcomes(self.READ, self.WRITE), ["yes", "yes"])

    def test_a_device_can_be_denied_where_all_others_are_allowed(self):
        self.rules({"allow": True, "access": "rwm"}, device(False, "c", 240, 7))
        self.assertEqual(self.outcomes(self.READ), ["no"])

    def test_what_stands_before_a_rule_about_everything_does_not_matter(self):
        self.rules(device(True, "c", 240, 7), DENY_ALL)
        self.assertEqual(self.outcomes(self.READ), ["no"])

    def test_a_process_of_exec_has_the_same_devices(self):
        self.rules(DENY_ALL)
        self.running()
        self.assertNotEqual(self.exec("/bin/sh", "-c", self.READ, code=None).code, 0)

    @not_on("crun", "follows v1 in silence")
    def test_an_exception_from_an_exception_holds_or_is_refused(self):
        self.rules(DENY_ALL, device(True, "c", 240), device(False, "c", 240, 7))
        if UNIFIED:
            result = self.run_container("/bin/sh", "-c", self.READ + " && echo opened", code=None)
            self.assertNotIn("opened", result.out)
        else:
            self.run_fails("/bin/true", words="exception" if IS_CRUMB else "cannot punch hole")

    @not_on("runc", "leaves devices out")
    @not_on("crun", "Debian's likewise")
    def test_update_replaces_the_rules_of_a_running_container(self):
        self.rules(DENY_ALL)
        self.running()
        self.assertNotEqual(self.exec("/bin/sh", "-c", self.READ, code=None).code, 0)
        for allowed in (True, False):
            rules = [DENY_ALL] + ([device(True, "c", 240, 7)] if allowed else [])
            self.runtime("update", "--resources", "-", self.name, input=json.dumps({"devices": rules}))
            self.assertEqual(self.exec("/bin/sh", "-c", self.READ, code=None).code == 0, allowed)

    @unittest.skipUnless(UNIFIED, "version 1 has a list")
    def test_no_program_stays_in_the_kernel(self):
        before = programs()
        self.rules(DENY_ALL)
        self.run_container("/bin/true")
        self.until(lambda: programs() <= before, "a program is left in the kernel")


if __name__ == "__main__":
    unittest.main()
