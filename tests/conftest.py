"""Shared by all tests: where the benchmark data is, and settings that keep tests quick and repeatable."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Plots are drawn without a screen.
os.environ.setdefault("MPLBACKEND", "Agg")

# Busy machines make single examples slow at random; the same examples are drawn on every run.
settings.register_profile("repeatable", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def benchmark_data() -> Path:
    """Folder with the benchmark instances; the test is skipped where there is none."""
    folder = os.environ.get("VRP_BENCHMARK_DATA")
    if not folder:
        pytest.skip("VRP_BENCHMARK_DATA is not set: the benchmark instances are not part of the project")
    return Path(folder)
