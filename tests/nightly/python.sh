#!/usr/bin/env bash
# python.sh BUILD SOURCE: what of the Python package takes longer or needs the network: the wheel in a clean
# environment with all optional packages, mypy, coverage, the notebooks, both orders of import beside another OpenMP
# runtime, 1,000 Ctrl-C's (DIFFERNET_INTERRUPTS). TORCH=1 also installs PyTorch (CPU), some 200 MB.
. "$(dirname "$0")/../product/lib.sh" "$@"

packages=(pytest pytest-cov mypy pandas-stubs pandas pillow tqdm scikit-learn tensorboard mlflow-skinny nbclient ipykernel)
python=${PYTHON:-python3}
"$python" "$source/tools/wheel.py" "$build" >"$work/wheel"
"$python" -m venv "$work/venv"
venv=$work/venv/bin
"$venv/pip" install --quiet "$(cat "$work/wheel")" "${packages[@]}"
if [ -n "${TORCH:-}" ]; then
    "$venv/pip" install --quiet torch --index-url https://download.pytorch.org/whl/cpu || "$venv/pip" install --quiet torch
fi

"$venv/differnet" --version
cd "$work"

# The wheel's own library, not the build's.
unset DIFFERNET_LIBRARY PYTHONPATH
"$venv/python" -m pytest -q -p no:cacheprovider --cov=differnet --cov-report=term --cov-fail-under=95 "$source/python/tests"
(cd "$source/python" && "$venv/mypy" --cache-dir "$work/mypy" --python-executable "$venv/python")

# Other packages bring OpenMP runtimes of their own.
others="sklearn.ensemble ${TORCH:+torch}"
for other in $others; do
    for order in "differnet, $other" "$other, differnet"; do
        "$venv/python" "$source/tests/nightly/beside.py" "$source" $order
    done
done

"$venv/python" "$source/tools/notebooks.py" --check
PYTHONPATH=$source/python/tests "$venv/python" "$source/python/tests/interrupts.py" "${DIFFERNET_INTERRUPTS:-1000}" 2>"$work/err"
