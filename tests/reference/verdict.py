"""From scores to verdicts: scikit-learn's ROC curve and the thresholds chosen on it, conformal p-values and
thresholds from NumPy's order statistics, Student's t from SciPy.

Writes verdict.safetensors, float64 as its bits in I64. For every small case of metrics.py: `NAME.roc` =
threshold, fpr, tpr a row and `NAME.chosen` = thresholds of target_tpr 0.85, F1-max and Youden. `calibration` =
sorted scores with ties; `p_values` = score, p a row; `cuts` = rate, threshold a row (-1: unreachable).
`student` = degrees of freedom, one-sided tail, quantile a row.
"""

import pathlib
import sys

import numpy
from safetensors.numpy import save_file
from scipy.stats import t as student
from sklearn.metrics import f1_score, roc_curve

from metrics import bits, cases


def lowest_of_best(thresholds, values):
    return min(t for t, v in zip(thresholds, values) if v > max(values) - 1e-12)


def chosen(scores, labels, fpr, tpr, thresholds):
    distinct = numpy.unique(scores)
    f1 = [f1_score(labels, scores >= t) for t in distinct]
    youden = [numpy.mean(scores[labels] >= t) - numpy.mean(scores[~labels] >= t) for t in distinct]
    return [thresholds[numpy.argmax(tpr >= 0.85)], lowest_of_best(distinct, f1), lowest_of_best(distinct, youden)]


def conformal(rng):
    calibration = numpy.sort(numpy.round(rng.gamma(4.0, size=199), 2))
    scores = numpy.concatenate([calibration[::13], rng.gamma(4.0, size=20), [0.0, 1e9]])
    p_values = [(s, (1 + (calibration >= s).sum()) / (len(calibration) + 1)) for s in scores]
    cuts = []
    for rate in [0.5, 0.29, 0.1, 0.07, 0.05, 0.01, 0.0051, 0.005, 0.0049, 0.001]:
        level = numpy.ceil(round((1 - rate) * (len(calibration) + 1), 9)) / len(calibration)
        cut = numpy.quantile(calibration, level, method="inverted_cdf") if level <= 1 else -1
        cuts.append((rate, cut))
    return calibration, numpy.array(p_values).ravel(), numpy.array(cuts).ravel()


def quantiles():
    rows = []
    for freedom in [1, 2, 3, 4, 7, 11, 15, 30, 63, 200, 1023]:
        for tail in [0.25, 0.05, 0.005, 0.01 / 30, 1e-6]:
            rows.append((freedom, tail, student.isf(tail, freedom)))
    return numpy.array(rows).ravel()


def main(folder):
    tensors = {}
    for name, scores, labels in cases():
        if len(labels) > 600:
            continue
        exact = scores.astype(numpy.float32).astype(numpy.float64)
        fpr, tpr, thresholds = roc_curve(labels, exact)
        tensors[name + ".roc"] = bits(numpy.stack([thresholds, fpr, tpr], axis=1).ravel())
        tensors[name + ".chosen"] = bits(chosen(exact, labels, fpr, tpr, thresholds))
    calibration, p_values, cuts = conformal(numpy.random.default_rng(5))
    tensors["calibration"] = bits(calibration)
    tensors["p_values"] = bits(p_values)
    tensors["cuts"] = bits(cuts)
    tensors["student"] = bits(quantiles())
    save_file(tensors, pathlib.Path(folder) / "verdict.safetensors")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "fixtures")
