#!/usr/bin/env bash
# processors.sh BUILD SOURCE: processors without AVX-512 and without AVX. Under qemu-user as a Haswell (AVX2) and as a Nehalem
# (SSE4.2), where an instruction that the processor lacks ends the program, and on this processor with oneDNN limited to those
# kernels: the tests of vector code, and the training of product_golden. Needs qemu-user-static. TESTS and COMPUTE choose.
. "$(dirname "$0")/../product/lib.sh" "$@"
command -v qemu-x86_64-static >/dev/null || { echo "no qemu-x86_64-static: skipped"; exit 77; }
tests=${TESTS:-compute_conformance compute_elements compute_properties compute_pytorch flow_reference
    image_transforms places_gaussian}
export COMPUTE=${COMPUTE:-auto}

check() { # NAME KERNELS OWN LAUNCHER...: on the processor that the launcher makes, which has these kernels
    local name=$1 kernels="$2; own kernels $3" test
    shift 3
    mkdir "$work/$name"
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$*" "$differnet" >"$work/$name/differnet"
    chmod +x "$work/$name/differnet"
    "$@" "$build/tests/test_compute_precision" >"$work/out" 2>&1 || { cat "$work/out"; fail "$name: test_compute_precision"; }
    holds "$work/out" "instructions: $kernels"
    echo "$name: $kernels ($(date -u +%T))"
    for test in $tests; do
        expect 0 "$@" "$build/tests/test_$test"
        echo "$name: test_$test: $(sed -n 's/.*PASSED *\] //p' "$work/err" "$work/out" | tail -n 1) ($(date -u +%T))"
    done
    tests/product/golden.sh "$work/$name" "$source" || fail "$name: golden.sh"
    echo "$name: trained ($(date -u +%T))"
}

cd "$source"
build=$(cd "$build" && pwd) differnet=$build/differnet
# This processor's own kernels are not limited by oneDNN's variable.
own=$("$build/tests/test_compute_precision" 2>&1 | sed -n 's/^instructions: .*own kernels //p')
check limited-AVX2 AVX2 "$own" env ONEDNN_MAX_CPU_ISA=AVX2
check limited-SSE41 SSE4.1 "$own" env ONEDNN_MAX_CPU_ISA=SSE41
check Haswell AVX2 AVX2 qemu-x86_64-static -cpu Haswell
check Nehalem SSE4.1 baseline qemu-x86_64-static -cpu Nehalem
