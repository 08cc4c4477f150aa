"""Marking a book to the forward curve, and why its value changed from one day to the next.

What belongs here: value and greeks of forwards, caps and floors on a curve by delivery day, the legs of a
change of value, restatement by a later vintage. What does not: the settled day's legs (`book.pnl`),
reading curves.

A deal has MWh by delivery day; its price is per MWh in its currency. A forward is worth MWh (F - K); a cap
(right to buy) and a floor are worth MWh x Bachelier's value: prices are normal with volatility sigma in
EUR/MWh per square root of a day, so that negative prices are nothing special. A delivered day is marked at
its settled price with no time left: intrinsic value.

Legs of a change from one mark to the next, each by full revaluation, in this order: *time* (days pass at the
old curve), *delta* (old sensitivity times the change of the curve), *gamma* (the rest of the revaluation on
the new curve: second order and above), *vega* (new volatilities), *fx*, *new deals* (value at the new mark),
*gone deals* (what is no longer there), *costs*. They telescope, so that what is left is rounding; a
difference above 1 EUR means that a mark is missing or a total is not of this book.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError

LEGS = ("time", "delta", "gamma", "vega", "fx", "new deals", "gone deals", "costs", "unexplained")
UNEXPLAINED_EUR = 1.0


class MarkError(PipelineError):
    """A mark that a book cannot be valued with."""


@dataclass(frozen=True)
class Deal:
    """One position.

    Attributes
    ----------
    mwh : dict of delivery day to MWh
        Bought is positive.
    price : float
        Entry price of a forward, strike of an option.
    premium_eur_mwh : float
        Paid for an option (in its currency).
    """

    name: str
    zone: str
    block: str
    kind: Literal["forward", "cap", "floor"]
    mwh: Mapping[date, float]
    price: float
    currency: str = "EUR"
    premium_eur_mwh: float = 0.0


@dataclass(frozen=True)
class Mark:
    """What the world said at the end of a day.

    Attributes
    ----------
    curve : dict of (zone, block, delivery day) to EUR/MWh
        Forward prices; settled prices of days already delivered.
    volatility : dict of (zone, block) to EUR/MWh per square root of a day
    fx : dict of currency to EUR
    """

    as_of: date
    curve: Mapping[tuple[str, str, date], float]
    volatility: Mapping[tuple[str, str], float]
    fx: Mapping[str, float]


def bachelier(forward: FloatArray, strike: float, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Value of a call and its delta under a normal price with this standard deviation to expiry [EUR/MWh].

    >>> value, delta = bachelier(np.array([50.0]), 50.0, np.array([10.0]))
    >>> round(float(value[0]), 4), float(delta[0])
    (3.9894, 0.5)
    """
    from scipy.stats import norm

    gap = forward - strike
    safe = np.where(deviation > 0, deviation, 1.0)
    d = gap / safe
    value = np.where(deviation > 0, gap * norm.cdf(d) + safe * norm.pdf(d), np.maximum(gap, 0.0))
    delta = np.where(deviation > 0, norm.cdf(d), np.where(gap > 0, 1.0, np.where(gap == 0, 0.5, 0.0)))
    return np.asarray(value), np.asarray(delta)


def value_eur(deal: Deal, mark: Mark) -> float:
    """Worth of a deal at a mark [EUR]."""
    return float(_valued(deal, mark)[0].sum()) * _fx(deal, mark)


def delta_mwh(deal: Deal, mark: Mark) -> FloatArray:
    """Sensitivity to each delivery day's price, in the order of `mwh` [MWh], shape (days,)."""
    return _valued(deal, mark)[1]


def _valued(deal: Deal, mark: Mark) -> tuple[FloatArray, FloatArray]:
    """Value in the deal's currency and delta by delivery day."""
    days = list(deal.mwh)
    energy, forward = np.array([deal.mwh[d] for d in days]), _forward(deal, mark, days)
    if deal.kind == "forward":
        return energy * (forward - deal.price), energy
    left = np.sqrt(np.array([max((d - mark.as_of).days, 0) for d in days], dtype=np.float64))
    sigma = mark.volatility.get((deal.zone, deal.block))
    if sigma is None:
        raise MarkError(f"{deal.name}: the mark of {mark.as_of} has no volatility of {deal.zone} {deal.block} -> add it")
    call, delta = bachelier(forward, deal.price, sigma * left)
    if deal.kind == "floor":  # put-call parity
        call, delta = call - (forward - deal.price), delta - 1.0
    return energy * (call - deal.premium_eur_mwh), energy * delta


def _forward(deal: Deal, mark: Mark, days: Sequence[date]) -> FloatArray:
    missing = [d for d in days if (deal.zone, deal.block, d) not in mark.curve]
    if missing:
        raise MarkError(
            f"{deal.name}: the mark of {mark.as_of} has no price of {deal.zone} {deal.block} for {missing[0]} and {len(missing) - 1} more day(s)"
        )
    found = np.array([mark.curve[deal.zone, deal.block, d] for d in days], dtype=np.float64)
    if not np.isfinite(found).all():
        raise MarkError(f"{deal.name}: prices of {deal.zone} {deal.block} at {mark.as_of} are not all finite")
    return found


def _fx(deal: Deal, mark: Mark) -> float:
    if deal.currency not in mark.fx:
        raise MarkError(
            f"{deal.name} is in {deal.currency}, the mark of {mark.as_of} has {', '.join(mark.fx) or 'no currency'} -> add its rate to EUR"
        )
    return float(mark.fx[deal.currency])


def marked(deals: Sequence[Deal], mark: Mark) -> pl.DataFrame:
    """Value, delta energy and worth of a rise by one EUR/MWh, of every deal."""
    rows = []
    for deal in deals:
        energy = float(delta_mwh(deal, mark).sum())
        rows.append({"deal": deal.name, "value_eur": value_eur(deal, mark), "delta_mwh": energy, "value_of_1_eur_mwh_eur": energy * _fx(deal, mark)})
    return pl.DataFrame(rows)


def explain(
    before: Sequence[Deal],
    after: Sequence[Deal],
    old: Mark,
    new: Mark,
    costs_eur: float = 0.0,
    total_eur: float | None = None,
) -> pl.DataFrame:
    """Legs of the change of value from one mark to the next, one row a deal and leg that is not 0, and the book's.

    Parameters
    ----------
    before, after : sequence of Deal
        Books at the marks; a deal is known by its name.
    costs_eur : float
        Fees and half-spreads paid, positive.
    total_eur : float, optional
        The change of value someone else booked; what our legs do not explain of it is `unexplained`.

    Raises
    ------
    MarkError
        When a mark lacks a price, a volatility or a currency, or a deal's terms differ between the books.
    """
    held, now = {d.name: d for d in before}, {d.name: d for d in after}
    changed = [n for n in held if n in now and held[n] != now[n]]
    if changed:
        raise MarkError(f"terms of {', '.join(sorted(changed))} differ between the books -> book a change as a new deal under a name of its own")
    rows = [(name, leg, value) for name in held if name in now for leg, value in _moves(held[name], old, new).items()]
    rows += [(name, "new deals", value_eur(now[name], new)) for name in now.keys() - held.keys()]
    rows += [(name, "gone deals", -value_eur(held[name], old)) for name in held.keys() - now.keys()]
    rows += [("book", "costs", -costs_eur)]
    own = sum(value_eur(d, new) for d in after) - sum(value_eur(d, old) for d in before) - costs_eur
    explained = sum(value for _, _, value in rows)
    rows += [("book", "unexplained", (own if total_eur is None else total_eur) - explained)]
    frame = pl.DataFrame(rows, schema={"deal": pl.String, "leg": pl.String, "value_eur": pl.Float64}, orient="row")
    return frame.filter((pl.col("value_eur") != 0) | (pl.col("deal") == "book")).sort("deal", "leg")


def _moves(deal: Deal, old: Mark, new: Mark) -> dict[str, float]:
    """Legs of one deal that is in both books [EUR]."""
    passed = replace(old, as_of=new.as_of)
    moved = replace(passed, curve=new.curve)
    shaken = replace(moved, volatility=new.volatility)
    days = list(deal.mwh)
    values = [value_eur(deal, m) for m in (old, passed, moved, shaken, new)]
    delta = float(delta_mwh(deal, passed) @ (_forward(deal, new, days) - _forward(deal, old, days))) * _fx(deal, old)
    return {
        "time": values[1] - values[0],
        "delta": delta,
        "gamma": values[2] - values[1] - delta,
        "vega": values[3] - values[2],
        "fx": values[4] - values[3],
    }


def restated(first: pl.DataFrame, later: pl.DataFrame) -> pl.DataFrame:
    """What a later vintage changed in a settled day, by zone and leg.

    Parameters
    ----------
    first, later : frames of the table pnl
        The same day, settled before and after a later vintage arrived.

    Returns
    -------
    frame with zone, leg, first_eur, later_eur, change_eur

    Raises
    ------
    MarkError
        When the days differ, or `later` was settled with older rows.
    """
    if first["delivery_day"].unique().to_list() != later["delivery_day"].unique().to_list():
        raise MarkError("the settlements are of different days -> compare vintages of one day")
    if first.height and later["settled_as_of"].max() < first["settled_as_of"].max():  # type: ignore[operator]
        raise MarkError("the later settlement used older rows than the first -> swap them")
    legs = [c for c in first.columns if c.endswith("_eur") and c != "headline_eur"]

    def sums(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        ordered = frame.sort("zone", "delivery_start", maintain_order=True)  # floats are summed in one order
        return ordered.group_by("zone", maintain_order=True).agg(pl.col(legs).sum()).unpivot(legs, index="zone", variable_name="leg", value_name=name)

    joined = sums(first, "first_eur").join(sums(later, "later_eur"), on=["zone", "leg"], how="full", coalesce=True)
    filled = joined.with_columns(pl.col("first_eur", "later_eur").fill_null(0.0), pl.col("leg").str.strip_suffix("_eur"))
    return filled.with_columns(change_eur=pl.col("later_eur") - pl.col("first_eur")).sort("zone", "leg")
