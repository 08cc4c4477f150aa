"""The index study: CVaR portfolios of 24 hourly contracts on two exchanges, after Trzpiot, Ganczarek-Gamrot and Majewska.

What belongs here: the study's design on public prices, its statistics and tables. What does not: the
optimiser (`mathematics.allocation`), anything tradable: all of it is `index_only`. The change of an
hour's day-ahead price from one day to the next cannot be bought; no P&L and no Sharpe ratio is shown.

Design. Contract h of an exchange is the hour h of its day-ahead auction; its variable is the price
change P_h(t) - P_h(t-1) in EUR/MWh, not the relative change: prices go through zero, where a relative
change flips its sign and has no bound. A portfolio is 24 (or 48) weights >= 0 that sum to one, with the
least CVaR at 95 %; long: the loss is a fall, short: a rise. Bounds on the weights: none; or the hour's
share of demand times 1.05, or times 1.025, on each exchange alike, so that a joint portfolio may still
choose between the exchanges.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk
from energy_pipeline.studies.real_days import EUROPE, GENERATION, read

FIRST, LAST = date(2019, 1, 1), date(2022, 12, 31)
LEVEL, LAGS = 0.95, 7
LOAD = "eu8_prices_load_2019_2020/hourly.parquet"
DEMAND_YEAR = (date(2019, 1, 1), date(2019, 12, 31))
BOUNDS: dict[str, float | None] = {"no bound": None, "demand + 5 %": 1.05, "demand + 2.5 %": 1.025}
LABEL = "index_only"


@dataclass(frozen=True)
class Exchange:
    """Price changes by hour, shape (days, 24) [EUR/MWh], and the hours' shares of demand, shape (24,), summing to 1."""

    name: str
    changes: FloatArray
    demand_share: FloatArray


@dataclass(frozen=True)
class IndexPortfolio:
    """Weights with the least CVaR and what they show [EUR/MWh]; `gap` proves them."""

    weights: FloatArray
    upper: FloatArray
    mean: float
    var: float
    cvar: float
    deviation: float
    gap: float


def exchange(data: Path, zone: str, first: date = FIRST, last: date = LAST) -> Exchange:
    """One exchange from the public files; demand of IT_NORD is not there: Italy's generation stands in."""
    price = read(data, EUROPE, {"price": "price_eur_mwh"}, first, last, zone).values["price"]
    if zone == "IT_NORD":
        columns = "hydro_run_of_river_and_poundage_mw + fossil_gas_mw + fossil_hard_coal_mw + solar_mw + wind_onshore_mw + hydro_water_reservoir_mw"
        load = read(data, GENERATION, {"load": columns}, *DEMAND_YEAR, "IT").values["load"]
    else:
        load = read(data, LOAD, {"load": "load_actual_mw"}, *DEMAND_YEAR, zone[:2]).values["load"]
    profile = load.mean(axis=0)
    return Exchange(zone, np.diff(price, axis=0), profile / profile.sum())


def least_cvar(exchanges: list[Exchange], factor: float | None, *, long: bool) -> IndexPortfolio:
    """The portfolio of least CVaR; `factor` times the share of demand bounds each weight (None: 1)."""
    from energy_pipeline.mathematics import allocation as al

    gain = np.hstack([e.changes for e in exchanges]) * (1.0 if long else -1.0)
    names = [f"{e.name} {h:02d}" for e in exchanges for h in range(24)]
    upper = np.concatenate([np.ones(24) if factor is None else factor * e.demand_share for e in exchanges])
    found = al.solve(al.weights_problem(names, gain, al.Bounds("demand", 0.0, upper)), al.MinCvar(LEVEL))
    losses = -(gain @ found.positions)
    return IndexPortfolio(
        weights=found.positions,
        upper=upper,
        mean=float(-losses.mean()),
        var=value_at_risk(losses, LEVEL),
        cvar=expected_shortfall(losses, LEVEL),
        deviation=float(losses.std(ddof=1)),
        gap=found.certificate.relative_gap,
    )


def statistics(changes: FloatArray) -> dict[str, FloatArray]:
    """Per hour: deviation, skewness, excess kurtosis, autocorrelation at a day and a week, Ljung-Box and ARCH-LM p (7 lags)."""
    from scipy import stats
    from statsmodels.stats.diagnostic import acorr_ljungbox

    centred = changes - changes.mean(axis=0)
    variance = (centred**2).mean(axis=0)

    def correlation(lag: int) -> FloatArray:
        return np.asarray((centred[lag:] * centred[:-lag]).mean(axis=0) / variance)

    return {
        "mean": changes.mean(axis=0),
        "deviation": changes.std(axis=0, ddof=1),
        "skewness": np.asarray(stats.skew(changes)),
        "excess kurtosis": np.asarray(stats.kurtosis(changes)),
        "autocorrelation 1": correlation(1),
        "autocorrelation 7": correlation(7),
        "Ljung-Box p": np.array([float(acorr_ljungbox(c, lags=[LAGS])["lb_pvalue"].iloc[0]) for c in changes.T]),
        "ARCH-LM p": np.array([arch_lm_p(c) for c in changes.T]),
    }


def arch_lm_p(values: FloatArray, lags: int = LAGS) -> float:
    """Engle's test: n R^2 of squared values on their own last `lags`, chi-square; small: volatility clusters."""
    from scipy import stats

    squares = values**2
    past = np.column_stack([np.ones(squares.size - lags), *(squares[lags - k : squares.size - k] for k in range(1, lags + 1))])
    now = squares[lags:]
    fitted = past @ np.linalg.lstsq(past, now)[0]
    share = 1.0 - float(((now - fitted) ** 2).sum() / ((now - now.mean()) ** 2).sum())
    return float(stats.chi2.sf(now.size * share, lags))


def page(data: Path, zones: tuple[str, str], first: date = FIRST, last: date = LAST) -> list[str]:
    """Markdown of the study of two exchanges."""
    both = [exchange(data, z, first, last) for z in zones]
    days = both[0].changes.shape[0]
    lines = [f"## {zones[0]} and {zones[1]}", "", f"`{LABEL}`: {days} price changes, {first} .. {last}, EUR/MWh; CVaR at {LEVEL:.0%}.", ""]
    for e in both:
        lines += [f"### Price changes of {e.name} by hour", "", *_statistics_table(e), ""]
    for number, part in enumerate(([both[0]], [both[1]], both), start=1):
        lines += _portfolio_tables(number, part)
    return lines


def _statistics_table(e: Exchange) -> list[str]:
    found = statistics(e.changes)
    lines = [f"| hour | {' | '.join(found)} |", "|---" * (len(found) + 1) + "|"]
    lines += [f"| {h:02d} | " + " | ".join(_short(values[h], name) for name, values in found.items()) + " |" for h in range(24)]
    return lines


def _short(value: float, name: str) -> str:
    return f"{value:.1e}" if name.endswith(" p") and value < 0.001 else f"{value:.3f}" if name.endswith(" p") else f"{value:.2f}"


def _portfolio_tables(number: int, exchanges: list[Exchange]) -> list[str]:
    title = " and ".join(e.name for e in exchanges)
    lines = []
    for long in (True, False):
        found = {name: least_cvar(exchanges, factor, long=long) for name, factor in BOUNDS.items()}
        side = "long" if long else "short"
        lines += [f"### Table {number}, {side}: portfolios on {title}", ""]
        columns = [f"{name}: {e.name}" for name in found for e in exchanges]
        lines += [f"| hour | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        for h in range(24):
            cells = [_weight(p.weights[h + 24 * i], p.upper[h + 24 * i]) for p in found.values() for i in range(len(exchanges))]
            lines.append(f"| {h:02d} | {' | '.join(cells)} |")
        lines += ["", "| portfolio | mean | VaR | CVaR | deviation | hours held | proven to (relative) |", "|---" * 7 + "|"]
        for name, p in found.items():
            held = int((p.weights > 1e-6).sum())
            lines.append(f"| {name} | {p.mean:.4f} | {p.var:.3f} | {p.cvar:.3f} | {p.deviation:.3f} | {held} | {p.gap:.0e} |")
        lines.append("")
    return lines


def _weight(weight: float, upper: float) -> str:
    """A weight; a star where its bound binds."""
    return "0" if weight < 1e-6 else f"{weight:.4f}{'*' if weight >= upper - 1e-6 and upper < 1 else ''}"
