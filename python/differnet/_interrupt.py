"""Ctrl-C while the library computes."""

from __future__ import annotations

import ctypes as c
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Callable, List, Optional, Tuple, Type

from ._errors import Cancelled
from ._library import check
from ._structs import SHOULD_STOP


class Interrupts:
    """Keeps SIGINT for later, within ``with``; on leaving, hands it to the handler that was there before.

    ctypes drops an exception that a signal handler raises in a callback before the callback's first ``try``.
    So the handler here only notes the signal; `deliver` runs the real one where its exception can be caught.
    Does nothing outside the main thread, where Python runs no signal handlers.
    """

    def __init__(self) -> None:
        self._pending: List[Tuple[int, Optional[FrameType]]] = []
        self._previous: Optional[Callable[[int, Optional[FrameType]], Any]] = None

    def _note(self, number: int, frame: Optional[FrameType]) -> None:
        self._pending.append((number, frame))

    def deliver(self) -> None:
        """Raises what the previous handler raises, such as KeyboardInterrupt, if a signal came."""
        while self._pending and self._previous is not None:
            self._previous(*self._pending.pop())

    def __enter__(self) -> Interrupts:
        previous = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(previous):
            self._previous = previous
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], raised: Optional[BaseException], _: Optional[TracebackType]
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self.deliver()


def check_interruptibly(function: str, *arguments: Any, options: Any, after: Tuple[Any, ...]) -> None:
    """check() of a function that asks `options`' should_stop whether to continue; Ctrl-C stops it."""
    failures: List[BaseException] = []

    def asked(_: Any) -> int:
        try:
            interrupts.deliver()
        except BaseException as failure:  # noqa: BLE001 - KeyboardInterrupt as well
            failures.append(failure)
        return int(bool(failures))

    with Interrupts() as interrupts:
        options.should_stop = SHOULD_STOP(asked)
        try:
            check(function, *arguments, c.byref(options), *after)
        except Cancelled:
            if not failures:
                raise
        if failures:
            raise failures[0]
