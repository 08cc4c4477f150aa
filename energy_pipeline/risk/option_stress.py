"""What option-like assets that are not nominated are worth under a stress, less what they are worth without.

What belongs here: stores that act on the second price, swing and curtailable rights, tolling plants, plants that may stand still, repriced by
their best plan on expected and on stressed prices; the forward book's options over its paths. What does not: the committed schedules of auction
batteries (`stress.redispatch_gain_eur`), values over scenarios (flexibility).

The stress hits the delivery day; a right's later days keep the curve. Plans are the best on known prices, as the
expected day of a stress is one path: an intrinsic value, with no time value in either number. Fuel costs of a
tolling plant move by the stress's `fuel_factor`. Values are of the whole right, so a right the desk holds gains from a
spike and loses from a slump; what it may lose is its own value, unless it must take (`total_min_mwh`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import paid_eur_mwh
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.desk.flexibility import Battery, CurtailableRight, RenewableRight, SwingRight, TollingRight
from energy_pipeline.desk.risk import NO_STRESS, Stress, stress_of
from energy_pipeline.domain.delivery import FloatArray

if TYPE_CHECKING:
    from energy_pipeline.information.archive import InformationSet
    from energy_pipeline.portfolio.forwards.daily import HeldForwards

HELD_HOURS = 24.0


@dataclass(frozen=True)
class OptionBook:
    """The desk's options on one day.

    Attributes
    ----------
    info : InformationSet
    outlooks : mapping of zone to ZoneOutlook
        Expected prices of D; an option in a zone without is left out.
    forward_curve : frame of forward_curve
        Later days of rights.
    forwards : HeldForwards or None
        Caps, floors, spread and transmission options of the desk's forward book, valued over the paths of the week.
    """

    info: InformationSet
    outlooks: Mapping[str, ZoneOutlook]
    forward_curve: pl.DataFrame
    forwards: HeldForwards | None = None
    _memo: dict[tuple[object, ...], float] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Options that can be repriced."""
        stores = [n for n, a in self.info.desk.assets.items() if a.information == "sequential" and a.zone in self.outlooks]
        return (*stores, *(n for n, r in self.info.desk.rights.items() if r.zone in self.outlooks))

    def change_eur(self, stresses: tuple[Stress, ...]) -> float | None:
        """Change of value of all options; None where there is none."""
        held = None if self.forwards is None else self.forwards.options_change_eur(lambda zone: stress_of(stresses, zone))
        if not self.names:
            return held
        total = held or 0.0
        for name in self.names:
            zone = self._terms(name).zone
            total += self.value_eur(name, stress_of(stresses, zone)) - self.value_eur(name, NO_STRESS)
        return total

    def value_eur(self, name: str, stress: Stress) -> float:
        """Worth of one option by its best plan under a stress [EUR]."""
        prices = (stress.day_ahead_factor, stress.day_ahead_shift_eur_mwh, stress.second_shift_eur_mwh, stress.fuel_factor)
        moves = (*prices, stress.wind_factor, stress.solar_factor)
        if (name, moves) not in self._memo:
            terms = self._terms(name)
            if isinstance(terms, Battery):
                found = self._store(terms, stress)
            elif isinstance(terms, TollingRight):
                found = self._plant(terms, stress)
            elif isinstance(terms, RenewableRight):
                found = self._switch(terms, stress)
            else:
                found = self._daily(terms, stress)
            self._memo[name, moves] = found
        return self._memo[name, moves]

    def _terms(self, name: str) -> Battery | SwingRight | CurtailableRight | TollingRight | RenewableRight:
        desk = self.info.desk
        return desk.assets[name] if name in desk.assets else desk.rights[name]

    def _store(self, battery: Battery, stress: Stress) -> float:
        from energy_pipeline.flexibility.storage import margin_eur, schedule

        outlook = self.outlooks[battery.zone]
        prices = _stressed(outlook, stress)
        if outlook.has_second:
            prices = stress.applied("second_price", outlook.second.mean(axis=0))
        plan = schedule(battery, prices, outlook.grid.minutes)
        return margin_eur(battery, plan.charge_mw, plan.discharge_mw, prices, outlook.grid.minutes)

    def _plant(self, right: TollingRight, stress: Stress) -> float:
        from energy_pipeline.features.columns import last_settlements
        from energy_pipeline.flexibility.rights import tolling_of
        from energy_pipeline.mathematics.stores.tolling import commitment

        outlook = self.outlooks[right.zone]
        fuels = {n: v * stress.fuel_factor for n, v in last_settlements(self.info).items()}
        plant = tolling_of(right, outlook.grid.minutes)
        margins = plant.margins_eur(_stressed(outlook, stress), np.array(fuels["gas"]), np.array(fuels["carbon"]), outlook.grid.minutes)
        return float(commitment(plant, margins[None, :]).value_eur[0])

    def _switch(self, right: RenewableRight, stress: Stress) -> float:
        """What standing still saves: the running plant itself is in the stressed P&L."""
        outlook = self.outlooks[right.zone]
        price = _stressed(outlook, stress)
        loss = np.maximum(right.variable_cost_eur_mwh - paid_eur_mwh(right, price) - price, 0.0)
        plants = [p for p in outlook.plants if p.plant == right.plant]
        outputs = [stress.applied("plant_output", p.output_mw, p.technology, p.capacity_mw) for p in plants]
        return sum(float(loss @ output) * outlook.grid.hours for output in outputs)

    def _daily(self, right: SwingRight | CurtailableRight, stress: Stress) -> float:
        from energy_pipeline.flexibility.rights import swing_of
        from energy_pipeline.mathematics.stores.swing import swing_foresight_eur

        outlook = self.outlooks[right.zone]
        hours = right.hours if isinstance(right, CurtailableRight) else HELD_HOURS
        days = [_dearest(_stressed(outlook, stress), hours, outlook.grid.minutes)]
        own = self.forward_curve.filter(pl.col("zone") == right.zone, pl.col("target_day") > self.info.day.day).sort("target_day", "delivery_start")
        later = own.partition_by("target_day", maintain_order=True)[: right.days - 1]
        days += [_dearest(part["price_eur_mwh"].to_numpy(), hours, int(part["resolution_minutes"][0])) for part in later]
        return swing_foresight_eur(swing_of(right, len(days)), np.array(days))


def _stressed(outlook: ZoneOutlook, stress: Stress) -> FloatArray:
    return stress.applied("day_ahead_price", outlook.price.mean(axis=0))


def _dearest(prices: FloatArray, hours: float, minutes: int) -> float:
    """Mean over the dearest hours of a day."""
    return float(np.sort(prices)[::-1][: max(1, round(hours * 60.0 / minutes))].mean())
