"""What stands when the book is decided: the ledger's open deals, and stores and orders that prices decide.

What belongs here: what several steps of portfolio and risk begin with. What does not: the steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from energy_pipeline.orchestration.factory import DayContext, Frame

if TYPE_CHECKING:
    from energy_pipeline.book.outlook import Acting
    from energy_pipeline.desk import Desk


def holding(desk: Desk, deals: Frame) -> Desk:
    """The desk with its ledger's open deals held."""
    from energy_pipeline.book import ledger

    return ledger.with_deals(desk, deals)


def acting_of(
    day: DayContext,
    dispatch: Frame,
    asset_thresholds: Frame,
    asset_states: Frame,
    end_values: Frame,
    orders_sent: Frame,
    bid_curves: Frame,
    block_orders: Frame,
) -> tuple[Acting, ...]:
    """Stores that act on prices as they come, and orders that prices clear, as they were decided to stand."""
    from energy_pipeline import flexibility

    desk = flexibility.desk_of_day(day.desk, day.day, asset_states, end_values)
    return (*flexibility.acting(desk, asset_thresholds), *flexibility.cleared_orders(desk, dispatch, orders_sent, bid_curves, block_orders))
