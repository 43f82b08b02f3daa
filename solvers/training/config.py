"""Config: one complete YAML file per run; every key is known, every value checked before anything starts."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from vrp.errors import OptionError, suggest
from vrp.solvers.policy.env import ATTRIBUTES
from vrp.solvers.policy.pomo import NETWORKS, POMO, Shape
from vrp.solvers.training.losses import LOSSES


@dataclass(frozen=True)
class Stage:
    """A part of the schedule: which sizes are drawn, and how often."""

    until: float
    """Share of the run's time, up to 1."""
    sizes: dict[int, float]
    """Number of stops -> weight."""


@dataclass(frozen=True)
class Validation:
    """Instances that are solved now and then: the first of the standard set of the run's main distribution."""

    size: int
    """Number of stops."""
    count: int
    """Instances."""
    seed: int = 4321
    reference: str = ""
    """CSV file with a cost per instance to compare with (see `experiments/references.py`); "" for none."""


@dataclass(frozen=True)
class Config:
    """A run of training. Files that it names are relative to the working directory."""

    name: str
    minutes: float
    """Of training, all slices of the run together; the schedule of the learning rate ends with them."""
    curriculum: tuple[Stage, ...]
    batch: dict[int, int]
    """Number of stops -> instances per step."""
    data: dict[str, float]
    """Distribution -> weight; see `vrp.solvers.training.data`."""
    network: str = POMO.name
    """A key of `vrp.solvers.policy.pomo.NETWORKS`."""
    shape: Shape = field(default_factory=Shape)
    loss: str = "reinforce"
    """A key of `vrp.solvers.training.losses.LOSSES`."""
    labels: str = ""
    """File with plans to imitate, for the loss "imitation"."""
    begin: str = ""
    """Folder with a model to begin from, of the same shape or of fewer layers; "" for new weights."""
    starts: int = 20
    """Rollouts per instance, or one per stop where there are fewer; or the ways a plan to imitate is written in."""
    symmetries: int = 1
    """Each instance is tried in so many symmetries of the square, 1 to 8, and learned from as one: all rollouts share
    the baseline, and the loss "leader" has one leader among them. A batch holds so many times more."""
    rate: float = 5e-4
    """Highest learning rate (AdamW)."""
    weight_decay: float = 1e-2
    warmup: float = 0.02
    """Share of the time in which the rate rises linearly from 0."""
    final: float = 0.01
    """The rate falls by a cosine to this share of the highest."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    average: float = 0.999
    """Decay of the moving average of the weights, which is what is validated and kept."""
    seed: int = 1
    device: Literal["cpu", "cuda"] = "cpu"
    devices: int = 1
    """Processes, each with a GPU or on the CPU."""
    nodes: int = 1
    threads: int = 1
    """CPU threads of each process."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    decode: Literal["eager", "graph"] = "eager"
    """"graph" captures the steps of a rollout as a CUDA graph."""
    validation: tuple[Validation, ...] = ()
    validate_every: float = 5.0
    """Minutes."""
    log_every: int = 50
    """Steps per row of the log."""

    def __post_init__(self) -> None:
        if problems := list(self._problems()):
            raise OptionError("This training cannot start.\n  - " + "\n  - ".join(problems))

    def _problems(self) -> typing.Iterator[str]:
        for name in ("minutes", "starts", "rate", "clip", "devices", "nodes", "threads", "validate_every", "log_every"):
            if not getattr(self, name) > 0:
                yield f"`{name}` is {getattr(self, name)!r}, but must be above 0."
        for name in ("warmup", "final", "average"):
            if not 0 <= getattr(self, name) < 1:
                yield f"`{name}` is {getattr(self, name)!r}, but must be at least 0 and below 1."
        ends = [stage.until for stage in self.curriculum]
        if not ends or ends != sorted(ends) or ends[-1] != 1:
            yield f"`curriculum` has stages until {ends}: they must rise, and the last must be 1."
        drawn = {size for stage in self.curriculum for size in stage.sizes}
        if drawn != set(self.batch):
            yield f"`batch` gives {sorted(self.batch)} stops, but the curriculum draws {sorted(drawn)}."
        weighted: dict[str, Mapping[Any, float]] = {
            f"curriculum[{i}].sizes": stage.sizes for i, stage in enumerate(self.curriculum)
        }
        for name, numbers in (weighted | {"data": self.data}).items():
            if not sum(numbers.values()) > 0 or min(numbers.values(), default=0) < 0:
                yield f"`{name}` is {numbers}: weights must be at least 0, and one of them above."
        counted: dict[str, Mapping[Any, int]] = {
            "batch": self.batch, "curriculum": dict.fromkeys(drawn, 1), "shape": self._widths(),
        }  # fmt: skip
        for name, whole in counted.items():
            if wrong := {key: value for key, value in whole.items() if value < 1 or (isinstance(key, int) and key < 1)}:
                yield f"`{name}` has {wrong}: numbers of stops, of instances and of the shape must be at least 1."
        if not 1 <= self.symmetries <= 8:
            yield f"`symmetries` is {self.symmetries}, but a square has 1 to 8."
        if self.labels and self.symmetries > 1:
            yield f"`symmetries` is {self.symmetries}, but plans to imitate have labels for one: leave it out."
        if self.decode == "graph" and self.device != "cuda":
            yield '`decode` is "graph", which needs `device: cuda`. Use "eager" on the CPU.'
        if self.loss not in LOSSES:
            yield f"`loss` is {self.loss!r}.{suggest(self.loss, LOSSES)}"
        if self.network not in NETWORKS:
            yield f"`network` is {self.network!r}.{suggest(self.network, NETWORKS)}"
        if unknown := [name for name in self.shape.attributes if name not in ATTRIBUTES]:
            yield f"`shape.attributes` names {unknown}, but there are {list(ATTRIBUTES)} in `ATTRIBUTES`."
        if (self.loss == "imitation") != bool(self.labels):
            yield f"`loss` is {self.loss!r} and `labels` is {self.labels!r}: imitation needs labels, and only it does."
        if any(v.count > 1000 for v in self.validation):
            yield "`validation`: a standard set has 1000 instances, so that `count` may be no more."
        if self.shape.heads > 0 and self.shape.width % self.shape.heads:
            yield f"`shape.width` is {self.shape.width}, but must be a multiple of `shape.heads`, {self.shape.heads}."

    def _widths(self) -> dict[str, int]:
        return {name: getattr(self.shape, name) for name in ("width", "heads", "hidden", "layers")}


def read(path: str | Path) -> Config:
    """Read a config.

    Raises
    ------
    OptionError
        The file is missing or no YAML, has an unknown key or a value of the wrong type or out of range.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OptionError(f"There is no config {str(path)!r}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OptionError(f"{str(path)!r} is no valid YAML: {error}") from None
    return parse(raw)


def parse(raw: object) -> Config:
    """Return the config that plain data describes; raises as `read` does."""
    config: Config = _value(Config, raw, "the config")
    return config


def plain(config: Config) -> dict[str, Any]:
    """Return the config as plain data, the inverse of `parse`."""
    return dataclasses.asdict(config)


def toy(config: Config) -> Config:
    """Return the run at the smallest size and on the CPU, to see in seconds that it works from end to end."""
    return dataclasses.replace(
        config,
        name=f"{config.name}-toy",
        minutes=0.05,
        batch=dict.fromkeys(config.batch, 2),
        shape=dataclasses.replace(config.shape, width=16, heads=2, hidden=16, layers=1),
        starts=2,
        device="cpu",
        devices=1,
        nodes=1,
        threads=1,
        precision="32-true",
        decode="eager",
        begin="",
        validation=tuple(dataclasses.replace(v, count=2) for v in config.validation),
        validate_every=0.02,
        log_every=1,
    )


def _value(wanted: Any, raw: object, who: str) -> Any:
    """Return raw data as an annotated type."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if dataclasses.is_dataclass(wanted):
        return _record(wanted, raw, who)
    if origin is Literal:
        if raw not in arguments:
            raise OptionError(f"{who} is {raw!r}.{suggest(raw, arguments)}")
        return raw
    if origin is tuple and isinstance(raw, (list, tuple)):
        return tuple(_value(arguments[0], item, f"{who}[{i}]") for i, item in enumerate(raw))
    if origin is dict and isinstance(raw, Mapping):
        # Keys of JSON are texts.
        keys = [int(k) if arguments[0] is int and str(k).isdigit() else k for k in raw]
        return {
            _value(arguments[0], k, f"a key of {who}"): _value(arguments[1], v, f"{who}[{k!r}]")
            for k, v in zip(keys, raw.values(), strict=True)
        }
    if wanted is float and isinstance(raw, int) and not isinstance(raw, bool):
        return float(raw)
    if not isinstance(origin, types.GenericAlias) and origin is None and type(raw) is wanted:
        return raw
    hint = " Write a point: 1.0e-3." if wanted is float and isinstance(raw, str) else ""
    name = getattr(origin or wanted, "__name__", str(wanted))
    raise OptionError(f"{who} is {raw!r}, but must be of type {name}.{hint}")


def _record(wanted: Any, raw: object, who: str) -> Any:
    if not isinstance(raw, Mapping):
        raise OptionError(f"{who} is {raw!r}, but must have named values.")
    hints = typing.get_type_hints(wanted)
    for key in raw:
        if key not in hints:
            raise OptionError(f"{who} has an unknown key {key!r}.{suggest(key, hints)}")
    needed = [f.name for f in dataclasses.fields(wanted) if _required(f)]
    if missing := [name for name in needed if name not in raw]:
        raise OptionError(f"{who} lacks {', '.join(missing)}.")
    return wanted(**{key: _value(hints[key], value, f"`{key}` of {who}") for key, value in raw.items()})


def _required(f: "dataclasses.Field[Any]") -> bool:
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
