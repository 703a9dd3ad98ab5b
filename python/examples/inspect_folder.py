#!/usr/bin/env python3
"""inspect_folder.py MODEL FOLDER OUTPUT.csv: verdicts of a folder's pictures as a table; overlays of those that fail."""

import csv
import sys
from pathlib import Path

import differnet


def save_overlay(result: differnet.Result, folder: Path) -> None:
    """As a PPM, which needs no further package."""
    pixels = result.overlay()
    name = Path(result.image_path or "picture").name
    header = b"P6 %d %d 255\n" % (pixels.shape[1], pixels.shape[0])
    (folder / f"{name}_overlay.ppm").write_bytes(header + pixels.tobytes())


def main(model_path: str, pictures: str, output: str) -> int:
    failed = 0
    with differnet.Model.load(model_path) as model, open(output, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image_path", "verdict", "raw_score", "p_value", "error"])
        for result in model.stream(pictures, maps=True):
            table.writerow([result.image_path, result.verdict.name, result.raw_score, result.p_value, result.error])
            if result.verdict is differnet.Verdict.FAIL:
                failed += 1
                save_overlay(result, Path(output).resolve().parent)
    return failed


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print(f"{main(*sys.argv[1:])} failed")
