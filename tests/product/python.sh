#!/usr/bin/env bash
# The Python package, installed from the tree: skipped if Python, numpy or pytest are missing.
. "$(dirname "$0")/lib.sh" "$@"

find_python numpy pytest
export DIFFERNET_LIBRARY=$build/libdiffernet.so
where=$source/python
# An installed copy if pip can make one without the network, else the source tree.
if "$python" -c 'import pip, setuptools, wheel' 2>/dev/null; then
    cp -r "$source/python" "$work/python"
    "$python" -m pip install --quiet --no-deps --no-index --no-build-isolation --no-warn-script-location \
        --target "$work/site" "$work/python" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "pip install"; }
    where=$work/site
fi
export PYTHONPATH=$where
run_pytest "$source/python/tests"
