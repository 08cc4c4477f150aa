"""Strategies: what each wants for D, and how it did over the settled days.

What belongs here: `signals`, `strategy_trials`, `strategy_states` (decide), `backtest_metrics` and `backtest_days` (settle_final,
every day). What does not:
any rule of a strategy.
"""

from __future__ import annotations

import dagster as dg

from energy_pipeline.desk import Desk
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Frames, Info
from energy_pipeline.orchestration.reads import Day, Information, Raw, Window

WINDOW_DAYS = 60
"""Settled days a metric looks back over, at most; an edge stays below Dagster's 100 partitions."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    window = (
        Window("signals", window_days),
        Raw("day_ahead_prices", lambda desk: window_days(desk) + 1),  # index studies look at the change since the day before
        Raw("second_prices", window_days),
        Raw("fuel_prices", lambda desk: window_days(desk) + 15),  # a fortnight more: the last settlement before a long holiday
    )
    return [
        factory.table("signals", signals, Information(), Day("price_forecasts"), Day("second_price_skill")),
        factory.table("strategy_trials", strategy_trials, Information()),
        factory.table("strategy_states", strategy_states, Information(), Day("strategy_trials")),
        factory.tables("backtest_metrics", ["backtest_metrics", "backtest_days"], backtest_tables, *window),
    ]


def window_days(desk: Desk) -> int:
    """Days of the metrics' window, D among them; D alone for a desk without strategies."""
    return WINDOW_DAYS if desk.strategies else 1


def signals(_day: DayContext, *, information_set: Info, price_forecasts: Frame, second_price_skill: Frame) -> Frame:
    """Wanted trades for D."""
    from energy_pipeline import strategies

    return strategies.signals(information_set, price_forecasts, second_price_skill)


def strategy_trials(day: DayContext, *, information_set: Info) -> Frame:
    """Trials of the desk's file that were known at the decision."""
    from energy_pipeline.desk.layout import FileLayout
    from energy_pipeline.strategies import trials

    file = day.desk.record.trials
    found = None if file is None else trials.checked_trials(day.session.runtime.sources.load(file, FileLayout()), file)
    return trials.trials_table(found, day.day, information_set.decision_time)


def strategy_states(_day: DayContext, *, information_set: Info, strategy_trials: Frame) -> Frame:
    """What each strategy's record lets it trade."""
    from energy_pipeline.strategies.record import strategy_states as states

    return states(information_set, strategy_trials)


def backtest_tables(day: DayContext, *, signals: Frame, day_ahead_prices: Frame, second_prices: Frame, fuel_prices: Frame) -> Frames:
    """Each strategy over the settled days up to D."""
    from energy_pipeline import strategies

    return strategies.backtest_tables(day.desk, day.day, signals, day_ahead_prices, second_prices, fuel_prices)
