"""Clients that read slowly cost a bounded buffer and a bounded time. check_readers.py PROGRAM MODEL FOLDER"""
import os, random, socket, sys, threading, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station, check, until

program, model, folder = sys.argv[1:]
image = b"P6 48 48 255\n" + random.Random(1).randbytes(48 * 48 * 3)
EVENTS, SECONDS = 450, 1


def connect(station, path, buffer):
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    link.settimeout(20)
    link.connect(("127.0.0.1", station.port))
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return link


def numbers_of(text):
    return [int(line[4:]) for line in text.split(b"\n") if line.startswith(b"id: ")]


class Listener(threading.Thread):
    """Reads all events, as a page does."""

    def __init__(self, station):
        super().__init__(daemon=True)
        self.link, self.text = connect(station, "/api/events", 1 << 20), b""
        self.start()

    def run(self):
        try:
            while part := self.link.recv(65536):
                self.text += part
        except OSError:
            pass


def judge(station, count):
    for _ in range(count):
        station.json("/api/models/part:predict", image, {"Content-Type": "image/x-portable-pixmap"})


def slow_listener():
    """It loses the oldest events and goes on; the others lose none."""
    station = Station(program, f"part={model}", log=f"{folder}/slow.log")
    listener, slow = Listener(station), connect(station, "/api/events", 2048)
    until(lambda: b"HTTP/1.1 200" in listener.text, "no stream")
    judge(station, EVENTS)
    until(lambda: len(numbers_of(listener.text)) == EVENTS, ("events", len(numbers_of(listener.text))))
    last, text = numbers_of(listener.text)[-1], b""
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    while f"id: {last}\n".encode() not in text:
        text += slow.recv(65536)
    got = numbers_of(text)
    check(got == sorted(set(got)) and got[-1] == last and len(got) < EVENTS, "order", got)
    check(station.end() == 0, "exit status")


def sockets(station):
    lines, count = f"/proc/{station.process.pid}/fd", 0
    for name in os.listdir(lines):
        try:
            count += os.readlink(f"{lines}/{name}").startswith("socket:")
        except OSError:
            pass  # closed meanwhile
    return count


def deaf(path, prepare):
    """One that reads nothing is cut off, whatever comes; who listens stays."""
    station = Station(program, f"part={model}", "--archive", f"{folder}/read", "--set", f"request_seconds={SECONDS}",
                      log=f"{folder}/deaf.log")
    listener = Listener(station)
    until(lambda: b"HTTP/1.1 200" in listener.text, "no stream")
    before = sockets(station)
    link, began = prepare(station, path), time.time()
    judge(station, EVENTS if path == "/api/events" else 1)
    until(lambda: sockets(station) <= before, "it is not cut off")
    check(time.time() - began >= SECONDS, "too early")
    judge(station, 1)
    sent = EVENTS + 1 if path == "/api/events" else 3
    until(lambda: len(numbers_of(listener.text)) == sent, ("who listens", len(numbers_of(listener.text))))
    link.close()
    check(station.end() == 0, "exit status")


def large_picture(station, path):
    body = b"P6 2000 1200 255\n" + bytes(2000 * 1200 * 3)
    number = station.json("/api/models/part:predict", body, {"Content-Type": "image/x-portable-pixmap"})["sequence"]
    return connect(station, path % number, 2048)


slow_listener()
deaf("/api/events", lambda station, path: connect(station, path, 2048))
deaf("/api/inspections/%d/picture", large_picture)
