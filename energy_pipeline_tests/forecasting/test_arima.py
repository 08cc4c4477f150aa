"""ARIMA: against closed forms and statsmodels' own class on data assembled by hand."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.information import Archive
from energy_pipeline.domain.resolution import convert
from energy_pipeline.features import zone_features
from energy_pipeline.forecasting import MemoryArtefacts
from energy_pipeline.forecasting.arima import arima, filter_and_forecast, monthly_fit
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline_tests.features.small_market import CHANGE, DESK, SPRING, archive_for, frames_for, only, withheld, without

MONTH = SPRING.replace(day=1)


def test_an_ar1_around_a_regression_decays_by_its_coefficient():
    rng = np.random.default_rng(5)
    X, X_new = rng.normal(size=(200, 2)), rng.normal(size=(24, 2))
    y = rng.normal(size=200) + 40.0
    constant, beta, phi = 38.0, np.array([1.5, -2.0]), 0.8
    found = filter_and_forecast(y, X, X_new, (1, 0, 0), np.array([constant, *beta, phi, 4.0]))
    last = y[-1] - constant - X[-1] @ beta
    assert found == pytest.approx(constant + X_new @ beta + last * phi ** np.arange(1, 25), abs=1e-9)


def test_an_unknown_last_hour_is_filtered_through():
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(100, 1)), rng.normal(size=100)
    y[-1] = np.nan
    found = filter_and_forecast(y, X, np.zeros((3, 1)), (1, 0, 0), np.array([0.0, 1.0, 0.5, 1.0]))
    assert found == pytest.approx((y[-2] - X[-2, 0]) * 0.5 ** np.arange(2, 5), abs=1e-9)


@pytest.mark.parametrize("zone", ["SOUTH", "NORTH"])
def test_the_days_forecast_equals_statsmodels_on_data_assembled_by_hand(zone):
    from statsmodels.tsa.arima.model import ARIMA

    info, store = archive_for(SPRING).at(SPRING), MemoryArtefacts()
    found = arima(info, zone, store)
    rows = frames_for(SPRING)["day_ahead_prices"].filter(pl.col("zone") == zone)
    days = days_between(MONTH - timedelta(days=DESK.forecast.arima_days), SPRING - timedelta(days=1))
    hourly = rows.filter(pl.col("delivery_day").is_in(days)).sort("delivery_start").group_by_dynamic("delivery_start", every="1h")
    y = hourly.agg(pl.col("price_eur_mwh").mean())["price_eur_mwh"].to_numpy()

    def exog(day):
        features = zone_features(info.at(day), zone)
        columns = [convert(features.column(c), features.minutes, 60) for c in ("price_lag_1d_eur_mwh", "price_lag_7d_eur_mwh")]
        residual = convert(features.column("residual_load_mw"), features.minutes, 60) / 1000.0
        return np.column_stack([*columns, np.full(residual.size, float(day.weekday() >= 5)), residual])

    X = np.vstack([exog(day) for day in days])
    fit = monthly_fit(info.at(MONTH), zone, store)
    result = ARIMA(y, X, order=DESK.forecast.arima_order, trend="c").filter(fit.parameters)
    expected = result.forecast(info.day.hours, exog=exog(SPRING))
    assert convert(found.values, DESK.zones[zone].resolution_minutes(SPRING), 60) == pytest.approx(expected, abs=1e-8)
    assert found.values.size == info.day.count(DESK.zones[zone].resolution_minutes(SPRING))


def test_the_fit_is_a_maximum_of_the_likelihood():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    from energy_pipeline.forecasting import arima as module

    info = archive_for(SPRING).at(MONTH)
    y, X = module._history(info, "SOUTH")
    fit = monthly_fit(info, "SOUTH", MemoryArtefacts())
    model = SARIMAX(y, exog=np.column_stack([np.ones(len(X)), X]), order=DESK.forecast.arima_order)
    best = model.loglike(fit.parameters)
    # The regression and the variance can be checked one by one; a 2 % step in each must not gain.
    for j in (*range(5), len(fit.parameters) - 1):
        for factor in (0.98, 1.02):
            other = fit.parameters.copy()
            other[j] *= factor
            assert model.loglike(other) < best + 0.05


def test_the_fit_is_kept_and_read_back_exactly():
    store = MemoryArtefacts()
    first = arima(archive_for(SPRING).at(SPRING), "SOUTH", store)
    assert [kind for kind, _ in store.data] == ["arima"]
    (data,) = store.data.values()
    assert json.loads(data)["order"] == list(DESK.forecast.arima_order)
    again = arima(archive_for(SPRING).at(SPRING), "SOUTH", store)
    assert again.values.tolist() == first.values.tolist()
    assert again.artefact == first.artefact
    assert len(store.data) == 1


def test_the_residual_load_is_left_out_where_it_was_never_known():
    frames = without(frames_for(SPRING), "load_forecast", "load_actual")
    fit = monthly_fit(Archive(DESK, frames).at(MONTH), "SOUTH", MemoryArtefacts())
    assert fit.columns == (0, 1, 2)


def test_too_little_history_and_a_missing_day_before_are_named():
    short = Archive(DESK, only(frames_for(SPRING), MONTH - timedelta(days=10), SPRING)).at(SPRING)
    with pytest.raises(ModelUnavailableError, match="usable hours"):
        arima(short, "SOUTH", MemoryArtefacts())
    info = archive_for(SPRING).at(SPRING)
    gone = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == SPRING - timedelta(days=1))
    late = Archive(DESK, withheld(frames_for(SPRING), "day_ahead_prices", info.decision_time, gone)).at(SPRING)
    with pytest.raises(ModelUnavailableError, match="price_lag_1d"):
        arima(late, "SOUTH", MemoryArtefacts())


def test_a_quarter_hour_day_repeats_its_hours_after_the_change():
    found = arima(archive_for(CHANGE).at(date(2025, 10, 1)), "NORTH", MemoryArtefacts()).values
    assert found.size == 96
    assert (found.reshape(24, 4) == found.reshape(24, 4)[:, :1]).all()
