"""Portfolio: the day's sales and hedges, and what they earned.

What belongs here: the P&L kernel, the choice of positions, the bids to submit and the
settlement of both flows. What does not: scenarios (an input), risk reports (`risk`).
"""

from energy_pipeline.portfolio.asset_cash import Decided, acted, asset_legs
from energy_pipeline.portfolio.decision import book_of, case_of, optimise, pinned
from energy_pipeline.portfolio.nominations import nomination_lines, nominations_csv
from energy_pipeline.portfolio.plant_legs import plant_results
from energy_pipeline.portfolio.settle import Acted, Came, settle_day_ahead, settle_final

__all__ = [
    "Acted",
    "Came",
    "Decided",
    "acted",
    "asset_legs",
    "book_of",
    "case_of",
    "nomination_lines",
    "nominations_csv",
    "optimise",
    "pinned",
    "plant_results",
    "settle_day_ahead",
    "settle_final",
]
