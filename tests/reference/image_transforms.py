"""What torchvision and Pillow make of the test picture: resize, rotate, jitter, normalise.

Results are SHA-256 digests of the pixels; a few small ones are there in full, to look into."""

import hashlib
import math
import pathlib
import random
import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from torchvision.transforms import functional
from torchvision.transforms import InterpolationMode

from image_pattern import pattern

SIZES = [  # width and height, of the picture and of the result
    (37, 37, 37, 37), (37, 37, 64, 48), (64, 48, 37, 37), (64, 48, 448, 448), (448, 448, 64, 48),
    (448, 448, 224, 224), (640, 480, 448, 448), (448, 448, 449, 447), (1, 1, 1, 1), (1, 1, 5, 7),
    (5, 7, 1, 1), (1, 64, 3, 64), (1, 64, 3, 20), (64, 1, 20, 3), (3, 2, 2, 3), (2000, 3, 7, 5),
    (3, 2000, 5, 7), (7, 5, 1500, 3), (101, 83, 101, 40), (101, 83, 40, 83), (31, 17, 62, 34),
    (400, 400, 448, 448), (1023, 767, 333, 251), (400, 600, 448, 448), (600, 400, 448, 448), (10000, 2, 1, 2), (2, 10000, 2, 1),
]
SHAPES = [(37, 37), (64, 48), (41, 64), (1, 1), (2, 2), (5, 1)]
ANGLES = [0, 90, 180, 270, 360, 450, -90, -180, -270, 0.1, 359.9, -0.1, 45, 135, 30, 60, 1e-14, -1e-14,
          179.99999999999997, 89.99999999999999, 720.5, -1234.5, 1e6, 5.625, 84.375, 95.625, 354.375, 1 / 3]
LARGE = [(448, 448, 5.625 * k) for k in (1, 3, 16, 27, 32, 48, 63)] + [(448, 448, -179.2), (448, 448, 33.3),
         (640, 480, 90), (640, 480, 12.34), (40000, 2, 90), (40000, 2, 180), (40000, 2, 0.003), (2, 33000, 359.5),
         (33000, 3, 0.0021), (3, 33000, 180.001), (40000, 2, 17)]
FACTORS = [0, 0.1, 0.25, 0.5, 0.73, 0.999, 1, 1.001, 1.25, 1.4, 1.9, 2, 3.7]


def digest(image):
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest().encode()


def bits(numbers):
    return np.array(numbers, dtype=np.float64).view(np.int64)


def main(folder):
    tensors = {}
    digests = [digest(functional.resize(pattern(w, h), [nh, nw], InterpolationMode.BILINEAR)) for w, h, nw, nh in SIZES]
    tensors["resize.sizes"] = np.array(SIZES, dtype=np.int64)
    tensors["resize.digests"] = np.frombuffer(b"".join(digests), dtype=np.uint8)
    tensors["resize.37x37.64x48"] = np.asarray(functional.resize(pattern(37, 37), [48, 64])).copy()
    tensors["resize.64x48.20x20"] = np.asarray(functional.resize(pattern(64, 48), [20, 20])).copy()

    generator = random.Random(3)
    turns = [(w, h, a) for w, h in SHAPES for a in ANGLES + [generator.uniform(-180, 180) for _ in range(20)]]
    turns += LARGE
    tensors["rotate.sizes"] = np.array([turn[:2] for turn in turns], dtype=np.int64)
    tensors["rotate.degrees"] = bits([turn[2] for turn in turns])
    digests = [digest(functional.rotate(pattern(w, h), a)) for w, h, a in turns]
    tensors["rotate.digests"] = np.frombuffer(b"".join(digests), dtype=np.uint8)
    tensors["rotate.37x37.30"] = np.asarray(functional.rotate(pattern(37, 37), 30)).copy()
    tensors["rotate.64x48.90"] = np.asarray(functional.rotate(pattern(64, 48), 90)).copy()

    adjust = [functional.adjust_brightness, functional.adjust_contrast, functional.adjust_saturation]
    image = pattern(64, 48)
    tensors["jitter.factors"] = bits(FACTORS)
    digests = [digest(one(image, factor)) for one in adjust for factor in FACTORS]
    tensors["jitter.digests"] = np.frombuffer(b"".join(digests), dtype=np.uint8)
    chained = adjust[0](adjust[2](adjust[1](image, 1.3), 0.4), 1.7)
    tensors["jitter.contrast1.3.saturation0.4.brightness1.7"] = np.asarray(chained).copy()

    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    normalized = functional.normalize(functional.to_tensor(ramp), mean, std)
    tensors["normalize.table"] = normalized[:, 0, :].numpy().astype(np.float32)
    odd = functional.normalize(functional.to_tensor(ramp), [0.1, 1 / 3, 0.7], [1 / 7, 3.0, math.pi])
    tensors["normalize.odd"] = odd[:, 0, :].numpy().astype(np.float32)
    save_file(tensors, folder / "image_transforms.safetensors")


if __name__ == "__main__":
    here = pathlib.Path(__file__).parent
    main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here.parent / "fixtures")
