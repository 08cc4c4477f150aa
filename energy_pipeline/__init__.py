"""The daily pipeline of a power-trading desk.

What belongs here: nothing but the name. Import the room you need
(`energy_pipeline.portfolio`, `energy_pipeline.risk`, ...); each works from a
notebook without Dagster.
"""
