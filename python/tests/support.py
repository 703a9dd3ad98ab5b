"""What the tests share: settings of a small network, pictures of the dummy data set."""

import os
from pathlib import Path

import differnet
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
#: The command that came with the library: in the wheel, or built with it.
BUNDLED = Path(differnet.__file__).parent / "_bundled/bin/differnet"
BUILT = Path(os.environ.get("DIFFERNET_LIBRARY", ROOT / "build/libdiffernet.so")).with_name("differnet")
COMMAND = BUNDLED if BUNDLED.exists() else BUILT
DATA = {"dataset_path": str(ROOT / "dummy_dataset"), "class_name": "dummy_class"}
NETWORK = {
    "img_size": [96, 96],
    "n_scales": 1,
    "fc_internal": 32,
    "n_coupling_blocks": 2,
    "n_transforms": 1,
    "n_transforms_test": 2,
    "meta_epochs": 1,
    "sub_epochs": 1,
}
SMALL = {**DATA, **NETWORK}
GOOD = ROOT / "dummy_dataset/dummy_class/train/good"
DEFECTIVE = ROOT / "dummy_dataset/dummy_class/test/anomaly"
PICTURES = sorted(DEFECTIVE.glob("*.png"))


def pixels(height=70, width=90):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 3 % 256, y * 2 % 256, (x + y) % 256], axis=2).astype(np.uint8)


def same(a, b):
    return a.raw_score == b.raw_score and a.score_std == b.score_std
