"""A detector for places: the grid of maps (torch), the Gaussian of each place and its distances (NumPy), the map of a
picture (SciPy, torch).

Writes places.safetensors. `grid` [5, 4, 7] of maps a [10, 8, 3] and b [5, 4, 4]; `values` [30, 20, 7]: 30 pictures of
5 x 4 places; `mean`, `covariance` (with the ridge); `distances` [3, 20] of new pictures; `left_out` [30, 20]: of each
picture, by the Gaussians of the 29 others with the same ridge in the scatter matrix; `logs`, `map` [23, 17] and
`largest` of the first new picture.
"""

import pathlib
import sys

import numpy
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter

from reference_network import pseudo

HEIGHT, WIDTH, CHANNELS, PICTURES, RIDGE = 5, 4, 7, 30, 0.01


def averaged(values):
    """3 x 3, of the positions that exist."""
    return F.avg_pool2d(values, 3, 1, 1, count_include_pad=False)


def grid(a, b):
    a, b = (torch.tensor(m).permute(2, 0, 1)[None] for m in (a, b))
    pooled = F.adaptive_avg_pool2d(averaged(a), (HEIGHT, WIDTH))
    return torch.cat([pooled, averaged(b)], 1)[0].permute(1, 2, 0).numpy()


def numbers(count, seed, scale):
    return numpy.asarray(pseudo(count, seed, scale), dtype=numpy.float64)


def main():
    out = {}
    a = numbers(10 * 8 * 3, 700, 2).reshape(10, 8, 3)
    b = numbers(5 * 4 * 4, 701, 2).reshape(5, 4, 4)
    out["grid"] = grid(a, b)
    values = numbers(PICTURES * 20 * CHANNELS, 702, 3).reshape(PICTURES, 20, CHANNELS)
    values = values + 0.5 * numpy.roll(values, 1, axis=2)  # correlated
    values[:, 7, :] = 1.25  # a place that never varies
    mean = values.mean(0)
    diagonal = values.var(0, ddof=1).mean(1)
    ridge = numpy.maximum(RIDGE * diagonal, RIDGE * 1e-4 * diagonal.mean())
    covariance = numpy.stack([numpy.cov(values[:, i].T) for i in range(20)]) + ridge[:, None, None] * numpy.eye(CHANNELS)
    new = 1.2 * numbers(3 * 20 * CHANNELS, 703, 3).reshape(3, 20, CHANNELS)

    def distance(x, mu, s):
        return numpy.sqrt(numpy.einsum("pi,pij,pj->p", x - mu, numpy.linalg.inv(s), x - mu))

    out["values"], out["new"], out["mean"], out["covariance"] = values, new, mean, covariance
    out["distances"] = numpy.stack([distance(x, mean, covariance) for x in new])
    left = []
    for k in range(PICTURES):
        others = numpy.delete(values, k, axis=0)
        scatter = numpy.stack([numpy.cov(others[:, i].T) for i in range(20)]) * (PICTURES - 2)
        scatter += (PICTURES - 1) * ridge[:, None, None] * numpy.eye(CHANNELS)
        left.append(distance(values[k], others.mean(0), scatter / (PICTURES - 2)))
    out["left_out"] = numpy.stack(left)
    logs = numpy.log(gaussian_filter(out["distances"][0].reshape(HEIGHT, WIDTH), 1))
    out["logs"] = logs
    at, spread = numbers(20, 704, 1).reshape(HEIGHT, WIDTH), 0.3 + numpy.abs(numbers(20, 705, 1)).reshape(HEIGHT, WIDTH)
    softened = numpy.logaddexp(0, (logs - at) / spread)
    out["map"] = F.interpolate(torch.tensor(softened)[None, None], (23, 17), mode="bilinear")[0, 0].numpy()
    out["log_mean"], out["log_deviation"] = at, spread
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent / "fixtures")
    save_file({k: numpy.ascontiguousarray(v, dtype=numpy.float32) for k, v in out.items()}, folder / "places.safetensors")


main()
