#!/usr/bin/env bash
# check: no findings in the shipped data set; the faults of a broken copy are found, whatever its files are called.
. "$(dirname "$0")/lib.sh" "$@"

expect 0 "$differnet" check "$source/dummy_dataset"
holds "$work/out" "test/anomaly"
holds "$work/out" "0 to fix"
holds "$work/out" "  training about "
expect 0 "$differnet" check "$source/dummy_dataset" --json --set estimate=false
grep -q '"seconds": *null' <(tr -d '\t' <"$work/out") || fail "a time that was not measured"

# Angles that the training would not show: the warning of train and dn_model_warning.
expect 0 "$differnet" check "$source/dummy_dataset" --set estimate=false --set train_rotations=even:4 --set n_transforms_test=6
[ "$(grep -c 'warning: trained at 4 evenly spaced rotations, scored at 6' "$work/err")" = 1 ] || fail "no warning of other angles"
expect 0 "$differnet" check "$source/dummy_dataset" --set estimate=false --set train_rotations=even:4 --set n_transforms_test=2
grep -q 'evenly spaced' "$work/err" && fail "a warning of angles that training shows"

cp -r "$source/dummy_dataset" "$work/data"
class=$work/data/dummy_class
cp "$class/train/good/001.png" "$class/test/good/<script>'\" copy.png"
printf 'no image' >"$class/test/anomaly/$(printf 'bad\nname\377').png"
mkfifo "$class/train/good/pipe.png"
ln -s .. "$class/test/loop"
expect 1 "$differnet" check "$work/data" --threads 2
holds "$work/out" "<script>'\" copy.png: the same as train/good/001.png"
holds "$work/out" "is not an image"
holds "$work/out" "pipe.png"
holds "$work/err" "differnet: 2 findings to fix in the data set"
expect 1 "$differnet" check "$class" --json --quiet
holds "$work/out" '"shared"'
expect 1 "$differnet" check "$work/nothing"
holds "$work/err" "$work/nothing"
