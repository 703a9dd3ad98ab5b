"""scikit-learn's view of a detector: needs ``pip install differnet[sklearn]``.

>>> detector = DifferNetDetector(settings={"meta_epochs": 8}).fit(good_pictures)
>>> detector.predict(new_pictures)            # 1: inlier, -1: outlier
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

import numpy as np
import numpy.typing as npt

try:
    from sklearn.base import BaseEstimator, OutlierMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError as missing:
    raise ImportError("differnet.sklearn needs: pip install scikit-learn") from missing

from ._config import PathLike
from ._errors import DataError
from ._images import Images, as_pixels, expand, path_of
from ._model import Model
from ._train import train

__all__ = ["DifferNetDetector"]


def _write_picture(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Netpbm, which needs no library; training reads files."""
    kind = b"P5" if pixels.ndim == 2 else b"P6"
    header = b"%s %d %d 255\n" % (kind, pixels.shape[1], pixels.shape[0])
    path.write_bytes(header + np.ascontiguousarray(pixels).tobytes())


def _lay_out(images: Images, folder: Path) -> int:
    """Links to the files, or files of the pixels, under names that keep their order; how many."""
    count = 0
    for image in expand(images):
        path = path_of(image)
        if path is not None:
            (folder / f"{count:06}{Path(path).suffix.lower()}").symlink_to(os.path.abspath(path))
        else:
            pixels = as_pixels(image)
            _write_picture(folder / f"{count:06}{'.pgm' if pixels.ndim == 2 else '.ppm'}", pixels)
        count += 1
    return count


class DifferNetDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc,unused-ignore]
    """A detector of outliers among pictures, trained on good ones alone.

    X is what `Model.predict` takes: uint8 [n, height, width, 3] or [n, height, width], paths, a folder, ...
    Smaller scores are more abnormal, as everywhere in scikit-learn: `score_samples` is -raw_score.

    - `settings`: a mapping of keys of ``differnet config``, such as ``{"meta_epochs": 8, "seed": 1}``
    - `false_reject_rate`: share of good pictures that `predict` may call outliers, among new ones
    - `val_fraction`: share of the training pictures held out to choose the threshold
    - `output`: folder for the results; None: a temporary one, and pickles then contain the model
    - `precision`, `threads`, `rotations`: as in `Model.load`
    - `verbose`: whether to show a bar

    Fitted: `model_` (a `Model`), `model_path_`, `metrics_`, `n_images_in_`, and `offset_`: -threshold, NaN if no
    picture was held out.
    """

    def __init__(
        self,
        *,
        settings: Optional[Mapping[str, Any]] = None,
        false_reject_rate: float = 0.01,
        val_fraction: float = 0.2,
        output: Optional[PathLike] = None,
        precision: Optional[str] = None,
        threads: int = 0,
        rotations: int = 0,
        verbose: bool = False,
    ) -> None:
        self.settings = settings
        self.false_reject_rate = false_reject_rate
        self.val_fraction = val_fraction
        self.output = output
        self.precision = precision
        self.threads = threads
        self.rotations = rotations
        self.verbose = verbose

    def fit(self, X: Images, y: object = None) -> DifferNetDetector:
        """Trains on good pictures; y is not used."""
        self._temporary = None if self.output is not None else tempfile.TemporaryDirectory(prefix="differnet-")
        output = self.output if self._temporary is None else self._temporary.name
        settings: Dict[str, Any] = {
            "false_reject_rate": self.false_reject_rate,
            "val_fraction": self.val_fraction,
            "threads": self.threads,
            **(self.settings or {}),
            "output": output,
        }
        with tempfile.TemporaryDirectory(prefix="differnet-") as folder:
            good = Path(folder) / "pictures"
            good.mkdir()
            self.n_images_in_ = _lay_out(X, good)
            run = train(settings, good=good, progress=None if self.verbose else False)
        self.model_path_, self.metrics_ = run.model_path, run.metrics
        self._load()
        return self

    def _load(self) -> None:
        options: Dict[str, Any] = {"precision": self.precision, "threads": self.threads, "rotations": self.rotations}
        self.model_ = Model.load(self.model_path_, **options)
        self.offset_ = -self._threshold()

    def _threshold(self) -> float:
        calibration = json.loads(self.model_.info()["metadata"].get("calibration", "{}"))
        return float(calibration.get("threshold") or "nan")

    def score_samples(self, X: Images) -> npt.NDArray[np.float64]:
        """-raw_score of each picture. Raises DataError if one cannot be scored."""
        check_is_fitted(self, "model_path_")
        results = self.model_.predict(X)
        for result in results:
            if result.error is not None:
                raise DataError(result.error)
        return np.array([-result.raw_score for result in results])

    def decision_function(self, X: Images) -> npt.NDArray[np.float64]:
        """score_samples - offset_: negative for outliers."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: Images) -> npt.NDArray[np.int64]:
        """1 for inliers, -1 for outliers."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __getstate__(self) -> Dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("model_", None)
        if state.pop("_temporary", None) is not None and "model_path_" in state:
            state["_model_bytes"] = Path(self.model_path_).read_bytes()
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        state = dict(state)
        held = state.pop("_model_bytes", None)
        super().__setstate__(state)
        self._temporary = None
        if held is not None:
            self._temporary = tempfile.TemporaryDirectory(prefix="differnet-")
            self.model_path_ = Path(self._temporary.name) / "model.safetensors"
            self.model_path_.write_bytes(held)
        if hasattr(self, "model_path_"):
            self._load()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = True
        return tags
