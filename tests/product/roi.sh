#!/usr/bin/env bash
# A region of interest on the command line: train --roi or roi/, the messages, and what no longer counts.
. "$(dirname "$0")/lib.sh" "$@"

data=$work/data/part
# picture FILE LEFT: a square on grey, 64 x 64; from column LEFT on, something else.
picture() {
    mkdir -p "$(dirname "$1")"
    awk -v left="$2" -v n="${3:-0}" 'BEGIN {
        print "P2 64 64 255"
        for (y = 0; y < 64; y++) for (x = 0; x < 64; x++)
            print (x >= left ? (x * 37 + y * 11) % 256 : x > 9 + n && x < 30 && y > 20 && y < 50 ? 200 : 60 + n)
    }' >"$1"
}
for i in 0 1 2; do
    picture "$data/train/good/$i.pgm" 64 "$i"
    picture "$data/test/good/$i.pgm" 64 $((i + 3))
    picture "$data/test/smear/$i.pgm" 20 "$i"
done
mask() { awk -v left="$1" 'BEGIN { print "P2 64 64 255"; for (i = 0; i < 4096; i++) print (i % 64 < left ? 255 : 0) }'; }
mask 40 >"$work/mask.pgm"
own=("${small[@]}" --data "$work/data" --class part)

expect 0 "$differnet" train "${own[@]}" --roi "$work/mask.pgm"
holds "$work/err" "62.5 % of the picture counts"
run=$work/results/DifferNet/data/part/v1
grep -q '"roi_share":.*"0.6250"' "$run/metrics.json" || fail "no roi_share in metrics.json"
holds "$run/report.html" roi_share
expect 0 "$differnet" info "$run/model.safetensors"
holds "$work/out" roi_sha256

picture "$work/plain.pgm" 64
picture "$work/outside.pgm" 40
picture "$work/inside.pgm" 39
expect 0 "$differnet" predict "$run/model.safetensors" "$work/plain.pgm" "$work/outside.pgm" "$work/inside.pgm"
scores=$(grep -o '"raw_score":[^,]*,"score_std":[^,]*' "$work/out")
[ "$(sed -n 1p <<<"$scores")" = "$(sed -n 2p <<<"$scores")" ] || fail "what lies outside changes the score: $scores"
[ "$(sed -n 1p <<<"$scores")" != "$(sed -n 3p <<<"$scores")" ] || fail "what lies inside does not: $scores"

# The class folder's mask, and --roi none.
mkdir "$data/roi"
mask 32 >"$data/roi/mask.pgm"
expect 0 "$differnet" train "${own[@]}"
holds "$work/err" "50.0 % of the picture counts"
expect 0 "$differnet" train "${own[@]}" --roi none --quiet
expect 0 "$differnet" info "$work/results/DifferNet/data/part/v3/model.safetensors"
! grep -q roi_sha256 "$work/out" || fail "--roi none kept a mask"

expect 0 "$differnet" check "$work/data" --class part
holds "$work/out" "50.0 % of the picture counts"
mask 0 >"$data/roi/mask.pgm"
expect 1 "$differnet" check "$work/data" --class part
holds "$work/out" "contains no pixel that counts"
expect 1 "$differnet" train "${own[@]}"
holds "$work/err" "roi/mask.pgm"
expect 1 "$differnet" train "${own[@]}" --roi "$work/nowhere.png"
holds "$work/err" nowhere.png

# A training resumes only with the mask that it began with.
mask 32 >"$data/roi/mask.pgm"
"$differnet" train "${own[@]}" --set meta_epochs=1000 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do [ ! -e "$work/results/DifferNet/data/part/v4/checkpoint.safetensors" ] || break; sleep 0.1; done
kill -TERM $pid
wait $pid || true
mask 33 >"$data/roi/mask.pgm"
expect 1 "$differnet" train "${own[@]}" --set meta_epochs=1000 --resume
holds "$work/err" "another region of interest"
