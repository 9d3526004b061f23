"""Chromium without a window, driven over the DevTools protocol through a pair of pipes: no port, no driver, no package."""

import base64
import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import urllib.parse
from typing import NamedTuple

# Seconds that the browser may take for an answer, and a page to get where it is waited for.
PATIENCE = 30
# name: code of Windows, by which the protocol knows keys; text that the key enters
KEYS = {"Tab": (9, None), "Enter": (13, "\r"), "Space": (32, " ")}
SHIFT = 8


class Failure(Exception):
    """Something is not as it has to be."""


class Told(NamedTuple):
    """What a screen reader is told of one element."""

    role: str
    name: str
    properties: dict
    text: str


class Chromium:
    """A browser that reaches one host name, at an address of this machine, and no other host at all."""

    def __init__(self, executable, profile, host, address):
        arguments = [
            executable, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--disable-gpu",
            f"--host-resolver-rules=MAP {host} {address}, MAP * ~NOTFOUND",
        ]
        # Chromium refuses to start with its sandbox as root. It shows nothing but the pages of this source.
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        to_browser, self.sender = os.pipe()
        self.receiver, from_browser = os.pipe()
        self.process = subprocess.Popen(
            arguments, close_fds=False, preexec_fn=lambda: on_three_and_four(to_browser, from_browser),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.number, self.buffer, self.listeners = 0, b"", {}

    def call(self, method, session=None, **parameters):
        """The result of a command. Events that arrive meanwhile go to their page."""
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        try:
            os.write(self.sender, json.dumps(message).encode() + b"\0")
        except BrokenPipeError:
            raise self.ended() from None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            message = self.next_message()
            if message.get("id") == number:
                if "error" in message:
                    raise Failure(f"Chromium refuses {method}: {message['error']['message']}")
                return message["result"]
            if message.get("sessionId") in self.listeners:
                self.listeners[message["sessionId"]](message["method"], message["params"])
        raise Failure(f"Chromium does not answer {method}")

    def next_message(self):
        """The next message, or an empty one if none arrives within a second."""
        while b"\0" not in self.buffer:
            if not select.select([self.receiver], [], [], 1)[0]:
                return {}
            received = os.read(self.receiver, 1 << 16)
            if not received:
                raise self.ended()
            self.buffer += received
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def ended(self):
        return Failure(f"Chromium has ended, with {self.process.wait()}; without any font it does so at the first page")

    def close(self):
        self.process.terminate()
        self.process.wait()


def on_three_and_four(to_browser, from_browser):
    """In the new process: the descriptors that Chromium reads from and writes to. By way of others, for these may be in use."""
    spare = [os.dup2(descriptor, 100 + at) for at, descriptor in enumerate((to_browser, from_browser))]
    for target, descriptor in zip((3, 4), spare):
        os.dup2(descriptor, target)


@contextlib.contextmanager
def browsing(executable, url, origin):
    """A browser that finds the service of a URL at another origin. A failure ends the program."""
    address, host = urllib.parse.urlsplit(url).netloc, urllib.parse.urlsplit(origin).hostname
    # Of its many processes some write to its profile while it is being removed.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Chromium(executable, profile, host, address)
        try:
            yield browser
        except Failure as failure:
            sys.exit(f"error: {failure}")
        finally:
            browser.close()


class Tab:
    """A tab in a profile of its own, that keeps what its page requested and what there was to complain of."""

    def __init__(self, browser, language):
        self.browser, self.requests, self.complaints = browser, [], []
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        browser.listeners[self.session] = self.hear
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        agent = browser.call("Browser.getVersion")["userAgent"]
        self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def hear(self, event, told):
        if event == "Network.requestWillBeSent":
            self.requests.append(told["request"])
        elif event == "Log.entryAdded":
            self.complain(told["entry"])
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(f"console.{told['type']}: {told['args']}")
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(f"uncaught: {told['exceptionDetails']}")
        elif event == "Audits.issueAdded":
            self.complaints.append(f"issue: {told['issue']}")

    def complain(self, entry):
        # A call that is refused, or does not arrive, is what some steps are about; the page tells of it. Advice is no complaint: a
        # field for the user's name would be empty, for the page does not know it.
        expected = entry["source"] == "network" and entry.get("url", "").endswith("/confirm")
        if not expected and entry["level"] in ("warning", "error"):
            self.complaints.append(f"{entry['source']}: {entry['text']}")

    def open(self, url):
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise Failure(f"{url} cannot be opened: {answer['errorText']}")
        self.wait("document.readyState === 'complete'")

    def reload(self):
        self.evaluate("document.isOld = true")
        self.call("Page.reload")
        self.wait("!document.isOld && document.readyState === 'complete'")

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise Failure(f"{expression}: {answer['exceptionDetails']['exception']['description']}")
        return answer["result"].get("value")

    def wait(self, expression):
        deadline, reason = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            # While a page is being replaced there may be no document to ask.
            try:
                if self.evaluate(expression):
                    return
                reason = ""
            except Failure as failure:
                reason = f"; {failure}"
            time.sleep(0.05)
        raise Failure(f"waited in vain for: {expression}{reason}")

    def press(self, key, modifiers=0):
        code, text = KEYS[key]
        names = {"key": text if key == "Space" else key, "code": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **names, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **names)

    def enter(self, text):
        self.call("Input.insertText", text=text)

    def resize(self, width):
        phone = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=2 if phone else 1, mobile=phone)

    def set_offline(self, offline):
        self.call("Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def prefer(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, file):
        with open(file, "wb") as picture:
            picture.write(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def accessible(self):
        """What a screen reader is told of: role, name, the properties that are set, and the text inside."""
        nodes = {node["nodeId"]: node for node in self.call("Accessibility.getFullAXTree")["nodes"]}

        def text(node):
            if node.get("role", {}).get("value") == "StaticText":
                return node["name"]["value"]
            return "".join(text(nodes[child]) for child in node.get("childIds", []) if child in nodes)

        return [
            Told(node["role"]["value"], node.get("name", {}).get("value", ""),
                 {each["name"]: each["value"].get("value") for each in node.get("properties", [])}, text(node))
            for node in nodes.values() if not node["ignored"]
        ]

    def close(self):
        del self.browser.listeners[self.session]
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
