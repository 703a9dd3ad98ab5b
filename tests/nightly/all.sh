#!/usr/bin/env bash
# all.sh BUILD SOURCE: every test that takes minutes, root or the network, one after the other: clusters of network namespaces
# and a Slurm of this machine's own, the Python package with its optional packages, a longer week of the watched folder, older
# processors under qemu, the inspection station at length.
# NIGHTLY="cluster/slurm.sh ..." runs only those. The last line counts, as ./run does; the exit status is 1 if one failed.
set -u
build=$(cd "$1" && pwd) source=$(cd "$2" && pwd)
cd "$source"
logs=$build/nightly passed=0 failed=0 skipped=0
mkdir -p "$logs"
for script in ${NIGHTLY:-cluster/namespaces.sh cluster/slurm.sh nightly/python.sh product/watch.sh nightly/processors.sh
    nightly/station.sh}; do
    begun=$(date +%s) status=0
    PICTURES=${PICTURES:-20000} "tests/$script" "$build" "$source" >"$logs/$(basename "$script").txt" 2>&1 || status=$?
    case $status in
    0) passed=$((passed + 1)) word=passed ;;
    77) skipped=$((skipped + 1)) word=skipped ;;
    *) failed=$((failed + 1)) word=FAILED ;;
    esac
    echo "$word: $script, $(($(date +%s) - begun)) s"
    [ $status = 0 ] || tail -n 20 "$logs/$(basename "$script").txt"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
