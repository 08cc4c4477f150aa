"""Contracts of the tables of the strategies stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.derived.shared import LABEL
from energy_pipeline.contracts.model import Column, Table

SIGNALS = Table(
    name="signals",
    stage="strategies",
    flow="decide",
    description="What each strategy wants for D; `index_only` rows are studies and never become positions.",
    key=("strategy", "zone", "delivery_start"),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        c.ZONE,
        c.DELIVERY_START,
        c.RESOLUTION,
        LABEL,
        c.text("entry_price", "Price at which the position is opened."),
        c.text("exit_price", "Price at which it is closed; empty for an index study."),
        c.text("entry_known", "When the entry price is known."),
        c.text("exit_known", "When the exit price is known; empty for an index study."),
        Column("signal", "f64", "-1 (sell day-ahead, buy back) .. +1.", "1", minimum=-1.0, maximum=1.0, reason="a normalised signal"),
        c.power("target_mw", "Wanted extra day-ahead purchase (+) or sale (-); 0 for an index study."),
        Column("expected_edge_eur_mwh", "f64", "Expected gain per MWh traded, before costs.", "EUR/MWh", True),
        Column("reason", "str", "Why nothing is wanted whatever the rule says; empty where the rule decides.", since=2, default=""),
    ),
    version=2,
    may_be_empty=True,
    is_mart=True,
)

BACKTEST_METRICS = Table(
    name="backtest_metrics",
    stage="strategies",
    flow="settle_final",
    description="Each strategy over the settled days up to D, net of costs. Index studies carry no Sharpe.",
    key=("strategy",),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        LABEL,
        c.count("days", "Settled days in the window."),
        c.money("gross_eur", "P&L of the window before costs; null for an index study.", nullable=True),
        c.money("cost_eur", "Spread, impact, commission, fees and imbalance fee of the window; null for an index study.", nullable=True),
        c.money("pnl_eur", "Net P&L of the window; null for an index study.", nullable=True),
        c.money("pnl_day_eur", "Net P&L of D; null for an index study.", nullable=True),
        Column("index_points_eur_mwh", "f64", "Sum of index changes of an index study; null for a tradable strategy.", "EUR/MWh", True),
        Column(
            "sharpe",
            "f64",
            "Annualised (sqrt of 365 delivery days) mean over standard deviation; null for index studies and under 20 days.",
            "1",
            True,
        ),
        Column("sharpe_low", "f64", "Lower end of the 95 % interval of the Sharpe ratio (stationary bootstrap).", "1", True),
        Column("sharpe_high", "f64", "Upper end of it.", "1", True),
        c.share("deflated_probability", "That the true Sharpe ratio beats the best of as many worthless trials.", nullable=True),
        Column("trials", "i64", "Parameter sets tried before these were chosen.", "1", True, minimum=1, reason="a count"),
        c.text(
            "verdict",
            "`unexplained`: a Sharpe above 3 or significance at 1 % that the desk file does not explain.",
            allowed=("plausible", "too_short", "explained", "unexplained", "index_only"),
        ),
        Column("traded_mwh", "f64", "Volume opened, bought and sold.", "MWh", True, minimum=0.0, reason="a volume"),
        Column("orders", "i64", "Intervals with a trade.", "1", True, minimum=0, reason="a count"),
        Column(
            "cost_share", "f64", "Costs over the sum of the days' absolute gross results.", "1", True, minimum=0.0, reason="costs are not negative"
        ),
        c.share("hit_rate", "Share of days with a gain.", nullable=True),
        c.money("max_drawdown_eur", "Largest fall from a peak of cumulative P&L, positive.", nullable=True),
        c.share("allocation_share", "Share under the desk's `allocation`; null for who takes no part.", nullable=True),
        c.text("left_out", "Why the allocation leaves it out; empty for who takes part."),
    ),
    may_be_empty=True,
    ends_flow=True,
    is_mart=True,
)

BACKTEST_DAYS = Table(
    name="backtest_days",
    stage="strategies",
    flow="settle_final",
    description="Each strategy day by day over the settled days up to D: gross, costs, equity curve, drawdown.",
    key=("strategy", "result_day"),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        Column("result_day", "date", "Delivery day the result is of, D or earlier."),
        LABEL,
        c.money("gross_eur", "P&L before costs; null for an index study.", nullable=True),
        c.money("cost_eur", "Costs; null for an index study.", nullable=True),
        c.money("net_eur", "Gross less costs; null for an index study.", nullable=True),
        Column("traded_mwh", "f64", "Volume opened; null for an index study.", "MWh", True, minimum=0.0, reason="a volume"),
        c.money("equity_gross_eur", "Running sum of gross since the window began; null for an index study.", nullable=True),
        c.money("equity_net_eur", "Running sum of net; null for an index study.", nullable=True),
        Column(
            "drawdown_eur",
            "f64",
            "Peak of the net equity less the net equity.",
            "EUR",
            True,
            minimum=0.0,
            reason="a fall from a peak is not negative",
        ),
        Column("index_points_eur_mwh", "f64", "Index change of an index study; null for a tradable strategy.", "EUR/MWh", True),
    ),
    may_be_empty=True,
    ends_flow=True,
    is_mart=True,
)

STRATEGY_TRIALS = Table(
    name="strategy_trials",
    stage="strategies",
    flow="decide",
    description="Every trial of a strategy's rule that was known at the decision; alike ones count once in the deflation.",
    key=("strategy", "identity"),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        c.text("identity", "Hash of rule, parameters, instrument, span and data: a repeat is no further trial."),
        Column("known_at", "timestamp", "When the trial was run, UTC."),
        c.text("rule", "Kind of the rule."),
        c.text("parameters", "Its parameters, as JSON."),
        c.ZONE,
        Column("first_day", "date", "First delivery day of its span."),
        Column("last_day", "date", "Last delivery day of its span."),
        c.text("data", "Hash of the prices it was run on."),
        c.count("days", "Settled days of it."),
        Column("sharpe_daily", "f64", "Mean over standard deviation of its daily net results; 0 without spread.", "1"),
        Column("alike", "i64", "Number of its group: trials whose results move together count as one.", "1", minimum=1, reason="a number from 1"),
    ),
    may_be_empty=True,
    is_mart=True,
)

STRATEGY_STATES = Table(
    name="strategy_states",
    stage="strategies",
    flow="decide",
    description="Whether each strategy's own record, as known at the decision, lets it trade, and how much.",
    key=("strategy",),
    columns=(
        c.DELIVERY_DAY,
        c.text("strategy", "Strategy as named in the desk file."),
        c.ZONE,
        LABEL,
        c.text("state", "Paper and stopped trade nothing, reduced a part of its share, live all.", allowed=("paper", "reduced", "live", "stopped")),
        Column("since", "date", "Settled day whose result brought the state; null where it began with it.", nullable=True),
        c.share("size", "Share of the allocation x what the state allows: of the signal's target that the book may take."),
        c.share("allocation_share", "Share under the desk's `allocation` among those that trade; null for who does not.", nullable=True),
        c.text("why", "What brought the state, or keeps it."),
        c.text("way_back", "What a larger state takes; empty for a live strategy and an index study."),
        Column("record_first_day", "date", "First settled day judged; null without a record.", nullable=True),
        Column("record_last_day", "date", "Last settled day known at the decision; null without a record.", nullable=True),
        c.count("days", "Settled days judged."),
        c.money("gross_eur", "Their P&L at full size before costs."),
        c.money("cost_eur", "Their trading costs and imbalance fees."),
        c.money("net_eur", "Their P&L at full size, net of costs."),
        Column("t", "f64", "t of the mean net result, Newey-West; null under two days.", "1", True),
        c.share("probability", "That the edge beats the best of as many worthless trials; null for too short a record.", nullable=True),
        Column("trials", "i64", "Independent trials the record is the best of.", "1", minimum=1, reason="a count"),
        c.money("drawdown_eur", "Fall from the peak since it trades."),
        c.money("stop_eur", "Fall that stops it; null on paper.", nullable=True),
        c.text("record_of", "What the record is of: the rule, or (a rule that reads price forecasts) realised spreads alone."),
    ),
    may_be_empty=True,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (
    SIGNALS,
    STRATEGY_TRIALS,
    STRATEGY_STATES,
    BACKTEST_METRICS,
    BACKTEST_DAYS,
)
"""In flow order."""
