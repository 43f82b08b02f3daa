"""What `check` reports, against rules counted by hand on random plans and one plan per broken rule."""


import pytest

from tests.vrp.simulation import cases, play, whole_plan
from vrp.check import check, evaluate

OF_A_STOP = {"time window", "depot window", "battery", "allowed", "unserved", "visited twice"}


@pytest.mark.parametrize("seed", range(4))
def test_finds_exactly_the_broken_rules(seed: int) -> None:
    """On random plans over every field, the kinds (and places) reported are those counted by hand, none more."""
    seen: set[str] = set()
    for problem, routes in cases(100 + seed, 250):
        expected: set[tuple[int | None, str, int | None]] = {(None, *b) for b in whole_plan(problem, routes)}
        for i, route in enumerate(routes):
            expected |= {(i, kind, x if kind in OF_A_STOP else None) for kind, x in play(problem, route).broken}
        found = set()
        for v in check(problem, evaluate(problem, routes)):
            of_plan = v.kind in {"visited twice", "group", "shipment", "unserved"}
            found.add((None if of_plan else v.route, v.kind, v.stop if v.kind in OF_A_STOP else None))
        assert found == expected
        seen |= {kind for _, kind, _ in expected}
    assert len(seen) >= 18
