"""The expected spread of the second price: nothing is made of noise, a rule is found, and only what was known is used."""

import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.forecasting import spread_model
from energy_pipeline.forecasting.spread_model import expected

DAYS = 240
DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
GERMANY = DATA / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"
TEXAS = DATA / "ercot_hubavg_da_rt_2024_2025"


def market(seed=0, effect=0.0, morning=9):
    """Spreads of `DAYS` days of which the last is known to `morning`, and one condition that moves them by `effect`."""
    random = np.random.default_rng(seed)
    condition = random.normal(20, 3, (1, DAYS + 1, 24))
    spreads = 4 * random.standard_t(4, (DAYS, 24)) + effect * (condition[0, :-1] - 20)
    spreads[-1, morning:] = np.nan
    return spreads, condition


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_has_no_skill_and_hardly_moves_the_mean(seed):
    found = expected(*market(seed))
    assert found.record.verdict == "no_skill"
    assert np.abs(found.values).max() < 1.0


def test_a_rule_is_found_and_its_share_published():
    spreads, condition = market(effect=2.0)
    found = expected(spreads, condition)
    assert found.record.verdict == "skill"
    assert 0 < found.gain <= spread_model.GAIN
    assert np.corrcoef(found.values, condition[0, -1])[0, 1] > 0.9
    assert found.record.errors[0].mean() < found.record.errors[1].mean() < found.record.errors[2].mean()


def test_a_rule_that_no_longer_holds_loses_its_share():
    spreads, condition = market(effect=2.0)
    spreads[100:] -= 4.0 * (condition[0, 100:-1] - 20)
    assert expected(spreads, condition).gain < expected(*market(effect=2.0)).gain


@pytest.mark.parametrize(("row", "hour"), [(150, 12), (200, 3)])
def test_the_past_forecasts_of_a_record_know_only_what_their_own_gate_knew(row, hour):
    spreads, condition = market(effect=2.0)
    changed = spreads.copy()
    changed[row, hour] += 40.0
    first = DAYS - 1 - len(expected(spreads, condition).record.errors[0])
    one, two = (expected(s, condition).record.errors[0] for s in (spreads, changed))
    differs = np.flatnonzero(one != two) + first
    # The day itself has another outcome; the next day knows the morning only, which is before nine.
    assert differs[0] == row
    assert (row + 1 in differs) == (hour < 9)
    assert row + 2 in differs


def test_one_hour_at_the_price_limit_does_not_move_the_next_days():
    spreads, condition = market()
    wild = spreads.copy()
    wild[-5, 18] = 4000.0
    calm, other = expected(spreads, condition), expected(wild, condition)
    assert np.abs(other.values - calm.values).max() < 0.5


@pytest.mark.parametrize("days", [0, 5, 60])
def test_a_short_history_expects_nothing_and_says_so(days):
    spreads, condition = market()
    found = expected(spreads[-days:] if days else spreads[:0], condition[:, -days - 1 :])
    assert found.record.verdict == "too_short"
    assert not found.values.any()


def test_an_unknown_condition_counts_as_usual():
    spreads, condition = market(effect=2.0)
    unknown = condition.copy()
    unknown[0, -1] = np.nan
    assert np.ptp(expected(spreads, unknown).values) < np.ptp(expected(spreads, condition).values) / 3


def hours(frame, zone):
    """Columns by day and wall-clock hour, gaps and the hour that spring skips as the hour before, from the first whole day on."""
    local = pl.col("ts_utc").cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    rows = frame.with_columns(day=local.dt.date(), hour=local.dt.hour()).unique(["day", "hour"], keep="first", maintain_order=True)
    every = pl.select(day=pl.date_range(rows["day"].min() + timedelta(days=1), rows["day"].max(), "1d")).join(
        pl.DataFrame({"hour": np.arange(24, dtype=np.int8)}), how="cross"
    )
    return every.join(rows, on=["day", "hour"], how="left", maintain_order="left").fill_null(strategy="forward").fill_null(strategy="backward")


def walked(frame, zone, columns, first, step, known_hours):
    """Errors of every `step`-th day from `first` on: of the expected spread, of none and of the last known day's, shape (3, days, 24)."""
    table = hours(frame, zone)
    ahead, second, *conditions = (table[c].to_numpy().reshape(-1, 24) for c in ("ahead", "second", *columns))
    spreads, before = second - ahead, np.vstack([ahead[:1], ahead[:-1]])
    begin = (first - table["day"][0]).days
    found = []
    for day in range(begin, begin + 365, step):
        past = spreads[max(0, day - 371) : day].copy()
        past[-1, known_hours:] = np.nan
        known = np.stack([c[max(0, day - 371) : day + 1] for c in (before, *conditions)])
        found.append([spreads[day] - expected(past, known).values, spreads[day], spreads[day] - spreads[day - 2]])
    return np.array(found).transpose(1, 0, 2)


@pytest.mark.skipif(not GERMANY.exists(), reason="the German day-ahead and intraday prices are not there (ENERGY_PIPELINE_DATA)")
def test_the_german_intraday_price_of_2018_19_cannot_be_foretold_and_is_left_at_the_day_ahead_mean():
    supply = pl.col("wind_de_forecast_da_mw") + pl.col("solar_de_forecast_da_mw")
    frame = pl.read_parquet(GERMANY).select(
        "ts_utc", ahead="price_da_eur_mwh", second="price_id_eur_mwh", residual=pl.col("load_de_forecast_da_mw") - supply, supply=supply
    )
    own, none, last = walked(frame, "Europe/Berlin", ["residual", "supply"], date(2018, 10, 1), 9, 9)
    assert (own**2).mean() == pytest.approx((none**2).mean(), rel=2e-3)
    assert (own**2).mean() < 0.7 * (last**2).mean()


@pytest.mark.skipif(not TEXAS.exists(), reason="the Texan day-ahead and real-time prices are not there (ENERGY_PIPELINE_DATA)")
def test_the_texan_real_time_price_of_2024_25_is_foretold_better_than_by_both_naives():
    quarters = (
        pl.read_parquet(TEXAS / "rt_prices.parquet").group_by(pl.col("ts_utc").dt.truncate("1h")).agg(second=pl.col("price_usd_per_mwh").mean())
    )
    frame = pl.read_parquet(TEXAS / "da_prices.parquet").select("ts_utc", ahead="price_usd_per_mwh").join(quarters, on="ts_utc")
    frame = frame.join(pl.read_parquet(TEXAS / "load.parquet"), on="ts_utc").sort("ts_utc")
    own, none, last = (np.abs(e).mean(axis=1) for e in walked(frame, "America/Chicago", ["da_demand_forecast_mw"], date(2024, 9, 1), 5, 8))
    gain = none - own
    assert gain.mean() > 2 * gain.std() / np.sqrt(gain.size)
    assert own.mean() < 0.8 * last.mean()
