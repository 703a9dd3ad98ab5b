"""What was answered 200 is in the archive once, whatever happens to the station.
check_archive.py PROGRAM MODEL PICTURES FOLDER REQUESTS"""
import json, os, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station

program, model, pictures, folder, requests = sys.argv[1:]
images = [open(f"{pictures}/{kind}/00{i}.png", "rb").read() for kind in ("good", "anomaly") for i in range(8)]
PNG = {"Content-Type": "image/png"}
DOCUMENTED = {200, 400, 413, 415, 422, 503}


def check(condition, *what):
    if not condition:
        raise SystemExit(f"FAILED: {str(what)[:2000]}")


def exported(archive):
    said = subprocess.run([program, "archive", "export", archive], check=True, capture_output=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def verify(archive):
    said = subprocess.run([program, "archive", "verify", archive], capture_output=True)
    check(said.returncode == 0 and b" 0 missing, 0 changed" in said.stdout, said)


class Load:
    """Threads that send pictures, one body in a hundred damaged, and note what was answered 200."""

    def __init__(self, station):
        self.station, self.answered, self.codes = station, [], set()
        self.ends, self.number, self.lock = False, 0, threading.Lock()
        self.threads = [threading.Thread(target=self.send) for _ in range(4)]
        [thread.start() for thread in self.threads]

    def send(self):
        while not self.ends:
            with self.lock:
                number = self.number = self.number + 1
            body = images[number % len(images)]
            if number % 100 == 50:
                body = body[: len(body) // 2] + os.urandom(20)
            try:
                status, _, text = self.station.ask("POST", f"/api/models/part:predict?part_id={number}", body, PNG)
            except OSError:
                continue  # killed
            except Exception:
                continue
            self.codes.add(status)
            if status == 200:
                self.answered.append(json.loads(text))

    def wait_for(self, count):
        until = time.time() + 600
        while len(self.answered) < count:
            check(time.time() < until, "too slow", len(self.answered))
            time.sleep(0.02)

    def end(self):
        self.ends = True
        [thread.join() for thread in self.threads]
        check(self.codes <= DOCUMENTED, self.codes)
        return self.answered


def killed():
    """kill -9 under load, twice; then a quiet end."""
    archive, answered = f"{folder}/killed", []
    for number in (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM):
        station = Station(program, f"part={model}", "--archive", archive, log=f"{folder}/killed.log")
        load = Load(station)
        load.wait_for(int(requests) // 3)
        if number == signal.SIGTERM:
            load.ends = True
            time.sleep(0.2)
        station.end(number)
        answered += load.end()
    rows = exported(archive)
    by_number = {row["sequence"]: row for row in rows}
    check(len(by_number) == len(rows), "a number twice")
    for row in answered:
        kept = by_number.get(row["sequence"])
        check(kept is not None, "answered and not archived", row)
        check(all(kept[name] == row[name] for name in row), row, kept)
    check(len({row["sequence"] for row in answered}) == len(answered), "a number answered twice")
    verify(archive)
    print(f"{len(answered)} answered, {len(rows)} archived")


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


killed()
full_disk()
limits()
