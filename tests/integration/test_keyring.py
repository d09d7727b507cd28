"""The session keyring: a new one for each container, which exec joins, unless the caller wants to keep its own."""

import unittest

from support import ContainerCase, only_crumb

# Of /proc/keys: serial, ..., permissions, uid, gid, type, description. It shows what the reader may see.
SESSION_KEYRINGS = "grep keyring /proc/keys | grep -o '_ses[^:]*'"


class Keyrings(ContainerCase):
    def setUp(self):
        super().setUp()
        self.linux["maskedPaths"] = []  # /proc/keys is one of them
        self.named = f"_ses.{self.name}"

    def keyrings(self, **popen):
        return self.sh(f"{SESSION_KEYRINGS} || true", **popen).split()

    def test_a_container_has_a_keyring_of_its_name(self):
        self.assertIn(self.named, self.keyrings())

    def test_no_new_keyring_keeps_that_of_the_caller(self):
        self.assertNotIn(self.named, self.keyrings(flags=("--no-new-keyring",)))

    def test_a_user_without_capabilities_finds_it(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.process["capabilities"] = {}
        self.assertIn(self.named, self.keyrings())

    def test_its_owner_may_search_it(self):
        permissions = self.sh(f"grep {self.named} /proc/keys").split()[4]
        self.assertTrue(int(permissions, 16) & 0x00080000, permissions)  # KEY_USR_SEARCH of keyctl(2)

    def test_exec_joins_it(self):
        self.running()
        self.assertIn(self.named, self.inside(f"{SESSION_KEYRINGS} || true").split())
        self.assertEqual(self.serials(self.inside("cat /proc/keys")), self.serials(self.inside("cat /proc/keys")))

    def serials(self, keys):
        """Those of the container's own keyring; one and the same for all its processes."""
        found = [line.split()[0] for line in keys.splitlines() if self.named in line]
        self.assertEqual(len(found), 1, keys)
        return found

    @only_crumb("exec's memory of --no-new-keyring")
    def test_exec_makes_none_when_the_container_has_none(self):
        self.running(flags=("--no-new-keyring",))
        self.assertNotIn(self.named, self.inside(f"{SESSION_KEYRINGS} || true").split())

    def test_two_containers_have_two(self):
        self.running()
        first = self.serials(self.inside("cat /proc/keys"))
        self.process["args"] = ["/bin/sh", "-c", "cat /proc/keys"]
        self.bundle.write()
        other = self.name + ".other"
        self.linux["cgroupsPath"] = "/" + other
        self.bundle.write()
        found = self.runtime("run", "--bundle", self.bundle.path, other).out
        second = [line.split()[0] for line in found.splitlines() if f"_ses.{other}" in line]
        self.assertEqual(len(second), 1, found)
        self.assertNotEqual(first, second)


if __name__ == "__main__":
    unittest.main()
