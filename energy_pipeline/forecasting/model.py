"""What every price model returns, and how it says that it cannot.

What belongs here: the point forecast, the error of a model without its inputs, the
calendar block models are fitted for, price limits. What does not: any model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError

PriceKind = Literal["day_ahead", "second"]


class ModelUnavailableError(PipelineError):
    """A price model lacks history or inputs; the caller names it and takes a simpler one."""


@dataclass(frozen=True)
class PointForecast:
    """Expected price by interval of the target day.

    Attributes
    ----------
    values : array, shape (count,)
        [EUR/MWh]
    fallback : str
        Empty, or what stands in and why.
    artefact : str
        Content hash of the fitted model; empty without one.
    """

    values: FloatArray
    fallback: str = ""
    artefact: str = ""


def within_limits(values: FloatArray, kind: PriceKind) -> FloatArray:
    """Values cut to the price limits of the contract."""
    column = table("day_ahead_prices" if kind == "day_ahead" else "second_prices").column("price_eur_mwh")
    return np.clip(values, column.minimum, column.maximum)
