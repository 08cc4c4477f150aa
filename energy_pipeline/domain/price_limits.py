"""Technical price limits by market rules and delivery day, as data with their source.

What belongs here: the highest and lowest price a market's own rules allow. What does not: judging prices
(`ingestion.plausibility`), or a guess where a market has no such rule.

Prices beyond them are held, not refused: rules change, and a desk may state its own (`markets.NAME.price_limits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["day_ahead", "intraday", "imbalance"]
Rules = Literal["coupled_europe", "great_britain", "poland", "ercot", "caiso", "pjm", "united_states", "aemo", "ontario", "alberta"]
ALWAYS = date(1990, 1, 1)


@dataclass(frozen=True)
class PriceLimit:
    """What one price may be from a delivery day on.

    Attributes
    ----------
    lowest, highest : float
        Inclusive [currency of the market per MWh].
    """

    rules: Rules
    kind: Kind
    currency: str
    first_day: date
    lowest: float
    highest: float
    source: str


_ACER_2017 = "ACER decisions 04/2017 and 05/2017 on harmonised limits (CACM Articles 41 and 54)"
_BALANCING = "balancing energy: ACER decision 01/2020, 99,999; pricing periods may be dearer than the 15,000 of decision 03/2022"
_US_FERC = "FERC order 831 (energy offers to 2,000) and the operator's shortage prices; nodes may lie beyond by congestion"

PRICE_LIMITS: tuple[PriceLimit, ...] = (
    PriceLimit("coupled_europe", "day_ahead", "EUR", ALWAYS, -3000.0, 3000.0, "exchanges' own limits before North-Western Europe was coupled"),
    PriceLimit("coupled_europe", "day_ahead", "EUR", date(2014, 2, 5), -500.0, 3000.0, _ACER_2017 + "; in use since the coupling of 4 February 2014"),
    PriceLimit("coupled_europe", "day_ahead", "EUR", date(2022, 5, 11), -500.0, 4000.0, "raised after the French prices of 4 April 2022"),
    PriceLimit("coupled_europe", "intraday", "EUR", ALWAYS, -9999.0, 9999.0, _ACER_2017),
    PriceLimit("coupled_europe", "imbalance", "EUR", ALWAYS, -99_999.0, 99_999.0, _BALANCING),
    PriceLimit("great_britain", "day_ahead", "GBP", ALWAYS, -500.0, 6000.0, "the wider of the two exchanges' auction limits"),
    PriceLimit("great_britain", "intraday", "GBP", ALWAYS, -9999.0, 9999.0, "continuous trading"),
    PriceLimit("great_britain", "imbalance", "GBP", ALWAYS, -99_999.0, 99_999.0, "bids and offers of the balancing mechanism are limited to 99,999"),
    PriceLimit("poland", "day_ahead", "PLN", ALWAYS, -2500.0, 20_000.0, "coupled Europe's limits in zloty, rounded outwards"),
    PriceLimit("poland", "intraday", "PLN", ALWAYS, -50_000.0, 50_000.0, "coupled Europe's limits in zloty, rounded outwards"),
    PriceLimit("poland", "imbalance", "PLN", ALWAYS, -50_000.0, 50_000.0, "technical limits of the operator's balancing market"),
    PriceLimit("ercot", "day_ahead", "USD", ALWAYS, -1000.0, 9500.0, "system-wide offer cap 9,000, with room for congestion"),
    PriceLimit("ercot", "day_ahead", "USD", date(2022, 1, 1), -1000.0, 5500.0, "system-wide offer cap 5,000 since 2022, with room for congestion"),
    PriceLimit("ercot", "intraday", "USD", ALWAYS, -1000.0, 10_000.0, "offer cap and adders"),
    PriceLimit("ercot", "imbalance", "USD", ALWAYS, -1000.0, 10_000.0, "offer cap and adders"),
    PriceLimit("caiso", "day_ahead", "USD", ALWAYS, -1000.0, 3000.0, _US_FERC),
    PriceLimit("caiso", "intraday", "USD", ALWAYS, -1000.0, 3000.0, _US_FERC),
    PriceLimit("caiso", "imbalance", "USD", ALWAYS, -1000.0, 3000.0, _US_FERC),
    PriceLimit("pjm", "day_ahead", "USD", ALWAYS, -1000.0, 5000.0, _US_FERC),
    PriceLimit("pjm", "intraday", "USD", ALWAYS, -1000.0, 5000.0, _US_FERC),
    PriceLimit("pjm", "imbalance", "USD", ALWAYS, -1000.0, 5000.0, _US_FERC),
    PriceLimit("united_states", "day_ahead", "USD", ALWAYS, -1000.0, 10_000.0, "the widest of the country's markets; name the market for its own"),
    PriceLimit("united_states", "intraday", "USD", ALWAYS, -1000.0, 10_000.0, "the widest of the country's markets; name the market for its own"),
    PriceLimit("united_states", "imbalance", "USD", ALWAYS, -1000.0, 10_000.0, "the widest of the country's markets; name the market for its own"),
    PriceLimit("aemo", "day_ahead", "AUD", ALWAYS, -1000.0, 15_500.0, "market price cap of each year until June 2023, floor -1,000 (AEMC)"),
    PriceLimit("aemo", "day_ahead", "AUD", date(2023, 7, 1), -1000.0, 16_600.0, "market price cap 2023-24 (AEMC)"),
    PriceLimit("aemo", "day_ahead", "AUD", date(2024, 7, 1), -1000.0, 17_500.0, "market price cap 2024-25 (AEMC)"),
    PriceLimit("aemo", "day_ahead", "AUD", date(2025, 7, 1), -1000.0, 20_300.0, "market price cap 2025-26 (AEMC)"),
    PriceLimit("aemo", "intraday", "AUD", ALWAYS, -1000.0, 20_300.0, "market price cap, latest (AEMC)"),
    PriceLimit("aemo", "imbalance", "AUD", ALWAYS, -1000.0, 20_300.0, "market price cap, latest (AEMC)"),
    PriceLimit("ontario", "day_ahead", "CAD", ALWAYS, -2000.0, 2000.0, "maximum market clearing price 2,000"),
    PriceLimit("ontario", "imbalance", "CAD", ALWAYS, -2000.0, 2000.0, "maximum market clearing price 2,000"),
    PriceLimit("alberta", "day_ahead", "CAD", ALWAYS, 0.0, 1000.0, "price cap 999.99 and floor 0 of the pool"),
    PriceLimit("alberta", "imbalance", "CAD", ALWAYS, 0.0, 1000.0, "price cap 999.99 and floor 0 of the pool"),
)

BY_CURRENCY: dict[str, Rules] = {"EUR": "coupled_europe", "GBP": "great_britain", "PLN": "poland", "USD": "united_states", "AUD": "aemo"}
"""Rules of a market that names none; another currency has no known limit."""


def price_limit(rules: str | None, kind: str, day: date) -> PriceLimit | None:
    """The limit that holds on a delivery day; None where the table knows none.

    >>> [price_limit("coupled_europe", "day_ahead", day).highest for day in (date(2022, 5, 10), date(2022, 5, 11))]
    [3000.0, 4000.0]
    """
    valid = [limit for limit in PRICE_LIMITS if (limit.rules, limit.kind) == (rules, kind) and limit.first_day <= day]
    return max(valid, key=lambda limit: limit.first_day) if valid else None
