"""crumb does what runc does, or differences.py says why not. Each test is one row of the table of behaviours."""

import unittest

import behaviours
import differences
import observe
from lab import ending
from support import Result


class Rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seen = observe.all_rows()

    def compare(self, row):
        complaint = differences.complaint_of_row(row, self.seen)
        if complaint:
            self.fail(complaint)


def add_test(row):
    name = "test_" + "".join(letter if letter.isalnum() else "_" for letter in row)
    setattr(Rows, name, lambda self: self.compare(row))


for each in behaviours.ROWS:
    add_test(each)


class Differences(unittest.TestCase):
    def test_each_is_one_of_a_row(self):
        self.assertEqual(set(differences.BEHAVIOURS) - set(behaviours.ROWS), set())


class Endings(unittest.TestCase):
    """What is seen of the end of a command."""

    def test_an_exit_code_and_the_words_that_callers_look_for(self):
        result = Result(1, "", 'level=error msg="exec: \\"x\\": executable file not found in $PATH"\n')
        self.assertEqual(ending(result), '1, "executable file not found in $PATH"')

    def test_words_in_any_case(self):
        self.assertEqual(ending(Result(1, "", "No such process\n")), '1, "no such process"')

    def test_success_and_hanging(self):
        self.assertEqual(ending(Result(0, "", "a warning: permission denied\n")), "0")
        self.assertEqual(ending(None), "hangs")
