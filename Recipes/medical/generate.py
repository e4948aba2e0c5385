#!/usr/bin/env python3
"""Makes knowledge.csv: questions and answers as a clinic's knowledge base may hold them, out of one seed.

    python3 Recipes/medical/generate.py

The drugs and their properties are invented, so that nobody mistakes this for advice; the form (one question
and one answer a row, some rows with notes, a row that is not answered yet) is that of a real one.
"""

import csv
import pathlib
import random

SEED = 5
ROWS = 90
FIRST = ["Lor", "Ven", "Cal", "Dex", "Mir", "Sol", "Tan", "Bel", "Ras", "Fen"]
LAST = ["april", "oxan", "idone", "umab", "etine", "azole"]
USES = ["fever", "cough", "back pain", "hay fever", "sleeplessness", "heartburn"]
TIMES = ["once a day", "twice a day", "every six hours", "in the evening"]
EFFECTS = ["a dry mouth", "drowsiness", "mild nausea", "a rash", "dizziness"]
AVOID = ["alcohol", "grapefruit", "bright sunlight", "driving", "dairy food"]


def main():
    rng = random.Random(SEED)
    drugs = []
    for first in FIRST:
        for last in LAST:
            drugs.append(
                {
                    "name": first + last,
                    "use": rng.choice(USES),
                    "time": rng.choice(TIMES),
                    "effect": rng.choice(EFFECTS),
                    "avoid": rng.choice(AVOID),
                }
            )
    kinds = [
        ("use", "What is {name} taken for?", "{name} is taken for {use}."),
        ("dose", "When is {name} taken?", "{name} is taken {time}."),
        ("effect", "Which side effect does {name} have?", "{name} may cause {effect}."),
        ("avoid", "What should be avoided with {name}?", "With {name} one should avoid {avoid}."),
    ]
    pairs = rng.sample([(drug, kind) for drug in drugs for kind in kinds], ROWS)
    with open(pathlib.Path(__file__).parent / "knowledge.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "topic", "question", "answer", "reviewed"])
        for number, (drug, (topic, question, answer)) in enumerate(pairs, 1):
            # A few answers are still to be written, as in any grown collection.
            text = "" if number % 25 == 0 else answer.format(**drug)
            reviewed = "false" if number % 10 == 0 else "true"
            writer.writerow([number, topic, question.format(**drug), text, reviewed])


main()
