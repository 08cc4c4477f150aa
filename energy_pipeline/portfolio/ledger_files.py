"""The ledger's files: trades, quotes, exchange rates.

What belongs here: their columns, and every way in which a line can be wrong. What does not: opening files (`lake.source_files`),
which deals are open and what they are worth (`book.ledger`, `risk.marks`).

trades          deal, counterparty, zone, block, first_day, last_day, position_mw (bought positive), price, currency, known_at
quotes          zone, block, first_day, last_day, bid, ask, known_at; in the desk's currency
exchange_rates  currency, rate (of the desk's currency for one of the other), known_at

`block` is base, peak, offpeak or an hour such as h07; days are ISO dates, both included; `known_at` has a time zone. Lines of one deal
with one `known_at` are its legs and may not overlap; a later `known_at` replaces all of them, a position of 0 closes the deal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.desk.ledger import Ledger
from energy_pipeline.domain.blocks import BLOCKS, PEAK_END_HOUR, PEAK_FIRST_HOUR
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.numbers import checked_numbers

TRADES = ("deal", "counterparty", "zone", "block", "first_day", "last_day", "position_mw", "price", "currency", "known_at")
QUOTES = ("zone", "block", "first_day", "last_day", "bid", "ask", "known_at")
RATES = ("currency", "rate", "known_at")
NUMBERS = ("position_mw", "price", "bid", "ask", "rate")
DAYS = ("first_day", "last_day")
SHOWN = 20
"""So many mistakes of a file are told one by one."""


@dataclass
class _Lines:
    """A file's cells, and what is wrong with them, by line."""

    file: str
    first_line: int
    problems: list[str] = field(default_factory=list)

    def tell(self, at: int, text: str) -> None:
        self.problems.append(f"{self.file} line {at + self.first_line}, {text}")


def checked_trades(frame: pl.DataFrame, ledger: Ledger, desk: Desk) -> pl.DataFrame:
    """The trades in their order in the file, with `leg` and `line`.

    Raises
    ------
    SourceError
        Naming file, line, value and next step of everything that is wrong.
    """
    lines, rows = _read(frame, TRADES, ledger.trades, ledger.layout)
    for at, row in enumerate(rows.to_dicts()):
        _check_where(lines, at, row, desk)
        known = ledger.counterparties
        if row["counterparty"] and row["counterparty"] not in known:
            step = f"name it under ledger.counterparties, or correct the line; counterparties: {', '.join(known)}"
            lines.tell(at, f"column 'counterparty': {row['counterparty']!r} is not one of the desk's -> {step}")
        if row["currency"] and not (len(row["currency"]) == 3 and row["currency"].isalpha() and row["currency"].isupper()):
            lines.tell(at, f"column 'currency': {row['currency']!r} -> write three capitals such as {desk.currency}")
    _check_overlaps(lines, rows)
    _raise(lines)
    leg = pl.int_range(pl.len()).over("deal", "known_at").cast(pl.Int32)
    return rows.with_columns(leg.alias("leg"), (pl.int_range(pl.len()) + lines.first_line).cast(pl.Int64).alias("line"))


def checked_quotes(frame: pl.DataFrame, ledger: Ledger, desk: Desk) -> pl.DataFrame:
    """The quotes, with `line`.

    Raises
    ------
    SourceError
        As `checked_trades`; also where bid is above ask, or one contract has two quotes of one instant.
    """
    lines, rows = _read(frame, QUOTES, str(ledger.quotes), ledger.layout)
    seen: dict[tuple[object, ...], tuple[int, tuple[object, object]]] = {}
    for at, row in enumerate(rows.to_dicts()):
        _check_where(lines, at, row, desk, BLOCKS[:3])
        if row["bid"] is not None and row["ask"] is not None and row["bid"] > row["ask"]:
            lines.tell(at, f"columns 'bid' and 'ask': bid {row['bid']:g} is above ask {row['ask']:g} -> correct the quote, or leave it out")
        contract, pair = tuple(row[name] for name in ("zone", "block", *DAYS, "known_at")), (row["bid"], row["ask"])
        before, other = seen.setdefault(contract, (at, pair))
        if other != pair:
            told = f"{row['zone']} {row['block']} {row['first_day']}..{row['last_day']} at {row['known_at']}"
            lines.tell(
                at, f"{pair[0]}/{pair[1]} is a second quote of {told}, beside line {before + lines.first_line} -> keep one, or correct known_at"
            )
    _raise(lines)
    return rows.with_columns((pl.int_range(pl.len()) + lines.first_line).cast(pl.Int64).alias("line"))


def checked_rates(frame: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """The exchange rates.

    Raises
    ------
    SourceError
    """
    lines, rows = _read(frame, RATES, str(ledger.exchange_rates), ledger.layout)
    for at, rate in enumerate(rows["rate"].to_list()):
        if rate is not None and rate <= 0:
            lines.tell(at, f"column 'rate': {rate:g} -> a rate is above 0")
    _raise(lines)
    return rows


def _read(frame: pl.DataFrame, names: Sequence[str], file: str, layout: FileLayout) -> tuple[_Lines, pl.DataFrame]:
    """The named columns, typed; what cannot be typed is told and null."""
    lines = _Lines(file, layout.skip_rows + 1 + layout.skip_after_header + 1)
    missing, unknown = [n for n in names if n not in frame.columns], [c for c in frame.columns if c not in names]
    if missing or unknown:
        told = [f"no column {', '.join(missing)}"] * bool(missing) + [f"unknown column {', '.join(unknown)}"] * bool(unknown)
        raise SourceError(f"{file} line {lines.first_line - 1}: {'; '.join(told)} -> the columns are {', '.join(names)}")
    columns: dict[str, pl.Series] = {}
    for name in names:
        column = frame[name]
        text = column if column.dtype != pl.String else column.str.strip_chars().replace("", None)
        if name in NUMBERS:
            columns[name], told = checked_numbers(text, file, layout, lines.first_line)
            lines.problems += told
        elif name in DAYS:
            columns[name] = pl.Series(name, [_day(lines, at, name, v) for at, v in enumerate(text.to_list())], dtype=pl.Date)
        elif name == "known_at":
            columns[name] = pl.Series(name, [_instant(lines, at, v) for at, v in enumerate(text.to_list())], dtype=pl.Datetime("us", "UTC"))
        else:
            columns[name] = text.cast(pl.String)
        for at in text.is_null().arg_true().to_list():
            lines.tell(at, f"column {name!r}: empty -> every line needs it" + (" (0 closes a deal)" if name == "position_mw" else ""))
    return lines, pl.DataFrame(columns)


def _day(lines: _Lines, at: int, name: str, value: object) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        lines.tell(at, f"column {name!r}: {value!r} is no date -> write it as 2026-04-01")
        return None


def _instant(lines: _Lines, at: int, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        lines.tell(at, f"column 'known_at': {value!r} -> write an instant with its time zone, such as 2026-03-27T16:30:00Z")
        return None
    return found.astimezone(UTC)


def _check_where(lines: _Lines, at: int, row: dict[str, object], desk: Desk, blocks: Sequence[str] = BLOCKS) -> None:
    if row["zone"] and row["zone"] not in desk.zones:
        lines.tell(at, f"column 'zone': {row['zone']!r} -> one of {', '.join(desk.zones)}")
    if row["block"] and row["block"] not in blocks:
        lines.tell(at, f"column 'block': {row['block']!r} -> {', '.join(blocks[:3])}" + (", or an hour from h00 to h23" if len(blocks) > 3 else ""))
    first, last = row["first_day"], row["last_day"]
    if isinstance(first, date) and isinstance(last, date) and last < first:
        lines.tell(at, f"columns 'first_day' and 'last_day': {last} is before {first} -> correct one of them")


def _check_overlaps(lines: _Lines, rows: pl.DataFrame) -> None:
    """Legs of one deal and instant that deliver the same hours."""
    numbered = rows.with_row_index("at").filter(pl.struct("deal", "known_at").is_duplicated())
    for part in numbered.partition_by("deal", "known_at", maintain_order=True):
        legs = part.drop_nulls().to_dicts()
        for n, one in enumerate(legs):
            for other in legs[:n]:
                days = one["first_day"] <= other["last_day"] and other["first_day"] <= one["last_day"]
                if one["zone"] == other["zone"] and days and blocks_overlap(one["block"], other["block"]):
                    told = f"{one['block']} {one['first_day']}..{one['last_day']} overlaps line {other['at'] + lines.first_line}"
                    step = "correct days or block, give it another deal's name, or a later known_at where it replaces that line"
                    lines.tell(one["at"], f"deal {one['deal']!r}: {told} -> {step}")


def blocks_overlap(one: str, other: str) -> bool:
    """Whether two blocks share an hour of some day.

    >>> blocks_overlap("peak", "offpeak"), blocks_overlap("peak", "h07"), blocks_overlap("offpeak", "h09"), blocks_overlap("h07", "h08")
    (False, False, True, False)
    """
    if one == other or "base" in (one, other):
        return True
    if {one, other} == {"peak", "offpeak"}:
        return False
    hours = [int(b[1:]) for b in (one, other) if b.startswith("h")]
    # an hour of the peak is off-peak at the weekend
    return len(hours) == 1 and ("offpeak" in (one, other) or PEAK_FIRST_HOUR <= hours[0] < PEAK_END_HOUR)


def _raise(lines: _Lines) -> None:
    if lines.problems:
        told = lines.problems[:SHOWN] + [f"{lines.file}: {len(lines.problems) - SHOWN} more"] * (len(lines.problems) > SHOWN)
        raise SourceError("\n".join([f"{lines.file}: {len(lines.problems)} problem(s)", *(f"  - {p}" for p in told)]))
