"""What the tests of the station share: a running `differnet serve` to ask and kill, and conditions to check."""
import atexit, base64, http.client, json, os, signal, socket, subprocess, time


def check(condition, *what):
    if not condition:
        raise SystemExit(f"FAILED: {str(what)[:2000]}")


def until(condition, what, seconds=40):
    end = time.time() + seconds
    while not condition():
        check(time.time() < end, what)
        time.sleep(0.05)


class Station:
    def __init__(self, program, *arguments, log, port=0, environment=None):
        self.log_path = log
        self.log_file = open(log, "wb")
        words = [program, "serve", *arguments, "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(words, stderr=self.log_file, env={**os.environ, **(environment or {})})
        atexit.register(self.process.kill)  # a test that fails leaves nothing behind
        self.port = 0
        for _ in range(200):
            started = [line for line in self.log() if line["event"] == "started"]
            if started:
                self.port = int(started[0]["message"].rsplit(":", 1)[1])
                break
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        assert self.port, open(log).read()

    def log(self):
        with open(self.log_path) as stream:
            return [json.loads(line) for line in stream if line.startswith("{") and line.endswith("}\n")]

    def ask(self, method, path, body=None, headers=None, timeout=60):
        """(status, headers, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def json(self, path, body=None, headers=None):
        status, _, text = self.ask("POST" if body is not None else "GET", path, body, headers)
        assert status == 200, (path, status, text)
        return json.loads(text)

    def raw(self, text, timeout=20):
        """What comes back for these bytes, until the station closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as link:
            link.sendall(text)
            answer = b""
            while part := link.recv(65536):
                answer += part
            return answer

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(60)
        self.log_file.close()
        return status


def form(fields):
    """A multipart body and its Content-Type; fields: name -> bytes, or (file name, bytes)."""
    boundary, body = "Z7", b""
    for name, value in fields.items():
        file_name, data = value if isinstance(value, tuple) else (None, value)
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        body += f'; filename="{file_name}"'.encode() if file_name else b""
        body += b"\r\n\r\n" + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f'multipart/form-data; boundary="{boundary}"'


def base64_of(data):
    return base64.b64encode(data).decode()
