"""AppArmor for real: the guest's kernel has it in force; run by tests/vm."""

import pathlib
import subprocess
import unittest

from support import ContainerCase

SECURITYFS = pathlib.Path("/sys/kernel/security")
NAME = "crumb-test"
CONFINED = f"{NAME} (enforce)"
PROFILE = f"""profile {NAME} flags=(attach_disconnected, mediate_deleted) {{
  file,
  capability,
  signal,
  deny /secret r,
}}
profile {NAME}-other flags=(attach_disconnected, mediate_deleted) {{
  file,
  capability,
}}
"""


def load_profiles():
    if not (SECURITYFS / "apparmor").is_dir():
        subprocess.run(["mount", "-t", "securityfs", "securityfs", SECURITYFS], check=True)
    subprocess.run(["apparmor_parser", "--replace", "--skip-cache"], input=PROFILE, text=True, check=True)


class AppArmor(ContainerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        load_profiles()

    def setUp(self):
        super().setUp()
        self.process["apparmorProfile"] = NAME
        self.bundle.file("/secret", "known\n")

    def test_the_program_is_under_its_profile(self):
        self.assertEqual(self.sh("cat /proc/self/attr/current").strip("\0\n"), CONFINED)

    def test_without_one_it_is_unconfined(self):
        self.process["apparmorProfile"] = ""
        self.assertEqual(self.sh("cat /proc/self/attr/current; cat /secret").strip("\0\n"), "unconfined\nknown")

    def test_what_it_denies_is_denied(self):
        self.assertIn("Permission denied", self.sh("cat /secret 2>&1; true"))

    def test_a_module_is_under_it_too(self):
        self.bundle.guest("procfs", "/opens.wasm")
        for profile, opened in ((NAME, False), ("", True)):
            with self.subTest(profile):
                self.process["apparmorProfile"] = profile
                result = self.run_container("/opens.wasm", "/tmp", "/secret")
                self.assertEqual("opened /secret" in result.err, opened, result)

    def test_with_no_new_privileges(self):
        self.process["noNewPrivileges"] = True
        self.assertEqual(self.sh("cat /proc/self/attr/current").strip("\0\n"), CONFINED)

    def test_where_the_images_procfs_is_a_fake(self):
        # What CVE-2019-16884 was: the label written to files of the container's.
        fake = self.bundle.directory("/fake")
        for name in ("self", "thread-self"):
            for path in ("exec", "apparmor/exec"):
                self.bundle.file(f"/fake/{name}/attr/{path}", mode=0o666)
        self.config["mounts"] = [mount for mount in self.config["mounts"] if mount["type"] != "proc"]
        self.linux["maskedPaths"] = self.linux["readonlyPaths"] = []
        self.mount("/proc", fake, "bind", ("rbind",))
        self.assertIn("Permission denied", self.sh("cat /secret 2>&1; true"))

    def test_exec_is_under_the_containers(self):
        self.running()
        self.assertEqual(self.inside("cat /proc/self/attr/current").strip("\0\n"), CONFINED)

    def test_exec_may_have_another(self):
        self.running()
        result = self.runtime("exec", "--apparmor", f"{NAME}-other", self.name, "/bin/cat", "/proc/self/attr/current")
        self.assertEqual(result.out.strip("\0\n"), f"{NAME}-other (enforce)")

    def test_one_that_is_not_loaded_is_an_error_that_names_it(self):
        self.process["apparmorProfile"] = "never-loaded"
        result = self.run_fails("/bin/true", words='AppArmor profile "never-loaded"')
        self.assertIn("the profile is not loaded", result.err)


if __name__ == "__main__":
    unittest.main()
