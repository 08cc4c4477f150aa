"""The table `signals`: every strategy of the desk for D.

What belongs here: the list of strategy kinds. What does not: any one of them.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk.strategies import MeanReversion, MeanReversionIndex, Momentum, PairSpread, RenewableArbitrage, SpreadStrategy, Strategy
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.strategies import daily
from energy_pipeline.strategies.reversal import reversal_signals
from energy_pipeline.strategies.spread import spread_signals


def signals(info: InformationSet, price_forecasts: pl.DataFrame, skill: pl.DataFrame | None = None) -> pl.DataFrame:
    """What each strategy wants for D, table `signals`; `skill` is the table second_price_skill of D.

    Raises
    ------
    SourceError
        A tradable strategy lacks a price forecast.
    """
    contract = table("signals")
    frames = [strategy_signals(info, name, strategy, price_forecasts, skill) for name, strategy in info.desk.strategies.items()]
    return pl.concat(frames).sort(contract.key, maintain_order=True) if frames else contract.frame()


def strategy_signals(
    info: InformationSet, name: str, strategy: Strategy, price_forecasts: pl.DataFrame | None, skill: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One strategy's rows; without forecasts, the one that uses them goes by realised spreads alone."""
    match strategy:
        case SpreadStrategy():
            return spread_signals(info, name, strategy, price_forecasts, skill)
        case MeanReversionIndex():
            return reversal_signals(info, name, strategy)
        case MeanReversion():
            return daily.reversion_rows(info, name, strategy)
        case Momentum():
            return daily.momentum_rows(info, name, strategy)
        case PairSpread():
            return daily.pair_rows(info, name, strategy)
        case RenewableArbitrage():
            return daily.renewable_rows(info, name, strategy)
