"""The P&L of a zone's book in the legs of the market page: one kernel for decision, risk and settlement.

What belongs here: the arithmetic of the legs on arrays, for many scenarios or one
realised day alike. What does not: where prices, outputs or positions come from.

Per interval of length delta [h], with P the day-ahead price, R the price a deviation is
traded back at, g net output, E = E[g | gate], s sold day-ahead, w bought forward at F:

    physical P g | deviation (R - P)(g - E) | speculative (P - R)(s - E)
    imbalance fee -c |g - s| | hedge w (P - F) | costs

which add up to P s + R (g - s) - c |g - s| + w (P - F) - costs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray


@dataclass(frozen=True)
class HedgeLeg:
    """MW bought of one block at one price.

    Attributes
    ----------
    power_mw : array, shape (intervals,)
        Bought per interval, 0 where the block does not deliver.
    price_eur_mwh : float
        Entry price F, without half-spread.
    is_proxy : bool
        Entered at a declared proxy quote.
    contract : str
        Block it delivers in, for reports.
    """

    power_mw: FloatArray
    price_eur_mwh: float
    is_proxy: bool
    contract: str = ""


@dataclass(frozen=True)
class ZoneBook:
    """What the desk holds in one zone, per interval.

    Attributes
    ----------
    hours : float
        Length of an interval [h].
    sold_mw, expected_mw, cost_eur : arrays, shape (intervals,)
        s, E[g | gate], and costs known beforehand (cycle costs, half-spreads; positive).
    fee_eur_mwh : float
        Imbalance fee c.
    hedges : tuple of HedgeLeg
    """

    hours: float
    sold_mw: FloatArray
    expected_mw: FloatArray
    cost_eur: FloatArray
    fee_eur_mwh: float
    hedges: tuple[HedgeLeg, ...] = ()


@dataclass(frozen=True)
class Legs:
    """P&L by leg [EUR], each of shape (..., intervals)."""

    physical: FloatArray
    deviation: FloatArray
    speculative: FloatArray
    imbalance_fee: FloatArray
    hedge: FloatArray
    hedge_proxy: FloatArray
    costs: FloatArray

    def total(self) -> FloatArray:
        """Sum of the legs, shape (..., intervals)."""
        return self.physical + self.deviation + self.speculative + self.imbalance_fee + self.hedge + self.hedge_proxy + self.costs

    def by_leg(self) -> dict[str, FloatArray]:
        """Each leg summed over the intervals, shape (...)."""
        return {f.name: getattr(self, f.name).sum(axis=-1) for f in fields(self)}


def zone_legs(book: ZoneBook, price: FloatArray, second: FloatArray, output_mw: FloatArray) -> Legs:
    """P&L of a zone's book in legs.

    Parameters
    ----------
    price, second : arrays, shape (..., intervals)
        P and R [EUR/MWh]; R = P where the market has no second price.
    output_mw : array, shape (..., intervals)
        g, with dispatched assets.

    Returns
    -------
    Legs, each of shape (..., intervals) [EUR]

    Examples
    --------
    One hour, 10 MW expected and sold at 50, 8 MW come, 2 MW are bought back at 70 plus a fee of 1:

    >>> ten, zero = np.array([10.0]), np.zeros(1)
    >>> legs = zone_legs(ZoneBook(1.0, ten, ten, zero, 1.0), np.array([50.0]), np.array([70.0]), np.array([8.0]))
    >>> float(legs.physical[0]), float(legs.deviation[0]), float(legs.imbalance_fee[0]), float(legs.total()[0])
    (400.0, -40.0, -2.0, 358.0)
    """
    shape = np.broadcast_shapes(price.shape, second.shape, output_mw.shape)
    spread = second - price
    return Legs(
        physical=np.broadcast_to(book.hours * price * output_mw, shape),
        deviation=np.broadcast_to(book.hours * spread * (output_mw - book.expected_mw), shape),
        speculative=np.broadcast_to(-book.hours * spread * (book.sold_mw - book.expected_mw), shape),
        imbalance_fee=np.broadcast_to(-book.hours * book.fee_eur_mwh * np.abs(output_mw - book.sold_mw), shape),
        hedge=np.broadcast_to(_hedge(book, price, proxy=False), shape),
        hedge_proxy=np.broadcast_to(_hedge(book, price, proxy=True), shape),
        costs=np.broadcast_to(-book.cost_eur, shape),
    )


def at_fair_value(book: ZoneBook, price: FloatArray) -> ZoneBook:
    """The book with its proxy hedges entered at the scenarios' mean price, so that they earn nothing on average.

    A declared proxy is no quote anybody gave: a difference between it and the forecast is
    not a profit one could have locked in. Such hedges change the risk, not the expectation.

    Parameters
    ----------
    price : array, shape (scenarios, intervals)
        P [EUR/MWh].

    Examples
    --------
    >>> one, zero = np.array([1.0]), np.zeros(1)
    >>> book = ZoneBook(1.0, zero, zero, zero, 0.0, (HedgeLeg(one, 99.0, is_proxy=True),))
    >>> at_fair_value(book, np.array([[40.0], [50.0]])).hedges[0].price_eur_mwh
    45.0
    """
    mean = price.mean(axis=0)
    return replace(book, hedges=tuple(_marked(leg, mean) if leg.is_proxy else leg for leg in book.hedges))


def _marked(leg: HedgeLeg, mean_price: FloatArray) -> HedgeLeg:
    weight = np.abs(leg.power_mw)
    return leg if not weight.any() else replace(leg, price_eur_mwh=float((weight * mean_price).sum() / weight.sum()))


def _hedge(book: ZoneBook, price: FloatArray, *, proxy: bool) -> FloatArray:
    result = np.zeros(price.shape)
    for leg in book.hedges:
        if leg.is_proxy == proxy:
            result = result + book.hours * leg.power_mw * (price - leg.price_eur_mwh)
    return result
