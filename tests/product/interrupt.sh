#!/usr/bin/env bash
# Ctrl-C and kill -9 during a training: a clean end, no incomplete file, and the next run works.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

wait_for() { # FILE: until it has a line
    for _ in $(seq 200); do
        [ -s "$1" ] && return
        sleep 0.05
    done
    fail "$1 did not appear"
}

long=("${small[@]}" --set meta_epochs=1000 --set sub_epochs=10)

# A shell starts background commands with SIGINT ignored, which the program respects.
env --default-signal=INT "$differnet" train "${long[@]}" >"$work/out" 2>"$work/err" &
pid=$!
wait_for "$results/v1/train_log.jsonl"
kill -INT $pid
status=0
wait $pid || status=$?
[ "$status" = 130 ] || fail "exit status $status after Ctrl-C, expected 130"
[ ! -e "$results/v1/model.safetensors" ] || fail "an interrupted training left a model"
[ ! -e "$results/latest" ] || fail "an interrupted training became the latest"

"$differnet" train "${long[@]}" >"$work/out" 2>"$work/err" &
pid=$!
wait_for "$results/v2/train_log.jsonl"
kill -KILL $pid
wait $pid 2>/dev/null || true
[ ! -e "$results/v2/model.safetensors" ] || fail "a killed training left a model"

expect 0 "$differnet" train "${small[@]}" --quiet
[ "$(cat "$results/latest")" = v3 ] || fail "the next training is not v3"
[ -z "$(find "$results/v1" "$results/v3" -name '*.tmp-*')" ] || fail "temporary files are left"

# A temporary file that kill -9 leaves behind is removed by the next resumption, which is stopped in turn.
touch "$results/v1/checkpoint.safetensors.tmp-1-1"
interrupt "$differnet" train --resume "$results/v1"
holds "$work/err" "continuing the training in"
[ -z "$(find "$results/v1" -name '*.tmp-*')" ] || fail "the resumption leaves temporary files"
