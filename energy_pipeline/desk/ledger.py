"""The ledger a desk's trades are read from: its files, its counterparties.

What belongs here: the model of `ledger` in the desk file. What does not: what a line must hold (`portfolio.ledger_files`).
"""

from __future__ import annotations

from pydantic import Field

from energy_pipeline.desk.base import DeskModel
from energy_pipeline.desk.layout import FileLayout


class Counterparty(DeskModel):
    """Who a deal is with."""

    credit_limit_eur: float | None = Field(None, gt=0, description="Exposure (marks in our favour and what they may grow to) at most.")


class Ledger(FileLayout):
    """Files of the whole book (columns: portfolio/ledger_files.py); paths count from ENERGY_PIPELINE_DATA."""

    trades: str = Field(min_length=1, description="Every deal, a line each; a file is only ever added to.")
    quotes: str | None = Field(None, min_length=1, description="Bid and ask of contracts by first and last day.")
    exchange_rates: str | None = Field(None, min_length=1, description="Of deals in another currency than the desk's.")
    counterparties: dict[str, Counterparty] = Field(min_length=1, description="By the name that trades give.")
    quote_days: int = Field(10, ge=1, le=60, description="A quote older than this at the decision no longer counts.")
