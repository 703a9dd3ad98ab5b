"""pytest tools/pretrain: the same seed draws the same bytes, faults show, folding changes nothing."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import augment
import classes
import defects
import distil
import export
import network
import objects
import pool
import scaling
import textures
import train
from canvas import generator


def picture(seed, family, variant=0, index=0, size=64):
    r = classes.recipe(seed, family)
    return classes.render(r, classes.fault_of(r, variant), index, size)


@pytest.mark.parametrize("family", range(12))
def test_same_key_same_bytes_other_key_other_bytes(family):
    first, mask = picture(1, family, 1)
    again, mask_again = picture(1, family, 1)
    assert first.tobytes() == again.tobytes() and mask.tobytes() == mask_again.tobytes()
    assert first.tobytes() != picture(1, family, 1, index=1)[0].tobytes()
    assert first.tobytes() != picture(2, family, 1)[0].tobytes()


@pytest.mark.parametrize("kind", sorted(textures.FUNCTIONS))
def test_every_surface_draws_a_field_from_0_to_1(kind):
    field = textures.draw(textures.parameters(generator(3, len(kind)), [kind]), generator(4), 96)
    assert field.shape == (96, 96) and np.isfinite(field).all()
    assert field.min() >= 0 and field.max() <= 1
    assert field.std() > (0.001 if kind == "flat" else 0.02)


@pytest.mark.parametrize("kind", sorted(set(objects.KINDS)))
def test_every_part_covers_something_but_not_everything(kind):
    p = {**objects.parameters(generator(5), [kind]), "layout": "single", "count": 1, "size": 30.0}
    mask, _ = objects.coverage(p, generator(6), 128)
    assert 0.002 < mask.mean() < 0.9


@pytest.mark.parametrize("kind", defects.TRAINED + defects.HELD_OUT)
def test_every_fault_changes_the_picture_and_marks_where(kind):
    weave = textures.draw(textures.parameters(generator(7), ["weave"]), generator(8), 128)
    image = np.repeat(weave[:, :, None], 3, axis=2) * np.float32(0.8) + np.float32(0.1)
    p = {**defects.parameters(generator(9), [kind]), "size": 24.0}
    spoilt, mask = defects.apply(p, generator(10), image)
    changed = np.abs(spoilt - image).max(2)
    assert changed.max() > 0.1
    assert mask.max() > 0.3
    assert changed[mask > 0.3].mean() > 3 * changed[mask < np.quantile(mask, 0.3) + 1e-3].mean()


def test_held_out_faults_are_not_trained_on():
    assert not set(defects.HELD_OUT) & set(pool.FAULTS)


def test_a_batch_depends_on_seed_and_step_alone(tmp_path):
    pool.write(tmp_path, 1, 2, 2, 4, 1)
    reader = augment.PoolReader(tmp_path)
    first, again = augment.batch_of(reader, 1, 3, 8, 63), augment.batch_of(reader, 1, 3, 8, 63)
    for a, b in zip(first, again):
        assert np.array_equal(a, b, equal_nan=a.dtype == np.float32)
    assert not np.array_equal(first[0], augment.batch_of(reader, 1, 4, 8, 63)[0])


def test_two_views_of_a_picture_differ(tmp_path):
    pool.write(tmp_path, 1, 2, 2, 4, 1)
    images, _, targets, *_ = augment.batch_of(augment.PoolReader(tmp_path), 1, 0, 8, 63, views=2)
    assert np.array_equal(targets[:4], targets[4:])
    assert all(not np.array_equal(a, b) for a, b in zip(images[:4], images[4:]))


def test_contrast_is_the_share_of_the_other_view():
    torch.manual_seed(0)
    projected = torch.randn(6, 5, dtype=torch.float64)
    unit, expected = projected / projected.norm(dim=1, keepdim=True), 0.0
    for k in range(6):
        shares = {j: float(torch.exp(unit[k] @ unit[j] / 0.2)) for j in range(6) if j != k}
        expected -= np.log(shares[(k + 3) % 6] / sum(shares.values())) / 6
    assert np.isclose(float(train.contrast_of(projected)), expected, rtol=1e-12)


def test_an_epoch_shows_every_picture_once():
    rows = np.concatenate([augment.shuffled(1, 40, 8, step) for step in range(5)])
    assert sorted(rows) == list(range(40))


def test_folding_changes_nothing():
    torch.manual_seed(0)
    trunk = network.Trunk(True)
    for norm in trunk.norms:
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2)
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
    x = torch.randn(2, 3, 95, 95)
    with torch.no_grad():
        expected = trunk.eval()(x)[0]
        found = network.folded(trunk)(x)[0]
    assert expected.abs().max() > 0.1
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_gains_give_the_deviation_asked_for():
    deviation = torch.tensor([0.1, 0.2, 0.4])
    assert torch.allclose(scaling.gains(deviation, "channel", 0.3) * deviation, torch.full((3,), 0.3))
    scaled = scaling.gains(deviation, "global", 0.3) * deviation
    assert torch.isclose(scaled.pow(2).mean().sqrt(), torch.tensor(0.3))


def test_a_card_tells_of_every_run_that_led_to_the_weights(tmp_path):
    pool.write(tmp_path / "pool", 5, 2, 1, 4, 1)
    first = ["--pool", tmp_path / "pool", "--run", tmp_path / "a", "--steps", 1, "--batch", 2, "--threads", 1]
    second = ["--pool", tmp_path / "pool", "--run", tmp_path / "b", "--steps", 2, "--batch", 4, "--threads", 1, "--where", 1,
              "--start", tmp_path / "a" / "trunk.pt"]
    for words in (first, second):
        train.Run(train.arguments([str(word) for word in words])).go()
    export.main(["--run", str(tmp_path / "b"), "--output", str(tmp_path / "name-7.safetensors"), "--machine", "any"])
    with safe_open(tmp_path / "name-7.safetensors", "pt") as file:
        card = file.metadata()
    assert (card["name"], card["version"], card["steps"], card["images_seen"]) == ("name-7", "7", "1, then 2", "10")
    assert card["recipe"].count("classification") == 2 and card["recipe"].count("place of the fault") == 1


def test_a_shipped_file_begins_a_run_unchanged():
    torch.manual_seed(0)
    plain, x = network.Trunk(False), torch.randn(4, 3, 95, 95)
    trunk = distil.unfolded(plain, x)
    with torch.no_grad():
        expected = plain(x)[0]
        for found in (trunk.eval()(x)[0], network.folded(trunk)(x)[0], trunk.train()(x)[0]):
            assert torch.allclose(found, expected, rtol=1e-3, atol=1e-3 * float(expected.max()))


@pytest.mark.parametrize("whiten", [False, True])
def test_answers_begin_at_the_best_line(whiten):
    torch.manual_seed(0)
    x = torch.randn(400, 256)
    targets = x @ torch.randn(256, 9) + torch.arange(9.0)
    fit, head = distil.Fit(), distil.Head(256, 9)
    fit.add(x, targets)
    head.start(fit, whiten)
    loss, left = head(x, targets)
    assert loss < 1e-4 and left < 1e-4
    brought = (targets - head.middle) @ head.frame.T
    assert torch.allclose(brought.std(0), torch.ones(9), atol=0.05)
    assert not whiten or (brought.T @ brought / 400 - torch.eye(9)).abs().max() < 0.05


@pytest.mark.parametrize("side", [128, 256])
def test_the_teacher_is_read_where_the_student_looks(side):
    size = 127
    middles = (torch.arange(side // 8) + 0.5) * 8 / side * size - 0.5  # the student's pixel under each cell of a stage
    ramp = middles.expand(1, 1, side // 8, side // 8)
    found = distil.places_of([ramp, ramp.mT], 7, size)
    expected = torch.arange(7.0) * 16 + 15
    assert torch.allclose(found[0, 0, 3, 1:6], expected[1:6], atol=1e-3)  # averages at the edge lean inwards
    assert torch.allclose(found[0, 1, 1:6, 3], expected[1:6], atol=1e-3)


class Averages(torch.nn.Module):
    """A teacher's file without a teacher: pictures averaged to strides 8 and 16."""

    def forward(self, images):
        x = images.permute(0, 3, 1, 2).float() / 255
        return torch.nn.functional.avg_pool2d(x, 8), torch.nn.functional.avg_pool2d(x, 16)


def test_a_teacher_is_followed_and_named(tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    teacher, start = tmp_path / "teacher.onnx", tmp_path / "name-6.safetensors"
    torch.onnx.export(Averages(), (torch.zeros(1, 95, 95, 3, dtype=torch.uint8),), str(teacher), input_names=["images"],
                      output_names=["a", "b"], dynamic_axes={"images": {0: "n"}, "a": {0: "n"}, "b": {0: "n"}}, dynamo=False)
    torch.manual_seed(0)
    save_file({k: v.contiguous() for k, v in network.tensors_of(network.Trunk(False)).items()}, str(start))
    pool.write(tmp_path / "pool", 5, 4, 2, 8, 1)
    words = ["--pool", tmp_path / "pool", "--run", tmp_path / "run", "--steps", 12, "--batch", 16, "--threads", 1, "--size", 95,
             "--start", start, "--teacher", teacher, "--distil", 1, "--classes", 0, "--rate", 0.01, "--log-every", 4]
    train.Run(train.arguments([str(word) for word in words])).go()
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["places_left"] < 0.6 and log[-1]["means_left"] < 0.6
    export.main(["--run", str(tmp_path / "run"), "--output", str(tmp_path / "name-7.safetensors"), "--machine", "any"])
    with safe_open(tmp_path / "name-7.safetensors", "pt") as file:
        card = file.metadata()
    assert card["began_with"] == "name-6" and "Apache-2.0" in card["teacher"] and card["recipe"].startswith("1 giving the stages")
