"""Every trial of a rule, as a file that is only added to, and what their number takes off a record.

What belongs here: the file's columns and how a line can be wrong, the identity of a trial, which trials are alike, how many count. What
does not: running trials (`studies.strategy_backtest`), opening files (`lake.source_files`).

known_at, identity, strategy, rule, parameters, zone, first_day, last_day, data, net_eur: `identity` is the hash of rule, parameters,
instrument, span and data, so that a repeat adds nothing; `net_eur` has a result per day from first to last, separated by semicolons, empty
where a day is not settled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.strategies.validation import daily_sharpe

COLUMNS = ("known_at", "identity", "strategy", "rule", "parameters", "zone", "first_day", "last_day", "data", "net_eur")
ALIKE = 0.5
"""Mean correlation from which two groups of trials count as one."""
COMMON_DAYS = 20
"""Days two trials must share for a correlation; with fewer each counts."""


@dataclass(frozen=True)
class Deflation:
    """How many independent trials a record is the best of, and how far their daily Sharpe ratios spread (None: as luck alone spreads them)."""

    count: int
    spread: float | None


def identity_of(rule: str, parameters: str, zone: str, first: date, last: date, data: str) -> str:
    """The name of a trial: the same for a repeat.

    >>> identity_of("momentum", "{}", "A", date(2026, 1, 1), date(2026, 2, 1), "x")
    '2d4a1d60a5834741'
    """
    return sha256("|".join((rule, parameters, zone, str(first), str(last), data)).encode()).hexdigest()[:16]


def checked_trials(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """The trials in their order in the file, the first of each identity.

    Raises
    ------
    SourceError
        Naming file, line, value and next step of everything that is wrong.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise SourceError(f"{file} line 1: no column {', '.join(missing)} -> the columns are {', '.join(COLUMNS)}")
    problems: list[str] = []
    rows = []
    for line, row in enumerate(frame.select(pl.col(COLUMNS).cast(pl.String)).to_dicts(), start=2):
        found, told = _typed(row)
        problems += [f"  - {file} line {line}, {text}" for text in told]
        rows.append(found)
    if problems:
        raise SourceError("\n".join([f"{file}: {len(problems)} problem(s); a trial's line is written by energy-pipeline backtest", *problems]))
    schema: dict[str, pl.DataType | type[pl.DataType]]
    schema = {"known_at": pl.Datetime("us", "UTC"), "first_day": pl.Date, "last_day": pl.Date, "net_eur": pl.List(pl.Float64)}
    typed = pl.DataFrame(rows, schema={name: schema.get(name, pl.String) for name in COLUMNS})
    return typed.unique("identity", keep="first", maintain_order=True)


def _typed(row: dict[str, str | None]) -> tuple[dict[str, object], list[str]]:
    told = [f"column {name!r}: empty -> every line needs it" for name in COLUMNS if not row[name]]
    found: dict[str, object] = dict(row)
    for name in ("first_day", "last_day"):
        found[name] = _or_told(lambda text: date.fromisoformat(text[:10]), row[name], f"column {name!r}", "a day as 2026-04-01", told)
    found["known_at"] = _or_told(_instant, row["known_at"], "column 'known_at'", "an instant with its time zone", told)
    found["net_eur"] = _or_told(_results, row["net_eur"], "column 'net_eur'", "numbers separated by semicolons", told)
    first, last, net = found["first_day"], found["last_day"], found["net_eur"]
    if isinstance(first, date) and isinstance(last, date) and isinstance(net, list) and len(net) != (last - first).days + 1:
        told.append(f"column 'net_eur': {len(net)} results for {(last - first).days + 1} days -> one per day, empty where a day is not settled")
    return found, told


def _or_told(make: Callable[[str], object], text: str | None, where: str, wanted: str, told: list[str]) -> object:
    if not text:
        return None
    try:
        return make(text)
    except ValueError:
        told.append(f"{where}: {text[:40]!r} -> write {wanted}")
        return None


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.astimezone(UTC)


def _results(text: str) -> list[float | None]:
    return [float(part) if part.strip() else None for part in text.split(";")]


def trials_table(trials: pl.DataFrame | None, day: date, decided: datetime) -> pl.DataFrame:
    """Table `strategy_trials`: what was known of trials at the decision, alike ones with one number per strategy.

    Parameters
    ----------
    trials : frame of `checked_trials`, or None
    decided : datetime
        Later trials are not looked at.
    """
    contract = table("strategy_trials")
    if trials is None:
        return contract.frame()
    rows = []
    for part in trials.filter(pl.col("known_at") <= decided).sort("strategy", "known_at", "identity").partition_by("strategy", maintain_order=True):
        lines = part.to_dicts()
        series = [np.array([np.nan if v is None else v for v in line["net_eur"]]) for line in lines]
        groups = alike(series, [line["first_day"] for line in lines])
        for line, net, group in zip(lines, series, groups.tolist(), strict=True):
            settled = net[~np.isnan(net)]
            own = {"delivery_day": day, "days": settled.size, "sharpe_daily": daily_sharpe(settled), "alike": group}
            rows.append({name: line[name] for name in COLUMNS if name != "net_eur"} | own)
    return contract.frame(rows or None).sort(contract.key, maintain_order=True)


def alike(series: Sequence[FloatArray], first_days: Sequence[date]) -> IntArray:
    """Number of the group of each trial, from 1: average linkage of 1 - correlation, cut at 1 - `ALIKE`.

    >>> x = np.random.default_rng(1).normal(size=60)
    >>> alike([x, 2 * x, -x], [date(2026, 1, 1)] * 3).tolist()
    [1, 1, 2]
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    n = len(series)
    if n < 2:
        return np.ones(n, dtype=np.int64)
    apart = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            apart[i, j] = apart[j, i] = 1.0 - _correlation(series[i], series[j], (first_days[j] - first_days[i]).days)
    return np.asarray(fcluster(linkage(squareform(apart, checks=False), "average"), 1.0 - ALIKE, "distance"), dtype=np.int64)


def _correlation(one: FloatArray, other: FloatArray, later: int) -> float:
    """Of the days both have; `later`: days the other begins after the one."""
    one, other = one[max(later, 0) :], other[max(-later, 0) :]
    size = min(one.size, other.size)
    both = ~np.isnan(one[:size]) & ~np.isnan(other[:size])
    x, y = one[:size][both], other[:size][both]
    if x.size < COMMON_DAYS or float(np.ptp(x)) == 0.0 or float(np.ptp(y)) == 0.0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1])


def deflation_of(rows: pl.DataFrame, strategy: str, declared: int) -> Deflation:
    """What a strategy's record is the best of: groups of its trials, at least as many as the desk file declares.

    Parameters
    ----------
    rows : frame of strategy_trials
    """
    own = rows.filter(pl.col("strategy") == strategy)
    spread = float(np.std(own["sharpe_daily"].to_numpy(), ddof=1)) if own.height > 1 else None
    return Deflation(max(declared, own["alike"].n_unique()), spread)
