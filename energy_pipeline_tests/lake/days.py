"""Small days to write and a storage that can be interrupted: tools of the lake's tests."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.lake import Lake
from energy_pipeline.lake.storage import LocalStorage

MONTH = date(2019, 3, 1)
DAY = date(2019, 3, 30)


def days(count: int, first: date = MONTH) -> list[date]:
    return [first + timedelta(days=i) for i in range(count)]


def prices(day: date, price: float = 40.0, hours: range = range(24), known_hours_later: int = 0, zone: str = "FR") -> pl.DataFrame:
    """Raw rows: one price an hour."""
    start = datetime.combine(day, time(0), tzinfo=UTC)
    rows = [
        {
            "delivery_day": day,
            "zone": zone,
            "delivery_start": start + timedelta(hours=h),
            "resolution_minutes": 60,
            "price_eur_mwh": price + h,
            "known_at": start - timedelta(hours=12) + timedelta(hours=known_hours_later),
            "source": "test",
        }
        for h in hours
    ]
    return table("day_ahead_prices").frame(rows)


def stresses(day: date, value: float = 1.0, levels: tuple[float, ...] = (0.95, 0.99)) -> pl.DataFrame:
    """Rows of a computed table whose key repeats from day to day."""
    contract = table("stress_results")
    rows = [{"delivery_day": day, "stress": f"s{level}"} for level in levels]
    frame = pl.DataFrame(rows, schema={"delivery_day": pl.Date, "stress": pl.String})
    for column in contract.columns:
        if column.name in frame.columns:
            continue
        filler: object = value if column.dtype in ("f64", "f32") else (column.allowed or ("text",))[0] if column.dtype == "str" else 0
        frame = frame.with_columns(pl.lit(filler, dtype=contract.schema[column.name]).alias(column.name))
    return frame.select(list(contract.schema))


def submitted_in_pairs(lake: Lake, count: int) -> list[list[str]]:
    """Numbers that two submissions at the same moment were given, for as many days."""
    start = threading.Barrier(2)

    def submit(day: date, data: bytes) -> str:
        start.wait()
        return lake.submit(day, data)

    found = []
    with ThreadPoolExecutor(2) as pool:
        for day in days(count):
            list(pool.map(submit, (day, day), (b"a", b"b")))
            found.append(sorted(path.rsplit("/", 1)[1][:4] for path in lake.nominations(day)))
    return found


class Interrupted(Exception):  # noqa: N818 - stands for a kill
    """The process died here."""


class WatchedStorage(LocalStorage):
    """Calls `before(operation, path)` ahead of each read, write and delete."""

    def __init__(self, root: Path, before: Callable[[str, str], None]) -> None:
        super().__init__(root)
        self.before = before

    def files(self, folder: str) -> list[str]:
        self.before("files", folder)
        return super().files(folder)

    def read_bytes(self, path: str) -> bytes:
        self.before("read", path)
        return super().read_bytes(path)

    def write_bytes(self, path: str, data: bytes, *, durable: bool = False) -> None:
        self.before("write", path)
        super().write_bytes(path, data, durable=durable)

    def delete(self, path: str) -> None:
        self.before("delete", path)
        super().delete(path)

    @contextlib.contextmanager
    def guard(self, folder: str, *, exclusive: bool) -> Iterator[None]:
        """No lock: these tests interleave reader, writer and maintenance in one thread."""
        self.before("guard", f"{folder} {exclusive}")
        yield
