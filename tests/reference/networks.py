"""Other networks than AlexNet, with formula weights: timm's EfficientNet-Lite 0, 1 and 2 and torchvision's
ResNet-18. Features at two scales, gradients at the pixels of sum(pseudo(.., 56, 1) * features), and of
EfficientNet-Lite0 the value of every step. Everything in float64.

Convolution n of a network has the weights pseudo(count, 3000 + n, sqrt(3 gain / fan_in)), gain 1 where it reads
values without an activation, else 2, and the bias pseudo(count, 4000 + n, 0.5), in the place of its batch
normalisation's."""

import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
import torchvision
from safetensors.numpy import save_file
from torch import nn

from reference_network import fill, pseudo

SAMPLE = 101  # every so many-th gradient
STEP_SAMPLES = 64  # values of a step's map

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")


def plain(norm, bias_seed):
    """A batch normalisation that only adds a bias."""
    with torch.no_grad():
        norm.weight.fill_(1)
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
    fill(norm.bias, bias_seed, 0.5)


def fill_network(pairs, linear):
    """`pairs` of convolution and normalisation in the order of the steps; `linear`: whether each reads values
    without an activation."""
    for n, ((convolution, norm), is_linear) in enumerate(zip(pairs, linear, strict=True)):
        fan_in = convolution.weight[0].numel()
        gain = 1.0 if is_linear else 2.0
        fill(convolution.weight, 3000 + n, float(np.sqrt(3.0 * gain / fan_in)))
        plain(norm, 4000 + n)


def lite_blocks(model):
    return [block for stage in model.blocks for block in stage]


def lite(number):
    model = timm.create_model(f"tf_efficientnet_lite{number}", pretrained=False).eval()
    pairs, linear = [(model.conv_stem, model.bn1)], [False]
    for i, block in enumerate(lite_blocks(model)):
        if i == 0:
            pairs += [(block.conv_dw, block.bn1), (block.conv_pw, block.bn2)]
            linear += [False, False]
        else:
            pairs += [(block.conv_pw, block.bn1), (block.conv_dw, block.bn2), (block.conv_pwl, block.bn3)]
            linear += [True, False, False]
    fill_network(pairs, linear)
    return model.double()


def lite_maps(model, images):
    """The maps at the taps: behind the stages of stride 4, 8, 16 and 32."""
    x, maps = model.bn1(model.conv_stem(images)), []
    for i, stage in enumerate(model.blocks):
        x = stage(x)
        if i in (1, 2, 4, 6):
            maps.append(x)
    return maps


def lite_values(model, images):
    """The value of every convolution, residual and activation included, in order."""
    values, hooks = [], []
    keep = lambda _module, _inputs, output: values.append(output)  # noqa: E731
    hooks.append(model.bn1.register_forward_hook(keep))
    for i, block in enumerate(lite_blocks(model)):
        parts = [block.bn1, block] if i == 0 else [block.bn1, block.bn2, block]
        hooks += [part.register_forward_hook(keep) for part in parts]
    lite_maps(model, images)
    for hook in hooks:
        hook.remove()
    return values


def resnet():
    model = torchvision.models.resnet18(weights=None).eval()
    pairs = [(model.conv1, model.bn1)]
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        for block in layer:
            if block.downsample:
                pairs.append((block.downsample[0], block.downsample[1]))
            pairs += [(block.conv1, block.bn1), (block.conv2, block.bn2)]
    fill_network(pairs, [False] * len(pairs))
    return model.double()


def resnet_maps(model, images):
    x, maps = model.maxpool(model.relu(model.bn1(model.conv1(images)))), []
    for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
        x = layer(x)
        maps.append(x)
    return maps


def extract(maps_of, model, images, scales):
    parts = []
    for s in range(scales):
        scaled = images if s == 0 else F.interpolate(images, size=images.shape[2] // 2**s)
        parts += [a_map.mean(dim=(2, 3)) for a_map in maps_of(model, scaled)]
    return torch.cat(parts, dim=1)


def draw(images, height, width):
    return torch.from_numpy(pseudo(images * 3 * height * width, 55, 2.0).reshape(images, 3, height, width)).double()


def sample(values, step):
    """Of [n][c][h][w] as it lies in [n][h][w][c]."""
    return values.detach().permute(0, 2, 3, 1).flatten()[::step].float().numpy()


out = {}
cases = [(f"lite{i}", lite(i), lite_maps, 2 if i == 0 else 1, 97, 83, 2) for i in range(3)]
cases.append(("resnet18", resnet(), resnet_maps, 1, 75, 64, 1))
for name, model, maps_of, images, height, width, scales in cases:
    leaf = draw(images, height, width).requires_grad_()
    found = extract(maps_of, model, leaf, scales)
    (found * torch.from_numpy(pseudo(found.numel(), 56, 1.0)).view_as(found)).sum().backward()
    out[name] = found.detach().float().numpy()
    out[name + ".gradient"] = sample(leaf.grad, SAMPLE)
    for i, a_map in enumerate(maps_of(model, draw(images, height, width))):
        out[f"{name}.map{i}"] = sample(a_map, SAMPLE)
for n, value in enumerate(lite_values(cases[0][1], draw(2, 97, 83))):
    out[f"lite0.value{n}"] = sample(value, value.numel() // STEP_SAMPLES)
    if n == 1:
        print("saturated share", float((value == 6).double().mean()), "dead", float((value == 0).double().mean()))
save_file(out, folder / "networks.safetensors")


class Tiny(nn.Module):
    """Every kind of step of EfficientNet-Lite, small enough to commit with its weights."""

    def __init__(self):
        super().__init__()
        self.conv_stem = nn.Conv2d(3, 8, 3, 2, bias=False)
        self.bn1 = nn.BatchNorm2d(8, eps=1e-3)
        self.conv_pw = nn.Conv2d(8, 16, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(16, eps=1e-3)
        self.conv_dw = nn.Conv2d(16, 16, 5, groups=16, padding=2, bias=False)
        self.bn3 = nn.BatchNorm2d(16, eps=1e-3)
        self.conv_pwl = nn.Conv2d(16, 8, 1, bias=True)
        self.bn4 = nn.BatchNorm2d(8, eps=1e-3)
        self.classifier = nn.Linear(8, 5)

    def forward(self, x):
        rows, columns = (max((-(-side // 2) - 1) * 2 + 3 - side, 0) for side in x.shape[2:])
        x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        x = F.relu6(self.bn1(self.conv_stem(x)))
        y = F.relu6(self.bn2(self.conv_pw(x)))
        y = F.relu6(self.bn3(self.conv_dw(y)))
        return x + self.bn4(self.conv_pwl(y))


torch.manual_seed(4)
tiny = Tiny().eval()
with torch.no_grad():
    for norm in (tiny.bn1, tiny.bn2, tiny.bn3, tiny.bn4):
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
        norm.running_mean.normal_()
        norm.running_var.uniform_(1e-4, 3)
    # as converters from TensorFlow leave them: in the memory's order of HWIO
    for layer in (tiny.conv_stem, tiny.conv_pw, tiny.conv_dw, tiny.conv_pwl):
        layer.weight.set_(layer.weight.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1))
torch.save(OrderedDict(tiny.state_dict()), folder / "tiny_network.pth")
save_file(
    {"features": tiny.double()(draw(2, 20, 17)).mean(dim=(2, 3)).detach().float().numpy()},
    folder / "tiny_network.safetensors",
)
