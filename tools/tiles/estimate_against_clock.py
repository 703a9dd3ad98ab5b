#!/usr/bin/env python3
"""Compares what `differnet check` states for tiles with the clock (docs/tiles.md).

    tools/tiles/estimate_against_clock.py DIFFERNET DATA [--precisions f32,bf16,int8] [--threads 1,2]
        [--pictures 3] [--set KEY=VALUE]... [OPTION...]

DATA is a class folder; make_parts.py writes one. For each precision and number of threads it asks `check`, trains
with the same settings and an empty cache, and scores pictures of test/ with the new model. Rows of a table go to
standard output: stated seconds, seconds by the clock, their ratio (clock over stated), of a picture and of the
training. A picture's clock is the median of `elapsed_ms` but for the first picture, which starts the threads. Other
options, such as --backbone FILE, go to check and train alike. Let nothing else run meanwhile.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):  # check: 1 where there is something to fix
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def stated(program, settings):
    estimate = json.loads(run([program, "check", "--json", *settings]))["classes"][0]["estimate"]
    return estimate["tiles"]["seconds"], estimate["seconds"]


def train(program, settings, folder):
    start = time.monotonic()
    run([program, "train", "--quiet", "--output", folder, *settings])
    seconds = time.monotonic() - start
    return next(pathlib.Path(folder).rglob("model.safetensors")), seconds


def score(program, model, pictures, precision, threads):
    rows = run([program, "predict", model, *pictures, "--quiet", "--precision", precision, "--threads", str(threads)])
    times = [json.loads(row)["elapsed_ms"] / 1000 for row in rows.splitlines()]
    return statistics.median(times[1:] or times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--precisions", default="f32,bf16,int8")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--pictures", type=int, default=3)
    parser.add_argument("--set", action="append", default=[])
    given, options = parser.parse_known_args()
    pictures = sorted(path for path in (given.data / "test").rglob("*.*") if path.is_file())[:given.pictures + 1]
    keys = [part for key in ["tiles=448", "checkpoint=0", "grad_map_viz=false", *given.set] for part in ("--set", key)]
    print("| precision | threads | a picture: stated | clock | ratio | training: stated | clock | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for precision in given.precisions.split(","):
        for threads in given.threads.split(","):
            with tempfile.TemporaryDirectory() as folder:
                settings = ["--data", given.data.parent, "--class", given.data.name, "--precision", precision,
                            "--threads", threads, "--set", f"cache_dir={folder}/cache", *keys, *options]
                picture, training = stated(given.program, settings)
                model, trained = train(given.program, settings, f"{folder}/results")
                scored = score(given.program, model, pictures, precision, threads)
            print(f"| {precision} | {threads} | {picture:.2f} s | {scored:.2f} s | {scored / picture:.2f} "
                  f"| {training:.0f} s | {trained:.0f} s | {trained / training:.2f} |", flush=True)


if __name__ == "__main__":
    main()
