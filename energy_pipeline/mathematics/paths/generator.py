"""Joint paths of many series over many steps: raw normals in, values out, in one array.

What belongs here: drawing, the pilot that tells how the recursion distributes its values, and
the look-up tables. What does not: the recursion (`path_kernel`), the model's fit, tables of the lake.

GARCH and t mixing leave the standard normal, so the way from x to a probability is measured on
a pilot of the same recursion: made symmetric (the model is) and brought to its exact variance.
Paths start from states the pilot went through.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.paths.marginals import Marginals
from energy_pipeline.mathematics.paths.path_kernel import KNOTS, follow
from energy_pipeline.mathematics.paths.path_model import PathModel

Float32Array = npt.NDArray[np.float32]
PILOT_PATHS, PILOT_BURN, PILOT_PIECES, PIECE_STEPS = 1024, 96, 12, 4
"""Each piece ends with one more state per pilot path to start from."""


@dataclass(frozen=True)
class _Factors:
    """A model's parameters as the compiled pass wants them."""

    calm: Float32Array
    stressed: Float32Array
    persistence: Float32Array
    alpha: Float32Array
    beta: Float32Array


def generate(model: PathModel, marginals: Marginals, paths: int, rng: np.random.Generator, day_steps: int = 24) -> Float32Array:
    """Joint paths, shape (series, steps, paths), float32.

    Parameters
    ----------
    model : PathModel
        Of the same series as the marginals.
    marginals : Marginals
    paths : int
    rng : Generator
        The only source of chance: the same generator gives the same bytes.
    day_steps : int
        Steps that share a day's mixing variable and state.

    Raises
    ------
    ValueError
        When model and marginals have different numbers of series.
    """
    series, steps, _ = marginals.quantiles.shape
    if len(model.names) != series:
        raise ValueError(f"{len(model.names)} series in the model, {series} in the marginals")
    factors = _factors(model)
    probabilities, states, variances = _pilot(model, factors, rng)
    tables = marginals.at(probabilities[:, None, :]).astype(np.float32)
    values = np.empty((series, steps, paths), dtype=np.float32)
    rng.standard_normal(dtype=np.float32, out=values)
    mixing, stress = _states(model, -(-steps // day_steps), paths, rng)
    starts = np.resize(rng.permutation(states.shape[1]), paths)
    state, variance = (np.ascontiguousarray(pool[:, starts]) for pool in (states, variances))
    follow(values, *_arguments(factors), mixing, stress, state, variance, tables, day_steps)
    return values


def _factors(model: PathModel) -> _Factors:
    single = [np.asarray(a, dtype=np.float32) for a in (model.persistence, model.alpha, model.beta)]
    return _Factors(np.linalg.cholesky(model.calm).astype(np.float32), np.linalg.cholesky(model.stressed).astype(np.float32), *single)


def _arguments(factors: _Factors) -> tuple[Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]:
    return factors.calm, factors.stressed, factors.persistence, factors.alpha, factors.beta


def _states(model: PathModel, days: int, paths: int, rng: np.random.Generator) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """Mixing factor and stress state of every path-day."""
    from scipy.stats import chi2

    if np.isinf(model.degrees):
        return np.ones((days, paths), dtype=np.float32), rng.random((days, paths)) < model.stress_share
    spread = rng.chisquare(model.degrees, size=(days, paths))
    return np.sqrt(model.degrees / spread).astype(np.float32), spread < chi2.ppf(model.stress_share, model.degrees)


def _pilot(model: PathModel, factors: _Factors, rng: np.random.Generator) -> tuple[FloatArray, Float32Array, Float32Array]:
    """P(x <= knot) per series, shape (S, KNOTS), and pools of states and variances, shape (S, n) each."""
    series = len(model.names)
    stress = np.broadcast_to(rng.random(PILOT_PATHS) < model.stress_share, (1, PILOT_PATHS)).copy()
    state, variance = np.zeros((series, PILOT_PATHS), dtype=np.float32), np.ones((series, PILOT_PATHS), dtype=np.float32)
    nothing, mixing = np.empty((series, 0, KNOTS), dtype=np.float32), np.ones((1, PILOT_PATHS), dtype=np.float32)
    pieces, states, variances = [], [], []
    for steps in (PILOT_BURN, *[PIECE_STEPS] * PILOT_PIECES):
        values = np.empty((series, steps, PILOT_PATHS), dtype=np.float32)
        rng.standard_normal(dtype=np.float32, out=values)
        follow(values, *_arguments(factors), mixing, stress, state, variance, nothing, steps)
        pieces.append(values.reshape(series, -1))
        states.append(state.copy())
        variances.append(variance.copy())
    kept = np.concatenate(pieces[1:], axis=1)
    return _distribution(model, kept, rng), np.concatenate(states[1:], axis=1), np.concatenate(variances[1:], axis=1)


def _distribution(model: PathModel, kept: Float32Array, rng: np.random.Generator) -> FloatArray:
    """P(g x <= knot) of every series from pilot values of x, shape (S, n)."""
    series = len(kept)
    kept /= np.sqrt(np.einsum("sn,sn->s", kept, kept, dtype=np.float64) / kept.shape[1]).astype(np.float32)[:, None]
    if not np.isinf(model.degrees):
        kept *= np.sqrt(model.degrees / rng.chisquare(model.degrees, size=kept.shape[1])).astype(np.float32)
    cell = ((kept / (1.0 + np.abs(kept)) + 1.0) * (0.5 * (KNOTS - 1))).astype(np.int64)
    counts = np.stack([np.bincount(row, minlength=KNOTS - 1)[: KNOTS - 1] for row in cell])
    below = np.concatenate([np.zeros((series, 1)), np.cumsum(counts, axis=1)], axis=1) / kept.shape[1]
    below = 0.5 * (below + 1.0 - below[:, ::-1])
    edge = 0.5 / kept.shape[1]
    return np.asarray(np.clip(below, edge, 1.0 - edge))
