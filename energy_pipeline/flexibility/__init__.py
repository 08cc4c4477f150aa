"""Flexibility: assets whose worth is the right to decide later, their dispatch and their value.

What belongs here: stores, swing contracts, curtailable load, tolling, grid services; exact
perfect foresight, non-anticipative policies for both information structures (`policy`:
prices seen one by one; `auction`: a day fixed before its prices), values with bounds. What does
not: price scenarios (scenarios), positions and P&L (portfolio).
"""

from energy_pipeline.flexibility.dispatch import dispatch, settle_dispatch
from energy_pipeline.flexibility.foresight import Plan, foresight
from energy_pipeline.flexibility.policy import PolicyRun, StoragePolicy, train
from energy_pipeline.flexibility.storage import Schedule, margin_eur, schedule
from energy_pipeline.flexibility.store import Store
from energy_pipeline.flexibility.valuation import valuation

__all__ = [
    "Plan",
    "PolicyRun",
    "Schedule",
    "StoragePolicy",
    "Store",
    "dispatch",
    "foresight",
    "margin_eur",
    "schedule",
    "settle_dispatch",
    "train",
    "valuation",
]
