"""Features of torchvision's AlexNet with formula weights, at three scales."""

import sys
from pathlib import Path

import torch
from safetensors.numpy import save_file

from reference_network import alexnet_features, extract, pseudo

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
features = alexnet_features().double()
out = {}
# Height, width, scales: the paper's size; odd sides; one scale at the smallest side.
for name, images, height, width, scales in (
    ("paper", 2, 448, 448, 3),
    ("odd", 3, 301, 257, 2),
    ("smallest", 1, 63, 63, 1),
):
    pixels = pseudo(images * 3 * height * width, 55, 2.0).reshape(images, 3, height, width)
    with torch.no_grad():
        out[name] = extract(features, torch.from_numpy(pixels).double(), scales).float().numpy()
save_file(out, folder / "backbone.safetensors")
