"""What counts as a picture."""

import differnet
import numpy as np
import pytest
from support import DEFECTIVE, GOOD, PICTURES, ROOT, pixels, same


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


def test_wrong_arguments(model):
    with pytest.raises(TypeError, match="float64"):
        model.predict_one(pixels().astype(float))
    with pytest.raises(ValueError, match=r"\[height, width, 3\]"):
        model.predict_one(np.zeros((4, 4, 4), np.uint8))
    with pytest.raises(differnet.Error):
        model.predict_one(np.zeros((0, 4, 3), np.uint8))


def test_one_or_many(model, tmp_path):
    one = model.predict_one(PICTURES[0])
    for images in (PICTURES[0], str(PICTURES[0]), PICTURES[0].read_bytes(), [PICTURES[0]], (p for p in PICTURES[:1])):
        (result,) = model.predict(images)
        assert same(result, one)
    assert len(model.predict(pixels())) == 1
    assert len(model.predict(np.stack([pixels(), pixels()]))) == 2
    assert len(model.predict([pixels(), [PICTURES[0]], GOOD])) == 6
    assert len(model.predict(np.array([str(PICTURES[0]), str(PICTURES[1])]))) == 2


def test_folders_and_patterns(model, tmp_path):
    everything = [r.image_path for r in model.predict(DEFECTIVE)]
    assert everything == [str(path) for path in PICTURES]
    assert [r.image_path for r in model.predict(str(DEFECTIVE / "*.png"))] == everything
    assert [r.image_path for r in model.predict(str(DEFECTIVE.parent / "an*"))] == everything
    assert len(model.predict(str(ROOT / "dummy_dataset/**/good/00[01].png"))) == 4
    strange = tmp_path / "part[1].png"
    strange.write_bytes(PICTURES[0].read_bytes())
    (tmp_path / "part.png_overlay.png").write_bytes(PICTURES[0].read_bytes())
    (tmp_path / "part.txt").write_text("")
    assert [r.image_path for r in model.predict(strange)] == [str(strange)]
    assert [r.image_path for r in model.predict(str(tmp_path / "part*"))] == [str(strange)]
    with pytest.raises(differnet.FileError, match="no image matches"):
        model.predict(str(tmp_path / "*.tif"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(differnet.DataError, match="no images"):
        model.predict(tmp_path / "empty")


def test_a_bad_picture_is_one_result(model, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    results = model.predict([PICTURES[0], tmp_path / "broken.png", tmp_path / "nowhere.png", b"text", PICTURES[1]])
    assert [r.error is None for r in results] == [True, False, False, False, True]
    assert "nowhere.png" in results[2].error and results[2].image_path == str(tmp_path / "nowhere.png")
    bad = results[1]
    assert np.isnan(bad.raw_score) and bad.verdict is differnet.Verdict.NONE and bad.pred_label == -1
    assert bad.to_dict()["error"] == bad.error and bad.time
    assert results[3].image_path is None
    assert model.predict(tmp_path / "nowhere.png", maps=True)[0].anomaly_map is None


def test_hints(model):
    for wrong, hint in (
        (pixels() / 255.0, "255"),
        (pixels() > 3, "uint8"),
        (pixels().astype(np.uint16), "levels"),
    ):
        with pytest.raises(TypeError, match=hint):
            model.predict(wrong)
    with pytest.raises(ValueError, match="transpose"):
        model.predict_one(pixels().transpose(2, 0, 1))
    with pytest.raises(ValueError, match="alpha"):
        model.predict_one(np.zeros((5, 5, 4), np.uint8))
    with pytest.raises(TypeError, match="dict"):
        model.predict_one({})


def test_what_has_array(model):
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            return pixels()

    assert same(model.predict(Tensor())[0], model.predict_one(pixels()))
    grey = pixels()[:, :, :1]
    assert same(model.predict(grey)[0], model.predict_one(grey[:, :, 0]))
    assert same(model.predict_one(bytearray(PICTURES[0].read_bytes())), model.predict_one(PICTURES[0]))


def test_an_iterator_is_not_drawn_ahead(model):
    drawn = []

    def camera():
        for i in range(3):
            drawn.append(i)
            yield pixels(40 + i, 40)

    for count, _ in enumerate(model.stream(camera()), 1):
        assert len(drawn) == count


def test_pil(model):
    image = pytest.importorskip("PIL.Image")
    picture = image.open(PICTURES[0])
    expected = model.predict_one(PICTURES[0])
    assert same(model.predict(picture)[0], expected)
    assert same(model.predict([picture.convert("RGBA")])[0], expected)
    grey = picture.convert("L")
    assert same(model.predict(grey)[0], model.predict_one(np.asarray(grey)))
    with pytest.raises(TypeError, match="levels"):
        model.predict(grey.convert("I"))


def test_torch(model):
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(pixels())
    assert same(model.predict(tensor)[0], model.predict_one(pixels()))
    assert same(model.predict(torch.stack([tensor, tensor]))[1], model.predict_one(pixels()))
    with pytest.raises(ValueError, match="permute"):
        model.predict(tensor.permute(2, 0, 1))
    with pytest.raises(TypeError, match="255"):
        model.predict(tensor.float())
