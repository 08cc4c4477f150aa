"""The allocation problem: contracts, scenarios, what is held, what trading costs, limits.

What belongs here: the description and its checks. What does not: objectives, solvers.

Signs: positions are long when positive, scenarios hold P&L per unit of position
(EUR per MW, EUR per MWh, or a return where positions are weights). Losses are minus P&L.
Alpha (`expected`), the risk model (`covariance`) and the scenarios are three separate
things: each may come from elsewhere; left out, the first two are those of the scenarios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.covariance import FactorCovariance, covariance_problems
from energy_pipeline.mathematics.allocation.errors import BadProblemError
from energy_pipeline.mathematics.allocation.limits import Bounds, Limit, PerContract


@dataclass(frozen=True)
class Problem:
    """What may be held and what may come of it.

    Attributes
    ----------
    names : tuple of str
        The n contracts.
    scenarios : array, shape (S, n)
        P&L per unit against the mid quote.
    probabilities : array, shape (S,), or None
        None: equally likely.
    held : array, shape (n,), or None
        Positions before the decision; None: none. Trading costs and turnover count from here.
    buy_cost, sell_cost : arrays, shape (n,), or None
        Cost per unit bought or sold (ask - mid, mid - bid, and fees), at least 0.
    budget : float or None
        Sum of the positions (1 for weights); None for positions in MW or MWh.
    limits : tuple of Limit
    expected : array, shape (n,), or None
        Expected P&L per unit; None: the scenarios' mean.
    covariance : array (n, n), FactorCovariance or None
        None: the scenarios' sample covariance (unbiased; with probabilities, their plain one).
    base : array, shape (S,), or None
        P&L per scenario of what is not for sale: plant, contracts outside the decision.
    stress : array, shape (K, n), or None
        P&L per unit in named stress scenarios.
    stress_names : tuple of str

    Raises
    ------
    BadProblemError
        Listing every mistake: shapes, NaN, negative costs or probabilities, unknown or repeated names, a covariance
        that is none (`covariance.covariance_problems`).

    Examples
    --------
    >>> p = Problem(("base", "peak"), np.array([[1.0, 2.0], [-1.0, 0.0]]))
    >>> p.mean.tolist()
    [0.0, 1.0]
    """

    names: tuple[str, ...]
    scenarios: FloatArray
    probabilities: FloatArray | None = None
    held: FloatArray | None = None
    buy_cost: FloatArray | None = None
    sell_cost: FloatArray | None = None
    budget: float | None = None
    limits: tuple[Limit, ...] = ()
    expected: FloatArray | None = None
    covariance: FloatArray | FactorCovariance | None = None
    base: FloatArray | None = None
    stress: FloatArray | None = None
    stress_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        found = _shape_problems(self) or [*_value_problems(self), *_limit_problems(self)]
        if found:
            raise BadProblemError(found)

    @property
    def count(self) -> int:
        """Number of contracts."""
        return len(self.names)

    @property
    def start(self) -> FloatArray:
        """Positions before the decision, shape (n,)."""
        return np.zeros(self.count) if self.held is None else self.held

    @property
    def trades_cost(self) -> bool:
        """Whether buying or selling costs anything."""
        return any(c is not None and bool(np.any(c > 0)) for c in (self.buy_cost, self.sell_cost))

    @cached_property
    def mean(self) -> FloatArray:
        """Expected P&L per unit, shape (n,)."""
        if self.expected is not None:
            return self.expected
        found: FloatArray = self.scenarios.mean(axis=0) if self.probabilities is None else self.weights @ self.scenarios
        return found

    @property
    def weights(self) -> FloatArray:
        """Probability of each scenario, shape (S,)."""
        return np.full(len(self.scenarios), 1.0 / len(self.scenarios)) if self.probabilities is None else self.probabilities

    def per_contract(self, value: PerContract, missing: float) -> FloatArray:
        """A limit's numbers in the problem's order, shape (n,)."""
        return spread(self.names, value, missing)

    def trading_cost(self, positions: FloatArray) -> float:
        """Cost of going from the held positions to these."""
        change = positions - self.start
        bought = 0.0 if self.buy_cost is None else float(self.buy_cost @ np.maximum(change, 0.0))
        sold = 0.0 if self.sell_cost is None else float(self.sell_cost @ np.maximum(-change, 0.0))
        return bought + sold

    def pnl(self, positions: FloatArray) -> FloatArray:
        """P&L of each scenario after trading costs, shape (S,)."""
        gain = self.scenarios @ positions - self.trading_cost(positions)
        result: FloatArray = gain if self.base is None else gain + self.base
        return result

    def expected_pnl(self, positions: FloatArray) -> float:
        """Expected P&L after trading costs; with alpha from elsewhere, by that alpha."""
        base = 0.0 if self.base is None else float(self.weights @ self.base)
        return float(self.mean @ positions) + base - self.trading_cost(positions)


def weights_problem(names: Sequence[str], returns: FloatArray, *limits: Limit, **more: object) -> Problem:
    """Long-only weights that sum to one, the textbook case; further limits and fields as in `Problem`."""
    whole = Bounds("long only", 0.0, np.inf)
    return Problem(names=tuple(names), scenarios=returns, budget=1.0, limits=(whole, *limits), **more)  # type: ignore[arg-type]


def quoted_problem(
    names: Sequence[str], payoffs: FloatArray, bid: FloatArray, ask: FloatArray, held: FloatArray, *limits: Limit, **more: object
) -> Problem:
    """Changes of a held book at its quotes: payoff per unit less mid, half the spread for every unit traded.

    Parameters
    ----------
    payoffs : array, shape (S, n)
        What one unit is worth at the horizon.
    bid, ask : arrays, shape (n,)
        Quotes; bid <= ask, any sign.

    Raises
    ------
    BadProblemError
        Also where a bid lies above its ask.

    Examples
    --------
    >>> p = quoted_problem(["base"], np.array([[-5.0], [7.0]]), np.array([-2.0]), np.array([0.0]), np.array([3.0]))
    >>> p.scenarios.ravel().tolist(), p.buy_cost.tolist()
    ([-4.0, 8.0], [1.0])
    """
    crossed = [n for n, b, a in zip(names, bid, ask, strict=True) if not b <= a]
    if crossed:
        raise BadProblemError([f"bid above ask or missing: {', '.join(crossed)}"])
    mid, half = (bid + ask) / 2.0, (ask - bid) / 2.0
    fields: dict[str, object] = {"names": tuple(names), "scenarios": payoffs - mid, "held": held, "buy_cost": half, "sell_cost": half}
    return Problem(**fields, limits=tuple(limits), **more)  # type: ignore[arg-type]


def spread(names: Sequence[str], value: PerContract, missing: float) -> FloatArray:
    """One number per contract from a number, an array or a mapping.

    >>> spread(("a", "b"), {"b": 2.0}, 0.0).tolist()
    [0.0, 2.0]
    """
    if isinstance(value, Mapping):
        return np.array([float(value.get(n, missing)) for n in names])
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (len(names),)).copy()


def _shape_problems(p: Problem) -> list[str]:
    found = []
    if not p.names:
        return ["no contracts"]
    if p.scenarios.ndim != 2 or p.scenarios.shape[1] != p.count:
        return [f"scenarios have shape {p.scenarios.shape}, need (scenarios, {p.count})"]
    if p.scenarios.shape[0] == 0:
        found.append("no scenarios")
    repeated = sorted({n for n in p.names if p.names.count(n) > 1}) if len(set(p.names)) < p.count else []
    if repeated:
        found.append(f"contract names repeat: {', '.join(repeated)}")
    sizes = {"probabilities": len(p.scenarios), "base": len(p.scenarios)} | dict.fromkeys(("held", "buy_cost", "sell_cost", "expected"), p.count)
    for name, size in sizes.items():
        value = getattr(p, name)
        if value is not None and value.shape != (size,):
            found.append(f"{name} has shape {value.shape}, needs ({size},)")
    if isinstance(p.covariance, np.ndarray) and p.covariance.shape != (p.count, p.count):
        found.append(f"covariance has shape {p.covariance.shape}, needs ({p.count}, {p.count})")
    if isinstance(p.covariance, FactorCovariance) and p.covariance.loadings.shape[0] != p.count:
        found.append(f"factor covariance is of {p.covariance.loadings.shape[0]} contracts, not {p.count}")
    if p.stress is not None and (p.stress.ndim != 2 or p.stress.shape[1] != p.count):
        found.append(f"stress has shape {p.stress.shape}, needs (scenarios, {p.count})")
    return found


def _value_problems(p: Problem) -> list[str]:
    found = []
    # one pass over the sums: a NaN or infinity anywhere shows in its column
    bad = ~np.isfinite(p.scenarios.sum(axis=0))
    if bad.any():
        rows = int((~np.isfinite(p.scenarios[:, bad])).any(axis=1).sum())
        found.append(f"scenarios hold NaN or infinity in {rows} row(s) of {', '.join(n for n, b in zip(p.names, bad, strict=True) if b)}")
    for name in ("probabilities", "held", "buy_cost", "sell_cost", "expected", "base", "stress"):
        value = getattr(p, name)
        if isinstance(value, np.ndarray) and not np.isfinite(value).all():
            found.append(f"{name} holds NaN or infinity")
    found += covariance_problems(p.covariance, p.names) if isinstance(p.covariance, np.ndarray) else []
    for name in ("buy_cost", "sell_cost", "probabilities"):
        value = getattr(p, name)
        if value is not None and (value < 0).any():
            found.append(f"{name} is negative in {int((value < 0).sum())} place(s)")
    if p.probabilities is not None and abs(float(p.probabilities.sum()) - 1.0) > 1e-9:
        found.append(f"probabilities sum to {float(p.probabilities.sum()):.9g}, not 1")
    return found


def _limit_problems(p: Problem) -> list[str]:
    found = []
    seen: set[str] = set()
    for limit in p.limits:
        if limit.name in seen:
            found.append(f"limit name {limit.name!r} repeats")
        seen.add(limit.name)
        for key, value in vars(limit).items():
            if isinstance(value, Mapping):
                unknown = sorted(set(value) - set(p.names))
                found += [f"limit {limit.name!r} names unknown contracts: {', '.join(unknown)}"] if unknown else []
            elif key != "name":
                array = np.asarray(value, dtype=np.float64)
                found += [f"limit {limit.name!r}: {key} has shape {array.shape}"] if array.shape not in {(), (p.count,)} else []
                found += [f"limit {limit.name!r}: {key} is NaN"] if np.isnan(array).any() else []
        confidence = getattr(limit, "confidence", 0.5)
        if not 0.0 <= confidence < 1.0:
            found.append(f"limit {limit.name!r}: confidence {confidence} is not in [0, 1)")
    return found
