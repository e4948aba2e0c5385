"""What a run pays for its record in the store, as a share of its steps.

Usage: store_cost.py HONE_BINARY RECIPE [--steps N] [--pairs N] [--set KEY=VALUE ...]
Paths in the recipe are relative to the working folder, as for hone train.
Two ways. The first is exact: the program clocks itself while it writes to the store, the sum is kept with the end of the run, and is
printed here beside the sum of all steps. The second is the plain one, and as noisy as the machine: the same training with the store
and without it (its folder cannot be made, which costs a run its record and nothing else), one after the other, --pairs times.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def train(options, folder, home):
    command = [options.hone, "train", options.recipe, "--output", str(folder), "--json", "--home", str(home)]
    for change in [f"grpo.train_steps={options.steps}"] + options.set:
        command += ["--set", change]
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wall = time.monotonic() - begun
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    events = [json.loads(line) for line in done.stdout.splitlines()]
    steps = [event["metrics"]["step_time"] for event in events if event["event"] == "step"]
    return steps, wall, "not recorded" in done.stderr


def recorded(options, run, home):
    shown = subprocess.run([options.hone, "runs", "show", str(run), "--json", "--home", str(home)], stdout=subprocess.PIPE, check=True)
    run = json.loads(shown.stdout)
    end = [event for event in run["events"] if event["event"] == "finished"]
    return end[0]["store_seconds"]


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hone")
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    options.hone = os.path.abspath(options.hone)
    with_store, without, spent, total = [], [], 0, 0
    for pair in range(options.pairs):
        # Which comes first changes, so that a machine that warms up favours neither.
        for kind in ["with", "without"] if pair % 2 == 0 else ["without", "with"]:
            with tempfile.TemporaryDirectory() as name:
                place = Path(name)
                (place / "file").write_text("")
                home = place / "home" if kind == "with" else place / "file" / "home"
                steps, wall, is_unrecorded = train(options, place / "run", home)
                if is_unrecorded != (kind == "without"):
                    sys.exit(f"the run {kind} a store was not one")
                if kind == "with":
                    spent += recorded(options, place / "run", home)
                    total += sum(steps)
                (with_store if kind == "with" else without).append(median(steps))
                print(f"{kind} the store: {len(steps)} steps, median {median(steps):.4f} s, whole process {wall:.2f} s", flush=True)
    count = options.pairs * options.steps
    print(f"writing to the store: {spent / count * 1000:.2f} ms a step, {spent / total * 100:.3f} % of all steps' time")
    print(f"median step with the store beside without: {(median(with_store) / median(without) - 1) * 100:+.2f} %")


if __name__ == "__main__":
    main()
