"""Limits of an allocation, each with the name that reports use.

What belongs here: what a limit says. What does not: rows of a programme (`space`).

Numbers per contract may be given as one number for all, an array in the problem's order,
or a mapping from contract names (the others then get no bound, or coefficient 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

PerContract: TypeAlias = float | Sequence[float] | FloatArray | Mapping[str, float]


@dataclass(frozen=True)
class Bounds:
    """low <= position <= high, per contract."""

    name: str
    low: PerContract = -np.inf
    high: PerContract = np.inf


@dataclass(frozen=True)
class Linear:
    """low <= coefficients . position <= high: a factor exposure, MW or MWh of a tenor or block, delta, a net position.

    Examples
    --------
    Basis exposure of two locations at most 20 MW either way:

    >>> Linear("cap basis", {"north": 1.0, "south": -1.0}, low=-20.0, high=20.0).name
    'cap basis'
    """

    name: str
    coefficients: PerContract
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True)
class Gross:
    """sum of weights |position| <= high: gross MW, or with weights initial margin, credit or liquidity used."""

    name: str
    high: float
    weights: PerContract = 1.0


@dataclass(frozen=True)
class Turnover:
    """sum of weights |position - held| <= high."""

    name: str
    high: float
    weights: PerContract = 1.0


@dataclass(frozen=True)
class Lots:
    """The position is a whole number of lots; contracts left out of a mapping may take any size."""

    name: str
    size: PerContract


@dataclass(frozen=True)
class MeanFloor:
    """Expected P&L after costs at least `low`."""

    name: str
    low: float


@dataclass(frozen=True)
class CvarLimit:
    """CVaR of the loss over the problem's scenarios at most `high` (confidence 0.95: the worst 5 %)."""

    name: str
    high: float
    confidence: float = 0.95


@dataclass(frozen=True)
class VolatilityLimit:
    """Standard deviation of the P&L at most `high`."""

    name: str
    high: float


@dataclass(frozen=True)
class DrawdownLimit:
    """CDaR at most `high`: mean of the worst 1 - confidence of the drawdowns, scenarios in time order."""

    name: str
    high: float
    confidence: float = 0.95


@dataclass(frozen=True)
class StressLimit:
    """Loss in every stress scenario of the problem at most `high`."""

    name: str
    high: float


Limit: TypeAlias = Bounds | Linear | Gross | Turnover | Lots | MeanFloor | CvarLimit | VolatilityLimit | DrawdownLimit | StressLimit
