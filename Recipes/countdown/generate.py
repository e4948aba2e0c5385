#!/usr/bin/env python3
"""Makes everything the Countdown recipe starts from, out of one seed and the standard library.

    python3 Recipes/countdown/generate.py            problems: train.jsonl, heldout.jsonl
    python3 Recipes/countdown/generate.py corpus     corpus.jsonl for pretrain.yaml (not committed)
    python3 Recipes/countdown/generate.py tokenizer  the tokenizer's folder

A problem is three or four numbers and a target: combine all the numbers, each once, with + - * / into
the target. Problems are split by their numbers *and* target, so no held-out problem occurs in
training, in whatever order its numbers are written.

The corpus imitates writers of different patience. Each try picks the steps of one whole calculation;
some tries are led by the solution, the others by nothing but a taste for results near the target.
After a try that misses, the writer goes on or, when out of patience, hands in the miss. So the corpus
holds all the skills (arithmetic, checking, trying something else, writing the answer as an
expression), but only sometimes the habit of going on until the check says yes.
"""

import collections
import functools
import itertools
import json
import math
import pathlib
import random
import sys

SEED = 2024
SMALLEST, LARGEST = 1, 10
TARGETS = range(10, 51)
CAP = 54  # no intermediate result above this

# Problems by how many numbers they have. There are 1,356 of three: these are nearly all of them.
CORPUS_PROBLEMS = {3: 1100, 4: 12000}
# Problems that neither the corpus nor training has.
RESERVED_PROBLEMS = {3: 240, 4: 160}
# The recipe trains on some of the former and asks some of the latter; of both, three quarters have
# three numbers.
TRAIN_PROBLEMS = {3: 1100, 4: 366}
HELDOUT_PROBLEMS = {3: 240, 4: 80}
# Width in units of the result of the taste for near misses.
NEARNESS = 10.0


CORPUS_SEED = SEED + 1
CORPUS_ROWS = 200_000
# Chance that a try is led by the solution.
LED = 0.3
# Tries a writer makes before handing in a miss, and how common such writers are.
PATIENCE = {1: 0.45, 2: 0.20, 3: 0.10, 4: 0.05, 6: 0.10, 12: 0.10}


def steps(numbers):
    """Each way to combine two of the numbers: ((a, op, b, result), what is left).

    The larger operand comes first, results are positive whole numbers, and steps that change nothing
    (times 1, divided by 1) are left out.
    """
    seen = set()
    for i in range(len(numbers)):
        for j in range(i + 1, len(numbers)):
            a, b = max(numbers[i], numbers[j]), min(numbers[i], numbers[j])
            if (a, b) in seen:
                continue
            seen.add((a, b))
            rest = numbers[:i] + numbers[i + 1 : j] + numbers[j + 1 :]
            yield (a, "+", b, a + b), rest
            if a > b:
                yield (a, "-", b, a - b), rest
            if b > 1:
                yield (a, "*", b, a * b), rest
                if a % b == 0:
                    yield (a, "/", b, a // b), rest


def calculations(numbers):
    """Every sequence of steps that uses up the numbers."""
    if len(numbers) == 1:
        return [()]
    found = []
    for step, rest in steps(numbers):
        if step[3] <= CAP:
            found.extend((step,) + tail for tail in calculations(rest + [step[3]]))
    return found


def expression(calculation):
    """The calculation as one expression over the given numbers, with brackets where needed."""
    parts = {}
    for a, op, b, result in calculation:
        left = parts[a].pop() if parts.get(a) else str(a)
        right = parts[b].pop() if parts.get(b) else str(b)
        parts.setdefault(result, []).append(f"({left}{op}{right})")
    return parts[calculation[-1][3]].pop()[1:-1]


def written(calculation):
    return ",".join(f"{a}{op}{b}={result}" for a, op, b, result in calculation)


def problems(count, wanted, random_source):
    """That many distinct problems of `count` numbers; a number of solutions makes one likelier."""
    choices = list(itertools.combinations_with_replacement(range(SMALLEST, LARGEST + 1), count))
    found = {}
    while len(found) < wanted:
        numbers = random_source.choice(choices)
        targets = [c[-1][3] for c in calculations(list(numbers)) if c[-1][3] in TARGETS]
        if targets:
            found[(*numbers, random_source.choice(targets))] = None
    rows = []
    for *numbers, target in found:
        random_source.shuffle(numbers)
        rows.append({"nums": numbers, "target": target})
    random_source.shuffle(rows)
    return rows


def prompt(problem):
    return f"Make {problem['target']} from {problem['nums']}."


@functools.lru_cache(maxsize=None)
def calculations_by_result(numbers):
    """The calculations over the numbers, whatever their order, by what comes out."""
    found = collections.defaultdict(list)
    for calculation in calculations(list(numbers)):
        found[calculation[-1][3]].append(calculation)
    return dict(found)


def trace(problem, random_source):
    """One writer's attempt at the problem: the text of a completion."""
    target = problem["target"]
    by_result = calculations_by_result(tuple(sorted(problem["nums"])))
    solutions = by_result[target]
    # A miss is as likely as its nearness to the target says: first its result, then how to get there.
    misses = [result for result in by_result if result != target]
    weights = [
        len(by_result[result]) * math.exp(-abs(result - target) / NEARNESS) for result in misses
    ]

    def miss():
        return random_source.choice(by_result[random_source.choices(misses, weights)[0]])

    patience = random_source.choices(list(PATIENCE), list(PATIENCE.values()))[0]
    lines = []
    tried = set()
    while True:
        if not misses or random_source.random() < LED:
            chosen = random_source.choice(solutions)
        else:
            chosen = miss()
            if chosen in tried:
                chosen = miss()
        tried.add(chosen)
        hit = chosen[-1][3] == target
        lines.append(written(chosen) + (" yes" if hit else " no"))
        if hit or len(lines) == patience:
            break
    thoughts = "\n".join(lines)
    return f"<think>\n{thoughts}\n</think>\n<answer>{expression(chosen)}</answer>"


def write_rows(path, rows):
    count = 0
    with open(path, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
            count += 1
    print(f"{path}: {count} rows")


def split():
    """The problems of the corpus by size, those of training and the held-out ones.

    Training problems are in the corpus too; held-out ones are in neither.
    """
    random_source = random.Random(SEED)
    corpus, train, heldout = {}, [], []
    for count, wanted in CORPUS_PROBLEMS.items():
        reserved = RESERVED_PROBLEMS[count]
        rows = problems(count, wanted + reserved, random_source)
        heldout += rows[:reserved][: HELDOUT_PROBLEMS[count]]
        corpus[count] = rows[reserved:]
        train += corpus[count][:TRAIN_PROBLEMS[count]]
    random_source.shuffle(train)
    random_source.shuffle(heldout)
    return corpus, train, heldout


def corpus_rows(corpus):
    """Traces for problems of three and of four numbers in turn, the numbers in any order."""
    random_source = random.Random(CORPUS_SEED)
    sizes = sorted(corpus)
    for index in range(CORPUS_ROWS):
        turn, size = divmod(index, len(sizes))
        chosen = corpus[sizes[size]]
        problem = chosen[turn % len(chosen)]
        numbers = random_source.sample(problem["nums"], len(problem["nums"]))
        problem = {"nums": numbers, "target": problem["target"]}
        yield {"prompt": prompt(problem), "completion": trace(problem, random_source)}


# The words of the problems and traces; everything else is spelt in bytes.
WORDS = ["Make", " from", " yes", " no", ", ", "user", "assistant", "system"]
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TAGS = ["<think>", "</think>", "<answer>", "</answer>"]

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] }}"
    "{% if not (continue_final_message and loop.last) %}{{ '<|im_end|>\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def byte_letters():
    """The printable letter that stands for each byte in a byte-level vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {
        **{byte: chr(byte) for byte in plain},
        **{byte: chr(256 + index) for index, byte in enumerate(others)},
    }


def tokenizer():
    """A byte-level BPE without merges: whole pieces are in the vocabulary or fall to bytes.

    Whole numbers up to the cap are one token each, so the model needs no digit arithmetic.
    """
    letters = byte_letters()
    pieces = sorted(letters.values())
    numbers = [str(number) for number in range(10, CAP + 1)]
    words = ["".join(letters[byte] for byte in word.encode()) for word in WORDS]
    vocabulary = {piece: index for index, piece in enumerate(pieces + numbers + words)}
    added = [
        {
            "id": len(vocabulary) + index,
            "content": text,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": text in SPECIAL,
        }
        for index, text in enumerate(SPECIAL + TAGS)
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": r", | ?\p{L}+|[0-9]+|\s|[^\s\p{L}0-9]"},
                    "behavior": "Isolated",
                    "invert": False,
                },
                {**byte_level, "use_regex": False},
            ],
        },
        "post_processor": None,
        "decoder": {**byte_level, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": vocabulary,
            "merges": [],
        },
    }


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(path)


def write_tokenizer(folder):
    folder.mkdir(exist_ok=True)
    write_json(folder / "tokenizer.json", tokenizer())
    write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": 512,
            "clean_up_tokenization_spaces": False,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "chat_template": CHAT_TEMPLATE,
        },
    )


def main(arguments):
    here = pathlib.Path(__file__).resolve().parent
    match arguments:
        case []:
            _, train, heldout = split()
            write_rows(here / "train.jsonl", train)
            write_rows(here / "heldout.jsonl", heldout)
        case ["corpus"]:
            corpus, _, _ = split()
            write_rows(here / "corpus.jsonl", corpus_rows(corpus))
        case ["tokenizer"]:
            write_tokenizer(here / "tokenizer")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
