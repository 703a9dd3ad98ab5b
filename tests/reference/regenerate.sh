#!/bin/sh
# Writes every fixture anew; needs torch, torchvision, timm, pillow, numpy, scipy, scikit-learn and safetensors in
# the Python that PYTHON names (default: python3).
set -eu
cd "$(dirname "$0")"
for script in *.py; do
    case $script in reference_network.py | compare_decoders.py) continue ;; esac
    echo "$script"
    "${PYTHON:-python3}" "$script"
done
