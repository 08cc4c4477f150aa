"""Risk: measures, methods, contributions, stress, limits, hedge proposals, factors and marks of the decided book; what came of it.

What belongs here: the eight risk tables (decide), `var_exceptions`, `var_backtests`, `expectation_record`, `pnl_attribution`, `performance_days`,
`performance` and `limit_breaches` (settle_final). What does not: any measure.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.assets.s05_scenarios import past_errors
from energy_pipeline.orchestration.assets.s06_flexibility import SENT, accepted_of, executed_of
from energy_pipeline.orchestration.assets.s08_portfolio import ACTED, acts_of, held_forwards, ledger_quotes
from energy_pipeline.orchestration.assets.standing import acting_of, holding
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Frames, Info
from energy_pipeline.orchestration.reads import Day, Days, DaysBefore, IfThere, Information, Raw, Window

RISK_TABLES = (
    "risk_measures",
    "risk_methods",
    "risk_contributions",
    "stress_results",
    "limits",
    "hedge_proposals",
    "factor_exposures",
    "mark_to_market",
)
MARKED_ON = ("forward_curve", "asset_values", "price_forecasts")
"""Tables of D - 1 and D that say why options changed."""
EXPLAINED = ("deals", "curve_days", "mark_to_market")
"""Tables of D - 1 and D that say why the whole book changed."""
VAR_TESTS, MARK_TESTS = ("var_exceptions", "var_backtests"), ("mark_var_exceptions", "mark_var_backtests")
BACK_DAYS: Days = lambda desk: desk.risk.backtest_days - 1  # noqa: E731 - a declaration
"""A step reads its own earlier days without an edge, so they may be more than an edge of the graph holds."""


RECORDED = ("var_exceptions", "forecast_lead_errors")
RECORD_DAYS = 99
"""As many as one edge of the graph may hold; the mart `forecast_accuracy` has the bias of every day there is."""


PERFORMANCE_WINDOW_DAYS = 90
"""The longest window of the table; the saved query `performance_rolling` has a year too."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    positions, plant_output, dispatch = Day("positions"), Day("plant_output"), Day("dispatch")
    stood = (Day(n) for n in ("asset_thresholds", "asset_states", "end_values", *SENT))
    decided = (positions, Day("scenario_paths"), plant_output, dispatch, *stood)
    more = (Day("portfolio_solution"), Day("forward_curve"), Day("signals"), Day("strategy_states"), Day("price_forecasts"))
    came = (Raw("day_ahead_prices"), Raw("second_prices"), Raw("plant_meters"), Raw("generation_actual"), Raw("held_hours"))
    marks = (Window(name, 2, required=False) for name in MARKED_ON)
    tested = (Day("risk_measures"), Day("pnl"), *decided, IfThere("deals"), DaysBefore(VAR_TESTS[0], BACK_DAYS))
    return [
        factory.tables("risk", RISK_TABLES, risk, Information(), *decided, *more, Day("deals"), Day("curve_days"), Day("hedge_programme")),
        factory.table("book_explain", book_explain, Information(), *(Window(name, 2) for name in EXPLAINED)),
        factory.tables("mark_risk", ("mark_risk", "mark_contributions"), mark_risk, Information(), Day("mark_to_market")),
        factory.tables("book_limits", ("book_limits", "book_repair"), book_limits, Information(), Day("mark_to_market")),
        factory.tables("mark_tests", MARK_TESTS, mark_tests, Window("mark_risk", 2), Day("book_explain"), DaysBefore(MARK_TESTS[0], BACK_DAYS)),
        factory.tables("var_tests", VAR_TESTS, var_tests, *tested),
        factory.table("expectation_record", expectation_record, *(Window(name, RECORD_DAYS, required=False) for name in RECORDED)),
        factory.table(
            "pnl_attribution",
            pnl_attribution,
            *(Day("pnl"), positions, plant_output, dispatch, *came, *marks, IfThere("deals")),
            *(Day(name) for name in (*ACTED, *SENT, "nomination_lines")),
        ),
        factory.table("performance_days", performance_days, Day("pnl"), Day("asset_legs"), Day("backtest_days")),
        factory.table("performance", performance, Window("performance_days", PERFORMANCE_WINDOW_DAYS)),
        factory.table("limit_breaches", limit_breaches, Window("limits", lambda desk: desk.risk.breach_days)),
    ]


def risk(
    day: DayContext,
    *,
    information_set: Info,
    positions: Frame,
    scenario_paths: Frame,
    plant_output: Frame,
    dispatch: Frame,
    portfolio_solution: Frame,
    forward_curve: Frame,
    signals: Frame,
    strategy_states: Frame,
    price_forecasts: Frame,
    asset_states: Frame,
    end_values: Frame,
    deals: Frame,
    curve_days: Frame,
    hedge_programme: Frame,
    **stood: Frame,
) -> Frames:
    """The book as decided, over the joint forecast errors it was decided on; nothing is optimised again."""
    from energy_pipeline import flexibility
    from energy_pipeline import risk as stage
    from energy_pipeline.book.positions import Book
    from energy_pipeline.book.strategy_sizes import sized_signals

    book = Book.from_frames(positions, portfolio_solution)
    acting = acting_of(day, dispatch, asset_states=asset_states, end_values=end_values, **stood)
    forwards = held_forwards(day, information_set, price_forecasts)
    more = stage.MoreInputs(
        forward_curve, sized_signals(signals, strategy_states), factor_returns(day), forwards, acting, deals, curve_days, hedge_programme
    )
    standing = information_set.with_desk(flexibility.desk_of_day(holding(day.desk, deals), day.day, asset_states, end_values))
    found = stage.assess(standing, book, scenario_paths, plant_output, dispatch, past_errors(day, information_set), more)
    return {
        "risk_measures": found.measures,
        "risk_methods": found.methods,
        "risk_contributions": found.contributions,
        "stress_results": found.stress,
        "limits": found.limits,
        "hedge_proposals": found.proposals,
        "factor_exposures": found.exposures,
        "mark_to_market": found.marks,
    }


def book_explain(_day: DayContext, *, information_set: Info, deals: Frame, curve_days: Frame, mark_to_market: Frame) -> Frame:
    """Why the whole book changed since the decision before."""
    from energy_pipeline import risk as stage

    return stage.book_explain(information_set, deals, curve_days, mark_to_market)


def mark_risk(day: DayContext, *, information_set: Info, mark_to_market: Frame) -> Frames:
    """What the value of everything open may lose, and which part of it."""
    from energy_pipeline import forecasting
    from energy_pipeline import risk as stage

    vintages = forecasting.price_vintages(information_set, day.artefacts, mark_to_market["zone"].unique().sort().to_list())
    measures, contributions = stage.book_mark_risk(information_set, mark_to_market, vintages, ledger_quotes(day))
    return {"mark_risk": measures, "mark_contributions": contributions}


def book_limits(day: DayContext, *, information_set: Info, mark_to_market: Frame) -> Frames:
    """Use of the whole book's limits, and the cheapest trades that keep them."""
    from energy_pipeline import forecasting
    from energy_pipeline import risk as stage

    vintages = forecasting.price_vintages(information_set, day.artefacts, mark_to_market["zone"].unique().sort().to_list())
    used, repair = stage.book_limits(information_set, mark_to_market, vintages, ledger_quotes(day))
    return {"book_limits": used, "book_repair": repair}


def mark_tests(day: DayContext, *, mark_risk: Frame, book_explain: Frame, mark_var_exceptions: Frame) -> Frames:
    """Whether the value fell by more than the mark VaR of the decision before, and tests over the decided days."""
    from energy_pipeline import risk as stage

    today = stage.mark_var_exceptions(day.day, mark_risk, book_explain)
    return {"mark_var_exceptions": today, "mark_var_backtests": stage.mark_var_backtests(day.day, pl.concat([mark_var_exceptions, today]))}


def factor_returns(day: DayContext) -> Frame | None:
    """The desk's own factor file; None where it names none."""
    from energy_pipeline.risk.factor_file import checked_factors

    file = day.desk.risk.factors.file
    return None if file is None else checked_factors(day.session.runtime.sources.load(file.path, file.layout), file)


def var_tests(
    day: DayContext,
    *,
    risk_measures: Frame,
    pnl: Frame,
    positions: Frame,
    scenario_paths: Frame,
    plant_output: Frame,
    dispatch: Frame,
    deals: Frame,
    var_exceptions: Frame,
    **stood: Frame,
) -> Frames:
    """Whether the day's loss was larger than the VaR decided with, which leg fell short, and tests over the settled days."""
    from energy_pipeline import risk as stage

    acting = acting_of(day, dispatch, **stood)
    legs = stage.decided_legs(holding(day.desk, deals), day.day, positions, scenario_paths, plant_output, dispatch, acting)
    today = stage.var_exceptions(day.desk, day.day, risk_measures, pnl, legs)
    return {"var_exceptions": today, "var_backtests": stage.var_backtests(day.day, pl.concat([var_exceptions, today]))}


def expectation_record(day: DayContext, *, var_exceptions: Frame, forecast_lead_errors: Frame) -> Frame:
    """Expected against settled over the settled days."""
    from energy_pipeline import risk as stage

    return stage.expectation_record(day.day, var_exceptions, forecast_lead_errors)


def pnl_attribution(
    day: DayContext,
    *,
    pnl: Frame,
    positions: Frame,
    plant_output: Frame,
    dispatch: Frame,
    day_ahead_prices: Frame,
    second_prices: Frame,
    plant_meters: Frame,
    generation_actual: Frame,
    held_hours: Frame,
    forward_curve: Frame,
    asset_values: Frame,
    price_forecasts: Frame,
    asset_legs: Frame,
    asset_thresholds: Frame,
    asset_states: Frame,
    end_values: Frame,
    nomination_lines: Frame,
    deals: Frame,
    **orders: Frame,
) -> Frame:
    """Why the day earned what it did, why options changed, and what later vintages changed."""
    from energy_pipeline import portfolio
    from energy_pipeline import risk as stage

    accepted = accepted_of(day, nomination_lines)
    came = portfolio.Came(day_ahead_prices, second_prices, plant_meters, generation_actual, held_hours, accepted).first_vintages()
    acts = acts_of(day, came, asset_legs, asset_thresholds, asset_states, end_values)
    executed = executed_of(day, dispatch, asset_states, end_values, came.day_ahead_prices, **orders)
    desk = holding(day.desk, deals)
    first = portfolio.settle_final(desk, day.day, positions, plant_output, dispatch, came, acts, executed)
    marks = {"forward_curves": forward_curve, "asset_values": asset_values, "price_forecasts": price_forecasts}
    return stage.pnl_attribution(desk, day.day, pnl, first, positions, **marks)


def performance_days(day: DayContext, *, pnl: Frame, asset_legs: Frame, backtest_days: Frame) -> Frame:
    """What book, zones, legs, strategies and assets earned on D."""
    from energy_pipeline import risk as stage

    return stage.performance_days(day.desk, day.day, pnl, asset_legs, backtest_days)


def performance(day: DayContext, *, performance_days: Frame) -> Frame:
    """The measures over the last settled days."""
    from energy_pipeline import risk as stage

    return stage.performance_table(day.desk, day.day, performance_days)


def limit_breaches(day: DayContext, *, limits: Frame) -> Frame:
    """Runs of red days up to D."""
    from energy_pipeline import risk as stage

    return stage.limit_breaches(day.day, limits)
