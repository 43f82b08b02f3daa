"""Shipments from rows that name each other: a pickup names its delivery, the delivery names its pickup."""

from typing import Any

import numpy as np

from vrp.formats.source import Source
from vrp.problem import Floats, Ints


def shipments(
    source: Source, demand: Floats, pickup: Ints, delivery: Ints, num_depots: int, line: int | None
) -> dict[str, Any]:
    """Return the fields `shipments` and `shipment_load`; rows that do not fit together are remembered as errors.

    Parameters
    ----------
    source
        Takes the errors.
    demand
        [L] what a pickup loads; its delivery has the same with a minus.
    pickup, delivery
        [L] location of the partner, 0 where the row is not of that kind: a delivery has `pickup`, a pickup `delivery`.
    num_depots
        The first rows, which have none.
    line
        Line of the first row (of a text with one row per line), or None.
    """
    every = np.arange(len(demand))

    def wrong(rows: Any, message: str) -> None:
        for row in np.flatnonzero(rows)[:5]:
            source.add(f"location {row}: {message}", line)

    is_client = every >= num_depots
    starts, ends = is_client & (delivery > 0), is_client & (pickup > 0)
    wrong(is_client & (starts == ends), "must name either its pickup or its delivery, not both or neither.")
    mutual = np.where(starts, pickup[delivery], delivery[pickup]) == every
    wrong((starts ^ ends) & ~mutual, "its partner does not name it in turn.")
    wrong(
        (starts ^ ends) & mutual & (demand != -demand[np.where(starts, delivery, pickup)]),
        "its demand and its partner's must be equal but for the sign.",
    )
    wrong(starts & (demand < 0), "a pickup's demand must not be negative.")
    begin = np.flatnonzero(starts)
    return {
        "shipments": np.stack([begin, delivery[begin]], axis=1),
        "shipment_load": demand[begin, None],
    }
