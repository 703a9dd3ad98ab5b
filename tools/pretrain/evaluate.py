"""How well backbones detect on the generated tasks (or any folder in MVTec's layout).

    python evaluate.py --tasks DIR BACKBONE...           distance of Mahalanobis: quick, for choosing
    python evaluate.py --tasks DIR --flow BACKBONE...    a small flow in PyTorch (flows.py: the product itself)

A backbone is a .safetensors file, a trunk.pt of train.py, or `random` (He).
"""

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file

import network

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "reference"))
from reference_network import Flow, loss_of  # noqa: E402  the project's one definition of the flow in PyTorch

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp")


def backbone(name):
    """Plain AlexNet in eval mode."""
    if name == "random":
        torch.manual_seed(0)
        plain = network.Trunk(False)
    elif name.endswith(".safetensors"):
        plain = network.from_tensors(load_file(name))
    else:
        state = torch.load(name, weights_only=True)
        state = state.get("model", state)
        trunk = network.Trunk(True)
        trunk.load_state_dict({k.removeprefix("trunk."): v for k, v in state.items()
                               if k.startswith("trunk.") or k.split(".")[0] in ("convolutions", "norms")})
        plain = network.folded(trunk.eval())
    return plain.eval().to(memory_format=torch.channels_last)


def load_arrays(path):
    stored = np.load(path)
    return stored["images"], stored["split"], stored["kind"]


def load_folder(root, size=448):
    images, splits, kinds = [], [], []
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in EXTENSIONS and "ground_truth" not in p.parts):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        how = cv2.INTER_AREA if min(image.shape[:2]) > size else cv2.INTER_LINEAR
        images.append(cv2.resize(image, (size, size), interpolation=how)[:, :, ::-1])
        split, kind = path.relative_to(root).parts[:2]
        splits.append(split)
        kinds.append(kind)
    return np.stack(images), np.array(splits), np.array(kinds)


def tasks_in(place):
    files = sorted(place.glob("*.npz"))
    return [(f.stem, lambda f=f: load_arrays(f)) for f in files] or [(place.name, lambda: load_folder(place))]


def rotated(images, degrees):
    """Black corners, as DifferNet's rotations have."""
    size = images.shape[1]
    m = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), degrees, 1.0)
    return np.stack([cv2.warpAffine(i, m, (size, size), flags=cv2.INTER_LINEAR) for i in images])


def bank(plain, images, rotations, device):
    """Features [rotations, n, 768]."""
    return torch.stack([network.features(plain, rotated(images, 360 * k / rotations) if k else images, device=device)
                        for k in range(rotations)])


def banks_of(plain, load, a, kept):
    """(train, test, labels): features of a task, read from `kept` when that file is there."""
    if kept is not None and kept.exists():
        return torch.load(kept, weights_only=True)
    images, splits, kinds = load()
    train = bank(plain, images[(splits == "train") & (kinds == "good")], a.rotations, a.device)
    test = bank(plain, images[splits == "test"], a.test_rotations or a.rotations, a.device)
    found = (train, test, torch.tensor(kinds[splits == "test"] != "good"))
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.save(found, kept)
    return found


def auroc(scores, labels):
    scores, labels = np.asarray(scores), np.asarray(labels, bool)
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        same = scores == value
        ranks[same] = ranks[same].mean()
    good, bad = (~labels).sum(), labels.sum()
    return float((ranks[labels].sum() - bad * (bad + 1) / 2) / (good * bad))


def mahalanobis(train, test, ridge=0.02):
    """Mean squared distance over rotations; features standardised on `train`, covariance plus `ridge`."""
    flat = train.reshape(-1, train.shape[2]).double()
    mean, deviation = flat.mean(0), flat.std(0) + 1e-6
    z = (flat - mean) / deviation
    covariance = z.T @ z / len(z) + ridge * torch.eye(z.shape[1], dtype=torch.float64)
    factor = torch.linalg.cholesky(covariance)
    t = ((test.double() - mean) / deviation).reshape(-1, test.shape[2])
    solved = torch.linalg.solve_triangular(factor, t.T, upper=False)
    return solved.pow(2).sum(0).reshape(test.shape[:2]).mean(0).numpy()


def flow_scores(train, test, a):
    """A DifferNet with the paper's optimiser and narrow subnets: mean z squared over rotations and features."""
    torch.manual_seed(a.seed)
    flow = Flow(train.shape[2], 8, a.internal)
    optimiser = torch.optim.Adam(flow.parameters(), lr=2e-4, betas=(0.8, 0.8), eps=1e-4, weight_decay=1e-5)
    flat = train.reshape(-1, train.shape[2])
    for _ in range(a.epochs):
        for rows in torch.randperm(len(flat)).split(96):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=False):
                loss = loss_of(*flow(flat[rows]))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        z, _ = flow(test.reshape(-1, test.shape[2]))
    scores = (z**2).mean(1).reshape(test.shape[:2]).mean(0)
    return torch.nan_to_num(scores, nan=1e12).numpy()


def evaluated(name, places, a):
    """{task: AUROC} of one backbone."""
    plain, found = backbone(name).to(a.device), {}
    for task, load in places:
        kept = a.banks / f"{Path(name).parent.name}-{Path(name).stem}" / f"{task}.pt" if a.banks else None
        train, test, labels = banks_of(plain, load, a, kept)
        scores = flow_scores(train * a.scale, test * a.scale, a) if a.flow else mahalanobis(train, test)
        found[task] = auroc(scores, labels.numpy())
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("backbones", nargs="+")
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--rotations", type=int, default=1)
    parser.add_argument("--test-rotations", type=int, default=0, help="0: as many as --rotations")
    parser.add_argument("--banks", type=Path, help="folder that keeps the features, to score them again")
    parser.add_argument("--only", nargs="*", help="these tasks alone")
    parser.add_argument("--flow", action="store_true")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--internal", type=int, default=256)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the features before the flow")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    places = [(task, load) for task, load in tasks_in(a.tasks) if not a.only or task in a.only]
    for name in a.backbones:
        start = time.time()
        found = evaluated(name, places, a)
        mean = float(np.mean(list(found.values())))
        print(json.dumps({"backbone": name, "mean": round(mean, 4), **{k: round(v, 3) for k, v in found.items()},
                          "seconds": round(time.time() - start)}), flush=True)


if __name__ == "__main__":
    main()
