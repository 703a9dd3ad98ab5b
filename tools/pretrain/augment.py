"""Batches from a pool: crops at any angle and size, mirrored, with black corners, light, colour order and noise.

A batch depends on (seed, step, size) alone, so a run repeats by step count whatever the machine is doing.
"""

import queue
import threading

import cv2
import numpy as np

from canvas import generator


class PoolReader:
    """The files of pool.py, with targets ready for a batch."""

    def __init__(self, folder):
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.masks = np.load(folder / "masks.npy", mmap_mode="r")
        stored = np.load(folder / "labels.npz")
        self.rows = stored["labels"]
        self.latents = stored["latents"]
        self.per_class = len(self.images) // len(self.rows)

    @property
    def class_count(self):
        return len(self.rows)

    def __len__(self):
        return len(self.images)


def shuffled(rng_seed, total, batch, step):
    """The rows of a step: every epoch goes once through the pool in its own order."""
    epoch, offset = divmod(step * batch, total - total % batch)
    order = generator(rng_seed, 5, epoch).permutation(total)
    return order[offset:offset + batch]


def view(rng, source, size):
    """Affine map from output to pool pixels: any angle, mirrored or not, magnified by `zoom`, shifted."""
    zoom = float(np.exp(rng.uniform(np.log(0.7), np.log(1.5))))
    angle = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(angle) / zoom, np.sin(angle) / zoom
    flip = 1 if rng.random() < 0.5 else -1
    reach = max(0.0, (source - size / zoom) / 2) + 0.06 * source
    middle = source / 2 + rng.uniform(-reach, reach, 2)
    matrix = np.array([[c * flip, -s, 0], [s * flip, c, 0]])
    matrix[:, 2] = middle - matrix[:, :2] @ np.array([size / 2, size / 2])
    return matrix, zoom


def augmented(rng, image, mask, size):
    matrix, zoom = view(rng, image.shape[0], size)
    how = cv2.INTER_NEAREST if rng.random() < 0.35 else cv2.INTER_LINEAR  # DifferNet's 224 and 112 are unfiltered
    border = cv2.BORDER_CONSTANT if rng.random() < 0.4 else cv2.BORDER_REFLECT_101
    out = cv2.warpAffine(image, matrix, (size, size), flags=how | cv2.WARP_INVERSE_MAP, borderMode=border)
    small = -(-size // 4)
    coarse = matrix.copy()
    coarse[:, 2] *= mask.shape[0] / image.shape[0]
    coarse[:, :2] *= mask.shape[0] / image.shape[0] * size / small
    where = cv2.warpAffine(mask, coarse, (small, small), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border)
    return coloured(rng, out), where, zoom


def coloured(rng, image):
    """Brightness, contrast, the order of the channels or none, now and then a negative."""
    if rng.random() < 0.5:
        image = image[:, :, rng.permutation(3)]
    if rng.random() < 0.2:
        image = np.repeat(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    gain, shift = float(np.exp(rng.normal(0, 0.15))), float(rng.normal(0, 12))
    if rng.random() < 0.1:
        gain, shift = -gain, 255 - shift
    table = np.clip(np.arange(256) * gain + shift, 0, 255).astype(np.uint8)
    return cv2.LUT(np.ascontiguousarray(image), table)


def batch_of(pool, seed, step, batch, size, views=1):
    """`batch` views; with `views` 2, row k and row k + batch / 2 show the same picture."""
    rows = np.tile(shuffled(seed, len(pool), batch // views, step), views)
    rng = generator(seed, 6, step)
    images = np.empty((batch, size, size, 3), np.uint8)
    wheres = np.empty((batch, -(-size // 4), -(-size // 4)), np.uint8)
    zooms = np.empty(batch, np.float32)
    for k, row in enumerate(rows):
        images[k], wheres[k], zooms[k] = augmented(rng, pool.images[row], pool.masks[row], size)
    targets = rows // pool.per_class
    return images, wheres, targets, pool.rows[targets], pool.latents[pool.rows[targets, 0]], zooms


class Loader:
    """One thread that keeps a few batches ahead; `plan(step)` gives the size or None at the end."""

    def __init__(self, pool, seed, batch, plan, first=0, views=1, ahead=4):
        self.ready = queue.Queue(ahead)
        self.thread = threading.Thread(target=self.run, args=(pool, seed, batch, plan, first, views), daemon=True)
        self.thread.start()

    def run(self, pool, seed, batch, plan, step, views):
        while True:
            size = plan(step)
            self.ready.put(None if size is None else batch_of(pool, seed, step, batch, size, views))
            if size is None:
                return
            step += 1

    def __next__(self):
        item = self.ready.get()
        if item is None:
            raise StopIteration
        return item

    def __iter__(self):
        return self
