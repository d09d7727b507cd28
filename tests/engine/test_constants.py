import os
import unittest

import constants_module
from engine_case import ENGINE, EngineCase

ASAN = os.environ.get("CRUMB_WASM_ASAN")


class Constants(EngineCase):
    def load(self, content, **options):
        path = self.folder / "constants.wasm"
        path.write_bytes(content)
        return self.engine(path, **options)

    def test_a_constant_found_again_in_a_full_table_does_not_overflow_the_code(self):
        """CVE-2026-54912.

        Seen to fail without the patch: in a copy of this tree remove third_party/wamr/patches/0001-*, build with
        -DCRUMB_SANITIZE=ON and run the module of constants_module.overflow(): heap-buffer-overflow in wasm_loader_emit_uint32
        or _int16. A release build aborts. With an engine under AddressSanitizer in CRUMB_WASM_ASAN this test uses it.
        """
        for kind in (constants_module.I32, constants_module.I64, constants_module.F64):
            with self.subTest(kind=hex(kind)):
                result = self.load(constants_module.overflow(kind), engine=ASAN or ENGINE)
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_module_of_333_500_constants_loads_in_time(self):
        """With a linear search of the full table the time would grow with the square; the limit is no measurement."""
        self.assertEqual(self.load(constants_module.many(333500), timeout=10).returncode, 0)


if __name__ == "__main__":
    unittest.main()
