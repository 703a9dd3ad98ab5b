"""judge_triton.py STATION MODEL PICTURE: has a picture judged by a client of Triton, and prints its row.

    pip install tritonclient[http]
    python3 examples/station/judge_triton.py 127.0.0.1:8080 screws part.png

The station speaks the Open Inference Protocol, version 2: clients of Triton, KServe and OpenVINO Model Server work.
"""

import pathlib
import sys

import numpy as np
import tritonclient.http as triton

station, model, picture = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
client = triton.InferenceServerClient(station)
assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(model)

image = triton.InferInput("image", [1], "BYTES")
image.set_data_from_numpy(np.array([picture.read_bytes()], dtype=object))
answer = client.infer(model, [image])
print(answer.as_numpy("row")[0].decode())
