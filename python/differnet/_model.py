"""Models and what they say of images."""

import ctypes as c
import enum
import itertools
import os
from dataclasses import dataclass
from typing import Iterable, List, Optional, Tuple, Union

import numpy as np

from ._library import (
    PIXELS_GREY,
    PIXELS_RGB,
    ImageSourceStruct,
    ModelOptionsStruct,
    ResultStruct,
    check,
    library,
    path_bytes,
)

#: A path, an image file's bytes, or pixels: uint8 [height, width, 3] RGB or [height, width] grey.
Image = Union[str, "os.PathLike[str]", bytes, np.ndarray]


class Verdict(enum.Enum):
    """What becomes of a part; NONE where the model carries no calibration."""

    NONE = 0
    PASS = 1
    REVIEW = 2
    FAIL = 3


@dataclass(frozen=True)
class Region:
    """A connected piece of the map, in pixels of the image as it was given."""

    x: int
    y: int
    width: int
    height: int
    area: int
    score: float  #: largest map value over the threshold
    centroid: Tuple[float, float]


@dataclass(frozen=True)
class Map:
    """Where in an image its score comes from."""

    values: np.ndarray  #: float32 [height, width] at the network's input size, from 0 on
    threshold: float  #: what good images stay below; NaN without calibration
    regions: List[Region]  #: connected parts above it and a third of the largest value, by falling score


@dataclass(frozen=True)
class Result:
    """One image's result. Without calibration: verdict NONE, pred_label -1, the rest NaN."""

    raw_score: float  #: mean of z squared over rotations and dimensions
    score_std: float  #: spread over the rotations
    verdict: Verdict
    pred_label: int  #: 1: anomalous
    pred_score: float  #: in (0, 1), 0.5 at the threshold
    threshold: float
    review_threshold: float
    p_value: float
    rotations: int
    elapsed_ms: float
    map: Optional[Map] = None  #: where it was asked for
    warnings: Tuple[str, ...] = ()  #: what is odd about the image, such as samples beyond the model's levels
    time_ms: int = 0  #: when it was scored: milliseconds since 1970, UTC
    paper_score: float = float("nan")  #: mean of z squared; with a detector for places a part of raw_score
    places_score: float = float("nan")  #: largest value of the map of places; NaN without such a detector
    places_p_value: float = float("nan")
    reason: str = ""  #: why the verdict is what it is: "above_threshold", "in_review_band", "below_all_good", ...


def _source_of_array(pixels: np.ndarray) -> "tuple[ImageSourceStruct, np.ndarray]":
    if pixels.dtype != np.uint8:
        raise TypeError(f"pixels are {pixels.dtype}, expected uint8")
    grey = pixels.ndim == 2
    if not grey and (pixels.ndim != 3 or pixels.shape[2] != 3):
        raise ValueError(f"pixels have shape {pixels.shape}, expected [height, width, 3] (RGB) or [height, width]")
    row = (1,) if grey else (3, 1)
    if pixels.size == 0 or pixels.strides[1:] != row or pixels.strides[0] < pixels.shape[1] * row[0]:
        pixels = np.ascontiguousarray(pixels)
    source = ImageSourceStruct(
        pixels=pixels.ctypes.data,
        format=PIXELS_GREY if grey else PIXELS_RGB,
        width=pixels.shape[1],
        height=pixels.shape[0],
        stride=pixels.strides[0],
    )
    return source, pixels


def _source(image: Image) -> "tuple[ImageSourceStruct, object]":
    """The image for the library, and what has to stay alive during the call."""
    if isinstance(image, np.ndarray):
        return _source_of_array(image)
    if isinstance(image, (bytes, bytearray)):
        held = bytes(image)
        return ImageSourceStruct(bytes=c.cast(c.c_char_p(held), c.c_void_p), size=len(held)), held
    name = path_bytes(image)
    return ImageSourceStruct(path=name), name


def _map(handle: c.c_void_p) -> Map:
    """Copies a dn_map and frees it."""
    try:
        width, height, count = c.c_int(), c.c_int(), c.c_size_t()
        values = library.dn_map_values(handle, c.byref(width), c.byref(height))
        regions = library.dn_map_regions(handle, c.byref(count))
        return Map(
            values=np.ctypeslib.as_array(values, (height.value, width.value)).copy(),
            threshold=library.dn_map_threshold(handle),
            regions=[
                Region(r.x, r.y, r.width, r.height, r.area, r.score, (r.centroid_x, r.centroid_y))
                for r in regions[: count.value]
            ],
        )
    finally:
        library.dn_map_free(handle)


def _result(struct: ResultStruct, found: Optional[Map]) -> Result:
    return Result(
        raw_score=struct.raw_score,
        score_std=struct.score_std,
        verdict=Verdict(struct.verdict),
        pred_label=struct.pred_label,
        pred_score=struct.pred_score,
        threshold=struct.threshold,
        review_threshold=struct.review_threshold,
        p_value=struct.p_value,
        rotations=struct.rotations,
        elapsed_ms=struct.elapsed_ms,
        map=found,
        warnings=tuple(text.value.decode() for text in struct.warnings if text.value),
        time_ms=struct.time_ms,
        paper_score=struct.paper_score,
        places_score=struct.places_score,
        places_p_value=struct.places_p_value,
        reason=(struct.reason or b"").decode(),
    )


class Model:
    """A trained detector. May be used by several threads at once; close it or use ``with``."""

    def __init__(self, handle: c.c_void_p) -> None:
        self._handle: Optional[c.c_void_p] = handle

    @classmethod
    def load(
        cls, path: "Union[str, os.PathLike[str]]", *, precision: Optional[str] = None, threads: int = 0
    ) -> "Model":
        """Opens the model.safetensors of a training, an import or an export.

        `precision` is f32, bf16 or int8 (None: as the model was trained), `threads` 0 all processors.
        """
        handle, options = c.c_void_p(), ModelOptionsStruct(threads=threads)
        if precision is not None:
            options.precision = precision.encode()
        check("dn_model_open", path_bytes(path), c.byref(options), c.byref(handle))
        return cls(handle)

    @property
    def id(self) -> str:
        """16 hexadecimal digits that tell this model from any other."""
        return library.dn_model_id(self._open()).decode()

    @property
    def roi(self) -> Optional[np.ndarray]:
        """Where pictures count: bool [height, width] at the network's input size; None: everywhere."""
        width, height = c.c_int(), c.c_int()
        inside = library.dn_model_roi(self._open(), c.byref(width), c.byref(height))
        if not inside:
            return None
        return np.ctypeslib.as_array(inside, (height.value, width.value)).astype(bool)

    @property
    def precision(self) -> str:
        """What it computes in; a more exact one than asked for where this processor lacks the instructions."""
        return library.dn_model_precision(self._open(), None).decode()

    def predict(self, images: Iterable[Image], *, maps: bool = False) -> List[Result]:
        """Results of several images, in their order; an array [n, height, width, 3] is n images.

        With `maps` each result says where its score comes from, which takes longer.
        """
        if isinstance(images, (str, bytes, os.PathLike)):
            raise TypeError("predict takes several images; predict_one takes one")
        return [self.predict_one(image, maps=maps) for image in self._expecting(images)]

    def _expecting(self, images: Iterable[Image]) -> Iterable[Image]:
        """The images; where all are known already, the file after each is read meanwhile."""
        following = list(images[1:]) if isinstance(images, (list, tuple)) else []
        for image, after in itertools.zip_longest(images, following):
            if isinstance(after, (str, os.PathLike)):
                library.dn_model_expect(self._open(), path_bytes(after))
            yield image

    def predict_one(self, image: Image, *, maps: bool = False) -> Result:
        """The result of one image: a path, an image file's bytes, or RGB or grey pixels."""
        source, held = _source(image)
        result, handle = ResultStruct(), c.c_void_p()
        wanted = c.byref(handle) if maps else None
        check("dn_model_score", self._open(), c.byref(source), c.byref(result), wanted)
        del held
        return _result(result, _map(handle) if maps else None)

    def close(self) -> None:
        """Frees the model; using it afterwards is an error."""
        if self._handle is not None:
            library.dn_model_close(self._handle)
            self._handle = None

    def _open(self) -> c.c_void_p:
        if self._handle is None:
            raise ValueError("the model is closed")
        return self._handle

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()
