#!/usr/bin/env python3
"""Writes a data set of large pictures with small defects, to measure what tiles do (docs/tiles.md).

    tools/tiles/make_parts.py OUTPUT [--size 4096x3072] [--train 24] [--good 24] [--bad 24] [--defect 8:40] [--seed 0]

Each picture shows one part in one position: a brushed field, a woven one and a cast one, with a groove, a row of holes
and a light that falls off to the corners. What is random in a good part is the texture, the light's strength and a
shift of up to two pixels. A defective part has one defect of 8 to 40 pixels: a pit, a spot, a scratch, or a place
where the texture is worn away. Pictures are PGM, masks PNG. The same seed gives the same bytes.
"""
import argparse
import pathlib
import struct
import zlib

import numpy as np


def smooth(noise, sigma_x, sigma_y):
    """Gaussian smoothing through the Fourier transform, then mean 0 and deviation 1."""
    fy = np.fft.fftfreq(noise.shape[0])[:, None]
    fx = np.fft.rfftfreq(noise.shape[1])[None, :]
    window = np.exp(-2 * np.pi**2 * ((fx * sigma_x) ** 2 + (fy * sigma_y) ** 2)).astype(np.float32)
    made = np.fft.irfft2(np.fft.rfft2(noise) * window, s=noise.shape).astype(np.float32)
    return (made - made.mean()) / made.std()


def texture(random, width, height):
    """Three fields side by side, each with a texture of its own."""
    noise = random.standard_normal((height, width), dtype=np.float32)
    brushed, cast = smooth(noise, 12, 0.7), smooth(noise, 2, 2)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    phase = random.uniform(0, 2 * np.pi, 2)
    woven = np.sin(x * 0.55 + phase[0]) * np.sin(y * 0.55 + phase[1]) + 0.6 * noise
    third = width // 3
    field = np.concatenate([112 + 9 * brushed[:, :third], 128 + 13 * woven[:, third:2 * third],
                            96 + 11 * cast[:, 2 * third:]], axis=1)
    return field


def draw_part(field, random):
    """What is fixed in the part: groove, holes, light."""
    height, width = field.shape
    dx, dy = random.integers(-2, 3, 2)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    groove = height // 2 + dy
    field[groove:groove + max(4, height // 96)] *= 0.55
    radius = height // 24
    for i in range(1, 6):
        cx, cy = width * i // 6 + dx, height // 5 + dy
        window = np.s_[cy - radius:cy + radius + 1, cx - radius:cx + radius + 1]
        inside = (x[window] - cx) ** 2 + (y[window] - cy) ** 2 <= radius**2
        field[window][inside] = 24 + 2 * random.standard_normal(int(inside.sum()))
    light = 1 - 0.25 * (((x - width / 2) / width) ** 2 + ((y - height / 2) / height) ** 2) * 2
    return field * light * random.uniform(0.95, 1.05)


def free_place(random, width, height, size):
    """Somewhere on the fields, neither on the groove nor on a hole."""
    while True:
        x, y = random.integers(size, width - size), random.integers(size, height - size)
        on_groove = abs(y - height // 2) < height // 48 + size
        on_hole = any((x - width * i // 6) ** 2 + (y - height // 5) ** 2 < (height // 20 + size) ** 2 for i in range(1, 6))
        if not on_groove and not on_hole:
            return x, y


def add_defect(field, random, size):
    """Draws one defect; returns its mask."""
    height, width = field.shape
    cx, cy = free_place(random, width, height, size)
    y, x = np.mgrid[0:height, 0:width]
    near = np.s_[cy - size:cy + size + 1, cx - size:cx + size + 1]
    u, v = (x[near] - cx).astype(np.float32), (y[near] - cy).astype(np.float32)
    kind, sign = random.integers(4), random.choice([-1, 1])
    if kind == 2:  # scratch
        angle = random.uniform(0, np.pi)
        along, across = u * np.cos(angle) + v * np.sin(angle), -u * np.sin(angle) + v * np.cos(angle)
        inside = (abs(along) <= size / 2) & (abs(across) <= 1.5)
    else:
        inside = u**2 + v**2 <= (size / 2) ** 2
    if kind == 3:  # worn
        field[near][inside] = field[near].mean()
    else:
        strength = np.exp(-(u**2 + v**2) / (0.5 * size**2)) if kind == 0 else 1
        field[near] += np.where(inside, sign * random.uniform(45, 70) * strength, 0).astype(np.float32)
    mask = np.zeros(field.shape, np.uint8)
    mask[near][inside] = 255
    return mask


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = pixels.shape
    path.write_bytes(b"P5 %d %d 255\n" % (width, height) + pixels.tobytes())


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_mask(path, pixels):
    """A grey PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1))
                     + chunk(b"IEND", b""))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--size", default="4096x3072")
    for name, count in (("train", 24), ("good", 24), ("bad", 24), ("seed", 0)):
        parser.add_argument("--" + name, type=int, default=count)
    parser.add_argument("--defect", default="8:40")
    given = parser.parse_args()
    size = tuple(int(side) for side in given.size.split("x"))
    defect = tuple(int(side) for side in given.defect.split(":"))
    for part, count in (("train", given.train), ("test", given.good), ("bad", given.bad)):
        for i in range(count):
            number = (given.seed * 3 + ("train", "test", "bad").index(part)) * 100000 + i
            random = np.random.default_rng(number)
            field = draw_part(texture(random, *size), random)
            folder = {"train": "train/good", "test": "test/good", "bad": "test/defect"}[part]
            if part == "bad":
                mask = add_defect(field, random, int(random.integers(defect[0], defect[1] + 1)))
                write_mask(given.output / "ground_truth/defect" / f"{i:04}_mask.png", mask)
            field = field + 2 * random.standard_normal(field.shape, dtype=np.float32)
            write(given.output / folder / f"{i:04}.pgm", np.clip(field, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
