#!/usr/bin/env python3
"""Draws the parts of docs/tutorial.md: brushed washers, good, scratched and chipped. Needs Pillow; the same files
every time.

usage: make_tutorial_parts.py FOLDER"""

import math
import pathlib
import random
import sys

from PIL import Image, ImageDraw, ImageFilter

SIDE = 320
SMOOTHING = 3  # drawn larger and scaled down, for soft edges


def brushed_metal(generator, side):
    rows = Image.new("L", (1, side))
    rows.putdata([generator.randint(150, 205) for _ in range(side)])
    return rows.resize((side, side)).filter(ImageFilter.GaussianBlur(1.2))


def ring(draw, middle, radius, hole):
    draw.ellipse([middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius], fill=255)
    draw.ellipse([middle[0] - hole, middle[1] - hole, middle[0] + hole, middle[1] + hole], fill=0)


def scratch(draw, generator, middle, radius, hole):
    angle = generator.uniform(0, 2 * math.pi)
    reach = (radius + hole) / 2
    x, y = middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle)
    for _ in range(6):
        step = generator.uniform(0.5, 1.1) * (radius - hole) / 9
        turn = angle + math.pi / 2 + generator.uniform(-0.5, 0.5)
        end = (x + step * math.cos(turn), y + step * math.sin(turn))
        draw.line([x, y, *end], fill=255, width=7)
        x, y = end


def chip(draw, generator, middle, radius, hole):
    angle = generator.uniform(0, 2 * math.pi)
    x, y = middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)
    size = generator.uniform(0.09, 0.14) * radius
    draw.polygon([(x + size * generator.uniform(0.7, 1.3) * math.cos(k * math.pi / 4),
                   y + size * generator.uniform(0.7, 1.3) * math.sin(k * math.pi / 4)) for k in range(8)], fill=255)


def draw_part(generator, defect):
    side = SIDE * SMOOTHING
    middle = [side / 2 + generator.uniform(-4, 4) * SMOOTHING for _ in range(2)]
    radius, hole = 0.38 * side, 0.16 * side
    table = Image.new("L", (side, side), generator.randint(38, 46))
    part, marks = Image.new("L", (side, side)), Image.new("L", (side, side))
    ring(ImageDraw.Draw(part), middle, radius, hole)
    table.paste(brushed_metal(generator, side), mask=part)
    if defect:
        defect(ImageDraw.Draw(marks), generator, middle, radius, hole)
        marks = Image.composite(marks, Image.new("L", marks.size), part)
        table.paste(52 if defect is chip else 95, mask=marks)
    return table.resize((SIDE, SIDE), Image.Resampling.BOX).convert("RGB")


def main(root):
    generator = random.Random(20261129)
    for folder, defect, count in [("OK", None, 60), ("NG/scratch", scratch, 10), ("NG/chip", chip, 10)]:
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            draw_part(generator, defect).save(root / folder / f"{number:03d}.png", optimize=True)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
