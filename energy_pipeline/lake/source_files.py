"""Opening the user's own files: the only place that does.

What belongs here: path in, frame out, with an error that says where it looked and what
to do next; what a run saw of each file. What does not: what the columns mean
(`ingestion.files` maps them), or the lake's own Parquet.

A file is read once a run, whole, into memory, and parsed from there: all steps of a run see one
content. The next run looks again: the parsed frame is used again only where size, time of change
and content hash are what they were (a hash costs a hundredth of parsing).
"""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from energy_pipeline.domain.errors import SourceError

SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Seen:
    """What was seen of a file.

    Attributes
    ----------
    size_bytes, changed_ns : int
        Size, and time of the last change since the epoch [ns].
    sha256 : str
        Of its bytes.
    """

    size_bytes: int
    changed_ns: int
    sha256: str


class SourceFiles:
    """Files below one root, each read once a run.

    Parameters
    ----------
    root : Path
        Folder that relative paths count from (`ENERGY_PIPELINE_DATA`).

    Notes
    -----
    CSV: the separator is the one of , ; tab | that the header line uses most; a column
    in which a single value is no number arrives as text, so that the mapping can name
    that value. Numbers need a decimal point: a decimal comma would be guesswork. The last
    line must end with a line end: without it, `42.61` cut to `4` looks like a price.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._kept: dict[str, tuple[Seen, pl.DataFrame]] = {}
        self._looked_at: set[str] = set()
        self._run = ""

    def begin(self, run_id: str) -> None:
        """Said by every step: in a run other than the last, files are looked at again."""
        if run_id != self._run:
            self._run = run_id
            self._looked_at.clear()

    def load(self, relative_path: str) -> pl.DataFrame:
        """The whole file as a frame (Parquet or CSV; an absolute path is taken as it is).

        Raises
        ------
        SourceError
            When there is no such file, it changes while it is read, it ends before its last
            line does, or it cannot be read as what its name says.
        """
        if relative_path not in self._looked_at:
            self._kept[relative_path] = self._look(relative_path)
            self._looked_at.add(relative_path)
        return self._kept[relative_path][1]

    def _look(self, relative_path: str) -> tuple[Seen, pl.DataFrame]:
        path, kept = self._root / relative_path, self._kept.pop(relative_path, None)
        if not path.is_file():
            raise SourceError(f"{path}: no such file -> put it there, set ENERGY_PIPELINE_DATA, or correct `path` in the desk file")
        suffix = path.suffix.lower()
        if suffix not in (".parquet", ".csv"):
            raise SourceError(f"{path}: {suffix or 'no suffix'} is not supported -> save it as .parquet or .csv")
        try:
            seen, data = _whole(path)
            if kept is not None and kept[0] == seen:
                return kept
            return seen, pl.read_parquet(io.BytesIO(data)) if suffix == ".parquet" else _read_csv(path, data)
        except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{path}: cannot be read as {suffix[1:]}: {error} -> export it again") from error


def _whole(path: Path) -> tuple[Seen, bytes]:
    """Every byte of a file that nobody wrote meanwhile."""
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        data = file.read()
        after = os.fstat(file.fileno())
    now = path.stat()
    looks = [(s.st_ino, s.st_size, s.st_mtime_ns) for s in (before, after, now)]
    if len(set(looks)) > 1 or len(data) != before.st_size:
        raise SourceError(
            f"{path}: changed while it was read ({before.st_size} bytes before, {len(data)} read, {now.st_size} after) "
            "-> wait until its writer is done and run again; a writer should write beside and rename"
        )
    return Seen(len(data), before.st_mtime_ns, hashlib.sha256(data).hexdigest()), data


def _read_csv(path: Path, data: bytes) -> pl.DataFrame:
    if data and not data.endswith((b"\n", b"\r")):
        last = data[-200:].splitlines()[-1].decode("utf-8", "replace")
        raise SourceError(
            f"{path}: ends without a line end, after {last!r}: a copy that was cut off looks the same, and so does half a number "
            "-> copy or export it again; if it is whole, add a line end"
        )
    header = data.partition(b"\n")[0].decode("utf-8-sig")
    separator = max(SEPARATORS, key=header.count)
    frame = pl.read_csv(data, separator=separator, infer_schema_length=None, try_parse_dates=False)
    return frame.rename({name: name.removeprefix("\ufeff").strip() for name in frame.columns})
