"""`vrp doctor`: what is installed, what is not and how to get it, and whether the search is compiled."""

import argparse
import importlib.util
import platform
import sys

from vrp.cli.progress import Progress

# Distribution -> what it is for.
REQUIRED = {"numpy": "arrays", "numba": "compiles the search", "scipy": "neighbours of large instances"}
# Distribution -> (extra that brings it, what it is for).
OPTIONAL = {
    "ortools": ("baselines", "solver ortools"),
    "pyvrp": ("baselines", "solver pyvrp"),
    "pyvroom": ("baselines", "solver vroom"),
    "hygese": ("baselines", "solver hgs"),
    "pandas": ("view", "data frames"),
    "matplotlib": ("view", "plots"),
    "torch": ("train", "learned policies"),
    "lightning": ("train", "training"),
    "safetensors": ("train", "weights of learned policies"),
    "pyyaml": ("train", "configs of training"),
    "tensorboard": ("train", "curves of training"),
    "tensordict": ("train", "the policies' environment for other code"),
    "torch-geometric": ("train", "learned policies"),
}


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "doctor",
        help="say what is installed and what is missing",
        description="Print versions, cores, optional packages and the state of the compiled search.",
        allow_abbrev=False,
    )
    parser.add_argument("--compile", action="store_true", help="compile the usual kinds of problems now")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Report; 0, or 2 where a package that is needed is missing."""
    import os

    import vrp
    from vrp.arguments import usable_cores

    print(f"neural-vrp {vrp.__version__}")
    print(f"Python {platform.python_version()} ({sys.executable}) on {platform.platform()}")
    print(f"cores: {usable_cores()} usable of {os.cpu_count()}")
    missing = [name for name in REQUIRED if not _report(name, REQUIRED[name], f"pip install {name}")]
    for name, (extra, purpose) in OPTIONAL.items():
        _report(name, purpose, f"pip install 'neural-vrp[{extra}]'")
    if missing:
        print(f"cannot solve: {', '.join(missing)} is needed.")
        return 2
    _report_kernels(args.compile)
    return 0


def _report(name: str, purpose: str, remedy: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        print(f"  {name:<16} {version(name):<12} {purpose}")
    except PackageNotFoundError:
        print(f"  {name:<16} {'missing':<12} {purpose}: {remedy}")
        return False
    return True


def _compile_policy() -> None:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("safetensors") is None:
        return
    from vrp.solvers.policy import load
    from vrp.solvers.policy.fused import warm_up

    seconds = warm_up(load("cvrp").policy, learning=True)
    print(f"learned policies: {f'compiled in {seconds:.0f} s' if seconds else 'ready'}")


def _report_kernels(compile_now: bool) -> None:
    from vrp.solvers.search import cache_info, compile_all

    if compile_now:
        with Progress(quiet=False):
            compile_all(print)
            _compile_policy()
    info = cache_info()
    if info["folder"] is None:
        print("compiled search: no folder can be written to, so each process compiles anew. Set XDG_CACHE_HOME.")
        return
    print(f"compiled search: {info['folder']}")
    kinds = info["compiled"]
    count = len(kinds) if isinstance(kinds, list) else 0
    print(f"  {count} kinds of problems compiled" if count else "  nothing yet; `vrp doctor --compile` does it now")
