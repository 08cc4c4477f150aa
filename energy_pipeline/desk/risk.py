"""What risk the desk reports: levels, methods, horizons, margin, stresses.

What belongs here: the models of `risk` and `stress` in the desk file, and what a stress does to a series. What does
not: limits of the book (`model`), any measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from energy_pipeline.desk.base import DeskModel, Name
from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.history import SeriesKind


class Margin(DeskModel):
    """Initial margin of forwards and futures: EUR for every MWh still to be delivered, long or short."""

    eur_mwh: float = Field(gt=0, description="Initial margin [EUR/MWh].")
    limit_eur: float | None = Field(None, gt=0, description="Margin at most.")


class FactorFile(FileLayout):
    """Factor returns of the desk's own: columns `date`, `known_at` and one a factor."""

    path: str = Field(min_length=1, description="Counts from ENERGY_PIPELINE_DATA; .parquet or .csv.")
    date_format: str | None = Field(None, description="strptime format of `date`, such as '%d.%m.%Y'; ISO when absent.")
    factors: dict[str, str] = Field(min_length=1, description="Unit of each factor's moves by column, e.g. {brent: USD/bbl}.")

    @field_validator("factors")
    @classmethod
    def _names(cls, factors: dict[str, str]) -> dict[str, str]:
        taken = sorted({"date", "known_at"} & factors.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)} cannot be the name of a factor")
        return factors


class FactorSettings(DeskModel):
    """What the factor model of the book is measured with."""

    decay: float = Field(0.98, gt=0.5, le=1, description="Weight of a past day over that of the day after it.")
    components: int = Field(3, ge=0, le=10, description="Principal components of the price factors beside the named ones.")
    file: FactorFile | None = Field(None, description="Factor returns of the desk's own.")


class RiskSettings(DeskModel):
    """What risk is reported."""

    var_levels: tuple[float, ...] = Field((0.95, 0.99), description="Confidences of value at risk.")
    es_levels: tuple[float, ...] = Field((0.975,), description="Confidences of expected shortfall.")
    horizon_days: Literal[1] = Field(1, description="Of the day's book, which expires with the delivery day: longer horizons are refused.")
    living_book_days: tuple[int, ...] = Field(
        (), description="Horizons (2 to 30 days) for contracts held on each of those days, scaled and simulated; what expires earlier is refused."
    )
    decay: float = Field(1.0, gt=0.5, le=1, description="Weight of a past day over that of the day after it (historical and filtered).")
    draws: int = Field(10_000, ge=1000, le=1_000_000, description="Monte Carlo draws.")
    standard_stresses: bool = Field(False, description="Also the standard list: scarcity, negative prices, fuel shock, wind drought, ...")
    worst_days: int = Field(0, ge=0, le=20, description="Past days on whose errors the book would have lost most, as stresses.")
    margin: Margin | None = Field(None, description="Initial margin of what is held.")
    factors: FactorSettings = Field(FactorSettings(), description="The factor model of the book.")
    breach_days: int = Field(60, ge=7, le=99, description="Decided days the log of breaches looks back over.")
    backtest_days: int = Field(250, ge=20, le=1000, description="Days the tests of delivery VaR and mark VaR look back over, at most.")
    mark_horizons_days: tuple[int, ...] = Field((1,), description="Days ahead of mark VaR: what the value of everything open may lose.")
    capital_eur: float | None = Field(None, gt=0, description="Capital that returns are over; without it results are told in money alone.")
    annualisation_days: int = Field(365, ge=200, le=366, description="Days a year that yearly ratios count.")


def factor_names(zones: tuple[str, ...], risk: RiskSettings) -> tuple[str, ...]:
    """Every factor a book of these zones may be measured against (`risk.day_factors`), and those of the desk's file."""
    pairs = (*(f"basis {z}" for z in zones), *(f"spread {z}" for z in zones))
    named = ("hub", "shape", *pairs, "wind", "solar", "load", "gas", "coal", "carbon", "heating", "cooling", "volatility")
    return (*named, *(risk.factors.file.factors if risk.factors.file is not None else ()))


class Stress(DeskModel):
    """A named stress: shifts and factors on the expected day."""

    name: Name = Field(description="Short name, in tables.")
    description: str = Field(description="What happens, in a sentence.")
    zones: tuple[str, ...] = Field((), description="Empty: all zones.")
    day_ahead_factor: float = Field(1.0, description="Day-ahead price times this, before the shift.")
    day_ahead_shift_eur_mwh: float = Field(0.0, description="Added to the day-ahead price [EUR/MWh].")
    second_shift_eur_mwh: float = Field(0.0, description="Added to the second price [EUR/MWh].")
    wind_factor: float = Field(1.0, ge=0, description="Wind output times this.")
    solar_factor: float = Field(1.0, ge=0, description="Solar output times this.")
    fuel_factor: float = Field(1.0, ge=0, description="Gas and carbon costs of tolling plants.")

    def concerns(self, zone: str) -> bool:
        """Whether the stress is of a zone."""
        return not self.zones or zone in self.zones

    def applied(self, kind: SeriesKind, expected: FloatArray, technology: str = "", capacity_mw: float | None = None) -> FloatArray:
        """Expected values of one series under the stress: the one formula of risk and of the scenario sets.

        Parameters
        ----------
        kind : {"day_ahead_price", "second_price", "plant_output"}
            The second price is shifted by its own shift; it does not follow the day-ahead price by itself.
        expected : array
            [EUR/MWh] or [MW].
        technology : str
            Of a plant: wind, or else solar.
        capacity_mw : float, optional
            A plant gives at most this, or what it was expected to give if that is more.

        Examples
        --------
        >>> s = Stress(name="s", description="", day_ahead_factor=2.0, second_shift_eur_mwh=-5.0, wind_factor=0.5, solar_factor=3.0)
        >>> s.applied("day_ahead_price", np.array([10.0])).tolist(), s.applied("second_price", np.array([10.0])).tolist()
        ([20.0], [5.0])
        >>> s.applied("plant_output", np.array([10.0]), "wind").tolist(), s.applied("plant_output", np.array([10.0]), "solar", 25.0).tolist()
        ([5.0], [25.0])
        """
        if kind == "day_ahead_price":
            return expected * self.day_ahead_factor + self.day_ahead_shift_eur_mwh
        if kind == "second_price":
            return expected + self.second_shift_eur_mwh
        scaled = expected * (self.wind_factor if technology == "wind" else self.solar_factor)
        return scaled if capacity_mw is None else np.minimum(scaled, np.maximum(capacity_mw, expected))


NO_STRESS = Stress(name="expected", description="The expected day.")


def stress_of(stresses: Sequence[Stress], zone: str) -> Stress:
    """The stress of a zone: the first that names it or all zones."""
    return next((s for s in stresses if s.concerns(zone)), NO_STRESS)
