"""Validation of scenarios."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vrp.fields import Fields, dims, freeze, show

if TYPE_CHECKING:
    from vrp.problem import Scenarios


def scenarios(given: object, locations: int, n: int, loads: int, fields: Fields) -> "Scenarios | None":
    """Return scenarios with read-only arrays [S, ...] and note what is wrong with them."""
    from vrp.problem import Scenarios

    if not isinstance(given, Scenarios):
        fields.add(f"`scenarios` must be Scenarios(...), but is {show(given)}.")
        return None
    shapes = {
        "duration": (locations, locations),
        "delivery": (n, loads),
        "service": (n,),
        "present": (n,),
    }
    arrays: dict[str, Any] = {}
    for name, shape in shapes.items():
        field, value = f"scenarios.{name}", getattr(given, name)
        if (
            value is None
            or (array := fields.array(field, value, np.bool_ if name == "present" else np.float64)) is None
        ):
            continue
        if name == "delivery" and loads == 1 and array.ndim == 2:
            array = freeze(array.reshape(*array.shape, 1))
        if array.shape[1:] != shape or len(array) == 0:
            fields.add(f"`{field}` has shape {dims(array.shape)}, but Sx{dims(shape)} is needed, S scenarios.")
            continue
        if name != "present":
            fields.within(field, array, lambda s: f"scenario {s}")
        arrays[name] = array
    if len({len(a) for a in arrays.values()}) > 1:
        found = ", ".join(f"{len(a)} of `{name}`" for name, a in arrays.items())
        fields.add(f"`scenarios` must have the same number of samples in every array, but has {found}.")
    if "duration" in arrays and np.einsum("sii->si", arrays["duration"]).any():
        fields.add("`scenarios.duration` from a location to itself must be 0. Set the diagonals to 0.")
    return Scenarios(**arrays)
