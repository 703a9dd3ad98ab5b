"""How large features should be: DifferNet's flow takes them raw, so their scale is part of the backbone.

ReLU and max pooling pass a positive factor on, so the last convolution may be multiplied channel by channel after
training. This file measures the deviation of every feature within a class of good pictures (classes of the training
pool, drawn at the detector's 448 pixels) and makes gains from it:

    none       1
    global     one factor: the root mean square deviation becomes `target`
    channel    each channel's own deviation becomes `target`
    root       half way between the two (geometric mean), so that quiet channels are not all noise

    python scaling.py --study --banks DIR --run DIR --pool DIR     flows on kept features, every way of scaling
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

import classes
import evaluate
import network
from canvas import generator, log_uniform

FAMILIES, PICTURES, SIZE = 24, 12, 448
WAYS = ("none", "global", "channel", "root")


def good_pictures(seed, family):
    """A class of the pool as the detector would see it."""
    r = classes.recipe(seed, family)
    unit = log_uniform(generator(seed, 11, family), 1.0, 2.6)
    images = [classes.render(r, None, 100000 + k, SIZE, unit)[0] for k in range(PICTURES)]
    images = [classes.photographed(i, generator(seed, 12, family, k), 0.6) for k, i in enumerate(images)]
    turns = [i * 360 / PICTURES for i in range(PICTURES)]
    return np.stack([evaluate.rotated(i[None], turn)[0] for i, turn in zip(images, turns)])


def deviations(plain, seed):
    """Root mean square deviation within a class, one number a channel [256], over classes and the three scales."""
    squares = []
    for family in range(FAMILIES):
        found = network.features(plain, good_pictures(seed, family))
        squares.append(found.var(0).view(3, -1).mean(0))
    return torch.stack(squares).mean(0).sqrt()


def gains(deviation, way, target):
    floor = deviation.clamp(min=float(deviation.median()) * 0.1)  # a dead channel stays quiet
    overall = deviation.pow(2).mean().sqrt()
    if way == "none":
        return torch.ones_like(deviation)
    if way == "global":
        return torch.full_like(deviation, target / float(overall))
    if way == "channel":
        return target / floor
    return target / (floor * overall).sqrt()


def study(a, deviation):
    """Mean AUROC of small flows on features kept by evaluate.py --banks."""
    files = sorted(a.banks.glob("*.pt"))
    for way in a.ways:
        for target in ([1.0] if way == "none" else a.targets):
            gain = gains(deviation, way, target).repeat(3)
            found = {}
            for file in files:
                train, test, labels = torch.load(file, weights_only=True)
                found[file.stem] = round(evaluate.auroc(evaluate.flow_scores(train * gain, test * gain, a), labels.numpy()), 3)
            mean = round(float(np.mean(list(found.values()))), 4)
            print(json.dumps({"way": way, "target": target, "mean": mean, **found}), flush=True)


def main():
    from export import trunk_of
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--banks", type=Path, required=True, help="one backbone's features, of the same run")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--targets", nargs="*", type=float, default=(0.1, 0.3, 1.0))
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--internal", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    plain = network.folded(trunk_of(a.run)[0]).eval()
    seed = json.loads((a.pool / "pool.json").read_text())["seed"]
    deviation = deviations(plain, seed)
    quantiles = torch.quantile(deviation, torch.tensor([0.0, 0.1, 0.5, 0.9, 1.0]))
    print(json.dumps({"deviation quantiles": [round(float(q), 4) for q in quantiles]}), flush=True)
    study(a, deviation)


if __name__ == "__main__":
    main()
