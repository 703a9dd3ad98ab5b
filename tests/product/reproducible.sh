#!/usr/bin/env bash
# The same bits from every run and from 1, 2 and 4 threads: weights, scores, metrics, maps.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
# Wide enough that the products are cut into several pieces.
settings=("${small[@]}" --quiet --set img_size='[160, 160]' --set n_scales=2 --set fc_internal=256 --set n_transforms=3
    --set n_transforms_test=3 --set dropout=0.1 --set sub_epochs=2 --set transf_brightness=0.2 --set add_img_noise=0.01)

# The tensors alone: the header says how many threads the configuration wanted.
tensors() {
    local header
    header=$(od -An -t u8 -N8 "$1")
    tail -c +$((9 + header)) "$1"
}

same() { # what FILE FILE
    cmp "$2" "$3" || fail "$1 differ"
}

version=0
for threads in 2 2 1 4; do # v1 to v4
    version=$((version + 1))
    expect 0 "$differnet" train "${settings[@]}" --threads $threads --deterministic
    run=$results/v$version
    tensors "$run/model.safetensors" >"$run/tensors"
    expect 0 "$differnet" predict "$results/v1/model.safetensors" dummy_dataset/dummy_class/test/anomaly --threads $threads \
        --maps --output "$work/maps"
    mv "$work/maps" "$run/maps"
    sed 's/"elapsed_ms":.*//' "$work/out" >"$run/rows"
    [ -s "$run/tensors" ] && [ -s "$run/rows" ] || fail "nothing to compare"
done
same "two runs" "$results/v1/model.safetensors" "$results/v2/model.safetensors"
for other in 2 3 4; do
    for file in tensors scores.csv rows; do
        same "$file with other threads" "$results/v1/$file" "$results/v$other/$file"
    done
    diff -r "$results/v1/maps" "$results/v$other/maps" >/dev/null || fail "maps with other threads differ"
done

# The seed matters: what is compared does not stand still.
expect 0 "$differnet" train "${settings[@]}" --threads 2 --seed 1
tensors "$results/v5/model.safetensors" >"$work/tensors"
! cmp -s "$results/v1/tensors" "$work/tensors" || fail "another seed, the same weights"
