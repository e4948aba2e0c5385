"""Turns a Parquet or Arrow file into JSON lines, batch by batch.

Run by Hone as: python -c SOURCE KIND INPUT OUTPUT, where KIND is parquet or arrow. What is no JSON becomes
text: dates and times in ISO 8601, decimals digit by digit, bytes in base64. A duration becomes its
seconds, a map a list of pairs.

Exit codes: 0 done; 3 pyarrow is missing; 4 the file cannot be read, with the reason on standard error.
"""

import base64
import datetime
import decimal
import json
import sys

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


def read(kind, source, target):
    import pyarrow.types

    with open(target, "w", encoding="utf-8", newline="\n") as output:
        for batch in batches(kind, source):
            names = batch.schema.names
            if len(set(names)) != len(names):
                raise ValueError("two columns have one name: " + ", ".join(names))
            columns = []
            for column in batch.columns:
                values = column.to_pylist()
                if not simple(column.type, pyarrow.types):
                    values = [plain(value) for value in values]
                columns.append(values)
            for row in zip(*columns) if columns else ():
                output.write(json.dumps(dict(zip(names, row)), ensure_ascii=False) + "\n")


def main():
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        print(error, file=sys.stderr)
        return 3
    try:
        read(*sys.argv[1:])
    except Exception as error:  # Whatever is wrong with the file is told in the library's words.
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 4
    return 0


sys.exit(main())
