"""Classes of pictures: image = f(seed, class, index), at any size.

A class is a surface, perhaps parts on it with a surface of their own, a palette, a lighting range, and one fault
or none. Classes come in families: the same recipe without a fault and with one of several, so that telling
classes apart is telling good from bad.
"""

import cv2
import numpy as np

import defects
import objects
import textures
from canvas import blurred, choose, generator, log_uniform

PARTS_FAULTS = ("absent", "doubled")


def recipe(seed, family, kinds=None):
    """Everything of a family but the fault."""
    rng = generator(seed, 1, family)
    colour = rng.random() < 0.45
    return {
        "family": family,
        "seed": seed,
        "ground": textures.parameters(rng, kinds),
        "parts": objects.parameters(rng) if rng.random() < 0.6 else None,
        "fill": textures.parameters(rng) if rng.random() < 0.5 else None,
        "colours": palette(rng, colour),
        "colour": colour,
        "contrast": log_uniform(rng, 0.12, 1.0),
        "drift": log_uniform(rng, 0.02, 0.12),
        "lamp": float(rng.uniform(0, 360)),
        "vignette": bool(rng.random() < 0.4),
        "spots": float(rng.uniform(0, 0.4)) if rng.random() < 0.15 else 0.0,
    }


SIMPLE_SURFACES = ("flat", "waves", "stripes", "checker", "cloud", "slope", "dots", "contour")
SIMPLE_SHAPES = ("circle", "ellipse", "arc", "polygon", "rectangle", "star", "ragged", "rod")


def simple_recipe(seed, family):
    """The poorer classes of an earlier experiment, kept to compare with: shapes on surfaces, nothing else."""
    r = recipe(seed, family, SIMPLE_SURFACES)
    rng = generator(seed, 10, family)
    parts = objects.parameters(rng, SIMPLE_SHAPES)
    parts.update(layout="random", size=log_uniform(rng, 3, 40), count=int(round(log_uniform(rng, 1, 40))), dome=0.0,
                 shadow=0.0, outline=0.0)
    fill = textures.parameters(rng, SIMPLE_SURFACES)
    return {**r, "parts": parts, "fill": fill, "vignette": False}


def palette(rng, colour):
    """Two tones for the ground, two for the parts."""
    tones = rng.uniform(0.08, 0.92, (4, 3 if colour else 1))
    if colour and rng.random() < 0.6:
        tones = tones.mean(1, keepdims=True) + 0.35 * (tones - tones.mean(1, keepdims=True))
    for k in (1, 3):
        while np.abs(tones[k] - tones[k - 1]).max() < 0.25:
            tones[k] = rng.uniform(0.08, 0.92, tones.shape[1])
    return np.broadcast_to(tones, (4, 3)).astype(np.float32)


def fault_of(r, variant, kinds=defects.TRAINED):
    """The fault of variant 1, 2, ... of a family; variant 0 has none."""
    if variant == 0:
        return None
    rng = generator(r["seed"], 2, r["family"], variant)
    plain = r["ground"]["kind"] in ("flat", "slope")
    fitting = [k for k in kinds if not (plain and k in defects.STRUCTURAL)]
    fault = defects.parameters(rng, [fitting[(variant * 5 + r["family"] * 3) % len(fitting)]])
    if r["parts"] is not None and kinds is defects.TRAINED and rng.random() < 0.2:
        fault["kind"] = choose(rng, PARTS_FAULTS)
    return fault


def render(r, fault, index, size, unit=1.0):
    """(RGB uint8 [size, size, 3], fault mask uint8 [size, size]) of one image."""
    rng = generator(r["seed"], 3, r["family"], index)
    colours = np.clip(r["colours"] + rng.normal(0, r["drift"], (4, 3 if r["colour"] else 1)).astype(np.float32), 0, 1)
    image = painted(textures.draw(r["ground"], rng, size, unit), colours[0], colours[1], r["contrast"])
    mask, gone = None, None
    if r["parts"] is not None:
        image, mask, gone = with_parts(r, fault, rng, image, colours, size, unit)
    if r["vignette"]:
        image = image * objects.vignette(size, rng)[:, :, None]
    spoilt = np.zeros((size, size), np.float32)
    if gone is not None and len(gone) > 0:
        cv2.circle(spoilt, tuple(np.int32(gone[0] + size / 2).tolist()), int(r["parts"]["size"] * unit) + 1, 1.0, -1)
    if fault is not None and fault["kind"] in defects.FUNCTIONS:
        image, spoilt = defects.apply(fault, rng, image, unit, mask if rng.random() < 0.5 else None)
    return to_bytes(image), to_bytes(spoilt)


def painted(field, dark, light, contrast):
    middle = (dark + light) / 2
    low, high = middle + (dark - middle) * contrast, middle + (light - middle) * contrast
    return low + field[:, :, None] * (high - low)


def with_parts(r, fault, rng, image, colours, size, unit):
    """The parts laid on the ground: shadow first, then the parts, their shading, their outline."""
    p, kind = r["parts"], None if fault is None else fault["kind"]
    crowd = (size / (160 * unit)) ** 2 if p["layout"] == "random" else size / (160 * unit)
    mask, gone = objects.coverage(p, rng, size, unit, crowd, 0.15 if kind == "absent" else 0.0,
                                  1.0 if kind == "doubled" else 0.0)
    if p["shadow"] > 0:
        image = image * (1 - np.float32(0.55) * objects.cast_shadow(p, mask, r["lamp"], unit))[:, :, None]
    if r["fill"] is None:
        face = np.broadcast_to(colours[2], image.shape)
    else:
        face = painted(textures.draw(r["fill"], rng, size, unit), colours[2], colours[3], r["contrast"])
    if p["dome"] > 0:
        height = objects.height_of(p, mask)
        face = face * (1 + np.float32(p["dome"]) * (height - np.float32(0.6)))[:, :, None]
    image = image + mask[:, :, None] * (face - image)
    if p["outline"] > 0:
        line = objects.contour_line(p, mask, unit)
        image = image + (np.float32(0.7) * line)[:, :, None] * (colours[3] - image)
    return image, mask, gone


def to_bytes(image):
    return np.clip(image * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)


def photographed(image, rng, strength=1.0):
    """What a camera adds: light, blur, noise, JPEG. Takes and returns uint8."""
    out = image.astype(np.float32)
    gain, shift = np.exp(rng.normal(0, 0.06 * strength)), rng.normal(0, 4 * strength)
    out = out * np.float32(gain) + np.float32(shift)
    if rng.random() < 0.4:
        out = blurred(out, float(rng.uniform(0.3, 1.0)) * strength)
    noise = rng.standard_normal(out.shape[:2], dtype=np.float32)
    out = out + (noise * np.float32(rng.uniform(0.5, 5) * strength))[:, :, None]
    out = np.clip(out, 0, 255).astype(np.uint8)
    if rng.random() < 0.3 * strength:
        _, coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))])
        out = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return out
