"""A bidirectional LSTM over the last week of hours, TensorFlow's Keras.

What belongs here: sequences, the network, its training, a prediction without TensorFlow. What
does not: other models.

Inputs: the last `SEQUENCE_DAYS` days, hour by hour: price and the exogenous columns known for
that hour; then, beside what the LSTM made of them, the exogenous forecasts of the target and
its weekday. Output: all hours of the target. Scaling (asinh of median and MAD) is fitted on the
training window only; dropout, gradient clipping by norm, early stopping on the last tenth of
the window, in time order. TensorFlow runs with deterministic operations on one thread: the
same seed gives the same bits. Its import takes twelve seconds, so prediction is written out
in numpy.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.response import Response
from energy_pipeline.forecasting.scaling import AsinhScale

SEQUENCE_DAYS = 7
VALIDATION_SHARE = 0.1
SEED = 20240229
CLIP = 6.0


@dataclass(frozen=True)
class Lstm:
    """The network.

    Attributes
    ----------
    window_days, refit_days, units, epochs, patience, batch : int
    dropout, rate, clip_norm : float
    """

    window_days: int = 728
    refit_days: int = 91
    units: int = 32
    epochs: int = 40
    patience: int = 5
    batch: int = 32
    dropout: float = 0.2
    rate: float = 3e-3
    clip_norm: float = 1.0
    name: str = "lstm"

    @property
    def history_days(self) -> int:
        """Half a year."""
        return 182

    def fit(self, panel: Panel) -> bytes:
        """Scales and weights as an npz archive."""
        panel = panel.cut(self.window_days)
        rows = panel.rows
        rows = rows[rows >= SEQUENCE_DAYS + panel.lead - 1]
        if rows.size < 60:
            raise ModelUnavailableError(f"{rows.size} days to learn from, at least 60 are needed")
        price = AsinhScale.of(panel.prices.reshape(-1, 1))
        exog = AsinhScale.of(panel.exog[:, : panel.days].reshape(len(panel.exog), -1).T)
        sequences, beside = _inputs(panel, rows, price, exog)
        targets = np.clip(price.scaled(panel.prices[rows].reshape(-1, 1)).reshape(rows.size, -1), -CLIP, CLIP)
        weights = self._trained(sequences, beside, targets)
        scales = {"p_centre": price.centre, "p_spread": price.spread, "x_centre": exog.centre, "x_spread": exog.spread}
        buffer = io.BytesIO()
        np.savez(buffer, **scales, **{f"w{i}": w for i, w in enumerate(weights)})  # type: ignore[arg-type]
        return buffer.getvalue()

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """The target's prices; numpy only."""
        found = self.response(panel, fitted)
        return np.asarray(found.prices(found.inputs[None])[0])

    def response(self, panel: Panel, fitted: bytes) -> Response:
        """The network as a function of the week before and of what is known of the target; typical are the medians of the window."""
        with np.load(io.BytesIO(fitted), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        price, exog = AsinhScale(arrays["p_centre"], arrays["p_spread"]), AsinhScale(arrays["x_centre"], arrays["x_spread"])
        if exog.centre.size != len(panel.exog):
            raise ModelUnavailableError(f"fitted on {exog.centre.size} exogenous columns, today has {len(panel.exog)}")
        row = np.array([panel.days + panel.lead - 1])
        sequences, beside = _inputs(panel, row, price, exog)
        weights = [arrays[f"w{i}"].astype(np.float64) for i in range(10)]
        recalled, known = sequences[0].astype(np.float64), beside[0].astype(np.float64)

        def prices(rows: FloatArray) -> FloatArray:
            scaled = [forward(row[: recalled.size].reshape(recalled.shape), row[recalled.size :], weights) for row in rows]
            return np.array([price.prices(one.reshape(-1, 1)).ravel() for one in scaled])

        inputs = np.concatenate([recalled.ravel(), known])
        typical = np.concatenate([np.zeros(inputs.size - 7), np.full(7, 1 / 7)])
        return Response(prices, inputs, typical, _owners(panel))

    def _trained(self, sequences: FloatArray, beside: FloatArray, targets: FloatArray) -> list[Any]:
        keras = _keras()
        keras.backend.clear_session()
        keras.utils.set_random_seed(SEED)
        steps, columns = sequences.shape[1:]
        past, known = keras.Input((steps, columns)), keras.Input((beside.shape[1],))
        recalled = keras.layers.Bidirectional(keras.layers.LSTM(self.units))(past)
        joined = keras.layers.Concatenate()([keras.layers.Dropout(self.dropout)(recalled), known])
        hidden = keras.layers.Dense(2 * self.units, activation="relu")(joined)
        model = keras.Model([past, known], keras.layers.Dense(targets.shape[1])(keras.layers.Dropout(self.dropout)(hidden)))
        model.compile(optimizer=keras.optimizers.Adam(self.rate, clipnorm=self.clip_norm), loss="mae")
        cut = int(len(targets) * (1 - VALIDATION_SHARE))
        stop = keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True)
        model.fit(
            [sequences[:cut], beside[:cut]],
            targets[:cut],
            validation_data=([sequences[cut:], beside[cut:]], targets[cut:]),
            epochs=self.epochs,
            batch_size=self.batch,
            callbacks=[stop],
            verbose=0,
        )
        return list(model.get_weights())


def forward(sequence: FloatArray, beside: FloatArray, weights: list[FloatArray]) -> FloatArray:
    """The network's answer for one sequence, shape (slots,); weights in Keras' order."""
    ahead = _recalled(sequence, *weights[:3])
    back = _recalled(sequence[::-1], *weights[3:6])
    hidden = np.maximum(np.concatenate([ahead, back, beside]) @ weights[6] + weights[7], 0)
    return np.asarray(hidden @ weights[8] + weights[9])


def _recalled(sequence: FloatArray, kernel: FloatArray, recurrent: FloatArray, bias: FloatArray) -> FloatArray:
    """Last state of an LSTM; gates in the order input, forget, cell, output."""
    units = recurrent.shape[0]
    state, cell = np.zeros(units), np.zeros(units)
    for x in sequence:
        gates = x @ kernel + state @ recurrent + bias
        i, f, g, o = (gates[k * units : (k + 1) * units] for k in range(4))
        cell = _sigmoid(f) * cell + _sigmoid(i) * np.tanh(g)
        state = _sigmoid(o) * np.tanh(cell)
    return state


def _sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def _inputs(panel: Panel, rows: Any, price: AsinhScale, exog: AsinhScale) -> tuple[FloatArray, FloatArray]:  # noqa: ANN401
    """Sequences (n, hours, columns) and what stands beside them (n, known) of target rows."""
    count = len(panel.exog)
    prices = np.clip(price.scaled(panel.prices.reshape(-1, 1)).reshape(panel.prices.shape), -CLIP, CLIP)
    flat = panel.exog.reshape(count, -1).T
    known = np.clip(exog.scaled(flat).T.reshape(panel.exog.shape), -CLIP, CLIP) if count else panel.exog
    sequences, beside = [], []
    for row in rows:
        origin = row - (panel.lead - 1)
        span = slice(origin - SEQUENCE_DAYS, origin)
        sequences.append(np.column_stack([prices[span].ravel(), *(column[span].ravel() for column in known)]))
        beside.append(np.concatenate([known[:, row].ravel(), panel.dummies[row]]))
    return np.array(sequences, dtype=np.float32).astype(np.float64), np.array(beside)


def _owners(panel: Panel) -> tuple[str, ...]:
    """Feature of each input: the week's hours, of prices by their lag, then the target's columns and weekday."""
    week = [(f"price_lag_{lag}d_eur_mwh", *panel.columns) for lag in range(SEQUENCE_DAYS, 0, -1) for _ in range(panel.slots)]
    return (*(name for hour in week for name in hour), *(name for name in panel.columns for _ in range(panel.slots)), *["weekday"] * 7)


def _keras() -> Any:  # noqa: ANN401 - heavy, and without types
    import sys

    import tensorflow as tf  # type: ignore[import-untyped]
    from absl import logging

    # Its handler keeps the stderr of the moment, which Dagster and tests redirect, and closes it
    # when somebody configures logging anew.
    logging.get_absl_handler().python_handler.stream = sys.__stderr__

    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # TensorFlow is running already: operations are deterministic all the same
        pass
    tf.config.experimental.enable_op_determinism()
    return tf.keras
