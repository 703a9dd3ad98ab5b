"""Pixel metrics by scikit-learn and SciPy; AUPRO written from MVTec AD's definition."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter, label
from sklearn.metrics import precision_recall_curve, roc_auc_score

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
IMAGES, HEIGHT, WIDTH, LIMIT = 6, 40, 37, 0.3


def masks_of(random):
    """Two images without defects; the others with one to three, some touching at a corner."""
    masks = np.zeros((IMAGES, HEIGHT, WIDTH), np.uint8)
    for mask in masks[2:]:
        for _ in range(random.integers(1, 4)):
            y, x = random.integers(0, HEIGHT - 9), random.integers(0, WIDTH - 9)
            mask[y : y + random.integers(1, 9), x : x + random.integers(1, 9)] = 255
    masks[5, 3:5, 3:5] = masks[5, 5:8, 5:8] = 1
    return masks


def aupro(maps, masks):
    defects = []
    for values, mask in zip(maps, masks):
        labels, count = label(mask > 0, structure=np.ones((3, 3)))
        defects += [np.sort(values[labels == i]) for i in range(1, count + 1)]
    good = np.sort(maps[masks == 0])
    thresholds = np.unique(maps)[::-1]
    at_or_above = lambda values: 1 - np.searchsorted(values, thresholds, side="left") / len(values)
    x = np.concatenate([[0], at_or_above(good)])
    y = np.concatenate([[0], np.mean([at_or_above(values) for values in defects], axis=0)])
    inside = x <= LIMIT
    end = np.interp(LIMIT, x[np.searchsorted(x, LIMIT, "right") - 1 :], y[np.searchsorted(x, LIMIT, "right") - 1 :])
    return np.trapezoid(np.append(y[inside], end), np.append(x[inside], LIMIT)) / LIMIT


random = np.random.default_rng(5)
masks = masks_of(random)
noise = random.random(masks.shape)
maps = np.stack([gaussian_filter(m / 255.0, 2) for m in masks]) * 0.4 + gaussian_filter(noise, (0, 1, 1)) * 0.6
out = {"masks": masks}
# Smooth values, and values of few steps: many ties.
for name, values in (("smooth", maps.astype(np.float32)), ("stepped", (np.round(maps * 12) / 12).astype(np.float32))):
    labels = (masks > 0).ravel()
    precision, recall, thresholds = precision_recall_curve(labels, values.ravel())
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    best = np.argmax(f1)
    out[name] = values
    out[name + ".expected"] = np.array(
        [roc_auc_score(labels, values.ravel()), aupro(values, masks), f1[best], thresholds[best]], np.float32
    )
    print(name, out[name + ".expected"])
save_file(out, folder / "pixel_metrics.safetensors")
