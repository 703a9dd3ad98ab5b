"""Models: scores, threads, options, errors."""

import json
import math
import os
import pathlib
import shutil
import signal
import sys
import threading
import time

import differnet
import numpy as np
import pytest
from support import DATA, DEFECTIVE, GOOD, PICTURES, SMALL, pixels, same


def test_version():
    assert differnet.version().count(".") == 2


def test_paths_bytes_and_order(model):
    results = model.predict(PICTURES[:3])
    assert all(math.isfinite(r.raw_score) and r.rotations == 2 and r.elapsed_ms > 0 for r in results)
    assert same(model.predict_one(PICTURES[2].read_bytes()), results[2])
    assert same(model.predict_one(str(PICTURES[0])), results[0])
    assert isinstance(results[0].verdict, differnet.Verdict)


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
        assert (result.anomaly_map[~limited.roi] == 0).all() and (result.anomaly_map[limited.roi] > 0).all()


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
    with pytest.raises(FileExistsError, match="force"):
        model.export(tmp_path / "one.onnx")
    assert model.export(tmp_path / "one.onnx", force=True, half=True) == tmp_path / "one.onnx"
    with pytest.raises(ValueError, match="jpeg"):
        differnet.export(run.model_path, tmp_path / "x", "jpeg")


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


def test_evaluate(model, run, tmp_path):
    metrics = model.evaluate(output=tmp_path, title="Line 4", note="night <shift>", progress=False)
    assert metrics["image_AUROC"] == run.metrics["image_AUROC"]
    report = (tmp_path / "report.html").read_text()
    assert (tmp_path / "scores.csv").exists() and "Line 4" in report and "night &lt;shift&gt;" in report
    other = model.evaluate(DATA["dataset_path"], "dummy_class", maps=True, progress=False)
    assert other["good_count"] == 8 and "pixel_AUROC" in other and "pixel_AUROC" not in metrics
    with pytest.raises(differnet.Error, match="nowhere"):
        model.evaluate(tmp_path / "nowhere", progress=False)
    with pytest.raises(differnet.Cancelled):
        model.evaluate(progress=lambda _: False)


def test_calibrate(run, tmp_path):
    path = tmp_path / "model.safetensors"
    shutil.copy(run.model_path, path)
    with differnet.Model.load(path, review_rate=0.2) as model:
        before, first = model.id, model.predict_one(PICTURES[0])
        found = model.calibrate(threshold=1.25)
        assert found["threshold"] == 1.25 and model.id != before
        second = model.predict_one(PICTURES[0])
        assert same(second, first) and second.threshold == 1.25 and second.model_id == model.id
        assert model.judges and model.info()["metadata"]["calibration"]
        with pytest.raises(differnet.DataError, match="force|--force|10"):
            model.calibrate(GOOD.parents[1] / "test/good", progress=False)
        later, held = tmp_path / "later.safetensors", model.id
        new = {"images": GOOD.parents[1] / "test/good", "force": True, "false_reject_rate": 0.2, "progress": False}
        counts = model.calibrate(**new, output=later)
        assert counts["threshold"] != 1.25 and model.id == held
        assert model.calibrate(**new, dry_run=True)["threshold"] == counts["threshold"]
        assert model.predict_one(PICTURES[0]).threshold == 1.25
        model.calibrate(undo=True, progress=False)
        assert model.predict_one(PICTURES[0]).threshold != 1.25
    assert differnet.Model.load(later).predict_one(PICTURES[0]).threshold == counts["threshold"]


def test_pictures_unlike_training(run):
    black = np.zeros((400, 400, 3), np.uint8)
    with differnet.Model.load(run.model_path, threshold=100) as model:
        assert model.predict_one(black).verdict is differnet.Verdict.REVIEW
        assert model.predict_one(black).reason == "unlike_training"
    with differnet.Model.load(run.model_path, threshold=100, unlike="warn", low_rate=-1) as model:
        result = model.predict_one(black)
        assert result.verdict is differnet.Verdict.PASS and result.warnings
    with pytest.raises(ValueError, match="unlike"):
        differnet.Model.load(run.model_path, unlike="ignore")


def test_options_of_load(run):
    with differnet.Model.load(run.model_path, threshold=9.5, rotations=1, early_exit=0.99, concurrency=2) as model:
        result = model.predict_one(PICTURES[0])
        assert result.threshold == 9.5 and result.rotations == 1 and result.verdict is differnet.Verdict.PASS
    assert "closed" in repr(model) and str(run.model_path) in repr(model)
    with pytest.raises(differnet.FileError):
        differnet.Model.load(run.model_path, backbone="nowhere.pth")


def test_a_model_that_is_scored_at_other_angles(run, tmp_path):
    with differnet.Model.load(run.model_path) as model:
        assert model.warning is None
    fixed = differnet.train(SMALL, train_rotations="even:2", n_transforms_test=2, output=tmp_path, progress=False)
    with fixed.load(rotations=3) as model:
        assert "rotations" in model.warning


def test_tiles(tmp_path):
    good = tmp_path / "data/part/train/good"
    good.mkdir(parents=True)
    for i in range(4):
        (good / f"{i}.pgm").write_bytes(b"P5 112 64 255\n" + pixels(64, 112)[..., 0].tobytes())
    given = {key: SMALL[key] for key in SMALL if not key.startswith(("img_size", "n_transforms"))}
    config = dict(given, dataset_path=str(tmp_path / "data"), class_name="part", output=str(tmp_path), tiles=64)
    run = differnet.train(config, progress=False)
    with differnet.Model.load(run.model_path) as tiled:
        plain, mapped = tiled.predict_one(pixels(64, 112)), tiled.predict_one(pixels(64, 112), maps=True)
    assert same(plain, mapped) and plain.tiles["count"] == plain.rotations == 2
    assert plain.tiles["worst"] in ({"x": x, "y": 0, "w": 64, "h": 64} for x in (0, 48))
    assert mapped.anomaly_map.shape == (64, 112) and mapped.tiles == plain.tiles


def standard_of(path):
    data = pathlib.Path(path).read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    first, last = json.loads(data[8:end])["tiles.standard"]["data_offsets"]
    return np.frombuffer(data[end + first : end + last], "<f4").reshape(-1, 2).astype(np.float64)


def test_tiles_cut_by_hand(tmp_path):
    """What docs/tiles.md says of tiling outside: cut, standardise, take the largest."""
    good = tmp_path / "data/part/train/good"
    good.mkdir(parents=True)
    for i in range(7):
        noisy = pixels(64, 112)[..., 0] // 2 + np.random.default_rng(i).integers(0, 99, (64, 112), dtype=np.uint8)
        (good / f"{i}.pgm").write_bytes(b"P5 112 64 255\n" + noisy.tobytes())
    given = {key: SMALL[key] for key in SMALL if not key.startswith(("img_size", "n_transforms"))}
    config = dict(given, dataset_path=str(tmp_path / "data"), class_name="part", output=str(tmp_path), tiles=64)
    run = differnet.train(config, progress=False)
    picture, (pooled, *own) = pixels(64, 112), standard_of(run.model_path)
    with differnet.Model.load(run.model_path) as model:
        whole = model.predict_one(picture)
        parts = [model.predict_one(picture[:, x : x + 64]).raw_score for x in (0, 48)]
    values = [math.exp(pooled[0] + pooled[1] * (math.log(u) - m) / s) for u, (m, s) in zip(parts, own)]
    assert len(own) == 2 and whole.raw_score == pytest.approx(max(values), rel=1e-5)
    assert whole.tiles["worst"]["x"] == (0, 48)[values.index(max(values))]


def test_a_replaced_file_is_noticed(run, tmp_path):
    path = tmp_path / "model.safetensors"
    shutil.copy(run.model_path, path)
    with differnet.Model.load(path) as model:
        with differnet.Model.load(path) as other:
            other.calibrate(threshold=3.5)
        with pytest.raises(differnet.FileError, match="replaced"):
            model.evaluate(maps=True, progress=False)


def test_info_and_verify(run, model):
    assert model.info()["metadata"]["format"] == "differnet-1"
    assert "parameters" in differnet.info()
    same_pictures, found = differnet.verify(run.model_path)
    assert same_pictures and found
    assert not differnet.verify(run.model_path, DEFECTIVE, "")[0]


def test_progress_of_predict(model):
    seen = []
    model.predict(PICTURES[:2], progress=seen.append)
    assert [(p.done, p.total) for p in seen] == [(1, 2), (2, 2)]
    with pytest.raises(differnet.Cancelled):
        model.predict(PICTURES[:2], progress=lambda _: False)


def test_an_interrupt_ends_scoring(model):
    def pictures():
        yield PICTURES[0]
        threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()
        while True:
            yield PICTURES[1]

    with pytest.raises(KeyboardInterrupt):
        model.predict(pictures())
    assert model.predict_one(PICTURES[0]).error is None
