"""DifferNet built from PyTorch parts, for fixtures: written from the paper's equations.

Weights and inputs are pseudo-random numbers by a formula that the C tests repeat, so that the fixtures
need not hold them.
"""

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn


def pseudo(count, seed, scale):
    """`count` float32 numbers, uniform in [-scale, scale); tests/support repeats this bit for bit."""
    x = (np.arange(count, dtype=np.uint64) + np.uint64(seed) * np.uint64(0x9E3779B9)) & np.uint64(0xFFFFFFFF)
    mask = np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    x = x * np.uint64(0x7FEB352D) & mask
    x ^= x >> np.uint64(15)
    x = x * np.uint64(0x846CA68B) & mask
    x ^= x >> np.uint64(16)
    return ((2.0 * (x / 2.0**32) - 1.0) * scale).astype(np.float32)


def fill(parameter, seed, scale):
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(pseudo(parameter.numel(), seed, scale)).view_as(parameter))


class Subnet(nn.Module):
    def __init__(self, inputs, internal, outputs):
        super().__init__()
        self.fc1 = nn.Linear(inputs, internal)
        self.fc2 = nn.Linear(internal, internal)
        self.fc2b = nn.Linear(internal, internal)
        self.fc3 = nn.Linear(internal, outputs)

    def forward(self, x):
        for layer in (self.fc1, self.fc2, self.fc2b):
            x = F.relu(layer(x))
        return self.fc3(x)


class Block(nn.Module):
    def __init__(self, features, internal, clamp, seed):
        super().__init__()
        half = features // 2
        self.s1 = Subnet(half, internal, features)
        self.s2 = Subnet(half, internal, features)
        self.clamp = clamp
        self.permutation = torch.from_numpy(np.random.RandomState(seed).permutation(features))

    def exponent(self, s):
        return self.clamp * 0.636 * torch.atan(s / self.clamp)

    def forward(self, x):
        p1, p2 = x[:, self.permutation].chunk(2, dim=1)
        s2, t2 = self.s2(p2).chunk(2, dim=1)
        y1 = torch.exp(self.exponent(s2)) * p1 + t2
        s1, t1 = self.s1(y1).chunk(2, dim=1)
        y2 = torch.exp(self.exponent(s1)) * p2 + t1
        log_det = self.exponent(s1).sum(1) + self.exponent(s2).sum(1)
        return torch.cat((y1, y2), 1).clamp(-1e6, 1e6), log_det


class Flow(nn.Module):
    def __init__(self, features, blocks, internal, clamp=3.0):
        super().__init__()
        self.blocks = nn.ModuleList(Block(features, internal, clamp, k) for k in range(blocks))

    def forward(self, x):
        log_det = torch.zeros(len(x), dtype=x.dtype)
        for block in self.blocks:
            x, more = block(x)
            log_det = log_det + more
        return x, log_det

    def tensors(self):
        """(name, tensor) in the order and under the names of the original's state_dict."""
        for k, block in enumerate(self.blocks):
            for subnet in ("s1", "s2"):
                for layer in ("fc1", "fc2", "fc2b", "fc3"):
                    for kind in ("weight", "bias"):
                        tensor = getattr(getattr(getattr(block, subnet), layer), kind)
                        yield f"nf.module_list.{2 * k + 2}.{subnet}.{layer}.{kind}", tensor

    def fill(self):
        """Tensor i holds pseudo(count, i, 1/sqrt(inputs))."""
        scale = 1.0
        for index, (name, tensor) in enumerate(self.tensors()):
            if name.endswith("weight"):
                scale = 1.0 / float(np.sqrt(np.float64(tensor.shape[1])))
            fill(tensor, index, scale)
        return self


def loss_of(z, log_det):
    return torch.mean(0.5 * torch.sum(z**2, dim=1) - log_det) / z.shape[1]


def alexnet_features():
    """Weights: pseudo(count, 1000 + layer, sqrt(6 / fan_in)); biases: pseudo(count, 2000 + layer, 0.1)."""
    features = torchvision.models.alexnet(weights=None).features.eval()
    convolutions = [layer for layer in features if isinstance(layer, nn.Conv2d)]
    for index, layer in enumerate(convolutions):
        fan_in = layer.weight[0].numel()
        fill(layer.weight, 1000 + index, float(np.sqrt(6.0 / fan_in)))
        fill(layer.bias, 2000 + index, 0.1)
    return features


def extract(features, images, scales):
    parts = []
    for s in range(scales):
        scaled = images if s == 0 else F.interpolate(images, size=images.shape[2] // 2**s)
        parts.append(features(scaled).mean(dim=(2, 3)))
    return torch.cat(parts, dim=1)
