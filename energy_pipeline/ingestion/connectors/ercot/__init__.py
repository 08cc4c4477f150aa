"""ERCOT: load and its forecast, wind and its forecast, of Texas.

What belongs here: its connector. What does not: sending.
"""

from energy_pipeline.ingestion.connectors.ercot.connector import ERCOT

__all__ = ["ERCOT"]
