"""Drivers of the days after D: what the runs known at the gate say of them, and nothing later."""

import os
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import driver_outlook
from energy_pipeline.features.history import zone_history
from energy_pipeline.features.lead_drivers import READ, lead_drivers
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline.ingestion.synthetic.market import LATER_RUNS, RUNS, Market
from energy_pipeline.scenarios.week_series import week_days
from energy_pipeline_tests.features.small_market import BERLIN, DESK, SPRING, frames_for, only, poisoned, without

FARMS = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "gefcom2012_wind_7_farms"
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


@pytest.mark.skipif(not FARMS.exists(), reason="the measured wind farms are not there (ENERGY_PIPELINE_DATA)")
def test_real_weather_runs_are_worth_a_third_of_the_error_on_measured_farms():
    # The farms' runs reach one day ahead: the day is decided the evening before, and D is the lead.
    farms = ("3", "5")
    evening = {"at": time(23, 30)}
    markets = {n: m.model_copy(update={"time_zone": "UTC", "gate": m.gate.model_copy(update=evening)}) for n, m in DESK.markets.items()}
    zone = DESK.zones["SOUTH"].model_copy(update={"installed_wind_mw": 100.0, "drivers": ("wind",)})
    zones = {f: zone.model_copy(update={"weather_locations": (f,)}) for f in farms}
    place = next(iter(DESK.weather.values()))
    learning = DESK.forecast.model_copy(update={"training_days": 180})
    desk = DESK.model_copy(
        update={
            "time_zone": "UTC",
            "markets": markets,
            "decision_at": time(23),
            "zones": zones,
            "weather": dict.fromkeys(farms, place),
            "forecast": learning,
        }
    )
    archive = Archive(desk, _measured(farms))
    errors = []
    for day in (date(2010, 3, 1) + timedelta(days=7 * i) for i in range(30)):
        for farm in farms:
            found = lead_drivers(archive.at(day), farm, 1)["wind"]
            came = lead_drivers(archive.at(day + timedelta(days=3)), farm, 1)["wind"].actual[-4]
            errors.append([np.nanmean(np.abs(values - came)) for values in (found.values[-1], np.nanmean(found.actual[-30:-2], axis=0))])
    run, climate = np.mean(errors, axis=0)
    assert run < 0.7 * climate


def _measured(farms):
    """Runs of 12 UTC, known eight hours later, and output of the farms as frames."""
    us = pl.Datetime("us", "UTC")
    runs = pl.read_parquet(FARMS / "nwp_day_ahead.parquet").drop_nulls("ws").with_columns(pl.col("farm").cast(pl.String))
    power = pl.read_parquet(FARMS / "power_hourly.parquet").with_columns(pl.col("farm").cast(pl.String))
    start = pl.col("ts_utc").cast(us)
    at = {"delivery_day": start.dt.date(), "delivery_start": start, "resolution_minutes": pl.lit(60), "source": pl.lit("")}
    issued = pl.col("issued_utc").cast(us)
    told = {"location": pl.col("farm"), "issued_at": issued, "known_at": issued + timedelta(hours=8), "wind_speed_ms": pl.col("ws")}
    came = {"zone": pl.col("farm"), "technology": pl.lit("wind"), "generation_mw": pl.col("power_cf") * 100.0}
    known = {"known_at": start + timedelta(hours=2)}
    found = {"weather_forecast": runs.select(farm="farm", **at, **told), "generation_actual": power.select(farm="farm", **at, **came, **known)}
    return {name: _as_table(name, frame.filter(pl.col("farm").is_in(farms))) for name, frame in found.items()}


def _as_table(name, frame):
    schema = table(name).schema
    absent = [pl.lit(None, dtype=kind).alias(column) for column, kind in schema.items() if column not in frame.columns]
    return frame.with_columns(absent).select(list(schema)).cast(schema)


def test_weather_of_a_past_day_is_read_once_however_many_decisions_look_at_it(monkeypatch):
    read = []
    values = InformationSet.values

    def counted(info, name, *asked, **key):
        if name == "weather_forecast":
            read.append(info.day.day)
        return values(info, name, *asked, **key)

    monkeypatch.setattr(InformationSet, "values", counted)
    archive = Archive(FORTNIGHT, frames())
    for day in (DAY - timedelta(days=1), DAY):
        read.clear()
        lead_drivers(archive.at(day), next(iter(FORTNIGHT.zones)), 3)
    # The first decision reads a hundred times, the second for one more day of each driver.
    assert 0 < len(read) <= 4 * len(READ)
