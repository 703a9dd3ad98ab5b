#!/usr/bin/env bash
# judge.sh STATION MODEL PICTURE: has a picture judged with curl and prints its row.
#     examples/station/judge.sh http://127.0.0.1:8080 screws part.png
# TOKEN=... in the environment is sent, where the station wants one.
set -euo pipefail
station=$1 model=$2 picture=$3
curl --silent --show-error --fail-with-body --retry 5 --retry-all-errors --retry-delay 1 \
    ${TOKEN:+--header "Authorization: Bearer $TOKEN"} \
    --form "file=@$picture" --form "part_id=$(basename "$picture")" "$station/api/models/$model:predict"
