#!/usr/bin/env bash
# Two processes on one cache, one with oneDNN's AVX2 and one with all that the processor has: each finds its own
# features only, and ends in the bytes that it has alone.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
settings=("${small[@]}" --quiet --set train_rotations=bank:3 --set checkpoint=0)

# alone NAME [VARIABLE=VALUE]: what this processor, or as much of it as the variable leaves, makes in a fresh cache
alone() {
    local name=$1
    shift
    expect 0 env "$@" "XDG_CACHE_HOME=$work/alone-$name" "$differnet" train "${settings[@]}" --output "$work/$name"
    mv "$work/$name/DifferNet/dummy_dataset/dummy_class/v1" "$work/$name/alone"
    instructions=$(head -q -n 5 "$work/alone-$name"/differnet/*.bank | sed -n 's/^instructions: //p' | sort -u)
}
alone whole
whole=$instructions
alone avx2 ONEDNN_MAX_CPU_ISA=AVX2
if [ "$whole" = "$instructions" ]; then
    echo "this processor has nothing above $whole: skipped"
    exit 77
fi
if cmp -s "$work/whole/alone/scores.csv" "$work/avx2/alone/scores.csv"; then
    echo "the same scores with $whole and with $instructions: nothing would show: skipped"
    exit 77
fi

# together NAME [VARIABLE=VALUE]: the same with the cache that both share
together() {
    local name=$1 run
    shift
    run=$work/$name/$round
    env "$@" "XDG_CACHE_HOME=$work/shared" "$differnet" train "${settings[@]}" --output "$run" >"$run.out" 2>"$run.err" ||
        { cat "$run.err" >&2; fail "$name, $round: training"; }
    run=$run/DifferNet/dummy_dataset/dummy_class/v1
    cmp "$run/model.safetensors" "$work/$name/alone/model.safetensors" || fail "$name, $round: other bytes than alone"
    cmp "$run/scores.csv" "$work/$name/alone/scores.csv" || fail "$name, $round: other scores than alone"
    env "$@" "XDG_CACHE_HOME=$work/shared" "$differnet" test "$run/model.safetensors" --quiet --output "$run/test" >"$run.out" 2>"$run.err" ||
        { cat "$run.err" >&2; fail "$name, $round: test"; }
    cmp "$run/test/scores.csv" "$run/scores.csv" || fail "$name, $round: test gives other scores than train"
}

# One after the other: the second finds what the first has left, and the third too.
round=first together avx2 ONEDNN_MAX_CPU_ISA=AVX2
round=first together whole
round=second together avx2 ONEDNN_MAX_CPU_ISA=AVX2
# At the same time, into an empty cache and into a full one.
for round in empty full; do
    [ $round = full ] || rm -rf "$work/shared"
    together avx2 ONEDNN_MAX_CPU_ISA=AVX2 &
    other=$!
    together whole
    wait $other || fail "$round: the other process"
done
echo "$whole beside $instructions"
