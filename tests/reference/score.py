"""Scores end to end: Pillow decodes, resizes and rotates; PyTorch computes features and flow."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from torchvision import transforms
from torchvision.transforms.functional import rotate

from reference_network import Flow, alexnet_features, extract, loss_of

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
ROTATIONS = 8
WIDTH, HEIGHT = 300, 217


def picture():
    """The C test writes the same pixels as a PPM."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([(x * 3 + y) % 256, (x * y // 7) % 256, (x * x // 50 + y * 2) % 256], axis=2).astype(np.uint8)


prepare = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
)
resized = transforms.Resize((448, 448))(Image.fromarray(picture()))
views = torch.stack([prepare(rotate(resized, i * 360.0 / ROTATIONS)) for i in range(ROTATIONS)])
with torch.no_grad():
    features = extract(alexnet_features().double(), views.double(), 3)
    z, log_det = Flow(768, 8, 96).fill().double()(features)
    per_rotation = (z**2).mean(dim=1)
    out = {
        "features": features.float().numpy(),
        "per_rotation": per_rotation.float().numpy(),
        "score": np.array([per_rotation.mean(), per_rotation.std(unbiased=False), loss_of(z, log_det)], dtype=np.float32),
    }
save_file(out, folder / "score.safetensors")
