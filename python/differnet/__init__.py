"""DifferNet: finds defects in pictures of parts after training on good pictures only.

>>> run = differnet.train(good="photos/OK", bad="photos/NG")
>>> model = differnet.Model.load(run.model_path)
>>> for result in model.predict("photos/new"):
...     print(result.image_path, result.verdict, result.raw_score)

Arrays are 8-bit RGB. OpenCV's are BGR: pass ``frame[:, :, ::-1]``.
"""

from ._config import ConfigKey, config_keys
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
from ._files import export, info
from ._images import Image, Images
from ._library import version
from ._model import Model
from ._observer import Progress, Stage
from ._result import Region, Result, Results, Verdict
from ._train import Callback, TrainingRun, benchmark, check, import_weights, train, verify

__all__ = [
    "ArgumentError",
    "Callback",
    "Cancelled",
    "ConfigError",
    "ConfigKey",
    "DataError",
    "Error",
    "FileError",
    "FormatError",
    "Image",
    "Images",
    "Model",
    "NumericError",
    "OutOfMemory",
    "Progress",
    "Region",
    "Result",
    "Results",
    "Stage",
    "TrainingRun",
    "Unsupported",
    "Verdict",
    "benchmark",
    "check",
    "config_keys",
    "export",
    "import_weights",
    "info",
    "train",
    "verify",
    "version",
]
