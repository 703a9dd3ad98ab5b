#!/usr/bin/env bash
# Maps of a trained model: train with grad_map_viz, test --maps, predict --maps --overlay --regions.
. "$(dirname "$0")/lib.sh" "$@"

data=$work/data/parts
mkdir -p "$work/data"
cp -r "$source/dummy_dataset/dummy_class" "$data"
mkdir -p "$data/ground_truth/anomaly"
for image in "$data"/test/anomaly/*.png; do # the bright ground around the circle: any mask will do
    cp "$image" "$data/ground_truth/anomaly/$(basename "$image" .png)_mask.png"
done

expect 0 "$differnet" train "${small[@]}" --data "$work/data" --class parts --set grad_map_viz=true
run=$work/results/DifferNet/data/parts/v1
model=$run/model.safetensors
for file in good/000.png_map.tiff good/000.png_map.png anomaly/001.png_mask.png anomaly/001.png_overlay.png; do
    [ -s "$run/images/test/$file" ] || fail "$file is missing"
done
[ "$(find "$run/images" -name '*_map.tiff' | wc -l)" = 16 ] || fail "not a map per test image"
holds "$run/metrics.json" '"pixel_AUPRO"'
pixels=$(grep '^pixel_AUROC' "$work/out")

expect 0 "$differnet" test "$model" --maps --output "$work/test"
[ "$(grep '^pixel_AUROC' "$work/out")" = "$pixels" ] || fail "test does not reproduce train: $pixels"
cmp "$work/test/images/test/good/003.png_map.tiff" "$run/images/test/good/003.png_map.tiff" || fail "maps differ"

cd "$data/test"
raw() { grep -o '"raw_score":[^,]*' "$work/out"; }
expect 0 "$differnet" predict "$model" good anomaly
plain=$(raw)
expect 0 "$differnet" predict "$model" good anomaly --maps --overlay --regions --output "$work/maps"
[ "$(raw)" = "$plain" ] || fail "a map changes the score"
holds "$work/out" '"regions":['
holds "$work/out" "\"anomaly_map\":\"$work/maps/anomaly/000.png_map.tiff\""
[ -s "$work/maps/anomaly/000.png_overlay.png" ] || fail "no overlay"
cmp "$work/maps/anomaly/000.png_map.tiff" "$run/images/test/anomaly/000.png_map.tiff" || fail "predict's map is another"

# The strip below an overlay can be switched off, also for a model that was trained with it.
size() { od -A n -t u1 -j 16 -N 8 "$1" | awk '{print $3 * 256 + $4, $7 * 256 + $8}'; } # of a PNG
expect 0 "$differnet" predict "$model" anomaly/000.png --overlay --maps --set overlay_footer=false --output "$work/plain"
picture=$(size anomaly/000.png)
for file in overlay mask map; do
    [ "$(size "$work/plain/anomaly/000.png_$file.png")" = "$picture" ] || fail "$file: not $picture"
done
[ "$(size "$work/maps/anomaly/000.png_overlay.png")" != "$picture" ] || fail "no strip"
