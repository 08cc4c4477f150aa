"""Contracts of the tables the stages compute, one module per stage or matter.

What belongs here: the tables of all stages in flow order. What does not: the tables
themselves (the stage's module), raw tables or marts.
"""

from __future__ import annotations

from energy_pipeline.contracts.derived import (
    features,
    flexibility,
    forecasting,
    ingestion,
    performance,
    portfolio,
    renewables,
    reporting,
    risk,
    rivals,
    scenarios,
    strategies,
    whole_book,
)
from energy_pipeline.contracts.derived.shared import QUANTILES, quantile_column
from energy_pipeline.contracts.model import Table

DERIVED_TABLES: tuple[Table, ...] = (
    *ingestion.TABLES,
    *features.TABLES,
    *forecasting.TABLES,
    *renewables.TABLES,
    *scenarios.TABLES,
    *flexibility.TABLES,
    *strategies.TABLES,
    *whole_book.OPEN,
    *portfolio.TABLES,
    *rivals.TABLES,
    *risk.TABLES,
    *whole_book.MARKED,
    *performance.TABLES,
    *reporting.TABLES,
)
"""Every derived table, in flow order."""

__all__ = ["DERIVED_TABLES", "QUANTILES", "quantile_column"]
