"""Drivers of the days after D: what the runs known at the gate say of them, and nothing later."""

from datetime import date, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import driver_outlook
from energy_pipeline.features.history import zone_history
from energy_pipeline.features.lead_drivers import lead_drivers
from energy_pipeline.information.archive import Archive
from energy_pipeline.ingestion.synthetic.market import LATER_RUNS, RUNS, Market
from energy_pipeline.scenarios.week_series import week_days
from energy_pipeline_tests.features.small_market import BERLIN, DESK, SPRING, frames_for, only, poisoned, without

LEADS = range(2, 15)
FORTNIGHT = DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"horizon_days": 14})})
AHEAD = 13
DAY = SPRING - timedelta(days=AHEAD)


@cache
def frames():
    """The small market with a run of every lead, the older the less it knows; what comes after D is in it too."""
    known = only(frames_for(SPRING), DAY - timedelta(days=DESK.forecast.training_days + 1), SPRING)
    known = {name: known[name] for name in ("day_ahead_prices", "load_actual", "generation_actual", "weather_forecast")}
    run = known["weather_forecast"].filter(pl.col("known_at") == pl.col("known_at").max().over("delivery_start", "location"))
    parts = [known["weather_forecast"]]
    for lead in range(3, 15):
        back = timedelta(days=lead - 1)
        worse = (0.3 * lead * (pl.col("delivery_start").dt.ordinal_day() * 7.3 + lead).sin()).alias("_error")
        parts.append(
            run.with_columns(pl.col("known_at", "issued_at") - back, worse)
            .with_columns((pl.col("wind_speed_ms") + pl.col("_error")).clip(0.0, 30.0))
            .drop("_error")
        )
    return {**known, "weather_forecast": pl.concat(parts)}


def outlook(changed=None):
    return driver_outlook(Archive(FORTNIGHT, changed).at(DAY)) if changed else honest_outlook()


@cache
def honest_outlook():
    return driver_outlook(Archive(FORTNIGHT, frames()).at(DAY))


def test_every_day_of_the_fortnight_has_every_driver_and_says_how_it_was_made():
    found = outlook()
    assert found["horizon_days"].unique().to_list() == list(LEADS)
    assert set(found["method"]) == {"weather_run"}
    hours = sum(DeliveryDay(DAY + timedelta(days=lead - 1), BERLIN).count(60) for lead in LEADS)
    assert found.height == 6 * hours
    assert found["value_mw"].null_count() == 0


def test_the_runs_are_nearer_to_what_comes_than_the_mean_of_four_weeks():
    runs, climate = (outlook(f).filter(pl.col("driver") == "wind") for f in (frames(), without(frames(), "weather_forecast")))
    assert set(climate["method"]) == {"climatology"}
    came = frames()["generation_actual"].filter(pl.col("technology") == "wind").select("zone", "delivery_start", came="generation_mw")
    errors = [f.join(came, on=["zone", "delivery_start"]).select((pl.col("value_mw") - pl.col("came")).abs().mean()).item() for f in (runs, climate)]
    assert errors[0] < 0.5 * errors[1]


def test_the_climatology_is_the_mean_of_four_weeks_known_and_of_a_load_that_of_the_weekday():
    info = Archive(FORTNIGHT, without(frames(), "weather_forecast")).at(DAY)
    for lead in (2, 9):
        target = DAY + timedelta(days=lead - 1)
        for driver, back in (("wind", range(lead + 1, lead + 29)), ("load", [n for n in range(lead + 1, lead + 29) if n % 7 == 0])):
            days = [target - timedelta(days=n) for n in back]
            found = lead_drivers(info, "SOUTH", lead)[driver]
            name, column = ("load_actual", "load_mw") if driver == "load" else ("generation_actual", "generation_mw")
            rows = frames()[name].filter(pl.col("zone") == "SOUTH", pl.col("delivery_day").is_in(days))
            rows = rows if driver == "load" else rows.filter(pl.col("technology") == driver)
            noon = rows.filter(pl.col("delivery_start").dt.convert_time_zone(BERLIN).dt.hour() == 12)[column]
            assert found.values[-1, 12] == pytest.approx(noon.mean())


def test_what_becomes_known_after_the_decision_changes_nothing_and_the_days_before_in_memory_neither():
    info = Archive(FORTNIGHT, frames()).at(DAY)
    assert outlook(poisoned(frames(), info.decision_time)).equals(outlook())
    several = Archive(FORTNIGHT, frames())
    for back in (20, 3, 1):
        driver_outlook(several.at(DAY - timedelta(days=back)))
    assert driver_outlook(several.at(DAY)).equals(outlook())


def test_a_run_of_a_day_known_by_the_decision_changes_that_days_forecast_and_what_price_models_read_of_it():
    decided, honest = Archive(FORTNIGHT, frames()).at(DAY), outlook()
    for lead in (2, 14):
        target = DAY + timedelta(days=lead - 1)
        own = (pl.col("delivery_day") == target) & (pl.col("known_at") <= decided.decision_time)
        windier = frames()["weather_forecast"].with_columns(pl.when(own).then(pl.col("wind_speed_ms") + 3.0).otherwise(pl.col("wind_speed_ms")))
        changed = {**frames(), "weather_forecast": windier}
        both = honest.join(outlook(changed), on=["zone", "driver", "delivery_start"], suffix="_then")
        moved = both.filter(pl.col("value_mw") != pl.col("value_mw_then"))
        assert set(moved["horizon_days"]) == {lead}
        assert (moved["value_mw_then"] > moved["value_mw"]).all()
        first, then = (zone_history(info, "SOUTH", lead) for info in (decided, Archive(FORTNIGHT, changed).at(DAY)))
        assert then.names == first.names == ("residual_load_mw",)
        assert (then.columns[0, -1] <= first.columns[0, -1]).all()
        assert np.array_equal(then.columns[0, :-1], first.columns[0, :-1], equal_nan=True)


def test_without_runs_price_models_of_later_days_read_prices_alone():
    info = Archive(FORTNIGHT, without(frames(), "weather_forecast")).at(DAY)
    assert zone_history(info, "SOUTH", 3).names == ()


def test_the_synthetic_market_issues_runs_for_the_end_of_a_fortnight_and_the_same_ones_before():
    day = date(2026, 3, 20)
    week, fortnight = (Market(desk).state(day) for desk in (DESK, FORTNIGHT))
    assert len(week.issued_us) == len(RUNS)
    assert len(fortnight.issued_us) == len(RUNS) + len(LATER_RUNS)
    for place in DESK.weather:
        assert np.array_equal(week.forecasts[place].wind_ms, fortnight.forecasts[place].wind_ms[: len(RUNS)])
    assert len(week_days(Archive(FORTNIGHT, {}).at(DAY))) == 14
