#!/usr/bin/env bash
# A training that is killed again and again ends in the same bytes as an undisturbed one.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
class=dummy_dataset/dummy_class
mkdir -p "$work/data/part/train/good" "$work/data/part/test/good" "$work/data/part/test/anomaly"
for split in train/good test/good test/anomaly; do
    for file in $(ls "$class/$split" | head -n 4); do cp "$class/$split/$file" "$work/data/part/$split"; done
done
tiny=(--data "$work/data" --class part --quiet --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16
    --set n_coupling_blocks=2 --set n_transforms=2 --set n_transforms_test=2 --set batch_size=2 --set meta_epochs=10
    --set sub_epochs=24 --set dropout=0.1 --set transf_contrast=0.2 --set "output=$work/results")
parent=$work/results/DifferNet/data/part

# compare: the finished training in v1 equals the undisturbed one byte for byte; its log has lost and repeated nothing.
compare() {
    cmp "$work/whole/model.safetensors" "$parent/v1/model.safetensors" || fail "$rotations: other bytes after $kills kills"
    cmp "$work/whole/scores.csv" "$parent/v1/scores.csv" || fail "$rotations: other scores"
    for file in "$work/whole" "$parent/v1"; do sed 's/,"seconds":[^}]*//' "$file/train_log.jsonl"; done >"$work/logs"
    lines=$(($(wc -l <"$work/logs") / 2))
    [ "$(head -n $lines "$work/logs")" = "$(tail -n $lines "$work/logs")" ] || fail "$rotations: another log"
    rm -rf "$parent/v1" "$parent/latest"
}

# strike SIGNAL: trains, or resumes if there is a checkpoint, and is killed at a random moment. A training that finished before
# is compared, and the next one starts anew.
strike() {
    resume=(--resume)
    [ -e "$parent/v1/checkpoint.safetensors" ] || { rm -rf "$parent/v1"; resume=(); }
    "$differnet" train "${own[@]}" ${resume[@]+"${resume[@]}"} >"$work/out" 2>"$work/err" &
    pid=$!
    delay=$((patience + RANDOM % (whole / 8 + 1)))
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
    kill -"$1" $pid 2>/dev/null || true
    wait $pid 2>/dev/null || true
    if [ -e "$parent/latest" ]; then
        compare
        patience=$((patience * 3 / 4)) # too late
    else
        # Killed before the first checkpoint: the next one runs longer, so that there is something to resume.
        [ -e "$parent/v1/checkpoint.safetensors" ] || patience=$((patience + whole / 6))
        kills=$((kills + 1)) resumed=$((resumed + ${#resume[@]}))
    fi
}

# Both kinds of rotations. kill -9 strikes at any moment; SIGTERM takes effect between two steps, within an epoch.
RANDOM=7
for rotations in random bank:3; do
    rm -rf "$work/results" "$work/whole"
    own=("${tiny[@]}" --set "train_rotations=$rotations" --set checkpoint_share=1)
    begun=$(date +%s%N)
    expect 0 "$differnet" train "${own[@]}"
    whole=$((($(date +%s%N) - begun) / 1000000)) # milliseconds: the killer strikes within a fifth of it or so
    mv "$parent/v1" "$work/whole"
    [ ! -e "$work/whole/checkpoint.safetensors" ] || fail "a finished training left its checkpoint"
    rm "$parent/latest"

    kills=0 resumed=0 patience=$((whole / 10))
    signals=(TERM KILL TERM KILL TERM)
    [ $rotations = bank:3 ] || mapfile -t signals < <(for _ in {1..20}; do echo KILL; done)
    # On a busy machine all of them may strike before the first checkpoint: then more follow.
    while [ $kills -lt ${#signals[@]} ] || { [ $resumed = 0 ] && [ $kills -lt 40 ]; }; do
        strike "${signals[$((kills % ${#signals[@]}))]}"
    done
    resume=(--resume)
    [ -e "$parent/v1/checkpoint.safetensors" ] || { rm -rf "$parent/v1"; resume=(); }
    expect 0 "$differnet" train "${own[@]}" ${resume[@]+"${resume[@]}"}
    compare
    echo "$rotations: killed $kills times, went on $resumed times"
    [ "$resumed" -gt 0 ] || fail "$rotations: no checkpoint was ever there to go on from"
done

# Ctrl-C in the middle of an epoch, then another number of threads.
rm -rf "$work/results"
env --default-signal=INT "$differnet" train "${own[@]}" --set meta_epochs=1000 >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 600); do [ -s "$parent/v1/train_log.jsonl" ] && break; sleep 0.05; done
kill -INT $pid
status=0
wait $pid || status=$?
[ "$status" = 130 ] || fail "exit status $status after Ctrl-C, expected 130"
[ -s "$parent/v1/checkpoint.safetensors" ] || fail "no checkpoint after Ctrl-C"
# Options change keys of the configuration that lies there.
expect 2 "$differnet" train --quiet --resume "$parent/v1" --set lr_init=0.1
holds "$work/err" "lr_init is 0.0002 in the checkpoint, now 0.1"
# With other instructions other bytes come out: refused, unless that is what is wanted.
export ONEDNN_MAX_CPU_ISA=SSE41
expect 1 "$differnet" train --quiet --resume "$parent/v1" --threads 1
holds "$work/err" "cannot be resumed with identical results: instructions is \""
holds "$work/err" "\" in the checkpoint, now \"SSE4.1"
interrupt "$differnet" train --quiet --resume "$parent/v1" --set exact_resume=false
holds "$work/err" "warning: $parent/v1/checkpoint.safetensors: the model will differ from that of an uninterrupted training"
unset ONEDNN_MAX_CPU_ISA
# Its checkpoint is of those instructions in turn.
expect 1 "$differnet" train --quiet --resume "$parent/v1"
holds "$work/err" "instructions is \"SSE4.1"
export ONEDNN_MAX_CPU_ISA=SSE41
expect 2 "$differnet" train "${own[@]}" --set meta_epochs=1000 --set lr_init=0.1 --resume
holds "$work/err" "lr_init is 0.0002 in the checkpoint, now 0.1"
cp "$work/data/part/train/good/$(ls "$work/data/part/train/good" | head -n 1)" "$work/data/part/train/good/more.png"
expect 1 "$differnet" train --quiet --resume "$parent/v1"
holds "$work/err" "belongs to another data set"
rm "$work/data/part/train/good/more.png"
head -c 3000 "$parent/v1/checkpoint.safetensors" >"$work/cut" && mv "$work/cut" "$parent/v1/checkpoint.safetensors"
expect 1 "$differnet" train --quiet --resume "$parent/v1"
holds "$work/err" "checkpoint.safetensors"
expect 2 "$differnet" train "$parent/v1"
holds "$work/err" "only --resume takes a folder"
expect 1 "$differnet" train "${own[@]}" --resume "$work"
