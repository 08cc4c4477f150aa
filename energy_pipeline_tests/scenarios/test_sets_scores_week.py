"""Small sets, their scores and the week's series on hand-made frames whose answers are known."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
import yaml
from scipy.stats import norm

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import ContractError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.resolution import timestamps
from energy_pipeline.scenarios import scenario_paths
from energy_pipeline.scenarios.scores import scenario_scores
from energy_pipeline.scenarios.sets import scenario_sets
from energy_pipeline.scenarios.week import week_set
from energy_pipeline.scenarios.week_series import TRADING_SHARE, week_series
from energy_pipeline_tests.renewables.hand_made import TINY, ensemble, tiny_desk
from energy_pipeline_tests.scenarios.test_paths import PRICES, ROOF, histories, matrix, roof

D = date(2025, 10, 27)


def desk_of(**changes):
    """The tiny desk without drivers: prices, a roof and fuels."""
    zones = yaml.safe_load(TINY.read_text(encoding="utf-8"))["zones"]
    return tiny_desk(plants=ROOF, zones={n: {**z, "drivers": []} for n, z in zones.items()}, **{"scenarios": {"paths": 60, "kept": 5}, **changes})


def made(desk, raw=None, errors=None):
    info = Archive(desk, raw or {}).at(D)
    forecasts, errors = ensemble(desk, D, PRICES), histories(D, scale=0.1) if errors is None else errors
    paths = scenario_paths(info, forecasts, roof(D), errors)
    return paths, scenario_sets(info, forecasts, roof(D), errors, paths)


def of(sets, name, kind="day_ahead_price", zone="SOUTH"):
    return sets.filter(pl.col("set") == name, pl.col("kind") == kind, pl.col("name") == zone)


STRESSES = (
    {"name": "dear", "description": "", "second_shift_eur_mwh": 25.0, "day_ahead_factor": 2.0, "day_ahead_shift_eur_mwh": -10.0},
    {"name": "weather", "description": "", "wind_factor": 0.25, "solar_factor": 0.75},
    {"name": "south", "description": "", "zones": ["SOUTH"], "second_shift_eur_mwh": 7.0, "solar_factor": 0.5, "wind_factor": 0.5},
)
PLANTS = {**ROOF, "mill": {"kind": "metered", "zone": "NORTH", "technology": "wind", "capacity_mw": 100}}


def test_each_kind_of_series_is_stressed_by_its_own_numbers():
    """Second price by its shift, up when it is positive; wind by the wind's factor, sun by the sun's; zones apart."""
    zones = yaml.safe_load(TINY.read_text(encoding="utf-8"))["zones"]
    zones = {n: {**z, "drivers": []} for n, z in zones.items()}
    desk = tiny_desk(plants=PLANTS, zones=zones, scenarios={"paths": 60, "kept": 5}, stress=list(STRESSES))
    mill = {"plant": "mill", "zone": "NORTH", "technology": "wind", "output_mw": 40.0, "available_mw": 40.0, "capacity_mw": 100.0}
    output = pl.concat([roof(D), roof(D).with_columns(pl.lit(value).alias(name) for name, value in mill.items())])
    errors = histories(D, scale=0.1)
    errors = [*errors, *(replace(h, name="mill") for h in errors if h.kind == "plant_output")]
    info = Archive(desk, {}).at(D)
    forecasts = ensemble(desk, D, PRICES)
    paths = scenario_paths(info, forecasts, output, errors)
    found = scenario_sets(info, forecasts, output, errors, paths).filter(pl.col("set") == "stressed")

    def change(kind, name, label):
        part = found.filter(pl.col("kind") == kind, pl.col("name") == name, pl.col("label") == label).sort("delivery_start")
        return part["value"].to_numpy().astype(float)

    south, north, second, sunny = (PRICES["SOUTH", "day_ahead"], PRICES["NORTH", "day_ahead"], PRICES["NORTH", "second"], 5.0)
    for label, day_ahead, shift, wind_factor, solar_factor in (("dear", (2.0, -10.0), 25.0, 1.0, 1.0), ("weather", (1.0, 0.0), 0.0, 0.25, 0.75)):
        np.testing.assert_allclose(change("second_price", "NORTH", label), second + shift, rtol=1e-5)
        np.testing.assert_allclose(change("day_ahead_price", "NORTH", label), day_ahead[0] * north + day_ahead[1], rtol=1e-5)
        np.testing.assert_allclose(change("plant_output", "mill", label), 40.0 * wind_factor, rtol=1e-5)
        np.testing.assert_allclose(change("plant_output", "roof", label), sunny * solar_factor, rtol=1e-5)
    np.testing.assert_allclose(change("second_price", "NORTH", "south"), second, rtol=1e-5)
    np.testing.assert_allclose(change("plant_output", "mill", "south"), 40.0, rtol=1e-5)
    np.testing.assert_allclose(change("plant_output", "roof", "south"), 0.5 * sunny, rtol=1e-5)
    np.testing.assert_allclose(change("day_ahead_price", "SOUTH", "south"), south, rtol=1e-5)


def test_paths_with_a_hole_are_no_sets():
    info, desk = Archive(desk_of(), {}).at(D), desk_of()
    forecasts, errors = ensemble(desk, D, PRICES), histories(D, scale=0.1)
    paths = scenario_paths(info, forecasts, roof(D), errors)
    with pytest.raises(ContractError, match=r"scenario_paths, day 2025-10-27.*\n.*day_ahead_price of NORTH: missing in 1 row"):
        scenario_sets(info, forecasts, roof(D), errors, paths.slice(1))
    turned = scenario_sets(info, forecasts, roof(D), errors, paths.sample(fraction=1.0, shuffle=True, seed=1))
    assert turned.equals(scenario_sets(info, forecasts, roof(D), errors, paths))


def test_historical_stressed_and_representative_sets_are_what_they_say():
    paths, sets = made(desk_of())
    sets = enforce(table("scenario_sets"), sets, D)
    past = of(sets, "historical")
    first = past.filter(pl.col("delivery_start") == past["delivery_start"].min()).sort("scenario")
    np.testing.assert_allclose(first["value"], 40 + 0.1 * np.arange(20) - 0.95, atol=1e-5)
    assert first["label"].to_list() == [(D - timedelta(days=lag)).isoformat() for lag in range(21, 1, -1)]
    np.testing.assert_allclose(first["probability"], 1 / 20)
    stressed = of(sets, "stressed")
    assert stressed.filter(pl.col("label") == "negative_prices")["value"].unique().to_list() == [-80.0]
    assert stressed.filter(pl.col("label") == "wind_drought")["value"].unique().to_list() == [80.0]
    assert stressed["probability"].max() == 0.0
    day = of(sets, "day")
    whole = matrix(paths, "day_ahead_price", "SOUTH")
    moves = [part.sort("delivery_start")["value"].to_numpy() - whole[:, int(label[0])] for label, part in day.group_by("label")]
    np.testing.assert_allclose(np.array(moves) - moves[0], 0.0, atol=1e-4, err_msg="all representatives move together, to the mean of all paths")
    one = day.filter(pl.col("delivery_start") == day["delivery_start"].min())
    assert one.height == 5
    assert one["probability"].sum() == pytest.approx(1.0)
    assert 0 < one["reduction_error"][0] < 1


def settled(price, second, output, estimated=False):
    desk = desk_of()
    rows = []
    for zone, minutes in (("NORTH", 15), ("SOUTH", 60)):
        starts = timestamps(desk.delivery_day(D).interval_starts_us(minutes))
        for i, start in enumerate(starts):
            legs = dict.fromkeys([c.name for c in table("pnl").columns if c.unit in {"EUR", "MW"}], 0.0)
            rows.append(
                {
                    **legs,
                    "delivery_day": D,
                    "zone": zone,
                    "delivery_start": start,
                    "resolution_minutes": minutes,
                    "price_da_eur_mwh": price(i * minutes / 60),
                    "price_second_eur_mwh": second,
                    "second_price_kind": "intraday" if zone == "NORTH" else "none",
                    "output_mw": output,
                    "settled_as_of": start,
                    "is_estimated": estimated,
                }
            )
    return table("pnl").frame(rows)


def test_scores_of_a_set_without_width_are_distances_to_the_outcome():
    flat = histories(D, make=lambda n, slots: np.zeros((n, slots)))
    paths, sets = made(desk_of(), errors=flat)
    found = enforce(
        table("scenario_scores"), scenario_scores(desk_of(), D, paths, sets, settled(lambda _: 43.0, 52.0, 8.0), table("dispatch").frame()), D
    )
    by = {(r["kind"], r["name"]): r for r in found.to_dicts()}
    assert by["day_ahead_price", "SOUTH"]["energy_score"] == pytest.approx(3.0 * np.sqrt(24), rel=1e-5)
    assert by["day_ahead_price", "NORTH"]["energy_score"] == pytest.approx(7.0 * np.sqrt(96), rel=1e-5)
    assert by["second_price", "NORTH"]["energy_score"] == pytest.approx(0.0, abs=1e-4)
    assert by["plant_output", "SOUTH"]["energy_score"] == pytest.approx(3.0 * np.sqrt(24), rel=1e-5)
    assert ("second_price", "SOUTH") not in by, "no second price there"
    assert by["day_ahead_price", "SOUTH"]["rank_mean"] > 0.98
    assert by["day_ahead_price", "NORTH"]["rank_mean"] < 0.02
    assert by["day_ahead_price", "SOUTH"]["variogram_score"] == 0.0
    late = scenario_scores(desk_of(), D, paths, sets, settled(lambda _: 43.0, 52.0, 8.0, estimated=True), table("dispatch").frame())
    assert "plant_output" not in late["kind"].to_list(), "an estimate is no outcome"


def test_dependence_within_the_day_shows_in_the_variogram_score():
    whole_days = histories(D, make=lambda n, slots: np.repeat(np.linspace(-20, 20, n)[:, None], slots, axis=1))
    paths, sets = made(desk_of(), errors=whole_days)
    found = scenario_scores(desk_of(), D, paths, sets, settled(lambda _: 46.0, 50.0, 5.0), table("dispatch").frame())
    south = found.filter(pl.col("kind") == "day_ahead_price", pl.col("name") == "SOUTH").row(0, named=True)
    assert south["variogram_score"] < 0.01 * south["variogram_score_independent"], "the day moves as one, shuffled values do not"
    assert 0.5 < south["rank_mean"] < 0.8
    assert south["tail_dependence"] == pytest.approx(1.0)
    assert south["tail_dependence_history"] == pytest.approx(1.0)


def week_forecasts(desk, day_ahead, second):
    """Seven days' day-ahead quantiles, and the second price's of D, normal about the given (mean, deviation) by lead."""
    parts = []
    for lead in range(7):
        target = D + timedelta(days=lead)
        kinds = {"day_ahead": day_ahead(lead)} | ({"second": second} if lead == 0 else {})
        for zone in ("NORTH", "SOUTH"):
            for kind, (mean, deviation) in kinds.items():
                if kind == "second" and zone == "SOUTH":
                    continue
                bands = {quantile_column(q): mean + deviation * norm.ppf(q) for q in QUANTILES}
                made_up = ensemble(desk, target, {(zone, kind): mean})
                parts.append(made_up.with_columns(delivery_day=D, horizon_days=pl.lit(lead + 1, made_up["horizon_days"].dtype), **bands))
    return pl.concat(parts).select([pl.col(k).cast(t) for k, t in table("price_forecasts").schema.items()])


def fuel_rows(changes, end=D - timedelta(days=3)):
    prices = 30 * np.exp(np.cumsum(np.concatenate([[0.0], changes])))
    days = [end - timedelta(days=n) for n in range(prices.size - 1, -1, -1)]
    at = timestamps(tiny_desk().delivery_day(D).interval_starts_us(60))[0] - timedelta(days=2)
    rows = [
        {"delivery_day": d, "commodity": "gas", "price": float(p), "unit": "EUR/MWh", "known_at": at, "source": "test"}
        for d, p in zip(days, prices, strict=True)
    ]
    return {"fuel_prices": table("fuel_prices").frame(rows)}, float(prices[-1])


def test_the_weeks_prices_widen_with_lead_and_the_second_price_follows():
    desk = desk_of()
    forecasts = week_forecasts(desk, lambda lead: (50.0 + lead, 5.0 * (1 + lead)), (53.0, 8.0))
    errors = [ErrorHistory("day_ahead_price", "SOUTH", 60, (D - timedelta(days=3),), np.full((1, 24), 1.5))]
    found = {(s.kind, s.name): s for s in week_series(Archive(desk, {}).at(D), forecasts, errors)}
    assert set(found) == {("day_ahead_price", "NORTH"), ("day_ahead_price", "SOUTH"), ("second_price", "NORTH")}
    south, second = found["day_ahead_price", "SOUTH"], found["second_price", "NORTH"]
    assert south.quantiles.shape == (7 * 24, len(QUANTILES))
    for lead in range(7):
        own = np.array([50 + lead + 5 * (1 + lead) * norm.ppf(q) for q in QUANTILES])
        np.testing.assert_allclose(south.quantiles[24 * lead + 5], own, atol=1e-6)
        later = np.array([53 + lead + 8 * (1 + lead) * norm.ppf(q) for q in QUANTILES])
        np.testing.assert_allclose(second.quantiles[24 * lead + 5], later, atol=1e-6)
    known = np.isfinite(south.errors).all(axis=1)
    assert known.sum() == 1
    assert (south.errors[known] == 1.5).all()
    assert not np.isfinite(second.errors).any()


def test_a_day_without_all_its_quantiles_leaves_the_zone_out():
    desk = desk_of()
    forecasts = week_forecasts(desk, lambda _: (50.0, 5.0), (50.0, 5.0))
    holed = forecasts.filter(~((pl.col("zone") == "SOUTH") & (pl.col("target_day") == D + timedelta(days=4))))
    assert {s.name for s in week_series(Archive(desk, {}).at(D), holed, [])} == {"NORTH"}


def test_gas_spreads_with_the_square_root_of_trading_days():
    changes = np.array([0.01, -0.02, 0.015, 0.0, -0.01, 0.02])
    raw, last = fuel_rows(changes)
    desk = desk_of()
    forecasts = week_forecasts(desk, lambda _: (50.0, 5.0), (50.0, 5.0))
    gas = next(s for s in week_series(Archive(desk, raw).at(D), forecasts, []) if s.kind == "gas")
    for lead in (0, 6):
        deviation = changes.std() * np.sqrt((3 + lead) * TRADING_SHARE)
        np.testing.assert_allclose(gas.quantiles[24 * lead], last * np.exp(deviation * norm.ppf(QUANTILES)), rtol=1e-9)
    few, _ = fuel_rows(changes[:4])
    assert all(s.kind != "gas" for s in week_series(Archive(desk, few).at(D), forecasts, []))
    assert week_set(Archive(desk, raw).at(D), forecasts.clear(), []) is None, "fuels alone are no week: a desk with few past errors has no quantiles"
