"""The page in headless Chromium, driven through its debugging pipe: upload, slider, decision by key, history, dark, phone,
a watched file that is no picture; no message on the console. Leaves screenshots. check_page.py BROWSER PROGRAM MODEL PICTURES FOLDER"""
import base64, json, os, select, subprocess, sys, time

sys.path.insert(0, os.path.dirname(__file__))
from station import Station

browser, program, model, pictures, folder = sys.argv[1:]


class Page:
    def __init__(self):
        here, there = os.pipe(), os.pipe()

        def descriptors():  # the browser reads 3 and writes 4
            os.dup2(here[0], 98), os.dup2(there[1], 99)
            os.dup2(98, 3), os.dup2(99, 4)

        self.process = subprocess.Popen(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=descriptors, pass_fds=(3, 4, here[0], there[1]), stderr=subprocess.DEVNULL)
        self.out, self.into, self.rest, self.number, self.console = here[1], there[0], b"", 0, []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page", "DOM"):
            self.send(domain + ".enable")

    def receive(self, seconds):
        until = time.time() + seconds
        while b"\0" not in self.rest:
            left = until - time.time()
            if left <= 0 or not select.select([self.into], [], [], left)[0]:
                return None
            self.rest += os.read(self.into, 1 << 20)
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.console.append(message["params"])
        return message

    def send(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive(30)
            if answer is None or "error" in answer:
                raise SystemExit(f"FAILED: {method}: {answer}")
            if answer.get("id") == self.number:
                return answer["result"]

    def value(self, expression):
        return self.send("Runtime.evaluate", expression=expression, awaitPromise=True,
                         returnByValue=True)["result"].get("value")

    def screenshot(self, name):
        image = self.send("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        with open(f"{folder}/{name}.png", "wb") as stream:
            stream.write(base64.b64decode(image))

    def until(self, expression, what):
        for _ in range(200):
            if self.value(expression):
                return
            self.receive(0.05)
        raise SystemExit(f"FAILED: {what}: {self.value('document.body.innerText')}")


def main():
    os.mkdir(f"{folder}/page-inbox")
    with open(f"{folder}/page.yaml", "w") as stream:
        stream.write(f"watches: [{{folder: {folder}/page-inbox, settle: 0.1, poll: 0.1, give_up: 0.1}}]\n")
    station = Station(program, f"part={model}", "--archive", f"{folder}/page-archive", "--set", "keep_maps=all",
                      "--config", f"{folder}/page.yaml", log=f"{folder}/page.log")
    page = Page()
    page.send("Page.navigate", url=f"http://127.0.0.1:{station.port}/")
    page.until("document.querySelector('#models tr')?.textContent.includes('part')", "no model in the table")
    root = page.send("DOM.getDocument")["root"]["nodeId"]
    chooser = page.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    page.send("DOM.setFileInputFiles", nodeId=chooser, files=[os.path.abspath(f"{pictures}/anomaly/000.png")])
    page.until("document.getElementById('verdict').dataset.verdict !== 'NONE'", "no verdict after an upload")
    page.until("document.getElementById('picture').naturalWidth > 0 && document.getElementById('map').naturalWidth > 0",
               "no picture and map")
    page.until("document.querySelectorAll('#history tr').length === 1 && document.querySelectorAll('.dot').length === 1",
               "history and strip")
    opacity = page.value("{const s = document.getElementById('opacity'); s.value = 20; s.dispatchEvent(new Event('input'));"
                         "document.getElementById('map').style.opacity}")
    assert opacity == "0.2", opacity
    hidden = page.value("{const s = document.getElementById('stage'); s.scrollHeight - s.clientHeight}")
    assert hidden <= 0, f"{hidden} pixels of the picture are not seen"
    page.value("document.getElementById('who').value = 'Ana'")
    page.value("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'g', bubbles: true}))")
    page.until("document.querySelector('#decisions li')?.textContent.includes('Ana')", "no decision")
    page.until("document.querySelector('#history td:last-child')?.textContent.includes('good')", "decision in history")
    page.screenshot("light")
    with open(f"{folder}/page-inbox/bad.png", "w") as stream:
        stream.write("no picture")
    page.until("document.getElementById('verdict').dataset.verdict === 'ERROR'", "no unreadable picture")
    page.until("document.querySelector('#history tr .tag.ERROR')?.textContent === 'ERROR'", "its line")
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(16, 19, 22)", "dark"
    page.screenshot("dark")
    page.send("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    wide = page.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{wide} pixels wider than a phone"
    page.screenshot("phone")
    page.receive(0.3)
    if page.console:
        raise SystemExit(f"FAILED: the console is not silent: {page.console[:3]}")
    page.process.kill()
    assert station.end() == 0


main()
