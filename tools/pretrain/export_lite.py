"""Fold a student of lite.py and write it with its card.

    python export_lite.py --run DIR --machine "2 cores of ..." --output data/backbone/NAME-VERSION.safetensors
"""

import argparse
import datetime
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import export
import lite

GOOD_AT = ("surfaces with a texture (metal, cloth, wood, print) and parts on them, upright or turned, grey or colour; local "
           "faults: scratches, cracks, holes, stains, dents, particles")
BAD_AT = ("what only photographs show: it has seen what the teacher makes of drawn pictures, not what the teacher has seen; "
          "faults of a few pixels at 448 x 448")


def pairs_of(net):
    """(name, convolution, its norm) of the trunk."""
    yield "conv_stem", net.conv_stem, net.bn1
    for name, block in net.blocks.named_modules():
        names = [n for n, child in block.named_children() if isinstance(child, torch.nn.Conv2d)]
        for number, inner in enumerate(names, 1):
            yield f"blocks.{name}.{inner}", getattr(block, inner), getattr(block, f"bn{number}")


@torch.no_grad()
def tensors_of(net):
    """float16 weights and biases with the norms folded in, by the names of the program's own files."""
    found = {}
    for name, convolution, norm in pairs_of(net):
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        found[f"{name}.weight"] = (convolution.weight.double() * gain[:, None, None, None]).half().contiguous()
        found[f"{name}.bias"] = (norm.bias.double() - norm.running_mean.double() * gain).half()
    bad = [name for name, tensor in found.items() if not torch.isfinite(tensor).all()]
    if bad:
        raise SystemExit(f"not finite in float16: {', '.join(bad)}")
    return found


def card(a, called, lines):
    """Model card in __metadata__: strings by string keys, as safetensors has it."""
    last = {line["phase"]: line for line in lines}  # the last of each phase
    left = ", ".join(f"{places:.2f} and {means:.2f}" for places, means in last[len(lite.PHASES) - 1]["left"])
    return {
        "format": "pt",
        "network": a.network,
        "name": a.output.stem,
        "version": a.output.stem.rpartition("-")[2],
        "architecture": f"{called['name']} of timm to its last stage, batch normalisation folded",
        "data": f"drawn by tools/pretrain/pool.py, no photograph: {export.data_of(called)}",
        "recipe": "random weights; gives what a teacher gives at the ends of its seven stages, stage by stage, then all together "
                  f"(tools/pretrain/lite.py); share of the variance missed at the end, by places and of means: {left}",
        "teacher": a.teacher,
        "origin": f"trained on drawn pictures by the project itself to give what {a.teacher} gives",
        "seed": str(called["seed"]),
        "steps": str(sum(line["step"] for line in last.values())),
        "images_seen": str(sum(line["images"] for line in last.values())),
        "training_time": f"{sum(line['seconds'] for line in last.values()) / 60:.0f} minutes",
        "machine": a.machine,
        "date": a.date,
        "good_at": GOOD_AT,
        "bad_at": BAD_AT,
        "licence": "MIT",
    }


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--network", default="efficientnet-lite0", help="the program's name of the network")
    parser.add_argument("--machine", required=True)
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    parser.add_argument("--teacher", default=export.TEACHER, help="name, origin and licence of the teacher, for the card")
    a = parser.parse_args(words)
    called = json.loads((a.run / "run.json").read_text())
    lines = [json.loads(line) for line in (a.run / "log.jsonl").read_text().splitlines()]
    net = lite.network(called["name"])
    net.load_state_dict(torch.load(a.run / "student.pth", weights_only=True))
    a.output.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors_of(net), str(a.output), metadata=card(a, called, lines))
    print(f"{a.output}: {a.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
