"""Strategies: what each wants for D, and what it would have earned so far.

What belongs here: signals with the prices they enter and leave at, and their backtests. What
does not: positions (portfolio decides how much of a wish fits the book).
"""

from energy_pipeline.strategies.backtest import backtest_metrics, backtest_tables
from energy_pipeline.strategies.signal_table import signals

__all__ = ["backtest_metrics", "backtest_tables", "signals"]
