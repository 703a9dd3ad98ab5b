# Shared by the product tests: strict mode, a temporary folder, assertions.
set -eu
build=$1 source=$2 differnet=$1/differnet
work=$(mktemp -d)
export XDG_CACHE_HOME=$work/cache
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# expect STATUS COMMAND...: runs it, keeps stdout in $work/out and stderr in $work/err.
expect() {
    local wanted=$1 status=0
    shift
    "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = "$wanted" ] || { cat "$work/out" "$work/err" >&2; fail "$*: exit status $status, expected $wanted"; }
}

# interrupt COMMAND...: the same, with a Ctrl-C after five seconds. In the foreground timeout signals the command alone;
# otherwise its group, too, and a second signal ends differnet at once.
interrupt() {
    expect 124 timeout --foreground -s INT 5 env --default-signal=INT "$@"
}

# holds FILE TEXT
holds() {
    grep -qF -- "$2" "$1" || { cat "$1" >&2; fail "\"$2\" is not in $1"; }
}

# left_out WHAT: a part of this test cannot run here; ./run counts it as skipped.
left_out() {
    echo "skipped: 1 part: $*"
}

# Sets $python to one that has these modules, or skips the test. The system's python3 comes second: another one may
# stand before it in PATH, without the modules that ./run installs.
find_python() {
    export PYTHONDONTWRITEBYTECODE=1
    for python in "${PYTHON:-python3}" /usr/bin/python3; do
        "$python" -c "import $(IFS=,; echo "$*")" 2>/dev/null && return
    done
    echo "no python3 with $*: skipped"
    exit 77
}

# run_pytest FOLDER: the tests that pytest skips count as skipped.
run_pytest() {
    "$python" -m pytest -q -p no:cacheprovider "$1" >"$work/pytest" 2>&1 || { cat "$work/pytest" >&2; fail "pytest $1"; }
    cat "$work/pytest"
    sed -n 's/^.*[^0-9]\([0-9][0-9]*\) skipped.*$/skipped: \1 of pytest'"'"'s tests/p' "$work/pytest"
}

# Sets $data to a part of the dummy data set with an unreadable picture, for tests under mpirun; skips the test without it.
mpi_scene() {
    command -v mpirun >/dev/null && [ -e "$build/differnet_mpi.so" ] || { echo "no mpirun, or no module for it: skipped"; exit 77; }
    build=$(cd "$build" && pwd) differnet=$build/differnet
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl=self,vader OMPI_MCA_rmaps_base_oversubscribe=1
    data=$work/data
    mkdir -p "$data/part"
    cp -r "$source/dummy_dataset/dummy_class/." "$data/part"
    find "$data/part" -name '*1[0-9].png' -delete
    printf 'no picture' >"$data/part/test/anomaly/bad.png"
}

# A network that trains in seconds on the shipped dummy data set.
small=(--set img_size='[96, 96]' --set n_scales=1 --set fc_internal=32 --set n_coupling_blocks=2 --set n_transforms=1
    --set n_transforms_test=2 --set meta_epochs=2 --set sub_epochs=1 --set "output=$work/results")
results=$work/results/DifferNet/dummy_dataset/dummy_class
