"""What an extracted object is worth beside its shape."""

import ast
import json


def parsed(completion):
    """The object that the completion is; None if it is none."""
    try:
        value = json.loads(completion)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def shape(prompt, completion, example):
    """1 for an object with exactly the four members, each of its type."""
    found = parsed(completion)
    types = {"item": str, "quantity": int, "city": str, "express": bool}
    if found is None or set(found) != set(types):
        return 0.0
    return float(all(type(found[name]) is kind for name, kind in types.items()))


def fields(prompt, completion, example):
    """The share of the expected members that the object has with their right values."""
    found = parsed(completion)
    if found is None:
        return 0.0
    # Columns come as str() shows them.
    expected = ast.literal_eval(example["expected"])
    return sum(name in found and found[name] == value for name, value in expected.items()) / len(expected)
