"""podman run -it and exec -it: a terminal of one's own."""

import time

from podman_case import PodmanCase
from support import only_crumb


class Terminals(PodmanCase):
    def interactive(self, *args, image="box", flags=(), **size):
        return self.terminal("run", "-it", "--rm", *self.where(flags), image, *args, **size)

    def test_the_streams_are_a_terminal(self):
        code, out = self.interactive("sh", "-c", "tty; test -t 0 && test -t 1 && test -t 2 && exit 9").wait()
        self.assertEqual((code, out), (9, "/dev/pts/0\r\n"))

    def test_lines_end_as_on_any_terminal(self):
        self.assertEqual(self.interactive("printf", "a\\nb\\n").wait(), (0, "a\r\nb\r\n"))

    def test_the_size_is_the_callers(self):
        terminal = self.interactive("sh", "-c", "sleep 0.5; stty size", rows=33, columns=99)
        self.assertEqual(terminal.wait(), (0, "33 99\r\n"))

    def test_the_size_follows_the_callers(self):
        terminal = self.interactive("sh", rows=33, columns=99)
        terminal.type("echo re''ady\n")
        terminal.read_until("ready")
        terminal.resize(44, 111)
        terminal.process.send_signal(28)  # SIGWINCH: the session's leader gets it from the kernel only in the foreground
        terminal.type("until stty size | grep '^44 111'; do sleep 0.1; done; exit\n")
        code, out = terminal.wait()
        self.assertIn("\n44 111\r\n", out)

    def test_a_key_interrupts_the_program(self):
        terminal = self.interactive("sh", "-c", "trap 'echo interrupted; exit 5' INT; echo ready; while true; do sleep 0.1; done")
        terminal.read_until("ready")
        terminal.type("\x03")
        code, out = terminal.wait()
        self.assertIn("interrupted", out)
        self.assertEqual(code, 5)

    def test_a_shell_has_job_control(self):
        terminal = self.interactive("sh")
        terminal.type("sleep 100 & jobs; kill %1; exit 6\n")
        code, out = terminal.wait()
        self.assertEqual(code, 6)
        self.assertNotIn("job control turned off", out)

    def test_the_console_is_the_terminal(self):
        self.assertEqual(self.interactive("sh", "-c", "echo text > /dev/console").wait(), (0, "text\r\n"))

    def test_the_terminal_belongs_to_the_user(self):
        code, out = self.interactive("sh", "-c", "stat -c %u $(tty); echo text > $(tty)", flags=["--user", "1000"]).wait()
        self.assertEqual((code, out), (0, "1000\r\ntext\r\n"))

    def test_in_a_user_namespace(self):
        code, out = self.interactive("sh", "-c", "tty; echo text > /dev/console", flags=["--uidmap", "0:100000:5000"]).wait()
        self.assertEqual((code, out), (0, "/dev/pts/0\r\ntext\r\n"))

    def test_exec(self):
        terminal = self.terminal("exec", "-it", self.detached(), "sh", "-c", "sleep 0.5; tty; stty size; exit 4", rows=20, columns=70)
        code, out = terminal.wait()
        self.assertEqual((code, out.splitlines()[1]), (4, "20 70"))

    def test_exec_in_a_container_with_a_terminal(self):
        name = self.detached("sh", flags=["-it"])
        code, out = self.terminal("exec", "-it", name, "tty").wait()
        self.assertEqual((code, out), (0, "/dev/pts/1\r\n"))

    def test_detach_keys_and_attach(self):
        terminal = self.terminal("run", "-it", *self.where([]), "--name", self.name, "box", "sh")
        terminal.type("echo re''ady\n")
        terminal.read_until("ready")
        for key in "\x10\x11":  # podman takes them one by one
            terminal.type(key)
            time.sleep(0.5)
        self.assertEqual(terminal.wait()[0], 0)
        again = self.terminal("attach", self.name)
        again.type("echo here''again; exit 8\n")
        self.assertIn("hereagain", again.wait()[1])
        self.assertEqual(self.exit_code(self.name), 8)

    @only_crumb("running Wasm")
    def test_a_module(self):
        code, out = self.interactive(image="wasm", flags=["--entrypoint", "/isatty.wasm"]).wait()
        self.assertEqual((code, out), (0, "1 1 1\r\n"))

    @only_crumb("running Wasm")
    def test_a_key_interrupts_a_module(self):
        terminal = self.interactive("1000", image="wasm", flags=["--entrypoint", "/sleep.wasm"])
        terminal.read_until("ready")
        terminal.type("\x03")
        self.assertEqual(terminal.wait()[0], 130)

    @only_crumb("running Wasm")
    def test_exec_of_a_module(self):
        self.assertEqual(self.terminal("exec", "-it", self.detached_wasm(), "/isatty.wasm").wait(), (0, "1 1 1\r\n"))
