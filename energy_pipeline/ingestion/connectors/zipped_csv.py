"""A zip with one CSV, as American operators send reports.

What belongs here: unpacking and the table as text. What does not: any report's columns.
"""

from __future__ import annotations

import io
import zipfile

import polars as pl

from energy_pipeline.ingestion.connectors.contract import AnswerError
from energy_pipeline.ingestion.connectors.json_body import BrokenBodyError

_MOST_BYTES = 200_000_000


def read(body: bytes, source: str, columns: tuple[str, ...]) -> tuple[str, pl.DataFrame]:
    """(name of the CSV, its rows as text); blanks around names and cells are gone, empty cells are null.

    Raises
    ------
    BrokenBodyError
        For a body that is no whole zip.
    AnswerError
        Where the zip holds not one CSV, or a column is missing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.namelist()
            if len(names) != 1 or archive.infolist()[0].file_size > _MOST_BYTES:
                raise AnswerError(f"{source}: the zip holds {len(names)} files, of which one CSV is expected -> see the archived body")
            text = archive.read(names[0])
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, AnswerError):
            raise
        raise BrokenBodyError(f"{source}: no whole zip ({error or type(error).__name__}; {len(body)} bytes) -> ask again") from error
    try:
        frame = pl.read_csv(text, infer_schema=False, null_values=[""])
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise AnswerError(f"{source}: {names[0]} is no table ({str(error).splitlines()[0]}) -> see the archived body") from error
    frame = frame.rename({c: c.strip() for c in frame.columns}) if len({c.strip() for c in frame.columns}) == frame.width else frame
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        raise AnswerError(f"{source}: no column {', '.join(missing)} in {names[0]}, found {', '.join(frame.columns[:8])} -> the format changed")
    return names[0], frame.with_columns(pl.all().str.strip_chars())


def numbers(frame: pl.DataFrame, column: str, source: str) -> pl.Series:
    """A column as float64; null stays null, text is refused."""
    values = frame[column].cast(pl.Float64, strict=False)
    odd = frame.filter(frame[column].is_not_null() & (values.is_null() | ~values.is_finite()))
    if odd.height:
        raise AnswerError(f"{source}: {odd.height} cells of {column} are no numbers, e.g. {odd[column][0]!r} -> the format changed")
    return values
