"""Time and memory of GRPO steps against the size of the work, and memory against the number of steps.

Usage: growth.py HONE_BINARY MODEL_FOLDER [--steps N] [--rank RANK] [--base PROMPTS GROUP LENGTH] [--endurance STEPS]
Each row has one of completion length, group and prompts four times as large as the first. A ratio below 4 means that time
grew no faster than the tokens; attention's own term grows with the square of the length. With --endurance a long run of small
steps is watched instead: the resident memory of the process at each tenth of it.
"""
import argparse
import json
import subprocess
import sys
import time
from pathlib import Path


def command(options, steps, prompts, group, length):
    return [options.hone, "bench", "--model", options.model, "--dtype", "bf16", "--rank", str(options.rank), "--steps", str(steps),
            "--num-prompts", str(prompts), "--num-generations", str(group), "--max-completion-length", str(length), "--json"]


def measure(options, work):
    done = subprocess.run(command(options, options.steps, **work), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode:
        sys.exit(f"hone bench ended with {done.returncode}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return found["generate"]["seconds"], found["update"]["seconds"], found["peak_bytes"]


def base(options):
    return dict(zip(("prompts", "group", "length"), options.base))


def resident(process):
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    return 0


def endure(options):
    process = subprocess.Popen(command(options, options.endurance, **base(options)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    every = max(options.endurance // 10, 1)
    print("| step | resident, MB |\n|---|---|")
    for line in process.stderr:
        if not line.startswith("step "):
            continue
        step = int(line.split()[1].rstrip(":"))
        if step % every == 0 and process.poll() is None:
            print(f"| {step} | {resident(process) / 1e6:.1f} |", flush=True)
    if process.wait():
        sys.exit(f"hone bench ended with {process.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hone")
    parser.add_argument("model")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rank", type=int, default=0, help="of the adapter; 0 trains every weight")
    parser.add_argument("--base", type=int, nargs=3, default=(4, 4, 32), metavar=("PROMPTS", "GROUP", "LENGTH"))
    parser.add_argument("--endurance", type=int)
    options = parser.parse_args()
    if options.endurance:
        return endure(options)
    first = base(options)
    smallest = measure(options, first)
    print("| work | generate, s | ratio | update, s | ratio | peak, MB | more than the first, MB |\n|---|---|---|---|---|---|---|")
    for name in (None, "length", "group", "prompts"):
        work = first if name is None else {**first, name: 4 * first[name]}
        found = smallest if name is None else measure(options, work)
        ratios = [f"{own / least:.1f}" for own, least in zip(found, smallest)]
        title = " × ".join(str(work[key]) for key in ("prompts", "group", "length"))
        print(f"| {title} | {found[0]:.3f} | {ratios[0]} | {found[1]:.3f} | {ratios[1]} | {found[2] / 1e6:.0f} "
              f"| {(found[2] - smallest[2]) / 1e6:.0f} |", flush=True)


main()
