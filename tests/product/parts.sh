#!/usr/bin/env bash
# --shard I/N and merge: the parts together are what one process writes; missing, double and unfinished parts are named.
. "$(dirname "$0")/lib.sh" "$@"
data=$work/data
mkdir -p "$data/part"
cp -r "$source/dummy_dataset/dummy_class/." "$data/part"
find "$data/part" -name '*1[0-9].png' -delete
find "$data/part/train" -name '00[4-9].png' -delete
printf 'no picture' >"$data/part/test/anomaly/bad,
name.png"
expect 0 "$differnet" train --data "$data" --class part --quiet --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 \
    --set n_coupling_blocks=1 --set n_transforms=1 --set n_transforms_test=2 --set meta_epochs=1 --set sub_epochs=1 \
    --set estimate=false --set "output=$work/results"
model=$work/results/DifferNet/data/part/v1/model.safetensors

# Times differ from run to run, nothing else.
plain() {
    if [ "$format" = csv ]; then cut -d, -f1-10; else sed 's/"elapsed_ms":[^,}]*//; s/"time":"[^"]*"//'; fi <"$1"
}

# predict: the rows and their order, some of them errors, with a number of parts that divides nothing.
for format in json csv; do
    whole=("$differnet" predict "$model" "$data/part/test" "$data/part/train/good/000.png" "$data/nothing.png" --quiet --format $format)
    expect 1 "${whole[@]}"
    plain "$work/out" >"$work/whole"
    for i in 1 2 3; do
        "${whole[@]}" --shard $i/3 >"$work/$format.$i" 2>"$work/err" || [ $? = 1 ] || fail "part $i of 3"
    done
    expect 0 "$differnet" merge "$work/$format."[312] --output "$work/merged"
    cmp <(plain "$work/merged") "$work/whole" || fail "$format: other rows than one process"
    expect 0 "$differnet" merge "$work/$format."[123]
    cmp "$work/out" "$work/merged" || fail "standard output has other rows than --output"
done

# test: metrics, scores and report, byte for byte.
expect 0 "$differnet" test "$model" --quiet --output "$work/one"
cp "$work/out" "$work/one.txt"
for i in 1 2; do
    expect 0 "$differnet" test "$model" --quiet --shard $i/2
    cp "$work/out" "$work/test.$i"
done
expect 0 "$differnet" merge "$work/test.2" "$work/test.1" --output "$work/two"
cmp "$work/out" "$work/one.txt" || fail "other metrics"
for file in metrics.json scores.csv roc.csv report.html; do cmp "$work/one/$file" "$work/two/$file" || fail "another $file"; done
expect 0 "$differnet" merge "$work/test.1" "$work/test.2" --json
holds "$work/out" '"image_AUROC"'

# What is wrong is named.
expect 1 "$differnet" merge "$work/json.1" "$work/json.3"
holds "$work/err" "of 3 parts these are missing: 2"
expect 1 "$differnet" merge "$work/json.1" "$work/json.3" "$work/json.2" "$work/json.1"
holds "$work/err" "part 1 of 3 was given twice: $work/json.1 and $work/json.1"
expect 1 "$differnet" merge "$work/json.1" "$work/csv.2" "$work/json.3"
holds "$work/err" "belong to different runs: their command lines differ"
expect 1 "$differnet" merge "$work/json.1" "$work/test.1"
holds "$work/err" "one is of 3 parts and the other of 2"
head -n -2 "$work/json.2" >"$work/unfinished"
expect 1 "$differnet" merge "$work/json.1" "$work/unfinished" "$work/json.3"
holds "$work/err" "$work/unfinished: is incomplete"
expect 1 "$differnet" merge "$model"
holds "$work/err" "is not a part"
cp "$data/part/test/good/000.png" "$data/part/test/good/more.png"
expect 1 "$differnet" merge "$work/test.1" "$work/test.2"
holds "$work/err" "the parts were made from other pictures"
expect 2 "$differnet" test "$model" --shard 1/2 --output "$work/no"
expect 2 "$differnet" predict "$model" --watch "$work" --shard 1/2
expect 2 "$differnet" predict "$model" "$work" --shard 1

# check: the same text and JSON.
for json in "" --json; do
    whole=("$differnet" check "$data" --quiet --set estimate=false $json)
    expect 1 "${whole[@]}"
    cp "$work/out" "$work/whole"
    for i in 1 2 3; do
        expect 0 "${whole[@]}" --shard $i/3
        cp "$work/out" "$work/check.$i"
    done
    expect 1 "$differnet" merge "$work/check.2" "$work/check.1" "$work/check.3"
    cmp <(grep -v available_ "$work/out") <(grep -v available_ "$work/whole") || fail "check $json: other findings"
done
expect 1 "$differnet" merge "$work/check.2" "$work/check.1"
holds "$work/err" "of 3 parts these are missing: 3"

# The features that a training keeps: the files of the cache, byte for byte; without tiles and with.
banks() { (cd "$1" && find . -name '*.bank' -exec sha256sum {} + | sort); }
for kind in train_rotations=bank:3 tiles=64; do # of pictures made small: few tiles
    whole=("$differnet" train --data "$data" --class part --quiet --features --set img_size='[64, 64]' --set n_scales=1
        --set n_transforms=2 --set n_transforms_test=2 --val-fraction 0.25 --set tile_scale=0.25 --set $kind)
    XDG_CACHE_HOME=$work/caches/one/$kind expect 0 "${whole[@]}"
    for i in 1 2 3; do
        XDG_CACHE_HOME=$work/caches/other expect 0 "${whole[@]}" --shard $i/3
        cp "$work/out" "$work/bank.$i"
    done
    XDG_CACHE_HOME=$work/caches/merged/$kind expect 0 "$differnet" merge "$work/bank.3" "$work/bank.1" "$work/bank.2" --quiet
    [ "$(banks "$work/caches/merged/$kind" | wc -l)" -ge 1 ] || fail "$kind: there are no features"
    cmp <(banks "$work/caches/merged/$kind") <(banks "$work/caches/one/$kind") || fail "$kind: other features"
done
expect 1 "$differnet" merge "$work/bank.3" "$work/bank.1"
holds "$work/err" "of 3 parts these are missing: 2"
expect 2 "$differnet" train --data "$data" --class all --features
