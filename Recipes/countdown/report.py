#!/usr/bin/env python3
"""Shows finished Countdown runs: held-out accuracy before and after, the curve, sample answers.

    python3 Recipes/countdown/report.py RUN_FOLDER…

Sampled means the mean of four completions a problem at temperature 1.0, greedy one at temperature 0;
both are of the same held-out problems, before and after. Given several folders (seeds), it prints the
table and the curves of all of them and the samples of the first.
"""

import json
import pathlib
import sys
from datetime import datetime

BARS = "▁▂▃▄▅▆▇█"
SOLVED = "rewards/equation/mean"


def json_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Run:
    """One folder that `Recipes/countdown/run` left."""

    def __init__(self, folder):
        self.events = json_lines(pathlib.Path(folder) / "events.jsonl")
        self.evaluations = self.of_kind("evaluated")
        self.greedy = json_lines(pathlib.Path(folder) / "greedy.jsonl")
        self.name = pathlib.Path(folder).name

    def of_kind(self, kind):
        return [event for event in self.events if event["event"] == kind]

    @property
    def curve(self):
        """Share of the completions of each training step that solved their problem."""
        return [step["metrics"][SOLVED] for step in self.of_kind("step")]

    @property
    def shares(self):
        """Held-out problems solved: sampled before and after, greedy before and after."""
        rows = [self.evaluations[0], self.evaluations[-1], *self.greedy]
        return [row["metrics"][SOLVED] for row in rows]

    @property
    def seconds(self):
        """From the start of the run to its end, both evaluations included."""
        first, last = (
            datetime.fromisoformat(self.events[i]["time"].replace("Z", "+00:00")) for i in (0, -1)
        )
        return (last - first).total_seconds()


def bars(values, width=60):
    """The values as bars from 0 to 1, averaged down to the width."""
    size = max(1, -(-len(values) // width))
    parts = [values[i : i + size] for i in range(0, len(values), size)]
    means = [sum(part) / len(part) for part in parts]
    return "".join(BARS[min(7, max(0, int(mean * 8)))] for mean in means)


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
    runs = [Run(folder) for folder in folders]
    print(f"\nheld-out problems solved{'':<9}sampled at 1.0        greedy")
    print(f"{'run':<30}{'before':>9}{'after':>9}{'before':>12}{'after':>9}{'seconds':>10}")
    for run in runs:
        before, after, greedy_before, greedy_after = run.shares
        print(
            f"{run.name:<30}{before:>9.1%}{after:>9.1%}{greedy_before:>12.1%}{greedy_after:>9.1%}"
            f"{run.seconds:>10.0f}"
        )
    print(f"\nsolved in training, step 1 to {len(runs[0].curve)}, a full bar is all")
    for run in runs:
        print(bars(run.curve))
    show_samples("before, at temperature 1.0", runs[0].evaluations[0])
    show_samples("after, at temperature 1.0", runs[0].evaluations[-1])
    for finished in runs[0].of_kind("finished"):
        print(f"\nThe trained model lies in {finished['output']}")


if __name__ == "__main__":
    main(sys.argv[1:])
