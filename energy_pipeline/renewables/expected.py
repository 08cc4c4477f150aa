"""Expected output of one plant for one day, by the first method its inputs allow.

What belongs here: which inputs a plant is computed from and what stands in when they are
not there. What does not: the physics and what is learnt of its errors (`metered`), the
table and errors of plants without weather (`output`), prices (`curtailment`).

Order: weather (PV, wind) or the zone's driver forecast (shares); where an interval of that
is unknown, the plant's own past, flagged as a fallback. Metered plants are their own past.
"Own past" is the mean of the same wall-clock slot over its last 7 known days, D-2 backwards.
Physics is corrected by what its meter taught, where that clearly pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from energy_pipeline.desk.model import MeteredPlant, Plant, PvPlant, SharePlant, WindPlant
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore
from energy_pipeline.information.past_days import pack, unpack
from energy_pipeline.information.resolution import Lookup, convert, information_lookup, interval_values, slot_starts_us
from energy_pipeline.renewables.metered import HOUR, STEP_MINUTES, capacity, correction_of, day_rows, physical_mw, potential_share
from energy_pipeline.renewables.past_values import past_expected
from energy_pipeline.renewables.quarters import in_quarters

PERSISTENCE_DAYS = 7
Method = Literal[
    "physical",
    "physical_split",
    "physical_assumed",
    "physical_corrected",
    "physical_split_corrected",
    "physical_assumed_corrected",
    "share_of_zone",
    "persistence",
    "climatology",
]
_CORRECTED: dict[str, Method] = {
    "physical": "physical_corrected",
    "physical_split": "physical_split_corrected",
    "physical_assumed": "physical_assumed_corrected",
}


@dataclass(frozen=True)
class Expected:
    """A plant's expected output over the intervals of a day, in the zone's resolution.

    Attributes
    ----------
    output_mw : array, shape (intervals,)
        NaN where no method had its inputs.
    method : Method
        The plant's first choice; rows flagged `own_past` were made by persistence.
    is_fallback : array of bool
        The first choice, or an input of it, was not there.
    own_past : array of bool
        The plant's own past stands in.
    quantiles_mw : array, shape (intervals, 19), or None
        At `quantiles.LEVELS`, from the correction's held-out errors; NaN where the first choice is unknown.
        None: nothing learnt.
    notes : tuple of str
        What was repaired or refused in the weather.
    """

    output_mw: FloatArray
    method: Method
    is_fallback: npt.NDArray[np.bool_]
    own_past: npt.NDArray[np.bool_]
    quantiles_mw: FloatArray | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _First:
    """What the first choice gives; `fell_back` where an input of it was itself a fallback."""

    output_mw: FloatArray
    fell_back: npt.NDArray[np.bool_]
    method: Method
    quantiles_mw: FloatArray | None = None
    notes: tuple[str, ...] = ()


def expected_output(info: InformationSet, name: str, artefacts: ArtefactStore | None = None) -> Expected:
    """Expected output of plant `name` at the decision time, before any curtailment; computed once per day and run."""
    past = past_expected(info.desk, name, _packed, _unpacked)
    return info.kept("renewables.expected_output", name, make=lambda: _expected_output(info, name, artefacts), past=past)


def _packed(found: Expected) -> bytes:
    arrays = {"mw": found.output_mw, "is_fallback": found.is_fallback, "own_past": found.own_past}
    return pack(arrays if found.quantiles_mw is None else {**arrays, "quantiles": found.quantiles_mw}, [found.method, list(found.notes)])


def _unpacked(data: bytes) -> Expected:
    arrays, about = unpack(data)
    method, notes = cast("tuple[Method, list[str]]", about)
    is_fallback, own_past = (arrays[name].astype(np.bool_) for name in ("is_fallback", "own_past"))
    return Expected(arrays["mw"], method, is_fallback, own_past, arrays.get("quantiles"), tuple(notes))


def technology(plant: Plant) -> Literal["wind", "solar"]:
    """What drives the plant."""
    if isinstance(plant, SharePlant | MeteredPlant):
        return plant.technology
    return "solar" if isinstance(plant, PvPlant) else "wind"


def capacity_mw(info: InformationSet, plant: Plant) -> float | None:
    """AC capacity of the plant; None for a share of a zone whose capacity the desk does not state."""
    if isinstance(plant, SharePlant):
        zone = info.desk.zones[plant.zone]
        installed = zone.installed_wind_mw if plant.technology == "wind" else zone.installed_solar_mw
        return None if installed is None else plant.share_of_zone * installed
    return plant.inverter_mw if isinstance(plant, PvPlant) else plant.capacity_mw


def outcome_lookup(info: InformationSet, name: str) -> tuple[Lookup, str, float]:
    """Where the plant's actual output is read: look-up, column and factor."""
    plant = info.desk.plants[name]
    if isinstance(plant, SharePlant):
        return information_lookup(info, "generation_actual", zone=plant.zone, technology=plant.technology), "generation_mw", plant.share_of_zone
    return information_lookup(info, "plant_meters", plant=name), "output_mw", 1.0


def _expected_output(info: InformationSet, name: str, artefacts: ArtefactStore | None) -> Expected:
    plant = info.desk.plants[name]
    minutes = info.desk.zones[plant.zone].resolution_minutes(info.day.day)
    first = _first_choice(info, name, plant, minutes, artefacts)
    unknown = np.isnan(first.output_mw)
    chosen = np.where(unknown, own_past_mw(info, name, minutes), first.output_mw) if unknown.any() else first.output_mw
    ceiling = capacity_mw(info, plant)
    output = np.clip(chosen, 0.0, np.inf if ceiling is None else ceiling)
    fallback = first.fell_back | (unknown & (not isinstance(plant, MeteredPlant)))
    return Expected(output, first.method, fallback, unknown, first.quantiles_mw, first.notes)


def _first_choice(info: InformationSet, name: str, plant: Plant, minutes: int, artefacts: ArtefactStore | None) -> _First:
    count = info.day.count(minutes)
    good = np.zeros(count, dtype=np.bool_)
    if isinstance(plant, PvPlant | WindPlant):
        return _by_weather(info, name, plant, minutes, artefacts)
    if isinstance(plant, SharePlant):
        values, fell_back = _share(info, plant, minutes)
        return _First(values, fell_back, "share_of_zone")
    return _First(np.full(count, np.nan), good, "persistence")


def _by_weather(info: InformationSet, name: str, plant: PvPlant | WindPlant, minutes: int, artefacts: ArtefactStore | None) -> _First:
    computed, most = physical_mw(info, name), capacity(plant)
    good = np.full(info.day.count(minutes), computed.is_stand_in)
    plain = convert(computed.output_mw, STEP_MINUTES, minutes)
    if np.isnan(computed.output_mw).all():
        return _First(plain, good, computed.method, None, computed.notes)
    correction = correction_of(info, name, artefacts)
    found = correction.apply(day_rows(info, name))

    def in_zone(hourly: FloatArray) -> FloatArray:
        if minutes == HOUR:
            return hourly * most
        quarters = in_quarters(hourly, computed.output_mw / most, potential_share(info, name), technology(plant))
        return convert(quarters, STEP_MINUTES, minutes) * most

    bands = None if found.quantiles is None else np.stack([in_zone(level) for level in found.quantiles.T], axis=1)
    if correction.changes_nothing:
        return _First(plain, good, computed.method, bands, computed.notes)
    return _First(in_zone(found.mean), good, _CORRECTED[computed.method], bands, computed.notes)


def _share(info: InformationSet, plant: SharePlant, minutes: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    count = info.day.count(minutes)
    rows = _driver_forecasts(info)
    if rows is not None:
        rows = rows.filter(pl.col("zone") == plant.zone, pl.col("driver") == plant.technology).sort("delivery_start")
    if rows is None or rows.height != count:
        return np.full(count, np.nan), np.ones(count, dtype=np.bool_)
    values = rows["value_mw"].fill_null(float("nan")).to_numpy() * plant.share_of_zone
    return values, rows["is_fallback"].to_numpy()


def _driver_forecasts(info: InformationSet) -> pl.DataFrame | None:
    """The zone drivers of the day; None when they cannot be made, which the plant's fallback then covers."""
    from energy_pipeline.features import driver_forecasts

    def make() -> pl.DataFrame | None:
        try:
            return driver_forecasts(info)
        except PipelineError:
            return None

    return info.kept("renewables.driver_forecasts", make=make)


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
