"""Contracts of the tables of the risk stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and BI marts (`dbt_like_sql/marts/schema.yml`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.contracts.model import Column, Table

RISK_MEASURES = Table(
    name="risk_measures",
    stage="risk",
    flow="decide",
    description="VaR and expected shortfall of the decided book over the joint forecast errors: losses against the expected day, positive.",
    key=("scope", "measure", "method", "level"),
    columns=(
        c.DELIVERY_DAY,
        c.text("scope", "book, a zone, or 'proxy hedges': what these are expected to earn against their declared quotes, no headline."),
        c.text("measure", "Which measure.", allowed=("expected_pnl", "volatility", "var", "es")),
        c.text("method", "How.", allowed=("historical_errors",)),
        c.share("level", "Confidence (0 for expected P&L and volatility)."),
        c.money("value_eur", "The measure."),
        c.money("standard_error_eur", "Sampling error over scenarios.", nullable=True),
        Column("scenarios", "i32", "Scenarios used.", "1", minimum=1, reason="a count"),
    ),
)

RISK_CONTRIBUTIONS = Table(
    name="risk_contributions",
    stage="risk",
    flow="decide",
    description="Euler contributions to the book's risk; within a measure, level and kind they add up to it.",
    key=("measure", "level", "component_kind", "component"),
    columns=(
        c.DELIVERY_DAY,
        c.text("measure", "Which measure.", allowed=("volatility", "es")),
        c.share("level", "Confidence (0 for volatility)."),
        c.text("component_kind", "What the book is split by.", allowed=("zone", "leg")),
        c.text("component", "The part."),
        c.money("contribution_eur", "Its contribution; a loss is positive."),
        c.share("share_of_total", "Contribution over total; null when the total is 0.", nullable=True, minimum=None, maximum=None),
    ),
)

STRESS_RESULTS = Table(
    name="stress_results",
    stage="risk",
    flow="decide",
    description="P&L of the decided book when named things go wrong.",
    key=("stress",),
    columns=(
        c.DELIVERY_DAY,
        c.text("stress", "Name of the stress in the desk file."),
        c.text("description", "What happens."),
        c.money("pnl_eur", "P&L of the day under the stress."),
        c.money("change_eur", "Difference to the expected day."),
    ),
    may_be_empty=True,
)

LIMITS = Table(
    name="limits",
    stage="risk",
    flow="decide",
    description="Use of every limit of the desk by the decided book.",
    key=("limit_name", "scope"),
    columns=(
        c.DELIVERY_DAY,
        c.text("limit_name", "Name in the desk file."),
        c.text("scope", "book, a zone, or a contract."),
        c.text("unit", "Unit of used and bound.", allowed=("MW", "MWh", "EUR")),
        Column("used", "f64", "Use, positive.", "see unit"),
        Column("bound", "f64", "The limit.", "see unit", minimum=0.0, reason="a limit"),
        c.share("use_share", "used / bound.", maximum=None, minimum=None),
        c.text("status", "Traffic light.", allowed=("green", "amber", "red")),
        Column(
            "shadow_price_eur",
            "f64",
            "Gain of the objective per unit of the limit; null where it is not part of the optimisation.",
            "EUR per unit",
            True,
        ),
    ),
    may_be_empty=True,
)

VAR_EXCEPTIONS = Table(
    name="var_exceptions",
    stage="risk",
    flow="settle_final",
    description="Did the day fall short of its expectation by more than the VaR decided with?",
    key=("level",),
    columns=(
        c.DELIVERY_DAY,
        c.share("level", "Confidence."),
        c.money("var_eur", "VaR of the decision."),
        c.money("es_eur", "Expected shortfall of the decision."),
        c.money("expected_pnl_eur", "Expected P&L of the decision, proxy hedges at their quotes."),
        c.money("pnl_eur", "Settled P&L."),
        Column("is_exception", "bool", "True when expected less settled P&L exceeds the VaR."),
    ),
    may_be_empty=True,
)

TABLES: tuple[Table, ...] = (
    RISK_MEASURES,
    RISK_CONTRIBUTIONS,
    STRESS_RESULTS,
    LIMITS,
    VAR_EXCEPTIONS,
)
"""In flow order."""
