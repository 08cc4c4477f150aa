"""Bytes of a CSV file to a frame of text, as the desk file says it is laid out.

What belongs here: encoding, separator, header, lines to skip, and telling what is wrong with any of them. What does not:
paths and disks (`lake.source_files`), and what a cell means: every cell is text, so that its door can name it as it was written.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass

import polars as pl

from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.errors import SourceError

SEPARATORS = (",", ";", "\t", "|")
HEAD_BYTES = 1 << 20
"""Within so much of a file its header must end."""
EMPTY_CELLS = 30
"""So many separators more than in the header a line may end with."""
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True)
class Head:
    """What a file's first lines say.

    Attributes
    ----------
    columns : tuple of str
        Names, trimmed; a name that stands twice is numbered, `price (1)`, so that none is taken for the other.
    separator : str
    lines : int
        Lines before the first row of data.
    size_bytes : int
        Their length.
    """

    columns: tuple[str, ...]
    separator: str
    lines: int
    size_bytes: int


def text_frame(data: bytes, layout: FileLayout, name: str) -> pl.DataFrame:
    r"""A CSV file's rows, every column as text.

    Parameters
    ----------
    data : bytes
        The whole file.
    layout : FileLayout
    name : str
        For errors.

    Raises
    ------
    SourceError
        Saying what is wrong with the file and which key of the desk file would help.

    Examples
    --------
    >>> text_frame(b"preamble\nt; price \n2024-01-01;1,5\n", FileLayout(skip_rows=1), "x.csv").to_dicts()
    [{'t': '2024-01-01', 'price': '1,5'}]
    """
    data = decoded(data, layout, name)
    check_end(data[-200:], len(data), name)
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    head = read_head(data[:HEAD_BYTES], layout, name)
    rows = data[head.size_bytes :]
    if not rows.strip():
        raise SourceError(f"{name}: line {head.lines}: a header and no row below it -> export it again, or take the entry out of the desk file")
    for empty in (0, EMPTY_CELLS):
        columns = [column or f";empty {i}" for i, column in enumerate([*head.columns, *[""] * empty])]
        line = head.separator.join(f"c{i}" for i in range(len(columns))).encode() + b"\n"
        try:
            frame = pl.read_csv(line + rows, separator=head.separator, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            if empty:
                raise SourceError(
                    f"{name}: {_too_many(rows, head) or str(error).splitlines()[0]} -> export it again, or name its `separator`"
                ) from error
        else:
            return _named(frame.rename(dict(zip(frame.columns, columns, strict=True))), rows, head, name)
    raise AssertionError("the second reading returns or raises")


def decoded(data: bytes, layout: FileLayout, name: str) -> bytes:
    """The file as UTF-8 without a byte order mark."""
    if layout.encoding is not None:
        try:
            data = data.decode(layout.encoding).encode()
        except UnicodeError as error:
            raise SourceError(f"{name}: is not {layout.encoding}: {error} -> correct `encoding`") from error
        return data.removeprefix(b"\xef\xbb\xbf")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            raise SourceError(f"{name}: begins with the mark of {encoding} -> say `encoding: {encoding}`")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        shown = data[max(error.start - 10, 0) : error.start + 10].decode("windows-1252", "replace")
        raise SourceError(
            f"{name}: line {line} is not UTF-8, about {shown!r} -> say its `encoding`, such as windows-1252, or export it as UTF-8"
        ) from error
    return data.removeprefix(b"\xef\xbb\xbf")


def check_end(tail: bytes, size: int, name: str) -> None:
    """Refuse a file that is empty, or whose last line has no end: a copy cut off looks the same."""
    if not size or not tail.strip(b"\r\n \t,;|\x00"):
        raise SourceError(f"{name}: line 1: the file is empty -> export it again")
    if not tail.endswith((b"\n", b"\r")):
        last = tail.splitlines()[-1].decode("utf-8", "replace")
        raise SourceError(
            f"{name}: ends without a line end, after {last!r}: a copy that was cut off looks the same, and so does half a number "
            "-> copy or export it again; if it is whole, add a line end"
        )


def read_head(data: bytes, layout: FileLayout, name: str) -> Head:
    """The header of a file that begins with these bytes."""
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    skipped = layout.skip_rows
    if len(lines) <= skipped + 1:
        raise SourceError(f"{name}: has {len(lines) - 1} line(s), and `skip_rows` leaves out {skipped} -> correct it")
    header = lines[skipped].decode("utf-8", "replace").rstrip("\r")
    bare = "".join(header.split('"')[::2])
    separator = layout.separator or max(SEPARATORS, key=bare.count)
    names = [n.strip() for n in next(csv.reader([header], delimiter=separator), [])]
    if not any(names):
        raise SourceError(f"{name}: line {skipped + 1}, its header, is empty -> say how many lines stand before it in `skip_rows`")
    count = skipped + 1 + layout.skip_after_header
    begin = len(data) - len(data.removeprefix(b"\xef\xbb\xbf")) + sum(len(line) + 1 for line in lines[:count])
    return Head(tuple(_numbered(names)), separator, count, begin)


def _numbered(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(f"{name} ({seen[name]})" if name and names.count(name) > 1 else name)
    return found


def _named(frame: pl.DataFrame, rows: bytes, head: Head, name: str) -> pl.DataFrame:
    """Without the empty columns that separators at the ends of lines make."""
    extra = [c for c in frame.columns if c.startswith(";empty ")]
    filled = frame.select(pl.any_horizontal(pl.col(c).str.strip_chars() != "" for c in extra)) if extra else pl.DataFrame({"f": [False]})
    if filled.to_series().any():
        told = _too_many(rows, head) or f"cells below an empty name in the header, line {head.lines}"
        raise SourceError(f"{name}: {told} -> name the column, or name the `separator`")
    return frame.drop(extra)


def _too_many(rows: bytes, head: Head) -> str | None:
    """The first line with more cells than the header has names."""
    for number, cells in enumerate(csv.reader(rows.decode("utf-8", "replace").splitlines(), delimiter=head.separator), head.lines + 1):
        if any(c.strip() for c in cells[len(head.columns) :]):
            return f"line {number} has {len(cells)} cells, the header {len(head.columns)}: {head.separator.join(cells)[:80]!r}"
    return None
