"""WASI: the calls of sockets, on a listening socket that was handed over."""

import fcntl
import os
import socket
import unittest

from wasi_case import WAYS, WasiCase


class Sockets(WasiCase):
    guest = "wasi_sockets"

    def setUp(self):
        super().setUp()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.server.close)
        # Out of the way of 3, where the engine looks for it.
        self.number = fcntl.fcntl(self.server.fileno(), fcntl.F_DUPFD, 50)
        self.addCleanup(os.close, self.number)

    def listen(self, level, case):
        return self.begin(level, case, policy=["listen=1"], listener=self.number)

    def connect(self):
        client = socket.create_connection(self.server.getsockname(), timeout=20)
        self.addCleanup(client.close)
        return client

    def ends(self, process, *lines):
        out, err = process.communicate(timeout=60)
        self.assertEqual((out.splitlines(), err, process.returncode), (list(lines), "", 0))

    def each_way(self, case):
        """The guest and a connection to it, for each way. No subtest, as a generator would swallow its failure."""
        for level in WAYS:
            client = self.connect()
            yield self.listen(level, case), client
            client.close()

    def test_a_connection_is_accepted_and_talks(self):
        for process, client in self.each_way("talk"):
            client.sendall(b"question")
            self.assertEqual(client.recv(100), b"answer")
            self.ends(process, "accept: ok", "recv: ok", "question", "send 6")

    def test_a_non_blocking_accept_does_not_wait(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.ends(self.listen(level, "nobody_comes"), "flag: ok", "accept: EAGAIN")
                self.server.setblocking(True)  # the flag belongs to the socket, not to the guest

    def test_accept_makes_a_connection_that_does_not_block_where_that_was_asked_for(self):
        for process, _ in self.each_way("nonblocking_connection"):
            self.connect()
            self.ends(process, "flag 1", "recv: EAGAIN", "a blocking one 0")

    def test_a_connection_can_be_waited_for(self):
        for process, _ in self.each_way("wait_for_a_connection"):
            self.ends(process, "poll 1", "accept: ok")

    def test_one_direction_is_shut_down_and_the_other_goes_on(self):
        for process, client in self.each_way("half_close"):
            said = b""
            while piece := client.recv(100):
                said += piece
            self.assertEqual(said, b"last words")
            client.sendall(b"still heard")
            self.ends(process, "send: ok", "shutdown: ok", "recv 11", "still heard")

    def test_what_cannot_be_shut_down_is_an_error(self):
        for process, _ in self.each_way("shutdown_errors"):
            self.ends(process, "no direction: EINVAL", "unknown: EINVAL", "a file: ENOTSOCK", "nothing: EBADF", "both: ok")

    def test_peeking_leaves_what_it_saw(self):
        for process, client in self.each_way("peek"):
            client.sendall(b"abcdef")
            self.ends(process, "3", "abc", "3", "abc")

    def test_a_read_may_wait_for_all(self):
        for process, client in self.each_way("wait_for_all"):
            client.sendall(b"first ")
            self.assertEqual(client.recv(2), b"go")
            client.sendall(b"second")
            self.ends(process, "12", "first second")

    def test_several_buffers_are_filled_and_sent(self):
        for process, client in self.each_way("vectors"):
            client.sendall(b"0123456789")
            self.assertEqual(client.recv(5, socket.MSG_WAITALL), b"abcde")
            self.ends(process, "recv: ok", "10 bytes, 012 3456789, flags 0", "send: ok", "5 bytes")

    def test_nothing_may_be_sent_and_received(self):
        for process, client in self.each_way("no_bytes"):
            client.sendall(b"x")  # Linux waits for data even then
            self.ends(process, "send 0", "recv 0")

    def test_a_guest_outlives_a_client_that_has_gone(self):
        """A native server would ignore SIGPIPE; WASI has no signals."""
        for process, client in self.each_way("peer_is_gone"):
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes(8))
            client.close()
            out, err = process.communicate(timeout=60)
            self.assertEqual((err, process.returncode), ("", 0))
            self.assertRegex(out, r"\Arecv 0\nsend: (EPIPE|ECONNRESET)\n\Z")

    def test_a_file_is_no_socket(self):
        for level in WAYS:
            with self.subTest(compiled=level):
                self.ends(self.listen(level, "not_a_socket"), "recv: ENOTSOCK", "send: ENOTSOCK", "accept refused")


class Extension(WasiCase):
    """Sockets that a guest makes by itself, by WAMR's extension of WASI, on the loopback device."""

    guest = "wasi_network"

    def makes(self, case, *lines):
        self.prints(case, *lines, policy=["network=all"])

    def test_options_are_set_and_told_and_nothing_behind_them_is_touched(self):
        self.makes("options", "reuse_addr: ok, ok, 1, 1", "reuse_port: ok, ok, 1, 1", "keep_alive: ok, ok, 1, 1", "tcp_no_delay: ok, ok, 1, 1",
                   "tcp_keep_idle: ok, ok, 7, 1", "tcp_keep_intvl: ok, ok, 9, 1", "recv_timeout: ok, ok, 1500000, 1",
                   "send_timeout: ok, ok, 2500000, 1", "ip_ttl: ok, ok, 33, 1")

    def test_the_size_of_a_buffer_takes_four_bytes(self):
        self.makes("sizes_of_buffers", "set: ok", "get: ok", "1 77", "set: ok", "get: ok", "1 77")

    def test_lingering_is_set_and_told(self):
        self.makes("linger", "set: ok", "get: ok", "1 3")

    def test_broadcasting_is_switched_on(self):
        self.makes("broadcast", "broadcast: ok, ok, 1, 1")

    def test_datagrams_are_sent_and_tell_where_they_come_from(self):
        self.makes("datagrams", "bind: ok", "local address: ok", "bind: ok", "local address: ok", "send: ok", "8", "receive: ok",
                   "8 datagram, from the other 1")

    def test_a_guest_connects_to_itself(self):
        self.makes("a_connection_to_itself", "bind: ok", "local address: ok", "listen: ok", "connect: ok", "accept: ok", "remote address: ok",
                   "local address: ok", "the same 1", "write: ok", "5 hello", "close: ok", "end 0")

    def test_what_fails_has_the_kernels_error(self):
        self.makes("errors", "bind: ok", "local address: ok", "connect where nobody listens: ECONNREFUSED", "listen: ok",
                   "bind to what is taken: EADDRINUSE", "a file: 1 1", "nothing: EBADF")


if __name__ == "__main__":
    unittest.main()
