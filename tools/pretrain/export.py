"""Fold a trained trunk into plain AlexNet and write it with its card.

    python export.py --run DIR --pool DIR --output data/backbone/differnet-alexnet-1.safetensors
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import network

NAME, VERSION = "differnet-alexnet-1", "1"


def trunk_of(run):
    """The trunk of a run's last checkpoint, in eval mode, and the step it was at."""
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    trunk = network.Trunk(True)
    trunk.load_state_dict({k.removeprefix("trunk."): v for k, v in state["model"].items() if k.startswith("trunk.")})
    return trunk.eval(), state["step"], state["spent"]


@torch.no_grad()
def scaled(plain, factor):
    """The last convolution times `factor`: ReLU and pooling pass it on, so every feature is `factor` times itself."""
    plain.convolutions[-1].weight.mul_(factor)
    plain.convolutions[-1].bias.mul_(factor)
    return plain


def card(a, step, spent):
    """Model card in __metadata__: strings by string keys, as safetensors has it."""
    about = json.loads((a.pool / "pool.json").read_text())
    batch = json.loads((a.run / "log.jsonl").read_text().splitlines()[0])
    per_step = batch["images"] // batch["step"]
    return {
        "format": "pt",
        "name": NAME,
        "version": VERSION,
        "architecture": "torchvision AlexNet features, batch normalisation folded; feature scale "
                        f"{a.scale:g} folded into features.10",
        "data": f"{about['families'] * about['variants']} classes x {about['images_per_class']} pictures drawn by "
                f"tools/pretrain/pool.py, seed {about['seed']}, {about['size']} pixels; no photograph",
        "recipe": a.recipe,
        "seed": str(a.seed),
        "steps": str(step),
        "images_seen": str(step * per_step),
        "training_time": f"{spent / 60:.0f} minutes",
        "machine": a.machine,
        "date": a.date,
        "good_at": a.good_at,
        "bad_at": a.bad_at,
        "licence": "MIT",
    }


GOOD_AT = ("surfaces with a texture (metal, cloth, wood, print) and parts on them, at any rotation, grey or colour; "
           "local faults: scratches, cracks, holes, stains, dents, particles")
BAD_AT = ("faults of a few pixels at 448 x 448; faults that only the arrangement of parts tells; faces, text and scenes "
          "as such: it has never seen a photograph")
RECIPE = ("classification of family x fault (label smoothing 0.05) + 0.5 naming the fault + 1 generator's numbers + 1 place "
          "of the fault; SGD 0.9 Nesterov, one cycle to 0.08, decay 1e-4, batch 128, 95 to 159 pixels, bfloat16")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every feature")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recipe", default=RECIPE)
    parser.add_argument("--machine", default="1 of 2 cores, AMD EPYC (Zen 4), AVX-512, bfloat16")
    parser.add_argument("--date", default="2026-11-24")
    parser.add_argument("--good-at", default=GOOD_AT)
    parser.add_argument("--bad-at", default=BAD_AT)
    a = parser.parse_args()
    trunk, step, spent = trunk_of(a.run)
    plain = scaled(network.folded(trunk), a.scale)
    tensors = {k: v.half().contiguous() for k, v in network.tensors_of(plain).items()}
    bad = [k for k, v in tensors.items() if not torch.isfinite(v).all()]
    if bad:
        raise SystemExit(f"not finite in float16: {', '.join(bad)}")
    a.output.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, str(a.output), metadata=card(a, step, spent))
    print(f"{a.output}: step {step}, {a.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
