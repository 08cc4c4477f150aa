"""Digests of raw rows: which rows two frames share, and what a set of rows adds up to.

What belongs here: 128 bits per row, and the sum of a set of them. What does not: which
rows a day sees (`cut_keys`), or hashes that are published (`archive.content_hash`).

A set's digest is the sum of its rows' digests modulo 2^64 in two lanes, so the part of a
table that a day sees is a difference of running sums (exact, for integers wrap) instead
of another pass over the rows. It guards caches against honest change, not against
somebody who builds collisions on purpose.
"""

from __future__ import annotations

import hashlib
from typing import cast

import numpy as np
import polars as pl

Digests = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]

_LANES = ((0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9), (0xD6E8FEB86659FD93, 0x94D049BB133111EB))
_NULL = 0xA5A5A5A5DEADBEEF


def row_digests(frame: pl.DataFrame) -> Digests:
    """Two 64-bit digests of each row, shape (rows, 2); equal rows have equal digests on every machine.

    Examples
    --------
    >>> a = pl.DataFrame({"zone": ["FR", "BE"], "x": [1.0, None]})
    >>> bool((row_digests(a) == row_digests(a.reverse())[::-1]).all())
    True
    >>> int((row_digests(a) == row_digests(a.with_columns(x=pl.col("x").fill_null(0.0)))).sum())
    2
    """
    found = np.empty((frame.height, 2), dtype=np.uint64)
    found[:, 0], found[:, 1] = 1, 2
    for column in frame.get_columns():
        bits = _bits(column)
        for lane, (odd, other) in enumerate(_LANES):
            mixed = (found[:, lane] ^ bits) * np.uint64(odd)
            mixed ^= mixed >> np.uint64(31)
            mixed *= np.uint64(other)
            found[:, lane] = mixed ^ (mixed >> np.uint64(29))
    return found


def total(digests: Digests) -> bytes:
    """The digest of a set of rows, whatever their order: their number and their sums."""
    sums: Digests = digests.sum(axis=0, dtype=np.uint64)
    return len(digests).to_bytes(8, "little") + sums.tobytes()


def _bits(column: pl.Series) -> Digests:
    """The values of a column as 64 bits each."""
    if column.dtype == pl.String:
        texts = column.unique().drop_nulls()
        if texts.is_empty():
            return np.full(len(column), _NULL, dtype=np.uint64)
        codes = pl.Series([int.from_bytes(hashlib.blake2b(t.encode(), digest_size=8).digest(), "little") for t in texts], dtype=pl.UInt64)
        if len(texts) == 1 and column.null_count() == 0:
            return np.full(len(column), codes[0], dtype=np.uint64)
        return column.replace_strict(texts, codes, default=_NULL, return_dtype=pl.UInt64).fill_null(_NULL).to_numpy()
    physical = column.to_physical()
    empty = physical.is_null().to_numpy() if physical.null_count() else None
    if physical.dtype == pl.Float64:
        bits = np.ascontiguousarray(physical.fill_null(0.0).to_numpy()).view(np.uint64)
    else:
        bits = physical.cast(pl.Int64).fill_null(0).to_numpy().astype(np.int64).view(np.uint64)
    return bits if empty is None else cast("Digests", np.where(empty, np.uint64(_NULL), bits))
