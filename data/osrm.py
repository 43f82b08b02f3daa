"""Speak with OSRM: requests to the `/table` service and what its answers hold, not yet judged (see `roads`)."""

import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vrp.errors import FormatError, ProblemError, VrpError

Floats = NDArray[np.float64]

LONGEST_URL = 8_000
"""Characters; longer requests are sent as POST, because proxies cut long addresses."""

ROUNDED_OFF = 5.0
"""Metres: OSRM 26 answers with down to about -1 between places that are snapped closely together; that means 0."""


class OsrmError(VrpError):
    """The OSRM server cannot be reached, refuses the request, or answers with something else than a table."""


# Asking


class Client:
    """Sends requests for rows of one table: GET where the address is short, else POST where the server knows it."""

    def __init__(self, url: str, profile: str, coords: Floats, timeout: float) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OsrmError(f"Got the address {url!r}, but it must look like http://127.0.0.1:5000.")
        self.host = parts.hostname
        self.address = f"{url.rstrip('/')}/table/v1/{urllib.parse.quote(profile, safe='')}"
        self.places = [[round(float(lon), 6), round(float(lat), 6)] for lat, lon in coords]
        self.timeout = timeout
        self.may_post = True

    def ask(self, rows: range) -> Mapping[str, Any]:
        """Return the answer for some sources and all destinations."""
        n = len(self.places)
        # A cell takes at most about 12 characters in each of two matrices, a place its street's name.
        limit = 1_000_000 + 64 * len(rows) * n + 2_000 * (len(rows) + n)
        path = ";".join(f"{lon:.6f},{lat:.6f}" for lon, lat in self.places)
        query = "annotations=duration,distance&generate_hints=false"
        if len(rows) < n:
            query += "&sources=" + ";".join(map(str, rows))
        get = f"{self.address}/{path}?{query}"
        if len(get) <= LONGEST_URL or not self.may_post:
            return self._send(get, None, limit)
        body = {"coordinates": self.places, "annotations": ["duration", "distance"], "generate_hints": False}
        if len(rows) < n:
            body["sources"] = list(rows)
        try:
            return self._send(self.address, json.dumps(body).encode(), limit)
        except _UnknownMethod:
            self.may_post = False
            return self._send(get, None, limit)

    def _send(self, address: str, body: bytes | None, limit: int) -> Mapping[str, Any]:
        server = f"The OSRM server at {self.host}"
        request = urllib.request.Request(address, data=body, headers={"Accept": "application/json"})
        if body is not None:
            request.add_header("Content-Type", "application/json")
        status = 200
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as response:
                content = self._receive(response.read1, limit, server)
        except urllib.error.HTTPError as error:
            # OSRM explains its refusals in JSON; anything else comes from a proxy or another kind of server.
            with error:
                status, content = error.code, self._receive(error.read1, 100_000, server)
        except VrpError:
            raise
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error) or type(error).__name__
            raise OsrmError(f"{server} does not answer: {reason}. Is the address right, and does it run?") from None
        try:
            answer = read_json(content, server)
        except FormatError:
            answer = {}
        if body is not None and status != 200 and str(answer.get("code")) not in _REFUSALS:
            raise _UnknownMethod
        if "code" not in answer:
            raise OsrmError(f"{server} answered with status {status}, but not as OSRM does. Is the address right?")
        return answer

    def _receive(self, read: Callable[[int], bytes], limit: int, server: str) -> bytes:
        content, end = bytearray(), time.monotonic() + self.timeout
        while piece := read(1 << 16):
            content += piece
            if len(content) > limit:
                raise OsrmError(f"{server} sends more than {limit:,} bytes, which is too much for this table.")
            if time.monotonic() > end:
                raise OsrmError(f"{server} takes longer than {self.timeout:g} s. Give a larger `timeout`.")
        return bytes(content)


class _UnknownMethod(Exception):
    """The server does not know POST: it came with OSRM 26."""


# Reading


@dataclass(frozen=True, eq=False)
class Answer:
    """A table as it stands in an answer: S sources, T destinations; NaN = no route."""

    duration: Floats | None
    distance: Floats | None
    sources: Floats
    destinations: Floats
    snap: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sources and destinations."""
        return len(self.sources), len(self.destinations)


def read_json(content: bytes, where: str) -> Mapping[str, Any]:
    """Return the JSON object in some bytes; `where` names them in the error."""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is not valid JSON: {error}.") from None
    if not isinstance(answer, dict):
        raise FormatError(f"{where} is JSON, but no answer of OSRM: expected an object with `code`.")
    return answer


_REFUSALS = {
    "TooBig": "The table has more cells than the server allows. Start osrm-routed with a larger --max-table-size N, "
    "or ask for blocks of at most N * N `cells`.",
    "NoSegment": "There is no road near one of the points. Is it on the server's map, and is it latitude, longitude?",
    "NoTable": "No route was found at all. Are the points on the server's map?",
    "InvalidUrl": "Is the server an osrm-routed, and is its address complete?",
    "InvalidService": "Is the server an osrm-routed, and is its address complete?",
    "InvalidVersion": "The server speaks another version of the protocol than v1.",
    "InvalidOptions": "The server refuses the parameters.",
    "InvalidQuery": "The server cannot parse the request.",
    "InvalidValue": "The server refuses a value of the request.",
    "NotImplemented": "The server computes no distances with its present algorithm.",
    "DisabledDataset": "The server has left out data that the table needs: start it with all feature data sets.",
}


def parse(answer: Mapping[str, Any], names: Sequence[str] | None) -> Answer:
    """Return the table in an answer; `names` are those of the points, for messages.

    Raises
    ------
    OsrmError
        It is a refusal.
    FormatError
        It is no complete table.
    ProblemError
        Some cells are guesses instead of roads.
    """
    code = answer.get("code")
    if code != "Ok":
        if not isinstance(code, str):
            raise FormatError("The answer is no table of OSRM: it has no `code`.")
        message = str(answer.get("message", ""))[:200]
        point = re.search(r"coordinate (\d+)", message)
        if point and names is not None and int(point[1]) < len(names):
            message += f" ({names[int(point[1])]!r})"
        raise OsrmError(f"OSRM refuses the table with {code}: {message}. {_REFUSALS.get(code, '')}".rstrip())
    if "durations" not in answer and "distances" not in answer:
        raise FormatError("The answer is no table of OSRM: it has neither `durations` nor `distances`.")
    sources, _ = _waypoints(answer, "sources")
    destinations, snap = _waypoints(answer, "destinations")
    if guessed := answer.get("fallback_speed_cells"):
        some = f"{len(guessed)} of {len(sources) * len(destinations)}" if isinstance(guessed, list) else "Some"
        raise ProblemError(
            f"{some} cells of the OSRM table are guesses along the straight line, not roads (`fallback_speed_cells`). "
            "Ask for the table without `fallback_speed`; pairs without a route are then named."
        )
    shape = len(sources), len(destinations)
    return Answer(_cells(answer, "durations", shape), _cells(answer, "distances", shape), sources, destinations, snap)


def _waypoints(answer: Mapping[str, Any], key: str) -> tuple[Floats, Floats]:
    """Return lat, lon and snap distance of the sources or destinations."""
    try:
        places = [(w["location"][1], w["location"][0], w["distance"]) for w in answer[key]]
        table = np.array(places, dtype=np.float64).reshape(-1, 3)
    except (KeyError, TypeError, IndexError, ValueError, OverflowError):
        raise FormatError(
            f"The OSRM answer has no list `{key}` with `location` and `distance` of each place. "
            "Ask for the table without `skip_waypoints`."
        ) from None
    if not len(table) or not np.isfinite(table).all():
        raise FormatError(f"The OSRM answer has no places in `{key}`, or some of them are not finite numbers.")
    return table[:, :2], table[:, 2]


def _cells(answer: Mapping[str, Any], key: str, shape: tuple[int, int]) -> Floats | None:
    if key not in answer:
        return None
    try:
        cells = np.array(answer[key], dtype=np.float64)  # None becomes NaN.
    except (TypeError, ValueError, OverflowError):
        raise FormatError(f"`{key}` of the OSRM answer is no matrix of numbers.") from None
    if cells.shape != shape:
        raise FormatError(f"`{key}` of the OSRM answer has shape {cells.shape}, but there are {shape} places.")
    if np.isinf(cells).any() or (cells < -ROUNDED_OFF).any():
        raise FormatError(f"`{key}` of the OSRM answer holds negative or infinite numbers.")
    return np.maximum(cells, 0.0)


def stack(blocks: Sequence[Floats | None]) -> Floats | None:
    """Return blocks of rows as one matrix; None where one of them is missing."""
    found = [b for b in blocks if b is not None]
    return np.concatenate(found) if len(found) == len(blocks) else None
