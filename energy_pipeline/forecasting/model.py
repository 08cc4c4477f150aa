"""What every price model returns, and how it says that it cannot.

What belongs here: the point forecast, the error of a model without its inputs, the
calendar block models are fitted for, price limits. What does not: any model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.archive import InformationSet

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


def within_limits(info: InformationSet, zone: str, kind: PriceKind, values: FloatArray) -> FloatArray:
    """Values cut to what the zone's market allows on the delivery day."""
    return np.clip(values, *info.desk.price_bounds(zone, kind, info.day.day))
