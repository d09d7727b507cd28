"""Several commands at once."""

import unittest

from support import ContainerCase


class Many(ContainerCase):
    def test_of_two_creates_of_one_id_one_wins(self):
        for _ in range(5):
            self.process["args"] = ["/bin/sleep", "1000"]
            self.bundle.write()
            commands = [self.spawn("create", "--bundle", self.bundle.path, self.name) for _ in range(4)]
            self.addCleanup(self.delete_forcibly)
            results = [command.wait() for command in commands]
            self.assertEqual(sorted(result.code == 0 for result in results), [False, False, False, True], results)
            self.assertEqual(self.status(), "created")
            self.start()
            self.assertEqual(self.status(), "running")
            self.delete_forcibly()

    def test_of_two_starts_one_wins(self):
        created = self.create("/bin/sh", "-c", "echo once; sleep 1000")
        results = [command.wait() for command in [self.spawn("start", self.name) for _ in range(4)]]
        self.assertEqual(sum(result.code == 0 for result in results), 1, results)
        self.until(lambda: created.output() == "once\n", "the program did not run once")

    def test_two_deletes_at_once_do_no_harm(self):
        self.running()
        results = [command.wait() for command in [self.spawn("delete", "--force", self.name) for _ in range(4)]]
        self.assertTrue(any(result.code == 0 for result in results), results)
        self.unknown()

    def test_delete_racing_start_leaves_nothing(self):
        for _ in range(5):
            self.create("/bin/true")
            start, delete = self.spawn("start", self.name), self.spawn("delete", "--force", self.name)
            start.wait(), delete.wait()
            self.delete_forcibly()
            self.unknown()

    def test_50_containers_at_once_each_say_their_own_word(self):
        commands = []
        self.addCleanup(lambda: [self.delete_forcibly(f"{self.name}.{i}") for i, c in enumerate(commands) if c.process.poll() is None])
        for i in range(50):
            self.process["args"] = ["/bin/echo", f"container {i}"]
            self.linux["cgroupsPath"] = f"/{self.name}.{i}"
            config = self.folder / f"bundle{i}"
            config.mkdir()
            self.config["root"]["path"] = str(self.bundle.rootfs)
            self.bundle.write()
            (self.bundle.path / "config.json").rename(config / "config.json")
            commands.append(self.spawn("run", "--bundle", config, f"{self.name}.{i}"))
        results = [command.wait(120) for command in commands]
        self.assertEqual([(result.code, result.out) for result in results], [(0, f"container {i}\n") for i in range(50)])


if __name__ == "__main__":
    unittest.main()
