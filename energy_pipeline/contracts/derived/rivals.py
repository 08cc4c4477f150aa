"""Contracts of the tables that compare the day's book with its rivals.

What belongs here: objectives on the same scenarios, their settlement, hedge effectiveness. What does not: the
book itself (`contracts.derived.portfolio`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import INSTRUMENT
from energy_pipeline.contracts.model import Column, Table

OBJECTIVE = c.text("objective_name", "The rival: desk (the decided book), flat, naive_hedge, or the objective it optimises.")

OBJECTIVE_COMPARISON = Table(
    name="objective_comparison",
    stage="portfolio",
    flow="decide",
    description="What every objective would decide on the scenarios and limits of the day's book, measured alike with exact fees.",
    key=("objective_name",),
    columns=(
        c.DELIVERY_DAY,
        OBJECTIVE,
        c.money("expected_pnl_eur", "Expected P&L over the scenarios."),
        c.money("volatility_eur", "Standard deviation of the P&L."),
        c.money("var_eur", "VaR of the loss at the desk's confidence."),
        c.money("cvar_eur", "CVaR of the loss at the desk's confidence."),
        c.money("worst_eur", "Largest loss of any scenario."),
        c.money("es_eur", "Expected shortfall against the expected day at the limit's level."),
        Column("within_es_limit", "bool", "Whether es_eur keeps the desk's limit, which rivals are measured against but not bound by."),
        c.power("traded_mw", "Sum of |deviation| over intervals and |trade| over contracts."),
        Column(
            "relative_gap",
            "f64",
            "How far the rival may lie from its own optimum; 0 for rules, 1 where it has no answer and stands flat.",
            "1",
            minimum=0.0,
            reason="a distance",
        ),
        c.text("solver", "What found it, or why there is no answer."),
    ),
)

OBJECTIVE_POSITIONS = Table(
    name="objective_positions",
    stage="portfolio",
    flow="decide",
    description="What every rival decides: deviations of the auction intervals that may deviate, and one row per tradable contract.",
    key=("objective_name", "zone", "instrument", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        OBJECTIVE,
        c.ZONE,
        INSTRUMENT,
        c.DELIVERY_START,
        c.RESOLUTION,
        c.power("decision_mw", "day_ahead: MW sold beyond the expected output; a contract: MW bought (its first interval stands for all)."),
        c.power("lower_mw", "Least decision_mw allowed."),
        c.power("upper_mw", "Largest decision_mw allowed."),
        c.power("opening_mw", "MW held of the contract before; 0 day-ahead."),
        c.price("quote_eur_mwh", "Mid quote of the contract; null day-ahead.", nullable=True),
        Column("half_spread_eur_mwh", "f64", "Half-spread of the contract; 0 day-ahead.", "EUR/MWh", minimum=0.0, reason="a cost"),
        Column("is_proxy", "bool", "True when the quote is a declared proxy."),
    ),
    may_be_empty=True,
    sparse=True,
)

HEDGE_EFFECTIVENESS = Table(
    name="hedge_effectiveness",
    stage="portfolio",
    flow="decide",
    description="Physical book with its contracts against the physical book alone, over the scenarios of the decision.",
    key=("scope",),
    columns=(
        c.DELIVERY_DAY,
        c.text("scope", "A zone, or book."),
        c.money("volatility_unhedged_eur", "Standard deviation of the P&L without contracts."),
        c.money("volatility_hedged_eur", "The same with them."),
        Column("variance_effectiveness", "f64", "1 - variance hedged / unhedged; negative where contracts add risk; null without risk.", "1", True),
        c.money("cvar_unhedged_eur", "CVaR of the loss against the expected day without contracts."),
        c.money("cvar_hedged_eur", "The same with them."),
        Column("cvar_effectiveness", "f64", "1 - CVaR hedged / unhedged; null without risk.", "1", True),
        c.money("premium_eur", "What the contracts are expected to cost, half-spreads of today's trades included; negative: they earn."),
    ),
    may_be_empty=True,
    is_mart=True,
)

HEDGE_PROGRAMME = Table(
    name="hedge_programme",
    stage="portfolio",
    flow="decide",
    description="What the desk's hedge programme holds and trades by zone, block and tenor, and what views may trade beside it.",
    key=("zone", "block", "tenor"),
    columns=(
        c.DELIVERY_DAY,
        c.text("zone", "A zone; book: all of them."),
        c.text("block", "Block of the contract; empty for the book."),
        c.text("tenor", "day, or a later tenor whose nearest period that has not begun is told.", allowed=("day", "month", "quarter", "year")),
        Column("target_mw", "f64", "Position the programme is to hold, sold is negative; null without a target.", "MW", True),
        Column("held_mw", "f64", "Held before the decision, bought is positive.", "MW"),
        Column("programme_mw", "f64", "Traded by the programme today.", "MW"),
        Column("ratio", "f64", "Share of the expected output of the block's hours that is sold after it; null without output.", "1", True),
        c.price("quote_eur_mwh", "Mid quote.", nullable=True),
        Column("edge_eur_mwh", "f64", "Published mean less quote; null for later tenors and the book.", "EUR/MWh", True),
        c.share("trust", "k: share of the edge that a view is believed to earn, from settled days; 0: no view."),
        Column("skill_t", "f64", "t of the skill against the quote; null under two days.", "1", True),
        c.count("skill_days", "Settled days with a quote."),
        Column("view_limit_mw", "f64", "What a view may buy or sell.", "MW", minimum=0.0, reason="a limit"),
        c.money("tracking_error_eur", "P&L of the programme against its targets', on paths that did not choose it; the book.", nullable=True),
        Column("effectiveness", "f64", "1 - variance with the programme / without, on paths that did not choose it; the book.", "1", True),
        Column("tail_effectiveness", "f64", "The same of the CVaR at the desk's confidence.", "1", True),
        Column("judged_paths", "i64", "Paths it was judged on; the book.", "1", True, minimum=0, reason="a count"),
        c.money("view_es_limit_eur", "Limit of the views' expected shortfall; the book.", nullable=True),
        c.text("note", "Objective, or what keeps a position from its target."),
    ),
    may_be_empty=True,
    is_mart=True,
)

VIEW_RESULTS = Table(
    name="view_results",
    stage="portfolio",
    flow="settle_da",
    description="What programme and views of the day's contracts earned at the auction's prices, apart.",
    key=("zone", "block"),
    columns=(
        c.DELIVERY_DAY,
        c.ZONE,
        c.text("block", "Block of the contract."),
        Column("programme_mw", "f64", "Traded by the programme.", "MW"),
        Column("view_mw", "f64", "Traded beside it.", "MW"),
        c.price("quote_eur_mwh", "Mid quote they were traded at."),
        c.price("settled_eur_mwh", "Mean auction price of the block's hours."),
        c.money("programme_eur", "P&L of the programme's trade, after its half-spread."),
        c.money("view_eur", "P&L of the view, after what it added to half-spreads."),
        Column("is_proxy", "bool", "True at a declared proxy quote: in no headline."),
    ),
    may_be_empty=True,
    is_mart=True,
)

HEDGE_RESULTS = Table(
    name="hedge_results",
    stage="portfolio",
    flow="settle_final",
    description="What the contracts took off the risk of the settled days up to D (at most 60), and what they cost.",
    key=("scope",),
    columns=(
        c.DELIVERY_DAY,
        c.text("scope", "A zone, or book."),
        c.count("days", "Settled days in the window, at least two."),
        c.money("volatility_unhedged_eur", "Standard deviation of the daily P&L without contracts."),
        c.money("volatility_hedged_eur", "The same with them."),
        Column("variance_effectiveness", "f64", "1 - variance hedged / unhedged; negative where contracts added risk; null without risk.", "1", True),
        c.money("cvar_unhedged_eur", "CVaR of the loss against the mean day without contracts."),
        c.money("cvar_hedged_eur", "The same with them."),
        Column("cvar_effectiveness", "f64", "1 - CVaR hedged / unhedged; null without risk.", "1", True),
        c.money("premium_eur", "What the contracts cost per day on average, half-spreads included; negative: they earned."),
    ),
    may_be_empty=True,
    is_mart=True,
)

OBJECTIVE_RESULTS = Table(
    name="objective_results",
    stage="portfolio",
    flow="settle_final",
    description="What every rival would have made of the settled day (headline basis: proxy hedges earn nothing), and its regret.",
    key=("objective_name",),
    columns=(
        c.DELIVERY_DAY,
        OBJECTIVE,
        c.money("pnl_eur", "Settled P&L with this rival's decisions."),
        c.money("hindsight_pnl_eur", "P&L of the best decisions under the same limits, prices and output known."),
        Column("regret_eur", "f64", "hindsight_pnl_eur - pnl_eur.", "EUR", minimum=0.0, reason="hindsight is the optimum"),
        c.money("against_desk_eur", "pnl_eur less that of the decided book."),
    ),
    may_be_empty=True,
)

_INTERVAL = "95 % interval of the mean, block bootstrap of weeks; null under 14 days."

OBJECTIVE_SCORES = Table(
    name="objective_scores",
    stage="portfolio",
    flow="settle_final",
    description="Every rival over the settled days up to D (at most 60): result, risk and regret with block-bootstrap intervals.",
    key=("objective_name",),
    columns=(
        c.DELIVERY_DAY,
        OBJECTIVE,
        c.count("days", "Settled days in the window."),
        c.money("pnl_eur", "Sum of the settled P&L."),
        c.money("mean_pnl_eur", "Mean per day."),
        c.money("volatility_eur", "Standard deviation per day; null for one day.", nullable=True),
        c.money("cvar_eur", "CVaR of the daily loss at the desk's confidence; null for one day.", nullable=True),
        c.money("mean_regret_eur", "Mean regret per day against the hindsight optimum."),
        c.money("mean_regret_low_eur", _INTERVAL, nullable=True),
        c.money("mean_regret_high_eur", _INTERVAL, nullable=True),
        c.money("desk_ahead_eur", "Mean P&L per day of the decided book less this rival's."),
        c.money("desk_ahead_low_eur", _INTERVAL, nullable=True),
        c.money("desk_ahead_high_eur", _INTERVAL, nullable=True),
    ),
    may_be_empty=True,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (
    HEDGE_PROGRAMME,
    OBJECTIVE_COMPARISON,
    OBJECTIVE_POSITIONS,
    HEDGE_EFFECTIVENESS,
    VIEW_RESULTS,
    HEDGE_RESULTS,
    OBJECTIVE_RESULTS,
    OBJECTIVE_SCORES,
)
"""In flow order."""
