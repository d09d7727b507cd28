"""Descriptors that a caller hands over: LISTEN_FDS, --preserve-fds, --pidfd-socket."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import unittest

from support import ContainerCase, Running, not_on, only_crumb
from terminal import Receiver

# The variables, and what each descriptor from 3 on is.
SHOW = "echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; for n in 3 4 5 6; do readlink /proc/self/fd/$n || echo closed; done"


class Handover(ContainerCase):
    def setUp(self):
        super().setUp()
        self.bundle.file("/show", "#!/bin/sh\n" + SHOW, 0o755)

    @contextlib.contextmanager
    def open_from_3(self, *names):
        """Files of these names at 3, 4, ... for commands with pass_fds; what was there comes back."""
        targets = [3 + i for i in range(len(names))]
        saved = {n: fcntl.fcntl(n, fcntl.F_DUPFD_CLOEXEC, 100) for n in targets if is_open(n)}
        for number, name in zip(targets, names):
            opened = os.open(self.scratch / name, os.O_RDWR | os.O_CREAT)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        try:
            yield {"pass_fds": targets}
        finally:
            for number in targets:
                if number in saved:
                    os.dup2(saved[number], number, inheritable=False)
                    os.close(saved[number])
                else:
                    os.close(number)

    def spawn_activated(self, *arguments, variables, **popen):
        """A command of the runtime whose LISTEN_PID is its own pid where `variables` has an empty one."""
        script = 'if [ "${LISTEN_PID-x}" = "" ]; then export LISTEN_PID=$$; fi; exec "$@"'
        words = ["/bin/sh", "-c", script, "sh", *self.command_line(*arguments)]
        running = Running(self, words, {"env": {**os.environ, **variables}, **popen})
        self.children.append(running)
        return running

    def activated(self, *arguments, variables, **popen):
        result = self.spawn_activated(*arguments, variables=variables, **popen).wait()
        self.assertEqual(result.code, 0, result)
        return result.out

    def run_activated(self, *flags, variables, **popen):
        self.process["args"] = ["/bin/sh", "/show"]
        self.bundle.write()
        return self.activated("run", *flags, "--bundle", self.bundle.path, self.name, variables=variables, **popen)

    def test_descriptors_of_socket_activation_come_first(self):
        with self.open_from_3("a", "b", "c") as popen:
            out = self.run_activated("--preserve-fds", "1", variables={"LISTEN_FDS": "2", "LISTEN_PID": ""}, **popen)
        lines = out.splitlines()
        self.assertEqual(lines[0].split()[:2], ["2", "1"])
        self.assertEqual([line.rsplit("/", 1)[-1] for line in lines[1:]], ["a", "b", "c", "closed"])

    @not_on("runc", "does not hand names on")
    @not_on("crun", "does not hand names on")
    def test_their_names_are_handed_on(self):
        with self.open_from_3("a", "b") as popen:
            out = self.run_activated(variables={"LISTEN_FDS": "2", "LISTEN_PID": "", "LISTEN_FDNAMES": "http:https"}, **popen)
        self.assertEqual(out.splitlines()[0], "2 1 http:https")

    @not_on("crun", "does not look at LISTEN_PID")
    def test_those_of_another_process_are_not_taken(self):
        with self.open_from_3("a", "b") as popen:
            out = self.run_activated(variables={"LISTEN_FDS": "2", "LISTEN_PID": "1"}, **popen)
        self.assertEqual(out.split(), ["closed"] * 4)

    @only_crumb("LISTEN_FDS without a LISTEN_PID")
    def test_without_a_pid_they_are_the_runtimes(self):
        with self.open_from_3("a", "b") as popen:
            out = self.run_activated(variables={"LISTEN_FDS": "2"}, **popen)
        self.assertEqual(out.splitlines()[0], "2 1")

    def test_a_created_container_has_them_too(self):
        self.process["args"] = ["/bin/sh", "/show"]
        self.bundle.write()
        with self.open_from_3("a", "b") as popen:
            flags = ("create", "--bundle", self.bundle.path, self.name)
            running = self.spawn_activated(*flags, variables={"LISTEN_FDS": "2", "LISTEN_PID": ""}, **popen)
        self.addCleanup(self.delete_forcibly)
        self.assertEqual(running.wait().code, 0)
        self.start()
        self.wait_status("stopped")
        self.assertEqual(running.output().splitlines()[0].split()[:2], ["2", "1"])

    @only_crumb("socket activation of exec")
    def test_exec_has_them_with_its_own_pid(self):
        self.running("/bin/sleep", "1000")
        with self.open_from_3("a", "b") as popen:
            flags = ("exec", self.name, "/bin/sh", "-c", SHOW + "; test $LISTEN_PID = $$ && echo mine")
            out = self.activated(*flags, variables={"LISTEN_FDS": "2", "LISTEN_PID": ""}, **popen)
        self.assertEqual([line.rsplit("/", 1)[-1] for line in out.splitlines()[1:]], ["a", "b", "closed", "closed", "mine"])

    @only_crumb("an error for what cannot be handed over")
    def test_a_descriptor_that_is_not_open_is_an_error(self):
        result = self.spawn_activated("run", "--bundle", self.bundle.path, self.name, variables={"LISTEN_FDS": "1"}).wait()
        self.assertEqual(result.code, 1, result)
        self.assertIn("LISTEN_FDS 1: descriptor 3 is not open", result.err)

    def accepts(self, number, flags=(), variables=None, files=("a",)):
        """A guest accepts a connection on the socket that is handed over under this number, with these files at 3 and the next."""
        self.bundle.guest("socket", "/socket.wasm")
        self.process["args"] = ["/socket.wasm"]
        self.bundle.write()
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen()
            client = socket.create_connection(server.getsockname())
            self.addCleanup(client.close)
            listening = fcntl.fcntl(server, fcntl.F_DUPFD, 50)
            self.addCleanup(os.close, listening)
            with self.open_from_3(*files) as popen:
                os.dup2(listening, number)
                out = self.activated("run", "--bundle", self.bundle.path, *flags, self.name, variables=variables or {}, **popen)
        self.assertEqual(out, "")
        client.settimeout(10)
        self.assertEqual(client.recv(100), b"hello from wasm\n")

    @only_crumb("WebAssembly")
    def test_a_guest_accepts_on_a_socket_that_was_handed_over(self):
        self.accepts(3, variables={"LISTEN_FDS": "1"})

    @only_crumb("WebAssembly")
    def test_a_guest_accepts_on_a_preserved_socket_behind_a_file(self):
        self.accepts(4, ("--preserve-fds", "2"), files=("a", "b"))


class PidfdCase(ContainerCase):
    def receiver(self):
        receiver = Receiver(self.scratch / "socket")
        self.addCleanup(receiver.close)
        return receiver

    def pidfd_of(self, receiver):
        pidfd, _ = receiver.receive()
        self.addCleanup(os.close, pidfd)
        return pidfd

    def pid_behind(self, pidfd):
        with open(f"/proc/self/fdinfo/{pidfd}", encoding="utf-8") as info:
            return next(int(line.split()[1]) for line in info if line.startswith("Pid:"))


@not_on("runc", "the annotation is crun's")
class PidfdReceiver(PidfdCase):
    def test_the_annotation_s_socket_gets_a_pidfd_of_the_containers_process(self):
        receiver = self.receiver()
        self.config["annotations"] = {"run.oci.pidfd_receiver": str(receiver.path)}
        self.create("/bin/sleep", "1000")
        self.assertEqual(self.pid_behind(self.pidfd_of(receiver)), self.pid())

    @only_crumb("the words")
    def test_a_socket_that_is_not_there_is_an_error_with_its_place(self):
        self.config["annotations"] = {"run.oci.pidfd_receiver": str(self.scratch / "nothing")}
        self.run_fails("/bin/true", words='annotations["run.oci.pidfd_receiver"]: ')


@not_on("runc", "1.1 has no --pidfd-socket")
@not_on("crun", "has no --pidfd-socket")
class PidfdSocket(PidfdCase):
    def test_create_sends_a_pidfd_of_the_containers_process(self):
        receiver = self.receiver()
        self.create("/bin/sleep", "1000", flags=("--pidfd-socket", receiver.path))
        pidfd = self.pidfd_of(receiver)
        self.assertEqual(self.pid_behind(pidfd), self.pid())
        self.start()
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.wait_status("stopped")

    def test_run_sends_it_while_the_program_runs(self):
        receiver = self.receiver()
        running = self.spawn_run("/bin/sleep", "1000", flags=("--pidfd-socket", receiver.path))
        pidfd = self.pidfd_of(receiver)
        self.wait_status("running")
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.assertEqual(running.wait().code, 128 + signal.SIGKILL)

    def test_exec_sends_that_of_its_own_process(self):
        self.running("/bin/sleep", "1000")
        receiver = self.receiver()
        pid_file = self.scratch / "pid"
        self.exec("/bin/sleep", "1000", flags=("--detach", "--pid-file", pid_file, "--pidfd-socket", receiver.path))
        pidfd = self.pidfd_of(receiver)
        self.assertEqual(self.pid_behind(pidfd), int(pid_file.read_text()))
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.assertTrue(select.select([pidfd], [], [], 10)[0])

    def test_a_missing_socket_is_an_error_that_names_it(self):
        self.bundle.write()
        for command in (["create", "--bundle", self.bundle.path], ["run", "--bundle", self.bundle.path]):
            self.fails(*command, "--pidfd-socket", self.scratch / "nothing", self.name, words="--pidfd-socket")

    def test_exec_without_its_socket_leaves_the_container_alone(self):
        self.running("/bin/sleep", "1000")
        self.fails("exec", "--pidfd-socket", self.scratch / "nothing", self.name, "/bin/true", words="--pidfd-socket")
        self.assertEqual(self.status(), "running")


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    unittest.main()
