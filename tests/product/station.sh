#!/usr/bin/env bash
# The inspection station: its service, its archive under kills and on a full disk.
. "$(dirname "$0")/lib.sh" "$@"
find_python http.client
set -o pipefail
cd "$source"
"$differnet" help serve >/dev/null 2>&1 || { echo "built without the station: skipped"; exit 77; }

tiny=(--set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=1 --set n_transforms=1
    --set n_transforms_test=1 --set meta_epochs=1 --set sub_epochs=1 --set "output=$work/results" --threads 1 --quiet)
expect 0 "$differnet" train "${tiny[@]}" --val-fraction 0.3
expect 0 "$differnet" train "${tiny[@]}" --val-fraction 0.3 --seed 7
pictures=dummy_dataset/dummy_class/test

"$python" tests/station/check_service.py "$differnet" "$results/v1/model.safetensors" "$results/v2/model.safetensors" \
    "$pictures" "$work" || fail "the service"
"$python" tests/station/check_load.py "$differnet" "$results/v1/model.safetensors" "$results/v2/model.safetensors" \
    "$work" "${REQUESTS:-600}" || fail "the load"
"$python" tests/station/check_archive.py "$differnet" "$results/v1/model.safetensors" "$pictures" "$work" | tee "$work/said" || fail "the archive"
! grep -q 'needs root' "$work/said" || left_out "a full disk needs root"

"$python" tests/station/check_watch.py "$differnet" "$results/v1/model.safetensors" "$pictures" "$work" ||
    fail "watched folders"

"$python" tests/station/check_readers.py "$differnet" "$results/v1/model.safetensors" "$work" || fail "slow readers"

"$python" tests/station/check_sinks.py "$differnet" "$results/v1/model.safetensors" "$pictures" "$work" |
    tee "$work/said" || fail "the sinks"
! grep -q 'left out' "$work/said" || left_out "no mosquitto and its clients: MQTT is not tried"

# CLIENTS: a Python that has requests and tritonclient, which Debian lacks.
"$python" tests/station/check_examples.py "$differnet" "$results/v1/model.safetensors" "$pictures/anomaly/000.png" \
    examples/station "$work" "${CLIENTS:-$python}" | tee "$work/said" || fail "the examples"
while read -r line; do left_out "$line"; done < <(grep 'left out' "$work/said" || true)

browser=$(command -v chromium || command -v chromium-browser || true)
if [ -n "$browser" ]; then
    "$python" tests/station/check_page.py "$browser" "$differnet" "$results/v1/model.safetensors" "$pictures" "$work" ||
        fail "the page"
else
    left_out "no chromium: the page is not opened"
fi
