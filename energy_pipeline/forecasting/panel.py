"""A market's history as arrays of days by slots: what every price model is given.

What belongs here: the panel, its repair (gaps, absent columns) and the matrix of inputs
that the models share. What does not: where the numbers came from, or any model.

A panel is cut at one origin day: prices of the days before it, exogenous forecasts
through the target day. Rows are wall-clock days of equal length: on clock-change days the
missing hour is the mean of its neighbours and of a double hour the first counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.features.groups import KNOWN_SHARE
from energy_pipeline.information.artefacts import artefact_key

LAGS = (1, 2, 3, 7)
EXOG_LAGS = (0, 1, 7)
FIRST_ROW = 7
BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Panel:
    """History known at one origin; two are the same only if they are one object.

    Attributes
    ----------
    first_day : date
        Day of row 0.
    prices : array, shape (n, slots)
        Prices [EUR/MWh] of the n days before the origin; NaN where unknown.
    exog : array, shape (k, n + lead, slots)
        Exogenous forecasts as known at the gate of each day; the last row is the target's.
    lead : int
        The target is the day `lead - 1` after the origin (1 is the origin itself).
    notes : tuple of str
        What was repaired, for the forecast's `fallback` column.
    learnable : array of bool, shape (n,), or None
        Rows whose own prices are known well enough to learn from; None: those without a gap.
    names : tuple of str, length k or 0
        Of the exogenous columns, as in the feature table; `columns` has names for unnamed ones too.
    kinds : array of int, shape (n + lead,), or None
        The weekday each row counts as, Monday 0 (a public holiday counts as a Sunday); None: its own.
    daily : tuple of str
        Names of exogenous columns that are the same in every slot of a day: `inputs` has them once.
    since : array, shape of `exog`, or None
        The exogenous columns as known at the gate of the day after each: what a lag reads. None: no different.
    """

    first_day: date
    prices: FloatArray
    exog: FloatArray
    lead: int = 1
    notes: tuple[str, ...] = ()
    learnable: BoolArray | None = None
    names: tuple[str, ...] = ()
    kinds: IntArray | None = None
    daily: tuple[str, ...] = ()
    since: FloatArray | None = None

    def __post_init__(self) -> None:
        n, slots = self.prices.shape
        if self.names and len(self.names) != len(self.exog):
            raise ValueError(f"{len(self.names)} names for {len(self.exog)} exogenous columns")
        if self.kinds is not None and self.kinds.shape != (n + self.lead,):
            raise ValueError(f"kinds of days {self.kinds.shape} do not fit prices {self.prices.shape} and lead {self.lead}")
        if self.exog.shape[1:] != (n + self.lead, slots):
            raise ValueError(f"exog {self.exog.shape} does not fit prices {self.prices.shape} and lead {self.lead}")
        if self.since is not None and self.since.shape != self.exog.shape:
            raise ValueError(f"since {self.since.shape} does not fit exog {self.exog.shape}")
        if self.learnable is not None and self.learnable.shape != (n,):
            raise ValueError(f"learnable {self.learnable.shape} does not fit prices {self.prices.shape}")

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each exogenous column; `exog_1` and so on where none were given."""
        return self.names or tuple(f"exog_{j + 1}" for j in range(len(self.exog)))

    @property
    def past(self) -> FloatArray:
        """The exogenous columns that lags read, shape of `exog`."""
        return self.exog if self.since is None else self.since

    @cached_property
    def usable(self) -> BoolArray:
        """Rows a model may learn from by their own prices, shape (n,)."""
        return np.asarray(np.isfinite(self.prices).all(axis=1)) if self.learnable is None else self.learnable

    @property
    def days(self) -> int:
        """Number of days before the origin."""
        return int(self.prices.shape[0])

    @property
    def slots(self) -> int:
        """Slots of a day."""
        return int(self.prices.shape[1])

    @property
    def origin(self) -> date:
        """First day whose price is unknown."""
        return self.first_day + timedelta(days=self.days)

    @property
    def target(self) -> date:
        """The day to forecast."""
        return self.origin + timedelta(days=self.lead - 1)

    @cached_property
    def digest(self) -> str:
        """Hash of the history with all that models learn from, 32 hex digits."""
        more = [part.astype(np.float64) for part in (self.kinds, self.since) if part is not None]
        return artefact_key(str(self.first_day), self.prices, self.exog, *more)

    @property
    def weekdays(self) -> IntArray:
        """Weekday every row through the target counts as, Monday is 0."""
        if self.kinds is not None:
            return self.kinds
        return (np.arange(self.days + self.lead) + self.first_day.weekday()) % 7

    def cut(self, days: int) -> Panel:
        """The last `days` days (all of them when there are fewer)."""
        drop = max(self.days - days, 0)
        if not drop:
            return self
        first = self.first_day + timedelta(days=drop)
        since = None if self.since is None else self.since[:, drop:]
        prices, exog, kinds = self.prices[drop:], self.exog[:, drop:], self._kinds(drop)
        return replace(self, first_day=first, prices=prices, exog=exog, learnable=self.usable[drop:], kinds=kinds, since=since)

    def before(self, origin: date) -> Panel:
        """The panel as of an earlier origin, with the same lead."""
        n = self.days - (self.origin - origin).days
        if n > self.days:
            raise ValueError(f"a panel of {self.origin} does not know {origin}")
        if n < 1:
            raise ValueError(f"the panel begins {self.first_day}, after {origin}")
        kinds = self._kinds(0, n + self.lead)
        since = None if self.since is None else self.since[:, : n + self.lead]
        return replace(self, prices=self.prices[:n], exog=self.exog[:, : n + self.lead], learnable=self.usable[:n], kinds=kinds, since=since)

    def _kinds(self, first: int, last: int | None = None) -> IntArray | None:
        return None if self.kinds is None else self.kinds[first:last]

    def repaired(self) -> Panel:
        """The panel without NaN: gaps filled from earlier days, useless exogenous columns left out; what was done is in `notes`.

        A price gap takes the same slot of the week before, else the latest earlier day's; the
        row is then not learnt from. An exogenous column is left out when the target's row is
        not wholly known or fewer than half of the rows are.
        """
        notes = list(self.notes)
        known = np.isfinite(self.prices)
        prices = self.prices if known.all() else _filled(self.prices)
        usable = self.usable & known.all(axis=1)
        kept, past, names = [], [], []
        for name, column, later in zip(self.columns, self.exog, self.past, strict=True):
            rows = np.isfinite(column).all(axis=1)
            if rows[-1] and rows.mean() >= KNOWN_SHARE:
                kept.append(column if rows.all() else _filled(column))
                past.append(np.where(np.isfinite(later), later, kept[-1]))
                names.append(name)
            else:
                notes.append(f"input {name} is unknown" if not rows[-1] else f"input {name} is known on {int(rows.sum())} of {rows.size} days only")
        exog = np.array(kept) if kept else np.empty((0, self.days + self.lead, self.slots))
        since = None if self.since is None else np.array(past).reshape(exog.shape)
        return replace(self, prices=prices, exog=exog, learnable=usable, notes=tuple(notes), names=tuple(names), since=since)

    @cached_property
    def rows(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        """Target rows a model may learn from: all lags inside the panel, own prices known."""
        rows = np.arange(FIRST_ROW + self.lead - 1, self.days)
        return rows[self.usable[rows]]

    @cached_property
    def inputs(self) -> FloatArray:
        """Raw inputs of every row through the target, shape (days + lead, 4 slots + 3 k slots + daily columns).

        Blocks: prices 1, 2 and 3 days before the row's own origin and 7 days before the row, a fortnight before it
        where a week before is not known yet (for lead h the origin is h - 1 days before the row), then for each exogenous column its
        values of the row's day, and of the day before and 7 days before as known a day later (`since`); of a daily one its one value of
        the row's day. Rows before `FIRST_ROW` + lead - 1 hold NaN. `blocks` says whose they are.
        """
        total = self.days + self.lead
        weeks = FIRST_ROW * ((self.lead - 1) // FIRST_ROW)
        blocks = [_shifted(self.prices, lag + (self.lead - 1 if lag < FIRST_ROW else weeks), total) for lag in LAGS]
        for name, column, past in zip(self.columns, self.exog, self.past, strict=True):
            blocks += [column[:, :1]] if name in self.daily else [_shifted(past if lag else column, lag, total) for lag in EXOG_LAGS]
        return np.hstack(blocks)

    @property
    def blocks(self) -> list[tuple[str, int, bool]]:
        """Name, width and whether it is of the row's own day (or the latest price) of each block of `inputs`, in order."""
        found = [(f"price_lag_{lag}d_eur_mwh", self.slots, lag == LAGS[0]) for lag in LAGS]
        for name in self.columns:
            found += [(name, 1, True)] if name in self.daily else [(name, self.slots, lag == 0) for lag in EXOG_LAGS]
        return found

    @property
    def dummies(self) -> FloatArray:
        """Weekday indicators of every row through the target, shape (days + lead, 7)."""
        return np.asarray(np.eye(7)[self.weekdays], dtype=np.float64)


def _shifted(values: FloatArray, lag: int, total: int) -> FloatArray:
    result = np.full((total, values.shape[1]), np.nan)
    count = min(values.shape[0], total - lag)
    if count > 0:
        result[lag : lag + count] = values[:count]
    return result


def _filled(values: FloatArray) -> FloatArray:
    """NaN replaced by the same slot of the week before, else the latest earlier day, else the first later one, else the row's neighbours' mean."""
    result = values.copy()
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        for lag in (7, 1):
            if row >= lag:
                result[row] = np.where(np.isfinite(result[row]), result[row], result[row - lag])
        for slot in np.flatnonzero(~np.isfinite(result[row])):
            later = values[row:, slot][np.isfinite(values[row:, slot])]
            result[row, slot] = later[0] if later.size else 0.0
    return result
