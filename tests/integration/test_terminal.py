"""process.terminal: a pseudo-terminal of the container's own, in the foreground and by --console-socket."""

import os
import signal
import stat
import termios
import unittest

from support import IS_CRUMB, ContainerCase, crumb_says, not_on, only_crumb
from terminal import Receiver, User, read_until

SIZE_ON_WINCH = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.1; done"
NEEDS_A_TERMINAL = "wants a terminal of the user's"


class TerminalCase(ContainerCase):
    def setUp(self):
        super().setUp()
        self.process["terminal"] = True

    def user(self, **size):
        user = User(**size)
        self.addCleanup(user.close)
        return user

    def receiver(self, name="socket", **options):
        receiver = Receiver(self.scratch / name, **options)
        self.addCleanup(receiver.close)
        return receiver

    def master_of(self, receiver):
        master, text = receiver.receive()
        self.addCleanup(os.close, master)
        return master, text


class Foreground(TerminalCase):
    """`run`: crumb stands between the user's terminal and the container's."""

    def setUp(self):
        super().setUp()
        self.at = self.user()

    def start_shell(self, script):
        return self.spawn_run("/bin/sh", "-c", script, **self.at.popen())

    def screen_after(self, script, code=0):
        result = self.start_shell(script).wait()
        self.assertEqual(result.code, code, self.at.screen)
        return self.at.all_shown()

    def test_stdin_stdout_and_stderr_are_terminals(self):
        self.screen_after("test -t 0 && test -t 1 && test -t 2")

    def test_it_is_one_of_the_containers_devpts(self):
        self.assertIn(b"/dev/pts/0\r\n", self.screen_after("tty"))

    def test_it_is_the_controlling_terminal(self):
        self.assertIn(b"hello\r\n", self.screen_after("echo hello > /dev/tty"))

    def test_dev_console_is_the_terminal(self):
        script = "test $(stat -c %t:%T /dev/console) = $(stat -c %t:%T /dev/pts/0) && echo hello > /dev/console"
        self.assertIn(b"hello\r\n", self.screen_after(script))

    def test_dev_ptmx_opens_terminals_of_the_container(self):
        self.assertIn(b"5:2\r\n", self.screen_after("stat -L -c %t:%T /dev/ptmx"))

    def test_it_belongs_to_the_user_and_the_group_of_the_devpts(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertIn(b"1000:5\r\n", self.screen_after("stat -c %u:%g /dev/pts/0"))

    def test_the_user_can_open_it_again(self):
        self.process["user"] = {"uid": 1000, "gid": 1000}
        self.assertIn(b"hello\r\n", self.screen_after("echo hello > /dev/pts/0"))

    def test_a_read_only_root_and_dev_have_a_console_too(self):
        self.config["root"]["readonly"] = True
        for mount in self.config["mounts"]:
            if mount["destination"] == "/dev":
                mount["options"].append("ro")
        self.assertIn(b"hello\r\n", self.screen_after("echo hello > /dev/console"))

    def test_it_has_the_size_of_the_users_terminal(self):
        self.at.resize(33, 101)
        self.assertIn(b"33 101\r\n", self.screen_after("stty size"))

    def test_a_new_size_reaches_the_program(self):
        self.start_shell(SIZE_ON_WINCH)
        self.at.shows(b"ready")
        self.at.resize(44, 123)
        self.at.shows(b"44 123")

    def test_the_exit_code_is_the_programs(self):
        self.screen_after("exit 42", code=42)

    def test_what_is_typed_is_echoed_once_and_read_in_lines(self):
        running = self.start_shell("echo ready; read line; echo got $line; exit 3")
        self.at.shows(b"ready")
        self.at.type(b"hello\r")
        self.assertEqual(running.wait().code, 3)
        self.assertEqual(self.at.all_shown().replace(b"\r", b""), b"ready\nhello\ngot hello\n")

    def test_ctrl_c_is_the_containers_interrupt(self):
        running = self.start_shell("trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.1; done")
        self.at.shows(b"ready")
        self.at.type(b"\x03")
        self.assertEqual(running.wait().code, 7, self.at.screen)
        self.assertIn(b"caught", self.at.all_shown())

    def test_ctrl_d_ends_the_input(self):
        running = self.start_shell("echo ready; cat; exit 5")
        self.at.shows(b"ready")
        self.at.type(b"\x04")
        self.assertEqual(running.wait().code, 5)

    def test_the_users_terminal_is_raw_meanwhile_and_then_as_before(self):
        before = self.at.modes()
        running = self.start_shell("echo ready; read line")
        self.at.shows(b"ready")
        self.until(self.at.is_raw, "the terminal does not become raw")
        self.at.type(b"\r")
        running.wait()
        self.assertEqual(self.at.modes(), before)

    def test_it_is_restored_when_the_program_cannot_be_run(self):
        before = self.at.modes()
        result = self.spawn_run("/bin/nothing", **self.at.popen()).wait()
        self.assertEqual(result.code, 127 if IS_CRUMB else result.code)
        self.at.shows(b"/bin/nothing")
        self.assertEqual(self.at.modes(), before)

    def test_a_signal_to_the_runtime_goes_to_the_program_and_the_terminal_is_restored(self):
        before = self.at.modes()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            with self.subTest(signal=number.name):
                seen = self.at.screen.count(b"ready")
                running = self.start_shell(f"trap 'exit 9' {number.name[3:]}; echo ready; while :; do sleep 0.1; done")
                self.at.shows(b"ready", seen + 1)
                os.kill(running.pid, number)
                self.assertEqual(running.wait().code, 9, self.at.screen)
                self.assertEqual(self.at.modes(), before)

    def test_the_terminal_is_restored_when_the_container_is_killed(self):
        before = self.at.modes()
        running = self.start_shell("echo ready; sleep 1000")
        self.at.shows(b"ready")
        self.kill()
        self.assertEqual(running.wait().code, 128 + signal.SIGKILL)
        self.assertEqual(self.at.modes(), before)

    @only_crumb("raw mode again after SIGCONT")
    def test_a_shell_that_took_the_terminal_back_gives_it_raw_again(self):
        running = self.start_shell("echo ready; read line; echo got $line")
        before = self.at.modes()
        self.at.shows(b"ready")
        self.until(self.at.is_raw, "the terminal does not become raw")
        os.kill(running.pid, signal.SIGSTOP)
        termios.tcsetattr(self.at.slave, termios.TCSANOW, before)
        cooked = self.at.modes()
        cooked[3] |= termios.ECHO | termios.ICANON | termios.ISIG
        termios.tcsetattr(self.at.slave, termios.TCSANOW, cooked)
        os.kill(running.pid, signal.SIGCONT)
        self.until(self.at.is_raw, "the terminal does not become raw again")
        self.at.type(b"hello\r")
        running.wait()

    def test_one_megabyte_of_output_arrives_complete(self):
        self.start_shell("seq 1 150000").wait(60)
        self.assertEqual(self.at.all_shown().replace(b"\r", b""), b"".join(b"%d\n" % n for n in range(1, 150001)))

    def test_without_a_terminal_the_program_is_in_a_session_of_its_own_too(self):
        self.process["terminal"] = False
        self.assertIn(b"1\r\n", self.screen_after("cut -d ' ' -f 6 /proc/self/stat"))

    def test_without_a_terminal_the_users_is_not_its_controlling_one(self):
        self.process["terminal"] = False
        self.assertEqual(self.screen_after("(: < /dev/tty) 2> /dev/null && echo opened; true"), b"")


@not_on("runc", NEEDS_A_TERMINAL)
class WithoutAUser(TerminalCase):
    """`run` with process.terminal and nothing but files: scripts do it."""

    def test_line_feeds_stay_alone(self):
        self.assertEqual(self.sh("echo a; echo b"), crumb_says("a\nb\n") or "a\r\nb\r\n")

    def test_one_megabyte_of_output_arrives_complete(self):
        self.assertEqual(self.sh("seq 1 150000").replace("\r", ""), "".join(f"{n}\n" for n in range(1, 150001)))

    def test_output_right_before_the_end_is_not_lost(self):
        for _ in range(5):
            self.assertTrue(self.sh("echo a; exit 3", code=3).startswith("a"))

    @only_crumb("the end of input on a terminal")
    def test_the_end_of_the_input_is_the_programs_end_of_file(self):
        for text in ("hello\n", "hello", ""):
            with self.subTest(input=text):
                out = self.run_container("/bin/sh", "-c", "stty -echo; echo ready; cat; echo end", input=text, timeout=30).out
                self.assertTrue(out.endswith("end\n"), out)

    def test_a_size_of_zero_is_no_size(self):
        self.process["consoleSize"] = {"height": 0, "width": 0}
        self.assertTrue(self.sh("test -t 0 && echo fine").startswith("fine"))


class ConsoleSocket(TerminalCase):
    """The master goes to whoever made the socket."""

    def test_create_sends_the_master_with_its_name(self):
        receiver = self.receiver()
        self.create("/bin/sh", "-c", "read line; echo got $line", flags=("--console-socket", receiver.path))
        master, text = self.master_of(receiver)
        self.assertEqual(os.fstat(master).st_rdev, os.makedev(5, 2))
        self.assertTrue(text.startswith(b"/dev/"), text)
        self.start()
        os.write(master, b"hello\n")
        self.assertIn(b"got hello", read_until(master, b"got hello"))

    def test_run_detached_sends_it(self):
        receiver = self.receiver()
        self.run_container("/bin/sh", "-c", "tty; sleep 1000", flags=("--detach", "--console-socket", receiver.path))
        self.addCleanup(self.delete_forcibly)
        master, _ = self.master_of(receiver)
        self.assertIn(b"/dev/pts/0", read_until(master, b"/dev/pts/0"))

    def test_the_kernels_line_feeds_are_kept(self):
        receiver = self.receiver()
        self.create("/bin/sh", "-c", "echo a; echo b; sleep 1000", flags=("--console-socket", receiver.path))
        master, _ = self.master_of(receiver)
        self.start()
        self.assertEqual(read_until(master, b"b\r\n"), b"a\r\nb\r\n")

    def test_the_console_size_is_applied(self):
        self.process["consoleSize"] = {"height": 31, "width": 97}
        receiver = self.receiver()
        self.create("/bin/sh", "-c", "stty size; sleep 1000", flags=("--console-socket", receiver.path))
        master, _ = self.master_of(receiver)
        self.start()
        read_until(master, b"31 97")

    def test_closing_the_master_hangs_up_on_the_program(self):
        receiver = self.receiver()
        self.create("/bin/sh", "-c", "trap 'exit 4' HUP; echo ready; while :; do sleep 0.1; done", flags=("--console-socket", receiver.path))
        master, _ = receiver.receive()
        self.start()
        read_until(master, b"ready")
        os.close(master)
        self.wait_status("stopped")

    @not_on("runc", "takes paths of 107 characters at most")
    @not_on("crun", "takes paths of 107 characters at most")
    def test_the_path_may_be_long(self):
        folder = self.scratch / ("x" * 200)
        folder.mkdir()
        receiver = self.receiver(f"{folder.name}/socket")
        self.create("/bin/true", flags=("--console-socket", receiver.path))
        self.master_of(receiver)

    def test_a_terminal_without_a_socket_is_refused_where_nobody_would_hold_it(self):
        self.bundle.write()
        self.fails("create", "--bundle", self.bundle.path, self.name, words=crumb_says("without setting console socket"))
        self.run_fails(flags=("--detach",), words=crumb_says("without setting console socket"))

    def test_a_socket_without_a_terminal_is_refused(self):
        self.process["terminal"] = False
        receiver = self.receiver()
        self.bundle.write()
        flags = ("--console-socket", receiver.path)
        if not_crun():
            self.fails("create", *flags, "--bundle", self.bundle.path, self.name, words="cannot use console socket")
            self.run_fails(flags=("--detach", *flags), words="cannot use console socket")

    @not_on("crun", "lets the socket have it")
    def test_a_socket_in_the_foreground_is_refused(self):
        receiver = self.receiver()
        self.run_fails(flags=("--console-socket", receiver.path), words="cannot use console socket")

    def test_a_missing_socket_is_an_error_that_names_it(self):
        self.refuses(self.scratch / "nothing", "nothing")

    def refuses(self, path, words=""):
        self.bundle.write()
        self.fails("create", "--console-socket", path, "--bundle", self.bundle.path, self.name, words=words)

    def test_a_file_in_its_place_is_an_error(self):
        path = self.scratch / "file"
        path.write_text("")
        self.refuses(path)

    def test_a_fifo_in_its_place_is_an_error(self):
        path = self.scratch / "fifo"
        os.mkfifo(path)
        self.refuses(path)

    def test_a_socket_that_nobody_listens_on_is_an_error(self):
        receiver = self.receiver()
        receiver.close()
        self.refuses(receiver.path)

    @only_crumb("patience with an end")
    def test_a_socket_that_nobody_accepts_from_is_an_error(self):
        receiver = self.receiver(backlog=0)
        self.create(flags=("--console-socket", receiver.path), id=self.name + ".1")  # takes the only place in the queue
        self.linux["cgroupsPath"] += ".2"
        self.refuses(receiver.path, "nobody accepts the connection")


class Attackers(TerminalCase):
    """Images whose /dev leads somewhere else. Nothing outside may be touched, nothing may wait."""

    def setUp(self):
        super().setUp()
        self.config["mounts"] = [m for m in self.config["mounts"] if not m["destination"].startswith("/dev")]
        self.bundle.directory("/dev/pts")
        self.secret = self.bundle.file("/etc/secret", "before\n")

    def devpts(self, where="/dev/pts"):
        self.mount(where, "devpts", "devpts", ["newinstance", "ptmxmode=0666", "mode=0620"])

    def refused(self, *words):
        at = self.user()
        result = self.spawn_run("/bin/sh", "-c", "echo started", **at.popen()).wait()
        self.assertNotIn(result.code, (0, None), at.screen)
        self.assertGreater(result.code, 0, at.screen)
        self.assertNotIn(b"started", at.screen)
        self.assertEqual(self.secret.read_text(), "before\n")
        if IS_CRUMB:
            for word in words:
                at.shows(word)

    def runs(self, script):
        at = self.user()
        result = self.spawn_run("/bin/sh", "-c", script, **at.popen()).wait()
        self.assertEqual(result.code, 0, at.screen)
        return at.all_shown()

    @only_crumb("a console that is never a link's target")
    def test_a_console_that_is_a_link_is_refused(self):
        self.devpts()
        for target in ("/etc/secret", "../etc/secret", "/nothing", "/dev/pts/ptmx", "/proc/self/fd/0"):
            with self.subTest(target=target):
                link = self.bundle.rootfs / "dev/console"
                link.unlink(missing_ok=True)
                link.symlink_to(target)
                self.refused(b"/dev/console")

    @only_crumb("a console that is never a link's target")
    def test_a_console_that_is_a_directory_is_refused(self):
        self.devpts()
        self.bundle.directory("/dev/console")
        self.refused(b"/dev/console")

    def test_a_console_that_is_a_fifo_is_covered_without_waiting(self):
        self.devpts()
        os.mkfifo(self.bundle.rootfs / "dev/console")
        self.assertIn(b"hello\r\n", self.runs("echo hello > /dev/console"))
        self.assertTrue(stat.S_ISFIFO(os.stat(self.bundle.rootfs / "dev/console").st_mode))

    @not_on("runc", "1.1 opens /dev/ptmx by its path")
    @not_on("crun", "opens /dev/ptmx by its path")
    def test_what_the_image_calls_dev_ptmx_is_never_opened(self):
        self.devpts()
        os.mkfifo(self.bundle.rootfs / "dev/ptmx")
        self.assertIn(b"/dev/pts/0\r\n", self.runs("tty"))

    @only_crumb("a devpts that is never behind a link")
    def test_a_dev_pts_that_is_a_link_is_refused(self):
        (self.bundle.rootfs / "dev/pts").rmdir()
        (self.bundle.rootfs / "dev/pts").symlink_to("../tmp")
        self.devpts("/tmp")
        self.refused(b"/dev/pts")

    @only_crumb("a dev that is never behind a link")
    def test_a_dev_that_is_a_link_is_refused(self):
        (self.bundle.rootfs / "dev/pts").rmdir()
        (self.bundle.rootfs / "dev").rmdir()
        (self.bundle.rootfs / "dev").symlink_to("tmp")
        self.bundle.directory("/tmp/pts")
        self.devpts("/tmp/pts")
        self.refused()

    @only_crumb("a devpts that is recognised")
    def test_a_dev_pts_that_is_no_devpts_is_refused(self):
        os.mkfifo(self.bundle.rootfs / "dev/pts/ptmx")
        self.refused(b"/dev/pts")

    @only_crumb("a multiplexer that is the devpts' own")
    def test_a_file_over_the_multiplexer_is_refused(self):
        self.devpts()
        self.mount("/dev/pts/ptmx", "/dev/zero", options=["bind"])
        self.refused(b"/dev/pts/ptmx")


class Wasm(TerminalCase):
    def setUp(self):
        super().setUp()
        self.bundle.guest("isatty", "/isatty.wasm")

    @only_crumb("WebAssembly")
    def test_a_guest_has_a_terminal_too(self):
        at = self.user()
        self.assertEqual(self.spawn_run("/isatty.wasm", **at.popen()).wait().code, 0, at.screen)
        at.shows(b"1 1 1")

    @only_crumb("WebAssembly")
    def test_a_guest_has_one_by_console_socket(self):
        receiver = self.receiver()
        self.create("/isatty.wasm", flags=("--console-socket", receiver.path))
        master, _ = self.master_of(receiver)
        self.start()
        read_until(master, b"1 1 1\r\n")

    @only_crumb("WebAssembly")
    def test_what_the_engine_says_of_a_broken_module_is_crumbs_error(self):
        self.bundle.file("/broken.wasm", b"\0asm\1\0\0\0\xff", 0o755)
        at = self.user()
        self.assertEqual(self.spawn_run("/broken.wasm", **at.popen()).wait().code, 126, at.screen)
        at.shows(b"/broken.wasm")


def not_crun():
    return IS_CRUMB or os.environ.get("CRUMB_RUNTIME") != "crun"


if __name__ == "__main__":
    unittest.main()
