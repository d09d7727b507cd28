"""Compiling in the background under faults: a start never fails by it, and a job leaves a complete entry or none."""

import contextlib
import os
import pathlib
import unittest

from fault_case import FULL, FaultCase, steps
from support import RUNTIME, hierarchies, reap_orphans

COMPILER = pathlib.Path(RUNTIME).resolve().parent / "../libexec/crumb/crumb-aot"
PATIENCE = 180  # seconds: a job has little claim to processors
ENDS_AT_ONCE = "rt_sigprocmask=EPERM"  # once it is in the background


@unittest.skipUnless(COMPILER.exists(), "crumb-aot was not built")
class Jobs(FaultCase):
    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache/aot"
        self.bundle.guest("hello", "/hello.wasm")
        self.config["annotations"] = {"run.crumb.wasm.compile": "background"}
        self.addCleanup(self.jobs_ended)
        self.program("/hello.wasm")

    def run_under(self, host="", job="", **more):
        os.environ.update({"CRUMB_CODE_CACHE": str(self.cache), "CRUMB_SEAM_JOB": job})
        try:
            return self.seam(*self.run_arguments(), host=host, timeout=60, **more)
        finally:
            del os.environ["CRUMB_CODE_CACHE"], os.environ["CRUMB_SEAM_JOB"]

    def jobs(self):
        reap_orphans()
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if f"CRUMB_CODE_CACHE={self.cache}\0".encode() in pathlib.Path("/proc", entry, "environ").read_bytes():
                    found.append(int(entry))
        return found

    def jobs_ended(self):
        self.until(lambda: not self.jobs(), "a job does not end", seconds=PATIENCE)

    def entries(self):
        """When all jobs have ended: what the cache holds but memories and the lock, each of which must be good."""
        self.jobs_ended()
        verified = self.runtime("wasm", "cache", "verify", env={**os.environ, "CRUMB_CODE_CACHE": str(self.cache)}, code=None)
        self.assertEqual(verified.code, 0, verified)
        if not self.cache.exists():
            return []
        return [path.name for path in self.cache.iterdir() if path.name != "lock" and not path.name.startswith("memo-")]

    def empty(self):
        for path in self.cache.iterdir() if self.cache.exists() else ():
            path.unlink()

    def test_a_start_survives_each_failing_call_of_what_starts_the_job(self):
        for call, error in (("openat", "EMFILE"), ("fcntl", "EIO"), ("lseek", "EIO"), ("pidfd_open", "EMFILE"), ("clone", "EAGAIN"),
                            ("mkdirat", "ENOSPC"), ("write", "ENOSPC")):
            quiet = occurrence = 0
            while quiet < 2:
                occurrence += 1
                self.empty()
                result = self.run_under(host=f"{call}#{occurrence}={error}", job=ENDS_AT_ONCE)
                what = f"{call} number {occurrence} fails with {error}: {result}"
                self.assertGreaterEqual(result.code, 0, what)
                self.assertLessEqual(result.err.count("\n"), 1, what)
                if result.code == 0:
                    self.assertEqual(result.out, "hello from wasm\n", what)
                self.entries()
                self.clean(what) if result.code == 0 else self.force_and_clean(what)
                quiet = quiet + 1 if result.code == 0 and not result.err else 0
                occurrence += 0 if FULL else 4

    def test_a_job_that_fails_at_any_call_leaves_an_entry_or_none(self):
        for call, error in (("openat", "EMFILE"), ("write", "ENOSPC"), ("linkat", "EROFS"), ("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("clone", "EAGAIN"), ("mkdirat", "EROFS"),
                            ("fcntl", "EIO"), ("pread64", "EIO"), ("dup3", "EMFILE"), ("pipe2", "EMFILE")):
            for occurrence in range(1, 30, 1 if FULL else 15):
                with self.subTest(call=call, occurrence=occurrence):
                    self.empty()
                    result = self.run_under(job=f"{call}#{occurrence}={error}")
                    self.assertEqual((result.code, result.out), (0, "hello from wasm\n"), result)
                    self.assertIn(len(self.entries()), (0, 1))
                    self.clean(f"{call} number {occurrence}")

    def test_a_job_killed_at_any_step_leaves_an_entry_or_none(self):
        compiled = 0
        for step in steps(41):
            self.empty()
            result = self.run_under(job=f"kill@{step}")
            self.assertEqual((result.code, result.out), (0, "hello from wasm\n"), result)
            entries = self.entries()
            self.assertIn(len(entries), (0, 1))
            self.clean(f"a job killed at step {step}")
            compiled = compiled + 1 if entries else 0
            if compiled == 3 and not FULL or compiled == 40:
                break
        self.assertTrue(compiled, "no job came to its end")
        self.runtime("wasm", "cache", "prune", env={**os.environ, "CRUMB_CODE_CACHE": str(self.cache)})
        left = [path for mount in hierarchies() for path in pathlib.Path(mount).glob("crumb-compile-*")
                if not os.path.exists(f"/proc/{path.name.rsplit('-', 1)[1]}")]
        self.assertEqual(left, [])

    def test_a_full_disk_is_not_remembered(self):
        self.run_under(job="linkat=ENOSPC")
        self.assertEqual(self.entries(), [])
        self.run_under()
        self.assertEqual(len(self.entries()), 1)


if __name__ == "__main__":
    unittest.main()
