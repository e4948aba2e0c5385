"""Values between the process that judges and the one that runs a program: plain data, and numbers for the rest.

Only what is data crosses: an object of a class of the program's own stays where it is, and the other side has a
number for it. So nothing that the program has defined, such as a comparison that always holds, runs where values are
compared. Frames are a length of 4 bytes and JSON.
"""

import collections
import datetime
import decimal
import fractions
import json
import struct

FRAME_LIMIT = 64 << 20


def send_frame(sock, value):
    data = json.dumps(value).encode("ascii")
    if len(data) > FRAME_LIMIT:
        raise ValueError("a value of more than %d MiB" % (FRAME_LIMIT >> 20))
    sock.sendall(struct.pack(">I", len(data)) + data)


def receive_frame(sock):
    """The next frame; EOFError where the other side has gone."""
    size = struct.unpack(">I", receive(sock, 4))[0]
    if size > FRAME_LIMIT:
        raise EOFError("a frame of %d bytes" % size)
    return json.loads(receive(sock, size).decode("ascii"))


def receive(sock, count):
    parts = []
    while count:
        part = sock.recv(min(count, 1 << 20))
        if not part:
            raise EOFError("the other process has gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def encode(value, keep):
    """`value` as JSON; `keep` gives what stands for an object that is no data."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is float:
        return value if value - value == 0 else ["f", repr(value)]
    for base, write in WRITERS:
        # Of a class derived from it, only the data: of an object that compares as it likes, the number.
        if isinstance(value, base) and issubclass(kind, base):
            return write(value, keep)
    if kind.__module__ == "numpy" and hasattr(value, "tolist"):
        return ["n", encode(value.tolist(), keep)]
    return keep(value)


def write_items(tag, iterate):
    return lambda value, keep: [tag] + [encode(item, keep) for item in iterate(value)]


WRITERS = [
    (bool, lambda value, keep: bool(value)),
    (int, lambda value, keep: ["i", "%x" % int.__index__(value)]),
    (float, lambda value, keep: ["f", float.__repr__(value)]),
    (complex, lambda value, keep: ["c", repr(value.real), repr(value.imag)]),
    (str, lambda value, keep: str.__str__(value)),
    (bytes, lambda value, keep: ["b", bytes.hex(value)]),
    (bytearray, lambda value, keep: ["B", bytearray.hex(value)]),
    (list, write_items("l", list.__iter__)),
    (tuple, write_items("t", tuple.__iter__)),
    (set, write_items("s", set.__iter__)),
    (frozenset, write_items("z", frozenset.__iter__)),
    (
        dict,
        lambda value, keep: ["d"]
        + [[encode(key, keep), encode(item, keep)] for key, item in dict.items(value)],
    ),
    (collections.deque, write_items("q", collections.deque.__iter__)),
    (range, lambda value, keep: ["r", str(value.start), str(value.stop), str(value.step)]),
    (fractions.Fraction, lambda value, keep: ["F", str(value.numerator), str(value.denominator)]),
    (decimal.Decimal, lambda value, keep: ["D", str(value)]),
    (datetime.timedelta, lambda value, keep: ["T", value.days, value.seconds, value.microseconds]),
    (datetime.datetime, lambda value, keep: ["M", value.isoformat()]),
    (datetime.date, lambda value, keep: ["Y", value.isoformat()]),
]


def decode(data, find):
    """The value that `data` stands for; `find` gives the object that a number stands for."""
    if not isinstance(data, list):
        return data
    tag, rest = data[0], data[1:]
    if tag == "i":
        return int(rest[0], 16)
    if tag == "f":
        return float(rest[0])
    if tag == "c":
        return complex(float(rest[0]), float(rest[1]))
    if tag == "b":
        return bytes.fromhex(rest[0])
    if tag == "B":
        return bytearray.fromhex(rest[0])
    if tag in COLLECTIONS:
        return COLLECTIONS[tag](decode(item, find) for item in rest)
    if tag == "d":
        return {decode(key, find): decode(item, find) for key, item in rest}
    if tag == "r":
        return range(*map(int, rest))
    if tag == "F":
        return fractions.Fraction(int(rest[0]), int(rest[1]))
    if tag == "D":
        return decimal.Decimal(rest[0])
    if tag == "T":
        return datetime.timedelta(*rest)
    if tag == "M":
        return datetime.datetime.fromisoformat(rest[0])
    if tag == "Y":
        return datetime.date.fromisoformat(rest[0])
    if tag == "n":
        value = decode(rest[0], find)
        try:
            import numpy
        except ImportError:
            return value
        return numpy.array(value) if isinstance(value, list) else value
    return find(tag, rest)


COLLECTIONS = {
    "l": list, "t": tuple, "s": set, "z": frozenset, "q": collections.deque,
}
