"""Models: open, score, evaluate, calibrate."""

from __future__ import annotations

import ctypes as c
import itertools
import json
import os
import tempfile
from typing import Any, Dict, Iterator, Optional

import numpy as np
import numpy.typing as npt

from . import _files
from ._config import PathLike
from ._errors import ArgumentError, DataError, FileError, FormatError, NumericError, Unsupported
from ._images import Image, Images, expand, is_known, path_of, source_of
from ._interrupt import check_interruptibly
from ._library import check, free_with, library, optional_path, path_bytes, take_text
from ._observer import MessageOption, Observer, Progress, ProgressOption, Stage, told
from ._result import Result, Results, failed_result, result_of
from ._structs import (
    CalibrateOptionsStruct,
    CalibrationSummaryStruct,
    MetricsStruct,
    ModelOptionsStruct,
    ResultStruct,
    ScoreOptionsStruct,
)

#: In the order of dn_model_options.unlike.
_UNLIKE = ["review", "warn"]
#: Failures that concern one picture.
_OF_A_PICTURE = (ArgumentError, DataError, FileError, FormatError, NumericError, Unsupported)


def _options_struct(options: Dict[str, Any]) -> ModelOptionsStruct:
    encoded = {name: value.encode() if isinstance(value, str) else value for name, value in options.items()}
    return ModelOptionsStruct(**{name: value for name, value in encoded.items() if value is not None})


class _Handle:
    """A dn_model that lives as long as somebody uses it, also after Model.close."""

    def __init__(self, path: bytes, options: Dict[str, Any]) -> None:
        self.value = c.c_void_p()
        check("dn_model_open", path, c.byref(_options_struct(options)), c.byref(self.value))
        free_with(self, "dn_model_close", self.value)

    @property
    def id(self) -> bytes:
        return bytes(library.dn_model_id(self.value))


def _json_of(function: str, struct: Any) -> Dict[str, Any]:
    text = c.c_void_p()
    check(function, c.byref(struct), 1, c.byref(text))
    found: Dict[str, Any] = json.loads(take_text(text))
    return found


class Model:
    """A trained detector. Several threads may use it at once; close it or use ``with``."""

    def __init__(self, path: PathLike, options: Dict[str, Any]) -> None:
        self._path, self._options = path_bytes(path), options
        self._handle: Optional[_Handle] = _Handle(self._path, options)

    @classmethod
    def load(
        cls,
        path: PathLike,
        *,
        precision: Optional[str] = None,
        threads: int = 0,
        device: Optional[str] = None,
        compute: Optional[str] = None,
        backbone: Optional[PathLike] = None,
        rotations: int = 0,
        threshold: float = 0.0,
        threshold_rule: Optional[str] = None,
        false_reject_rate: float = 0.0,
        review_rate: float = 0.0,
        target_tpr: float = 0.0,
        low_rate: float = 0.0,
        unlike: str = "review",
        early_exit: float = 0.0,
        concurrency: int = 0,
    ) -> Model:
        """Opens a model file, a results folder v<N>, or a class folder (its latest model).

        `precision` is f32, bf16 or int8 (None: as the model was trained), `threads` those of one call (0: all
        processors), `rotations` how many a picture is scored at (0: the model's), `backbone` a weights file in
        place of the model's. Thresholds other than the model's (docs/verdict.md): `threshold`, a raw_score;
        `false_reject_rate`, `review_rate` and `low_rate`, shares of good pictures (negative review_rate: no REVIEW;
        negative low_rate: no score is too low); `threshold_rule`, conformal, target_tpr, f1_max or youden. `unlike` says what becomes of pictures unlike
        those of training: review, or warn. `early_exit` (0.99) ends the rotations once
        the verdict is that certain. `concurrency` bounds the calls that compute at once; others wait.

        Raises FileError, FormatError, ArgumentError, Unsupported. Weights are mapped: opening takes
        milliseconds, and processes share one copy.
        """
        options = {name: value for name, value in locals().items() if name not in ("cls", "path", "backbone")}
        for name in ("threads", "rotations", "concurrency"):
            options[name] = int(options[name])
        if unlike not in _UNLIKE:
            raise ValueError(f"unlike is {unlike!r}, expected one of {', '.join(_UNLIKE)}")
        options["unlike"] = _UNLIKE.index(unlike)
        return cls(path, {**options, "backbone": optional_path(backbone)})

    @property
    def path(self) -> str:
        """What was opened."""
        return os.fsdecode(self._path)

    @property
    def id(self) -> str:
        """The model's ID: 16 hexadecimal digits."""
        return self._open().id.decode()

    @property
    def judges(self) -> bool:
        """Whether results have a verdict: the model is calibrated, or a threshold was given."""
        return bool(library.dn_model_judges(self._open().value))

    @property
    def warning(self) -> Optional[str]:
        """Why all its scores are unreliable, such as rotations that were not trained; None: no reason."""
        text = library.dn_model_warning(self._open().value)
        return text.decode() if text is not None else None

    @property
    def roi(self) -> Optional[npt.NDArray[np.bool_]]:
        """Where pictures count: bool [height, width] at the network's input size; None: everywhere."""
        handle, width, height = self._open(), c.c_int(), c.c_int()
        inside = library.dn_model_roi(handle.value, c.byref(width), c.byref(height))
        if not inside:
            return None
        return np.ctypeslib.as_array(inside, (height.value, width.value)).astype(np.bool_)

    @property
    def precision(self) -> str:
        """The precision of its computations; higher than requested where this processor lacks the instructions."""
        return str(library.dn_model_precision(self._open().value, None).decode())

    def predict(self, images: Images, *, maps: bool = False, progress: ProgressOption = False) -> Results:
        """Scores pictures: a path, folder or pattern, bytes, array, PIL image, tensor, or several of these.

        Pixels are uint8: [height, width, 3] RGB, [height, width] grey, or [n, height, width, 3]. A picture that
        cannot be scored is a result with `error`; TypeError and ValueError are for arguments that are not pictures,
        such as floats. With `maps` results have anomaly_map, regions, pred_mask and overlay(), and keep the decoded
        picture for them (3 bytes a pixel): of many pictures use `stream`. `progress` is as in `train`.
        """
        pictures = list(expand(images)) if is_known(images) else images
        total = len(pictures) if isinstance(pictures, list) else 0
        results = Results()
        with told(progress) as tell:
            for result in self.stream(pictures, maps=maps):
                results.append(result)
                tell(Progress.of_images(Stage.SCORE, len(results), total))
        return results

    def stream(self, images: Images, *, maps: bool = False) -> Iterator[Result]:
        """As `predict`, one result after the other, while pictures may still be coming from an iterator."""
        pictures = list(expand(images)) if is_known(images) else expand(images)
        following = pictures[1:] if isinstance(pictures, list) else []
        for image, after in itertools.zip_longest(pictures, following):
            if path_of(after) is not None:  # read while this one is computed
                library.dn_model_expect(self._open().value, path_bytes(after))
            yield self._score(image, maps, raises=False)

    def predict_one(self, image: Image, *, maps: bool = False) -> Result:
        """Scores one picture; raises an exception if it cannot be scored: FileError, FormatError, ..."""
        return self._score(image, maps, raises=True)

    def _score(self, image: Image, maps: bool, raises: bool) -> Result:
        """Stops at Ctrl-C within one batch of rotations."""
        source, held = source_of(image)
        handle, found, drawn = self._open(), ResultStruct(), c.c_void_p()
        after = (c.byref(found), c.byref(drawn) if maps else None)
        try:
            arguments = (handle.value, c.byref(source))
            check_interruptibly("dn_model_score_with", *arguments, options=ScoreOptionsStruct(), after=after)
        except _OF_A_PICTURE as error:
            if raises:
                raise
            return failed_result(path_of(image), found, str(error))
        del held
        return result_of(path_of(image), handle.id, found, drawn if maps else None)

    def evaluate(
        self,
        dataset_path: Optional[PathLike] = None,
        class_name: Optional[str] = None,
        *,
        maps: bool = False,
        output: Optional[PathLike] = None,
        title: Optional[str] = None,
        note: Optional[str] = None,
        progress: ProgressOption = None,
        message: MessageOption = None,
    ) -> Dict[str, Any]:
        """Metrics on a labelled test set, as ``differnet test --json`` prints them.

        None: the data set that the training's config.yaml beside the model names. `output` receives
        report.html (with `title` and `note`), metrics.json, scores.csv and roc.csv. `maps` adds pixel_AUROC, pixel_AUPRO and pixel_F1Max
        where masks mark the defects. Metrics are {"value", "low", "high"} with their 95 % interval.
        `progress`, `message` and Ctrl-C are as in `train`. Raises DataError, FileError, Cancelled.
        """
        handle, metrics = self._open(), MetricsStruct()
        if maps or title is not None or note is not None:
            options = {**self._options, "maps": int(maps), "report_title": title, "report_note": note}
            handle = self._same(_Handle(self._path, options), handle)
        wanted = class_name.encode() if class_name is not None else None
        # The library makes maps where it may write them.
        with Observer(progress, message) as observer, tempfile.TemporaryDirectory(prefix="differnet-") as folder:
            places = (optional_path(dataset_path), wanted, optional_path(folder if maps and output is None else output))
            observer.call("dn_model_evaluate", handle.value, *places, observer.pointer, c.byref(metrics))
        return _json_of("dn_metrics_text", metrics)

    @staticmethod
    def _same(handle: _Handle, known: _Handle) -> _Handle:
        if handle.id != known.id:
            raise FileError("the model file was replaced since it was opened")
        return handle

    def calibrate(
        self,
        images: Optional[PathLike] = None,
        *,
        threshold_rule: Optional[str] = None,
        false_reject_rate: float = 0.0,
        review_rate: float = 0.0,
        low_rate: float = 0.0,
        target_tpr: float = 0.0,
        threshold: float = 0.0,
        output: Optional[PathLike] = None,
        dry_run: bool = False,
        force: bool = False,
        undo: bool = False,
        progress: ProgressOption = None,
        message: MessageOption = None,
    ) -> Dict[str, Any]:
        """Sets the thresholds in the model's file, and uses them from now on.

        `images` is a folder of at least ten good pictures that are new to the model (None: the scores that the file
        holds). The other options are as in `load` and are kept in the file; 0 and None leave the file's. `output` is
        a file to write instead, `dry_run` writes nothing, and this model then stays as it is. `force` accepts fewer
        pictures, and pictures in several folders; `undo` restores the previous calibration. The file is replaced
        completely or not at all, so `id` changes. Returns what ``differnet calibrate --json`` prints. Raises
        DataError for pictures that training has seen or where there are no scores, FileError, Cancelled.
        """
        wanted: Dict[str, Any] = {"threshold_rule": threshold_rule, "false_reject_rate": false_reject_rate}
        wanted.update(review_rate=review_rate, low_rate=low_rate, target_tpr=target_tpr, threshold=threshold)
        computing = {name: value for name, value in self._options.items() if name not in wanted}
        how = CalibrateOptionsStruct(output=optional_path(output), dry_run=dry_run, force=force, undo=undo)
        options, summary = _options_struct({**computing, **wanted}), CalibrationSummaryStruct()
        self._open()
        places = (self._path, optional_path(images))
        with Observer(progress, message) as observer:
            structs = (c.byref(options), c.byref(how), observer.pointer, c.byref(summary))
            observer.call("dn_calibrate_with", *places, *structs)
        if output is None and not dry_run:
            self._options, self._handle = computing, _Handle(self._path, computing)
        return _json_of("dn_calibration_text", summary)

    def info(self) -> Dict[str, Any]:
        """What the model's file holds: configuration, seed, data, calibration, metrics (``differnet info``)."""
        return _files.info(self.path)

    def export(
        self, output: PathLike, format: str = "onnx", *, half: bool = False, rotations: int = 0, force: bool = False
    ) -> Any:
        """Writes the model's file for other programs: `differnet.export`."""
        return _files.export(self.path, output, format, half=half, rotations=rotations, force=force)

    def close(self) -> None:
        """Closes the model, after running calls have ended. Using it afterwards is an error."""
        self._handle = None

    def _open(self) -> _Handle:
        handle = self._handle
        if handle is None:
            raise ValueError("the model is closed")
        return handle

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Model({self.path!r}{'' if self._handle else ', closed'})"
