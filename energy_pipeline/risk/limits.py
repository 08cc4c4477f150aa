"""Use of every limit of the desk by the decided book.

What belongs here: used, bound, traffic light. What does not: keeping the limits (the
optimiser does), or changing them.

Losses are against expectation, for the shortfall and the stresses alike: what the day is
expected to earn gives no room for risk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.book.hedges import opening_positions
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.positions import DAY_AHEAD, ShadowPrices, traded_contracts
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall

TOLERANCE = 1e-6
"""A limit used up to this share (or MW, EUR) more than its bound is kept: solvers stop there."""
NO_ROOM_SHARE = 1e6
"""use_share of a limit of zero that is used."""


@dataclass(frozen=True)
class LimitUse:
    """One limit and how much of it the book uses; `used` is positive."""

    limit_name: str
    scope: str
    unit: str
    used: float
    bound: float

    @property
    def share(self) -> float:
        """Use as a share of the bound."""
        if self.bound > 0:
            return self.used / self.bound
        return NO_ROOM_SHARE if self.used > TOLERANCE else 0.0

    def status(self, amber_share: float) -> str:
        """Traffic light: red beyond the bound, amber from `amber_share` of it."""
        if self.used > self.bound * (1.0 + TOLERANCE) + TOLERANCE:
            return "red"
        return "amber" if self.share >= amber_share and self.used > TOLERANCE else "green"


def limit_table(
    desk: Desk,
    day: DeliveryDay,
    positions: pl.DataFrame,
    pnl: FloatArray,
    stresses: pl.DataFrame,
    shadow_prices: ShadowPrices,
    exposures: pl.DataFrame | None = None,
    views: Sequence[LimitUse] = (),
) -> pl.DataFrame:
    """Frame of the table limits.

    Parameters
    ----------
    pnl : array, shape (scenarios,)
        P&L of the book [EUR].
    stresses : frame of stress_results
    exposures : frame of factor_exposures, optional
        For limits on factors; a factor that was not measured on the day has no row.
    views : sequence of LimitUse
        Of `view_uses`.
    """
    uses = [*_deviation_uses(desk, positions), *_contract_uses(desk, positions), *_money_uses(desk, pnl, stresses)]
    if desk.risk.margin is not None and desk.risk.margin.limit_eur is not None:
        uses.append(LimitUse("margin_eur", "book", desk.currency, margin_eur(desk, day, positions), desk.risk.margin.limit_eur))
    if exposures is not None:
        uses += _factor_uses(desk, exposures)
    uses += views
    rows = [
        {
            "delivery_day": day.day,
            "limit_name": use.limit_name,
            "scope": use.scope,
            "unit": use.unit,
            "used": use.used,
            "bound": use.bound,
            "use_share": use.share,
            "status": use.status(desk.limits.amber_share),
            "shadow_price_eur": shadow_prices.get((use.limit_name, use.scope)),
        }
        for use in uses
    ]
    return table("limits").frame(rows or None)


def _deviation_uses(desk: Desk, positions: pl.DataFrame) -> list[LimitUse]:
    """Largest |s - E| of each zone; a zone the desk names no limit for may not deviate."""
    rows = positions.filter(pl.col("instrument") == DAY_AHEAD)
    named = desk.limits.day_ahead_deviation_mw
    traded = set(rows["zone"].unique().to_list())
    uses = []
    for zone in (z for z in desk.zones if z in named or z in traded):
        here = rows.filter(pl.col("zone") == zone)
        used = (here["position_mw"] + here["expected_output_mw"]).abs().max() if here.height else 0.0
        uses.append(LimitUse("day_ahead_deviation_mw", zone, "MW", float(used), named.get(zone, 0.0)))  # type: ignore[arg-type]
    return uses


def _contract_uses(desk: Desk, positions: pl.DataFrame) -> list[LimitUse]:
    held = {(r["zone"], r["instrument"]): r for r in traded_contracts(positions).to_dicts()}
    most: dict[tuple[str, str], float] = {}
    for contract in desk.contracts:
        key = (contract.zone, contract.block)
        most[key] = most.get(key, 0.0) + contract.max_trade_mw
    uses = [
        LimitUse("max_trade_mw", f"{zone} {block}", "MW", abs(held[(zone, block)]["traded_mw"]) if (zone, block) in held else 0.0, bound)
        for (zone, block), bound in most.items()
    ]
    if desk.limits.gross_contracts_mw is not None:
        gross = sum((abs(r["position_mw"]) for r in held.values()), 0.0)
        uses.append(LimitUse("gross_contracts_mw", "book", "MW", gross, desk.limits.gross_contracts_mw))
    return uses


def _money_uses(desk: Desk, pnl: FloatArray, stresses: pl.DataFrame) -> list[LimitUse]:
    uses = []
    if desk.limits.es_eur is not None:
        shortfall = max(expected_shortfall(pnl.mean() - pnl, desk.limits.es_level), 0.0)
        uses.append(LimitUse("es_eur", "book", desk.currency, shortfall, desk.limits.es_eur))
    if desk.limits.worst_stress_eur is not None:
        worst = max((-float(change) for change in stresses["change_eur"].to_list()), default=0.0)
        uses.append(LimitUse("worst_stress_eur", "book", desk.currency, max(worst, 0.0), desk.limits.worst_stress_eur))
    return uses


def _factor_uses(desk: Desk, exposures: pl.DataFrame) -> list[LimitUse]:
    """Share of the book's variance and |exposure| of the factors the desk limits."""
    own = exposures.filter(pl.col("scope") == "book", pl.col("factor_kind").is_in(["named", "file"]))
    found = {r["factor"]: r for r in own.sort("factor_kind").to_dicts()}
    limits = desk.limits
    shares = [
        LimitUse("factor_share", name, "1", max(found[name]["share_of_variance"] or 0.0, 0.0), bound)
        for name, bound in limits.factor_share.items()
        if name in found
    ]
    return shares + [
        LimitUse("factor_exposure_eur", name, f"{desk.currency} per {found[name]['unit']}", abs(found[name]["exposure_eur"]), bound)
        for name, bound in limits.factor_exposure_eur.items()
        if name in found
    ]


def view_uses(desk: Desk, day: DeliveryDay, positions: pl.DataFrame, programme: pl.DataFrame, outlooks: Mapping[str, ZoneOutlook]) -> list[LimitUse]:
    """What is traded beside the hedge programme against each contract's room, and the expected shortfall of all of it together.

    Parameters
    ----------
    programme : frame of hedge_programme
        Empty for a desk without a programme: then no trade is a view.
    """
    rows = programme.filter(pl.col("tenor") == "day", pl.col("quote_eur_mwh").is_not_null())
    traded = {(r["zone"], r["instrument"]): float(r["traded_mw"]) for r in traded_contracts(positions).to_dicts()}
    uses, gain = [], np.zeros(1)
    for row in rows.to_dicts():
        zone, block = row["zone"], row["block"]
        view = traded.get((zone, block), 0.0) - row["programme_mw"]
        uses.append(LimitUse("view_mw", f"{zone} {block}", "MW", abs(view), row["view_limit_mw"]))
        outlook = outlooks[zone]
        gain = gain + view * np.einsum("ij,j->i", outlook.price, profile(block, day, outlook.grid.minutes) * outlook.grid.hours)
    if uses and desk.hedging is not None and desk.hedging.views is not None and desk.hedging.views.es_eur is not None:
        shortfall = max(expected_shortfall(gain.mean() - gain, desk.limits.es_level), 0.0)
        uses.append(LimitUse("view_es_eur", "book", desk.currency, shortfall, desk.hedging.views.es_eur))
    return uses


def margin_eur(desk: Desk, day: DeliveryDay, positions: pl.DataFrame) -> float:
    """Initial margin of the contracts: the desk's rate for every MWh still to be delivered, netted by contract [EUR].

    Contracts of the day count their hours of D; what is held longer counts through its last day (an hour's
    profile of D repeated). 0 where the desk states no margin.
    """
    if desk.risk.margin is None:
        return 0.0
    energy = 0.0
    for row in traded_contracts(positions).to_dicts():
        hours = float(profile(row["instrument"], day, 60).sum())
        held = [o for o in opening_positions(desk, day, row["zone"], row["instrument"]) if o.last_day > day.day]
        later = sum(o.position_mw * (o.last_day - day.day).days for o in held) * hours
        energy += abs(float(row["position_mw"]) * hours + later)
    return desk.risk.margin.eur_mwh * energy
