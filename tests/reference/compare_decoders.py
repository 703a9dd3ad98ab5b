"""Compares decoding with Pillow over folders of image files, such as the test suites of imaging libraries.

    cmake --build build --target decode_files
    python3 compare_decoders.py build/tests/decode_files FOLDER... [--all]

Prints one line for every file that differs, and the counts. --all also lists deep pictures, which are mapped by levels
and so differ from Pillow's, which clips them, by design (docs/images.md)."""

import argparse
import os
import pathlib
import subprocess
import warnings

import numpy as np
from PIL import Image

NAMES = {".bmp", ".dib", ".jpg", ".jpeg", ".png", ".apng", ".pbm", ".pgm", ".ppm", ".pnm", ".tif", ".tiff", ".webp"}


def pillow_pixels(path):
    try:
        with Image.open(path) as image:
            if image.format not in ("BMP", "DIB", "JPEG", "MPO", "PNG", "PPM", "TIFF", "WEBP"):
                return None, f"is a {image.format}"
            return np.asarray(image.convert("RGB")), ""
    except Exception as failure:  # whatever Pillow raises on a broken file
        return None, f"{type(failure).__name__}: {failure}"


class Decoder:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def pixels(self, path):
        self.process.stdin.write(str(path).encode() + b"\n")
        self.process.stdin.flush()
        head = self.process.stdout.readline().decode(errors="replace").rstrip("\n")
        width, height, mapped, *message = head.split(" ", 3)
        if width == "0":
            return None, False, message[0]
        size = int(width) * int(height) * 3
        pixels = np.frombuffer(self.process.stdout.read(size), dtype=np.uint8)
        return pixels.reshape(int(height), int(width), 3), mapped == "1", ""


def verdict(ours, mapped, message, theirs, reason):
    if ours is None and theirs is None:
        return "both refuse", message
    if ours is None:
        return "only Pillow reads", message
    if theirs is None:
        return "only we read", reason
    if ours.shape != theirs.shape:
        return "other size", f"{ours.shape} and {theirs.shape}"
    if mapped:
        return "deep", ""
    largest = int(np.abs(ours.astype(int) - theirs).max())
    return ("same", "") if largest == 0 else ("near", "by 1") if largest == 1 else ("other pixels", f"by {largest}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    decoder, counts = Decoder(options.program), {}
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff in Pillow writes there
    for folder in options.folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in NAMES and p.is_file()):
            kind, detail = verdict(*decoder.pixels(path), *pillow_pixels(path))
            counts[kind] = counts.get(kind, 0) + 1
            if kind not in ("same", "both refuse", "deep") or options.all:
                print(f"{kind}: {path.relative_to(folder)}: {detail}")
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
