"""Risk: how much the decided book can lose, where it comes from, and which limits it uses.

What belongs here: VaR and expected shortfall over the joint forecast errors, their
contributions, stresses, limits, exceptions and their tests, hedges and trades that are only
thought of, performance over capital. What does not: the decision, or the P&L kernel (both `portfolio`).
"""

from energy_pipeline.risk.assess import RiskTables, assess
from energy_pipeline.risk.exceptions import decided_legs, var_backtests, var_exceptions

__all__ = ["RiskTables", "assess", "decided_legs", "var_backtests", "var_exceptions"]
