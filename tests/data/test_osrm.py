"""The OSRM client against a small server on this machine that answers and refuses as osrm-routed does."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from vrp.data import OsrmError, osrm_table

N = 40
RNG = np.random.default_rng(7)
POINTS = np.round(np.c_[RNG.uniform(60.15, 60.19, N), RNG.uniform(24.9, 25.0, N)], 6)
SECONDS = np.round(RNG.uniform(10, 900, (N, N)), 1) * (1 - np.eye(N))


class FakeOsrm(BaseHTTPRequestHandler):
    """Answers `/table` for POINTS from SECONDS."""

    server: "Server"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(parts.query, separator="&").items()}
        places = [[float(x) for x in p.split(",")] for p in parts.path.rpartition("/")[2].split(";")]
        sources = query.get("sources")
        self.table(places, [int(s) for s in sources.split(";")] if sources else None, query["annotations"].split(","))

    def do_POST(self) -> None:
        if not self.server.knows_post:
            self.send(405, b"method not allowed")
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.table(body["coordinates"], body.get("sources"), body["annotations"])

    def table(self, places: list[list[float]], sources: list[int] | None, annotations: list[str]) -> None:
        assert annotations == ["duration", "distance"]
        assert np.array_equal(places, POINTS[: len(places), ::-1]), "every request carries all points, lon first"
        rows = list(range(len(places))) if sources is None else sources
        self.server.asked.append((self.command, rows))
        if len(rows) * len(places) > self.server.max_cells:
            self.send(400, b'{"message":"Too many table coordinates","code":"TooBig"}')
            return
        snapped = [{"location": p, "distance": 1.0, "name": "street"} for p in places]
        cells = SECONDS[np.ix_(rows, range(len(places)))]
        answer = {
            "code": "Ok",
            "durations": cells.tolist(),
            "distances": (9 * cells).tolist(),
            "sources": [snapped[i] for i in rows],
            "destinations": snapped,
        }
        self.send(200, json.dumps(answer).encode() + b" " * self.server.padding)

    def send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.pause:
            for i in range(len(content)):
                self.wfile.write(content[i : i + 1])
                time.sleep(self.server.pause)
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """What the tests can turn: which methods it knows, its limits, and how slow it is."""

    daemon_threads = True
    knows_post = True
    max_cells = 10_000
    padding = 0
    pause = 0.0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FakeOsrm)
        self.asked: list[tuple[str, list[int]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """The client hangs up on answers that are too long or too slow."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_one_request_for_a_small_table(server: Server) -> None:
    """A table within the usual limit is one GET."""
    table = osrm_table(POINTS, server.url + "/")
    assert np.array_equal(table.duration, SECONDS)
    assert np.array_equal(table.distance, 9 * SECONDS)
    assert np.array_equal(table.coords, POINTS)
    assert server.asked == [("GET", list(range(N)))]


def test_blocks_equal_one_request(server: Server) -> None:
    """Cut into blocks of rows, the table is the same, and no request exceeds the limit."""
    server.max_cells = 300
    table = osrm_table(POINTS, server.url, cells=300)
    assert np.array_equal(table.duration, SECONDS)
    assert [rows for _, rows in server.asked] == [list(range(a, min(a + 7, N))) for a in range(0, N, 7)]


def test_long_requests_are_posted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that a proxy would cut goes into the body instead."""
    monkeypatch.setattr("vrp.data.osrm.LONGEST_URL", 200)
    assert np.array_equal(osrm_table(POINTS, server.url, cells=800).duration, SECONDS)
    assert [method for method, _ in server.asked] == ["POST", "POST"]


def test_servers_without_post_get_long_addresses(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older servers know GET only; they are asked by POST once."""
    monkeypatch.setattr("vrp.data.osrm.LONGEST_URL", 200)
    server.knows_post = False
    assert np.array_equal(osrm_table(POINTS, server.url, cells=800).duration, SECONDS)
    assert [method for method, _ in server.asked] == ["GET", "GET"]


@pytest.mark.parametrize("longest", [200, 8000])
def test_refusal_says_what_to_do(server: Server, monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    """The server's limit is told with both ways out, whether asked by GET or POST."""
    monkeypatch.setattr("vrp.data.osrm.LONGEST_URL", longest)
    server.max_cells = 100
    with pytest.raises(OsrmError, match="TooBig: Too many table coordinates.*--max-table-size.*`cells`"):
        osrm_table(POINTS, server.url)
    assert len(server.asked) == 1


def test_endless_answers_are_cut_off(server: Server) -> None:
    """An answer far larger than the table can be is not read to its end."""
    server.padding = 3_000_000
    with pytest.raises(OsrmError, match="sends more than"):
        osrm_table(POINTS, server.url)


def test_dribbling_servers_are_left(server: Server) -> None:
    """A server that sends a byte now and then keeps nobody waiting past the timeout."""
    server.pause = 0.05
    start = time.monotonic()
    with pytest.raises(OsrmError, match=r"takes longer than 0\.3 s"):
        osrm_table(POINTS, server.url, timeout=0.3)
    assert time.monotonic() - start < 5


def test_no_server(server: Server) -> None:
    """Nobody there, another kind of server, and no address at all are told apart."""
    server.shutdown()
    server.server_close()
    with pytest.raises(OsrmError, match="does not answer"):
        osrm_table(POINTS, server.url)
    for url in ("127.0.0.1:5000", "file:///etc/passwd", "ftp://127.0.0.1/"):
        with pytest.raises(OsrmError, match="must look like http"):
            osrm_table(POINTS, url)


def test_other_servers_are_recognised(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web page is not taken for a table."""
    monkeypatch.setattr(FakeOsrm, "do_GET", lambda handler: handler.send(200, b"<html>"))
    with pytest.raises(OsrmError, match="status 200, but not as OSRM does"):
        osrm_table(POINTS, server.url)
    monkeypatch.setattr(FakeOsrm, "do_GET", lambda handler: handler.send(502, b"bad gateway"))
    with pytest.raises(OsrmError, match="status 502"):
        osrm_table(POINTS, server.url)


def test_demonstration_server_is_spared() -> None:
    """Large tables are not asked of the public demonstration server: refused before any request."""
    many = np.c_[np.linspace(60, 61, 101), np.linspace(24, 25, 101)]
    with pytest.raises(OsrmError, match="own osrm-routed"):
        osrm_table(many, "https://router.project-osrm.org")
