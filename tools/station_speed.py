#!/usr/bin/env python3
"""Requests a second of `differnet serve` against pictures a second of `differnet predict`, on the same pictures, in turn.

    tools/station_speed.py DIFFERNET MODEL FOLDER [--pairs N] [--seconds S] [--connections C] [--rotations R]
                           [--set KEY=VALUE]... [--archive DIR]

FOLDER holds the pictures. Each pair is S seconds of both; the ratio is of one pair, so other work on the machine counts
little. Needs wrk. Prints p50, p95 and p99 of the requests, and the station's memory after each pair.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from datetime import datetime

SCRIPT = """
local bodies, number = {}, 0
for name in io.lines(%s) do
  local file = io.open(name, "rb")
  bodies[#bodies + 1] = file:read("*a")
  file:close()
end
request = function()
  number = number %% #bodies + 1
  return wrk.format("POST", "/api/models/m:predict", {["Content-Type"] = "application/octet-stream"}, bodies[number])
end
local threads = {}
setup = function(thread) threads[#threads + 1] = thread end
response = function(status) if status ~= 200 then wrong = (wrong or 0) + 1 end end
done = function(summary, latency)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + (thread:get("wrong") or 0) end
  print(string.format("RESULT %%d %%d %%f %%f %%f %%d", summary.requests, summary.duration, latency:percentile(50),
                      latency:percentile(95), latency:percentile(99), wrong))
end
"""


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rotations", type=int, default=0)
    parser.add_argument("--archive")
    parser.add_argument("--set", action="append", default=[])
    return parser.parse_args()


def start(wanted, work):
    config, log = f"{work}/serve.yaml", f"{work}/log"
    rotations = f", rotations: {wanted.rotations}" if wanted.rotations else ""
    pathlib.Path(config).write_text(f"models: [{{name: m, path: '{os.path.abspath(wanted.model)}'{rotations}}}]\n")
    words = [wanted.program, "serve", "--config", config, "--listen", "127.0.0.1:0"]
    words += [word for pair in wanted.set for word in ("--set", pair)]
    words += ["--archive", wanted.archive] if wanted.archive else []
    station = subprocess.Popen(words, stderr=open(log, "w"))
    while True:
        time.sleep(0.1)
        found = re.search(r'"started".*:(\d+)"', pathlib.Path(log).read_text())
        if found:
            return station, int(found[1])
        if station.poll() is not None:
            raise SystemExit(pathlib.Path(log).read_text())


def pictures_a_second(wanted, files):
    """From the first row's time to the last one's: what a run of many pictures does, without its start."""
    words = [wanted.program, "predict", wanted.model, "-", "--quiet"]
    words += ["--rotations", str(wanted.rotations)] if wanted.rotations else []
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    names = "".join(f"{name}\n" for name in files) * 1000
    process.stdin.write(names[: 60000].rsplit("\n", 1)[0] + "\n")  # what a pipe holds
    process.stdin.close()
    times, end = [], time.time() + 3600
    for line in process.stdout:
        times.append(datetime.fromisoformat(json.loads(line)["time"].replace("Z", "+00:00")).timestamp())
        if len(times) == 1:
            end = time.time() + wanted.seconds
        if time.time() > end:
            break
    process.kill()
    process.wait()
    return (len(times) - 1) / (times[-1] - times[0])


def requests_a_second(wanted, port, script):
    said = subprocess.run(["wrk", "-t", "1", "-c", str(wanted.connections), "-d", f"{wanted.seconds}s", "--timeout", "60s",
                           "-s", script, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True).stdout
    count, micros, p50, p95, p99, wrong = map(float, re.search("RESULT (.*)", said)[1].split())
    return count / micros * 1e6, (p50 / 1e3, p95 / 1e3, p99 / 1e3), int(wrong)


def memory(station):
    status = pathlib.Path(f"/proc/{station.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def main():
    wanted = options()
    files = sorted(str(path) for path in wanted.folder.iterdir() if path.is_file())
    with tempfile.TemporaryDirectory() as work:
        script = f"{work}/post.lua"
        pathlib.Path(f"{work}/list").write_text("\n".join(files) + "\n")
        pathlib.Path(script).write_text(SCRIPT % json.dumps(f"{work}/list"))
        station, port = start(wanted, work)
        ratios = []
        try:
            requests_a_second(argparse.Namespace(**{**vars(wanted), "seconds": 2}), port, script)  # warm
            for number in range(wanted.pairs):
                served, (p50, p95, p99), wrong = requests_a_second(wanted, port, script)
                alone = pictures_a_second(wanted, files)
                ratios.append(served / alone)
                print(f"served {served:.2f}/s, p50 {p50:.1f} p95 {p95:.1f} p99 {p99:.1f} ms, {wrong} not 200; predict "
                      f"{alone:.2f}/s; ratio {ratios[-1]:.3f}; {memory(station):.1f} MiB", flush=True)
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz").status == 200
        finally:
            station.terminate()
            station.wait()
        print(f"ratio {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")


main()
