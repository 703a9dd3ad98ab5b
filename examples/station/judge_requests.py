"""judge_requests.py STATION MODEL PICTURE: has a picture judged with Python's requests, and keeps its map.

    python3 examples/station/judge_requests.py http://127.0.0.1:8080 screws part.png

TOKEN in the environment is sent, where the station wants one.
"""

import base64
import json
import os
import pathlib
import sys
import time

import requests

station, model, picture = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
session = requests.Session()  # one connection for many pictures
if "TOKEN" in os.environ:
    session.headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"

while True:
    answer = session.post(
        f"{station}/api/models/{model}:predict",
        params={"part_id": picture.name, "map": "png"},
        files={"file": (picture.name, picture.read_bytes())},
        timeout=60,
    )
    if answer.status_code != 503:
        break
    time.sleep(int(answer.headers["Retry-After"]))  # the queue is full

if not answer.ok:
    sys.exit(f"{picture}: {answer.json()['detail']}")
row = answer.json()
pathlib.Path(f"{picture.name}_map.png").write_bytes(base64.b64decode(row.pop("anomaly_map")))
print(json.dumps(row))
