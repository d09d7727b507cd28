"""SIGKILL of crumb, of crumb-init and of hooks while hooks run, and system calls that fail around them: no container is left, no hook,
and `delete --force` runs poststop where there was a container."""

import re
import signal
import unittest

from fault_case import FaultCase, steps

KILLED = -signal.SIGKILL
KINDS = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")


class HookCase(FaultCase):
    """With one hook of each kind, which writes its name to a file that the container has as /log."""

    def setUp(self):
        super().setUp()
        self.trace = self.folder / "log"
        self.bundle.file("/log")
        self.mount("/log", self.trace, "bind", ["bind"])
        for kind in KINDS:
            self.script(kind, f"echo {kind} >> {{}}")
        self.forget()
        self.program("/bin/sleep", "1000")

    def script(self, kind, text):
        text = "#!/bin/sh\n" + text.format("/log" if kind == "startContainer" else self.trace) + "\n"
        if kind == "startContainer":
            self.bundle.file(path := f"/{kind}", text, 0o755)
        else:
            path = self.folder / kind
            path.write_text(text)
            path.chmod(0o755)
        self.config.setdefault("hooks", {})[kind] = [{"path": str(path)}]

    def forget(self):
        self.trace.write_text("")

    def lines(self):
        return self.trace.read_text().splitlines()

    def was_killed(self, result):
        """Between clone and exec the steps are those of a child, which as the first of a pid namespace dies of SIGILL: crumb then lives
        to say so."""
        return result.code == KILLED or re.search(r"killed by signal (4|9)\b", result.err) is not None


class HostKilled(HookCase):
    def until_it_survives(self, prepare, *arguments, stride):
        """Kills crumb at one step after the other until the command ends by itself. What is left goes by delete --force, with one
        run of poststop at most, and with one when another hook had seen the container."""
        killed = 0
        for step in steps(stride):
            prepare()
            result = self.seam(*arguments, host=f"kill@{step}")
            after = f"SIGKILL of {arguments[0]} at step {step} ({result.code})"
            self.force_and_clean(after)
            self.assertLessEqual(self.lines().count("poststop"), 2 if arguments[0] == "delete" else 1, after)
            if self.lines():
                self.assertEqual(self.lines()[-1], "poststop", after)
            self.forget()
            if not self.was_killed(result):
                self.assertEqual(result.code, 0, result)
                break
            killed += 1
        self.assertGreater(killed, 3, "the command was hardly ever killed: the seam does not work")

    def create(self):
        self.assertEqual(self.seam(*self.create_arguments()).code, 0)

    def create_and_start(self):
        self.create()
        self.assertEqual(self.seam("start", self.name).code, 0)

    def test_create_killed_at_any_step(self):
        self.until_it_survives(lambda: None, *self.create_arguments(), stride=6)

    def test_start_killed_at_any_step(self):
        self.until_it_survives(self.create, "start", self.name, stride=3)

    def test_a_start_that_was_killed_may_be_followed_by_no_second_one(self):
        for step in steps(11):
            self.create()
            killed = self.was_killed(self.seam("start", self.name, host=f"kill@{step}"))
            self.seam("start", self.name)
            self.until(lambda: "startContainer" in self.lines(), "neither has started the container", 5)
            self.assertEqual(self.lines().count("startContainer"), 1, f"step {step}")
            self.assertLessEqual(self.lines().count("poststart"), 1, f"step {step}")
            self.force_and_clean(f"step {step}")
            self.forget()
            if not killed:
                break


class InitKilled(HookCase):
    def test_create_cleans_up_when_init_is_killed_at_any_step(self):
        self.cleans_up(self.create_arguments(), stride=17)

    def test_run_cleans_up_when_init_is_killed_at_any_step(self):
        self.program("/bin/true")
        self.cleans_up(self.run_arguments(), stride=23)

    def cleans_up(self, arguments, stride):
        failures = 0
        for step in steps(stride):
            result = self.seam(*arguments, init=f"kill@{step}")
            after = f"SIGKILL of init at step {step} of {arguments[0]}"
            finished = result.code == 0 and (arguments[0] == "run" or self.status() == "created")
            if result.code == 0:  # it may have been killed when create was done
                self.force_and_clean(after)
            elif result.code < 128:  # else it is the code of a program that was killed
                self.assertEqual(result.err.count("\n"), 1, f"{after}: {result}")
            self.clean(after)
            self.assertEqual(self.lines()[-1:], ["poststop"], f"{after}: {result}")
            self.forget()
            if finished:
                break
            failures += 1
        self.assertGreater(failures, 6, "init was hardly ever killed: the seam does not work")


class Failing(HookCase):
    """Calls that a hook needs fail: the message names the hook, and nothing is left."""

    def fails_with(self, kind, words="", **rules):
        result = self.seam(*self.run_arguments(), **rules)
        self.assertEqual((result.code, result.err.count("\n")), (1, 1), f"{kind}, {rules}: {result}")
        self.assertIn(words, result.err)
        self.clean(f"{kind}, {rules}")
        self.assertEqual(self.lines()[-1:], ["poststop"], f"{kind}, {rules}: {result}")
        self.forget()

    def only(self, kind):
        self.config["hooks"] = {name: hooks for name, hooks in self.config["hooks"].items() if name in (kind, "poststop")}
        self.program("/bin/sleep", "1000")

    def test_of_the_runtimes_hook_without_a_pipe(self):
        self.only("createRuntime")
        self.fails_with("createRuntime", "pipe", host="pipe2#1=EMFILE")

    def test_of_the_containers_hook_without_a_pipe_or_a_file(self):
        for kind in ("createContainer", "startContainer"):
            with self.subTest(kind):
                hooks = dict(self.config["hooks"])
                self.only(kind)
                for rule in ("pipe2#2=EMFILE", "memfd_create=ENFILE"):  # the first pipe is that of the first process
                    self.fails_with(kind, f"error running {kind} hook #0: ", init=rule)
                self.config["hooks"] = hooks

    def test_a_hook_that_kills_its_crumb_leaves_nothing(self):
        for kind in ("prestart", "createRuntime", "poststart"):
            with self.subTest(kind):
                hooks = dict(self.config["hooks"])
                self.script(kind, f"echo {kind} >> {{}}; kill -9 $PPID; exec sleep 1000")
                self.only(kind)
                result = self.seam(*self.run_arguments())
                self.assertEqual(result.code, KILLED, result)
                self.force_and_clean(f"a {kind} hook that kills crumb")
                self.assertEqual(self.lines(), [kind, "poststop"])
                self.forget()
                self.config["hooks"] = hooks

    def test_a_hook_that_kills_init_leaves_nothing(self):
        self.script("createRuntime", """kill -9 $(sed 's/.*"pid":\\([0-9]*\\).*/\\1/'); sleep 1000""")
        self.only("createRuntime")
        self.fails_with("createRuntime")

    def test_a_hook_that_deletes_its_container_ends(self):
        command = f"{self.runtime_program} --root {self.root} delete --force {self.name}"
        for kind in ("createRuntime", "poststart"):
            with self.subTest(kind):
                hooks = dict(self.config["hooks"])
                self.script(kind, f"exec timeout 15 {command}")
                self.only(kind)
                self.seam(*self.run_arguments())
                self.clean(f"a {kind} hook that deletes its container")
                self.forget()
                self.config["hooks"] = hooks


if __name__ == "__main__":
    unittest.main()
