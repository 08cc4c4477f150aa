"""Contracts of the performance tables: results day by day, and measures over the last days.

What belongs here: `performance_days` and `performance`. What does not: VaR and its tests (`risk`), strategies' own
record (`strategies`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

SCOPE = c.text("scope", "What earned it.", allowed=("book", "zone", "leg", "strategy", "asset"))
NAME = c.text("name", "Zone, leg of the P&L, strategy or asset; book.")
BENCHMARK = c.text(
    "benchmark",
    "expected_output: the same output and costs, E[g | gate] sold day-ahead, no hedge; flat: nothing sold; none.",
    allowed=("expected_output", "flat", "none"),
)


def _ratio(name: str, description: str) -> Column:
    return Column(name, "f64", f"{description}; null under 20 days or without spread.", "1", True)


def _amount(name: str, description: str) -> Column:
    return Column(name, "f64", description, "EUR", True, 0.0, None, "a size")


PERFORMANCE_DAYS = Table(
    name="performance_days",
    stage="risk",
    flow="settle_final",
    description="What book, zones, legs, strategies and assets earned on D, beside the benchmark.",
    key=("scope", "name"),
    columns=(
        c.DELIVERY_DAY,
        SCOPE,
        NAME,
        c.money("result_eur", "Earned, without what rests on declared proxy quotes; of an asset its cash and inventory (asset_legs)."),
        BENCHMARK,
        c.money("benchmark_eur", "What the benchmark would have earned; null without one.", nullable=True),
        Column("is_provisional", "bool", "A meter is missing or a value is held: a later settlement may change it."),
    ),
    is_mart=True,
)

PERFORMANCE = Table(
    name="performance",
    stage="risk",
    flow="settle_final",
    description="Performance over the settled ones of the last 30 and 90 days: money first, ratios where there are days enough.",
    key=("scope", "name", "window_days"),
    columns=(
        c.DELIVERY_DAY,
        SCOPE,
        NAME,
        Column("window_days", "i32", "Calendar days looked back over, D among them.", "1", minimum=1, reason="a count"),
        Column("days", "i32", "Settled days among them.", "1", minimum=1, reason="a count"),
        Column("first_day", "date", "The first of them."),
        Column("provisional_days", "i32", "Days that a later settlement may change.", "1", minimum=0, reason="a count"),
        c.text("verdict", "too_few: under 20 days; flat: all days earn the same.", allowed=("measured", "too_few", "flat")),
        c.money("result_eur", "Earned in all, without proxies."),
        c.money("expectancy_eur", "Mean of a day."),
        c.money("best_eur", "Best day."),
        c.money("worst_eur", "Worst day."),
        c.share("win_rate", "Share of days above zero."),
        Column("profit_factor", "f64", "Sum of gains over sum of losses; null without a loss.", "1", True, 0.0, None, "a ratio of sizes"),
        _amount("volatility_eur", "Standard deviation of a day (n - 1); null for one day."),
        _amount("downside_deviation_eur", "The same of days below the mean."),
        _amount("max_drawdown_eur", "Deepest fall below the highest sum so far, from zero at the start."),
        Column("under_water_days", "i32", "Longest stay below it.", "1", minimum=0, reason="a count"),
        _ratio("sharpe", "Mean over standard deviation, a year (`risk.annualisation_days`)"),
        _ratio("sharpe_low", "2.5 % end of its resampled interval (weeks as blocks)"),
        _ratio("sharpe_high", "97.5 % end of it"),
        _ratio("sortino", "Mean over downside deviation, a year"),
        _ratio("hac_t", "t of the mean, Newey-West"),
        c.share("p_value", "Two-sided p of it; null like it.", nullable=True),
        _ratio("skewness", "Third standardised moment"),
        _ratio("excess_kurtosis", "Fourth less 3"),
        _amount("capital_eur", "Capital that returns are over (`risk.capital_eur`); null where the desk names none."),
        Column("return_on_capital", "f64", "Result over capital; null without capital.", "1", True),
        _ratio("return_a_year", "The same a year, or without capital"),
        _ratio("volatility_a_year", "Standard deviation of returns on capital a year, or without capital"),
        _ratio("calmar", "Return a year over the deepest drawdown as a share of wealth, or without capital"),
        BENCHMARK,
        c.money("benchmark_eur", "What it would have earned; null without one.", nullable=True),
        c.money("added_eur", "Result less benchmark; null without one.", nullable=True),
        _ratio("added_hac_t", "t of the mean difference, Newey-West"),
        _ratio("information_ratio", "Mean difference over its standard deviation, a year"),
        _ratio("beta", "Slope on the benchmark's days"),
        Column("alpha_eur", "f64", "Mean less beta times the benchmark's mean, a year; null under 20 days.", "EUR", True),
    ),
    in_report=True,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (PERFORMANCE_DAYS, PERFORMANCE)
"""In flow order."""
