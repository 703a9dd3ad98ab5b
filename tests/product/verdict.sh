#!/usr/bin/env bash
# From score to verdict: hold images out, calibrate, judge files from all sources, and a thousand with a bad one.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
export GOMP_SPINCOUNT=2000

expect 0 "$differnet" train "${small[@]}" --threads 1 --val-fraction 0.3
holds "$work/err" "warning: "
holds "$work/err" "held-out good pictures are too few to promise that at most 1 % of good parts"
model=$results/v1/model.safetensors
expect 0 "$differnet" info "$model"
holds "$work/out" '"source": "val_fraction"'
expect 0 "$differnet" test "$model" --json
holds "$work/out" '"source":	"val_fraction"'
head -n 1 "$results/v1/scores.csv" | grep -q 'pred_score,raw_score,score_std,threshold,p_value,verdict' ||
    fail "scores.csv lacks the verdict"

# A lens cap, a lamp that is out or too bright, a blank: never a PASS, in `predict` and in `test` alike.
mkdir -p "$work/odd"
for grey in 000 200 377; do
    { printf 'P5 448 448 255\n'; head -c 200704 /dev/zero | tr '\000' "\\$grey"; } >"$work/odd/$grey.pgm"
done
expect 0 "$differnet" predict "$model" --rotations 1 "$work/odd"
grep -q '"verdict":"PASS"' "$work/out" && fail "a blank frame passes"
[ "$(grep -c 'unlike the training pictures: ' "$work/out")" = 3 ] || fail "a blank frame without a warning"
data=$work/all/part
mkdir -p "$data/test"
cp -r dummy_dataset/dummy_class/test/good "$data/test/good"
cp "$work"/odd/*.pgm "$data/test/good"
expect 0 "$differnet" predict "$model" "$data/test/good"
for verdict in PASS REVIEW FAIL; do grep -c "\"verdict\":\"$verdict\"" "$work/out" || true; done >"$work/predicted"
expect 0 "$differnet" test "$model" --data "$work/all" --class part --output "$work/tested"
for verdict in PASS REVIEW FAIL; do grep -c ",$verdict," "$work/tested/scores.csv" || true; done | cmp - "$work/predicted" ||
    fail "test and predict differ in their verdicts"
expect 0 "$differnet" test "$model" --data "$work/all" --class part --unlike warn --output "$work/tested"
grep -q unlike_training "$work/tested/scores.csv" && fail "--unlike warn changes a verdict"

# A thousand pictures, one of them bad; names that look like formulas, options and escape sequences.
mkdir -p "$work/thousand"
picture=$(ls dummy_dataset/dummy_class/test/good/* | head -n 1)
"$differnet" predict "$model" --rotations 1 "$picture" >/dev/null 2>&1
for number in $(seq 1000 1997); do
    printf 'P5 8 8 255\n%64d' "$number" >"$work/thousand/$number.pgm"
done
printf 'P5 8 8 255\n%64d' 7 >"$work/thousand/=cmd|'x'!A1.pgm"
printf 'P5 8 8 255\n%64d' 8 >"$work/thousand/"$'-\e[31mred\n.pgm'
printf 'P5 99999 99999 255\n' >"$work/thousand/1500.pgm"
rows() { grep -c . "$work/out"; }
expect 1 "$differnet" predict "$model" --rotations 1 --threads 1 --quiet --format csv "$work/thousand"
[ "$(grep -c '0,0,\|FAIL\|PASS\|REVIEW' "$work/out")" = 999 ] || fail "not 999 verdicts"
[ "$(grep -c '1500.pgm,,,,,,,,,,,.*Z,,,,,,$' "$work/out")" = 1 ] || fail "not one row with an error"
holds "$work/err" "differnet: 1 of 1000 images could not be scored"
(cd "$work/thousand" && expect 0 "$differnet" predict "$model" --rotations 1 -q --format csv -- "=cmd|'x'!A1.pgm")
grep -q "^'=cmd" "$work/out" || fail "a file name became a formula"
(cd "$work/thousand" && expect 0 "$differnet" predict "$model" --rotations 1 -q --format table -- -*red*)
[ "$(rows)" = 2 ] || fail "a table row is more than a line"

# New thresholds, in the file and for one run; the weights stay.
"$differnet" info "$model" | grep '^flow_sha256' >"$work/before"
expect 0 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test/good --force --false-reject-rate 0.2 --review-rate 0.4
holds "$work/out" "good images       8, raw_score "
holds "$work/out" "at most 0.1111 are rejected"
"$differnet" info "$model" >"$work/info"
holds "$work/info" "at most 0.1111 are rejected"
holds "$work/info" "  before"
expect 1 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test/good
holds "$work/err" "only 8 good images; expected 10 or more"
expect 1 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test
holds "$work/err" "its images lie in several folders: anomaly (8), good (8)"
expect 1 "$differnet" calibrate "$model" dummy_dataset/dummy_class/train/good --force
holds "$work/err" "the model was trained on this image"
expect 0 "$differnet" calibrate "$model" --undo --dry-run --json
holds "$work/out" '"source":	"val_fraction"'
expect 0 "$differnet" calibrate "$model" --undo --output "$work/undone.safetensors"
"$differnet" info "$work/undone.safetensors" | grep '^calibrated .* val_fraction' >/dev/null || fail "--undo went elsewhere"
"$differnet" info "$model" | grep '^flow_sha256' | cmp - "$work/before" || fail "calibrate changed the weights"
expect 0 "$differnet" test "$model"
holds "$work/out" "chosen on"
expect 0 "$differnet" predict "$model" --format table --false-reject-rate 0.3 "dummy_dataset/dummy_class/test/*/*"
[ "$(rows)" = 17 ] || fail "a pattern in quotes: not a heading and 16 rows"
expect 0 "$differnet" predict "$model" --threshold 1e6 --fail-on-anomaly "$picture"
expect 3 "$differnet" predict "$model" --threshold 1e-6 --fail-on-anomaly "$picture"
expect 0 "$differnet" predict "$model" "$picture"
score=$(grep -o '"raw_score":[^,]*' "$work/out")
expect 0 "$differnet" predict "$model" --stdin-image <"$picture"
holds "$work/out" "$score"
expect 0 "$differnet" predict "$model" --rotations 64 --early-exit 0.99 --threshold 1e6 --review-rate 0 "$picture"
holds "$work/out" '"rotations":4,'
# Thresholds belong to a number of rotations.
expect 0 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test/good --force --rotations 1 --output "$work/once.safetensors"
grep -q 'the thresholds were set with' "$work/err" && fail "new thresholds, and a warning of the old"
expect 0 "$differnet" predict "$work/once.safetensors" --rotations 1 "$picture"
grep -q 'the thresholds were set with' "$work/err" && fail "a warning of the right number of rotations"
expect 0 "$differnet" predict "$work/once.safetensors" --rotations 2 "$picture"
holds "$work/err" "the thresholds were set with n_transforms_test 1, these scores use 2: use --rotations 1, or calibrate with --rotations 2"
expect 1 "$differnet" calibrate "$model" "$work/nowhere"
expect 2 "$differnet" calibrate "$model" --threshold 0
expect 2 "$differnet" train "${small[@]}" --cross-fit 1

# A picture is dropped into a watched folder.
mkdir "$work/parts"
"$differnet" predict "$model" --watch "$work/parts" --regions --overlay --output "$work/watched" >"$work/rows" 2>"$work/log" &
watcher=$!
for _ in $(seq 100); do grep -q watching "$work/log" && break; sleep 0.1; done
cp "$picture" "$work/parts/one.png"
for _ in $(seq 100); do [ -s "$work/rows" ] && break; sleep 0.1; done
kill -TERM "$watcher" # a shell lets its background jobs ignore SIGINT
status=0
wait "$watcher" || status=$?
[ "$status" = 0 ] || fail "watching ended with $status"
holds "$work/rows" "$score"
[ "$(grep -c . "$work/rows")" = 1 ] || fail "not one row of the watched folder"
holds "$work/rows" '"regions":['
[ -n "$(find "$work/watched" -name one.png_overlay.png)" ] || fail "no overlay of a watched picture"
