"""Factor exposures of the decided book: the table factor_exposures.

What belongs here: the book's P&L on past days' joint errors against named factors, principal components and
the user's factors. What does not: the moves (`day_factors`, `factor_file`), the mathematics (`factors`).

The P&L of day t is what today's book would have made against its expectation on the forecast errors of day t
(`history`), so factors explain the very risk that VaR measures. Exposure: EUR per unit of the factor, all factors
held beside one another. `exposure_earlier_eur` is the same book's exposure on the first half of those days: where
the two differ the market changed, not the book. Contributions of factors and of what they do not explain add up to the volatility.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from energy_pipeline.book.history import BookHistory
from energy_pipeline.contracts import table
from energy_pipeline.desk.risk import FactorSettings
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.statistics.estimators import RiskInputError
from energy_pipeline.mathematics.statistics.factors import FactorRisk, book_risk, fit, named_components, principal_components
from energy_pipeline.risk import factor_file
from energy_pipeline.risk.day_factors import DayFactors, energy_moves, usable

BOOK, IDIOSYNCRATIC = "book", "idiosyncratic"
MINIMUM_DAYS = 20


def factor_exposures(
    info: InformationSet, history: BookHistory, errors: Sequence[ErrorHistory], factor_returns: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Frame of the table; empty with fewer than 20 days of errors.

    Parameters
    ----------
    history : BookHistory
        Losses of today's book on past days' errors, by zone.
    errors : sequence of ErrorHistory
        Those errors: hub, shape, basis and spread come from them.
    factor_returns : DataFrame, optional
        The user's file (`factor_file.checked_factors`).
    """
    settings, currency = info.desk.risk.factors, info.desk.currency
    if len(history.days) < MINIMUM_DAYS or not history.by_zone:
        return table("factor_exposures").frame()
    pnl, zones = -history.components, list(history.by_zone)
    moves = energy_moves(info, errors, history.days)
    named = usable(moves, len(history.days))
    rows = _rows("named", named, pnl, zones, settings, currency)
    rows += _component_rows(moves, pnl, zones, named, settings, currency)
    if settings.file is not None and factor_returns is not None:
        given = factor_file.known_moves(factor_returns, settings.file, history.days, info.decision_time)
        rows += _rows("file", usable(given, len(history.days)), pnl, zones, settings, currency)
    return table("factor_exposures").frame([{"delivery_day": info.day.day, **r} for r in rows] or None)


def _component_rows(
    moves: dict[str, tuple[str, FloatArray]], pnl: FloatArray, zones: list[str], named: DayFactors, settings: FactorSettings, currency: str
) -> list[dict[str, object]]:
    """Principal components of the price factors, told by the named factor each goes with most."""
    prices = [n for n in named.names if n in {"hub", "shape"} or n.startswith(("basis ", "spread "))]
    if not prices or not settings.components:
        return []
    stacked = np.column_stack([moves[n][1] for n in prices])[named.kept]
    found = principal_components(stacked, min(settings.components, len(prices)))
    like = named_components(found, named.moves, named.names)
    told = [max(c, key=lambda n: abs(c[n])) for c in like]
    names = tuple(f"component {i + 1}" for i in range(found.scores.shape[1]))
    moving = DayFactors(names, (f"{currency}/MWh",) * len(names), found.scores, named.kept, "")
    rows = _rows("component", moving, pnl, zones, settings, currency)
    notes = {
        n: f"{share:.0%} of the variance of {', '.join(prices)}; goes with {t} ({c[t]:+.2f})"
        for n, share, t, c in zip(names, found.shares, told, like, strict=True)
    }
    return [{**r, "note": notes.get(str(r["factor"]), r["note"])} for r in rows]


def _rows(kind: str, factors: DayFactors, pnl: FloatArray, zones: list[str], settings: FactorSettings, currency: str) -> list[dict[str, object]]:
    """Rows of one kind of factors, for the book and its zones."""
    own, count = pnl[factors.kept], len(factors.names)
    if not count or len(own) < max(MINIMUM_DAYS // 2, count + 2):
        return []
    model = fit(own, factors.moves, factors.names, settings.decay)
    earlier = _earlier(own, factors, settings.decay)
    books = {BOOK: np.ones(len(zones))} | ({z: np.eye(len(zones))[i] for i, z in enumerate(zones)} if len(zones) > 1 else {})
    sizes = dict(zip(factors.names, np.sqrt(np.diag(model.factor_covariance)).tolist(), strict=True))
    units = dict(zip(factors.names, factors.units, strict=True))
    rows = []
    for scope, held in books.items():
        risk = book_risk(model, held)
        before = None if earlier is None else dict(zip(factors.names, (earlier.T @ held).tolist(), strict=True))
        for name, contribution in risk.contributions.items():
            row = {"scope": scope, "factor_kind": kind, "factor": name, "unit": units.get(name, currency)}
            row |= {"exposure_eur": risk.exposures.get(name), "exposure_earlier_eur": None if before is None else before.get(name)}
            row |= {"factor_volatility": sizes.get(name), "contribution_eur": contribution, "share_of_variance": _share(risk, contribution)}
            rows.append({**row, "days": len(own), "note": factors.left_out if name == IDIOSYNCRATIC else ""})
    return rows


def _earlier(own: FloatArray, factors: DayFactors, decay: float) -> FloatArray | None:
    """Loadings on the first half of the days, shape (zones, factors); None where those do not tell the factors apart."""
    half = len(own) // 2
    try:
        return fit(own[:half], factors.moves[:half], factors.names, decay).loadings
    except RiskInputError:
        return None


def _share(risk: FactorRisk, contribution: float) -> float | None:
    return contribution / risk.volatility if risk.volatility > 0 else None
