"""`risk factors`: what a decided book's risk goes with, and what settled P&L went with factors from a file.

What belongs here: reading the lake and the file, the answers as text. What does not: the model (`mathematics.statistics.factors`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.desk.risk import FactorFile
from energy_pipeline.domain.errors import MissingDayError, SourceError
from energy_pipeline.lake import Lake
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.mathematics.statistics.factors import book_risk, exposures_over_time, fit
from energy_pipeline.reading.numbers import numbers
from energy_pipeline.risk.day_factors import usable
from energy_pipeline.risk.exposures import MINIMUM_DAYS
from energy_pipeline.risk.factor_file import checked_factors, known_moves

BOOK = "book"
NUMBERS = (pl.Float64, pl.Float32, pl.Int64, pl.Int32)


def decided(lake: Lake, day: date, scope: str) -> list[str]:
    """The table factor_exposures of a day and scope as Markdown.

    Raises
    ------
    MissingDayError
        When the day was not decided, or has no such scope.
    """
    frame = lake.read("factor_exposures", day, day)
    found = frame.filter(pl.col("scope") == scope)
    if found.is_empty():
        scopes = ", ".join(frame["scope"].unique().sort().to_list()) or "none: too few days of forecast errors"
        raise MissingDayError("factor_exposures", [day], f"no scope {scope!r}; scopes: {scopes}")
    lines = []
    kinds = found.partition_by("factor_kind", as_dict=True)
    for part in (kinds[k,] for k in ("named", "component", "file") if (k,) in kinds):
        volatility = float(part["contribution_eur"].sum())
        lines += ["", f"{part['factor_kind'][0]} factors, {part['days'][0]} days, volatility {volatility:,.0f} EUR", ""]
        lines += ["| factor | EUR per unit | earlier | unit | moves by | part of volatility | share |", "|---|---|---|---|---|---|---|"]
        ordered = part.sort(pl.col("contribution_eur").abs(), "factor", descending=[True, False]).to_dicts()
        for r in ordered:
            exposures = f"{_number(r['exposure_eur'])} | {_number(r['exposure_earlier_eur'])} | {r['unit']} | {_number(r['factor_volatility'], 2)}"
            share = "-" if r["share_of_variance"] is None else f"{r['share_of_variance']:.0%}"
            lines.append(f"| {r['factor']} | {exposures} | {r['contribution_eur']:,.0f} | {share} |")
        lines += [f"{r['factor']}: {r['note']}" for r in ordered if r["note"]]
    return lines[1:]


def settled(lake: Lake, path: Path, scope: str, decay: float) -> list[str]:
    """Settled P&L of all days in the lake against the factors of a file, as Markdown.

    A day's P&L stands beside the day's returns, whenever those were known: this explains, and forecasts nothing.

    Raises
    ------
    SourceError
        When the file cannot be read, or holds no factor.
    MissingDayError
        With fewer than 20 settled days that the file covers.
    """
    file, frame = opened(path)
    days = lake.days("pnl")
    pnl = lake.read("pnl", days[0], days[-1], missing="skip") if days else lake.read("pnl", date(1970, 1, 1), date(1970, 1, 1), missing="skip")
    own = pnl if scope == BOOK else pnl.filter(pl.col("zone") == scope)
    ordered = own.sort("delivery_day", "zone", "delivery_start", maintain_order=True)  # floats are summed in one order
    daily = ordered.group_by("delivery_day", maintain_order=True).agg(pl.col("headline_eur").sum())
    last = max(frame["known_at"].to_list())
    found = usable(known_moves(frame, file, daily["delivery_day"].to_list(), last), daily.height)
    gains = daily["headline_eur"].to_numpy()[found.kept]
    if len(gains) < MINIMUM_DAYS or not found.names:
        why = found.left_out or "all factors known"
        raise MissingDayError("pnl", [], f"{len(gains)} settled days of {scope} have returns in {path.name} ({why}); settle at least {MINIMUM_DAYS}")
    risk = book_risk(fit(gains[:, None], found.moves, found.names, decay), np.ones(1))
    over = exposures_over_time(gains, found.moves, found.names, decay, min(60, len(gains) // 2))
    middle = over[len(over) // 2]
    lines = [f"Settled P&L of {scope}, {len(gains)} days, volatility {risk.volatility:,.0f} EUR, factors explain {risk.factor_share:.0%}", ""]
    lines += ["| factor | EUR per unit | half-way | part of volatility |", "|---|---|---|---|"]
    for i, name in enumerate(found.names):
        half = None if np.isnan(middle[i]) else float(middle[i])
        lines.append(f"| {name} | {_number(risk.exposures[name])} | {_number(half)} | {risk.contributions[name]:,.0f} |")
    lines.append(f"| idiosyncratic | - | - | {risk.contributions['idiosyncratic']:,.0f} |")
    return lines + ([found.left_out] if found.left_out else [])


def opened(path: Path) -> tuple[FactorFile, pl.DataFrame]:
    """A file with every column of numbers as a factor."""
    raw = SourceFiles(path.resolve().parent).load(path.name)
    names = [n for n, kind in raw.schema.items() if n not in {"date", "known_at"} and (kind in NUMBERS or _holds_numbers(raw[n], path))]
    if not names:
        raise SourceError(f"{path}: no column of numbers beside date and known_at -> one a factor")
    file = FactorFile(path=str(path), factors=dict.fromkeys(names, "1"))
    return file, checked_factors(raw, file)


def _holds_numbers(column: pl.Series, path: Path) -> bool:
    """Whether a column of text is one of numbers, so far as it is filled."""
    if column.dtype != pl.String:
        return False
    values, bad = numbers(column, str(path))
    return values.count() > 0 and not bad.all() and values.count() >= int(bad.sum())


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
