#!/usr/bin/env python3
"""Times DifferNet the original's way, on PyTorch, beside this library, in one run on this machine.

    python3 tools/compare_pytorch.py [--binary build/differnet] [--runs 5] [--threads N]

Prints a Markdown table of medians and, in brackets, PyTorch's time over ours, in every precision that this
processor has. Needs torch, torchvision, pillow and numpy. Both sides use random weights: speed does not depend
on them. "The original's way" is the published procedure:
every one of the 64 views resizes the picture anew, images pass through the backbone as one
contiguous batch, and a training step runs the subnets twice, for z and for the log-determinant.
Memory is the peak of a process of its own for each side.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROTATIONS, VECTORS = 64, 96
PRECISIONS = ("f32", "bf16", "int8")


def build_pytorch():
    import torch

    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "reference"))
    import torchvision
    from reference_network import Flow, extract

    class Original(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = torchvision.models.alexnet(weights=None).features.eval()
            self.flow = Flow(768, 8, 2048)

        def forward(self, images):
            return self.flow(extract(self.backbone, images, 3))[0]

    return Original()


def pytorch_score(model, path):
    import torch
    from PIL import Image
    from torchvision import transforms
    from torchvision.transforms.functional import rotate

    finish = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    )
    resize = transforms.Resize((448, 448))
    image = Image.open(path).convert("RGB")
    views = torch.stack([finish(rotate(resize(image), i * 360.0 / ROTATIONS)) for i in range(ROTATIONS)])
    with torch.no_grad():
        return float(torch.mean(model(views) ** 2))


def pytorch_step(flow, optimizer, x):
    import torch

    optimizer.zero_grad()
    z, _ = flow(x)
    _, log_det = flow(x)  # the original's jacobian() runs the subnets a second time
    loss = torch.mean(0.5 * torch.sum(z**2, dim=1) - log_det) / z.shape[1]
    loss.backward()
    optimizer.step()


def once(function):
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def child(arguments):
    """Measures PyTorch in this process and prints JSON: times and the peak memory of this process."""
    import torch

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = build_pytorch()
    if arguments.child == "score":
        times = [once(lambda: pytorch_score(model, arguments.image)) for _ in range(arguments.runs + 1)]
    else:
        optimizer = torch.optim.Adam(model.flow.parameters(), lr=2e-4, betas=(0.8, 0.8), eps=1e-4, weight_decay=1e-5)
        x = torch.randn(VECTORS, 768)
        times = [once(lambda: pytorch_step(model.flow, optimizer, x)) for _ in range(arguments.runs + 1)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ms": statistics.median(times[1:]), "peak_mib": peak}))


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def run_child(kind, arguments, image):
    command = [sys.executable, __file__, "--child", kind, "--image", image, "--runs", str(arguments.runs)]
    if arguments.threads:
        command += ["--threads", str(arguments.threads)]
    return json.loads(run(command))


def ours_score(arguments, model, image, precision):
    """Time of an image and peak memory, of `predict` in processes of its own; None where this processor lacks it."""
    command = [arguments.binary, "predict", model, "--precision", precision, *threads_of(arguments)]
    result = subprocess.run([*command, *[image] * (arguments.runs + 1)], check=True, capture_output=True, text=True)
    if "has no instructions for" in result.stderr:
        return None
    times = [json.loads(line)["elapsed_ms"] for line in result.stdout.splitlines()]
    return {"ms": statistics.median(times[1:]), "peak_mib": peak_of([*command, image])}


def ours_step(arguments, precision):
    """Time of a step and peak memory of training, of `benchmark`."""
    command = [arguments.binary, "benchmark", "--json", "--quiet", "--precision", precision, "--set", "n_transforms_test=1"]
    threads = arguments.threads or len(os.sched_getaffinity(0))
    benchmark = json.loads(run([*command, "--threads", str(threads)]))
    measured = benchmark["runs"][0]
    return {"ms": measured["step_ms"], "peak_mib": measured["peak_train_mib"], "vectors": benchmark["step_vectors"]}


def threads_of(arguments):
    return ["--threads", str(arguments.threads)] if arguments.threads else []


def train_quickly(arguments, folder):
    """A full-size model after one short sub epoch."""
    settings = ["meta_epochs=1", "sub_epochs=1", "n_transforms=1", f"output={folder}", "seed=1"]
    command = [arguments.binary, "train", "--quiet", "--json", *threads_of(arguments)]
    for setting in settings:
        command += ["--set", setting]
    return json.loads(run(command, cwd=Path(__file__).parent.parent))["results_directory"] + "/model.safetensors"


def peak_of(command):
    """Peak resident memory of one command, in MiB."""
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvp(command[0], command)
    return os.wait4(pid, 0)[2].ru_maxrss / 1024


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(Path(__file__).parent.parent / "build" / "differnet"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--image", default=str(Path(__file__).parent.parent / "dummy_dataset/dummy_class/test/good"))
    parser.add_argument("--child", choices=["score", "step"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.binary = str(Path(arguments.binary).resolve())
    if arguments.child:
        return child(arguments)
    image = Path(arguments.image)
    image = str(sorted(image.iterdir())[0] if image.is_dir() else image)

    with tempfile.TemporaryDirectory() as folder:
        model = train_quickly(arguments, folder)
        score_theirs = run_child("score", arguments, image)
        scores = {precision: ours_score(arguments, model, image, precision) for precision in PRECISIONS}
    scores = {precision: score for precision, score in scores.items() if score}
    step_theirs = run_child("step", arguments, image)
    steps = {precision: ours_step(arguments, precision) for precision in scores}
    print_table(arguments, score_theirs, scores, step_theirs, steps)


def print_table(arguments, score_theirs, scores, step_theirs, steps):
    import torch

    threads = arguments.threads or len(os.sched_getaffinity(0))
    print(f"{processor()}, {threads} threads, PyTorch {torch.__version__}, {time.strftime('%Y-%m-%d')}, "
          f"medians of {arguments.runs}; load {os.getloadavg()[0]:.1f} at the end\n")
    print("| | PyTorch, the original's way | " + " | ".join(f"differnet {precision}" for precision in scores) + " |")
    print("|---" * (2 + len(scores)) + "|")
    vectors = steps["f32"]["vectors"]
    assert vectors == VECTORS, f"benchmark's step has {vectors} vectors, PyTorch's {VECTORS}"
    for name, key, unit, theirs, our in [
        (f"score an image file, {ROTATIONS} rotations", "ms", "ms", score_theirs, scores),
        (f"one training step, {VECTORS} vectors", "ms", "ms", step_theirs, steps),
        ("peak memory while scoring", "peak_mib", "MiB", score_theirs, scores),
        ("peak memory while training", "peak_mib", "MiB", step_theirs, steps),
    ]:
        cells = [f"{value[key]:.0f} {unit} ({theirs[key] / value[key]:.2f})" for value in our.values()]
        print(f"| {name} | {theirs[key]:.0f} {unit} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
