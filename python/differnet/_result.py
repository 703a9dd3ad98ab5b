"""The result of a picture."""

from __future__ import annotations

import base64
import ctypes as c
import enum
import html
import json
import struct
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, SupportsIndex, Tuple, Union, overload

import numpy as np
import numpy.typing as npt

from ._library import check, free_with, library, take_text
from ._structs import MAP_MASK, MAP_OVERLAY, MAP_PNG, ROW_CSV, ErrorStruct, ResultStruct, RowPlacesStruct

_LARGEST_SIDE = 640  # of pictures in notebooks
_MOST_ROWS = 100  # of tables in notebooks


class Verdict(enum.Enum):
    """The verdict on a part; NONE if the model has no calibration, or the picture could not be scored."""

    NONE = 0
    PASS = 1
    REVIEW = 2
    FAIL = 3


@dataclass(frozen=True)
class Region:
    """A connected piece of the map, in pixels of the picture as it was given."""

    x: int
    y: int
    w: int
    h: int
    area: int  #: pixels
    score: float  #: largest map value over the threshold
    centroid_x: float
    centroid_y: float


class Drawings:
    """A dn_map, of which pictures are drawn when they are asked for; freed with the last reference."""

    def __init__(self, handle: c.c_void_p) -> None:
        self._handle = handle
        free_with(self, "dn_map_free", handle)

    def __reduce__(self) -> Tuple[Any, ...]:
        return Drawn, ({which: self.pixels(which) for which in (MAP_PNG, MAP_MASK, MAP_OVERLAY)},)

    def pixels(self, which: int) -> npt.NDArray[np.uint8]:
        """RGB [height, width, 3]."""
        found, width, height = c.c_void_p(), c.c_int(), c.c_int()
        check("dn_map_pixels", self._handle, which, c.byref(found), c.byref(width), c.byref(height))
        try:
            data = c.string_at(found.value or 0, width.value * height.value * 3)
        finally:
            library.dn_bytes_free(found)
        return np.frombuffer(data, np.uint8).reshape(height.value, width.value, 3)

    def values(self) -> npt.NDArray[np.float32]:
        width, height = c.c_int(), c.c_int()
        found = library.dn_map_values(self._handle, c.byref(width), c.byref(height))
        copied: npt.NDArray[np.float32] = np.ctypeslib.as_array(found, (height.value, width.value)).copy()
        return copied

    def threshold(self) -> float:
        return float(library.dn_map_threshold(self._handle))

    def places(self) -> RowPlacesStruct:
        """The regions, for the row; valid as long as this."""
        count = c.c_size_t()
        regions = library.dn_map_regions(self._handle, c.byref(count))
        return RowPlacesStruct(has_regions=1, regions=regions, region_count=count.value)


@dataclass(frozen=True)
class Drawn:
    """What is left of Drawings after pickling."""

    pictures: Dict[int, npt.NDArray[np.uint8]]

    def pixels(self, which: int) -> npt.NDArray[np.uint8]:
        return self.pictures[which]


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG of RGB pixels, thinned out to what a notebook shows."""
    step = -(-max(pixels.shape[:2]) // _LARGEST_SIDE)
    pixels = np.ascontiguousarray(pixels[::step, ::step])
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _picture_html(pixels: npt.NDArray[np.uint8], title: str) -> str:
    data = base64.b64encode(_png(pixels)).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{title}" title="{title}" style="max-height:320px">'


def _table_html(rows: List[Dict[str, Any]], columns: List[str]) -> str:
    def cell(value: Any) -> str:
        text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
        return f"<td>{html.escape(text)}</td>"

    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join("<tr>" + "".join(cell(row.get(name)) for name in columns) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


_NAN = float("nan")
_SHOWN = ["image_path", "verdict", "reason", "pred_score", "raw_score", "threshold", "p_value", "error"]


@dataclass(frozen=True, repr=False)
class Result:
    """One picture's result; the names are those of the rows that ``differnet predict`` prints.

    Without calibration: verdict NONE, pred_label -1, and pred_score, p_value and thresholds are NaN. A picture
    that could not be scored has `error`, and NaN for numbers. Results can be pickled and outlive their model.
    """

    image_path: Optional[str] = None  #: None: the picture came from memory
    raw_score: float = _NAN  #: what the verdict is about: mean of z squared over rotations and dimensions
    score_std: float = _NAN  #: spread over the rotations
    verdict: Verdict = Verdict.NONE
    reason: Optional[str] = None
    """why: above_threshold, unlike_training, in_review_band, below_all_good, within_good (docs/verdict.md)"""
    pred_label: int = -1  #: 1: anomalous, raw_score > threshold
    pred_score: float = _NAN  #: in (0, 1), 0.5 at the threshold
    threshold: float = _NAN
    review_threshold: float = _NAN
    low_threshold: float = _NAN  #: scores below it are REVIEW; NaN: none is too low, or the model does not know
    p_value: float = _NAN  #: share of good pictures that score as high or higher
    rotations: int = 0  #: number scored
    elapsed_ms: float = _NAN  #: from reading the file to the score
    warnings: Tuple[str, ...] = ()  #: anything unusual, such as samples beyond the model's levels
    time: Optional[str] = None  #: when it was scored: RFC 3339, UTC
    model_id: Optional[str] = None  #: 16 hexadecimal digits
    error: Optional[str] = None  #: why there is no score
    paper_score: float = _NAN  #: mean of z squared; with a detector for places a part of raw_score
    places_score: float = _NAN  #: largest value of the map of places; NaN without such a detector
    places_p_value: float = _NAN
    tiles: Optional[Dict[str, Any]] = None  #: with tiles: `count` scored, those `above` the threshold, the `worst` one
    anomaly_map: Optional[npt.NDArray[np.float32]] = field(default=None, compare=False)
    """float32 [height, width] at the network's input size, from 0 on; None: not asked for"""
    map_threshold: float = _NAN  #: what maps of good pictures stay below
    regions: Optional[Tuple[Region, ...]] = None  #: connected parts above it, by falling score
    _row: Dict[str, Any] = field(default_factory=dict, compare=False)
    _drawings: Any = field(default=None, compare=False)

    def __repr__(self) -> str:
        known = {name: value for name, value in ((name, self._row.get(name)) for name in _SHOWN) if value is not None}
        return f"Result({', '.join(f'{name}={value!r}' for name, value in known.items())})"

    def _drawn(self, which: int) -> npt.NDArray[np.uint8]:
        if self._drawings is None:
            raise ValueError("there is no map: predict(..., maps=True)")
        pixels: npt.NDArray[np.uint8] = self._drawings.pixels(which)
        return pixels

    @property
    def pred_mask(self) -> Optional[npt.NDArray[np.bool_]]:
        """bool [height, width] of the picture's size: the regions; None without a map. Drawn at each call."""
        return None if self._drawings is None else self._drawn(MAP_MASK)[:, :, 0] > 0

    def overlay(self) -> npt.NDArray[np.uint8]:
        """The map over the picture, regions outlined: uint8 [height, width, 3], RGB. ValueError without a map."""
        return self._drawn(MAP_OVERLAY)

    def to_dict(self) -> Dict[str, Any]:
        """The row that ``differnet predict`` prints: JSON's types, None for what is not known."""
        return dict(self._row)

    def _repr_html_(self) -> str:
        parts = [_table_html([self._row], [name for name in _SHOWN if self._row.get(name) is not None])]
        if self._drawings is not None:
            parts += [_picture_html(self.overlay(), "overlay"), _picture_html(self._drawn(MAP_PNG), "map")]
        return "".join(f"<div>{part}</div>" for part in parts)


def csv_columns() -> List[str]:
    """The columns of ``differnet predict --format csv``."""
    text = c.c_void_p()
    check("dn_result_heading", ROW_CSV, c.byref(text))
    return take_text(text).split(",")


class Results(List[Result]):
    """Results in the order of the pictures."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> Result: ...

    @overload
    def __getitem__(self, index: slice) -> Results: ...

    def __getitem__(self, index: Union[SupportsIndex, slice]) -> Union[Result, Results]:
        found = super().__getitem__(index)
        return Results(found) if isinstance(index, slice) else found  # type: ignore[return-value,arg-type]

    def to_dicts(self) -> List[Dict[str, Any]]:
        """A row a picture, as `Result.to_dict`."""
        return [result.to_dict() for result in self]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, a row a picture, with the columns of ``differnet predict --format csv`` and regions."""
        import pandas

        columns = csv_columns()
        rows = self.to_dicts()
        columns += [name for name in ("regions",) if any(name in row for row in rows)]
        return pandas.DataFrame(rows, columns=columns)

    def _repr_html_(self) -> str:
        shown = _table_html(self.to_dicts()[:_MOST_ROWS], _SHOWN)
        return shown if len(self) <= _MOST_ROWS else f"{shown}<p>and {len(self) - _MOST_ROWS} more</p>"


def _row(image_path: Optional[str], function: str, *arguments: Any) -> Dict[str, Any]:
    """The library's row, from which all names come."""
    text = c.c_void_p()
    name = (image_path or "").encode("utf-8", "surrogateescape")
    check(function, name, *arguments, c.byref(text))
    row: Dict[str, Any] = json.loads(take_text(text))
    row["image_path"] = image_path
    return row


def result_of(image_path: Optional[str], model_id: bytes, found: ResultStruct, map_: Optional[c.c_void_p]) -> Result:
    """A result of the library's; the map is freed with it."""
    drawings = Drawings(map_) if map_ is not None else None
    places = drawings.places() if drawings is not None else RowPlacesStruct()
    row = _row(image_path, "dn_result_json_places", model_id, c.byref(found), c.byref(places))
    numbers = "raw_score score_std pred_label pred_score threshold review_threshold low_threshold p_value rotations elapsed_ms"
    parts = "paper_score places_score places_p_value"
    return Result(
        image_path=image_path,
        verdict=Verdict(found.verdict),
        reason=row.get("reason"),
        tiles=row.get("tiles"),
        warnings=tuple(row.get("warnings", ())),
        time=row.get("time"),
        model_id=row["model_id"],
        anomaly_map=drawings.values() if drawings is not None else None,
        map_threshold=drawings.threshold() if drawings is not None else _NAN,
        regions=tuple(Region(**region) for region in row["regions"]) if drawings is not None else None,
        _row=row,
        _drawings=drawings,
        **{name: getattr(found, name) for name in (numbers + " " + parts).split()},
    )


def failed_result(image_path: Optional[str], found: ResultStruct, message: str) -> Result:
    """A picture's result that has an error instead of numbers."""
    found.time_ms = found.time_ms or int(time.time() * 1000)
    error = ErrorStruct(status=1, message=message.encode()[:1000])
    row = _row(image_path, "dn_result_json", None, c.byref(found), c.byref(error))
    warnings = tuple(row.get("warnings", ()))
    return Result(image_path=image_path, error=row["error"], time=row.get("time"), warnings=warnings, _row=row)
