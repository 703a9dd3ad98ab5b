"""beside.py SOURCE MODULE MODULE: imports both in this order, computes with both, trains and scores.

Both bring an OpenMP runtime; neither may stop or change the other.
"""

import importlib
import sys
import tempfile

sys.path.append(f"{sys.argv[1]}/python/tests")
modules = [importlib.import_module(name.strip(",")) for name in sys.argv[2:]]

import differnet  # noqa: E402
import numpy as np  # noqa: E402
from support import PICTURES, SMALL  # noqa: E402


def compute_with_the_other():
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        return float((torch.ones(500, 500) @ torch.ones(500, 500)).sum())
    forest = sys.modules["sklearn.ensemble"].IsolationForest(n_jobs=2, random_state=0)
    return float(forest.fit(np.arange(300.0).reshape(100, 3)).score_samples(np.zeros((1, 3)))[0])


before = compute_with_the_other()
with tempfile.TemporaryDirectory() as folder:
    run = differnet.train(SMALL, output=folder, progress=False, message=lambda _: None)
    with run.load() as model:
        scores = [result.raw_score for result in model.predict(PICTURES[:2])]
        assert compute_with_the_other() == before
        assert [result.raw_score for result in model.predict(PICTURES[:2])] == scores
print(f"{' '.join(sys.argv[2:])}: {scores[0]:.12g}, image_AUROC {run.metrics['image_AUROC']['value']:.4f}")
