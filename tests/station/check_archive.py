"""The archive on a full disk, and its limits.
check_archive.py PROGRAM MODEL PICTURES FOLDER"""
import json, os, subprocess, sys

sys.path.insert(0, os.path.dirname(__file__))
from station import Station, check

program, model, pictures, folder = sys.argv[1:]
images = [open(f"{pictures}/{kind}/00{i}.png", "rb").read() for kind in ("good", "anomaly") for i in range(8)]
PNG = {"Content-Type": "image/png"}


def exported(archive):
    said = subprocess.run([program, "archive", "export", archive], check=True, capture_output=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def verify(archive):
    said = subprocess.run([program, "archive", "verify", archive], capture_output=True)
    check(said.returncode == 0 and b" 0 missing, 0 changed" in said.stdout, said)


def full_disk():
    """On a full disk it answers 503 and goes on once there is room."""
    disk = f"{folder}/disk"
    os.mkdir(disk)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], capture_output=True).returncode:
        print("a full disk needs root: left out")
        return
    try:
        station = Station(program, f"part={model}", "--archive", f"{disk}/archive", log=f"{folder}/disk.log")
        filler, codes, answered = f"{disk}/filler", [], 0
        for number in range(60):
            if number == 20:
                stream = os.open(filler, os.O_WRONLY | os.O_CREAT)
                try:
                    while os.write(stream, bytes(4096)):
                        pass
                except OSError:
                    os.close(stream)
            if number == 40:
                os.remove(filler)
            status, _, text = station.ask("POST", "/api/models/part:predict", images[number % 16], PNG)
            codes.append(status)
            answered += status == 200
        check(set(codes[:20]) == {200} and 503 in codes[20:40] and set(codes[45:]) == {200}, codes)
        check(station.json("/healthz")["archive"] == "ok", "health")
        check(station.end() == 0, "exit status")
        check(len(exported(f"{disk}/archive")) == answered, "rows", answered)
        verify(f"{disk}/archive")
    finally:
        subprocess.run(["umount", "--lazy", disk], check=False)


def limits():
    """The oldest pictures go first; inspections stay."""
    archive = f"{folder}/limits"
    station = Station(program, f"part={model}", "--archive", archive, "--set", "keep_maps=none",
                      log=f"{folder}/limits.log")
    for image in images:
        station.json("/api/models/part:predict", image, PNG)
    station.end()
    subprocess.run([program, "archive", "prune", archive, "--keep-gigabytes", "0.00001"], check=True,
                   capture_output=True)
    kept = [bool(row["kept"]) for row in exported(archive)]
    check(len(kept) == 16 and kept[0] and not kept[-1] and kept == sorted(kept, reverse=True), kept)
    verify(archive)
    row = exported(archive)[0]
    for path, _, files in os.walk(f"{archive}/files"):
        for name in files:
            open(os.path.join(path, name), "ab").write(b"x")
    said = subprocess.run([program, "archive", "verify", archive], capture_output=True)
    check(said.returncode == 1 and f"inspection {row['sequence']}: its picture is not".encode() in said.stdout, said)


full_disk()
limits()
