"""SARIMAX and LSTM: orders, determinism, numpy against Keras, bad input."""

import io
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.forecasting import sarimax
from energy_pipeline.forecasting.committee import one_thread
from energy_pipeline.forecasting.lstm import Lstm, _inputs, _keras, forward
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.sarimax import Sarimax, series
from energy_pipeline.forecasting.scaling import AsinhScale
from energy_pipeline_tests.forecasting.markets import market

SMALL = Lstm(window_days=120, units=6, epochs=2)


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
