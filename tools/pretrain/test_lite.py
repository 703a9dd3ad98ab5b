"""pytest tools/pretrain: the parts of lite.py, with random weights in the teacher's place."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open

pytest.importorskip("timm")

import export_lite  # noqa: E402
import lite  # noqa: E402
import pool  # noqa: E402


def shaken(net):
    """Norms as a training leaves them: no gain is one, no mean zero."""
    generator = torch.Generator().manual_seed(0)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.weight.data, module.running_var):
                tensor.copy_(0.5 + torch.rand(len(tensor), generator=generator))
            for tensor in (module.bias.data, module.running_mean):
                tensor.copy_(0.2 * torch.randn(len(tensor), generator=generator))
    return net.eval()


def test_windows_are_parts_of_the_picture():
    x = torch.arange(2 * 3 * 8 * 8, dtype=torch.float32).reshape(2, 3, 8, 8)
    cut = lite.windows(x, 2)
    assert cut.shape == (8, 3, 4, 4)
    assert torch.equal(cut[1], x[0, :, :4, 4:]) and torch.equal(cut[6], x[1, :, 4:, :4])


def test_mixed_pictures_lie_between_two():
    torch.manual_seed(0)
    x = torch.arange(64.0)[:, None, None, None].expand(64, 3, 16, 16)
    found = lite.mixed(x)
    kinds = [len(torch.unique(picture)) for picture in found]
    changed = [k for k in range(64) if not torch.equal(found[k], x[k])]
    assert 16 < len(changed) < 48 and 2 in kinds and max(kinds) == 2
    for k in changed:
        low, high = sorted((float(x[k, 0, 0, 0]), float(x[k - 1, 0, 0, 0])))
        assert low <= found[k].min() and found[k].max() <= high


def test_parts_are_the_network():
    net = shaken(lite.network("tf_efficientnet_lite0"))
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        maps = lite.run(lite.parts_of(net), x)
        assert [m.shape[1] for m in maps] == [16, 24, 40, 80, 112, 192, 320]
        torch.testing.assert_close(maps[-1], net.blocks(net.bn1(net.conv_stem(x))))


def test_folded_weights_compute_the_same():
    net = shaken(lite.network("tf_efficientnet_lite0"))
    tensors = export_lite.tensors_of(net)
    assert len(tensors) == 2 * 48 and all(tensor.dtype == torch.float16 for tensor in tensors.values())
    x = torch.rand(2, 24, 8, 8)
    block = net.blocks[2][0]
    with torch.no_grad():
        wanted, y = block(x), x
        for name, act in (("conv_pw", True), ("conv_dw", True), ("conv_pwl", False)):
            layer = getattr(block, name)
            layer.weight.copy_(tensors[f"blocks.2.0.{name}.weight"])
            y = layer(y) + tensors[f"blocks.2.0.{name}.bias"].float()[:, None, None]
            y = y.clamp(0, 6) if act else y
    torch.testing.assert_close(y, wanted, rtol=0.01, atol=0.01 * float(wanted.std()))  # float16 has 11 bits


@pytest.fixture
def short(monkeypatch):
    """Phases of a few steps without compilation."""
    monkeypatch.setattr(lite, "PHASES", (((0, 1), 64, 2, 4, 0.02), (tuple(range(lite.PARTS)), 64, 1, 4, 0.001)))
    monkeypatch.setattr(lite, "MEASURED", 2)
    monkeypatch.setattr(lite, "LOGGED", 1)
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(torch.compiler, "reset", lambda: None)


def test_a_run_learns_and_is_written_with_its_card(tmp_path, short):
    torch.manual_seed(3)
    teacher = shaken(lite.network("tf_efficientnet_lite0"))
    torch.save(teacher.state_dict(), tmp_path / "teacher.pth")
    pool.write(tmp_path / "pool", 1, 4, 3, 4, 1)
    run = tmp_path / "run"
    words = ["--weights", tmp_path / "teacher.pth", "--pool", tmp_path / "pool", "--run", run, "--minutes", 0.1, 0.1]
    lite.main([str(word) for word in words])
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    first, last = ([line["left"] for line in lines if line["phase"] == 0][k] for k in (0, -1))
    assert np.mean(last) < np.mean(first)
    (run / "student.pth").unlink()
    lite.main([str(word) for word in words])  # the phases are done: nothing is trained again
    assert len((run / "log.jsonl").read_text().splitlines()) == len(lines)
    export_lite.main(["--run", str(run), "--machine", "a test", "--output", str(tmp_path / "lite-7.safetensors")])
    with safe_open(tmp_path / "lite-7.safetensors", "pt") as file:
        assert file.metadata()["network"] == "efficientnet-lite0" and file.metadata()["version"] == "7"
        assert len(file.keys()) == 96
