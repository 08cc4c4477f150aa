"""Risk: how much the decided book can lose, where it comes from, and which limits it uses.

What belongs here: VaR and expected shortfall over the joint forecast errors, their
contributions, stresses, limits, exceptions and their tests, hedges and trades that are only
thought of, performance over capital. What does not: the decision, or the P&L kernel (both `portfolio`).

Names are loaded when they are asked for: a what-if question needs a tenth of the modules.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from energy_pipeline.risk.assessment import MoreInputs, RiskTables, assess
    from energy_pipeline.risk.breaches import limit_breaches
    from energy_pipeline.risk.day_attribution import pnl_attribution
    from energy_pipeline.risk.exceptions import decided_legs, mark_var_backtests, mark_var_exceptions, var_backtests, var_exceptions
    from energy_pipeline.risk.expected_against_settled import expectation_record
    from energy_pipeline.risk.explained import book_explain
    from energy_pipeline.risk.mark_risk import book_mark_risk
    from energy_pipeline.risk.performance import performance_days, performance_table

WHERE = {
    **dict.fromkeys(("MoreInputs", "RiskTables", "assess"), "assessment"),
    "book_explain": "explained",
    "limit_breaches": "breaches",
    "pnl_attribution": "day_attribution",
    "expectation_record": "expected_against_settled",
    **dict.fromkeys(("performance_days", "performance_table"), "performance"),
    **dict.fromkeys(("decided_legs", "mark_var_backtests", "mark_var_exceptions", "var_backtests", "var_exceptions"), "exceptions"),
    "book_mark_risk": "mark_risk",
}


def __getattr__(name: str) -> object:
    """A name of `WHERE`, from its module."""
    if name not in WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{WHERE[name]}"), name)


__all__ = [
    "MoreInputs",
    "RiskTables",
    "assess",
    "book_explain",
    "book_mark_risk",
    "decided_legs",
    "expectation_record",
    "limit_breaches",
    "mark_var_backtests",
    "mark_var_exceptions",
    "performance_days",
    "performance_table",
    "pnl_attribution",
    "var_backtests",
    "var_exceptions",
]
