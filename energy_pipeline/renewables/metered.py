"""A plant of the desk as the learnt correction reads it: weather, physics and meter through the information set.

What belongs here: the desk's plants as `inputs.PlantSource`, and the correction that serves a delivery
day. What does not: the regression (`correction`), what stands in when inputs are missing (`expected`).

Everything goes through `InformationSet`: weather and physics of a past day as its own decision knew
them, meters as known at the decision that asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from energy_pipeline.desk.model import Desk, Plant, PvPlant, WeatherLocation, WindPlant
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore, Bundle
from energy_pipeline.information.resolution import convert, interval_values
from energy_pipeline.renewables.calibration import CORRECTIONS, block_rows, block_start, fit_block, training_blocks
from energy_pipeline.renewables.correction import BLOCK_DAYS, Correction
from energy_pipeline.renewables.curtailment import silent_below_eur_mwh
from energy_pipeline.renewables.inputs import PlantSource, Rows, rows_of
from energy_pipeline.renewables.outages import lost_share
from energy_pipeline.renewables.past_values import past_correction, past_physics, past_potential, window_days
from energy_pipeline.renewables.physics import Computed
from energy_pipeline.renewables.sun_plants import LIGHTS, at_ten_metres_ms, clear_sky_share, pv_output
from energy_pipeline.renewables.wind_plants import wind_output

STEP_MINUTES = 15
"""Physics is computed in quarter-hours: curves are not linear, so power is averaged, not weather."""
HOUR = 60
SNOW_HOURS = 72
"""What lies on modules is followed from so long before the day."""
HOUR_US = HOUR * MICROSECONDS_PER_MINUTE


class DeskPlant:
    """A weather-driven plant of the desk, as known at one decision (`inputs.PlantSource`)."""

    _plant: Plant

    def __init__(self, info: InformationSet, name: str) -> None:
        plant = info.desk.plants[name]
        if not isinstance(plant, PvPlant | WindPlant):
            raise TypeError(f"plant {name} is of kind {plant.kind}: only pv and wind are computed from weather")
        self._info, self._name, self._plant = info, name, plant
        self.technology = "solar" if isinstance(plant, PvPlant) else "wind"
        self.time_zone = info.day.time_zone
        self._columns = _columns(info.desk, plant)
        self.weather_columns = tuple(self._columns)
        self.leading = self.weather_columns[0]
        self.capacity_mw = capacity(plant)
        # Weather of D+1 is in the lake only once D+1 itself is collected: a day decided alone must not differ.
        self.sees_next_day = False

    def decision_us(self, day: date) -> int:
        """When the day was, or is, decided."""
        return self._info.at(day).decision_us

    def weather(self, column: str, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Hourly means of the last run known at `cut_us`."""
        location, raw = self._columns[column]
        return interval_values(self._lookup("weather_forecast", cut_us, location=location), raw, start_us, HOUR)

    def physical(self, day: date) -> FloatArray:
        """Hourly output share by physics as decided for the day."""
        return convert(physical_mw(self._info.at(day), self._name).output_mw, STEP_MINUTES, HOUR) / self.capacity_mw

    def potential(self, day: date) -> FloatArray:
        """1 for wind, the clear sky's share for sun."""
        return convert(potential_share(self._info.at(day), self._name), STEP_MINUTES, HOUR)

    def meter(self, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Metered share of hours as known at `cut_us`."""
        return interval_values(self._lookup("plant_meters", cut_us, plant=self._name), "output_mw", start_us, HOUR) / self.capacity_mw

    def held_back(self, start_us: IntArray, cut_us: IntArray | int) -> tuple[FloatArray | None, FloatArray | None]:
        """1 in hours with a quarter whose day-ahead price was below the plant's limit or its step's; the share announced to be out."""
        limit, lost = silent_below_eur_mwh(self._info.desk, self._name), lost_share(self._info, self._name, start_us)
        if limit is None:
            return None, lost
        quarters = np.asarray(start_us)[..., None] + np.arange(4) * (STEP_MINUTES * MICROSECONDS_PER_MINUTE)
        cuts = np.broadcast_to(np.asarray(cut_us), np.shape(start_us))[..., None]
        price = interval_values(self._lookup("day_ahead_prices", cuts, zone=self._plant.zone), "price_eur_mwh", quarters, STEP_MINUTES)
        return np.asarray((price < limit).any(axis=-1), dtype=np.float64), lost

    def _lookup(self, table: str, cut_us: IntArray | int, **key: str) -> Callable[[str, IntArray], FloatArray]:
        # `interval_values` asks for the parts of an interval along one more axis.
        cuts = np.asarray(cut_us, dtype=np.int64)[..., None]
        return lambda column, starts: self._info.values(table, column, starts, cut_us=cuts, **key)


Source = Callable[[InformationSet, str], PlantSource]
"""A plant as known at a decision."""


def capacity(plant: PvPlant | WindPlant) -> float:
    """AC capacity [MW]."""
    return plant.inverter_mw if isinstance(plant, PvPlant) else plant.capacity_mw


def _columns(desk: Desk, plant: PvPlant | WindPlant) -> dict[str, tuple[str, str]]:
    """Input name -> (weather location, raw column); the leading one first."""
    own = plant.location
    if isinstance(plant, PvPlant):
        return {"ghi_w_m2": (own, "ghi_w_m2"), "temperature_c": (own, "temperature_c"), "wind_speed_ms": (own, "wind_speed_ms")}
    speeds = {f"wind_speed_{height:g}m_ms": (place, column) for height, (place, column) in reversed(_winds(desk, plant).items())}
    return speeds | {"temperature_c": (own, "temperature_c")}


def _winds(desk: Desk, plant: WindPlant) -> dict[float, tuple[str, str]]:
    """(location, column) of the wind at each height that the plant has, ascending."""
    places = [plant.location, *([plant.upper_location] if plant.upper_location else [])]
    found = {height: (place, column) for place in reversed(places) for height, column in desk.weather[place].wind_columns().items()}
    return dict(sorted(found.items()))


def physical_mw(info: InformationSet, name: str) -> Computed:
    """Output by physics in quarter-hours of the day, as decided for it; NaN without weather."""
    return info.kept("renewables.physical", name, make=lambda: _physical(info, name), past=lambda: past_physics(info.desk, name))


def _physical(info: InformationSet, name: str) -> Computed:
    plant = info.desk.plants[name]
    assert isinstance(plant, PvPlant | WindPlant)  # noqa: S101 - callers know
    location = info.desk.weather[plant.location]
    return _sun(info, plant, location) if isinstance(plant, PvPlant) else _wind(info, plant)


def _weather(info: InformationSet, location: str, starts: IntArray, minutes: int, columns: tuple[str, ...]) -> dict[str, FloatArray]:
    def lookup(column: str, start_us: IntArray) -> FloatArray:
        return info.values("weather_forecast", column, start_us, location=location)

    return {c: interval_values(lookup, c, starts, minutes) for c in columns}


def _sun(info: InformationSet, plant: PvPlant, location: WeatherLocation) -> Computed:
    hours = info.day.interval_starts_us(HOUR)
    # Weather has the hours of UTC, also where the day begins at half past.
    before = SNOW_HOURS * HOUR_US if plant.snow_loss else 0
    hours = np.arange(hours[0] - hours[0] % HOUR_US - before, hours[-1] + HOUR_US, HOUR_US, dtype=np.int64)
    lengths = info.values("weather_forecast", "resolution_minutes", hours, location=plant.location)
    # A day is computed from the interval length it came in; a day of mixed lengths from hours.
    minutes = STEP_MINUTES if (lengths == STEP_MINUTES).all() else HOUR
    starts = hours if minutes == HOUR else np.arange(hours[0], hours[-1] + HOUR_US, minutes * MICROSECONDS_PER_MINUTE, dtype=np.int64)
    columns = (*LIGHTS, "temperature_c", "wind_speed_ms", *(["snow_depth_cm"] if plant.snow_loss else []))
    weather = _weather(info, plant.location, starts, minutes, columns)
    weather["wind_speed_ms"] = at_ten_metres_ms(weather["wind_speed_ms"], location.wind_height_m)
    day = info.day.day.toordinal() - (starts[-1] - starts) // (24 * HOUR_US) if before else None
    made = pv_output(plant, location, starts, minutes, weather, step_minutes=STEP_MINUTES, day=day)
    skipped = (int(info.day.interval_starts_us(STEP_MINUTES)[0]) - int(starts[0])) // (STEP_MINUTES * MICROSECONDS_PER_MINUTE)
    own = made.output_mw[skipped : skipped + info.day.count(STEP_MINUTES)]
    return made if own.size == made.output_mw.size else replace(made, output_mw=own)


def _wind(info: InformationSet, plant: WindPlant) -> Computed:
    starts = info.day.interval_starts_us(STEP_MINUTES)
    names = {"temperature_c": "temperature_c", "pressure_hpa": "pressure_hpa", "wind_direction_deg": "direction_deg"}
    own = _weather(info, plant.location, starts, STEP_MINUTES, tuple(names))
    winds = {h: _weather(info, place, starts, STEP_MINUTES, (column,))[column] for h, (place, column) in _winds(info.desk, plant).items()}
    return wind_output(plant, np.full(starts.size, info.day.day.toordinal()), winds, {names[c]: v for c, v in own.items()})


def potential_share(info: InformationSet, name: str) -> FloatArray:
    """The most there can be in each quarter-hour, share of capacity: 1 for wind, under a clear sky for sun."""
    plant = info.desk.plants[name]
    starts = info.day.interval_starts_us(STEP_MINUTES)
    if not isinstance(plant, PvPlant):
        return np.ones(starts.size)
    location = info.desk.weather[plant.location]
    make = lambda: clear_sky_share(plant, location, starts, STEP_MINUTES)  # noqa: E731 - as short as it is read
    return info.kept("renewables.potential", name, make=make, past=lambda: past_potential(info.desk, name))


def correction_of(info: InformationSet, name: str, artefacts: ArtefactStore | None = None, source: Source = DeskPlant) -> Correction:
    """The correction that serves the delivery day of `info`: made as of the first day of its block; `source` reads the plant."""
    first = info.at(block_start(info.day.day))
    return first.kept("renewables.correction", name, make=lambda: _fit(first, name, artefacts, source))


def _fit(info: InformationSet, name: str, artefacts: ArtefactStore | None, source: Source) -> Correction:
    """From the artefact its raw past names, so that a known past is not laid out in rows again; else learnt."""
    if artefacts is None:
        return _learnt(info, name, None, source)[0]
    bundle = _bundle(info, name)
    past = lambda: past_correction(info.desk, name, bundle)  # noqa: E731 - as short as it is read
    key = info.kept("renewables.correction_key", name, make=lambda: _learnt(info, name, artefacts, source)[1], past=past)
    data = artefacts.get(bundle, CORRECTIONS, key) if key else None
    return _learnt(info, name, artefacts, source)[0] if data is None else Correction.from_bytes(data)


def _bundle(info: InformationSet, name: str) -> Bundle:
    return Bundle(info.desk.plants[name].zone, info.day.day)


def _learnt(info: InformationSet, name: str, artefacts: ArtefactStore | None, source: Source) -> tuple[Correction, str]:
    block = info.day.day

    def rows(start: date) -> Rows:
        own = info.at(start + timedelta(days=BLOCK_DAYS - 1))
        return own.cached("renewables.block_rows", name, make=lambda: block_rows(source(own, name), start))

    kept = None if artefacts is None else (artefacts, _bundle(info, name))
    found = fit_block(source(info, name), name, block, training_blocks(block, window_days(info.desk)), rows, kept)
    return found.correction, found.key


def day_rows(info: InformationSet, name: str, source: Source = DeskPlant) -> Rows:
    """The correction's inputs for the hours of the day."""
    return info.cached("renewables.day_rows", name, make=lambda: rows_of(source(info, name), [info.day.day]))
