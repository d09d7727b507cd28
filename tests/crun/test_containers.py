"""The tests of WebAssembly containers of tests/integration, with crun and crumb's handler in place of crumb: the same guests behave in
the same way. What is left out is crun's to decide, and has its reason here."""

import unittest

from crun_case import Handled

import test_wasm
import test_wasm_policy


class Programs(Handled, test_wasm.Programs):
    pass


class Files(Handled, test_wasm.Files):
    """That the user's permissions count was seen to fail without drop_capabilities() of src/crun/capabilities.cc."""


class Signals(Handled, test_wasm.Signals):
    pass


class Lifecycle(Handled, test_wasm.Lifecycle):
    annotation = "wasm-smart"  # some containers here are native

    # A test that is None is none. crun puts its own name in front, and executes nothing, which would raise root's capabilities.
    test_ps_shows_the_users_command_line = None
    test_the_process_has_no_capabilities_more_than_the_config = None


class Limits(Handled, test_wasm.Limits):
    pass


class Refusals(Handled, test_wasm.Refusals):
    annotation = "wasm-smart"

    # crun lets go of the process before its handler is called: the reason is on the container's stderr.
    test_a_bad_module_that_is_created_fails_at_create_or_start_and_is_logged = None
    # For exec it looks for the file itself, and says what it says of any.
    test_a_missing_module_that_is_executed_is_127 = None


class Network(Handled, test_wasm_policy.Network):
    annotation = "wasm-smart"

    # Nothing but its name reaches the handler.
    test_the_annotation_goes_before_that = None


if __name__ == "__main__":
    unittest.main()
