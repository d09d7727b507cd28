"""linux.netDevices: network devices of the host that become the container's. The devices are ends of virtual cables (veth)."""

import json
import subprocess
import unittest

from support import ContainerCase, TOKEN, only_crumb


def ip(*words):
    return subprocess.run(["ip", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@only_crumb("a member that is newer than Debian's runc and crun")
class NetDevices(ContainerCase):
    def setUp(self):
        super().setUp()
        self.tag = f"{TOKEN.rpartition('-')[2]}{ContainerCase.serial}"
        self.near, self.far = self.cable("n")

    def cable(self, letter):
        """A cable with both ends on the host; the near one is for the container."""
        near, far = f"{letter}{self.tag}", f"{letter}{self.tag}x"
        made = ip("link", "add", near, "type", "veth", "peer", "name", far)
        if "Unknown device type" in made.stderr:
            self.skipTest("this kernel has no virtual cables")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.addCleanup(ip, "link", "delete", far)
        return near, far

    def give(self, **devices):
        self.linux["netDevices"] = devices or {self.near: {"name": "eth0"}}

    def test_a_device_has_its_new_name_in_the_container_and_is_up(self):
        self.give()
        out = self.sh("ip link show eth0")
        self.assertIn("eth0", out)
        self.assertIn("UP", out.split(">")[0])

    def test_without_a_name_it_keeps_its_own(self):
        self.give(**{self.near: {}})
        self.assertIn(self.near, self.sh(f"ip link show {self.near}"))

    def test_it_is_gone_from_the_host_while_the_container_lives(self):
        self.give()
        self.create("/bin/true")
        self.assertNotEqual(ip("link", "show", self.near).returncode, 0)

    def test_the_cable_carries_data(self):
        ip("address", "add", "10.213.7.1/24", "dev", self.far)
        ip("link", "set", self.far, "up")
        ip("address", "add", "10.213.7.2/24", "dev", self.near)
        self.give()
        self.running("/bin/nc", "-l", "-p", "7777", "-e", "/bin/echo", "hello")

        def answer():
            return subprocess.run(["/bin/busybox", "nc", "-w", "2", "10.213.7.2", "7777"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        self.assertEqual(self.until(answer, "no answer through the cable"), "hello\n")

    def addresses(self, name, **popen):
        return [line.split()[1] for line in self.sh(f"ip address show {name}", **popen).splitlines() if line.split()[0] in ("inet", "inet6")]

    def test_permanent_addresses_of_global_scope_come_along(self):
        for address in ("10.213.8.2/24", "10.213.9.2/16", "fd00:213::2/64"):
            ip("address", "add", address, "dev", self.near)
        ip("address", "add", "10.213.10.2/24", "dev", self.near, "scope", "link")
        ip("address", "add", "10.213.11.2/24", "dev", self.near, "valid_lft", "1000", "preferred_lft", "1000")
        self.give()
        # The address that the kernel makes for a link that is up is not one of them.
        found = [address for address in self.addresses("eth0") if not address.startswith("fe80")]
        self.assertEqual(sorted(found), ["10.213.8.2/24", "10.213.9.2/16", "fd00:213::2/64"])

    def test_a_template_gives_the_first_free_name(self):
        other, _ = self.cable("m")
        self.give(**{self.near: {"name": "net%d"}, other: {"name": "net%d"}})
        out = self.sh("ip -o link show")
        self.assertIn("net0", out)
        self.assertIn("net1", out)

    def test_its_other_settings_stay(self):
        ip("link", "set", self.near, "mtu", "1300")
        self.give()
        self.assertIn("mtu 1300", self.sh("ip link show eth0"))

    def test_names_may_be_exchanged(self):
        other, _ = self.cable("m")
        self.give(**{self.near: {"name": other}, other: {"name": self.near}})
        out = self.sh("ip -o link show")
        self.assertIn(self.near, out)
        self.assertIn(other, out)

    def test_a_container_with_a_user_namespace_is_given_one_too(self):
        self.linux["namespaces"].append({"type": "user"})
        self.linux["uidMappings"] = self.linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        self.folder.chmod(0o755)
        self.give()
        self.assertIn("UP", self.sh("ip link show eth0").split(">")[0])

    def test_a_joined_namespace_is_given_one_too(self):
        with self.holder("--net") as pid:
            self.namespace("network", path=f"/proc/{pid}/ns/net")
            self.give()
            self.run_container("/bin/true")
            self.assertIn("eth0", subprocess.check_output(["nsenter", "-n", "-t", str(pid), "ip", "link"], text=True))

    def test_a_device_that_is_not_there_is_one_line_with_its_place(self):
        self.give(nothing={})
        self.run_fails("/bin/true", words='config.json: linux.netDevices["nothing"]: look for it: there is no such network device')

    def test_a_name_that_is_taken_is_one_line_with_its_place(self):
        self.give(**{self.near: {"name": "lo"}})
        self.run_fails("/bin/true", words=f'linux.netDevices["{self.near}"]: move it: the container has a network device of that name')
        self.assertEqual(ip("link", "show", self.near).returncode, 0, "it is no longer the host's")

    def test_the_loopback_device_cannot_be_moved(self):
        self.give(lo={"name": "lo1"})
        self.run_fails("/bin/true", words='linux.netDevices["lo"]: move it: this network device cannot be moved')

    def test_without_a_network_namespace_it_is_refused(self):
        self.namespace("network")
        self.give()
        self.run_fails("/bin/true", words="linux.netDevices: needs a \"network\" namespace")

    def test_features_say_it(self):
        self.assertTrue(json.loads(self.runtime("features").out)["linux"]["netDevices"]["enabled"])


if __name__ == "__main__":
    unittest.main()
