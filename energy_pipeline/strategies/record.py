"""The table `strategy_states`: whether a strategy's own record lets it trade, and how much.

What belongs here: the record as known at a decision, the walk through the states, sizes. What does not: the trials' file (`trials`), how
sizes act on the book (`book.strategy_sizes`).

The record of D: what the rule, cut at each past day's own decision, would have wanted, settled net of costs by the prices that
decide(D) knows. So it ends at D-2, hangs on no earlier run, and a price that comes later changes no past decision. A rule that reads price
forecasts goes by realised spreads alone here, as in `energy-pipeline backtest`.

| from | to | when |
|---|---|---|
| paper | reduced, live | the deflated probability of an edge reaches `reduced_probability`, `live_probability` |
| reduced | live, paper | it reaches `live_probability`; falls below `paper_probability` |
| live | reduced | it falls below `reduced_probability` |
| reduced, live | stopped | the fall from the peak since it began to trade exceeds `drawdown_stop` standard deviations of a day |
| stopped | paper | after `rest_days`; its record begins anew at the stop |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.strategies import Record, SpreadStrategy, Strategy
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import information_lookup
from energy_pipeline.mathematics.statistics.significance import default_lags, expected_best_of, newey_west_variance
from energy_pipeline.strategies.allocator import allocate
from energy_pipeline.strategies.backtest import drawdown, traded
from energy_pipeline.strategies.history import history
from energy_pipeline.strategies.instruments import Trade
from energy_pipeline.strategies.results import Result
from energy_pipeline.strategies.signal_table import strategy_signals
from energy_pipeline.strategies.trials import Deflation, deflation_of
from energy_pipeline.strategies.validation import SHARPE_CEILING, SIGNIFICANCE, daily_sharpe

KNOWN_LAG_DAYS = 2
"""Second prices of D-1 are not complete when D is decided."""
FACTORS = {"paper": 0.0, "live": 1.0, "stopped": 0.0}


@dataclass(frozen=True)
class Standing:
    """Where a strategy stands after a walk through its record.

    Attributes
    ----------
    since : date or None
        Last settled day that changed the state; None: it began with it.
    probability : float or None
        Deflated probability of an edge at the end; None under `minimum_days`, or where nothing varies.
    counted : int
        First day of the record that counts: after the last stop.
    drawdown_eur, stop_eur : float
        Fall from the peak while trading, and the fall that stops it.
    """

    state: str
    why: str
    since: date | None = None
    probability: float | None = None
    counted: int = 0
    began: int = 0
    drawdown_eur: float = 0.0
    stop_eur: float | None = None


def strategy_states(info: InformationSet, trials: pl.DataFrame) -> pl.DataFrame:
    """State and size of every strategy of the desk.

    Parameters
    ----------
    trials : frame of strategy_trials
        As known at the decision.

    Returns
    -------
    frame of the table strategy_states
    """
    desk, contract = info.desk, table("strategy_states")
    found = {name: _standing(info, name, strategy, trials) for name, strategy in desk.strategies.items()}
    trading = {name: result for name, (result, standing, _) in found.items() if factor_of(desk.record, standing.state) > 0}
    mix = allocate(desk.allocation, trading, {})
    shares = dict.fromkeys(trading, 1.0) if not desk.record.decides else mix.shares
    rows = [_row(desk, info.day.day, name, own, shares.get(name)) for name, own in found.items()]
    return contract.frame(rows or None).sort(contract.key, maintain_order=True)


def factor_of(record: Record, state: str) -> float:
    """Part of its share that a strategy in a state trades."""
    return FACTORS.get(state, record.reduced_size)


def _standing(info: InformationSet, name: str, strategy: Strategy, trials: pl.DataFrame) -> tuple[Result, Standing, Deflation]:
    deflation = deflation_of(trials, name, strategy.trials)
    result = record_of(info, name, strategy)
    if result.label != "tradable":
        return result, Standing("paper", "an index study: there is nothing to trade"), deflation
    if not info.desk.record.decides:
        return result, Standing("live", "record.decides is false: the record is told and decides nothing"), deflation
    standing = walked(info.desk.record, result.days, result.net_eur, deflation)
    return result, _too_good(info.desk, strategy, result, standing), deflation


def _too_good(desk: Desk, strategy: Strategy, result: Result, standing: Standing) -> Standing:
    """A record above what may be believed is on paper until the desk file explains it."""
    recent = result.net_eur[max(standing.counted, result.net_eur.size - desk.record.window_days) :]
    annual = daily_sharpe(recent) * float(np.sqrt(desk.risk.annualisation_days))
    beyond = standing.probability is not None and (annual > SHARPE_CEILING or standing.probability > 1.0 - SIGNIFICANCE)
    if not beyond or strategy.explanation:
        return standing
    return replace(standing, state="paper", why=f"too good and not explained: Sharpe {annual:.1f}; look for a price known too late, or explain it")


def record_of(info: InformationSet, name: str, strategy: Strategy) -> Result:
    """Settled days of the rule, as known now, oldest first; days without any known price of the zone are left out."""
    rules = info.desk.record
    look_back, newest = rules.window_days + rules.minimum_days, info.day.day - timedelta(days=KNOWN_LAG_DAYS)
    first = _signals(info, newest, name, strategy)
    if Trade(first["entry_price"][0], first["exit_price"][0]).label != "tradable":
        zero = np.zeros(0)
        return Result(name, "index_only", (), zero, zero, zero, 0, zero)
    past = history(info, strategy.zone, "spread", look_back)
    known = [day for day, values in zip(past.days, past.values_eur_mwh, strict=True) if not np.isnan(values).all()]
    parts = [_signals(info, day, name, strategy) for day in known]
    auction = information_lookup(info, "day_ahead_prices", zone=strategy.zone)
    second = information_lookup(info, "second_prices", zone=strategy.zone, price_kind=info.desk.zones[strategy.zone].second_price.kind)
    return traded(info.desk, name, strategy.zone, parts, auction, second)


def _signals(info: InformationSet, day: date, name: str, strategy: Strategy) -> pl.DataFrame:
    """What the rule wanted on a past day, cut at that day's decision."""
    then = info.at(day)
    return then.kept("paper_signals", name, strategy.model_dump_json(), make=lambda: strategy_signals(then, name, strategy, None))


def walked(record: Record, days: Sequence[date], net_eur: FloatArray, deflation: Deflation) -> Standing:
    """The state after the last day of a record."""
    now = Standing("paper", f"{net_eur.size} of {record.minimum_days} settled days")
    for at in range(net_eur.size):
        now = _next(record, days, net_eur, at, now, deflation)
    return now


def _next(record: Record, days: Sequence[date], net: FloatArray, at: int, now: Standing, deflation: Deflation) -> Standing:
    if now.state == "stopped":
        if now.since is None or (days[at] - now.since).days < record.rest_days:
            return now
        return Standing("paper", "rested after a stop; its record begins anew", days[at], counted=now.counted, began=at)
    recent = net[max(now.counted, at + 1 - record.window_days) : at + 1]
    if recent.size < record.minimum_days:
        return replace(now, why=f"{recent.size} of {record.minimum_days} settled days")
    chance = edge_probability(recent, deflation)
    if chance is None:
        return replace(now, state="paper", probability=None, why="it did not trade over the record")
    if now.state != "paper":
        fall, stop = float(drawdown(net[now.began : at + 1])[-1]), record.drawdown_stop * float(recent.std(ddof=1))
        if fall > stop:
            return Standing("stopped", f"fell {fall:,.0f} from its peak, {stop:,.0f} allowed", days[at], chance, at + 1, at, fall, stop)
        now = replace(now, drawdown_eur=fall, stop_eur=stop)
    state = _by_chance(record, now.state, chance)
    now = replace(now, probability=chance, why=f"probability of an edge {chance:.2f} after {deflation.count} trial(s)")
    return now if state == now.state else replace(now, state=state, since=days[at], began=at + 1 if now.state == "paper" else now.began)


def _by_chance(record: Record, state: str, chance: float) -> str:
    if chance >= record.live_probability:
        return "live"
    if state == "live":
        return "live" if chance >= record.reduced_probability else "reduced"
    if state == "reduced":
        return "reduced" if chance >= record.paper_probability else "paper"
    return "reduced" if chance >= record.reduced_probability else "paper"


def edge_probability(net_eur: FloatArray, deflation: Deflation) -> float | None:
    """Probability that the mean is above what luck gives the best of the trials; None where nothing varies.

    The t of the mean is Newey and West's, so that days in a row do not count twice; the best of N worthless trials shows
    `expected_best_of` (Bailey and Lopez de Prado 2014).
    """
    from scipy.special import ndtr

    ratio = daily_sharpe(net_eur)
    if ratio == 0.0:
        return None
    spread = 1.0 / np.sqrt(net_eur.size) if deflation.spread is None else deflation.spread
    luck = expected_best_of(deflation.count, spread)
    return float(ndtr(newey_west_t(net_eur) * (1.0 - luck / ratio)))


def newey_west_t(net_eur: FloatArray) -> float:
    """Student's t of the mean with a Newey-West variance; 0 without spread."""
    n = net_eur.size
    variance = newey_west_variance(net_eur, default_lags(n)) * n / (n - 1) if n > 1 else 0.0
    return float(net_eur.mean() / np.sqrt(variance / n)) if variance > 0 else 0.0


def _row(desk: Desk, day: date, name: str, own: tuple[Result, Standing, Deflation], share: float | None) -> dict[str, object]:
    result, standing, deflation = own
    recent = slice(max(standing.counted, len(result.days) - desk.record.window_days), None)
    days, net = result.days[recent], result.net_eur[recent]
    share = None if share is None else min(max(share, 0.0), 1.0)  # a solver's -1e-12 is 0
    return {
        "delivery_day": day,
        "strategy": name,
        "zone": desk.strategies[name].zone,
        "label": result.label,
        "state": standing.state,
        "since": standing.since,
        "size": factor_of(desk.record, standing.state) * (share or 0.0),
        "allocation_share": share,
        "why": standing.why,
        "way_back": _way_back(desk.record, result.label, standing),
        "record_first_day": days[0] if days else None,
        "record_last_day": days[-1] if days else None,
        "days": len(days),
        "gross_eur": float(result.gross_eur[recent].sum()),
        "cost_eur": float(result.cost_eur[recent].sum()),
        "net_eur": float(net.sum()),
        "t": newey_west_t(net) if net.size > 1 else None,
        "probability": standing.probability,
        "trials": deflation.count,
        "drawdown_eur": standing.drawdown_eur,
        "stop_eur": standing.stop_eur,
        "record_of": "realised spreads alone" if isinstance(desk.strategies[name], SpreadStrategy) else "the rule",
    }


def _way_back(record: Record, label: str, standing: Standing) -> str:
    if label != "tradable" or standing.state == "live":
        return ""
    if standing.state == "stopped":
        return f"on paper {record.rest_days} days after the stop, then {record.minimum_days} settled days"
    if standing.state == "reduced":
        return f"live from a probability of {record.live_probability:g}; on paper below {record.paper_probability:g}"
    return f"{record.minimum_days} settled days and a probability of {record.reduced_probability:g}"
