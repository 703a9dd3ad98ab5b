"""Sinks: nothing is lost while a receiver is away, the order stays, a bound is kept and told.
check_sinks.py PROGRAM MODEL PICTURES FOLDER"""
import http.server, json, os, shutil, signal, socket, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station, check, until

program, model, pictures, folder = sys.argv[1:]
image = open(f"{pictures}/anomaly/000.png", "rb").read()
PNG = {"Content-Type": "image/png"}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Receiver(http.server.BaseHTTPRequestHandler):
    rows, tokens, refuse = [], set(), False

    def do_POST(self):
        row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Receiver.tokens.add(self.headers["Authorization"])
        if not Receiver.refuse:
            Receiver.rows.append(row)
        self.send_response(503 if Receiver.refuse else 204)
        self.end_headers()

    def log_message(self, *words):
        pass


def judge(station, count):
    return [station.json("/api/models/part:predict", image, PNG) for _ in range(count)]


def start(name, sinks, more=""):
    path = f"{folder}/{name}.yaml"
    with open(path, "w") as stream:
        stream.write(f"archive: {folder}/{name}\n{more}" + (f"sinks:\n{sinks}" if sinks else ""))
    return Station(program, f"part={model}", "--config", path, log=f"{folder}/{name}.log")


def webhook():
    port, token = free_port(), f"{folder}/secret"
    with open(token, "w") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write("abc\n")
    sinks = f"  - {{name: mes, url: 'http://127.0.0.1:{port}/', token_file: {token}}}\n"
    station = start("hook", sinks)
    sent = judge(station, 5)  # nobody listens yet
    until(lambda: any(line["event"] == "sink_failed" for line in station.log()), "no message")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    until(lambda: len(Receiver.rows) >= 5, "rows do not arrive")
    Receiver.refuse = True
    sent += judge(station, 3)
    check(station.end() == 0, "exit status")
    Receiver.refuse = False
    station = start("hook", sinks)
    sent += judge(station, 2)
    until(lambda: len(Receiver.rows) >= 10, "rows from before the restart do not arrive")
    until(lambda: 'differnet_sink_waiting{sink="mes"} 0' in station.ask("GET", "/metrics")[2].decode(), "metrics")
    check([row["sequence"] for row in Receiver.rows] == [row["sequence"] for row in sent], "order")
    check(all(got[name] == row[name] for got, row in zip(Receiver.rows, sent) for name in row), "contents")
    check(Receiver.tokens == {"Bearer abc"}, Receiver.tokens)
    station.end()
    server.shutdown()


def bound():
    """More than sink_rows wait: the oldest are dropped, and the log says how many."""
    Receiver.rows.clear()
    port = free_port()
    station = start("bound", f"  - {{name: mes, url: 'http://127.0.0.1:{port}/'}}\n", "sink_rows: 4\n")
    judge(station, 9)
    until(lambda: any(line["event"] == "sink_dropped" for line in station.log()), "no message")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    until(lambda: Receiver.rows and Receiver.rows[-1]["sequence"] == 9, "rows do not arrive")
    check(len(station.json("/api/inspections")["inspections"]) == 9, "the archive keeps all")
    station.end()
    server.shutdown()


def added():
    """A sink that SIGHUP brings begins with the next row."""
    Receiver.rows.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    station = start("added", "", "")
    judge(station, 2)
    with open(f"{folder}/added.yaml", "a") as stream:
        stream.write(f"sinks:\n  - {{name: mes, url: 'http://127.0.0.1:{server.server_port}/'}}\n")
    station.process.send_signal(signal.SIGHUP)
    until(lambda: any(line["event"] == "reloaded" for line in station.log()), "no reload")
    judge(station, 2)
    until(lambda: len(Receiver.rows) == 2, "rows do not arrive")
    check([row["sequence"] for row in Receiver.rows] == [3, 4], Receiver.rows)
    station.end()
    server.shutdown()


def certificate(place):
    """A certificate for localhost, its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", f"{place}/key", "-out", f"{place}/cert", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    os.chmod(f"{place}/key", 0o644)


def mqtt():
    """Plain, and by TLS: a broker that is killed and comes back misses nothing."""
    broker, listener = shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), shutil.which("mosquitto_sub")
    if not broker or not listener or not shutil.which("openssl"):
        print("no mosquitto: left out")
        return
    port, secure, place = free_port(), free_port(), f"{folder}/broker"
    os.mkdir(place)
    os.chmod(place, 0o777)
    certificate(place)
    with open(f"{place}/conf", "w") as stream:
        stream.write(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\nuser root\n"
                     f"persistence_location {place}/\nautosave_interval 1\nautosave_on_changes true\n"
                     f"listener {secure} localhost\ncertfile {place}/cert\nkeyfile {place}/key\n")

    def run():
        process = subprocess.Popen([broker, "-c", f"{place}/conf"], stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        return process

    process = run()
    with open(f"{place}/out", "wb") as out:
        heard = subprocess.Popen([listener, "-p", str(port), "-q", "1", "-c", "-i", "listener", "-t", "+/part/#", "-t",
                                  "differnet/+/status", "-F", "%t %p"], stdout=out)
    time.sleep(0.5)
    station = start("mqtt", f"  - {{name: line, host: 127.0.0.1, port: {port}, topic: 'line/{{model}}/{{verdict}}'}}\n"
                            f"  - {{name: safe, host: localhost, port: {secure}, ca_file: {place}/cert, "
                            f"topic: 'safe/{{model}}/{{verdict}}'}}\n"
                            f"  - {{name: fooled, host: localhost, port: {secure}, ca_file: /etc/ssl/certs/ca-certificates.crt, "
                            f"topic: 'fooled/{{model}}/{{verdict}}'}}\n")

    def messages(topic):
        lines = open(f"{place}/out").read().splitlines()
        return [json.loads(line.split(" ", 1)[1]) for line in lines if line.startswith(f"{topic}/part/FAIL ")]

    judge(station, 4)
    until(lambda: len(messages("line")) >= 4 and len(messages("safe")) >= 4, "messages do not arrive")
    process.kill()
    process.wait()
    judge(station, 4)
    process = run()
    judge(station, 2)
    for topic in ("line", "safe"):
        until(lambda: {row["sequence"] for row in messages(topic)} == set(range(1, 11)), f"{topic}: messages are lost")
        numbers = [row["sequence"] for row in messages(topic)]
        first = sorted(set(numbers), key=numbers.index)
        check(first == sorted(first), "order", numbers)
        check(f"differnet/{topic}/status online" in open(f"{place}/out").read(), "status")
    check(not messages("fooled"), "a broker with a foreign certificate was trusted")
    station.end(signal.SIGKILL)
    until(lambda: "differnet/line/status offline" in open(f"{place}/out").read(), "no last will")
    heard.kill()
    process.terminate()
    process.wait()


webhook()
bound()
added()
mqtt()
