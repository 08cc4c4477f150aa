"""XGBoost: scaling by hand, determinism, and what a stored artefact may and may not do."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.information import Archive
from energy_pipeline.features import FEATURES, zone_features
from energy_pipeline.forecasting import MemoryArtefacts
from energy_pipeline.forecasting.boosting import boosting, boosting_inputs, training_set
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.naive import naive
from energy_pipeline_tests.features.small_market import CHANGE, DESK, SPRING, archive_for, frames_for, only, poisoned, withheld, without

MONTH = SPRING.replace(day=1)


def test_targets_and_inputs_are_scaled_by_the_days_own_median_and_spread():
    info = archive_for(SPRING).at(MONTH)
    X, y, days = training_set(info, "SOUTH")
    assert days == DESK.forecast.training_days
    assert X.shape == (days * 24, len(FEATURES))
    last = MONTH - timedelta(days=1)
    features = zone_features(info.at(last), "SOUTH")
    centre, scale = features.column("price_median_7d_eur_mwh")[0], features.column("price_mad_28d_eur_mwh")[0]
    rows = frames_for(SPRING)["day_ahead_prices"].filter(pl.col("zone") == "SOUTH", pl.col("delivery_day") == last).sort("delivery_start")
    assert centre + scale * np.sinh(y[-24:]) == pytest.approx(rows["price_eur_mwh"].to_numpy())
    lag = FEATURES.index("price_lag_1d_eur_mwh")
    assert X[-24:, lag] == pytest.approx(np.arcsinh((features.column("price_lag_1d_eur_mwh") - centre) / scale))
    assert X[-24:].tolist() == boosting_inputs(info.at(last), "SOUTH").tolist()


def test_hours_and_quarters_are_pooled_after_the_change():
    day = CHANGE.replace(day=1) + timedelta(days=10)
    X, y, days = training_set(archive_for(CHANGE).at(day), "NORTH")
    assert len(X) == len(y) == (days - 10) * 24 + 10 * 96


def test_two_fits_give_the_same_bytes_and_prices():
    stores = MemoryArtefacts(), MemoryArtefacts()
    first, second = (boosting(archive_for(SPRING).at(SPRING), "NORTH", store) for store in stores)
    assert stores[0].data == stores[1].data
    assert first.values.tolist() == second.values.tolist()
    assert first.artefact == second.artefact != ""


def test_it_beats_the_naive_on_the_small_market():
    desk = DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"trees": 120})})
    archive, store = Archive(desk, frames_for(SPRING)), MemoryArtefacts()
    errors, naive_errors = [], []
    for ahead in range(10):
        info = archive.at(MONTH + timedelta(days=ahead))
        rows = frames_for(SPRING)["day_ahead_prices"].filter(pl.col("zone") == "SOUTH", pl.col("delivery_day") == info.day.day)
        came = rows.sort("delivery_start")["price_eur_mwh"].to_numpy()
        errors.append(np.abs(boosting(info, "SOUTH", store).values - came).mean())
        naive_errors.append(np.abs(naive(info, "SOUTH", info.day).values - came).mean())
    assert np.mean(errors) < 0.75 * np.mean(naive_errors)


def test_a_stored_artefact_is_read_not_fitted_again(monkeypatch):
    import xgboost

    store = MemoryArtefacts()
    first = boosting(archive_for(SPRING).at(SPRING), "SOUTH", store)

    def refuse(*args, **kwargs):
        raise AssertionError("fitted again")

    monkeypatch.setattr(xgboost, "train", refuse)
    assert boosting(archive_for(SPRING).at(SPRING), "SOUTH", store).values.tolist() == first.values.tolist()


def test_a_corrected_past_price_does_not_meet_the_stale_artefact():
    store = MemoryArtefacts()
    boosting(archive_for(SPRING).at(SPRING), "SOUTH", store)
    frames = frames_for(SPRING)
    wrong = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == MONTH - timedelta(days=5))
    prices = frames["day_ahead_prices"].with_columns(pl.when(wrong).then(pl.col("price_eur_mwh") + 1.0).otherwise(pl.col("price_eur_mwh")))
    boosting(Archive(DESK, {**frames, "day_ahead_prices": prices}).at(SPRING), "SOUTH", store)
    assert len(store.data) == 2


def test_later_knowledge_meets_the_same_artefact():
    info, store = archive_for(SPRING).at(SPRING), MemoryArtefacts()
    boosting(info, "SOUTH", store)
    boosting(Archive(DESK, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING), "SOUTH", store)
    assert len(store.data) == 1


def test_too_little_history_and_a_missing_day_before_are_named():
    short = Archive(DESK, only(frames_for(SPRING), SPRING - timedelta(days=29), SPRING)).at(SPRING)
    with pytest.raises(ModelUnavailableError, match="training days"):
        boosting(short, "SOUTH", MemoryArtefacts())
    info = archive_for(SPRING).at(SPRING)
    gone = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == SPRING - timedelta(days=1))
    late = Archive(DESK, withheld(frames_for(SPRING), "day_ahead_prices", info.decision_time, gone)).at(SPRING)
    with pytest.raises(ModelUnavailableError, match="price_lag_1d"):
        boosting(late, "SOUTH", MemoryArtefacts())


def test_inputs_that_were_never_known_are_no_obstacle():
    frames = without(frames_for(SPRING), "load_forecast", "load_actual", "fuel_prices")
    info = Archive(DESK, frames).at(SPRING)
    assert np.isnan(boosting_inputs(info, "SOUTH")[:, FEATURES.index("residual_load_mw")]).all()
    assert np.isfinite(boosting(info, "SOUTH", MemoryArtefacts()).values).all()
