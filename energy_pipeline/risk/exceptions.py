"""VaR exceptions: settled losses larger than the decision said.

What belongs here: the comparison for one day. What does not: tests over many days.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.risk.assess import PROXY_SCOPE


def var_exceptions(desk: Desk, day: date, measures: pl.DataFrame, pnl: pl.DataFrame) -> pl.DataFrame:
    """Settled P&L of the book against its VaR, per level of the desk.

    Parameters
    ----------
    measures : frame of risk_measures
        As decided.
    pnl : frame of pnl
        As settled; without rows there is nothing to compare and the result is empty.

    Raises
    ------
    MissingDayError
        When the decision has no VaR or shortfall at a level the desk asks for.
    """
    contract = table("var_exceptions")
    if pnl.height == 0:
        return contract.frame()
    total = float(np.sum(pnl.sort("zone", "delivery_start")["total_eur"].to_numpy()))
    # The settled total holds proxy hedges at their quotes, so the expectation must too.
    expected = _measure(measures, day, "expected_pnl", 0.0) + _measure(measures, day, "expected_pnl", 0.0, PROXY_SCOPE)
    rows = []
    for level in sorted(set(desk.risk.var_levels)):
        var, es = (_measure(measures, day, name, level) for name in ("var", "es"))
        found = {"var_eur": var, "es_eur": es, "expected_pnl_eur": expected, "pnl_eur": total, "is_exception": expected - total > var}
        rows.append({"delivery_day": day, "level": level, **found})
    return contract.frame(rows)


def _measure(measures: pl.DataFrame, day: date, name: str, level: float, scope: str = "book") -> float:
    found = measures.filter(pl.col("scope") == scope, pl.col("measure") == name, pl.col("level") == level)["value_eur"]
    if found.len() != 1:
        raise MissingDayError("risk_measures", [day], f"no {name} of the {scope} at level {level:g}; rerun risk with this desk")
    return float(found[0])
