#!/usr/bin/env python3
"""Times EfficientNet-Lite's trunk here, in onnxruntime and in PyTorch, with the same weights, in one run.

    python3 tools/compare_backbone.py WEIGHTS [--binary build/differnet] [--threads 2] [--rounds 5]

WEIGHTS is what `differnet import` wrote. Prints milliseconds a view of 448 x 448 and of 224 x 224 pixels, the
least of ROUNDS turns of all programs, a median of several calls in each: on a machine that does other work, too, the
least is nearest to the truth. In brackets onnxruntime's time over the one in the cell. Views go through one after the
other in onnxruntime and PyTorch, as fast as these can, and 16 in a call here. Needs torch, timm, onnx, onnxruntime,
safetensors and numpy.
"""

import argparse
import json
import re
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import timm
import torch
from safetensors.torch import load_file, safe_open

SIDES, PRECISIONS, CALLS = (448, 224), ("f32", "bf16", "int8"), 9


class Trunk(torch.nn.Module):
    """timm's network up to the last stage, and the means at our taps."""

    def __init__(self, weights):
        super().__init__()
        with safe_open(weights, "pt") as file:
            number = re.fullmatch(r"efficientnet-lite(\d)", file.metadata()["network"]).group(1)
        self.network = timm.create_model(f"tf_efficientnet_lite{number}")
        tensors = load_file(weights)
        modules = dict(self.network.named_modules())
        for name in {name.rsplit(".", 1)[0] for name in tensors}:
            norm = self.norm_of(name, modules)
            with torch.no_grad():
                modules[name].weight.copy_(tensors[f"{name}.weight"])
                norm.weight.fill_(1)
                norm.bias.copy_(tensors[f"{name}.bias"])
                norm.running_mean.zero_()
                norm.running_var.fill_(1 - norm.eps)

    @staticmethod
    def norm_of(name, modules):
        """The normalisation behind a convolution, which becomes one that only adds the bias."""
        parent, _, own = name.rpartition(".")
        order = ("conv_dw", "conv_pw") if f"{parent}.conv_pwl" not in modules else ("conv_pw", "conv_dw", "conv_pwl")
        number = 1 + order.index(own) if parent else 1
        return modules[f"{parent}.bn{number}" if parent else "bn1"]

    def forward(self, images):
        network, parts = self.network, []
        x = network.bn1(network.conv_stem(images))
        for i, stage in enumerate(network.blocks):
            x = stage(x)
            if i in (1, 2, 4, 6):
                parts.append(x.mean(dim=(2, 3)))
        return torch.cat(parts, dim=1)


def median_ms(call):
    call()
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def with_pytorch(trunk, images, bf16):
    images = images.to(memory_format=torch.channels_last)
    trunk = trunk.to(memory_format=torch.channels_last)

    def call():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            trunk(images)

    return median_ms(call)


def session_of(trunk, images, threads, folder):
    path = Path(folder) / f"{images.shape[2]}.onnx"
    torch.onnx.export(trunk, images, path, dynamo=False, input_names=["images"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def with_differnet(binary, weights, precision, threads):
    """{side: ms} of the backbone alone."""
    settings = ["fc_internal=64", "n_coupling_blocks=1", "n_transforms_test=1", "train_rotations=random", "n_scales=2"]
    words = [word for setting in settings for word in ("--set", setting)]
    output = subprocess.run(
        [binary, "benchmark", "--backbone", weights, "--precision", precision, "--threads", str(threads), "--json", *words],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    (run,) = [run for run in json.loads(output)["runs"] if run["threads"] == threads]
    if run["precision"] != precision:
        return {}
    return {view["side"]: view["ms"] for view in run["backbone_view_ms"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("--binary", default=str(Path(__file__).resolve().parent.parent / "build" / "differnet"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(words.threads)
    trunk = Trunk(words.weights).eval()
    least = {}

    def keep(name, side, ms):
        least[name, side] = min(ms, least.get((name, side), ms))

    with tempfile.TemporaryDirectory() as folder:
        images = {side: torch.randn(1, 3, side, side) for side in SIDES}
        sessions = {side: session_of(trunk, images[side], words.threads, folder) for side in SIDES}
        for side in SIDES:
            (theirs,) = sessions[side].run(None, {"images": images[side].numpy()})
            with torch.inference_mode():
                assert np.allclose(theirs, trunk(images[side]).numpy(), rtol=1e-3, atol=1e-4)
        for _ in range(words.rounds):
            for side in SIDES:
                pixels = images[side].numpy()
                keep("onnxruntime, f32", side, median_ms(lambda: sessions[side].run(None, {"images": pixels})))
                keep("PyTorch, f32", side, with_pytorch(trunk, images[side], False))
                keep("PyTorch, bf16", side, with_pytorch(trunk, images[side], True))
            for precision in PRECISIONS:
                for side, ms in with_differnet(words.binary, words.weights, precision, words.threads).items():
                    keep(f"differnet, {precision}", side, ms)
    print(f"| ms a view, {words.threads} threads | " + " | ".join(f"{side} x {side}" for side in SIDES) + " |")
    print("|---" * (1 + len(SIDES)) + "|")
    for name in sorted({name for name, _ in least}):
        cells = [f"{least[name, s]:.2f} ({least['onnxruntime, f32', s] / least[name, s]:.2f})" for s in SIDES]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
