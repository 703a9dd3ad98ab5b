"""Surfaces: each kind draws its parameters once for a class and a grey field in [0, 1] for every image.

Lengths are in pixels at unit 1; `unit` magnifies them. A parameter that a picture shows is also a target
of training (see targets.py), so it is kept in the dictionary under the same name by every kind.
"""

import cv2
import numpy as np

from canvas import (choose, displaced, grid, log_uniform, relief, smooth_noise, spectral_noise, spread, step,
                    stroked, turned, unit_range, wander)


def parameters(rng, kinds=None):
    """One surface of a class."""
    kind = choose(rng, kinds or KINDS)
    return {
        "kind": kind,
        "period": log_uniform(rng, 3.0, 48.0),
        "degrees": float(rng.uniform(0, 180)) if rng.random() < 0.6 else float(choose(rng, (0, 45, 90))),
        "duty": float(rng.uniform(0.2, 0.8)),
        "softness": log_uniform(rng, 0.05, 0.8),
        "exponent": float(rng.uniform(0.0, 2.2)),
        "stretch": log_uniform(rng, 1.0, 30.0),
        "warp": log_uniform(rng, 0.02, 1.0) if rng.random() < 0.5 else 0.0,
        "ratio": log_uniform(rng, 0.5, 2.0),
        "grain": log_uniform(rng, 0.01, 0.25) if rng.random() < 0.5 else 0.0,
        "variant": int(rng.integers(0, 4)),
    }


def draw(p, rng, size, unit=1.0):
    """The field of one image: every position and phase is new, every parameter within a few per cent."""
    p = dict(p)
    p["period"] = p["period"] * unit * float(np.exp(rng.normal(0, 0.05)))
    p["degrees"] += float(rng.normal(0, 2))
    field = FUNCTIONS[p["kind"]](p, rng, size)
    if p["grain"] > 0:
        field = field + np.float32(p["grain"]) * spectral_noise_unit(rng, size, 0.5, unit)
    return np.clip(field, 0, 1)


def spectral_noise_unit(rng, size, exponent, unit):
    field = spectral_noise(rng, size, exponent, finest=1.5 * unit)
    return field * np.float32(1 / max(float(field.std()), 1e-6))


def lattice(p, rng, size):
    """Coordinates in periods, turned, shifted and, for cloth, slightly warped."""
    x, y = grid(size)
    u, v = turned(x, y, p["degrees"])
    u = u / np.float32(p["period"]) + np.float32(rng.uniform(0, 64))
    v = v / np.float32(p["period"] * p["ratio"]) + np.float32(rng.uniform(0, 64))
    if p["warp"] > 0:
        cells = max(3, size / (4 * p["period"]))
        u = u + np.float32(0.5 * p["warp"]) * smooth_noise(rng, size, min(cells, 12))
        v = v + np.float32(0.5 * p["warp"]) * smooth_noise(rng, size, min(cells, 12))
    return u, v


def tent(u):
    """0 at whole numbers, 1 half way between."""
    return np.float32(1) - np.abs(np.float32(2) * (u - np.floor(u)) - np.float32(1))


def edge(p):
    """Width of a step in periods: the class's softness, never finer than a pixel and a half."""
    return max(p["softness"], 3.0 / p["period"])


def flat(p, rng, size):
    return np.full((size, size), 0.5, np.float32) + np.float32(0.02) * smooth_noise(rng, size, 4)


def cloud(p, rng, size):
    return spread(spectral_noise(rng, size, p["exponent"], finest=p["period"] if p["variant"] == 0 else 0))


def band(p, rng, size):
    """Noise of one size of grain: orange peel, leather, hammered paint."""
    return spread(spectral_noise(rng, size, 0.3, finest=p["period"] * 0.8, coarsest=p["period"] * 1.2))


def brushed(p, rng, size):
    return spread(spectral_noise(rng, size, 0.4 + 0.3 * p["exponent"], p["stretch"], p["degrees"], finest=1.5))


def cast(p, rng, size):
    """Rough metal: relief of noise under a lamp from one side."""
    height = spectral_noise(rng, size, 0.6 + 0.5 * p["exponent"], finest=min(p["period"], 16))
    return spread(relief(height, p["degrees"]))


def stripes(p, rng, size):
    u, _ = lattice(p, rng, size)
    return step(tent(u) - np.float32(p["duty"]), 2 * edge(p))


def waves(p, rng, size):
    u, _ = lattice(p, rng, size)
    return np.float32(0.5) + np.float32(0.5) * np.sin(np.float32(2 * np.pi) * u)


def mesh(p, rng, size):
    """A grid or a sieve, by duty."""
    u, v = lattice(p, rng, size)
    return step(np.minimum(tent(u), tent(v)) - np.float32(0.7 * p["duty"]), 2 * edge(p))


def weave(p, rng, size):
    """Threads over and under one another: plain weave, twills; each thread round and lit."""
    u, v = lattice(p, rng, size)
    column, row = np.floor(u), np.floor(v)
    lengths = (2, 3, 4, 3)[p["variant"]]
    over = np.mod(column + row * (1 if p["variant"] != 3 else 2), lengths) < 1 + (p["variant"] == 2)
    along = np.sqrt(tent(np.where(over, u, v)))
    shade = np.where(over, np.float32(0.55), np.float32(1.0)) * along
    return np.clip(shade + np.float32(0.1) * (np.where(over, v - row, u - column) - np.float32(0.5)), 0, 1)


def knit(p, rng, size):
    u, v = lattice(p, rng, size)
    chevron = v + np.float32(0.5) * tent(u)
    return np.sqrt(tent(chevron)) * (np.float32(0.4) + np.float32(0.6) * tent(2 * u))


def checker(p, rng, size):
    u, v = lattice(p, rng, size)
    a = np.sin(np.float32(np.pi) * u) * np.sin(np.float32(np.pi) * v)
    return step(a, 2 * edge(p))


def dots(p, rng, size):
    """Round spots or holes on a square or staggered lattice."""
    u, v = lattice(p, rng, size)
    if p["variant"] % 2:
        u = u + np.float32(0.5) * np.mod(np.floor(v), 2)
    du, dv = u - np.floor(u) - np.float32(0.5), v - np.floor(v) - np.float32(0.5)
    return step(np.float32(0.15 + 0.3 * p["duty"]) - np.sqrt(du * du + dv * dv), edge(p))


def bricks(p, rng, size):
    """Tiles with joints; every tile has its own grey."""
    u, v = lattice(p, rng, size)
    u = u * np.float32(0.5) + np.float32(0.5 if p["variant"] < 2 else 0.0) * np.mod(np.floor(v), 2)
    joint = np.minimum(2 * tent(u), tent(v))
    table = rng.random((64, 64), dtype=np.float32)
    own = table[np.floor(u).astype(np.int64) & 63, np.floor(v).astype(np.int64) & 63]
    return step(joint - np.float32(0.25), 2 * edge(p)) * (np.float32(0.6) + np.float32(0.4) * own)


def cells(p, rng, size):
    """Voronoi cells: grains, foam, leather, cracked mud."""
    count = int(np.clip((size / max(p["period"], 5.0)) ** 2, 4, 6000))
    seeds = np.ones((size, size), np.uint8)
    seeds[rng.integers(0, size, count), rng.integers(0, size, count)] = 0
    distance, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    if p["variant"] == 0:
        return unit_range(distance)
    own = rng.random(labels.max() + 1, dtype=np.float32)[labels]
    if p["variant"] == 1:
        return own
    border = cv2.morphologyEx(labels.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    line = cv2.GaussianBlur(border.astype(np.float32), (0, 0), 0.6 + 0.06 * p["period"])
    return np.clip(np.float32(0.8) - line + (own - np.float32(0.5)) * np.float32(0.3 if p["variant"] == 2 else 0), 0, 1)


def contour(p, rng, size):
    """Level lines of noise: marble, labyrinths, moiré."""
    noise = spectral_noise(rng, size, 1.5 + 0.4 * p["exponent"], finest=p["period"])
    field = np.sin(noise * np.float32((2 + 6 * p["duty"]) / max(float(noise.std()), 1e-6)))
    return step(field, 2) if p["variant"] < 2 else step(field, 2 * p["softness"])


def marble(p, rng, size):
    u, _ = lattice(p, rng, size)
    noise = spectral_noise(rng, size, 1.8)
    field = np.sin(np.float32(np.pi) * u * 0.5 + noise * np.float32(2.5 / max(float(noise.std()), 1e-6)))
    return (np.float32(1) - np.abs(field)) ** np.float32(0.5 + p["duty"])


def rings(p, rng, size):
    """Wood: year rings round a far centre, with fibres along them."""
    x, y = grid(size)
    far = size * rng.uniform(0.2, 2.0)
    cx, cy = turned(np.float32(far), np.float32(0), p["degrees"])
    u, v = turned(x - cx, y - cy, p["degrees"])
    r = np.sqrt(u * u + (v * np.float32(0.3 + 0.7 * p["duty"])) ** 2) / np.float32(p["period"])
    r = r + np.float32(0.4) * smooth_noise(rng, size, 6)
    saw = r - np.floor(r)
    fibre = spectral_noise(rng, size, 0.6, 12, p["degrees"] + 90, finest=1.5)
    return np.clip(saw ** np.float32(1 + 3 * p["duty"]) * np.float32(0.7) + spread(fibre, 0.12) * np.float32(0.4), 0, 1)


def lathe(p, rng, size):
    """Turned metal: circles round a centre in or near the image, or a radial glint."""
    x, y = grid(size)
    cx, cy = rng.uniform(-0.7, 0.7, 2) * size
    dx, dy = x - np.float32(cx), y - np.float32(cy)
    r = np.sqrt(dx * dx + dy * dy)
    profile = np.interp(r.ravel(), np.arange(3 * size), rng.standard_normal(3 * size)).reshape(r.shape)
    regular = np.sin(r * np.float32(2 * np.pi / max(p["period"] * 0.5, 3.0)))
    mixed = regular if p["variant"] < 2 else profile.astype(np.float32)
    glint = np.cos(2 * np.arctan2(dy, dx) + np.float32(rng.uniform(0, 6.28)))
    return np.clip(np.float32(0.5) + np.float32(0.18) * mixed + np.float32(0.2) * glint, 0, 1)


def slope(p, rng, size):
    x, y = grid(size)
    u, _ = turned(x, y, float(rng.uniform(0, 360)))
    return unit_range(u) ** np.float32(0.5 + 1.5 * p["duty"])


def fibres(p, rng, size):
    """Felt, paper, chopped strands: many short strokes."""
    count = int(np.clip(1.2 * size * size / (6 * p["period"]) / (2 + p["period"] / 6), 20, 900))
    spreading = 180 if p["variant"] < 2 else 15
    length = 6 * p["period"]
    half = size / 2
    levels = np.zeros((size, size), np.float32)
    for _ in range(3):
        paths = [wander(rng, rng.uniform(-half, half, 2), p["degrees"] + rng.uniform(-spreading, spreading), length, 3, 10)
                 for _ in range(count // 3)]
        levels += stroked(size, paths, 1 + p["period"] / 12) * np.float32(rng.uniform(0.2, 0.5))
    return np.clip(levels, 0, 1)


def speckle(p, rng, size):
    """Granite, terrazzo, salt and pepper: two thresholds on noise."""
    noise = spectral_noise(rng, size, 0.5 * p["exponent"], finest=max(p["period"] * 0.4, 1.5))
    noise = noise * np.float32(1 / max(float(noise.std()), 1e-6))
    limit = 0.4 + 1.4 * p["duty"]
    light, dark = step(noise - np.float32(limit), 0.3), step(-noise - np.float32(limit), 0.3)
    return np.float32(0.5) + np.float32(0.45) * (light - (dark if p["variant"] < 3 else 0))


def ripple(p, rng, size):
    """Corrugated or embossed sheet: waves in two directions seen as relief."""
    u, v = lattice(p, rng, size)
    height = np.sin(np.float32(2 * np.pi) * u) * np.sin(np.float32(2 * np.pi) * v)
    return spread(displaced(height, np.float32(0.2 * p["period"]), np.float32(0.1 * p["period"])) - height)


FUNCTIONS = {f.__name__: f for f in (
    flat, cloud, band, brushed, cast, stripes, waves, mesh, weave, knit, checker, dots, bricks, cells, contour, marble,
    rings, lathe, slope, fibres, speckle, ripple)}
KINDS = tuple(FUNCTIONS) + ("flat", "cloud", "cloud", "brushed", "cast", "band", "weave", "slope")
