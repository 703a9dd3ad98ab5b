#!/usr/bin/env bash
# train, test, predict and info on the dummy data set, and their messages for bad input.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

expect 0 "$differnet" train "${small[@]}"
holds "$work/out" "image_AUROC"
holds "$work/out" "results: $results/v1"
holds "$results/v1/metrics.json" "\"$(basename data/backbone/differnet-alexnet-*.safetensors .safetensors)\""
holds "$work/err" "AUROC:"
for file in model.safetensors config.yaml metrics.json scores.csv roc.csv report.html train_log.jsonl; do
    [ -s "$results/v1/$file" ] || fail "$file is missing"
done
[ "$(cat "$results/latest")" = v1 ] || fail "latest does not name v1"
[ "$(wc -l <"$results/v1/scores.csv")" = 17 ] || fail "scores.csv: not 8 good, 8 circles and a header"
auroc=$(grep '^image_AUROC' "$work/out" | tail -n 1)
model=$results/v1/model.safetensors

# The configuration that was written trains the same model again.
expect 0 "$differnet" train --config "$results/v1/config.yaml" --quiet
cmp "$model" "$results/v2/model.safetensors" || fail "same seed, other bytes"

expect 0 "$differnet" test "$model" --output "$work/test"
[ "$(grep '^image_AUROC' "$work/out" | tail -n 1)" = "$auroc" ] || fail "test does not reproduce train: $auroc"
cmp "$work/test/scores.csv" "$results/v1/scores.csv" || fail "test scores differ"

expect 0 "$differnet" predict "$model" dummy_dataset/dummy_class/test/anomaly
[ "$(wc -l <"$work/out")" = 8 ] || fail "not a line per image"
holds "$work/out" '"raw_score":'
ls dummy_dataset/dummy_class/test/good/* >"$work/names"
echo "$work/nowhere.png" >>"$work/names"
status=0
"$differnet" predict "$model" - <"$work/names" >"$work/out" 2>"$work/err" || status=$?
[ "$status" = 1 ] || fail "a bad file must end with 1, not $status"
[ "$(wc -l <"$work/out")" = 9 ] || fail "the batch must go on"
holds "$work/out" '"error":'

expect 0 "$differnet" predict "$model" tests/fixtures/formats
[ "$(wc -l <"$work/out")" -ge 9 ] || fail "fewer than nine formats"

expect 0 "$differnet" info # of no file: the built-in backbone's card
for entry in name data recipe seed training_time good_at bad_at licence; do
    grep -q "^$entry  *[^ ]" "$work/out" || fail "info does not show the backbone's $entry"
done

expect 0 "$differnet" info "$model"
holds "$work/out" "backbone_sha256"
expect 0 "$differnet" info --verify "$model"
holds "$work/out" "same: the model was trained on these images"
cp -r dummy_dataset/dummy_class "$work/other"
expect 0 "$differnet" info --verify "$model" --data "$work" --class other
rm "$work/other/train/good/003.png"
expect 1 "$differnet" info --verify "$model" --data "$work" --class other --json
holds "$work/out" '"same":	false'
expect 0 "$differnet" benchmark --json --set fc_internal=32 --set n_scales=1 --set img_size="[96, 96]" --set n_transforms_test=2 \
    --threads 1 --precision f32
holds "$work/out" '"image_rotation_ms"'
holds "$work/out" '"map_ms"'

expect 2 "$differnet" train --set n_scale=3
holds "$work/err" 'n_scales'
expect 2 "$differnet" train --set dropout=2
expect 1 "$differnet" train --data "$work/nothing"
holds "$work/err" "$work/nothing"
head -c 5000 "$model" >"$work/cut.safetensors"
expect 1 "$differnet" test "$work/cut.safetensors"
holds "$work/err" "cut.safetensors"
expect 1 "$differnet" train "${small[@]}" --backbone "$work/cut.safetensors"
expect 0 "$differnet" train "${small[@]}" --backbone random
holds "$work/err" "random backbone weights"

# Without permission, as a user other than root.
cp -r "$differnet" dummy_dataset "$work"
chmod 755 "$work"
mkdir "$work/readonly" && chmod 555 "$work/readonly"
chmod 000 "$work/dummy_dataset/dummy_class/train/good/001.png"
as_user=()
[ "$(id -u)" != 0 ] || as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
cd "$work"
expect 1 "${as_user[@]}" ./differnet train "${small[@]}" --output "$work/readonly"
holds "$work/err" "dummy_class/train/good/001.png: cannot open: Permission denied"
chmod 644 "$work/dummy_dataset/dummy_class/train/good/001.png"
expect 1 "${as_user[@]}" ./differnet train "${small[@]}" --output "$work/readonly"
holds "$work/err" "$work/readonly"
holds "$work/err" "Permission denied"
