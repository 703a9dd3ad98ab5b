#!/usr/bin/env bash
# A detector for places: trained with the flow, scored, drawn, calibrated; the paper's way where it is off.
. "$(dirname "$0")/lib.sh" "$@"

data=$work/data/parts
mkdir -p "$work/data"
cp -r "$source/dummy_dataset/dummy_class" "$data"
mkdir -p "$data/ground_truth/anomaly"
for image in "$data"/test/anomaly/*.png; do # white everywhere: any region touches it
    printf 'P5 2 2 255\n\377\377\377\377' >"$data/ground_truth/anomaly/$(basename "$image" .png)_mask.png"
done
train=(train "${small[@]}" --data "$work/data" --class parts --set meta_epochs=1)
places=(--set places=gaussian --set score=combined --set review_rate=0.2 --set false_reject_rate=0.2)
runs=$work/results/DifferNet/data/parts
field() { sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p" "$work/out"; }

# The same bytes on one thread and on two; scores of the paper's are those of a training without places.
expect 0 "$differnet" "${train[@]}" "${places[@]}" --threads 1
expect 0 "$differnet" "${train[@]}" "${places[@]}" --threads 2
cmp "$runs/v1/model.safetensors" "$runs/v2/model.safetensors" || fail "the model depends on the number of threads"
expect 0 "$differnet" "${train[@]}" --set review_rate=0.2 --set false_reject_rate=0.2
expect 0 "$differnet" "${train[@]}" "${places[@]}" --set score=paper
for run in v3 v4; do
    expect 0 "$differnet" predict "$runs/$run/model.safetensors" "$data/test"
    field raw_score >"$work/$run"
done
cmp "$work/v3" "$work/v4" || fail "score: paper is not the paper's score"
grep -q places_score "$runs/v3/scores.csv" && fail "places: off writes parts of a score"
expect 0 "$differnet" predict "$runs/v3/model.safetensors" "$data/test/good"
grep -q places "$work/out" && fail "places: off writes parts of a score"

# Rows carry both parts; a map changes no score; early exit says the same; train and predict agree.
model=$runs/v1/model.safetensors
expect 0 "$differnet" predict "$model" "$data/test" --threads 1
holds "$work/out" '"paper_score":'
holds "$work/out" '"places_p_value":'
field raw_score >"$work/plain"
field verdict >"$work/verdicts"
field paper_score | cmp - "$work/v3" || fail "paper_score is not the paper's score"
while read -r score; do
    grep -qF ",$score," "$runs/v1/scores.csv" || fail "scores.csv lacks $score"
done <"$work/plain"
expect 0 "$differnet" predict "$model" "$data/test" --early-exit 0.999
field verdict | cmp - "$work/verdicts" || fail "an early exit changes the verdict"
expect 0 "$differnet" predict "$model" "$data/test" --maps --regions --overlay --output "$work/maps"
field raw_score | cmp - "$work/plain" || fail "a map changes the score"

# A PASS has no regions. A FAIL or REVIEW by places has some.
grep '"verdict":"PASS"' "$work/out" | grep -vF '"regions":[]' && fail "a PASS with a region"
holds "$work/out" '"regions":[{'

# Metrics of regions, and maps that are the same in train, test and predict.
expect 0 "$differnet" test "$model" --maps --output "$work/test"
holds "$work/out" 'touched '
holds "$work/test/metrics.json" '"defects_touched"'
holds "$work/test/metrics.json" '"good_marked"'
map=$(find "$work/test/images" -path '*anomaly*' -name '*_map.tiff' | sort | head -n 1)
cmp "$map" "$(find "$work/maps" -name "$(basename "$map")" -path '*anomaly*')" || fail "predict's map is another"

# The paper's gradients on request, with places for the score.
expect 0 "$differnet" "${train[@]}" "${places[@]}" --set map=gradient
expect 0 "$differnet" predict "$runs/v5/model.safetensors" "$data/test" --maps --output "$work/gradients"
field raw_score | cmp - "$work/plain" || fail "gradient maps change the score"

# Calibration takes the joined score and the places' statistics; held-out pictures scale the paper's part.
expect 0 "$differnet" calibrate "$model" "$data/test/good" --force
expect 0 "$differnet" predict "$model" "$data/test/good"
holds "$work/out" '"places_p_value":'
expect 0 "$differnet" "${train[@]}" "${places[@]}" --cross-fit 2
expect 0 "$differnet" "${train[@]}" "${places[@]}" --val-fraction 0.3
next=7
for precision in bf16 int8; do
    next=$((next + 1))
    expect 0 "$differnet" "${train[@]}" "${places[@]}" --precision "$precision"
    expect 0 "$differnet" predict "$runs/v$next/model.safetensors" "$data/test/good"
    holds "$work/out" '"places_score":'
done

# A damaged model is refused.
expect 0 "$differnet" info "$model"
sed 's/places\.good/places.goat/' "$model" >"$work/damaged.safetensors"
expect 1 "$differnet" predict "$work/damaged.safetensors" "$data/test/good"
holds "$work/err" 'has no tensor places.good'

# A watched folder: the rows of predict, with their regions.
expect 0 "$differnet" predict "$model" "$data/test/anomaly" --regions
for part in raw_score places_score regions; do sed -n "s/.*\"$part\":\([^,}]*\).*/\1/p" "$work/out" | sort; done >"$work/wanted"
mkdir "$work/line"
"$differnet" predict "$model" --watch "$work/line" --regions --settle 0.1 --poll 0.1 >"$work/rows" 2>"$work/err" &
watcher=$!
cp "$data"/test/anomaly/*.png "$work/line"
for _ in {1..300}; do
    [ "$(grep -c . "$work/rows")" -ge "$(ls "$work/line" | wc -l)" ] && break
    sleep 0.1
done
kill -TERM $watcher
wait $watcher || true
for part in raw_score places_score regions; do sed -n "s/.*\"$part\":\([^,}]*\).*/\1/p" "$work/rows" | sort; done >"$work/seen"
cmp "$work/wanted" "$work/seen" || fail "a watched folder has other rows"

# A disk that fills up while the model with its places is written: no model, no latest; mounting needs root.
if [ "$(id -u)" = 0 ] && mkdir "$work/full" && mount -t tmpfs -o size=11m tmpfs "$work/full" 2>/dev/null; then
    trap 'umount "$work/full"; rm -rf "$work"' EXIT
    expect 1 "$differnet" "${train[@]}" "${places[@]}" --set checkpoint=0 --output "$work/full"
    holds "$work/err" "disk for the model alone are needed"
    mount -o remount,size=15m "$work/full"
    head -c 4000000 /dev/zero >"$work/full/other"
    expect 1 "$differnet" "${train[@]}" "${places[@]}" --set checkpoint=0 --set estimate=false --output "$work/full"
    [ -z "$(find "$work/full" -name 'model.safetensors*' -o -name latest)" ] || fail "a model on a full disk"
else
    left_out "only root can mount a small disk"
fi
