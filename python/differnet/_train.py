"""Training, and checking a data set before it."""

from __future__ import annotations

import ctypes as c
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from ._config import Config, PathLike, Paths, Settings, resumed, with_folders
from ._library import optional_path, path_bytes, take_text
from ._model import Model
from ._observer import MessageOption, Observer, Progress, ProgressOption
from ._structs import TrainSummaryStruct


@dataclass(frozen=True)
class TrainingRun:
    """The results of a training: where they are, and the saved model's metrics (metrics.json)."""

    results_directory: Path  #: v<N>, with report.html, scores.csv, config.yaml, ...
    model_path: Path  #: its model.safetensors
    metrics: Dict[str, Any]  #: what ``differnet test --json`` prints, and about the run
    seconds: float  #: the training took

    def load(self, **options: Any) -> Model:
        """Opens the model; `options` are those of `Model.load`."""
        return Model.load(self.model_path, **options)


class Callback:
    """Follows a training: `train(callbacks=[...])`. Subclasses override what they need."""

    def begin(self, settings: Dict[str, Any]) -> None:
        """Before the training, with the settings that were given."""

    def progress(self, progress: Progress) -> Optional[bool]:
        """After each batch; False ends the training with `Cancelled`."""
        return None

    def end(self, run: TrainingRun) -> None:
        """After the training, with its results."""

    def failed(self, failure: BaseException) -> None:
        """Instead of `end`, where the training raised this."""


def _run_of(summary: TrainSummaryStruct) -> TrainingRun:
    folder = Path(os.fsdecode(summary.results_directory))
    metrics = folder / "metrics.json"
    found = json.loads(metrics.read_text()) if metrics.exists() else {}
    return TrainingRun(folder, folder / "model.safetensors", found, summary.seconds)


def _call(handle: c.c_void_p, resume: Union[None, bool, PathLike], observing: Observer) -> TrainingRun:
    summary = TrainSummaryStruct()
    try:
        with observing as observer:
            if resume:
                directory = None if resume is True else path_bytes(resume)
                observer.call("dn_train_resume", handle, directory, observer.pointer, c.byref(summary), None)
            else:
                observer.call("dn_train", handle, observer.pointer, c.byref(summary), None)
    except BaseException as failure:
        if summary.results_directory:
            failure.results_directory = Path(os.fsdecode(summary.results_directory))  # type: ignore[attr-defined]
        raise
    return _run_of(summary)


def train(
    config: Settings = None,
    *,
    good: Paths = None,
    bad: Paths = None,
    resume: Union[None, bool, PathLike] = None,
    progress: ProgressOption = None,
    message: MessageOption = None,
    callbacks: Iterable[Callback] = (),
    **settings: Any,
) -> TrainingRun:
    """Trains a detector and writes results/DifferNet/<data>/<class>/v<N>/.

    ``train(good="photos/OK", bad="photos/NG")``; ``train("config.yaml", seed=1)``.

    Settings are the keys of ``differnet config`` (`config_keys`), as a mapping or YAML file `config` and as
    keywords, which take precedence; NumPy's numbers, tuples and paths are taken, None leaves a key as it is.
    `good` and `bad` name folders or files of good and of defective pictures, in place of the keys dataset_path
    and class_name (docs/datasets.md).

    `resume` continues a training that was stopped: its results folder, or True for the newest of this
    configuration. `progress` is called with a `Progress` after each batch, and ends the training with
    `Cancelled` if it returns False; None shows a bar where tqdm is installed, False shows nothing. `message`
    is called with notes and warnings; None sends them to the logger "differnet".

    Ctrl-C stops the training within one batch and raises KeyboardInterrupt; if it comes after the last batch,
    the results are complete. An exception that stops a training that can be resumed has the attribute
    `results_directory`.

    Raises ConfigError for an unknown key or a value out of range (the message names neighbours), DataError for
    a data set that lacks something, FileError, NumericError, Cancelled. Runs without the GIL on `threads`
    threads; several trainings may run at a time.
    """
    folders = with_folders(config, good, bad, settings)
    followers: List[Callback] = list(callbacks)
    if resume and resume is not True and config is None:
        config = resumed(resume)
    given = {**(dict(config) if isinstance(config, dict) else {}), **folders}
    observer = Observer(progress, message, [follower.progress for follower in followers])
    with Config(config, folders) as handle:
        for follower in followers:
            follower.begin(given)
        try:
            run = _call(handle, resume, observer)
        except BaseException as failure:
            for follower in followers:
                follower.failed(failure)
            raise
    for follower in followers:
        follower.end(run)
    return run


def check(
    dataset_path: Optional[PathLike] = None,
    class_name: Optional[str] = None,
    *,
    good: Paths = None,
    bad: Paths = None,
    progress: ProgressOption = None,
    message: MessageOption = None,
    **settings: Any,
) -> Dict[str, Any]:
    """Examines a data set before a training: counts, sizes, copies, masks, pictures unlike the others.

    Returns what ``differnet check --json`` prints (docs/check.md): `to_fix` counts what must be fixed,
    `classes` lists the classes (`class_name` None: all). Memory: one picture a thread. Raises DataError and
    FileError where there is no data set. Ctrl-C stops it.
    """
    if dataset_path is not None:
        settings["dataset_path"] = dataset_path
    more = with_folders(None, good, bad, settings)
    wanted = class_name.encode() if class_name is not None else None
    text, to_fix = c.c_void_p(), c.c_size_t()
    with Config(None, more) as handle, Observer(progress, message) as observer:
        observer.call("dn_check", handle, wanted, observer.pointer, 1, c.byref(text), c.byref(to_fix))
    found: Dict[str, Any] = json.loads(take_text(text))
    return found


def benchmark(*, progress: ProgressOption = None, message: MessageOption = None, **settings: Any) -> Dict[str, Any]:
    """Measures this machine: its peak, every stage of scoring, a training step; takes minutes.

    `settings` are those of `train`; the network has random weights. Returns what ``differnet benchmark --json``
    prints, with units in the names.
    """
    text = c.c_void_p()
    with Config(None, settings) as handle, Observer(progress, message) as observer:
        observer.call("dn_benchmark", handle, observer.pointer, 1, c.byref(text))
    found: Dict[str, Any] = json.loads(take_text(text))
    return found


def import_weights(path: PathLike, output: PathLike, config: Settings = None, **settings: Any) -> Path:
    """Makes a model file of a state_dict that the original DifferNet saved, or a weights file of a backbone.

    The shape of the network follows from the tensors, all else from the settings (docs/interchange.md). Nothing
    in the file is executed. Returns `output`. Raises FormatError, ConfigError, FileError.
    """
    with Config(config, settings) as handle, Observer(False, None) as observer:
        observer.call("dn_import", path_bytes(path), handle, path_bytes(output), observer.pointer)
    return Path(output)


def verify(
    model: PathLike, dataset_path: Optional[PathLike] = None, class_name: Optional[str] = None
) -> Tuple[bool, Dict[str, Any]]:
    """Whether a data set's training pictures are those that a model was trained on, and what was compared.

    None: the data set that the training's config.yaml beside the model names. Contents are compared by SHA-256.
    """
    from ._library import check as call  # the name is taken here

    text, same = c.c_void_p(), c.c_int()
    wanted = class_name.encode() if class_name is not None else None
    call(
        "dn_verify_dataset", path_bytes(model), optional_path(dataset_path), wanted, 1, c.byref(text), c.byref(same)
    )
    return bool(same.value), json.loads(take_text(text))
