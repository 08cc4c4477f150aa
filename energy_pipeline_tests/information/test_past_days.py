"""Values of past days: their keys, their packing, and what they forget."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.information.cut_keys import CutKeys, Reads, decided_us
from energy_pipeline.information.day_memo import DayMemo, RowChange
from energy_pipeline.information.past_days import pack, unpack
from energy_pipeline.information.row_digests import row_digests

FIRST, DAY = date(2026, 1, 1), date(2026, 3, 10)
READS = (Reads("load_forecast", (("zone", "FR"),)),)


def frame(days=80, zones=("BE", "FR")):
    rows = [
        {
            "delivery_day": FIRST + timedelta(days=i),
            "zone": zone,
            "delivery_start": datetime(2026, 1, 1, hour, tzinfo=UTC) + timedelta(days=i),
            "known_at": datetime(2025, 12, 31, 8, tzinfo=UTC) + timedelta(days=i),
            "load_mw": float(100 * i + hour),
        }
        for i in range(days)
        for zone in zones
        for hour in range(24)
    ]
    held = pl.DataFrame(rows)
    contract = table("load_forecast")
    filled = {c.name: None if c.dtype != "i32" else 60 for c in contract.columns if c.name not in held.columns}
    return held.with_columns(**{k: pl.lit(v) for k, v in filled.items()}).select(*contract.schema).cast(contract.schema)


def key(rows, day=DAY, reads=READS, reach=35, version="v", horizon=7):
    at = decided_us(lambda d: datetime(d.year, d.month, d.day, 9, 30, tzinfo=UTC) - timedelta(days=1))
    return CutKeys(lambda _: (rows, row_digests(rows)), at, horizon, version).key(day, reads, reach)


def changed(rows, day, zone="FR", known=None, value=1.0):
    hit = (pl.col("delivery_day") == day) & (pl.col("zone") == zone)
    found = rows.with_columns(load_mw=pl.when(hit).then(pl.lit(value)).otherwise("load_mw"))
    return found if known is None else found.with_columns(known_at=pl.when(hit).then(pl.lit(known)).otherwise("known_at"))


def test_a_key_is_moved_by_what_the_day_sees_and_by_nothing_else():
    rows = frame()
    late = datetime(2026, 3, 9, 9, 31, tzinfo=UTC)
    assert key(changed(rows, DAY - timedelta(days=35))) != key(rows)
    assert key(changed(rows, DAY)) != key(rows)
    assert key(changed(rows, DAY - timedelta(days=36))) == key(rows)  # before its reach
    assert key(changed(rows, DAY, zone="BE")) == key(rows)  # another series
    assert key(changed(rows, DAY + timedelta(days=1))) == key(rows)  # known after the decision
    assert key(changed(changed(rows, DAY, known=late), DAY, value=2.0)) == key(changed(rows, DAY, known=late))
    assert key(rows, version="w") != key(rows) != key(rows, reach=34)


@pytest.mark.parametrize("ago", [0, 3, 5, 30])
def test_a_late_vintage_moves_the_keys_of_exactly_the_days_that_see_it(ago):
    rows = frame()
    known = datetime(2026, 3, 6, 12, tzinfo=UTC)
    late = rows.filter(pl.col("delivery_day") == DAY - timedelta(days=ago)).with_columns(known_at=pl.lit(known), load_mw=pl.lit(5.0))
    both = pl.concat([rows, late]).sort("delivery_day", "zone", "delivery_start", "known_at")
    moved = [day for day in (DAY + timedelta(days=i) for i in range(-20, 5)) if key(both, day) != key(rows, day)]
    assert moved == [DAY + timedelta(days=i) for i in range(-20, 5) if DAY + timedelta(days=i) >= date(2026, 3, 8)]


def test_the_key_of_a_window_is_the_key_of_any_wider_one():
    rows = frame()
    narrow = rows.filter(pl.col("delivery_day") >= DAY - timedelta(days=35))
    assert key(rows) == key(narrow)


def test_rows_have_the_same_digest_wherever_they_lie_and_another_when_anything_differs():
    rows = frame(3)
    digests = row_digests(rows)
    assert np.array_equal(row_digests(rows.reverse())[::-1], digests)
    assert len({tuple(d) for d in digests.tolist()}) == rows.height
    swapped = rows.with_columns(load_mw=pl.col("load_mw").reverse())
    assert digests.sum(axis=0).tolist() != row_digests(swapped).sum(axis=0).tolist()


def test_kept_values_come_back_to_the_last_bit():
    values = {"a": np.array([0.1, np.nan, -0.0]), "b": np.arange(6.0).reshape(2, 3), "none": np.empty((0, 4))}
    arrays, about = unpack(pack(values, {"note": "x"}))
    assert {n: (v.shape, v.tobytes()) for n, v in arrays.items()} == {n: (v.shape, v.tobytes()) for n, v in values.items()}
    assert about == {"note": "x"}


def test_a_decision_time_that_moves_forgets_its_day_and_all_after_it():
    memo = DayMemo()
    days = [DAY + timedelta(days=i) for i in range(4)]
    for at, day in enumerate(days):
        memo.value(day, at, ("x",), lambda: 1)
    memo.keep_to(days[0], {day: at + (at == 2) for at, day in enumerate(days)})
    assert memo.days == days[:2]
    memo.keep_to(days[1], {})
    assert memo.days == [days[1]]


def test_a_changed_row_forgets_the_days_that_see_it():
    memo = DayMemo()
    days = [DAY + timedelta(days=i) for i in range(10)]
    for at, day in enumerate(days):
        memo.value(day, at, ("x",), lambda: 1)
    memo.forget([RowChange("load_forecast", DAY + timedelta(days=6), 4)], history_days=2, horizon_days=1)
    assert memo.days == [*days[:5], days[9]]  # 5 .. 8 see it: known at 4 is before 5's horizon reaches it
