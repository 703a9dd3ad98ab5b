#!/usr/bin/env bash
# export and import: the same scores afterwards, and messages for wrong use.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"

expect 0 "$differnet" train "${small[@]}" --quiet
model=$results/v1/model.safetensors
scores() { # MODEL
    expect 0 "$differnet" predict "$1" dummy_dataset/dummy_class/test/anomaly
    sed 's/.*"raw_score":\([^,]*\),.*/\1/' "$work/out"
}
scores "$model" >"$work/scores"

expect 0 "$differnet" export "$model" --format pytorch --output "$work/weights.pth"
expect 0 "$differnet" import "$work/weights.pth" --set img_size='[96, 96]' --set n_transforms_test=2 \
    --output "$work/back.safetensors"
holds "$work/err" "n_scales 1, n_coupling_blocks 2, fc_internal 32"
scores "$work/back.safetensors" | cmp - "$work/scores" || fail "scores differ after PyTorch and back"

expect 0 "$differnet" export "$model" --format safetensors --half --output "$work/half.safetensors"
[ "$(stat -c %s "$work/half.safetensors")" -lt $(($(stat -c %s "$model") * 6 / 10)) ] || fail "half is not half"
expect 0 "$differnet" predict "$work/half.safetensors" dummy_dataset/dummy_class/test/anomaly

expect 0 "$differnet" export "$model" --format onnx --rotations 2 --half --output "$work/model.onnx"
[ "$(stat -c %s "$work/model.onnx")" -gt 4900000 ] || fail "the graph does not hold the weights"
holds "$work/err" "wrote $work/model.onnx: an ONNX graph"
holds "$work/err" "turns an image 2 times"
cp "$work/model.onnx" "$work/kept.onnx"
expect 2 "$differnet" export "$model" --format onnx --output "$work/model.onnx"
holds "$work/err" "--force overwrites it"
cmp "$work/model.onnx" "$work/kept.onnx" || fail "an export without --force overwrote a file"
expect 0 "$differnet" export "$model" --format onnx --output "$work/model.onnx" --force --quiet
[ ! -s "$work/err" ] || fail "--quiet is not quiet"
expect 2 "$differnet" export "$model" --format onnx --rotations 0 --output "$work/x"
expect 2 "$differnet" export "$model" --format jpeg --output "$work/x"
holds "$work/err" '"jpeg"'
expect 2 "$differnet" export "$model" --format pytorch
holds "$work/err" "--output FILE is needed"
expect 2 "$differnet" import "$work/weights.pth"
expect 1 "$differnet" import tests/fixtures/tensor_files/whole_object.pth --output "$work/x"
holds "$work/err" "torch.save(model.state_dict(), path)"
expect 1 "$differnet" export "$model" --format pytorch --output "$work/nowhere/x.pth"
[ ! -e "$work/x" ] || fail "a failed import left a file"
