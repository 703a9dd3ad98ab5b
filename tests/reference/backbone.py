"""Features of torchvision's AlexNet with formula weights, at three scales, and gradients at the pixels of
sum(pseudo(.., 56, 1) * features): all of the smallest, every SAMPLE-th of the others, [height][width][3]."""

import sys
from pathlib import Path

import torch
from safetensors.numpy import save_file

from reference_network import alexnet_features, extract, pseudo

SAMPLE = 101

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
    leaf = torch.from_numpy(pixels).double().requires_grad_()
    found = extract(features, leaf, scales)
    (found * torch.from_numpy(pseudo(found.numel(), 56, 1.0)).view_as(found)).sum().backward()
    gradient = leaf.grad.permute(0, 2, 3, 1).flatten()
    out[name] = found.detach().float().numpy()
    out[name + ".gradient"] = gradient[:: 1 if name == "smallest" else SAMPLE].float().numpy()
save_file(out, folder / "backbone.safetensors")
