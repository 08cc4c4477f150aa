"""The desk's own day as a joint problem, and the table `joint_book`.

What belongs here: from scenarios and desk to problem and assets, the rows, and the answer as schedules and trades. What does
not: solving. Bids follow `dispatch` and `positions`; with `flexibility.orders: joint` those are the joint answer's on days on
which it is better on scenarios neither was made on, else this table says what deciding both at once would change.

Not decided here: plants, sold at their expected output, and the opening book. Decided: trades of
every contract with a visible quote, and the use of every battery; auction batteries as a
schedule at the day-ahead price (those that sell grid services keep to `dispatch`), sequential ones as a policy at the second price (the day-ahead
price where the zone has none); the starts and stops of tolling plants at the day-ahead price. What is to be sent is decided
narrower (`orders: joint`): a mix of policies is a schedule of a battery, but no policy of a store and no commitment of a plant, so
those keep what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.hedges import Hedge, block_profile, day_hedges
from energy_pipeline.book.outlook import Acting, ZoneOutlook, schedule_on, zone_outlooks
from energy_pipeline.book.pnl import HedgeLeg, ZoneBook, at_fair_value, zone_legs
from energy_pipeline.book.positions import SAME_MW, ShadowPrices, format_shadow_prices, schedule_cost_eur
from energy_pipeline.book.valued import outlook_legs
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import TollingRight
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.features.columns import last_settlements
from energy_pipeline.flexibility.sending import JointSchedules
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.statistics.tail import value_at_risk
from energy_pipeline.mathematics.stores.joint.book import JointBook, joint_book, measures, physical_prices_eur, sequential_book
from energy_pipeline.mathematics.stores.joint.columns import Policies, SchedulePolicies, SequentialPolicies
from energy_pipeline.mathematics.stores.joint.problem import Contracts, JointProblem, Limits
from energy_pipeline.mathematics.stores.joint.rights import TollingPolicies

PRICED_EUR = 1e-6
ACCEPTED_ERRORS = 2.0
"""The joint answer is accepted when its gain on fresh scenarios is more than this many of its standard errors: less may be noise."""


@dataclass(frozen=True)
class DayCase:
    """The problem of a day on one scenario set, with the assets that face it."""

    problem: JointProblem
    assets: tuple[Policies, ...]


def joint_book_table(
    info: InformationSet,
    scenario_paths: pl.DataFrame,
    fresh_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: Sequence[Acting] = (),
) -> pl.DataFrame:
    """Sequential and joint answer of D, table `joint_book`; no rows where there is nothing to decide.

    Parameters
    ----------
    scenario_paths, fresh_paths : DataFrame
        Two independent sets of the day: one to decide on, one to judge on.
    plant_output, dispatch : DataFrame
        Tables of the day.
    acting : sequence of Acting
        Stores that act on prices as they come; with `orders: joint` they are not decided anew.

    Raises
    ------
    InfeasibleError
        Naming the limits that conflict.
    """
    contract = table("joint_book")
    found = _answered(info, scenario_paths, fresh_paths, plant_output, dispatch, acting)
    if found is None:
        return contract.frame()
    rows = [
        _row(info.day, name, answer, found.made_on, found.judged_on, found.fresh[name])
        | {"accepted": name == found.accepted, "advantage_eur": found.better, "advantage_error_eur": found.error}
        for name, answer in found.answers.items()
    ]
    return contract.frame(rows).sort(contract.key, maintain_order=True)


def joint_schedules(
    info: InformationSet,
    scenario_paths: pl.DataFrame,
    fresh_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: Sequence[Acting],
) -> JointSchedules:
    """The joint answer's schedules of auction batteries, none where it was not better; arguments as `joint_book_table`."""
    found = _answered(info, scenario_paths, fresh_paths, plant_output, dispatch, acting)
    if found is None:
        return JointSchedules({}, "there is nothing to decide jointly")
    gain = f"joint book {found.better:+.0f} on fresh scenarios, standard error {found.error:.0f}"
    if found.accepted != "joint":
        return JointSchedules({}, f"{gain}: the plan stays")
    net: dict[str, FloatArray] = {}
    for number, share, usage in found.answers["joint"].used:
        name = found.made_on.assets[number].name
        net[name] = net.get(name, 0.0) + share * np.asarray(getattr(usage, "net_mw"))  # noqa: B009 - a usage is a schedule here
    return JointSchedules({name: (np.maximum(-mw, 0.0), np.maximum(mw, 0.0)) for name, mw in net.items()}, gain)


def trades_of(joint_book: pl.DataFrame) -> dict[str, float] | None:
    """Contracts bought by the joint answer [MW]; None where it was not accepted.

    >>> row = {"answer": "joint", "accepted": True, "trades": "NORTH base=-12.5"}
    >>> trades_of(pl.DataFrame([row])), trades_of(pl.DataFrame([{**row, "accepted": False}]))
    ({'NORTH base': -12.5}, None)
    """
    rows = joint_book.filter(pl.col("answer") == "joint", pl.col("accepted"))
    if rows.is_empty():
        return None
    return {name: float(mw) for name, mw in (part.rsplit("=", 1) for part in filter(None, rows["trades"][0].split(";")))}


@dataclass(frozen=True)
class _Answered:
    """Both answers, and which of them is better on fresh scenarios."""

    made_on: DayCase
    judged_on: DayCase
    answers: dict[str, JointBook]
    fresh: dict[str, FloatArray]
    accepted: str
    better: float
    error: float


def _answered(
    info: InformationSet,
    scenario_paths: pl.DataFrame,
    fresh_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: Sequence[Acting],
) -> _Answered | None:
    made_on, judged_on = (day_case(info, paths, plant_output, dispatch, acting) for paths in (scenario_paths, fresh_paths))
    if made_on is None or judged_on is None:
        return None
    settings = info.desk.joint_book
    answers = {
        "sequential": sequential_book(made_on.problem, made_on.assets),
        "joint": joint_book(made_on.problem, made_on.assets, rounds=settings.rounds, gap=settings.gap),
    }
    fresh = {name: answer.pnl_on(judged_on.problem, [a.paths_eur_mwh for a in judged_on.assets]) for name, answer in answers.items()}
    better, error = advantage_eur(judged_on.problem, fresh["joint"], fresh["sequential"])
    accepted = "joint" if better > ACCEPTED_ERRORS * error else "sequential"
    return _Answered(made_on, judged_on, answers, fresh, accepted, better, error)


def advantage_eur(problem: JointProblem, joint: FloatArray, sequential: FloatArray) -> tuple[float, float]:
    """How much higher the joint objective is on the same scenarios, and its standard error.

    The error is that of the influence functions x - lambda max(loss - VaR, 0) / (1 - alpha), paired.
    """
    influences = []
    for pnl in (joint, sequential):
        beyond = np.maximum(-pnl - value_at_risk(-pnl, problem.confidence), 0.0)
        influences.append(pnl - problem.risk_aversion * beyond / (1.0 - problem.confidence))
    gap = influences[0] - influences[1]
    return problem.value_eur(joint) - problem.value_eur(sequential), float(gap.std(ddof=1) / np.sqrt(gap.size))


def day_case(
    info: InformationSet, scenario_paths: pl.DataFrame, plant_output: pl.DataFrame, dispatch: pl.DataFrame, acting: Sequence[Acting] = ()
) -> DayCase | None:
    """The day's problem on a scenario set; None without contract to trade and battery to use."""
    desk, day = info.desk, info.day
    hedges = day_hedges(desk, day, info.frame("forward_quotes"))
    tradable = [h for h in hedges if h.max_trade_mw > 0]
    zones = [z for z in desk.zones if z in {h.zone for h in hedges} | {p.zone for p in desk.plants.values()} | {a.zone for a in desk.assets.values()}]
    if not tradable and not desk.assets:
        return None
    is_sent = desk.flexibility.orders == "joint"
    outlooks = zone_outlooks(desk, day, zones, scenario_paths, plant_output, dispatch, acting if is_sent else ())
    base = sum((_base_eur(desk, day, o, hedges, dispatch) for o in outlooks.values()), np.zeros(next(iter(outlooks.values())).price.shape[0]))
    factors = tuple(zones)
    most = np.array([desk.joint_book.zone_exposure_mwh.get(z, np.inf) for z in zones])
    limits = Limits(tuple(f"net energy {z}" for z in zones), -most, most, _gross_room(desk, hedges), desk.joint_book.margin_limit_eur)
    problem = JointProblem(
        base, _contracts(desk, day, tradable, outlooks, factors, base.size), limits, desk.portfolio.risk_aversion, desk.portfolio.confidence
    )
    return DayCase(problem, (*_assets(desk, outlooks, factors), *(() if is_sent else _plants(info, outlooks, factors))))


def _base_eur(desk: Desk, day: DeliveryDay, outlook: ZoneOutlook, hedges: tuple[Hedge, ...], dispatch: pl.DataFrame) -> FloatArray:
    """P&L of a zone without the decisions: plants sold as expected, batteries bound by grid services, daily rights, the opening book."""
    grid = outlook.grid
    bound = [s.asset for s in desk.services.values()]
    tolling = [n for n, r in desk.rights.items() if isinstance(r, TollingRight) and desk.flexibility.orders != "joint"]
    again = [*desk.assets, *tolling]
    is_free = pl.col("asset").is_in(again) & ~pl.col("asset").is_in(bound)
    free_mw = schedule_on(dispatch.filter(is_free), outlook.zone, grid)
    cost = schedule_cost_eur(outlook.zone, dispatch.filter(~is_free), grid)
    expected = outlook.expected_mw - free_mw
    legs = tuple(
        HedgeLeg(block_profile(h.block, day, grid.minutes) * o.position_mw, o.price_eur_mwh, o.is_proxy)
        for h in hedges
        if h.zone == outlook.zone
        for o in h.opening
    )
    fee = desk.zones[outlook.zone].second_price.imbalance_fee_eur_mwh
    book = at_fair_value(ZoneBook(grid.hours, expected, expected, cost, fee, legs), outlook.price)
    found = outlook_legs(book, replace(outlook, output_mw=outlook.output_mw - free_mw))
    return np.asarray(found.total().sum(axis=1))


def _contracts(
    desk: Desk, day: DeliveryDay, hedges: list[Hedge], outlooks: dict[str, ZoneOutlook], factors: tuple[str, ...], scenarios: int
) -> Contracts:
    gains, hours = np.zeros((scenarios, len(hedges))), np.zeros(len(hedges))
    for j, hedge in enumerate(hedges):
        outlook = outlooks[hedge.zone]
        grid, nothing = outlook.grid, np.zeros(outlook.grid.size)
        profile = block_profile(hedge.block, day, grid.minutes)
        unit = HedgeLeg(profile, 0.0 if hedge.mid_eur_mwh is None else hedge.mid_eur_mwh, hedge.quote_is_proxy)
        book = at_fair_value(ZoneBook(grid.hours, nothing, nothing, nothing, 0.0, (unit,)), outlook.price)
        gains[:, j] = zone_legs(book, outlook.price, outlook.price, nothing).total().sum(axis=1)
        hours[j] = grid.hours * profile.sum()
    spread = np.array([h.half_spread_eur_mwh for h in hedges])
    exposure = np.array([[hours[j] if h.zone == z else 0.0 for j, h in enumerate(hedges)] for z in factors]).reshape(len(factors), len(hedges))
    parts = [part for j, h in enumerate(hedges) for part in _parts(j, h)]
    at = np.array([p.contract for p in parts], dtype=np.int64)
    opens = np.array([p.gross > 0 for p in parts])
    return Contracts(
        tuple(p.name for p in parts),
        gains[:, at],
        (spread * hours)[at],
        np.array([p.most_bought_mw for p in parts]),
        np.array([p.most_sold_mw for p in parts]),
        np.where(opens, desk.joint_book.margin_eur_mwh * hours[at], 0.0),
        exposure[:, at],
        np.array([p.gross for p in parts]),
    )


@dataclass(frozen=True)
class _Part:
    """A contract's trades that close its opening (gross -1, no margin), or those that do not."""

    name: str
    contract: int
    most_bought_mw: float
    most_sold_mw: float
    gross: float


def _parts(contract: int, hedge: Hedge) -> list[_Part]:
    """The gross position is convex in the trade, so the cheaper closing part always fills first."""
    room, held = hedge.max_trade_mw, hedge.opening_mw
    closing = min(abs(held), room)
    if closing == 0.0:
        return [_Part(hedge.scope, contract, room, room, 1.0)]
    buys = held < 0
    return [
        _Part(f"{hedge.scope} (closing)", contract, closing if buys else 0.0, 0.0 if buys else closing, -1.0),
        _Part(hedge.scope, contract, room - closing if buys else room, room if buys else room - closing, 1.0),
    ]


def _gross_room(desk: Desk, hedges: tuple[Hedge, ...]) -> float | None:
    """What trades may add to the gross position [MW]."""
    limit = desk.limits.gross_contracts_mw
    return None if limit is None else limit - sum(abs(h.opening_mw) for h in hedges)


def _assets(desk: Desk, outlooks: dict[str, ZoneOutlook], factors: tuple[str, ...]) -> list[Policies]:
    from energy_pipeline.flexibility.storage import store_of

    found: list[Policies] = []
    bound = {s.asset for s in desk.services.values()}
    for name, battery in desk.assets.items():
        if name in bound:
            continue
        outlook = outlooks[battery.zone]
        looks = np.array([np.full(outlook.grid.size, float(z == battery.zone)) for z in factors])
        if battery.information == "auction":
            found.append(SchedulePolicies(name, store_of(battery), outlook.price, outlook.grid.minutes, looks))
        elif desk.flexibility.orders != "joint":
            found.append(SequentialPolicies(name, store_of(battery), outlook.second, outlook.grid.minutes, looks))
    return found


def _plants(info: InformationSet, outlooks: dict[str, ZoneOutlook], factors: tuple[str, ...]) -> list[Policies]:
    """Tolling plants in the book's zones, where gas and carbon have settled before the decision."""
    from energy_pipeline.flexibility.rights import tolling_of

    rights = {n: r for n, r in info.desk.rights.items() if isinstance(r, TollingRight) and r.zone in outlooks}
    fuels = last_settlements(info) if rights else {}
    if not rights or not np.isfinite([fuels["gas"], fuels["carbon"]]).all():
        return []
    found: list[Policies] = []
    for name, right in rights.items():
        outlook = outlooks[right.zone]
        looks = np.array([np.full(outlook.grid.size, float(z == right.zone)) for z in factors])
        plant = tolling_of(right, outlook.grid.minutes)
        found.append(TollingPolicies(name, plant, outlook.price, outlook.grid.minutes, looks, fuels["gas"], fuels["carbon"]))
    return found


def _row(day: DeliveryDay, name: str, book: JointBook, made_on: DayCase, judged_on: DayCase, fresh: FloatArray) -> dict[str, object]:
    objective, mean, cvar = measures(made_on.problem, book.pnl_eur)
    judged = measures(judged_on.problem, fresh)
    traded = book.answer.bought_mw - book.answer.sold_mw
    trades: dict[str, float] = {}
    for name_of_part, mw in zip(made_on.problem.contracts.names, traded, strict=True):
        contract = name_of_part.removesuffix(" (closing)")
        trades[contract] = trades.get(contract, 0.0) + float(mw)
    return {
        "delivery_day": day.day,
        "answer": name,
        "objective_eur": objective,
        "expected_pnl_eur": mean,
        "cvar_eur": cvar,
        "bound_eur": book.bound_eur if name == "joint" else None,
        "objective_fresh_eur": judged[0],
        "expected_pnl_fresh_eur": judged[1],
        "cvar_fresh_eur": judged[2],
        "risk_aversion": made_on.problem.risk_aversion,
        "confidence": made_on.problem.confidence,
        "scenarios": made_on.problem.base_eur.size,
        "rounds": len(book.history_eur),
        "policies": len(book.used),
        "trades": ";".join(f"{contract}={mw:.6g}" for contract, mw in trades.items() if abs(mw) > SAME_MW),
        "shadow_prices": format_shadow_prices(shadow_prices(made_on, book)),
    }


def shadow_prices(case: DayCase, book: JointBook) -> ShadowPrices:
    """Value of one more unit of every limit [EUR per MW, MWh or EUR]; 0 where it does not bind."""
    answer, names = book.answer, case.problem.contracts.names
    found: ShadowPrices = {}
    for side, prices in zip(("most_bought_mw", "most_sold_mw"), answer.box_price_eur_mw, strict=True):
        found |= {(side, name): float(price) for name, price in zip(names, prices, strict=True)}
    limits = case.problem.limits
    found |= {("exposure_mwh", name): abs(float(price)) for name, price in zip(limits.factors, answer.exposure_price_eur_mwh, strict=True)}
    if limits.gross_mw is not None:
        found["gross_contracts_mw", "book"] = answer.gross_price_eur_mw
    if limits.margin_eur is not None:
        found["margin_eur", "book"] = answer.margin_price
    found |= physical_prices_eur(answer, case.assets)
    return {key: value if abs(value) > PRICED_EUR else 0.0 for key, value in found.items()}
