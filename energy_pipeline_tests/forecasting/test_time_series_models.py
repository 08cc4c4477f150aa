"""SARIMAX and LSTM: orders, determinism, numpy against Keras, bad input."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest

from energy_pipeline.forecasting.lstm import Lstm, _inputs, _keras, forward
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.sarimax import Sarimax, differencing, search_order
from energy_pipeline.forecasting.scaling import AsinhScale
from energy_pipeline_tests.forecasting.markets import market

SMALL = Lstm(window_days=120, units=6, epochs=2)


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


@pytest.mark.slow
def test_lstm_in_numpy_equals_keras_and_repeats():
    panel, _ = market(days=200)
    fitted = SMALL.fit(panel)
    found = SMALL.predict(panel, fitted)
    assert np.isfinite(found).all()
    with np.load(io.BytesIO(fitted)) as stored:
        arrays = {k: stored[k] for k in stored.files}
    keras = _keras()
    past, known = keras.Input((168, 3)), keras.Input((55,))
    joined = keras.layers.Concatenate()([keras.layers.Bidirectional(keras.layers.LSTM(6))(past), known])
    model = keras.Model([past, known], keras.layers.Dense(24)(keras.layers.Dense(12, activation="relu")(joined)))
    weights = [arrays[f"w{i}"] for i in range(10)]
    model.set_weights(weights)
    price, exog = AsinhScale(arrays["p_centre"], arrays["p_spread"]), AsinhScale(arrays["x_centre"], arrays["x_spread"])
    sequences, beside = _inputs(panel, np.array([200]), price, exog)
    theirs = np.asarray(model([sequences.astype("float32"), beside.astype("float32")]))[0]
    assert forward(sequences[0], beside[0], [w.astype(float) for w in weights]) == pytest.approx(theirs, abs=1e-5)
    code = (
        "import hashlib\nfrom energy_pipeline.forecasting.lstm import Lstm\nfrom energy_pipeline_tests.forecasting.markets import market\n"
        "p, _ = market(days=200)\nm = Lstm(window_days=120, units=6, epochs=2)\nprint(hashlib.sha256(m.predict(p, m.fit(p)).tobytes()).hexdigest())"
    )
    import hashlib

    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    assert other == hashlib.sha256(found.tobytes()).hexdigest()


def test_lstm_says_what_it_lacks():
    panel, _ = market(days=200)
    with pytest.raises(ModelUnavailableError, match="days to learn from"):
        SMALL.fit(panel.cut(50))


def test_training_leaves_a_redirected_stderr_open(monkeypatch, tmp_path):
    from absl import logging

    handler = logging.get_absl_handler().python_handler
    with (tmp_path / "err.txt").open("w") as elsewhere:
        handler.stream = elsewhere  # what the import does while stderr is redirected
        _keras()
        handler.close()  # what alembic's logging configuration does
        assert not elsewhere.closed
