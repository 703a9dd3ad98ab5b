#!/usr/bin/env bash
# The real program watches: a line with five kinds of writers, kills and a full disk, in small (tools/watch_week.py); the
# verdicts' folders; maps that cannot be written; what the program wrote is no input of its next run.
. "$(dirname "$0")/lib.sh" "$@"
find_python json
cd "$source"

tiny=(--set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=1 --set n_transforms=1
    --set n_transforms_test=1 --set meta_epochs=1 --set sub_epochs=1 --set "output=$work/results" --threads 1 --quiet)
expect 0 "$differnet" train "${tiny[@]}" --val-fraction 0.3
model=$results/v1/model.safetensors
[ -f "$results/v1/.differnet-results" ] || fail "the results folder is not marked"

"$python" tools/watch_week.py "$differnet" "$model" "${PICTURES:-300}" "$work/week" | tee "$work/said" ||
    fail "not one row for each picture"
! grep -q 'needs root' "$work/said" || left_out "a full disk needs root"

# ---- pictures of one name in two forms; a folder beside; the results of the first run ----
mkdir -p "$work/photos/cam" "$work/cam"
picture=dummy_dataset/dummy_class/test/good/000.png
cp "$picture" "$work/photos/part.png"
cp "$picture" "$work/photos/part.bmp"
cp "$picture" "$work/photos/cam/p.png"
cp "$picture" "$work/cam/p.png"
cd "$work/photos"
for run in 1 2 3; do
    expect 0 "$differnet" predict "$model" --threads 1 --overlay --output . part.png part.bmp cam/p.png ../cam/p.png
    [ "$(grep -o '"overlay":"[^"]*"' "$work/out" | sort -u | wc -l)" = 4 ] || fail "overlays share names"
    for overlay in part.png part.bmp cam/p.png _up/cam/p.png; do
        [ -s "${overlay}_overlay.png" ] || fail "no ${overlay}_overlay.png"
    done
    expect 0 "$differnet" predict "$model" --threads 1 --maps --output maps .
    [ "$(grep -c . "$work/out")" = 3 ] || fail "run $run: not three rows"
    holds "$work/err" "skipped results of differnet"
done
expect 1 "$differnet" predict "$model" maps
holds "$work/out" "is a results folder of differnet"
cd "$source"

# ---- a map that cannot be written costs no verdict ----
echo "no folder" >"$work/blocked"
expect 1 "$differnet" predict "$model" --threads 1 --overlay --output "$work/blocked" "$picture"
holds "$work/out" '"verdict":"'
holds "$work/out" '"warnings":["'
grep -q '"time":"20[0-9-]*T[0-9:.]*Z"' "$work/out" || fail "no time"
holds "$work/err" "maps of 1 of 1 images could not be written"

# ---- exit statuses ----
score=$(grep -o '"raw_score":[^,]*' "$work/out" | cut -d : -f 2)
below=$("$python" -c "print($score * 0.9)") above=$("$python" -c "print($score * 1.1)")
expect 3 "$differnet" predict "$model" --threads 1 --threshold "$below" --fail-on review "$picture"
expect 0 "$differnet" predict "$model" --threads 1 --threshold "$above" --fail-on anomaly "$picture"

# ---- to the folders of the verdicts ----
mkdir "$work/inbox"
cp "$picture" "$work/inbox/one.png"
echo "no picture" >"$work/inbox/two.png"
"$differnet" predict "$model" --threads 1 --watch "$work/inbox" --threshold "$below" --move-to "$work/moved" \
    --settle 0.2 --poll 0.2 --give-up 0.5 >"$work/rows" 2>"$work/log" &
watcher=$!
for _ in $(seq 100); do
    if [ -e "$work/moved/fail/one.png" ] && [ -e "$work/moved/error/two.png" ]; then break; fi
    sleep 0.1
done
kill -TERM "$watcher"
status=0
wait "$watcher" || status=$?
[ "$status" = 1 ] || fail "watching ended with $status"
cmp "$picture" "$work/moved/fail/one.png" || fail "the picture is not in its folder"
[ -e "$work/moved/error/two.png" ] || fail "the unreadable file is not in its folder"
[ "$(grep -c . "$work/rows")" = 2 ] || fail "not two rows"
