#!/usr/bin/env bash
# tests/nightly/station.sh BUILD SOURCE: the inspection station at length: 100,000 requests with kills and swaps, every
# client of the examples, schemathesis, slowhttptest, ten minutes of wrk. About half an hour on two cores. Needs wrk,
# slowhttptest and a network for Python's packages.
. "$(dirname "$0")/../product/lib.sh" "$@"
for tool in wrk slowhttptest curl; do
    command -v $tool >/dev/null || { echo "no $tool: skipped"; exit 77; }
done
build=$(cd "$build" && pwd) differnet=$build/differnet
cd "$source"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install schemathesis requests 'tritonclient[http]'
CLIENTS=$work/venv/bin/python REQUESTS=${REQUESTS:-100000} tests/product/station.sh "$build" "$source" ||
    fail "tests/product/station.sh"

expect 0 "$differnet" train --set img_size='[64, 64]' --set n_scales=1 --set fc_internal=16 --set n_coupling_blocks=1 \
    --set n_transforms=1 --set n_transforms_test=1 --set meta_epochs=1 --set sub_epochs=1 --set "output=$work/results" \
    --threads 1 --quiet --val-fraction 0.3
model=$results/v1/model.safetensors
picture=dummy_dataset/dummy_class/test/anomaly/000.png

trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT

serve() { # NAME OPTION...: starts a station on a free port: $address, $station
    : >"$work/$1.log" # it may be read before the station opens it
    "$differnet" serve "part=$model" --archive "$work/$1" --listen 127.0.0.1:0 "${@:2}" 2>>"$work/$1.log" &
    station=$!
    for ((i = 0; i < 100; i++)); do
        address=$(sed -n 's|.*"started".*\(http://[^"]*\)".*|\1|p' "$work/$1.log")
        if [ -n "$address" ]; then return; fi
        sleep 0.1
    done
    fail "$1: the station does not start"
}
end() {
    kill "$station"
    wait "$station" || fail "the station's exit status"
}
resident() { awk '/VmRSS/ { print $2 }' "/proc/$station/status"; }
sockets() { find "/proc/$station/fd" -lname 'socket:*' | wc -l; }

# ---- schemathesis: all of its checks but the one that wants every body to be a picture ----
echo "admin aaaaaaaaaaaaaaaa" >"$work/tokens"
chmod 600 "$work/tokens"
serve schema --token-file "$work/tokens" --set token_failures=1000000 --set connections_per_address=64
curl -sSf -H "Authorization: Bearer aaaaaaaaaaaaaaaa" --form "file=@$picture" "$address/api/models/part:predict" >/dev/null
(cd "$work" && venv/bin/schemathesis run "$address/api/openapi.json" -H "Authorization: Bearer aaaaaaaaaaaaaaaa" \
    --exclude-path /api/events --exclude-checks positive_data_acceptance --max-examples 30 --no-color) ||
    fail "schemathesis"
end

# ---- slow headers, bodies and readers: cut off, and nothing is left ----
head -c 18000000 /dev/zero | cat <(printf 'P6 3000 2000 255\n') - >"$work/large.ppm"
for kind in "-H" "-B -s 8192 -t POST" "-X -w 512 -y 1024 -n 5 -z 32"; do
    serve slow --set connections_per_address=64
    curl -sSf --data-binary "@$work/large.ppm" -H 'Content-Type: image/x-portable-pixmap' \
        "$address/api/models/part:predict" >/dev/null
    path=/
    case $kind in -B*) path=/api/models/part:predict ;; -X*) path=/api/inspections/1/picture ;; esac
    before=$(resident)
    # shellcheck disable=SC2086 # the kind is several words
    slowhttptest $kind -c 100 -r 50 -i 5 -l 100 -u "$address$path" >"$work/slow.out" 2>&1
    sleep 20
    [ "$(sockets)" -le 1 ] || fail "slowhttptest $kind: $(sockets) sockets are left"
    [ $(($(resident) - before)) -lt 8192 ] || fail "slowhttptest $kind: $before KiB before, $(resident) KiB after"
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$address/healthz")" = 200 ] || fail "slowhttptest $kind: not well"
    end
    rm -r "$work/slow"
done

# ---- ten minutes of pictures: memory does not grow ----
serve load --set keep_pictures=not_pass --set keep_gigabytes=0.2
cat >"$work/post.lua" <<LUA
local file = io.open("$picture", "rb")
wrk.method, wrk.body, wrk.path = "POST", file:read("*a"), "/api/models/part:predict"
wrk.headers["Content-Type"] = "image/png"
LUA
wrk -t 1 -c 8 -d "${SECONDS_OF_LOAD:-600}s" --latency -s "$work/post.lua" "$address" >"$work/wrk.out" &
load=$!
sleep $((${SECONDS_OF_LOAD:-600} / 5))
early=$(resident)
wait "$load"
late=$(resident)
cat "$work/wrk.out"
echo "memory: $early KiB after a fifth of the time, $late KiB at the end"
! grep -q 'Non-2xx' "$work/wrk.out" || fail "other answers than 200"
[ $((late - early)) -lt 4096 ] || fail "memory grows"
end
echo "passed"
