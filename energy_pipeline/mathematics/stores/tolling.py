"""Tolling: the right to run a thermal plant against the market, with starts and minimum times.

What belongs here: the plant's terms, its best commitment on known prices, a policy that does not
know them. What does not: the spread without the plant's constraints (`spreads`).

Dynamic programming over the hours the plant has been on (counted up to its minimum up time) or off
(up to its minimum down time). With m the margin of an interval in which it runs, S the cost of a
start:

    on, minimum served:   max(m + V'(on), V'(off 1));      on u < U:   m + V'(on u + 1)
    off, minimum served:  max(V'(off), m - S + V'(on 1));  off d < D:  V'(off d + 1)

A minimum time that runs past the last interval is cut off there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.hats import Hats, fit
from energy_pipeline.mathematics.stores.spreads import clean_spread_eur_mwh


@dataclass(frozen=True)
class Tolling:
    """A thermal plant at the holder's disposal.

    Attributes
    ----------
    power_mw, minimum_mw : float
        Largest and least output while running.
    heat_rate : float
        MWh of fuel per MWh of power.
    tonnes_per_mwh_fuel : float
        CO2 per MWh of fuel.
    vom_eur_mwh, start_cost_eur : float
    minimum_up, minimum_down : int
        Intervals it must stay on after a start, off after a stop.
    is_on, intervals_so_far : bool, int
        At the beginning; the count matters up to the minimum times.
    """

    power_mw: float
    heat_rate: float
    tonnes_per_mwh_fuel: float = 0.202
    vom_eur_mwh: float = 0.0
    start_cost_eur: float = 0.0
    minimum_mw: float = 0.0
    minimum_up: int = 1
    minimum_down: int = 1
    is_on: bool = False
    intervals_so_far: int = 10_000

    def check(self, intervals: int) -> None:
        """Raise InfeasibleError, before anything is solved, when the terms cannot be kept."""
        found = []
        if not 0 <= self.minimum_mw <= self.power_mw or self.power_mw <= 0:
            found.append(("minimum_mw is not between 0 and power_mw > 0", ["minimum_mw", "power_mw"], f"minimum_mw <= {self.power_mw:g}"))
        for name in ("minimum_up", "minimum_down"):
            value = getattr(self, name)
            if not 1 <= value <= intervals:
                found.append((f"{name} of {value} does not fit into {intervals} intervals", [name, "horizon"], f"1 <= {name} <= {intervals}"))
        if found:
            texts, names, ways = zip(*found, strict=True)
            raise InfeasibleError("tolling: " + "; ".join(texts), sorted({n for some in names for n in some}), ", ".join(ways))

    def margins_eur(self, power_eur_mwh: FloatArray, fuel_eur_mwh: FloatArray, carbon_eur_t: FloatArray, minutes: int) -> FloatArray:
        """Margin of each interval while running, output chosen best [EUR]; shapes broadcast."""
        spread = clean_spread_eur_mwh(power_eur_mwh, fuel_eur_mwh, carbon_eur_t, self.heat_rate, self.tonnes_per_mwh_fuel, self.vom_eur_mwh)
        return np.asarray(hours_of(minutes) * np.maximum(self.power_mw * spread, self.minimum_mw * spread))

    @property
    def first_state(self) -> int:
        """Place among the states before the first interval: off 1 .. off D, on 1 .. on U."""
        if self.is_on:
            return self.minimum_down + min(max(self.intervals_so_far, 1), self.minimum_up) - 1
        return min(max(self.intervals_so_far, 1), self.minimum_down) - 1


@dataclass(frozen=True)
class TollingPlan:
    """A commitment.

    Attributes
    ----------
    value_eur : array, shape (paths,)
    on : bool array, shape (paths, intervals)
    """

    value_eur: FloatArray
    on: npt.NDArray[np.bool_]


def commitment(plant: Tolling, margins_eur: FloatArray) -> TollingPlan:
    """The best commitment on known margins: perfect foresight, exact.

    Parameters
    ----------
    margins_eur : array, shape (paths, intervals) or (intervals,)
        From `Tolling.margins_eur`.

    Raises
    ------
    InfeasibleError

    Examples
    --------
    >>> plan = commitment(Tolling(1.0, 2.0, start_cost_eur=5.0, minimum_up=2), np.array([-1.0, 9.0, -2.0, 1.0]))
    >>> plan.value_eur.tolist(), plan.on.tolist()
    ([3.0], [[False, True, True, True]])
    """
    margins = np.atleast_2d(np.asarray(margins_eur, dtype=np.float64))
    plant.check(margins.shape[1])
    value = np.zeros((margins.shape[0], plant.minimum_down + plant.minimum_up))
    moves = np.zeros((margins.shape[1], 2, margins.shape[0]), dtype=bool)
    for t in range(margins.shape[1] - 1, -1, -1):
        m = margins[:, t]
        stop, start = _choices(plant, value, m)
        moves[t] = stop, start
        value = _before(plant, value, m, stop, start)
    on = _walked(plant, margins, lambda t, _: (moves[t, 0], moves[t, 1]))
    return TollingPlan(value[:, plant.first_state], on)


@dataclass(frozen=True)
class TollingPolicy:
    """Start and stop decisions from the margin seen; expectations of the four values they compare."""

    plant: Tolling
    expected: tuple[Hats, ...]

    def run(self, margins_eur: FloatArray) -> TollingPlan:
        """Operate on margins (paths x intervals), deciding each interval on its own margin only.

        Raises
        ------
        ValueError
            The number of intervals differs from training.
        """
        margins = np.atleast_2d(margins_eur)
        if margins.shape[1] != len(self.expected):
            raise ValueError(f"paths have {margins.shape[1]} intervals, the policy was trained on {len(self.expected)}")
        plant = self.plant
        on = _walked(plant, margins, lambda t, m: _choices_of(plant, self.expected[t].at(m), m))
        before = np.concatenate([np.full((margins.shape[0], 1), plant.is_on), on[:, :-1]], axis=1)
        return TollingPlan((on * margins).sum(axis=1) - plant.start_cost_eur * (on & ~before).sum(axis=1), on)


def train_tolling(plant: Tolling, margins_eur: FloatArray, weights: FloatArray | None = None) -> TollingPolicy:
    """Learn when to start and stop from simulated margins (paths x intervals), by least-squares Monte Carlo.

    Raises
    ------
    InfeasibleError
    """
    margins = np.atleast_2d(margins_eur)
    plant.check(margins.shape[1])
    value = np.zeros((margins.shape[0], plant.minimum_down + plant.minimum_up))
    expected: list[Hats] = []
    for t in range(margins.shape[1] - 1, -1, -1):
        m = margins[:, t]
        hats = fit(m, value[:, _compared(plant)], weights)
        expected.append(hats)
        value = _before(plant, value, m, *_choices_of(plant, hats.at(m), m))
    return TollingPolicy(plant, tuple(reversed(expected)))


def _compared(plant: Tolling) -> list[int]:
    """Places of on (served), off 1, off (served), on 1."""
    down, up = plant.minimum_down, plant.minimum_up
    return [down + up - 1, 0, down - 1, down]


def _choices(plant: Tolling, value: FloatArray, m: FloatArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    return _choices_of(plant, value[:, _compared(plant)], m)


def _choices_of(plant: Tolling, four: FloatArray, m: FloatArray) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Whether to stop, and whether to start, where either is allowed."""
    return four[:, 1] > m + four[:, 0], m - plant.start_cost_eur + four[:, 3] > four[:, 2]


def _before(plant: Tolling, value: FloatArray, m: FloatArray, stop: npt.NDArray[np.bool_], start: npt.NDArray[np.bool_]) -> FloatArray:
    """Values one interval earlier, from realised values after and the decisions."""
    down, up = plant.minimum_down, plant.minimum_up
    found = np.empty_like(value)
    found[:, : down - 1] = value[:, 1:down]
    found[:, down : down + up - 1] = m[:, None] + value[:, down + 1 :]
    found[:, down + up - 1] = np.where(stop, value[:, 0], m + value[:, down + up - 1])
    found[:, down - 1] = np.where(start, m - plant.start_cost_eur + value[:, down], value[:, down - 1])
    return found


def _walked(plant: Tolling, margins: FloatArray, choose: object) -> npt.NDArray[np.bool_]:
    """On or off by path and interval."""
    down, up = plant.minimum_down, plant.minimum_up
    state = np.full(margins.shape[0], plant.first_state)
    on = np.empty(margins.shape, dtype=bool)
    for t in range(margins.shape[1]):
        stop, start = choose(t, margins[:, t])  # type: ignore[operator]
        served_on, served_off = state == down + up - 1, state == down - 1
        following = np.where(served_on | served_off, state, state + 1)
        following = np.where(served_on & stop, 0, following)
        state = np.where(served_off & start, down, following)
        on[:, t] = state >= down
    return on
