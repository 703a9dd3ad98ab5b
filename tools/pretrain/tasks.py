"""Twelve generated detection tasks: classes and faults that training never sees.

    python tasks.py --output DIR              twelve folders in MVTec's layout, for the program
    python tasks.py --output DIR --arrays     the same pictures as one .npz a task, for evaluate.py
    python tasks.py --output DIR --arrays --from 13 --to 48     further tasks of the same kind: twelve are few to choose by
"""

import argparse
import multiprocessing
from pathlib import Path

import cv2
import numpy as np

import classes
import defects
from canvas import generator, log_uniform

SEED = 1000003  # no class of this seed is in any pool
SIZE = 448
TASKS = 12
TRAIN, GOOD, EACH = 60, 40, 20  # good pictures to train on, good and faulty (two kinds) to test on


def task_recipe(number):
    """The first, third, ... task is a surface alone, the others have parts on it; numbers start at 0."""
    wanted = number % 2 == 1
    family = 100 * number
    while True:
        r = classes.recipe(SEED, family)
        if (r["parts"] is not None) == wanted and r["ground"]["kind"] not in ("flat", "slope"):
            return r
        family += 1


def faults_of(number):
    return [defects.HELD_OUT[(number + k * 3 + number // 6) % len(defects.HELD_OUT)] for k in range(2)]


def pictures(number):
    """(split, kind, index, RGB image, mask) of one task, in order of drawing."""
    r = task_recipe(number)
    rng = generator(SEED, 7, number)
    unit = log_uniform(rng, 1.0, 2.6)
    faults = []
    for k, kind in enumerate(faults_of(number)):
        fault = defects.parameters(generator(SEED, 8, number, k), [kind])
        fault["count"] = min(fault["count"], 2)
        faults.append(fault)
    plan = [("train", None, k) for k in range(TRAIN)] + [("test", None, TRAIN + k) for k in range(GOOD)]
    plan += [("test", fault, TRAIN + GOOD + f * EACH + k) for f, fault in enumerate(faults) for k in range(EACH)]
    for split, fault, index in plan:
        image, mask = classes.render(r, fault, index, SIZE, unit)
        image = classes.photographed(image, generator(SEED, 9, number, index), 0.6)
        yield split, fault["kind"] if fault else "good", index, image, mask


def write_folder(job):
    number, output = job
    root = output / f"task{number + 1:02d}"
    for split, kind, index, image, mask in pictures(number):
        place = root / split / kind
        place.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(place / f"{index:03d}.png"), image[:, :, ::-1])
        if kind != "good":
            truth = root / "ground_truth" / kind
            truth.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(truth / f"{index:03d}_mask.png"), np.where(mask > 80, 255, 0).astype(np.uint8))


def write_arrays(job):
    number, output = job
    output.mkdir(parents=True, exist_ok=True)
    drawn = list(pictures(number))
    np.savez(output / f"task{number + 1:02d}.npz", images=np.stack([d[3] for d in drawn]),
             split=np.array([d[0] for d in drawn]), kind=np.array([d[1] for d in drawn]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--arrays", action="store_true")
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--to", dest="last", type=int, default=TASKS)
    parser.add_argument("--processes", type=int, default=2)
    a = parser.parse_args()
    with multiprocessing.Pool(a.processes) as workers:
        workers.map(write_arrays if a.arrays else write_folder, [(n, a.output) for n in range(a.first - 1, a.last)], 1)


if __name__ == "__main__":
    main()
