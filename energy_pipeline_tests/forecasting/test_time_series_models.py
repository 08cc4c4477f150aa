"""SARIMAX and the joint network: orders, determinism, numpy against TensorFlow, bad input."""

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from energy_pipeline.features.threads import one_thread
from energy_pipeline.forecasting import sarimax
from energy_pipeline.forecasting.joint import Joint, answer, packed, unpacked
from energy_pipeline.forecasting.joint_training import JointSettings, Machine, data_key, tensorflow, train
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.sarimax import Sarimax, series
from energy_pipeline.forecasting.training import training_days, week_of
from energy_pipeline.information.trained import Network
from energy_pipeline_tests.forecasting.markets import market


def test_the_search_keeps_a_return_undifferenced_and_finds_the_seasonal_term(monkeypatch):
    monkeypatch.setattr(sarimax, "GRID", ((1, 0, 0, 0), (2, 1, 0, 0), (1, 0, 0, 1)))
    panel, _ = market(days=21, columns=0)
    noise = replace(panel, prices=np.random.default_rng(1).normal(size=panel.prices.shape))
    with one_thread():
        found = sarimax.search(noise)
    assert found.order == found.bic_order == (1, 0, 0, 0, 1)  # noise less the noise of the day before is a seasonal moving average
    assert found.adf_p_value < 0.05
    assert found.aic < found.declared_aic


def test_a_forecast_is_statsmodels_own():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    panel, came = market(days=40)
    model = Sarimax()
    fitted = model.fit(panel)
    stored = json.loads(fitted)
    y, X, future, names = series(panel, 28)
    assert names == ("weekday", "exog_1", "exog_2")
    p, d, q, sp, sq = stored["order"]
    whole = SARIMAX(y, exog=X, order=(p, d, q), seasonal_order=(sp, 1, sq, 24)).filter(stored["parameters"])
    found = model.predict(panel, fitted)
    # The seasonal difference taken beforehand or inside the state: the same but for the first day's start.
    assert found == pytest.approx(whole.forecast(24, exog=future), abs=0.05)
    assert np.abs(found - came[0]).mean() < 15


def test_further_days_and_refusals():
    panel, _ = market(days=40, lead=3)
    found = Sarimax().predict(panel, Sarimax().fit(panel))
    assert found.shape == (24,)
    assert np.isfinite(found).all()
    with pytest.raises(ModelUnavailableError, match="20 days"):
        Sarimax().fit(panel.cut(20))
    flat, _ = market(days=40)
    flat.prices[:] = 5.0
    with pytest.raises(ModelUnavailableError, match="do not move"):
        Sarimax().fit(flat)


ZONES = {"A": market(days=150, seed=1)[0], "B": market(days=150, columns=1, seed=2)[0]}
SMALL = JointSettings(hidden=(12, 8), epochs=3)


@pytest.fixture(scope="module")
def network():
    made = train(ZONES, SMALL)
    return Network(ZONES["A"].origin, hashlib.sha256(made).hexdigest(), lambda: made)


@pytest.mark.slow
def test_the_joint_network_in_numpy_equals_tensorflow(network):
    arrays = unpacked(network.read())
    weights = [arrays[f"w{i}"] for i in range(6)]
    machine = Machine((*(w.shape[0] for w in weights[::2]), weights[-1].size), SMALL)
    machine.begin(weights)
    x = np.random.default_rng(0).normal(0, 2, (40, weights[0].shape[0])).astype(np.float32)
    assert answer(x.astype(float), [w.astype(float) for w in weights]) == pytest.approx(np.asarray(machine.answer(x)), abs=1e-5)


@pytest.mark.slow
def test_training_is_a_function_of_the_histories(network):
    assert train(ZONES, SMALL) == network.read()
    moved = replace(ZONES["B"], prices=ZONES["B"].prices + np.eye(150, 24))
    assert data_key(ZONES, SMALL) == unpacked(network.read())["key"].item() != data_key({**ZONES, "B": moved}, SMALL)


@pytest.mark.slow
def test_one_network_answers_for_zones_and_leads_with_sorted_quantiles(network):
    for zone, columns in (("A", 2), ("B", 1)):
        for lead in (1, 3, 7):
            panel, _ = market(days=150, columns=columns if lead == 1 else 0, seed=1, lead=lead)
            found = Joint(zone, network).quantiles(panel)
            assert found.shape == (24, 9)
            assert (np.diff(found, axis=1) >= 0).all()
            assert Joint(zone, network).predict(panel, b"").tolist() == found[:, 4].tolist()
    with pytest.raises(ModelUnavailableError, match="it was trained on A, B"):
        Joint("C", network).predict(ZONES["A"], b"")
    with pytest.raises(ModelUnavailableError, match="not trained on exog_2"):
        Joint("B", replace_bytes(network, lambda made: {**made, "columns": made["columns"][:1]})).predict(ZONES["A"], b"")


def replace_bytes(network, change):
    made = packed(change(unpacked(network.read())))
    return Network(network.day, hashlib.sha256(made).hexdigest(), lambda: made)


def test_the_joint_network_says_what_it_lacks():
    with pytest.raises(ModelUnavailableError, match="energy-pipeline train"):
        Joint("A").predict(ZONES["A"], Joint("A").fit(ZONES["A"]))
    with pytest.raises(ModelUnavailableError, match="samples to learn from"):
        train({"A": ZONES["A"].cut(40)}, SMALL)


def test_a_week_is_trained_for_after_its_first_decision():
    days = [date(2026, 3, 23) + timedelta(days=i) for i in range(14)]
    assert [week_of(d) for d in days] == [date(2026, 3, 22)] * 7 + [date(2026, 3, 29)] * 7
    assert training_days(days[0], 5) == [date(2026, 2, 22) + timedelta(days=7 * i) for i in range(5)]


def test_training_leaves_a_redirected_stderr_open(monkeypatch, tmp_path):
    from absl import logging

    handler = logging.get_absl_handler().python_handler
    with (tmp_path / "err.txt").open("w") as elsewhere:
        handler.stream = elsewhere  # what the import does while stderr is redirected
        tensorflow()
        handler.close()  # what alembic's logging configuration does
        assert not elsewhere.closed
