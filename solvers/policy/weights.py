"""Weights: a folder with `model.safetensors`, `config.json` and a model card. Nothing in it can run code."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_bytes
from safetensors.torch import save as to_bytes
from torch import Tensor

from vrp.errors import FormatError, OptionError, suggest
from vrp.files import write_bytes, write_text
from vrp.solvers.policy.pomo import NETWORKS, POMO, Shape

FOLDER = Path(__file__).with_name("weights")
"""Where the weights lie that come with the package."""
VERSION = 1
KEYS = {"version", "architecture", "shape", "kind", "sizes", "training"}
OPTIONAL = {"sha256"}
KINDS = {"tsp": "one tour", "cvrp": "vehicles of one capacity"}
"""What weights can be trained for."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network with what is known of it."""

    policy: POMO
    kind: str
    """A key of `KINDS`."""
    sizes: tuple[int, int]
    """Fewest and most stops of the instances that it was trained on."""
    training: Mapping[str, Any]
    """How it was trained: data, instances, minutes, hardware."""


def available() -> list[str]:
    """Return the names of the weights that come with the package."""
    return sorted(path.parent.name for path in FOLDER.glob("*/config.json"))


def load(name: str | Path) -> Trained:
    """Load weights by name or from a folder.

    Parameters
    ----------
    name
        One of `available()`, or the path of a folder that `save_pretrained` wrote.

    Raises
    ------
    OptionError
        There are no such weights.
    FormatError
        The files are damaged, of another architecture, or have keys that are not known.
    """
    folder = FOLDER / name if str(name) in available() else Path(name)
    if not (folder / "config.json").is_file():
        raise OptionError(
            f"There are no weights {str(name)!r}, nor a folder of that name with a config.json."
            f"{suggest(name, available())}"
        )
    config = _config(folder / "config.json")
    shape = _shape(config["shape"], folder)
    tensors = _tensors(folder / "model.safetensors", config.get("sha256"))
    network = NETWORKS[config["architecture"]]
    with torch.device("meta"):  # Of a damaged shape the memory might not hold a network.
        require_fit(network(shape), tensors, str(folder))
    policy = network(shape)
    policy.load_state_dict(tensors)
    low, high = config["sizes"]
    return Trained(policy.eval(), config["kind"], (low, high), config["training"])


def save_pretrained(trained: Trained, folder: str | Path, card: str = "") -> None:
    """Write weights to a folder, which `load` reads.

    Parameters
    ----------
    trained
        The network and what is known of it.
    folder
        Where; made if it does not exist.
    card
        Text of the model card, Markdown.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: value.detach().cpu().contiguous() for key, value in trained.policy.state_dict().items()}
    tensors = to_bytes(state)
    config = {
        "version": VERSION,
        "architecture": trained.policy.name,
        "shape": dataclasses.asdict(trained.policy.shape),
        "kind": trained.kind,
        "sizes": list(trained.sizes),
        "training": dict(trained.training),
        "sha256": hashlib.sha256(tensors).hexdigest(),
    }
    write_bytes(folder / "model.safetensors", tensors)
    write_text(folder / "config.json", json.dumps(config, indent=2) + "\n")
    if card:
        write_text(folder / "README.md", card)


def fill(policy: POMO, tensors: Mapping[str, Tensor], who: str) -> None:
    """Put tensors into a network; raises as `require_fit`."""
    require_fit(policy, tensors, who)
    policy.load_state_dict(dict(tensors))


def require_fit(policy: POMO, tensors: Mapping[str, Tensor], who: str) -> None:
    """Raise FormatError unless names and shapes are exactly those of the network, and all numbers finite."""
    own = policy.state_dict()
    wrong = [f"{key} is missing" for key in own if key not in tensors]
    wrong += [f"{key} is not known" for key in tensors if key not in own]
    wrong += [
        f"{key} has shape {tuple(tensors[key].shape)} instead of {tuple(own[key].shape)}"
        for key in own
        if key in tensors and tensors[key].shape != own[key].shape
    ]
    wrong += [f"{key} is not finite" for key in own if key in tensors and not bool(tensors[key].isfinite().all())]
    if wrong:
        shown = "; ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise FormatError(f"The weights in {who!r} do not fit the network that the config describes: {shown}.")


def _config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"{str(path)!r} is no valid JSON: {error}") from None
    if not isinstance(config, dict) or config.keys() - OPTIONAL != KEYS:
        got = sorted(config) if isinstance(config, dict) else config
        raise FormatError(f"{str(path)!r} must have the keys {', '.join(sorted(KEYS))}, but has {got}.")
    if config["version"] != VERSION or config["architecture"] not in [*NETWORKS]:
        raise FormatError(
            f"{str(path)!r} is of version {config['version']!r} and architecture {config['architecture']!r}; this"
            f" package reads version {VERSION} of {', '.join(map(repr, NETWORKS))}. An own network must be put into"
            " `vrp.solvers.policy.pomo.NETWORKS` first."
        )
    sizes = config["sizes"]
    if config["kind"] not in [*KINDS]:
        raise FormatError(f"{str(path)!r}: the kind is {config['kind']!r}.{suggest(str(config['kind']), KINDS)}")
    if not isinstance(config["training"], dict):
        raise FormatError(f"{str(path)!r}: `training` is {config['training']!r}, but must have named values.")
    if (
        not isinstance(sizes, list)
        or len(sizes) != 2
        or not all(type(s) is int for s in sizes)
        or not 0 < sizes[0] <= sizes[1]
    ):
        raise FormatError(f"{str(path)!r}: `sizes` is {sizes!r}, but must be the fewest and the most stops.")
    return config


def _shape(raw: object, folder: Path) -> Shape:
    known = [f.name for f in dataclasses.fields(Shape) if f.name != "attributes"]
    if not isinstance(raw, dict) or raw.keys() - {"attributes"} != set(known):
        raise FormatError(f"The shape in {str(folder)!r} is {raw!r}, but must have the keys {', '.join(known)}.")
    attributes = raw.get("attributes", [])
    if not isinstance(attributes, list) or not all(isinstance(name, str) for name in attributes):
        raise FormatError(f"The shape in {str(folder)!r}: attributes is {attributes!r}, but must be a list of names.")
    for key in known:
        value = raw[key]
        limit = 4096  # Beyond it a damaged number would only exhaust the memory.
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= limit:
            raise FormatError(f"The shape in {str(folder)!r}: {key} is {value!r}, but must be from 1 to {limit}.")
        if key != "clip" and not isinstance(value, int):
            raise FormatError(f"The shape in {str(folder)!r}: {key} is {value!r}, but must be a whole number.")
    if raw["width"] % raw["heads"]:
        raise FormatError(f"The shape in {str(folder)!r}: the width is no multiple of the heads.")
    return Shape(**{key: raw[key] for key in known}, attributes=tuple(attributes))


def _tensors(path: Path, digest: object) -> dict[str, Tensor]:
    """Read the tensors; a digest that is not None must be that of the file."""
    try:
        data = path.read_bytes()
        tensors = from_bytes(data)
    except FileNotFoundError:
        raise FormatError(f"{str(path)!r} is missing.") from None
    except (SafetensorError, OSError) as error:
        raise FormatError(f"{str(path)!r} is damaged: {error}") from None
    if digest is not None and digest != hashlib.sha256(data).hexdigest():
        raise FormatError(f"{str(path)!r} is not the file that its config.json was written with: the sha256 differs.")
    if other := [f"{key} is {value.dtype}" for key, value in tensors.items() if not value.is_floating_point()]:
        raise FormatError(f"{str(path)!r} must hold floating-point numbers, but {'; '.join(other[:3])}.")
    return {key: value.to(torch.float32) for key, value in tensors.items()}
