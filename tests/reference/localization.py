"""Where the score comes from: PyTorch's gradient of the loss at the pixels, turned back, smoothed and
averaged by SciPy. `map` turns back bilinearly, as the C code does; `map_cubic` as the original's
localization.py does, with SciPy's default of cubic splines."""

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter, rotate as turn
from torchvision import transforms
from torchvision.transforms.functional import rotate

from reference_network import Flow, alexnet_features, extract, loss_of, pseudo

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
ROTATIONS, HEIGHT, WIDTH, SCALES = 6, 144, 132, 2
degrees = [i * 360.0 / ROTATIONS for i in range(ROTATIONS)]


def picture():
    """The C test makes the same pixels."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([(x * 3 + y) % 256, (x * y // 7) % 256, (x * x // 50 + y * 2) % 256], axis=2).astype(np.uint8)


def anomaly_map(gradients, order):
    total = np.zeros((HEIGHT, WIDTH))
    for gradient, angle in zip(gradients, degrees):
        turned = turn(gradient, -angle, axes=(1, 0), reshape=False, order=order)
        total += np.abs(gaussian_filter(turned, (3, 3, 0))).sum(axis=2)
    return total / (3 * ROTATIONS)


prepare = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
)
image = Image.fromarray(picture())
views = torch.stack([prepare(rotate(image, angle)) for angle in degrees]).double().requires_grad_()
flow = Flow(256 * SCALES, 2, 24).fill().double()
loss = loss_of(*flow(extract(alexnet_features().double(), views, SCALES)))
loss.backward()
gradients = views.grad.permute(0, 2, 3, 1).numpy()

# One plane by itself, for turning and smoothing alone.
plane = pseudo(40 * 33 * 3, 91, 1.0).reshape(40, 33, 3).astype(np.float64)
out = {"map": anomaly_map(gradients, 1), "map_cubic": anomaly_map(gradients, 3)}
for name, angle in (("plane0", 0.0), ("plane37", 37.0), ("plane90", 90.0), ("plane-200", -200.0)):
    turned = turn(plane, angle, axes=(1, 0), reshape=False, order=1)
    out[name] = np.abs(gaussian_filter(turned, (3, 3, 0))).sum(axis=2)
print("correlation of bilinear and cubic:", np.corrcoef(out["map"].ravel(), out["map_cubic"].ravel())[0, 1])
save_file({name: value.astype(np.float32) for name, value in out.items()}, folder / "localization.safetensors")
