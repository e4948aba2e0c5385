#!/usr/bin/env python3
"""Speed of `hone tokenize` beside the `tokenizers` library, one thread each, on the same texts.

  Benchmarks/tokenizer.py [--hone .build/release/hone] [--megabytes 8]

Trains a 32,000-token vocabulary in each of three published pipelines (Qwen's and Llama 3's byte-level ones, and
Gemma's with byte fallback) on Python sources of this installation and the hostile strings of the tests, then
encodes and decodes such texts with both. Loading is measured with a vocabulary of Qwen's size (151,643 tokens). Times
are seconds of processor time, so that other work on the machine does not count. Prints one JSON object a line;
`ratio` is the library's time over ours (above 1: ours is faster).
"""
import argparse
import json
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "Tools/fixtures"))
import tokenizer_families as families  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402


def texts(megabytes, seed):
    """Documents of about 4 kB: source code and its prose, and one in eight of hostile strings."""
    draw = random.Random(seed)
    files = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    draw.shuffle(files)
    hostile = [json.loads(line) for line in open(ROOT / "Tests/Fixtures/tokenizers/corpus.jsonl", encoding="utf-8")]
    result, size = [], 0
    for file in files:
        text = file.read_text(encoding="utf-8", errors="ignore")
        for start in range(0, len(text), 4000):
            part = text[start:start + 4000]
            if len(result) % 8 == 7:
                part = " ".join(draw.sample(hostile, 60))
            result.append(part)
            size += len(part.encode())
            if size > megabytes * 1e6:
                return result
    return result


def measure(hone, folder, documents, scratch):
    rows = scratch / "rows.jsonl"
    rows.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in documents))
    ours = json.loads(subprocess.run(
        [hone, "tokenize", "--model", folder, "--measure", "--input", rows], check=True, capture_output=True).stdout)
    start = time.process_time()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    load = time.process_time() - start
    # The first pass fills caches on both sides; the second is counted.
    for _ in range(2):
        start = time.process_time()
        ids = [tokenizer.encode(text).ids for text in documents]
        encode = time.process_time() - start
    start = time.process_time()
    for row in ids:
        tokenizer.decode(row, skip_special_tokens=False)
    decode = time.process_time() - start
    assert sum(map(len, ids)) == ours["tokens"], "the two disagree"
    theirs = {"load": load, "encode": encode, "decode": decode}
    print(json.dumps({
        "tokenizer": folder.name, "bytes": ours["bytes"], "tokens": ours["tokens"],
        **{f"{part}_seconds": {"hone": round(ours[part], 4), "tokenizers": round(theirs[part], 4),
                               "ratio": round(theirs[part] / ours[part], 2)} for part in theirs}}), flush=True)


def qwen_sized(document):
    """The same pipeline with a vocabulary of 151,643 tokens: merges of random tokens, for loading only."""
    draw = random.Random(0)
    vocab = document["model"]["vocab"]
    merges = [pair for pair in document["model"]["merges"]]
    tokens = list(vocab)[:20_000]
    document["added_tokens"] = []
    while len(vocab) < 151_643:
        left, right = draw.choice(tokens), draw.choice(tokens)
        if left + right not in vocab:
            vocab[left + right] = max(len(vocab), 0)
            merges.append(f"{left} {right}" if isinstance(merges[0], str) else [left, right])
    document["model"]["merges"] = merges
    for index, token in enumerate(vocab):
        vocab[token] = index
    return document


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hone", default=str(ROOT / ".build/release/hone"))
    parser.add_argument("--megabytes", type=float, default=8)
    options = parser.parse_args()
    documents = texts(options.megabytes, seed=1)
    families.VOCABULARY = 32_000
    train = families.train
    families.train = lambda *arguments, **keywords: train(*arguments, **{**keywords, "size": 32_000})
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for build in (families.qwen2, families.llama3, families.gemma):
            folder = scratch / build.__name__
            folder.mkdir()
            document, _ = build(texts(options.megabytes / 2, seed=2))
            (folder / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False, indent=2))
            measure(options.hone, folder, documents, scratch)
            if build is families.qwen2:
                large = scratch / "qwen2-151643"
                large.mkdir()
                (large / "tokenizer.json").write_text(json.dumps(qwen_sized(document), ensure_ascii=False, indent=2))
                measure(options.hone, large, documents[:100], scratch)


if __name__ == "__main__":
    main()
