#!/usr/bin/env bash
# train --class all: one class after another, what is finished and unchanged is kept, one that fails stops no other.
. "$(dirname "$0")/lib.sh" "$@"
data=$work/data
for class in bolt nut pin washer; do
    for split in train/good test/good test/anomaly; do
        mkdir -p "$data/$class/$split"
        find "$source/dummy_dataset/dummy_class/$split" -name '0*.png' | sort | head -n 3 | xargs -I{} cp {} "$data/$class/$split"
    done
done
printf 'no picture' >"$data/nut/train/good/000.png"
tiny=(--data "$data" --quiet --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=1
    --set n_transforms=1 --set n_transforms_test=1 --set meta_epochs=1 --set sub_epochs=1 --set estimate=false)
train=("$differnet" train "${tiny[@]}" --set "output=$work/results")
parent=$work/results/DifferNet/data

# rows CLASS=STATE...: the summary has these classes in this state, in this order.
rows() {
    local got
    got=$(sed 1d "$parent/summary.csv" | cut -d, -f1,2 | tr ',\n' '= ')
    [ "$got" = "$* " ] || fail "the summary has $got, expected $*"
}

# One class has a picture that cannot be read: the others are trained all the same.
expect 1 "${train[@]}" --class all
holds "$work/err" "warning: nut: failed: "
holds "$work/err" "classes that failed: 1; the summary says why"
holds "$work/out" "bolt: image_AUROC "
rows bolt=done nut=failed pin=done washer=done
holds "$parent/summary.csv" "nut,failed,,,,0,0,,,"
holds "$parent/summary.html" 'href="./bolt/v1/report.html"'
[ -e "$parent/bolt/v1/report.html" ] || fail "no report of bolt"
cp "$parent/summary.csv" "$work/first.csv"

# Again: nothing is done twice, and the summary is the same. Mended, the class that failed is trained, and it alone.
cp "$data/nut/train/good/"*1.png "$data/nut/train/good/000.png"
expect 0 "${train[@]}" --class all --json
rows bolt=done nut=done pin=done washer=done
cmp <(grep -v ^nut "$work/first.csv") <(grep -v ^nut "$parent/summary.csv") || fail "unchanged classes have other rows"
[ ! -e "$parent/bolt/v2" ] || fail "bolt was trained twice"
holds "$work/out" '"class":	"washer"'

# What changes is trained again, and the message says why: a picture, a setting, a lost model.
cp "$data/nut/test/good/"*1.png "$data/pin/test/good/more.png"
rm "$parent/washer/v1/model.safetensors"
expect 0 "${train[@]/--quiet/--threads=1}" --class all
holds "$work/err" "bolt: unchanged, keeps v1"
holds "$work/err" "pin: training again: the pictures changed"
holds "$work/err" "washer: training again: v1 is incomplete"
[ -e "$parent/pin/v2" ] && [ -e "$parent/washer/v2" ] && [ ! -e "$parent/nut/v2" ] || fail "other classes were trained again"
expect 0 "${train[@]/--quiet/--threads=1}" --class bolt,nut --seed 3
holds "$work/err" "bolt: training again: the settings changed"
[ "$(cat "$parent/bolt/latest")" = v2 ] || fail "latest is not the newest"
rows bolt=done nut=done pin=done washer=done

# Shards of the classes, also of a Slurm array: together they do what one process does, whoever comes last.
rm -rf "$work/results"
expect 0 "${train[@]}" --class all --shard 2/2
rows bolt=none nut=done pin=none washer=done
export SLURM_ARRAY_TASK_ID=7 SLURM_ARRAY_TASK_COUNT=2 SLURM_ARRAY_TASK_MIN=7
expect 0 "${train[@]}" --class all --shard slurm
unset SLURM_ARRAY_TASK_ID SLURM_ARRAY_TASK_COUNT SLURM_ARRAY_TASK_MIN
rows bolt=done nut=done pin=done washer=done
# The model of a class is that of a training of its own.
expect 0 "$differnet" train "${tiny[@]}" --set "output=$work/alone" --class pin
cmp "$parent/pin/v1/model.safetensors" "$work/alone/DifferNet/data/pin/v1/model.safetensors" || fail "another model"

# Interrupted, the same command goes on from the checkpoint.
status=0
env --default-signal=INT "${train[@]}" --class pin,washer --set meta_epochs=100000 --set checkpoint_share=1 >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 600); do [ -s "$parent/pin/v2/train_log.jsonl" ] && break; sleep 0.05; done
kill -INT $pid
wait $pid || status=$?
[ "$status" = 130 ] || { cat "$work/err" >&2; fail "exit status $status after Ctrl-C, expected 130"; }
holds "$work/err" "run the same command to continue"
[ -e "$parent/pin/v2/checkpoint.safetensors" ] || fail "no checkpoint"
# Those settings are given up: the old ones find their model finished.
expect 0 "${train[@]}" --class pin
[ -e "$parent/pin/v3" ] || fail "a training of one class made no new version"

# What cannot be meant.
expect 2 "${train[@]}" --class bolt,nutt
holds "$work/err" 'has no class "nutt": did you mean "nut"?'
expect 2 "${train[@]}" --class pin --shard 1/2
holds "$work/err" "--shard needs several classes, --class all"
expect 2 "${train[@]}" --class all --shard 3/2
holds "$work/err" 'expected I/N with I from 1 to N, or slurm'
expect 2 "${train[@]}" --class all --shard slurm
holds "$work/err" "start it as a job array"
expect 2 "${train[@]}" --class all --resume
# A class folder that has just that name is that class.
mv "$data/bolt" "$data/all"
expect 0 "${train[@]}" --class all
holds "$work/out" "results: $parent/all/v1"
