"""Merging a closed month's day files into one, so that readers never notice.

What belongs here: the merge and its order. What does not: reading windows (`store`).

Order: (1) read the month file and the day files, (2) replace the month file by all of
them, (3) delete the day files. Killed before (2) nothing has changed; killed before the
end of (3) some days lie in both places with the same content. A day written again
later is a day file, and wins (a vintage: is added) until the next merge.

Writers of the table wait while its month is merged (a tenth of a second); writers never
wait for each other, and readers for nobody. On S3, where writers hold no guard, a computed day
is merged only under its lease: a day that a run writes stays a day file until the next merge,
and so do tables whose days nobody leases. Files of vintages are named by their content, so that
deleting what was merged deletes nothing else.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.lake import layout, lease, parquet
from energy_pipeline.lake.parquet import Part
from energy_pipeline.lake.storage import Storage


def merged(contract: Table, pieces: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One day from its pieces: the same rows in the same order, however they were split.

    A row that lies in two pieces counts once. Rows equal in the sort key but not in the
    rest are all kept, ordered by the rest.
    """
    if len(pieces) == 1:
        return pieces[0]
    order = list(dict.fromkeys((*contract.sort_key, *contract.schema)))
    return pl.concat(pieces).sort(order, maintain_order=True).unique(maintain_order=True)


def compact(storage: Storage, table: str, month: date) -> int:
    """Merge the day files of a calendar month into its month file.

    Parameters
    ----------
    month : date
        Any day of a month that is closed: nobody is expected to write it any more (if
        somebody does, nothing is lost).

    Returns
    -------
    int
        Number of day files merged; 0 when there was nothing to do.
    """
    contract, folder = contract_of(table), layout.table_folder(table)
    with storage.guard(folder, exclusive=True):
        storage.sweep(folder)
        paths = [p for p in storage.files(folder) if (d := layout.day_of_file(p)) is not None and layout.month_start(d) == layout.month_start(month)]
        if not paths:
            return 0
        with _at_rest(storage, contract, paths) as still:
            if still:
                _merge(storage, contract, still, layout.month_path(table, month))
            return len(still)


@contextmanager
def _at_rest(storage: Storage, contract: Table, paths: Sequence[str]) -> Iterator[list[str]]:
    """Those of a table's day files that nobody writes while the block lasts."""
    if storage.guards_writers or contract.adds_up:
        yield list(paths)
        return
    days = {path: day for path in paths if (day := layout.day_of_file(path)) is not None and contract.flow in lease.FLOWS}
    with lease.free(storage, days.values(), contract.flow, f"merging {contract.name}, process {os.getpid()}") as held:
        yield [path for path, day in days.items() if day in held]


def _merge(storage: Storage, contract: Table, paths: Sequence[str], target: str) -> None:
    """The month file with the day files, and then without them."""
    pieces, parts = _collect(storage, contract, [*paths, target])
    frames = [merged(contract, pieces[day]) for day in sorted(pieces)]
    storage.write_bytes(target, parquet.encode(pl.concat(frames), contract, sorted(parts)), durable=True)
    for path in paths:
        storage.delete(path)


def _collect(storage: Storage, contract: Table, paths: Sequence[str]) -> tuple[dict[date, list[pl.DataFrame]], set[Part]]:
    """Pieces and parts by day; for a computed table the first path that holds a day wins."""
    pieces: dict[date, list[pl.DataFrame]] = {}
    parts: set[Part] = set()
    for path in paths:
        try:
            data = storage.read_bytes(path)
        except FileNotFoundError:  # no month file yet
            continue
        listed = parquet.parts_in(io.BytesIO(data), contract, path)
        frame = parquet.decode(data, contract, path)
        have = set() if contract.adds_up else set(pieces)
        for day in {part.day for part in listed} - have:
            pieces.setdefault(day, []).append(frame.filter(pl.col("delivery_day") == day))
        parts |= {part for part in listed if part.day not in have}
    return pieces, parts
