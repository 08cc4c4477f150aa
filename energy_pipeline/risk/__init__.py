"""Risk: how much the decided book can lose, where it comes from, and which limits it uses.

What belongs here: VaR and expected shortfall over the joint forecast errors, their
contributions, stresses, limits, exceptions and their tests, hedges and trades that are only
thought of, performance over capital. What does not: the decision, or the P&L kernel (both `portfolio`).
"""

from energy_pipeline.risk.assessment import MoreInputs, RiskTables, assess
from energy_pipeline.risk.breaches import limit_breaches
from energy_pipeline.risk.day_attribution import pnl_attribution
from energy_pipeline.risk.exceptions import decided_legs, var_backtests, var_exceptions
from energy_pipeline.risk.expected_settled import expectation_record

__all__ = [
    "MoreInputs",
    "RiskTables",
    "assess",
    "decided_legs",
    "expectation_record",
    "limit_breaches",
    "pnl_attribution",
    "var_backtests",
    "var_exceptions",
]
