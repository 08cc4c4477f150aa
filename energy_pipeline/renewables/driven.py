"""Share and metered plants: what they were expected to give without learning, and how a correction reads them.

What belongs here: the method in place (a share of the zone's driver forecast; a meter's own past), the zone's driver
forecast beside it, and both as `inputs.PlantSource`. What does not: plants with weather (`metered`), the regression
(`correction`), which method a day takes (`expected`).

The correction is that of the plants with weather, with today's method where they have physics: the driver forecast that
each past decision had, its hours around, the calendar and what meters said lately explain how far the method was off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import MeteredPlant, Plant, SharePlant
from energy_pipeline.domain.delivery import BoolArray, FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.features.drivers import zone_drivers
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import Lookup, convert, information_lookup, interval_values, slot_starts_us
from energy_pipeline.renewables.inputs import DRIVER, MARGIN_HOURS
from energy_pipeline.renewables.metered import HOUR, DeskPlant
from energy_pipeline.renewables.past_values import past_driven

PERSISTENCE_DAYS = 7


@dataclass(frozen=True, eq=False)
class Driven:
    """A day of a plant without weather, in the zone's resolution; arrays of shape (intervals,).

    Attributes
    ----------
    plain_mw : array
        The method in place; NaN where its input is unknown.
    driver_mw : array
        The zone's driver forecast of the plant's technology; NaN where unknown.
    fell_back : array of bool
        The driver forecast is itself a fallback.
    """

    plain_mw: FloatArray
    driver_mw: FloatArray
    fell_back: BoolArray


def driven(info: InformationSet, name: str) -> Driven:
    """What the day's decision has of the plant; computed once."""
    return info.kept("renewables.driven", name, make=lambda: _driven(info, name), past=lambda: past_driven(info.desk, name, Driven))


def _driven(info: InformationSet, name: str) -> Driven:
    plant = _plant(info.desk, name)
    minutes = info.desk.zones[plant.zone].resolution_minutes(info.day.day)
    driver, fell_back = _driver(info, plant, minutes)
    if isinstance(plant, SharePlant):
        return Driven(driver * plant.share_of_zone, driver, fell_back)
    return Driven(own_past_mw(info, name, minutes), driver, np.zeros(driver.size, dtype=np.bool_))


def _driver(info: InformationSet, plant: SharePlant | MeteredPlant, minutes: int) -> tuple[FloatArray, BoolArray]:
    """Unknown, which the plant's fallback covers, where the zone has no such driver or it cannot be made."""
    try:
        found = zone_drivers(info, plant.zone).get(plant.technology)
    except PipelineError:
        found = None
    count = info.day.count(minutes)
    return (np.full(count, np.nan), np.ones(count, dtype=np.bool_)) if found is None else (found.values_mw, found.is_fallback)


def _plant(desk: Desk, name: str) -> SharePlant | MeteredPlant:
    plant = desk.plants[name]
    if not isinstance(plant, SharePlant | MeteredPlant):
        raise TypeError(f"plant {name} is of kind {plant.kind}: it is computed from weather")
    return plant


def stated_capacity_mw(desk: Desk, plant: SharePlant | MeteredPlant) -> float | None:
    """Capacity of the plant; None for a share of a zone whose capacity the desk does not state."""
    if isinstance(plant, MeteredPlant):
        return plant.capacity_mw
    zone = desk.zones[plant.zone]
    installed = zone.installed_wind_mw if plant.technology == "wind" else zone.installed_solar_mw
    return None if installed is None else plant.share_of_zone * installed


def why_not_learnt(desk: Desk, name: str) -> str | None:
    """What the desk file lacks for a correction of the plant; None where it can be learnt."""
    plant = _plant(desk, name)
    if plant.technology not in desk.zones[plant.zone].drivers:
        return f"no correction: {plant.technology} is not among the drivers of {plant.zone}"
    if stated_capacity_mw(desk, plant) is None:
        return f"no correction: installed_{plant.technology}_mw of {plant.zone} is not stated"
    return None


class DrivenPlant(DeskPlant):
    """A share or metered plant of the desk, as known at one decision (`inputs.PlantSource`)."""

    def __init__(self, info: InformationSet, name: str) -> None:
        plant = _plant(info.desk, name)
        capacity = stated_capacity_mw(info.desk, plant)
        if capacity is None:
            raise TypeError(f"plant {name}: the capacity of its zone is not stated")
        self._info, self._name, self._plant = info, name, plant
        self.technology, self.time_zone, self.capacity_mw = plant.technology, info.day.time_zone, capacity
        self.weather_columns, self.leading, self.sees_next_day = (DRIVER,), DRIVER, False

    def weather(self, column: str, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:  # noqa: ARG002 - one column, each day at its own cut
        """The zone's driver of the day and the hours before it, as a share of the plant's capacity; unknown after the day."""
        day = datetime.fromtimestamp(int(start_us[MARGIN_HOURS]) / 1e6, UTC).astimezone(ZoneInfo(self.time_zone)).date()
        known = np.concatenate([self._driver(day - timedelta(days=1))[-MARGIN_HOURS:], self._driver(day)])
        return np.concatenate([known, np.full(start_us.size - known.size, np.nan)])

    def physical(self, day: date) -> FloatArray:
        """Hourly output share by the method in place, as decided for the day; NaN where the driver is unknown."""
        own = driven(self._info.at(day), self._name)
        return self._hourly(np.where(np.isnan(own.driver_mw), np.nan, own.plain_mw), day)

    def potential(self, day: date) -> FloatArray:
        """1; for sun 0 in hours for which neither the driver nor the method in place expects any."""
        own = driven(self._info.at(day), self._name)
        dark = (np.nan_to_num(own.driver_mw, nan=1.0) <= 0.0) & (np.nan_to_num(own.plain_mw) <= 0.0)
        return np.ceil(self._hourly(np.where(dark & (self.technology == "solar"), 0.0, self.capacity_mw), day))

    def meter(self, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Share of capacity given in hours as known at `cut_us`."""
        table, column, factor, key = outcome_series(self._info.desk, self._name)
        return interval_values(self._lookup(table, cut_us, **key), column, start_us, HOUR) * (factor / self.capacity_mw)

    def _driver(self, day: date) -> FloatArray:
        return self._hourly(driven(self._info.at(day), self._name).driver_mw, day)

    def _hourly(self, values_mw: FloatArray, day: date) -> FloatArray:
        minutes = self._info.desk.zones[self._plant.zone].resolution_minutes(day)
        return convert(values_mw, minutes, HOUR) / self.capacity_mw


def outcome_series(desk: Desk, name: str) -> tuple[str, str, float, dict[str, str]]:
    """Where a plant's actual output is read: raw table, column, factor and key."""
    plant: Plant = desk.plants[name]
    if isinstance(plant, SharePlant):
        return "generation_actual", "generation_mw", plant.share_of_zone, {"zone": plant.zone, "technology": plant.technology}
    return "plant_meters", "output_mw", 1.0, {"plant": name}


def outcome_lookup(info: InformationSet, name: str) -> tuple[Lookup, str, float]:
    """Look-up, column and factor of a plant's actual output as known at the decision."""
    table, column, factor, key = outcome_series(info.desk, name)
    return information_lookup(info, table, **key), column, factor


def own_past_mw(info: InformationSet, name: str, minutes: int) -> FloatArray:
    """Mean of the same slot over the plant's last 7 known days, shape (intervals,); NaN where none is known.

    Looks at D-2 .. D-max_lag_days: meters of D-1 are at best half known.
    """
    lookup, column, factor = outcome_lookup(info, name)
    days = [info.day.day - timedelta(days=lag) for lag in range(2, info.desk.max_lag_days + 1)]
    starts = slot_starts_us(days, info.day.time_zone, minutes)[:, info.day.slots(minutes)]
    values = interval_values(lookup, column, starts, minutes) * factor
    known = ~np.isnan(values)
    used = known & (np.cumsum(known, axis=0) <= PERSISTENCE_DAYS)
    count = used.sum(axis=0)
    total = np.where(used, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
