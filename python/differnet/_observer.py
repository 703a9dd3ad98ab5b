"""What a long call reports while it runs: progress, messages, a bar."""

from __future__ import annotations

import ctypes as c
import enum
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Iterable, Iterator, Optional, Type, Union

from ._errors import Cancelled
from ._interrupt import Interrupts
from ._library import check
from ._structs import ON_MESSAGE, ON_PROGRESS, ObserverStruct, ProgressStruct

logger = logging.getLogger("differnet")


class Stage(enum.Enum):
    """The stage of a long call."""

    TEST_FEATURES = 0
    TRAIN = 1
    EVALUATE = 2
    SCORE = 3
    CHECK = 4
    TRAIN_FEATURES = 5
    REPORT = 6  #: `total` is 0


@dataclass(frozen=True)
class Progress:
    """The progress of a long call; loss and AUROC are NaN where there is none."""

    stage: Union[Stage, int]  #: a number where this package does not know it yet
    done: int  #: sub epochs while training, else images
    total: int
    meta_epoch: int
    sub_epoch: int
    loss: float  #: mean training or evaluation loss
    auroc_last: float
    auroc_max: float
    images_done: int  #: of the running sub epoch
    images_total: int

    @classmethod
    def of_images(cls, stage: Stage, done: int, total: int) -> Progress:
        nan = float("nan")
        return cls(stage, done, total, 0, 0, nan, nan, nan, 0, 0)


#: None: a bar, where tqdm is installed; False: nothing; or what is called with each Progress.
ProgressOption = Union[None, bool, Callable[[Progress], Any]]
#: None: Python's logger "differnet"; or what is called with each text.
MessageOption = Optional[Callable[[str], Any]]


class Bar:
    """tqdm.auto's bar, one for each stage."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None
        self._stage: Union[Stage, int, None] = None

    def __call__(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self.close()
            stage = progress.stage
            name = stage.name.lower().replace("_", " ") if isinstance(stage, Stage) else str(stage)
            self._stage, self._bar = stage, self._tqdm(total=progress.total or None, desc=name)
        shown = {"loss": progress.loss, "AUROC": progress.auroc_last}
        known = {name: f"{value:.4f}" for name, value in shown.items() if value == value}
        self._bar.set_postfix(known, refresh=False)
        self._bar.update(progress.done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = self._stage = None


def _bar() -> Optional[Bar]:
    try:
        with warnings.catch_warnings():  # of a notebook without widgets, where a text does as well
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
    except ImportError:
        return None
    return Bar(tqdm)


def _progress(struct: ProgressStruct) -> Progress:
    known = [stage.value for stage in Stage]
    return Progress(
        stage=Stage(struct.stage) if struct.stage in known else struct.stage,
        **{name: getattr(struct, name) for name in Progress.__dataclass_fields__ if name != "stage"},
    )


def _log(text: str, severity: int) -> None:
    logger.log(logging.WARNING if severity else logging.INFO, "%s", text)


class Observer:
    """The library's observer, within ``with``. An exception in a callback, or Ctrl-C, stops the work.

    `call` makes the one call that is observed, and raises what stopped it.
    """

    def __init__(
        self, progress: ProgressOption, message: MessageOption, also: Iterable[Callable[[Progress], Any]] = ()
    ) -> None:
        self._bar = _bar() if progress is None or progress is True else None
        called = progress if callable(progress) else self._bar
        self._called = [each for each in (called, *also) if each is not None]
        self._message = message
        self._failure: Optional[BaseException] = None
        self._interrupts = Interrupts()
        self._struct = ObserverStruct(
            on_progress=ON_PROGRESS(self._on_progress), on_message=ON_MESSAGE(self._on_message)
        )
        self.pointer = c.byref(self._struct)

    def __enter__(self) -> Observer:
        self._interrupts.__enter__()
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], raised: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        self._interrupts.__exit__(kind, raised, trace)

    def call(self, function: str, *arguments: Any) -> None:
        try:
            check(function, *arguments)
        except Cancelled:
            if self._failure is None:
                raise
        if self._failure is not None:  # also where it came too late to stop anything
            raise self._failure

    def _on_progress(self, _: Any, struct: Any) -> int:
        stop = False
        try:
            self._interrupts.deliver()
            progress = _progress(struct.contents)
            stop = any([each(progress) is False for each in self._called])
        except BaseException as failure:  # noqa: BLE001 - KeyboardInterrupt as well
            self._failure = self._failure or failure
        return int(self._failure is not None or stop)

    def _on_message(self, _: Any, severity: int, text: bytes) -> None:
        try:
            words = text.decode("utf-8", "replace")
            if self._message is None:
                _log(words, severity)
            else:
                self._message(words)
        except BaseException as failure:  # noqa: BLE001
            self._failure = self._failure or failure


@contextmanager
def told(progress: ProgressOption) -> Iterator[Callable[[Progress], Any]]:
    """What to call with each Progress of work that Python does itself; False from it raises Cancelled."""
    bar = _bar() if progress is None or progress is True else None
    called = progress if callable(progress) else bar

    def tell(progress: Progress) -> None:
        if called is not None and called(progress) is False:
            raise Cancelled("the progress callback asked to stop")

    try:
        yield tell
    finally:
        if bar is not None:
            bar.close()
