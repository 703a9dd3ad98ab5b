#!/usr/bin/env python3
"""A week of a line, compressed: N pictures by five kinds of writers into two folders that one `differnet predict --watch`
watches, while it is killed three times and its disk fills up once. Every picture must have exactly one row.

    tools/watch_week.py DIFFERNET MODEL N FOLDER

FOLDER is made, and as root becomes a small file system of its own for state, rows and overlays; without root the disk
does not fill up. Every second life of the watcher gets no events from the system, as on a share.
"""
import collections
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

SIDE, SETTLE, NAMES, BATCH = 16, 0.5, 20, 20
KINDS = ("renamed", "overwritten", "reopened", "linked", "copied")


def picture(number):
    """A grey picture that no other number has; its score tells them apart."""
    return b"P5 %d %d 255\n" % (SIDE, SIDE) + random.Random(number).randbytes(SIDE * SIDE)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Rows:
    """Counts the complete lines of a growing file."""

    def __init__(self, path):
        self.path, self.offset, self.lines = path, 0, []
        self.count = collections.Counter()

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        end = text.rfind(b"\n") + 1
        self.offset += end
        for line in text[:end].splitlines():
            row = json.loads(line)
            self.lines.append(row)
            self.count[row["image_path"]] += 1
        return len(self.lines)


class Watcher:
    def __init__(self, command, folder):
        self.command, self.folder, self.lives, self.memory, self.log = command, folder, 0, 0, folder + ".log"
        self.start()

    def start(self):
        environment = dict(os.environ, DN_WATCH_EVENTS="off" if self.lives % 2 else "on")
        with open(f"{self.folder}/rows", "ab") as rows, open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=rows, stderr=log, env=environment)
        self.lives += 1

    def stop(self, number):
        with open(f"/proc/{self.process.pid}/status") as status:
            peak = [line.split()[1] for line in status if line.startswith("VmHWM")]
        self.memory = max(self.memory, int(peak[0]))
        self.process.send_signal(number)
        return self.process.wait()

    def said(self, text):
        with open(self.log, errors="replace") as log:
            return text in log.read()


class Writer(threading.Thread):
    """Writes `count` pictures of one kind into one folder; `base` is the number of the first."""

    def __init__(self, kind, folder, count, base, rows):
        super().__init__(daemon=True)
        self.kind, self.folder, self.count, self.base, self.rows = kind, folder, count, base, rows
        self.expected = collections.Counter()

    def path_of(self, i):
        return f"{self.folder}/{self.kind}-{i % NAMES if self.kind == 'overwritten' else i:05}.pgm"

    def run(self):
        for first in range(0, self.count, BATCH):
            numbers = range(first, min(first + BATCH, self.count))
            getattr(self, self.kind)(numbers)
            for i in numbers:
                self.expected[self.path_of(i)] += 1
            time.sleep(0.02)

    def renamed(self, numbers):
        for i in numbers:
            write(self.path_of(i) + ".tmp", picture(self.base + i))
            os.rename(self.path_of(i) + ".tmp", self.path_of(i))

    def overwritten(self, numbers):
        """One name again and again, each time after the row of the picture before."""
        for i in numbers:
            while self.rows.count[self.path_of(i)] < self.expected[self.path_of(i)]:
                time.sleep(0.02)
            write(self.path_of(i), picture(self.base + i))

    def reopened(self, numbers):
        """Header and zeros, which decode; the pixels after the file was closed."""
        for i in numbers:
            write(self.path_of(i), picture(self.base + i)[: -SIDE * SIDE] + bytes(SIDE * SIDE))
        time.sleep(SETTLE / 10)
        for i in numbers:
            with open(self.path_of(i), "r+b") as file:
                file.seek(-SIDE * SIDE, os.SEEK_END)
                file.write(picture(self.base + i)[-SIDE * SIDE :])

    def linked(self, numbers):
        source = f"{self.folder}.source"
        for i in numbers:
            write(source, picture(self.base + i))
            os.link(source, self.path_of(i))
            os.unlink(source)

    def copied(self, numbers):
        for i in numbers:
            data = picture(self.base + i)
            with open(self.path_of(i), "wb") as file:
                file.write(data[:100])
                file.flush()
                file.write(data[100:])


def fill_disk(watcher):
    """Leaves no byte until the watcher has said so and a moment more."""
    ballast = f"{watcher.folder}/ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
        try:
            while True:
                file.write(b"0")
        except OSError:
            pass
    limit = time.time() + 60
    while not watcher.said("waiting until it can") and time.time() < limit:
        time.sleep(0.1)
    time.sleep(1)
    os.unlink(ballast)


def report(rows, writers, watcher, seconds, count):
    expected = sum((writer.expected for writer in writers), collections.Counter())
    wrong = {name: (rows.count[name], expected[name]) for name in expected | rows.count if rows.count[name] != expected[name]}
    errors = [row for row in rows.lines if "error" in row]
    scores = len({row.get("raw_score") for row in rows.lines})
    spoiled = sum("overlay" not in row for row in rows.lines)
    print(f"{count} pictures: {len(rows.lines)} rows, {scores} scores, {len(wrong)} names with another number of rows, "
          f"{len(errors)} errors, {watcher.lives} lives, {spoiled} without overlay, {seconds:.0f} s, peak {watcher.memory} KiB")
    for name, (found, wanted) in list(wrong.items())[:20]:
        print(f"  {name}: {found} rows, expected {wanted}")
    return not wrong and not errors and scores == count


def main():
    differnet, model, count, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    count -= count % (2 * len(KINDS))
    os.makedirs(folder)
    size = 64 + count * 16 // 1024
    small = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", folder], stderr=subprocess.DEVNULL).returncode == 0
    try:
        inboxes = [f"{folder}.in/{i}" for i in (1, 2)]
        for inbox in inboxes:
            os.makedirs(inbox)
        command = [differnet, "predict", model, "--quiet", "--threads", "1", "--rotations", "1", "--state", f"{folder}/state",
                   "--overlay", "--output", f"{folder}/maps", "--settle", str(SETTLE), "--poll", "0.2"]
        for inbox in inboxes:
            command += ["--watch", inbox]
        begin = time.time()
        watcher, rows = Watcher(command, folder), Rows(f"{folder}/rows")
        share = count // (2 * len(KINDS))
        writers = [Writer(kind, inbox, share, n * share, rows)
                   for n, (kind, inbox) in enumerate((kind, inbox) for kind in KINDS for inbox in inboxes)]
        for writer in writers:
            writer.start()
        faults = [(0.2, "kill"), (0.4, "kill"), (0.6, "fill"), (0.8, "kill")]
        done, last = 0, time.time()
        while done < count and time.time() < last + 60:
            found = rows.read()
            last = time.time() if found > done else last
            done = found
            while faults and done >= faults[0][0] * count:
                fault = faults.pop(0)[1]
                if fault == "kill":
                    time.sleep(random.random() / 10)
                    watcher.stop(signal.SIGKILL)
                    watcher.start()
                elif small:
                    fill_disk(watcher)
                last = time.time()
            time.sleep(0.02)
        time.sleep(4 * SETTLE)  # for rows that should not come
        rows.read()
        status = watcher.stop(signal.SIGTERM)
        right = report(rows, writers, watcher, time.time() - begin, count)
        print(f"the disk was full: {'yes' if small else 'no, which needs root'}; exit status {status}")
        if not right or any(writer.is_alive() for writer in writers):
            with open(watcher.log, errors="replace") as log:
                print(log.read()[-4000:])
            sys.exit("not one row for each picture")
    finally:
        if watcher.process.poll() is None:
            watcher.process.kill()
        if small:
            subprocess.run(["umount", "-l", folder], check=False)


main()
