#!/usr/bin/env python3
"""Speed of scores and training steps with busy processes of low priority beside them, against their speed alone.

    tools/beside_work.py DIFFERNET [--pairs N] [--busy N] [--precision P] [--rotations R]

Runs `differnet benchmark` alone and beside the busy loops (nice 19), in turn. They share a session, because Linux weighs
sessions against each other first (autogroup) and niceness within each.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("program")
parser.add_argument("--pairs", type=int, default=3)
parser.add_argument("--busy", type=int, default=3)
parser.add_argument("--precision", default="f32")
parser.add_argument("--rotations", type=int, default=16)
wanted = parser.parse_args()
words = [wanted.program, "benchmark", "--json", "--quiet", "--precision", wanted.precision, "--threads",
         str(len(os.sched_getaffinity(0))), "--set", f"n_transforms_test={wanted.rotations}"]
shares = {"image_ms": [], "step_ms": []}


def measure():
    return json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["runs"][0]


for _ in range(wanted.pairs):
    alone = measure()
    loops = [subprocess.Popen([sys.executable, "-c", "import os; os.nice(19)\nwhile True: pass"]) for _ in range(wanted.busy)]
    try:
        busy = measure()
    finally:
        [loop.kill() for loop in loops]
        [loop.wait() for loop in loops]
    for key, values in shares.items():
        values.append(alone[key] / busy[key])
    print(", ".join(f"{key} {alone[key]:.0f} alone, {busy[key]:.0f} beside: {shares[key][-1]:.2f}" for key in shares),
          flush=True)
for key, values in shares.items():
    print(f"{key}: {statistics.median(values):.2f} of the speed alone, from {min(values):.2f} to {max(values):.2f}")
