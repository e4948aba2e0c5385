"""Runs many steps of a very small model and shows how the process's memory moves.

    Benchmarks/endurance.py HONE [STEPS] [--set key=value ...]

HONE is the built program. The model has 2 layers of width 32 and random weights; a step draws 2 × 4 completions of at most 16
tokens, so that what a step leaves behind would be seen, whatever a step needs. Resident memory of its own (RssAnon) is read from /proc each time another
hundredth of the steps is done. Printed are ten of these readings and the slope of a line through those of the second half, in
bytes a step: until then caches of limited size fill up (words of the tokenizer, pages of the store). Exit code 1 if memory
grew by more than 16 bytes a step.
"""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A new model can only be made by supervised steps; one is enough here.
BEGINNING = """
method: sft
dtype: f32
threads: 1
model:
  tokenizer: {root}/Recipes/countdown/tokenizer
  config: {{architectures: [Qwen2ForCausalLM], model_type: qwen2, vocab_size: 316, hidden_size: 32, intermediate_size: 64,
    num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 128, rope_theta: 10000.0,
    rms_norm_eps: 1.0e-6, hidden_act: silu, tie_word_embeddings: true, initializer_range: 0.02, bos_token_id: null,
    eos_token_id: 311, pad_token_id: 309, torch_dtype: float32}}
dataset: {{path: {folder}/rows.jsonl}}
sft: {{batch_size: 2, max_length: 64, train_steps: 1}}
"""
RECIPE = """
method: grpo
dtype: f32
threads: 1
model: {folder}/beginning/model
dataset:
  path: {root}/Recipes/countdown/train.jsonl
  prompt: {{style: chat, template: "Make {{target}} from {{nums}}."}}
rewards: [{{name: length, type: length, min: 30, max: 40, margin: 20}}]
sampling: {{max_completion_length: 16}}
grpo: {{num_prompts: 2, num_generations: 4, train_steps: {steps}, beta: 0.01}}
optimizer: {{learning_rate: 1.0e-4}}
checkpoints: {{every: {every}, keep: 1}}
"""


def resident(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return None


def steps_done(events, state):
    """Counts the step events that were added since the last call."""
    if not events.exists():
        return 0
    with open(events) as file:
        file.seek(state["offset"])
        text = file.read()
    whole = text.rfind("\n") + 1
    state["offset"] += len(text[:whole].encode())
    for line in text[:whole].splitlines():
        event = json.loads(line)
        if event.get("event") == "step":
            state["step"] = event["step"]
    return state["step"]


def train(program, folder, name, recipe, rest):
    """Starts a run of `recipe` in the folder `name`."""
    (folder / f"{name}.yaml").write_text(recipe)
    with open(folder / "log", "a") as log:
        return subprocess.Popen(
            [program, "train", str(folder / f"{name}.yaml"), "--output", str(folder / name), *rest],
            cwd=ROOT, env={"HONE_HOME": str(folder / "home"), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.DEVNULL, stderr=log)


def slope(points):
    """Least squares of bytes on steps."""
    mean = [sum(column) / len(points) for column in zip(*points)]
    above = sum((step - mean[0]) * (size - mean[1]) for step, size in points)
    return above / sum((step - mean[0]) ** 2 for step, _ in points)


def main():
    program, *rest = sys.argv[1:]
    steps = int(rest.pop(0)) if rest and rest[0].isdigit() else 20_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        row = json.dumps({"prompt": "Make 5 from 2, 3.", "completion": "2 + 3"})
        (folder / "rows.jsonl").write_text((row + "\n") * 4)
        train(program, folder, "beginning", BEGINNING.format(root=ROOT, folder=folder), []).wait()
        begun = time.time()
        every = max(steps // 4, 1)
        recipe = RECIPE.format(root=ROOT, folder=folder, steps=steps, every=every)
        process = train(program, folder, "run", recipe, rest)
        state = {"offset": 0, "step": 0}
        points = []
        while process.poll() is None:
            step = steps_done(folder / "run" / "events.jsonl", state)
            if step and (not points or step - points[-1][0] >= steps / 100):
                size = resident(process.pid)
                if size:
                    points.append((step, size))
            time.sleep(0.05)
        seconds = time.time() - begun
        if process.returncode:
            sys.exit((folder / "log").read_text()[-2000:])
    settled = [point for point in points if point[0] >= steps / 2]
    grown = slope(settled)
    print(f"{steps} steps in {seconds:.0f} s; resident memory of its own in MB:")
    for step, size in points[:: max(len(points) // 10, 1)]:
        print(f"  step {step:>6}  {size / 1e6:8.1f}")
    print(f"  step {points[-1][0]:>6}  {points[-1][1] / 1e6:8.1f}")
    print(f"slope after step {settled[0][0]}: {grown:.1f} bytes a step")
    sys.exit(1 if grown > 16 else 0)


if __name__ == "__main__":
    main()
