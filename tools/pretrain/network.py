"""torchvision's AlexNet features with batch normalisation, the training heads, and folding back to plain AlexNet."""

import torch
import torch.nn.functional as F
from torch import nn

LAYERS = ((0, 3, 64, 11, 4, 2), (3, 64, 192, 5, 1, 2), (6, 192, 384, 3, 1, 1), (8, 384, 256, 3, 1, 1), (10, 256, 256, 3, 1, 1))
POOL_AFTER = (0, 3, 10)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # DifferNet's norm_mean and norm_std


class Trunk(nn.Module):
    """`normalised` false: plain AlexNet, as the product runs it."""

    def __init__(self, normalised):
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(i, o, k, s, p) for _, i, o, k, s, p in LAYERS)
        self.norms = nn.ModuleList(nn.BatchNorm2d(layer[2]) for layer in LAYERS) if normalised else None
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.weight, mode="fan_in", nonlinearity="relu")
            nn.init.zeros_(convolution.bias)

    def forward(self, x):
        """(after the last pool, before it)."""
        for k, (index, *_) in enumerate(LAYERS):
            x = self.convolutions[k](x)
            if self.norms is not None:
                x = self.norms[k](x)
            x = F.relu(x)
            before = x
            if index in POOL_AFTER:
                x = F.max_pool2d(x, 3, 2)
        return x, before


class Pretext(nn.Module):
    """The trunk and what is asked of it; every head reads the mean over positions, as DifferNet does."""

    def __init__(self, classes, faults, latents):
        super().__init__()
        self.trunk = Trunk(True)
        self.classes = nn.Linear(256, classes)
        self.faults = nn.Linear(256, faults)
        self.latents = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, latents))
        self.where = nn.Conv2d(256, 1, 1)
        self.projection = nn.Sequential(nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 128))

    def forward(self, x):
        """(last map before the pool, means, answers of the heads)."""
        after, before = self.trunk(x)
        mean = after.float().mean(dim=(2, 3))
        answers = self.classes(mean), self.faults(mean), self.latents(mean), self.where(before), self.projection(mean)
        return before.float(), mean, tuple(answer.float() for answer in answers)


@torch.no_grad()
def folded(trunk):
    """Plain AlexNet that computes what `trunk` computes in eval mode."""
    plain = Trunk(False)
    for k, (convolution, norm) in enumerate(zip(trunk.convolutions, trunk.norms)):
        gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        plain.convolutions[k].weight.copy_(convolution.weight.double() * gain[:, None, None, None])
        plain.convolutions[k].bias.copy_((convolution.bias.double() - norm.running_mean.double()) * gain + norm.bias.double())
    return plain


def tensors_of(plain):
    """torchvision's names."""
    named = {}
    for k, (index, *_) in enumerate(LAYERS):
        named[f"features.{index}.weight"] = plain.convolutions[k].weight.detach()
        named[f"features.{index}.bias"] = plain.convolutions[k].bias.detach()
    return named


@torch.no_grad()
def from_tensors(tensors):
    plain = Trunk(False)
    for k, (index, *_) in enumerate(LAYERS):
        plain.convolutions[k].weight.copy_(tensors[f"features.{index}.weight"].float())
        plain.convolutions[k].bias.copy_(tensors[f"features.{index}.bias"].float())
    return plain


def normalised(images):
    """uint8 [n, size, size, 3] to the network's input [n, 3, size, size], channels last."""
    x = torch.as_tensor(images).permute(0, 3, 1, 2).float().div_(255)
    mean = torch.tensor(MEAN, device=x.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=x.device).view(1, 3, 1, 1)
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def features(plain, images, scales=3, batch=16, device="cpu"):
    """DifferNet's features of uint8 images [n, size, size, 3]: means at size, size/2, size/4 (nearest), [n, 768]."""
    rows = []
    for start in range(0, len(images), batch):
        x = normalised(torch.as_tensor(images[start:start + batch]).to(device))
        parts = []
        for s in range(scales):
            scaled = x if s == 0 else F.interpolate(x, size=x.shape[2] // 2**s)
            with torch.autocast(device, dtype=torch.bfloat16):
                parts.append(plain(scaled)[0].float().mean(dim=(2, 3)))
        rows.append(torch.cat(parts, 1).cpu())
    return torch.cat(rows)
