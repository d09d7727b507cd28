"""Hostile modules: a module is parsed into its numbers, vectors and parts with a size (core specification 2.0, chapter 5), and one or a
few of them are changed, so that what surrounds the change stays right and the loader gets as far as that.

The same seed and module give the same mutants on every machine.
"""

import random

SECTIONS = ("custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "datacount")
EMPTY_BLOCK = 0x40


def leb(value, signed=False, width=0):
    """LEB128 in its shortest form, or padded to `width` bytes."""
    out = bytearray()
    while True:
        low, value = value & 0x7F, value >> 7
        ended = value == 0 and not (signed and low & 0x40) or (signed and value == -1 and low & 0x40)
        if ended and len(out) + 1 >= width:
            return bytes(out) + bytes([low])
        out.append(low | 0x80)


class Number:
    """An integer, or one byte that stands for something. `raw`: what is written in its place."""

    def __init__(self, role, value, signed=False, raw=None):
        self.role, self.value, self.signed, self.raw = role, value, signed, raw

    def encode(self):
        return leb(self.value, self.signed) if self.raw is None else self.raw


class Raw:
    def __init__(self, content):
        self.content = content

    def encode(self):
        return self.content


class Vector:
    """Items behind their count; `count`: a wrong one. An item is a list of nodes."""

    def __init__(self, role, items, count=None):
        self.role, self.items, self.count = role, items, count

    def encode(self):
        count = leb(len(self.items)) if self.count is None else self.count
        return count + b"".join(encode(item) for item in self.items)


class Sized:
    """Nodes behind their size in bytes; `size`: a wrong one."""

    def __init__(self, role, nodes, size=None):
        self.role, self.nodes, self.size = role, nodes, size

    def encode(self):
        content = encode(self.nodes)
        return (leb(len(content)) if self.size is None else self.size) + content


def encode(nodes):
    return b"".join(node.encode() for node in nodes)


def walk(nodes):
    """All nodes, each before what it holds."""
    for node in nodes:
        yield node
        if isinstance(node, Sized):
            yield from walk(node.nodes)
        elif isinstance(node, Vector):
            for item in node.items:
                yield from walk(item)


class Parser:
    """Reads a module that is right into nodes."""

    def __init__(self, content):
        self.content, self.at = content, 0
        self.nodes = []

    def inner(self, size):
        part = Parser(self.content[self.at:self.at + size])
        self.at += size
        return part

    def byte(self, role):
        value = self.content[self.at]
        self.at += 1
        self.nodes.append(Number(role, value, raw=bytes([value])))
        return value

    def value(self, signed=False):
        value = shift = 0
        while True:
            byte = self.content[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value - (1 << shift) if signed and byte & 0x40 else value

    def number(self, role, signed=False):
        start = self.at
        value = self.value(signed)
        self.nodes.append(Number(role, value, signed, self.content[start:self.at]))
        return value

    def raw(self, size):
        self.nodes.append(Raw(self.content[self.at:self.at + size]))
        self.at += size

    def vector(self, role, read):
        items, outer = [], self.nodes
        for _ in range(self.value()):
            self.nodes = []
            read()
            items.append(self.nodes)
        self.nodes = outer
        self.nodes.append(Vector(role, items))

    def sized(self, role, read):
        part = self.inner(self.value())
        read(part)
        part.rest()
        self.nodes.append(Sized(role, part.nodes))

    def rest(self):
        self.raw(len(self.content) - self.at)

    # Section by section.

    def name(self, role):
        self.sized(f"{role} name", Parser.rest)

    def types(self, role):
        self.vector(role, lambda: self.byte("value type"))

    def limits(self, role):
        flags = self.byte(f"{role} flags")
        self.number(f"{role} minimum")
        if flags & 1:
            self.number(f"{role} maximum")

    def table(self):
        self.byte("reference type")
        self.limits("table")

    def memory(self):
        self.limits("memory")

    def global_type(self):
        self.byte("value type")
        self.byte("mutability")

    def section_type(self):
        def one():
            self.byte("form of a type")
            self.types("parameters")
            self.types("results")
        self.vector("types", one)

    def section_import(self):
        def one():
            self.name("module")
            self.name("import")
            kind = self.byte("kind of an import")
            (lambda: self.number("type index"), self.table, self.memory, self.global_type)[kind]()
        self.vector("imports", one)

    def section_function(self):
        self.vector("functions", lambda: self.number("type index"))

    def section_table(self):
        self.vector("tables", self.table)

    def section_memory(self):
        self.vector("memories", self.memory)

    def section_global(self):
        def one():
            self.global_type()
            self.expression()
        self.vector("globals", one)

    def section_export(self):
        def one():
            self.name("export")
            self.byte("kind of an export")
            self.number("exported index")
        self.vector("exports", one)

    def section_start(self):
        self.number("start function")

    def section_element(self):
        def one():
            flags = self.number("element flags")
            if flags & 3 == 2:
                self.number("table index")
            if not flags & 1:
                self.expression()
            if flags & 3:
                self.byte("element kind")
            item = self.expression if flags & 4 else lambda: self.number("function index in a table")
            self.vector("elements", item)
        self.vector("element segments", one)

    def section_code(self):
        def body(part):
            def group():
                part.number("locals")
                part.byte("value type")
            part.vector("groups of locals", group)
            part.expression()
        self.vector("bodies", lambda: self.sized("body", body))

    def section_data(self):
        def one():
            flags = self.number("data flags")
            if flags == 2:
                self.number("memory index")
            if flags != 1:
                self.expression()
            self.sized("bytes", Parser.rest)
        self.vector("data segments", one)

    def section_datacount(self):
        self.number("data count")

    def section_custom(self):
        name = self.content[1:1 + self.content[0]]
        self.name("custom")
        while name == b"name" and self.at < len(self.content):
            kind = self.byte("kind of names")
            self.sized("names", Parser.rest if kind not in (1, 7, 9) else lambda part: part.names())

    def names(self):
        def one():
            self.number("named index")
            self.name("debug")
        self.vector("name map", one)

    # Code, instruction by instruction.

    def expression(self):
        depth = 1
        while depth:
            opcode = self.byte("opcode")
            depth += (opcode in (2, 3, 4)) - (opcode == 0x0B)
            self.immediates(opcode)

    def immediates(self, opcode):
        if opcode in (2, 3, 4):
            self.number("block type", signed=True)
        elif opcode in (0x0C, 0x0D):
            self.number("label")
        elif opcode == 0x0E:
            self.vector("labels", lambda: self.number("label"))
            self.number("label")
        elif opcode in (0x10, 0x12, 0xD2):
            self.number("function index")
        elif opcode in (0x11, 0x13):
            self.number("type index of a call")
            self.number("table index")
        elif opcode == 0x1C:
            self.types("types of a select")
        elif 0x20 <= opcode <= 0x26:
            self.number("index of a local" if opcode < 0x23 else "index of a global" if opcode < 0x25 else "table index")
        elif 0x28 <= opcode <= 0x3E:
            self.memory_argument()
        elif opcode in (0x3F, 0x40, 0xD0):
            self.byte("memory index" if opcode != 0xD0 else "reference type")
        elif opcode in (0x41, 0x42):
            self.number("constant", signed=True)
        elif opcode in (0x43, 0x44):
            self.raw(4 if opcode == 0x43 else 8)
        elif opcode in (0xFC, 0xFD, 0xFE):
            self.prefixed(opcode, self.number(f"opcode behind {opcode:#x}"))

    def memory_argument(self):
        self.number("alignment")
        self.number("offset")

    def prefixed(self, prefix, opcode):
        if prefix == 0xFC:
            count = 0 if opcode < 8 else 2 if opcode in (8, 10, 12, 14) else 1
            for _ in range(count):
                self.number("index of a bulk operation")
        elif prefix == 0xFE:
            self.byte("fence") if opcode == 3 else self.memory_argument()
        elif opcode in (12, 13):
            self.raw(16)
        elif opcode <= 11 or 84 <= opcode <= 93:
            self.memory_argument()
            if 84 <= opcode <= 91:
                self.byte("lane")
        elif 21 <= opcode <= 34:
            self.byte("lane")


def parse(content):
    """A module as nodes: the header, then a number and a Sized for each section. What it encodes to is what it was parsed from, but for
    numbers that are longer than they need be."""
    reader = Parser(content)
    reader.raw(8)
    while reader.at < len(content):
        section = SECTIONS[reader.byte("section")]
        reader.sized(section, getattr(Parser, "section_" + section))
    return reader.nodes


# Changes. Each is a function of a random.Random and the nodes, which changes something in place.

BORDERS = (0, 1, 2, 7, 63, 64, 127, 128, 255, 4095, 32767, 32768, 65535, 65536, 65537, 1 << 20, (1 << 24) - 1, (1 << 30) + 1, (1 << 31) - 1,
           1 << 31, (1 << 32) - 2, (1 << 32) - 1)
OPERANDS = ("constant", "offset", "label", "index of a local", "function index")
NOT_NUMBERS = (b"\x80", b"\xff\xff\xff\xff\xff", b"\x80\x80\x80\x80\x80\x00", b"\xff\xff\xff\xff\x7f", b"\x80" * 11 + b"\x01",
               (1 << 32).to_bytes(5, "little"), leb(1 << 32), leb(1 << 63))


def pick(random, nodes, kind):
    """One node of this kind: first what for, so that the numbers in code do not outweigh all others."""
    by_role = {}
    for node in walk(nodes):
        if isinstance(node, kind):
            by_role.setdefault(node.role, []).append(node)
    return random.choice(by_role[random.choice(sorted(by_role))])


def other(random, value):
    """Near a value, or at a border."""
    return max(0, random.choice((value - 1, value + 1, value * 2, value ^ (1 << random.randrange(8)), *random.sample(BORDERS, 4))))


def hostile(random, value):
    """A wrong count, size or index as it is written."""
    return random.choice(NOT_NUMBERS) if random.random() < 0.15 else leb(other(random, value))


def change_number(random, nodes):
    number = pick(random, nodes, Number)
    if number.signed:
        values = (number.value + 1, -number.value, -1, (1 << 31) - 1, -(1 << 31), (1 << 63) - 1, -(1 << 63), EMPTY_BLOCK - 128, random.randrange(256))
        number.raw = leb(random.choice(values), signed=True)
    else:
        number.raw = hostile(random, number.value)


def change_operand(random, nodes):
    """Of an instruction, so that most of them are still right."""
    operands = [node for node in walk(nodes) if isinstance(node, Number) and node.role in OPERANDS]
    if operands:
        number = random.choice(operands)
        value = number.value + random.choice((-1, 1, 2, 100)) if random.random() < 0.7 else random.choice(BORDERS)
        number.raw = leb(value if number.signed else max(0, value), number.signed)


def change_byte(random, nodes):
    pick(random, nodes, Number).raw = bytes([random.randrange(256)])


def lengthen_number(random, nodes):
    """The same number in more bytes than it needs: valid up to its size in bits."""
    number = pick(random, nodes, Number)
    number.raw = leb(number.value, number.signed, random.choice((2, 5, 5, 6, 10, 11)))


def change_size(random, nodes):
    part = pick(random, nodes, Sized)
    part.size = hostile(random, len(encode(part.nodes)))


def change_count(random, nodes):
    vector = pick(random, nodes, Vector)
    vector.count = hostile(random, len(vector.items))


def change_items(random, nodes):
    """Items dropped, doubled, exchanged or repeated, with a count that is right."""
    vector = pick(random, nodes, Vector)
    if not vector.items:
        return change_count(random, nodes)
    at, item = random.randrange(len(vector.items)), random.choice(vector.items)
    how = random.randrange(4)
    if how == 0:
        del vector.items[at]
    elif how == 1:
        vector.items.insert(at, item)
    elif how == 2:
        vector.items[at] = item
    else:
        vector.items[at:at] = [item] * random.choice((100, 1000, 20000))
    return None


def change_sections(random, nodes):
    """One is missing, there twice, or in another place."""
    starts = range(1, len(nodes), 2)
    at, to = random.choice(starts), random.choice(starts)
    section = nodes[at:at + 2]
    how = random.randrange(3)
    if how != 1:
        del nodes[at:at + 2]
    if how != 0:
        nodes[to:to] = section


def change_name(random, nodes):
    """What ends up in messages."""
    names = [node for node in walk(nodes) if isinstance(node, Sized) and node.role.endswith(" name")]
    if names:
        random.choice(names).nodes[:] = [Raw(random.choice((b"", b"\n\x1b[2J", b"\0", b"\xff\xfe", b"%s%n", b"x" * 100000, "\u20ac".encode() * 300)))]


def change_locals(random, nodes):
    """Groups of locals that are many, or many together."""
    groups = [node for node in walk(nodes) if isinstance(node, Vector) and node.role == "groups of locals"]
    if groups:
        count = random.choice((1, 1000, 32766, 49999, 50001, 65535, 65536, 1 << 28, (1 << 31) - 1, 1 << 31, (1 << 32) - 1))
        group = [Number("locals", count), Raw(bytes([random.choice((0x7F, 0x7E, 0x7D, 0x7C, 0x7B, 0x70, 0x6F))]))]
        random.choice(groups).items += [group] * random.choice((1, 1, 2, 3, 3000))


def nested(random):
    depth = random.choice((3, 100, 1000, 20000))
    if random.random() < 0.3:  # each is the value of the one around it
        return b"\x02\x7f" * depth + b"\x41\x00" + b"\x0b" * depth + b"\x1a"
    return random.choice((b"\x02\x40", b"\x03\x40", b"\x41\x01\x04\x40")) * depth + b"\x0b" * depth


def table_of_labels(random):
    count = random.choice((0, 1, 300, 5000, 70000))
    said = count if random.random() < 0.7 else random.choice(BORDERS)
    label = random.choice((0, 0, 0, 1, 100, (1 << 32) - 1))
    return b"\x02\x40\x41\x05\x0e" + leb(said) + leb(label) * count + leb(0) + b"\x0b"


def unreachable_code(random):
    """Behind a branch every type is right, and the stack has whatever is wanted."""
    wild = (b"\x6a\x1a", b"\x1a\x1a\x1a", b"\x1b\x1a", b"\x7c\xa7\x45\x1a", b"\x28\x02\x00\x1a", b"\x36\x02\x00", b"\xd1\x1a", b"\x0e\x01\x00\x00",
            b"\x11\x00\x00", b"\xfd\x0d" + bytes(16) + b"\x1a", b"\xfc\x0a\x00\x00", b"\x02\x7f\x0b\x1a", b"\x05", b"\x40\x00\x1a", b"\x1c\x01\x7b\x1a")
    return b"\x02\x40" + random.choice((b"\x0c\x00", b"\x00", b"\x41\x00\x0d\x00\x0c\x00")) + b"".join(random.choices(wild, k=3)) + b"\x0b"


def instructions(random):
    """Some that may be right or not, with operands of their own."""
    some = (b"\x41\x7f\x40\x00\x1a", b"\x3f\x00\x1a", b"\x41\x7f\x28\x02\x00\x1a", b"\x41\x00\x28\x02" + leb((1 << 32) - 1) + b"\x1a",
            b"\x41\x7f\x42\x00\x37\x03" + leb((1 << 32) - 8), b"\x41\x00\x41\x00\x41\x7f\xfc\x0b\x00", b"\x41\x7f\x41\x00\x41\x01\xfc\x0a\x00\x00",
            b"\x41\x00\x41\x00\x41\x7f\xfc\x08\x00\x00", b"\xfc\x09\x00", b"\x41\x00\x41\x00\x41\x7f\xfc\x0c\x00\x00", b"\xfc\x0d\x00",
            b"\x41\x00\xd0\x70\x26\x00", b"\x41\x7f\x25\x00\x1a", b"\xd0\x70\x41\x7f\xfc\x0f\x00\x1a", b"\xfc\x10\x00\x1a", b"\xd2\x00\x1a",
            b"\x41\x00\xfd\x0f\xfd\x16\x10\x1a", b"\x41\x7f\xfd\x00\x04\x00\x1a", b"\x41\x00\x41\x00\xfe\x00\x02\x00\x1a",
            b"\x41\x01\x41\x01\xfe\x1e\x02\x00\x1a", b"\xfe\x03\x00", b"\x41\x80\x80\x80\x80\x78\x41\x7f\x6d\x1a", b"\x41\x01\x41\x00\x70\x1a",
            b"\x43\xff\xff\xff\x7f\xa8\x1a", b"\x44" + b"\xff" * 8 + b"\xb0\x1a", b"\x41\x7f\x11\x00\x00", b"\x10\x00", b"\x12\x00", b"\x0f",
            b"\x41\x00\x41\x01\x41\x02\x1c\x01\x7f\x1a", b"\x41\x00\x42\x01\x41\x02\x1b\x1a", b"\x20" + leb((1 << 32) - 1) + b"\x1a",
            b"\x41\x00\x24\x00", b"\x23\x00\x1a", b"\x06\x40\x0b", b"\x08\x00", b"\x1f\x40\x00\x0b", b"\x14\x00", b"\xfb\x00\x00\x1a",
            b"\x41\x00\xfe\x10\x02\x00\x1a", b"\x42\x00\xc4\x1a", b"\x43\x00\x00\x00\x00\x43\x00\x00\xc0\x7f\x96\x1a")
    return b"".join(random.choices(some, k=random.choice((1, 1, 1, 2, 200))))


def insert_code(random, nodes):
    """At the start of a function, or in front of any of its instructions."""
    bodies = [node for node in walk(nodes) if isinstance(node, Sized) and node.role == "body"]
    if not bodies:
        return
    body = random.choice(bodies[:4] + bodies[-4:] + [random.choice(bodies)])  # where programs and small modules begin
    places = [at for at, node in enumerate(body.nodes) if isinstance(node, Number) and node.role == "opcode"]
    code = random.choice((nested, table_of_labels, unreachable_code, instructions, instructions))(random)
    body.nodes.insert(random.choice((places[0], random.choice(places))), Raw(code))


CHANGES = (change_number, change_number, change_byte, change_operand, change_operand, change_operand, lengthen_number, change_size, change_count,
           change_items, change_items, change_sections, change_name, change_locals, insert_code, insert_code, insert_code)


def mutants(content, seed, count):
    """`count` pairs of what was changed and the module that came of it."""
    source = random.Random(seed)
    for _ in range(count):
        nodes = parse(content)
        changes = source.choices(CHANGES, k=source.choice((1, 1, 1, 1, 2)))
        for change in changes:
            change(source, nodes)
        yield " ".join(change.__name__ for change in changes), encode(nodes)
