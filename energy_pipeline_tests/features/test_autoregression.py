"""A series forecast from its own last days.

What belongs here: the regression on arrays and on real series. What does not: when it is used (`test_drivers`).
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.features.autoregression import LAGS, from_history

MORNING = 8
GERMANY = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"


def with_morning(days):
    history = np.array(days, dtype=np.float64)
    history[-1, MORNING:] = np.nan
    return history


def test_a_level_that_came_in_the_morning_is_carried_on():
    level = np.random.default_rng(1).normal(0.0, 100.0, LAGS + 1).cumsum()
    days = 5000.0 + 300.0 * np.sin(np.arange(24) / 4.0) + level[:, None]
    found = from_history(with_morning(days[:-1]), "load")
    last_week = np.abs(days[-8] - days[-1]).mean()
    assert np.abs(found - days[-1]).mean() < 0.7 * last_week


def test_calm_days_make_a_calm_forecast():
    draw = np.random.default_rng(2)
    level = np.zeros(LAGS + 1)
    for i in range(1, LAGS + 1):
        level[i] = 0.8 * level[i - 1] + draw.normal()
    days = 1000.0 * np.exp(0.5 * level)[:, None] * np.ones(24)
    usual = days[3:-2].mean()
    found = from_history(with_morning(days[:-1]), "output").mean()
    last = days[-2].mean()
    assert min(usual, last) - 200.0 <= found <= max(usual, last) + 200.0


def test_night_stays_dark():
    shape = np.maximum(np.sin((np.arange(24) - 6) / 12 * np.pi), 0.0)
    days = np.random.default_rng(3).uniform(0.3, 1.0, (LAGS, 1)) * 900.0 * shape
    found = from_history(with_morning(days), "output")
    assert (found[shape == 0.0] == 0.0).all()
    assert found[12] > 0.0


@pytest.mark.parametrize("kind", ["load", "output"])
def test_gaps_and_a_short_past(kind):
    days = 100.0 + np.random.default_rng(4).uniform(0, 10, (LAGS, 96))
    without_eve, short, holes = days.copy(), with_morning(days), with_morning(days)
    without_eve[-1] = np.nan
    short[:20] = np.nan
    holes[10, 5] = holes[20] = np.nan
    assert np.isfinite(from_history(without_eve, kind)).all()
    assert np.isnan(from_history(short, kind)).all()
    assert np.isfinite(from_history(holes, kind)).all()


days_of = st.builds(
    lambda seed, size, floor: np.maximum(np.random.default_rng(seed).normal(0.5, 1.0, (LAGS, 24)) * size, floor),
    st.integers(0, 2**32),
    st.sampled_from([1e-6, 1.0, 1e5]),
    st.sampled_from([0.0, 0.1]),
)


@given(days_of, st.sampled_from(["load", "output"]), st.integers(0, 24))
def test_never_negative_never_unknown(days, kind, known):
    history = days.copy()
    history[-1, known:] = np.nan
    found = from_history(history, kind)
    assert np.isfinite(found).all()
    assert found.min() >= 0.0


@given(days_of, st.floats(0.01, 100.0))
def test_in_any_unit(days, factor):
    for kind in ("load", "output"):
        found = from_history(with_morning(days), kind)
        assert from_history(with_morning(days) * factor, kind) == pytest.approx(found * factor, rel=1e-7, abs=1e-9 * factor * days.max())


@pytest.mark.skipif(not GERMANY.is_file(), reason=f"{GERMANY} is not there: set ENERGY_PIPELINE_DATA")
def test_on_a_year_of_german_wind_it_beats_the_last_days():
    frame = pl.read_parquet(GERMANY, columns=["ts_utc", "wind_de_mw"])
    hours = pl.DataFrame({"ts_utc": pl.datetime_range(datetime(2016, 12, 1, tzinfo=UTC), datetime(2017, 12, 31, 23, tzinfo=UTC), "1h", eager=True)})
    wind = hours.join(frame.with_columns(pl.col("ts_utc").cast(hours.schema["ts_utc"])), on="ts_utc", how="left").sort("ts_utc")["wind_de_mw"]
    days = wind.fill_null(float("nan")).to_numpy().reshape(-1, 24)
    ours, last = [], []
    for d in range(LAGS, len(days)):
        found = from_history(with_morning(days[d - LAGS : d]), "output")
        ours.append(np.abs(found - days[d]).mean())
        last.append(np.abs(days[d - 4 : d - 1].mean(axis=0) - days[d]).mean())
    assert np.nanmean(ours) < 0.93 * np.nanmean(last)
