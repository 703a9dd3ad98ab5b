"""A pool of pictures on disk, drawn once and read many times: images, coarse fault masks, targets.

    python pool.py --output DIR --families 400 --variants 3 --images 72 --seed 1 --processes 2
"""

import argparse
import json
import multiprocessing
import time
from pathlib import Path

import cv2
import numpy as np

import classes
import defects
import textures
from canvas import generator

SIZE = 160
MASK = 40
FAULTS = defects.TRAINED + classes.PARTS_FAULTS
SURFACES = tuple(textures.FUNCTIONS)
# Latent numbers that a picture shows: name, and whether magnifying the picture by z adds log(z).
LATENTS = (("period", True), ("size", True), ("stretch", False), ("exponent", False), ("duty", False),
           ("count", False), ("contrast", False), ("ratio", False))
NAN = float("nan")


def latents_of(r):
    """The numbers behind a picture, standardised by eye; NaN where the class does not show them."""
    g, parts = r["ground"], r["parts"]
    spectral = g["kind"] in ("cloud", "brushed", "cast", "speckle")
    periodic = g["kind"] not in ("flat", "slope", "brushed", "cloud")
    latticed = g["kind"] in ("mesh", "weave", "knit", "checker", "dots", "bricks", "ripple")
    return [
        np.log(g["period"] / 12) if periodic else NAN,
        np.log(parts["size"] / 12) if parts else NAN,
        np.log(g["stretch"]) - 1.7 if g["kind"] == "brushed" else NAN,
        1.5 * (g["exponent"] - 1.1) if spectral else NAN,
        5 * (g["duty"] - 0.5) if g["kind"] in ("stripes", "mesh", "dots", "speckle", "rings") else NAN,
        np.log(parts["count"]) - 1.5 if parts and parts["layout"] == "random" else NAN,
        1.5 * (np.log(r["contrast"]) + 1) if g["kind"] != "flat" else NAN,
        2.5 * np.log(g["ratio"]) if latticed else NAN,
    ]


def draw_family(job):
    """All images of one family, written into the shared files at their own rows."""
    folder, seed, family, variants, count, simple = job
    images = np.load(folder / "images.npy", mmap_mode="r+")
    masks = np.load(folder / "masks.npy", mmap_mode="r+")
    r = classes.simple_recipe(seed, family) if simple else classes.recipe(seed, family)
    rows = []
    for variant in range(variants):
        fault = classes.fault_of(r, variant)
        for k in range(count):
            row = (family * variants + variant) * count + k
            image, mask = classes.render(r, fault, variant * count + k, SIZE)
            images[row] = classes.photographed(image, generator(seed, 4, row), 0.2 if simple else 1.0)
            masks[row] = cv2.resize(mask, (MASK, MASK), interpolation=cv2.INTER_AREA)
        rows.append([family, variant, FAULTS.index(fault["kind"]) if fault else -1, SURFACES.index(r["ground"]["kind"])])
    return family, rows, latents_of(r)


def write(folder, seed, families, variants, count, processes, simple=False):
    folder.mkdir(parents=True, exist_ok=True)
    total = families * variants * count
    np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (total, SIZE, SIZE, 3))
    np.lib.format.open_memmap(folder / "masks.npy", "w+", np.uint8, (total, MASK, MASK))
    labels, latents = np.zeros((families, variants, 4), np.int32), np.zeros((families, len(LATENTS)), np.float32)
    start = time.time()
    with multiprocessing.Pool(processes) as workers:
        jobs = [(folder, seed, f, variants, count, simple) for f in range(families)]
        for done, (family, rows, numbers) in enumerate(workers.imap_unordered(draw_family, jobs), 1):
            labels[family], latents[family] = rows, numbers
            if done % 50 == 0:
                print(f"{done}/{families} families, {time.time() - start:.0f} s", flush=True)
    np.savez(folder / "labels.npz", labels=labels.reshape(-1, 4), latents=latents)
    about = {"seed": seed, "families": families, "variants": variants, "images_per_class": count, "size": SIZE, "simple": simple,
             "seconds": round(time.time() - start)}
    (folder / "pool.json").write_text(json.dumps(about, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--families", type=int, default=400)
    parser.add_argument("--variants", type=int, default=3, help="classes of a family: one good, the others with a fault")
    parser.add_argument("--images", type=int, default=72, help="images of a class")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--simple", action="store_true", help="the earlier experiment's poorer classes, to compare with")
    a = parser.parse_args()
    write(a.output, a.seed, a.families, a.variants, a.images, a.processes, a.simple)


if __name__ == "__main__":
    main()
