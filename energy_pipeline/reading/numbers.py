"""Cells of a file to numbers, and finding the text that is none or could be two.

What belongs here: how a number is written and what counts as "no value". What does not: clocks, or whether the
number is plausible (the contract says).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.errors import SourceError

NO_VALUE = ("", "-", "\u2013", "\u2014", "--", "n/e", "n/a", "na", "nan", "null", "none", "#n/a", "#na")
"""Text that says "no value" in exports of transparency platforms and spreadsheets; case does not count."""
EXAMPLES = 3
PLAIN = FileLayout()
SPACES = r"[\u00a0\u2007\u2009\u202f]"
_DOTTED = r"^[+-]?\d*\.\d"
_GROUPED = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"
_ADVICE = (
    (r"%$", "a percentage", "remove the sign and say `factor: 0.01` where a share is meant"),
    (r"^\(.*\)$", "a number in brackets", "write a minus sign"),
    (r"\d-$", "a minus sign behind the number", "write it in front"),
    (r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$", "a dot between thousands", "set `thousands: '.'`"),
    (r"^[+-]?\d{1,3}(,\d{3})+\.\d*$", "a comma between thousands", "set `thousands: ','`"),
    (r"^[+-]?\d{1,3}(['\u2019]\d{3})+", "an apostrophe between thousands", 'set `thousands: "\'"`'),
    (r"^[+-]?\d{1,3}( \d{3})+", "a space between thousands", "set `thousands: ' '` (and `decimal` if it is a comma)"),
    (r"^[+-]?[1-9]\d{0,2}(,\d{3})+$", "a comma that could be a decimal mark or thousands", "set `decimal: ','` or `thousands: ','`"),
    (r"^[+-]?\d*,\d+$", "a decimal comma", "set `decimal: ','`, or write a number with a decimal point"),
    (r"^[+-]?\d*\.\d+$", "a decimal point", "set `decimal: '.'`"),
    (r"\d.*[A-Za-z\u20ac$\u00a3]|[A-Za-z\u20ac$\u00a3].*\d", "a unit or a word beside the number", "remove it, or name a column without it"),
)


def numbers(column: pl.Series, path: str, layout: FileLayout = PLAIN) -> tuple[pl.Series, pl.Series]:
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
    >>> numbers(pl.Series(["1.234,5", "\u22127"]), "x.csv", FileLayout(thousands=".", decimal=","))[0].to_list()
    [1234.5, -7.0]
    """
    if column.dtype == pl.String:
        text = pl.DataFrame({"t": column}).select(_cleaned(pl.col("t"), layout).alias("t"))
        values = text.select(pl.when(pl.col("t").str.contains(_pattern(layout))).then(_plain(pl.col("t"), layout).cast(pl.Float64, strict=False)))[
            "t"
        ]
        values = values.set(values.is_infinite().fill_null(False), None)
        return values.alias(column.name), (text["t"].is_not_null() & values.is_null()).alias(column.name)
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise SourceError(f"{path}: column {column.name!r} is {column.dtype}, not numbers -> map another column in `values`")
    values = column.cast(pl.Float64).fill_nan(None)
    return values, values.is_infinite().fill_null(False)


def checked_numbers(column: pl.Series, path: str, layout: FileLayout = PLAIN, first_line: int | None = None) -> tuple[pl.Series, list[str]]:
    """(float values, what is wrong with the column in words): for doors that refuse a file as a whole.

    Parameters
    ----------
    first_line : int, optional
        Line of the first row in the file; without it rows are counted from 1.
    """
    try:
        values, bad = numbers(column, path, layout)
    except SourceError as error:
        return pl.Series(column.name, [None] * column.len(), dtype=pl.Float64), [str(error)]
    found: list[str] = []
    for at in bad.arg_true().head(EXAMPLES):
        problem, step = advice(column[at])
        place = f"row {at + 1}" if first_line is None else f"line {at + first_line}"
        found.append(f"{path} {place}, column {column.name!r}: {column[at]!r} is no number ({problem}) -> {step}")
    if bad.sum() > EXAMPLES:
        found.append(f"{path}: column {column.name!r} has {int(bad.sum()) - EXAMPLES} more such value(s)")
    if column.dtype == pl.String and is_open(layout) and not found:
        counts = pl.DataFrame({column.name: column}).select(marks({column.name: layout})).row(0, named=True)
        found += [text] if (text := ambiguous(counts, column.name, path)) else []
    return values, found


def marks(columns: Mapping[str, FileLayout]) -> list[pl.Expr]:
    """Per column, expressions that count what `ambiguous` needs, over all rows that are meant: `c`, `c;dotted` ...

    A number with a dot and exactly three digits behind it, one to three before (not a lone zero), may be thousands.
    """
    found: list[pl.Expr] = []
    for name, layout in columns.items():
        text = _cleaned(pl.col(name), layout)
        dotted, grouped = text.str.contains(_DOTTED), text.str.contains(_GROUPED)
        found += [
            dotted.sum().alias(f"{name};dotted"),
            (dotted & ~grouped).sum().alias(f"{name};decimal"),
            text.filter(grouped).first().alias(f"{name};example"),
        ]
    return found


def ambiguous(counts: Mapping[str, Any], name: str, path: str) -> str | None:
    """Why a column of text cannot be read without `decimal`; None where it can.

    Parameters
    ----------
    counts : mapping
        One row of `marks`.
    """
    if not counts[f"{name};dotted"] or counts[f"{name};decimal"]:
        return None
    example = str(counts[f"{name};example"])
    return (
        f"{path}: column {name!r}: every number with a dot has three digits behind it, such as {example!r}: that is {example} or "
        f"{example.replace('.', '')} -> say `decimal: '.'` or `thousands: '.'` beside `path`"
    )


def is_open(layout: FileLayout) -> bool:
    """Whether the file's marks are unsaid, so that a dot could mean either."""
    return layout.decimal is None and layout.thousands is None


def advice(text: object) -> tuple[str, str]:
    """(what a cell that is no number looks like, what to do about it).

    >>> advice("45,5")[0]
    'a decimal comma'
    """
    cell = pl.Series([str(text).strip()])
    for pattern, problem, step in _ADVICE:
        if cell.str.contains(pattern)[0]:
            return problem, step
    return "text in a number", "write a number with a decimal point, or leave the cell empty"


def null_words(layout: FileLayout) -> list[str]:
    """Words that say "no value", in lower case."""
    return [*NO_VALUE, *(w.strip().lower() for w in layout.null_words)]


def _cleaned(text: pl.Expr, layout: FileLayout) -> pl.Expr:
    """Trimmed, one kind of space and of minus sign, null for no value."""
    text = text.str.replace_all(SPACES, " ").str.strip_chars().str.replace(r"^\u2212", "-")
    return pl.when(text.str.to_lowercase().is_in(null_words(layout))).then(None).otherwise(text)


def _plain(text: pl.Expr, layout: FileLayout) -> pl.Expr:
    if layout.thousands is not None:
        text = text.str.replace_all(layout.thousands, "", literal=True)
    return text.str.replace(",", ".", literal=True) if layout.decimal_mark == "," else text


def _pattern(layout: FileLayout) -> str:
    mark = r"\." if layout.decimal_mark == "." else ","
    exponent = r"([eE][+-]?\d{1,3})?"
    plain = rf"\d+({mark}\d*)?{exponent}|{mark}\d+{exponent}"
    if layout.thousands is not None:
        group = r"\." if layout.thousands == "." else layout.thousands
        plain = rf"\d{{1,3}}({group}\d{{3}})+({mark}\d*)?|{plain}"
    return rf"^[+-]?({plain})$"
