"""Labels of security modules. No machine of these tests has one: what is shown is that nothing is silently left out."""

import json
import os
import unittest

from support import IS_CRUMB, ContainerCase, crumb_says, not_on

APPARMOR = os.path.exists("/sys/module/apparmor/parameters/enabled")
SELINUX = os.path.isdir("/sys/fs/selinux") and bool(os.listdir("/sys/fs/selinux"))


@unittest.skipIf(APPARMOR, "this kernel has AppArmor")
class WithoutAppArmor(ContainerCase):
    def test_a_profile_is_an_error(self):
        self.process["apparmorProfile"] = "some-profile"
        self.run_fails("/bin/true", words=crumb_says('config.json: process.apparmorProfile: "some-profile" cannot be in force: '
                                                     "AppArmor is not enabled on this kernel"))

    def test_an_empty_profile_is_none(self):
        self.process["apparmorProfile"] = ""
        self.run_container("/bin/true")

    def test_a_profile_for_exec_is_an_error(self):
        self.running()
        process = {**self.process, "args": ["/bin/true"], "apparmorProfile": "some-profile"}
        (self.scratch / "process.json").write_text(json.dumps(process))
        self.fails("exec", "--process", self.scratch / "process.json", self.name, words=crumb_says("apparmorProfile"))

    def test_a_profile_by_exec_s_flag_is_an_error(self):
        self.running()
        self.fails("exec", "--apparmor", "some-profile", self.name, "/bin/true", words=crumb_says("AppArmor is not enabled"))


@unittest.skipIf(SELINUX, "this kernel has SELinux")
class WithoutSELinux(ContainerCase):
    @not_on("crun", "ignores it")
    def test_a_label_is_an_error(self):
        self.process["selinuxLabel"] = "system_u:system_r:container_t:s0:c1,c2"
        self.run_fails("/bin/true", words=crumb_says("config.json: process.selinuxLabel: "))

    @not_on("crun", "ignores it")
    @not_on("runc", "1.1 hands it to mount(2), whatever comes of it")
    def test_a_label_of_mounts_is_an_error(self):
        self.linux["mountLabel"] = "system_u:object_r:container_file_t:s0:c1,c2"
        self.run_fails("/bin/true", words=crumb_says("config.json: linux.mountLabel: "))

    @not_on("crun", "ignores it")
    def test_a_label_by_exec_s_flag_is_an_error(self):
        self.running()
        self.fails("exec", "--process-label", "system_u:system_r:container_t:s0", self.name, "/bin/true",
                   words=crumb_says("selinuxLabel"))

    def test_empty_labels_are_none(self):
        self.process["selinuxLabel"] = self.linux["mountLabel"] = ""
        self.run_container("/bin/true")

    def test_the_kind_of_label_for_mounts_is_checked(self):
        if not IS_CRUMB:
            self.skipTest("runc does not know the annotation, crun looks at it only with SELinux")
        self.config["annotations"] = {"run.oci.mount_context_type": "sidecontext"}
        self.run_fails("/bin/true", words='config.json: annotations["run.oci.mount_context_type"]: "sidecontext" is none of')


if __name__ == "__main__":
    unittest.main()
