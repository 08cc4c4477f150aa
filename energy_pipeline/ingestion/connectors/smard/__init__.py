"""SMARD of the Bundesnetzagentur: German prices, load, wind and solar without a key.

What belongs here: its connector. What does not: sending.
"""

from energy_pipeline.ingestion.connectors.smard.connector import SMARD

__all__ = ["SMARD"]
