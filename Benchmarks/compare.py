"""Runs the same GRPO work in Hone and in TRL, one after the other on this machine, and prints a table of ratios.

Usage: compare.py HONE_BINARY PEER_PYTHON MODELS_FOLDER [tiny|qwen05b ...] [--rounds N]
Seconds move by tens of per cent with what else the machine does, so both run in turns, N rounds of each work (unless told,
five of tiny and one of qwen05b); seconds, bytes and floors are the medians of the rounds, and the last column is the lowest
and the highest ratio of one round. Floors are what `hone bench` measured in the same round: every weight read once per decode
step at memory speed, and the necessary matrix operations at the matrix rate. Neither phase can be faster than the larger of
its floors.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

# dtype, prompts, group, completion length, our steps, peer's steps, LoRA rank (0 = full fine-tuning), rounds
WORKS = {
    "tiny": ("bf16", 8, 8, 64, 12, 6, 0, 5),
    "qwen05b": ("bf16", 4, 8, 128, 3, 2, 16, 1),
}


def run(command):
    print("+", " ".join(command), file=sys.stderr)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def round_of(options, name):
    """Our seconds or bytes, the peer's, and our floors, of each phase."""
    dtype, prompts, group, length, steps, peer_steps, rank, _ = WORKS[name]
    folder = f"{options.models}/{name}"
    ours = run([options.hone, "bench", "--model", folder, "--dtype", dtype, "--num-prompts", str(prompts), "--num-generations",
                str(group), "--max-completion-length", str(length), "--steps", str(steps), "--rank", str(rank), "--json"])
    peer = run([options.python, str(Path(__file__).parent / "trl_step.py"), folder, dtype, str(prompts), str(group), str(length),
                str(peer_steps), str(rank)])
    generate, update = ours["generate"], ours["update"]
    return {
        "generate": (generate["seconds"], peer["generate_seconds"], generate["floor_seconds"], generate["matrix_floor_seconds"]),
        "update": (update["seconds"], peer["step_seconds"] - peer["generate_seconds"], None, update["matrix_floor_seconds"]),
        "whole step": (ours["step_seconds"], peer["step_seconds"], None, None),
        "peak memory, GB": (ours["peak_bytes"] / 1e9, peer["peak_bytes"] / 1e9, None, None),
    }


def row(name, phase, rounds):
    own, other, memory, matrix = (None if values[0] is None else statistics.median(values) for values in zip(*rounds))
    ratios = sorted(there / here for here, there, _, _ in rounds)

    def share(floor):
        return f"{floor:.2f} ({floor / own:.0%})" if floor is not None else ""

    return (name, phase, f"{own:.2f}", f"{other:.2f}", f"{statistics.median(ratios):.1f}x", share(memory), share(matrix),
            f"{ratios[0]:.1f} to {ratios[-1]:.1f}" if len(ratios) > 1 else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for argument in ("hone", "python", "models"):
        parser.add_argument(argument)
    parser.add_argument("works", nargs="*")
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    for name in options.works:
        if name not in WORKS:
            parser.error(f"no work is called {name}; there are {', '.join(WORKS)}")
    rows = []
    for name in options.works or WORKS:
        rounds = [round_of(options, name) for _ in range(options.rounds or WORKS[name][-1])]
        rows += [row(name, phase, [each[phase] for each in rounds]) for phase in rounds[0]]
    titles = ("work", "phase", "Hone", "TRL", "ratio", "memory floor", "matrix floor", "of rounds")
    widths = (8, 15, 8, 8, 7, 14, 14, 12)

    def line(cells):
        return "| " + " | ".join(f"{cell:{'<' if i < 2 else '>'}{width}}" for i, (cell, width) in enumerate(zip(cells, widths))) + " |"

    print(line(titles))
    print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    for cells in rows:
        print(line(cells))


main()
