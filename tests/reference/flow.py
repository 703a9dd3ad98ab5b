"""z, log-det, loss, gradients and ten Adam steps of the flow by PyTorch (float64 and float32)."""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from reference_network import Flow, loss_of, pseudo

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
SAMPLES = 16  # entries of every gradient that the large case keeps


def gradients(flow, x, out, prefix, whole):
    x = x.clone().requires_grad_(True)
    z, log_det = flow(x)
    loss = loss_of(z, log_det)
    loss.backward()
    out[prefix + "z"] = z.detach().numpy()
    out[prefix + "log_det"] = log_det.detach().numpy()
    out[prefix + "loss"] = loss.detach().numpy().reshape(1)
    out[prefix + "dx"] = x.grad.numpy()
    norms, samples = [], []
    for name, tensor in flow.tensors():
        gradient = tensor.grad.numpy().ravel()
        if whole:
            out[prefix + name] = gradient
        norms.append(np.sqrt(np.sum(gradient.astype(np.float64) ** 2)))
        samples.append(gradient[np.linspace(0, gradient.size - 1, SAMPLES).astype(np.int64)])
    if not whole:
        out[prefix + "norms"] = np.array(norms)
        out[prefix + "samples"] = np.stack(samples)


def ten_steps(flow, batches, out, name):
    optimizer = torch.optim.Adam(flow.parameters(), lr=2e-4, betas=(0.8, 0.8), eps=1e-4, weight_decay=1e-5)
    losses = []
    for x in batches:
        optimizer.zero_grad()
        loss = loss_of(*flow(x))
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    out[name] = np.array(losses)


out = {}
# Small and whole: every entry of every gradient. Computed in float64 so that only our rounding shows.
small = Flow(256, 2, 12).fill().double()
gradients(small, torch.from_numpy(pseudo(5 * 256, 77, 2.0).reshape(5, 256)).double(), out, "small.", True)
# The paper's features and blocks, narrower subnets.
large = Flow(768, 8, 160).fill().double()
gradients(large, torch.from_numpy(pseudo(6 * 768, 78, 2.0).reshape(6, 768)).double(), out, "large.", False)
large = Flow(768, 8, 160).fill().double()
batches = [torch.from_numpy(pseudo(16 * 768, 100 + i, 1.0).reshape(16, 768)).double() for i in range(10)]
ten_steps(large, batches, out, "ten_losses")
save_file({name: value.astype(np.float32) for name, value in out.items()}, folder / "flow.safetensors")
