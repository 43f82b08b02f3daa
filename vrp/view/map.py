"""An interactive map as one HTML file: no server, no network, nothing but the plan in it.

The page draws with Leaflet (BSD-2-Clause, in `leaflet/`) on a plain canvas. Its content security policy lets it run
only the two scripts that this module put in and, without `tiles`, load nothing from anywhere. What users named gets
into the page as data only, never as markup.
"""

import base64
import hashlib
import html
import json
import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from vrp.errors import OptionError, UnsupportedError
from vrp.files import write_text
from vrp.solution import Solution
from vrp.view.scene import scene

OSM = ("https://tile.openstreetmap.org/{z}/{x}/{y}.png",
       "© OpenStreetMap contributors, https://www.openstreetmap.org/copyright")  # fmt: skip

Tiles = str | tuple[str, str] | None


def write_map(solution: Solution, path: str | os.PathLike[str], tiles: Tiles = None) -> Path:
    """Write the map of a plan and return its path.

    Parameters
    ----------
    solution
        The plan; its problem must have coordinates.
    path
        Where the file goes.
    tiles
        The street map behind the routes, loaded by the browser when the page is opened: None for none, "osm" for
        openstreetmap.org (whose policy forbids heavy use, and which may refuse pages that are opened from a file and
        not from a web server), or (template, attribution) for another server, the template with {z}, {x}, {y}. Offline
        the routes are drawn all the same.

    Raises
    ------
    UnsupportedError
        The problem has no coordinates, or tiles are wanted behind planar ones.
    OptionError
        `tiles` is none of the above.
    FormatError
        The file cannot be written.
    """
    return write_text(path, page(solution, tiles))


def page(solution: Solution, tiles: Tiles = None) -> str:
    """Return the map as HTML; see `write_map`."""
    problem = solution.problem
    layer = _tile_layer(tiles)
    if not len(problem.coords):
        raise UnsupportedError(
            "A map needs coordinates, but this problem has none. "
            "Give `coords` along with its matrices, or use the summary."
        )
    if layer and problem.crs != "latlon":
        raise UnsupportedError(
            'Tiles need lat/lon, but this problem has planar coordinates. Leave `tiles` out, or give crs="latlon".'
        )
    folder = files("vrp.view")
    leaflet, licence, styles, script, frame, sheet = (
        folder.joinpath(*parts).read_text(encoding="utf-8")
        for parts in (("leaflet", "leaflet.js"), ("leaflet", "LICENSE"), ("leaflet", "leaflet.css"),
                      ("page", "page.js"), ("page", "page.html"), ("page", "page.css"))
    )  # fmt: skip
    scripts = [f"/* Leaflet\n\n{licence}*/\n{_without_map(leaflet)}", script]
    pictures = "data: https: http:" if layer else "data:"
    parts = {
        "policy": f"default-src 'none'; script-src {_hashes(scripts)}; style-src 'unsafe-inline'; img-src {pictures}; "
        "base-uri 'none'; form-action 'none'",
        "title": html.escape(problem.name or "Routes"),
        "styles": re.sub(r"url\(images/[^)]*\)", "none", styles) + sheet,
        "plan": _json({**scene(solution), "tiles": layer}),
        "leaflet": scripts[0],
        "script": scripts[1],
    }
    # One pass, so that nothing that was put in is searched again.
    return re.sub(r"\{\{(\w+)\}\}", lambda slot: parts[slot[1]], frame)


def _tile_layer(tiles: Tiles) -> dict[str, str] | None:
    """Return URL template and attribution of the tiles."""
    if tiles is None:
        return None
    if tiles == "osm":
        tiles = OSM
    if not isinstance(tiles, (tuple, list)) or len(tiles) != 2 or not all(isinstance(t, str) and t for t in tiles):
        raise OptionError(
            f'`tiles` must be None, "osm" or a pair (URL template, attribution), got {tiles!r}. '
            "Tile servers ask for their attribution to be shown, so that a template alone is not enough."
        )
    url, attribution = tiles
    if not re.match(r"https?://", url) or not all(slot in url for slot in ("{z}", "{x}", "{y}")):
        raise OptionError(f"`tiles` must start with http(s):// and contain {{z}}, {{x}} and {{y}}, got {url!r}.")
    return {"url": url, "attribution": attribution}


def _without_map(script: str) -> str:
    """Return the script without its reference to a source map, which is not there."""
    return re.sub(r"//# sourceMappingURL=\S+\s*$", "", script)


def _hashes(scripts: list[str]) -> str:
    """Return the scripts as sources of a content security policy."""
    digests = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def _json(value: Any) -> str:
    """Return JSON that is safe inside a script element, whatever text it holds."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
