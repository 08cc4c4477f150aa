"""Benchmarks: what a load, a day and a backfill cost. `make bench` runs them and writes docs/benchmarks.md.

What belongs here: measurements. What does not: tests; nothing here passes or fails.
"""
