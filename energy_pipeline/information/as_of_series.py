"""A numeric series with every vintage, and its value as known at an instant.

What belongs here: the series and its look-up. What does not: where its rows come from (`archive`).
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray


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

    __slots__ = ("_keys", "_known", "_starts", "_values")

    def __init__(self, start_us: IntArray, known_us: IntArray, values: FloatArray) -> None:
        self._starts = np.unique(start_us)
        self._known = np.unique(known_us)
        group = np.searchsorted(self._starts, start_us)
        rank = np.searchsorted(self._known, known_us)
        keys = group * (self._known.size + 1) + rank
        order = np.argsort(keys, kind="stable")
        self._keys, self._values = keys[order], values[order]

    def lookup(self, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Value of each interval start as known at `cut_us`; NaN where nothing was known.

        Parameters
        ----------
        start_us : array of int64, any shape
        cut_us : int, or array broadcastable to `start_us`
        """
        starts = np.asarray(start_us, dtype=np.int64)
        cuts = np.broadcast_to(np.asarray(cut_us, dtype=np.int64), starts.shape)
        if self._keys.size == 0:
            return np.full(starts.shape, np.nan)
        width = self._known.size + 1
        group = np.minimum(np.searchsorted(self._starts, starts), self._starts.size - 1)
        rank = np.searchsorted(self._known, cuts, side="right") - 1
        position = np.searchsorted(self._keys, group * width + rank, side="right") - 1
        safe = np.maximum(position, 0)
        known = (self._starts[group] == starts) & (rank >= 0) & (position >= 0) & (self._keys[safe] // width == group)
        return np.where(known, self._values[safe], np.nan)
