#!/usr/bin/env bash
# report.html agrees with metrics.json and the table: after a training, after a test and without a test set.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

expect 0 "$differnet" train "${small[@]}" --quiet --set report_title='Line 3 & 4' --set report_note='Ask: A. Berg'
report=$results/v1/report.html
auroc=$(sed -n 's/^image_AUROC: //p' "$work/out")
holds "$report" "image_AUROC</th><td>$auroc"
holds "$report" "Scores and thresholds"
holds "$report" "<h1>Line 3 &amp; 4</h1>"
holds "$report" "<dt>Note</dt><dd>Ask: A. Berg</dd>"
exact=$(sed -n '/"image_AUROC"/,/value/s/.*"value":[[:space:]]*\([0-9.]*\),*/\1/p' "$results/v1/metrics.json" | head -n 1)
[ "$(printf '%.4f' "$exact")" = "$auroc" ] || fail "metrics.json says image_AUROC $exact, not $auroc"

expect 0 "$differnet" test "$results/v1/model.safetensors" --output "$work/test" --quiet
holds "$work/test/report.html" "image_AUROC</th><td>$auroc"
expect 0 "$differnet" predict "$results/v1" dummy_dataset/dummy_class/test/good/000.png
model=$(sed -n 's/.*"model_id": *"\([0-9a-f]*\)".*/\1/p' "$work/out")
holds "$work/test/report.html" "<dt>Model</dt><dd>${model:?no model_id}</dd>"
holds "$report" "<dt>Model</dt><dd>$model</dd>"
cp -r dummy_dataset "$work/untested" && rm -r "$work/untested/dummy_class/test"
expect 0 "$differnet" train "${small[@]}" --data "$work/untested" --quiet
holds "$work/results/DifferNet/untested/dummy_class/v1/report.html" "There was no test set"
