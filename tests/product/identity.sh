#!/usr/bin/env bash
# One training, wherever its data and results lie and however many threads it has: one model, byte for byte.
. "$(dirname "$0")/lib.sh" "$@"
cp -r "$source/dummy_dataset" "$work/data"
settings=("${small[@]}" --val-fraction 0.2)

cd "$work"
expect 0 "$differnet" train "${settings[@]}" --data data --output here --threads 1 --quiet
first=$work/here/DifferNet/data/dummy_class/v1
model=$first/model.safetensors
holds "$first/config.yaml" "output: here"
id_of() { sed -n 's/.*"model_id":"\([0-9a-f]*\)".*/\1/p' "$work/out"; }
expect 0 "$differnet" predict "$model" data/dummy_class/test/good/000.png
id=$(id_of)
[ ${#id} = 16 ] || fail "no model_id: $(cat "$work/out")"

# same NAME RESULTS: the model and the scores there are those of the first training
same() {
    cmp "$model" "$2/model.safetensors" || fail "$1: another model"
    cmp <(cut -d, -f2- "$first/scores.csv") <(cut -d, -f2- "$2/scores.csv") || fail "$1: other scores"
    expect 0 "$differnet" predict "$2/model.safetensors" "$work/data/dummy_class/test/good/000.png"
    [ "$(id_of)" = "$id" ] || fail "$1: another model_id"
}

# Elsewhere: another folder, another name of it, an absolute path, other threads, cache, words and pictures on the way.
mkdir -p "$work/deep/er"
cp -r "$work/data" "$work/deep/copy of data"
cd "$work/deep/er"
expect 0 "$differnet" train "${settings[@]}" --data "$work/deep/copy of data" --output "$work/deep/there" --threads 2 \
    --set cache_dir="$work/deep/cache" --set verbose=false --set grad_map_viz=true --set modelname=second --set estimate=false
same "another folder" "$work/deep/there/DifferNet/copy of data/dummy_class/v1"
# The class folder itself, by a relative path; no cache.
expect 0 "$differnet" train "${settings[@]}" --data "../copy of data/dummy_class" --class '' --output . --quiet --set cache_limit=0
same "a relative path" "$PWD/DifferNet/dummy_class/all/v1"

# Lists of the same pictures at two places, with absolute paths: one model.
list() { # FOLDER FILE
    echo 'image_path,label_index,split' >"$2"
    find "$1/dummy_class" -name '*.png' | sort | sed 's|.*/train/good/.*|&,0,train|; s|.*/test/good/[^,]*$|&,0,test|
        s|.*/test/anomaly/[^,]*$|&,1,test|' >>"$2"
}
list "$work/data" "$work/one.csv"
list "$work/deep/copy of data" "$work/deep/two.csv"
expect 0 "$differnet" train "${settings[@]}" --data "$work/one.csv" --output "$work/lists" --quiet
expect 0 "$differnet" train "${settings[@]}" --data ../two.csv --output "$work/lists" --quiet
cmp "$work"/lists/DifferNet/one/*/v1/model.safetensors "$work"/lists/DifferNet/two/*/v1/model.safetensors ||
    fail "lists at two places: two models"

# What is kept beside the model: where its data lie.
cd "$work"
expect 0 "$differnet" test "$model" --quiet --output "$work/test"
cmp "$first/scores.csv" "$work/test/scores.csv" || fail "test does not reproduce train"
expect 0 "$differnet" info --verify "$model"
cp "$model" "$work/alone.safetensors"
expect 1 "$differnet" test "$work/alone.safetensors"
holds "$work/err" "does not say where its data lie"
holds "$work/err" "--data"
expect 0 "$differnet" test "$work/alone.safetensors" --data data --quiet
expect 1 "$differnet" info --verify "$work/alone.safetensors"
expect 0 "$differnet" info --verify "$work/alone.safetensors" --data "$work/deep/copy of data"
expect 0 "$differnet" info "$model"
if grep -qE '^ *(output|dataset_path|threads|cache_dir):' "$work/out"; then fail "the model holds paths or threads"; fi
