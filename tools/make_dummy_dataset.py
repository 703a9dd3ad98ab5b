#!/usr/bin/env python3
"""Draws dummy_dataset/dummy_class: squares are good, circles are anomalous. Needs Pillow; the same files every time.

usage: make_dummy_dataset.py [FOLDER]     (default: dummy_dataset at the root of the repository)"""

import math
import pathlib
import random
import sys

from PIL import Image, ImageDraw

SIDE = 400
SMOOTHING = 4  # drawn larger and scaled down, for soft edges


def draw(shape, generator):
    background = generator.randint(222, 240)
    shade = generator.randint(50, 95)
    size = generator.uniform(150, 190)
    center = [SIDE / 2 + generator.uniform(-35, 35) for _ in range(2)]
    if shape == "circle":
        size *= 2 / math.sqrt(math.pi)  # as much ink as a square of this size
    corners = [SMOOTHING * (middle + sign * size / 2) for sign in (-1, 1) for middle in center]
    image = Image.new("L", (SIDE * SMOOTHING, SIDE * SMOOTHING), background)
    brush = ImageDraw.Draw(image)
    (brush.ellipse if shape == "circle" else brush.rectangle)(corners, fill=shade)
    return image.resize((SIDE, SIDE), Image.Resampling.BOX).convert("RGB")


def main(root):
    generator = random.Random(20210108)
    for folder, shape, count in [("train/good", "square", 4), ("test/good", "square", 8), ("test/anomaly", "circle", 8)]:
        target = root / "dummy_class" / folder
        target.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            draw(shape, generator).save(target / f"{number:03d}.png", optimize=True)


if __name__ == "__main__":
    here = pathlib.Path(__file__).resolve().parent.parent
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "dummy_dataset")
