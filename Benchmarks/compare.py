"""Runs the same GRPO work in Hone and in TRL, one after the other on this machine, and prints a table of ratios.

Usage: compare.py HONE_BINARY PEER_PYTHON MODELS_FOLDER [tiny|qwen05b ...]
Seconds move by tens of per cent between runs; ratios of one run hold. Floors are what `hone bench` measured in the same
run: every weight read once per decode step at memory speed, and the necessary matrix operations at the matrix rate. Neither
phase can be faster than the larger of its floors.
"""
import json
import subprocess
import sys
from pathlib import Path

# dtype, prompts, group, completion length, our steps, peer's steps, LoRA rank (0 = full fine-tuning)
WORKS = {
    "tiny": ("bf16", 8, 8, 64, 8, 6, 0),
    "qwen05b": ("bf16", 4, 8, 128, 3, 2, 16),
}


def run(command):
    print("+", " ".join(command), file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    hone, python, models = sys.argv[1:4]
    here = Path(__file__).parent
    rows = []
    for name in sys.argv[4:] or WORKS:
        dtype, prompts, group, length, steps, peer_steps, rank = WORKS[name]
        folder = f"{models}/{name}"
        ours = run([hone, "bench", "--model", folder, "--dtype", dtype, "--num-prompts", str(prompts), "--num-generations",
                    str(group), "--max-completion-length", str(length), "--steps", str(steps), "--rank", str(rank), "--json"])
        peer = run([python, str(here / "trl_step.py"), folder, dtype, str(prompts), str(group), str(length), str(peer_steps), str(rank)])
        generate, update = ours["generate"], ours["update"]
        rows += [
            (name, "generate", generate["seconds"], peer["generate_seconds"], generate["floor_seconds"],
             generate["matrix_floor_seconds"]),
            (name, "update", update["seconds"], peer["step_seconds"] - peer["generate_seconds"], None,
             update["matrix_floor_seconds"]),
            (name, "whole step", ours["step_seconds"], peer["step_seconds"], None, None),
            (name, "peak memory, GB", ours["peak_bytes"] / 1e9, peer["peak_bytes"] / 1e9, None, None),
        ]
    def share(floor, own):
        return f"{floor:.2f} ({floor / own:.0%})" if floor is not None else ""

    columns = (("work", 8), ("phase", 15), ("Hone", 8), ("TRL", 8), ("ratio", 7), ("memory floor", 14), ("matrix floor", 14))
    print("| " + " | ".join(f"{title:{'<' if width == 15 or title == 'work' else '>'}{width}}" for title, width in columns) + " |")
    print("|" + "|".join("-" * (width + 2) for _, width in columns) + "|")
    for name, phase, own, other, memory, matrix in rows:
        print(f"| {name:8} | {phase:15} | {own:8.2f} | {other:8.2f} | {other / own:6.1f}x | {share(memory, own):>14} "
              f"| {share(matrix, own):>14} |")


main()
