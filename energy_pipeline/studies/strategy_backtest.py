"""`backtest`: walk a desk's strategy over past days from the desk's own sources, and judge it.

What belongs here: reading the sources, walking the days, variants of the parameters, the
figures. What does not: rules and statistics (strategies, risk), the page (`backtest_page`).

Each day is decided from an information set cut at that day's decision time: the very code of the
daily flow. The strategy that compares price forecasts goes by realised spreads alone here, since
years of forecasts are not made for a backtest; the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.desk.strategies import SpreadStrategy, Strategy
from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.domain.seeds import generator
from energy_pipeline.strategies.backtest import results
from energy_pipeline.strategies.results import Result
from energy_pipeline.strategies.validation import MINIMUM_DAYS, Verdict, WalkForward, choose_and_trade, daily_sharpe, verdict

TABLES = ("day_ahead_prices", "second_prices", "generation_forecast", "fuel_prices")
TRAIN_DAYS, TEST_DAYS = 365, 91
LOOK_BACK_DAYS = 750
BLOCK_DAYS = 120
CHANGES: Mapping[str, tuple[float, ...]] = {
    "window_days": (0.5, 2.0),
    "entry_z": (0.75, 1.25),
    "threshold_eur_mwh": (0.5, 2.0),
    "minimum_t": (0.5, 2.0),
    "stop_eur_mwh": (0.5, 2.0),
}
"""Neighbours of a parameter, as factors."""
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Backtest:
    """A strategy over past days.

    Attributes
    ----------
    result : Result
        Daily results of the strategy as it stands in the desk file.
    judged : Verdict or None
        None for an index study: it has no Sharpe ratio.
    mean_eur, mean_low, mean_high : float
        Net result a day with its 95 % interval (stationary bootstrap); of an index study the points [EUR/MWh].
    variants : dict of str to Result
        The same with one parameter changed.
    walked : WalkForward or None
        Choosing among the variants on a year, trading the next quarter.
    first, last : date
        The span asked for.
    data : str
        Hash of the prices.
    """

    desk: Desk
    name: str
    strategy: Strategy
    result: Result
    judged: Verdict | None
    mean_eur: float
    mean_low: float
    mean_high: float
    variants: dict[str, Result]
    walked: WalkForward | None
    first: date
    last: date
    data: str

    def trials(self) -> list[tuple[Strategy, Result]]:
        """Every parameter set that was run, with its results."""
        named = neighbours(self.strategy)
        return [(self.strategy, self.result), *((named[name], result) for name, result in self.variants.items())]


def run(
    desk_path: Path,
    data: Path,
    name: str,
    first: date,
    last: date,
    *,
    with_variants: bool = True,
    without_costs: bool = False,
    told: Told | None = None,
) -> Backtest:
    """Walk one strategy.

    Parameters
    ----------
    desk_path, data : Path
        Desk file, and the folder its relative paths count from.
    with_variants : bool
        Also its neighbours in parameters, for stability and walk-forward choice.
    without_costs : bool
        Fees and costs set to 0.
    told : callable
        (days done, days in all).

    Raises
    ------
    DeskError
        The desk has no such strategy.
    """
    desk = load_desk(desk_path)
    if name not in desk.strategies:
        raise DeskError(desk_path.name, [f"no strategy {name!r}; there are {', '.join(desk.strategies) or 'none'}"])
    if without_costs:
        desk = _free(desk)
    named = {"chosen": desk.strategies[name]} | (neighbours(desk.strategies[name]) if with_variants else {})
    walked_desk = desk.model_copy(update={"strategies": named})
    raw = _raw(walked_desk, data, first, last)
    signals = _walk(walked_desk, raw, first, last, told or _silent)
    found = {r.strategy: r for r in results(walked_desk, last, signals, raw["day_ahead_prices"], raw["second_prices"], raw["fuel_prices"])}
    result = found.pop("chosen")
    return _judged(desk, name, result, found, (first, last, data_hash(raw)))


def data_hash(raw: Mapping[str, pl.DataFrame]) -> str:
    """Of the rows a backtest reads, 16 hex digits."""
    digest = sha256()
    for name in sorted(raw):
        digest.update(raw[name].sort(raw[name].columns).write_csv().encode())
    return digest.hexdigest()[:16]


def neighbours(strategy: Strategy) -> dict[str, Strategy]:
    """The strategy with one parameter changed, by a name that says which; changes its model refuses are left out."""
    found: dict[str, Strategy] = {}
    for field, factors in CHANGES.items():
        value = getattr(strategy, field, None)
        if value is None:
            continue
        for factor in factors:
            other = round(value * factor) if isinstance(value, int) else value * factor
            try:
                found[f"{field}_{other:g}"] = type(strategy).model_validate(strategy.model_dump() | {field: other})
            except ValueError:
                continue
    return found


def _free(desk: Desk) -> Desk:
    zones = {
        n: z.model_copy(update={"second_price": z.second_price.model_copy(update={"imbalance_fee_eur_mwh": 0.0})}) for n, z in desk.zones.items()
    }
    return desk.model_copy(update={"zones": zones, "trading_costs": {}})


def _raw(desk: Desk, data: Path, first: date, last: date) -> dict[str, pl.DataFrame]:
    from energy_pipeline.ingestion import collect
    from energy_pipeline.lake.source_files import SourceFiles

    load = SourceFiles(data).load
    longest = max((s.window_days for s in desk.strategies.values()), default=1)
    begin = first - timedelta(days=min(3 * longest + 40, LOOK_BACK_DAYS))
    zones = {s.zone for s in desk.strategies.values()} | {getattr(s, "other_zone", None) for s in desk.strategies.values()}
    found = {}
    for name in TABLES:
        frame = collect(desk, name, begin, last, load).frame
        found[name] = frame.filter(pl.col("zone").is_in(list(zones))) if "zone" in frame.columns else frame
    return found


def _silent(_done: int, _total: int) -> None:
    return None


def _walk(desk: Desk, raw: Mapping[str, pl.DataFrame], first: date, last: date, told: Told) -> pl.DataFrame:
    """Signals of every day; a block of days has an archive of its own, which bounds the memory."""
    from energy_pipeline.information.archive import Archive
    from energy_pipeline.strategies.signal_table import strategy_signals

    days, parts = days_between(first, last), []
    for begin in range(0, len(days), BLOCK_DAYS):
        block = days[begin : begin + BLOCK_DAYS]
        since = block[0] - timedelta(days=LOOK_BACK_DAYS)
        archive = Archive(desk, {n: f.filter(pl.col("delivery_day").is_between(since, block[-1])) for n, f in raw.items()})
        for i, day in enumerate(block):
            info = archive.at(day)
            parts += [strategy_signals(info, name, strategy, None) for name, strategy in desk.strategies.items()]
            told(begin + i + 1, len(days))
    return pl.concat(parts)


def _judged(desk: Desk, name: str, result: Result, variants: dict[str, Result], run_on: tuple[date, date, str]) -> Backtest:
    strategy = desk.strategies[name]
    money = result.label == "tradable"
    daily = result.net_eur if money else result.points_eur_mwh
    low, high = mean_interval(daily, name)
    judged, walked = None, None
    if money:
        table = _common({"chosen": result} | variants)
        spread = float(np.std([daily_sharpe(row) for row in table], ddof=1)) if len(table) > 1 else None
        if table.shape[1] >= TRAIN_DAYS + TEST_DAYS and len(table) > 1:
            walked = choose_and_trade(table, TRAIN_DAYS, TEST_DAYS)
        judged = verdict(
            result.net_eur,
            generator("strategies", None, name, "backtest"),
            trials=max(strategy.trials, 1 + len(variants)),
            # Neighbours of one choice are alike: their spread is taken only where it is wider than luck alone.
            sharpe_spread=max(spread or 0.0, 1.0 / np.sqrt(max(result.net_eur.size, 1))),
            explanation=strategy.explanation,
            annualisation_days=desk.risk.annualisation_days,
        )
    mean = float(daily.mean()) if daily.size else float("nan")
    return Backtest(desk, name, strategy, result, judged, mean, low, high, variants, walked, *run_on)


def _common(found: Mapping[str, Result]) -> FloatArray:
    days = sorted(set.intersection(*(set(r.days) for r in found.values())))
    columns = [dict(zip(r.days, r.net_eur.tolist(), strict=True)) for r in found.values()]
    return np.array([[c[d] for d in days] for c in columns])


def mean_interval(daily: FloatArray, name: str, draws: int = 2000, block_days: int = 7) -> tuple[float, float]:
    """95 % interval of the mean a day, by circular blocks of a week."""
    if daily.size < MINIMUM_DAYS:
        return float("nan"), float("nan")
    rng, blocks = generator("strategies", None, name, "mean"), -(-daily.size // block_days)
    starts = rng.integers(0, daily.size, (draws, blocks))
    picked = (starts[:, :, None] + np.arange(block_days)).reshape(draws, -1)[:, : daily.size] % daily.size
    low, high = np.quantile(daily[picked].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def goes_without_forecasts(strategy: Strategy) -> bool:
    """Whether the daily flow would use price forecasts that a backtest goes without."""
    return isinstance(strategy, SpreadStrategy)
