"""The keys of an allocation file: contracts and their scenarios from data files, limits, objectives.

What belongs here: what may be written, and checks between keys. What does not: reading the data files or solving
(`studies.allocation_file`).

A file describes either products with a column of prices each (`prices`), or hours of exchanges (`exchanges`: 24 contracts for each, from
prices in local time), or both, as long as their rows are the same days.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel, TimeZone
from energy_pipeline.desk.layout import FileLayout, TimeLabel

Variable = Literal["value", "change", "relative_change"]
"""What a scenario holds: the price itself, its change from row to row (day to day), or that change over the earlier price."""
ObjectiveName = Literal[
    "max_mean", "min_variance", "mean_deviation", "minimax", "min_var", "min_cvar", "min_drawdown", "max_sharpe", "inverse_volatility", "risk_parity",
    "mean_cvar", "utility", "target_return", "target_risk",
]  # fmt: skip
NEEDS: dict[str, str] = {"mean_cvar": "risk_aversion", "utility": "risk_aversion", "target_return": "low", "target_risk": "volatility"}
"""The number that an objective cannot do without."""


class RateFile(FileLayout):
    """Rates of exchange of one currency, a row a day."""

    file: Path = Field(description="CSV or Parquet, beside the allocation file.")
    date: str = Field("date", description="Column of the day, as 2024-01-31.")
    rate: str = Field(description="Column of the rate: units of the price's currency for one unit of the file's.")


class PriceColumns(FileLayout):
    """One file with a column for each product."""

    file: Path = Field(description="CSV or Parquet, beside the allocation file; a row is a scenario.")
    columns: dict[str, str] = Field(min_length=1, description="Product: column.")
    date: str | None = Field(None, description="Column of the row's day, for rows that are matched with exchanges or rates.")
    currency: str | None = Field(None, description="Where the prices are in another currency than the file's.")
    fx: RateFile | None = Field(None, description="Rates for it.")


class ExchangeFile(FileLayout):
    """Hourly prices of one exchange; each local hour becomes a contract."""

    file: Path = Field(description="CSV or Parquet, beside the allocation file.")
    time: TimeLabel = Field(description="How the file writes time.")
    price: str = Field(description="Column of the price.")
    time_zone: TimeZone = Field(description="Local hours are those of this zone.")
    weekdays: bool = Field(False, description="Only Monday to Friday; a change is then from the last of these days.")
    currency: str | None = Field(None, description="Where the prices are in another currency than the file's.")
    fx: RateFile | None = Field(None, description="Rates for it; a day without one takes the last before it, at most a week old.")
    where: dict[str, str] = Field(default_factory=dict, description="Column: value; only such rows.")


class LimitEntry(DeskModel):
    """One limit, by the name that results use."""

    limit: Literal["bounds", "sum", "gross", "cvar", "volatility", "drawdown", "mean"]
    name: str = Field(min_length=1)
    low: float | dict[str, float] | None = Field(None, description="Per product where it is a mapping (bounds).")
    high: float | dict[str, float] | None = None
    of: dict[str, float] = Field(default_factory=dict, description="sum, gross: coefficient by product; left out, one for each.")
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95

    @model_validator(mode="after")
    def _sides(self) -> LimitEntry:
        if self.low is None and self.high is None:
            raise ValueError(f"{self.name}: give low, high or both")
        if self.limit != "bounds" and (isinstance(self.low, dict) or isinstance(self.high, dict)):
            raise ValueError(f"{self.name}: only bounds take a number for each product")
        if self.limit in ("gross", "cvar", "volatility", "drawdown") and (self.high is None or self.low is not None):
            raise ValueError(f"{self.name}: {self.limit} takes high alone")
        if self.limit == "mean" and (self.low is None or self.high is not None):
            raise ValueError(f"{self.name}: mean takes low alone")
        return self


class ObjectiveEntry(DeskModel):
    """One objective and its numbers."""

    objective: ObjectiveName
    confidence: Annotated[float | None, Field(gt=0, lt=1)] = None
    risk_aversion: float | None = Field(None, ge=0)
    low: float | None = None
    volatility: float | None = Field(None, gt=0)
    risk_free: float = 0.0

    @property
    def label(self) -> str:
        """By which results are told: the objective, and the numbers that were given with it."""
        given = [f"{name} {value:g}" for name in sorted(self.model_fields_set - {"objective"}) if (value := getattr(self, name)) is not None]
        return " ".join([self.objective, *given])

    @model_validator(mode="after")
    def _whole(self) -> ObjectiveEntry:
        needed = NEEDS.get(self.objective)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"{self.objective} needs {needed}")
        return self


class AllocationFile(DeskModel):
    """A product mix or a set of hourly contracts, described by data files."""

    title: str = Field(min_length=1)
    money: str = Field("EUR", description="Unit of results; prices in another currency need rates.")
    amount: str = Field("unit", description="What one position is.")
    variable: Variable = "value"
    scale: float = Field(1.0, gt=0, description="Results are prices times amounts times this: 0.001 for thousand units and prices in single money.")
    prices: tuple[PriceColumns, ...] = ()
    fixed: dict[str, float] = Field(default_factory=dict, description="Products whose price does not move.")
    cost: dict[str, float] = Field(default_factory=dict, description="Taken off a product's price (variable: value).")
    exchanges: dict[str, ExchangeFile] = Field(default_factory=dict)
    first: date | None = Field(None, description="First day; rows that have no day are all taken.")
    last: date | None = None
    side: Literal["long", "short"] = Field("long", description="short: what is won is a fall of the price.")
    budget: float | None = Field(None, description="Sum of the positions: 1 for weights.")
    limits: tuple[LimitEntry, ...] = ()
    confidence: float = Field(0.95, gt=0, lt=1, description="Of VaR, CVaR and drawdown, where an objective says none.")
    objectives: tuple[ObjectiveEntry, ...] = Field((), description="Left out: every one that needs no number.")
    frontier_points: int = Field(20, ge=0, le=200, description="Points of the mean-CVaR frontier; 0: none.")

    @model_validator(mode="after")
    def _sound(self) -> AllocationFile:
        found: list[str] = []
        names = [p for f in self.prices for p in f.columns] + list(self.fixed)
        if not self.prices and not self.exchanges:
            found.append("prices: nothing to choose from; give prices, exchanges or both")
        found += [f"fixed: product {n!r} stands twice" for n in sorted({n for n in names if names.count(n) > 1})]
        found += [f"cost.{n}: no such product; products: {', '.join(names) or 'none'}" for n in self.cost if n not in names]
        if self.variable != "value" and (self.cost or self.fixed):
            found.append(f"variable: {self.variable} of a price does not see costs or fixed prices; take variable: value")
        if self.prices and self.exchanges and any(f.date is None for f in self.prices):
            found.append("prices: rows are matched with the exchanges' days, so each file needs `date`")
        files: list[tuple[str, PriceColumns | ExchangeFile]] = [(f"prices.{i}", f) for i, f in enumerate(self.prices)]
        files += [(f"exchanges.{name}", e) for name, e in self.exchanges.items()]
        for place, one in files:
            foreign = one.currency is not None and one.currency not in self.money
            if foreign and one.fx is None:
                found.append(f"{place}: prices in {one.currency}, results in {self.money}, and no rates -> add fx: {{file, date, rate}}")
            if isinstance(one, PriceColumns) and one.fx is not None and one.date is None:
                found.append(f"{place}: rates go by the day, so the file needs `date`")
        if (self.first or self.last) and not (self.exchanges or any(f.date for f in self.prices)):
            found.append("first, last: no row has a day -> name the `date` column")
        labels = [entry.label for entry in self.objectives]
        found += [f"objectives: {label} stands twice" for label in sorted({label for label in labels if labels.count(label) > 1})]
        doubled = [limit.name for limit in self.limits]
        found += [f"limits: the name {n!r} stands twice" for n in sorted({n for n in doubled if doubled.count(n) > 1})]
        if found:
            raise ValueError("\n".join(found))
        return self
