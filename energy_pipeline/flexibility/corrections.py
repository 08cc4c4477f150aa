"""The operator's file of states: what it must hold.

What belongs here: checks of its columns, instants and numbers. What does not: opening files (`lake.source_files`), applying a
correction (`states`).

One row a correction: `asset`, `delivery_day` (the state is that at its end), `known_at` (when the operator knew it, with a time
zone), and any of the columns in `states.CORRECTED`; an empty cell corrects nothing.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.desk.flexibility import StateCorrections
from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.flexibility.states import CORRECTED
from energy_pipeline.reading.clocks import read_instants, refused
from energy_pipeline.reading.numbers import checked_numbers
from energy_pipeline.reading.stamps import parsed

NAMES = ("asset", "delivery_day", "known_at")
WHOLE = ("calls_used", "starts_year")
NOT_NEGATIVE = tuple(c for c in CORRECTED if c != "is_on")


def checked_corrections(frame: pl.DataFrame, file: StateCorrections) -> pl.DataFrame:
    """The file as asset, delivery_day, known_at (UTC) and its numbers, sorted.

    Raises
    ------
    SourceError
        Listing every mistake: columns that are not there or not known, days, instants without a zone, cells that are no
        numbers or cannot be.
    """
    missing = [name for name in NAMES if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in {*NAMES, *CORRECTED}]
    problems = [f"no column {', '.join(missing)}"] if missing else []
    problems += [f"unknown column {', '.join(unknown)}; a state has {', '.join(CORRECTED)}"] if unknown else []
    if problems:
        raise SourceError(f"{file.path}: {'; '.join(problems)} -> correct the file's head")
    columns: dict[str, pl.Series] = {"asset": frame["asset"].cast(pl.String).str.strip_chars()}
    rows = pl.Series(range(1, frame.height + 1), dtype=pl.Int64)
    said = parsed(frame["delivery_day"], TimeLabel(column="delivery_day"), file.path)
    if said["wall"].is_null().any():
        problems.append(f"column 'delivery_day': {refused(frame['delivery_day'], rows, said['wall'].is_null(), 'as a date')}")
    columns["delivery_day"] = said["wall"].dt.date()
    try:
        columns["known_at"] = read_instants(frame["known_at"], TimeLabel(column="known_at"), 60, file.path)
    except SourceError as error:
        problems.append(f"{error} (an instant with a time zone, such as 2024-03-01T18:00:00Z)")
    for name in [c for c in CORRECTED if c in frame.columns]:
        values, told = checked_numbers(frame[name], file.path, file)
        problems += [f"column {name!r}: {'; '.join(told)}"] if told else []
        wrong = values.filter((values < 0) | ~values.is_finite()) if name in NOT_NEGATIVE else values.filter(~values.is_in([0.0, 1.0]))
        problems += [f"column {name!r}: {wrong[0]:g} cannot be" + ("" if name in NOT_NEGATIVE else "; 1 is on, 0 off")] if wrong.len() else []
        if name in WHOLE and (values != values.round()).any():
            problems.append(f"column {name!r}: counts are whole numbers")
        columns[name] = values.cast(pl.Int64, strict=False) if name in WHOLE else values.cast(pl.Boolean) if name == "is_on" else values
    if problems:
        raise SourceError(f"{file.path}: " + "; ".join(problems) + " -> correct the file")
    return pl.DataFrame(columns).sort("known_at", "delivery_day", "asset")
