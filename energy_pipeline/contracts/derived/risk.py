"""Contracts of the tables of the risk stage.

What belongs here: one `Table` per output of that stage, in flow order. What does not: raw
tables (`contracts.raw`) and marts that compute something (`dbt_like_sql/marts/`).
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
        Column(
            "other_value_eur", "f64", "VaR by the next larger loss (document 003) where the tail is whole; else null.", "EUR", nullable=True, since=2
        ),
    ),
    version=2,
)

RISK_METHODS = Table(
    name="risk_methods",
    stage="risk",
    flow="decide",
    description="VaR and expected shortfall of the decided book on past days' joint errors, by every method and over longer horizons.",
    key=("scope", "method", "horizon_days", "scaling", "level"),
    columns=(
        c.DELIVERY_DAY,
        c.text("scope", "The book of the day, or what is held beyond it.", allowed=("book", "living book")),
        c.text("method", "How.", allowed=("normal", "student_t", "cornish_fisher", "historical", "filtered", "monte_carlo")),
        Column("horizon_days", "i32", "Days the loss is summed over.", "d", minimum=1, maximum=30, reason="a short horizon"),
        c.text("scaling", "How a horizon beyond a day was reached.", allowed=("none", "sqrt_time", "simulated")),
        c.share("level", "Confidence."),
        c.money("var_eur", "VaR; null where refused.", nullable=True),
        c.money("es_eur", "Expected shortfall; null where refused.", nullable=True),
        c.money("var_error_eur", "Sampling error of the VaR (Monte Carlo: of the draws).", nullable=True),
        c.money("es_error_eur", "Sampling error of the shortfall; null with fewer than two losses beyond the VaR.", nullable=True),
        Column("error_days", "i32", "Past days of errors.", "1", minimum=0, reason="a count"),
        c.text("note", "Empty, or what stands against the number."),
    ),
    may_be_empty=True,
    is_mart=True,
)

RISK_CONTRIBUTIONS = Table(
    name="risk_contributions",
    stage="risk",
    flow="decide",
    description="Euler contributions to the book's risk; within a measure, level and kind they add up to it.",
    key=("measure", "level", "component_kind", "component"),
    columns=(
        c.DELIVERY_DAY,
        c.text("measure", "Which measure.", allowed=("volatility", "var", "es")),
        c.share("level", "Confidence (0 for volatility)."),
        c.text("component_kind", "What the book is split by.", allowed=("zone", "leg", "contract", "block", "asset", "strategy", "named_strategy")),
        c.text("component", "The part."),
        c.money("contribution_eur", "Its contribution; a loss is positive."),
        c.share("share_of_total", "Contribution over total; null when the total is 0.", nullable=True, minimum=None, maximum=None),
        c.money("incremental_eur", "The book's measure less that of the book without the part; these do not add up."),
        Column(
            "marginal_eur_mw",
            "f64",
            "Contribution per MW held of a contract; null for other kinds.",
            "EUR/MW",
            True,
        ),
    ),
    is_mart=True,
)

STRESS_RESULTS = Table(
    name="stress_results",
    stage="risk",
    flow="decide",
    description="P&L of the decided book when named things go wrong.",
    key=("stress",),
    columns=(
        c.DELIVERY_DAY,
        c.text("stress", "Name in the desk file or the standard list, or the past day whose errors come again."),
        c.text("description", "What happens."),
        c.money("pnl_eur", "P&L of the day under the stress."),
        c.money("change_eur", "Difference to the expected day."),
        c.money("redispatch_eur", "What flexible assets would gain if re-dispatched on the stressed prices; null without any.", nullable=True),
        c.money(
            "options_eur", "Change of value of rights and stores that are not nominated, repriced under the stress; null without any.", nullable=True
        ),
        c.money("repriced_change_eur", "change_eur with redispatch_eur and options_eur: what is left when every option answers.", nullable=True),
    ),
    may_be_empty=True,
    is_mart=True,
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
        c.text("unit", "Unit of used and bound: MW, MWh, EUR, 1 for shares, EUR per unit of a factor."),
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
    ends_flow=True,
    is_mart=True,
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
        c.text("cause", "Leg that fell furthest short of its expectation.", nullable=True),
        c.money("cause_eur", "By how much it fell short.", nullable=True),
        c.share("pit", "Share of the decision's scenarios at or above the settled P&L.", nullable=True),
    ),
    may_be_empty=True,
    ends_flow=True,
)

VERDICTS = (
    Column("expected_exceptions", "f64", "Days times (1 - level).", "1", minimum=0.0, reason="a count"),
    c.share("kupiec_p", "p of the number of exceptions."),
    c.share("independence_p", "p of their independence (Christoffersen)."),
    c.share("conditional_p", "p of both (Christoffersen)."),
    c.text(
        "traffic_light",
        "Basel's traffic light over these days; too_few under 250 days, where the count says nothing.",
        allowed=("green", "yellow", "red", "too_few"),
    ),
    Column("es_statistic", "f64", "Acerbi-Szekely Z2: 0 when the shortfall is right, negative when too small.", "1", True),
)
"""What the tests of a VaR say, whichever VaR it is."""

VAR_BACKTESTS = Table(
    name="var_backtests",
    stage="risk",
    flow="settle_final",
    description="Tests of VaR, shortfall and the whole forecast distribution over the settled days up to D.",
    key=("level",),
    columns=(
        c.DELIVERY_DAY,
        c.share("level", "Confidence."),
        Column("days", "i32", "Settled days.", "1", minimum=1, reason="a count"),
        Column("exceptions", "i32", "Days whose loss exceeded the VaR.", "1", minimum=0, reason="a count"),
        *VERDICTS,
        c.share("pit_p", "Kolmogorov-Smirnov p of the PIT's uniformity; null under 20 days.", nullable=True),
    ),
    may_be_empty=True,
    is_mart=True,
)

EXPECTATION_RECORD = Table(
    name="expectation_record",
    stage="risk",
    flow="settle_final",
    description="Expected against settled over the settled days up to D: the book's P&L, and the published mean price by zone and lead group.",
    key=("quantity", "zone", "lead_group"),
    columns=(
        c.DELIVERY_DAY,
        c.text("quantity", "What was expected.", allowed=("pnl", "day_ahead_price", "second_price")),
        c.text("zone", "Zone, or book."),
        c.text("lead_group", "How long before delivery it was expected.", allowed=("D", "D+1..3", "D+4..7", "D+8..13")),
        c.text("unit", "Of expected, settled, difference, rmse and allowed.", allowed=("EUR", "EUR/MWh")),
        Column("days", "i32", "Settled days.", "1", minimum=1, reason="a count"),
        Column("expected", "f64", "Mean of what was expected.", "see unit"),
        Column("settled", "f64", "Mean of what came.", "see unit"),
        Column("difference", "f64", "Expected less settled, mean of the days.", "see unit"),
        Column("hac_t", "f64", "Its t, Newey-West with 7 lags; null under 14 days.", "1", True),
        c.share("p_value", "Two-sided p of the t.", nullable=True),
        c.share("p_holm", "The same for all rows of the day together (Holm).", nullable=True),
        Column("rmse", "f64", "Root mean squared difference.", "see unit", minimum=0.0, reason="a root"),
        Column(
            "allowed", "f64", "Largest bias of a mean price: max(0.4, 1 % of the mean outcome); null for P&L.", "see unit", True, 0.0, None, "a size"
        ),
        c.text("verdict", "Of a mean price: is its bias allowed.", allowed=("inside", "outside", "too_short", "untested")),
        Column(
            "rmse_naive",
            "f64",
            "RMSE of the naive made on the same days; null for P&L.",
            "see unit",
            True,
            0.0,
            None,
            "a root",
            since=2,
            default=None,
        ),
        Column(
            "skill",
            "f64",
            "1 less the squared error over the naive's; null for P&L.",
            "1",
            True,
            None,
            1.0,
            "errors are not negative",
            since=2,
            default=None,
        ),
        Column(
            "skill_t",
            "f64",
            "T of the squared error's gain on the naive, Newey-West with 7 lags; null under 14 days.",
            "1",
            True,
            since=2,
            default=None,
        ),
    ),
    version=2,
    may_be_empty=True,
    is_mart=True,
)

HEDGE_PROPOSALS = Table(
    name="hedge_proposals",
    stage="risk",
    flow="decide",
    description="Cheapest trades that bring the book's limits from red to green; a proposal, nothing is traded.",
    key=("contract",),
    columns=(
        c.DELIVERY_DAY,
        c.text("contract", "Zone and block; empty name: why there is no proposal."),
        c.power("trade_mw", "Bought (negative: sold)."),
        c.money("cost_eur", "Half-spread paid."),
        c.text("note", "Limits the trades repair, or why none do."),
    ),
    may_be_empty=True,
    is_mart=True,
)

FACTOR_EXPOSURES = Table(
    name="factor_exposures",
    stage="risk",
    flow="decide",
    description="What the book's loss against expectation goes with: exposures to named factors, principal components and the desk's own factors.",
    key=("scope", "factor_kind", "factor"),
    columns=(
        c.DELIVERY_DAY,
        c.text("scope", "book, or a zone."),
        c.text(
            "factor_kind",
            "Energy factors by name, principal components of the price factors, or the desk's file.",
            allowed=("named", "component", "file"),
        ),
        c.text("factor", "The factor; idiosyncratic: what they do not explain."),
        c.text("unit", "Unit of the factor's moves."),
        c.money("exposure_eur", "P&L per unit of the factor; null for idiosyncratic.", nullable=True),
        c.money("exposure_earlier_eur", "The same book's on the first half of the days; null where those do not suffice.", nullable=True),
        Column("factor_volatility", "f64", "Standard deviation of the factor's moves.", "see unit", True, 0.0, None, "a deviation"),
        c.money("contribution_eur", "Part of the volatility; within a scope and kind they add up to it."),
        c.share("share_of_variance", "The part as a share; null without risk.", nullable=True, minimum=None, maximum=None),
        c.count("days", "Past days it is measured on."),
        c.text("note", "What a component is like; beside idiosyncratic: factors left out, and why."),
    ),
    may_be_empty=True,
    is_mart=True,
)

PNL_ATTRIBUTION = Table(
    name="pnl_attribution",
    stage="risk",
    flow="settle_final",
    description="Why the settled day earned what it earned, why the options changed, and what later vintages changed.",
    key=("part", "scope", "leg"),
    columns=(
        c.DELIVERY_DAY,
        c.text(
            "part",
            "delivered: from the curve of the decision to the settlement; options: assets and rights between two valuations; "
            "restated: settlement with the newest against that with the first vintages.",
            allowed=("delivered", "options", "restated"),
        ),
        c.text("scope", "A zone, a deal, an asset, or book."),
        c.text("leg", "Leg; `change` is the whole, `unexplained` what the legs leave of it."),
        c.money("value_eur", "Gain is positive."),
        c.text("note", "What the leg holds where its name does not say it."),
    ),
    version=2,
    may_be_empty=True,
    is_mart=True,
)

LIMIT_BREACHES = Table(
    name="limit_breaches",
    stage="risk",
    flow="settle_final",
    description="Log of breaches: runs of decided days on which a limit was red, newest look-back window up to D.",
    key=("limit_name", "scope", "first_day"),
    columns=(
        c.DELIVERY_DAY,
        c.text("limit_name", "Name in the desk file."),
        c.text("scope", "book, a zone, or a contract."),
        Column("first_day", "date", "First delivery day of the breach."),
        Column("last_day", "date", "Last red day."),
        Column("days", "i32", "Red days.", "1", minimum=1, reason="a count"),
        c.text("unit", "Unit of used and bound: MW, MWh, EUR, 1 for shares, EUR per unit of a factor."),
        Column("worst_used", "f64", "Use on the worst day.", "see unit"),
        Column("worst_bound", "f64", "The limit on that day.", "see unit", minimum=0.0, reason="a limit"),
        c.share("worst_use_share", "Largest use over bound.", maximum=None, minimum=None),
        Column("worst_day", "date", "Day of the largest use."),
        Column("is_cleared", "bool", "True when a later decided day was not red."),
    ),
    may_be_empty=True,
    is_mart=True,
)

TABLES: tuple[Table, ...] = (
    RISK_MEASURES,
    RISK_METHODS,
    RISK_CONTRIBUTIONS,
    STRESS_RESULTS,
    LIMITS,
    HEDGE_PROPOSALS,
    VAR_EXCEPTIONS,
    VAR_BACKTESTS,
    EXPECTATION_RECORD,
    FACTOR_EXPOSURES,
    PNL_ATTRIBUTION,
    LIMIT_BREACHES,
)
"""In flow order."""
