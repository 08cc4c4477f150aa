"""Energy-Charts of Fraunhofer ISE: prices, load, wind and solar of Europe without a key.

What belongs here: its connector. What does not: sending.
"""

from energy_pipeline.ingestion.connectors.energy_charts.connector import ENERGY_CHARTS

__all__ = ["ENERGY_CHARTS"]
