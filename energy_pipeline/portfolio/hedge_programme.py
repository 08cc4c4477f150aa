"""The table `hedge_programme`: what the desk hedges by its programme, what its views may trade, and what the programme is worth.

What belongs here: targets, the programme's trades, its effectiveness, skill against the quote, room of the views. What does not: the
views' trades, which the day's optimiser decides (`decision`), results (`view_results`).

The programme chooses on one half of the scenarios (every second one) and is judged on the other: effectiveness is 1 - variance of the book
with the programme's positions / without, and the same of the CVaR. What is held counts as part of the programme: the trade fills the rest.

A view's edge is k (published mean - quote). k is the slope of what a block earned against its quote on what was expected, over the
settled days known now, times t^2 / (1 + t^2), between 0 and 1; 0 with too few days, a t below `minimum_t`, or against a declared proxy.
The room of a view is the smaller of `max_mw` and an equal part of `es_eur` over the shortfall of one MW: shortfalls add up to at least
that of their sum, so the views together keep the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.book.hedges import Hedge, block_profile
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.valued import zone_pnl_eur
from energy_pipeline.contracts import table
from energy_pipeline.desk.hedging import HedgeTarget, Hedging, Views
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import information_lookup, interval_values
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.contract_columns import ProgrammeTrade, hedge_gain
from energy_pipeline.portfolio.decision import Case, standing_of
from energy_pipeline.portfolio.program import K_EUR

BOOK = "book"
NEGLIGIBLE_MW = 1e-9


@dataclass(frozen=True)
class Skill:
    """What past expectations against a quote were worth.

    Attributes
    ----------
    trust : float
        k, 0..1.
    t : float or None
        Of the slope, with errors of unequal size; None under two days.
    days : int
    """

    trust: float
    t: float | None
    days: int


@dataclass(frozen=True)
class Programme:
    """Positions of the programme in the day's contracts.

    Attributes
    ----------
    target, position : arrays, shape (contracts,)
        [MW], sold is negative; NaN where the programme has no target.
    tracking_error_eur : float
        Standard deviation of the P&L against the targets', on the judging half.
    effectiveness, tail_effectiveness : float or None
        On the judging half; None without risk.
    note : str
    """

    target: FloatArray
    position: FloatArray
    tracking_error_eur: float
    effectiveness: float | None
    tail_effectiveness: float | None
    judged: int
    note: str


def hedge_programme(case: Case, dispatch: pl.DataFrame, deals: pl.DataFrame, errors: Sequence[ErrorHistory], info: InformationSet) -> pl.DataFrame:
    """Rows of the table; empty for a desk without `hedging`.

    Parameters
    ----------
    case : Case
        The day's problem without programme.
    deals : frame of deals
    errors : sequence of ErrorHistory
        Of day-ahead prices: what the published means of past days missed.
    """
    hedging = case.desk.hedging
    if hedging is None:
        return table("hedge_programme").frame()
    found = chosen(case, dispatch, hedging)
    rows = []
    for i, hedge in enumerate(case.tradable):
        skill = skill_of(info, hedge, errors, hedging.views)
        rows.append(_row(case, hedge, found, i, skill))
    shown = _with_rooms(case, hedging.views, rows)
    shown += [_untraded(case, target) for target in hedging.programme if target.tenor == "day" and _scope(target) not in _scopes(case)]
    shown += [_later(case, target, deals) for target in hedging.programme if target.tenor != "day"]
    shown.append(_book_row(case, hedging, found))
    day = {"delivery_day": case.day.day}
    return table("hedge_programme").frame([day | r for r in shown]).sort("zone", "block", "tenor", maintain_order=True)


def chosen(case: Case, dispatch: pl.DataFrame, hedging: Hedging) -> Programme:
    """The programme's positions, chosen on every second scenario and judged on the others."""
    hedges = case.tradable
    named = {(t.zone, t.block): t for t in hedging.programme if t.tenor == "day"}
    wanted = [named.get((h.zone, h.block)) for h in hedges]
    target = np.array([np.nan if t is None else target_mw(case.day, t, case.outlooks[t.zone]) for t in wanted], dtype=np.float64)
    opening = np.array([h.opening_mw for h in hedges], dtype=np.float64)
    gains = np.column_stack([np.zeros((_paths(case), 0)), *(hedge_gain(case.day, h, case.outlooks[h.zone]) for h in hedges)])
    physical = _without(case, dispatch, hedges)
    position, note = _positions(case, hedging, target, opening, gains[::2], physical[::2])
    aim = np.where(np.isnan(target), opening, target)
    rest, fresh = gains[1::2], physical[1::2]
    held = np.where(np.isnan(target), 0.0, position)
    alone, both = fresh, fresh + np.einsum("ij,j->i", rest, held)
    return Programme(
        target=target,
        position=position,
        tracking_error_eur=float(np.einsum("ij,j->i", rest, position - aim).std(ddof=1)) if len(rest) > 1 else 0.0,
        effectiveness=_less(alone.var(), both.var()),
        tail_effectiveness=_less(*(expected_shortfall(p.mean() - p, case.desk.portfolio.confidence) for p in (alone, both))) if len(rest) else None,
        judged=len(rest),
        note=note,
    )


def _less(before: float, after: float) -> float | None:
    return 1.0 - float(after) / float(before) if before > 0 else None


def _paths(case: Case) -> int:
    return int(case.program.base.size)


def target_mw(day: DeliveryDay, target: HedgeTarget, outlook: ZoneOutlook) -> float:
    """The position a target asks for [MW]: its own, or minus its ratio of the mean expected output of the block's hours."""
    if target.position_mw is not None:
        return target.position_mw
    inside = block_profile(target.block, day, outlook.grid.minutes) > 0
    return -float(target.ratio or 0.0) * max(float(outlook.expected_mw[inside].mean()), 0.0)


def _without(case: Case, dispatch: pl.DataFrame, hedges: Iterable[Hedge]) -> FloatArray:
    """P&L per scenario [EUR] of the book without what is held of the programme's contracts."""
    total = np.zeros(_paths(case))
    for outlook in case.outlooks.values():
        book = standing_of(case.desk, case.day, outlook, [h for h in case.hedges if h not in hedges], dispatch)
        total = total + zone_pnl_eur(book, outlook)
    return total


def _positions(
    case: Case, hedging: Hedging, target: FloatArray, opening: FloatArray, gains: FloatArray, physical: FloatArray
) -> tuple[FloatArray, str]:
    """Positions after the programme's trades; a contract without a target stays as it is held."""
    from energy_pipeline.mathematics import allocation as al

    free = ~np.isnan(target)
    if not free.any():
        return opening, ""
    room = np.where(free, [h.max_trade_mw for h in case.tradable], 0.0)
    low, high = opening - room, opening + room
    aim = np.where(free, target, opening)
    if hedging.objective == "tracking_error":
        reached, base = np.clip(aim, low, high), -np.einsum("ij,j->i", gains, aim)
        if case.program.gross_room is None or float(np.abs(reached).sum()) <= case.program.gross_room:
            lacking = np.abs(reached - aim).max() > NEGLIGIBLE_MW
            return reached, "max_trade_mw keeps it from its target" if lacking else ""
    else:
        base = physical
    low, high = np.maximum(low, np.minimum(aim, opening)), np.minimum(high, np.maximum(aim, opening))  # never more than it is asked to
    limits: list[al.Bounds | al.Gross] = [al.Bounds("max_trade_mw", low, high)]
    if case.program.gross_room is not None:
        limits.append(al.Gross("gross_contracts_mw", case.program.gross_room, np.ones(target.size)))
    problem = al.Problem(names=tuple(h.scope for h in case.tradable), scenarios=gains / K_EUR, base=base / K_EUR, limits=tuple(limits))
    try:
        return al.solve(problem, al.MinVariance()).positions, "" if hedging.objective == "least_variance" else "gross_contracts_mw binds"
    except (InfeasibleError, al.AllocationError) as error:
        return opening, f"no trade: {error}"


def skill_of(info: InformationSet, hedge: Hedge, errors: Sequence[ErrorHistory], views: Views | None) -> Skill:
    """K of a contract from the settled days known now."""
    if views is None or hedge.quote_is_proxy:
        return Skill(0.0, None, 0)
    own = next((e for e in errors if e.kind == "day_ahead_price" and e.name == hedge.zone), None)
    expected, earned = _against_quotes(info, hedge, own) if own is not None else (np.zeros(0), np.zeros(0))
    if expected.size < 2 or not expected.any():
        return Skill(0.0, None, int(expected.size))
    slope, t = slope_of(expected, earned)
    return Skill(trust_of(slope, t, int(expected.size), views), t, int(expected.size))


def trust_of(slope: float, t: float, days: int, views: Views) -> float:
    """K of a slope and its t.

    >>> trust_of(0.8, 2.0, 40, Views(max_mw=1.0)), trust_of(0.8, 2.0, 9, Views(max_mw=1.0))
    (0.64, 0.0)
    """
    known = days >= views.minimum_days and t >= views.minimum_t
    return float(np.clip(slope * t * t / (1.0 + t * t), 0.0, 1.0)) if known else 0.0


def slope_of(expected: FloatArray, earned: FloatArray) -> tuple[float, float]:
    """Slope through 0 of what was earned on what was expected, and its t (White's error, n / (n - 1)).

    >>> slope_of(np.array([1.0, -1.0, 2.0]), np.array([0.5, -0.5, 1.0]))[0]
    0.5
    """
    squares = float((expected * expected).sum())
    slope = float((expected * earned).sum()) / squares
    rest = earned - slope * expected
    error = float(np.sqrt((expected**2 * rest**2).sum() * expected.size / max(expected.size - 1, 1))) / squares
    return slope, slope / error if error > 1e-12 * abs(slope) else float(np.copysign(1e6, slope)) if slope else 0.0


def _against_quotes(info: InformationSet, hedge: Hedge, own: ErrorHistory) -> tuple[FloatArray, FloatArray]:
    """Published mean less quote, and price less quote, of past days that had both [EUR/MWh]."""
    lookup = information_lookup(info, "day_ahead_prices", zone=hedge.zone)
    expected, earned = [], []
    for day, missed in zip(own.days, own.errors, strict=True):
        quote = block_quotes(info.at(day)).get((hedge.zone, hedge.block))
        delivery = info.desk.delivery_day(day)
        profile = block_profile(hedge.block, delivery, own.resolution_minutes) > 0
        if quote is None or not profile.any():
            continue
        price = interval_values(lookup, "price_eur_mwh", delivery.interval_starts_us(own.resolution_minutes), own.resolution_minutes)[profile]
        error = missed[delivery.slots(own.resolution_minutes)][profile]
        both = np.isfinite(price) & np.isfinite(error)
        if both.all():
            expected.append(float((price - error).mean()) - quote)
            earned.append(float(price.mean()) - quote)
    return np.array(expected), np.array(earned)


def block_quotes(info: InformationSet) -> Mapping[tuple[str, str], float]:
    """Mid quotes of the day's contracts that are no proxies, as visible at its decision [EUR/MWh]."""

    def make() -> dict[tuple[str, str], float]:
        rows = info.frame("forward_quotes").filter(pl.col("delivery_day") == info.day.day, ~pl.col("is_proxy"))
        return {(r["zone"], r["contract"]): float(r["price_eur_mwh"]) for r in rows.to_dicts()}

    return info.kept("block_quotes", make=make)


def _row(case: Case, hedge: Hedge, found: Programme, i: int, skill: Skill) -> dict[str, object]:
    outlook, target = case.outlooks[hedge.zone], float(found.target[i])
    inside = block_profile(hedge.block, case.day, outlook.grid.minutes) > 0
    expected = float(outlook.expected_mw[inside].mean())
    mid = hedge.mid_eur_mwh or 0.0
    position = float(found.position[i])
    return {
        "zone": hedge.zone,
        "block": hedge.block,
        "tenor": "day",
        "target_mw": None if np.isnan(target) else target,
        "held_mw": hedge.opening_mw,
        "programme_mw": position - hedge.opening_mw if abs(position - hedge.opening_mw) > NEGLIGIBLE_MW else 0.0,
        "ratio": -position / expected if expected > 0 else None,
        "quote_eur_mwh": hedge.mid_eur_mwh,
        "edge_eur_mwh": float(outlook.price.mean(axis=0)[inside].mean()) - mid,
        "trust": skill.trust,
        "skill_t": skill.t,
        "skill_days": skill.days,
        "view_limit_mw": 0.0,
        "note": found.note if not np.isnan(target) else "no target: what is held stays",
    }


def _with_rooms(case: Case, views: Views | None, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows with the room of each view: nothing where k is 0."""
    trusted = [i for i, r in enumerate(rows) if float(str(r["trust"])) > 0.0]
    if views is None or not trusted:
        return rows
    shown = list(rows)
    for i in trusted:
        hedge, most = case.tradable[i], views.max_mw
        gain = hedge_gain(case.day, hedge, case.outlooks[hedge.zone])
        worst = max(expected_shortfall(sign * (gain.mean() - gain), case.desk.limits.es_level) for sign in (1.0, -1.0))
        if views.es_eur is not None and worst > 0:
            most = min(most, views.es_eur / len(trusted) / worst)
        shown[i] = {**rows[i], "view_limit_mw": most}
    return shown


def _scope(target: HedgeTarget) -> str:
    return f"{target.zone} {target.block}"


def _scopes(case: Case) -> set[str]:
    return {h.scope for h in case.tradable}


def _untraded(case: Case, target: HedgeTarget) -> dict[str, object]:
    """A target whose contract has no quote today, or does not deliver: what is held stays, and the row says so."""
    held = sum((h.opening_mw for h in case.hedges if h.scope == _scope(target)), 0.0)
    outlook = case.outlooks.get(target.zone)
    delivers = outlook is not None and bool((block_profile(target.block, case.day, outlook.grid.minutes) > 0).any())
    where = {"zone": target.zone, "block": target.block, "tenor": "day", "held_mw": held}
    wanted = target_mw(case.day, target, outlook) if outlook is not None and delivers else target.position_mw
    told = "no quote today: nothing is traded" if delivers else "the block does not deliver on the day"
    return {**where, "target_mw": wanted, "programme_mw": 0.0, "trust": 0.0, "skill_days": 0, "view_limit_mw": 0.0, "note": told}


def _later(case: Case, target: HedgeTarget, deals: pl.DataFrame) -> dict[str, object]:
    """A tenor that the day's decision does not trade: what is held of the nearest such period that has not begun, and what is lacking."""
    own = deals.filter(
        pl.col("zone") == target.zone, pl.col("block") == target.block, pl.col("tenor") == target.tenor, pl.col("first_day") > case.day.day
    )
    nearest = own.filter(pl.col("first_day") == pl.col("first_day").min())
    held = float(nearest["position_mw"].sum())
    lacking = float(target.position_mw or 0.0) - held
    told = (
        f"{lacking:+.1f} MW to its target; forward_book_proposals has the trade; add it to the ledger when done"
        if abs(lacking) > NEGLIGIBLE_MW
        else ""
    )
    where = {"zone": target.zone, "block": target.block, "tenor": target.tenor, "target_mw": target.position_mw, "held_mw": held}
    return {**where, "programme_mw": 0.0, "trust": 0.0, "skill_days": 0, "view_limit_mw": 0.0, "note": told}


def _book_row(case: Case, hedging: Hedging, found: Programme) -> dict[str, object]:
    return {
        "zone": BOOK,
        "block": "",
        "tenor": "day",
        "held_mw": float(sum(h.opening_mw for h in case.tradable)),
        "programme_mw": float((found.position - [h.opening_mw for h in case.tradable]).sum()) if case.tradable else 0.0,
        "trust": 0.0,
        "skill_days": 0,
        "view_limit_mw": 0.0,
        "tracking_error_eur": found.tracking_error_eur,
        "effectiveness": found.effectiveness,
        "tail_effectiveness": found.tail_effectiveness,
        "judged_paths": found.judged,
        "view_es_limit_eur": None if hedging.views is None else hedging.views.es_eur,
        "note": hedging.objective,
    }


def programme_of(rows: pl.DataFrame) -> dict[str, ProgrammeTrade] | None:
    """What `decision.case_of` takes of the table, by contract; None without rows."""
    if rows.height == 0:
        return None
    own = rows.filter(pl.col("tenor") == "day", pl.col("zone") != BOOK)
    return {f"{r['zone']} {r['block']}": ProgrammeTrade(r["programme_mw"], r["view_limit_mw"], r["trust"]) for r in own.to_dicts()}
