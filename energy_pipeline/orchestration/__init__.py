"""The graph: assets, checks, jobs and schedules over the pure stages.

What belongs here: everything that knows Dagster. What does not: any computation.
"""
