"""Open-Meteo: weather forecasts by run, previous runs, and the ERA5 archive.

What belongs here: its connector. What does not: sending.
"""

from energy_pipeline.ingestion.connectors.open_meteo.connector import OPEN_METEO

__all__ = ["OPEN_METEO"]
