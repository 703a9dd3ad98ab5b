"""Model files: what they hold, and writing them for other programs."""

from __future__ import annotations

import ctypes as c
import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from ._config import PathLike
from ._library import call_for_json, check, optional_path, path_bytes
from ._structs import ExportOptionsStruct

#: In the order of dn_export_format.
FORMATS: List[str] = ["pytorch", "safetensors", "onnx"]


def info(path: Optional[PathLike] = None) -> Dict[str, Any]:
    """What a model or weights file holds, as ``differnet info --json``; None: the built-in AlexNet.

    "embedded:efficientnet-lite0" is the other built-in backbone.

    Raises FileError and FormatError.
    """
    found: Dict[str, Any] = call_for_json("dn_describe_file", optional_path(path), 1)
    return found


def export(
    model: PathLike, output: PathLike, format: str, *, half: bool = False, rotations: int = 0, force: bool = False
) -> Path:
    """Writes a model for other programs and returns `output`; `format` is pytorch, safetensors or onnx.

    `half` writes weights as f16. An ONNX graph takes uint8 RGB [n, height, width, 3], already resized, and
    rotates each image `rotations` times; 0: each image is one view (docs/interchange.md). An existing file is
    replaced only with `force`: else FileExistsError. Raises FileError, FormatError, Unsupported.
    """
    if format not in FORMATS:
        raise ValueError(f"format is {format!r}, expected one of {', '.join(FORMATS)}")
    if not force and os.path.exists(output):
        raise FileExistsError(f"{os.fspath(output)} exists; force=True replaces it")
    options = ExportOptionsStruct(format=FORMATS.index(format), half=half, rotations=rotations)
    check("dn_export", path_bytes(model), c.byref(options), path_bytes(output))
    return Path(output)
