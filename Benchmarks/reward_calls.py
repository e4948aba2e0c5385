#!/usr/bin/env python3
"""Calls of a trivial Python reward function a second: through hone's two workers, and by a loop in Python.

    python3 Benchmarks/reward_calls.py [PATH OF hone] [ROWS]

The loop reads the same rows, builds the same arguments and calls the function in one process: what there is
to do without any way between processes. The goal is 20,000 calls a second through two workers.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

FUNCTION = "def reward(prompt, completion, example):\n    return 1.0\n"


def main(hone=".build/release/hone", rows="200000"):
    rows = int(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "rewards.py").write_text(FUNCTION)
        (folder / "spec.yaml").write_text("- {name: reward, type: python, file: rewards.py, workers: 2}\n")
        data = folder / "rows.jsonl"
        with open(data, "w") as file:
            for index in range(rows):
                row = {"prompt": "Make 24.", "completion": "x" * 200, "nums": [3, 3, 8, 8], "target": index}
                file.write(json.dumps(row) + "\n")

        begun = time.perf_counter()
        command = [hone, "grade", str(folder / "spec.yaml"), "--input", str(data)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        ours = rows / (time.perf_counter() - begun)

        space = {}
        exec(FUNCTION, space)
        begun = time.perf_counter()
        with open(data) as file:
            for line in file:
                row = json.loads(line)
                example = {key: str(value) for key, value in row.items()}
                space["reward"](row["prompt"], row["completion"], example)
        loop = rows / (time.perf_counter() - begun)
    print(f"hone grade, two workers  {ours:10,.0f} calls/s")
    print(f"loop in one process      {loop:10,.0f} calls/s")
    print(f"hone / loop {ours / loop:.2f}   hone / 20,000 {ours / 20000:.2f}")


main(*sys.argv[1:])
