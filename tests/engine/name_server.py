"""name_server.py PROGRAM [ARGUMENT...]: runs the program beside a DNS server at 127.0.0.1 that knows both.test (an alias of
one.test, 192.0.2.7 and 2001::7) and nothing else, and leaves with its exit code."""

import ipaddress
import socket
import struct
import subprocess
import sys
import threading

KNOWN = {1: ipaddress.ip_address("192.0.2.7").packed, 28: ipaddress.ip_address("2001::7").packed}
ALIAS = b"\x03one\x04test\x00"


def answer(question):
    end = question.index(b"\0", 12) + 5
    name, kind = question[12:end - 4], struct.unpack(">H", question[end - 4:end - 2])[0]
    head = lambda code, count: question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, count, 0, 0) + question[12:end]
    if name != b"\x04both\x04test\x00":
        return head(3, 0)
    if kind not in KNOWN:
        return head(0, 0)
    record = lambda owner, kind, data: owner + struct.pack(">HHIH", kind, 1, 60, len(data)) + data
    return head(0, 2) + record(b"\xc0\x0c", 5, ALIAS) + record(ALIAS, kind, KNOWN[kind])


def serve(server):
    while True:
        question, peer = server.recvfrom(512)
        server.sendto(answer(question), peer)


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
threading.Thread(target=serve, args=(server,), daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:], close_fds=False).returncode)
