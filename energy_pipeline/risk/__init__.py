"""Risk: how much the decided book can lose, where it comes from, and which limits it uses.

What belongs here: VaR and expected shortfall over the joint forecast errors, their
contributions, stresses, limits and exceptions. What does not: the decision, or the P&L
kernel (both `portfolio`).
"""

from energy_pipeline.risk.assess import RiskTables, assess
from energy_pipeline.risk.exceptions import var_exceptions

__all__ = ["RiskTables", "assess", "var_exceptions"]
