"""SIGKILL of crumb, and of crumb-init, instead of each of its system calls: `delete --force` always ends it all."""

import os
import re
import signal
import subprocess
import unittest

from fault_case import FaultCase, steps

KILLED = -signal.SIGKILL


class HostKilled(FaultCase):
    def until_it_survives(self, prepare, *arguments, stride=1):
        """Kills crumb at one step after the other until the command ends by itself; what is then left goes by delete --force."""
        killed = 0
        for step in steps(stride):
            prepare()
            result = self.seam(*arguments, host=f"kill@{step}")
            self.force_and_clean(f"SIGKILL of {arguments[0]} at step {step} ({result.code})")
            if not self.was_killed(result):
                self.assertEqual(result.code, 0, result)
                break
            killed += 1
        self.assertGreater(killed, 3, "the command was hardly ever killed: the seam does not work")

    def was_killed(self, result):
        """Between clone and exec the steps are those of a child, which as the first of a pid namespace dies of SIGILL: crumb then lives
        to say so."""
        return result.code == KILLED or re.search(r"was killed by signal (4|9)\b", result.err) is not None

    def create(self):
        self.assertEqual(self.seam(*self.create_arguments()).code, 0)

    def create_and_start(self):
        self.create()
        self.assertEqual(self.seam("start", self.name).code, 0)

    def test_create_killed_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.until_it_survives(lambda: None, *self.create_arguments(), stride=2)

    def test_start_killed_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.until_it_survives(self.create, "start", self.name)

    def test_run_killed_at_any_step(self):
        self.program("/bin/true")
        self.until_it_survives(lambda: None, *self.run_arguments(), stride=4)

    def test_exec_killed_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.until_it_survives(self.create_and_start, "exec", self.name, "/bin/true", stride=5)

    def test_kill_killed_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.until_it_survives(self.create_and_start, "kill", self.name, "KILL", stride=3)

    def test_delete_killed_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.until_it_survives(self.create_and_start, "delete", "--force", self.name, stride=5)

    def test_a_container_survives_the_death_of_exec_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.create_and_start()
        for step in steps(4):
            result = self.seam("exec", self.name, "/bin/true", host=f"kill@{step}")
            self.assertEqual(self.status(), "running", f"exec was killed at step {step}")
            self.until(lambda: self.exec_processes() == [], f"a process of the exec killed at step {step} stays")
            if not self.was_killed(result):
                break
        self.force_and_clean("exec")

    def exec_processes(self):
        """Processes of the container but the first."""
        first = self.pid()
        return [pid for pid in self.processes() if pid != first]

    def test_a_create_that_was_killed_does_not_block_the_id_for_ever(self):
        self.program("/bin/true")
        for step in steps(23):
            if not self.was_killed(self.seam(*self.create_arguments(), host=f"kill@{step}")):
                break
            self.force_and_clean(f"step {step}")
            self.create()
            self.assertEqual(self.status(), "created")
            self.force_and_clean("a second create")
        self.force_and_clean("create")

    def test_state_and_list_answer_after_a_create_that_was_killed(self):
        self.program("/bin/true")
        for step in steps(13):
            killed = self.seam(*self.create_arguments(), host=f"kill@{step}")
            self.assertIn(self.seam("state", self.name).code, (0, 1), f"state after step {step}")
            self.assertEqual(self.seam("list").code, 0, f"list after step {step}")
            self.force_and_clean(f"step {step}")
            if not self.was_killed(killed):
                break


class InitKilled(FaultCase):
    def test_create_cleans_up_when_init_is_killed_at_any_step(self):
        self.program("/bin/true")
        failures = 0
        for step in steps(7):
            result = self.seam(*self.create_arguments(), init=f"kill@{step}")
            if result.code == 0:
                alive = self.status() == "created"
                self.force_and_clean("create")
                if alive:
                    break
            else:
                failures += 1
                self.assertGreater(result.code, 0, result)
                self.assertEqual(result.err.count("\n"), 1, f"step {step}: {result}")
                self.clean(f"SIGKILL of init at step {step} of create")
        self.assertGreater(failures, 8, "init was hardly ever killed: the seam does not work")

    def test_run_cleans_up_when_init_is_killed_at_any_step(self):
        self.program("/bin/echo", "ran")
        failures = 0
        for step in steps(7):
            result = self.seam(*self.run_arguments(), init=f"kill@{step}")
            self.clean(f"SIGKILL of init at step {step} of run")
            if result.code == 0:
                self.assertEqual(result.out, "ran\n")
                break
            failures += 1
            self.assertEqual(result.out, "")
        self.assertGreater(failures, 8, "init was hardly ever killed: the seam does not work")

    def test_exec_says_so_when_init_is_killed_at_any_step(self):
        self.program("/bin/sleep", "1000")
        self.assertEqual(self.seam(*self.create_arguments()).code, 0)
        self.assertEqual(self.seam("start", self.name).code, 0)
        for step in steps(7):
            result = self.seam("exec", self.name, "/bin/echo", "ran", init=f"kill@{step}")
            self.assertEqual(self.status(), "running", f"step {step}")
            if result.code == 0:
                self.assertEqual(result.out, "ran\n")
                break
            self.assertEqual(result.out, "")
        self.force_and_clean("exec")

    def test_a_first_process_killed_while_it_waits_for_start_is_stopped(self):
        self.program("/bin/true")
        self.assertEqual(self.seam(*self.create_arguments()).code, 0)
        os.kill(self.pid(), signal.SIGKILL)
        self.wait_status("stopped")
        self.assertNotEqual(self.seam("start", self.name).code, 0)
        self.force_and_clean("create")


class UserNamespace(FaultCase):
    """With the point `map` and a source that was opened early."""

    def setUp(self):
        super().setUp()
        self.folder.chmod(0o711)
        self.linux["namespaces"] += [{"type": "user"}, {"type": "time"}]
        self.linux["timeOffsets"] = {"boottime": {"secs": 100}}
        for kind in ("uidMappings", "gidMappings"):
            self.linux[kind] = [{"containerID": 0, "hostID": 2000000, "size": 65536}]
        self.bundle.directory("/mnt")
        self.mount("/mnt", self.scratch, "bind", ["bind", "idmap"])
        subprocess.run(["chown", "-hR", "2000000:2000000", self.bundle.rootfs], check=True)
        self.program("/bin/true")

    def test_create_killed_at_any_step(self):
        killed = 0
        for step in steps(5):
            result = self.seam(*self.create_arguments(), host=f"kill@{step}")
            self.force_and_clean(f"SIGKILL at step {step}")
            if result.code == 0:
                break
            killed += 1  # or the step was one of a child of crumb's, before its exec
        self.assertGreater(killed, 3, "create was hardly ever killed: the seam does not work")

    def test_run_cleans_up_when_init_is_killed_at_any_step(self):
        failures = 0
        for step in steps(11):
            result = self.seam(*self.run_arguments(), init=f"kill@{step}")
            self.clean(f"SIGKILL of init at step {step}")
            if result.code == 0:
                break
            failures += 1
        self.assertGreater(failures, 8, "init was hardly ever killed: the seam does not work")


if __name__ == "__main__":
    unittest.main()
