"""Flexibility: the desk's flexible assets, their dispatch and their value.

What belongs here: from the desk file's batteries, rights and services to stores and contracts as numbers
(`mathematics.stores`), and back to the tables of dispatch, bids and values. What does not: price scenarios
(scenarios), positions and P&L (portfolio).
"""

from energy_pipeline.flexibility.asset_valuation import valuation
from energy_pipeline.flexibility.dispatch_tables import dispatch, settle_dispatch
from energy_pipeline.flexibility.storage import Schedule, margin_eur, schedule

__all__ = ["Schedule", "dispatch", "margin_eur", "schedule", "settle_dispatch", "valuation"]
