"""A frame as Parquet bytes and back, with its content hash in the footer.

What belongs here: the codec. What does not: paths, contracts' rules, storage.

The bytes depend on the frame only: row groups have a fixed size and no time is stored.
The footer lists the parts of the file (day, hash, rows), so the manifest of a table
is read from the very files it speaks of and cannot disagree with them. It also carries the
table's schema version: a file of an earlier one is read with the defaults of the younger
columns, anything else is refused. A day's hash is of its values when it was written; neither
the footer nor a younger column changes it.

A file is believed because of its bytes: each reading compares the checksum in the footer (`checksum`),
the days inside with the folder's name, and the content with the file's name where it is named by that.
A day file from before there were checksums is compared by its content hash; a merged month from then is
read as it is, until it is merged again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.contracts.model import Table
from energy_pipeline.lake import checksum, layout
from energy_pipeline.lake.errors import DamagedFileError, LakeError, MisplacedFileError, SchemaVersionError

ROWS_PER_GROUP = 65_536
COMPRESSION_LEVEL = 3
SHORT = 10_000
"""Strings up to which a Python list is the quicker way."""
FOOTER_KEY = "energy_pipeline"
VERSION_KEY = "energy_pipeline.schema_version"
_UNREADABLE = (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, KeyError, TypeError)
"""What damaged bytes raise: `DamageError` is a ValueError; without a checksum polars panics on some, and JSON is not JSON."""


@dataclass(frozen=True, order=True)
class Part:
    """One day's content inside a file: a computed day, or one vintage of a raw day."""

    day: date
    sha256: str
    rows: int


def content_sha256(frame: pl.DataFrame) -> str:
    """SHA-256 of a frame's column names, dtypes and values in row order; independent of the file format.

    >>> a = pl.DataFrame({"x": [1.0, None], "s": ["ab", "c"]})
    >>> content_sha256(a) == content_sha256(a.clone()), content_sha256(a) == content_sha256(a.reverse())
    (True, False)
    """
    digest = hashlib.sha256()
    for column in frame.get_columns():
        digest.update(f"{column.name}\0{column.dtype}\0{column.len()}\0".encode())
        if column.null_count() == 0 and (content := _plain_bytes(column)) is not None:
            digest.update(bytes(column.len()))
            for piece in content:
                digest.update(piece)
            continue
        unknown = column.is_null().to_numpy()
        digest.update(unknown.tobytes())
        if column.dtype == pl.Float64:
            digest.update(np.where(unknown, 0.0, column.to_numpy()).tobytes())
        elif column.dtype == pl.String and column.len() <= SHORT:
            for piece in _text_bytes(column):
                digest.update(piece)
        elif column.dtype == pl.String:
            digest.update(column.str.len_bytes().fill_null(0).to_numpy().tobytes())
            digest.update((column.str.join("").item() or "").encode())
        else:
            values = column.to_physical()
            filled = values.cast(pl.UInt8) if values.dtype == pl.Boolean else values
            digest.update(np.ascontiguousarray(filled.fill_null(0).to_numpy()).tobytes())
    return digest.hexdigest()


def _plain_bytes(column: pl.Series) -> list[bytes] | None:
    """What `content_sha256` hashes of a column without nulls, without polars' expressions: a day has many short columns."""
    if column.dtype == pl.String and column.len() <= SHORT:
        return _text_bytes(column)
    if column.dtype in (pl.Float64, pl.Int32, pl.Int64):
        return [np.ascontiguousarray(column.to_numpy()).tobytes()]
    if isinstance(column.dtype, pl.Datetime):
        return [np.ascontiguousarray(column.to_numpy()).view(np.int64).tobytes()]
    if column.dtype == pl.Date:
        return [column.to_numpy().astype("datetime64[D]").astype(np.int32).tobytes()]
    return None


def _text_bytes(column: pl.Series) -> list[bytes]:
    texts = [(text or "").encode() for text in column.to_list()]
    return [np.array([len(t) for t in texts], dtype=np.uint32).tobytes(), b"".join(texts)]


def part_of(frame: pl.DataFrame, day: date) -> Part:
    """The part a frame makes."""
    return Part(day, content_sha256(frame), frame.height)


def encode(frame: pl.DataFrame, contract: Table, parts: Sequence[Part]) -> bytes:
    """Parquet bytes of a table's rows; the same frame, schema version and parts give the same bytes."""
    listed = [{"day": p.day.isoformat(), "sha256": p.sha256, "rows": p.rows} for p in parts]
    buffer = io.BytesIO()
    listing = json.dumps(listed, separators=(",", ":"))
    frame.rechunk().write_parquet(
        buffer,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        row_group_size=ROWS_PER_GROUP,
        statistics=True,
        metadata={FOOTER_KEY: listing, VERSION_KEY: str(contract.version), checksum.KEY: checksum.EMPTY},
    )
    return checksum.sealed(buffer.getvalue())


def decode(data: bytes, contract: Table, path: str, days: Collection[date] | None = None) -> pl.DataFrame:
    """The frame of Parquet bytes, of `days` only when given, with every column the contract has today.

    Raises
    ------
    DamagedFileError
        When the bytes are no Parquet file, or not those that were written.
    MisplacedFileError
        When they are of another day than the folder, or of another content than the name.
    SchemaVersionError
        When its columns are not those of its schema version, or that is unknown or no longer readable.
    """
    try:
        has_checksum = checksum.require_whole(data)
        metadata = pl.read_parquet_metadata(io.BytesIO(data))
        version, parts = int(metadata.get(VERSION_KEY, 1)), _parts(metadata, contract, path)
        if days is None:
            frame = pl.read_parquet(io.BytesIO(data))
        else:
            frame = pl.scan_parquet(io.BytesIO(data)).filter(pl.col("delivery_day").is_in(sorted(days))).collect()
    except _UNREADABLE as error:
        raise _damaged(contract, path, error) from error
    if not has_checksum and layout.month_of_file(path) is None and content_sha256(frame) not in {part.sha256 for part in parts}:
        raise DamagedFileError(contract, path, "its rows do not match the content hash in its footer: bytes were changed after it was written")
    return _as_today(frame, contract, version, path)


def _as_today(frame: pl.DataFrame, contract: Table, version: int, path: str) -> pl.DataFrame:
    """Rows of a file in today's columns: younger ones by their declared default."""
    if not contract.readable <= version <= contract.version:
        raise SchemaVersionError(contract, path, version, f" and reads from version {contract.readable} on")
    found, expected = dict(frame.schema), contract.schema_of(version)
    if found != expected:
        differ = [
            f"{n} is {found.get(n, 'missing')} instead of {expected.get(n, 'missing')}"
            for n in {**expected, **found}
            if found.get(n) != expected.get(n)
        ]
        raise SchemaVersionError(contract, path, version, f", which says otherwise of its columns: {'; '.join(differ)}")
    if list(found) == list(contract.schema):
        return frame
    younger = [pl.lit(c.default, dtype=contract.schema[c.name]).alias(c.name) for c in contract.columns if c.since > version]
    return frame.with_columns(younger).select(list(contract.schema))


def parts_in(source: Path | io.BytesIO, contract: Table, path: str) -> list[Part]:
    """The parts listed in a file's footer.

    Raises
    ------
    DamagedFileError, MisplacedFileError
        As for `decode`, as far as the footer alone tells.
    """
    try:
        footer = checksum.read_footer(source)
        checksum.require_footer(footer)
        return _parts(pl.read_parquet_metadata(io.BytesIO(checksum.MAGIC + footer)), contract, path)
    except _UNREADABLE as error:
        raise _damaged(contract, path, error) from error


def verify(data: bytes, contract: Table, path: str) -> list[Part]:
    """The parts of a file all of whose bytes are compared, without reading its rows; errors as for `decode`."""
    try:
        if not checksum.require_whole(data):
            decode(data, contract, path)
    except checksum.DamageError as error:
        raise _damaged(contract, path, error) from error
    return parts_in(io.BytesIO(data), contract, path)


def _damaged(contract: Table, path: str, error: BaseException) -> DamagedFileError:
    how = str(error) if isinstance(error, checksum.DamageError) else f"is not readable as Parquet ({error})"
    return DamagedFileError(contract, path, how)


def _parts(metadata: Mapping[str, str], contract: Table, path: str) -> list[Part]:
    """The parts a footer lists, which must be of the place the file lies in."""
    text = metadata.get(FOOTER_KEY)
    if text is None:
        raise LakeError(contract, path, "was not written by this lake: its footer lists no parts")
    parts = [Part(date.fromisoformat(p["day"]), p["sha256"], p["rows"]) for p in json.loads(text)]
    folder, content = layout.folder_of_file(path), layout.content_in_name(path)
    other = sorted({part.day.isoformat() for part in parts if not part.day.isoformat().startswith(folder)})
    if other:
        raise MisplacedFileError(contract, path, f"holds {', '.join(other)}, its folder is of {folder}: another day's file was put here")
    if content and [part.sha256[: len(content)] for part in parts] != [content]:
        found = ", ".join(part.sha256[: len(content)] for part in parts)
        raise MisplacedFileError(contract, path, f"holds content {found}, its name says {content}: another file was put under this name")
    return parts
