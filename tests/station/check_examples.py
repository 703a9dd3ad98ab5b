"""The clients in examples/station: each prints the row that `predict` prints. A client whose package is missing is left
out, with a line that says so. check_examples.py PROGRAM MODEL PICTURE EXAMPLES FOLDER [PYTHON]"""
import json, os, subprocess, sys

sys.path.insert(0, os.path.dirname(__file__))
from station import Station

program, model, picture, examples, folder = sys.argv[1:6]
python = sys.argv[6] if len(sys.argv) > 6 else sys.executable
examples = os.path.abspath(examples)


def has(module):
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


def run(name, *words):
    said = subprocess.run([*words, os.path.abspath(picture)], capture_output=True, cwd=folder, timeout=120)
    if said.returncode:
        raise SystemExit(f"FAILED: {name}: {said}")
    row = json.loads(said.stdout)
    for key in wanted.keys() - {"elapsed_ms", "time", "image_path"}:
        if row[key] != wanted[key]:
            raise SystemExit(f"FAILED: {name}: {key}: {row[key]}, expected {wanted[key]}")
    print(f"{name}: {row['verdict']}")


wanted = json.loads(subprocess.run([program, "predict", model, picture], check=True, capture_output=True).stdout)
station = Station(program, f"part={model}", log=f"{folder}/examples.log")
address = f"127.0.0.1:{station.port}"
run("curl", f"{examples}/judge.sh", f"http://{address}", "part")
if has("requests"):
    run("requests", python, f"{examples}/judge_requests.py", f"http://{address}", "part")
    assert open(f"{folder}/{os.path.basename(picture)}_map.png", "rb").read(4) == b"\x89PNG"
else:
    print("requests is not installed: left out")
if has("tritonclient.http"):
    run("tritonclient", python, f"{examples}/judge_triton.py", address, "part")
else:
    print("tritonclient is not installed: left out")
assert station.end() == 0
