"""SARIMAX and the joint network: orders, determinism, numpy against TensorFlow, bad input."""

import json
from datetime import date, timedelta

import numpy as np
import pytest

from energy_pipeline.forecasting.joint import Joint, answer, unpacked
from energy_pipeline.forecasting.joint_training import JointSettings, Machine, tensorflow, train
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.sarimax import Sarimax, differencing, search_order
from energy_pipeline.forecasting.training import RESTART_DAYS, first_needed, week_of
from energy_pipeline_tests.forecasting.markets import market


def test_differencing_tells_a_walk_from_a_return():
    random = np.random.default_rng(0)
    noise = random.normal(size=700)
    back = np.zeros(700)
    for t in range(1, 700):
        back[t] = 0.5 * back[t - 1] + noise[t]
    assert differencing(back) == 0
    assert differencing(np.cumsum(noise)) == 1


def test_the_search_prefers_a_seasonal_term_where_there_is_one():
    random = np.random.default_rng(1)
    y = np.zeros(24 * 28)
    for t in range(24, y.size):
        y[t] = 0.6 * y[t - 24] + 0.3 * y[t - 1] - 0.18 * y[t - 25] + random.normal()
    # The differencing is not asked: a root of 0.6^(1/24) = 0.979 is near enough to 1 that four weeks cannot tell them apart.
    *_, seasonal_p, seasonal_q = search_order(y, np.ones((y.size, 1)))
    assert seasonal_p + seasonal_q >= 1


def test_a_forecast_is_statsmodels_own():
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    panel, came = market(days=40)
    model = Sarimax()
    fitted = model.fit(panel)
    stored = json.loads(fitted)
    y, X, future = model._series(panel)
    p, d, q, sp, sq = stored["order"]
    reference = SARIMAX(y, exog=X, order=(p, d, q), seasonal_order=(sp, 0, sq, 24)).filter(stored["parameters"])
    found = model.predict(panel, fitted)
    assert found == pytest.approx(reference.forecast(24, exog=future))
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
SMALL = JointSettings(hidden=(12, 8), epochs=3, warm_epochs=1)


@pytest.fixture(scope="module")
def trained():
    return train(ZONES, SMALL)


@pytest.mark.slow
def test_the_joint_network_in_numpy_equals_tensorflow(trained):
    arrays = unpacked(trained)
    weights = [arrays[f"w{i}"] for i in range(6)]
    machine = Machine((*(w.shape[0] for w in weights[::2]), weights[-1].size), SMALL)
    machine.begin(weights)
    x = np.random.default_rng(0).normal(0, 2, (40, weights[0].shape[0])).astype(np.float32)
    assert answer(x.astype(float), [w.astype(float) for w in weights]) == pytest.approx(np.asarray(machine.answer(x)), abs=1e-5)


@pytest.mark.slow
def test_training_repeats_and_goes_on_from_the_week_before(trained):
    assert train(ZONES, SMALL) == trained
    onwards = train(ZONES, SMALL, trained)
    assert onwards != trained
    assert onwards == train(ZONES, SMALL, trained)
    # Last week's weights mean nothing for other zones: it begins anew.
    assert train({"A": ZONES["A"]}, SMALL, trained) == train({"A": ZONES["A"]}, SMALL)


@pytest.mark.slow
def test_one_network_answers_for_zones_and_leads_with_sorted_quantiles(trained):
    for zone, columns in (("A", 2), ("B", 1)):
        for lead in (1, 3, 7):
            panel, _ = market(days=150, columns=columns if lead == 1 else 0, seed=1, lead=lead)
            found = Joint(zone).quantiles(panel, trained)
            assert found.shape == (24, 9)
            assert (np.diff(found, axis=1) >= 0).all()
    with pytest.raises(ModelUnavailableError, match="it was trained on A, B"):
        Joint("C").predict(ZONES["A"], trained)


def test_the_joint_network_says_what_it_lacks():
    with pytest.raises(ModelUnavailableError, match="energy-pipeline train"):
        Joint("A").fit(ZONES["A"])
    with pytest.raises(ModelUnavailableError, match="samples to learn from"):
        train({"A": ZONES["A"].cut(40)}, SMALL)


def test_a_week_is_trained_for_after_its_first_decision_and_begins_anew_every_fourth():
    days = [date(2026, 3, 23) + timedelta(days=i) for i in range(14)]
    assert [week_of(d) for d in days] == [date(2026, 3, 22)] * 7 + [date(2026, 3, 29)] * 7
    assert all(week_of(d) < d for d in days)
    first = first_needed(date(2026, 3, 22), 5)
    assert first.toordinal() % RESTART_DAYS == 0
    assert 0 <= (date(2026, 2, 22) - first).days < RESTART_DAYS


def test_training_leaves_a_redirected_stderr_open(monkeypatch, tmp_path):
    from absl import logging

    handler = logging.get_absl_handler().python_handler
    with (tmp_path / "err.txt").open("w") as elsewhere:
        handler.stream = elsewhere  # what the import does while stderr is redirected
        tensorflow()
        handler.close()  # what alembic's logging configuration does
        assert not elsewhere.closed
