"""A small committee of two-layer networks that forecast all slots of a day at once.

What belongs here: the network, its training, the committee's mean. What does not: other
models, TensorFlow (`joint_training`).

Inputs and targets as in `kernel_ridge` (global or adaptive scaling); two hidden layers of
rectified units with dropout on the first, a Huber loss that is almost the absolute error, Adam
with decoupled weight decay, a warm-up and a cosine schedule, and a fixed number of
epochs. Members differ by seed. Written out in numpy because one fit takes a second where
a general framework takes twelve to be imported, and because the same seed must give the
same bits on every run.

With quantile levels it is the `network`: 24 x 9 outputs under pinball loss, of which the committee takes the median. Its weekly
fit goes on from the week before for a few epochs and begins anew every fourth week, by the calendar, so that a day alone gives what a
range gives.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import FIRST_ROW, Panel
from energy_pipeline.forecasting.response import Response, input_owners
from energy_pipeline.forecasting.scaling import ADAPTIVE_DAYS, AsinhScale, adaptive_prices

Single = npt.NDArray[np.float32]
MINIMUM_ROWS = 84
CLIP = 6.0
FIRST_MOMENT, SECOND_MOMENT = 0.9, 0.999
WARM_UP_STEPS = 50
HUBER = 4.0
"""The loss is linear beyond 1 / HUBER scaled units."""


@dataclass(frozen=True)
class Perceptron:
    """The committee.

    Attributes
    ----------
    window_days, refit_days, members, epochs, batch : int
    hidden : tuple of int
        Units of the two layers.
    rate, dropout, decay : float
        Learning rate, share of the first layer silenced, decoupled weight decay.
    adaptive : bool
        Standardise prices by the last 7 days.
    levels : tuple of float
        Quantile levels, an odd number with the median in the middle: pinball loss, slots x levels outputs. Empty: one output a slot.
    restart_days, warm_epochs : int
        Weights are learnt from random ones once every `restart_days`; the fits between go on from the fit before with fewer
        epochs. 0: always from random ones.
    start, started_from : bytes, str
        The fit to go on from, and its hash.
    """

    window_days: int = 1456
    refit_days: int = 7
    members: int = 4
    hidden: tuple[int, int] = (160, 96)
    epochs: int = 40
    batch: int = 32
    rate: float = 2e-3
    dropout: float = 0.4
    decay: float = 0.3
    adaptive: bool = False
    levels: tuple[float, ...] = ()
    restart_days: int = 0
    warm_epochs: int = 8
    start: bytes = field(default=b"", repr=False)
    started_from: str = ""

    @property
    def name(self) -> str:
        """`network` with quantile levels; else `mlp`, with `a` when adaptive."""
        if self.levels:
            return "network"
        return "mlp_a" if self.adaptive else "mlp"

    @property
    def history_days(self) -> int:
        """A year at least: a network on less only repeats itself."""
        return 364

    def fit(self, panel: Panel) -> bytes:
        """Scales and weights as an npz archive."""
        panel = panel.cut(self.window_days)
        rows = panel.rows
        rows = rows[rows >= FIRST_ROW + ADAPTIVE_DAYS] if self.adaptive else rows
        if rows.size < MINIMUM_ROWS:
            raise ModelUnavailableError(f"{rows.size} days to learn from, at least {MINIMUM_ROWS} are needed")
        inputs, prices, _, _ = adaptive_prices(panel) if self.adaptive else (panel.inputs, panel.prices, 0.0, 1.0)
        scale, out = AsinhScale.of(inputs[rows]), AsinhScale.of(prices[rows])
        X = np.hstack([np.clip(scale.scaled(inputs[rows]), -CLIP, CLIP), panel.dummies[rows]]).astype(np.float32)
        Y = out.scaled(prices[rows]).astype(np.float32)
        arrays: dict[str, npt.NDArray[np.floating]] = {
            "in_centre": scale.centre,
            "in_spread": scale.spread,
            "out_centre": out.centre,
            "out_spread": out.spread,
        }
        earlier = _arrays(self.start) if self.start else {}
        if earlier and earlier["w0_0"].shape[0] != X.shape[1]:
            raise ModelUnavailableError(f"the fit before has {earlier['w0_0'].shape[0]} inputs, today has {X.shape[1]}")
        for k in range(self.members):
            start = [earlier[f"w{k}_{i}"] for i in range(6)] if earlier else None
            arrays |= {f"w{k}_{i}": w for i, w in enumerate(self._trained(X, Y, k, start))}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """The committee's mean."""
        found = self.response(panel, fitted)
        return found.prices(found.inputs)

    def response(self, panel: Panel, fitted: bytes) -> Response:
        """The networks as a function of the target's scaled inputs; typical are the medians of the window."""
        panel = panel.cut(FIRST_ROW + ADAPTIVE_DAYS + panel.lead)
        inputs, _, centre, spread = adaptive_prices(panel) if self.adaptive else (panel.inputs, panel.prices, 0.0, 1.0)
        arrays = _arrays(fitted)
        scale, out = (AsinhScale(*(arrays[f"{side}_{part}"].astype(np.float64) for part in ("centre", "spread"))) for side in ("in", "out"))
        if scale.centre.size != inputs.shape[1]:
            raise ModelUnavailableError(f"fitted on {scale.centre.size} inputs, today has {inputs.shape[1]}")
        x = np.concatenate([np.clip(scale.scaled(inputs[-1]), -CLIP, CLIP), panel.dummies[-1]])
        networks = [[arrays[f"w{k}_{i}"] for i in range(6)] for k in range(self.members)]

        def prices(rows: FloatArray) -> FloatArray:
            answers = [_forward(rows.astype(np.float32), network) for network in networks]
            found = np.asarray(np.mean(answers, axis=0, dtype=np.float64))
            medians = found.reshape(*found.shape[:-1], -1, len(self.levels))[..., len(self.levels) // 2] if self.levels else found
            return np.asarray(centre + spread * out.prices(medians))

        typical = np.concatenate([np.zeros(x.size - 7), np.full(7, 1 / 7)])
        return Response(prices, x, typical, input_owners(panel))

    def after(self, earlier: bytes) -> Perceptron:
        """The same committee, which goes on from an earlier fit."""
        return replace(self, start=earlier, started_from=hashlib.blake2b(earlier, digest_size=8).hexdigest() if earlier else "")

    def _trained(self, X: Single, Y: Single, member: int, start: list[Single] | None) -> list[Single]:
        """Weights and biases; from `start` on, or from random ones."""
        random = generator("forecasting", None, "perceptron", member, *(() if start is None else ("warm",)))
        sizes = (X.shape[1], *self.hidden, Y.shape[1] * max(len(self.levels), 1))
        if start is None:
            gains = zip(sizes, sizes[1:], (2, 2, 1), strict=False)
            start = [(random.standard_normal((a, b)) * (gain / a) ** 0.5).astype(np.float32) for a, b, gain in gains]
            start += [np.zeros(b, dtype=np.float32) for b in sizes[1:]]
            epochs, warm_up = self.epochs, WARM_UP_STEPS
        else:
            epochs, warm_up = self.warm_epochs, 1
        levels = np.tile(np.array(self.levels, dtype=np.float32), Y.shape[1]) if self.levels else None
        Y = np.repeat(Y, len(self.levels), axis=1) if self.levels else Y
        adam = _Adam(start, self.decay)
        steps = epochs * -(-len(X) // self.batch)
        for _ in range(epochs):
            order = random.permutation(len(X))
            for first in range(0, len(X), self.batch):
                chosen = order[first : first + self.batch]
                kept = random.random((chosen.size, self.hidden[0]), dtype=np.float32) >= self.dropout
                mask = kept.astype(np.float32) / np.float32(1 - self.dropout)
                gradients = _gradients(X[chosen], Y[chosen], adam.parameters, mask, levels)
                share = (adam.steps + 1) / steps
                adam.step(gradients, self.rate * min(1.0, (adam.steps + 1) / warm_up) * (0.5 * (1 + np.cos(np.pi * share)) + 0.02))
        return adam.parameters


def _arrays(fitted: bytes) -> dict[str, npt.NDArray[Any]]:
    with np.load(io.BytesIO(fitted), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


class _Adam:
    """Adam with decoupled decay over parameters that lie in one array, so that a step is a dozen passes and no allocation."""

    def __init__(self, start: list[Single], decay: float) -> None:
        self.flat = np.concatenate([w.ravel() for w in start])
        self.parameters: list[Single] = []
        self.gradient, self.moves = (np.zeros_like(self.flat) for _ in range(2))
        self.first, self.second, self.squared = (np.zeros_like(self.flat) for _ in range(3))
        self.slices: list[slice] = []
        place = 0
        for w in start:
            self.slices.append(slice(place, place + w.size))
            self.parameters.append(self.flat[self.slices[-1]].reshape(w.shape))
            place += w.size
        # Biases, the second half of the parameters, do not decay.
        self.weights = slice(0, self.slices[len(start) // 2].start)
        self.decay = np.float32(decay)
        self.steps = 0

    def step(self, gradients: list[Single], rate: float) -> None:
        """Move all parameters."""
        self.steps += 1
        g, move, scratch = self.gradient, self.moves, self.squared
        for place, found in zip(self.slices, gradients, strict=True):
            g[place] = found.ravel()
        self.first *= np.float32(FIRST_MOMENT)
        np.multiply(g, np.float32(1 - FIRST_MOMENT), out=scratch)
        self.first += scratch
        self.second *= np.float32(SECOND_MOMENT)
        np.multiply(g, np.float32(1 - SECOND_MOMENT), out=scratch)
        scratch *= g
        self.second += scratch
        np.divide(self.second, np.float32(1 - SECOND_MOMENT**self.steps), out=scratch)
        np.sqrt(scratch, out=scratch)
        scratch += np.float32(1e-8)
        np.divide(self.first, np.float32(1 - FIRST_MOMENT**self.steps), out=move)
        move /= scratch
        own = self.weights
        np.multiply(self.flat[own], self.decay, out=scratch[own])
        move[own] += scratch[own]
        move *= np.float32(rate)
        self.flat -= move


def _forward(x: Single, p: list[Single]) -> Single:
    hidden = np.maximum(x @ p[0] + p[3], 0)
    return np.asarray(np.maximum(hidden @ p[1] + p[4], 0) @ p[2] + p[5])


def _gradients(x: Single, y: Single, p: list[Single], mask: Single, levels: Single | None = None) -> list[Single]:
    """Gradients of the mean loss, in the order of the parameters: Huber, or with levels the pinball loss rounded alike at its tip."""
    a1 = x @ p[0] + p[3]
    z1 = np.maximum(a1, 0) * mask
    a2 = z1 @ p[1] + p[4]
    z2 = np.maximum(a2, 0)
    error = np.clip((z2 @ p[2] + p[5] - y) * np.float32(HUBER), -1, 1) / np.float32(len(x))
    if levels is not None:
        error *= np.where(error > 0, 1 - levels, levels)
    d2 = (error @ p[2].T) * (a2 > 0)
    d1 = (d2 @ p[1].T) * mask * (a1 > 0)
    return [x.T @ d1, z1.T @ d2, z2.T @ error, d1.sum(axis=0), d2.sum(axis=0), error.sum(axis=0)]
