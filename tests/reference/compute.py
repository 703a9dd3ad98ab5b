"""Every operator of src/compute as PyTorch computes it: forward, gradients by autograd, and ten steps
of torch.optim.Adam. Images are stored as NHWC, convolution weights as PyTorch has them."""
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

tensors = {}


def keep(name, tensor):
    tensors[name] = tensor.detach().to(torch.float32).contiguous().clone()


def keep_image(name, tensor):
    keep(name, tensor.permute(0, 2, 3, 1))


def uniform(*shape, scale=1.0):
    return (torch.rand(*shape) * 2 - 1) * scale


def convolutions():
    # batch, channels, height, width, out, kernel, stride, padding
    for index, (b, c, h, w, o, k, s, p) in enumerate(
            [(2, 3, 23, 19, 6, 11, 4, 2), (2, 5, 9, 7, 6, 5, 1, 2), (1, 17, 4, 6, 33, 3, 1, 1)]):
        x, weight, bias = uniform(b, c, h, w), uniform(o, c, k, k), uniform(o)
        keep_image(f"convolution{index}.in", x)
        keep(f"convolution{index}.weights", weight)
        keep(f"convolution{index}.bias", bias)
        out = F.relu(F.conv2d(x.double(), weight.double(), bias.double(), s, p))
        keep_image(f"convolution{index}.out", out)


def moves():
    x = uniform(2, 4, 13, 11)
    keep_image("pooling.in", x)
    keep_image("pooling.out", F.max_pool2d(x, 3, 2))
    keep_image("mean.in", x)
    keep("mean.out", x.double().mean((2, 3)))
    # 106 to 26 is a size where f32 arithmetic takes another neighbour than exact arithmetic.
    for index, (height, width, size) in enumerate([(30, 45, (15, 11)), (106, 5, (26, 7))]):
        x = uniform(1, 3, height, width)
        keep_image(f"resize{index}.in", x)
        keep_image(f"resize{index}.out", F.interpolate(x, size=size))


def linear():
    x, weight, bias = uniform(5, 12), uniform(9, 12), uniform(9)
    dy = uniform(5, 9)
    leaves = [tensor.double().requires_grad_() for tensor in (x, weight, bias)]
    y = F.relu(F.linear(*leaves))
    y.backward(dy.double())
    for name, tensor in [("x", x), ("w", weight), ("bias", bias), ("y", y), ("dy", dy)]:
        keep(f"linear.{name}", tensor)
    for name, leaf in zip(("dx", "dw", "dbias"), leaves):
        keep(f"linear.{name}", leaf.grad)


def coupling():
    clamp, dlog_det = 1.9, -0.25
    x, st, dy = uniform(3, 6, scale=2), uniform(3, 12, scale=8), uniform(3, 6)
    st[1, 8], st[2, 9] = 3e6, -3e6  # t of two items that are cut off
    leaves = [tensor.double().requires_grad_() for tensor in (x, st)]
    s, t = leaves[1].chunk(2, 1)
    e = clamp * 0.636 * torch.atan(s / clamp)
    y = torch.clamp(torch.exp(e) * leaves[0] + t, -1e6, 1e6)
    log_det = e.sum(1)
    ((y * dy.double()).sum() + dlog_det * log_det.sum()).backward()
    for name, tensor in [("x", x), ("st", st), ("dy", dy), ("y", y), ("log_det", log_det),
                         ("dx", leaves[0].grad), ("dst", leaves[1].grad)]:
        keep(f"coupling.{name}", tensor)


def adam():
    gradients = uniform(10, 40)
    gradients[:, :8] *= 1e-3  # where epsilon counts
    w = torch.nn.Parameter(uniform(40))
    optimizer = torch.optim.Adam([w], lr=2e-4, betas=(0.8, 0.8), eps=1e-4, weight_decay=1e-5)
    keep("adam.g", gradients)
    keep("adam.w0", w)
    for step, gradient in enumerate(gradients, 1):
        w.grad = gradient.clone()
        optimizer.step()
        if step in (1, 10):
            state = optimizer.state[w]
            keep(f"adam.w{step}", w)
            keep(f"adam.m{step}", state["exp_avg"])
            keep(f"adam.v{step}", state["exp_avg_sq"])


def image(name):
    return tensors[name].permute(0, 3, 1, 2).double().requires_grad_()


def backward(x, y):
    """Gradient at x of sum(dy * y); dy is drawn here."""
    dy = uniform(*y.shape)
    y.backward(dy.double())
    return dy, x.grad


def image_gradients():
    for index, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1)]):
        x = image(f"convolution{index}.in")
        weight = tensors[f"convolution{index}.weights"].double()
        bias = tensors[f"convolution{index}.bias"].double()
        dy, dx = backward(x, F.relu(F.conv2d(x, weight, bias, stride, padding)))
        keep_image(f"convolution{index}.dy", dy)
        keep_image(f"convolution{index}.dx", dx)
    # Equals among the largest of a window, and windows without a positive value.
    x = torch.round(uniform(2, 4, 13, 11) * 3 - 1.5).double().requires_grad_()
    dy, dx = backward(x, F.max_pool2d(F.relu(x), 3, 2))
    for name, tensor in [("in", F.relu(x)), ("dy", dy), ("dx", dx)]:
        keep_image(f"pool_relu.{name}", tensor)
    x = image("mean.in")
    dy, dx = backward(x, x.mean((2, 3)))
    keep("mean.dout", dy)
    keep_image("mean.dx", dx)
    for index, size in enumerate([(15, 11), (26, 7)]):
        x = image(f"resize{index}.in")
        dy, dx = backward(x, F.interpolate(x, size=size))
        keep_image(f"resize{index}.dy", dy)
        keep_image(f"resize{index}.dx", dx)


def windows():
    """Convolutions of EfficientNet-Lite's and ResNet's kinds, and odd ones, with their gradients."""
    # batch, channels, height, width, out, kernel, stride, groups, (top, left, bottom, right), activation, residual
    cases = [
        (2, 6, 9, 7, 6, 3, 1, 6, (1, 1, 1, 1), F.relu6, False),
        (2, 8, 10, 12, 8, 3, 2, 8, (0, 0, 1, 1), F.relu6, False),
        (1, 10, 11, 9, 10, 5, 2, 10, (2, 2, 2, 2), F.relu6, False),
        (2, 9, 6, 7, 4, 1, 1, 1, (0, 0, 0, 0), None, True),
        (1, 6, 7, 8, 9, 3, 2, 3, (2, 0, 1, 3), F.relu, True),
        (1, 12, 9, 9, 32, 2, 1, 1, (0, 0, 0, 0), F.relu6, False),
    ]
    for index, (b, c, h, w, o, k, s, g, pads, activation, adds) in enumerate(cases):
        x, weight, bias = uniform(b, c, h, w, scale=2), uniform(o, c // g, k, k, scale=2), uniform(o, scale=4)
        top, left, bottom, right = pads
        leaf = x.double().requires_grad_()
        y = F.conv2d(F.pad(leaf, (left, right, top, bottom)), weight.double(), bias.double(), s, groups=g)
        residual = uniform(*y.shape, scale=2) if adds else torch.zeros(y.shape)
        y = y + residual.double()
        y = activation(y) if activation else y
        dy, dx = backward(leaf, y)
        name = f"window{index}"
        keep(f"{name}.weights", weight)
        keep(f"{name}.bias", bias)
        for part, tensor in [("in", x), ("residual", residual), ("out", y), ("dy", dy), ("dx", dx)]:
            keep_image(f"{name}.{part}", tensor)


def relu6():
    # Both ends, the numbers next to them, and what lies between.
    x = torch.cat([torch.tensor([-0.0, 0.0, 6.0, 5.9999995, 1e-30, -1e-30, 7.0]), uniform(57, scale=9)])
    leaf = x.clone().requires_grad_()
    y = F.relu6(leaf)
    dy, dx = backward(leaf, y)
    for name, tensor in [("y", y), ("dy", dy), ("dx", dx)]:
        keep(f"relu6.{name}", tensor)


def padded_pooling():
    """As ResNet pools: windows that reach over the edge."""
    x = torch.round(uniform(2, 4, 13, 10) * 3 - 1.5).double().requires_grad_()
    y = F.max_pool2d(F.relu(x), 3, 2, 1)
    dy, dx = backward(x, y)
    for name, tensor in [("in", F.relu(x)), ("out", y), ("dy", dy), ("dx", dx)]:
        keep_image(f"pool_padded.{name}", tensor)


def main():
    default = Path(__file__).resolve().parent.parent / "fixtures"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    torch.manual_seed(2)
    torch.set_num_threads(1)
    for part in (convolutions, moves, linear, coupling, adam, image_gradients, windows, relu6, padded_pooling):
        part()
    save_file(tensors, folder / "compute.safetensors")


main()
