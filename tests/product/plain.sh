#!/usr/bin/env bash
# From folders of pictures, in nobody's layout, to a model; Ctrl-C and on; models named by their folders.
. "$(dirname "$0")/lib.sh" "$@"
from=$source/dummy_dataset/dummy_class
cd "$work"
mkdir -p "my screws/OK" "my screws/NG/scratch" few odd/junk odd/fine
mapfile -t good < <(find "$from" -path '*/good/*.png' | sort)
mapfile -t bad < <(find "$from" -path '*/anomaly/*.png' | sort)
for i in {0..54}; do cp "${good[$((i % ${#good[@]}))]}" "my screws/OK/$i.png"; done
cp "${bad[@]:0:4}" "my screws/NG"
cp "${bad[@]:4:4}" "my screws/NG/scratch"
cp "${good[@]:0:3}" few
cp "${good[0]}" odd/fine
cp "${bad[0]}" odd/junk
tiny=(--set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=2 --set n_transforms=1
    --set n_transforms_test=2 --set meta_epochs=1 --set sub_epochs=1 --set estimate=false)
results="results/DifferNet/my screws/all"

# Two folders; the results bear the name of the folder that says something.
expect 0 "$differnet" train --good "my screws/OK" --bad "my screws/NG" "${tiny[@]}"
holds "$work/err" "55 good pictures: 44 are for training, 11 are held out for the test"
holds "$work/err" "defective pictures for the test: 8; kinds of defects: 2"
holds "$work/out" "images        11 good, 8 defective"
holds "$work/out" "results: $results/v1"
grep -E '^image_AUROC:' "$work/out" >"$work/auroc"
grep -q dummy_dataset "$results/v1/config.yaml" && fail "the dummy data set is in the configuration"
# The same folder as a data set: the same model.
expect 0 "$differnet" train --data "my screws" --quiet "${tiny[@]}"
cmp "$results/v1/model.safetensors" "$results/v2/model.safetensors" || fail "--data makes another model"
expect 0 "$differnet" info --verify "$results/v1"
holds "$work/out" "same: the model was trained on these images"
# Tested again: with the held-out pictures, by file, by results folder and by class folder.
for model in "$results/v1/model.safetensors" "$results/v1/" "$results"; do
    expect 0 "$differnet" test "$model"
    [ "$(grep -E '^image_AUROC:' "$work/out")" = "$(cat "$work/auroc")" ] || fail "test $model: another AUROC"
done
expect 0 "$differnet" predict "$results" few --format csv
expect 0 "$differnet" export "$results" --format safetensors --output half.safetensors --half
expect 1 "$differnet" calibrate "$results/v2" few --force
holds "$work/err" "the model was trained on this image (3 of 3 are training images)"
mkdir new
cp "${bad[@]:0:3}" new # stand in for three new good parts
expect 0 "$differnet" calibrate "$results/v2" new --force
holds "$work/out" "3"
expect 1 "$differnet" predict results few
holds "$work/err" "results: is a folder without a model"
for data in "my screws" "--good=my screws/OK --bad=my screws/NG"; do
    IFS=' ' read -r -a words <<<"${data//my screws/my@screws}"
    expect 1 "$differnet" check "${words[@]//my@screws/my screws}"
    holds "$work/out" "44  train/good"
    holds "$work/out" "the same image in more than one split" # twelve pictures make 55
done

# Too few to hold some out; a layout that nobody knows; a class without data.
expect 0 "$differnet" train --data few "${tiny[@]}"
holds "$work/err" "3 good pictures, fewer than 50"
holds "$work/out" "results: results/DifferNet/few/all/v1"
expect 1 "$differnet" train --data odd "${tiny[@]}"
holds "$work/err" "odd: is not a data set in a known layout; it holds pictures: 0, fine/ (pictures: 1), junk/ (pictures: 1)"
holds "$work/err" "differnet train --good odd/fine --bad odd/junk"
expect 2 "$differnet" train --class screw "${tiny[@]}"
holds "$work/err" "class_name is \"screw\", but no data set is named"
mkdir two
cp -r "my screws" two/a
cp -r "my screws" two/b
expect 2 "$differnet" train --data two "${tiny[@]}"
holds "$work/err" "two: holds 2 classes (a, b); name one"

# Ctrl-C prints the command that goes on; what would compute something else is named.
env --default-signal=INT "$differnet" train --good "my screws/OK" --bad "my screws/NG" "${tiny[@]}" \
    --set sub_epochs=100000 >"$work/out" 2>"$work/err" &
pid=$!
for _ in $(seq 600); do grep -q "Epoch: 0.0" "$work/err" && break; sleep 0.05; done
kill -INT $pid
status=0
wait $pid || status=$?
[ "$status" = 130 ] || fail "exit status $status after Ctrl-C, expected 130"
holds "$work/err" "To continue: differnet train --resume '$results/v3'"
expect 2 "$differnet" train --resume "$results/v3" --seed 7 --precision bf16 --set lr_init=0.1 --threads 1
holds "$work/err" "lr_init is 0.0002 in the checkpoint, now 0.1; precision is f32 in the checkpoint, now bf16; seed is 0 in the checkpoint, now 7"
# Refused before cross_fit's trainings, not after them.
expect 2 "$differnet" train --resume "$results/v3" --cross-fit 3
holds "$work/err" "cross_fit is 0 in the checkpoint, now 3"
grep -q "cross-fit: training" "$work/err" && fail "trained for cross_fit before it was refused"
interrupt "$differnet" train --threads 1 --output elsewhere --set verbose=false --resume "$results/v3"
holds "$work/err" "continuing the training in $results/v3"
holds "$work/err" "To continue: differnet train --resume '$results/v3'"
