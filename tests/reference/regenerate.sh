#!/bin/sh
# Writes every fixture anew; needs torch, torchvision, timm, pillow, numpy, scipy, scikit-learn and safetensors in
# the Python that PYTHON names (default: python3).
set -eu
cd "$(dirname "$0")"
for script in *.py; do
    [ "$script" = reference_network.py ] || { echo "$script"; "${PYTHON:-python3}" "$script"; }
done
