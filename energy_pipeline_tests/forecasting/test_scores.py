"""Scores by hand."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.domain.delivery import DeliveryDay, same_slot_starts_us
from energy_pipeline.forecasting import price_forecasts, score
from energy_pipeline_tests.features.small_market import AUTUMN, BERLIN, CHANGE, DESK, SPRING, STORE, clean, frames_for, only, price


def _scored(day):
    frames = only(frames_for(day), day - timedelta(days=7), day)
    forecasts = price_forecasts(clean(day), STORE)
    return forecasts, score(DESK, day, forecasts, frames["day_ahead_prices"], frames["second_prices"])


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_measures_by_hand(day):
    forecasts, scores = _scored(day)
    part = forecasts.filter(pl.col("zone") == "SOUTH", pl.col("model") == "ensemble", pl.col("horizon_days") == 1).sort("delivery_start")
    target = DeliveryDay(day, BERLIN)
    came = np.array([price(frames_for(day), "SOUTH", s) for s in target.interval_starts_us(60)])
    before = np.array([price(frames_for(day), "SOUTH", s) for s in same_slot_starts_us(target, target.shift(-7), 60)])
    error = part["price_eur_mwh"].to_numpy() - came
    row = scores.row(by_predicate=(pl.col("zone") == "SOUTH") & (pl.col("model") == "ensemble"), named=True)
    assert row["intervals"] == target.hours
    assert set(part["statistic"]) == {"mean"}
    assert row["mae_eur_mwh"] == pytest.approx(np.mean(np.abs(part["q50_eur_mwh"].to_numpy() - came)))
    assert row["rmse_eur_mwh"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert row["bias_eur_mwh"] == pytest.approx(np.mean(error))
    assert row["mae_naive_eur_mwh"] == pytest.approx(np.mean(np.abs(before - came)))
    losses = []
    for q in QUANTILES:
        for level, outcome in zip(part[quantile_column(q)], came, strict=True):
            losses.append(q * (outcome - level) if outcome >= level else (1 - q) * (level - outcome))
    assert row["pinball_eur_mwh"] == pytest.approx(np.mean(losses))
    assert row["coverage_80"] == pytest.approx(np.mean((part["q10_eur_mwh"].to_numpy() <= came) & (came <= part["q90_eur_mwh"].to_numpy())))
    assert row["coverage_50"] <= row["coverage_80"] <= row["coverage_90"]
    low, high = part["q10_eur_mwh"].to_numpy(), part["q90_eur_mwh"].to_numpy()
    missed = np.where(came < low, low - came, np.where(came > high, came - high, 0.0))
    assert row["winkler_80_eur_mwh"] == pytest.approx(np.mean(high - low + 10.0 * missed))
    assert row["crps_eur_mwh"] == pytest.approx(2 * row["pinball_eur_mwh"])
    assert row["smape"] == pytest.approx(np.mean(2 * np.abs(error) / (np.abs(came) + np.abs(error + came))))
    assert row["mae_naive_standard_eur_mwh"] == pytest.approx(row["mae_naive_eur_mwh"])  # both Sundays look at D-7


def test_one_row_per_model_and_kind_across_the_change_of_resolution():
    _, scores = _scored(CHANGE)
    assert scores.height == 4 + 2 + 4
    north = scores.filter(pl.col("zone") == "NORTH")
    assert set(north["intervals"]) == {96}
    assert north["mae_naive_eur_mwh"].null_count() == 0


def test_a_perfect_forecast_scores_zero():
    day = SPRING
    frames = only(frames_for(day), day - timedelta(days=7), day)
    forecasts = price_forecasts(clean(day), STORE).filter(pl.col("model") == "naive", pl.col("price_kind") == "day_ahead")
    came = frames["day_ahead_prices"].select("zone", "delivery_start", came="price_eur_mwh")
    perfect = forecasts.filter(pl.col("target_day") == day).join(came, on=["zone", "delivery_start"], maintain_order="left")
    perfect = perfect.with_columns(pl.col("came").alias(c) for c in ("price_eur_mwh", *map(quantile_column, QUANTILES))).drop("came")
    scores = score(DESK, day, perfect, frames["day_ahead_prices"], frames["second_prices"])
    assert scores["mae_eur_mwh"].to_list() == [0.0, 0.0]
    assert scores["pinball_eur_mwh"].to_list() == [0.0, 0.0]
    assert scores["coverage_90"].to_list() == [1.0, 1.0]


def test_nothing_known_is_no_row_and_no_week_before_is_null():
    day = SPRING
    forecasts = price_forecasts(clean(day), STORE)
    frames = only(frames_for(day), day, day)
    nothing = frames["second_prices"].clear()
    scores = score(DESK, day, forecasts, frames["day_ahead_prices"], nothing)
    assert set(scores["price_kind"]) == {"day_ahead"}
    assert scores["mae_naive_eur_mwh"].null_count() == scores.height
