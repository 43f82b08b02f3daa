"""Makes the modules of `experiments/` importable, as they are for the scripts there."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def experiments(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the experiments, on the path of imports."""
    folder = Path(__file__).parents[2] / "experiments"
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    schedule = ("schedule_runs", "fit_schedule", "prove_schedule")
    policy = "many", "published", "quality"
    for name in ("compare", "summary", "worker", "train", "learning_curve", "labels", "average", *schedule, *policy):
        sys.modules.pop(name, None)
