"""The same pictures through C, the command, Python and ONNX.

The first three are one library: their numbers are equal to the last bit. ONNX Runtime adds in another order; its
scores differ by BOUND at most, the bound of tools/interchange.py, and its verdicts are the same.
"""

import json
import subprocess
from pathlib import Path

import differnet
import numpy as np
import pytest
from differnet import _library
from support import COMMAND, DEFECTIVE, ROOT, SMALL

BOUND = 1e-4
FORMATS = ROOT / "tests/fixtures/formats"
PICTURES = [DEFECTIVE.parent / name for name in ("good/000.png", "good/001.png", "anomaly/000.png", "anomaly/001.png")]
PICTURES += [FORMATS / f"part.{kind}" for kind in ("bmp", "jpg", "pgm", "png", "ppm", "tif", "webp")]
VERDICTS = [differnet.Verdict.PASS, differnet.Verdict.REVIEW, differnet.Verdict.FAIL]

PROGRAM = r"""
#include <differnet.h>
#include <stdio.h>
int main(int count, char **words) { /* MODEL PICTURE... */
    dn_error error = {DN_OK, ""};
    dn_model *model = NULL;
    if (dn_model_open(words[1], NULL, &model, &error) != DN_OK)
        return 1;
    for (int i = 2; i < count; i++) {
        dn_result result = DN_INIT(dn_result);
        if (dn_model_score_file(model, words[i], &result, &error) != DN_OK)
            return 1;
        printf("%.17g %.17g %d %s\n", result.raw_score, result.pred_score, result.pred_label,
               dn_verdict_name(result.verdict));
    }
    dn_model_close(model);
    return 0;
}
"""


@pytest.fixture(scope="module", params=["paper", "places"])
def trained(request, run, tmp_path_factory):
    """A model of the paper's kind, and one whose score and map have a part of places."""
    if request.param == "paper":
        return run.model_path
    folder = tmp_path_factory.mktemp("places")
    return differnet.train(SMALL, places="gaussian", output=folder, progress=False, message=lambda _: None).model_path


@pytest.fixture(scope="module")
def rows(trained):
    """Python's rows, the pictures given as paths; map and mask are looked at where ONNX has them."""
    with differnet.Model.load(trained, unlike="warn") as model:
        return list(model.predict(PICTURES, maps=True))


def numbers(row):
    return row["raw_score"], row["pred_score"], row["pred_label"], row["verdict"]


def test_python_has_one_way(trained, rows):
    image = pytest.importorskip("PIL.Image")
    with differnet.Model.load(trained, unlike="warn") as model:
        for path, row in zip(PICTURES, rows):
            pixels = np.asarray(image.open(path).convert("RGB"))
            for same in (path.read_bytes(), pixels):
                assert numbers(model.predict_one(same).to_dict()) == numbers(row.to_dict())


def test_the_command(trained, rows):
    if not COMMAND.exists():
        pytest.skip("the command is not built")
    words = [COMMAND, "predict", trained, *PICTURES, "--unlike", "warn"]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    printed = [json.loads(line) for line in said.splitlines()]
    assert [numbers(row) for row in printed] == [numbers(row.to_dict()) for row in rows]


def test_a_program_in_c(trained, rows, tmp_path):
    found = Path(_library.library._name)
    if not found.exists():
        pytest.skip("the library has no path")
    (tmp_path / "scores.c").write_text(PROGRAM)
    libraries = [found, f"-Wl,-rpath,{found.parent}", "-Wl,--unresolved-symbols=ignore-in-shared-libs"]
    subprocess.run(["cc", "-I", ROOT / "include", tmp_path / "scores.c", "-o", tmp_path / "scores", *libraries], check=True)
    said = subprocess.run([tmp_path / "scores", trained, *PICTURES], check=True, capture_output=True, text=True).stdout
    for line, row in zip(said.splitlines(), rows):
        raw, pred, label, verdict = line.split()
        assert (float(raw), float(pred), int(label)) == numbers(row.to_dict())[:3]
        assert verdict == row.verdict.name or row.warnings  # the default takes a picture unlike all others to REVIEW
    assert len(said.splitlines()) == len(rows)


def near(found, expected):
    return abs(found - expected) <= BOUND * max(1, abs(expected))


def test_onnx(trained, rows, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    image = pytest.importorskip("PIL.Image")
    graph = differnet.export(trained, tmp_path / "model.onnx", "onnx", rotations=SMALL["n_transforms_test"])
    session = runtime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    size = tuple(SMALL["img_size"])
    resized = [image.open(path).convert("RGB").resize(size, image.Resampling.BILINEAR) for path in PICTURES]
    names = [output.name for output in session.get_outputs()]
    values = dict(zip(names, session.run(None, {"images": np.stack([np.asarray(picture) for picture in resized])})))
    assert {"raw_score", "pred_score", "pred_label", "verdict"} <= set(names)
    assert ({"anomaly_map", "pred_mask", "places_score"} <= set(names)) == ("places" in str(trained))
    for k, row in enumerate(rows):
        assert near(values["raw_score"][k], row.raw_score) and near(values["pred_score"][k], row.pred_score)
        if near(row.raw_score, row.threshold) or near(row.raw_score, row.review_threshold):
            continue  # the picture that gave the threshold
        assert values["pred_label"][k] == row.pred_label
        assert VERDICTS[values["verdict"][k]] is row.verdict
        if "anomaly_map" in names:
            assert np.abs(values["anomaly_map"][k, 0] - row.anomaly_map).max() <= BOUND * max(1, row.anomaly_map.max())
            assert values["pred_mask"][k].any() == bool(row.regions)
