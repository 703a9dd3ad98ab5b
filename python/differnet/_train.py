"""Training, and files from and for other programs."""

import ctypes as c
import enum
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

from ._errors import Cancelled
from ._interrupt import Interrupts
from ._library import (
    ON_MESSAGE,
    ON_PROGRESS,
    ExportOptionsStruct,
    ObserverStruct,
    ProgressStruct,
    TrainSummaryStruct,
    check,
    library,
    path_bytes,
)

PathLike = Union[str, "os.PathLike[str]"]
_Paths = Union[PathLike, Iterable[PathLike], None]


class Stage(enum.Enum):
    """What a training is at."""

    TEST_FEATURES = 0
    TRAIN = 1
    EVALUATE = 2
    SCORE = 3
    CHECK = 4
    TRAIN_FEATURES = 5
    REPORT = 6  #: `total` is 0


@dataclass(frozen=True)
class Progress:
    """How far a training is; loss and AUROC are NaN where there is none."""

    stage: Union[Stage, int]
    done: int
    total: int
    meta_epoch: int
    sub_epoch: int
    loss: float
    auroc_last: float
    auroc_max: float
    images_done: int
    images_total: int


@dataclass(frozen=True)
class TrainingRun:
    """Where a training left its results, and the saved model's metrics (metrics.json)."""

    results_directory: Path
    model_path: Path
    metrics: Dict[str, Any]


class _Config:
    """A dn_config with these values over the defaults; JSON is YAML, so any value goes through it."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.handle = c.c_void_p()
        check("dn_config_create", c.byref(self.handle))
        try:
            for key, value in values.items():
                text = os.fspath(value) if isinstance(value, os.PathLike) else value
                check("dn_config_set", self.handle, key.encode(), json.dumps(text, ensure_ascii=False).encode())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        library.dn_config_destroy(self.handle)

    def __enter__(self) -> c.c_void_p:
        return self.handle

    def __exit__(self, *_: object) -> None:
        self.close()


def _progress(struct: ProgressStruct) -> Progress:
    known = [stage.value for stage in Stage]
    return Progress(
        stage=Stage(struct.stage) if struct.stage in known else struct.stage,
        done=struct.done,
        total=struct.total,
        meta_epoch=struct.meta_epoch,
        sub_epoch=struct.sub_epoch,
        loss=struct.loss,
        auroc_last=struct.auroc_last,
        auroc_max=struct.auroc_max,
        images_done=struct.images_done,
        images_total=struct.images_total,
    )


class _Observer:
    """Callbacks for the library. An exception in a callback stops the training and is raised by it."""

    def __init__(
        self,
        interrupts: Interrupts,
        progress: Optional[Callable[[Progress], Any]],
        message: Optional[Callable[[str], Any]],
    ) -> None:
        self.failure: Optional[BaseException] = None
        self._interrupts, self._progress, self._message = interrupts, progress, message
        self.struct = ObserverStruct(
            on_progress=ON_PROGRESS(self._on_progress), on_message=ON_MESSAGE(self._on_message)
        )

    def _on_progress(self, _: Any, struct: Any) -> int:
        stop = False
        try:
            self._interrupts.deliver()
            stop = self._progress is not None and self._progress(_progress(struct.contents)) is False
        except BaseException as failure:  # noqa: BLE001 - KeyboardInterrupt as well
            self.failure = self.failure or failure
        return int(self.failure is not None or stop)

    def _on_message(self, _: Any, severity: int, text: bytes) -> None:
        try:
            if self._message is not None:
                self._message(text.decode("utf-8", "replace"))
        except BaseException as failure:  # noqa: BLE001
            self.failure = self.failure or failure


def _plain_folders(good: _Paths, bad: _Paths) -> Dict[str, str]:
    """The keys that name plain folders of pictures in place of a data set."""

    def parts(name: str, paths: _Paths) -> List[str]:
        several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths or [])
        return [f"{name}={os.fspath(path)}" for path in several]

    named = parts("good", good) + parts("bad", bad)
    if any("|" in part for part in named):
        raise ValueError("a path of good or bad holds |")
    if named and not named[0].startswith("good="):
        raise ValueError("bad alone: also name good pictures")
    return {"dataset_path": "|".join(named), "class_name": ""} if named else {}


def train(
    config: Optional[Mapping[str, Any]] = None,
    *,
    good: _Paths = None,
    bad: _Paths = None,
    progress: Optional[Callable[[Progress], Any]] = None,
    message: Optional[Callable[[str], Any]] = None,
) -> TrainingRun:
    """Trains on config's data set and writes results/DifferNet/<data>/<class>/v<N>/.

    `good` and `bad` name folders or files of good and of defective pictures, instead of the keys dataset_path
    and class_name (docs/datasets.md). The keys of `config` are those of ``differnet config``; others keep their defaults. `progress` is called
    after each batch; if it returns False, the training ends with `Cancelled`. `message` receives notes and
    warnings. Ctrl-C stops the training within one batch and raises KeyboardInterrupt; if it comes after the
    last batch, the results are there all the same.
    """
    summary = TrainSummaryStruct()
    folders = _plain_folders(good, bad)
    if folders and "dataset_path" in (config or {}):
        raise ValueError("dataset_path and good both name pictures")
    with _Config({**folders, **(config or {})}) as handle, Interrupts() as interrupts:
        observer = _Observer(interrupts, progress, message)
        try:
            check("dn_train", handle, c.byref(observer.struct), c.byref(summary), None)
        except Cancelled:
            if observer.failure is None:
                raise
        if observer.failure is not None:  # also where it came too late to stop anything
            raise observer.failure
    folder = Path(os.fsdecode(summary.results_directory))
    metrics = folder / "metrics.json"
    return TrainingRun(folder, folder / "model.safetensors", json.loads(metrics.read_text()) if metrics.exists() else {})


def import_weights(path: PathLike, output: PathLike, config: Optional[Mapping[str, Any]] = None) -> None:
    """Makes a model file of a state_dict that the original DifferNet saved."""
    with _Config(config or {}) as handle:
        check("dn_import", path_bytes(path), handle, path_bytes(output), None)


_FORMATS: List[str] = ["pytorch", "safetensors", "onnx"]


def export(model: PathLike, output: PathLike, format: str, *, half: bool = False, rotations: int = 0) -> None:
    """Writes a model for other programs; `format` is pytorch, safetensors or onnx.

    An ONNX graph rotates each image `rotations` times and averages; 0: each image is one view.
    """
    if format not in _FORMATS:
        raise ValueError(f"format is {format!r}, expected one of {', '.join(_FORMATS)}")
    options = ExportOptionsStruct(format=_FORMATS.index(format), half=half, rotations=rotations)
    check("dn_export", path_bytes(model), c.byref(options), path_bytes(output))
