"""What every drawing function shares: pixel grids, smooth noise, soft steps and seeded generators."""

from functools import lru_cache

import cv2
import numpy as np
from scipy import fft

cv2.setNumThreads(1)


def generator(*key):
    """The random stream of one thing: the same key gives the same numbers on every machine."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([int(k) for k in key])))


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def choose(rng, items):
    return items[int(rng.integers(len(items)))]


@lru_cache(maxsize=8)
def grid(size):
    """Pixel coordinates (x, y) from the centre of a square image."""
    axis = np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2)
    x, y = np.meshgrid(axis, axis)
    x.setflags(write=False)
    y.setflags(write=False)
    return x, y


def turned(x, y, degrees):
    a = np.deg2rad(degrees)
    c, s = np.float32(np.cos(a)), np.float32(np.sin(a))
    return c * x + s * y, c * y - s * x


def step(signed, softness):
    """A soft step: 0 below zero, 1 above, `softness` wide (both in the units of `signed`)."""
    return np.clip(signed / np.float32(max(softness, 1e-3)) + np.float32(0.5), 0, 1)


def unit_range(field):
    low, high = float(field.min()), float(field.max())
    return (field - np.float32(low)) * np.float32(1 / max(high - low, 1e-6))


def spread(field, gain=0.22):
    """Zero mean, fixed deviation, then [0, 1] around one half."""
    field = field - field.mean()
    return np.clip(field * np.float32(gain / max(float(field.std()), 1e-6)) + np.float32(0.5), 0, 1)


def smooth_noise(rng, size, cells):
    """Noise without edges: `cells` random values a side, interpolated; about standard normal."""
    cells = max(2, int(cells))
    small = rng.standard_normal((cells, cells), dtype=np.float32)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)


def spectral_noise(rng, size, exponent, stretch=1.0, degrees=0.0, finest=0.0, coarsest=0.0):
    """Noise with amplitude 1/f^exponent, drawn out `stretch` times along `degrees`.

    `finest` and `coarsest` are wavelengths in pixels outside which nothing is left (0: no limit).
    """
    fy = fft.fftfreq(size).astype(np.float32)[:, None]
    fx = fft.rfftfreq(size).astype(np.float32)[None, :]
    along, across = turned(fx, fy, degrees)
    f = np.sqrt((along * np.float32(stretch)) ** 2 + across**2)
    f[0, 0] = 1.0
    gain = np.maximum(f, 1.0 / size) ** np.float32(-exponent)
    if finest > 0:
        gain = gain * np.exp(-((f * np.float32(finest / 2)) ** 2))
    if coarsest > 0:
        gain = gain * (1 - np.exp(-((f * np.float32(coarsest)) ** 2)))
    gain[0, 0] = 0
    white = rng.standard_normal((size, size), dtype=np.float32)
    return fft.irfft2(fft.rfft2(white) * gain, s=(size, size)).astype(np.float32)


def relief(height, degrees):
    """Light from one side on a height field: the slope towards the lamp."""
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3)
    a = np.deg2rad(degrees)
    return np.float32(np.cos(a)) * gx + np.float32(np.sin(a)) * gy


def blurred(image, sigma):
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma > 0.25 else image


def displaced(image, dx, dy):
    """image(x + dx, y + dy), edges reflected."""
    x, y = grid(image.shape[0])
    half = np.float32((image.shape[0] - 1) / 2)
    return cv2.remap(image, x + half + dx, y + half + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def filled(size, outlines, thickness=-1):
    """Coverage in [0, 1] of closed outlines (lists of [x, y] in pixels from the centre), antialiased."""
    mask = np.zeros((size, size), np.uint8)
    half = (size - 1) / 2
    fixed = [np.round((np.asarray(o, np.float64) + half) * 16).astype(np.int32) for o in outlines]
    if thickness < 0:
        cv2.fillPoly(mask, fixed, 255, cv2.LINE_AA, 4)
    else:
        cv2.polylines(mask, fixed, True, 255, max(1, int(round(thickness))), cv2.LINE_AA, 4)
    return mask.astype(np.float32) * np.float32(1 / 255)


def stroked(size, paths, thickness):
    """Coverage of open paths (pixels from the centre); below one pixel the stroke fades instead of thinning."""
    mask = np.zeros((size, size), np.uint8)
    half = (size - 1) / 2
    fixed = [np.round((np.asarray(p, np.float64) + half) * 16).astype(np.int32) for p in paths]
    cv2.polylines(mask, fixed, False, 255, max(1, int(round(thickness))), cv2.LINE_AA, 4)
    return mask.astype(np.float32) * np.float32(min(1.0, max(thickness, 0.3)) / 255)


def wander(rng, start, degrees, length, pieces, bend):
    """A path of `pieces` steps whose direction drifts by about `bend` degrees a step."""
    drift = np.cumsum(rng.normal(0, bend, pieces)) + degrees
    a = np.deg2rad(drift)
    steps = np.stack([np.cos(a), np.sin(a)], 1) * (length / pieces)
    return np.concatenate([[start], np.asarray(start) + np.cumsum(steps, 0)])
