"""features: what the runtime says of itself."""

import json
import unittest

from support import IS_CRUMB, ContainerCase, not_on


@not_on("crun", "Debian's has other members")
class Features(ContainerCase):
    def features(self):
        return json.loads(self.runtime("features").out)

    def test_it_is_json_with_the_members_of_the_specification(self):
        features = self.features()
        self.assertEqual(features["ociVersionMin"], "1.0.0")
        for name in ("mount", "pid", "network"):
            self.assertIn(name, features["linux"]["namespaces"])
        for option in ("bind", "ro", "rro", "nosuid"):
            self.assertIn(option, features["mountOptions"])
        self.assertIn("CAP_SYS_ADMIN", features["linux"]["capabilities"])
        self.assertTrue(features["linux"]["cgroup"]["v1"])
        self.assertTrue(features["linux"]["cgroup"]["v2"])

    def test_every_namespace_that_is_named_can_be_made(self):
        if not IS_CRUMB:
            self.skipTest("what another runtime names is its own affair")
        names = self.features()["linux"]["namespaces"]
        self.linux["namespaces"] = [{"type": name} for name in names if name not in ("user", "time")]
        self.assertEqual(self.sh("echo yes"), "yes\n")

    def test_it_takes_no_arguments(self):
        self.assertNotEqual(self.runtime("features", "x", code=None).code, 0)


if __name__ == "__main__":
    unittest.main()
