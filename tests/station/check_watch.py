"""Watched folders as a source: every picture is inspected once, across kills. check_watch.py PROGRAM MODEL PICTURES FOLDER"""
import json, os, shutil, signal, subprocess, sys, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station, check, until

program, model, pictures, folder = sys.argv[1:]
images = [f"{pictures}/{kind}/00{i}.png" for kind in ("good", "anomaly") for i in range(8)]
inbox, done, archive = f"{folder}/inbox", f"{folder}/done", f"{folder}/watched"
FAST = "settle: 0.2, poll: 0.1, give_up: 0.4"


def exported():
    said = subprocess.run([program, "archive", "export", archive], check=True, capture_output=True)
    return [json.loads(line) for line in said.stdout.splitlines()]


def put(name, source):
    """As a camera does: under another name first."""
    shutil.copy(source, f"{inbox}/.{name}")
    os.rename(f"{inbox}/.{name}", f"{inbox}/{name}")


def rows_of(station):
    return station.json("/api/inspections?limit=1000")["inspections"]


def start(more=""):
    path = f"{folder}/watch.yaml"
    with open(path, "w") as stream:
        stream.write(f"archive: {archive}\nwatches:\n  - {{folder: {inbox}, model: part, {FAST}{more}}}\n")
    return Station(program, f"part={model}", f"other={model}", "--config", path, log=f"{folder}/watch.log")


def same_as_sent(station):
    """A picture in the folder gets the row of one that is sent, and an event; files stay as they were."""
    put("first.png", images[8])
    until(lambda: len(rows_of(station)) == 1, "no inspection")
    kept, sent = rows_of(station)[0], station.json("/api/models/part:predict", open(images[8], "rb").read())
    for name in sent.keys() - {"elapsed_ms", "time", "image_path", "sequence"}:
        check(kept[name] == sent[name], name, kept, sent)
    check(kept["image_path"] == f"{inbox}/first.png" and kept["kept"], kept)
    check(station.ask("GET", f"/api/inspections/{kept['sequence']}/picture")[2] == open(images[8], "rb").read(), kept)
    check('differnet_verdicts_total{model="part"' in station.ask("GET", "/metrics")[2].decode(), "not counted")


def unreadable(station):
    """One that never becomes readable is an inspection with an error; an overwritten one is a second picture."""
    put("bad.png", __file__)
    until(lambda: any("error" in row for row in rows_of(station)), "no error")
    row = next(row for row in rows_of(station) if "error" in row)
    check("bad.png" in row["image_path"] and "not an image" in row["error"] and "raw_score" not in row, row)
    check(station.json("/api/inspections?verdict=ERROR")["inspections"] == [row], "filter")
    csv = station.ask("GET", "/api/inspections?verdict=ERROR&format=csv")[2].decode()
    check(",ERROR,,," in csv, csv)
    put("first.png", images[0])
    until(lambda: len(rows_of(station)) == 4, "the second picture of a name")


def killed():
    """kill -9 while pictures come: each is inspected once, and moved once."""
    for number in range(40):
        put(f"{number:03}.png", images[number % 16])
    station = start(f", move_to: {done}")
    until(lambda: len(rows_of(station)) >= 10, "too slow")
    station.end(signal.SIGKILL)
    for number in range(40, 60):
        put(f"{number:03}.png", images[number % 16])
    station = start(f", move_to: {done}")
    until(lambda: len(rows_of(station)) >= 30, "too slow")
    station.end(signal.SIGKILL)
    station = start(f", move_to: {done}")
    until(lambda: not [name for name in os.listdir(inbox) if not name.startswith(".")], "files stay")
    names = [row["image_path"] for row in rows_of(station) if row["image_path"] and "/0" in row["image_path"]]
    check(sorted(names) == [f"{inbox}/{number:03}.png" for number in range(60)], sorted(names))
    moved = {place: len(os.listdir(f"{done}/{place}")) for place in os.listdir(done)}
    check(sum(moved.values()) == 62 and moved["error"] == 1, moved)
    return station


def folder_goes_away(station):
    """It says so and waits for the folder."""
    os.rename(inbox, inbox + ".away")
    until(lambda: station.json("/healthz").get("watch") == "failing", "health")
    check(station.json("/healthz")["status"] == "degraded", "health")
    check(any(line["event"] == "watch_failed" for line in station.log()), "log")
    os.mkdir(inbox)
    put("late.png", images[3])
    until(lambda: any("late.png" in row["image_path"] for row in rows_of(station)), "not watched again")
    check(station.json("/healthz")["status"] == "ok", "health")


def refusals():
    for words, message in ((["--watch", inbox], "need an archive"),
                           (["--watch", f"none={inbox}", "--archive", archive], "no model none"),
                           (["--watch", f"{folder}/missing", "--archive", archive], "No such file")):
        said = subprocess.run([program, "serve", f"part={model}", "--listen", "127.0.0.1:0", *words],
                              capture_output=True, timeout=60)
        check(said.returncode in (1, 2) and message in said.stderr.decode(), words, said)


os.mkdir(inbox)
refusals()
station = start()
same_as_sent(station)
unreadable(station)
check(station.end() == 0, "exit status")
station = killed()
folder_goes_away(station)
check(station.end() == 0, "exit status")
said = subprocess.run([program, "archive", "verify", archive], capture_output=True)
check(said.returncode == 0 and b" 0 missing, 0 changed" in said.stdout, said)
print(f"{len(exported())} inspections")
