"""Ranking metrics from scikit-learn, Newcombe's interval from SciPy's root finder, bootstrap from NumPy.

Writes metrics.safetensors: for every case scores (F32), labels (U8) and, as the bits of float64 in
I64, `expected` = AUROC, its limits, average precision, largest F1 and its threshold; and `bootstrap`
= limits of average precision and F1 from an independent, larger bootstrap. `curve` (small cases) is
roc_curve and precision_recall_curve by falling threshold: threshold, fpr, tpr, precision a row. `wilson`
holds rows k, n, low, high from scipy.stats.binomtest.
"""

import pathlib
import sys

import numpy
from safetensors.numpy import save_file
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve


def cases():
    rng = numpy.random.default_rng(20061)
    labels = rng.random(300) < 0.3
    yield "random", rng.normal(size=300) + 0.8 * labels, labels
    yield "ties", numpy.round(rng.normal(size=300) * 2 + 1.5 * labels), labels
    few = numpy.arange(16) >= 8
    yield "perfect", numpy.where(few, 2.0, 1.0) + rng.random(16) / 2, few
    yield "inverted", numpy.where(few, 1.0, 2.0) + rng.random(16) / 2, few
    yield "constant", numpy.full(20, 3.25), numpy.arange(20) % 3 == 0
    yield "pair", numpy.array([0.25, 0.75]), numpy.array([False, True])
    yield "pair_wrong", numpy.array([0.75, 0.25]), numpy.array([False, True])
    yield "pair_tied", numpy.array([0.5, 0.5]), numpy.array([False, True])
    labels = rng.random(2000) < 0.1
    yield "many", numpy.exp(rng.normal(size=2000) + 1.5 * labels), labels
    labels = rng.random(600) < 0.98
    yield "few_good", numpy.round(rng.normal(size=600) * 8 + 6 * labels), labels
    yield "extreme", numpy.array([-3e38, 3e38, 1e-45, -1e-45, 0.0, -0.0]), numpy.arange(6) % 2 == 1


def newcombe(theta, m, n):
    """Method 5, written with Hanley and McNeil's Q1 and Q2."""
    z, shared = norm.ppf(0.975), (m + n) / 2 - 1

    def distance(t):
        q1, q2 = t / (2 - t), 2 * t * t / (1 + t)
        v = (t * (1 - t) + shared * (q1 - t * t) + shared * (q2 - t * t)) / (m * n)
        return abs(theta - t) - z * numpy.sqrt(max(v, 0))

    inner = 1e-9  # at theta = 0 or 1 the estimate itself is a root, too
    low = 0.0 if theta == 0 else brentq(distance, 0, min(theta, 1 - inner), xtol=1e-15)
    high = 1.0 if theta == 1 else brentq(distance, max(theta, inner), 1, xtol=1e-15)
    return low, high


def largest_f1(scores, labels):
    precision, recall, _ = precision_recall_curve(labels, scores)
    with numpy.errstate(invalid="ignore"):
        largest = numpy.nanmax(2 * precision * recall / (precision + recall))
    f1 = lambda t: 2 * (labels & (scores >= t)).sum() / ((scores >= t).sum() + labels.sum())
    threshold = next(t for t in numpy.unique(scores) if f1(t) > largest - 1e-12)
    return largest, threshold


def bootstrap(scores, labels, rng, resamples=4000):
    defective, good = scores[labels], scores[~labels]
    drawn_labels = numpy.repeat([True, False], [len(defective), len(good)])
    values = []
    for _ in range(resamples):
        drawn = numpy.concatenate([rng.choice(defective, len(defective)), rng.choice(good, len(good))])
        precision, recall, _ = precision_recall_curve(drawn_labels, drawn)
        f1 = 2 * precision * recall / numpy.maximum(precision + recall, 1e-300)
        # average_precision_score, from the same curve
        values.append((-numpy.sum(numpy.diff(recall) * precision[:-1]), f1.max()))
    return numpy.percentile(numpy.array(values), [2.5, 97.5], axis=0).T.ravel()


def curve(scores, labels):
    fpr, tpr, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    precision, recall, _ = precision_recall_curve(labels, scores)
    assert (recall[::-1] == tpr).all()
    return numpy.stack([thresholds, fpr, tpr, precision[::-1]], axis=1).ravel()


def wilson():
    rows = []
    for k, n in [(0, 1), (1, 1), (0, 191), (2, 191), (95, 191), (191, 191), (3, 8), (999999, 1000000)]:
        interval = binomtest(k, n).proportion_ci(0.95, "wilson")
        rows.append([k, n, interval.low, interval.high])
    return numpy.array(rows).ravel()


def bits(values):
    return numpy.asarray(values, dtype=numpy.float64).view(numpy.int64)


def main(folder):
    tensors = {}
    rng = numpy.random.default_rng(1)
    for name, scores, labels in cases():
        scores = scores.astype(numpy.float32)
        exact = scores.astype(numpy.float64)
        auroc = roc_auc_score(labels, exact)
        f1, threshold = largest_f1(exact, labels)
        limits = newcombe(auroc, labels.sum(), (~labels).sum())
        tensors[name + ".scores"] = scores
        tensors[name + ".labels"] = labels.astype(numpy.uint8)
        tensors[name + ".expected"] = bits(
            [auroc, *limits, average_precision_score(labels, exact), f1, threshold]
        )
        if len(labels) <= 300:
            tensors[name + ".curve"] = bits(curve(exact, labels))
        if len(labels) >= 100:
            tensors[name + ".bootstrap"] = bits(bootstrap(exact, labels, rng))
    tensors["wilson"] = bits(wilson())
    save_file(tensors, pathlib.Path(folder) / "metrics.safetensors")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "fixtures")
