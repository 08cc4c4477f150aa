"""Rows of scenarios are a matrix, or an error that names every cell: in every reader."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.book.outlook import zone_outlooks
from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.domain.errors import ContractError
from energy_pipeline.flexibility.asset_valuation import sequential_paths
from energy_pipeline.information.resolution import timestamps
from energy_pipeline.scenarios import scenario_summary
from energy_pipeline.scenarios.scores import scenario_scores
from energy_pipeline_tests.portfolio.small_desk import Day

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2025, 10, 26), date(2026, 1, 15)


def rows(day, minutes=60, scenarios=3, series=(("day_ahead_price", "NORTH"), ("plant_output", "park"))):
    starts = timestamps(DeliveryDay(day, "Europe/Berlin").interval_starts_us(minutes))
    base = {"delivery_day": day, "resolution_minutes": minutes, "unit": "MW"}
    found = [
        {**base, "kind": k, "name": n, "delivery_start": s, "scenario": i, "value": 1000.0 * i + j}
        for k, n in series
        for j, s in enumerate(starts)
        for i in range(scenarios)
    ]
    return table("scenario_paths").frame(found)


@settings(max_examples=20)
@given(day=st.sampled_from([SPRING, AUTUMN, PLAIN]), minutes=st.sampled_from([15, 60]), seed=st.integers(0, 1000))
def test_rows_in_any_order_are_the_same_matrix(day, minutes, seed):
    delivery = DeliveryDay(day, "Europe/Berlin")
    shuffled = rows(day, minutes).sample(fraction=1.0, shuffle=True, seed=seed)
    found = scenario_matrices(shuffled, delivery)["day_ahead_price", "NORTH"]
    count = delivery.count(minutes)
    np.testing.assert_array_equal(found.values, 1000.0 * np.arange(3)[:, None] + np.arange(count))
    assert found.values.flags.c_contiguous
    assert (found.minutes, found.scenarios.tolist(), found.probabilities) == (minutes, [0, 1, 2], None)
    assert found.starts.cast(pl.Int64).to_list() == delivery.interval_starts_us(minutes).tolist()


def test_probabilities_come_along():
    weighted = rows(PLAIN).with_columns(probability=pl.col("scenario") / 10.0)
    found = ScenarioMatrix.of(weighted.filter(pl.col("kind") == "plant_output").reverse(), table="scenario_sets")
    assert found.probabilities.tolist() == [0.0, 0.1, 0.2]


def test_every_hole_and_double_of_every_series_is_named_at_once():
    whole = rows(SPRING)
    at = pl.col("delivery_start") == datetime(2026, 3, 29, 5, tzinfo=UTC)
    hole = (pl.col("kind") == "day_ahead_price") & (pl.col("scenario") == 1) & at
    twice = (pl.col("kind") == "plant_output") & (pl.col("scenario") == 2) & at
    stray = whole.filter(twice).with_columns(delivery_start=pl.col("delivery_start") + timedelta(minutes=30))
    broken = pl.concat([whole.filter(~hole), whole.filter(twice), stray])
    with pytest.raises(ContractError) as caught:
        scenario_matrices(broken, DeliveryDay(SPRING, "Europe/Berlin"))
    text = str(caught.value)
    assert "table scenario_paths, day 2026-03-29: 3 contract violation(s)" in text
    assert "day_ahead_price of NORTH: missing in 1 row(s), e.g. scenario 1 at 2026-03-29 05:00Z" in text
    assert "plant_output of park: there more than once in 1 row(s), e.g. scenario 2 at 2026-03-29 05:00Z" in text
    assert "of an interval the day does not have in 1 row(s), e.g. scenario 2 at 2026-03-29 05:30Z" in text


def test_an_interval_that_no_scenario_has_is_missed():
    short = rows(AUTUMN).filter(pl.col("delivery_start") != pl.col("delivery_start").max())
    with pytest.raises(ContractError, match=r"missing in 3 row\(s\)"):
        scenario_matrices(short, DeliveryDay(AUTUMN, "Europe/Berlin"))
    gap = rows(AUTUMN).filter(pl.col("delivery_start") != datetime(2025, 10, 26, 5, tzinfo=UTC))
    with pytest.raises(ContractError, match=r"missing in 3 row\(s\)"):
        scenario_matrices(gap)
    mixed = rows(AUTUMN).with_columns(resolution_minutes=pl.when(pl.col("scenario") == 1).then(15).otherwise(60).cast(pl.Int32))
    with pytest.raises(ContractError, match="intervals of 15, 60 minutes"):
        scenario_matrices(mixed)
    with pytest.raises(ContractError, match="one series expected"):
        ScenarioMatrix.of(rows(AUTUMN))


BREAKS = {
    "a hole": lambda paths: paths.slice(0, 7).vstack(paths.slice(8)),
    "a row twice": lambda paths: pl.concat([paths, paths.slice(7, 1)]),
    "a hole and a row twice": lambda paths: pl.concat([paths.slice(0, 7), paths.slice(8), paths.slice(9, 1)]),
}


@pytest.fixture(scope="module")
def small():
    return Day(paths=12)


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_every_reader_tells_it(small, broken):
    """The first rows are of one price of one zone; each reader of the table refuses them by the same words."""
    day, paths = small, broken(small.scenarios.sort("kind", "name", "delivery_start", "scenario"))
    kind, zone = paths["kind"][0], paths["name"][0]
    assert kind == "day_ahead_price"
    outcome = table("pnl").frame()
    readers = {
        "outlook": lambda: zone_outlooks(day.desk, day.delivery, list(day.desk.zones), paths, day.plant_output, day.dispatch),
        "valuation": lambda: sequential_paths(day.desk, zone, "auction", paths),
        "summary": lambda: scenario_summary(paths),
        "scores": lambda: scenario_scores(day.desk, day.day, paths, table("scenario_sets").frame(), outcome, day.dispatch),
    }
    said = {}
    for name, read in readers.items():
        with pytest.raises(ContractError, match=f"day_ahead_price of {zone}: (missing|there more than once) in 1 row") as caught:
            read()
        said[name] = caught.value.findings
    assert len(set(said.values())) == 1, said


def test_the_published_forecast_is_one_model_price_zone_and_lead():
    base = {"delivery_start": 1, "price_eur_mwh": 1.0}
    choices = [
        {**base, "zone": z, "price_kind": k, "model": m, "horizon_days": n, "target_day": PLAIN + timedelta(days=n - 1)}
        for z in ("N", "S")
        for k in ("day_ahead", "second")
        for m in ("ensemble", "naive")
        for n in (1, 2)
    ]
    frame = pl.DataFrame(choices)
    for kind, lead in (("day_ahead", 1), ("second", 1), ("day_ahead", 2)):
        found = published_forecast(frame, "S", PLAIN, kind, lead).row(0, named=True)
        target = PLAIN + timedelta(days=lead - 1)
        assert found == {**base, "zone": "S", "price_kind": kind, "model": "ensemble", "horizon_days": lead, "target_day": target}
    # The next decision's forecast of the same target is another one.
    later = frame.with_columns(target_day=pl.col("target_day") + timedelta(days=1))
    assert published_forecast(pl.concat([frame, later]), "N", PLAIN).height == 1
