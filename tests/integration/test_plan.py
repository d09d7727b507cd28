"""`crumb plan`: what create would do, in words, without doing it."""

import unittest

from support import ContainerCase, only_crumb


@only_crumb("the plan command")
class Plan(ContainerCase):
    def plan(self):
        self.bundle.write()
        return self.runtime("plan", "--bundle", self.bundle.path).out

    def test_it_names_mounts_hostname_and_program(self):
        self.process["args"] = ["/bin/echo", "hello"]
        plan = self.plan()
        for words in ("/proc", "/dev/pts", "box", "/bin/echo"):
            self.assertIn(words, plan)

    def test_it_says_what_happens_if_the_program_is_a_module(self):
        self.assertIn("module", self.plan())

    def test_it_names_the_cgroups_and_limits(self):
        self.linux["resources"] = {"pids": {"limit": 44}}
        plan = self.plan()
        self.assertIn(self.linux["cgroupsPath"], plan)
        self.assertIn("44", plan)

    def test_it_starts_and_makes_nothing(self):
        self.plan()
        self.assertEqual(self.leftovers(), [])
        self.assertFalse(self.root.exists() and any(self.root.iterdir()))

    def test_it_is_the_same_twice(self):
        self.assertEqual(self.plan(), self.plan())

    def test_a_broken_config_is_refused_as_by_create(self):
        self.linux["namespaces"].append({"type": "galaxy"})
        self.bundle.write()
        self.fails("plan", "--bundle", self.bundle.path, words="linux.namespaces[6].type")


if __name__ == "__main__":
    unittest.main()
