#!/usr/bin/env bash
# The program that trained the embedded backbone: skipped if Python or its modules are missing.
. "$(dirname "$0")/lib.sh" "$@"

find_python cv2 numpy pytest safetensors scipy torch
run_pytest "$source/tools/pretrain"
