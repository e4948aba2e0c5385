#!/usr/bin/env python3
"""Peak memory and time of reading a large dataset, beside those of a few rows.

    python3 Benchmarks/data_memory.py [--hone .build/release/hone] [--megabytes 300]

Makes a file of that size in a scratch folder (seeded), lets `hone data inspect` read it as JSON lines, as CSV
and inside one JSON document, then `hone train` take one step on it with the included model, and prints the
largest resident set of each process. Memory must not grow with the file: what grows is 24 bytes a row in
training, and about 60 in inspection, which counts equal rows.
"""

import argparse
import csv
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECIPE = """
method: grpo
model: {root}/Pretrained/countdown-tiny
dataset: {{path: {path}, prompt: {{template: "{{prompt}}"}}}}
rewards: [{{name: length, type: length, max: 10, margin: 20}}]
sampling: {{max_completion_length: 16}}
grpo: {{num_prompts: 2, num_generations: 2, train_steps: 1}}
"""


def rows(megabytes):
    draw = random.Random(1)
    words = ["".join(draw.choices("abcdefghijklmnop", k=draw.randint(2, 9))) for _ in range(5000)]
    size, number = 0, 0
    while size < megabytes * 1_000_000:
        text = " ".join(draw.choices(words, k=300))
        row = {"prompt": f"Question {number}", "text": text, "number": number}
        size += len(text) + 50
        number += 1
        yield row


def write(folder, megabytes):
    lines, document, table = (folder / name for name in ("rows.jsonl", "rows.json", "rows.csv"))
    count = 0
    with open(lines, "w") as a, open(document, "w") as b, open(table, "w", newline="") as c:
        writer = csv.DictWriter(c, ["prompt", "text", "number"])
        writer.writeheader()
        b.write('{"data": [\n')
        for row in rows(megabytes):
            text = json.dumps(row)
            a.write(text + "\n")
            b.write((",\n" if count else "") + text)
            writer.writerow(row)
            count += 1
        b.write("\n]}\n")
    return count, [lines, document, table]


def measured(command, folder):
    """Seconds and the largest resident set in MB of a command that must succeed."""
    # Its own process, since the maximum over children only grows.
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(done.returncode)"
    )
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, command)],
        cwd=folder, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - begun, int(done.stdout) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hone", default=".build/release/hone")
    parser.add_argument("--megabytes", type=int, default=300)
    options = parser.parse_args()
    hone = os.path.abspath(options.hone)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "small").mkdir()
        _, small = write(folder / "small", 0.02)
        count, large = write(folder, options.megabytes)
        print(f"{count} rows; peak resident set in MB, seconds")
        for few, many in zip(small, large):
            peaks = []
            for path in (few, many):
                recipe = folder / "recipe.yaml"
                recipe.write_text(RECIPE.format(root=ROOT, path=path))
                records = ["--set", "dataset.records=data"] if path.suffix == ".json" else []
                for name, command in (
                    ("inspect", ["data", "inspect", "--recipe", recipe, *records]),
                    ("train", ["train", recipe, *records, "--output", folder / f"run{len(peaks)}{path.suffix}"]),
                ):
                    seconds, peak = measured([hone, *command], folder)
                    peaks.append(peak)
                    size = path.stat().st_size / 1e6
                    print(f"{path.suffix[1:]:6} {name:8} {size:8.1f} MB file  {peak:7.0f} MB  {seconds:6.1f} s")


main()
