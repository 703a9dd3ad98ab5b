"""The package on the real library, with a small network on the dummy data set."""

import ctypes
import math
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import differnet
import numpy as np
import pytest
from differnet import _library, _train

ROOT = Path(__file__).resolve().parents[2]
SMALL = {
    "dataset_path": str(ROOT / "dummy_dataset"),
    "class_name": "dummy_class",
    "img_size": [96, 96],
    "n_scales": 1,
    "fc_internal": 32,
    "n_coupling_blocks": 2,
    "n_transforms": 1,
    "n_transforms_test": 2,
    "meta_epochs": 1,
    "sub_epochs": 1,
}
PICTURES = sorted((ROOT / "dummy_dataset/dummy_class/test/anomaly").glob("*.png"))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    seen, messages = [], []
    config = dict(SMALL, output=tmp_path_factory.mktemp("results"))
    run = differnet.train(config, progress=seen.append, message=messages.append)
    assert any(p.stage is _train.Stage.TRAIN and p.loss == p.loss for p in seen)
    counted = [p for p in seen if p.stage is not _train.Stage.REPORT]
    assert counted[-1].done == counted[-1].total > 0
    assert all(isinstance(text, str) and text for text in messages)
    return run


@pytest.fixture(scope="module")
def model(run):
    with differnet.Model.load(run.model_path) as model:
        yield model


def pixels(height=70, width=90):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 3 % 256, y * 2 % 256, (x + y) % 256], axis=2).astype(np.uint8)


def same(a, b):
    return a.raw_score == b.raw_score and a.score_std == b.score_std


def test_version():
    assert differnet.version().count(".") == 2


def test_training_left_its_results(run):
    assert run.results_directory.name == "v1"
    assert run.model_path.exists()
    assert "image_AUROC" in run.metrics


def test_paths_bytes_and_order(model):
    results = model.predict(PICTURES[:3])
    assert all(math.isfinite(r.raw_score) and r.rotations == 2 and r.elapsed_ms > 0 for r in results)
    assert same(model.predict_one(PICTURES[2].read_bytes()), results[2])
    assert same(model.predict_one(str(PICTURES[0])), results[0])
    assert isinstance(results[0].verdict, differnet.Verdict)


def test_plain_folders(tmp_path):
    good = ROOT / "dummy_dataset/dummy_class/train/good"
    settings = {key: value for key, value in SMALL.items() if key not in ("dataset_path", "class_name")}
    run = differnet.train(dict(settings, output=tmp_path), good=good, bad=[PICTURES[0], str(PICTURES[1])])
    assert run.results_directory == tmp_path / "DifferNet/train/all/v1"
    assert run.metrics["defect_count"] == 2
    with differnet.Model.load(tmp_path / "DifferNet/train/all") as model:
        assert model.id
    with pytest.raises(ValueError):
        differnet.train(SMALL, good=good)
    with pytest.raises(ValueError):
        differnet.train(bad=PICTURES)


def test_region_of_interest(model, tmp_path):
    assert model.roi is None
    mask = np.zeros((96, 96), np.uint8)
    mask[:, :40] = 255
    (tmp_path / "mask.pgm").write_bytes(b"P5 96 96 255\n" + mask.tobytes())
    run = differnet.train(dict(SMALL, output=tmp_path / "results", roi=tmp_path / "mask.pgm"))
    image = pixels(96, 96)
    elsewhere = image.copy()
    elsewhere[:, 40:] = 7
    with differnet.Model.load(run.model_path) as limited:
        assert limited.roi.dtype == bool and (limited.roi == (mask > 0)).all()
        result = limited.predict_one(image, maps=True)
        assert same(limited.predict_one(elsewhere), result)
        assert (result.map.values[~limited.roi] == 0).all() and (result.map.values[limited.roi] > 0).all()


def test_arrays(model):
    image = pixels()
    expected = model.predict_one(image)
    padded = np.zeros((70, 128, 3), np.uint8)
    padded[:, :90] = image
    assert same(model.predict_one(padded[:, :90]), expected)  # a stride, no copy
    assert same(model.predict_one(np.asfortranarray(image)), expected)
    assert same(model.predict_one(image[:, :, ::-1][:, :, ::-1]), expected)
    assert same(model.predict_one(image[::-1][::-1]), expected)
    assert not same(model.predict_one(image[:, :, ::-1]), expected)  # BGR is another picture
    grey = np.ascontiguousarray(image[:, :, 0])
    assert same(model.predict_one(grey), model.predict_one(np.repeat(grey[:, :, None], 3, axis=2)))
    batch = model.predict(np.stack([image, image[::-1]]))
    assert same(batch[0], expected) and not same(batch[1], expected)


def test_maps(model):
    plain, mapped = model.predict_one(PICTURES[0]), model.predict([PICTURES[0]], maps=True)[0]
    assert plain.map is None
    assert mapped.raw_score == pytest.approx(plain.raw_score, rel=1e-5)
    assert mapped.map.values.shape == (96, 96) and mapped.map.values.dtype == np.float32
    assert np.isfinite(mapped.map.values).all() and mapped.map.values.max() > 0
    for region in mapped.map.regions:
        assert region.area > 0 and region.x <= region.centroid[0] <= region.x + region.width


def test_tiles(tmp_path):
    good = tmp_path / "data/part/train/good"
    good.mkdir(parents=True)
    for i in range(4):
        (good / f"{i}.pgm").write_bytes(b"P5 112 64 255\n" + pixels(64, 112)[..., 0].tobytes())
    given = {key: SMALL[key] for key in SMALL if not key.startswith(("img_size", "n_transforms"))}
    config = dict(given, dataset_path=str(tmp_path / "data"), class_name="part", output=str(tmp_path), tiles=64)
    run = differnet.train(config)
    with differnet.Model.load(run.model_path) as tiled:
        plain, mapped = tiled.predict_one(pixels(64, 112)), tiled.predict_one(pixels(64, 112), maps=True)
    assert same(plain, mapped) and plain.tiles["count"] == plain.rotations == 2
    assert plain.tiles["worst"] in ({"x": x, "y": 0, "w": 64, "h": 64} for x in (0, 48))
    assert mapped.anomaly_map.shape == (64, 112) and mapped.tiles == plain.tiles


def test_wrong_arguments(model):
    with pytest.raises(TypeError, match="float64"):
        model.predict_one(pixels().astype(float))
    with pytest.raises(ValueError, match=r"\[height, width, 3\]"):
        model.predict_one(np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(TypeError, match="predict_one"):
        model.predict("part.png")
    with pytest.raises(differnet.Error):
        model.predict_one(np.zeros((0, 4, 3), np.uint8))


def test_errors_are_exceptions(model, tmp_path):
    with pytest.raises(differnet.FileError, match="nowhere.png"):
        model.predict_one(tmp_path / "nowhere.png")
    with pytest.raises(differnet.FormatError):
        model.predict_one(b"not an image")
    with pytest.raises(differnet.ConfigError, match="n_scales"):
        differnet.train({"n_scale": 3})
    with pytest.raises(OSError):
        differnet.Model.load(tmp_path / "nowhere.safetensors")


def test_a_closed_model(run):
    model = differnet.Model.load(run.model_path)
    assert len(model.id) == 16
    model.close()
    model.close()
    with pytest.raises(ValueError, match="closed"):
        model.predict_one(PICTURES[0])


def test_threads_share_a_model(model):
    expected, found = model.predict(PICTURES[:2]), []
    workers = [threading.Thread(target=lambda: found.append(model.predict(PICTURES[:2]))) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 3
    assert all(same(a, b) for results in found for a, b in zip(results, expected))


def test_the_gil_is_released(model):
    """Python goes on in another thread while the library computes."""
    go, ran = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: (go.wait(), ran.set()))
    other.start()
    usual, end = sys.getswitchinterval(), time.monotonic() + 30
    sys.setswitchinterval(1000)  # now the other thread's turn comes only where the library gives it
    try:
        go.set()
        while not ran.is_set() and time.monotonic() < end:
            model.predict_one(PICTURES[0])  # again: a busy machine may be slow to wake the thread
        assert ran.is_set()
    finally:
        sys.setswitchinterval(usual)
        other.join()


def test_stopping_a_training(tmp_path):
    with pytest.raises(differnet.Cancelled):
        differnet.train(dict(SMALL, output=tmp_path), progress=lambda _: False)

    def fail(_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        differnet.train(dict(SMALL, output=tmp_path), progress=fail)
    assert not list(tmp_path.rglob("model.safetensors"))


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


def test_a_failure_in_the_report_is_raised(tmp_path):
    """There cancelling only shortens the report, and the training succeeds."""

    def fail(progress):
        if progress.stage is _train.Stage.REPORT:
            raise KeyError("late")

    with pytest.raises(KeyError, match="late"):
        differnet.train(dict(SMALL, output=tmp_path), progress=fail)


def test_an_interrupt_is_not_lost_in_a_callback(tmp_path):
    """A handler that raises before the callback's first try would be ignored by ctypes."""
    calls = []

    def press(_):
        calls.append(1)
        if len(calls) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        differnet.train(dict(SMALL, output=tmp_path), progress=press)
    assert len(calls) == 1
    assert not list(tmp_path.rglob("model.safetensors"))


def test_export_and_import(run, tmp_path, model):
    differnet.export(run.model_path, tmp_path / "weights.pth", "pytorch")
    differnet.import_weights(
        tmp_path / "weights.pth", tmp_path / "back.safetensors", {"img_size": [96, 96], "n_transforms_test": 2}
    )
    with differnet.Model.load(tmp_path / "back.safetensors") as back:
        assert same(back.predict_one(PICTURES[0]), model.predict_one(PICTURES[0]))
    differnet.export(run.model_path, tmp_path / "one.onnx", "onnx")
    differnet.export(run.model_path, tmp_path / "two.onnx", "onnx", rotations=2)
    table = 2 * 96 * 96 * 4  # which pixel goes where, for each rotation
    assert (tmp_path / "two.onnx").stat().st_size > (tmp_path / "one.onnx").stat().st_size + table
    with pytest.raises(ValueError, match="jpeg"):
        differnet.export(run.model_path, tmp_path / "x", "jpeg")


STRUCTS = {
    "dn_error": _library.ErrorStruct,
    "dn_result": _library.ResultStruct,
    "dn_image_source": _library.ImageSourceStruct,
    "dn_region": _library.RegionStruct,
    "dn_progress": _library.ProgressStruct,
    "dn_observer": _library.ObserverStruct,
    "dn_model_options": _library.ModelOptionsStruct,
    "dn_train_summary": _library.TrainSummaryStruct,
    "dn_export_options": _library.ExportOptionsStruct,
}


def test_structs_are_the_headers(tmp_path):
    """Sizes and offsets as the C compiler sees them in the headers."""
    lines = [f'printf("%zu\\n", sizeof({name}));' for name in STRUCTS]
    for name, struct in STRUCTS.items():
        lines += [f'printf("%zu\\n", offsetof({name}, {field[0]}));' for field in struct._fields_]
    (tmp_path / "layout.c").write_text(
        '#include "differnet_tools.h"\n#include <stdio.h>\nint main(void) {' + "\n".join(lines) + "return 0;}\n"
    )
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-I", ROOT / "include", tmp_path / "layout.c", "-o", tmp_path / "layout"], check=True)
    found = [int(n) for n in subprocess.run([tmp_path / "layout"], capture_output=True, check=True).stdout.split()]
    expected = [ctypes.sizeof(s) for s in STRUCTS.values()]
    expected += [getattr(s, field[0]).offset for s in STRUCTS.values() for field in s._fields_]
    assert found == expected


def test_precision(run, tmp_path):
    exact = differnet.Model.load(run.model_path, precision="f32", threads=1)
    assert exact.precision == "f32"
    score = exact.predict_one(PICTURES[0]).raw_score
    for precision in "bf16", "int8":
        with differnet.Model.load(run.model_path, precision=precision) as model:
            assert model.precision in ("f32", "bf16", precision)
            assert model.predict_one(PICTURES[0]).raw_score == pytest.approx(score, rel=0.05)
    with pytest.raises(differnet.ArgumentError, match="int4"):
        differnet.Model.load(run.model_path, precision="int4")
    narrow = differnet.train(dict(SMALL, output=tmp_path, precision="int8"))
    with differnet.Model.load(narrow.model_path) as model, differnet.Model.load(
        narrow.model_path, precision="int8"
    ) as asked:
        assert same(model.predict_one(PICTURES[0]), asked.predict_one(PICTURES[0]))
