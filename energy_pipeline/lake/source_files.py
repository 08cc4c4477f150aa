"""Opening the user's own files: the only place that does.

What belongs here: path in, frame out, with an error that says where it looked and what
to do next; what a run saw of each file. What does not: how a text is laid out (`reading`),
what the columns mean (the door that asked), or the lake's own Parquet.

A file is looked at once a run: all steps of a run see one content. The next run looks again: what was parsed is
used again only where size, time of change and content hash are what they were (looking costs a tenth of parsing).
A file up to `WHOLE_BYTES` is held whole; a larger one is scanned at each question with the question's own filter,
and must still be the file that was looked at.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import polars as pl

from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.opening import HEAD_BYTES, check_end, decoded, read_head, text_frame
from energy_pipeline.reading.weather_files import weather_frame

SUFFIXES = (".parquet", ".csv", ".tsv", ".txt")
WHOLE_BYTES = 128 << 20
CHUNK_BYTES = 8 << 20
PLAIN = FileLayout()
T = TypeVar("T")
Query = Callable[[pl.LazyFrame], pl.LazyFrame]
"""Which rows and columns of a file are wanted."""


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
    """Files below one root, each looked at once a run.

    Parameters
    ----------
    root : Path
        Folder that relative paths count from (`ENERGY_PIPELINE_DATA`).

    Notes
    -----
    CSV: every cell is text; its door makes numbers and times of it and names what is none. The separator is the one of
    , ; tab | that the header line uses most, unless the layout names it. The last line must end with a line end:
    without it, `42.61` cut to `4` looks like a price.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: dict[str, Seen] = {}
        self._frames: dict[tuple[str, FileLayout], pl.DataFrame] = {}
        self._answers: dict[tuple[str, FileLayout, str], pl.DataFrame] = {}
        self._looked_at: set[str] = set()
        self.notes: dict[Hashable, pl.DataFrame] = {}
        self._run = ""

    def begin(self, run_id: str) -> None:
        """Said by every step: in a run other than the last, files are looked at again."""
        if run_id != self._run:
            self._run = run_id
            self._looked_at.clear()
            self.notes.clear()

    def load(self, relative_path: str, layout: FileLayout = PLAIN) -> pl.DataFrame:
        """The whole file as a frame (Parquet or CSV; an absolute path is taken as it is).

        Raises
        ------
        SourceError
            When there is no such file, it changes while it is read, it ends before its last
            line does, or it cannot be read as what its name says.
        """
        frame = self._held(relative_path, layout)
        return self.ask(relative_path, layout, lambda rows: rows) if frame is None else frame

    def ask(self, relative_path: str, layout: FileLayout, query: Query, keep_as: str = "") -> pl.DataFrame:
        """What a query wants of a file.

        Parameters
        ----------
        keep_as : str
            A name under which the answer is kept as long as the file is what it was; for small answers.

        Raises
        ------
        SourceError
            As `load`.
        """
        frame, place = self._held(relative_path, layout), (relative_path, layout, keep_as)
        if keep_as and place in self._answers:
            return self._answers[place]
        path = self._root / relative_path
        found = _plainly(path, lambda: self._scanned(relative_path, path, layout, query) if frame is None else query(frame.lazy()).collect())
        if keep_as:
            self._answers[place] = found
        return found

    def _held(self, relative_path: str, layout: FileLayout) -> pl.DataFrame | None:
        """The file in this layout where it is held whole; looked at once a run."""
        path = self._root / relative_path
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES and layout.weather_file is None:
            raise SourceError(f"{path}: {suffix or 'no suffix'} is not supported -> save it as .parquet or .csv")
        if relative_path not in self._looked_at:
            if not path.is_file():
                self._forget(relative_path)
                raise SourceError(f"{path}: no such file -> put it there, set ENERGY_PIPELINE_DATA, or correct `path` in the desk file")
            _plainly(path, lambda: self._look(relative_path, path, layout))
        return self._frames.get((relative_path, layout))

    def _forget(self, relative_path: str) -> None:
        self._seen.pop(relative_path, None)
        self._frames = {key: frame for key, frame in self._frames.items() if key[0] != relative_path}
        self._answers = {key: frame for key, frame in self._answers.items() if key[0] != relative_path}

    def _look(self, relative_path: str, path: Path, layout: FileLayout) -> None:
        """What the file is now; parsed unless it is what it was, or too large to hold."""
        large = path.stat().st_size > WHOLE_BYTES
        with path.open("rb") as file:
            seen, data = _hashed(path, file, keep=not large)
        if self._seen.get(relative_path) != seen:
            self._forget(relative_path)
            if not large:
                self._frames[relative_path, layout] = _frame(path, data, layout)
        self._seen[relative_path] = seen
        self._looked_at.add(relative_path)

    def _scanned(self, relative_path: str, path: Path, layout: FileLayout, query: Query) -> pl.DataFrame:
        """A question to a file that is not held in this layout; the file must be the one that was looked at."""
        seen = self._seen[relative_path]
        if seen.size_bytes <= WHOLE_BYTES or layout.encoding is not None:
            with path.open("rb") as file:
                again, data = _hashed(path, file, keep=True)
            _same(path, seen, again)
            self._frames[relative_path, layout] = _frame(path, data, layout)
            return query(self._frames[relative_path, layout].lazy()).collect()
        found = query(_scan(path, layout)).collect(engine="streaming")
        now = path.stat()
        _same(path, seen, Seen(now.st_size, now.st_mtime_ns, seen.sha256))
        return found


def _plainly(path: Path, read: Callable[[], T]) -> T:
    """Whatever the library says of the file, as an error that names it."""
    try:
        return read()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(f"{path}: cannot be read as {path.suffix.lower()[1:]}: {str(error).splitlines()[0]} -> export it again") from error


def _same(path: Path, seen: Seen, now: Seen) -> None:
    if seen != now:
        raise SourceError(f"{path}: changed since this run first read it ({seen.size_bytes} bytes then, {now.size_bytes} now) -> run again")


def _hashed(path: Path, file: BinaryIO, *, keep: bool) -> tuple[Seen, bytes]:
    """A file that nobody wrote meanwhile: what it is, and every byte of it where it is to be kept."""
    before, digest, size, kept = os.fstat(file.fileno()), hashlib.sha256(), 0, []
    while chunk := file.read(-1 if keep else CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        kept += [chunk] if keep else []
    after, now = os.fstat(file.fileno()), path.stat()
    looks = [(s.st_ino, s.st_size, s.st_mtime_ns) for s in (before, after, now)]
    if len(set(looks)) > 1 or size != before.st_size:
        raise SourceError(
            f"{path}: changed while it was read ({before.st_size} bytes before, {size} read, {now.st_size} after) "
            "-> wait until its writer is done and run again; a writer should write beside and rename"
        )
    return Seen(size, before.st_mtime_ns, digest.hexdigest()), b"".join(kept)


def _frame(path: Path, data: bytes, layout: FileLayout) -> pl.DataFrame:
    if layout.weather_file is not None:
        return weather_frame(data, layout, str(path))
    return pl.read_parquet(io.BytesIO(data)) if path.suffix.lower() == ".parquet" else text_frame(data, layout, str(path))


def _scan(path: Path, layout: FileLayout) -> pl.LazyFrame:
    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path)
    with path.open("rb") as file:
        start = file.read(HEAD_BYTES)
        file.seek(-200, os.SEEK_END)
        check_end(file.read(), path.stat().st_size, str(path))
    decoded(start[: start.rfind(b"\n") + 1], layout, str(path))
    head = read_head(start, layout, str(path))
    columns = [c or f";empty {i}" for i, c in enumerate(head.columns)]
    rows = pl.scan_csv(
        path,
        separator=head.separator,
        infer_schema=False,
        skip_lines=layout.skip_rows,
        skip_rows_after_header=layout.skip_after_header,
        with_column_names=lambda _: columns,
    )
    return rows.select([c for c in columns if not c.startswith(";empty ")])
