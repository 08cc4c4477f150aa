"""The learnt correction: what it finds, when it stays away, what it may not see."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.renewables.calibration import block_rows, block_start, fit_block, training_blocks
from energy_pipeline.renewables.correction import BLOCK_DAYS, MINIMUM_DAYS, RECENT_DAYS, Correction, _weight
from energy_pipeline.renewables.inputs import rows_of
from energy_pipeline.studies.plant_walk import MODEL, scores, walk
from energy_pipeline_tests.studies.plants_on_file import series, source

TEST = date(2023, 4, 25), date(2023, 5, 9)


def fitted(made, day):
    block = block_start(day)
    return fit_block(made, "made_up", block, training_blocks(block, 1092, made.first_day), lambda b: block_rows(made, b)).correction


@pytest.fixture(scope="module")
def farm():
    return source()


@pytest.fixture(scope="module")
def correction(farm):
    return fitted(farm, TEST[0])


def test_blocks_are_those_of_the_calendar_and_lie_before_the_day():
    day = date(2025, 10, 27)
    blocks = training_blocks(block_start(day), 100)
    assert len(blocks) == 3
    assert all(b.toordinal() % BLOCK_DAYS == 0 for b in blocks)
    assert blocks[-1] + timedelta(days=BLOCK_DAYS) == block_start(day) <= day


def test_it_learns_what_physics_misses_and_says_how_much(farm):
    found = walk(farm, *TEST)
    by_model = {s.model: s for s in scores(found.frame)}
    assert by_model[MODEL].rmse < 0.75 * by_model["physics"].rmse
    assert by_model[MODEL].rmse < 0.06  # noise is 0.03, direction is known exactly
    assert all(by_model[name].skill > 0 for name in by_model if name != MODEL)
    assert 0.65 < by_model[MODEL].cover_80 < 0.95
    assert found.fits[0][1].held_out_corrected < found.fits[0][1].held_out_physics


def test_where_physics_is_right_it_stays_away():
    exact = source(series(loses=0.0))
    learnt = fitted(exact, TEST[0])
    rows = rows_of(exact, [TEST[0]])
    assert np.abs(learnt.apply(rows).mean - rows.physical).max() < 0.03
    short = fitted(exact, exact.first_day + timedelta(days=MINIMUM_DAYS))
    assert short.weight == 0.0
    assert "physics only" in short.reason


def test_quantiles_rise_and_stay_within_capacity(farm, correction):
    found = correction.apply(rows_of(farm, [TEST[0]]))
    assert found.quantiles is not None
    assert (np.diff(found.quantiles, axis=1) >= 0).all()
    assert found.quantiles.min() >= 0.0
    assert found.quantiles.max() <= 1.0


def test_stored_and_read_back_it_says_the_same(farm, correction):
    again = Correction.from_bytes(correction.to_bytes())
    rows = rows_of(farm, [TEST[0]])
    assert again.apply(rows).mean.tobytes() == correction.apply(rows).mean.tobytes()
    assert again.to_bytes() == correction.to_bytes()
    assert fitted(farm, TEST[0]).to_bytes() == correction.to_bytes()


def test_meters_of_the_decided_day_and_later_change_nothing(farm, correction):
    day, frame = TEST[0], series()
    cut = pl.col("timestamp") >= pl.lit(day - timedelta(days=1)).cast(pl.Datetime("us", "UTC"))
    poisoned = source(frame.with_columns(output_mw=pl.when(cut).then(10.0 - pl.col("output_mw")).otherwise(pl.col("output_mw"))))
    other = fitted(poisoned, day)
    assert other.to_bytes() == correction.to_bytes()
    assert other.apply(rows_of(poisoned, [day])).mean.tobytes() == correction.apply(rows_of(farm, [day])).mean.tobytes()
    starts = rows_of(farm, [day]).start_us
    assert not np.array_equal(poisoned.outcome(starts), farm.outcome(starts))


def test_a_later_weather_run_is_not_seen():
    frame = series(100).with_columns(issued_at=pl.col("timestamp") - pl.duration(hours=40))
    later = frame.with_columns(issued_at=pl.col("timestamp") - pl.duration(hours=2), wind_speed_100m_ms=pl.lit(25.0))
    made = source(pl.concat([frame, later]), is_upper_bound=False)
    day = date(2023, 4, 1)
    alone = rows_of(source(frame, is_upper_bound=False), [day])
    # The runs of two hours before come after the decision of noon the day before for all hours but the first two.
    assert rows_of(made, [day]).physical[2:].tobytes() == alone.physical[2:].tobytes()


def test_a_farm_that_stands_still_is_expected_to_stand_on():
    frame = series(100, mean_ms=10.0)
    stop, go = (pl.lit(date(2023, 3, d)).cast(pl.Datetime("us", "UTC")) for d in (1, 15))
    down = (pl.col("timestamp") >= stop) & (pl.col("timestamp") < go)
    made = source(frame.with_columns(output_mw=pl.when(down).then(0.0).otherwise(pl.col("output_mw"))))
    found = fitted(made, date(2023, 4, 5)).availability
    assert found.mean_still > 0.05
    assert found.persistence > 0.3
    after_a_still_day, after_a_running_day = found.still_share(np.array([1.0, 0.0]))
    assert after_a_still_day > after_a_running_day + 0.3


def test_a_correction_that_lost_to_physics_lately_waits():
    day = np.repeat(np.arange(300), 24)
    learnt = np.full(day.size, 0.1)
    steady, _ = _weight(np.full(day.size, 0.1), learnt, day)
    turned, reason = _weight(np.where(day >= 300 - RECENT_DAYS, -0.05, 0.1), learnt, day)
    assert steady == pytest.approx(1.0)
    assert turned == 0.0
    assert "worse than physics" in reason
