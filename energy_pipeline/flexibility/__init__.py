"""Flexibility: the desk's flexible assets, their dispatch and their value.

What belongs here: from the desk file's batteries, rights and services to stores and contracts as numbers
(`mathematics.stores`), and back to the tables of dispatch, bids and values. What does not: price scenarios
(scenarios), positions and P&L (portfolio).
"""

from energy_pipeline.flexibility.asset_valuation import valuation
from energy_pipeline.flexibility.chain import flexible_day
from energy_pipeline.flexibility.controller import acting
from energy_pipeline.flexibility.corrections import checked_corrections
from energy_pipeline.flexibility.dispatch_tables import dispatch, settle_dispatch
from energy_pipeline.flexibility.execution import Executed, Orders, executed
from energy_pipeline.flexibility.sending import cleared_orders
from energy_pipeline.flexibility.states import LOOK_BACK_DAYS, Before, desk_of_day, predecessor_of
from energy_pipeline.flexibility.storage import Schedule, margin_eur, schedule

__all__ = [
    "LOOK_BACK_DAYS",
    "Before",
    "Executed",
    "Orders",
    "Schedule",
    "acting",
    "checked_corrections",
    "cleared_orders",
    "desk_of_day",
    "dispatch",
    "executed",
    "flexible_day",
    "margin_eur",
    "predecessor_of",
    "schedule",
    "settle_dispatch",
    "valuation",
]
