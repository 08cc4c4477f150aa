"""The book's files: contracts, quotes, trades, limits, price scenarios.

What belongs here: their columns, and checking them. What does not: how cells are written (`reading`), what is done
with them (`book`).

contracts.csv   name, kind, first_day, last_day; optional: the other fields of `Instrument`, factor_<name> for exposures
quotes.csv      contract, bid, ask; optional known_at (UTC, or with its own offset): the last one at or before `as_of` counts
trades.csv      contract, position, price; optional traded_at (as known_at): trades after `as_of` are left out
prices          scenario, delivery_start (as known_at), series (a zone, gas or carbon), value; CSV or Parquet
limits.yaml     a list of {limit, name, ...}: see `read_limits`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.desk.layout import FileLayout, TimeLabel
from energy_pipeline.desk.written import read_yaml
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, days_between
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.portfolio.forwards.book import ForwardBook, select
from energy_pipeline.portfolio.forwards.instruments import KINDS, Instrument
from energy_pipeline.portfolio.forwards.market import Market
from energy_pipeline.reading.clocks import read_instants
from energy_pipeline.reading.numbers import PLAIN, checked_numbers
from energy_pipeline.reading.opening import text_frame

FACTOR = "factor_"
FUELS = ("gas", "carbon")


@dataclass(frozen=True)
class _Rows:
    """A file's rows as text, and the line of the first."""

    file: str
    frame: pl.DataFrame
    layout: FileLayout
    first_line: int = 2

    def line(self, at: int) -> str:
        return f"{self.file} line {at + self.first_line}"


def read_book(contracts: Path, quotes: Path, trades: Path | None = None, as_of: datetime | None = None, layout: FileLayout = PLAIN) -> ForwardBook:
    """The book as known at an instant.

    Parameters
    ----------
    layout : FileLayout
        Marks of all three files: `decimal`, `separator` and the like.

    Raises
    ------
    BadProblemError
        Listing every unknown kind, contract, missing column or bad number of all files.
    """
    problems: list[str] = []
    instruments = _instruments(_read(contracts, ("name", "kind", "first_day", "last_day"), layout, problems), problems)
    names = [i.name for i in instruments]
    problems += [f"{contracts.name}: contract {n!r} repeats" for n in sorted({n for n in names if names.count(n) > 1})]
    bid, ask = np.full(len(names), np.nan), np.full(len(names), np.nan)
    for row in _of(
        _numbered(_read(quotes, ("contract", "bid", "ask"), layout, problems), ("bid", "ask"), "known_at", as_of, problems), names, problems
    ):
        bid[names.index(row["contract"])], ask[names.index(row["contract"])] = row["bid"], row["ask"]
    held, cost = np.zeros(len(names)), 0.0
    if trades is not None:
        rows = _read(trades, ("contract", "position", "price"), layout, problems)
        for column in ("position", "price"):
            empty = rows.frame[column].is_null().arg_true().to_list()
            problems += [f"{rows.line(at)}, column {column!r}: empty -> a trade has a position and a price" for at in empty]
        for row in _of(_numbered(rows, ("position", "price"), "traded_at", as_of, problems), names, problems):
            held[names.index(row["contract"])] += row["position"]
            cost += row["position"] * row["price"]
    if problems:
        raise al.BadProblemError(problems)
    return ForwardBook(tuple(instruments), bid, ask, held, cost)


def _read(path: Path, needed: Sequence[str], layout: FileLayout, problems: list[str]) -> _Rows:
    nothing = pl.DataFrame(schema=dict.fromkeys(needed, pl.String))
    try:
        frame = text_frame(path.read_bytes(), layout, path.name)
    except SourceError as error:
        problems.append(str(error))
        return _Rows(path.name, nothing, layout)
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        problems.append(f"{path.name}: column(s) {', '.join(missing)} are missing; found {', '.join(frame.columns)}")
        return _Rows(path.name, nothing, layout)
    return _Rows(path.name, frame, layout, layout.skip_rows + 1 + layout.skip_after_header + 1)


def _numbered(rows: _Rows, numbers: Sequence[str], stamp: str, as_of: datetime | None, problems: list[str]) -> _Rows:
    """Rows known at the instant, oldest first, with their numbers as numbers."""
    frame = rows.frame.with_row_index("_at")
    for name in numbers:
        values, told = checked_numbers(frame[name], rows.file, rows.layout, rows.first_line)
        frame = frame.with_columns(values.alias(name))
        problems += told
    stamps = [stamp] if stamp in frame.columns else []
    if stamps and frame.height:
        try:
            frame = frame.with_columns(read_instants(frame[stamp], TimeLabel(column=stamp, clock="utc"), 60, rows.file).alias(stamp))
        except SourceError as error:
            problems.append(f"{error} (here: ISO, such as 2025-03-20T10:00Z)")
            return replace(rows, frame=frame.clear())
    twice = frame.filter(pl.struct("contract", *stamps).is_duplicated()) if "bid" in numbers else frame.clear()
    for (contract, *_), same in twice.group_by("contract", *stamps, maintain_order=True):
        if same.select("bid", "ask").n_unique() > 1:
            lines = ", ".join(str(at + rows.first_line) for at in same["_at"])
            problems.append(
                f"{rows.file} lines {lines}: several quotes of {contract!r}, none the latest -> keep one, or say when each was known in {stamp}"
            )
    frame = frame.sort(stamp, maintain_order=True) if stamps else frame
    return replace(rows, frame=frame if as_of is None or not stamps else frame.filter(pl.col(stamp) <= as_of))


def _of(rows: _Rows, names: Sequence[str], problems: list[str]) -> list[dict[str, Any]]:
    found = rows.frame.with_columns(pl.col(c).fill_null(float("nan")) for c, kind in rows.frame.schema.items() if kind == pl.Float64).to_dicts()
    strangers = sorted({str(r["contract"]) for r in found} - set(names))
    problems += [f"{rows.file}: contract {n!r} is not in the contracts file" for n in strangers]
    return [r for r in found if r["contract"] in names]


def _instruments(rows: _Rows, problems: list[str]) -> list[Instrument]:
    known = {f.name: str(f.type) for f in fields(Instrument)}
    unknown = [k for k in rows.frame.columns if k not in known and not k.startswith(FACTOR)]
    if unknown:
        problems.append(f"{rows.file}: unknown column(s) {', '.join(unknown)}")
    frame = rows.frame
    for name in frame.columns:
        if name.startswith(FACTOR) or known.get(name, "").startswith(("float", "int")):
            values, told = checked_numbers(frame[name], rows.file, rows.layout, rows.first_line)
            frame = frame.with_columns(values.alias(name))
            problems += told
    found = []
    for at, row in enumerate(frame.to_dicts()):
        given = {k: v for k, v in row.items() if v is not None and k in known}
        if given.get("kind") not in KINDS:
            problems.append(f"{rows.line(at)}: kind {given.get('kind')!r}; kinds: {', '.join(KINDS)}")
            continue
        exposures = tuple((k.removeprefix(FACTOR), v) for k, v in row.items() if k.startswith(FACTOR) and v is not None)
        try:
            found.append(Instrument(**{k: _typed(known[k], k, v) for k, v in given.items()}, exposures=exposures))
        except (ValueError, TypeError) as error:
            problems.append(f"{rows.line(at)}: {error}")
    return found


def _typed(kind: str, name: str, value: Any) -> Any:  # noqa: ANN401 - the field's own type
    if kind == "date":
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"column {name!r}: {value!r} is no date such as 2025-04-01") from None
    if kind.startswith("int"):
        if value != int(value):
            raise ValueError(f"column {name!r}: {value} is no whole number")
        return int(value)
    return value


def read_market(path: Path, time_zone: str, layout: FileLayout = PLAIN) -> Market:
    """Price scenarios of consecutive days from one long file; gas and carbon daily (any instant of the local day).

    Raises
    ------
    BadProblemError
        Listing columns that are missing, values that are no numbers or times, and zones whose intervals are not whole.
    """
    frame = _prices(path, layout)
    frame = frame.with_columns(pl.col("delivery_start").dt.convert_time_zone(time_zone).dt.date().alias("day"))
    power = frame.filter(~pl.col("series").is_in(FUELS))
    days = days_between(_date(power["day"].min()), _date(power["day"].max()))
    starts = power["delivery_start"].unique().sort().cast(pl.Int64).to_numpy()
    minutes = int(np.diff(starts).min() // 60_000_000) if starts.size > 1 else 60
    expected = np.concatenate([DeliveryDay(d, time_zone).interval_starts_us(minutes) for d in days])
    rows = {str(z): power.filter(pl.col("series") == z) for z in power["series"].unique().sort().to_list()}
    problems = [
        f"{path.name}: {z} has {n} of {expected.size} intervals" for z, r in rows.items() if (n := r["delivery_start"].n_unique()) != expected.size
    ]
    if problems:
        raise al.BadProblemError(problems)
    arrays = {z: _wide(r, "delivery_start") for z, r in rows.items()}
    fuels = {f: _wide(frame.filter(pl.col("series") == f), "day") for f in FUELS if frame.filter(pl.col("series") == f).height}
    return Market(tuple(days), time_zone, minutes, arrays, fuels.get("gas"), fuels.get("carbon"))


def _prices(path: Path, layout: FileLayout) -> pl.DataFrame:
    """scenario, delivery_start (UTC), series, value."""
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else text_frame(path.read_bytes(), layout, path.name)
        missing = [c for c in ("scenario", "delivery_start", "series", "value") if c not in frame.columns]
        if missing:
            raise SourceError(f"{path.name}: column(s) {', '.join(missing)} are missing; found {', '.join(frame.columns)}")
        stamps = read_instants(frame["delivery_start"], TimeLabel(column="delivery_start", clock="utc"), 60, path.name)
    except SourceError as error:
        raise al.BadProblemError([str(error)]) from error
    problems: list[str] = []
    columns = {}
    for name in ("scenario", "value"):
        columns[name], told = checked_numbers(frame[name], path.name, layout)
        empty = int(columns[name].null_count())
        problems += told or ([f"{path.name}: column {name!r} is empty in {empty} row(s)"] if empty else [])
    frame = frame.with_columns(stamps.alias("delivery_start"), *(v.alias(n) for n, v in columns.items()))
    twice = frame.filter(pl.struct("scenario", "delivery_start", "series").is_duplicated())
    if twice.height:
        problems.append(
            f"{path.name}: {twice.height} rows share scenario, delivery_start and series, such as {twice['series'][0]} {twice['delivery_start'][0]}"
        )
    if problems:
        raise al.BadProblemError(problems)
    return frame


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
    try:
        written = read_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise al.BadProblemError([f"{path.name}: is not YAML: {error}"]) from error
    problems += [f"{path.name}: {text}" for text in written.doubled]
    entries = written.data or []
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise al.BadProblemError([f"{path.name}: must be a list of entries such as - {{limit: net, name: ...}}"])
    for entry in entries:
        try:
            limits.append(_limit(entry, book, market))
        except KeyError as error:
            problems.append(f"{path.name}: {entry.get('name', entry)!s}: no {error}")
        except (ValueError, TypeError) as error:
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
