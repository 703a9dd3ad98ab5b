"""libdiffernet's C interface, declared for ctypes, which releases the GIL during every call."""

import ctypes as c
import ctypes.util
import os
from pathlib import Path
from typing import Any

from ._errors import BY_STATUS, Error


class ErrorStruct(c.Structure):
    _fields_ = [("status", c.c_int), ("message", c.c_char * 1024)]


class SizedStruct(c.Structure):
    """A struct that begins with its size, by which the library knows its members."""

    def __init__(self, **members: Any) -> None:
        super().__init__(struct_size=c.sizeof(type(self)), **members)


class ModelOptionsStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("backbone", c.c_char_p),
        ("device", c.c_char_p),
        ("compute", c.c_char_p),
        ("precision", c.c_char_p),
        ("threads", c.c_int),
        ("rotations", c.c_int),
        ("threshold_rule", c.c_char_p),
        ("false_reject_rate", c.c_double),
        ("review_rate", c.c_double),
        ("target_tpr", c.c_double),
        ("threshold", c.c_double),
        ("early_exit", c.c_double),
        ("maps", c.c_int),
        ("concurrency", c.c_int),
        ("low_rate", c.c_double),
        ("unlike", c.c_int),
        ("reserved", c.c_int),
    ]


class ResultStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("raw_score", c.c_double),
        ("score_std", c.c_double),
        ("elapsed_ms", c.c_double),
        ("rotations", c.c_int),
        ("verdict", c.c_int),
        ("pred_label", c.c_int),
        ("pred_score", c.c_double),
        ("threshold", c.c_double),
        ("review_threshold", c.c_double),
        ("p_value", c.c_double),
        ("warnings", (c.c_char * 256) * 4),
        ("time_ms", c.c_int64),
        ("paper_score", c.c_double),
        ("places_score", c.c_double),
        ("places_p_value", c.c_double),
        ("reason", c.c_char_p),
        ("low_threshold", c.c_double),
    ]


class ImageSourceStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("path", c.c_char_p),
        ("bytes", c.c_void_p),
        ("size", c.c_size_t),
        ("pixels", c.c_void_p),
        ("format", c.c_int),
        ("width", c.c_int),
        ("height", c.c_int),
        ("stride", c.c_size_t),
        ("name", c.c_char_p),
    ]


class RegionStruct(c.Structure):
    _fields_ = [
        ("x", c.c_int),
        ("y", c.c_int),
        ("width", c.c_int),
        ("height", c.c_int),
        ("area", c.c_size_t),
        ("score", c.c_double),
        ("centroid_x", c.c_double),
        ("centroid_y", c.c_double),
    ]


class ProgressStruct(c.Structure):
    _fields_ = [
        ("stage", c.c_int),
        ("done", c.c_size_t),
        ("total", c.c_size_t),
        ("meta_epoch", c.c_int),
        ("sub_epoch", c.c_int),
        ("loss", c.c_double),
        ("auroc_last", c.c_double),
        ("auroc_max", c.c_double),
        ("auroc_epoch_max", c.c_int),
        ("images_done", c.c_size_t),
        ("images_total", c.c_size_t),
    ]


ON_PROGRESS = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(ProgressStruct))
ON_MESSAGE = c.CFUNCTYPE(None, c.c_void_p, c.c_int, c.c_char_p)


class ObserverStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("user", c.c_void_p),
        ("on_progress", ON_PROGRESS),
        ("on_message", ON_MESSAGE),
    ]


class TrainSummaryStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("results_directory", c.c_char * 1024),
        ("seconds", c.c_double),
    ]


class ExportOptionsStruct(SizedStruct):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("format", c.c_int),
        ("half", c.c_int),
        ("rotations", c.c_int),
        ("reserved", c.c_int),
    ]


PIXELS_RGB, PIXELS_GREY = 0, 2

_HANDLE, _OUT, _TEXT, _ERROR = c.c_void_p, c.POINTER(c.c_void_p), c.c_char_p, c.POINTER(ErrorStruct)
_SIGNATURES = {
    "dn_version": (_TEXT,),
    "dn_model_open": (c.c_int, _TEXT, c.c_void_p, _OUT, _ERROR),
    "dn_model_close": (None, _HANDLE),
    "dn_model_id": (_TEXT, _HANDLE),
    "dn_model_roi": (c.POINTER(c.c_uint8), _HANDLE, c.POINTER(c.c_int), c.POINTER(c.c_int)),
    "dn_model_precision": (_TEXT, _HANDLE, c.POINTER(c.c_char_p)),
    "dn_model_expect": (None, _HANDLE, c.c_char_p),
    "dn_model_score": (c.c_int, _HANDLE, c.POINTER(ImageSourceStruct), c.POINTER(ResultStruct), _OUT, _ERROR),
    "dn_map_free": (None, _HANDLE),
    "dn_map_values": (c.POINTER(c.c_float), _HANDLE, c.POINTER(c.c_int), c.POINTER(c.c_int)),
    "dn_map_threshold": (c.c_double, _HANDLE),
    "dn_map_regions": (c.POINTER(RegionStruct), _HANDLE, c.POINTER(c.c_size_t)),
    "dn_config_create": (c.c_int, _OUT, _ERROR),
    "dn_config_destroy": (None, _HANDLE),
    "dn_config_set": (c.c_int, _HANDLE, _TEXT, _TEXT, _ERROR),
    "dn_train": (c.c_int, _HANDLE, c.POINTER(ObserverStruct), c.c_void_p, c.c_void_p, _ERROR),
    "dn_import": (c.c_int, _TEXT, _HANDLE, _TEXT, c.c_void_p, _ERROR),
    "dn_export": (c.c_int, _TEXT, c.c_void_p, _TEXT, _ERROR),
}  # fmt: skip


def _candidates():
    named = os.environ.get("DIFFERNET_LIBRARY")
    if named:
        return [named]
    bundled = Path(__file__).resolve().parent / "_bundled/lib/libdiffernet.so"
    if bundled.exists():
        return [str(bundled)]
    found = ctypes.util.find_library("differnet")
    built = Path(__file__).resolve().parents[2] / "build" / "libdiffernet.so"
    return [name for name in (found, str(built) if built.exists() else None) if name]


def _open() -> c.CDLL:
    # GNU OpenMP reads it once, when it is loaded. Waiting threads that spin for long make a busy machine slow.
    os.environ.setdefault("GOMP_SPINCOUNT", "2000")
    candidates, problem = _candidates(), "libdiffernet is not installed"
    for name in candidates:
        try:
            library = c.CDLL(name)
            break
        except OSError as error:
            problem = str(error)
    else:
        raise ImportError(
            f"{problem}. This package does not contain it: install the wheel that ./run wheel builds,"
            " or name build/libdiffernet.so in the environment variable DIFFERNET_LIBRARY"
        )
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


library = _open()


def check(function: str, *arguments: Any) -> None:
    """Calls a function that returns dn_status and takes a dn_error last; raises what it reports."""
    error = ErrorStruct()
    status = getattr(library, function)(*arguments, c.byref(error))
    if status != 0:
        kind = BY_STATUS[status] if status < len(BY_STATUS) else Error
        raise kind(error.message.decode("utf-8", "replace"))


def version() -> str:
    """The version of libdiffernet."""
    return library.dn_version().decode()


def path_bytes(path: Any) -> bytes:
    return os.fsencode(os.fspath(path))
