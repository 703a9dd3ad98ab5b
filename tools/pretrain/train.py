"""Train a backbone on a pool of drawn pictures.

    python train.py --pool DIR --run DIR --steps 8000            by step count: repeats
    python train.py --pool DIR --run DIR --minutes 60            one-cycle by the clock: as far as the time goes
    python train.py --pool DIR --run DIR --steps 200000 --device cuda --batch 1024
    python train.py --pool DIR --run DIR --steps 10000 --start RUN/trunk.pt   goes on from the trunk of an earlier run, with new heads
    python train.py --pool DIR --run DIR --steps 2000 --start FILE.safetensors --teacher FILE.onnx --distil 1 --rate 0.01   see distil.py

A run folder holds run.json (how it was called), checkpoint.pt (resumed from when present), log.jsonl and, at the end, trunk.pt.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

import augment
import distil
import network
import pool as pools

SIZES = ((0.0, 95), (0.35, 111), (0.6, 127), (0.85, 159))  # progress from which a picture is this wide
FITTED = 32  # batches from which the answers to the teacher begin


def size_at(progress):
    return [size for start, size in SIZES if progress >= start][-1]


class Clock:
    """How far a run is, from 0 to 1, by steps or by minutes (those before an interruption count)."""

    def __init__(self, steps, minutes, spent=0.0):
        self.steps, self.minutes, self.begun = steps, minutes, time.time() - spent

    def spent(self):
        return time.time() - self.begun

    def progress(self, step):
        return step / self.steps if self.steps else self.spent() / (60 * self.minutes)


def one_cycle(progress, peak, warm=0.08):
    if progress < warm:
        return peak * (0.04 + 0.96 * progress / warm)
    return peak * (0.5 + 0.5 * math.cos(math.pi * min(1.0, (progress - warm) / (1 - warm)))) + peak * 1e-4


def losses_of(mean, answers, targets, rows, latents, zooms, wheres, weights):
    """Every term of the objective, by name; a weight of zero leaves a term out."""
    classes, faults, numbers, where, projected = answers
    terms = {}
    if weights["class"] > 0:
        terms["class"] = F.cross_entropy(classes, targets, label_smoothing=0.05)
    if weights["fault"] > 0:
        truth = F.one_hot(rows[:, 2] + 1, faults.shape[1] + 1)[:, 1:].float()
        terms["fault"] = F.binary_cross_entropy_with_logits(faults, truth) * 5
    if weights["latent"] > 0:
        terms["latent"] = latent_loss(numbers, latents, zooms)
    if weights["where"] > 0:
        truth = F.adaptive_max_pool2d(wheres[:, None].float() / 255, where.shape[2:])
        terms["where"] = F.binary_cross_entropy_with_logits(where, truth)
    if weights["decorrelate"] > 0:
        terms["decorrelate"] = correlation_of(mean)
    if weights["contrast"] > 0:
        terms["contrast"] = contrast_of(projected)
    return terms


def latent_loss(numbers, latents, zooms):
    magnified = torch.tensor([float(m) for _, m in pools.LATENTS], device=numbers.device)
    truth = latents + torch.log(zooms)[:, None] * magnified
    known = torch.isfinite(truth)
    return F.smooth_l1_loss(numbers[known], truth[known])


def correlation_of(mean):
    """Mean square correlation between features: redundancy, as Barlow Twins and VICReg count it."""
    z = (mean - mean.mean(0)) / (mean.std(0) + 1e-4)
    c = z.T @ z / len(z)
    return (c - torch.diag(torch.diag(c))).pow(2).sum() / len(c)


def contrast_of(projected, temperature=0.2):
    """NT-Xent (SimCLR, equation 1): row k must find the other view of its picture, k + n / 2, among all others."""
    z = F.normalize(projected, dim=1)
    likeness = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    return F.cross_entropy(likeness, torch.arange(len(z), device=z.device).roll(len(z) // 2))


def to_device(batch, device):
    images, wheres, targets, rows, latents, zooms = batch
    tensors = [torch.as_tensor(t).to(device) for t in (wheres, targets.astype("int64"), rows.astype("int64"), latents, zooms)]
    return network.normalised(torch.from_numpy(images).to(device)), *tensors


def beginning(path, pool, seed, size):
    """The trunk of an earlier run, or that of a shipped file with norms that agree with the pool."""
    if path.suffix != ".safetensors":
        return torch.load(path, weights_only=True)
    plain = network.from_tensors(load_file(path))
    images = augment.batch_of(pool, seed, 0, min(256, len(pool)), size)[0]
    return distil.unfolded(plain, network.normalised(images)).state_dict()


def optimiser_of(model, decay):
    """Decay on weights of convolutions and linear layers, none on norms and biases."""
    heavy = [p for p in model.parameters() if p.ndim > 1]
    light = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.SGD([{"params": heavy, "weight_decay": decay}, {"params": light, "weight_decay": 0.0}],
                           lr=0.1, momentum=0.9, nesterov=True)


class Run:
    """A training with its folder: everything needed to go on after an interruption."""

    def __init__(self, a):
        self.a, self.folder, self.device = a, a.run, a.device
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pool = augment.PoolReader(a.pool)
        (self.folder / "run.json").write_text(json.dumps(vars(a), default=str, indent=1) + "\n")
        torch.manual_seed(a.seed)
        self.model = network.Pretext(self.pool.class_count, len(pools.FAULTS), len(pools.LATENTS)).to(a.device)
        if a.start:
            self.model.trunk.load_state_dict(beginning(a.start, self.pool, a.seed, self.size(0)))
        self.teacher = distil.Teacher(a.teacher, a.threads) if a.teacher else None
        if self.teacher:
            self.model.stages = distil.Heads(self.teacher.channels).to(a.device)
        self.model = self.model.to(memory_format=torch.channels_last)
        self.optimiser = optimiser_of(self.model, a.decay)
        self.weights = {"class": a.classes, "fault": a.fault, "latent": a.latent, "where": a.where, "decorrelate": a.decorrelate,
                        "contrast": a.contrast, "places": a.distil, "means": a.distil}
        self.step, spent = 0, 0.0
        kept = self.folder / "checkpoint.pt"
        if kept.exists():
            state = torch.load(kept, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, spent = state["step"], state["spent"]
        elif self.teacher:
            self.fit()
        self.clock = Clock(a.steps, a.minutes, spent)

    def size(self, progress):
        return self.a.size or size_at(progress)

    def plan(self, step):
        progress = self.clock.progress(step)
        return None if progress >= 1 else self.size(progress)

    def fit(self):
        """Answers to the teacher begin at the best that the features allow, so that no random head disturbs them."""
        count = max(1, min(FITTED, len(self.pool) // self.a.batch))
        batches = (augment.batch_of(self.pool, self.a.seed + 1, k, self.a.batch, self.size(0))[0] for k in range(count))
        self.model.stages.start(distil.fitted(self.model.trunk.eval(), self.teacher, batches), self.a.whiten)

    def save(self, name="checkpoint.pt"):
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step,
                 "spent": self.clock.spent()}
        torch.save(state, self.folder / (name + ".part"))
        os.replace(self.folder / (name + ".part"), self.folder / name)

    def one_step(self, batch):
        x, wheres, targets, rows, latents, zooms = to_device(batch, self.device)
        rate = one_cycle(min(self.clock.progress(self.step), 1.0), self.a.rate)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=not self.a.full_precision):
            before, mean, answers = self.model(x)
        terms, left = losses_of(mean, answers, targets, rows, latents, zooms, wheres, self.weights), {}
        if self.teacher:
            found, left = self.model.stages(before, mean, self.teacher(batch[0]), x.shape[2])
            terms.update(found)
        self.optimiser.zero_grad(set_to_none=True)
        sum(self.weights[k] * t for k, t in terms.items()).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        right = (answers[0].argmax(1) == targets).float().mean()
        return {**{k: t.detach() for k, t in terms.items()}, **left, "accuracy": right}, x.shape[2]

    def go(self):
        self.model.train()
        loader = augment.Loader(self.pool, self.a.seed, self.a.batch, self.plan, self.step, self.a.views)
        seen, since, last_save, recent = 0, time.time(), time.time(), []
        for batch in loader:
            terms, size = self.one_step(batch)
            recent.append(terms)
            seen += self.a.batch
            if self.step % self.a.log_every == 0:
                self.log(recent, size, seen / (time.time() - since), loader.ready.qsize())
                seen, since, recent = 0, time.time(), []
            if time.time() - last_save > 120:
                self.save()
                last_save = time.time()
        self.save()
        torch.save(self.model.trunk.state_dict(), self.folder / "trunk.pt")

    def log(self, recent, size, rate, waiting):
        means = {k: round(float(torch.stack([r[k] for r in recent]).mean()), 4) for k in recent[0]}
        line = {"step": self.step, "images": self.step * self.a.batch, "size": size, "images_per_second": round(rate),
                "seconds": round(self.clock.spent()), "waiting": waiting, **means}
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def arguments(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, default=0)
    length.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--start", type=Path, help="trunk.pt of an earlier run, or a shipped .safetensors, to begin with")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0.08, help="peak of the learning rate")
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--classes", type=float, default=1.0, help="weight of naming the class")
    parser.add_argument("--contrast", type=float, default=0.0, help="weight of finding a picture's other view; needs --views 2")
    parser.add_argument("--views", type=int, choices=(1, 2), default=1, help="of each picture in a batch: 2 show half as many pictures")
    parser.add_argument("--fault", type=float, default=0.0, help="weight of naming the fault")
    parser.add_argument("--latent", type=float, default=0.0, help="weight of reading off the generator's numbers")
    parser.add_argument("--where", type=float, default=0.0, help="weight of finding the fault's place")
    parser.add_argument("--decorrelate", type=float, default=0.0, help="weight of the redundancy of features")
    parser.add_argument("--teacher", type=Path, help="ONNX file of distil.py")
    parser.add_argument("--distil", type=float, default=0.0, help="weight of giving what the teacher gives; needs --teacher")
    parser.add_argument("--whiten", action="store_true", help="every direction of the teacher's means counts alike")
    parser.add_argument("--size", type=int, default=0, help="one size of pictures instead of growing ones")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--full-precision", action="store_true", help="float32 instead of bfloat16")
    parser.add_argument("--log-every", type=int, default=50)
    a = parser.parse_args(words)
    if (a.contrast > 0) != (a.views == 2):
        parser.error("--contrast and --views 2 come together")
    if (a.distil > 0) != (a.teacher is not None):
        parser.error("--distil and --teacher come together")
    return a


if __name__ == "__main__":
    options = arguments()
    torch.set_num_threads(options.threads)
    Run(options).go()
