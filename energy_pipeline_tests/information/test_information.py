"""What was known when: the as-of look-up against a brute-force search, and the look-ahead guard."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.desk import load_desk
from energy_pipeline.domain.delivery import DeliveryDay, to_us
from energy_pipeline.domain.errors import LookAheadError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.information.series_months import content_hash

DESK = load_desk(Path(__file__).parents[1] / "desks" / "tiny.yaml")
DAY = date(2026, 3, 29)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=0, max_size=40, unique=True),
    st.lists(st.tuples(st.integers(-1, 6), st.integers(-1, 9)), min_size=1, max_size=20),
)
def test_lookup_equals_a_search_over_all_vintages(rows, asked):
    values = {row: float(i) for i, row in enumerate(rows)}
    starts = np.array([r[0] for r in rows], dtype=np.int64)
    known = np.array([r[1] for r in rows], dtype=np.int64)
    series = AsOfSeries(starts, known, np.array(list(values.values())))
    found = series.lookup(np.array([a[0] for a in asked]), np.array([a[1] for a in asked]))
    for (start, cut), value in zip(asked, found, strict=True):
        visible = [k for s, k in rows if s == start and k <= cut]
        if visible:
            assert value == values[start, max(visible)]
        else:
            assert np.isnan(value)


def _prices(day: date, known_at: datetime, price: float) -> pl.DataFrame:
    starts = DeliveryDay(day, "Europe/Berlin").interval_starts_us(60)
    return pl.DataFrame(
        {
            "delivery_day": [day] * len(starts),
            "zone": "SOUTH",
            "delivery_start": pl.Series(starts).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "resolution_minutes": 60,
            "price_eur_mwh": price,
            "known_at": known_at,
            "source": "test",
        },
        schema=table("day_ahead_prices").schema,
    )


def _info(*frames: pl.DataFrame):
    return Archive(DESK, {"day_ahead_prices": pl.concat(frames)}).at(DAY)


def test_a_correction_is_seen_only_after_it_was_known():
    cut = DESK.decision_time(DAY)
    yesterday = DAY - timedelta(days=1)
    first = _prices(yesterday, cut - timedelta(days=1), 50.0)
    late = _prices(yesterday, cut + timedelta(seconds=1), 99.0)
    starts = DeliveryDay(yesterday, "Europe/Berlin").interval_starts_us(60)
    assert set(_info(first, late).values("day_ahead_prices", "price_eur_mwh", starts, zone="SOUTH")) == {50.0}
    in_time = _prices(yesterday, cut, 99.0)
    assert set(_info(first, in_time).values("day_ahead_prices", "price_eur_mwh", starts, zone="SOUTH")) == {99.0}
    assert _info(first, late).frame("day_ahead_prices")["price_eur_mwh"].unique().to_list() == [50.0]


def test_asking_later_than_the_decision_time_is_refused():
    info = _info(_prices(DAY, DESK.decision_time(DAY), 1.0))
    with pytest.raises(LookAheadError, match="after its decision time"):
        info.values("day_ahead_prices", "price_eur_mwh", np.array([0]), cut_us=info.decision_us + 1, zone="SOUTH")
    with pytest.raises(LookAheadError, match="asked for the information set"):
        info.at(DAY + timedelta(days=1))


def test_the_record_hashes_only_what_was_visible():
    cut = DESK.decision_time(DAY)
    yesterday = DAY - timedelta(days=1)
    visible = _prices(yesterday, cut, 50.0)
    alone = _info(visible).record("day_ahead_prices")
    with_future = _info(visible, _prices(DAY, cut + timedelta(hours=2), 1.0)).record("day_ahead_prices")
    changed = _info(_prices(yesterday, cut, 50.000001)).record("day_ahead_prices")
    assert alone.equals(with_future)
    assert alone["rows"].to_list() == [24]
    assert alone["content_hash"].to_list() != changed["content_hash"].to_list()


def test_decision_time_is_never_after_the_gate():
    for day in (date(2026, 3, 29), date(2026, 3, 30), date(2025, 10, 26), date(2025, 10, 27)):
        assert DESK.decision_time(day) <= DESK.gate_closure(day)
    assert DESK.decision_time(date(2026, 3, 30)) == datetime(2026, 3, 29, 9, 15, tzinfo=UTC)


def test_content_hash_tells_null_from_zero_and_order():
    frames = [pl.DataFrame({"a": v}) for v in ([1.0, 0.0], [0.0, 1.0], [1.0, None])]
    assert len({content_hash(f) for f in frames}) == 3


def test_before_the_visible_history_nothing_is_known():
    first = DESK.delivery_day(DAY - timedelta(days=DESK.history_days))
    early = _prices(first.day - timedelta(days=1), DESK.decision_time(first.day), 5.0)
    info = _info(early)
    assert np.isnan(info.values("day_ahead_prices", "price_eur_mwh", np.array([to_us(first.start) - 3_600_000_000]), zone="SOUTH")).all()
