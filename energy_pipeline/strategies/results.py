"""A strategy's settled days, and how they come out of the backtester.

What belongs here: the result of a strategy, the desk's costs as the backtester takes them, its path
as frames. What does not: which days are settled (`backtest`), shares (`allocator`), the loops
(`mathematics.backtester`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.trading_costs import as_numbers
from energy_pipeline.desk import Desk
from energy_pipeline.desk.strategies import TradingCosts
from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.backtester.costs import Costs
from energy_pipeline.mathematics.backtester.engine import Path


@dataclass(frozen=True)
class Result:
    """A strategy's settled days.

    Attributes
    ----------
    days : tuple of date
    gross_eur, cost_eur, traded_mwh : array, shape (days,)
        Money of a tradable strategy; zeros for an index study.
    orders : int
        Intervals traded.
    points_eur_mwh : array
        Index study: mean over the day of signal x change of price; zeros for a tradable strategy.
    """

    strategy: str
    label: str
    days: tuple[date, ...]
    gross_eur: FloatArray
    cost_eur: FloatArray
    traded_mwh: FloatArray
    orders: int
    points_eur_mwh: FloatArray

    @property
    def net_eur(self) -> FloatArray:
        """Gross less costs."""
        return self.gross_eur - self.cost_eur


def costs_of(desk: Desk, zone: str) -> Costs:
    """The zone's trading costs; what is carried to the second price pays its imbalance fee."""
    fee = desk.zones[zone].second_price.imbalance_fee_eur_mwh
    costs = desk.trading_costs.get(zone, TradingCosts())
    return as_numbers(costs.model_copy(update={"balancing_eur_mwh": costs.balancing_eur_mwh + fee}))


def trades(path: Path) -> pl.DataFrame:
    """One row per fill: bar, volume, price, cost, position after it."""
    at = np.flatnonzero(path.traded_mwh)
    columns = {"traded_mwh": path.traded_mwh, "price_eur_mwh": path.price_eur_mwh, "cost_eur": path.cost_eur, "position_mwh": path.position_mwh}
    return pl.DataFrame({"bar": at} | {name: values[at] for name, values in columns.items()})


def sums_by_period(path: Path, period: IntArray) -> pl.DataFrame:
    """Sums by period (say, delivery day), in order of first appearance.

    Columns: period, gross_eur, cost_eur, net_eur, traded_mwh, exposure_mwh (mean |position|).
    """
    rows = pl.DataFrame(
        {
            "period": period,
            "gross_eur": path.gross_eur,
            "cost_eur": path.cost_eur,
            "net_eur": path.net_eur,
            "traded_mwh": np.abs(path.traded_mwh),
            "exposure_mwh": np.abs(path.position_mwh),
        }
    )
    # One thread and a fixed order: sums of floats must not depend on the machine's load.
    parts = rows.partition_by("period", maintain_order=True)
    totals = {name: [part[name].sum() for part in parts] for name in ("gross_eur", "cost_eur", "net_eur", "traded_mwh")}
    about = {"period": [part["period"][0] for part in parts], **totals, "exposure_mwh": [part["exposure_mwh"].mean() for part in parts]}
    return pl.DataFrame(about, schema=rows.schema)
