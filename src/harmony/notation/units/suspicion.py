"""Values that look like another unit: outside the plausible range, inside after another factor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from harmony.notation.units.conversion import Factor


def suspicious(
    values: pa.Array, low: float | None, high: float | None, factors: Mapping[str, Factor]
) -> pa.Array:
    """
    Name for each value the unit that would make it plausible.

    Parameters
    ----------
    values : pyarrow.Array
        Numbers in the stored unit, shape (n,).
    low, high : float or None
        Plausible range in the stored unit, both ends included; None = open.
    factors : mapping of str to Factor
        Unit -> what the stored value would have to be multiplied by (and its offset) if the source had been
        in that unit.

    Returns
    -------
    pyarrow.Array
        string, shape (n,): the first unit of `factors` under which the value is plausible; NULL where the
        value is plausible as it is, not known, or plausible under none.
    """
    bottom, top = -np.inf if low is None else low, np.inf if high is None else high
    numbers = values.cast(pa.float64()).fill_null(float("nan")).to_numpy(zero_copy_only=False)
    # NaN is neither inside nor outside, so an unknown value never becomes suspicious.
    outside = (numbers < bottom) | (numbers > top)
    choice = np.full(len(numbers), -1)
    for place, by in enumerate(factors.values()):
        would_be = numbers * by.scale + by.offset
        choice[outside & (choice < 0) & (would_be >= bottom) & (would_be <= top)] = place
    return pa.array(list(factors), pa.string()).take(pa.array(choice, mask=choice < 0))
