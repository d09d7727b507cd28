"""A resctrl filesystem without the hardware: a FUSE server in this process that makes and removes the files of its directories as
the kernel does, and a mountinfo that calls it resctrl.
"""

import ctypes
import errno
import os
import stat
import struct
import threading

IN_HEADER = struct.Struct("IIQQIIIHH")  # <linux/fuse.h>: fuse_in_header
OUT_HEADER = struct.Struct("IiQ")
INIT_OUT = struct.Struct("IIIIHHIIHHI7I")
ATTRIBUTES = struct.Struct("QQQQQQIIIIIIIIII")
ENTRY_OUT = struct.Struct("QQQQII")  # before the attributes
ATTR_OUT = struct.Struct("QII")  # likewise
OPEN_OUT, WRITE_IN, READ_IN, DIRENT = struct.Struct("QII"), struct.Struct("QQIIQII"), struct.Struct("QQIIQII"), struct.Struct("QQII")
(LOOKUP, FORGET, GETATTR, SETATTR, MKDIR, RMDIR, OPEN, READ, WRITE, RELEASE, FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR, BATCH_FORGET) = (
    1, 2, 3, 4, 9, 11, 14, 15, 16, 18, 25, 26, 27, 28, 29, 42)
DIRECT_IO = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    pass


class Node:
    def __init__(self, content=None):
        self.content, self.children = content, {}

    @property
    def is_directory(self):
        return self.content is None


class FakeResctrl:
    """Mounted on `place` until close(). .writes: (path, text) of every write, in order. `refuse`: (path, text) that the files do not
    take."""

    SCHEMATA = "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n"

    def __init__(self, place):
        self.place, self.writes, self.refuse, self.limit = str(place), [], None, None
        self.nodes = {}  # number -> (path, node)
        self.root = self.group()
        self.root.children["info"] = self.directory(
            last_cmd_status="ok",
            L3=self.directory(cbm_mask="fffff", min_cbm_bits="1", num_closids="16"),
            MB=self.directory(bandwidth_gran="10", delay_linear="1", min_bandwidth="10", num_closids="8"),
            L3_MON=self.directory(mon_features="llc_occupancy\nmbm_total_bytes\nmbm_local_bytes", num_rmids="32"))
        self.nodes[1] = ("", self.root)
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if LIBC.mount(b"resctrl", self.place.encode(), b"fuse.resctrl", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount of a FUSE filesystem")
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        LIBC.umount2(self.place.encode(), 2)  # MNT_DETACH
        self.thread.join(10)
        os.close(self.device)

    def mountinfo(self):
        """This machine's mountinfo with this filesystem called resctrl."""
        with open("/proc/self/mountinfo") as file:
            return file.read().replace(" - fuse.resctrl ", " - resctrl ")

    def group(self):
        node = self.monitoring_group()
        node.children |= {"schemata": Node(self.SCHEMATA), "mon_groups": Node()}
        return node

    def monitoring_group(self):
        domains = {f"mon_L3_0{number}": self.directory(llc_occupancy="0", mbm_total_bytes="0", mbm_local_bytes="0") for number in (0, 1)}
        node = Node()
        node.children = {"tasks": Node(""), "mon_data": self.directory(**domains)}
        return node

    @staticmethod
    def directory(**entries):
        """Of directories and of what files say."""
        node = Node()
        node.children = {name: entry if isinstance(entry, Node) else Node(entry + "\n") for name, entry in entries.items()}
        return node

    def find(self, path):
        node = self.root
        for part in filter(None, path.split("/")):
            node = node.children.get(part) if node else None
        return node

    # The protocol.

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 18)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                    continue
                return  # unmounted
            _, operation, unique, number, *_ = IN_HEADER.unpack_from(request)
            if operation in (FORGET, BATCH_FORGET):
                continue
            body, error = b"", 0
            try:
                body = self.answer(operation, number, request[IN_HEADER.size:])
            except Failure as failure:
                error = -failure.args[0]
            try:
                os.write(self.device, OUT_HEADER.pack(OUT_HEADER.size + len(body), error, unique) + body)
            except OSError:
                return

    def answer(self, operation, number, data):
        if operation == INIT:
            return INIT_OUT.pack(7, 31, 0, 0, 0, 0, 1 << 16, 1, 0, 0, 0, *[0] * 7)
        path, node = self.nodes.get(number, (None, None))
        if node is None:
            raise Failure(errno.ENOENT)
        name = data.split(b"\0")[0].decode(errors="replace")
        if operation == LOOKUP:
            return self.entry(path, node, name)
        if operation in (GETATTR, SETATTR):
            return ATTR_OUT.pack(0, 0, 0) + self.attributes(number, node)
        if operation == MKDIR:
            return self.make(path, node, data[8:].split(b"\0")[0].decode())
        if operation == RMDIR:
            if node.children.pop(name, None) is None:
                raise Failure(errno.ENOENT)
            return b""
        if operation in (OPEN, OPENDIR):
            return OPEN_OUT.pack(0, DIRECT_IO if operation == OPEN else 0, 0)
        if operation == READ:
            _, offset, size, *_ = READ_IN.unpack_from(data)
            return node.content.encode()[offset:offset + size]
        if operation == WRITE:
            size = WRITE_IN.unpack_from(data)[2]
            self.write(path, node, data[WRITE_IN.size:WRITE_IN.size + size].decode())
            return struct.pack("II", size, 0)
        if operation == READDIR:
            return self.list(node, READ_IN.unpack_from(data)[1])
        if operation in (RELEASE, RELEASEDIR, FLUSH):
            return b""
        raise Failure(errno.ENOSYS)

    def attributes(self, number, node):
        mode = stat.S_IFDIR | 0o755 if node.is_directory else stat.S_IFREG | 0o644
        size = 0 if node.is_directory else len(node.content)
        return ATTRIBUTES.pack(number, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def entry(self, path, node, name):
        child = node.children.get(name)
        if child is None:
            raise Failure(errno.ENOENT)
        number = id(child) & 0x7FFFFFFFFFFFFFFF
        self.nodes[number] = (f"{path}/{name}", child)
        return ENTRY_OUT.pack(number, 0, 0, 0, 0, 0) + self.attributes(number, child)

    def make(self, path, node, name):
        if name in node.children:
            raise Failure(errno.EEXIST)
        if self.limit is not None and len(node.children) >= self.limit:
            self.status("out of CLOSIDs")
            raise Failure(errno.ENOSPC)
        monitors = path.endswith("/mon_groups")
        if path and not monitors:
            raise Failure(errno.EPERM)
        node.children[name] = self.monitoring_group() if monitors else self.group()
        return self.entry(path, node, name)

    def write(self, path, node, text):
        if self.refuse == (path, text):
            self.status("not a value of this machine")
            raise Failure(errno.EINVAL)
        self.writes.append((path, text))
        if path.endswith("/tasks"):
            node.content += text + "\n"
        else:
            resource = text.split(":")[0]
            kept = [line for line in node.content.splitlines() if line.strip().split(":")[0] != resource]
            node.content = "\n".join([*kept, "    " + text.strip()]) + "\n"

    def status(self, text):
        self.find("info/last_cmd_status").content = text + "\n"

    def list(self, node, offset):
        out = b""
        for position, (name, child) in enumerate(node.children.items(), start=1):
            if position > offset:
                raw = name.encode()
                kind = stat.S_IFDIR >> 12 if child.is_directory else stat.S_IFREG >> 12
                out += DIRENT.pack(id(child), position, len(raw), kind) + raw + bytes(-len(raw) % 8)
        return out
