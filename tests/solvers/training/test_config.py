"""Configs: complete, strict, and what the schedule makes of them."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

import yaml  # noqa: E402

from tests.solvers.training.conftest import TINY  # noqa: E402
from vrp.errors import OptionError  # noqa: E402
from vrp.solvers.training import config, schedule  # noqa: E402

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("path", sorted((ROOT / "experiments/configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_valid(path: Path) -> None:
    """Every config that the project has can be read, is named as its file, and survives being written down."""
    wanted = config.read(path)
    assert wanted.name == path.stem
    assert config.parse(yaml.safe_load(yaml.safe_dump(yaml.safe_load(path.read_text())))) == wanted


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"startz": 3}, "unknown key 'startz'. Did you mean 'starts'"),
        ({"shape": {"layer": 3}}, "unknown key 'layer'. Did you mean 'layers'"),
        ({"loss": "reinforced"}, "Did you mean 'reinforce'"),
        ({"minutes": "ten"}, "`minutes` of the config is 'ten', but must be of type float"),
        ({"rate": "1e-3"}, "Write a point: 1.0e-3"),
        ({"minutes": 0}, "`minutes` is 0.0, but must be above 0"),
        ({"average": 1.0}, "`average` is 1.0"),
        ({"batch": {6: 8}}, r"`batch` gives [6] stops, but the curriculum draws [6, 9]"),
        ({"curriculum": [{"until": 0.5, "sizes": {6: 1, 9: 1}}]}, "the last must be 1"),
        ({"decode": "graph"}, "needs `device: cuda`"),
        ({"loss": "imitation"}, "imitation needs labels"),
        ({"labels": "x.npz"}, "imitation needs labels"),
        ({"shape": {"width": 30, "heads": 4}}, "multiple of `shape.heads`"),
        ({"devices": True}, "must be of type int"),
        ({"symmetries": 9}, "`symmetries` is 9, but a square has 1 to 8"),
        ({"symmetries": 2, "loss": "imitation", "labels": "x.npz"}, "`symmetries` is 2, but plans to imitate"),
        ({"validation": [{"size": 6, "count": 1001}]}, "may be no more"),
        ({"starts": 0, "clip": -1}, "`clip`"),
        ({"network": "pomoo"}, "Did you mean 'pomo'"),
        ({"shape": {"attributes": ["urgent"]}}, "`shape.attributes` names ['urgent']"),
        ({"batch": {6: 0, 9: 5}}, "`batch` has {6: 0}"),
        ({"curriculum": [{"until": 1, "sizes": {0: 1}}], "batch": {0: 2}}, "`curriculum` has {0: 1}"),
        ({"curriculum": [{"until": 1, "sizes": {}}], "batch": {}}, "`curriculum[0].sizes` is {}"),
        ({"data": {"uniform": 0}}, "`data` is {'uniform': 0.0}"),
        ({"shape": {"layers": 0}}, "`shape` has {'layers': 0}"),
    ],
)
def test_wrong_values_are_named(change: dict, told: str) -> None:
    """Each says what was got, what is allowed, and where there is something close, that."""
    with pytest.raises(OptionError) as caught:
        config.parse(TINY | change)
    assert told in str(caught.value)


def test_files_that_are_no_config(tmp_path: Path) -> None:
    """Missing, no YAML, a list, and one without what is needed."""
    path = tmp_path / "c.yaml"
    with pytest.raises(OptionError, match="There is no config"):
        config.read(path)
    for text, told in (("a: [", "no valid YAML"), ("- 1", "named values"), ("name: x", "lacks minutes")):
        path.write_text(text)
        with pytest.raises(OptionError, match=told):
            config.read(path)


def test_rate_rises_and_falls() -> None:
    """From almost 0 to the highest at the end of the warm-up, then down to `final` of it, never above it."""
    wanted = config.parse(TINY | {"warmup": 0.1, "final": 0.05})
    rates = [schedule.rate(wanted, share / 1000) for share in range(1001)]
    assert rates[0] == pytest.approx(0.02 * wanted.rate)
    assert max(rates) == rates[100] == pytest.approx(wanted.rate)
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert rates[-1] == schedule.rate(wanted, 1.7) == pytest.approx(0.05 * wanted.rate)
    assert rates[550] == pytest.approx((1 + 0.05) / 2 * wanted.rate)


def test_curriculum_follows_the_time() -> None:
    """Sizes are those of the stage, as often as their weights say, and the seed and the step decide."""
    wanted = config.parse(TINY)
    assert {schedule.size(wanted, 0.49, step) for step in range(50)} == {6}
    late = [schedule.size(wanted, 0.5, step) for step in range(2000)]
    assert 0.45 < late.count(9) / 2000 < 0.55
    assert late == [schedule.size(wanted, 0.99, step) for step in range(2000)]
    names = [schedule.distribution(wanted, step) for step in range(3000)]
    assert 0.3 < names.count("mixture") / 3000 < 0.37
    seeds = {schedule.seed(wanted, step, process) for step in range(100) for process in range(4)}
    assert len(seeds) == 400
