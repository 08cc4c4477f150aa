"""Minimum of a linear cost plus a tail measure, over scenarios added as they are needed.

What belongs here: CVaR, minimax and mean absolute deviation as one kernel, its
certificate. What does not: which objective asks for it (`solvers`).

All three are  min_v v + sum_i cap_i max(0, loss_i - v)  (for deviations, without v), so
only scenarios whose loss exceeds v matter. Leaving scenarios out lowers the function: the
optimum over the ones kept is a lower bound. A thinned sample finds the neighbourhood,
then scenarios found in the tail are added until the true value meets the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.allocation import highs, simplex
from energy_pipeline.mathematics.allocation.errors import SolverError, UnboundedError
from energy_pipeline.mathematics.allocation.measures import tail_sum
from energy_pipeline.mathematics.allocation.space import Space

MAX_ROUNDS = 200
TOLERANCE = 1e-10
COARSE_SCENARIOS = 1500
THINNING = 6
COARSE_TOLERANCE = 1e-2
STEEP = 1e3


@dataclass(frozen=True)
class Tail:
    """The tail measure.

    Attributes
    ----------
    scenarios : array, shape (S, n)
        P&L per unit.
    base : array, shape (S,), or None
        P&L at zero positions.
    caps : array, shape (S,), or None
        Largest weight of each scenario; None: `cap` for all.
    cap : float
    level : bool
        Whether weights sum to one (CVaR, minimax); False: each is free in 0..cap (deviations).
    """

    scenarios: FloatArray
    base: FloatArray | None
    caps: FloatArray | None
    cap: float
    level: bool = True

    def losses(self, x: FloatArray) -> FloatArray:
        """Loss of each scenario, shape (S,)."""
        gain = self.scenarios @ x
        if self.base is not None:
            gain += self.base
        result: FloatArray = np.negative(gain, out=gain)
        return result

    def value(self, losses: FloatArray) -> float:
        """The measure."""
        if self.level:
            return tail_sum(losses, self.caps, self.cap)
        excess = np.maximum(losses, 0.0)
        return float(excess.sum() * self.cap if self.caps is None else self.caps @ excess)

    def thinned(self, stride: int) -> Tail:
        """Every stride-th scenario, with weights to match."""
        if stride == 1:
            return self
        base = None if self.base is None else self.base[::stride]
        rows = self.scenarios[::stride]
        if self.caps is None:
            return Tail(rows, base, None, self.cap * len(self.scenarios) / len(rows), self.level)
        caps = self.caps[::stride]
        return Tail(rows, base, caps * (self.caps.sum() / caps.sum()), self.cap, self.level)


def cvar_tail(scenarios: FloatArray, base: FloatArray | None, confidence: float, probabilities: FloatArray | None) -> Tail:
    """CVaR of the loss at the confidence."""
    caps = None if probabilities is None else probabilities / (1.0 - confidence)
    return Tail(scenarios, base, caps, 1.0 / (1.0 - confidence) / len(scenarios))


def worst_tail(scenarios: FloatArray, base: FloatArray | None) -> Tail:
    """The largest loss."""
    return Tail(scenarios, base, None, 1.0)


def deviation_tail(scenarios: FloatArray, base: FloatArray | None, probabilities: FloatArray | None) -> Tail:
    """E |P&L - mean| as twice the mean shortfall below the mean."""
    weights = np.full(len(scenarios), 1.0 / len(scenarios)) if probabilities is None else probabilities
    centred = scenarios - weights @ scenarios
    return Tail(
        centred,
        None if base is None else base - weights @ base,
        None if probabilities is None else 2.0 * probabilities,
        2.0 / len(scenarios),
        level=False,
    )


@dataclass(frozen=True)
class TailOptimum:
    """A certified minimum of cost.y + weight x tail(y).

    Attributes
    ----------
    y : array, shape (d,)
    value : float
        The function at y over all scenarios.
    bound : float
        Proven lower bound.
    row_prices : array, shape (m,)
        Change of the least value per unit of each row's binding side.
    gradient : array, shape (d,)
        A subgradient at y that proves the bound.
    rounds, steps, used : int
        Rounds of adding, simplex steps, scenarios kept.
    method : str
    """

    y: FloatArray
    value: float
    bound: float
    row_prices: FloatArray
    gradient: FloatArray
    rounds: int
    steps: int
    used: int
    method: str


def minimise(space: Space, cost: FloatArray, weight: float, tail: Tail, start: FloatArray, tolerance: float = TOLERANCE) -> TailOptimum:
    """Minimise cost.y + weight x tail over the set.

    Raises
    ------
    UnboundedError
        Without a finite minimum (contract numbers as names).
    SolverError
        When rounds end without closing the gap.
    """
    return _Search(space, cost / weight, weight, tail).run(start, tolerance)


class _Search:
    """One search: scaled pieces, the scenarios kept so far, the current vertex."""

    def __init__(self, space: Space, cost: FloatArray, weight: float, tail: Tail) -> None:
        self.space, self.cost, self.weight, self.tail = space, cost, weight, tail
        d = space.size
        self.level = int(tail.level)
        sizes = np.abs(tail.scenarios[:: max(1, len(tail.scenarios) // 1000)]).mean(axis=0)
        unit = np.where(sizes > 0, 1.0 / np.where(sizes > 0, sizes, 1.0), 1.0)
        self.scale = unit[space.owners]
        self.fixed, self.fixed_h, self.fixed_kind, self.owner = self._fixed_pieces()
        self.c = np.concatenate([self.cost * self.scale, np.ones(self.level)])
        self.kept = np.zeros(0, dtype=np.int64)
        self.is_kept = np.zeros(len(tail.scenarios), dtype=bool)
        self.rows = np.zeros((0, d + self.level))
        self.rounds = self.steps = 0
        self.method = "long-step simplex on lazily added scenarios"
        self.steep = STEEP * (1.0 + np.abs(self.c).max())

    def _fixed_pieces(self) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
        """Rows, bounds and placeholders as pieces: gradients, offsets, kind (1 lower, -1 upper, 0 equal, 2 placeholder), row number or -1."""
        s, d = self.space, self.space.size
        blocks: list[FloatArray] = []
        offsets: list[FloatArray] = []
        kinds: list[IntArray] = []
        owners: list[IntArray] = []

        def add(rows: FloatArray, h: FloatArray, kind: int, owner: IntArray) -> None:
            blocks.append(rows)
            offsets.append(h)
            kinds.append(np.full(len(h), kind))
            owners.append(owner)

        scaled = s.rows * self.scale
        norm = np.abs(scaled).max(axis=1, initial=0.0)
        self.norm = np.where(norm > 0, norm, 1.0)
        scaled = scaled / self.norm[:, None]
        equal = s.row_low == s.row_high
        numbers = np.arange(len(s.row_low))
        for pick, side, kind in (
            (equal, s.row_low, 0),
            (~equal & np.isfinite(s.row_low), s.row_low, 1),
            (~equal & np.isfinite(s.row_high), s.row_high, -1),
        ):
            add(scaled[pick], (side / self.norm)[pick], kind, numbers[pick])
        identity = np.eye(d)
        for pick, side, kind in ((np.isfinite(s.low), s.low, 1), (np.isfinite(s.high), s.high, -1)):
            add(identity[pick], (side / self.scale)[pick], kind, np.full(int(pick.sum()), -1))
        add(identity, np.zeros(d), 2, np.full(d, -1))
        body = np.vstack(blocks)
        return np.hstack([body, np.zeros((len(body), self.level))]), np.concatenate(offsets), np.concatenate(kinds), np.concatenate(owners)

    def run(self, start: FloatArray, tolerance: float) -> TailOptimum:
        """Coarse to fine."""
        n, d = self.space.contracts, self.space.size
        y, basis = start, None
        strides = [1]
        while len(self.tail.scenarios) // (strides[-1] * THINNING) >= COARSE_SCENARIOS // 4 and len(self.tail.scenarios) > COARSE_SCENARIOS:
            strides.append(strides[-1] * THINNING)
        for stride in reversed(strides):
            tail = self.tail.thinned(stride)
            losses = tail.losses(y[:n])
            self._keep_worst(tail, losses, stride, 2.0 if basis is None else 1.3)
            if basis is None:
                self.fixed_h[self.fixed_kind == 2] = start / self.scale
                basis = len(self.fixed_h) - d + np.arange(d)
                basis = np.append(basis, self._edge(losses, tail, stride)) if self.level else basis
            y, basis, optimum = self._refine(tail, stride, basis, tolerance if stride == 1 else COARSE_TOLERANCE)
        if optimum is None:
            raise SolverError("tail search ended without a certificate")
        return optimum

    def _mass(self, tail: Tail) -> int:
        """About how many scenarios the tail holds."""
        count = len(tail.scenarios)
        share = (1.0 / tail.cap if tail.caps is None else count / tail.caps.sum()) if self.level else count / 2
        return min(max(int(np.ceil(share)), 1), count)

    def _edge(self, losses: FloatArray, tail: Tail, stride: int) -> int:
        """The piece of a kept scenario near the edge of the tail."""
        within = losses[self.kept // stride]
        rank = np.argsort(-within, kind="stable")[min(self._mass(tail), within.size) - 1]
        return int(len(self.fixed_h) + rank)

    def _keep_worst(self, tail: Tail, losses: FloatArray, stride: int, factor: float) -> None:
        count = min(int(factor * self._mass(tail)) + 10, losses.size)
        worst = np.argpartition(-losses, count - 1)[:count] if count < losses.size else np.arange(losses.size)
        self._keep(np.sort(worst) * stride)

    def _keep(self, numbers: IntArray) -> None:
        new = numbers[~self.is_kept[numbers]]
        self.is_kept[new] = True
        body = np.zeros((len(new), self.rows.shape[1]))
        n = self.space.contracts
        np.multiply(self.tail.scenarios[new], self.scale[:n], out=body[:, :n])
        body[:, self.space.size :] = 1.0
        self.kept = np.concatenate([self.kept, new])
        self.rows = np.vstack([self.rows, body])

    def _refine(self, tail: Tail, stride: int, basis: IntArray, tolerance: float) -> tuple[FloatArray, IntArray, TailOptimum | None]:
        n, d = self.space.contracts, self.space.size
        best: TailOptimum | None = None
        for _ in range(MAX_ROUNDS):
            self.rounds += 1
            z, basis, multipliers = self._vertex(tail, basis, stride)
            y = z[:d] * self.scale
            losses = tail.losses(y[:n])
            optimum = self._certify(tail, y, losses, multipliers, stride)
            if best is None or optimum.value < best.value or optimum.bound > best.bound:
                best = optimum
            if optimum.value - optimum.bound <= tolerance * max(abs(optimum.value), abs(optimum.bound), 1e-300):
                return y, basis, optimum
            level = z[d] if self.level else 0.0
            new = np.flatnonzero(losses > level) * stride
            new = new[~self.is_kept[new]]
            if not new.size:
                return y, basis, optimum
            limit = self._mass(tail) // 2 + 50
            if new.size > limit:
                new = new[np.argpartition(-losses[new // stride], limit - 1)[:limit]]
            self._keep(np.sort(new))
        raise SolverError(f"{MAX_ROUNDS} rounds of tail scenarios left a gap of {0.0 if best is None else best.value - best.bound:.3g}")

    def _vertex(self, tail: Tail, basis: IntArray, stride: int) -> tuple[FloatArray, IntArray, FloatArray]:
        """Simplex over the pieces kept, with walls made steeper until none is breached."""
        here = self.kept // stride
        caps = np.full(here.size, tail.cap) if tail.caps is None else tail.caps[here]
        offsets = np.zeros(here.size) if self.tail.base is None else -self.tail.base[self.kept]
        g = np.vstack([self.fixed, self.rows])
        h = np.concatenate([self.fixed_h, offsets])
        for _ in range(4):
            low = np.concatenate([np.where((self.fixed_kind == -1) | (self.fixed_kind == 0), -self.steep, 0.0), np.zeros(here.size)])
            high = np.concatenate([np.where((self.fixed_kind == 1) | (self.fixed_kind == 0), self.steep, 0.0), caps])
            vertex = simplex.minimise(g, h, low, high, self.c, basis)
            self.steps += vertex.steps
            if vertex.status == simplex.UNBOUNDED:
                # walls too low for the slope, or no wall at all: the next ones are steeper
                self.steep *= 1e3
                continue
            if vertex.status == simplex.STALLED:
                return self._fallback(g, h, caps)
            y = vertex.z[: self.space.size] * self.scale
            if self.space.violation(y) <= 1e-9:
                return vertex.z, vertex.basis, vertex.multipliers
            self.steep *= 1e3
        return self._fallback(g, h, caps)

    def _fallback(self, g: FloatArray, h: FloatArray, caps: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
        """The same pieces as a linear programme for HiGHS, where the walk got stuck."""
        import scipy.sparse as sp

        self.method = "HiGHS on lazily added scenarios"
        first, d = len(self.fixed_h), self.c.size
        walls = self.fixed_kind != 2
        excess = sp.vstack([sp.csr_matrix((int(walls.sum()), caps.size)), sp.eye(caps.size)])
        rows = sp.hstack([sp.csr_matrix(np.vstack([g[:first][walls], g[first:]])), excess])
        kind = np.concatenate([self.fixed_kind[walls], np.ones(caps.size)])
        offsets = np.concatenate([h[:first][walls], h[first:]])
        programme = highs.Programme(
            cost=np.concatenate([self.c, caps]),
            rows=rows,
            row_low=np.where(kind == -1, -np.inf, offsets),
            row_high=np.where((kind == -1) | (kind == 0), offsets, np.inf),
            low=np.concatenate([np.full(d, -np.inf), np.zeros(caps.size)]),
            high=np.full(d + caps.size, np.inf),
        )
        answer = highs.solve(programme)
        if answer.status == highs.UNBOUNDED:
            raise UnboundedError([])
        if answer.status != highs.OPTIMAL:
            raise SolverError(f"HiGHS found the tail programme {answer.status}")
        multipliers = np.zeros(len(h))
        multipliers[:first][walls] = answer.row_prices[: int(walls.sum())]
        multipliers[first:] = answer.row_prices[int(walls.sum()) :]
        self.fixed_h[self.fixed_kind == 2] = answer.y[: self.space.size]
        basis = first - self.space.size + np.arange(self.space.size)
        if self.level:
            basis = np.append(basis, first + int(np.argmin(np.abs(h[first:] - g[first:] @ answer.y[:d]))))
        return answer.y[:d], basis, multipliers

    def _certify(self, tail: Tail, y: FloatArray, losses: FloatArray, multipliers: FloatArray, stride: int) -> TailOptimum:
        """True value, and a bound that holds whatever the simplex did: clipped scenario weights, then the rows' prices."""
        n, first = self.space.contracts, len(self.fixed_h)
        here = self.kept // stride
        caps = tail.cap if tail.caps is None else tail.caps[here]
        weights = np.clip(multipliers[first:], 0.0, caps)
        if self.level:
            # the weights must sum to one; take or give in proportion to what each can
            missing = 1.0 - weights.sum()
            room = caps - weights if missing > 0 else weights
            weights = weights + missing * room / room.sum() if room.sum() > 0 else weights
        gradient = self.cost.copy()
        gradient[:n] -= weights @ self.tail.scenarios[self.kept]
        constant = 0.0 if self.tail.base is None else -float(weights @ self.tail.base[self.kept])
        prices = np.zeros(len(self.norm))
        rows = self.owner >= 0
        np.add.at(prices, self.owner[rows], multipliers[:first][rows])
        prices /= self.norm
        bound = constant + self.space.dual_bound(gradient, prices, forgive=1e-9)
        return TailOptimum(
            y=y,
            value=self.weight * (float(self.cost @ y) + tail.value(losses)),
            bound=self.weight * bound,
            row_prices=self.weight * prices,
            gradient=self.weight * gradient,
            rounds=self.rounds,
            steps=self.steps,
            used=int(self.kept.size),
            method=self.method,
        )
