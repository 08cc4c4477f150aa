"""Cycle limits as part of a policy's state: which bind, their grids, training and walking with them.

What belongs here: what is left of a day's, a week's, a horizon's cycles as numbers, and the ways out of each state.
What does not: the compiled steps (`limited_kernel`), policies without limits (`policy`).

The energy taken out of the store since a limit's span began is a state beside the content, so the policy knows
what the next hour is worth against the last cycle of the day. Values are learnt on fewer paths than without limits,
since there are more states; they are the same least squares (`policy_kernel.regress`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.compilation import read_only
from energy_pipeline.mathematics.stores.store import HOURS_PER_DAY, Store

if TYPE_CHECKING:
    from energy_pipeline.mathematics.stores.limited_kernel import Budgets, Options
    from energy_pipeline.mathematics.stores.policy_kernel import Fitted, Knots, Levels, Paths

DAYS_PER_WEEK = 7
LEAST_STEPS, MOST_STEPS = 4, {1: 12, 2: 6, 3: 4}
"""Steps of a budget's grid: the fewest that whole intervals of discharging meet; at most, by the number of limits."""
ALIGNED, NONE_MWH = 1e-6, 1e-9
STATES_X_PATHS, LEAST_PATHS = 200_000, 500
OUTSIDE = 4.0
"""Times the largest price: what each MWh costs that is not within the terminal condition, so that no policy ends there."""


@dataclass(frozen=True)
class Limits:
    """The limits that can bind, in rising span.

    Attributes
    ----------
    most_mwh : array, shape (rules,)
        Energy out of the store in a span.
    group : array, shape (rules, steps)
        The span each step is in.
    out_mwh : float
        The most in one step.
    """

    most_mwh: FloatArray
    group: IntArray
    out_mwh: float

    @property
    def points(self) -> IntArray:
        """Of each limit's grid."""
        return np.array([_steps_of(float(m), self.out_mwh, MOST_STEPS[self.most_mwh.size]) + 1 for m in self.most_mwh], dtype=np.int64)

    @property
    def all_in_all_mwh(self) -> float:
        """The most that can be taken out over all steps."""
        return float(min(np.minimum(m, self.out_mwh * np.bincount(g)).sum() for m, g in zip(self.most_mwh, self.group, strict=True)))

    def worth(self, continuation_eur: FloatArray) -> FloatArray:
        """What one more MWh out of the store may earn while nothing is spent, shape (intervals, knots, levels)."""
        budgets = self.budgets()
        blocks = np.array_split(continuation_eur, int(np.prod(budgets.points)), axis=2)
        steps = self.most_mwh / (budgets.points - 1)
        return np.asarray(sum((blocks[0] - blocks[int(b)]) / step for b, step in zip(budgets.stride, steps, strict=True)))

    def budgets(self) -> Budgets:
        """As the kernels read them."""
        from energy_pipeline.mathematics.stores.limited_kernel import Budgets

        begins = np.diff(self.group, axis=1, prepend=-1) != 0
        later, rest = np.zeros(self.group.shape), np.zeros(self.group.shape)
        for r, (most, group) in enumerate(zip(self.most_mwh, self.group, strict=True)):
            size = np.bincount(group)
            rest[r] = self.out_mwh * (np.cumsum(size)[group] - 1 - np.arange(group.size))
            after = np.minimum(most, self.out_mwh * size)[::-1].cumsum()[::-1]
            later[r] = np.append(after[1:], 0.0)[group]
        points = self.points
        stride = np.append(np.cumprod(points[::-1])[::-1][1:], 1)
        return Budgets(*(read_only(a) for a in (self.most_mwh, points, stride.astype(np.int64), begins.astype(np.int64), later, rest)))


def limits_of(store: Store, steps: int, minutes: int) -> Limits | None:
    """The cycle limits that power, energy and the other limits do not keep anyway; None without any."""
    hours = np.arange(steps) * hours_of(minutes)
    spans = [(store.cycles_per_day, HOURS_PER_DAY), (store.cycles_per_week, DAYS_PER_WEEK * HOURS_PER_DAY), (store.cycles_in_all, np.inf)]
    into, out = (float(f) for f in (store.charge_mw * hours_of(minutes) * store.charge_efficiency, store.discharge_mw * hours_of(minutes)))
    out /= store.discharge_efficiency
    found: list[tuple[float, npt.NDArray[np.int64]]] = []
    for cycles, span in spans:
        if cycles is None or out <= 0:
            continue
        most, group = max(cycles * store.energy_mwh / store.discharge_efficiency, NONE_MWH), np.floor(hours / span + 1e-9).astype(np.int64)
        longest = float(np.bincount(group).max())
        possible = out * min(longest, (store.energy_mwh - store.minimum_mwh + into * longest) / (out + into))
        if most >= possible or any(most >= m * np.unique(g[group == group[0]]).size for m, g in found):
            continue
        found = [(m, g) for m, g in found if m < most] + [(most, group)]
    return Limits(np.array([m for m, _ in found]), np.array([g for _, g in found]), out) if found else None


def _steps_of(most: float, out: float, cap: int) -> int:
    """The fewest steps of a budget's grid that are parts of whole intervals of discharging; the most there may be where none are."""
    for steps in range(LEAST_STEPS, cap + 1):
        ratio = out * steps / most
        if ratio > 1.0 - ALIGNED and abs(ratio - round(ratio)) < ALIGNED:
            return steps
    return cap


def options_of(contents: Levels, kept: float, limits: Limits, budgets: Budgets) -> Options:
    """Every way out of every state; see `limited_kernel.Options`."""
    from energy_pipeline.mathematics.stores.limited_kernel import Options

    grid, most_in, most_out = contents
    y, blocks = kept * grid, int(np.prod(budgets.points))
    place = np.array(np.unravel_index(np.arange(blocks), tuple(budgets.points)))  # rules x blocks
    spent = limits.most_mwh[:, None] * place / (budgets.points - 1)[:, None]
    left = (limits.most_mwh[:, None] - spent).min(axis=0)
    shape = (blocks, grid.size, 1)
    top = np.broadcast_to((y + most_in)[:, None], shape)
    bottom = y[None, :, None] - np.minimum(most_out[None, :, None], left[:, None, None])
    here, up, down = (np.broadcast_to(a, (blocks, grid.size, a.size if a.ndim == 1 else 1)) for a in (y[:, None], grid, grid[::-1]))
    target = np.concatenate([here, up, top, down, bottom], axis=2)
    is_there = [np.ones(shape, dtype=bool), (up > here) & (up < top), top > here, (down < here) & (down > bottom), bottom < here]
    mask = np.concatenate(is_there, axis=2)
    first = np.append(0, np.cumsum(mask.sum(axis=2)))
    block, level, _ = np.nonzero(mask)
    z = target[mask]
    moved = z - y[level]
    corner, weight = _corners(grid, budgets, z, spent[:, block] + np.maximum(-moved, 0.0))
    return Options(*(read_only(a) for a in (first.astype(np.int64), moved, corner, weight)))


def _corners(grid: FloatArray, budgets: Budgets, z: FloatArray, spent: FloatArray) -> tuple[IntArray, FloatArray]:
    """States around contents `z` and spent budgets (rules x states), and their weights."""
    level = np.clip(np.searchsorted(grid, z, side="right") - 1, 0, grid.size - 1)
    after = np.minimum(level + 1, grid.size - 1)
    parts = [(level, after, np.clip((z - grid[level]) / np.where(after > level, grid[after] - grid[level], 1.0), 0.0, 1.0))]
    for most, points, stride, used in zip(budgets.most_mwh, budgets.points, budgets.stride, spent, strict=True):
        place = np.clip(used / most, 0.0, 1.0) * (points - 1)
        k, block = np.floor(place + ALIGNED).astype(np.int64), int(stride) * grid.size
        parts.append((k * block, np.minimum(k + 1, points - 1) * block, np.maximum(place - k, 0.0)))
    corner, weight = np.zeros((z.size, 1), dtype=np.int64), np.ones((z.size, 1))
    for left, right, share in parts:
        corner = np.concatenate([corner + left[:, None], corner + right[:, None]], axis=1)
        weight = np.concatenate([weight * (1.0 - share)[:, None], weight * share[:, None]], axis=1)
    return corner, weight


def fewer(paths: int, limits: Limits, levels: int) -> slice:
    """The paths that are learnt on."""
    wanted = max(LEAST_PATHS, STATES_X_PATHS // (levels * int(np.prod(limits.points))))
    return slice(None, None, max(1, paths // wanted))


def learnt(
    store: Store, limits: Limits, minutes: int, simulated: Paths, counted: FloatArray, contents: Levels, terms: np.void, bends: Knots
) -> Fitted:
    """Continuation (steps x knots x states), knots and second knots."""
    from energy_pipeline.mathematics.stores.limited_kernel import back
    from energy_pipeline.mathematics.stores.policy_kernel import Fitted, regress

    prices, seen, seen2 = simulated
    (steps, paths), budgets = prices.shape, limits.budgets()
    options, blocks, levels = options_of(contents, store.kept(minutes), limits, budgets), int(np.prod(budgets.points)), contents.grid.size
    none = np.zeros(0) if seen2.shape[0] != steps else None
    low, high = store.end_range_mwh
    outside = np.maximum(0.0, low - contents.grid) + np.maximum(0.0, contents.grid - high)
    dear = OUTSIDE * (float(np.abs(prices).max()) + store.cycle_cost_eur_mwh + store.charge_cost_eur_mwh + 1.0) / store.round_trip
    later = np.tile(store.end_eur(contents.grid) - dear * outside, (paths, blocks))
    in_spans = later.reshape(paths, *budgets.points, levels)
    where, where2, share, share2 = np.zeros(paths, np.int64), np.zeros(paths, np.int64), np.zeros(paths), np.zeros(paths)
    found = []
    for t in range(steps - 1, -1, -1):
        other = seen2[t] if none is None else none
        fitted, knots, knots2 = regress(later, counted, seen[t], other, bends, where, share, where2, share2)
        found.append((fitted, knots, knots2))
        back(prices[t], fitted, knots2.size, where, share, where2, share2, options, terms, later)
        for r in np.flatnonzero(budgets.begins[:, t]):
            in_spans[:] = in_spans.take([0], axis=r + 1)
    return Fitted(*(np.array(part) for part in zip(*reversed(found), strict=True)))
