"""The book's files: contracts, quotes, trades, limits, price scenarios.

What belongs here: reading and checking them. What does not: what is done with them (`book`).

contracts.csv   name, kind, first_day, last_day; optional: the other fields of `Instrument`, factor_<name> for exposures
quotes.csv      contract, bid, ask; optional known_at (UTC): the last one at or before `as_of` counts
trades.csv      contract, position, price; optional traded_at (UTC): trades after `as_of` are left out
prices          scenario, delivery_start (UTC), series (a zone, gas or carbon), value; CSV or Parquet
limits.yaml     a list of {limit, name, ...}: see `read_limits`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, days_between
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.portfolio.forwards.book import ForwardBook, select
from energy_pipeline.portfolio.forwards.instruments import KINDS, Instrument
from energy_pipeline.portfolio.forwards.market import Market

FACTOR = "factor_"
FUELS = ("gas", "carbon")


def read_book(contracts: Path, quotes: Path, trades: Path | None = None, as_of: datetime | None = None) -> ForwardBook:
    """The book as known at an instant.

    Raises
    ------
    BadProblemError
        Listing every unknown kind, contract, missing column or bad number of all files.
    """
    problems: list[str] = []
    instruments = _instruments(_read(contracts, ("name", "kind", "first_day", "last_day"), problems), contracts.name, problems)
    names = [i.name for i in instruments]
    problems += [f"{contracts.name}: contract {n!r} repeats" for n in sorted({n for n in names if names.count(n) > 1})]
    bid, ask = np.full(len(names), np.nan), np.full(len(names), np.nan)
    found = _known(_read(quotes, ("contract", "bid", "ask"), problems), "known_at", as_of)
    for row in _of(found, names, quotes.name, problems):
        bid[names.index(row["contract"])], ask[names.index(row["contract"])] = _number(row["bid"]), _number(row["ask"])
    held, cost = np.zeros(len(names)), 0.0
    if trades is not None:
        for row in _of(_known(_read(trades, ("contract", "position", "price"), problems), "traded_at", as_of), names, trades.name, problems):
            held[names.index(row["contract"])] += _number(row["position"])
            cost += _number(row["position"]) * _number(row["price"])
    if problems:
        raise al.BadProblemError(problems)
    return ForwardBook(tuple(instruments), bid, ask, held, cost)


def _read(path: Path, needed: Sequence[str], problems: list[str]) -> pl.DataFrame:
    frame = pl.read_csv(path, try_parse_dates=False, infer_schema=False)
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        problems.append(f"{path.name}: column(s) {', '.join(missing)} are missing")
        return pl.DataFrame(schema=dict.fromkeys(needed, pl.String))
    return frame


def _known(frame: pl.DataFrame, column: str, as_of: datetime | None) -> pl.DataFrame:
    """Rows known at the instant, oldest first."""
    if column not in frame.columns:
        return frame
    rows = frame.with_columns(pl.col(column).map_elements(_instant, return_dtype=pl.Datetime("us", "UTC"))).sort(column, maintain_order=True)
    return rows if as_of is None else rows.filter(pl.col(column) <= as_of)


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _of(frame: pl.DataFrame, names: Sequence[str], file: str, problems: list[str]) -> list[dict[str, Any]]:
    rows = frame.to_dicts()
    problems += [f"{file}: contract {n!r} is not in the contracts file" for n in sorted({r["contract"] for r in rows} - set(names))]
    return [r for r in rows if r["contract"] in names]


def _number(text: str | None) -> float:
    return float("nan") if text is None or text.strip() == "" else float(text)


def _instruments(frame: pl.DataFrame, file: str, problems: list[str]) -> list[Instrument]:
    known = {f.name: f.type for f in fields(Instrument)}
    found = []
    for number, row in enumerate(frame.to_dicts(), start=2):
        given = {k: v for k, v in row.items() if v not in {None, ""} and k in known}
        unknown = [k for k in row if k not in known and not k.startswith(FACTOR)]
        if number == 2 and unknown:
            problems.append(f"{file}: unknown column(s) {', '.join(unknown)}")
        if given.get("kind") not in KINDS:
            problems.append(f"{file} line {number}: kind {given.get('kind')!r}; kinds: {', '.join(KINDS)}")
            continue
        exposures = tuple((k.removeprefix(FACTOR), _number(v)) for k, v in row.items() if k.startswith(FACTOR) and v not in {None, ""})
        try:
            found.append(Instrument(**{k: _typed(str(known[k]), v) for k, v in given.items()}, exposures=exposures))
        except (ValueError, TypeError) as error:
            problems.append(f"{file} line {number}: {error}")
    return found


def _typed(kind: str, text: str) -> Any:  # noqa: ANN401 - the field's own type
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "float":
        return float(text)
    return int(text) if kind.startswith("int") else text


def read_market(path: Path, time_zone: str) -> Market:
    """Price scenarios of consecutive days from one long file; gas and carbon daily (any instant of the local day)."""
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
    if frame["delivery_start"].dtype == pl.Datetime("us"):
        frame = frame.with_columns(pl.col("delivery_start").dt.replace_time_zone("UTC"))
    frame = frame.with_columns(pl.col("delivery_start").dt.convert_time_zone(time_zone).dt.date().alias("day"))
    power = frame.filter(~pl.col("series").is_in(FUELS))
    days = days_between(_date(power["day"].min()), _date(power["day"].max()))
    starts = power["delivery_start"].unique().sort().cast(pl.Int64).to_numpy()
    minutes = int(np.diff(starts).min() // 60_000_000) if starts.size > 1 else 60
    expected = np.concatenate([DeliveryDay(d, time_zone).interval_starts_us(minutes) for d in days])
    arrays = {str(z): _wide(power.filter(pl.col("series") == z), "delivery_start") for z in power["series"].unique().sort().to_list()}
    problems = [f"{path.name}: {z} has {a.shape[1]} of {expected.size} intervals" for z, a in arrays.items() if a.shape[1] != expected.size]
    if problems:
        raise al.BadProblemError(problems)
    fuels = {f: _wide(frame.filter(pl.col("series") == f), "day") for f in FUELS if frame.filter(pl.col("series") == f).height}
    return Market(tuple(days), time_zone, minutes, arrays, fuels.get("gas"), fuels.get("carbon"))


def _date(value: object) -> date:
    if not isinstance(value, date):
        raise al.BadProblemError(["the price file holds no power prices"])
    return value


def _wide(rows: pl.DataFrame, column: str) -> FloatArray:
    wide = rows.pivot(on=column, index="scenario", values="value", sort_columns=True).sort("scenario")
    return wide.drop("scenario").cast(pl.Float64).to_numpy()


def read_limits(path: Path, book: ForwardBook, market: Market) -> list[Limit]:
    """Limits of the book from YAML.

    Each entry has `limit`, `name` and, by kind:

    - net, gross, turnover: `low`/`high` units (times `per`: mw, mwh, margin, credit) over the contracts that `where` selects
      (kind, zone, block, tenor, name)
    - factor: `factor`, `low`/`high`: sum of exposures
    - cvar, drawdown: `high`, `confidence`; volatility: `high`; mean: `low`

    Raises
    ------
    BadProblemError
        Listing every entry that cannot be read, or that selects nothing.
    """
    import yaml

    problems: list[str] = []
    limits = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
        try:
            limits.append(_limit(entry, book, market))
        except (KeyError, ValueError, TypeError) as error:
            problems.append(f"{path.name}: {entry.get('name', entry)!s}: {error}")
    if problems:
        raise al.BadProblemError(problems)
    return limits


def _limit(entry: Mapping[str, Any], book: ForwardBook, market: Market) -> Limit:
    kind, name = str(entry["limit"]), str(entry["name"])
    low, high = float(entry.get("low", -np.inf)), float(entry.get("high", np.inf))
    confidence = float(entry.get("confidence", 0.95))
    plain: dict[str, Limit] = {
        "cvar": al.CvarLimit(name, high, confidence),
        "drawdown": al.DrawdownLimit(name, high, confidence),
        "volatility": al.VolatilityLimit(name, high),
        "mean": al.MeanFloor(name, low),
    }
    if kind in plain:
        return plain[kind]
    if kind not in {"net", "factor", "gross", "turnover"}:
        raise ValueError(f"unknown limit {kind!r}; limits: net, gross, turnover, factor, {', '.join(plain)}")
    weights = _weights(entry, kind, book, market)
    if kind == "gross":
        return al.Gross(name, high, weights)
    return al.Turnover(name, high, weights) if kind == "turnover" else al.Linear(name, weights, low, high)


def _weights(entry: Mapping[str, Any], kind: str, book: ForwardBook, market: Market) -> dict[str, float]:
    if kind == "factor":
        found = {i.name: dict(i.exposures).get(str(entry["factor"]), 0.0) for i in book.instruments}
        if not any(found.values()):
            raise ValueError(f"no contract has an exposure to factor {entry['factor']!r}")
        return found
    chosen = select(book.instruments, {k: str(v) for k, v in dict(entry.get("where", {})).items()})
    if not chosen:
        raise ValueError(f"no contract matches {entry.get('where')}")
    per = str(entry.get("per", "mw"))
    columns: dict[str, Callable[[Instrument], float]] = {
        "mwh": lambda i: i.quantity(market),
        "margin": lambda i: i.margin_eur,
        "credit": lambda i: i.credit_eur,
    }
    if per != "mw" and per not in columns:
        raise ValueError(f"per {per!r}; one of mw, {', '.join(columns)}")
    return {i.name: columns[per](i) if per in columns else 1.0 for i in chosen}
