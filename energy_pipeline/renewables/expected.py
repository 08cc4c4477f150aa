"""Expected output of one plant for one day, by the first method its inputs allow.

What belongs here: which inputs a plant is computed from and what stands in when they are
not there. What does not: the physics and what is learnt of its errors (`metered`), the
table and errors of plants without weather (`output`), prices (`curtailment`).

Order: weather (PV, wind) or the zone's driver forecast (shares); where an interval of that
is unknown, the plant's own past, flagged as a fallback. Metered plants are their own past.
"Own past" is the mean of the same wall-clock slot over its last 7 known days, D-2 backwards.
Each of the three is corrected by what outcomes taught, where that clearly pays; a metered plant so follows its zone's driver.
Of all of them the share that is announced to be out is taken (`outages`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from energy_pipeline.desk.model import MeteredPlant, Plant, PvPlant, SharePlant, WindPlant
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore
from energy_pipeline.information.past_days import pack, unpack
from energy_pipeline.information.resolution import convert
from energy_pipeline.renewables.driven import DrivenPlant, driven, own_past_mw, stated_capacity_mw, why_not_learnt
from energy_pipeline.renewables.metered import HOUR, STEP_MINUTES, capacity, correction_of, day_rows, physical_mw, potential_share
from energy_pipeline.renewables.outages import names_outages, outage_of
from energy_pipeline.renewables.past_values import past_expected
from energy_pipeline.renewables.quarters import in_quarters

Method = Literal[
    "physical",
    "physical_split",
    "physical_assumed",
    "physical_corrected",
    "physical_split_corrected",
    "physical_assumed_corrected",
    "share_of_zone",
    "share_of_zone_corrected",
    "persistence",
    "driver_learnt",
    "climatology",
]
_CORRECTED: dict[str, Method] = {
    "physical": "physical_corrected",
    "physical_split": "physical_split_corrected",
    "physical_assumed": "physical_assumed_corrected",
    "share_of_zone": "share_of_zone_corrected",
    "persistence": "driver_learnt",
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
        What was repaired or refused in the weather; why a plant without weather is not corrected; what is out.
    out_share : array, shape (intervals,), or None
        Share of capacity announced to be out; taken off already. None: the plant names no outages.
    """

    output_mw: FloatArray
    method: Method
    is_fallback: npt.NDArray[np.bool_]
    own_past: npt.NDArray[np.bool_]
    quantiles_mw: FloatArray | None = None
    notes: tuple[str, ...] = ()
    out_share: FloatArray | None = None


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
    make = lambda: _expected_output(info, name, artefacts)  # noqa: E731 - as short as it is read
    return info.kept("renewables.expected_output", name, make=make, past=lambda: past_expected(info.desk, name, _packed, _unpacked))


def _packed(found: Expected) -> bytes:
    arrays = {"mw": found.output_mw, "is_fallback": found.is_fallback, "own_past": found.own_past}
    more = {"quantiles": found.quantiles_mw, "out": found.out_share}
    return pack({**arrays, **{name: values for name, values in more.items() if values is not None}}, [found.method, list(found.notes)])


def _unpacked(data: bytes) -> Expected:
    arrays, about = unpack(data)
    method, notes = cast("tuple[Method, list[str]]", about)
    is_fallback, own_past = (arrays[name].astype(np.bool_) for name in ("is_fallback", "own_past"))
    return Expected(arrays["mw"], method, is_fallback, own_past, arrays.get("quantiles"), tuple(notes), arrays.get("out"))


def technology(plant: Plant) -> Literal["wind", "solar"]:
    """What drives the plant."""
    if isinstance(plant, SharePlant | MeteredPlant):
        return plant.technology
    return "solar" if isinstance(plant, PvPlant) else "wind"


def capacity_mw(info: InformationSet, plant: Plant) -> float | None:
    """AC capacity of the plant; None for a share of a zone whose capacity the desk does not state."""
    if isinstance(plant, SharePlant):
        return stated_capacity_mw(info.desk, plant)
    return plant.inverter_mw if isinstance(plant, PvPlant) else plant.capacity_mw


def _expected_output(info: InformationSet, name: str, artefacts: ArtefactStore | None) -> Expected:
    plant = info.desk.plants[name]
    minutes = info.desk.zones[plant.zone].resolution_minutes(info.day.day)
    first = _first_choice(info, name, plant, minutes, artefacts)
    unknown = np.isnan(first.output_mw)
    chosen = np.where(unknown, own_past_mw(info, name, minutes), first.output_mw) if unknown.any() else first.output_mw
    ceiling = capacity_mw(info, plant)
    out = outage_of(info, name, minutes)
    there = 1.0 - out.share
    output = np.clip(chosen, 0.0, np.inf if ceiling is None else ceiling) * there
    fallback = first.fell_back | (unknown & (not isinstance(plant, MeteredPlant)))
    bands = None if first.quantiles_mw is None else first.quantiles_mw * there[:, None]
    notes = first.notes + ((out.note,) if out.note else ())
    return Expected(output, first.method, fallback, unknown, bands, notes, out.share if names_outages(info.desk, name) else None)


def _first_choice(info: InformationSet, name: str, plant: Plant, minutes: int, artefacts: ArtefactStore | None) -> _First:
    if isinstance(plant, PvPlant | WindPlant):
        return _by_weather(info, name, plant, minutes, artefacts)
    return _without_weather(info, name, plant, minutes, artefacts)


def _without_weather(info: InformationSet, name: str, plant: SharePlant | MeteredPlant, minutes: int, artefacts: ArtefactStore | None) -> _First:
    """The method in place, corrected in the hours whose driver is known; where that does not pay, the note says why."""
    found = driven(info, name)
    method: Method = "share_of_zone" if isinstance(plant, SharePlant) else "persistence"
    plain = _First(found.plain_mw, found.fell_back, method)
    why, known = why_not_learnt(info.desk, name), ~np.isnan(found.driver_mw)
    if why is not None or not known.any():
        return replace(plain, notes=(why or f"no correction: no driver forecast of {plant.technology} in {plant.zone} is known",))
    correction = correction_of(info, name, artefacts, DrivenPlant)
    made = correction.apply(day_rows(info, name, DrivenPlant))
    most = stated_capacity_mw(info.desk, plant) or 1.0
    shape = convert(np.where(known, found.plain_mw, np.nan), minutes, STEP_MINUTES) / most
    lit = convert(np.where(known, 1.0, np.nan), minutes, STEP_MINUTES)

    def in_zone(hourly: FloatArray) -> FloatArray:
        return hourly * most if minutes == HOUR else convert(in_quarters(hourly, shape, lit, plant.technology), STEP_MINUTES, minutes) * most

    bands = None if made.quantiles is None else np.stack([in_zone(level) for level in made.quantiles.T], axis=1)
    if correction.weight == 0.0:
        return replace(plain, quantiles_mw=bands, notes=(correction.reason.replace("physics", method),))
    learnt = in_zone(made.mean)
    return _First(np.where(np.isnan(learnt), found.plain_mw, learnt), found.fell_back, _CORRECTED[method], bands)


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
