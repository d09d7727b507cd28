"""The other side of SCMP_ACT_NOTIFY: a socket that takes filters' listeners, and a thread that answers the calls."""

import array
import errno
import fcntl
import json
import os
import select
import socket
import struct
import threading

from support import SLOW

# <linux/seccomp.h>: struct seccomp_notif and struct seccomp_notif_resp, and their ioctls.
NOTIFICATION = struct.Struct("QIIiIQ6Q")
RESPONSE = struct.Struct("QqiI")
RECEIVE, SEND = 0xC0502100, 0xC0182101
CONTINUE = 1


class Agent:
    """Answers each notified call with `answer` (a result, or -errno); None lets it happen. What it was told is in .states, the
    numbers of the calls that it answered in .calls."""

    def __init__(self, path, answer):
        self.path, self.answer = path, answer
        self.states, self.calls, self.listeners = [], [], []
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(path.parent, os.O_PATH)
        self.server.bind(f"/proc/self/fd/{folder}/{path.name}")  # however long the path is
        os.close(folder)
        self.server.listen()
        self.thread = threading.Thread(target=self.take_all, daemon=True)
        self.thread.start()

    def take_all(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(10 * SLOW)
                self.take(connection)

    def take(self, connection):
        text, listener = b"", None
        while True:
            part, rights, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(4))
            for _, _, data in rights:
                listener = array.array("i", data)[0]
            if not part:  # the runtime has closed it
                break
            text += part
            # crun keeps the connection until it leaves: what is whole is taken.
            try:
                state = json.loads(text)
                break
            except ValueError:
                continue
        if not text:
            return
        self.listeners.append(listener)
        threading.Thread(target=self.answer_all, args=[listener], daemon=True).start()
        self.states.append(state)

    def answer_all(self, listener):
        while True:
            buffer = bytearray(NOTIFICATION.size)
            try:
                fcntl.ioctl(listener, RECEIVE, buffer)
                id, _, _, number, *_ = NOTIFICATION.unpack(buffer)
                self.calls.append(number)
                result = RESPONSE.pack(id, 0, 0, CONTINUE) if self.answer is None else RESPONSE.pack(
                    id, max(self.answer, 0), min(self.answer, 0), 0)
                fcntl.ioctl(listener, SEND, result)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # the process has gone meanwhile
                    if self.has_ended(listener):
                        return
                    continue
                return

    @staticmethod
    def has_ended(listener):
        """Nobody is left under the filter."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        return any(events & select.POLLHUP for _, events in poll.poll(100))

    def close(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join(10 * SLOW)
        for listener in self.listeners:
            os.close(listener)
