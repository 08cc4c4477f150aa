import math
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import table
from energy_pipeline.domain.errors import ContractError
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.ingestion.vintages import new_vintages

LOAD = table("load_actual")
DAY = date(2025, 3, 5)
RULE = datetime(2025, 3, 5, 3, tzinfo=UTC)
NOW = datetime(2025, 3, 6, 8, tzinfo=UTC)


def rows(values, *, known=RULE, source="a", zone="FR"):
    """Rows for hours 0.. of the day; `values` maps hour to MW (or None)."""
    n = len(values)
    data = {
        "delivery_day": [DAY] * n,
        "zone": [zone] * n,
        "delivery_start": [datetime(2025, 3, 5, tzinfo=UTC) + timedelta(hours=h) for h in values],
        "resolution_minutes": [60] * n,
        "load_mw": list(values.values()),
        "known_at": [known] * n,
        "source": [source] * n,
    }
    return LOAD.frame(data)


def test_unseen_rows_keep_the_rules_known_at_even_when_ingested_later():
    fresh = rows({0: 1.0, 1: None})
    assert_frame_equal(new_vintages(LOAD, LOAD.frame(), fresh, NOW), fresh)


def test_a_row_that_was_not_there_when_we_looked_became_known_when_we_saw_it():
    kept, fresh = rows({0: 1.0}), rows({0: 1.0, 1: 2.0})
    before, after = RULE - timedelta(hours=1), RULE + timedelta(hours=1)
    assert new_vintages(LOAD, kept, fresh, NOW, looked_at=before)["known_at"].to_list() == [RULE]
    assert new_vintages(LOAD, kept, fresh, NOW, looked_at=after)["known_at"].to_list() == [NOW]
    assert new_vintages(LOAD, LOAD.frame(), fresh, NOW, looked_at=after)["known_at"].to_list() == [NOW, NOW]


def test_the_same_again_adds_nothing_whatever_source_and_known_at_say():
    kept = rows({0: 1.0, 1: None})
    again = rows({0: 1.0, 1: None}, known=RULE + timedelta(hours=9), source="b")
    assert new_vintages(LOAD, kept, again, NOW).height == 0


@pytest.mark.parametrize(("before", "after"), [(1.0, 1.0 + 1e-12), (None, 1.0), (1.0, None), (0.0, None)])
def test_a_changed_value_is_known_when_it_was_ingested(before, after):
    added = new_vintages(LOAD, rows({0: before, 1: 5.0}), rows({0: after, 1: 5.0}), NOW)
    assert added["known_at"].to_list() == [NOW]
    assert added["load_mw"].to_list() == [after]


def test_a_correction_published_after_the_ingestion_clock_keeps_its_rule():
    later = NOW + timedelta(hours=2)
    assert new_vintages(LOAD, rows({0: 1.0}), rows({0: 2.0}, known=later), NOW)["known_at"].to_list() == [later]


def test_a_correction_is_always_later_than_what_it_corrects():
    kept = rows({0: 1.0}, known=NOW)
    added = new_vintages(LOAD, kept, rows({0: 2.0}), NOW)
    assert added["known_at"][0] == NOW + timedelta(microseconds=1)


def test_a_value_that_returns_to_an_older_vintage_is_a_correction_again():
    kept = pl.concat([rows({0: 1.0}), rows({0: 2.0}, known=NOW)])
    added = new_vintages(LOAD, kept, rows({0: 1.0}), NOW + timedelta(days=1))
    assert added["load_mw"].to_list() == [1.0]
    assert added["known_at"].to_list() == [NOW + timedelta(days=1)]


def test_keys_are_compared_in_full():
    assert new_vintages(LOAD, rows({0: 1.0}), rows({0: 2.0}, zone="ES"), NOW)["known_at"].to_list() == [RULE]


def test_a_fuel_price_of_another_value_date_is_unseen():
    fuels = table("fuel_prices")
    data = {"delivery_day": [DAY], "commodity": ["gas"], "price": [40.0], "unit": ["EUR/MWh"], "known_at": [RULE], "source": ["a"]}
    kept = fuels.frame(data)
    fresh = kept.with_columns(delivery_day=pl.lit(DAY + timedelta(days=1)), price=41.0)
    assert new_vintages(fuels, kept, fresh, NOW)["known_at"].to_list() == [RULE]


def test_duplicates_in_the_source_are_refused_by_name():
    with pytest.raises(ContractError, match=r"load_actual.*2025-03-05(.|\n)*duplicate key in 2 row"):
        new_vintages(LOAD, LOAD.frame(), pl.concat([rows({0: 1.0}), rows({0: 2.0})]), NOW)


def test_an_instant_without_zone_and_a_table_without_vintages_are_refused():
    with pytest.raises(ValueError, match="time zone"):
        new_vintages(LOAD, rows({0: 1.0}), rows({0: 1.0}), datetime(2025, 3, 6))  # noqa: DTZ001
    pnl = table("pnl")
    with pytest.raises(ValueError, match="keeps no vintages"):
        new_vintages(pnl, pnl.frame(), pnl.frame(), NOW)


VALUES = st.dictionaries(st.integers(0, 5), st.one_of(st.none(), st.sampled_from([0.0, 1.0, 2.0])), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=5), st.randoms())
def test_any_sequence_of_ingestions_ends_at_the_last_value_seen_and_forgets_nothing(collections, random):
    kept, latest, snapshots = LOAD.frame(), {}, []
    for number, values in enumerate(collections):
        fresh = rows(values)
        shuffled = list(range(fresh.height))
        random.shuffle(shuffled)
        now = NOW + timedelta(hours=number)
        added = new_vintages(LOAD, kept, fresh, now)
        assert_frame_equal(added, new_vintages(LOAD, kept, fresh[shuffled], now))
        kept = pl.concat([kept, added])
        assert new_vintages(LOAD, kept, fresh, now).height == 0
        # An hour first seen late still carries its rule's instant, so it belongs to all earlier snapshots too.
        for _, older in snapshots:
            older.update({h: v for h, v in values.items() if h not in latest})
        latest |= values
        snapshots.append((now, dict(latest)))
    assert kept.select(LOAD.sort_key).is_duplicated().sum() == 0
    series = AsOfSeries(
        kept["delivery_start"].cast(pl.Int64).to_numpy(),
        kept["known_at"].cast(pl.Int64).to_numpy(),
        kept["load_mw"].fill_null(float("nan")).to_numpy(),
    )
    starts = rows(dict.fromkeys(range(6), 0.0))["delivery_start"].cast(pl.Int64).to_numpy()
    for now, wanted in snapshots:
        found = series.lookup(starts, int(now.timestamp()) * 1_000_000)
        assert [None if math.isnan(v) else v for v in found.tolist()] == [wanted.get(h) for h in range(6)]
