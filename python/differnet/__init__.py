"""DifferNet: finds defects in pictures of parts after training on good pictures only.

>>> model = differnet.Model.load("model.safetensors")
>>> model.predict_one("part.png").raw_score

Arrays are 8-bit RGB. OpenCV's are BGR: pass ``frame[:, :, ::-1]``.
"""

from ._errors import (
    ArgumentError,
    Cancelled,
    ConfigError,
    DataError,
    Error,
    FileError,
    FormatError,
    NumericError,
    OutOfMemory,
    Unsupported,
)
from ._library import version
from ._model import Image, Map, Model, Region, Result, Verdict
from ._train import Progress, TrainingRun, export, import_weights, train

__all__ = [
    "ArgumentError",
    "Cancelled",
    "ConfigError",
    "DataError",
    "Error",
    "FileError",
    "FormatError",
    "Image",
    "Map",
    "Model",
    "NumericError",
    "OutOfMemory",
    "Progress",
    "Region",
    "Result",
    "TrainingRun",
    "Unsupported",
    "Verdict",
    "export",
    "import_weights",
    "train",
    "version",
]
