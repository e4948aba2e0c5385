"""Writes the two random-weight models of the comparison in Hugging Face layout: OUT/tiny and OUT/qwen05b.

`tiny` has 6 M parameters in f32; `qwen05b` the shape of Qwen2.5-0.5B in bf16. Random weights hardly ever draw the end
token, so both sides generate the full length and the work is equal by construction.
"""
import random
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

SHAPES = {
    "tiny": (torch.float32, dict(hidden_size=256, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2,
                                 intermediate_size=1024, vocab_size=1024)),
    "qwen05b": (torch.bfloat16, dict(hidden_size=896, num_hidden_layers=24, num_attention_heads=14, num_key_value_heads=2,
                                     intermediate_size=4864, vocab_size=151936)),
}


def prompt(draw):
    return (f"Using the numbers {draw.sample(range(1, 100), 4)}, create an equation that equals "
            f"{draw.randint(1, 200)}.")


def make_tokenizer():
    draw = random.Random(0)
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator((prompt(draw) for _ in range(3000)), trainers.BpeTrainer(
        vocab_size=1000, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def main():
    out = Path(sys.argv[1])
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    for name in sys.argv[2:] or SHAPES:
        if (out / name / "model.safetensors").exists():
            continue
        dtype, shape = SHAPES[name]
        config = Qwen2Config(bos_token_id=0, eos_token_id=2, pad_token_id=0, tie_word_embeddings=True, **shape)
        Qwen2ForCausalLM(config).to(dtype).save_pretrained(out / name)
        tokenizer.save_pretrained(out / name)


if __name__ == "__main__":
    main()
