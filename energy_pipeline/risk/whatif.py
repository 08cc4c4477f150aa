"""What a trade would change: VaR, ES, margin and limits of the decided book before and after.

What belongs here: the comparison. What does not: the trades (`trades`), reading tables (commands).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from energy_pipeline.book.hedges import Hedge
from energy_pipeline.book.valued import ValuedBook, book_of_day
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk
from energy_pipeline.risk.limits import limit_table, margin_eur
from energy_pipeline.risk.stress import stress_results
from energy_pipeline.risk.trades import Trade, with_trades


@dataclass(frozen=True)
class WhatIf:
    """Before and after.

    Attributes
    ----------
    measures : frame with measure, before, after, change [EUR]
    limits : frame with limit_name, scope, unit, bound, used_before, used_after, status_before, status_after
    positions : frame of positions after the trades
    """

    measures: pl.DataFrame
    limits: pl.DataFrame
    positions: pl.DataFrame


def revalued(held: ValuedBook, positions: pl.DataFrame, dispatch: pl.DataFrame) -> ValuedBook:
    """The same scenarios for other positions (in zones that already have some)."""
    return book_of_day(held.desk, held.day, positions, dispatch, held.outlooks)


def what_if(held: ValuedBook, trades: Sequence[Trade], hedges: Sequence[Hedge], dispatch: pl.DataFrame) -> WhatIf:
    """The book with the trades done against the book as decided, on the same scenarios.

    Raises
    ------
    TradeError
        See `trades.with_trades`.
    """
    after = revalued(held, with_trades(held, trades, hedges), dispatch)
    return WhatIf(_measures(held, after), _limits(held, after), after.positions)


def limits_of(held: ValuedBook) -> pl.DataFrame:
    """Limits of a valued book; stresses of the desk and the standard list."""
    stresses = stress_results(held.desk, held.day, held.fair, held.outlooks, repriced=False)
    return limit_table(held.desk, held.day, held.positions, held.pnl, stresses, {})


def _measures(before: ValuedBook, after: ValuedBook) -> pl.DataFrame:
    rows = [{"measure": name, "before_eur": value, "after_eur": new} for (name, value), (_, new) in zip(_values(before), _values(after), strict=True)]
    return pl.DataFrame(rows).with_columns(change_eur=pl.col("after_eur") - pl.col("before_eur"))


def _values(held: ValuedBook) -> list[tuple[str, float]]:
    risk, pnl = held.desk.risk, held.pnl
    loss: FloatArray = pnl.mean() - pnl
    found = [("expected P&L", float(pnl.mean()))]
    found += [(f"VaR {level:g}", value_at_risk(loss, level)) for level in sorted(set(risk.var_levels))]
    found += [(f"ES {level:g}", expected_shortfall(loss, level)) for level in sorted({*risk.var_levels, *risk.es_levels})]
    return [*found, ("margin", margin_eur(held.desk, held.day, held.positions))]


def _limits(before: ValuedBook, after: ValuedBook) -> pl.DataFrame:
    keys, kept = ["limit_name", "scope"], ["unit", "bound", "used", "status"]
    old, new = (limits_of(b).select(*keys, *kept) for b in (before, after))
    joined = old.join(new, on=keys, how="full", coalesce=True, suffix="_after")
    return joined.select(
        *keys,
        pl.coalesce("unit", "unit_after").alias("unit"),
        pl.coalesce("bound", "bound_after").alias("bound"),
        pl.col("used").alias("used_before"),
        "used_after",
        pl.col("status").alias("status_before"),
        "status_after",
    ).sort(keys)
