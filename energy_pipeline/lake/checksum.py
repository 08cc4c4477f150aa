"""A checksum of every byte of a Parquet file, kept in its own footer.

What belongs here: putting it in, comparing it, and finding the footer. What does not: what the footer
lists (`parquet`), or whether a file lies where it belongs (`parquet`, `layout`).

A footer cannot hold a hash of itself. So the file is encoded with 32 zeros as the value of a key of the
footer's metadata, and the zeros are then replaced in place by two hashes: one of all bytes before the
footer, one of the footer (its length and the closing mark included) with the zeros in it. A reader of
the footer alone compares the second, a reader of the file both. SHA-256, of which 64 bits each are kept:
the processor computes it, and 10 kB take about 6 us (docs/decisions/file-checksums.md).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

KEY = "energy_pipeline.checksum"
DIGITS = 16
EMPTY = "0" * (2 * DIGITS)
MAGIC = b"PAR1"
_TAIL_BYTES = 16_384
_ENDING = 8
"""Bytes after the footer: its length and the mark."""
_FIELD = KEY.encode() + b"\x18" + bytes([2 * DIGITS])
"""Key and, in the footer's encoding (Thrift compact), "field 2, a string of 32 bytes"."""


class DamageError(ValueError):
    """The bytes are not those that were written; the text says how that shows."""


def sealed(data: bytes) -> bytes:
    """The bytes of a file whose metadata has `KEY: EMPTY`, with its checksum in that place.

    Raises
    ------
    ValueError
        When there is no such entry.
    """
    footer = footer_of(data)
    at = _value_at(footer)
    if at is None or footer[at : at + len(EMPTY)] != EMPTY.encode():
        raise ValueError(f"the footer has no empty {KEY}")
    start = len(data) - len(footer)
    value = _hash(memoryview(data)[:start]) + _hash(footer)
    return b"".join([data[: start + at], value.encode(), data[start + at + len(EMPTY) :]])


def footer_of(data: bytes) -> bytes:
    """The footer with its length and the closing mark.

    Raises
    ------
    DamageError
        When the file does not end as a Parquet file does.
    """
    return data[-_length(data[-_ENDING:], len(data)) :]


def read_footer(source: Path | BinaryIO) -> bytes:
    """The same, of a file of which nothing else is read."""
    if isinstance(source, Path):
        with source.open("rb") as handle:
            return read_footer(handle)
    size = source.seek(0, 2)
    source.seek(max(size - _TAIL_BYTES, 0))
    tail = source.read()
    length = _length(tail[-_ENDING:], size)
    if length > len(tail):
        source.seek(size - length)
        tail = source.read(length)
    return tail[-length:]


def require_footer(footer: bytes) -> bool:
    """Compare a footer with its checksum; False when it has none (written before there were checksums).

    Raises
    ------
    DamageError
        When they differ.
    """
    at = _value_at(footer)
    if at is None:
        return False
    if _hash(footer[:at] + EMPTY.encode() + footer[at + len(EMPTY) :]) != _text(footer, at + DIGITS):
        raise DamageError("its footer does not match its checksum: bytes were changed after it was written")
    return True


def require_whole(data: bytes) -> bool:
    """Compare all bytes of a file with its checksum; False when it has none.

    Raises
    ------
    DamageError
        When they differ, or the file ends early.

    Examples
    --------
    >>> import io, polars as pl
    >>> file = io.BytesIO()
    >>> pl.DataFrame({"x": [1]}).write_parquet(file, metadata={KEY: EMPTY})
    >>> data = sealed(file.getvalue())
    >>> require_whole(data)
    True
    >>> require_whole(data[:9] + b"?" + data[10:])
    Traceback (most recent call last):
    ...
    energy_pipeline.lake.checksum.DamageError: its rows do not match its checksum: bytes were changed after it was written
    """
    footer = footer_of(data)
    if not require_footer(footer):
        return False
    at = _value_at(footer)
    if at is None or _hash(memoryview(data)[: len(data) - len(footer)]) != _text(footer, at):
        raise DamageError("its rows do not match its checksum: bytes were changed after it was written")
    return True


def _length(ending: bytes, size: int) -> int:
    length = int.from_bytes(ending[:4], "little") + _ENDING
    if len(ending) < _ENDING or ending[4:] != MAGIC or length > size - len(MAGIC):
        raise DamageError(f"it does not end as a Parquet file does ({size} bytes): it is cut off or was changed")
    return length


def _value_at(footer: bytes) -> int | None:
    # The last one: texts of the data (in statistics) come before the metadata.
    found = footer.rfind(_FIELD)
    return None if found < 0 or found + len(_FIELD) + len(EMPTY) > len(footer) else found + len(_FIELD)


def _text(footer: bytes, at: int) -> str:
    return footer[at : at + DIGITS].decode("latin-1")


def _hash(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:DIGITS]
