"""A headless Chromium that opens one page without network and tells what happened in it."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Browser:
    """Speaks the DevTools protocol through a pipe, which needs nothing but the browser itself."""

    def __init__(self, program: str, folder: Path) -> None:
        commands, self.to_browser = os.pipe()
        self.from_browser, answers = os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
                   "--window-size=1280,900", "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}",
                   "--disable-background-networking", "--disable-dev-shm-usage"]  # fmt: skip
        # The browser wants to read from descriptor 3 and to write to 4.
        shell = f'exec "$@" 3<&{commands} 4>&{answers}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "bash", program, *options, "about:blank"],
            pass_fds=(commands, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(commands)
        os.close(answers)
        self.buffer = b""
        self.number = 0
        self.events: list[dict[str, Any]] = []
        target = next(t for t in self.send("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self.session: str | None = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    session = None

    def send(self, method: str, **parameters: Any) -> Any:
        """Run a command and return its result; what the browser reports meanwhile is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _receive(self) -> Any:
        while b"\0" not in self.buffer:
            chunk = os.read(self.from_browser, 1 << 16)
            if not chunk:
                raise RuntimeError("The browser has ended.")
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, path: Path) -> None:
        """Load a file and wait until it is drawn."""
        self.send("Page.navigate", url=path.as_uri())
        end = time.monotonic() + 30
        while self.run("document.readyState") != "complete" and time.monotonic() < end:
            time.sleep(0.02)
        self.settle()

    def settle(self) -> None:
        """Wait until what has changed is drawn, and until Leaflet listens to the mouse again (after 32 ms)."""
        self.run("new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 50))")

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression (of a promise: what it resolves to)."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Click on the first element of this kind with the mouse."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.run(f"(() => {{ const box = {box}; return [box.x + box.width / 2, box.y + box.height / 2]; }})()")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def complaints(self) -> list[str]:
        """Return everything that was logged to the console or thrown, each once."""
        found = []
        for event in self.events:
            details = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(details["exceptionDetails"].get("exception", {}).get("description", "exception"))
            elif event.get("method") == "Runtime.consoleAPICalled":
                found.append(str(details["args"]))
            elif event.get("method") == "Log.entryAdded":
                found.append(details["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Return the addresses that the page asked for, without data that it holds itself."""
        urls = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [u for u in urls if not u.startswith(("data:", "about:"))]

    def close(self) -> None:
        """End the browser."""
        self.session = None
        try:
            self.send("Browser.close")
            self.process.wait(10)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; they are skipped where there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the path")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, Path(folder))
        yield browser
        browser.close()


@pytest.fixture
def browse(browser: Browser) -> Callable[[Path], Browser]:
    """Open a page, forgetting the one before."""

    def open_page(path: Path) -> Browser:
        browser.send("Page.navigate", url="about:blank")
        browser.settle()
        browser.events.clear()
        browser.open(path)
        return browser

    return open_page
