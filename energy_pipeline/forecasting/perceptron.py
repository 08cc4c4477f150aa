"""A small committee of two-layer networks that forecast all slots of a day at once.

What belongs here: the network, its training, the committee's mean. What does not: other
models, TensorFlow (`lstm`).

Inputs and targets as in `kernel_ridge` (global or adaptive scaling); two hidden layers of
rectified units with dropout on the first, a Huber loss that is almost the absolute error, Adam
with decoupled weight decay, a warm-up and a cosine schedule, and a fixed number of
epochs. Members differ by seed. Written out in numpy because one fit takes a second where
a general framework takes twelve to be imported, and because the same seed must give the
same bits on every run.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

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

    @property
    def name(self) -> str:
        """`mlp`, with `a` when adaptive."""
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
        for k in range(self.members):
            arrays |= {f"w{k}_{i}": w for i, w in enumerate(self._trained(X, Y, k))}
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
        with np.load(io.BytesIO(fitted), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        scale, out = (AsinhScale(arrays[f"{side}_centre"], arrays[f"{side}_spread"]) for side in ("in", "out"))
        if scale.centre.size != inputs.shape[1]:
            raise ModelUnavailableError(f"fitted on {scale.centre.size} inputs, today has {inputs.shape[1]}")
        x = np.concatenate([np.clip(scale.scaled(inputs[-1]), -CLIP, CLIP), panel.dummies[-1]])
        networks = [[arrays[f"w{k}_{i}"] for i in range(6)] for k in range(self.members)]

        def prices(rows: FloatArray) -> FloatArray:
            answers = [_forward(rows.astype(np.float32), network) for network in networks]
            return np.asarray(centre + spread * out.prices(np.mean(answers, axis=0, dtype=np.float64)))

        typical = np.concatenate([np.zeros(x.size - 7), np.full(7, 1 / 7)])
        return Response(prices, x, typical, input_owners(panel))

    def _trained(self, X: Single, Y: Single, member: int) -> list[Single]:
        random = generator("forecasting", None, "perceptron", member)
        sizes = (X.shape[1], *self.hidden, Y.shape[1])
        weights = [
            (random.standard_normal((a, b)) * (gain / a) ** 0.5).astype(np.float32) for a, b, gain in zip(sizes, sizes[1:], (2, 2, 1), strict=False)
        ]
        parameters = [*weights, *(np.zeros(b, dtype=np.float32) for b in sizes[1:])]
        first, second = [np.zeros_like(w) for w in parameters], [np.zeros_like(w) for w in parameters]
        steps, step = self.epochs * -(-len(X) // self.batch), 0
        for _ in range(self.epochs):
            order = random.permutation(len(X))
            for start in range(0, len(X), self.batch):
                chosen = order[start : start + self.batch]
                kept = random.random((chosen.size, self.hidden[0]), dtype=np.float32) >= self.dropout
                mask = kept.astype(np.float32) / np.float32(1 - self.dropout)
                gradients = _gradients(X[chosen], Y[chosen], parameters, mask)
                step += 1
                rate = self.rate * min(1.0, step / WARM_UP_STEPS) * (0.5 * (1 + np.cos(np.pi * step / steps)) + 0.02)
                self._adam(parameters, gradients, first, second, np.float32(rate), step)
        return parameters

    def _adam(
        self, parameters: list[Single], gradients: list[Single], first: list[Single], second: list[Single], rate: np.float32, step: int
    ) -> None:
        for i, (w, g) in enumerate(zip(parameters, gradients, strict=True)):
            first[i] *= np.float32(FIRST_MOMENT)
            first[i] += np.float32(1 - FIRST_MOMENT) * g
            second[i] *= np.float32(SECOND_MOMENT)
            second[i] += np.float32(1 - SECOND_MOMENT) * g * g
            move = (first[i] / np.float32(1 - FIRST_MOMENT**step)) / (np.sqrt(second[i] / np.float32(1 - SECOND_MOMENT**step)) + np.float32(1e-8))
            # Biases do not decay.
            np.subtract(w, rate * (move + np.float32(self.decay) * w if i < 3 else move), out=w)


def _forward(x: Single, p: list[Single]) -> Single:
    hidden = np.maximum(x @ p[0] + p[3], 0)
    return np.asarray(np.maximum(hidden @ p[1] + p[4], 0) @ p[2] + p[5])


def _gradients(x: Single, y: Single, p: list[Single], mask: Single) -> list[Single]:
    """Gradients of the mean Huber loss, in the order of the parameters."""
    a1 = x @ p[0] + p[3]
    z1 = np.maximum(a1, 0) * mask
    a2 = z1 @ p[1] + p[4]
    z2 = np.maximum(a2, 0)
    error = np.clip((z2 @ p[2] + p[5] - y) * np.float32(HUBER), -1, 1) / np.float32(len(x))
    d2 = (error @ p[2].T) * (a2 > 0)
    d1 = (d2 @ p[1].T) * mask * (a1 > 0)
    return [x.T @ d1, z1.T @ d2, z2.T @ error, d1.sum(axis=0), d2.sum(axis=0), error.sum(axis=0)]
