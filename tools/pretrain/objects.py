"""Parts that lie on a surface: outlines, how they are laid out, shaded, outlined and what shadow they throw."""

import cv2
import numpy as np

from canvas import blurred, choose, displaced, filled, grid, log_uniform, step, stroked, turned

LAYOUTS = ("random", "random", "lattice", "row", "single", "single")
GLYPHS = "ABCDEFGHKLMNPRSTUVXYZ0123456789"


def parameters(rng, kinds=None):
    layout = choose(rng, LAYOUTS)
    single = layout == "single"
    return {
        "kind": choose(rng, kinds or KINDS),
        "layout": layout,
        "size": log_uniform(rng, 18, 60) if single else log_uniform(rng, 3, 26),
        "count": 1 if single else int(round(log_uniform(rng, 2, 24))),
        "aspect": log_uniform(rng, 0.3, 1.0),
        "corners": int(rng.integers(3, 9)),
        "depth": float(rng.uniform(0.25, 0.75)),
        "seed": int(rng.integers(1 << 30)),
        "degrees": float(rng.uniform(0, 360)),
        "oriented": bool(rng.random() < 0.5),
        "line": log_uniform(rng, 1, 4) if rng.random() < 0.3 else 0.0,
        "outline": log_uniform(rng, 1, 3) if rng.random() < 0.3 else 0.0,
        "dome": float(rng.uniform(0.2, 0.8)) if rng.random() < 0.45 else 0.0,
        "blur": log_uniform(rng, 0.3, 2.5) if rng.random() < 0.35 else 0.0,
        "shadow": log_uniform(rng, 1, 8) if rng.random() < 0.4 else 0.0,
        "shadow_blur": log_uniform(rng, 0.3, 4),
    }


def ring_of(count, radii, degrees=0.0, aspect=1.0):
    """A closed outline in polar form: one radius per corner."""
    a = np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.stack([np.cos(a) * radii, np.sin(a) * radii * aspect], 1)
    return rotated(points, degrees)


def rotated(points, degrees):
    a = np.deg2rad(degrees)
    turn = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    return np.asarray(points, np.float64) @ turn


def circle(p, rng):
    return [ring_of(48, 1.0)]


def ellipse(p, rng):
    return [ring_of(48, 1.0, aspect=p["aspect"])]


def polygon(p, rng):
    return [ring_of(p["corners"], 1.0)]


def rectangle(p, rng):
    a = p["aspect"]
    return [np.array([[-1, -a], [1, -a], [1, a], [-1, a]], float)]


def capsule(p, rng):
    """A rod with round ends: pills, pins."""
    a = 0.6 * p["aspect"]
    t = np.linspace(-np.pi / 2, np.pi / 2, 16)
    right = np.stack([1 - a + a * np.cos(t), a * np.sin(t)], 1)
    return [np.concatenate([right, -right])]


def star(p, rng):
    n = 2 * p["corners"]
    return [ring_of(n, np.where(np.arange(n) % 2, p["depth"], 1.0))]


def gear(p, rng):
    n = 4 * (p["corners"] + 5)
    teeth = ring_of(n, np.where(np.arange(n) % 4 < 2, 1.0, 0.82))
    return [teeth, ring_of(32, 0.45 * p["depth"] + 0.1)]


def washer(p, rng):
    return [ring_of(48, 1.0), ring_of(32, p["depth"])]


def nut(p, rng):
    return [ring_of(6, 1.0), ring_of(32, 0.75 * p["depth"])]


def frame(p, rng):
    outer = rectangle(p, rng)[0]
    return [outer, outer * (0.3 + 0.6 * p["depth"])]


def blob(p, rng):
    """A smooth random outline, the same for the whole class, convex or not by depth."""
    own = np.random.Generator(np.random.PCG64(p["seed"]))
    a = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    r = 0.75 + sum(p["depth"] * 0.5 / k * own.normal() * np.cos(k * a + own.uniform(0, 6.28)) for k in range(2, 7))
    return [ring_of(64, np.clip(r, 0.2, 1.2))]


def ragged(p, rng):
    """Another outline for every piece: chips, crumbs, leaves."""
    n = int(rng.integers(7, 15))
    return [ring_of(n, rng.uniform(1 - p["depth"], 1.0, n))]


def cross(p, rng):
    a = 0.15 + 0.3 * p["aspect"]
    quarter = np.array([[1, -a], [1, a], [a, a]])
    return [np.concatenate([rotated(quarter, -90 * k) for k in range(4)])]


def arc(p, rng):
    t = np.linspace(0, np.deg2rad(90 + 200 * p["depth"]), 32)
    outer = np.stack([np.cos(t), np.sin(t)], 1)
    return [np.concatenate([outer, outer[::-1] * (0.5 + 0.35 * p["aspect"])])]


def screw(p, rng):
    """Head, shank and a threaded rest with a zigzag edge."""
    a, pitch = 0.12 + 0.12 * p["aspect"], 0.05 + 0.08 * p["depth"]
    x = np.arange(-0.4, 0.95, pitch)
    top = np.stack([x, a * np.where(np.arange(len(x)) % 2, 1.0, 0.7)], 1)
    bottom = np.stack([x, -a * np.where(np.arange(len(x)) % 2, 0.7, 1.0)], 1)[::-1]
    head = np.array([[-0.75, -0.8 * a], [-0.75, -2.2 * a], [-1, -1.8 * a], [-1, 1.8 * a], [-0.75, 2.2 * a], [-0.75, 0.8 * a]])
    return [np.concatenate([head, top, [[1.0, 0]], bottom])]


def comb(p, rng):
    """A connector: a body with pins."""
    pins = p["corners"]
    edges = np.linspace(-1, 1, 2 * pins + 1)
    low = np.where(np.arange(2 * pins) % 2, -0.1, p["aspect"])
    profile = np.stack([np.repeat(edges, 2)[1:-1], np.repeat(low, 2)], 1)
    return [np.concatenate([profile, [[1, -0.5], [-1, -0.5]]])]


def bundle(p, rng):
    """Round strands packed in a sheath, seen from the end."""
    n = p["corners"]
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    r = min(0.9 * np.sin(np.pi / n) / (1 + np.sin(np.pi / n)), 0.42)
    return [ring_of(24, r) + 0.62 * np.array([np.cos(t), np.sin(t)]) for t in a] + [ring_of(24, 0.2)]


SHAPES = {f.__name__: f for f in (
    circle, ellipse, polygon, rectangle, capsule, star, gear, washer, nut, frame, blob, ragged, cross, arc, screw, comb,
    bundle)}
KINDS = tuple(SHAPES) + ("text", "rod", "text")


def places(p, rng, size, unit, crowd):
    """Centres and turns of the parts of one image."""
    half, s, count = size / 2, p["size"] * unit, max(1, int(round(p["count"] * crowd)))
    jitter = rng.normal(0, 1, (256, 2))
    if p["layout"] == "single":
        centres = jitter[:1] * 0.06 * size
    elif p["layout"] == "random":
        centres = rng.uniform(-half, half, (count, 2))
    elif p["layout"] == "row":
        span = (np.arange(count) - (count - 1) / 2) * s * 2.3
        centres = np.stack([span, np.zeros(count)], 1) + jitter[:1] * 0.2 * half + 0.04 * s * jitter[:count]
    else:
        pitch = max(s * (2.2 + p["aspect"]), size / 14)
        axis = np.arange(-half - pitch, half + pitch, pitch)
        centres = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
        centres = centres + rng.uniform(-pitch / 2, pitch / 2, 2) + 0.03 * s * rng.normal(0, 1, centres.shape)
    if p["layout"] in ("row", "lattice"):
        centres = rotated(centres, p["degrees"])
    turns = p["degrees"] + rng.normal(0, 3, len(centres)) if p["oriented"] else rng.uniform(0, 360, len(centres))
    return centres, turns


def text(p, size, unit, centres, turns, rng):
    """Printed characters: the class's own word at each place."""
    own = np.random.Generator(np.random.PCG64(p["seed"]))
    word = "".join(choose(own, GLYPHS) for _ in range(int(own.integers(1, 7))))
    font = int(own.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
    mask = np.zeros((size, size), np.float32)
    scale = max(p["size"] * unit / 14.0, 0.25)
    weight = max(1, int(round(scale * (1 + p["depth"]))))
    (w, h), _ = cv2.getTextSize(word, font, scale, weight)
    patch = np.zeros((h + 2 * weight + 4, w + 2 * weight + 4), np.uint8)
    cv2.putText(patch, word, (weight + 2, h + weight + 2), font, scale, 255, weight, cv2.LINE_AA)
    for (x, y), turn in zip(centres[:24], turns[:24]):
        m = cv2.getRotationMatrix2D((patch.shape[1] / 2, patch.shape[0] / 2), turn, 1.0)
        m[:, 2] += (x + size / 2 - patch.shape[1] / 2, y + size / 2 - patch.shape[0] / 2)
        mask = np.maximum(mask, cv2.warpAffine(patch, m, (size, size)).astype(np.float32) / 255)
    return mask


def rods(p, size, unit, centres, turns, rng):
    s = p["size"] * unit
    reach = np.stack([np.cos(np.deg2rad(turns)), np.sin(np.deg2rad(turns))], 1) * s
    return stroked(size, list(np.stack([centres - reach, centres + reach], 1)), max(1.0, 0.25 * p["aspect"] * s))


def coverage(p, rng, size, unit=1.0, crowd=1.0, absent=0.0, doubled=0.0):
    """(mask [size, size], centres): `absent` and `doubled` are the shares of parts missing or drawn twice."""
    centres, turns = places(p, rng, size, unit, crowd)
    s = p["size"] * unit
    keep = rng.random(len(centres)) >= absent
    if absent > 0 and len(centres) > 0:
        keep[int(rng.integers(len(centres)))] = False
    if doubled > 0:
        extra = centres[: max(1, len(centres) // 4)] + rng.uniform(-0.6, 0.6, 2) * s
        centres, turns = np.concatenate([centres, extra]), np.concatenate([turns, turns[: len(extra)]])
        keep = np.concatenate([keep, np.ones(len(extra), bool)])
    shown, turns = centres[keep], turns[keep]
    if p["kind"] == "text":
        mask = text(p, size, unit, shown, turns, rng)
    elif p["kind"] == "rod":
        mask = rods(p, size, unit, shown, turns, rng)
    else:
        mask = solids(p, rng, size, s, shown, turns)
    return blurred(mask, p["blur"] * unit), centres[~keep]


def solids(p, rng, size, s, centres, turns):
    outlines, mask = [], np.zeros((size, size), np.float32)
    for centre, turn in zip(centres, turns):
        own = s * float(np.exp(rng.normal(0, 0.04)))
        outlines.extend(rotated(o * own, turn) + centre for o in SHAPES[p["kind"]](p, rng))
    if not outlines:
        return mask
    if p["layout"] == "random" and p["line"] == 0:
        groups = len(SHAPES[p["kind"]](p, rng))
        for k in range(0, len(outlines), groups):
            mask = np.maximum(mask, filled(size, outlines[k:k + groups]))
        return mask
    return filled(size, outlines, p["line"] if p["line"] > 0 else -1)


def height_of(p, mask):
    """A dome from the distance to the edge, for shading round parts."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    reach = max(float(inside.max()), 1.0) * 0.8
    return np.sqrt(np.clip(inside / np.float32(reach), 0, 1))


def cast_shadow(p, mask, degrees, unit):
    """Where the shadow of `mask` falls, without the parts themselves."""
    a, s = np.deg2rad(degrees), p["shadow"] * unit
    moved = displaced(mask, np.float32(-s * np.cos(a)), np.float32(-s * np.sin(a)))
    return blurred(moved, p["shadow_blur"] * unit) * (1 - mask)


def contour_line(p, mask, unit):
    width = max(3, int(round(p["outline"] * unit)) | 1)
    return cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((width, width), np.uint8))


def vignette(size, rng):
    """Uneven light: a wide smooth factor about 1."""
    x, y = grid(size)
    u, v = turned(x, y, float(rng.uniform(0, 360)))
    tilt, bowl = rng.uniform(-0.25, 0.25), rng.uniform(-0.3, 0.1)
    return np.float32(1) + np.float32(tilt / size) * u + np.float32(4 * bowl / size**2) * (u * u + v * v)
