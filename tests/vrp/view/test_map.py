"""The map: everything of the plan is in it and drawn, it needs no network, and names cannot break it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from vrp.check import evaluate
from vrp.data import example
from vrp.errors import FormatError, OptionError, UnsupportedError
from vrp.problem import Problem
from vrp.solution import Route, Solution
from vrp.vehicles import VehicleType
from vrp.view.map import page

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=2'>&amp;\u2028{{title}}"

LAYERS = """(() => {
  const renderer = vrpMap.options.renderer, canvas = renderer._container, layers = [];
  const scale = canvas.width / renderer._bounds.getSize().x;
  const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
  const context = copy.getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  vrpMap.eachLayer((layer) => {
    if (layer.options.location === undefined) return;
    const at = layer._point.subtract(renderer._bounds.min).subtract([layer._radius - 3, 0]).multiplyBy(scale);
    const [r, g, b, a] = image.data.slice(4 * (Math.round(at.y) * image.width + Math.round(at.x)));
    const hex = "#" + [r, g, b].map((x) => x.toString(16).padStart(2, "0")).join("");
    const box = vrpMap.getContainer().getBoundingClientRect(), here = vrpMap.layerPointToContainerPoint(layer._point);
    layers.push({ location: layer.options.location, route: layer.options.route ?? -1, wanted: layer.options.fillColor,
      drawn: a === 0 ? null : hex, x: here.x + box.x, y: here.y + box.y });
  });
  return layers;
})()"""


LATLON = {"crs": "latlon", "coords": np.array([[0.0, 0], [0, 1], [1, 1], [2, 1], [2, 0], [2, -1], [0, -1]]) / 100}


def grid_plan(**changes: object) -> Solution:
    """Two routes over five of six stops, all far from each other."""
    given: dict[str, object] = {
        "coords": np.array([[0.0, 0.0], [0, 10], [10, 10], [20, 10], [20, 0], [20, -10], [0, -10]]),
        "vehicles": (VehicleType(count=2, capacity=(10,), name="van"),),
        "delivery": np.full((6, 1), 2.0),
        "service": np.full(6, 5.0),
    }
    problem = Problem(**given | changes)  # type: ignore[arg-type]
    return evaluate(problem, [Route(0, 0, 0, (1, 2, 3)), Route(0, 0, 0, (4, 5))])


def plan_in(html: str) -> dict:
    """Read the data that the page holds."""
    data = re.search(r'<script type="application/json" id="plan">(.*?)</script>', html, re.DOTALL)
    assert data
    return json.loads(data[1])


def test_a_page_holds_the_plan_and_nothing_from_elsewhere() -> None:
    """Without tiles the page names no address that a browser would load from, and its policy forbids all of them."""
    html = page(grid_plan())
    assert not re.findall(
        r"""(?:src|href)\s*=\s*["'](?!data:)[^"']""", html.split('<script type="application/json"')[0]
    )
    assert "url(images" not in html
    assert "sourceMappingURL" not in html
    assert "default-src 'none'" in html
    assert "Redistribution and use in source and binary forms" in html  # Leaflet's licence travels along
    plan = plan_in(html)
    assert [[s["at"] for s in r["stops"] if s["label"]] for r in plan["routes"]] == [[1, 2, 3], [4, 5]]
    assert [u["at"] for u in plan["unserved"]] == [6]


def test_names_are_data_never_markup() -> None:
    """A name with markup stands in the page only inside JSON, where it cannot end the script element."""
    names = ("depot", *(f"{i}{HOSTILE}" for i in range(6)))
    html = page(grid_plan(names=names, name=HOSTILE, notes=(HOSTILE,)))
    assert html.count("</script>") == page(grid_plan()).count("</script>")
    assert "<img src=x" not in html
    assert plan_in(html)["names"] == list(names)


def test_clock_times_and_windows_are_in_the_schedule() -> None:
    """Each stop tells arrival, waiting, window and load as the checker scheduled them."""
    windows = np.tile([[[28800.0, 36000.0]]], (6, 1, 1))
    windows[1] = [[32400.0, 36000.0]]
    vans = (VehicleType(capacity=(10,), shift=(28800.0, 64800.0), duration_cost=0.0, distance_cost=1.0),)
    solution = grid_plan(time_windows=windows, vehicles=vans)
    stops = plan_in(page(solution))["routes"][0]["stops"]
    second = dict(stops[2]["rows"])
    step = solution.routes[0].steps[2]
    assert second["window"] == "09:00 - 10:00"
    assert second["leave"] == "09:00"
    assert second["load"] == "2"
    assert step.start == pytest.approx(32400.0)


def test_a_problem_without_coordinates_is_refused() -> None:
    """There is nothing to draw where only matrices are given, and the error says what to give."""
    problem = Problem(distance=np.ones((1, 4, 4)) - np.eye(4))
    with pytest.raises(UnsupportedError, match="Give `coords`"):
        page(evaluate(problem, [Route(0, 0, 0, (1, 2, 3))]))


@pytest.mark.parametrize(
    "tiles", ["google", ("https://x/{z}/{x}/{y}", ""), ("javascript:{z}{x}{y}", "me"), "https://x/{z}", 3]
)
def test_unknown_tiles_are_refused(tiles: object) -> None:
    """A template without attribution, an unknown name or another scheme is an error, not an empty background."""
    with pytest.raises(OptionError, match="`tiles` must"):
        page(grid_plan(**LATLON), tiles)  # type: ignore[arg-type]


def test_tiles_behind_planar_coordinates_are_refused() -> None:
    """A street map has no place for planar coordinates."""
    with pytest.raises(UnsupportedError, match="planar"):
        page(grid_plan(), "osm")


def test_tiles_bring_their_attribution() -> None:
    """The page with tiles names their source."""
    layer = plan_in(page(grid_plan(**LATLON), ("https://tiles.test/{z}/{x}/{y}.png", "Me & you")))["tiles"]
    assert layer == {"url": "https://tiles.test/{z}/{x}/{y}.png", "attribution": "Me & you"}


def test_a_map_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """Where the folder is missing there is an error of ours; else the file is the page and nothing is left over."""
    solution = grid_plan()
    with pytest.raises(FormatError, match="cannot be written"):
        solution.map(tmp_path / "no" / "map.html")
    assert solution.map(tmp_path / "map.html").read_text(encoding="utf-8") == page(solution)
    assert [p.name for p in tmp_path.iterdir()] == ["map.html"]


# In a browser


def test_the_run_sheet_lists_every_step(browse, tmp_path: Path) -> None:
    """The arrow beside a route unfolds its schedule, one row per step, and folds it again."""
    browser = browse(grid_plan().map(tmp_path / "map.html"))
    browser.click(".unfold")
    rows = browser.run("[...document.querySelectorAll('.sheet tbody tr')].map((row) => row.cells[1].innerText)")
    assert rows == ["0", "1", "2", "3", "0"]
    browser.click(".unfold")
    assert browser.run("document.querySelectorAll('.sheet').length") == 0
    assert browser.complaints() == []


def test_every_stop_is_drawn_and_a_click_hides_its_route(browse, tmp_path: Path) -> None:
    """Each location has its mark in its route's colour on the canvas; a click in the legend takes a route away."""
    browser = browse(grid_plan().map(tmp_path / "map.html"))
    layers = browser.run(LAYERS)
    assert sorted(m["location"] for m in layers) == list(range(7))
    assert all(m["drawn"] is not None for m in layers)
    assert all(m["drawn"] == m["wanted"] for m in layers if 0 < m["location"] < 6)

    browser.click("#legend .swatch")
    hidden = {m["location"]: m for m in browser.run(LAYERS)}
    assert sorted(hidden) == [0, 4, 5, 6]
    assert all(m["drawn"] == m["wanted"] for m in hidden.values() if 0 < m["location"] < 6)  # and the other stays
    assert browser.run("document.querySelectorAll('#legend .toggle')[0].getAttribute('aria-pressed')") == "false"
    browser.click("#all")
    assert sorted(m["location"] for m in browser.run(LAYERS)) == list(range(7))
    assert browser.complaints() == []
    assert len(browser.requests()) == 1

    browser.run("console.error('seen')")  # the browser's complaints do reach this test
    browser.run("1")
    assert len(browser.complaints()) == 1


def test_hovering_shows_the_schedule(browse, tmp_path: Path) -> None:
    """The mouse on a stop opens a card with its times and load; on an unserved one, with the reason."""
    browser = browse(grid_plan().map(tmp_path / "map.html"))
    marks = {m["location"]: m for m in browser.run(LAYERS)}
    cards = {}
    for location in (2, 6, 0):
        browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=5, y=5)
        browser.settle()
        browser.send("Input.dispatchMouseEvent", type="mouseMoved", x=marks[location]["x"], y=marks[location]["y"])
        browser.settle()
        cards[location] = browser.run("[...document.querySelectorAll('.leaflet-tooltip')].at(-1)?.innerText")
    assert all(word in cards[2] for word in ("stop 2 of van 1", "arrive", "start", "leave", "load"))
    assert "No route of this plan serves it." in cards[6]
    assert "depot" in cards[0]
    assert browser.complaints() == []


def test_the_real_roads_example_opens_offline(browse, tmp_path: Path) -> None:
    """All 60 stops and the depot are drawn, the attribution is on the map, and nothing is asked of the network."""
    problem = example()
    routes = [Route(v, 0, 0, tuple(range(1 + 12 * i, 13 + 12 * i))) for i, v in enumerate((0, 0, 0, 1, 1))]
    browser = browse(evaluate(problem, routes).map(tmp_path / "map.html"))
    layers = browser.run(LAYERS)
    assert sorted(m["location"] for m in layers) == list(range(61))
    assert all(m["drawn"] is not None for m in layers)
    assert "OpenStreetMap contributors" in browser.run("document.querySelector('.credits').innerText")
    assert browser.complaints() == []
    assert browser.requests() == [(tmp_path / "map.html").as_uri()]


def test_without_network_the_routes_are_drawn_without_their_tiles(browse, tmp_path: Path) -> None:
    """A map with a street map behind it still shows every stop where the street map cannot be loaded."""
    browser = browse(grid_plan(**LATLON).map(tmp_path / "map.html", tiles=("https://tiles.test/{z}/{x}/{y}.png", "Me")))
    layers = browser.run(LAYERS)
    assert sorted(m["location"] for m in layers) == list(range(7))
    assert all(m["drawn"] is not None for m in layers)
    assert any(url.startswith("https://tiles.test/") for url in browser.requests())
    assert "Me" in browser.run("document.querySelector('.credits').innerText")


def test_stops_at_one_place_are_drawn_side_by_side(browse, tmp_path: Path) -> None:
    """Stops with equal coordinates do not cover each other."""
    coords = np.array([[0.0, 0.0], [0, 10], [0, 10], [0, 10], [20, 0], [20, -10], [0, 10]])
    browser = browse(grid_plan(coords=coords).map(tmp_path / "map.html"))
    marks = [m for m in browser.run(LAYERS) if m["location"] in (1, 2, 3, 6)]
    assert len(marks) == 4
    gaps = [np.hypot(a["x"] - b["x"], a["y"] - b["y"]) for a in marks for b in marks if a is not b]
    assert min(gaps) > 15
    assert browser.complaints() == []


def test_hostile_names_are_shown_as_text(browse, tmp_path: Path) -> None:
    """Markup in names, notes and reasons runs nowhere: not on loading, not in the legend, not in a card."""
    names = ("depot", *(f"{i}{HOSTILE}" for i in range(6)))
    van = (VehicleType(count=2, capacity=(10,), name=HOSTILE),)
    solution = grid_plan(names=names, name=HOSTILE, notes=(HOSTILE, "(c) " + HOSTILE), vehicles=van)
    browser = browse(solution.map(tmp_path / "map.html"))
    browser.run("document.querySelectorAll('.unfold').forEach((b) => b.click())")
    browser.run("void vrpMap.eachLayer((l) => { if (l.getTooltip?.()) l.openTooltip(); })")
    browser.settle()
    assert browser.run("window.hacked") is None
    assert browser.run("document.querySelector('.sheet').innerText.includes('</script>')")
    assert browser.complaints() == []


@pytest.mark.parametrize("scale", [1e-3, 1e6])
def test_planar_coordinates_of_any_size_fit_the_window(browse, tmp_path: Path, scale: float) -> None:
    """All stops are inside the visible map, whatever the unit of the coordinates."""
    coords = scale * np.array([[0.0, 0.0], [0, 1], [1, 1], [2, 1], [2, 0], [2, -1], [0, -1]])
    browser = browse(grid_plan(coords=coords).map(tmp_path / "map.html"))
    width, height = browser.run("[innerWidth, innerHeight]")
    marks = browser.run(LAYERS)
    assert all(0 < m["x"] < width and 0 < m["y"] < height for m in marks)
    assert max(m["x"] for m in marks) - min(m["x"] for m in marks) > 200
    assert browser.complaints() == []
