"""Turns a Parquet or Arrow file into JSON lines, or JSON lines into a Parquet file, batch by batch.

Run by Hone as: python -c SOURCE read KIND INPUT OUTPUT, where KIND is parquet or arrow, or as
python -c SOURCE write INPUT OUTPUT.

Read, what is no JSON becomes text: dates and times in ISO 8601, decimals digit by digit, bytes in base64,
UUIDs as usual. A duration becomes its seconds, a map a list of pairs. Written, a column has the narrowest type that holds all
its values: integers and other numbers in one column become numbers; texts and numbers in one are an error.

Exit codes: 0 done; 3 pyarrow is missing; 4 the file cannot be read, with the reason on standard error.
"""

import base64
import datetime
import decimal
import itertools
import json
import sys
import uuid

BATCH = 512  # rows held in memory at a time


def plain(value):
    """`value` as json.dumps can write it."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return value


def batches(kind, path):
    """The record batches of a file, one at a time."""
    import pyarrow
    import pyarrow.ipc
    import pyarrow.parquet

    if kind == "parquet":
        # Columns are read page by page; by default whole row groups are, often the whole file.
        with pyarrow.parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            yield from file.iter_batches(BATCH)
        return
    with pyarrow.OSFile(path) as source:
        try:
            reader = pyarrow.ipc.open_stream(source)
        except pyarrow.ArrowInvalid:
            source.seek(0)
            reader = pyarrow.ipc.open_file(source)
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)
            return
        yield from reader


def simple(kind, types):
    """Whether every value of a column of this type is JSON as it is."""
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return simple(kind.value_type, types)
    if types.is_struct(kind):
        return all(simple(field.type, types) for field in kind)
    return (
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_null(kind)
    )


def values(name, column, types):
    """The values of a column as json.dumps can write them."""
    kind = column.type
    try:
        if types.is_duration(kind):
            # Python's durations end before Arrow's do, and have no nanoseconds.
            parts = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
            counts = column.cast("int64").to_pylist()
            return [None if count is None else count / parts for count in counts]
        try:
            listed = column.to_pylist()
        except ValueError:
            # Python's times have no nanoseconds either.
            if not (types.is_timestamp(kind) or types.is_time64(kind)) or kind.unit != "ns":
                raise
            texts = column.cast("string").to_pylist()
            return [None if text is None else text.replace(" ", "T", 1) for text in texts]
        return listed if simple(kind, types) else [plain(value) for value in listed]
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"column {name} ({kind}): {error}") from error


def read(kind, source, target):
    import pyarrow.types

    with open(target, "w", encoding="utf-8", newline="\n") as output:
        for batch in batches(kind, source):
            names = batch.schema.names
            if len(set(names)) != len(names):
                raise ValueError("two columns have one name: " + ", ".join(names))
            columns = [
                values(name, column, pyarrow.types) for name, column in zip(names, batch.columns)
            ]
            for row in zip(*columns) if columns else ():
                output.write(json.dumps(dict(zip(names, row)), ensure_ascii=False) + "\n")


def objects(path):
    """The rows of a file of JSON lines, in lists."""
    with open(path, encoding="utf-8") as lines:
        while rows := [json.loads(line) for line in itertools.islice(lines, BATCH)]:
            yield rows


def columns(rows):
    """The columns of some rows, in the order in which they appear; None where a row lacks one."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def write(source, target):
    import pyarrow
    import pyarrow.parquet

    # Once to learn the types, which a later row may widen, and once to write.
    schema = pyarrow.schema([])
    for rows in objects(source):
        found = pyarrow.table(columns(rows)).schema
        schema = pyarrow.unify_schemas([schema, found], promote_options="permissive")
    with pyarrow.parquet.ParquetWriter(target, schema) as writer:
        for rows in objects(source):
            found = columns(rows)
            absent = [None] * len(rows)
            batch = {name: found.get(name, absent) for name in schema.names}
            writer.write_table(pyarrow.Table.from_pydict(batch, schema=schema))


def main():
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        print(error, file=sys.stderr)
        return 3
    try:
        {"read": read, "write": write}[sys.argv[1]](*sys.argv[2:])
    except Exception as error:  # Whatever is wrong with the file is told in the library's words.
        # In one line, however many the library takes.
        print(" ".join(f"{type(error).__name__}: {error}".split()), file=sys.stderr)
        return 4
    return 0


sys.exit(main())
