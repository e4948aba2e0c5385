"""Runs the same GRPO work in Hone and in TRL, one after the other on this machine, and prints a table of ratios.

Usage: compare.py HONE_BINARY PEER_PYTHON MODELS_FOLDER [tiny|qwen05b ...]
Seconds move by tens of per cent between runs; ratios of one run hold. Floors are what `hone bench` measured in the same
run: every weight read once per decode step at memory speed, and the necessary operations at the matrix rate.
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
        rows += [
            (name, "generate", ours["generate"]["seconds"], peer["generate_seconds"], ours["generate"]["share_of_floor"]),
            (name, "update", ours["update"]["seconds"], peer["step_seconds"] - peer["generate_seconds"],
             ours["update"]["share_of_floor"]),
            (name, "whole step", ours["step_seconds"], peer["step_seconds"], None),
            (name, "peak memory, GB", ours["peak_bytes"] / 1e9, peer["peak_bytes"] / 1e9, None),
        ]
    print(f"| {'work':8} | {'phase':15} | {'Hone':>8} | {'TRL':>8} | {'ratio':>7} | {'of floor':>8} |")
    print(f"|{'-' * 10}|{'-' * 17}|{'-' * 10}|{'-' * 10}|{'-' * 9}|{'-' * 10}|")
    for name, phase, own, other, share in rows:
        shown = f"{share:.0%}" if share is not None else ""
        print(f"| {name:8} | {phase:15} | {own:8.2f} | {other:8.2f} | {other / own:6.1f}x | {shown:>8} |")


main()
