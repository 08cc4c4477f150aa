"""A desk's forward book on the scenarios of the week ahead: the table forward_book_proposals.

What belongs here: the book as known at the decision, the week's paths as its market, the proposals as rows, its
options under stresses. What does not: the paths (scenarios), the optimisation (`book`), files (`files`).

The simulated paths reach as far as the forecasts (`horizon_days`). Contracts that deliver beyond them have no scenarios
and are left out, and say so. A contract's value is its payoff over the paths, so options keep their time value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk.forwards import ForwardBookSettings
from energy_pipeline.desk.risk import Stress
from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.domain.errors import PipelineError, SourceError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.portfolio.forwards.book import ForwardBook, improve, objective_of
from energy_pipeline.portfolio.forwards.files import read_book, read_limits
from energy_pipeline.portfolio.forwards.instruments import Instrument, payoffs
from energy_pipeline.portfolio.forwards.market import Market

if TYPE_CHECKING:
    from energy_pipeline.scenarios.week import WeekSet

OPTIONS = ("cap", "floor", "spread_option", "transmission_option")
BOOK = "book"


@dataclass(frozen=True)
class HeldForwards:
    """The book as known at the decision, as far as the week's paths reach.

    Attributes
    ----------
    book : ForwardBook
        Contracts inside the week.
    beyond : tuple of Instrument
        Contracts left out.
    market : Market
    limits : tuple of Limit
    """

    book: ForwardBook
    beyond: tuple[Instrument, ...]
    market: Market
    limits: tuple[Limit, ...] = ()

    def options_change_eur(self, stress_of: Callable[[str], Stress]) -> float | None:
        """Change of value of the options held when the delivery day is stressed; None where none is held.

        Parameters
        ----------
        stress_of : callable
            The stress of a zone. Fuels move on every day by the `fuel_factor` of the option's zone.
        """
        held = [(i, units) for i, units in zip(self.book.instruments, self.book.held, strict=True) if i.kind in OPTIONS and units != 0.0]
        if not held:
            return None
        factors = {stress_of(i.zone).fuel_factor for i, _ in held}
        total = 0.0
        for factor in sorted(factors):
            own = [(i, units) for i, units in held if stress_of(i.zone).fuel_factor == factor]
            instruments, sizes = [i for i, _ in own], np.array([units for _, units in own])
            change = payoffs(instruments, stressed_market(self.market, stress_of, factor)) - payoffs(instruments, self.market)
            total += float(change.mean(axis=0) @ sizes)
        return total


def stressed_market(market: Market, stress_of: Callable[[str], Stress], fuel_factor: float) -> Market:
    """The market with the prices of its first day under each zone's stress."""
    first = int(market.sizes[0])
    power = {}
    for zone, price in market.power_eur_mwh.items():
        stress, moved = stress_of(zone), price.copy()
        moved[:, :first] = stress.applied("day_ahead_price", moved[:, :first])
        power[zone] = moved
    gas, carbon = (None if a is None else a * fuel_factor for a in (market.gas_eur_mwh, market.carbon_eur_t))
    return replace(market, power_eur_mwh=power, gas_eur_mwh=gas, carbon_eur_t=carbon)


def week_market(info: InformationSet, week: WeekSet) -> Market:
    """The week's paths as a market of hours."""
    days = tuple(days_between(info.day.day, info.day.shift(info.desk.forecast.horizon_days - 1).day))
    power: dict[str, FloatArray] = {
        s.name: week.path("day_ahead_price", s.name).T.astype(np.float64) for s in week.series if s.kind == "day_ahead_price"
    }
    first_hours = np.concatenate([[0], np.cumsum([info.day.shift(n).count(60) for n in range(len(days))])[:-1]])
    fuels = {s.kind: week.path(s.kind, s.name).T.astype(np.float64)[:, first_hours] for s in week.series if s.kind in {"gas", "carbon"}}
    return Market(days, info.desk.time_zone, 60, power, fuels.get("gas"), fuels.get("carbon"))


def held_forwards(settings: ForwardBookSettings, root: Path, market: Market, decided: datetime) -> HeldForwards:
    """The book of a desk's files as known at the decision.

    Raises
    ------
    SourceError
        When a file is not there.
    BadProblemError
        Listing every mistake in the files.
    """
    paths = {name: root / value for name in ("contracts", "quotes", "trades", "limits") if (value := getattr(settings, name)) is not None}
    missing = [f"{name}: no file {path}" for name, path in paths.items() if not path.is_file()]
    if missing:
        raise SourceError(f"forward_book: {'; '.join(missing)} -> put it there, set ENERGY_PIPELINE_DATA, or correct the desk file")
    whole = read_book(paths["contracts"], paths["quotes"], paths.get("trades"), decided, settings.layout)
    inside = np.array([market.days[0] <= i.first_day and i.last_day <= market.days[-1] for i in whole.instruments], dtype=bool)
    kept = tuple(i for i, own in zip(whole.instruments, inside, strict=True) if own)
    beyond = tuple(i for i, own in zip(whole.instruments, inside, strict=True) if not own)
    book = ForwardBook(kept, whole.bid[inside], whole.ask[inside], whole.held[inside])
    rules = read_limits(paths["limits"], book, market) if "limits" in paths and kept else []
    return HeldForwards(book, beyond, market, tuple(rules))


def proposals(
    info: InformationSet, settings: ForwardBookSettings | None, held: HeldForwards | None, programme: Sequence[dict[str, object]] = ()
) -> pl.DataFrame:
    """The best changes of the book at the quotes of the decision, and what the hedge programme's later targets lack.

    Parameters
    ----------
    programme : sequence of rows
        Of `programme.programme_proposals`.

    Returns
    -------
    frame of the table forward_book_proposals
        One row a contract and one for the book. Where the limits conflict nothing is proposed, and the book's note says which.
    """
    rows = list(programme)
    if held is not None and settings is not None:
        rows += [_row(i, "delivers beyond the week ahead: no scenarios") for i in held.beyond]
        rows += _improved(settings, held) if held.book.instruments else []
    return table("forward_book_proposals").frame([{"delivery_day": info.day.day, **r} for r in rows] or None)


def _row(one: Instrument, note: str = "") -> dict[str, object]:
    where = {"zone": one.zone, "block": one.block, "first_day": one.first_day, "last_day": one.last_day}
    return {"contract": one.name, "kind": one.kind, **where, "held_units": None, "trade_units": 0.0, "held_by": "", "note": note}


def _improved(settings: ForwardBookSettings, held: HeldForwards) -> list[dict[str, object]]:
    objective = objective_of(settings.objective, settings.risk_aversion, settings.confidence)
    try:
        answer = improve(held.book, held.market, objective, held.limits, confidence=settings.confidence)
    except PipelineError as error:
        rows = [_row(i) | {"held_units": float(u)} for i, u in zip(held.book.instruments, held.book.held, strict=True)]
        return [*rows, _book_row(f"nothing is proposed: {error}", {})]
    rows = []
    for one, found, bid, ask in zip(held.book.instruments, answer.rows(), held.book.bid, held.book.ask, strict=True):
        spread = float(ask - bid) / 2.0 if found["price"] is not None else 0.0
        trade = float(str(found["trade"]))
        costs = abs(trade) * spread * one.quantity(held.market)
        note = "" if np.isfinite(bid) and np.isfinite(ask) else "not quoted"
        row = {"held_units": found["held"], "trade_units": trade, "price_eur_mwh": found["price"], "costs_eur": costs, "held_by": found["held_by"]}
        rows.append(_row(one, note) | row)
    proof = answer.solution.certificate
    note = f"{settings.objective} over {held.market.scenarios} paths, bound met to {proof.relative_gap:.1e}"
    changes = {f"{name.removesuffix('_eur')}_change_eur": answer.after[name] - answer.before[name] for name in answer.before}
    return [*rows, _book_row(note, {n: changes[n] for n in ("expected_pnl_change_eur", "cvar_change_eur")})]


def _book_row(note: str, changes: Mapping[str, float]) -> dict[str, object]:
    return {"contract": BOOK, "kind": BOOK, "zone": "", "block": "", "trade_units": 0.0, "held_by": "", "note": note, **changes}
