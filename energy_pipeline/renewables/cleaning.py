"""Meters and SCADA as they come: what is not true output, by declared rules, with counts.

What belongs here: the rules that take hours out of learning, and their names. What does not:
scoring (every metered hour counts there, however odd), weather checks (the engines).

An hour belongs to the first rule that claims it; idle and unavailable hours feed the availability model:

| state | rule | learning |
|---|---|---|
| missing | no value | left out |
| impossible | below -10 % or above 110 % of capacity | left out |
| curtailed | the file says energy was held back: at least 1 % of capacity | left out |
| unavailable | the file says energy was lost to outages: at least 1 % of capacity | left out, counted as unavailable |
| frozen | the same value, above 0.5 % of capacity and below 97 %, for 6 hours or more | left out |
| idle | at most 0.5 % of capacity for 6 hours or more while physics expects 30 % in the mean (sun: 20 %) | left out, counted as unavailable |
| dark | the sun is down, but output is above 1 % of capacity | set to 0 |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray

STATES = ("good", "missing", "impossible", "curtailed", "unavailable", "frozen", "idle", "dark")
GOOD, MISSING, IMPOSSIBLE, CURTAILED, UNAVAILABLE, FROZEN, IDLE, DARK = range(len(STATES))
LOWEST, HIGHEST = -0.1, 1.1
STATED_SHARE = 0.01
STILL = 0.005
FULL = 0.97
RUN_HOURS = 6
EXPECTED_WHILE_IDLE = {"wind": 0.30, "solar": 0.20}
NIGHT_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Output fit for learning.

    Attributes
    ----------
    share : array, shape (n,)
        Output as a share of capacity; NaN where it must not be learnt from.
    state : int array, shape (n,)
        Index into `STATES`.
    """

    share: FloatArray
    state: IntArray

    @property
    def counts(self) -> Mapping[str, int]:
        """Hours by state."""
        found = np.bincount(self.state, minlength=len(STATES))
        return {name: int(found[i]) for i, name in enumerate(STATES)}

    @property
    def is_down(self) -> npt.NDArray[np.bool_]:
        """Hours in which the plant stood still though it could have run."""
        return np.isin(self.state, (IDLE, UNAVAILABLE))


def clean(
    share: FloatArray,
    physical: FloatArray,
    potential: FloatArray,
    technology: str,
    *,
    curtailed: FloatArray | None = None,
    unavailable: FloatArray | None = None,
) -> Cleaned:
    """Hours of one plant, in order, sorted into states.

    Parameters
    ----------
    share : array, shape (n,)
        Metered output as a share of capacity, hourly, NaN where unknown.
    physical : array, shape (n,)
        What physics expects, share of capacity.
    potential : array, shape (n,)
        The most there can be: 1 for wind, the clear sky's output for sun; 0 is night.
    technology : {"wind", "solar"}
    curtailed, unavailable : array, shape (n,), optional
        Shares of capacity that the file says were held back, or lost to outages.

    Examples
    --------
    >>> still = np.array([0.4] + [0.0] * 6 + [0.5, np.nan])
    >>> clean(still, np.full(9, 0.6), np.ones(9), "wind").counts
    {'good': 2, 'missing': 1, 'impossible': 0, 'curtailed': 0, 'unavailable': 0, 'frozen': 0, 'idle': 6, 'dark': 0}
    """
    value = np.asarray(share, dtype=np.float64).copy()
    state = np.zeros(value.size, dtype=np.int64)

    def claim(rows: npt.NDArray[np.bool_], name: int) -> None:
        state[rows & (state == GOOD)] = name

    known = ~np.isnan(value)
    filled = np.where(known, value, 0.0)
    claim(~known, MISSING)
    claim((filled < LOWEST) | (filled > HIGHEST), IMPOSSIBLE)
    if curtailed is not None:
        claim(np.nan_to_num(curtailed) >= STATED_SHARE, CURTAILED)
    if unavailable is not None:
        claim(np.nan_to_num(unavailable) >= STATED_SHARE, UNAVAILABLE)
    claim(_frozen(filled, known), FROZEN)
    claim(_idle(filled, known, physical, potential, EXPECTED_WHILE_IDLE[technology]), IDLE)
    claim((potential <= 0.0) & (filled > NIGHT_SHARE), DARK)
    value[(state != GOOD) & (state != DARK)] = np.nan
    value[state == DARK] = 0.0
    return Cleaned(np.clip(value, 0.0, None), state)


def _runs(member: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one-past-last row of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], member.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _frozen(value: FloatArray, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    same = np.zeros(value.size, dtype=np.bool_)
    same[1:] = (value[1:] == value[:-1]) & known[1:] & known[:-1]
    found = np.zeros(value.size, dtype=np.bool_)
    for first, stop in _runs(same):
        if stop - first + 1 >= RUN_HOURS and STILL < value[first] < FULL:
            found[first - 1 : stop] = True
    return found


def _idle(value: FloatArray, known: npt.NDArray[np.bool_], physical: FloatArray, potential: FloatArray, expected: float) -> npt.NDArray[np.bool_]:
    # A calm day that was forecast windy has some output somewhere: the mean over the whole run must be high.
    found = np.zeros(value.size, dtype=np.bool_)
    for first, stop in _runs(known & (value <= STILL) & (potential > 0.0)):
        if stop - first >= RUN_HOURS and float(np.nan_to_num(physical[first:stop]).mean()) >= expected:
            found[first:stop] = True
    return found
