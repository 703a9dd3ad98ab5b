#!/usr/bin/env python3
"""interrupts.py COUNT [SEED]: Ctrl-C at COUNT random moments of training, evaluation, calibration and export.

After each: KeyboardInterrupt was raised, the previous handler is back, no file is half-written. Prints how long
the longest took; the last line is ``N interrupts, longest S s``.
"""

import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import differnet
from support import DATA, GOOD, SMALL


def press_during(work, after):
    """Runs work() with a Ctrl-C after so many seconds; the seconds from there to the exception."""
    pressed = []

    def press():
        pressed.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(after, press)
    try:
        timer.start()
        work()
        timer.join()
        signal.sigtimedwait([], 60)  # the work was faster
    except KeyboardInterrupt:
        return time.monotonic() - pressed[0]
    finally:
        timer.join()
    raise AssertionError("no KeyboardInterrupt")


def check_files(folder):
    """Everything in it is complete."""
    for path in folder.rglob("*"):
        assert ".tmp-" not in path.name, f"{path} was left behind"
    for path in folder.rglob("*.safetensors"):
        if path.name != "checkpoint.safetensors":
            differnet.Model.load(path).close()
    for path in folder.rglob("metrics.json"):
        json.loads(path.read_text())


class Works:
    """What is interrupted; each call is in a folder of its own."""

    def __init__(self, folder):
        self.model = differnet.train(SMALL, output=folder, progress=False).model_path

    def train(self, folder):
        differnet.train(SMALL, output=folder, progress=False)

    def evaluate(self, folder):
        with differnet.Model.load(self.model) as model:
            model.evaluate(DATA["dataset_path"], DATA["class_name"], maps=True, output=folder / "e", progress=False)

    def calibrate(self, folder):
        copy = folder / "model.safetensors"
        shutil.copy(self.model, folder / "copy")
        os.rename(folder / "copy", copy)
        with differnet.Model.load(copy) as model:
            model.calibrate(GOOD.parents[1] / "test/good", force=True, progress=False)

    def export(self, folder):
        differnet.export(self.model, folder / "model.onnx", "onnx", rotations=4)
        differnet.export(self.model, folder / "half.safetensors", "safetensors", half=True)

    def all(self):
        return [self.train, self.evaluate, self.calibrate, self.export]


def timed(work, folder):
    folder.mkdir()
    start = time.monotonic()
    work(folder)
    return time.monotonic() - start


def interrupt(count, seed, folder):
    """The longest delay, by the name of the work."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    moments, longest = random.Random(seed), {}
    works, handler = Works(folder / "model").all(), signal.getsignal(signal.SIGINT)
    duration = {work: timed(work, folder / f"whole-{work.__name__}") for work in works}
    exported = (folder / "whole-export/model.onnx").read_bytes()
    for i in range(count):
        work, place = works[i % len(works)], folder / str(i)
        place.mkdir()
        delay = press_during(lambda: work(place), moments.uniform(0, duration[work]))
        assert signal.getsignal(signal.SIGINT) is handler
        check_files(place)
        if (place / "model.onnx").exists():
            assert (place / "model.onnx").read_bytes() == exported
        longest[work.__name__] = max(delay, longest.get(work.__name__, 0))
        shutil.rmtree(place)
    return longest


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        longest = interrupt(count, seed, Path(folder))
    for name, delay in longest.items():
        print(f"{name}: longest {delay:.2f} s")
    print(f"{count} interrupts, longest {max(longest.values()):.2f} s")


if __name__ == "__main__":
    main()
