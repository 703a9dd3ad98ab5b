"""libdiffernet, loaded and declared for ctypes, which releases the GIL during every call."""

from __future__ import annotations

import ctypes as c
import ctypes.util
import functools
import json
import os
import weakref
from pathlib import Path
from typing import Any, Dict, List

from ._errors import BY_STATUS, Error
from ._structs import ConfigKeyStruct, ErrorStruct, ImageSourceStruct, ObserverStruct, RegionStruct, ResultStruct

_HANDLE, _OUT, _TEXT, _ERROR = c.c_void_p, c.POINTER(c.c_void_p), c.c_char_p, c.POINTER(ErrorStruct)
_INT, _SIZE, _RESULT = c.POINTER(c.c_int), c.POINTER(c.c_size_t), c.POINTER(ResultStruct)
_IMAGE, _OBSERVER, _STRUCT = c.POINTER(ImageSourceStruct), c.POINTER(ObserverStruct), c.c_void_p

_SIGNATURES: "dict[str, tuple[Any, ...]]" = {
    "dn_version": (_TEXT,),
    "dn_text_free": (None, c.c_void_p),
    "dn_bytes_free": (None, c.c_void_p),
    "dn_model_open": (c.c_int, _TEXT, _STRUCT, _OUT, _ERROR),
    "dn_model_close": (None, _HANDLE),
    "dn_model_judges": (c.c_int, _HANDLE),
    "dn_model_id": (_TEXT, _HANDLE),
    "dn_model_warning": (_TEXT, _HANDLE),
    "dn_model_roi": (c.POINTER(c.c_uint8), _HANDLE, _INT, _INT),
    "dn_model_precision": (_TEXT, _HANDLE, c.POINTER(c.c_char_p)),
    "dn_model_expect": (None, _HANDLE, _TEXT),
    "dn_model_score_with": (c.c_int, _HANDLE, _IMAGE, _STRUCT, _RESULT, _OUT, _ERROR),
    "dn_model_evaluate": (c.c_int, _HANDLE, _TEXT, _TEXT, _TEXT, _OBSERVER, _STRUCT, _ERROR),
    "dn_metrics_text": (c.c_int, _STRUCT, c.c_int, _OUT, _ERROR),
    "dn_calibrate_with": (c.c_int, _TEXT, _TEXT, _STRUCT, _STRUCT, _OBSERVER, _STRUCT, _ERROR),
    "dn_calibration_text": (c.c_int, _STRUCT, c.c_int, _OUT, _ERROR),
    "dn_map_free": (None, _HANDLE),
    "dn_map_values": (c.POINTER(c.c_float), _HANDLE, _INT, _INT),
    "dn_map_threshold": (c.c_double, _HANDLE),
    "dn_map_regions": (c.POINTER(RegionStruct), _HANDLE, _SIZE),
    "dn_map_pixels": (c.c_int, _HANDLE, c.c_int, _OUT, _INT, _INT, _ERROR),
    "dn_image_list_create": (c.c_int, _TEXT, _STRUCT, _ERROR),
    "dn_image_list_free": (None, _STRUCT),
    "dn_is_image_name": (c.c_int, _TEXT),
    "dn_is_output_name": (c.c_int, _TEXT),
    "dn_result_heading": (c.c_int, c.c_int, _OUT, _ERROR),
    "dn_result_json": (c.c_int, _TEXT, _TEXT, _RESULT, _ERROR, _OUT, _ERROR),
    "dn_result_json_places": (c.c_int, _TEXT, _TEXT, _RESULT, _STRUCT, _OUT, _ERROR),
    "dn_config_create": (c.c_int, _OUT, _ERROR),
    "dn_config_destroy": (None, _HANDLE),
    "dn_config_load": (c.c_int, _HANDLE, _TEXT, _ERROR),
    "dn_config_set": (c.c_int, _HANDLE, _TEXT, _TEXT, _ERROR),
    "dn_config_key_at": (c.POINTER(ConfigKeyStruct), c.c_size_t),
    "dn_train": (c.c_int, _HANDLE, _OBSERVER, _STRUCT, _STRUCT, _ERROR),
    "dn_train_resume": (c.c_int, _HANDLE, _TEXT, _OBSERVER, _STRUCT, _STRUCT, _ERROR),
    "dn_check": (c.c_int, _HANDLE, _TEXT, _OBSERVER, c.c_int, _OUT, _SIZE, _ERROR),
    "dn_benchmark": (c.c_int, _HANDLE, _OBSERVER, c.c_int, _OUT, _ERROR),
    "dn_describe_file": (c.c_int, _TEXT, c.c_int, _OUT, _ERROR),
    "dn_verify_dataset": (c.c_int, _TEXT, _TEXT, _TEXT, c.c_int, _OUT, _INT, _ERROR),
    "dn_import": (c.c_int, _TEXT, _HANDLE, _TEXT, _STRUCT, _ERROR),
    "dn_export": (c.c_int, _TEXT, _STRUCT, _TEXT, _ERROR),
}


def _candidates() -> List[str]:
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
    for function, (result, *arguments) in _SIGNATURES.items():
        declared = getattr(library, function)
        declared.restype, declared.argtypes = result, arguments
    return library


library = _open()


_frees: Dict[int, Any] = {}  # by the number of the weak reference, which frees when it dies


def free_with(owner: object, function: str, handle: c.c_void_p) -> None:
    """Calls `function`(handle) when nothing refers to `owner` any longer.

    Python drops an exception that strikes in a __del__, and so would a Ctrl-C there. Here no bytecode runs: the weak
    reference calls C, which ignores the second argument, the reference itself.
    """
    if len(_frees) >= 64 and len(_frees) & (len(_frees) - 1) == 0:  # now and then
        for number, reference in list(_frees.items()):
            if reference() is None:
                del _frees[number]
    free = c.CFUNCTYPE(None, c.c_void_p, c.py_object)((function, library))
    reference = weakref.ref(owner, functools.partial(free, handle.value))
    _frees[id(reference)] = reference


def failure(error: ErrorStruct) -> Error:
    """The exception that a dn_error stands for."""
    kind = BY_STATUS[error.status - 1] if 0 < error.status <= len(BY_STATUS) else Error
    return kind(error.message.decode("utf-8", "replace"))


def check(function: str, *arguments: Any) -> None:
    """Calls a function that returns dn_status and takes a dn_error last; raises what it reports."""
    error = ErrorStruct()
    if getattr(library, function)(*arguments, c.byref(error)) != 0:
        raise failure(error)


def take_text(text: c.c_void_p) -> str:
    """A text of the library, which is freed."""
    try:
        return c.string_at(text.value or 0).decode("utf-8", "replace")
    finally:
        library.dn_text_free(text)


def call_for_json(function: str, *arguments: Any, after: "tuple[Any, ...]" = ()) -> Any:
    """Calls check() with the address of a text between the arguments; the JSON that the text then holds."""
    text = c.c_void_p()
    check(function, *arguments, c.byref(text), *after)
    return json.loads(take_text(text))


def path_bytes(path: Any) -> bytes:
    return os.fsencode(os.fspath(path))


def optional_path(path: Any) -> "bytes | None":
    return None if path is None else path_bytes(path)


def version() -> str:
    """The version of libdiffernet."""
    return str(library.dn_version().decode())
