#!/usr/bin/env python3
"""Makes train.jsonl and heldout.jsonl: short orders in words, and the object that says the same.

    python3 Recipes/json-extraction/generate.py

A row: {"text", "expected": {"item", "quantity", "city", "express"}}. No held-out text occurs in training.
"""

import json
import pathlib
import random

SEED = 3
TRAIN, HELDOUT = 90, 30
ITEMS = ["lamp", "chair", "kettle", "rug", "mirror", "shelf", "clock"]
CITIES = ["Oslo", "Porto", "Graz", "Ghent", "Turin", "Lyon", "Brno"]
FORMS = [
    "Please send {quantity} x {item} to {city}{fast}.",
    "We need {quantity} of the {item} in {city}{fast}.",
    "Order for {city}: {item}, {quantity} pieces{fast}.",
]


def main():
    rng = random.Random(SEED)
    rows = {}
    while len(rows) < TRAIN + HELDOUT:
        expected = {
            "item": rng.choice(ITEMS),
            "quantity": rng.randint(1, 30),
            "city": rng.choice(CITIES),
            "express": rng.random() < 0.4,
        }
        fast = ", express" if expected["express"] else ""
        text = rng.choice(FORMS).format(fast=fast, **expected)
        rows[text] = {"text": text, "expected": expected}
    rows = list(rows.values())
    folder = pathlib.Path(__file__).parent
    for name, part in (("train", rows[:TRAIN]), ("heldout", rows[TRAIN:])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(text)


main()
