"""linux.sysctl and domainname: what belongs to the container's namespaces is set there and nowhere else."""

import os
import pathlib
import subprocess
import unittest

from support import ContainerCase, crumb_says, not_on, only_crumb


def on_the_host(name):
    return (pathlib.Path("/proc/sys") / name.replace(".", "/")).read_text()


class Settings(ContainerCase):
    def setting(self, name, value, path=None):
        """What the container finds after linux.sysctl has set this; the host's own stays."""
        path = path or name.replace(".", "/")
        before = (pathlib.Path("/proc/sys") / path).read_text() if os.path.exists(f"/proc/sys/{path}") else None
        self.linux["sysctl"] = {name: value}
        found = self.sh(f"cat /proc/sys/{path}")
        if before is not None:
            self.assertEqual((pathlib.Path("/proc/sys") / path).read_text(), before)
        return found.split()

    def test_a_setting_of_the_network_namespace(self):
        self.assertEqual(self.setting("net.ipv4.ip_unprivileged_port_start", "81"), ["81"])

    def test_a_setting_of_the_ipc_namespace(self):
        self.assertEqual(self.setting("kernel.msgmax", "12345"), ["12345"])

    def test_a_setting_of_several_numbers(self):
        self.assertEqual(self.setting("kernel.sem", "251 32001 101 129"), ["251", "32001", "101", "129"])

    def test_a_setting_of_message_queues(self):
        self.assertEqual(self.setting("fs.mqueue.msg_max", "17"), ["17"])

    def test_the_domain_name_of_the_uts_namespace(self):
        self.assertEqual(self.setting("kernel.domainname", "example.org"), ["example.org"])

    @not_on("runc", "1.1 knows no other separator")
    def test_slashes_separate_too_when_they_come_first(self):
        self.assertEqual(self.setting("net/ipv4/ip_unprivileged_port_start", "81", "net/ipv4/ip_unprivileged_port_start"), ["81"])

    @only_crumb("sysctl(8)'s rule for names that hold dots")
    def test_a_slash_stands_for_a_dot_in_the_name_of_a_device(self):
        self.linux["sysctl"] = {"net.ipv4.conf.eth0/100.forwarding": "1"}
        self.run_fails("/bin/true", words='sysctl "net/ipv4/conf/eth0.100/forwarding": this kernel has no such setting')

    def test_several_settings(self):
        self.linux["sysctl"] = {"net.core.somaxconn": "77", "net.ipv4.ip_unprivileged_port_start": "81", "kernel.shmmni": "99"}
        self.assertEqual(self.sh("cd /proc/sys; cat net/core/somaxconn net/ipv4/ip_unprivileged_port_start kernel/shmmni"), "77\n81\n99\n")

    def test_settings_of_a_network_namespace_that_is_joined(self):
        with self.holder("--net") as pid:
            self.namespace("network", path=f"/proc/{pid}/ns/net")
            self.assertEqual(self.setting("net.ipv4.ip_unprivileged_port_start", "81"), ["81"])

    def test_no_proc_in_the_container_is_needed(self):
        self.config["mounts"] = [m for m in self.config["mounts"] if m["destination"] != "/proc"]
        self.linux.update(maskedPaths=[], readonlyPaths=[], sysctl={"kernel.domainname": "unseen.example"})
        self.running()
        self.assertEqual(pathlib.Path(f"/proc/{self.pid()}/root/proc").exists(), True)
        self.assertEqual(self.host_view("kernel/domainname"), "unseen.example")

    def host_view(self, path):
        out = subprocess.run(["nsenter", "-t", str(self.pid()), "-u", "cat", f"/proc/sys/{path}"], stdout=subprocess.PIPE, check=True)
        return out.stdout.decode().strip()

    @only_crumb("the order of settings and of /proc/sys made read-only")
    def test_readonly_proc_sys_does_not_hinder_them(self):
        self.linux["readonlyPaths"] = ["/proc/sys"]
        self.assertEqual(self.setting("net.ipv4.ip_unprivileged_port_start", "81"), ["81"])


class Refused(ContainerCase):
    def refused(self, name, words, value="1"):
        self.linux["sysctl"] = {name: value}
        self.run_fails("/bin/true", words=crumb_says(f'config.json: linux.sysctl["{name}"]: {words}'))

    def test_a_setting_of_the_whole_machine(self):
        before = on_the_host("vm.swappiness")
        self.refused("vm.swappiness", "does not belong to a namespace", "1")
        self.assertEqual(on_the_host("vm.swappiness"), before)

    def test_the_program_that_handles_core_dumps(self):
        before = on_the_host("kernel.core_pattern")
        self.refused("kernel.core_pattern", "does not belong to a namespace", "|/bin/true")
        self.assertEqual(on_the_host("kernel.core_pattern"), before)

    def test_a_network_setting_in_the_hosts_network(self):
        self.namespace("network")
        self.config["mounts"] = [m for m in self.config["mounts"] if m["destination"] != "/sys"]
        self.refused("net.ipv4.ip_forward", 'needs a "network" namespace')

    def test_a_network_setting_when_the_hosts_network_is_joined_by_path(self):
        self.namespace("network", path="/proc/self/ns/net")
        self.refused("net.ipv4.ip_forward", "belongs to the network namespace, and the container shares the host's")

    def test_an_ipc_setting_in_the_hosts_ipc_namespace(self):
        self.namespace("ipc")
        self.config["mounts"] = [m for m in self.config["mounts"] if m["destination"] != "/dev/mqueue"]
        self.refused("kernel.msgmax", 'needs a "ipc" namespace')

    def test_the_host_name_has_a_member_of_its_own(self):
        self.refused("kernel.hostname", 'is what "hostname" is for', "other")

    @not_on("runc", "1.1 has no domainname")
    @not_on("crun", "1.8.1 takes it")
    def test_a_domain_name_that_contradicts(self):
        self.config["domainname"] = "one.example"
        self.refused("kernel.domainname", 'contradicts "domainname"', "two.example")

    def test_settings_of_users_without_a_user_namespace(self):
        self.refused("user.max_user_namespaces", 'needs a "user" namespace')

    def test_a_name_that_climbs_out_of_its_namespace(self):
        for name in ("net/../vm/swappiness", "net.ipv4..x", "net/ipv4/", "fs/mqueue/../../vm/swappiness"):
            with self.subTest(name):
                self.refused(name, "is not the name of a kernel setting")

    def test_a_setting_that_the_kernel_does_not_have(self):
        self.linux["sysctl"] = {"net.ipv4.no_such_setting": "1"}
        self.run_fails("/bin/true", words=crumb_says('sysctl "net/ipv4/no_such_setting": this kernel has no such setting'))

    def test_a_value_that_the_kernel_refuses(self):
        self.linux["sysctl"] = {"net.ipv4.ip_forward": "many"}
        self.run_fails("/bin/true", words=crumb_says('sysctl "net/ipv4/ip_forward": Invalid argument'))


class Domainname(ContainerCase):
    @not_on("runc", "1.1 ignores it")
    @not_on("crun", "1.8.1 ignores it")
    def test_the_domain_name_is_set(self):
        self.config["domainname"] = "example.org"
        self.assertEqual(self.sh("cat /proc/sys/kernel/domainname"), "example.org\n")
        self.assertNotEqual(on_the_host("kernel.domainname"), "example.org\n")

    @only_crumb("domainname")
    def test_it_needs_a_uts_namespace(self):
        del self.config["hostname"]
        self.namespace("uts")
        self.config["domainname"] = "example.org"
        self.run_fails("/bin/true", words='config.json: domainname: needs a "uts" namespace')


if __name__ == "__main__":
    unittest.main()
