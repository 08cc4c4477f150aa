"""The table `asset_thresholds` as something that acts: what a controller on the plant does with it.

What belongs here: reading the day's thresholds of one store and running them on prices, of all for the book. What does not: learning them
(`mathematics.stores.policy`), settling (`dispatch_tables`), rolling states (`states`).

Thresholds stand at a few contents and are linear between. At content s and price p the store charges while the price is at
most `charge_below` of its content, so up to the content where that threshold meets the price, and discharges down to the
content where `discharge_above` does; power, window and the day's cycles bound both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from energy_pipeline.book.outlook import Acting
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.flexibility.storage import store_of
from energy_pipeline.mathematics.stores.store import Store


@dataclass(frozen=True)
class Controller:
    """One store's thresholds of one day.

    Attributes
    ----------
    starts_us : array of int64, shape (intervals,)
    minutes : int
    contents_mwh : array, shape (levels,)
    below_eur_mwh, above_eur_mwh : arrays, shape (intervals, levels)
    expected_eur_mwh : array, shape (intervals,)
        The prices it is expected to see.
    """

    starts_us: np.ndarray[tuple[int], np.dtype[np.int64]]
    minutes: int
    contents_mwh: FloatArray
    below_eur_mwh: FloatArray
    above_eur_mwh: FloatArray
    expected_eur_mwh: FloatArray

    @classmethod
    def of(cls, thresholds: pl.DataFrame) -> Controller | None:
        """From the rows of one asset and day; None without rows."""
        if thresholds.is_empty():
            return None
        rows = thresholds.sort("delivery_start", "content_mwh")
        starts = rows["delivery_start"].unique(maintain_order=True)
        shape = (starts.len(), rows.height // starts.len())
        contents = rows["content_mwh"].to_numpy().reshape(shape)[0]
        below, above = (rows[c].to_numpy().reshape(shape) for c in ("charge_below_eur_mwh", "discharge_above_eur_mwh"))
        expected = rows["expected_price_eur_mwh"].to_numpy().reshape(shape)[:, 0]
        # A content worth less and less: noise of learning must not turn the order round.
        falling = [np.minimum.accumulate(a, axis=1) for a in (below, above)]
        return cls(starts.cast(pl.Int64).to_numpy(), int(rows["resolution_minutes"][0]), contents, falling[0], falling[1], expected)

    def run(self, store: Store, prices_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Content after each interval [MWh], charge and discharge [MW], paths x intervals each.

        Parameters
        ----------
        store : Store
            With the content the day begins with.
        prices_eur_mwh : array, shape (paths, intervals)
            Each is seen, then acted on.

        Examples
        --------
        >>> flat = np.tile([20.0, 20.0], (2, 1))
        >>> rules = Controller(np.array([0, 1]), 60, np.array([0.0, 1.0]), flat, flat + 10, np.array([10.0, 50.0]))
        >>> rules.run(Store(1.0, 1.0, 1.0), np.array([[10.0, 50.0]]))[0].tolist()
        [[1.0, 0.0]]
        """
        prices = np.asarray(prices_eur_mwh, dtype=np.float64)
        delta, kept = hours_of(self.minutes), store.kept(self.minutes)
        content = np.full(prices.shape[0], store.initial_mwh)
        left = np.full(prices.shape[0], np.inf if store.cycles_per_day is None else store.cycles_per_day * store.energy_mwh)
        # Contents from which the least content at the end can still be met.
        stored, charge, discharge = (np.empty(prices.shape) for _ in range(3))
        into, out = float(store.charge_step_mwh(self.minutes)), float(store.discharge_step_mwh(self.minutes))
        least, most = store.end_range_mwh
        for t in range(prices.shape[1]):
            before, later = content * kept, prices.shape[1] - t - 1
            upto = _content_at(self.contents_mwh, self.below_eur_mwh[t], prices[:, t])
            downto = _content_at(self.contents_mwh, self.above_eur_mwh[t], prices[:, t])
            wanted = np.where(upto > before, upto, np.minimum(before, np.maximum(downto, upto)))
            # Far enough from the end's bounds that what is left of the day can still meet them.
            wanted = np.clip(wanted, max(least - later * into, store.minimum_mwh), min(most + later * out, store.energy_mwh))
            most_out = np.minimum(out, left / store.discharge_efficiency)
            content = np.clip(np.clip(wanted, before - most_out, before + into), store.minimum_mwh, store.energy_mwh)
            moved = content - before
            moved[np.abs(moved) < 1e-9] = 0.0
            content = before + moved
            charge[:, t] = np.maximum(moved, 0.0) / (delta * store.charge_efficiency)
            discharge[:, t] = np.maximum(-moved, 0.0) * store.discharge_efficiency / delta
            left = np.maximum(left - discharge[:, t] * delta, 0.0)
            stored[:, t] = content
        return stored, charge, discharge


def acting(desk: Desk, thresholds: pl.DataFrame) -> tuple[Acting, ...]:
    """The stores of a desk as it stands that follow the day's thresholds."""
    found = []
    for name, battery in desk.assets.items():
        rules = Controller.of(thresholds.filter(pl.col("asset") == name))
        if battery.information == "sequential" and rules is not None:
            found.append(Acting(name, battery.zone, partial(_run, rules, store_of(battery), battery.cycle_cost_eur_mwh)))
    return tuple(found)


def _run(rules: Controller, store: Store, cost_eur_mwh: float, prices_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
    _, charge, discharge = rules.run(store, prices_eur_mwh)
    return discharge - charge, cost_eur_mwh * discharge * hours_of(rules.minutes)


def _content_at(contents: FloatArray, thresholds: FloatArray, prices: FloatArray) -> FloatArray:
    """The content where a falling threshold meets each price; its ends where it does not."""
    return np.asarray(np.interp(-prices, -thresholds, contents))
