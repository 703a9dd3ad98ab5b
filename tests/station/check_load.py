"""Load with hostile bodies, models that are replaced, and kills: what was answered 200 is in the archive once, pictures
match their digests, nothing else is answered than documented. check_load.py PROGRAM MODEL OTHER_MODEL FOLDER REQUESTS"""
import hashlib, http.client, json, os, random, shutil, signal, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station, form, check

program, model, other, folder, requests = sys.argv[1:]
images = [b"P6 48 48 255\n" + random.Random(i).randbytes(48 * 48 * 3) for i in range(16)]
PNG, PATH, SENDERS = {"Content-Type": "image/png"}, "/api/models/part:predict", 4


def hostile(number):
    """(path, body, headers, documented answers)"""
    image, kind = images[number % len(images)], number // 100 % 10
    half = image[: len(image) // 2]
    if kind == 0:
        return PATH, half, PNG, {422}
    if kind == 1:
        return PATH, os.urandom(5000), PNG, {422}
    if kind == 2:
        return PATH, b"", PNG, {400}
    if kind == 3:
        return PATH, b"P5 99999 99999 255\n" + os.urandom(50), PNG, {413}
    if kind == 4:
        body, content = form({"file": ("a.ppm", image)})
        return PATH, body[:-9], {"Content-Type": content}, {400}
    if kind == 5:
        return PATH, image, {"Content-Type": "text/html"}, {415}
    if kind == 6:
        return PATH + "?map=jpg&part_id=%00", image, PNG, {400}
    if kind == 7:
        return "/api/models/none:predict", image, PNG, {404}
    if kind == 8:
        return PATH, image, {**PNG, "Origin": "http://evil.example"}, {403}
    return "/v2/models/part/infer", b'{"inputs": [' + b"[" * 2000, {"Content-Type": "application/json"}, {400}


def digest_of(row):
    """Rows are compared by digest: a hundred thousand of them fit."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).digest()


class Load:
    def __init__(self):
        self.station, self.answered, self.number = None, {}, 0
        self.refused, self.broken, self.seconds = 0, 0, []
        self.ends, self.lock = False, threading.Lock()

    def begin(self, station):
        self.station, self.ends = station, False
        self.threads = [threading.Thread(target=self.send) for _ in range(SENDERS)]
        [thread.start() for thread in self.threads]

    def end(self):
        self.ends = True
        [thread.join() for thread in self.threads]

    def next(self):
        with self.lock:
            self.number += 1
            return self.number

    def note(self, number, wanted, status, text):
        with self.lock:
            if status == 200:
                row = json.loads(text)
                check(200 in wanted and row["sequence"] not in self.answered, number, row)
                check(row["sha256"] == hashlib.sha256(images[number % len(images)]).hexdigest(), row)
                self.answered[row["sequence"]] = digest_of(row)
            else:
                self.refused += 1
                check(json.loads(text)["status"] == status, text)

    def send(self):
        try:
            self.send_all()
        except (SystemExit, Exception) as error:  # a thread cannot end the test
            print(error, file=sys.stderr)
            os._exit(1)

    def send_all(self):
        connection = None
        while not self.ends:
            number = self.next()
            path, body, headers, wanted = PATH + f"?part_id={number}", images[number % len(images)], PNG, {200, 503}
            if number % 100 == 50:
                path, body, headers, wanted = hostile(number)
            connection = connection or http.client.HTTPConnection("127.0.0.1", self.station.port, timeout=60)
            began = time.monotonic()
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):  # killed, or it closed after a refused head
                connection, self.broken = None, self.broken + 1
                time.sleep(0.02)
                continue
            self.seconds.append(time.monotonic() - began)
            check(answer.status in wanted, number, answer.status, text)
            self.note(number, wanted, answer.status, text)

    def wait_for(self, count):
        until = time.time() + 3600
        while len(self.answered) < count:
            check(time.time() < until and self.station.process.poll() is None, "too slow", len(self.answered))
            time.sleep(0.02)


def swap(station, path, source):
    """The next model takes its place, while requests run."""
    before = station.json("/api/models/part")
    shutil.copy(source, path + ".new")
    os.rename(path + ".new", path)
    for _ in range(200):
        now = station.json("/api/models/part")
        if now["model_id"] != before["model_id"]:
            return
        time.sleep(0.05)
    check(False, "no swap", now, station.log()[-3:])


def memory(station):
    return int(open(f"/proc/{station.process.pid}/statm").read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def check_archive(archive, answered):
    said = subprocess.run([program, "archive", "export", archive], check=True, capture_output=True)
    digests = {}
    for line in said.stdout.splitlines():
        row = json.loads(line)
        sequence = row["sequence"]
        check(sequence not in digests, "a number twice", sequence)
        for name in ("kept", "decisions"):
            del row[name]
        digests[sequence] = digest_of(row)
    for sequence, digest in answered.items():
        check(digests.get(sequence) == digest, "answered and not archived as answered", sequence)
    said = subprocess.run([program, "archive", "verify", archive], capture_output=True)
    check(said.returncode == 0 and b" 0 missing, 0 changed" in said.stdout, said)
    return len(digests)


def main():
    path, archive, load, began = f"{folder}/loaded.safetensors", f"{folder}/loaded", Load(), time.monotonic()
    shutil.copy(model, path)
    last = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)
    for number, ending in enumerate(last):
        station = Station(program, f"part={path}", "--archive", archive, "--set", "keep_maps=none",
                          log=f"{folder}/load.log")
        load.begin(station)
        load.wait_for((2 * number + 1) * int(requests) // 6)
        swap(station, path, (other, model)[number % 2])
        load.wait_for((number + 1) * int(requests) // 3)
        print(f"{load.number} requests, {memory(station):.1f} MiB", flush=True)
        if ending == signal.SIGTERM:
            load.end()
        check(station.end(ending) == (0 if ending == signal.SIGTERM else -signal.SIGKILL), "exit status")
        load.end()
    seconds, taken = sorted(load.seconds), time.monotonic() - began
    archived = check_archive(archive, load.answered)
    print(f"{load.number} requests in {taken:.0f} s: {len(load.answered)} answered 200, {load.refused} refused, "
          f"{load.broken} without an answer; {archived} archived; p50 {seconds[len(seconds) // 2] * 1e3:.1f} ms, "
          f"p95 {seconds[len(seconds) * 95 // 100] * 1e3:.1f} ms, p99 {seconds[len(seconds) * 99 // 100] * 1e3:.1f} ms")


main()
