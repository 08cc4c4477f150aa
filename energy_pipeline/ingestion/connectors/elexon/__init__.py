"""Elexon Insights: Great Britain without a key.

What belongs here: its connector. What does not: sending.
"""

from energy_pipeline.ingestion.connectors.elexon.connector import ELEXON

__all__ = ["ELEXON"]
