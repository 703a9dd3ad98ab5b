"""Faults: each takes the finished picture (float RGB in [0, 1]) and returns it spoilt, with the mask of where.

Kinds in TRAINED take part in training; kinds in HELD_OUT are drawn for the validation tasks alone. Missing and
doubled parts are made while the parts are laid out (objects.coverage), not here.
"""

import cv2
import numpy as np

from canvas import (blurred, choose, displaced, filled, grid, log_uniform, relief, smooth_noise, spectral_noise, step,
                    stroked, turned, wander)


def parameters(rng, kinds):
    """What a class's fault looks like: kind, tone and strength; size and place are new in every image."""
    return {
        "kind": choose(rng, kinds),
        "size": log_uniform(rng, 5, 32),
        "tone": float(rng.choice([-1, 1])),
        "strength": float(rng.uniform(0.35, 1.0)),
        "count": int(rng.choice([1, 1, 1, 2, 3, 5])),
        "softness": log_uniform(rng, 0.4, 2.5),
    }


def apply(p, rng, image, unit=1.0, within=None):
    """(image, mask) with the fault placed at random, on the parts when `within` (their coverage) is given."""
    size = image.shape[0]
    p = dict(p)
    p["size"] = p["size"] * unit * float(np.exp(rng.normal(0, 0.25)))
    p["softness"] *= unit
    return FUNCTIONS[p["kind"]](p, rng, image, places(p, rng, size, within))


def places(p, rng, size, within):
    half = size / 2 - min(p["size"] * 0.5, size / 6)
    centres = rng.uniform(-half, half, (p["count"], 2))
    if within is not None and rng.random() < 0.8:
        y, x = np.nonzero(within > 0.5)
        if len(x) > 0:
            k = rng.integers(0, len(x), p["count"])
            centres = np.stack([x[k], y[k]], 1) - (size - 1) / 2
    return centres


def toned(image, mask, p, least=0.25):
    """Darker or lighter under the mask, always by a visible amount against what is there."""
    amount = np.float32(least + 0.6 * p["strength"])
    target = np.float32(0.02) if p["tone"] < 0 else np.float32(0.98)
    mean = float((image.mean(2) * mask).sum() / max(float(mask.sum()), 1e-3))
    if abs(mean - float(target)) < 0.2:
        target = np.float32(1) - target
    weight = (mask * min(amount, np.float32(1)))[:, :, None]
    return image + weight * (target - image)


def distance_to(size, centre):
    x, y = grid(size)
    return x - np.float32(centre[0]), y - np.float32(centre[1])


def uneven_disc(rng, size, centre, radius, roughness=0.25, aspect=1.0, degrees=0.0, softness=1.0):
    dx, dy = distance_to(size, centre)
    dx, dy = turned(dx, dy, degrees)
    r = np.sqrt(dx * dx + (dy / np.float32(aspect)) ** 2)
    r = r * (1 + np.float32(roughness) * smooth_noise(rng, size, np.clip(size / max(radius, 4), 4, 24)))
    return step(np.float32(radius) - r, softness)


def union(masks):
    return np.max(np.stack(list(masks)), axis=0)


def scratch(p, rng, image, at):
    paths = [wander(rng, c, rng.uniform(0, 360), p["size"] * rng.uniform(1.5, 4), 8, 4) for c in at]
    mask = stroked(image.shape[0], paths, 0.4 + 0.6 * p["softness"])
    lit = displaced(mask, np.float32(1.2), np.float32(0.8)) * (1 - mask)
    return toned(toned(image, mask, p), lit * np.float32(0.4), {**p, "tone": -p["tone"]}), mask


def crack(p, rng, image, at):
    paths = []
    for c in at:
        trunk = wander(rng, c, rng.uniform(0, 360), p["size"] * rng.uniform(1.5, 3.5), 14, 22)
        paths.append(trunk)
        for k in rng.integers(3, 12, int(rng.integers(0, 3))):
            paths.append(wander(rng, trunk[k], rng.uniform(0, 360), p["size"] * rng.uniform(0.4, 1.0), 7, 25))
    mask = np.clip(blurred(stroked(image.shape[0], paths, 0.7 + 0.8 * p["softness"]), 0.5), 0, 1)
    return toned(image, mask, {**p, "tone": -1}, 0.35), mask


def dent(p, rng, image, at):
    """A hollow: shading alone, light on one side and dark on the other."""
    mask = union(uneven_disc(rng, image.shape[0], c, p["size"] * 0.5, 0.15, softness=p["size"] * 0.7) for c in at)
    slope = relief(blurred(mask, 1.5), rng.uniform(0, 360))
    slope = slope * np.float32(0.55 * p["strength"] / max(float(np.abs(slope).max()), 1e-6))
    return image * (1 + slope)[:, :, None], mask


def blowhole(p, rng, image, at):
    """A dark pit with a lit rim."""
    p = {**p, "tone": -1}
    size, r = image.shape[0], p["size"] * 0.35
    turn, aspect = rng.uniform(0, 180), rng.uniform(0.5, 1)
    pits = [uneven_disc(rng, size, c, r, 0.12, aspect, turn, 1 + p["softness"]) for c in at]
    mask = union(pits)
    rim = np.clip(displaced(blurred(mask, 1.0), np.float32(1.5), np.float32(1.5)) - mask, 0, 1)
    return toned(toned(image, mask, p), rim * np.float32(0.6), {**p, "tone": 1}), mask


def stain(p, rng, image, at):
    """A translucent patch with an uneven border, often coloured."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"] * 0.8, 0.3, softness=2 + 3 * p["softness"]) for c in at)
    mask = mask * (np.float32(0.8) + np.float32(0.2) * smooth_noise(rng, size, 12))
    tint = rng.uniform(0.3, 1.0, 3) if rng.random() < 0.35 else np.full(3, rng.uniform(0.3, 0.7))
    factor = tint.astype(np.float32) if p["tone"] < 0 else np.float32(2) - tint.astype(np.float32)
    weight = (np.clip(mask, 0, 1) * np.float32(0.4 + 0.6 * p["strength"]))[:, :, None]
    return image * (1 + weight * (factor - 1)), mask


def hole(p, rng, image, at):
    """Cut through: the ground below shows, flat and sharp."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"] * 0.6, 0.2, rng.uniform(0.5, 1), rng.uniform(0, 180)) for c in at)
    ground = np.full(3, rng.uniform(0, 0.15) if rng.random() < 0.6 else rng.uniform(0, 1))
    return image + mask[:, :, None] * (ground.astype(np.float32) - image), mask


def patch_swap(p, rng, image, at):
    """A piece from elsewhere in the picture, set in where it does not belong: misprint, patch, missing piece."""
    size = image.shape[0]
    masks = []
    for c in at:
        w, h = p["size"] * rng.uniform(0.4, 1.1, 2)
        turn = np.deg2rad(rng.uniform(0, 90))
        box = np.array([[-w, -h], [w, -h], [w, h], [-w, h]])
        box = box @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        masks.append(filled(size, [box + c]))
    mask = union(masks)
    far = rng.uniform(0.1, 0.5) * size
    a = rng.uniform(0, 2 * np.pi)
    other = displaced(image, np.float32(far * np.cos(a)), np.float32(far * np.sin(a)))
    if p["tone"] > 0:
        other = np.ascontiguousarray(np.rot90(other))
    return image + mask[:, :, None] * (other - image), mask


def doubled_print(p, rng, image, at):
    """The picture a second time, slightly beside itself, inside a soft patch."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"], 0.2, softness=4) for c in at)
    shift = rng.uniform(-1, 1, 2) * max(2.0, 0.25 * p["size"])
    ghost = displaced(image, np.float32(shift[0]), np.float32(shift[1]))
    mixed = np.minimum(image, ghost) if p["tone"] < 0 else np.maximum(image, ghost)
    return image + mask[:, :, None] * (mixed - image), mask


def smear(p, rng, image, at):
    """Blurred away along one direction: wiped paint, ground-off pattern, a spot out of focus."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"], 0.2, softness=4) for c in at)
    reach = max(3, int(p["size"] * 0.5) | 1)
    kernel = np.zeros((reach, reach), np.float32)
    a = rng.uniform(0, np.pi)
    end = np.array([np.cos(a), np.sin(a)]) * reach / 2
    middle = np.full(2, reach // 2)
    cv2.line(kernel, tuple((middle - end).astype(int).tolist()), tuple((middle + end).astype(int).tolist()), 1.0)
    wiped = cv2.filter2D(image, -1, kernel / max(float(kernel.sum()), 1.0)) if p["tone"] > 0 else blurred(image, 0.15 * reach + 1)
    return image + mask[:, :, None] * (wiped - image), mask


def uneven_light(p, rng, image, at):
    """A wide patch too dark or too bright; no edge anywhere."""
    size = image.shape[0]
    dx, dy = distance_to(size, at[0])
    reach = np.float32(max(2.0 * p["size"], 0.15 * size))
    mask = np.exp(-(dx * dx + dy * dy) / (2 * reach * reach))
    return image * (1 + mask * np.float32(p["tone"] * 0.55 * (0.3 + p["strength"])))[:, :, None], mask


def particles(p, rng, image, at):
    """Dust, splinters, spatter: a loose cluster of specks."""
    size = image.shape[0]
    outlines = []
    for c in at:
        for _ in range(int(rng.integers(4, 14))):
            n, r = int(rng.integers(4, 8)), max(0.9, p["size"] * rng.uniform(0.04, 0.14))
            angles = np.sort(rng.uniform(0, 2 * np.pi, n))
            piece = np.stack([np.cos(angles), np.sin(angles)], 1) * r * rng.uniform(0.5, 1.2, (n, 1))
            outlines.append(piece + c + rng.normal(0, p["size"] * 0.5, 2))
    mask = union(filled(size, [o]) for o in outlines)
    return toned(image, mask, p, 0.4), mask


def colour_spot(p, rng, image, at):
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"] * 0.6, 0.2, softness=2) for c in at)
    colour = rng.uniform(0, 1, 3).astype(np.float32)
    grey = image.mean(2, keepdims=True)
    return image + (mask * np.float32(0.5 + 0.5 * p["strength"]))[:, :, None] * (grey * (0.4 + colour) - image), mask


def bend(p, rng, image, at):
    """The pattern is pushed aside locally, nothing else changes: drawn thread, bulge, warped part."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"], 0.1, softness=p["size"]) for c in at)
    a, reach = rng.uniform(0, 2 * np.pi), np.float32(max(2.5, 0.35 * p["size"] * (0.5 + p["strength"])))
    push = blurred(mask, 1.5) * reach
    return displaced(image, push * np.float32(np.cos(a)), push * np.float32(np.sin(a))), mask


def roughened(p, rng, image, at):
    """Worn or corroded: coarse noise in a patch."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"] * 0.9, 0.3, softness=4) for c in at)
    noise = spectral_noise(rng, size, 0.5, finest=p["softness"] * 2)
    noise = noise * np.float32(0.22 * (0.4 + p["strength"]) / max(float(noise.std()), 1e-6))
    return image + (mask * noise)[:, :, None], mask


# Held out: drawn for validation alone.

def fold(p, rng, image, at):
    """A crease: one side of a line lighter, fading out, with a thin edge."""
    size = image.shape[0]
    dx, dy = distance_to(size, at[0])
    u, v = turned(dx, dy, rng.uniform(0, 360))
    window = np.exp(-((v / np.float32(1.5 * p["size"])) ** 2))
    side = step(u, 1.5) * np.exp(-np.maximum(u, 0) / np.float32(0.5 * p["size"])) * window
    return image * (1 + np.float32(p["tone"] * 0.7 * (0.3 + p["strength"])) * side)[:, :, None], side


def hair(p, rng, image, at):
    """A long thin curl across everything."""
    paths = [wander(rng, c, rng.uniform(0, 360), 4 * p["size"], 24, 14) for c in at[:2]]
    mask = blurred(stroked(image.shape[0], paths, 0.5 + 0.5 * p["softness"]), 0.4)
    return toned(image, np.clip(mask, 0, 1), p, 0.3), mask


def burn(p, rng, image, at):
    """A dark core in a brownish halo."""
    size = image.shape[0]
    core = union(uneven_disc(rng, size, c, p["size"] * 0.25, 0.3, softness=p["size"] * 0.2) for c in at)
    halo = union(uneven_disc(rng, size, c, p["size"] * 0.7, 0.3, softness=p["size"] * 0.8) for c in at)
    brown = np.array([0.75, 0.6, 0.45], np.float32)
    image = image * (1 + (halo * np.float32(p["strength"]))[:, :, None] * (brown - 1))
    return image * (1 - np.float32(0.8) * core)[:, :, None], np.maximum(core, halo)


def chip(p, rng, image, at):
    """Broken out: a faceted polygon, each facet a different flat grey."""
    size = image.shape[0]
    mask, out = np.zeros((size, size), np.float32), image
    for c in at[:2]:
        n = int(rng.integers(4, 7))
        angles = np.sort(rng.uniform(0, 2 * np.pi, n))
        corners = np.stack([np.cos(angles), np.sin(angles)], 1) * p["size"] * rng.uniform(0.4, 0.9, (n, 1))
        for k in range(n):
            facet = filled(size, [np.array([[0, 0], corners[k], corners[(k + 1) % n]]) + c])
            grey = np.float32(image.mean() * rng.uniform(0.4, 1.5))
            out = out + facet[:, :, None] * (grey - out)
            mask = np.maximum(mask, facet)
    return out, mask


def fray(p, rng, image, at):
    """Torn into threads: strong displacement by fine streaky noise."""
    size = image.shape[0]
    mask = union(uneven_disc(rng, size, c, p["size"], 0.3, softness=6) for c in at)
    turn = rng.uniform(0, 180)
    push = spectral_noise(rng, size, 0.4, 8, turn, finest=2)
    push = mask * push * np.float32(max(2.0, 0.15 * p["size"]) / max(float(push.std()), 1e-6))
    a = np.deg2rad(turn)
    return displaced(image, push * np.float32(np.cos(a)), push * np.float32(np.sin(a))), mask


def droplets(p, rng, image, at):
    """Clear drops: a lens with a bright glint and a dark rim."""
    size = image.shape[0]
    mask = np.zeros((size, size), np.float32)
    for c in at:
        for _ in range(int(rng.integers(1, 5))):
            centre = c + rng.normal(0, 0.8 * p["size"], 2)
            mask = np.maximum(mask, uneven_disc(rng, size, centre, p["size"] * rng.uniform(0.15, 0.35), 0.05))
    soft = blurred(mask, 1.5)
    slope = relief(soft, 45.0)
    lens = displaced(image, slope * np.float32(4), slope * np.float32(4))
    return image + mask[:, :, None] * (lens - image) + (np.clip(slope, -1, 1) * np.float32(0.22))[:, :, None], mask


TRAINED = ("scratch", "crack", "dent", "blowhole", "stain", "hole", "patch_swap", "doubled_print", "smear",
           "uneven_light", "particles", "colour_spot", "bend", "roughened")
HELD_OUT = ("fold", "hair", "burn", "chip", "fray", "droplets")
STRUCTURAL = ("patch_swap", "doubled_print", "smear", "bend", "fray")  # nothing to see where there is no pattern
FUNCTIONS = {name: globals()[name] for name in TRAINED + HELD_OUT}
