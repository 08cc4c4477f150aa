"""A numeric series with every vintage, and its value as known at an instant.

What belongs here: the series and its look-up. What does not: where its rows come from (`archive`).
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray

MOST_STEPS_A_START = 8
"""A series with longer gaps is searched instead of addressed."""


class AsOfSeries:
    """One numeric series with every vintage, looked up by (interval start, instant).

    Invariants: a look-up at instant c never returns a value with known_at > c.

    Examples
    --------
    >>> import numpy as np
    >>> s = AsOfSeries(np.array([0, 0, 60]), np.array([10, 30, 20]), np.array([1.0, 2.0, 3.0]))
    >>> s.lookup(np.array([0, 0, 60, 99]), np.array([10, 30, 19, 99])).tolist()
    [1.0, 2.0, nan, nan]
    """

    __slots__ = ("_at_cut", "_first", "_keys", "_known", "_places", "_starts", "_step", "_values")

    def __init__(self, start_us: IntArray, known_us: IntArray, values: FloatArray) -> None:
        self._starts = np.unique(start_us)
        self._known = np.unique(known_us)
        group = np.searchsorted(self._starts, start_us)
        rank = np.searchsorted(self._known, known_us)
        keys = group * (self._known.size + 1) + rank
        order = np.argsort(keys, kind="stable")
        self._keys, self._values = keys[order], values[order]
        self._first, self._step, self._places = _grid(self._starts)
        self._at_cut: tuple[int, FloatArray] | None = None

    def lookup(self, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Value of each interval start as known at `cut_us`; NaN where nothing was known.

        Parameters
        ----------
        start_us : array of int64, any shape
        cut_us : int, or array broadcastable to `start_us`
        """
        starts = np.asarray(start_us, dtype=np.int64)
        if self._keys.size == 0:
            return np.full(starts.shape, np.nan)
        rank = np.searchsorted(self._known, np.asarray(cut_us, dtype=np.int64), side="right") - 1
        group = self._groups(starts)
        if rank.ndim == 0 and starts.size > self._starts.size // 4:  # many at one instant: the whole series as known then, once
            return self._all_at(int(rank))[group]
        return self._some_at(group, np.broadcast_to(rank, starts.shape))

    def _groups(self, starts: IntArray) -> IntArray:
        """Place of each start among those of the series, -1 for a start it does not have."""
        if self._places is None:
            group = np.minimum(np.searchsorted(self._starts, starts), self._starts.size - 1)
            return np.where(self._starts[group] == starts, group, -1)
        slot, rest = np.divmod(starts - self._first, self._step)
        none = self._places.size - 1
        return self._places[np.where((rest == 0) & (slot >= 0) & (slot < none), slot, none)]

    def _all_at(self, rank: int) -> FloatArray:
        """Values of all groups at one instant, and NaN behind them, where -1 finds it."""
        if self._at_cut is None or self._at_cut[0] != rank:
            group = np.arange(self._starts.size)
            self._at_cut = rank, np.append(self._some_at(group, np.broadcast_to(np.int64(rank), group.shape)), np.nan)
        return self._at_cut[1]

    def _some_at(self, group: IntArray, rank: IntArray) -> FloatArray:
        width = self._known.size + 1
        position = np.searchsorted(self._keys, group * width + rank, side="right") - 1
        safe = np.maximum(position, 0)
        known = (group >= 0) & (rank >= 0) & (position >= 0) & (self._keys[safe] // width == group)
        return np.where(known, self._values[safe], np.nan)


def _grid(starts: IntArray) -> tuple[int, int, IntArray | None]:
    """First start, step, and place by step of sorted starts, the last place -1; no places where most steps have no start.

    >>> _grid(np.array([0, 30, 40]))
    (0, 10, array([ 0, -1, -1,  1,  2, -1]))
    """
    if starts.size < 2:
        return 0, 1, None
    first, step = int(starts[0]), int(np.gcd.reduce(np.diff(starts)))
    slots = (starts - first) // step
    if slots[-1] >= MOST_STEPS_A_START * starts.size:
        return first, step, None
    places = np.full(slots[-1] + 2, -1)
    places[slots] = np.arange(starts.size)
    return first, step, places
