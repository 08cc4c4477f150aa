"""How what was expected of plants on past days is kept: what it hangs on, and its bytes.

What belongs here: expected output, physics, clear sky and the name of a correction as values
that outlive the process. What does not: making them (`expected`, `metered`), or their keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import MeteredPlant, Plant, SharePlant, WindPlant
from energy_pipeline.domain.delivery import BoolArray, FloatArray
from energy_pipeline.features.drivers import driver_reads
from energy_pipeline.information.artefacts import Bundle
from energy_pipeline.information.cut_keys import Reads
from energy_pipeline.information.past_days import Past, pack, unpack
from energy_pipeline.renewables.correction import BLOCK_DAYS, WINDOW_DAYS
from energy_pipeline.renewables.curtailment import silent_below_eur_mwh
from energy_pipeline.renewables.inputs import LAST_LAG
from energy_pipeline.renewables.outages import names_outages
from energy_pipeline.renewables.physics import Computed, Physics

T = TypeVar("T")


def window_days(desk: Desk) -> int:
    """Days a correction may learn from, such that the oldest look-back stays inside what a decision has loaded."""
    return desk.history_days - desk.own_lag_days - 2 - (desk.forecast.error_days + 1) - (BLOCK_DAYS - 1) - LAST_LAG


def plant_reads(desk: Desk, name: str) -> tuple[Reads, ...]:
    """The raw series a plant's expected output is made of."""
    plant = desk.plants[name]
    meter = Reads("plant_meters", (("plant", name),))
    limited: tuple[Reads, ...] = () if silent_below_eur_mwh(desk, name) is None else (Reads("day_ahead_prices", (("zone", plant.zone),)),)
    limited += (Reads("outages", (("zone", plant.zone),)),) if names_outages(desk, name) else ()
    if isinstance(plant, SharePlant):  # its outcome is among what the drivers read
        return (*driver_reads(desk, plant.zone), *limited)
    if isinstance(plant, MeteredPlant):
        return (*driver_reads(desk, plant.zone), meter, *limited)
    return (*_weather_reads(plant), meter, *limited)


def _weather_reads(plant: Plant) -> tuple[Reads, ...]:
    places = [plant.location, plant.upper_location if isinstance(plant, WindPlant) else None]  # type: ignore[union-attr]
    return tuple(Reads("weather_forecast", (("location", place),)) for place in places if place is not None)


def _learning_days(desk: Desk) -> int:
    """How far back a correction reads from the first day of the block it serves."""
    return max(min(window_days(desk), WINDOW_DAYS), 0) + LAST_LAG + 1


def past_expected(desk: Desk, name: str, to_bytes: Callable[[T], bytes], from_bytes: Callable[[bytes], T]) -> Past[T]:
    """How a plant's expected output of a day is kept."""
    reach = max(BLOCK_DAYS + _learning_days(desk), desk.max_lag_days + desk.own_lag_days + 2)
    return Past("renewables", desk.plants[name].zone, plant_reads(desk, name), reach, to_bytes, from_bytes)


def past_correction(desk: Desk, name: str, bundle: Bundle) -> Past[str]:
    """How the key of the artefact that holds a block's correction, in a bundle, is kept."""
    reads, reach = plant_reads(desk, name), _learning_days(desk)
    zone, named = desk.plants[name].zone, lambda key: [bundle.name] if key else []
    return Past("renewables", zone, reads, reach, lambda key: pack({}, key), lambda data: str(unpack(data)[1]), named)


def past_physics(desk: Desk, name: str) -> Past[Computed]:
    """How physics of a day is kept."""
    return Past("renewables", desk.plants[name].zone, _weather_reads(desk.plants[name]), 1, _packed_physics, _unpacked_physics)


def past_driven(desk: Desk, name: str, make: Callable[[FloatArray, FloatArray, BoolArray], T]) -> Past[T]:
    """How the method in place of a plant without weather, and its driver, are kept; `make` takes them and what fell back."""

    def to_bytes(found: T) -> bytes:
        return pack({part: np.asarray(getattr(found, part)) for part in ("plain_mw", "driver_mw", "fell_back")}, None)

    def from_bytes(data: bytes) -> T:
        arrays = unpack(data)[0]
        return make(arrays["plain_mw"], arrays["driver_mw"], arrays["fell_back"].astype(np.bool_))

    return Past("renewables", desk.plants[name].zone, plant_reads(desk, name), desk.own_lag_days + 1, to_bytes, from_bytes)


def past_potential(desk: Desk, name: str) -> Past[FloatArray]:
    """How the clear sky's share of a day is kept; it hangs on the calendar alone."""
    return Past("renewables", desk.plants[name].zone, (), 0, lambda share: pack({"share": share}), lambda data: unpack(data)[0]["share"])


def _packed_physics(found: Computed) -> bytes:
    return pack({"mw": np.asarray(found.output_mw)}, [found.method, found.is_stand_in, *found.notes])


def _unpacked_physics(data: bytes) -> Computed:
    arrays, about = unpack(data)
    method, is_stand_in, *notes = cast("list[object]", about)
    return Computed(arrays["mw"], tuple(str(n) for n in notes), cast("Physics", method), is_stand_in=bool(is_stand_in))
