import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import days_between, local_instant
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.series_months import content_hash
from energy_pipeline.ingestion.synthetic import generate, market, noise, prices
from energy_pipeline.ingestion.synthetic.fuels import Fuels
from energy_pipeline.ingestion.synthetic.outages import outages_between
from energy_pipeline.ingestion.synthetic.weather import Place, sun_vector

DESK = load_desk(demo_desk_path())
TABLES = [t.name for t in RAW_TABLES]
SPRING, AUTUMN, NORMAL, QUARTERS = date(2025, 3, 30), date(2025, 10, 26), date(2025, 6, 11), date(2025, 10, 1)
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
LOCAL = ZoneInfo("Europe/Berlin")


def variant(**changes):
    """The demo desk with top-level or dotted keys replaced; None removes."""
    data = yaml.safe_load(demo_desk_path().read_text(encoding="utf-8"))
    for path, value in changes.items():
        *parents, leaf = path.split("__")
        place = data
        for name in parents:
            place = place[name]
        if value is None:
            place.pop(leaf, None)
        else:
            place[leaf] = value
    return desk_from(data, "variant")


def no_cache():
    market._market_of.cache_clear()


@pytest.fixture(scope="module")
def year():
    return {name: generate(DESK, name, *YEAR) for name in TABLES}


@pytest.fixture(scope="module")
def deviations(year):
    """Per interval: second less day-ahead price, and what load, wind and sun did beyond their forecasts."""
    key = ["zone", "delivery_start"]
    spread = year["second_prices"].join(year["day_ahead_prices"], on=key).with_columns(spread=pl.col("price_eur_mwh") - pl.col("price_eur_mwh_right"))
    load = year["load_actual"].join(year["load_forecast"], on=key).with_columns(load=pl.col("load_mw") - pl.col("load_mw_right"))
    made = year["generation_actual"].join(year["generation_forecast"], on=["technology", *key])
    made = made.with_columns(error=pl.col("generation_mw") - pl.col("generation_mw_right")).pivot(on="technology", index=key, values="error")
    found = spread.join(load.select(*key, "load"), on=key).join(made, on=key)
    return found.select("delivery_day", *key, "spread", "load", "wind", "solar").with_columns(short=pl.col("load") - pl.col("wind") - pl.col("solar"))


# --- shape -----------------------------------------------------------------------------


@pytest.mark.parametrize("day", [NORMAL, SPRING, AUTUMN, QUARTERS, date(2025, 9, 30), date(2024, 2, 29), date(2025, 12, 25)])
@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_a_legal_day(name, day):
    frame = generate(DESK, name, day, day)
    assert_frame_equal(enforce(contract_of(name), frame, day), frame)
    if frame.height:
        assert frame["source"].unique().to_list() == ["synthetic market"]


@pytest.mark.parametrize(("day", "hours"), [(NORMAL, 24), (SPRING, 23), (AUTUMN, 25)])
def test_interval_tables_cover_the_day_without_gaps_at_each_zones_resolution(day, hours):
    north = 4 if day >= QUARTERS else 1
    expected = {
        "day_ahead_prices": hours * (north + 2),
        "second_prices": hours * (north + 1),  # WEST has none
        "load_actual": hours * (north + 2),
        "load_forecast": hours * (north + 2),
        "generation_actual": 2 * hours * (north + 2),
        "generation_forecast": 2 * hours * (north + 2),
        "weather_observed": hours * 4,
        "weather_forecast": hours * 4 * len(market.RUNS),
        "plant_meters": hours * (2 * north + 2),
    }
    for name, rows in expected.items():
        frame = generate(DESK, name, day, day)
        assert frame.height == rows, name
        starts = DESK.delivery_day(day).interval_starts_us(60)
        assert set(starts.tolist()) <= set(frame["delivery_start"].cast(pl.Int64).to_list()), name
    kinds = dict(generate(DESK, "second_prices", day, day).select("zone", "price_kind").unique().rows())
    assert kinds == {"NORTH": "intraday", "SOUTH": "imbalance"}


def test_fuels_trade_monday_to_friday_and_peak_is_quoted_when_it_delivers(year):
    assert {d.weekday() for d in year["fuel_prices"]["delivery_day"].unique()} == {0, 1, 2, 3, 4}
    assert generate(DESK, "fuel_prices", date(2025, 6, 14), date(2025, 6, 14)).height == 0
    peak = year["forward_quotes"].filter(pl.col("contract") == "peak")
    assert {d.weekday() for d in peak["delivery_day"].unique()} == {0, 1, 2, 3, 4}
    base = year["forward_quotes"].filter(pl.col("contract") == "base")
    assert base.height == 365 * 3
    assert not year["forward_quotes"]["is_proxy"].any()


# --- any day alone ------------------------------------------------------------------------


@settings(max_examples=12, deadline=None)
@given(
    anchor=st.sampled_from([SPRING, AUTUMN, QUARTERS, NORMAL, date(2026, 1, 1)]),
    before=st.integers(0, 3),
    after=st.integers(0, 3),
    backwards=st.booleans(),
    name=st.sampled_from(TABLES),
)
def test_a_day_alone_is_the_day_in_any_range(anchor, before, after, backwards, name):
    first, last = anchor - timedelta(days=before), anchor + timedelta(days=after)
    no_cache()
    together = generate(DESK, name, first, last)
    days = days_between(first, last)
    alone = {}
    for day in reversed(days) if backwards else days:
        no_cache()
        alone[day] = generate(DESK, name, day, day)
    joined = pl.concat([alone[d] for d in days])
    assert_frame_equal(together, joined, check_exact=True)
    assert content_hash(together) == content_hash(joined)


def test_another_process_makes_the_same_bytes():
    names = ["day_ahead_prices", "weather_forecast", "outages"]
    code = (
        "from datetime import date\nfrom energy_pipeline.desk import demo_desk_path, load_desk\n"
        "from energy_pipeline.information.series_months import content_hash\nfrom energy_pipeline.ingestion.synthetic import generate\n"
        f"desk = load_desk(demo_desk_path())\nfor n in {names!r}: print(content_hash(generate(desk, n, date(2025, 3, 30), date(2025, 3, 30))))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "5"}).stdout.split()
    assert printed == [content_hash(generate(DESK, n, SPRING - timedelta(days=1), SPRING).filter(pl.col("delivery_day") == SPRING)) for n in names]


def test_the_seed_makes_the_market_and_the_market_time_unit_does_not():
    other = variant(sources__synthetic__seed=3)
    assert not generate(other, "load_actual", NORMAL, NORMAL)["load_mw"].equals(generate(DESK, "load_actual", NORMAL, NORMAL)["load_mw"])
    hourly = variant(zones__NORTH__market_time_unit=[{"first_day": "2015-01-01", "minutes": 60}])
    values = {"day_ahead_prices": "price_eur_mwh", "second_prices": "price_eur_mwh", "load_actual": "load_mw", "load_forecast": "load_mw"}
    values |= {"generation_actual": "generation_mw", "generation_forecast": "generation_mw", "plant_meters": "output_mw"}
    for day in (QUARTERS, AUTUMN):
        for name, value in values.items():
            quarters, hours = generate(DESK, name, day, day), generate(hourly, name, day, day)
            keys = [k for k in contract_of(name).key if k != "delivery_start"]
            starts = pl.col("delivery_start").dt.truncate("1h")
            mean = quarters.group_by(*keys, starts).agg(pl.col(value).mean()).join(hours, on=[*keys, "delivery_start"])
            assert mean.height == hours.height
            # Each published number is rounded: at most half a digit twice.
            assert (mean[value] - mean[f"{value}_right"]).abs().max() <= (0.0101 if "price" in value else 0.101)


# --- the story --------------------------------------------------------------------------------


def test_prices_are_at_a_realistic_level_with_negative_hours_and_spikes(year):
    for _, rows in year["day_ahead_prices"].group_by("zone"):
        price = rows["price_eur_mwh"]
        assert 40 < price.mean() < 100
        assert 20 < price.std() < 60
        assert 0.002 < (price < 0).mean() < 0.15
        assert 0.0005 < (price > 200).mean() < 0.03
        assert price.max() > 250
        assert price.min() < -30
        assert price.null_count() == 0


def test_prices_have_a_day_and_a_week_and_are_low_when_wind_and_sun_are_high(year):
    south = year["day_ahead_prices"].filter(pl.col("zone") == "SOUTH")
    hour = pl.col("delivery_start").dt.convert_time_zone("Europe/Berlin").dt.hour()
    by_hour = dict(south.group_by(hour).agg(pl.col("price_eur_mwh").mean()).rows())
    assert by_hour[19] > by_hour[3] > by_hour[13]  # evening peak, night, sunny noon
    weekend = pl.col("delivery_day").dt.weekday() >= 6
    assert south.filter(weekend)["price_eur_mwh"].mean() < south.filter(~weekend)["price_eur_mwh"].mean() - 3
    made = year["generation_actual"].group_by("zone", "delivery_start").agg(pl.col("generation_mw").sum())
    joined = year["day_ahead_prices"].join(made, on=["zone", "delivery_start"]).join(year["load_actual"], on=["zone", "delivery_start"])
    for _, rows in joined.group_by("zone"):
        residual = rows["load_mw"] - rows["generation_mw"]
        assert np.corrcoef(residual, rows["price_eur_mwh"])[0, 1] > 0.6


def test_neighbours_prices_move_together_but_not_as_one(year):
    hourly = year["day_ahead_prices"].group_by("zone", pl.col("delivery_start").dt.truncate("1h")).agg(pl.col("price_eur_mwh").mean())
    wide = hourly.pivot(on="zone", index="delivery_start", values="price_eur_mwh").sort("delivery_start")
    correlation = np.corrcoef(wide.select("NORTH", "SOUTH", "WEST").to_numpy().T)
    off = correlation[np.triu_indices(3, 1)]
    assert (off > 0.6).all()
    assert (off < 0.985).all()


def test_forecast_errors_are_small_centred_and_last_for_hours(year, deviations):
    mean_load = year["load_actual"].group_by("zone").agg(pl.col("load_mw").mean())
    errors = deviations.filter(pl.col("zone") == "SOUTH").sort("delivery_start")
    level = mean_load.filter(pl.col("zone") == "SOUTH")["load_mw"][0]
    assert 0.005 < errors["load"].std() / level < 0.03
    assert abs(errors["load"].mean()) < 0.003 * level
    installed = {"wind": DESK.zones["SOUTH"].installed_wind_mw, "solar": DESK.zones["SOUTH"].installed_solar_mw}
    for technology, capacity in installed.items():
        assert 0.01 < errors[technology].std() / capacity < 0.09
        assert abs(errors[technology].mean()) < 0.01 * capacity
    for column in ("load", "wind"):
        x = errors[column].to_numpy()
        assert np.corrcoef(x[1:], x[:-1])[0, 1] > 0.8
        assert abs(np.corrcoef(x[72:], x[:-72])[0, 1]) < 0.15


@pytest.mark.parametrize("zone", ["NORTH", "SOUTH"])
def test_a_short_zone_pays_more_than_day_ahead(deviations, zone):
    rows = deviations.filter(pl.col("zone") == zone)
    correlation = {c: rows.select(pl.corr("spread", c)).item() for c in ("short", "load", "wind", "solar")}
    assert correlation["short"] > 0.3
    assert correlation["load"] > 0.05
    assert correlation["wind"] < -0.15
    assert correlation["solar"] < -0.03
    assert rows.filter(pl.col("short") > 0)["spread"].mean() > 0 > rows.filter(pl.col("short") < 0)["spread"].mean()
    # Noise remains: the errors alone do not give the price away.
    assert correlation["short"] < 0.9


@pytest.mark.parametrize("zone", ["NORTH", "SOUTH"])
def test_always_being_long_day_ahead_earns_nothing_for_sure(deviations, zone):
    daily = deviations.filter(pl.col("zone") == zone).group_by("delivery_day").agg(pl.col("spread").mean())["spread"]
    assert abs(daily.mean() / daily.std() * 365**0.5) < 3.0


def test_quotes_stand_near_the_price_they_hedge(year):
    base = year["forward_quotes"].filter(pl.col("contract") == "base")
    daily = year["day_ahead_prices"].group_by("zone", "delivery_day").agg(pl.col("price_eur_mwh").mean().alias("paid"))
    joined = base.join(daily, on=["zone", "delivery_day"]).with_columns(gain=pl.col("paid") - pl.col("price_eur_mwh"))
    for _, rows in joined.group_by("zone"):
        assert abs(rows["gain"].mean()) < 1.5
        assert 1.0 < rows["gain"].std() < 8.0
        assert rows["half_spread_eur_mwh"].min() > 0
        assert np.corrcoef(rows["paid"], rows["price_eur_mwh"])[0, 1] > 0.9


def test_weather_is_a_climate(year):
    observed = year["weather_observed"]
    for _, rows in observed.group_by("location"):
        month = rows["delivery_start"].dt.month()
        assert rows.filter(month == 7)["temperature_c"].mean() > rows.filter(month == 1)["temperature_c"].mean() + 10
        assert rows.filter(month == 6)["ghi_w_m2"].mean() > 3 * rows.filter(month == 12)["ghi_w_m2"].mean()
        assert 5.5 < rows["wind_speed_ms"].mean() < 9.5
        assert rows["wind_speed_ms"].max() > 17
        assert rows.filter(rows["delivery_start"].dt.hour() == 0)["ghi_w_m2"].max() == 0
    wide = observed.pivot(on="location", index="delivery_start", values="wind_speed_ms").sort("delivery_start")
    correlation = np.corrcoef(wide.drop("delivery_start").to_numpy().T)[np.triu_indices(4, 1)]
    assert (correlation > 0.35).all()
    assert (correlation < 0.95).all()


def test_forecasts_get_worse_with_lead_and_the_last_run_is_calibrated(year):
    joined = year["weather_forecast"].join(year["weather_observed"], on=["location", "delivery_start"])
    for value in ("wind_speed_ms", "temperature_c", "ghi_w_m2"):
        lead = (pl.col("delivery_day").cast(pl.Datetime("us", "UTC")) - pl.col("issued_at")).alias("lead")
        spread = joined.group_by(lead).agg((pl.col(value) - pl.col(f"{value}_right")).std().alias("sd")).sort("lead")["sd"].to_list()
        assert len(spread) == len(market.RUNS)
        assert spread == sorted(spread)
        assert spread[0] > 0.1
        assert spread[-1] > 1.5 * spread[0]
    last = joined.filter(pl.col("issued_at").dt.date() == pl.col("delivery_day").dt.offset_by("-1d"))
    slope = np.polyfit(last["wind_speed_ms"], last["wind_speed_ms_right"], 1)[0]
    assert abs(slope - 1) < 0.03


def test_plants_follow_weather_and_stay_within_their_limits(year):
    meters = year["plant_meters"].with_columns(pl.col("delivery_start").dt.truncate("1h")).group_by("plant", "delivery_start")
    hourly = meters.agg(pl.col("output_mw").mean(), pl.col("output_mw").max().alias("top"))
    weather = year["weather_observed"]
    wind = hourly.filter(pl.col("plant") == "coast_wind").join(weather.filter(pl.col("location") == "coast"), on="delivery_start")
    assert 0 < wind["top"].max() <= 120
    assert 0.15 < wind["output_mw"].mean() / 120 < 0.5
    assert np.corrcoef(np.clip(wind["wind_speed_ms"], 3, 12.5) ** 3, wind["output_mw"])[0, 1] > 0.93
    solar = hourly.filter(pl.col("plant") == "valley_solar").join(weather.filter(pl.col("location") == "valley"), on="delivery_start")
    assert 55 < solar["top"].max() <= 66
    assert 0.08 < solar["output_mw"].mean() / 80 < 0.2
    assert solar.filter(pl.col("ghi_w_m2") == 0)["output_mw"].max() < 0.001  # an irradiance below 0.005 is published as 0
    assert solar.filter(pl.col("delivery_start").dt.hour() == 0)["output_mw"].max() == 0
    assert np.corrcoef(solar["ghi_w_m2"], solar["output_mw"])[0, 1] > 0.93


def test_a_share_plant_is_the_share_and_a_metered_plant_has_a_meter(year):
    share = year["plant_meters"].filter(pl.col("plant") == "west_wind_share")
    zone = year["generation_actual"].filter((pl.col("zone") == "WEST") & (pl.col("technology") == "wind"))
    joined = share.join(zone, on="delivery_start")
    assert joined.height == share.height
    assert (joined["output_mw"] - 0.01 * joined["generation_mw"]).abs().max() <= 0.0006
    roof = variant(rights__south_solar_rec=None, plants={"roof": {"kind": "metered", "zone": "SOUTH", "technology": "solar", "capacity_mw": 3.0}})
    output = generate(roof, "plant_meters", NORMAL, NORMAL)["output_mw"]
    assert output.len() == 24
    assert 0.3 < output.max() <= 3.0
    assert output[0] == 0


# --- what is known when -------------------------------------------------------------------------


def wall(day, at):
    """Independent of the package: the UTC instant of a Berlin wall clock."""
    return datetime.combine(day, at, tzinfo=LOCAL).astimezone(UTC)


@pytest.mark.parametrize("day", [NORMAL, SPRING, AUTUMN, SPRING + timedelta(days=1), AUTUMN + timedelta(days=1)])
def test_publication_times(day):
    eve = day - timedelta(days=1)
    fixed = {
        "day_ahead_prices": wall(eve, time(12, 45)),
        "load_forecast": wall(eve, time(10)),
        "forward_quotes": wall(eve, time(11)),
        "plant_meters": wall(day + timedelta(days=1), time(9)),
    }
    for name, at in fixed.items():
        assert generate(DESK, name, day, day)["known_at"].unique().to_list() == [at], name
    res = generate(DESK, "generation_forecast", day, day).select("zone", "known_at").unique()
    assert dict(res.rows()) == {"NORTH": wall(eve, time(9, 30)), "SOUTH": wall(eve, time(18)), "WEST": wall(eve, time(9, 30))}
    end = pl.col("delivery_start") + pl.duration(minutes=pl.col("resolution_minutes"))
    for name in ("load_actual", "generation_actual", "weather_observed"):
        lag = generate(DESK, name, day, day).select(lag=pl.col("known_at") - end)["lag"].unique().to_list()
        assert lag == [timedelta(hours=1)], name
    second = generate(DESK, "second_prices", day, day).select("price_kind", lag=pl.col("known_at") - end).unique()
    assert dict(second.rows()) == {"intraday": timedelta(hours=1), "imbalance": timedelta(hours=2)}
    runs = generate(DESK, "weather_forecast", day, day).select("issued_at", "known_at").unique().sort("issued_at")
    midnight = datetime(eve.year, eve.month, eve.day, tzinfo=UTC)
    assert runs.rows()[-2:] == [(midnight - timedelta(hours=h), midnight - timedelta(hours=h) + timedelta(hours=6)) for h in (12, 0)]


def test_fuels_are_known_in_the_evening_and_outages_before_they_start(year):
    fuels = year["fuel_prices"]
    assert fuels["known_at"].to_list() == [wall(d, time(18)) for d in fuels["delivery_day"]]
    outages = year["outages"]
    assert outages.height > 100
    assert (outages["known_at"] < outages["starts_at"]).all()
    assert (outages["starts_at"] < outages["ends_at"]).all()
    for row in outages.iter_rows(named=True):
        delivery = DESK.delivery_day(row["delivery_day"])
        assert row["starts_at"] < delivery.end
        assert row["ends_at"] > delivery.start
    # One outage says the same on every day it touches, and touches all days from start to end.
    for _, rows in outages.group_by("zone", "outage_id"):
        assert rows.drop("delivery_day").unique().height == 1
        first, last = (max(rows["starts_at"][0].astimezone(LOCAL).date(), YEAR[0]), rows["ends_at"][0] - timedelta(microseconds=1))
        assert rows["delivery_day"].to_list() == days_between(first, min(last.astimezone(LOCAL).date(), YEAR[1]))
    notice = (outages["starts_at"] - outages["known_at"]).dt.total_hours()
    assert (notice <= 6).any()
    assert (notice >= 48).any()


@pytest.mark.parametrize("day", [NORMAL, SPRING, AUTUMN, date(2025, 10, 2)])
def test_decide_sees_what_it_needs_and_nothing_it_must_not(day):
    frames = {n: generate(DESK, n, day - timedelta(days=9), day) for n in TABLES}
    info = Archive(DESK, frames).at(day)
    assert info.decision_time == local_instant(day - timedelta(days=1), time(11, 15), "Europe/Berlin")

    def seen(name, value, lag, zone, **key):
        delivery = DESK.delivery_day(day - timedelta(days=lag))
        starts = delivery.interval_starts_us(DESK.zones[zone].resolution_minutes(delivery.day))
        return np.isfinite(info.values(name, value, starts, **({} if "location" in key or "plant" in key else {"zone": zone}), **key))

    for zone in DESK.zones:
        assert seen("day_ahead_prices", "price_eur_mwh", 1, zone).all()
        assert not seen("day_ahead_prices", "price_eur_mwh", 0, zone).any()
        assert seen("load_forecast", "load_mw", 0, zone).all()
        assert seen("load_actual", "load_mw", 2, zone).all()
        assert 0 < seen("load_actual", "load_mw", 1, zone).mean() < 0.5
        assert seen("generation_forecast", "generation_mw", 0, zone, technology="wind").all() == (zone != "SOUTH")
    for zone, kind in (("NORTH", "intraday"), ("SOUTH", "imbalance")):
        assert seen("second_prices", "price_eur_mwh", 2, zone, price_kind=kind).all()
        assert 0 < seen("second_prices", "price_eur_mwh", 1, zone, price_kind=kind).mean() < 0.5
    assert seen("plant_meters", "output_mw", 2, "NORTH", plant="coast_wind").all()
    assert not seen("plant_meters", "output_mw", 1, "NORTH", plant="coast_wind").any()
    runs = info.frame("weather_forecast").filter(pl.col("delivery_day") == day)
    eve = day - timedelta(days=1)
    assert runs["issued_at"].max() == datetime(eve.year, eve.month, eve.day, tzinfo=UTC)
    assert info.frame("forward_quotes").filter(pl.col("delivery_day") == day)["zone"].n_unique() == 3
    assert info.frame("fuel_prices")["delivery_day"].max() <= day - timedelta(days=2)


def test_every_day_of_the_horizon_has_a_run_before_the_gate():
    frame = generate(DESK, "weather_forecast", NORMAL, NORMAL + timedelta(days=6))
    visible = frame.filter(pl.col("known_at") <= DESK.decision_time(NORMAL))
    assert visible["delivery_day"].n_unique() == 7


def test_by_convention_the_forecast_comes_before_the_gate_and_none_means_none():
    convention = variant(zones__SOUTH__tso_res_forecast="epf_convention", zones__WEST__tso_res_forecast="none")
    rows = generate(convention, "generation_forecast", NORMAL, NORMAL)
    assert set(rows["zone"].unique()) == {"NORTH", "SOUTH"}
    assert rows["known_at"].unique().to_list() == [wall(NORMAL - timedelta(days=1), time(9, 30))]


# --- desks that say little -------------------------------------------------------------------------


def test_a_zone_without_locations_or_capacities_still_has_a_market():
    bare = {"market": "continental", "second_price": {"kind": "imbalance"}}
    desk = desk_from(
        {
            "name": "bare",
            "description": "One zone, nothing else.",
            "decision_at": "11:15",
            "markets": {"continental": {"gate": {"at": "12:00"}}},
            "zones": {"ONLY": bare},
            "sources": {"synthetic": {"seed": 5}},
        },
        "bare",
    )
    for name in TABLES:
        frame = generate(desk, name, NORMAL, NORMAL)
        assert frame.height > 0 or name in ("weather_forecast", "weather_observed", "plant_meters", "outages", "held_hours")
        enforce(contract_of(name), frame, NORMAL)


def test_a_desk_on_files_is_told_so():
    with pytest.raises(SourceError, match=r"sources\.synthetic is not set"):
        generate(variant(sources__synthetic=None), "load_actual", NORMAL, NORMAL)


# --- parts against independent solutions --------------------------------------------------------------


def test_noise_is_standard_smooth_and_independent_of_its_company():
    hours = np.arange(0.0, 60_000.0, 0.5) + 480_000.0
    octaves = ((20.0, 0.6), (5.0, 0.4))
    both = noise.field(noise.keys(1, ["a", "b"]), hours, octaves)
    assert np.abs(both.mean(axis=1)).max() < 0.05
    assert np.abs(both.std(axis=1) - 1).max() < 0.05
    assert abs(np.corrcoef(both)[0, 1]) < 0.05
    assert np.corrcoef(both[0, 1:], both[0, :-1])[0, 1] > 0.97
    assert abs(np.corrcoef(both[0, 200:], both[0, :-200])[0, 1]) < 0.06
    part = noise.field(noise.keys(1, ["b"]), hours[1000:1096], octaves)
    assert (part[0] == both[1, 1000:1096]).all()
    uniform = noise.uniforms(noise.keys(1, ["u"]), np.arange(20_000, dtype=np.int64))[0]
    assert np.abs(np.quantile(uniform, [0.1, 0.5, 0.9]) - [0.1, 0.5, 0.9]).max() < 0.015
    assert uniform.min() >= 0
    assert uniform.max() < 1


def test_the_sun_stands_where_pvlib_puts_it():
    pvlib = pytest.importorskip("pvlib")
    pd = pytest.importorskip("pandas")
    hours = 482_000.0 + np.arange(0.0, 9_000.0, 7.37)
    place = Place("valley", 48.3, 11.6, 100.0)
    times = pd.DatetimeIndex(pd.to_datetime((hours * 3600).round().astype("int64"), unit="s", utc=True))
    reference = pvlib.solarposition.get_solarposition(times, place.latitude_deg, place.longitude_deg)
    east, north, up = sun_vector(place, hours)
    zenith, azimuth = np.radians(reference["zenith"].to_numpy()), np.radians(reference["azimuth"].to_numpy())
    cosine = east * np.sin(zenith) * np.sin(azimuth) + north * np.sin(zenith) * np.cos(azimuth) + up * np.cos(zenith)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).max() < 0.6


def supply_cost(curve, capacity, supplied):
    """Integral of the piecewise-linear supply curve up to `supplied` [EUR/h]."""
    x, y = curve
    grid = np.concatenate([[0.0], np.cumsum((y[1:] + y[:-1]) / 2 * np.diff(x))])
    share = supplied / capacity
    segment = np.clip(np.searchsorted(x, share) - 1, 0, x.size - 2)
    here = np.interp(share, x, y)
    return capacity * (grid[segment] + (y[segment] + here) / 2 * (share - x[segment]))


def test_coupling_of_three_zones_is_the_cheapest_exchange_of_a_grid_search():
    curve = prices.supply_curve(Fuels(32.0, 108.0, 70.0))
    rng = np.random.default_rng(1)
    capacity = np.array([24_000.0, 22_000.0, 11_000.0])
    residual = capacity[:, None] * rng.uniform(-0.2, 1.02, (3, 6))
    limits = prices.borders((capacity / 1.24).tolist())
    exports = prices.couple(curve, residual, np.repeat(capacity[:, None], 6, axis=1), limits)
    assert np.abs(exports.sum(axis=0)).max() < 1e-6
    steps = [np.linspace(-limit, limit, 33) for *_, limit in limits]
    f01, f12, f02 = np.meshgrid(*steps, indexing="ij")
    trade = [f01 + f02, f12 - f01, -f12 - f02]
    for k in range(6):
        cost = sum(float(supply_cost(curve, capacity[z], residual[z, k] + exports[z, k])) for z in range(3))
        searched = sum(supply_cost(curve, capacity[z], residual[z, k] + trade[z]) for z in range(3)).min()
        alone = sum(float(supply_cost(curve, capacity[z], residual[z, k])) for z in range(3))
        assert cost <= searched + 1e-4 * abs(alone)
        assert cost < alone


def test_two_zones_trade_until_prices_meet_or_the_border_is_full():
    curve = prices.supply_curve(Fuels(32.0, 108.0, 70.0))
    rng = np.random.default_rng(2)
    capacity = np.repeat([[20_000.0], [15_000.0]], 200, axis=1)
    residual = capacity * rng.uniform(-0.2, 1.0, capacity.shape)
    exports = prices.couple(curve, residual, capacity, [(0, 1, 1_500.0)])
    price = np.interp((residual + exports) / capacity, *curve)
    full = np.abs(exports[0]) > 1_499.0
    assert full.any()
    assert not full.all()
    assert np.abs(price[0] - price[1])[~full].max() < 0.05
    assert ((price[1] - price[0]) * exports[0] >= -1e-9)[full].all()  # power flows from cheap to dear


def test_an_outage_does_not_depend_on_the_window_it_is_asked_in():
    long = outages_between(1, "NORTH", 20_000.0, 480_000.0, 490_000.0)
    assert long
    for outage in long:
        if outage.start >= 480_000.0 and outage.end < 490_000.0:
            assert outage in outages_between(1, "NORTH", 20_000.0, outage.end - 1.0, outage.end + 5.0)
            assert outage not in outages_between(1, "NORTH", 20_000.0, outage.end, outage.end + 24.0)
    assert len({o.outage_id for o in long}) == len(long)
