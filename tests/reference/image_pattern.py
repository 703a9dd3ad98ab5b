"""The test picture that tests/unit/test_image_*.c computes by the same formula."""

import numpy as np
from PIL import Image


def pattern(width, height):
    x = np.arange(width, dtype=np.uint32)[None, :, None]
    y = np.arange(height, dtype=np.uint32)[:, None, None]
    channel = np.arange(3, dtype=np.uint32)[None, None, :]
    mixed = x * np.uint32(2654435761) + y * np.uint32(40503) * (x + np.uint32(7)) + channel * np.uint32(97003)
    smooth = (x * np.uint32(3) + y * np.uint32(5) + channel * np.uint32(80)) & np.uint32(255)
    value = ((mixed >> np.uint32(24)) + smooth * np.uint32(3)) >> np.uint32(2)
    return Image.fromarray(value.astype(np.uint8))
