"""The original's network built from PyTorch parts, to check files that go in and out of differnet.

    python3 tools/interchange.py make weights.pth [--legacy] [--half] [--internal 2048]    a state_dict as the original saves it
    python3 tools/interchange.py round-trip [--full]    everything below, both ways; --full: the paper's network, 448x448, 64 rotations
    python3 tools/interchange.py compare weights.pth model.safetensors                     scores of both on the same images
    python3 tools/interchange.py onnx model.onnx model.safetensors                         the same with onnxruntime

The state_dict is loaded strictly: a name too many or too few is an error, as it is for the original's load_weights.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision import transforms
from torchvision.transforms.functional import rotate

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))
from reference_network import Block, extract  # noqa: E402

TOLERANCE = 1e-4
prepare = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
)


class Original(nn.Module):
    """Names, and the parts that the forward pass never touches, as in the original's state_dict."""

    def __init__(self, scales=3, blocks=8, internal=2048, clamp=3.0):
        super().__init__()
        features = 256 * scales
        self.scales = scales
        self.feature_extractor = torchvision.models.alexnet(weights=None)
        self.nf = nn.Module()
        self.nf.module_list = nn.ModuleList([nn.Identity()])
        for k in range(blocks):
            block = Block(features, internal, clamp, k)
            block.s1.bn, block.s2.bn = nn.BatchNorm1d(features // 2), nn.BatchNorm1d(features // 2)
            self.nf.module_list.extend([nn.Identity(), block])

    def forward(self, images):
        z = extract(self.feature_extractor.features, images, self.scales)
        for block in self.nf.module_list[2::2]:
            z, _ = block(z)
        return z


def network_of(state):
    """A network of the shape of a state_dict, holding it."""
    first = state["nf.module_list.2.s1.fc1.weight"]
    blocks = sum(name.endswith("s1.fc1.weight") for name in state)
    network = Original(first.shape[1] // 128, blocks, first.shape[0]).eval()
    network.load_state_dict(state)
    return network


def views(path, size, rotations):
    resized = transforms.Resize((size, size))(Image.open(path).convert("RGB"))
    return [rotate(resized, i * 360.0 / rotations) for i in range(rotations)]


def torch_score(network, path, size, rotations):
    with torch.no_grad():
        parts = [
            (network(torch.stack([prepare(v) for v in views(path, size, rotations)[i : i + 8]])) ** 2).mean(1)
            for i in range(0, rotations, 8)
        ]
    return float(torch.cat(parts).mean())


def differnet(*words):
    binary = ROOT / "build" / "differnet"
    return subprocess.run([binary, *map(str, words)], check=True, capture_output=True, text=True).stdout


def own_score(model, path):
    return json.loads(differnet("predict", model, path))["raw_score"]


def images():
    return [ROOT / "dummy_dataset/dummy_class/test" / name for name in ("good/001.png", "anomaly/001.png")]


def settings(model):
    """img_size and n_transforms_test of a model file."""
    text = json.loads(differnet("info", "--json", model))["metadata"]["config"]
    pairs = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line and not line.startswith("#"))
    return json.loads(pairs["img_size"])[0], int(pairs["n_transforms_test"])


def report(name, pairs):
    absolute = max(abs(a - b) for a, b in pairs)
    relative = max(abs(a - b) / abs(b) for a, b in pairs)
    scores = ", ".join(f"{a:.6f} {b:.6f}" for a, b in pairs)
    print(f"{name}: largest difference {absolute:.1e}, relative {relative:.1e} ({scores})", flush=True)
    if not max(absolute, relative) <= TOLERANCE:
        sys.exit(f"{name}: more than {TOLERANCE}")


def compare(weights, model, name=None):
    size, rotations = settings(model)
    network = network_of(torch.load(weights, weights_only=True))
    pairs = [(own_score(model, path), torch_score(network, path, size, rotations)) for path in images()]
    report(name or f"{weights} against {model}", pairs)


def onnx_scores(path, model):
    """Per image: the mean over its rotated views, or one run of a graph that rotates itself."""
    import onnx
    import onnxruntime

    onnx.checker.check_model(str(path))
    options = onnxruntime.SessionOptions()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    size, rotations = settings(model)
    rotates = any(p.key == "rotations" and p.value != "1" for p in onnx.load(str(path)).metadata_props)
    for image in images():
        if rotates:
            batch = np.stack([np.asarray(views(image, size, 1)[0])] * 2)
            outputs = session.run(None, {"images": batch})
        else:
            batch = np.stack([np.asarray(v) for v in views(image, size, rotations)])
            outputs = session.run(None, {"images": batch})
        yield dict(zip([o.name for o in session.get_outputs()], outputs))


def compare_onnx(path, model, name=None):
    scored = list(onnx_scores(path, model))
    own = [json.loads(differnet("predict", model, image)) for image in images()]
    name = name or f"{path} against {model}"
    report(name, [(o["raw_score"], float(s["raw_score"].mean())) for o, s in zip(own, scored)])
    if "pred_score" in scored[0] and all(np.ptp(s["raw_score"]) < TOLERANCE for s in scored):
        report(f"{name}, pred_score", [(o["pred_score"], float(s["pred_score"][0])) for o, s in zip(own, scored)])
        assert [o["pred_label"] for o in own] == [int(s["pred_label"][0]) for s in scored]


def make(path, legacy=False, half=False, blocks=8, internal=2048, scales=3, seed=0):
    torch.manual_seed(seed)
    network = Original(scales, blocks, internal)
    for block in network.nf.module_list[2::2]:  # statistics that training has left
        for subnet in (block.s1, block.s2):
            subnet.bn.running_mean.normal_()
    state = network.state_dict()
    if half:
        state = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)


def predicted(model, image, folder):
    """The row of an image, and its map. The image has the network's size: a region of interest is painted before
    differnet resizes, but after a caller of the graph does."""
    folder.mkdir(exist_ok=True)
    resized = folder / f"{image.parent.name}.png"
    views(image, settings(model)[0], 1)[0].save(resized)
    row = json.loads(differnet("predict", model, resized, "--maps", "--regions", "--unlike", "warn", "--output", folder))
    return row, np.asarray(Image.open(row["anomaly_map"]), dtype=np.float64)


def compare_places(path, model, folder, name):
    """Score, its parts, verdict, map and mask of a model with a detector for places."""
    import onnx

    threshold = next(float(p.value) for p in onnx.load(str(path)).metadata_props if p.key == "map_threshold")
    for image, own in zip(images(), onnx_scores(path, model)):
        row, values = predicted(model, image, folder)
        rows = ("raw_score", "paper_score", "places_score", "pred_score")
        report(f"{name}, {image.parent.name}", [(row[key], float(own[key][0])) for key in rows])
        if any(abs(row["raw_score"] / row[key] - 1) < TOLERANCE for key in ("threshold", "review_threshold")):
            continue  # the image that gave the threshold
        assert row["verdict"] == ("PASS", "REVIEW", "FAIL")[int(own["verdict"][0])], row
        assert row["pred_label"] == int(own["pred_label"][0])
        difference = np.abs(values - own["anomaly_map"][0, 0]).max()
        print(f"{name}, map: largest difference {difference:.1e} of {values.max():.2f}", flush=True)
        if difference > TOLERANCE * max(values.max(), 1):
            sys.exit(f"{name}: the map differs")
        mask = own["pred_mask"][0, 0]
        assert mask.any() == bool(row["regions"]), (name, row["regions"])
        expected = (values > threshold) & (row["verdict"] != "PASS")
        assert not ((mask != expected) & (np.abs(values - threshold) > TOLERANCE)).any()


SMALL = {"blocks": 3, "internal": 48, "scales": 2}
FULL = {"blocks": 8, "internal": 2048, "scales": 3}


def sets_of(shape):
    options = [f"n_scales={shape['scales']}", f"fc_internal={shape['internal']}", f"n_coupling_blocks={shape['blocks']}"]
    options += ["n_transforms=1", "meta_epochs=1", "sub_epochs=2"]
    return [word for option in options for word in ("--set", option)]


def round_trip(folder, onnx, full):
    shape, side, rotations = (FULL, 448, 64) if full else (SMALL, 128, 6)
    sizes = ["--set", f"img_size=[{side}, {side}]", "--set", f"n_transforms_test={rotations}"]
    for name, how in (("zip", {}), ("legacy", {"legacy": True}), ("half", {"half": True})):
        weights, model = folder / f"{name}.pth", folder / f"{name}.safetensors"
        make(weights, **how, **shape)
        differnet("import", weights, "--output", model, *sizes)
        compare(weights, model, f"original to differnet ({name})")
        weights.unlink()
        model.unlink()
    sets = sets_of(shape)
    differnet("train", *sizes, *sets, "--output", folder, "--quiet", "--data", ROOT / "dummy_dataset")
    model = next(folder.glob("DifferNet/*/*/v1/model.safetensors"))
    for half in ([], ["--half"]):
        out, name = folder / f"out{len(half)}.pth", "half" if half else "f32"
        differnet("export", model, "--format", "pytorch", "--output", out, *half)
        rounded = model
        if half:
            rounded = folder / "half_again.safetensors"
            differnet("export", model, "--format", "safetensors", "--half", "--output", rounded)
        compare(out, rounded, f"differnet to original ({name})")
        back = folder / f"back{len(half)}.safetensors"
        differnet("import", out, "--output", back, *sizes)
        pairs = [(own_score(rounded, i), own_score(back, i)) for i in images()]
        report(f"differnet to PyTorch and back ({name})", pairs)
        if onnx:
            for extra in ([], ["--rotations", rotations]):
                graph = folder / f"model{len(half)}{len(extra)}.onnx"
                differnet("export", model, "--format", "onnx", "--output", graph, *half, *extra)
                compare_onnx(graph, rounded, f"ONNX ({name}{', rotations inside' if extra else ''})")
    if onnx:
        other_network(folder, side, rotations, sets)
        with_places(folder, side, rotations, sets)
        with_tiles(folder, sets)


def other_network(folder, side, rotations, sets):
    """EfficientNet-Lite0, whose paddings are not the same on all sides: in a size that is no multiple of 32, too."""
    cases = ((side, rotations, "mean"), (side - 14, rotations, "median"), (side, rotations - 1, "median"), (side, 3, "log_mean"))
    for size, turns, reduction in cases:
        out = folder / f"lite{size}{turns}{reduction}"
        sizes = ["--set", f"img_size=[{size}, {size}]", "--set", f"n_transforms_test={turns}"]
        sizes += ["--set", f"rotation_reduction={reduction}"]
        words = ["--backbone", "random:efficientnet-lite0", "--output", out, "--quiet", "--data", ROOT / "dummy_dataset"]
        differnet("train", *sizes, *sets, *words)
        model = next(out.glob("DifferNet/*/*/v1/model.safetensors"))
        graph = out / "model.onnx"
        differnet("export", model, "--format", "onnx", "--output", graph, "--rotations", turns)
        compare_onnx(graph, model, f"ONNX of EfficientNet-Lite0, {size} x {size}, {reduction} of {turns}")


def with_places(folder, side, rotations, sets):
    """Models whose score and map come from a detector for places: both networks, every way of joining the score."""
    shared = ["--set", "places=gaussian", "--set", "false_reject_rate=0.2", "--set", "review_rate=0.4"]
    roi = folder / "roi.pgm"
    roi.write_bytes(b"P5 8 8 255\n" + bytes([0] * 16 + [255] * 48))
    lite = ["--backbone", "random:efficientnet-lite0"]
    cases = (
        ("lite0", side, rotations, [*lite, "--set", "score=combined"]),
        ("lite0_odd", side - 14, 2, [*lite, "--set", "score=places"]),
        ("alexnet", side, 1, ["--set", "score=combined"]),
        ("roi", side, rotations, ["--set", "score=combined", "--roi", roi]),
        ("paper", side, rotations, ["--set", "score=paper"]),
    )
    for name, size, turns, words in cases:
        out = folder / f"places_{name}"
        sizes = ["--set", f"img_size=[{size}, {size}]", "--set", f"n_transforms_test={turns}"]
        differnet("train", *sizes, *sets, *shared, *words, "--output", out, "--quiet", "--data", ROOT / "dummy_dataset")
        model = next(out.glob("DifferNet/*/*/v1/model.safetensors"))
        graph = out / "model.onnx"
        for half in ([], ["--half"]):
            rounded = model
            if half:
                rounded = out / "half.safetensors"
                differnet("export", model, "--format", "safetensors", "--half", "--output", rounded)
            differnet("export", model, "--format", "onnx", "--output", graph, "--rotations", turns, "--force", *half)
            compare_places(graph, rounded, out / f"maps{len(half)}", f"ONNX with places, {name} {''.join(half)}")


def standard_of(model):
    """tiles.standard of a model file, in double: M, S, then m, s of each tile that is computed."""
    data = model.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    first, last = json.loads(data[8:end])["tiles.standard"]["data_offsets"]
    return np.frombuffer(data[end + first : end + last], "<f4").reshape(-1, 2).astype(np.float64)


def starts(length, side, overlap):
    """Where tiles of `side` pixels begin along `length`: docs/tiles.md."""
    step = int(side * (1 - overlap) + 1e-9)
    return [min(i * step, length - side) for i in range(-(-(length - side) // step) + 1)]


def compare_tiles(path, model, picture, folder, name):
    """A picture that is cut by hand: each tile's score is that of predict for the tile alone, and the largest
    standardised one that of the picture."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    pixels, side, standard = np.asarray(picture), settings(model)[0], standard_of(model)
    corners = [(x, y) for y in starts(pixels.shape[0], side, 0.25) for x in starts(pixels.shape[1], side, 0.25)]
    tiles = np.stack([pixels[y : y + side, x : x + side] for x, y in corners])
    scores = session.run(["raw_score"], {"images": tiles})[0].astype(np.float64)
    pairs = []
    for i, tile in enumerate(tiles):
        Image.fromarray(tile).save(folder / "tile.png")
        pairs.append((own_score(model, folder / "tile.png"), scores[i]))
    report(f"{name}, {len(tiles)} tiles", pairs)
    (mean, spread), own = standard[0], standard[1:]
    values = np.exp(mean + spread * (np.log(scores) - own[:, 0]) / own[:, 1])
    picture.save(folder / "whole.png")
    row = json.loads(differnet("predict", model, folder / "whole.png"))
    report(f"{name}, the picture", [(row["raw_score"], float(values.max()))])
    x, y = corners[int(values.argmax())]
    assert row["tiles"]["count"] == len(tiles) and row["tiles"]["worst"] == {"x": x, "y": y, "w": side, "h": side}, row


def with_tiles(folder, sets):
    """Models that look at pictures tile by tile, without and with a detector for places."""
    random = np.random.default_rng(0)
    pictures = [Image.fromarray(random.integers(60 + i, 200, (200, 300, 3), dtype=np.uint8)) for i in range(12)]
    good = folder / "tiled/part/train/good"
    good.mkdir(parents=True)
    for i, picture in enumerate(pictures[:-1]):
        picture.save(good / f"{i}.png")
    shared = ["--set", "tiles=128", "--val-fraction", "0.5", "--quiet", "--data", folder / "tiled", "--class", "part"]
    for name, words in (("alone", []), ("places", ["--set", "places=gaussian", "--set", "score=combined"])):
        out = folder / f"tiled_{name}"
        differnet("train", *sets, *shared, *words, "--output", out)
        model, graph = next(out.glob("DifferNet/*/*/v1/model.safetensors")), out / "tile.onnx"
        differnet("export", model, "--format", "onnx", "--output", graph)
        compare_tiles(graph, model, pictures[-1], out, f"ONNX of a tile, {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("path", type=Path)
    making.add_argument("--legacy", action="store_true")
    making.add_argument("--half", action="store_true")
    making.add_argument("--internal", type=int, default=2048)
    trip = commands.add_parser("round-trip")
    trip.add_argument("--no-onnx", action="store_true")
    trip.add_argument("--full", action="store_true")
    trip.add_argument("--places-alone", action="store_true")
    trip.add_argument("--tiles-alone", action="store_true")
    for name in ("compare", "onnx"):
        comparing = commands.add_parser(name)
        comparing.add_argument("file", type=Path)
        comparing.add_argument("model", type=Path)
    words = parser.parse_args()
    if words.command == "make":
        make(words.path, words.legacy, words.half, internal=words.internal)
    elif words.command == "compare":
        compare(words.file, words.model)
    elif words.command == "onnx":
        compare_onnx(words.file, words.model)
    else:
        with tempfile.TemporaryDirectory() as folder:
            if words.places_alone:
                with_places(Path(folder), 128, 6, sets_of(SMALL))
            elif words.tiles_alone:
                with_tiles(Path(folder), sets_of(SMALL))
            else:
                round_trip(Path(folder), not words.no_onnx, words.full)


if __name__ == "__main__":
    main()
