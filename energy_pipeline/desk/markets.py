"""Day-ahead markets of the desk: gate, time zone, currency, price limits, market time unit.

What belongs here: what a market says for itself. What does not: zones and how they use it (`model`), the limits of known
markets (`domain.price_limits`).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import ClockTime, DeskModel, TimeZone
from energy_pipeline.domain.price_limits import BY_CURRENCY, PriceLimit, Rules, price_limit

Currency = Literal["EUR", "USD", "GBP", "PLN", "AUD", "BGN", "CAD", "CHF", "CZK", "DKK", "HUF", "INR", "JPY", "NOK", "NZD", "RON", "SEK", "SGD"]


class Gate(DeskModel):
    """When bids for delivery day D must be in."""

    days_before: int = Field(1, ge=0, le=7, description="Days before delivery on which bids close.")
    at: ClockTime = Field(description="Wall clock of the gate, in the market's time zone.")


class Market(DeskModel):
    """A day-ahead market: gate, time zone, currency."""

    time_zone: TimeZone = Field("Europe/Berlin", description="IANA time zone of the gate and of published times.")
    gate: Gate = Field(description="When bids for a delivery day must be in.")
    currency: Currency = Field("EUR", description="The market's currency; must be the desk's.")
    rules: Rules | None = Field(None, description="Whose technical price limits hold (domain/price_limits.py); none: by the currency.")
    price_limits: dict[Literal["day_ahead", "intraday", "imbalance"], tuple[float, float]] = Field(
        default_factory=dict, description="Lowest and highest legal price, in place of the table's [currency/MWh]."
    )

    @model_validator(mode="after")
    def _limits_in_order(self) -> Market:
        wrong = [f"price_limits.{kind}: {low:g} is not below {high:g}" for kind, (low, high) in self.price_limits.items() if low >= high]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def price_limit(self, kind: str, day: date) -> PriceLimit | None:
        """The technical limit of a price on a delivery day; None where none is known."""
        rules = self.rules or BY_CURRENCY.get(self.currency)
        found = price_limit(rules, kind, day)
        own = self.price_limits.get(kind)  # type: ignore[call-overload]
        if own is not None:
            return PriceLimit(rules or "coupled_europe", kind, self.currency, day, own[0], own[1], "the desk's own")  # type: ignore[arg-type]
        return found if found is None or found.currency == self.currency else None


class MarketTimeUnit(DeskModel):
    """The market time unit from a delivery day on."""

    first_day: date = Field(description="First delivery day with this unit.")
    minutes: Literal[15, 30, 60] = Field(description="Length of a market interval [min].")
