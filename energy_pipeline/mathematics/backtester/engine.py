"""The backtester: orders from what was known, fills at the next tradable moment, P&L in EUR over MWh.

What belongs here: bars, decisions, the run of one set of targets and the sweep of many
threshold rules. What does not: the loops (`engine_kernel`), rules, statistics (`validation`).

Event order is a property of the types, not of a shift someone must remember. A bar states its
gate (the last instant an order counts for it) and the instant its price is known, which must be
later. A decision states when it was known. It fills at the first bar whose gate is not before
that: so a signal that uses a bar's price, known after the bar's gate, cannot fill at it.

P&L: a position of q MWh earns q x (change of price) from bar to bar; a contract that ends is
settled at its settlement price (delivery), where the position becomes zero. Costs are due on
|change of position|, closing charges on what is held to delivery. Prices may be negative.
A bar without a price (NaN) or with `volume_mwh` 0 is not tradable; orders stand until replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.domain.errors import LookAheadError
from energy_pipeline.mathematics.backtester.costs import NO_COSTS, Costs
from energy_pipeline.mathematics.backtester.engine_kernel import SCALE, SIZE, cost_terms, one_path, rule_states, sweep_contracts, sweep_rules

NONE = -1


@dataclass(frozen=True)
class Bars:
    """The tradable moments of one instrument, in order.

    Attributes
    ----------
    gate_us : array of int64, shape (T,)
        Last instant an order counts for the bar; rising or equal.
    price_known_us : array of int64, shape (T,)
        When the bar's price is known; later than its gate.
    price_eur_mwh : array, shape (T,)
        Price of a fill; NaN where nothing can be traded.
    contract : array of int64, optional
        Which contract a bar belongs to; a change is the end of the one before.
    settlement_eur_mwh : array, optional
        At a contract's last bar: what it settles at. NaN: it ends at its last price.
    volume_mwh : array, optional
        What can be traded at the bar at most; an order above it fills in part.

    Raises
    ------
    LookAheadError
        A price is known at or before its gate: orders could still see it.
    ValueError
        Lengths differ, or gates fall.
    """

    gate_us: IntArray
    price_known_us: IntArray
    price_eur_mwh: FloatArray
    contract: IntArray | None = None
    settlement_eur_mwh: FloatArray | None = None
    volume_mwh: FloatArray | None = None

    def __post_init__(self) -> None:
        sizes = {n: np.size(v) for n, v in vars(self).items() if v is not None}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"columns of bars differ in length: {sizes}")
        if np.any(np.diff(self.gate_us) < 0):
            raise ValueError(f"gates fall at bar {int(np.argmax(np.diff(self.gate_us) < 0)) + 1}; list bars by gate")
        seen = np.flatnonzero(self.price_known_us <= self.gate_us)
        if seen.size:
            raise LookAheadError(f"{seen.size} bars have a price known while orders still counted, the first is bar {seen[0]}")

    @property
    def size(self) -> int:
        """Number of bars."""
        return int(np.size(self.price_eur_mwh))

    @property
    def last_bar(self) -> np.ndarray:
        """Where a contract ends: at a change of contract, and at the last bar."""
        ends = np.ones(self.size, dtype=bool)
        contract = np.zeros(self.size, dtype=np.int64) if self.contract is None else self.contract
        ends[:-1] = contract[1:] != contract[:-1]
        return ends

    @property
    def settlement(self) -> FloatArray:
        """Settlement price by bar, NaN where there is none."""
        return np.full(self.size, np.nan) if self.settlement_eur_mwh is None else np.asarray(self.settlement_eur_mwh, dtype=np.float64)


def continuous_bars(starts_us: IntArray, minutes: int, price_eur_mwh: FloatArray, volume_mwh: FloatArray | None = None) -> Bars:
    """Bars of a continuous market: orders count until a bar begins, its price is known when it ends."""
    starts = np.asarray(starts_us, dtype=np.int64)
    return Bars(starts, starts + minutes * MICROSECONDS_PER_MINUTE, np.asarray(price_eur_mwh, dtype=np.float64), volume_mwh=volume_mwh)


def auction_bars(gate_us: IntArray, published_us: IntArray, auction_eur_mwh: FloatArray, second_eur_mwh: FloatArray) -> Bars:
    """Every delivery interval as a contract of its own: opened at the auction's price, settled at the second price."""
    return Bars(gate_us, published_us, auction_eur_mwh, contract=np.arange(np.size(gate_us)), settlement_eur_mwh=second_eur_mwh)


@dataclass(frozen=True)
class Decisions:
    """Positions wanted, and when that was known.

    Attributes
    ----------
    known_us : array of int64, shape (K,)
        When each decision was known; rising or equal.
    target_mwh : array, shape (K,)
        Position wanted; NaN keeps the order before.
    for_bar : array of int64, optional
        The bar each decision is for (one contract each). Then no order stands for other bars,
        and a decision later than its bar's gate is an error, not a late fill.
    """

    known_us: IntArray
    target_mwh: FloatArray
    for_bar: IntArray | None = None


@dataclass(frozen=True)
class Terms:
    """What trading is allowed and costs.

    Attributes
    ----------
    limit_mwh : float
        Largest position, long or short.
    capital_eur, margin_eur_mwh : float
        With a margin, |position| <= equity / margin whenever a bar is tradable.
    """

    costs: Costs = NO_COSTS
    limit_mwh: float = float("inf")
    capital_eur: float = 0.0
    margin_eur_mwh: float = 0.0


@dataclass(frozen=True)
class Path:
    """What a run did, bar by bar.

    Attributes
    ----------
    position_mwh : array, shape (T,)
        After the bar's trade, before delivery.
    traded_mwh, gross_eur, cost_eur, delivered_mwh : array, shape (T,)
    price_eur_mwh : array, shape (T,)
        The bars' prices, for the table of trades.
    """

    position_mwh: FloatArray
    traded_mwh: FloatArray
    gross_eur: FloatArray
    cost_eur: FloatArray
    delivered_mwh: FloatArray
    price_eur_mwh: FloatArray = field(repr=False)

    @property
    def net_eur(self) -> FloatArray:
        """Gross less costs, by bar."""
        return self.gross_eur - self.cost_eur

    @property
    def equity_eur(self) -> FloatArray:
        """Running sum of the net."""
        return np.cumsum(self.net_eur)

    @property
    def drawdown_eur(self) -> FloatArray:
        """Peak of equity so far (at least 0) less equity; not negative."""
        equity = self.equity_eur
        return np.maximum(np.maximum.accumulate(equity), 0.0) - equity


@dataclass(frozen=True)
class Rule:
    """Threshold rule on a feature z: enter at |z| >= entry, leave when z is back at `exit`, stop at `stop`.

    Attributes
    ----------
    direction : int
        -1 trades against z (mean reversion), +1 with it (momentum).
    stop : float
        Leave when |z| on the side of entry reaches it, and stay out until z is back at `exit`.
    size_mwh, mwh_per_z : float
        Fixed size, or K of size = K |z| at entry.
    feature : int
        Which row of the features.
    """

    entry: float
    exit: float
    stop: float = float("inf")
    direction: int = -1
    size_mwh: float = 1.0
    mwh_per_z: float = 0.0
    feature: int = 0

    def row(self) -> list[float]:
        """As the loop takes it."""
        return [float(self.feature), float(self.direction), self.entry, self.exit, self.stop, self.size_mwh, self.mwh_per_z]


def fill_source(bars: Bars, known_us: IntArray) -> IntArray:
    """Index of the latest decision known by each bar's gate, `NONE` before the first.

    Raises
    ------
    ValueError
        Decisions are not in order of knowledge.
    """
    known = np.asarray(known_us, dtype=np.int64)
    if np.any(np.diff(known) < 0):
        raise ValueError("decisions are listed by the instant they were known")
    return np.searchsorted(known, bars.gate_us, side="right").astype(np.int64) - 1


def known_with_price(bars: Bars) -> IntArray:
    """When a decision that uses each bar's price can be known: with that price, after the bar's gate."""
    return np.maximum.accumulate(np.asarray(bars.price_known_us, dtype=np.int64))


def run(bars: Bars, decisions: Decisions, terms: Terms | None = None) -> Path:
    """Trade one set of targets through the bars."""
    terms = terms or Terms()
    source, targets = _orders(bars, decisions)
    volume = np.full(bars.size, np.inf) if bars.volume_mwh is None else np.asarray(bars.volume_mwh, dtype=np.float64)
    limits = np.array([terms.limit_mwh, terms.capital_eur, terms.margin_eur_mwh])
    numbers, tiers = cost_terms(terms.costs)
    out = np.zeros((5, bars.size))
    price = np.ascontiguousarray(bars.price_eur_mwh, dtype=np.float64)
    one_path(price, bars.last_bar, bars.settlement, volume, source, targets, limits, numbers, tiers, out)
    position, traded, gross, cost, delivered = out
    return Path(position, traded, gross, cost, delivered, price)


def _orders(bars: Bars, decisions: Decisions) -> tuple[IntArray, FloatArray]:
    targets = np.ascontiguousarray(decisions.target_mwh, dtype=np.float64)
    if targets.shape != np.shape(decisions.known_us):
        raise ValueError(f"{targets.shape} targets for {np.shape(decisions.known_us)} instants")
    if decisions.for_bar is None:
        return fill_source(bars, decisions.known_us), _kept(targets)
    late = np.flatnonzero(decisions.known_us > bars.gate_us[decisions.for_bar])
    if late.size:
        raise LookAheadError(f"{late.size} decisions were known after the gate of the bar they are for, the first is decision {late[0]}")
    standing = np.zeros(bars.size)
    standing[decisions.for_bar] = np.where(np.isnan(targets), 0.0, targets)
    return np.arange(bars.size, dtype=np.int64), standing


def _kept(targets: FloatArray) -> FloatArray:
    """Every NaN replaced by the wish before it."""
    known = np.maximum.accumulate(np.where(np.isnan(targets), -1, np.arange(targets.size))) if targets.size else np.zeros(0, dtype=np.int64)
    return np.where(known >= 0, targets[np.maximum(known, 0)], np.nan)


def rule_targets(feature: FloatArray, rule: Rule, limit_mwh: float = float("inf")) -> FloatArray:
    """Position a rule wants after each value of its feature [MWh].

    >>> rule_targets(np.array([0.0, 2.5, 1.0, 0.2, -3.0]), Rule(2.0, 0.5)).tolist()
    [0.0, -1.0, -1.0, 0.0, 1.0]
    """
    z, out = np.ascontiguousarray(feature, dtype=np.float64), np.zeros(np.size(feature))
    rule_states(z, np.array(rule.row()), limit_mwh, out)
    return out


def sweep(bars: Bars, features: FloatArray, rules: Sequence[Rule], period: IntArray, terms: Terms | None = None) -> dict[str, FloatArray]:
    """Many threshold rules over the same bars; memory does not grow with the number of rules.

    Parameters
    ----------
    features : array, shape (F, T)
        A value per bar, known with that bar's price; NaN decides nothing.
    rules : sequence of Rule
    period : array of int64, shape (T,)
        Period of each bar, rising: Sharpe ratios and drawdowns are of periods (days), not of bars.

    Returns
    -------
    dict of arrays, a value a rule: net_eur, gross_eur, cost_eur, traded_mwh, orders, bars_held,
    drawdown_eur, mean_eur and deviation_eur (per period, divisor n - 1).

    Raises
    ------
    ValueError
        Margins and partial fills are asked for: `run` has them, the sweep does not.
    """
    terms = terms or Terms()
    if terms.margin_eur_mwh > 0 or bars.volume_mwh is not None:
        raise ValueError("a sweep knows no margin and no partial fill -> run the rules one by one (`run`)")
    table = np.array([rule.row() for rule in rules])
    if np.any(table[:, [SIZE, SCALE]] < 0):
        raise ValueError("sizes are not negative; direction says against or with")
    grid = np.ascontiguousarray(np.atleast_2d(features), dtype=np.float64)
    edges = np.concatenate([[0], np.flatnonzero(np.diff(period)) + 1, [bars.size]]).astype(np.int64)
    price = np.ascontiguousarray(bars.price_eur_mwh, dtype=np.float64)
    mark, settled, ends, last = _marks(bars, price)
    known, open_ = known_with_price(bars), ~np.isnan(price)
    numbers, tiers = cost_terms(terms.costs)
    out = np.zeros((table.shape[0], 8))
    if ends.any():
        source = fill_source(bars, known)
        sweep_contracts(last, mark, open_, settled, ends, source, grid, edges, table, numbers, tiers, terms.limit_mwh, out)
    else:
        next_open = np.minimum.accumulate(np.append(np.where(open_, np.arange(bars.size), bars.size), bars.size)[::-1])[::-1]
        fill = next_open[np.searchsorted(bars.gate_us, known, side="left")]
        day_of = np.repeat(np.arange(edges.size - 1), np.diff(edges))
        sweep_rules(last, fill, day_of, edges[1:].copy(), grid, table, numbers, tiers, terms.limit_mwh, out)
    names = ("net_eur", "squares", "gross_eur", "cost_eur", "traded_mwh", "orders", "bars_held", "drawdown_eur")
    n = edges.size - 1
    found = dict(zip(names, out.T, strict=True))
    found["mean_eur"] = found["net_eur"] / n
    squares = found.pop("squares")
    found["deviation_eur"] = np.sqrt(np.maximum((squares - n * found["mean_eur"] ** 2) / max(n - 1, 1), 0.0))
    return found


def _marks(bars: Bars, price: FloatArray) -> tuple[FloatArray, FloatArray, np.ndarray, FloatArray]:
    """Per MWh held: change of price into each bar, settlement at its end; ends of contracts; last price known."""
    index = np.maximum.accumulate(np.where(np.isnan(price), 0, np.arange(price.size)))
    last = np.where(np.isnan(price[index]), 0.0, price[index])
    mark = np.concatenate([[0.0], np.diff(last)])
    ends, settlement = bars.last_bar, bars.settlement
    # The last bar is an end only where something settles there.
    ends = ends & ~(np.isnan(settlement) & (np.arange(price.size) == price.size - 1))
    mark[1:][ends[:-1]] = 0.0
    settled = np.where(ends, settlement - last, 0.0)
    return mark, settled, ends, last
