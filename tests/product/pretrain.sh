#!/usr/bin/env bash
# The program that trained the embedded backbone: skipped where Python or its modules are not there.
. "$(dirname "$0")/lib.sh" "$@"

find_python cv2 numpy pytest safetensors scipy torch
run_pytest "$source/tools/pretrain"
