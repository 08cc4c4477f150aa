"""Columns that several tables share, written once.

What belongs here: recurring column definitions and the physical limits of the
quantities (price, power, weather). What does not: tables.
"""

from __future__ import annotations

from energy_pipeline.contracts.model import Column

WIDEST_PRICE = 500_000.0
"""No market's price in any currency a desk may have lies beyond: balancing energy goes to 99,999 EUR."""
PRICE_LIMIT_REASON = "wider than any market in any currency; each market's own limits hold at ingest (domain.price_limits)"
POWER_LIMIT_REASON = "no country's load has reached 2,000 GW; what a series may be is judged against its own plant, zone and past at ingest"

DELIVERY_DAY = Column("delivery_day", "date", "Local calendar day of delivery; the partition.")
ZONE = Column("zone", "str", "Bidding zone.")
DELIVERY_START = Column("delivery_start", "timestamp", "Start of the delivery interval, UTC.")
RESOLUTION = Column(
    "resolution_minutes", "i32", "Length of the interval.", "min", minimum=1, maximum=60, reason="market time units are 15, 30 or 60 minutes"
)
KNOWN_AT = Column("known_at", "timestamp", "When the world could first know this row, UTC.")
SOURCE = Column("source", "str", "Where the row came from: a file and column, or the synthetic market.")


def price(name: str, description: str, *, nullable: bool = False) -> Column:
    """A day-ahead price column [EUR/MWh]."""
    return Column(name, "f64", description, "EUR/MWh", nullable, -WIDEST_PRICE, WIDEST_PRICE, PRICE_LIMIT_REASON)


def second_price(name: str, description: str, *, nullable: bool = False) -> Column:
    """An intraday or imbalance price column [EUR/MWh]."""
    return Column(name, "f64", description, "EUR/MWh", nullable, -WIDEST_PRICE, WIDEST_PRICE, PRICE_LIMIT_REASON)


def power(name: str, description: str, *, nullable: bool = False, minimum: float | None = None, maximum: float | None = 2_000_000.0) -> Column:
    """A power column [MW]."""
    return Column(name, "f64", description, "MW", nullable, minimum, maximum, POWER_LIMIT_REASON)


def money(name: str, description: str, *, nullable: bool = False) -> Column:
    """A money column [EUR]."""
    return Column(name, "f64", description, "EUR", nullable)


def text(
    name: str, description: str, *, allowed: tuple[str, ...] | None = None, nullable: bool = False, since: int = 1, default: str | None = None
) -> Column:
    """A text column, of a closed set when `allowed` is given."""
    return Column(name, "str", description, nullable=nullable, allowed=allowed, since=since, default=default)


def share(name: str, description: str, *, nullable: bool = False, minimum: float | None = 0.0, maximum: float | None = 1.0) -> Column:
    """A dimensionless share."""
    return Column(name, "f64", description, "1", nullable, minimum, maximum, "a share")


def count(name: str, description: str) -> Column:
    """A non-negative count."""
    return Column(name, "i64", description, "1", minimum=0, reason="a count")
