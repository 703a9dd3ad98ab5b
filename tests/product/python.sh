#!/usr/bin/env bash
# The Python package, installed from the tree: skipped if Python, numpy or pytest are missing. What takes longer is in
# tests/nightly/python.sh.
. "$(dirname "$0")/lib.sh" "$@"

find_python numpy pytest
"$python" "$source/tools/python_reference.py" --check || fail "docs/python.md is stale"
where=$source/python

# install FOLDER: with pip, without the network
install() {
    "$python" -m pip install --quiet --no-deps --no-index --no-build-isolation --no-warn-script-location \
        --target "$1" "$work/python"
}

# An installed copy if pip can make one, else the source tree.
if "$python" -c 'import setuptools, pip, wheel' 2>/dev/null; then
    cp -r "$source/python" "$work/python"
    # Nothing is installed that could not work.
    if "$python" -c 'import ctypes.util, sys; sys.exit(ctypes.util.find_library("differnet") is not None)'; then
        expect 1 install "$work/nothing"
        cat "$work/out" >>"$work/err"
        holds "$work/err" "./run wheel"
    fi
    export DIFFERNET_LIBRARY=$build/libdiffernet.so
    install "$work/site" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "pip install"; }
    where=$work/site
    env -u DIFFERNET_LIBRARY PYTHONPATH="$where" "$python" -c 'import differnet; print(differnet.version())' >"$work/out"
    PYTHONPATH=$where "$python" -m differnet --version >"$work/version"
    holds "$work/version" "$(cat "$work/out")"
fi
export DIFFERNET_LIBRARY=$build/libdiffernet.so PYTHONPATH=$where
run_pytest "$source/python/tests"
