"""ENTSO-E Transparency: prices, load, generation, forecasts, capacity and outages.

What belongs here: the connector object. What does not: reading documents (`documents`, `outages`), what is asked (`datasets`).
"""

from __future__ import annotations

from energy_pipeline.ingestion.connectors.entsoe.connector import ENTSOE

__all__ = ["ENTSOE"]
