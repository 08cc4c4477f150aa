"""price_features is what the members read: the same arrays, and what moves one moves the other."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import FEATURES, price_features
from energy_pipeline.features.groups import COLUMNS, GROUP_OF, SAME_SLOT_LAGS, switchable
from energy_pipeline.forecasting import forecast_models
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.point import day_members, point
from energy_pipeline.forecasting.trees import slot_inputs, slot_owners
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline_tests.features.small_market import BERLIN, DESK, SPRING, frames_for, poisoned

START = DeliveryDay(SPRING, BERLIN).start


def desk_reading(*features):
    zones = {
        **DESK.zones,
        "SOUTH": DESK.zones["SOUTH"].model_copy(update={"neighbours": ("NORTH",), "holidays": ("DE",), "thermal_mw": {"gas": 60_000.0}}),
    }
    settings = DESK.forecast.model_copy(update={"members": ("sarimax",), "training_days": 40, "features": features})
    return DESK.model_copy(update={"zones": zones, "forecast": settings})


def outages():
    """A gas plant of SOUTH that is half a day out every day, by another power each weekday; known three days before."""
    parts = []
    for day in (SPRING - timedelta(days=back) for back in range(-1, 75)):
        start = pl.lit(DeliveryDay(day, BERLIN).start).cast(pl.Datetime("us", "UTC"))
        told = {
            "delivery_day": [day],
            "zone": ["SOUTH"],
            "outage_id": [f"unit-{day}"],
            "fuel": ["gas"],
            "unavailable_mw": [300.0 + 40 * (day.day % 7)],
        }
        when = {"starts_at": start, "ends_at": start + timedelta(hours=12), "known_at": start - timedelta(days=3)}
        parts.append(pl.DataFrame(told).with_columns(**when, source=pl.lit("test")))
    return pl.concat(parts).select(list(table("outages").schema)).cast(table("outages").schema)


FRAMES = {**frames_for(SPRING), "outages": outages()}
TODAY = pl.col("delivery_day") == SPRING
BEFORE = pl.col("delivery_day") == SPRING - timedelta(days=1)
SOUTH, NORTH = pl.col("zone") == "SOUTH", pl.col("zone") == "NORTH"
CHANGES = {
    "prices": ("day_ahead_prices", "price_eur_mwh", SOUTH & BEFORE),
    "drivers": ("load_forecast", "load_mw", SOUTH & TODAY),
    "ramps": ("load_forecast", "load_mw", SOUTH & TODAY),
    "neighbour_prices": ("day_ahead_prices", "price_eur_mwh", NORTH & BEFORE),
    "neighbour_drivers": ("load_forecast", "load_mw", NORTH & TODAY),
    "fuels": ("fuel_prices", "price", pl.col("commodity") == "gas"),
    "outages": ("outages", "unavailable_mw", TODAY),
    "weather": ("weather_forecast", "wind_speed_ms", (pl.col("location") == "valley") & TODAY),
    "merit_order": ("fuel_prices", "price", pl.col("commodity") == "carbon"),
}


def seen(desk, frames):
    """SOUTH's features of D and the member's forecast on them."""
    info = Archive(desk, frames).at(SPRING)
    frame = price_features(info).filter(pl.col("zone") == "SOUTH", pl.col("horizon_days") == 1)
    return frame, point(info, "SOUTH", "sarimax", 1, MemoryArtefacts()).values


@pytest.mark.parametrize("group", list(CHANGES))
def test_a_changed_value_changes_its_column_and_the_forecast_and_without_the_group_neither(group):
    name, column, rows = CHANGES[group]
    # A quarter more on some rows; what is not known by the decision must not matter and is left alone by the filter on the table.
    frames = {**FRAMES, name: FRAMES[name].with_columns(pl.when(rows).then(pl.col(column) * 1.25 + 1).otherwise(pl.col(column)).alias(column))}
    own = () if group == "prices" else (group,)
    (honest, forecast), (changed, other) = (seen(desk_reading(*own), f) for f in (FRAMES, frames))
    moved = {name for name in FEATURES if not honest[name].equals(changed[name])}
    assert moved
    assert moved <= set(COLUMNS[group])
    assert np.abs(forecast - other).max() > 1e-6
    if own:
        without = [seen(desk_reading("holidays"), f)[1] for f in (FRAMES, frames)]
        assert np.array_equal(*without)


def test_the_table_has_the_very_numbers_of_the_members_inputs():
    info = Archive(desk_reading(*switchable()), FRAMES).at(SPRING)
    frame, panel, slots = price_features(info), zone_panel(info, "SOUTH"), info.day.slots(60)
    own = frame.filter(pl.col("zone") == "SOUTH", pl.col("horizon_days") == 1)
    for name, values in zip(panel.names, panel.exog, strict=True):
        assert own[name].cast(pl.Float64).fill_null(np.nan).to_numpy().tobytes() == values[-1][slots].tobytes()
    at, row = 0, panel.inputs[-1]
    for name, width, latest in panel.blocks:
        if width == 24 and (latest or name.startswith("price_")):
            assert own[name].cast(pl.Float64).fill_null(np.nan).to_numpy().tobytes() == row[at : at + 24][slots].tobytes()
        at += width
    assert at == row.size
    assert own["weekday"].unique().to_list() == [panel.weekdays[-1]]


def test_the_trees_read_the_tables_levels_scaled():
    info = Archive(desk_reading("drivers"), FRAMES).at(SPRING)
    own = price_features(info).filter(pl.col("zone") == "SOUTH", pl.col("horizon_days") == 1)
    panel, slots = zone_panel(info, "SOUTH").repaired(), info.day.slots(60)
    inputs, centre, spread = slot_inputs(panel)
    assert own["price_median_7d_eur_mwh"].to_list() == pytest.approx([centre[-1]] * slots.size)
    assert own["price_mad_28d_eur_mwh"].to_list() == pytest.approx([spread[-1]] * slots.size)
    first = {name: j for j, name in reversed(list(enumerate(slot_owners(panel.columns))))}
    for name in [f"price_lag_{lag}d_eur_mwh" for lag in SAME_SLOT_LAGS] + ["price_mean_2d_eur_mwh", "price_mean_7d_same_slot_eur_mwh"]:
        scaled = np.arcsinh((own[name].to_numpy() - centre[-1]) / spread[-1])
        if "mean_7d" not in name:  # the mean of scaled prices is not the scaled mean
            assert inputs[-1][slots, first[name]] == pytest.approx(scaled, abs=0.15 if "mean_2d" in name else 1e-9)
    assert inputs[-1][slots, first["residual_load_mw"]] == pytest.approx(own["residual_load_mw"].to_numpy())


def test_further_days_have_lags_from_d_and_their_own_calendar():
    info = Archive(desk_reading("drivers", "holidays"), FRAMES).at(SPRING)
    frame = price_features(info).filter(pl.col("zone") == "SOUTH")
    assert frame["horizon_days"].unique().to_list() == list(range(1, 8))
    friday = frame.filter(pl.col("horizon_days") == 6)  # Good Friday, 3 April 2026
    assert friday["is_holiday"].all()
    assert friday["weekday"].unique().to_list() == [6]
    panel = zone_panel(info, "SOUTH", 6)
    assert friday["price_lag_1d_eur_mwh"].to_numpy() == pytest.approx(panel.inputs[-1][:24])
    assert friday["price_lag_7d_eur_mwh"].to_numpy() == pytest.approx(panel.inputs[-1][72:96])
    assert friday["load_mw"].null_count() == 24


def test_a_group_taken_away_and_a_column_unknown_stand_on_the_model_card():
    full = forecast_models(Archive(desk_reading("drivers", "fuels"), FRAMES).at(SPRING), MemoryArtefacts()).filter(SOUTH)
    assert full["features"].to_list() == ["load_mw wind_solar_mw gas_eur_mwh carbon_eur_t"]
    assert "input coal_eur_t is unknown" in full["left_out"].item()
    assert "group outages is off" in full["left_out"].item()
    less = forecast_models(Archive(desk_reading("fuels"), FRAMES).at(SPRING), MemoryArtefacts()).filter(SOUTH)
    assert less["features"].to_list() == ["gas_eur_mwh carbon_eur_t"]
    assert "group drivers is off" in less["left_out"].item()
    without = {**FRAMES, "load_forecast": FRAMES["load_forecast"].filter(~SOUTH), "load_actual": FRAMES["load_actual"].filter(~SOUTH)}
    gone = forecast_models(Archive(desk_reading("drivers"), without).at(SPRING), MemoryArtefacts()).filter(SOUTH)
    assert gone["features"].to_list() == ["wind_solar_mw"]
    assert "input load_mw is unknown" in gone["left_out"].item()


def test_every_feature_is_a_column_of_the_table_and_of_one_group():
    assert set(GROUP_OF) == {c.name for c in table("price_features").columns} - {
        *("delivery_day", "target_day", "horizon_days", "zone", "delivery_start", "resolution_minutes")
    }


@pytest.mark.parametrize("lead", [2, 7])
def test_on_further_days_too_what_moves_the_table_moves_the_forecast_and_nothing_else_does(lead):
    settings = DESK.forecast.model_copy(update={"training_days": 95})
    desk = DESK.model_copy(update={"forecast": settings})
    yesterday = pl.when(SOUTH & BEFORE).then(pl.col("price_eur_mwh") + 30).otherwise("price_eur_mwh").alias("price_eur_mwh")
    moved = {**FRAMES, "day_ahead_prices": FRAMES["day_ahead_prices"].with_columns(yesterday)}
    honest = Archive(desk, FRAMES).at(SPRING)
    later = poisoned(FRAMES, honest.decision_time)
    tables, forecasts = [], []
    for frames in (FRAMES, moved, later):
        info = Archive(desk, frames).at(SPRING)
        tables.append(price_features(info).filter(SOUTH, pl.col("horizon_days") == lead))
        forecasts.append(day_members(info, "SOUTH", lead, MemoryArtefacts())[0].values["lear_84"])
    assert not tables[0]["price_lag_1d_eur_mwh"].equals(tables[1]["price_lag_1d_eur_mwh"])
    assert np.abs(forecasts[0] - forecasts[1]).max() > 1e-3
    assert tables[0].equals(tables[2])
    assert np.array_equal(forecasts[0], forecasts[2])


def test_without_new_fits_the_last_one_that_is_there_forecasts_and_is_named():
    own = {"training_days": 95, "members": ("lear_56",), "overrides": {"lear_56": {"refit_days": 1}}}
    desks = [DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={**own, "new_fits": new})}) for new in (True, False)]
    daily, held = (Archive(desk, FRAMES) for desk in desks)
    store = MemoryArtefacts()
    day_members(daily.at(SPRING - timedelta(days=1)), "SOUTH", 1, store)
    fits = dict(store.data)
    found = day_members(held.at(SPRING), "SOUTH", 1, store)[0]
    assert found.fitted_on == {"lear_56": str(SPRING - timedelta(days=1))}
    assert any("the last fit of lear_56" in note for note in found.notes)
    assert store.data == fits, "nothing was fitted"
    with_new = day_members(daily.at(SPRING), "SOUTH", 1, store)[0]
    assert with_new.fitted_on == {"lear_56": str(SPRING)}
    assert not np.array_equal(found.values["lear_56"], with_new.values["lear_56"])
    nothing = day_members(Archive(desks[1], FRAMES).at(SPRING), "SOUTH", 1, MemoryArtefacts())
    assert nothing[0].values == {}
    assert any("none is made" in note for note in nothing[0].notes)
