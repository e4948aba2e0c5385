#!/usr/bin/env python3
"""Makes data/train.jsonl and data/test.jsonl: word problems in the form of GSM8K, out of one seed.

    python3 Recipes/gsm8k/generate.py

The form is GSM8K's (question; answer with its steps, calculator marks <<3*4=12>>, and the result after
####, with a comma in thousands). The problems are not: they come from five templates, so they stand in for
the real ones only where the way through the program is tested.
"""

import json
import pathlib
import random

SEED = 11
TRAIN, TEST = 80, 20
NAMES = ["Ann", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gita", "Hugo"]
THINGS = ["apples", "stamps", "marbles", "cards", "pens", "shells"]


def mark(expression, value):
    return f"{expression}=<<{expression}={value}>>{value}"


def bags(rng, name, thing):
    have, bags, each = rng.randint(3, 40), rng.randint(2, 9), rng.randint(2, 12)
    got = bags * each
    return (
        f"{name} has {have} {thing} and buys {bags} bags of {each}. How many {thing} are there now?",
        [f"The bags hold {mark(f'{bags}*{each}', got)}.", f"Now {mark(f'{have}+{got}', have + got)}."],
        have + got,
    )


def gift(rng, name, thing):
    each, friends, left = rng.randint(2, 9), rng.randint(2, 8), rng.randint(1, 20)
    given = each * friends
    return (
        f"{name} gives {each} {thing} to each of {friends} friends and keeps {left}. "
        f"How many {thing} were there at first?",
        [f"Given away: {mark(f'{each}*{friends}', given)}.", f"At first {mark(f'{given}+{left}', given + left)}."],
        given + left,
    )


def share(rng, name, thing):
    each, people, eaten = rng.randint(2, 12), rng.randint(2, 9), rng.randint(1, 15)
    total = each * people + eaten
    return (
        f"{name} has {total} {thing}, loses {eaten} and shares the rest among {people} people. "
        f"How many {thing} does each get?",
        [f"Left: {mark(f'{total}-{eaten}', total - eaten)}.", f"Each gets {mark(f'{total - eaten}/{people}', each)}."],
        each,
    )


def wage(rng, name, _):
    hours, rate, weeks = rng.randint(10, 40), rng.randint(8, 30), rng.randint(2, 12)
    week = hours * rate
    return (
        f"{name} works {hours} hours a week for ${rate} an hour. What does {name} earn in {weeks} weeks?",
        [f"A week pays {mark(f'{hours}*{rate}', week)}.", f"In all {mark(f'{week}*{weeks}', week * weeks)}."],
        week * weeks,
    )


def change(rng, name, thing):
    price, count = rng.randint(2, 9), rng.randint(2, 9)
    cost = price * count
    note = (cost // 50 + 1) * 50
    return (
        f"{name} buys {count} {thing} at ${price} each and pays with ${note}. How much change is due?",
        [f"They cost {mark(f'{price}*{count}', cost)}.", f"Change: {mark(f'{note}-{cost}', note - cost)}."],
        note - cost,
    )


def main():
    rng = random.Random(SEED)
    folder = pathlib.Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    rows, asked = [], set()
    while len(rows) < TRAIN + TEST:
        template = rng.choice([bags, gift, share, wage, change])
        question, steps, result = template(rng, rng.choice(NAMES), rng.choice(THINGS))
        if question in asked:
            continue
        asked.add(question)
        answer = "\n".join(steps) + f"\n#### {result:,}"
        rows.append({"question": question, "answer": answer})
    for name, part in (("train", rows[:TRAIN]), ("test", rows[TRAIN:])):
        text = "".join(json.dumps(row) + "\n" for row in part)
        (folder / f"{name}.jsonl").write_text(text)


main()
