#!/usr/bin/env python3
"""AUROC and milliseconds of a model against the number of rotations, as a Markdown table.

    tools/rotations_table.py MODEL CLASS_FOLDER/test [--differnet build/differnet] [--confidence 0.99] [--images N]

Every row is one run of `differnet predict --format csv` over the folder, whose sub-folder good (or ok) holds the
good images. Milliseconds are medians over images, from reading the file to the score. The last column counts the
verdicts that differ from those of the full number of rotations. Needs nothing but Python.
"""

import argparse
import csv
import io
import pathlib
import statistics
import subprocess


def predict(arguments, options):
    command = [arguments.differnet, "predict", arguments.model, "--format", "csv", "--quiet", *options, "-"]
    names = "\n".join(str(path) for path in arguments.paths)
    run = subprocess.run(command, input=names, capture_output=True, text=True, check=True)
    return list(csv.DictReader(io.StringIO(run.stdout)))


def auroc(good, defective):
    ranked = sorted([(score, 0) for score in good] + [(score, 1) for score in defective])
    rank_sum, start = 0.0, 0
    while start < len(ranked):
        end = start
        while end < len(ranked) and ranked[end][0] == ranked[start][0]:
            end += 1
        rank_sum += sum(label for _, label in ranked[start:end]) * (start + 1 + end) / 2
        start = end
    return (rank_sum - len(defective) * (len(defective) + 1) / 2) / (len(good) * len(defective))


def is_good(row):
    return any(part.lower() in ("good", "ok") for part in pathlib.Path(row["image_path"]).parent.parts[-1:])


def line(label, rows, reference):
    scores = {flag: [float(r["raw_score"]) for r in rows if is_good(r) == flag] for flag in (True, False)}
    milliseconds = statistics.median(float(r["elapsed_ms"]) for r in rows)
    rotations = statistics.mean(float(r["rotations"]) for r in rows)
    other = sum(a["verdict"] != b["verdict"] for a, b in zip(rows, reference))
    area = auroc(scores[True], scores[False])
    print(f"| {label} | {rotations:.1f} | {area:.4f} | {milliseconds:.1f} | {other} of {len(rows)} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--differnet", default="build/differnet")
    parser.add_argument("--confidence", default="0.99")
    parser.add_argument("--images", type=int, default=0, help="every so many-th image, to have about this many")
    arguments = parser.parse_args()
    paths = sorted(p for p in arguments.folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    step = max(1, len(paths) // arguments.images) if arguments.images else 1
    arguments.paths = paths[::step]
    print("| rotations | used, mean | image_AUROC | ms per image | other verdicts |\n|---|---|---|---|---|")
    reference = predict(arguments, ["--rotations", "64"])
    for count in (1, 2, 4, 8, 16, 32):
        line(str(count), predict(arguments, ["--rotations", str(count)]), reference)
    line("64", reference, reference)
    label = f"early exit, {arguments.confidence}"
    line(label, predict(arguments, ["--rotations", "64", "--early-exit", arguments.confidence]), reference)


if __name__ == "__main__":
    main()
