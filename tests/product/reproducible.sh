#!/usr/bin/env bash
# The same bits from every run and from 1, 2 and 4 threads, in each precision: models, scores, metrics, maps.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
# Wide enough for products to be split into several parts.
settings=("${small[@]}" --quiet --set img_size='[160, 160]' --set n_scales=2 --set fc_internal=256 --set n_transforms=3
    --set n_transforms_test=3 --set dropout=0.1 --set sub_epochs=2 --set transf_brightness=0.2)

same() { # what FILE FILE
    cmp "$2" "$3" || fail "$1 differ"
}

version=0
# train_and_predict THREADS OPTION...: makes the next version, with what is compared beside its scores.csv
train_and_predict() {
    local threads=$1
    shift
    version=$((version + 1))
    run=$results/v$version
    expect 0 "$differnet" train "${settings[@]}" --threads "$threads" --deterministic "$@"
    expect 0 "$differnet" predict "$run/model.safetensors" dummy_dataset/dummy_class/test/anomaly --threads "$threads" \
        --maps --output "$work/maps"
    mv "$work/maps" "$run/maps"
    sed 's/"elapsed_ms":[^,}]*//; s/"time":"[^"]*"//' "$work/out" >"$run/rows"
    [ -s "$run/model.safetensors" ] && [ -s "$run/rows" ] || fail "nothing to compare"
}

# agree THREADS OPTION...: three trainings, the first with one thread
agree() {
    local first=$((version + 1)) threads file
    for threads in 1 2 4; do
        train_and_predict "$threads" "$@"
        for file in model.safetensors scores.csv rows; do
            same "$file with $threads threads, $*," "$results/v$first/$file" "$run/$file"
        done
        diff -r "$results/v$first/maps" "$run/maps" >/dev/null || fail "maps with $threads threads, $*, differ"
    done
}

agree --precision f32 --set add_img_noise=0.01
agree --precision bf16
agree --precision int8 --set train_rotations=bank:4
train_and_predict 4 --precision int8 --set train_rotations=bank:4
same "two runs" "$run/model.safetensors" "$results/v9/model.safetensors"

# Only the tensors: the header also names settings.
tensors() {
    local header
    header=$(od -An -t u8 -N8 "$1")
    tail -c +$((9 + header)) "$1"
}

# The comparison can fail: another precision and another seed give other weights.
! cmp -s <(tensors "$results/v1/model.safetensors") <(tensors "$results/v9/model.safetensors") || fail "another precision, the same weights"
train_and_predict 2 --seed 1 --precision f32 --set add_img_noise=0.01
! cmp -s <(tensors "$results/v1/model.safetensors") <(tensors "$run/model.safetensors") || fail "another seed, the same weights"
