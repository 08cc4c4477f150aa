"""The scenario set of a day: joint over series, clipped, keyed, the same every time."""

import time
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived.renewables import OUTPUT_LEVELS, output_quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import ContractError, SourceError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.resolution import timestamps
from energy_pipeline.scenarios import scenario_paths, scenario_summary
from energy_pipeline_tests.renewables.hand_made import ensemble, tiny_desk

D, SPRING, AUTUMN = date(2025, 10, 27), date(2026, 3, 29), date(2025, 10, 26)
ROOF = {"roof": {"kind": "metered", "zone": "SOUTH", "technology": "solar", "capacity_mw": 10}}
PRICES = {("NORTH", "day_ahead"): 50.0, ("NORTH", "second"): 52.0, ("SOUTH", "day_ahead"): 40.0}
SERIES = (("day_ahead_price", "NORTH", 15), ("second_price", "NORTH", 15), ("day_ahead_price", "SOUTH", 60), ("plant_output", "roof", 60))


def roof(day, output=5.0):
    delivery = tiny_desk().delivery_day(day)
    rows = {
        "delivery_day": day,
        "plant": "roof",
        "zone": "SOUTH",
        "technology": "solar",
        "delivery_start": timestamps(delivery.interval_starts_us(60)),
        "resolution_minutes": 60,
        "output_mw": np.full(delivery.count(60), output),
        "available_mw": np.full(delivery.count(60), output),
        **{output_quantile_column(level): None for level in OUTPUT_LEVELS},
        "capacity_mw": 10.0,
        "unavailable_mw": None,
        "method": "persistence",
        "is_fallback": False,
        "note": "",
    }
    return pl.DataFrame(rows, schema=table("plant_output").schema)


def histories(day, days=20, scale=1.0, make=None):
    """Every slot's error is the number of the past day, so that a path tells which day it drew."""
    past = tuple(day - timedelta(days=lag) for lag in range(days + 1, 1, -1))
    make = make or (lambda n, slots: np.repeat(np.arange(float(n))[:, None] * scale, slots, axis=1))
    return [ErrorHistory(kind, name, minutes, past, make(days, 1440 // minutes)) for kind, name, minutes in SERIES]


def draw(day, errors, smoothing=0.0, paths=60, plant=None, prices=PRICES):
    desk = tiny_desk(plants=ROOF, scenarios={"paths": paths, "smoothing": smoothing})
    info = Archive(desk, {}).at(day)
    return scenario_paths(info, ensemble(desk, day, prices), roof(day) if plant is None else plant, errors)


def matrix(paths, kind, name):
    rows = paths.filter(pl.col("kind") == kind, pl.col("name") == name)
    return rows["value"].to_numpy().reshape(-1, rows["scenario"].n_unique())


@pytest.mark.parametrize(("day", "hours"), [(D, 24), (SPRING, 23), (AUTUMN, 25)])
def test_all_series_share_the_drawn_day_at_their_own_resolution(day, hours):
    paths = draw(day, histories(day, scale=0.1))
    assert enforce(table("scenario_paths"), paths, day).equals(paths), "written already in key order"
    north, second = matrix(paths, "day_ahead_price", "NORTH"), matrix(paths, "second_price", "NORTH")
    south, plant = matrix(paths, "day_ahead_price", "SOUTH"), matrix(paths, "plant_output", "roof")
    assert (north.shape, south.shape) == ((4 * hours, 60), (hours, 60))
    drawn = north[0] - 50.0
    assert drawn.mean() == pytest.approx(0.0, abs=1e-5), "prices have their published mean, plants the errors as they were"
    for values, expected in ((north, 50), (second, 52), (south, 40), (plant, 5 + 0.95)):
        np.testing.assert_allclose(values, np.tile(expected + drawn, (values.shape[0], 1)), atol=1e-5)
    assert np.unique(np.round(drawn, 4)).size == 20


def test_wall_clock_slots_follow_the_target_day():
    by_slot = histories(SPRING, make=lambda n, slots: np.outer(np.where(np.arange(n) % 2, 1.0, -1.0), np.arange(slots) * 24.0 / slots // 1))
    paths = draw(SPRING, by_slot)
    assert np.abs(matrix(paths, "day_ahead_price", "SOUTH")[:, 0] - 40).tolist() == [float(h) for h in range(24) if h != 2]
    assert np.abs(matrix(paths, "day_ahead_price", "NORTH")[::4, 0] - 50).tolist() == [float(h) for h in range(24) if h != 2]


def test_values_stay_inside_what_is_possible():
    paths = draw(D, histories(D, scale=5000.0), smoothing=0.5)
    assert matrix(paths, "day_ahead_price", "NORTH").max() == 4000.0, "the day's harmonised limit"
    assert matrix(paths, "second_price", "NORTH").max() == 9999.0
    plant = matrix(paths, "plant_output", "roof")
    assert (plant.min(), plant.max()) == (0.0, 10.0)
    enforce(table("scenario_paths"), paths, D)


def test_the_same_inputs_give_the_same_bytes_and_another_day_other_draws():
    first, again = draw(D, histories(D), smoothing=0.3), draw(D, histories(D), smoothing=0.3)
    assert first["value"].to_numpy().tobytes() == again["value"].to_numpy().tobytes()
    other = draw(D + timedelta(days=1), histories(D + timedelta(days=1)), smoothing=0.3)
    assert not np.array_equal(first["value"].to_numpy(), other["value"].to_numpy())


def test_one_more_plant_does_not_change_the_other_paths():
    rng = np.random.default_rng(5)
    errors = histories(D, make=lambda n, slots: rng.standard_normal((n, slots)))
    with_plant, without = draw(D, errors, smoothing=0.3), draw(D, errors, smoothing=0.3, plant=roof(D).clear())
    np.testing.assert_array_equal(matrix(with_plant, "day_ahead_price", "NORTH"), matrix(without, "day_ahead_price", "NORTH"))


def test_an_unknown_plant_keeps_its_path_an_unknown_price_is_refused():
    errors = histories(D)
    blind = [ErrorHistory(h.kind, h.name, h.resolution_minutes, h.days, np.full_like(h.errors, np.nan)) for h in errors]
    paths = draw(D, [*errors[:3], blind[3]])
    assert (matrix(paths, "plant_output", "roof") == 5.0).all()
    with pytest.raises(SourceError, match="price of NORTH"):
        draw(D, [blind[0], *errors[1:]])


def test_inputs_that_do_not_fit_are_all_named():
    errors = histories(D)
    coarse = ErrorHistory("second_price", "NORTH", 60, errors[0].days, np.zeros((20, 24)))
    with pytest.raises(SourceError) as caught:
        draw(D, [errors[0], coarse, errors[2]])
    assert "plant_output roof: no past errors" in str(caught.value)
    assert "errors are in 60 min, the forecast in 15 min" in str(caught.value)
    with pytest.raises(SourceError, match="share 3 past"):
        draw(D, histories(D, days=3))
    with pytest.raises(SourceError, match="forecast of SOUTH"):
        draw(D, errors, prices={("NORTH", "day_ahead"): 1.0, ("NORTH", "second"): 1.0})


def test_the_summary_is_that_of_each_row():
    paths = draw(D, histories(D), smoothing=0.3)
    summary = enforce(table("scenario_summary"), scenario_summary(paths), D)
    shuffled = scenario_summary(paths.sample(fraction=1.0, shuffle=True, seed=1))
    assert shuffled.equals(summary)
    north = matrix(paths, "day_ahead_price", "NORTH").astype(np.float64)
    rows = summary.filter(pl.col("kind") == "day_ahead_price", pl.col("name") == "NORTH")
    np.testing.assert_allclose(rows["mean"], north.mean(axis=1))
    np.testing.assert_allclose(rows["standard_deviation"], north.std(axis=1))
    np.testing.assert_allclose(rows["q05"], [np.quantile(r, 0.05) for r in north])
    with pytest.raises(ContractError, match="day_ahead_price of NORTH: missing in 1 row"):
        scenario_summary(paths.slice(1))


def test_the_summary_of_plants_together_is_that_of_their_sum_path_by_path():
    desk = tiny_desk(plants=ROOF | {"second": ROOF["roof"]})
    paths = draw(D, histories(D), smoothing=0.3)
    again = paths.filter(pl.col("kind") == "plant_output").with_columns(name=pl.lit("second"), value=2.0 * pl.col("value"))
    both = pl.concat([paths, again])
    summary = enforce(table("scenario_summary"), scenario_summary(both, desk), D)
    own = matrix(paths, "plant_output", "roof").astype(np.float64)
    for kind, whose in (("zone_output", "SOUTH"), ("portfolio_output", desk.name)):
        rows = summary.filter(pl.col("kind") == kind)
        assert rows["name"].unique().to_list() == [whose]
        np.testing.assert_allclose(rows["q05"], [np.quantile(3.0 * r, 0.05) for r in own], rtol=1e-5, atol=1e-9)
    assert scenario_summary(both).equals(summary.filter(~pl.col("kind").is_in(["zone_output", "portfolio_output"])))


def test_a_thousand_paths_take_well_under_a_second():
    errors = histories(D, days=60)
    draw(D, errors, smoothing=0.3, paths=1000)
    begin = time.process_time()
    paths = draw(D, errors, smoothing=0.3, paths=1000)
    # Also builds the desk and forecasts; CPU time, because the machine may be busy.
    assert time.process_time() - begin < 2.0
    assert paths.height == 1000 * (2 * 96 + 2 * 24)
