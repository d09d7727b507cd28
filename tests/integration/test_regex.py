"""kill --regex and delete --regex: several containers at once, as crun has it."""

import unittest

from support import IS_CRUMB, ContainerCase, crumb_says, not_on


@not_on("runc", "has no --regex")
class Regex(ContainerCase):
    def ids(self, *ends):
        return [f"{self.name}.{end}" for end in ends]

    def make(self, *ends):
        """Containers that run until they are killed."""
        for id in self.ids(*ends):
            self.linux["cgroupsPath"] = "/" + id
            self.create("/bin/sleep", "1000", id=id)
            self.start(id)
        return self.ids(*ends)

    def test_kill_reaches_every_container_that_matches_and_no_other(self):
        one, two, other = self.make("one", "two", "other")
        self.runtime("kill", "--regex", r"\.(one|two)$", "KILL")
        self.wait_status("stopped", one)
        self.wait_status("stopped", two)
        self.assertEqual(self.status(other), "running")

    def test_delete_removes_every_container_that_matches_and_no_other(self):
        one, other = self.make("one", "other")
        self.runtime("delete", "--force", "-r", r"\.one$")
        self.runtime("state", one, code=1)
        self.assertEqual(self.status(other), "running")

    def test_what_cannot_be_done_with_one_does_not_stop_the_others(self):
        alive, dead = self.make("alive", "dead")
        self.runtime("kill", dead, "KILL")
        self.wait_status("stopped", dead)
        result = self.runtime("delete", "--regex", r"\.(alive|dead)$")
        self.runtime("state", dead, code=1)
        self.assertEqual(self.status(alive), "running")
        if IS_CRUMB:
            self.assertIn(alive, result.err)

    def test_no_match_is_no_error(self):
        self.runtime("kill", "--regex", "^nothing$", "KILL")
        self.runtime("delete", "--regex", "^nothing$")

    def test_without_the_option_an_id_is_an_id(self):
        self.fails("kill", ".*", words=crumb_says("container id"))

    @not_on("crun", "takes it for one that matches nothing")
    def test_what_is_no_expression_is_an_error(self):
        for command in ("kill", "delete"):
            self.fails(command, "--regex", "(", words=crumb_says(f'{command}: "(" is no regular expression: '))


if __name__ == "__main__":
    unittest.main()
