#!/usr/bin/env bash
# report.html agrees with metrics.json and the table: after a training, after a test and without a test set.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

expect 0 "$differnet" train "${small[@]}" --quiet
report=$results/v1/report.html
auroc=$(sed -n 's/^image_AUROC: //p' "$work/out")
holds "$report" "<strong>$auroc</strong>"
holds "$report" "Scores and thresholds"
exact=$(sed -n '/"image_AUROC"/,/value/s/.*"value":[[:space:]]*\([0-9.]*\),*/\1/p' "$results/v1/metrics.json" | head -n 1)
[ "$(printf '%.4f' "$exact")" = "$auroc" ] || fail "metrics.json says image_AUROC $exact, not $auroc"

expect 0 "$differnet" test "$results/v1/model.safetensors" --output "$work/test" --quiet
holds "$work/test/report.html" "<strong>$auroc</strong>"
cp -r dummy_dataset "$work/untested" && rm -r "$work/untested/dummy_class/test"
expect 0 "$differnet" train "${small[@]}" --data "$work/untested" --quiet
holds "$work/results/DifferNet/untested/dummy_class/v1/report.html" "There was no test set"
