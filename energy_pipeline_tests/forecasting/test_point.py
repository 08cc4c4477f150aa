"""The ensemble, its fallbacks and the second price."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.delivery import same_slot_starts_us
from energy_pipeline.domain.information import Archive
from energy_pipeline.forecasting import MemoryArtefacts
from energy_pipeline.forecasting.arima import arima
from energy_pipeline.forecasting.boosting import boosting
from energy_pipeline.forecasting.naive import naive
from energy_pipeline.forecasting.point import expected_spread, point
from energy_pipeline_tests.features.small_market import DESK, SPRING, archive_for, frames_for, only, price, withheld, without

STORE = MemoryArtefacts()


def test_the_ensemble_is_the_mean_of_its_members():
    info = archive_for(SPRING).at(SPRING)
    members = arima(info, "SOUTH", STORE).values, boosting(info, "SOUTH", STORE).values
    found = point(info, "SOUTH", "day_ahead", "ensemble", STORE)
    assert found.values == pytest.approx((members[0] + members[1]) / 2.0)
    assert not found.fallback


def test_with_one_member_missing_it_is_the_other_and_says_so():
    # 27 days before the month: enough hours for ARIMA, too few days with scaled targets for the trees.
    desk = DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"models": ("naive", "arima")})})
    info = Archive(desk, frames_for(SPRING)).at(SPRING)
    alone = point(info, "SOUTH", "day_ahead", "ensemble", STORE)
    assert alone.values.tolist() == arima(info, "SOUTH", STORE).values.tolist()
    short = Archive(DESK, only(frames_for(SPRING), SPRING.replace(day=1) - timedelta(days=27), SPRING)).at(SPRING)
    half = point(short, "SOUTH", "day_ahead", "ensemble", STORE)
    assert half.values.tolist() == arima(short, "SOUTH", STORE).values.tolist()
    assert "without xgboost" in half.fallback
    assert "training days" in half.fallback


def test_with_both_missing_the_naive_stands_in_and_every_reason_is_told():
    info = archive_for(SPRING).at(SPRING)
    gone = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == SPRING - timedelta(days=1))
    late = Archive(DESK, withheld(frames_for(SPRING), "day_ahead_prices", info.decision_time, gone)).at(SPRING)
    simple = naive(late, "SOUTH", late.day)
    for model in ("arima", "xgboost", "ensemble"):
        found = point(late, "SOUTH", "day_ahead", model, STORE)
        assert found.values.tolist() == simple.values.tolist()
        assert found.fallback.startswith("naive stands in")
        assert found.artefact == ""
    both = point(late, "SOUTH", "day_ahead", "ensemble", STORE).fallback
    assert "arima: " in both
    assert "xgboost: " in both


def test_the_second_price_adds_the_shrunken_mean_spread():
    info, frames = archive_for(SPRING).at(SPRING), frames_for(SPRING)
    found = point(info, "NORTH", "second", "ensemble", STORE).values - point(info, "NORTH", "day_ahead", "ensemble", STORE).values
    for i in (0, 40, 91):
        spreads = []
        for lag in range(2, 30):
            start = same_slot_starts_us(info.day, info.day.shift(-lag), 15)[i]
            spreads.append(price(frames, "NORTH", start, "second_prices") - price(frames, "NORTH", start))
        assert found[i] == pytest.approx(np.mean(spreads) * 28 / (28 + 28))


def test_without_any_second_price_the_spread_is_zero_and_said():
    info = Archive(DESK, without(frames_for(SPRING), "second_prices")).at(SPRING)
    spread, known = expected_spread(info, "NORTH")
    assert not known
    assert not spread.any()
    assert "no second price is known" in point(info, "NORTH", "second", "ensemble", STORE).fallback


def test_the_naive_second_price_is_the_naive_price():
    info = archive_for(SPRING).at(SPRING)
    assert point(info, "NORTH", "second", "naive", STORE).values.tolist() == naive(info, "NORTH", info.day).values.tolist()
