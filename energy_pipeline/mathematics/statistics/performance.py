"""Performance of a series of daily P&L over a stated capital.

What belongs here: returns, drawdowns with dates, ratios, comparison with a benchmark, results
per trade. What does not: significance (`significance`), what earned the money (strategies,
portfolio), or percentages of a price: prices go through zero, capital does not.

Definitions. Money first: P&L x_t in EUR a day, capital C in EUR, wealth V_t = C + x_1 + ... + x_t.

- `fixed` returns r_t = x_t / C: the same stake every day; they add, and cumulate to (V_T - C) / C.
- `wealth` returns r_t = x_t / V_{t-1}: gains are staked again; they compound to the same
  (V_T - C) / C. `log_returns` are ln(V_t / V_{t-1}). Both need V > 0.
- Annualised: `fixed` mean x A; `wealth` (1 + cumulative)^(A / T) - 1. A, the delivery days of a
  year, is the desk's `annualisation_days` (365: power is delivered every day). Volatility x sqrt(A).
- Downside deviation: `below_mean` sqrt(sum min(r - mean, 0)^2 / (n - 1)); `below_target`
  sqrt(sum min(r - target, 0)^2 / n), the target being the risk-free return a day.
- Drawdown in EUR: highest wealth so far less wealth; as a share of that highest wealth. The
  first peak is the capital itself, before the first day.
- Capital earns the risk-free rate elsewhere; P&L of a margined book is in excess of nothing. So
  the rate is 0 unless stated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.track import FLAT, Track, annualised_return, deviation, downside_deviation, ratio


@dataclass(frozen=True)
class Drawdown:
    """One fall from a peak; `recovered` is None while it lasts."""

    peak: date | None
    trough: date
    recovered: date | None
    depth_eur: float
    depth_share: float
    days_to_trough: int
    days_under_water: int


def drawdown_eur(track: Track) -> FloatArray:
    """Highest wealth so far less wealth at the end of each day [EUR], shape (days,)."""
    wealth = track.wealth_eur
    return np.asarray((np.maximum.accumulate(wealth) - wealth)[1:])


def drawdowns(track: Track) -> list[Drawdown]:
    """Every fall from a peak, deepest (in EUR) first.

    `peak` is the day whose end had the highest wealth (None: the start), `trough` the deepest
    day, `recovered` the first day back at the peak's wealth or above. Lengths count delivery days in the track.

    >>> days = tuple(date(2025, 1, d) for d in range(1, 5))
    >>> d = drawdowns(Track(days, np.array([5.0, -3.0, -1.0, 6.0]), 100.0))[0]
    >>> d.peak.day, d.trough.day, d.recovered.day, d.depth_eur, d.days_under_water
    (1, 3, 4, 4.0, 2)
    """
    wealth = track.wealth_eur
    peaks = np.maximum.accumulate(wealth)
    under = wealth < peaks
    edges = np.flatnonzero(np.diff(np.concatenate([[False], under, [False]]).astype(np.int8)))
    found = [_drawdown(track, wealth, int(first), int(end)) for first, end in edges.reshape(-1, 2)]
    return sorted(found, key=lambda d: -d.depth_eur)


def _drawdown(track: Track, wealth: FloatArray, first: int, end: int) -> Drawdown:
    """Under water in wealth[first:end]; wealth[first - 1] is the peak."""
    peak, trough = float(wealth[first - 1]), first + int(np.argmin(wealth[first:end]))
    depth = peak - float(wealth[trough])
    return Drawdown(
        peak=track.days[first - 2] if first > 1 else None,
        trough=track.days[trough - 1],
        recovered=track.days[end - 1] if end < wealth.size else None,
        depth_eur=depth,
        depth_share=depth / peak if peak > 0 else float("inf"),
        days_to_trough=trough - first + 1,
        days_under_water=end - first,
    )


@dataclass(frozen=True)
class Performance:
    """What a track shows; ratios are annualised unless named `_daily`, None where undefined.

    Attributes
    ----------
    sharpe : mean excess / volatility x sqrt(A). `sharpe_daily` is the unscaled ratio.
    sortino : the same over the downside deviation below the mean.
    sortino_target : the same over the downside deviation below the risk-free return.
    calmar : annualised return over the deepest drawdown as a share.
    omega : sum of gains over sum of losses against the risk-free return.
    var_95_eur, es_95_eur : worst 5 % of days (`mathematics.statistics.tail`), losses positive.
    """

    days: int
    pnl_eur: float
    cumulative_return: float
    annualised_return: float
    annualised_volatility: float | None
    sharpe_daily: float | None
    sharpe: float | None
    sortino: float | None
    sortino_target: float | None
    calmar: float | None
    omega: float | None
    max_drawdown_eur: float
    max_drawdown_share: float
    longest_under_water_days: int
    best_day_eur: float
    worst_day_eur: float
    positive_days_share: float
    skewness: float | None
    excess_kurtosis: float | None
    var_95_eur: float
    es_95_eur: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Names and values."""
        return asdict(self)


def performance(track: Track) -> Performance:
    """All measures of a track.

    Examples
    --------
    >>> days = tuple(date(2025, 1, d) for d in range(1, 4))
    >>> found = performance(Track(days, np.array([100.0, -50.0, 25.0]), 10_000.0))
    >>> found.pnl_eur, found.max_drawdown_eur, round(found.sharpe, 3)
    (75.0, 50.0, 6.368)
    """
    from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk

    excess, falls = track.excess, drawdowns(track)
    root = float(np.sqrt(track.annualisation_days))
    mean, sigma, annual = float(excess.mean()), deviation(track.returns), annualised_return(track)
    deepest = max((d.depth_share for d in falls), default=0.0)
    skew, kurtosis = shape(track.pnl_eur)
    lost = float(-np.minimum(excess, 0.0).sum())
    return Performance(
        days=len(track.days),
        pnl_eur=float(track.pnl_eur.sum()),
        cumulative_return=float(track.cumulative[-1]),
        annualised_return=annual,
        annualised_volatility=None if sigma is None else sigma * root,
        sharpe_daily=ratio(mean, sigma),
        sharpe=ratio(mean, sigma, root),
        sortino=ratio(mean, downside_deviation(track.returns), root),
        sortino_target=ratio(mean, downside_deviation(excess, 0.0), root),
        calmar=ratio(annual, deepest),
        omega=float(np.maximum(excess, 0.0).sum()) / lost if lost > 0 else None,
        max_drawdown_eur=falls[0].depth_eur if falls else 0.0,
        max_drawdown_share=deepest,
        longest_under_water_days=max((d.days_under_water for d in falls), default=0),
        best_day_eur=float(track.pnl_eur.max()),
        worst_day_eur=float(track.pnl_eur.min()),
        positive_days_share=float((track.pnl_eur > 0).mean()),
        skewness=skew,
        excess_kurtosis=kurtosis,
        var_95_eur=value_at_risk(-track.pnl_eur, 0.95),
        es_95_eur=expected_shortfall(-track.pnl_eur, 0.95),
    )


def shape(values: FloatArray) -> tuple[float | None, float | None]:
    """Skewness and excess kurtosis as moment ratios (divisor n); None without spread.

    >>> shape(np.array([1.0, 1.0]))
    (None, None)
    """
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    if values.size < 3 or np.sqrt(variance) <= FLAT * abs(float(values.mean())):
        return None, None
    return float(np.mean(centred**3) / variance**1.5), float(np.mean(centred**4) / variance**2 - 3.0)


@dataclass(frozen=True)
class Relative:
    """A track against a benchmark on the same days.

    Attributes
    ----------
    tracking_error : standard deviation of the difference of returns x sqrt(A).
    information_ratio : mean difference over its standard deviation x sqrt(A).
    beta : cov(r, b) / var(b). alpha : (mean excess - beta x mean excess of b) x A.
    up_capture, down_capture : mean return on days the benchmark gains (loses) over the benchmark's.
    """

    tracking_error: float | None
    information_ratio: float | None
    beta: float | None
    alpha: float | None
    correlation: float | None
    up_capture: float | None
    down_capture: float | None
    outperformance_eur: float


def relative(track: Track, benchmark: Track) -> Relative:
    """A track against a benchmark.

    Raises
    ------
    ValueError
        When the days or the basis differ.
    """
    if track.days != benchmark.days or track.basis != benchmark.basis:
        raise ValueError("track and benchmark need the same days and basis -> settle both over the same days")
    r, b = track.returns, benchmark.returns
    gap, days = r - b, track.annualisation_days
    spread, own, theirs = deviation(gap), deviation(r), deviation(b)
    flat = not theirs or theirs <= FLAT * abs(float(b.mean()))
    cov = float(np.cov(r, b)[0, 1]) if r.size > 1 else 0.0
    beta = None if flat or theirs is None else cov / theirs**2
    alpha = None if beta is None else (float(track.excess.mean()) - beta * float(benchmark.excess.mean())) * days
    return Relative(
        tracking_error=None if spread is None else spread * float(np.sqrt(days)),
        information_ratio=ratio(float(gap.mean()), spread, float(np.sqrt(days))),
        beta=beta,
        alpha=alpha,
        correlation=None if flat or not own or theirs is None else cov / (own * theirs),
        up_capture=_capture(r, b, b > 0),
        down_capture=_capture(r, b, b < 0),
        outperformance_eur=float(track.pnl_eur.sum() - benchmark.pnl_eur.sum()),
    )


def _capture(r: FloatArray, b: FloatArray, on: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float | None:
    return float(r[on].mean() / b[on].mean()) if on.any() else None


@dataclass(frozen=True)
class TradeResults:
    """Results per trade; a trade that earns nothing counts as neither won nor lost.

    Attributes
    ----------
    profit_factor : sum won / sum lost. win_loss_ratio : mean won / mean lost.
    expectancy_eur : win rate x mean won - loss rate x mean lost, which is the mean result.
    """

    trades: int
    win_rate: float
    loss_rate: float
    average_win_eur: float
    average_loss_eur: float
    profit_factor: float | None
    win_loss_ratio: float | None
    expectancy_eur: float


def trade_results(results_eur: FloatArray) -> TradeResults:
    """Win rate, profit factor, win/loss ratio and expectancy of results per trade [EUR].

    Raises
    ------
    ValueError
        Without a trade.

    Examples
    --------
    >>> found = trade_results(np.array([10.0, -4.0, 6.0]))
    >>> found.profit_factor, found.win_loss_ratio, found.expectancy_eur
    (4.0, 2.0, 4.0)
    """
    if results_eur.size == 0:
        raise ValueError("no trade -> there is no win rate to speak of")
    won, lost = results_eur[results_eur > 0], -results_eur[results_eur < 0]
    win, loss = (float(part.mean()) if part.size else 0.0 for part in (won, lost))
    return TradeResults(
        trades=results_eur.size,
        win_rate=won.size / results_eur.size,
        loss_rate=lost.size / results_eur.size,
        average_win_eur=win,
        average_loss_eur=loss,
        profit_factor=float(won.sum() / lost.sum()) if lost.size else None,
        win_loss_ratio=win / loss if won.size and lost.size else None,
        expectancy_eur=float(results_eur.mean()),
    )


def rolling(track: Track, window_days: int, measure: Callable[[Track], float | None]) -> FloatArray:
    """A measure over the last `window_days` of each day, NaN before there are as many, shape (days,).

    Examples
    --------
    >>> days = tuple(date(2025, 1, d) for d in range(1, 4))
    >>> rolling(Track(days, np.array([1.0, 2.0, 3.0]), 10.0), 2, lambda t: float(t.pnl_eur.sum())).tolist()
    [nan, 3.0, 5.0]
    """
    if window_days < 1:
        raise ValueError(f"window_days is {window_days} -> at least one day")
    result = np.full(len(track.days), np.nan)
    wealth = track.wealth_eur
    for end in range(window_days, len(track.days) + 1):
        first = end - window_days
        capital = track.capital_eur if track.basis == "fixed" else float(wealth[first])
        part = Track(track.days[first:end], track.pnl_eur[first:end], capital, track.annualisation_days, track.risk_free_annual, track.basis)
        value = measure(part)
        result[end - 1] = np.nan if value is None else value
    return result


def sharpe_of(track: Track) -> float | None:
    """The annualised Sharpe ratio alone (for `rolling`)."""
    return ratio(float(track.excess.mean()), deviation(track.returns), float(np.sqrt(track.annualisation_days)))
