"""Trainings in TensorBoard and MLflow: ``train(..., callbacks=[TensorBoard("runs")])``.

Needs ``pip install differnet[tensorboard]`` or ``differnet[mlflow]``.
"""

from __future__ import annotations

import math
from typing import Any, Dict, Iterator, Optional, Tuple

from ._observer import Progress, Stage
from ._train import Callback, TrainingRun

__all__ = ["MLflow", "TensorBoard"]


def _curves(progress: Progress) -> Iterator[Tuple[str, float]]:
    """The values of this moment that have a curve, at the end of a sub epoch or of a meta epoch."""
    if progress.stage is Stage.TRAIN and progress.images_done == progress.images_total:
        yield "loss/train", progress.loss
    if progress.stage is Stage.EVALUATE:
        yield "loss/test", progress.loss
        yield "image_AUROC/last", progress.auroc_last
        yield "image_AUROC/max", progress.auroc_max


def _measured(metrics: Dict[str, Any]) -> Iterator[Tuple[str, float]]:
    """The saved model's metrics."""
    for name, value in metrics.items():
        if isinstance(value, dict) and isinstance(value.get("value"), (int, float)):
            yield name, float(value["value"])


class _Curves(Callback):
    """Gives values to `_write`, with sub epochs counted over the whole training."""

    def __init__(self) -> None:
        self._step = 0

    def _write(self, name: str, value: float, step: int) -> None:
        raise NotImplementedError

    def progress(self, progress: Progress) -> Optional[bool]:
        if progress.stage is Stage.TRAIN:
            self._step = progress.done
        for name, value in _curves(progress):
            if math.isfinite(value):
                self._write(name, value, self._step)
        return None


class TensorBoard(_Curves):
    """Writes loss and AUROC as scalars, the settings as text and, at the end, the saved model's metrics.

    `log_dir` is a folder for ``tensorboard --logdir``.
    """

    def __init__(self, log_dir: str) -> None:
        super().__init__()
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.summary_pb2 import Summary
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as missing:
            raise ImportError("TensorBoard needs: pip install tensorboard") from missing
        self._event, self._summary, self._writer = Event, Summary, EventFileWriter(str(log_dir))

    def _write(self, name: str, value: float, step: int) -> None:
        import time

        summary = self._summary(value=[self._summary.Value(tag=name, simple_value=value)])
        self._writer.add_event(self._event(wall_time=time.time(), step=step, summary=summary))

    def end(self, run: TrainingRun) -> None:
        for name, value in _measured(run.metrics):
            self._write(f"saved/{name}", value, self._step)
        self._writer.close()

    def failed(self, failure: BaseException) -> None:
        self._writer.close()


class MLflow(_Curves):
    """Logs settings as parameters, loss and AUROC as metrics, and at the end the saved model's and its files.

    Uses the active run, or starts one and ends it. With `artifacts` the results folder (model, report) is
    logged too.
    """

    def __init__(self, *, artifacts: bool = False, run_name: Optional[str] = None) -> None:
        super().__init__()
        try:
            import mlflow
        except ImportError as missing:
            raise ImportError("MLflow needs: pip install mlflow") from missing
        self._mlflow: Any = mlflow
        self._artifacts, self._run_name, self._started = artifacts, run_name, False

    def begin(self, settings: Dict[str, Any]) -> None:
        if self._mlflow.active_run() is None:
            self._mlflow.start_run(run_name=self._run_name)
            self._started = True
        self._mlflow.log_params({name: str(value)[:500] for name, value in settings.items()})

    def _write(self, name: str, value: float, step: int) -> None:
        self._mlflow.log_metric(name, value, step=step)

    def _finish(self, status: str) -> None:
        if self._started:
            self._mlflow.end_run(status)

    def end(self, run: TrainingRun) -> None:
        for name, value in _measured(run.metrics):
            self._write(f"saved/{name}", value, self._step)
        self._mlflow.set_tag("results_directory", str(run.results_directory))
        if self._artifacts:
            self._mlflow.log_artifacts(str(run.results_directory))
        self._finish("FINISHED")

    def failed(self, failure: BaseException) -> None:
        self._finish("KILLED" if isinstance(failure, KeyboardInterrupt) else "FAILED")
