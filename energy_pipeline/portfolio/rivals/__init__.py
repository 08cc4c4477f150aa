"""The book's rivals: what other objectives would have done on the same day, and earned.

What belongs here: every objective on the day's scenarios under the day's limits, their
settlement, regret, what the hedges saved. What does not: the decided book (`optimise`),
the objectives themselves (`allocation`), P&L legs (`pnl`).
"""

from energy_pipeline.portfolio.rivals.choose import Rivals, rivals
from energy_pipeline.portfolio.rivals.hedging import hedge_effectiveness, hedge_results
from energy_pipeline.portfolio.rivals.scores import objective_scores
from energy_pipeline.portfolio.rivals.settle import objective_results

__all__ = ["Rivals", "hedge_effectiveness", "hedge_results", "objective_results", "objective_scores", "rivals"]
