"""The day's decision: sales per zone and interval, hedges per contract.

What belongs here: from the stage's inputs to a `Program`, and from its optimum to the
book. What does not: the solver (`cuts`), the P&L (`pnl`), the tables' shape (`positions`).

Rules of feasibility. A deviation s - E[g | gate] stays between 0 and what the tradable
signals ask for, within the desk's limit; without a second price it is exactly 0. Trades
need a visible quote. The opening book may break `gross_contracts_mw` by more than the
day's trades can repair: that limit is hard, and an `InfeasibleError` names it and the
smallest relaxation. `es_eur` is soft: a day whose output is risky in itself must still be
sold, so it is relaxed to the smallest shortfall possible, the status says `relaxed` with
the amount, and the limits table shows it red.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.grid import on_grid
from energy_pipeline.book.hedges import Hedge, block_profile, day_hedges
from energy_pipeline.book.outlook import Acting, ZoneOutlook, zone_outlooks
from energy_pipeline.book.pnl import HedgeLeg, ZoneBook, at_fair_value
from energy_pipeline.book.positions import (
    DAY_AHEAD,
    SAME_MW,
    Book,
    ShadowPrices,
    contract_rows,
    day_ahead_rows,
    format_shadow_prices,
    schedule_cost_eur,
)
from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.book.trading_costs import charge_of_zones
from energy_pipeline.book.valued import book_of_day, outlook_legs, zone_pnl_eur
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk
from energy_pipeline.portfolio.chosen import Chosen, choose, worth_of
from energy_pipeline.portfolio.contract_columns import NO_VIEW, ProgrammeTrade, benchmark_position, contract_columns, doubt_eur, programme_legs
from energy_pipeline.portfolio.day_limits import further_limits, gross_room, stress_rows
from energy_pipeline.portfolio.program import K_EUR, Program
from energy_pipeline.portfolio.tangents import Optimum
from energy_pipeline.portfolio.week_paths import week_rows

BINDS_EUR = 1e-6
"""A limit binds when one more unit of it would gain more than this [EUR]."""


@dataclass(frozen=True)
class Deviation:
    """What a zone may sell beyond its expected output, s - E[g | gate].

    Attributes
    ----------
    lower_mw, upper_mw : arrays, shape (intervals,)
        Box of the deviation.
    by_limit : array of bool, shape (intervals,)
        True where the desk's limit rather than the signal sets the box.
    """

    lower_mw: FloatArray
    upper_mw: FloatArray
    by_limit: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def free(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Intervals where there is a choice."""
        return self.upper_mw > self.lower_mw


@dataclass(frozen=True)
class Case:
    """A day's decision problem, with what is needed to read its solution."""

    desk: Desk
    day: DeliveryDay
    outlooks: dict[str, ZoneOutlook]
    deviations: dict[str, Deviation]
    hedges: tuple[Hedge, ...]
    program: Program
    is_joint: bool = False

    @property
    def tradable(self) -> tuple[Hedge, ...]:
        """Contracts that can be traded today."""
        return tuple(h for h in self.hedges if h.max_trade_mw > 0)

    def decided(self, positions: pl.DataFrame) -> FloatArray:
        """The positions table as variables of the programme [MW]."""
        sold, trades = [np.zeros(0)], []
        for zone, deviation in self.deviations.items():
            rows = positions.filter(pl.col("zone") == zone, pl.col("instrument") == DAY_AHEAD).sort("delivery_start")
            sold.append((-rows["position_mw"].to_numpy() - rows["expected_output_mw"].to_numpy())[deviation.free])
        for hedge in self.tradable:
            rows = positions.filter(pl.col("zone") == hedge.zone, pl.col("instrument") == hedge.block)
            trades.append(float(rows["traded_mw"][0]) - hedge.programme_mw)
        change = np.array(trades)
        return np.concatenate([*sold, np.maximum(change, 0.0), np.maximum(-change, 0.0)])


def optimise(
    info: InformationSet,
    scenario_paths: pl.DataFrame,
    price_forecasts: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    signals: pl.DataFrame,
) -> Book:
    """The book of the day by the desk's objective (max E[P&L] - risk_aversion x CVaR of the loss, unless it says otherwise).

    It is found over the scenarios, under the limits. A hedge at a declared proxy quote counts as entered at the scenarios' mean price, less
    the half-spread: it may reduce risk, but no view is taken against a proxy. The limit
    `es_eur` is on the shortfall against the expected day. The imbalance fee c |g - s| is exact in every scenario, mean and tail alike (see
    `cuts`; for variance and mean absolute deviation `chosen`); the reported measures come from the P&L kernel on the decided positions.

    Parameters
    ----------
    info : InformationSet
        Of the delivery day; gives the desk and the visible forward quotes.
    scenario_paths, price_forecasts, plant_output, dispatch, signals : frames
        Tables of that name for the day.

    Returns
    -------
    Book

    Raises
    ------
    InfeasibleError
        When the opening book breaks `gross_contracts_mw` beyond repair.
    MissingDayError
        When a zone with a position lacks scenarios, a plant its output or an asset its schedule.
    """
    return book_of(case_of(info, scenario_paths, plant_output, dispatch, signals), price_forecasts, dispatch)


def case_of(
    info: InformationSet,
    scenario_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    signals: pl.DataFrame,
    acting: Sequence[Acting] = (),
    programme: Mapping[str, ProgrammeTrade] | None = None,
    sets: pl.DataFrame | None = None,
) -> Case:
    """The day's decision problem, with the stores that act on prices as they come; parameters and errors as in `optimise`.

    `programme` has by contract what the hedge programme trades and views may trade; left out, the contracts are the optimiser's.
    `sets` is the frame of scenario_sets, for objectives that look at the week.
    """
    desk, day = info.desk, info.day
    hedges = tuple(h for h in day_hedges(desk, day, info.frame("forward_quotes")) if h.opening or h.mid_eur_mwh is not None)
    if programme is not None:
        hedges = tuple(replace(h, **programme.get(h.scope, NO_VIEW)._asdict()) for h in hedges)
    auction_zones = _auction_zones(desk, plant_output, dispatch, signals)
    zones = [z for z in desk.zones if z in auction_zones or any(h.zone == z for h in hedges)]
    outlooks = zone_outlooks(desk, day, zones, scenario_paths, plant_output, dispatch, acting)
    deviations = {z: _deviation(desk, outlooks[z], signals) for z in zones if z in auction_zones}
    return Case(desk, day, outlooks, deviations, hedges, _program(desk, day, outlooks, deviations, hedges, dispatch, sets))


def pinned(case: Case, trades_mw: Mapping[str, float]) -> Case:
    """The case of a book that was decided elsewhere (`joint_day`): these trades by contract, and no deviation."""
    mw = np.array([trades_mw.get(h.scope, 0.0) for h in case.tradable])
    x = np.concatenate([np.zeros(case.program.deviations), np.maximum(mw, 0.0), np.maximum(-mw, 0.0)])
    return replace(case, program=replace(case.program, lower=x, upper=x), is_joint=True)


def book_of(case: Case, price_forecasts: pl.DataFrame, dispatch: pl.DataFrame) -> Book:
    """The best book of a case, with its explanation."""
    chosen = choose(case.desk, case.program)
    positions = _positions(case, chosen.optimum, price_forecasts)
    prices = _shadow_prices(case, chosen.optimum)
    if case.is_joint:  # its limits and their worth stand in the table joint_book
        prices = dict.fromkeys(prices, 0.0)
    return Book(positions, _solution(case, chosen, positions, dispatch, prices), prices)


def _auction_zones(desk: Desk, plant_output: pl.DataFrame, dispatch: pl.DataFrame, signals: pl.DataFrame) -> set[str]:
    """Zones with plants, assets or tradable signals."""
    owned = {p.zone for p in desk.plants.values()} | {a.zone for a in desk.assets.values()}
    frames = (plant_output, dispatch, signals.filter(pl.col("label") == "tradable"))
    return owned.union(*(frame["zone"].unique().to_list() for frame in frames))


def _deviation(desk: Desk, outlook: ZoneOutlook, signals: pl.DataFrame) -> Deviation:
    """The box of s - E of a zone: between 0 and minus the summed targets, cut at the desk's limit."""
    size = outlook.grid.size
    target = np.zeros(size)
    rows = signals.filter(pl.col("zone") == outlook.zone, pl.col("label") == "tradable").sort("strategy", "delivery_start")
    for part in rows.partition_by("strategy", maintain_order=True):
        target = target + np.nan_to_num(on_grid(part, "target_mw", outlook.grid))  # no row: the strategy wants nothing
    limit = desk.limits.day_ahead_deviation_mw.get(outlook.zone, 0.0)
    if not outlook.has_second or desk.zones[outlook.zone].second_price.kind == "none":
        limit = 0.0
    wanted = -target  # a target is MW bought, a deviation MW sold
    return Deviation(
        lower_mw=np.maximum(np.minimum(wanted, 0.0), -limit),
        upper_mw=np.minimum(np.maximum(wanted, 0.0), limit),
        by_limit=np.abs(wanted) > limit,
    )


def _program(
    desk: Desk,
    day: DeliveryDay,
    outlooks: dict[str, ZoneOutlook],
    deviations: dict[str, Deviation],
    hedges: Sequence[Hedge],
    dispatch: pl.DataFrame,
    sets: pl.DataFrame | None,
) -> Program:
    columns = [_deviation_columns(desk, outlooks[z], deviations[z]) for z in deviations]
    tradable = [h for h in hedges if h.max_trade_mw > 0]
    bought = [contract_columns(day, h, outlooks[h.zone]) for h in tradable]
    count = next(iter(outlooks.values())).price.shape[0] if outlooks else desk.scenarios.paths
    empty = np.zeros((count, 0))
    buys, sells = ([pair[way][:, None] / K_EUR for pair in bought] for way in (0, 1))
    rooms = np.array([h.room_mw for h in tradable]).reshape(-1, 2)
    standing = {z: standing_of(desk, day, o, hedges, dispatch) for z, o in outlooks.items()}
    boxes = {z: (np.where(d.upper_mw > 0, d.upper_mw, d.lower_mw), d.free) for z, d in deviations.items()}
    alone = sets is None and desk.portfolio.objective != "min_stress"
    program = Program(
        base=sum((_base(standing[z], o, deviations.get(z)) for z, o in outlooks.items()), np.zeros(count)) / K_EUR,
        slope=np.concatenate([empty, *[c[0] for c in columns], *buys, *sells], axis=1),
        surprise=np.concatenate([empty, *[c[1] for c in columns]], axis=1),
        fee=np.concatenate([np.zeros(0), *[c[2] for c in columns]]),
        lower=np.concatenate([*[d.lower_mw[d.free] for d in deviations.values()], np.zeros(rooms.size)]),
        upper=np.concatenate([*[d.upper_mw[d.free] for d in deviations.values()], rooms[:, 0], rooms[:, 1]]),
        opening=np.array([h.held_mw for h in tradable]),
        gross_room=gross_room(desk, day, hedges),
        risk_aversion=desk.portfolio.risk_aversion,
        confidence=desk.portfolio.confidence,
        es_limit=None if desk.limits.es_eur is None else desk.limits.es_eur / K_EUR,
        es_level=desk.limits.es_level,
        further=further_limits(desk, day, outlooks, standing, boxes, hedges),
        charge=charge_of_zones(desk, {z: (side[f], outlooks[z].grid.hours, outlooks[z].price.mean(axis=0)[f]) for z, (side, f) in boxes.items()}),
        stress=None if alone else stress_rows(desk, day, outlooks, standing, boxes, hedges),
        benchmark=benchmark_position(desk, outlooks, tradable, sum(c[2].size for c in columns)),
        zones=(*(z for z, d in deviations.items() for _ in range(int(d.free.sum()))), *2 * tuple(h.zone for h in tradable)),
    )
    if sets is None:
        return program
    return replace(program, week=week_rows(desk, day, sets, outlooks, standing, boxes, tradable, program.charged_rate))


def _deviation_columns(desk: Desk, outlook: ZoneOutlook, deviation: Deviation) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P&L per MW [kEUR/MW], surprise g - E [MW] and fee [kEUR/MW] of a zone's free intervals."""
    free, hours = deviation.free, outlook.grid.hours
    slope = hours * (outlook.price - outlook.second)[:, free] / K_EUR
    fee = np.full(int(free.sum()), hours * desk.zones[outlook.zone].second_price.imbalance_fee_eur_mwh / K_EUR)
    return slope, (outlook.output_mw - outlook.expected_mw + outlook.rejected_mw)[:, free], fee


def standing_of(desk: Desk, day: DeliveryDay, outlook: ZoneOutlook, hedges: Sequence[Hedge], dispatch: pl.DataFrame) -> ZoneBook:
    """A zone's book when nothing is decided: the programme's trades are done."""
    grid, expected = outlook.grid, outlook.expected_mw
    legs = tuple(
        HedgeLeg(block_profile(h.block, day, grid.minutes) * o.position_mw, o.price_eur_mwh, o.is_proxy)
        for h in hedges
        if h.zone == outlook.zone
        for o in h.opening
    )
    done, spread = programme_legs(day, grid, [h for h in hedges if h.zone == outlook.zone])
    cost = schedule_cost_eur(outlook.zone, dispatch, grid) + spread
    fee = desk.zones[outlook.zone].second_price.imbalance_fee_eur_mwh
    return ZoneBook(grid.hours, expected, expected, cost, fee, (*legs, *done))


def _base(book: ZoneBook, outlook: ZoneOutlook, deviation: Deviation | None) -> FloatArray:
    """P&L of a zone per scenario [EUR] when nothing is decided, without the fees of its free intervals."""
    found = outlook_legs(at_fair_value(book, outlook.price), outlook)
    free = np.zeros(outlook.grid.size, dtype=bool) if deviation is None else deviation.free
    result: FloatArray = found.total().sum(axis=1) - found.imbalance_fee[:, free].sum(axis=1)
    return result


def _split(case: Case, x: FloatArray) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Variables as deviations per zone (free intervals) and (bought, sold) per contract scope."""
    per_zone, first = {}, 0
    for zone, deviation in case.deviations.items():
        count = int(deviation.free.sum())
        per_zone[zone] = x[first : first + count]
        first += count
    contracts = case.program.contracts
    return per_zone, {h.scope: x[[first + i, first + contracts + i]] for i, h in enumerate(case.tradable)}


def _positions(case: Case, optimum: Optimum, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    chosen, trades = _split(case, optimum.x)
    frames = [table("positions").frame()]
    for zone, deviation in case.deviations.items():
        outlook = case.outlooks[zone]
        free = np.zeros(outlook.grid.size)
        free[deviation.free] = chosen[zone]
        box = (deviation.lower_mw, deviation.upper_mw)
        price = _forecast_price(case.day, outlook, price_forecasts)
        frames.append(day_ahead_rows(case.day, zone, outlook.grid, outlook.expected_mw, outlook.expected_mw + free, box, price))
    for hedge in case.hedges:
        bought, sold = trades.get(hedge.scope, np.zeros(2))
        traded = float(bought - sold) + hedge.programme_mw
        frames.append(contract_rows(case.day, case.outlooks[hedge.zone].grid, hedge, 0.0 if abs(traded) < SAME_MW else traded))
    return pl.concat(frames).sort("zone", "instrument", "delivery_start")


def _forecast_price(day: DeliveryDay, outlook: ZoneOutlook, price_forecasts: pl.DataFrame) -> FloatArray:
    rows = published_forecast(price_forecasts, outlook.zone, day.day)
    price = on_grid(rows, "price_eur_mwh", outlook.grid)
    if np.isnan(price).any():
        raise MissingDayError("price_forecasts", [day.day], f"zone {outlook.zone} lacks ensemble forecasts of D; rerun forecasting")
    return price


def _shadow_prices(case: Case, optimum: Optimum) -> ShadowPrices:
    """Gain of the objective per unit of each limit of the optimisation [EUR per MW, EUR per EUR]."""
    prices: ShadowPrices = {}
    first = 0
    for zone, deviation in case.deviations.items():
        count = int(deviation.free.sum())
        side = (deviation.upper_mw[deviation.free] > 0).astype(np.int64)  # the side away from 0; 0 itself is no limit
        gain = optimum.box_price[np.arange(first, first + count), side]
        prices[("day_ahead_deviation_mw", zone)] = K_EUR * float(gain[deviation.by_limit[deviation.free]].sum())
        first += count
    for i, hedge in enumerate(case.tradable):
        upper = optimum.box_price[[first + i, first + case.program.contracts + i], 1]
        prices[("max_trade_mw" if hedge.view_limit_mw is None else "view_mw", hedge.scope)] = K_EUR * float(upper.sum())
    if case.desk.limits.gross_contracts_mw is not None:
        prices[("gross_contracts_mw", "book")] = K_EUR * optimum.gross_price
    if case.desk.limits.es_eur is not None:
        prices[("es_eur", "book")] = optimum.es_price
    further = case.program.further
    if further is not None and further.rows.size:
        prices[("worst_stress_eur", "book")] = 0.0 if optimum.further_price is None else float(optimum.further_price.sum())
    if further is not None and further.margin_mwh is not None and case.desk.risk.margin is not None:
        prices[("margin_eur", "book")] = K_EUR * optimum.margin_price / case.desk.risk.margin.eur_mwh
    return {key: value if value > BINDS_EUR else 0.0 for key, value in prices.items()}


def _solution(case: Case, chosen: Chosen, positions: pl.DataFrame, dispatch: pl.DataFrame, prices: ShadowPrices) -> pl.DataFrame:
    """The portfolio_solution row; measures from the P&L kernel on the decided positions."""
    settings, program = case.desk.portfolio, case.program
    pnl = np.zeros(program.base.size)
    for zone, book in book_of_day(case.desk, case.day, positions, dispatch, case.outlooks).fair.items():
        pnl = pnl + zone_pnl_eur(book, case.outlooks[zone])
    worth = chosen.worth or worth_of(case.desk, program)
    in_eur = worth.in_eur()
    row = {
        "delivery_day": case.day.day,
        "objective_name": settings.objective,
        "objective_eur": in_eur(_doubted(case, chosen.optimum.x) - pnl) + K_EUR * worth.tilted(chosen.optimum.x),
        "expected_pnl_eur": float(pnl.mean()),
        "cvar_eur": expected_shortfall(-pnl, settings.confidence),
        "var_eur": value_at_risk(-pnl, settings.confidence),
        "risk_aversion": settings.risk_aversion,
        "confidence": settings.confidence,
        "bound_eur": K_EUR * chosen.optimum.bound,
        "scenarios": pnl.size,
        "status": _status(case, chosen),
        "solver": chosen.solver,
        "binding_limits": ", ".join(f"{name} [{scope}]" for (name, scope), price in prices.items() if price > 0),
        "shadow_prices": format_shadow_prices(prices),
    }
    return table("portfolio_solution").frame([row])


def _doubted(case: Case, x: FloatArray) -> float:
    trades = _split(case, x)[1]
    return sum((doubt_eur(case.day, h, case.outlooks[h.zone]) * float(trades[h.scope] @ [1.0, -1.0]) for h in case.tradable), 0.0)


def _status(case: Case, chosen: Chosen) -> str:
    if case.is_joint:
        return "joint book"
    optimum, further, margin = chosen.optimum, case.program.further, case.desk.risk.margin
    told = []
    if further is not None and optimum.further_relaxed is not None:
        lacking = zip(further.names, optimum.further_relaxed.tolist(), strict=True)
        told += [f"{name} [{scope}] by {K_EUR * lack:.2f} EUR" for (name, scope), lack in lacking if lack > 0]
        if margin is not None and optimum.margin_relaxed > 0:
            told.append(f"margin_eur by {margin.eur_mwh * optimum.margin_relaxed:.2f} EUR")
    if optimum.es_relaxed_to is not None and case.program.es_limit is not None:
        told.append(f"es_eur by {K_EUR * (optimum.es_relaxed_to - case.program.es_limit):.2f} EUR")
    smallest = "the smallest" if chosen.exact else "near the smallest"
    return f"relaxed: {', '.join(told)}, {smallest} that the other limits allow" if told else "optimal"
