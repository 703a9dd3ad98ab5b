#!/usr/bin/env bash
# mpirun and the verbs besides train and test: predict, calibrate, check, classes, tiles and the features of a training are
# those of one process; what one process alone can do is refused with one message.
. "$(dirname "$0")/lib.sh" "$@"
mpi_scene
cd "$work"
tiny=(--quiet --threads 1 --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=1
    --set n_transforms=1 --set n_transforms_test=2 --set batch_size=3 --set meta_epochs=1 --set sub_epochs=1 --set estimate=false)
ranks() { mpirun -q -n "$@"; }

# Classes, one of which fails, with two processes; the same command again finds nothing to do.
for class in bolt nut; do mkdir -p "two/$class" && cp -r "$data/part/." "two/$class"; done
mkdir -p two/bad/train/good && rm two/nut/train/good/000.png
summary() { cut -d, -f1-7,9- "$1/DifferNet/two/summary.csv"; }
expect 1 "$differnet" train --data two --class all "${tiny[@]}" --output one
expect 1 ranks 2 "$differnet" train --data two --class all "${tiny[@]}" --output many
holds "$work/err" "classes that failed: 1"
cmp <(summary one) <(summary many) || fail "another summary"
for class in bolt nut; do
    for file in model.safetensors scores.csv metrics.json; do
        cmp {one,many}/DifferNet/two/$class/v1/$file || fail "$class: another $file"
    done
done
expect 1 ranks 3 "$differnet" train --data two --class all "${tiny[@]}" --output many
[ ! -e many/DifferNet/two/bolt/v2 ] || fail "bolt was trained again"

# predict: rows in the order of the pictures; errors and the exit status are those of all.
model=one/DifferNet/two/bolt/v1
plain() { sed 's/"elapsed_ms":[^,}]*//; s/"time":"[^"]*"//' "$1"; }
whole=("$differnet" predict $model "$data/part/test" nothing.png "$data/part/train" --quiet)
expect 1 "${whole[@]}"
cp out rows && cp err message
expect 1 ranks 3 "${whole[@]}"
cmp <(plain out) <(plain rows) || fail "predict: other rows"
cmp err message || fail "predict: another message"
expect 3 "$differnet" predict $model "$data/part/test/good" --quiet --threshold 0.001 --fail-on anomaly
expect 3 ranks 2 "$differnet" predict $model "$data/part/test/good" --quiet --threshold 0.001 --fail-on anomaly
mkdir other && cp "$data/part/test/good/000.png" other
expect 1 ranks 2 sh -c '[ $OMPI_COMM_WORLD_RANK = 0 ] || set -- "$@" other; exec "$@"' - "${whole[@]}"
holds err "process 1 of 2 has other pictures than process 0"
expect 1 ranks 2 sh -c '[ $OMPI_COMM_WORLD_RANK = 0 ] || set -- "$1" predict /nowhere other; exec "$@"' - "$differnet" predict $model other
holds err "differnet: process 1 of 2: /nowhere"
for input in - --stdin-image; do
    expect 2 ranks 2 "$differnet" predict $model $input
    [ "$(grep -c '^differnet:' err)" = 1 ] || { cat err >&2; fail "not one message"; }
    holds err "predict: under mpirun it needs PATH...: standard input and a watched folder are for one process"
done

# calibrate: the same thresholds, and one process writes.
for count in 1 2; do
    cp $model/model.safetensors $count.safetensors
    if [ $count = 1 ]; then run=("$differnet"); else run=(ranks 2 "$differnet"); fi
    expect 0 "${run[@]}" calibrate $count.safetensors "$data/part/test/good" --force --quiet --json
    sed 's/"date":[^,]*//' out >calibration.$count
done
cmp calibration.1 calibration.2 || fail "calibrate: other thresholds"
[ "$("$differnet" info 1.safetensors --json | grep -o '"threshold":[^,]*')" = "$("$differnet" info 2.safetensors --json | grep -o '"threshold":[^,]*')" ] ||
    fail "calibrate wrote another model"

# check: the same findings.
whole=("$differnet" check two --quiet --set estimate=false)
expect 1 "${whole[@]}"
cp out findings
expect 1 ranks 3 "${whole[@]}"
cmp out findings || fail "check: other findings"

# Tiles, and the features of a training, which every process keeps of its own pictures.
tiles=(--data "$data" --class part "${tiny[@]}" --set tiles=64 --set tile_scale=0.25 --val-fraction 0.25)
expect 0 "$differnet" train "${tiles[@]}" --output tiled/one
XDG_CACHE_HOME=$work/fresh expect 0 ranks 3 "$differnet" train "${tiles[@]}" --features
XDG_CACHE_HOME=$work/fresh expect 0 ranks 3 "$differnet" train "${tiles[@]}" --output tiled/many
for file in model.safetensors scores.csv metrics.json; do
    cmp tiled/{one,many}/DifferNet/data/part/v1/$file || fail "tiles: another $file"
done
expect 0 "$differnet" test tiled/one/DifferNet/data/part/v1 --quiet --output tested/one
expect 0 ranks 2 "$differnet" test tiled/one/DifferNet/data/part/v1 --quiet --output tested/many
cmp tested/{one,many}/scores.csv || fail "tiles: test gives other scores"

# benchmark measures the gathers, and check says what they allow.
expect 0 ranks 2 "$differnet" benchmark
link=$(sed -n 's/^link: //p' out)
expect 1 "$differnet" check two --class bolt --quiet --link "$link" --set fc_internal=16 --set img_size="[64, 64]" --set n_scales=1
holds out "machines over $link"
