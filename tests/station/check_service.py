"""The service as its clients meet it. check_service.py PROGRAM MODEL OTHER_MODEL PICTURES FOLDER"""
import hashlib, json, os, shutil, signal, socket, subprocess, sys, threading, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station, base64_of, form, check

program, model, other, pictures, folder = sys.argv[1:]
defect = open(f"{pictures}/anomaly/000.png", "rb").read()
good = open(f"{pictures}/good/000.png", "rb").read()
PNG = {"Content-Type": "image/png"}


def problem(answer, status, word):
    got, headers, text = answer
    body = json.loads(text)
    check(got == status == body["status"] and word in body["detail"], got, body, word)
    check(headers["Content-Type"] == "application/problem+json", dict(headers))


def same_as_predict(station):
    """The row is the one that `predict` prints, but for times and what only a station knows."""
    row = station.json("/api/models/part:predict?part_id=P%2017+a", defect, PNG)
    path = f"{folder}/P 17 a"
    open(path, "wb").write(defect)
    printed = json.loads(subprocess.run([program, "predict", model, path], check=True, capture_output=True).stdout)
    for name in printed.keys() - {"elapsed_ms", "time", "image_path"}:
        check(row[name] == printed[name], name, row[name], printed[name])
    check(row["part_id"] == "P 17 a" == row["image_path"] and row["model"] == "part", row)
    check(row["sha256"] == hashlib.sha256(defect).hexdigest(), row)


def pictures_in_answers(station):
    body, kind = form({"part_id": b"7", "file": ("C:\\camera\\a.png", defect)})
    row = station.json("/api/models/part:predict?map=png&overlay=png&regions=true", body, {"Content-Type": kind})
    check(row["image_path"] == "a.png" and row["part_id"] == "7", row)
    check(row["anomaly_map"].startswith("iVBOR") and row["overlay"].startswith("iVBOR"), row)
    kept = station.json(f"/api/inspections/{row['sequence']}")
    check("anomaly_map" not in kept and kept["kept"] == ["picture", "map"], kept)


def refusals(station):
    ask = station.ask
    problem(ask("POST", "/api/models/none:predict", defect, PNG), 404, "no such model")
    problem(ask("POST", "/api/models/part:predict", b"text", PNG), 422, "is not an image")
    problem(ask("POST", "/api/models/part:predict", b"", PNG), 400, "empty")
    problem(ask("POST", "/api/models/part:predict", defect, {"Content-Type": "text/plain"}), 415, "multipart")
    problem(ask("POST", "/api/models/part:predict?map=jpg", defect, PNG), 400, "png or none")
    problem(ask("POST", "/api/models/part:predict?part_id=%00", defect, PNG), 400, "encoded")
    large = b"POST /api/models/part:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\n\r\n"
    check(station.raw(large).startswith(b"HTTP/1.1 413"), "a body that is too large")
    chunks = b"20000\r\n" + b"x" * 131072 + b"\r\n"
    large = (b"POST /api/models/part:predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
             b"Connection: close\r\n\r\n" + 20 * chunks + b"0\r\n\r\n")
    check(station.raw(large).startswith(b"HTTP/1.1 413"), "a body in chunks that is too large")
    problem(ask("POST", "/api/models/part:predict", b"P5 5000 3000 255\n" + b"0" * 100, PNG), 413, "megapixels")
    problem(ask("POST", "/api/models/part:predict", *form({"other": b"1"})[:1], {"Content-Type": form({})[1]}),
            400, "no field file")
    problem(ask("TRACE", "/"), 405, "expected")
    problem(ask("POST", "/healthz"), 405, "GET")
    problem(ask("GET", "/api/models/../healthz/x"), 404, "no such path")
    problem(ask("GET", "/", headers={"Host": "evil.example"}), 421, "Host")
    problem(ask("GET", "/", headers={"Origin": "http://evil.example"}), 403, "Origin")
    problem(ask("GET", "/", headers={"Origin": "null"}), 403, "Origin")
    both = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    answer = station.raw(both)
    check(answer.startswith(b"HTTP/1.1 400") and b"Connection: close" in answer, answer)
    headers = ask("GET", "/")[1]
    check("default-src 'none'" in headers["Content-Security-Policy"], dict(headers))
    check("Access-Control-Allow-Origin" not in headers, dict(headers))


def archive(station):
    rows = station.json("/api/inspections?limit=2")
    check(len(rows["inspections"]) == 2 and rows["next"] == rows["inspections"][-1]["sequence"], rows)
    following = station.json(f"/api/inspections?cursor={rows['next']}")
    check(all(row["sequence"] < rows["next"] for row in following["inspections"]), following)
    number = rows["inspections"][0]["sequence"]
    check(station.ask("GET", f"/api/inspections/{number}/picture")[2] == defect, "the picture is another one")
    for decision in ("confirmed", "overruled_good"):
        wanted = json.dumps({"decision": decision, "who": "Ana \u00e9", "note": "=1+1"}).encode()
        row = station.json(f"/api/inspections/{number}/decisions", wanted)
    check([one["decision"] for one in row["decisions"]] == ["confirmed", "overruled_good"], row)
    csv = station.ask("GET", "/api/inspections?format=csv&part_id=7")[2].decode()
    check(csv.count("\r\n") == 2 and "\"'=1+1\"" in csv, csv)
    check(all(r["sequence"] != number for r in station.json("/api/inspections?undecided=true")["inspections"]), number)
    problem(station.ask("POST", f"/api/inspections/{number}/decisions", b'{"decision":"x"}'), 400, "confirmed")
    problem(station.ask("POST", "/api/inspections/999/decisions", b'{"decision":"confirmed","who":"a"}'), 404, "999")
    problem(station.ask("GET", "/api/inspections/1/..%2f..%2fetc"), 404, "")
    problem(station.ask("GET", "/api/inspections?from=yesterday"), 400, "UTC")
    check(station.json("/api/inspections?from=2020-01-01&to=2020-01-02")["inspections"] == [], "an old day")


def events(station):
    with socket.create_connection(("127.0.0.1", station.port), timeout=20) as link:
        link.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n")
        seen = b""
        while seen.count(b"event: inspection") < 2 or b"event: decision" not in seen:
            seen += link.recv(65536)
    check(b"text/event-stream" in seen, seen)


def protocol_v2(station):
    check(station.json("/v2/health/ready")["ready"], "not ready")
    check(station.json("/v2/models/part")["inputs"][0]["datatype"] == "BYTES", "metadata")
    tensor = {"name": "image", "datatype": "BYTES", "shape": [1]}
    text = json.dumps({"id": "4", "inputs": [{**tensor, "data": [base64_of(defect)]}]}).encode()
    plain = station.json("/v2/models/part/infer", text)
    element = len(defect).to_bytes(4, "little") + defect
    head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(element)}}]}).encode()
    binary = station.json("/v2/models/part/infer", head + element,
                          {"Inference-Header-Content-Length": str(len(head))})
    check(plain["outputs"][0] == binary["outputs"][0] and plain["id"] == "4", plain, binary)
    row = json.loads(plain["outputs"][3]["data"][0])
    check(row["raw_score"] == plain["outputs"][0]["data"][0], row)
    wanted = {"outputs": [{"name": "row", "parameters": {"binary_data": True}}, {"name": "raw_score"}]}
    head = json.dumps({**json.loads(text), **wanted}).encode()
    _, headers, body = station.ask("POST", "/v2/models/part/infer", head)
    length = int(headers["Inference-Header-Content-Length"])
    outputs = json.loads(body[:length])["outputs"]
    check([one["name"] for one in outputs] == ["raw_score", "row"], outputs)
    check(outputs[0]["data"][0] == row["raw_score"], outputs)
    element = body[length:]
    check(outputs[1]["parameters"]["binary_data_size"] == len(element) == 4 + int.from_bytes(element[:4], "little"), outputs)
    check(json.loads(element[4:])["raw_score"] == row["raw_score"], element)
    wrong = json.dumps({**json.loads(text), "outputs": [{"name": "boxes"}]}).encode()
    problem(station.ask("POST", "/v2/models/part/infer", wrong), 400, "outputs")
    problem(station.ask("POST", "/v2/models/part/infer", b"{}"), 400, "one input")
    check("error" in json.loads(station.ask("POST", "/v2/models/part/infer", b"{}")[2]), "no error")


def metrics(station):
    text = station.ask("GET", "/metrics")[2].decode()
    for line in ('differnet_requests_total{model="part",code="200"}', 'differnet_verdicts_total{model="part",verdict=',
                 'differnet_request_duration_seconds_bucket{le="+Inf"}', "differnet_queue_length 0",
                 "differnet_build_info{", "process_resident_memory_bytes"):
        check(line in text, line, text)
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "metrics"], input=text.encode(), check=True)


def client_goes_away(station):
    """Its place is free again: the queue empties, and the station goes on."""
    links = [socket.create_connection(("127.0.0.1", station.port)) for _ in range(8)]
    for link in links:
        link.sendall(b"POST /api/models/part:predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(defect) + defect)
    for link in links:
        link.close()
    for _ in range(200):
        if "differnet_queue_length 0" in station.ask("GET", "/metrics")[2].decode():
            return
        time.sleep(0.05)
    check(False, "the queue does not empty")


def taken_port(station):
    """A second station does not share the port of the first."""
    words = [program, "serve", f"part={model}", "--listen", f"127.0.0.1:{station.port}"]
    said = subprocess.run(words, capture_output=True, timeout=60)
    check(said.returncode == 1 and b"Address already in use" in said.stderr, said)


def full_queue():
    """More than fit: 200 or 503 with Retry-After, nothing else."""
    station = Station(program, f"part={model}", "--set", "queue=1", "--set", "workers=1",
                      "--set", "threads=1", log=f"{folder}/queue.log")
    answers = []

    def send():
        answers.append(station.ask("POST", "/api/models/part:predict", defect, PNG))

    threads = [threading.Thread(target=send) for _ in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    codes = {answer[0] for answer in answers}
    check(codes == {200, 503}, codes)
    check(all(answer[1]["Retry-After"] for answer in answers if answer[0] == 503), "no Retry-After")
    problem(station.ask("GET", "/api/inspections"), 404, "no archive")
    check(station.end() == 0, "exit status")


def hot_swap(station, path):
    """A replaced file is taken; one that is damaged is not, and says so."""
    before = station.json("/api/models/part")
    shutil.copy(other, path + ".new")
    os.rename(path + ".new", path)
    for _ in range(100):
        now = station.json("/api/models/part")
        station.json("/api/models/part:predict", good, PNG)
        if now["model_id"] != before["model_id"]:
            break
        time.sleep(0.1)
    check(now["model_id"] != before["model_id"] and now["swaps"] == 1, now)
    open(path + ".new", "wb").write(b"no model")
    os.rename(path + ".new", path)
    station.json("/api/models:reload", b"")
    stale = station.json("/api/models/part")
    check(stale["state"] == "stale" and stale["model_id"] == now["model_id"] and stale["message"], stale)
    check(station.json("/healthz")["status"] == "degraded", "health")
    station.json("/api/models/part:predict", good, PNG)
    check(any(line["event"] == "model_refused" for line in station.log()), "no line in the log")


def drains(station):
    """What was taken before SIGTERM is answered."""
    answers = []

    def send():
        answers.append(station.ask("POST", "/api/models/part:predict", defect, PNG)[0])

    threads = [threading.Thread(target=send) for _ in range(6)]
    [thread.start() for thread in threads]
    while "differnet_queue_length 0" in station.ask("GET", "/metrics")[2].decode() and not answers:
        pass
    check(station.end() == 0, "exit status")
    [thread.join() for thread in threads]
    check(set(answers) <= {200, 503} and 200 in answers, answers)


def tokens():
    path = f"{folder}/tokens"
    open(path, "w").write("read rrrrrrrrrrrrrrrr\ninspect iiiiiiiiiiiiiiii\n# a comment\nadmin aaaaaaaaaaaaaaaa\n")
    os.chmod(path, 0o644)
    words = [program, "serve", f"part={model}", "--listen", "127.0.0.1:0", "--token-file", path]
    refused = subprocess.run(words, capture_output=True)
    check(refused.returncode == 2 and b"chmod 600" in refused.stderr, refused)
    outside = subprocess.run([program, "serve", f"part={model}", "--listen", "0.0.0.0:0"], capture_output=True)
    check(outside.returncode == 2 and b"tls_cert" in outside.stderr, outside)
    os.chmod(path, 0o600)
    station = Station(program, f"part={model}", "--token-file", path, log=f"{folder}/tokens.log")

    def bearer(letter):
        return {"Authorization": f"Bearer {letter * 16}", **PNG}

    check(station.ask("GET", "/healthz")[0] == station.ask("GET", "/")[0] == 200, "open paths")
    problem(station.ask("GET", "/api/models"), 401, "Bearer")
    check(station.ask("GET", "/api/models", headers=bearer("r"))[0] == 200, "read")
    problem(station.ask("POST", "/api/models/part:predict", defect, bearer("r")), 403, "token")
    check(station.ask("POST", "/api/models/part:predict", defect, bearer("i"))[0] == 200, "inspect")
    problem(station.ask("POST", "/api/models:reload", b"", bearer("i")), 403, "token")
    check(station.ask("POST", "/api/models:reload", b"", bearer("a"))[0] == 200, "admin")
    open(path, "a").write("read nnnnnnnnnnnnnnnn\n")
    station.process.send_signal(signal.SIGHUP)
    for _ in range(100):
        if any(line["event"] == "reloaded" for line in station.log()):
            break
        time.sleep(0.05)
    check(station.ask("GET", "/api/models", headers=bearer("n"))[0] == 200, "a new token after SIGHUP")
    codes = [station.ask("GET", "/api/models", headers=bearer("x"))[0] for _ in range(11)]
    check(codes == [401] * 10 + [429], codes)
    problem(station.ask("GET", "/api/models", headers=bearer("r")), 429, "minute")
    check(station.end() == 0, "exit status")


def reloads():
    """SIGHUP: limits, models and hosts change; what cannot is named; a file with a mistake changes nothing."""
    path = f"{folder}/reload.yaml"

    def write(text):
        with open(path, "w") as stream:
            stream.write(text)

    def reload(station, event):
        before = sum(line["event"] == event for line in station.log())
        station.process.send_signal(signal.SIGHUP)
        for _ in range(200):
            if sum(line["event"] == event for line in station.log()) > before:
                return
            time.sleep(0.05)
        check(False, event, station.log())

    def refused_above(station, limit):
        answer = station.raw(b"POST /api/models/part:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n")
        check(answer.startswith(b"HTTP/1.1 413") and b"at most %d bytes" % limit in answer, answer)

    write("body_mib: 1\n")
    station = Station(program, f"part={model}", "--config", path, log=f"{folder}/reload.log")
    large = b"P5 1100 1100 255\n" + bytes(1100 * 1100)
    predict = ("POST", "/api/models/part:predict")
    refused_above(station, 1 << 20)
    write(f"body_mib: 2\nmegapixels: 1\nworkers: 3\nhosts: [line]\nmodels: [{{name: more, path: '{other}'}}]\n")
    reload(station, "reloaded")
    problem(station.ask(*predict, large, PNG), 413, "megapixels")
    check(station.ask("GET", "/healthz", headers={"Host": "line"})[0] == 200, "a new host")
    check({one["name"] for one in station.json("/api/models")["models"]} == {"part", "more"}, "a new model")
    warned = [line["message"] for line in station.log() if line["event"] == "restart_needed"]
    check(warned == ["these changes need a restart: workers"], warned)
    write("body_mib: 3\nsinks: [{name: mes}]\n")
    reload(station, "reload_failed")
    refused_above(station, 2 << 20)
    check(station.ask(*predict, defect, PNG)[0] == 200, "it goes on")
    check(station.end() == 0, "exit status")


def main():
    path = f"{folder}/served.safetensors"
    shutil.copy(model, path)
    station = Station(program, f"part={path}", "--archive", f"{folder}/archive", "--set", "body_mib=2",
                      "--set", "megapixels=10", "--set", "keep_maps=all", log=f"{folder}/log")
    for part in (same_as_predict, pictures_in_answers, refusals, archive, events, protocol_v2, metrics,
                 client_goes_away, taken_port):
        part(station)
    hot_swap(station, path)
    drains(station)
    said = subprocess.run([program, "archive", "verify", f"{folder}/archive"], capture_output=True)
    check(said.returncode == 0 and b" 0 missing, 0 changed" in said.stdout, said)
    full_queue()
    tokens()
    reloads()


main()
