"""Ranking metrics from scikit-learn, their intervals from SciPy's root finder.

Writes metrics.safetensors: for every case scores (F32), labels (U8) and, as the bits of float64 in
I64, `expected` = AUROC, its limits, average precision, largest F1 and its threshold; and `limits`
= limits of average precision and F1. `small.*` holds many small sets behind one another: `sizes` images each, and a row
of `limits` each: average precision, low, high, F1, low, high. `curve` (small cases) is
roc_curve and precision_recall_curve by falling threshold: threshold, fpr, tpr, precision a row. `wilson`
holds rows k, n, low, high from scipy.stats.binomtest.
"""

import pathlib
import sys

import numpy
from safetensors.numpy import save_file
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve, roc_auc_score, roc_curve


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


def inverted_binomial(p, n):
    """Wilson's limits by their definition: the shares t at which p is z standard deviations of t away."""
    z = norm.ppf(0.975)
    p = round(p, 12)  # a sum of shares may miss 1 by a rounding
    distance = lambda t: (p - t) ** 2 - z**2 * t * (1 - t) / n
    low = 0.0 if p == 0 else brentq(distance, 0, p, xtol=1e-16) if p < 1 else brentq(distance, 0, 1 - 1e-12, xtol=1e-16)
    high = 1.0 if p == 1 else brentq(distance, p, 1, xtol=1e-16) if p > 0 else brentq(distance, 1e-12, 1, xtol=1e-16)
    return low, high


def precision_recall_limits(scores, labels):
    """Average precision as a share of the defective images; F1 through Jaccard's index at its threshold."""
    precision = average_precision_score(labels, scores)
    f1, threshold = largest_f1(scores, labels)
    called = scores >= threshold
    found, either = (called & labels).sum(), (called | labels).sum()
    assert abs(f1_score(labels, called) - f1) < 1e-12
    jaccard = numpy.array(inverted_binomial(found / either, either))
    return [*inverted_binomial(precision, labels.sum()), *(2 * jaccard / (1 + jaccard))]


def small_sets(rng, count=400):
    """Two images to forty, many of them tied, good and bad ones from apart to the wrong way round."""
    for _ in range(count):
        defective, good = rng.integers(1, 21, 2)
        labels = numpy.arange(defective + good) < defective
        scores = rng.normal(size=len(labels)) + labels * rng.choice([-1, 0, 0.5, 1, 2, 4])
        yield numpy.round(scores * rng.choice([0.5, 1, 3, 100])).astype(numpy.float32), labels


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
        tensors[name + ".limits"] = bits(precision_recall_limits(exact, labels))
    rows, sets = [], list(small_sets(numpy.random.default_rng(7)))
    for scores, labels in sets:
        exact = scores.astype(numpy.float64)
        low, high, f1_low, f1_high = precision_recall_limits(exact, labels)
        rows.append([average_precision_score(labels, exact), low, high, largest_f1(exact, labels)[0], f1_low, f1_high])
    tensors["small.scores"] = numpy.concatenate([scores for scores, _ in sets])
    tensors["small.labels"] = numpy.concatenate([labels for _, labels in sets]).astype(numpy.uint8)
    tensors["small.sizes"] = numpy.array([len(labels) for _, labels in sets], dtype=numpy.int64)
    tensors["small.limits"] = bits(numpy.array(rows).ravel())
    tensors["wilson"] = bits(wilson())
    save_file(tensors, pathlib.Path(folder) / "metrics.safetensors")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "fixtures")
