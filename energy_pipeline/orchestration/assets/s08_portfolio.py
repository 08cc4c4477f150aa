"""Portfolio: the day's book, the bids to submit, and its P&L.

What belongs here: `deals`, `curve_days`, `positions`, `portfolio_solution`, `nominations`, `joint_book`, `forward_book_proposals`, rivals (decide),
`pnl_day_ahead` (settle_da), `pnl` and the rivals' results (settle_final). What does not: the optimiser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.flexibility.states import LOOK_BACK_DAYS
from energy_pipeline.orchestration import policies
from energy_pipeline.orchestration.assets import hedging_steps
from energy_pipeline.orchestration.assets.s05_scenarios import fresh_paths
from energy_pipeline.orchestration.assets.s06_flexibility import SENT, accepted_of, corrections, executed_of
from energy_pipeline.orchestration.assets.standing import acting_of, holding
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, FileAsset, Frame, Frames, Info, RowMetadata, write_frames
from energy_pipeline.orchestration.reads import Day, DaysBefore, IfThere, Information, Raw, Window

if TYPE_CHECKING:
    from energy_pipeline.portfolio import Acted, Came
    from energy_pipeline.portfolio.forwards.daily import HeldForwards

BOOK_TABLES = ("positions", "portfolio_solution", "nomination_lines")
RIVAL_TABLES = ("objective_comparison", "objective_positions", "hedge_effectiveness")
NOMINATIONS = FileAsset(
    "nominations", "The bids to submit, as CSV; later ones supersede earlier ones under the next number.", "portfolio", "csv", "decide"
)
DECIDED = ("asset_states", "end_values", "asset_thresholds", "asset_values", "right_decisions", "dispatch", "plant_output")
STOOD = ("asset_states", "end_values")
ACTED = ("asset_legs", "asset_thresholds", "asset_states", "end_values")
LEDGER_LOOK_BACK = 7
"""Days before D of which the newest decision says what the ledger held: it is only added to."""
SCORE_DAYS = 60
"""Settled days the rivals are scored over, at most; an edge stays below Dagster's 100 partitions."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    info, forecasts, positions = Information(), Day("price_forecasts"), Day("positions")
    scenarios = (info, Day("scenario_paths"), Day("plant_output"), Day("dispatch"))
    sets = Day("scenario_sets")
    came = (Raw("second_prices"), Raw("plant_meters"), Raw("generation_actual"), Raw("held_hours"))
    auction = Raw("day_ahead_prices", required=True)
    wanted = (Day("signals"), Day("strategy_states"), Day("hedge_programme"))
    decided = (*wanted, Day("right_decisions"), *map(Day, SENT))
    sent = (*map(Day, SENT), Day("nomination_lines"))
    if factory.desk.flexibility.orders == "joint":
        decided = (*decided, Day("joint_book"))
    stood = (Day("asset_thresholds"), Day("asset_states"), Day("end_values"))
    deals, settled_deals = Day("deals"), IfThere("deals")
    settled = (*sent, settled_deals)
    return [
        factory.table("deals", deals_of_day, info, DaysBefore("deals", LEDGER_LOOK_BACK)),
        factory.table("curve_days", curve_days, info, Day("forward_curve"), deals),
        factory.table("hedge_programme", hedging_steps.hedge_programme, *scenarios, *stood, *map(Day, SENT), deals),
        factory.files("positions", NOMINATIONS, write_book, *scenarios, sets, forecasts, *decided, *stood, deals, tables=BOOK_TABLES),
        factory.table("joint_book", joint_book, *scenarios, forecasts, Day("spread_forecasts"), *stood, deals),
        factory.table("forward_book_proposals", forward_book_proposals, info, forecasts),
        factory.table("pnl_day_ahead", pnl_day_ahead, positions, Day("plant_output"), Day("dispatch"), *(Day(n) for n in STOOD), *settled, auction),
        factory.table("view_results", hedging_steps.view_results, Day("hedge_programme"), positions, auction),
        factory.table("asset_legs", asset_legs, *(Day(n) for n in DECIDED), *sent, auction, *came, DaysBefore("asset_legs", LOOK_BACK_DAYS)),
        factory.table("plant_results", plant_results, Day("plant_output"), Day("nomination_lines"), auction, *came),
        factory.table("pnl", pnl, positions, Day("plant_output"), Day("dispatch"), auction, *came, *settled, *(Day(name) for name in ACTED)),
        factory.tables("rivals", RIVAL_TABLES, rivals, *scenarios, sets, *wanted, positions, *stood, *map(Day, SENT), deals),
        factory.table("hedge_results", hedging_steps.hedge_results, Window("pnl", SCORE_DAYS), Window("pnl_day_ahead", SCORE_DAYS, required=False)),
        factory.table("objective_results", objective_results, positions, Day("objective_positions"), Day("pnl")),
        factory.table("objective_scores", objective_scores, Window("objective_results", SCORE_DAYS)),
    ]


def deals_of_day(day: DayContext, *, information_set: Info, deals: Frame) -> Frame:
    """What is open of the opening book and the ledger, as known at the decision."""
    from energy_pipeline.book.ledger import open_deals
    from energy_pipeline.portfolio import ledger_files

    ledger, before = day.desk.ledger, deals.filter(pl.col("delivery_day") == pl.col("delivery_day").max())
    if ledger is None:
        return open_deals(day.desk, day.day, information_set.decision_time)
    load = day.session.runtime.sources.load
    trades = ledger_files.checked_trades(load(ledger.trades, ledger.layout), ledger, day.desk)
    rates = None if ledger.exchange_rates is None else ledger_files.checked_rates(load(ledger.exchange_rates, ledger.layout), ledger)
    return open_deals(day.desk, day.day, information_set.decision_time, trades, rates, before)


def curve_days(day: DayContext, *, information_set: Info, forward_curve: Frame, deals: Frame) -> Frame:
    """The curve to the last day held or quoted."""
    from energy_pipeline.portfolio import term_curve

    return term_curve.curve_days(information_set, forward_curve, deals, ledger_quotes(day))


def ledger_quotes(day: DayContext) -> Frame | None:
    """The ledger's quotes, of any time; None for a desk without."""
    from energy_pipeline.portfolio import ledger_files

    ledger = day.desk.ledger
    if ledger is None or ledger.quotes is None:
        return None
    return ledger_files.checked_quotes(day.session.runtime.sources.load(ledger.quotes, ledger.layout), ledger, day.desk)


def write_book(day: DayContext, *, information_set: Info, **decided: Frame) -> Mapping[str, RowMetadata]:
    """Optimise, write book, solution and bids, submit the bids."""
    from energy_pipeline import portfolio

    frames = decided_book(day, information_set=information_set, **decided)
    written = write_frames(day, frames)
    if policies.FALLBACK_TAG in day.run.tags and (day.desk.fallback is None or not day.desk.fallback.submit):
        return {**written, "nominations": {"submitted": False, "why": "a fallback decision; the desk's fallback.submit is false"}}
    path = day.lake.submit(day.day, portfolio.nominations_csv(frames["nomination_lines"], day.desk.currency).encode())
    return {**written, "nominations": {"path": path}}


def decided_book(
    day: DayContext,
    *,
    information_set: Info,
    scenario_paths: Frame,
    scenario_sets: Frame,
    plant_output: Frame,
    dispatch: Frame,
    price_forecasts: Frame,
    signals: Frame,
    strategy_states: Frame,
    hedge_programme: Frame,
    right_decisions: Frame,
    asset_thresholds: Frame,
    asset_states: Frame,
    end_values: Frame,
    orders_sent: Frame,
    bid_curves: Frame,
    block_orders: Frame,
    deals: Frame,
    **joint: Frame,
) -> Frames:
    """Book, solution and bids; nothing is written."""
    from energy_pipeline import flexibility, portfolio
    from energy_pipeline.book.strategy_sizes import sized_signals
    from energy_pipeline.portfolio.hedge_programme import programme_of

    acting = acting_of(day, dispatch, asset_thresholds, asset_states, end_values, orders_sent, bid_curves, block_orders)
    held = information_set.with_desk(holding(information_set.desk, deals))
    sized = sized_signals(signals, strategy_states)
    programme = programme_of(hedge_programme)
    sets = scenario_sets if day.desk.portfolio.objective in ("week_drawdown", "week_var") else None
    case = portfolio.case_of(held, scenario_paths, plant_output, dispatch, sized, acting, programme, sets)
    if joint:
        from energy_pipeline.portfolio.joint_day import trades_of

        trades = trades_of(joint["joint_book"])
        case = case if trades is None else portfolio.pinned(case, trades)
    book = portfolio.book_of(case, price_forecasts, dispatch)
    whys = dict(zip(right_decisions["asset"].to_list(), right_decisions["why"].to_list(), strict=True))
    orders = flexibility.Orders(orders_sent, bid_curves, block_orders)
    lines = portfolio.nomination_lines(case, book.positions, dispatch, whys, orders)
    return {"positions": book.positions, "portfolio_solution": book.solution, "nomination_lines": lines}


def joint_book(
    day: DayContext,
    *,
    information_set: Info,
    scenario_paths: Frame,
    plant_output: Frame,
    dispatch: Frame,
    price_forecasts: Frame,
    spread_forecasts: Frame,
    asset_thresholds: Frame,
    asset_states: Frame,
    end_values: Frame,
    deals: Frame,
) -> Frame:
    """Hedges and batteries at once, against value first and then hedge, judged on a second scenario set."""
    from energy_pipeline import flexibility
    from energy_pipeline.portfolio.joint_day import joint_book_table

    fresh = fresh_paths(day, information_set, price_forecasts, plant_output, spread_forecasts)
    standing = information_set.with_desk(flexibility.desk_of_day(holding(day.desk, deals), day.day, asset_states, end_values))
    return joint_book_table(standing, scenario_paths, fresh, plant_output, dispatch, flexibility.acting(standing.desk, asset_thresholds))


def forward_book_proposals(day: DayContext, *, information_set: Info, price_forecasts: Frame) -> Frame:
    """What would improve the desk's forward book; empty for a desk without one."""
    from energy_pipeline.portfolio.forwards.daily import proposals

    held, settings = held_forwards(day, information_set, price_forecasts), day.desk.forward_book
    return TABLES["forward_book_proposals"].frame() if held is None or settings is None else proposals(information_set, settings, held)


def held_forwards(day: DayContext, info: Info, price_forecasts: Frame) -> HeldForwards | None:
    """The forward book as known at the decision, over the paths of the week ahead; None for a desk without one."""
    settings = day.desk.forward_book
    if settings is None:
        return None

    def make() -> HeldForwards | None:
        from energy_pipeline import forecasting, scenarios
        from energy_pipeline.portfolio.forwards import daily

        week = scenarios.week_set(info, price_forecasts, forecasting.price_errors(info, day.artefacts))
        if week is None:
            return None
        return daily.held_forwards(settings, day.session.runtime.settings.data, daily.week_market(info, week), info.decision_time)

    return info.cached("held_forwards", make=make)


def asset_legs(
    day: DayContext,
    *,
    day_ahead_prices: Frame,
    second_prices: Frame,
    plant_meters: Frame,
    generation_actual: Frame,
    held_hours: Frame,
    asset_legs: Frame,
    orders_sent: Frame,
    bid_curves: Frame,
    block_orders: Frame,
    nomination_lines: Frame,
    **decided: Frame,
) -> Frame:
    """Cash and inventory of every asset and right."""
    from energy_pipeline import portfolio

    accepted = accepted_of(day, nomination_lines)
    came = portfolio.Came(day_ahead_prices, second_prices, plant_meters, generation_actual, held_hours, accepted)
    orders = {"orders_sent": orders_sent, "bid_curves": bid_curves, "block_orders": block_orders}
    stood = (decided["dispatch"], decided["asset_states"], decided["end_values"])
    executed = executed_of(day, *stood, day_ahead_prices, **orders)
    return portfolio.asset_legs(day.desk, day.day, portfolio.Decided(**decided), came, asset_legs, corrections(day), executed)


def plant_results(
    day: DayContext,
    *,
    plant_output: Frame,
    day_ahead_prices: Frame,
    second_prices: Frame,
    plant_meters: Frame,
    generation_actual: Frame,
    held_hours: Frame,
    nomination_lines: Frame,
) -> Frame:
    """What every plant earned."""
    from energy_pipeline import portfolio

    accepted = accepted_of(day, nomination_lines)
    came = portfolio.Came(day_ahead_prices, second_prices, plant_meters, generation_actual, held_hours, accepted)
    return portfolio.plant_results(day.desk, day.day, plant_output, came)


def acts_of(day: DayContext, came: Came, asset_legs: Frame, asset_thresholds: Frame, asset_states: Frame, end_values: Frame) -> list[Acted]:
    """What sequential stores did, from the content they were settled with."""
    from energy_pipeline import flexibility, portfolio

    desk = flexibility.desk_of_day(day.desk, day.day, asset_states, end_values)
    begins = dict(zip(asset_legs["asset"].to_list(), asset_legs["content_start_mwh"].to_list(), strict=True))
    return list(portfolio.acted(desk, day.day, asset_thresholds, came, begins).values())


def pnl_day_ahead(
    day: DayContext,
    *,
    positions: Frame,
    plant_output: Frame,
    day_ahead_prices: Frame,
    dispatch: Frame,
    asset_states: Frame,
    end_values: Frame,
    nomination_lines: Frame,
    deals: Frame,
    **orders: Frame,
) -> Frame:
    """Day-ahead revenue and hedges, once the auction has cleared."""
    from energy_pipeline import portfolio

    executed = executed_of(day, dispatch, asset_states, end_values, day_ahead_prices, **orders)
    accepted = accepted_of(day, nomination_lines)
    return portfolio.settle_day_ahead(holding(day.desk, deals), day.day, positions, day_ahead_prices, plant_output, accepted, executed)


def pnl(
    day: DayContext,
    *,
    positions: Frame,
    plant_output: Frame,
    dispatch: Frame,
    day_ahead_prices: Frame,
    second_prices: Frame,
    plant_meters: Frame,
    generation_actual: Frame,
    held_hours: Frame,
    asset_legs: Frame,
    asset_thresholds: Frame,
    asset_states: Frame,
    end_values: Frame,
    nomination_lines: Frame,
    deals: Frame,
    **orders: Frame,
) -> Frame:
    """P&L in legs with what is known now."""
    from energy_pipeline import portfolio

    accepted = accepted_of(day, nomination_lines)
    came = portfolio.Came(day_ahead_prices, second_prices, plant_meters, generation_actual, held_hours, accepted)
    acts = acts_of(day, came, asset_legs, asset_thresholds, asset_states, end_values)
    executed = executed_of(day, dispatch, asset_states, end_values, day_ahead_prices, **orders)
    return portfolio.settle_final(holding(day.desk, deals), day.day, positions, plant_output, dispatch, came, acts, executed)


def rivals(
    day: DayContext,
    *,
    information_set: Info,
    scenario_paths: Frame,
    scenario_sets: Frame,
    plant_output: Frame,
    dispatch: Frame,
    signals: Frame,
    strategy_states: Frame,
    hedge_programme: Frame,
    positions: Frame,
    deals: Frame,
    **stood: Frame,
) -> Frames:
    """Other objectives on the day's scenarios, and what the hedges save."""
    from energy_pipeline.book.strategy_sizes import sized_signals
    from energy_pipeline.portfolio import case_of
    from energy_pipeline.portfolio import rivals as stage
    from energy_pipeline.portfolio.hedge_programme import programme_of

    acting = acting_of(day, dispatch, **stood)
    held = information_set.with_desk(holding(information_set.desk, deals))
    sized, programme = sized_signals(signals, strategy_states), programme_of(hedge_programme)
    case = case_of(held, scenario_paths, plant_output, dispatch, sized, acting, programme, scenario_sets)
    found = stage.rivals(case, positions)
    effectiveness = stage.hedge_effectiveness(case, positions, dispatch)
    return {"objective_comparison": found.comparison, "objective_positions": found.positions, "hedge_effectiveness": effectiveness}


def objective_results(day: DayContext, *, positions: Frame, objective_positions: Frame, pnl: Frame) -> Frame:
    """What every rival would have made of the settled day."""
    from energy_pipeline.portfolio import rivals as stage

    return stage.objective_results(day.desk, day.day, positions, objective_positions, pnl)


def objective_scores(day: DayContext, *, objective_results: Frame) -> Frame:
    """The rivals over the settled days up to D."""
    from energy_pipeline.portfolio import rivals as stage

    return stage.objective_scores(day.desk, day.day, objective_results)
