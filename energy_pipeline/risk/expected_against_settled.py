"""Expected against settled: the P&L and the published mean price over the settled days.

What belongs here: the table `expectation_record`, its tests and their joint p-values. What does not: forecasting, the day's
own scores, VaR over the same days (`exceptions`).

Each row is a mean of days in order, so its t has Newey-West's variance; the p-values of all rows are Holm's, because a desk that
looks at twenty biases finds one. The published mean's bias is allowed max(0.4 EUR/MWh, 1 % of the mean price); its squared error is
set against the naive's of the same lead.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.comparison import holm, mean_t

LEAST_DAYS = 14
ALLOWED_EUR_MWH, ALLOWED_SHARE = 0.4, 0.01
LEAD_GROUPS = {"D": (1, 1), "D+1..3": (2, 4), "D+4..7": (5, 8), "D+8..13": (9, 14)}


def expectation_record(day: date, exceptions: pl.DataFrame, lead_errors: pl.DataFrame) -> pl.DataFrame:
    """Table expectation_record of D.

    Parameters
    ----------
    exceptions : frame of var_exceptions
        Of the window's days up to `day`: expected and settled P&L of the book.
    lead_errors : frame of forecast_lead_errors
        Of the window's days up to `day`.
    """
    contract = table("expectation_record")
    rows = [*_money(exceptions.filter(pl.col("delivery_day") <= day)), *_prices(lead_errors.filter(pl.col("delivery_day") <= day))]
    together = holm([math.nan if r["p_value"] is None else r["p_value"] for r in rows])
    for row, p in zip(rows, together, strict=True):
        row |= {"delivery_day": day, "p_holm": None if math.isnan(p) else p}
    return contract.frame(rows or None).sort(contract.key, maintain_order=True)


def bias_row(bias: FloatArray, squares: FloatArray, outcomes: FloatArray) -> dict[str, Any]:
    """Statistics of the published mean from daily biases, mean squared errors and mean outcomes [EUR/MWh]."""
    allowed = max(ALLOWED_EUR_MWH, ALLOWED_SHARE * abs(float(outcomes.mean())))
    tested = _tested(bias)
    verdict = "too_short" if bias.size < LEAST_DAYS else "inside" if abs(float(bias.mean())) <= allowed else "outside"
    expected = float(outcomes.mean() + bias.mean())
    return {
        "expected": expected,
        "settled": float(outcomes.mean()),
        "rmse": float(np.sqrt(squares.mean())),
        "allowed": allowed,
        "verdict": verdict,
        **tested,
    }


def _tested(differences: FloatArray) -> dict[str, Any]:
    t, p = mean_t(differences) if differences.size >= LEAST_DAYS else (math.nan, math.nan)
    return {
        "days": differences.size,
        "difference": float(differences.mean()),
        "hac_t": None if math.isnan(t) else t,
        "p_value": None if math.isnan(p) else p,
    }


def _money(exceptions: pl.DataFrame) -> Iterator[dict[str, Any]]:
    days = exceptions.sort("delivery_day", "level").unique("delivery_day", keep="first", maintain_order=True)
    if days.is_empty():
        return
    expected, settled = days["expected_pnl_eur"].to_numpy(), days["pnl_eur"].to_numpy()
    gap = expected - settled
    yield {
        "quantity": "pnl",
        "zone": "book",
        "lead_group": "D",
        "unit": "EUR",
        "expected": float(expected.mean()),
        "settled": float(settled.mean()),
        "rmse": float(np.sqrt((gap**2).mean())),
        "allowed": None,
        "verdict": "too_short" if gap.size < LEAST_DAYS else "untested",
        **_tested(gap),
        **dict.fromkeys(("rmse_naive", "skill", "skill_t")),
    }


def _prices(errors: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for (zone, kind), part in errors.sort("delivery_day").group_by("zone", "price_kind", maintain_order=True):
        for group, (low, high) in LEAD_GROUPS.items():
            leads = part.filter(pl.col("horizon_days").is_between(low, high))
            if leads.is_empty():
                continue
            squares = (pl.col("rmse_eur_mwh") ** 2).mean()
            days = leads.group_by("delivery_day", maintain_order=True).agg(pl.col("bias_eur_mwh", "outcome_eur_mwh").mean(), squares=squares)
            found = bias_row(*(days[c].to_numpy() for c in ("bias_eur_mwh", "squares", "outcome_eur_mwh"))) | _skill(leads)
            yield {"quantity": f"{kind}_price", "zone": zone, "lead_group": group, "unit": "EUR/MWh", **found}


def _skill(leads: pl.DataFrame) -> dict[str, float | None]:
    """Squared error of the mean against the naive's, on the days and leads that have both."""
    both = leads.filter(pl.col("rmse_naive_eur_mwh").is_not_null())
    days = both.group_by("delivery_day", maintain_order=True).agg(
        own=(pl.col("rmse_eur_mwh") ** 2).mean(), naive=(pl.col("rmse_naive_eur_mwh") ** 2).mean()
    )
    own, naive = days["own"].to_numpy(), days["naive"].to_numpy()
    if not own.size or naive.mean() <= 0:
        return {"rmse_naive": None, "skill": None, "skill_t": None}
    t = mean_t(naive - own)[0] if own.size >= LEAST_DAYS else math.nan
    return {"rmse_naive": float(np.sqrt(naive.mean())), "skill": float(1 - own.mean() / naive.mean()), "skill_t": None if math.isnan(t) else t}
