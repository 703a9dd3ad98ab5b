"""NumPy's legacy permutations, which the original DifferNet draws and does not store."""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures")
tensors = {}
for seed in range(8):
    for count in (768, 10):
        tensors[f"permutation_{count}_{seed}"] = np.random.RandomState(seed).permutation(count).astype(np.int64)
save_file(tensors, folder / "permutations.safetensors")
