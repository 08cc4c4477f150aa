"""Opening the user's own files: the only place that does.

What belongs here: path in, frame out, with an error that says where it looked and what
to do next. What does not: what the columns mean (`ingestion.files` maps them), or the
lake's own Parquet.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from energy_pipeline.domain.errors import SourceError

SEPARATORS = (",", ";", "\t", "|")


class SourceFiles:
    """Files below one root, each read once.

    Parameters
    ----------
    root : Path
        Folder that relative paths count from (`ENERGY_PIPELINE_DATA`).

    Notes
    -----
    CSV: the separator is the one of , ; tab | that the header line uses most; a column
    in which a single value is no number arrives as text, so that the mapping can name
    that value. Numbers need a decimal point: a decimal comma would be guesswork.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._frames: dict[str, pl.DataFrame] = {}

    def load(self, relative_path: str) -> pl.DataFrame:
        """The whole file as a frame (Parquet or CSV; an absolute path is taken as it is).

        Raises
        ------
        SourceError
            When there is no such file, or it cannot be read as what its name says.
        """
        if relative_path not in self._frames:
            self._frames[relative_path] = self._read(self._root / relative_path)
        return self._frames[relative_path]

    def _read(self, path: Path) -> pl.DataFrame:
        if not path.is_file():
            raise SourceError(f"{path}: no such file -> put it there, set ENERGY_PIPELINE_DATA, or correct `path` in the desk file")
        suffix = path.suffix.lower()
        if suffix not in (".parquet", ".csv"):
            raise SourceError(f"{path}: {suffix or 'no suffix'} is not supported -> save it as .parquet or .csv")
        try:
            return pl.read_parquet(path) if suffix == ".parquet" else _read_csv(path)
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{path}: cannot be read as {suffix[1:]}: {error} -> export it again") from error


def _read_csv(path: Path) -> pl.DataFrame:
    with path.open(encoding="utf-8-sig") as file:
        header = file.readline()
    separator = max(SEPARATORS, key=header.count)
    frame = pl.read_csv(path, separator=separator, infer_schema_length=None, try_parse_dates=False)
    return frame.rename({name: name.removeprefix("\ufeff").strip() for name in frame.columns})
