"""What counts as a picture, and how the library gets it."""

from __future__ import annotations

import ctypes as c
import glob
import os
import sys
from typing import Any, Iterable, Iterator, List, Tuple, Union

import numpy as np
import numpy.typing as npt

from ._config import PathLike
from ._errors import FileError
from ._library import check, library, path_bytes
from ._structs import PIXELS_GREY, PIXELS_RGB, ImageListStruct, ImageSourceStruct

#: A path, an image file's bytes, or pixels: uint8 [height, width, 3] RGB, or [height, width] grey, as an array,
#: a PIL image or anything with ``__array__``, such as a torch tensor.
Image = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, npt.NDArray[np.uint8], Any]
#: An Image, a folder, a pattern such as "shift/*.png", pixels [n, height, width, 3], or several of all these.
Images = Union[Image, Iterable[Any]]


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _is_pil(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def _files_of(path: PathLike) -> List[str]:
    """The image files below a folder, sorted, as the library finds them."""
    found = ImageListStruct()
    check("dn_image_list_create", path_bytes(path), c.byref(found))
    try:
        return [os.fsdecode(found.paths[i]) for i in range(found.count)]
    finally:
        library.dn_image_list_free(c.byref(found))


def _matches(pattern: str) -> List[str]:
    paths: List[str] = []
    for path in sorted(glob.glob(pattern, recursive=True)):
        name = path_bytes(path)
        if os.path.isdir(path):
            paths += _files_of(path)
        elif library.dn_is_image_name(name) and not library.dn_is_output_name(name):
            paths.append(path)
    if not paths:
        raise FileError(f"{pattern}: no image matches the pattern")
    return paths


def _expand_path(path: PathLike) -> List[PathLike]:
    text = os.fspath(path)
    if os.path.isdir(text):
        return list(_files_of(text))
    if glob.has_magic(text) and not os.path.exists(text):
        return list(_matches(text))
    return [path]


def expand(images: Any) -> Iterator[Image]:
    """Single pictures, in order. Iterables are drawn from one by one."""
    if _is_path(images):
        yield from _expand_path(images)
    elif isinstance(images, (bytes, bytearray, memoryview)) or _is_pil(images):
        yield images
    elif hasattr(images, "__array__"):
        array = np.asarray(images)
        if array.dtype.kind in "OU":
            yield from expand(array.tolist())
        elif array.ndim == 4:
            yield from array
        else:
            yield array
    else:
        for each in images:
            yield from expand(each)


def is_known(images: Images) -> bool:
    """Whether all pictures are there already, so that the one after each can be looked at."""
    return not isinstance(images, Iterator)


def _complain_type(pixels: npt.NDArray[Any]) -> str:
    hint = ""
    if pixels.dtype.kind == "f":
        hint = ": (image * 255).round().astype('uint8'), if it lies between 0 and 1 and is not normalised"
    elif pixels.dtype == np.uint16:
        hint = ": pass the file itself (its path or bytes), so that the model's levels are applied"
    elif pixels.dtype == np.bool_:
        hint = ": image.astype('uint8') * 255"
    return f"pixels are {pixels.dtype}, expected uint8{hint}"


def _complain_shape(pixels: npt.NDArray[Any]) -> str:
    hint = ""
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3):
        hint = ": channels come last: image.transpose(1, 2, 0), of a tensor image.permute(1, 2, 0)"
    elif pixels.ndim == 3 and pixels.shape[2] == 4:
        hint = ": image[:, :, :3] without alpha"
    return f"pixels have shape {pixels.shape}, expected [height, width, 3] (RGB) or [height, width]{hint}"


def as_pixels(array: Any) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, 3] or [height, width] with contiguous rows; a copy only where it must be one."""
    pixels = np.asarray(array)
    if pixels.dtype != np.uint8:
        raise TypeError(_complain_type(pixels))
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim != 2 and (pixels.ndim != 3 or pixels.shape[2] != 3):
        raise ValueError(_complain_shape(pixels))
    row = (1,) if pixels.ndim == 2 else (3, 1)
    if pixels.size == 0 or pixels.strides[1:] != row or pixels.strides[0] < pixels.shape[1] * row[0]:
        pixels = np.ascontiguousarray(pixels)
    return pixels


def _pixels_of_pil(image: Any) -> npt.NDArray[np.uint8]:
    """As the original reads pictures: convert("RGB"). Deeper ones need the model's levels."""
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        raise TypeError(
            f"the PIL image has mode {image.mode}: pass the file itself (its path or bytes), so that the model's"
            " levels are applied"
        )
    return np.asarray(image if image.mode in ("RGB", "L") else image.convert("RGB"))


def source_of(image: Any) -> Tuple[ImageSourceStruct, Any]:
    """A single picture for the library, and what has to stay alive during the call."""
    if _is_path(image):
        name = path_bytes(image)
        return ImageSourceStruct(path=name), name
    if isinstance(image, (bytes, bytearray, memoryview)):
        held = bytes(image)
        return ImageSourceStruct(bytes=c.cast(c.c_char_p(held), c.c_void_p), size=len(held)), held
    if not _is_pil(image) and not hasattr(image, "__array__"):
        raise TypeError(f"a picture is {type(image).__name__}, expected a path, bytes, an array or a PIL image")
    pixels = as_pixels(_pixels_of_pil(image) if _is_pil(image) else image)
    source = ImageSourceStruct(
        pixels=pixels.ctypes.data,
        format=PIXELS_GREY if pixels.ndim == 2 else PIXELS_RGB,
        width=pixels.shape[1],
        height=pixels.shape[0],
        stride=pixels.strides[0],
    )
    return source, pixels


def path_of(image: Any) -> Union[str, None]:
    """The name in results; None: it came from memory."""
    return os.fspath(image) if _is_path(image) else None
