"""What a map costs beside its score, in pairs: predict with regions, and with files, against predict alone.

    python3 tools/map_ratio.py MODEL IMAGE... [--pairs 5] [--threads 1 2] [--rotations 1 8]

Prints medians over pairs: of the ratio of the rows' mean elapsed_ms, and of the process' CPU time, which other work on
the machine disturbs less.
"""

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
from pathlib import Path

DIFFERNET = Path(__file__).resolve().parent.parent / "build" / "differnet"


def predict(words):
    """Mean elapsed_ms of a picture, without the first one, which pays for the buffers; CPU seconds of the process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = subprocess.run([DIFFERNET, "predict", *map(str, words)], check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return statistics.mean([json.loads(line)["elapsed_ms"] for line in lines.splitlines()][1:]), cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rotations", type=int, nargs="+", default=[8])
    words = parser.parse_args()
    for threads in words.threads:
        for rotations in words.rotations:
            measure(words, threads, rotations)


def measure(words, threads, rotations):
    common = [words.model, *words.images, "--threads", threads, "--rotations", rotations]
    plain, times, cpus, files = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(words.pairs):
            alone, alone_cpu = predict(common)
            mapped, mapped_cpu = predict([*common, "--regions"])
            written = predict([*common, "--maps", "--overlay", "--output", folder])[1]
            plain.append(alone)
            times.append(mapped / alone)
            cpus.append(mapped_cpu / alone_cpu)
            files.append(written / alone_cpu)
    median = statistics.median
    print(
        f"{threads} threads, {rotations} rotations: score {median(plain):.0f} ms; with map {median(times):.2f} times"
        f" ({min(times):.2f} to {max(times):.2f}), CPU {median(cpus):.2f}, with four files {median(files):.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
