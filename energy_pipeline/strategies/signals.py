"""The table `signals`: every strategy of the desk for D.

What belongs here: the list of strategy kinds. What does not: any one of them.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk.model import SpreadStrategy
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.strategies.reversal import reversal_signals
from energy_pipeline.strategies.spread import spread_signals


def signals(info: InformationSet, price_forecasts: pl.DataFrame) -> pl.DataFrame:
    """What each strategy wants for D, table `signals`.

    Raises
    ------
    SourceError
        A tradable strategy lacks a price forecast.
    """
    contract = table("signals")
    frames = [
        spread_signals(info, name, strategy, price_forecasts) if isinstance(strategy, SpreadStrategy) else reversal_signals(info, name, strategy)
        for name, strategy in info.desk.strategies.items()
    ]
    return pl.concat(frames).sort(contract.key, maintain_order=True) if frames else contract.frame()
