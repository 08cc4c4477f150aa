"""Flexibility: day-ahead schedules of batteries, and what they earned beside perfect foresight.

What belongs here: assets with `information: auction`, committed before any price of the day
is known. What does not: policies that see prices one by one, positions and P&L (portfolio).
"""

from energy_pipeline.flexibility.dispatch import dispatch, settle_dispatch
from energy_pipeline.flexibility.storage import Schedule, margin_eur, schedule

__all__ = ["Schedule", "dispatch", "margin_eur", "schedule", "settle_dispatch"]
