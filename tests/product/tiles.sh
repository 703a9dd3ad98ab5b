#!/usr/bin/env bash
# Pictures that are looked at tile by tile: training, scores, verdict, maps, calibration, region of interest, pictures
# of several sizes. One tile that is the whole picture gives the scores of the picture without tiles.
. "$(dirname "$0")/lib.sh" "$@"

# picture FILE WIDTH HEIGHT SEED: grey stripes and noise.
picture() {
    mkdir -p "$(dirname "$1")"
    awk -v w="$2" -v h="$3" -v seed="$4" 'BEGIN {
        srand(seed); print "P2", w, h, 255
        for (i = 0; i < w * h; i++) print 96 + (i % w % 16 < 8 ? 24 : 0) + int(rand() * 32)
    }' >"$1"
}
# mask FILE WIDTH HEIGHT LEFT: white from the left edge to there.
mask() {
    mkdir -p "$(dirname "$1")"
    awk -v w="$2" -v h="$3" -v left="$4" 'BEGIN {
        print "P2", w, h, 255; for (i = 0; i < w * h; i++) print (i % w < left ? 255 : 0) }' >"$1"
}
data=$work/data/part
for i in 1 2 3 4 5 6 7 8 9; do picture "$data/train/good/$i.pgm" 176 128 "$i"; done
for i in 1 2; do picture "$data/test/good/$i.pgm" 176 128 "2$i"; done
picture "$data/test/bad/1.pgm" 176 128 31
mask "$data/ground_truth/bad/1_mask.png" 176 128 2 # the content decides what format it is

common=(train --quiet --set n_scales=1 --set fc_internal=32 --set n_coupling_blocks=1 --set n_transforms=4
    --set meta_epochs=1 --set sub_epochs=1 --set estimate=false --val-fraction 0.6 --set review_rate=0.3
    --set false_reject_rate=0.2 --set "output=$work/results")
tiled=("${common[@]}" --data "$work/data" --class part --set tiles=64)
runs=$work/results/DifferNet/data/part
field() { sed -n "s/.*\"$1\":\([^,}]*\).*/\1/p" "$work/out"; }

# The same bytes on one thread and on two, from the cache and without one.
expect 0 "$differnet" "${tiled[@]}" --threads 1
expect 0 "$differnet" "${tiled[@]}" --threads 2 --set cache_limit=0
cmp "$runs/v1/model.safetensors" "$runs/v2/model.safetensors" || fail "the model depends on threads or cache"
cmp "$runs/v1/scores.csv" "$runs/v2/scores.csv" || fail "the scores depend on threads or cache"
model=$runs/v1/model.safetensors
expect 0 "$differnet" info "$model"
holds "$work/out" "tiles.standard"

# Test and predict give the training's scores; a map changes none, and is as large as the picture.
expect 0 "$differnet" test "$model" --quiet --maps --output "$work/test"
cmp "$runs/v1/scores.csv" "$work/test/scores.csv" || fail "test does not reproduce train"
holds "$work/test/metrics.json" '"pixel_AUROC"'
expect 0 "$differnet" predict "$model" "$data/test"
holds "$work/out" '"tiles":{"count":12,'
field raw_score >"$work/plain"
field verdict >"$work/verdicts"
while read -r score; do
    grep -qF ",$score," "$runs/v1/scores.csv" || fail "scores.csv lacks $score"
done <"$work/plain"

# Tiles above the threshold are counted: a picture is a FAIL where there is one.
expect 0 "$differnet" predict "$model" "$data/test/bad" --threshold 0.001
holds "$work/out" '"verdict":"FAIL"'
holds "$work/out" '"tiles":{"count":12,"above":12,'
expect 0 "$differnet" predict "$model" "$data/test/bad" --threshold 1000
holds "$work/out" '"tiles":{"count":12,"above":0,'

# C and Python give the command line's numbers.
frame=$data/test/bad/1.pgm
expect 0 "$differnet" predict "$model" "$frame"
cp "$work/out" "$work/row"
sed -n '/^```c$/,/^```$/p' "$source/docs/embedding.md" | sed '1d;$d' >"$work/judge.c"
"${CC:-cc}" -std=c17 -I"$source/include" "$work/judge.c" -o "$work/judge" -L"$build" -ldiffernet -Wl,-rpath,"$build"
tail -n +2 "$frame" | LC_ALL=C awk '{ printf "%c", $1 }' | "$work/judge" "$model" 176 128 grey >"$work/judged"
holds "$work/judged" "$(field verdict | tr -d '"') $(printf '%.6f' "$(field raw_score)")"
python=${PYTHON:-/usr/bin/python3}
if "$python" -c 'import numpy' 2>/dev/null; then
    DIFFERNET_LIBRARY=$build/libdiffernet.so PYTHONPATH=$source/python PYTHONDONTWRITEBYTECODE=1 "$python" - "$model" \
        "$frame" "$work/row" <<'END' || fail "Python gives another result"
import json, sys
import differnet
with differnet.Model.load(sys.argv[1]) as model:
    result, row = model.predict_one(sys.argv[2]), json.load(open(sys.argv[3]))
wanted = [row[key] for key in ("raw_score", "pred_score", "verdict", "p_value", "tiles")]
sys.exit([result.raw_score, result.pred_score, result.verdict.name, result.p_value, result.tiles] != wanted)
END
else
    left_out "no python3 with numpy"
fi

expect 0 "$differnet" predict "$model" "$data/test" --maps --regions --output "$work/maps"
field raw_score | cmp - "$work/plain" || fail "a map changes the score"
map=$(find "$work/maps" -path '*bad*' -name '1.pgm_map.tiff')
[ "$(od -An -tu4 --endian=big -j16 -N8 "${map%.tiff}.png" | tr -s ' ')" = " 176 128" ] ||
    fail "the map is not as large as the picture"
cmp "$map" "$(find "$work/test" -path '*bad*' -name '1.pgm_map.tiff')" || fail "test's map is another"
expect 0 "$differnet" predict "$model" "$data/test" --early-exit 0.9
field verdict | cmp - "$work/verdicts" || fail "an early exit changes the verdict"

# Other pictures calibrate it. Pictures of other sizes are scored, too, and one smaller than a tile.
for i in 1 2 3; do picture "$work/fresh/$i.pgm" 176 128 "4$i"; done
expect 0 "$differnet" calibrate "$model" "$work/fresh" --force
picture "$work/other/wide.pgm" 300 64 5
picture "$work/other/small.pgm" 40 50 6
expect 0 "$differnet" predict "$model" "$work/other"
holds "$work/out" '"tiles":{"count":2,'
holds "$work/out" '"tiles":{"count":6,'

# Of pictures of several sizes all positions have one standard.
picture "$data/train/good/9.pgm" 200 128 9
expect 0 "$differnet" "${tiled[@]}" --val-fraction 0 --set tile_reduction=top:2
expect 0 "$differnet" info "$runs/v3/model.safetensors"
if grep -q tiles.standard "$work/out"; then fail "a standard of pictures of several sizes"; fi
rm "$data/train/good/9.pgm"

# A detector for places sees each tile. Tiles outside the region of interest are not computed.
mask "$data/roi/mask.pgm" 176 128 60
expect 0 "$differnet" "${tiled[@]}" --set places=gaussian --set score=combined --precision bf16
expect 0 "$differnet" predict "$runs/v4/model.safetensors" "$data/test/bad" --maps --regions --output "$work/places"
holds "$work/out" '"tiles":{"count":6,'
holds "$work/out" '"places_score":'
expect 0 "$differnet" test "$runs/v4/model.safetensors" --quiet --output "$work/test4"
cmp "$runs/v4/scores.csv" "$work/test4/scores.csv" || fail "test does not reproduce train with places"
rm -r "$data/roi"

# Of a cross-fit each fold has a detector for places of its own, which has not seen what it scores.
expect 0 "$differnet" "${tiled[@]}" --val-fraction 0 --cross-fit 3 --set places=gaussian --set score=combined
expect 0 "$differnet" info "$runs/v5/model.safetensors" --json
holds "$work/out" '"cross_fit"'
holds "$work/out" 'of good parts like the 8 it was calibrated with'
expect 0 "$differnet" test "$runs/v5/model.safetensors" --quiet --output "$work/test5"
cmp "$runs/v5/scores.csv" "$work/test5/scores.csv" || fail "test does not reproduce train with folds and places"

# Tiles pass the network together. Each has its own places: the picture's statistic is the largest of its tiles' alone.
places() { grep -o '"places_score":[^,]*' "$work/out" | cut -d: -f2 | sort -g | tail -1; }
for threads in 1 2; do
    expect 0 "$differnet" predict "$runs/v5/model.safetensors" "$frame" --threads "$threads"
    field raw_score >"$work/raw$threads"
    places >"$work/places$threads"
done
cmp "$work/raw1" "$work/raw2" || fail "the score with places depends on threads"
for y in 0 48 64; do
    for x in 0 48 96 112; do
        tail -n +2 "$frame" | awk -v x="$x" -v y="$y" 'BEGIN { print "P2 64 64 255" }
            { i = (NR - 1) % 176; j = int((NR - 1) / 176) }
            i >= x && i < x + 64 && j >= y && j < y + 64' >"$work/tile.pgm"
        mkdir -p "$work/cut" && cp "$work/tile.pgm" "$work/cut/$x-$y.pgm"
    done
done
expect 0 "$differnet" predict "$runs/v5/model.safetensors" "$work/cut"
places | cmp - "$work/places1" || fail "the places of a tile depend on the tiles beside it"

# auto says what it chooses; check says what it costs.
expect 0 "$differnet" check "$data" --set tiles=auto --set 'img_size=[64, 64]' --set n_scales=1 --quiet
holds "$work/out" "12 tiles of 64 x 64 pixels at scale 1 in a picture of 176 x 128"
expect 0 "$differnet" check "$data" --set tiles=auto --set 'img_size=[176, 176]' --set n_scales=1 --quiet
if grep -q " tiles of " "$work/out"; then fail "tiles for pictures as large as the input"; fi

# A tile as large as the picture gives the scores of the picture without tiles.
for i in 1 2 3 4; do picture "$work/one/train/good/$i.pgm" 96 96 "$i"; done
for i in 1 2; do picture "$work/one/test/good/$i.pgm" 96 96 "1$i"; picture "$work/one/test/bad/$i.pgm" 96 96 "2$i"; done
for tiles in 96 off; do
    expect 0 "$differnet" "${common[@]}" --data "$work/one" --class '' --set "tiles=$tiles" --set 'img_size=[96, 96]' \
        --set transf_rotations=true --set train_rotations=even:2 --set n_transforms_test=2
done
one=$work/results/DifferNet/one/all
cmp "$one/v1/scores.csv" "$one/v2/scores.csv" || fail "one tile gives other scores than none"

# A damaged model is refused.
sed 's/tiles\.pictures/tiles.picturez/' "$model" >"$work/damaged.safetensors"
expect 1 "$differnet" predict "$work/damaged.safetensors" "$data/test/good"
holds "$work/err" 'has no tensor tiles.pictures'
