"""What an extracted object is worth beside its shape."""

import ast
import json


def fields(prompt, completion, example):
    """The share of the expected members that the object has with their right values."""
    try:
        found = json.loads(completion)
    except ValueError:
        return 0.0
    if not isinstance(found, dict):
        return 0.0
    # Columns come as str() shows them.
    expected = ast.literal_eval(example["expected"])
    return sum(name in found and found[name] == value for name, value in expected.items()) / len(expected)
