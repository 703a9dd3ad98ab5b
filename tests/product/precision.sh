#!/usr/bin/env bash
# --precision from training to prediction, on this processor and with its newer instructions hidden.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
bad=dummy_dataset/dummy_class/test/anomaly
tiny=(--set fc_internal=32 --set n_scales=1 --set img_size='[96, 96]' --set n_transforms_test=2)

score() { # MODEL OPTION...: raw_score of one picture
    local model=$1
    shift
    expect 0 "$differnet" predict "$model" "$@" "$(ls $bad/* | head -n 1)"
    sed 's/.*"raw_score":\([^,]*\),.*/\1/' "$work/out"
}

near() { # A B SHARE
    awk -v a="$1" -v b="$2" -v share="$3" 'BEGIN { exit !(a > 0 && (a - b)^2 <= (share * b)^2) }' ||
        fail "$1 is not within $3 of $2"
}

version=0
for precision in f32 bf16 int8; do
    version=$((version + 1))
    expect 0 "$differnet" train "${small[@]}" --precision $precision --val-fraction 0.2
    model=$results/v$version/model.safetensors
    auroc=$(grep '^image_AUROC' "$work/out" | tail -n 1)
    rm -rf "$XDG_CACHE_HOME"
    expect 0 "$differnet" test "$model" --output "$work/test"
    cmp "$work/test/scores.csv" "$results/v$version/scores.csv" || fail "$precision: test does not reproduce train"
    [ "$(grep '^image_AUROC' "$work/out" | tail -n 1)" = "$auroc" ] || fail "$precision: another AUROC than $auroc"
    exact=$(score "$model" --precision f32)
    near "$(score "$model" --precision bf16)" "$exact" 0.02
    near "$(score "$model" --precision int8)" "$exact" 0.05
    other=bf16
    [ $precision = bf16 ] && other=int8
    expect 0 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test/good --force --dry-run --precision $other
    [ "$(grep -c "trained in $precision and scored in $other" "$work/err")" = 1 ] || fail "$other: no warning"
    [ "$(score "$model")" = "$(score "$model" --precision auto)" ] || fail "auto is not what the model was trained in"
    expect 0 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test/good --force --precision $precision
    grep -q "and scored in" "$work/err" && fail "a warning of the precision of the training"
    expect 0 "$differnet" predict "$model" --precision $precision --maps --output "$work/maps" "$bad/"
done

expect 0 "$differnet" train "${small[@]}" --precision auto
holds "$work/err" "note: precision auto: "
holds "$work/err" " is taken"
taken=$(sed -n 's/.*precision auto: \([a-z0-9]*\) is taken.*/\1/p' "$work/err")
expect 0 "$differnet" info "$results/v4/model.safetensors"
grep -q "^precision *$taken\$" "$work/out" || fail "auto took $taken, the model says otherwise"

# Without the instructions it computes in f32 and says so.
export ONEDNN_MAX_CPU_ISA=SSE41
for precision in bf16 int8; do
    expect 0 "$differnet" predict "$model" --precision $precision "$bad"
    holds "$work/err" "warning: precision: this processor has no instructions for $precision; computing in f32"
    expect 0 "$differnet" train "${small[@]}" --precision $precision
    holds "$work/err" "warning: precision: this processor has no instructions for $precision; computing in f32"
    expect 0 "$differnet" benchmark "${tiny[@]}" --threads 1 --precision $precision
    holds "$work/err" "computing in f32"
done
unset ONEDNN_MAX_CPU_ISA

# benchmark: one named precision or all; on all threads and on one, or on the number named.
expect 0 "$differnet" benchmark "${tiny[@]}" --json --precision bf16 --threads 1
[ "$(grep -o '"precision":' "$work/out" | wc -l)" = 1 ] || fail "one precision on one thread is one run"
for field in processor instructions load decode_ms resize_ms rotate_ms backbone_view_ms flow_ms map_ms map_ratio image_ms \
    step_ms products_gflops convolutions_gflops bandwidth_gbs peak_score_mib peak_train_mib; do
    holds "$work/out" "\"$field\":"
done
! grep -E '_(ms|gflops|gbs|mib)":(0|-|null)[,}]' "$work/out" || fail "a figure is nothing"
expect 0 "$differnet" benchmark "${tiny[@]}" --threads 1
for line in "score an image" "backbone at 96, a view" "training step" "convolutions, GFLOP/s" "memory, GB/s"; do
    holds "$work/out" "$line"
done
columns=$(sed -n 's/^precision *//p' "$work/out")
case $columns in f32 | f32*bf16 | f32*int8) ;; *) fail "precisions: $columns" ;; esac
ONEDNN_MAX_CPU_ISA=SSE41 expect 0 "$differnet" benchmark "${tiny[@]}" --threads 1
[ "$(sed -n 's/^precision *//p' "$work/out")" = f32 ] || fail "a processor without bf16 has f32 alone"

expect 2 "$differnet" train "${small[@]}" --precision int8 --set add_img_noise=0.1
holds "$work/err" "add_img_noise"
expect 2 "$differnet" predict "$model" --precision f16 "$bad"
