"""Trainings: settings, plain folders, callbacks, stopping and resuming."""

import os
import signal

import differnet
import numpy as np
import pytest
from support import GOOD, NETWORK, PICTURES, SMALL


def test_training_left_its_results(run):
    assert run.results_directory.name == "v1"
    assert run.model_path.exists()
    assert "image_AUROC" in run.metrics


def test_plain_folders(tmp_path):
    settings = NETWORK
    run = differnet.train(dict(settings, output=tmp_path), good=GOOD, bad=[PICTURES[0], str(PICTURES[1])])
    assert run.results_directory == tmp_path / "DifferNet/train/all/v1"
    assert run.metrics["defect_count"] == 2
    with differnet.Model.load(tmp_path / "DifferNet/train/all") as model:
        assert model.id
    with pytest.raises(ValueError):
        differnet.train(SMALL, good=GOOD)
    with pytest.raises(ValueError):
        differnet.train(bad=PICTURES)


def test_stopping_a_training(tmp_path):
    with pytest.raises(differnet.Cancelled):
        differnet.train(dict(SMALL, output=tmp_path), progress=lambda _: False)

    def fail(_):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        differnet.train(dict(SMALL, output=tmp_path), progress=fail)
    assert not list(tmp_path.rglob("model.safetensors"))


def test_a_failure_in_the_report_is_raised(tmp_path):
    """There cancelling only shortens the report, and the training succeeds."""

    def fail(progress):
        if progress.stage is differnet.Stage.REPORT:
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


def test_keywords_files_and_numpy(tmp_path):
    lines = [f"{key}: {value}" for key, value in SMALL.items()]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    run = differnet.train(
        tmp_path / "config.yaml",
        seed=np.int64(7),
        lr_init=np.float32(0.001),
        img_size=np.array([96, 96]),
        norm_mean=(0.5, 0.5, 0.5),
        transf_rotations=np.bool_(False),
        backbone=None,
        output=tmp_path,
        progress=False,
    )
    kept = (run.results_directory / "config.yaml").read_text()
    assert "seed: 7\n" in kept and "norm_mean: [0.5, 0.5, 0.5]" in kept and "transf_rotations: false" in kept
    assert run.seconds > 0
    with run.load(threads=np.int32(1)) as model:
        assert model.info()["metadata"]["seed"] == "7"


def test_wrong_settings():
    with pytest.raises(differnet.ConfigError, match="meta_epochs"):
        differnet.train(meta_epoch=1)
    with pytest.raises(ValueError, match="lr_init"):
        differnet.train(lr_init=-1)
    with pytest.raises(TypeError, match="seed is set"):
        differnet.train(seed={1})
    with pytest.raises(differnet.FileError):
        differnet.train("nowhere.yaml")
    with pytest.raises(ValueError, match=r"\|"):
        differnet.train(good="a|b")


def test_config_keys():
    keys = differnet.config_keys()
    assert keys["lr_init"].default == "0.0002" and "learning rate" in keys["lr_init"].comment
    assert set(SMALL) <= set(keys)


def test_a_stopped_training_is_resumed(tmp_path):
    settings = dict(SMALL, sub_epochs=2, output=tmp_path / "a")
    whole = differnet.train(dict(settings, output=tmp_path / "b"), progress=False)
    for how in ("directory", "newest"):
        with pytest.raises(differnet.Cancelled) as stopped:
            differnet.train(settings, progress=lambda p: p.stage is not differnet.Stage.TRAIN)
        folder = stopped.value.results_directory
        run = differnet.train(
            None if how == "directory" else settings,
            resume=folder if how == "directory" else True,
            progress=False,
        )
        assert run.results_directory == folder
        assert run.model_path.read_bytes() == whole.model_path.read_bytes()
    with pytest.raises(differnet.Error):
        differnet.train(settings, resume=True, progress=False)  # none is unfinished


def test_messages_go_to_the_logger(tmp_path, caplog):
    with caplog.at_level("INFO", "differnet"):
        differnet.train(SMALL, output=tmp_path, progress=False)
    assert any(record.levelname == "WARNING" for record in caplog.records)

    def fail(_):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        differnet.train(SMALL, output=tmp_path, progress=False, message=fail)


def test_callbacks(tmp_path):
    class Told(differnet.Callback):
        def __init__(self):
            self.calls = []

        def begin(self, settings):
            self.calls.append(settings["seed"])

        def progress(self, progress):
            self.calls.append(progress.stage)

        def end(self, run):
            self.calls.append(run.metrics["good_count"])

        def failed(self, failure):
            self.calls.append(type(failure))

    told, seen = Told(), []
    differnet.train(SMALL, output=tmp_path, seed=3, callbacks=[told], progress=seen.append)
    assert told.calls[0] == 3 and told.calls[-1] == 8 and differnet.Stage.TRAIN in told.calls and seen
    with pytest.raises(differnet.Cancelled):
        differnet.train(SMALL, output=tmp_path, seed=3, callbacks=[told], progress=lambda _: False)
    assert told.calls[-1] is differnet.Cancelled
    differnet.train(SMALL, output=tmp_path, seed=3, callbacks=[differnet.Callback()], progress=False)


def test_check():
    found = differnet.check(SMALL["dataset_path"], progress=False)
    assert found["to_fix"] == 0 and found["classes"][0]["images"] == 20
    assert differnet.check(good=GOOD, bad=PICTURES[:2], progress=False)["classes"][0]["images"] == 6
    assert differnet.check(SMALL["dataset_path"], "dummy_class", progress=False)["classes"][0]["class"] == "dummy_class"
    with pytest.raises(differnet.Error, match="nowhere"):
        differnet.check("nowhere", progress=False)
