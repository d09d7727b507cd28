"""A module that takes long to compile: many functions of arithmetic that cannot be folded."""

import sys


def number(value):
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if value == 0:
            return bytes(out)


def section(kind, body):
    return bytes([kind]) + number(len(body)) + body


def function(index, operations):
    """(i32) -> i32: x = (x * x ^ constant) + x, again and again, with a branch each time."""
    code = bytearray()
    for step in range(operations):
        code += b"\x20\x00\x20\x00\x6c\x41" + number((index * 31 + step) & 0x3F) + b"\x73\x20\x00\x6a\x21\x00"
        code += b"\x20\x00\x45\x04\x40\x20\x00\x41\x01\x6a\x21\x00\x0b"
    body = b"\x00" + bytes(code) + b"\x20\x00\x0b"
    return number(len(body)) + body


def module(functions=1500, operations=60):
    types = section(1, number(2) + b"\x60\x01\x7f\x01\x7f" + b"\x60\x00\x00")
    indexes = section(3, number(functions + 1) + b"\x00" * functions + b"\x01")
    memory = section(5, b"\x01\x00\x01")
    exports = section(7, number(2) + b"\x06_start\x00" + number(functions) + b"\x06memory\x02\x00")
    start = b"\x00\x41\x00\x10\x00\x1a\x0b"
    bodies = b"".join(function(index, operations) for index in range(functions)) + number(len(start)) + start
    return b"\0asm\1\0\0\0" + types + indexes + memory + exports + section(10, number(functions + 1) + bodies)


if __name__ == "__main__":
    sys.stdout.buffer.write(module())
