"""Cells of a file: text to numbers, and finding the text that is none.

What belongs here: how a cell is read and what counts as "no value". What does not:
clocks, or whether the number is plausible (the contract says).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.desk.layout import ValueMap
from energy_pipeline.domain.errors import SourceError

NO_VALUE = ("", "-", "n/e", "N/A", "NA", "nan", "NaN", "null", "NULL")
"""Text that says "no value" in exports of transparency platforms and spreadsheets."""


def numbers(column: pl.Series, path: str) -> tuple[pl.Series, pl.Series]:
    """(float values with null for no value, mask of cells that are text and no number).

    Raises
    ------
    SourceError
        When the column can hold no numbers at all (timestamps, booleans, lists).

    Examples
    --------
    >>> values, bad = numbers(pl.Series("x", ["1.5", "n/e", "oops"]), "x.csv")
    >>> values.to_list(), bad.to_list()
    ([1.5, None, None], [False, False, True])
    """
    if column.dtype == pl.String:
        text = column.str.strip_chars()
        text = pl.DataFrame({"t": text}).select(pl.when(pl.col("t").is_in(list(NO_VALUE))).then(None).otherwise(pl.col("t")).alias("t"))["t"]
        values = text.cast(pl.Float64, strict=False)
        return values, text.is_not_null() & values.is_null()
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise SourceError(f"{path}: column {column.name!r} is {column.dtype}, not numbers -> map another column in `values`")
    values = column.cast(pl.Float64).fill_nan(None)
    return values, pl.Series(column.name, [False], dtype=pl.Boolean).new_from_index(0, column.len())


def combine(columns: list[pl.Series], rule: ValueMap) -> tuple[pl.Series, pl.Series]:
    """(sum of the columns x factor + offset, mask of zeros read as outage).

    A null summand makes the sum null or counts as 0 (`null_in_sum`); all null is null
    either way. Outage zeros are judged on the sum as the file has it.

    Examples
    --------
    >>> rule = ValueMap(columns=("a", "b"), factor=2, null_in_sum="is_zero", zero_is_outage=True)
    >>> value, outage = combine([pl.Series([1.0, 0.0, None]), pl.Series([None, 0.0, None])], rule)
    >>> value.to_list(), outage.to_list()
    ([2.0, None, None], [False, True, False])
    """
    frame = pl.DataFrame([c.alias(str(i)) for i, c in enumerate(columns)])
    names = [pl.col(n) for n in frame.columns]
    total = pl.sum_horizontal(*names, ignore_nulls=rule.null_in_sum == "is_zero")
    frame = frame.select(pl.when(pl.all_horizontal(*(n.is_null() for n in names))).then(None).otherwise(total).alias("sum"))
    outage = (pl.col("sum") == 0.0).fill_null(False) if rule.zero_is_outage else pl.lit(False)
    value = pl.when(outage).then(None).otherwise(pl.col("sum") * rule.factor + rule.offset)
    if rule.clip_negative:
        value = value.clip(lower_bound=0.0)
    done = frame.select(value.alias("value"), outage.alias("outage"))
    return done["value"], done["outage"]
