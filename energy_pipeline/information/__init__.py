"""Information: what was known when; the only door through which a decision reads raw data.

What belongs here: series with vintages, the archive and its cut at a decision time, intervals read at the
market time unit, when each series was expected and known, late sources, the store a fitted model is kept in.
What does not: reading files (`lake`, `ingestion`), or any feature.
"""
