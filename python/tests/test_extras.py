"""tqdm, pandas, scikit-learn, TensorBoard, MLflow: each is tested where it is installed."""

import pickle
import sys
import types

import differnet
import numpy as np
import pytest
from support import GOOD, NETWORK, PICTURES, SMALL, pixels


class Drawn:
    """What a bar of tqdm was told."""

    bars = []

    def __init__(self, total, desc):
        self.total, self.desc, self.n, self.postfix, self.closed = total, desc, 0, {}, False
        Drawn.bars.append(self)

    def update(self, n):
        self.n += n

    def set_postfix(self, shown, refresh):
        self.postfix = shown

    def close(self):
        self.closed = True


@pytest.fixture
def tqdm(monkeypatch):
    module = types.ModuleType("tqdm.auto")
    module.tqdm = Drawn
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    Drawn.bars = []
    return Drawn


def test_a_bar_of_training(tqdm, tmp_path):
    differnet.train(SMALL, output=tmp_path)
    by_name = {bar.desc: bar for bar in tqdm.bars}
    assert all(bar.closed for bar in tqdm.bars)
    assert by_name["train"].n == by_name["train"].total > 0 and "loss" in by_name["train"].postfix
    differnet.train(SMALL, output=tmp_path, callbacks=[differnet.Callback()])
    differnet.train(SMALL, output=tmp_path, progress=False)
    assert all(bar.closed for bar in tqdm.bars)


def test_a_bar_of_scoring(tqdm, model):
    model.predict(PICTURES[:3])
    assert not tqdm.bars
    model.predict(PICTURES[:3], progress=True)
    assert [(bar.desc, bar.n, bar.total, bar.closed) for bar in tqdm.bars] == [("score", 3, 3, True)]


def test_no_tqdm(monkeypatch, model):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    assert len(model.predict(PICTURES[:1], progress=True)) == 1


def test_pandas(model, tmp_path):
    pandas = pytest.importorskip("pandas")
    results = model.predict([PICTURES[0], tmp_path / "nowhere.png"], maps=True)
    frame = results.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 2
    assert list(frame.columns)[0] == "image_path" and {"raw_score", "verdict", "error", "regions"} <= set(frame.columns)
    assert frame["raw_score"][0] == results[0].raw_score and "nowhere" in frame["error"][1]


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("sklearn")
    from differnet.sklearn import DifferNetDetector

    few = dict(NETWORK, val_fraction=0.5)
    return DifferNetDetector(settings=few, false_reject_rate=0.2, threads=1).fit(sorted(GOOD.glob("*.png")))


def test_sklearn_scores(detector):
    scores = detector.score_samples(PICTURES[:4])
    assert scores.shape == (4,) and (scores < 0).all()
    assert np.allclose(detector.decision_function(PICTURES[:4]), scores - detector.offset_)
    predicted = detector.predict(PICTURES[:4])
    assert set(predicted) <= {1, -1} and ((predicted == -1) == (scores < detector.offset_)).all()
    assert [r.pred_label for r in detector.model_.predict(PICTURES[:4])] == [int(p < 0) for p in predicted]
    with pytest.raises(differnet.DataError):
        detector.predict([b"no image"])


def test_sklearn_arrays_and_parameters(detector, tmp_path):
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError

    fresh = clone(detector).set_params(output=tmp_path, settings=dict(NETWORK, val_fraction=0.5))
    assert fresh.get_params()["threads"] == 1
    with pytest.raises(NotFittedError):
        fresh.predict(PICTURES[:1])
    grey = np.stack([pixels()[:, :, 0]] * 2)
    pictures = [*np.stack([pixels(40 + i, 50)[:40] for i in range(4)]), grey[0]]
    assert fresh.fit_predict(pictures).shape == (5,)
    assert fresh.n_images_in_ == 5 and tmp_path in fresh.model_path_.parents


def test_sklearn_pickles(detector):
    again = pickle.loads(pickle.dumps(detector))
    assert (again.score_samples(PICTURES[:2]) == detector.score_samples(PICTURES[:2])).all()
    assert again.offset_ == detector.offset_


def test_sklearn_checks():
    estimator_checks = pytest.importorskip("sklearn.utils.estimator_checks")
    from differnet.sklearn import DifferNetDetector

    with pytest.warns(Warning, match="input"):  # the others need tables instead of pictures
        estimator_checks.check_estimator(DifferNetDetector(settings=NETWORK))


def test_tensorboard(tmp_path):
    pytest.importorskip("tensorboard")
    from differnet.callbacks import TensorBoard
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = tmp_path / "log"
    run = differnet.train(SMALL, sub_epochs=2, output=tmp_path, progress=False, callbacks=[TensorBoard(log)])
    found = EventAccumulator(str(log)).Reload()
    assert len(found.Scalars("loss/train")) == 2
    (last,) = found.Scalars("image_AUROC/last")
    assert last.value == pytest.approx(run.metrics["image_AUROC"]["value"])
    assert found.Scalars("saved/image_AUROC")[0].value == pytest.approx(last.value)
    with pytest.raises(differnet.Cancelled):
        stopping = TensorBoard(tmp_path / "stopped")
        differnet.train(SMALL, output=tmp_path, progress=lambda _: False, callbacks=[stopping])


def test_mlflow(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    from differnet.callbacks import MLflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # mlflow-skinny has no other
    mlflow.set_tracking_uri(tmp_path.joinpath("mlflow").as_uri())
    mlflow.set_experiment("parts")
    run = differnet.train(SMALL, seed=5, output=tmp_path, progress=False, callbacks=[MLflow(artifacts=True)])
    (kept,) = mlflow.search_runs(output_format="list")
    assert kept.data.params["seed"] == "5" and kept.info.status == "FINISHED"
    assert kept.data.metrics["saved/image_AUROC"] == run.metrics["image_AUROC"]["value"]
    assert any(artifact.path == "model.safetensors" for artifact in mlflow.artifacts.list_artifacts(run_id=kept.info.run_id))
    with pytest.raises(KeyError):

        def fail(_):
            raise KeyError("mine")

        differnet.train(SMALL, output=tmp_path, progress=fail, callbacks=[MLflow(run_name="failing")])
    assert {r.info.status for r in mlflow.search_runs(output_format="list")} == {"FINISHED", "FAILED"}


@pytest.mark.parametrize("package", ["tensorboard", "mlflow"])
def test_what_to_install_is_said(monkeypatch, tmp_path, package):
    import differnet.callbacks

    for name in ("mlflow", "tensorboard.compat.proto.event_pb2"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=f"pip install {package}"):
        differnet.callbacks.MLflow() if package == "mlflow" else differnet.callbacks.TensorBoard(tmp_path)
