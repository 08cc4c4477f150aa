"""Training of the desk's joint network by TensorFlow.

What belongs here: samples of all zones, the loss, the optimiser, the arrays that come of it. What does not: the answer without
TensorFlow (`joint`), which days are trained for (`training`).

Two hidden layers of rectified units, dropout, pinball loss over hours and levels, Adam with decoupled weight decay and a cosine schedule.
Every row is learnt from at lead 1 and at one later lead, another from row to row. From random weights, so that the arrays are a function
of the histories and the settings alone. Operations are deterministic and on one thread: the same samples give the same arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.forecasting.joint import FIRST_SAMPLE, LAYERS, LEADS, LEVELS, inputs, packed
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.scaling import AsinhScale
from energy_pipeline.information.artefacts import artefact_key

SEED = 20240229
VERSION = "joint-1"
LEAST_SAMPLES = 120


@dataclass(frozen=True)
class JointSettings:
    """How it is trained; its `repr` is part of the artefact's key."""

    window_days: int = 728
    hidden: tuple[int, int] = (128, 64)
    epochs: int = 40
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.3
    dropout: float = 0.3


def train(panels: Mapping[str, Panel], settings: JointSettings) -> bytes:
    """The artefact learnt from the zones' histories.

    Parameters
    ----------
    panels : mapping of zone to Panel
        Hourly, repaired, lead 1, as known on one day.
    settings : JointSettings

    Raises
    ------
    ModelUnavailableError
        With too few days to learn from.
    """
    zones = sorted(panels)
    seen = {zone: panels[zone].cut(settings.window_days) for zone in zones}
    columns = sorted({c for panel in seen.values() for c in panel.columns})
    scales = {zone: _scales(panel, columns) for zone, panel in seen.items()}
    samples = [_zone_samples(seen[z], columns, scales[z], np.eye(len(zones))[i]) for i, z in enumerate(zones)]
    X, Y = (np.concatenate([s[k] for s in samples]) for k in (0, 1))
    if len(X) < LEAST_SAMPLES:
        raise ModelUnavailableError(f"{len(X)} samples to learn from, at least {LEAST_SAMPLES} are needed")
    out = AsinhScale.of(Y.reshape(-1, 1))
    weights = _trained(X, out.scaled(Y.reshape(-1, 1)).reshape(Y.shape), settings)
    return packed(
        {
            "key": np.array(data_key(panels, settings)),
            "zones": np.array(zones),
            "columns": np.array(columns, dtype=np.str_),
            "exog_centre": np.stack([scales[z].centre for z in zones]),
            "exog_spread": np.stack([scales[z].spread for z in zones]),
            "out_centre": out.centre,
            "out_spread": out.spread,
            **{f"w{i}": w for i, w in enumerate(weights)},
        }
    )


def data_key(panels: Mapping[str, Panel], settings: JointSettings) -> str:
    """Hash of the histories, the settings and this code's version: the same gives the same arrays."""
    arrays = [part for zone in sorted(panels) for part in _arrays(panels[zone])]
    told = [(zone, panels[zone].first_day, panels[zone].columns) for zone in sorted(panels)]
    return artefact_key(f"{VERSION}|{settings}|{told}", *arrays)


def _arrays(panel: Panel) -> tuple[FloatArray, ...]:
    return (panel.prices, panel.exog, panel.weekdays.astype(np.float64), *(() if panel.since is None else (panel.since,)))


def _scales(panel: Panel, columns: list[str]) -> AsinhScale:
    own = dict(zip(panel.columns, panel.exog, strict=True))
    found = [AsinhScale.of(own[c][: panel.days].reshape(-1, 1)) if c in own else AsinhScale(np.zeros(1), np.ones(1)) for c in columns]
    return AsinhScale(np.array([s.centre[0] for s in found]), np.array([s.spread[0] for s in found]))


def _zone_samples(panel: Panel, columns: list[str], scales: AsinhScale, zone: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Every row at lead 1 and at one later lead."""
    rows = panel.rows
    xs, ys = [], []
    for lead in range(1, LEADS + 1):
        chosen = rows[(rows >= FIRST_SAMPLE + lead - 1) & ((lead == 1) | (rows % (LEADS - 1) == lead - 2))]
        if chosen.size:
            x, centre, spread = inputs(panel, chosen, lead, columns, scales, zone)
            xs.append(x)
            ys.append((panel.prices[chosen] - centre[:, None]) / spread[:, None])
    if not xs:
        raise ModelUnavailableError(f"{panel.days} days of history, {FIRST_SAMPLE + 1} are needed")
    return np.concatenate(xs), np.concatenate(ys)


def _trained(X: FloatArray, Y: FloatArray, settings: JointSettings) -> list[FloatArray]:
    random = generator("forecasting", None, "joint")
    sizes = (X.shape[1], *settings.hidden, Y.shape[1] * len(LEVELS))
    start = [w for a, b in pairwise(sizes) for w in (random.standard_normal((a, b)) * (2 / a) ** 0.5, np.zeros(b))]
    machine = _machine(sizes, settings)
    machine.begin(start)
    steps, batch = settings.epochs * -(-len(X) // settings.batch), settings.batch
    x, y = X.astype(np.float32), Y.astype(np.float32)
    for _ in range(settings.epochs):
        order = random.permutation(len(x))
        for first in range(0, len(x), batch):
            chosen = order[first : first + batch]
            share = 0.5 * (1 + np.cos(np.pi * (machine.steps + 1) / steps)) + 0.02
            machine.step(x[chosen], y[chosen], settings.rate * share)
    return machine.weights()


class Machine:
    """The network in TensorFlow: its variables, its answer, one step of Adam; built once for all weeks of a training."""

    def __init__(self, sizes: tuple[int, ...], settings: JointSettings) -> None:
        tf = tensorflow()
        self.variables = [tf.Variable(tf.zeros(shape)) for a, b in pairwise(sizes) for shape in ((a, b), (b,))]
        self._moments = [(tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in self.variables]
        self.steps = 0
        levels = tf.constant(np.tile(np.array(LEVELS, dtype=np.float32), sizes[-1] // len(LEVELS)))

        def answer(x: Any, seed: Any = None) -> Any:  # noqa: ANN401
            for i in range(LAYERS - 1):
                x = tf.nn.relu(x @ self.variables[2 * i] + self.variables[2 * i + 1])
                if seed is not None:
                    x = tf.nn.experimental.stateless_dropout(x, settings.dropout, seed=seed + i, rng_alg="philox")
            return x @ self.variables[-2] + self.variables[-1]

        def step(x: Any, y: Any, rate: Any, count: Any) -> None:  # noqa: ANN401
            with tf.GradientTape() as tape:
                error = tf.repeat(y, len(LEVELS), axis=1) - answer(x, tf.stack([SEED, 10 * tf.cast(count, tf.int32)]))
                loss = tf.reduce_mean(tf.maximum(levels * error, (levels - 1) * error))
            for v, g, (first, second) in zip(self.variables, tape.gradient(loss, self.variables), self._moments, strict=True):
                first.assign(0.9 * first + 0.1 * g)
                second.assign(0.999 * second + 0.001 * g * g)
                move = first / (1 - 0.9**count) / (tf.sqrt(second / (1 - 0.999**count)) + 1e-7)
                # Biases do not decay.
                v.assign_sub(rate * (move + settings.decay * v if len(v.shape) > 1 else move))

        self.answer = answer
        self._step = tf.function(
            step,
            input_signature=[
                tf.TensorSpec((None, sizes[0]), tf.float32),
                tf.TensorSpec((None, sizes[-1] // len(LEVELS)), tf.float32),
                tf.TensorSpec((), tf.float32),
                tf.TensorSpec((), tf.float32),
            ],
        )

    def begin(self, weights: list[FloatArray]) -> None:
        """From these weights, without a memory of earlier steps."""
        self.steps = 0
        for variable, value, moments in zip(self.variables, weights, self._moments, strict=True):
            variable.assign(value.astype(np.float32))
            for moment in moments:
                moment.assign(np.zeros(value.shape, dtype=np.float32))

    def step(self, x: Any, y: Any, rate: float) -> None:  # noqa: ANN401
        """One batch."""
        self.steps += 1
        self._step(x, y, np.float32(rate), np.float32(self.steps))

    def weights(self) -> list[FloatArray]:
        """Kernel and bias, layer by layer."""
        return [v.numpy() for v in self.variables]


@lru_cache(maxsize=1)
def _machine(sizes: tuple[int, ...], settings: JointSettings) -> Machine:
    return Machine(sizes, settings)


def tensorflow() -> Any:  # noqa: ANN401 - heavy, and without types
    """TensorFlow, deterministic and on one thread."""
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
    return tf
