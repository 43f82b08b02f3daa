"""Map the folders beside `vrp` to their import names; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

FOLDERS = ("solvers", "data", "baselines")

setup(
    packages=["vrp", *(f"vrp.{p}" for p in find_packages("vrp"))]
    + [f"vrp.{f}" for f in FOLDERS]
    + [f"vrp.{f}.{p}" for f in FOLDERS for p in find_packages(f)],
    package_dir={"vrp": "vrp"} | {f"vrp.{f}": f for f in FOLDERS},
)
