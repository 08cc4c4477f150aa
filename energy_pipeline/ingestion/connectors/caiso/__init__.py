"""California ISO's OASIS: day-ahead and actual wind and solar.

What belongs here: its connector. What does not: sending.
"""

from energy_pipeline.ingestion.connectors.caiso.connector import CAISO

__all__ = ["CAISO"]
