#!/usr/bin/env python3
"""Draws the curves of finished Countdown runs as an SVG picture on standard output.

    python3 Recipes/countdown/chart.py RUN_FOLDER… > Docs/Images/countdown.svg

A line is the share of training completions that solved their problem, each point the mean of five
steps; the points at both ends are the held-out problems before and after, sampled at temperature 1.0.
"""

import sys

from report import Run

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 60, 180, 24, 48
COLOURS = ["#3b6fb6", "#c8553d", "#4f9d69", "#8a5fb0", "#c99a2e"]
SMOOTHING = 5


def smoothed(values):
    return [
        sum(values[max(0, i + 1 - SMOOTHING) : i + 1]) / (i + 1 - max(0, i + 1 - SMOOTHING))
        for i in range(len(values))
    ]


def main(folders):
    if not folders:
        sys.exit(__doc__)
    runs = [Run(folder) for folder in folders]
    steps = max(len(run.curve) for run in runs)

    def x(step):
        return LEFT + (WIDTH - LEFT - RIGHT) * step / steps

    def y(share):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#333">'
    )
    print('<rect width="100%" height="100%" fill="#fff"/>')
    for percent in range(0, 101, 20):
        height = y(percent / 100)
        print(
            f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{percent} %</text>'
        )
    for step in range(0, steps + 1, 10):
        print(
            f'<text x="{x(step):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{step}</text>'
        )
    print(
        f'<text x="{x(steps / 2):.1f}" y="{HEIGHT - 10}" text-anchor="middle">'
        "step (lines: training problems solved; points: held-out problems)</text>"
    )
    for index, (run, colour) in enumerate(zip(runs, COLOURS)):
        points = " ".join(
            f"{x(step):.1f},{y(share):.1f}" for step, share in enumerate(smoothed(run.curve), 1)
        )
        before, after, *_ = run.shares
        print(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        for step, share in ((0, before), (steps, after)):
            print(f'<circle cx="{x(step):.1f}" cy="{y(share):.1f}" r="4" fill="{colour}"/>')
        name = run.name.removeprefix("countdown-").replace("-", " ")
        print(
            f'<text x="{WIDTH - RIGHT + 14}" y="{TOP + 16 + 20 * index}" fill="{colour}">'
            f"{name}: {100 * before:.1f} to {100 * after:.1f} %</text>"
        )
    print("</svg>")


if __name__ == "__main__":
    main(sys.argv[1:])
