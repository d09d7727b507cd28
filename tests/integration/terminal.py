"""A user at a terminal, and a caller with a socket that waits for a descriptor: what the tests of terminals and exec share."""

import array
import contextlib
import fcntl
import os
import pty
import socket
import struct
import termios
import threading
import time

from support import SLOW


class User:
    """A pseudo-terminal of our own, on which a command of the runtime is started: we type on its master and read what appears."""

    def __init__(self, rows=24, columns=80):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.screen = b""
        self.reader = threading.Thread(target=self.read_all, daemon=True)
        self.reader.start()

    def read_all(self):
        with contextlib.suppress(OSError):
            while piece := os.read(self.master, 65536):
                self.screen += piece

    def close(self):
        os.close(self.slave)
        self.reader.join(5 * SLOW)
        os.close(self.master)

    def popen(self):
        """Arguments for a command of the runtime that has this as its controlling terminal."""
        def take_control():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        return {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, "start_new_session": True, "preexec_fn": take_control}

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text)

    def shows(self, text, times=1):
        """Waits until this text has appeared so often; what has appeared."""
        end = time.monotonic() + 10 * SLOW
        while self.screen.count(text) < times:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} does not appear: {self.screen!r}")
            time.sleep(0.01)
        return self.screen

    def all_shown(self):
        """What has appeared, when all that was written so far has."""
        mark = b"<end %d>" % time.monotonic_ns()
        os.write(self.slave, mark)
        self.shows(mark)
        self.screen = self.screen.replace(mark, b"")
        return self.screen

    def modes(self):
        return termios.tcgetattr(self.slave)

    def is_raw(self):
        return not self.modes()[3] & (termios.ECHO | termios.ICANON | termios.ISIG)


class Receiver:
    """A listening socket that is sent one descriptor."""

    def __init__(self, path, backlog=1):
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(path.parent, os.O_PATH)
        self.listener.bind(f"/proc/self/fd/{folder}/{path.name}")  # however long the path is
        os.close(folder)
        self.listener.listen(backlog)
        self.listener.settimeout(10 * SLOW)

    def receive(self):
        """The descriptor and the message beside it."""
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(10 * SLOW)
            descriptors = array.array("i")
            text, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(16 * descriptors.itemsize))
            for level, kind, data in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(data)
            if len(descriptors) != 1:
                raise AssertionError(f"{len(descriptors)} descriptors beside {text!r}")
            return descriptors[0], text

    def close(self):
        self.listener.close()


def read_until(master, text):
    """What comes out of a master, to this text."""
    found = b""
    os.set_blocking(master, False)
    end = time.monotonic() + 10 * SLOW
    while text not in found:
        if time.monotonic() > end:
            raise AssertionError(f"{text!r} does not come: {found!r}")
        with contextlib.suppress(BlockingIOError):
            try:
                found += os.read(master, 65536)
            except BlockingIOError:
                raise
            except OSError as error:  # nobody has the slave open any more
                raise AssertionError(f"{text!r} did not come: {found!r}") from error
            continue
        time.sleep(0.01)
    return found
