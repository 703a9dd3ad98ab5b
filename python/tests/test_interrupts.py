"""Ctrl-C at random moments."""

import json
import os
import random
import signal
import threading
import time

import differnet
import pytest
from support import SMALL


def interrupted(folder, after):
    """Trains with a Ctrl-C after so many seconds; how often progress was still told."""
    seen, at_signal = [], []

    def press():
        at_signal.append(len(seen))
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, press)
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        differnet.train(dict(SMALL, output=folder), progress=seen.append)
        timer.join()
        signal.sigtimedwait([], 60)  # the training was faster
    timer.join()
    return len(seen) - at_signal[0]


def test_interrupts_at_random_moments(tmp_path):
    """DIFFERNET_INTERRUPTS says how many."""
    start, handler = time.monotonic(), signal.getsignal(signal.SIGINT)
    differnet.train(dict(SMALL, output=tmp_path / "whole"))
    duration, moments = time.monotonic() - start, random.Random(1)
    for i in range(int(os.environ.get("DIFFERNET_INTERRUPTS", "100"))):
        folder = tmp_path / str(i)
        assert interrupted(folder, moments.uniform(0, duration)) <= 2
        assert signal.getsignal(signal.SIGINT) is handler
        for path in folder.rglob("model.safetensors"):
            differnet.Model.load(path).close()
        for path in folder.rglob("metrics.json"):
            json.loads(path.read_text())
