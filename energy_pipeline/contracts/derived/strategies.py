"""Contracts of the tables of the strategies stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and BI marts (`dbt_like_sql/marts/schema.yml`).
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
        Column("signal", "f64", "-1 (sell day-ahead, buy back) .. +1.", "1", minimum=-1.0, maximum=1.0, reason="a normalised signal"),
        c.power("target_mw", "Wanted extra day-ahead purchase (+) or sale (-); 0 for an index study."),
        Column("expected_edge_eur_mwh", "f64", "Expected gain per MWh traded, before costs.", "EUR/MWh", True),
    ),
    may_be_empty=True,
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
        c.share("hit_rate", "Share of days with a gain.", nullable=True),
        c.money("max_drawdown_eur", "Largest fall from a peak of cumulative P&L, positive.", nullable=True),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (
    SIGNALS,
    BACKTEST_METRICS,
)
"""In flow order."""
