"""Kernel ridge regression by random Fourier features, older rows counting less.

What belongs here: the features, Grams by part of the past, and what any penalty and half-life gives from them.
What does not: what is regressed on what, or the choice among trials (`renewables.correction`).

Source: Rahimi and Recht (2007), a Gaussian kernel's features beside the inputs themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

FEATURES = 400
FAR = 4.0
"""Inputs are cut at so many standard deviations: weather never seen must not be extrapolated."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """Regression of something on the inputs: centre and scale of each, random features, coefficients."""

    centre: FloatArray
    scale: FloatArray
    waves: FloatArray
    phases: FloatArray
    coefficients: FloatArray

    def __call__(self, inputs: FloatArray) -> FloatArray:
        """Its value, shape (n,)."""
        return np.asarray(_features(inputs, self.centre, self.scale, self.waves, self.phases) @ self.coefficients)


def _features(inputs: FloatArray, centre: FloatArray, scale: FloatArray, waves: FloatArray, phases: FloatArray) -> FloatArray:
    plain = np.clip(np.nan_to_num((inputs - centre) / scale), -FAR, FAR)
    # The kernel part is worth four standard deviations of the plain part: levels are mostly curved.
    curved = 4.0 * np.sqrt(2.0 / waves.shape[1]) * np.cos(plain @ waves + phases)
    return np.concatenate([np.ones((inputs.shape[0], 1)), plain, curved], axis=1)


class RandomFeatures:
    """Grams of one kernel width, by part of the past, from which any penalty and half-life is solved."""

    def __init__(
        self,
        inputs: FloatArray,
        target: FloatArray,
        day: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
        edges: list[int],
        width: float,
        draw: np.random.Generator,
    ) -> None:
        self.width = width
        with np.errstate(invalid="ignore"):
            some = ~np.isnan(inputs).all(axis=0)
        self.centre = np.where(some, np.nanmean(np.where(some, inputs, 0.0), axis=0), 0.0)
        deviation = np.nanstd(np.where(some, inputs, 0.0), axis=0)
        # A constant column carries nothing; a huge scale silences it.
        self.scale = np.where(deviation > 1e-9, deviation, 1e12)
        columns = inputs.shape[1]
        self.waves = draw.standard_normal((columns, FEATURES)) / (width * np.sqrt(columns))
        self.phases = draw.uniform(0.0, 2.0 * np.pi, FEATURES)
        self.features = _features(inputs, self.centre, self.scale, self.waves, self.phases)
        self.target, self.day, self.edges = target, day, edges
        self._sums: dict[float, tuple[list[FloatArray], list[FloatArray]]] = {}
        self._solved: dict[tuple[float, float, int], FloatArray] = {}

    def _cumulative(self, half_life: float) -> tuple[list[FloatArray], list[FloatArray]]:
        """Weighted Gram and moment of all rows before each edge."""
        if half_life not in self._sums:
            weight = 0.5 ** ((self.day[-1] - self.day) / half_life)
            grams, moments = [], []
            size = self.features.shape[1]
            gram, moment, first = np.zeros((size, size)), np.zeros(size), 0
            for edge in self.edges:
                part = self.features[first:edge]
                weighted = part * weight[first:edge, None]
                gram, moment = gram + part.T @ weighted, moment + weighted.T @ self.target[first:edge]
                grams.append(gram)
                moments.append(moment)
                first = edge
            self._sums[half_life] = (grams, moments)
        return self._sums[half_life]

    def solve(self, penalty: float, half_life: float, part: int) -> FloatArray:
        """Coefficients from the rows before edge `part`."""
        from scipy.linalg import solve

        key = (penalty, half_life, part)
        if key not in self._solved:
            grams, moments = self._cumulative(half_life)
            edge = self.edges[part]
            # Weights are relative to the newest day of all; the penalty is moved to this part's newest.
            ridge = np.full(grams[part].shape[0], penalty * 0.5 ** ((self.day[-1] - self.day[edge - 1]) / half_life))
            ridge[0] *= 1e-6  # the constant is not shrunk
            self._solved[key] = solve(grams[part] + np.diag(ridge), moments[part], assume_a="pos")
        return self._solved[key]

    def trial(self, penalty: float, half_life: float) -> Trial:
        """Forecasts of every later part from the parts before it."""
        found = np.full(self.target.size, np.nan)
        for part in range(len(self.edges) - 1):
            rows = slice(self.edges[part], self.edges[part + 1])
            found[rows] = self.features[rows] @ self.solve(penalty, half_life, part)
        held = slice(self.edges[0], None)
        return Trial(self, penalty, half_life, found, float(np.mean((self.target[held] - found[held]) ** 2)))

    def by_others(self, penalty: float, half_life: float) -> FloatArray:
        """Value of each row by the regression on all parts but its own."""
        from scipy.linalg import solve

        grams, moments = self._cumulative(half_life)
        ridge = np.diag(np.concatenate([[penalty * 1e-6], np.full(grams[0].shape[0] - 1, penalty)]))
        found, first = np.empty(self.target.size), 0
        for part, edge in enumerate(self.edges):
            own_gram, own_moment = (grams[part] - grams[part - 1], moments[part] - moments[part - 1]) if part else (grams[0], moments[0])
            found[first:edge] = self.features[first:edge] @ solve(grams[-1] - own_gram + ridge, moments[-1] - own_moment, assume_a="pos")
            first = edge
        return found

    def learnt(self, penalty: float, half_life: float) -> Learnt:
        """The regression on everything."""
        return Learnt(self.centre, self.scale, self.waves, self.phases, self.solve(penalty, half_life, len(self.edges) - 1))

    def last_fold(self, penalty: float, half_life: float) -> Learnt:
        """The regression on everything before the last held-out part."""
        return Learnt(self.centre, self.scale, self.waves, self.phases, self.solve(penalty, half_life, len(self.edges) - 2))


@dataclass(frozen=True, eq=False)
class Trial:
    """One penalty and half-life: what it said of the held-out parts, and its mean squared error there."""

    problem: RandomFeatures
    penalty: float
    half_life: float
    held_out: FloatArray
    squared_error: float
