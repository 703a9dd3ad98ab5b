#!/usr/bin/env python3
"""compare_settings.py DATASET CLASS: trains with several settings and prints their AUROC, best first."""

import sys
from typing import Any, Dict, List

import differnet

TRIALS: List[Dict[str, Any]] = [
    {"n_scales": 1},
    {"n_scales": 3},
    {"n_scales": 3, "places": "gaussian"},
]


def main(dataset: str, class_name: str, **shared: Any) -> List[float]:
    found = []
    for trial in TRIALS:
        run = differnet.train(dataset_path=dataset, class_name=class_name, **{**trial, **shared})
        found.append((float(run.metrics["image_AUROC"]["value"]), trial))
    found.sort(key=lambda each: -each[0])
    for auroc, trial in found:
        print(f"{auroc:.4f} {trial}")
    return [auroc for auroc, _ in found]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
