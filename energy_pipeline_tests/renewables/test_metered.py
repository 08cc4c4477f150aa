"""The learnt correction in the daily flow: it learns, sees nothing late, and a day is a day."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline.renewables import output_errors, plant_output
from energy_pipeline.renewables.metered import DeskPlant, correction_of
from energy_pipeline.renewables.past_values import window_days
from energy_pipeline_tests.renewables.hand_made import meters, tiny_desk, weather

D = date(2025, 11, 20)
SETTINGS = {**tiny_desk().forecast.model_dump(), "error_days": 10}
PLANTS = {
    "coast": {
        "kind": "wind",
        "zone": "NORTH",
        "location": "coast",
        "capacity_mw": 100,
        "hub_height_m": 100,
        "turbine": "cubic",
        "curtail_below_eur_mwh": 0.0,
    },
}


def windy(day, minutes):
    """Another wind each day and hour; the meter knows it too."""
    hours = (day.interval_starts_us(minutes) // 60_000_000) / 60.0
    return 8.0 + 3.0 * np.sin(hours / 11.0) + 1.5 * np.sin(hours / 3.7)


def metered(day, minutes):
    """Two thirds of the cubic curve."""
    return 60.0 * np.clip((windy(day, minutes) ** 3 - 27.0) / (12.5**3 - 27.0), 0.0, 1.0)


@pytest.fixture(scope="module")
def frames():
    first = D - timedelta(days=tiny_desk(forecast=SETTINGS).history_days + 3)
    price = meters("NORTH", first, D, 60, lambda day, m: np.where(day.slots(m) == 3, -1.0, 50.0))
    price = price.rename({"output_mw": "price_eur_mwh", "plant": "zone"}).select(list(table("day_ahead_prices").schema))
    return {
        "weather_forecast": weather("coast", first, D, 60, wind_speed_ms=windy),
        "plant_meters": meters("coast", first, D - timedelta(days=1), 60, metered),
        "day_ahead_prices": price,
    }


def desk(**changes):
    return tiny_desk(plants={"coast": PLANTS["coast"] | changes}, forecast=SETTINGS)


def output(frames, day, **changes):
    made = desk(curtail_below_eur_mwh=None, **changes)
    return enforce(table("plant_output"), plant_output(Archive(made, frames).at(day), None, MemoryArtefacts()), day)


def test_it_learns_the_meter_in_the_zones_quarter_hours(frames):
    rows = output(frames, D)
    assert rows["method"].unique().to_list() == ["physical_corrected"]
    truth = np.repeat(metered(desk().delivery_day(D), 60), 4)
    physics = truth * 1.5  # 0.9 is retained
    error = np.abs(rows["output_mw"].to_numpy() - truth).mean()
    assert error < 0.25 * np.abs(physics - truth).mean()
    assert rows["q05_mw"].null_count() == 0
    assert (rows["q95_mw"] >= rows["q05_mw"]).all()


def test_a_day_decided_alone_with_only_the_history_it_loads_equals_the_range(frames):
    made = desk(curtail_below_eur_mwh=None)
    store = Archive(made, frames)
    in_range = {}
    for back in (1, 0):
        info = store.at(D - timedelta(days=back))
        in_range[info.day.day] = plant_output(info, None, MemoryArtefacts()), [h.errors.tobytes() for h in output_errors(info)]
    for day, (rows, errors) in list(in_range.items())[1:]:
        first = day - timedelta(days=made.history_days)
        held = {name: f.filter(pl.col("delivery_day") >= first, pl.col("delivery_day") <= day) for name, f in frames.items()}
        alone = Archive(made, held).at(day)
        assert plant_output(alone, None, MemoryArtefacts()).equals(rows)
        assert [h.errors.tobytes() for h in output_errors(alone)] == errors


def test_meters_known_after_the_decision_teach_nothing(frames):
    late = pl.col("known_at") > desk().decision_time(D)
    poisoned = frames | {"plant_meters": frames["plant_meters"].with_columns(output_mw=pl.when(late).then(99.0).otherwise(pl.col("output_mw")))}
    assert output(poisoned, D).equals(output(frames, D))


def test_hours_held_back_by_price_are_not_learnt_from(frames):
    made = Archive(desk(), frames).at(D)
    starts = made.at(D - timedelta(days=5)).day.interval_starts_us(60)
    held, _ = DeskPlant(made, "coast").held_back(starts, made.decision_us)
    assert held.tolist() == [float(slot == 3) for slot in range(24)]
    assert correction_of(made, "coast").weight > 0.5
    # With the rule's hours left out of errors, the slot of 3 o'clock has none.
    errors = output_errors(made)[0].errors
    assert np.isnan(errors[:, 12:16]).all()
    assert not np.isnan(errors[:, 16:]).any()


def test_the_window_keeps_every_look_back_inside_what_is_loaded():
    made = desk()
    # 10 error days and the day itself, up to 27 days to their block, the window, 29 days of lags.
    assert 11 + 27 + window_days(made) + 29 <= made.history_days - made.max_lag_days


@pytest.mark.parametrize(("column", "value", "words"), [("ghi_w_m2", 300.0, "sun down"), ("temperature_c", 54.0, "")])
def test_weather_that_cannot_be_is_told_in_the_row(column, value, words):
    plants = {"valley": {"kind": "pv", "zone": "SOUTH", "location": "valley", "peak_mw": 60, "inverter_mw": 50}}
    made = tiny_desk(plants=plants, forecast=SETTINGS)
    first = D - timedelta(days=40)
    at_night = {column: lambda day, m: np.where(day.slots(m) == 1, value, 0.0 if column == "ghi_w_m2" else 10.0)}
    store = {
        "weather_forecast": weather("valley", D, D, 60, **at_night),
        "plant_meters": meters("valley", first, D - timedelta(days=1), 60, 7.0),
    }
    rows = plant_output(Archive(made, store).at(D))
    assert all(words in note for note in rows["note"])
    if words:
        assert rows["is_fallback"].all()
        assert rows["output_mw"].to_list() == [7.0] * 24
    else:
        assert rows["output_mw"].sum() == 0.0
