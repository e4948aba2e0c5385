"""Times TRL's GRPO step on one model and prints one JSON object.

Arguments: model folder, f32|bf16, prompts per step, group size, completion length, steps, LoRA rank (0 = full).
"""
import json
import random
import resource
import statistics
import sys
import tempfile
import time

import torch
from datasets import Dataset
from make_models import prompt
from peft import LoraConfig
from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


class Clock(TrainerCallback):
    def __init__(self):
        self.ends = []

    def on_step_end(self, *_, **__):
        self.ends.append(time.perf_counter())


def main():
    folder, dtype = sys.argv[1:3]
    prompts, group, length, steps, rank = map(int, sys.argv[3:8])
    torch.set_num_threads(2)
    draw = random.Random(1)
    config = GRPOConfig(
        output_dir=tempfile.mkdtemp(), per_device_train_batch_size=prompts * group, num_generations=group,
        max_completion_length=length, max_steps=steps, logging_steps=1, report_to="none", bf16=dtype == "bf16", use_cpu=True,
        beta=0.04, learning_rate=1e-5, save_strategy="no", gradient_checkpointing=False, disable_tqdm=True,
        model_init_kwargs={"dtype": torch.bfloat16 if dtype == "bf16" else torch.float32})
    adapter = {} if rank == 0 else {"peft_config": LoraConfig(
        r=rank, lora_alpha=2 * rank, task_type="CAUSAL_LM", target_modules=TARGETS)}
    clock, generating = Clock(), []
    trainer = GRPOTrainer(
        model=folder, args=config, callbacks=[clock], train_dataset=Dataset.from_list([{"prompt": prompt(draw)} for _ in range(1000)]),
        reward_funcs=lambda completions, **_: [float(len(set(c))) for c in completions], **adapter)
    generate = trainer._generate

    def timed(*args, **kwargs):
        start = time.perf_counter()
        result = generate(*args, **kwargs)
        generating.append(time.perf_counter() - start)
        return result

    trainer._generate = timed
    start = time.perf_counter()
    trainer.train()
    taken = [b - a for a, b in zip([start] + clock.ends, clock.ends)]
    warm = slice(1, None) if steps > 1 else slice(None)  # the first step also warms up
    print(json.dumps({
        "generate_seconds": statistics.median(generating[warm]), "step_seconds": statistics.median(taken[warm]),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


main()
