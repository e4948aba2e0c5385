#!/usr/bin/env python3
"""Shows a finished Countdown run: held-out accuracy before and after, the curve, sample answers.

    python3 Recipes/countdown/report.py RUN_FOLDER…

Given several folders (seeds), it prints the table of all of them and the samples of the first.
"""

import json
import pathlib
import sys
from datetime import datetime

BARS = "▁▂▃▄▅▆▇█"


def events(folder):
    with open(pathlib.Path(folder) / "events.jsonl", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def curve(values, width=60):
    """The values as bars from 0 to 1, averaged down to the width."""
    size = max(1, -(-len(values) // width))
    means = [sum(values[i : i + size]) / len(values[i : i + size]) for i in range(0, len(values), size)]
    return "".join(BARS[min(7, max(0, int(mean * 8)))] for mean in means)


def seconds(rows):
    moments = [datetime.fromisoformat(row["time"].replace("Z", "+00:00")) for row in rows]
    return (moments[-1] - moments[0]).total_seconds()


def show_samples(title, evaluation):
    print(f"\n── {title} " + "─" * (70 - len(title)))
    for sample in evaluation["samples"][:3]:
        question = sample["prompt"].split("user\n")[-1].split("<|im_end|>")[0].strip()
        verdict = "solved" if sample["rewards/equation"] == 1 else "not solved"
        print(f"\n{question}   [{verdict}]")
        print(sample["completion"].strip())


def main(folders):
    if not folders:
        sys.exit(__doc__)
    runs = [(folder, events(folder)) for folder in folders]
    print(f"\n{'run':<40} {'before':>8} {'after':>8} {'seconds':>8}")
    for folder, rows in runs:
        evaluated = [row for row in rows if row["event"] == "evaluated"]
        before, after = (row["metrics"]["rewards/equation/mean"] for row in (evaluated[0], evaluated[-1]))
        print(f"{folder:<40} {before:>8.1%} {after:>8.1%} {seconds(rows):>8.0f}")
    folder, rows = runs[0]
    steps = [row["metrics"]["rewards/equation/mean"] for row in rows if row["event"] == "step"]
    print(f"\nsolved in training, step 1 to {len(steps)}\n{curve(steps)}")
    evaluated = [row for row in rows if row["event"] == "evaluated"]
    show_samples("before", evaluated[0])
    show_samples("after", evaluated[-1])
    finished = [row for row in rows if row["event"] == "finished"]
    if finished:
        print(f"\nThe result lies in {finished[-1]['output']}")


main(sys.argv[1:])
