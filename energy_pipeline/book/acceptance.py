"""What the auction said it took of the bids: the operator's file of acceptance.

What belongs here: checks of its columns, numbers and lines, and the accepted MW of one order. What does not: opening files
(`lake.source_files`), what prices take where no file tells (`clearing`), what a store then does (`flexibility.execution`).

One row a bid line: `zone`, `kind`, `asset`, `delivery_start` (with a time zone) as in the bids, `accepted_mw`, and perhaps
`known_at`. A line that no row names is assumed. A block is taken whole or not at all, of an exclusive group at most one.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.book.grid import Grid, on_grid
from energy_pipeline.contracts import table
from energy_pipeline.desk.flexibility import Acceptance
from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.clocks import read_instants
from energy_pipeline.reading.numbers import checked_numbers

KEY = ("zone", "kind", "asset", "delivery_start")
NEEDED = (*KEY, "accepted_mw")
WHOLE = ("loop_block", "block")
STEP_MW = 0.1
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "zone": pl.String,
    "kind": pl.String,
    "asset": pl.String,
    "delivery_start": pl.Datetime("us", "UTC"),
    "accepted_mw": pl.Float64,
}


def nothing() -> pl.DataFrame:
    """No answer of the auction."""
    return pl.DataFrame(schema={**SCHEMA, "known_at": pl.Datetime("us", "UTC")})


def checked_acceptance(frame: pl.DataFrame, file: Acceptance) -> pl.DataFrame:
    """The file with its types; `known_at` null where it has none.

    Raises
    ------
    SourceError
        Listing every mistake of its head and cells.
    """
    missing = [name for name in NEEDED if name not in frame.columns]
    unknown = [name for name in frame.columns if name not in {*NEEDED, "known_at"}]
    problems = [f"no column {', '.join(missing)}"] if missing else []
    problems += [f"unknown column {', '.join(unknown)}; it has {', '.join(NEEDED)}, known_at"] if unknown else []
    if problems:
        raise SourceError(f"{file.path}: {'; '.join(problems)} -> correct the file's head")
    columns = {name: frame[name].cast(pl.String).str.strip_chars().fill_null("") for name in ("zone", "kind", "asset")}
    for name in ("delivery_start", *(["known_at"] if "known_at" in frame.columns else [])):
        try:
            columns[name] = read_instants(frame[name], TimeLabel(column=name), 60, file.path)
        except SourceError as error:
            problems.append(str(error))
    columns["accepted_mw"], told = checked_numbers(frame["accepted_mw"], file.path, file)
    problems += [f"column 'accepted_mw': {'; '.join(told)}"] if told else []
    bad = columns["accepted_mw"].is_null() | (columns["accepted_mw"] < 0) | ~columns["accepted_mw"].is_finite()
    if bad.fill_null(value=True).any() and not told:
        problems.append(f"column 'accepted_mw': {int(bad.fill_null(value=True).sum())} cell(s) empty or below 0")
    if problems:
        raise SourceError(f"{file.path}: {'; '.join(problems)} -> correct the file")
    found = pl.DataFrame(columns)
    found = found if "known_at" in found.columns else found.with_columns(known_at=pl.lit(None, pl.Datetime("us", "UTC")))
    twice = found.filter(pl.struct(KEY).is_duplicated())
    if twice.height:
        raise SourceError(f"{file.path}: {twice.height} rows name a line twice, first {twice.row(0)[:4]} -> keep one row a line")
    return found.sort(KEY, maintain_order=True)


def of_lines(accepted: pl.DataFrame, lines: pl.DataFrame, path: str) -> pl.DataFrame:
    """The day's rows of the file beside the bid lines they are about: key, side, volume_mw, accepted_mw, resolution_minutes.

    Parameters
    ----------
    lines : frame of nomination_lines
        Of one day.

    Raises
    ------
    SourceError
        Rows about no line of the day, more than was bid, a block taken in part, two blocks of a group.
    """
    if accepted.is_empty() or lines.is_empty():
        return table("nomination_lines").frame().with_columns(accepted_mw=pl.lit(0.0)).clear()
    day = lines.select(pl.col("delivery_start").min().alias("first"), pl.col("delivery_start").max().alias("last")).row(0)
    own = accepted.filter(pl.col("delivery_start").is_between(*day))
    joined = own.join(lines, on=list(KEY), how="left", maintain_order="left")
    problems = [f"no bid line {row}" for row in joined.filter(pl.col("volume_mw").is_null()).select(KEY).head(3).iter_rows()]
    more = joined.filter(pl.col("accepted_mw") > pl.col("volume_mw") + STEP_MW / 2)
    problems += [f"{row[4]:g} MW of {row[5]:g} bid in {row[:4]}" for row in more.select(*KEY, "accepted_mw", "volume_mw").head(3).iter_rows()]
    for part in joined.filter(pl.col("kind").is_in(WHOLE)).partition_by("zone", "kind", "asset", maintain_order=True):
        whole = lines.filter(*(pl.col(n) == part[n][0] for n in KEY[:3])).height
        full = int((part["accepted_mw"] >= part["volume_mw"] - STEP_MW / 2).sum())
        if part.height != whole or full not in {0, whole} or (full == 0 and part["accepted_mw"].sum() > 0):
            problems.append(f"{part['kind'][0]} {part['asset'][0]}: taken in {full} of {whole} lines; a block is taken whole or not at all")
    groups = joined.filter(pl.col("kind") == "block", pl.col("accepted_mw") > 0).with_columns(group=pl.col("asset").str.replace(r"\.\d+$", ""))
    for (group,), part in groups.group_by("group", maintain_order=True):
        if part["asset"].n_unique() > 1:
            problems.append(f"group {group}: {part['asset'].n_unique()} blocks taken; of an exclusive group at most one is")
    if problems:
        raise SourceError(f"{path}: {'; '.join(problems)} -> correct the file of acceptance")
    return joined


def unsold_mw(accepted: pl.DataFrame | None, zone: str, grid: Grid) -> FloatArray:
    """What of a zone's price-independent sales was not taken, less what of its purchases was not [MW], shape (intervals,)."""
    found = np.zeros(grid.size)
    if accepted is None or accepted.is_empty():
        return found
    lacks = (pl.col("volume_mw") - pl.col("accepted_mw")).clip(0.0) * pl.when(pl.col("side") == "sell").then(1.0).otherwise(-1.0)
    own = accepted.filter(pl.col("zone") == zone, pl.col("kind") == "price_independent").with_columns(lacks=lacks)
    for part in own.partition_by("asset", maintain_order=True):
        found = found + np.nan_to_num(on_grid(part, "lacks", grid))
    return found


def share_of(accepted: pl.DataFrame | None, zone: str, kind: str, asset: str, grid: Grid) -> FloatArray | None:
    """Share of an order that was taken by interval; NaN where the file does not say, None where it says nothing."""
    if accepted is None or accepted.is_empty():
        return None
    own = accepted.filter(pl.col("zone") == zone, pl.col("kind") == kind, pl.col("asset") == asset)
    own = own.with_columns(share=(pl.col("accepted_mw") / pl.col("volume_mw")).clip(0.0, 1.0))
    return None if own.is_empty() else on_grid(own, "share", grid)
