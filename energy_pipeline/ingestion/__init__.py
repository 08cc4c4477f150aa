"""Ingestion: what the world published, every vintage, and how good it is.

What belongs here: the synthetic market, the mapping of the user's files, declared proxy
quotes, vintages, the quality table, and the check that a forecast is one.
What does not: opening files (`lake.source_files`) or anything computed for a decision.
"""

from energy_pipeline.ingestion.collected import Collected
from energy_pipeline.ingestion.collection import collect
from energy_pipeline.ingestion.holding import HELD_HOURS, no_longer_said
from energy_pipeline.ingestion.quality import assess_quality
from energy_pipeline.ingestion.record import information_record
from energy_pipeline.ingestion.vintages import new_vintages

__all__ = ["HELD_HOURS", "Collected", "assess_quality", "collect", "information_record", "new_vintages", "no_longer_said"]
