"""Results: names, maps, tables."""

import json
import pickle
import re
import shutil
import subprocess

import differnet
import numpy as np
import pytest
from differnet import _result, _structs
from support import COMMAND, PICTURES, pixels

PICTURE = PICTURES[2]


@pytest.fixture(scope="module")
def model(run, tmp_path_factory):
    """One that rejects every picture, so that there are regions."""
    path = tmp_path_factory.mktemp("strict") / "model.safetensors"
    shutil.copy(run.model_path, path)
    with differnet.Model.load(path) as model:
        model.calibrate(threshold=0.5)
        yield model


@pytest.fixture(scope="module")
def mapped(model):
    return model.predict_one(PICTURE, maps=True)


def test_the_names_are_those_of_the_rows(mapped):
    row = mapped.to_dict()
    names = set(differnet.Result.__dataclass_fields__) | {"pred_mask"}
    assert set(row) <= names
    assert set(_result.csv_columns()) <= names
    assert set(row["regions"][0]) == set(differnet.Region.__dataclass_fields__)


def test_a_row_is_that_of_the_command(mapped, model):
    if not COMMAND.exists():
        pytest.skip("the command is not built")
    printed = subprocess.run(
        [COMMAND, "predict", model.path, PICTURE, "--regions"], capture_output=True, check=True, text=True
    )
    expected, row = json.loads(printed.stdout), mapped.to_dict()
    for changing in ("elapsed_ms", "time"):
        assert row.pop(changing) and expected.pop(changing)
    assert row == expected


def test_values_of_the_row_are_the_attributes(mapped):
    for name, value in mapped.to_dict().items():
        if name == "verdict":
            assert mapped.verdict is differnet.Verdict[value]
        elif name == "regions":
            assert [vars(region) for region in mapped.regions] == value
        elif name == "elapsed_ms":
            assert mapped.elapsed_ms == pytest.approx(value, abs=1e-3)
        else:
            assert getattr(mapped, name) == value


def test_maps(model, mapped):
    plain = model.predict_one(PICTURE)
    assert plain.anomaly_map is None and plain.regions is None and plain.pred_mask is None
    with pytest.raises(ValueError, match="maps=True"):
        plain.overlay()
    assert mapped.raw_score == pytest.approx(plain.raw_score, rel=1e-5)
    assert mapped.anomaly_map.shape == (96, 96) and mapped.anomaly_map.dtype == np.float32
    assert np.isfinite(mapped.anomaly_map).all() and mapped.anomaly_map.max() > 0
    assert mapped.overlay().shape == (400, 400, 3) and mapped.overlay().dtype == np.uint8
    assert mapped.pred_mask.shape == (400, 400) and mapped.pred_mask.dtype == np.bool_
    assert mapped.regions and mapped.map_threshold > 0
    inside = np.zeros((400, 400), bool)
    for region in mapped.regions:
        assert region.area > 0 and region.x <= region.centroid_x <= region.x + region.w
        inside[region.y : region.y + region.h, region.x : region.x + region.w] = True
    assert mapped.pred_mask.any() and (mapped.pred_mask & ~inside).mean() < 0.01


def test_maps_outlive_their_model_and_a_pickle(run):
    with differnet.Model.load(run.model_path) as model:
        result = model.predict_one(pixels(), maps=True)
    again = pickle.loads(pickle.dumps(result))
    assert (again.overlay() == result.overlay()).all() and (again.pred_mask == result.pred_mask).all()
    assert again.to_dict() == result.to_dict()
    assert pickle.loads(pickle.dumps(again))._repr_html_() == result._repr_html_()


def test_html(model, mapped):
    text = mapped._repr_html_()
    assert "FAIL" in text and str(PICTURE) in text and text.count("data:image/png;base64,") == 2
    results = model.predict([PICTURE, b"<b>no image</b>"])
    assert "FAIL" in results._repr_html_() and "<b>" not in results._repr_html_()
    assert "and 3 more" in differnet.Results([results[0]] * 103)._repr_html_()
    assert re.search("image|format", results[1]._repr_html_())


def test_short_texts_and_slices(model):
    results = model.predict([PICTURE, b"none", PICTURE])
    assert repr(results[0]).startswith(f"Result(image_path={str(PICTURE)!r}, verdict='FAIL', reason='above_threshold'")
    assert "error=" in repr(results[1]) and "raw_score" not in repr(results[1])
    assert isinstance(results[:2], differnet.Results) and results[:2] == results[0:2] and results[-1] is results[2]


def test_pictures_in_notebooks_are_pngs(model):
    large = np.zeros((3, 2000, 3), np.uint8)
    large[:, 4] = (1, 2, 3)
    png = _result._png(large)
    assert png.startswith(b"\x89PNG") and int.from_bytes(png[16:20], "big") == 500
    small = pixels(70, 90)
    assert model.predict_one(_result._png(small)).raw_score == model.predict_one(small).raw_score


def test_map_formats_of_the_library(mapped):
    with pytest.raises(differnet.ArgumentError):
        mapped._drawings.pixels(0)
    assert mapped._drawings.pixels(_structs.MAP_PNG).shape == (400, 400, 3)
