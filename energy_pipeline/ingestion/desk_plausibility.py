"""What only weeks of data, or the desk file itself, can betray: for `doctor`.

What belongs here: the desk's own numbers against each other, clocks against the sun, wind against a meter, rows known in
the future; each answer a sentence with what to do. What does not: single values (`plausibility`), printing (`runner.doctor`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import PvPlant, WindPlant
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray

CONTINENTS: dict[str, tuple[float, float]] = {"Europe": (27.0, 82.0), "Australia": (-56.0, -9.0), "Africa": (-36.0, 38.0), "Asia": (-12.0, 82.0)}
"""Latitudes a time zone's continent reaches over [degrees]."""
HOURS_OFF = 2.0
"""Sun time and standard time differ by at most this anywhere but in China [h]."""
TURNED_AWAY_DEG = 60.0
MACHINES_OFF = 0.05
"""Capacity and machines may differ by this share."""
LARGE_SHARE = 0.5
"""One plant is not half of what a zone has installed."""
CLOCK_DAYS = 20
CLOCK_MINUTES = {"ghi_w_m2": 25.0, "output_mw": 30.0, "generation_mw": 35.0}
"""Median distance of the light's centre from the sun's noon that is no longer weather, by column [min]."""
SUMMER_MINUTES = (40.0, 80.0)
SPEED_UNITS = {"km/h": 1.0 / 3.6, "knots": 1.0 / 1.943844, "miles an hour": 1.0 / 2.236936}
BETTER = 0.7
"""Share of the error that another unit of wind must leave at most."""
PAIRS_LEAST = 24 * 20


def desk_problems(desk: Desk) -> list[str]:
    """Numbers of the desk file that contradict each other.

    Examples
    --------
    >>> from energy_pipeline.desk import demo_desk_path, load_desk
    >>> desk_problems(load_desk(demo_desk_path()))
    []
    """
    return [*_places(desk), *_plants(desk)]


def _zones_of_places(desk: Desk) -> dict[str, str]:
    """Time zone of a market that uses each weather location."""
    used = {place: zone for zone, z in desk.zones.items() for place in z.weather_locations}
    used |= {p.location: p.zone for p in desk.plants.values() if isinstance(p, PvPlant | WindPlant)}
    return {place: desk.markets[desk.zones[zone].market].time_zone for place, zone in used.items()}


def _fits(latitude: float, longitude: float, time_zone: str) -> bool:
    offsets = (datetime(2024, month, 15, tzinfo=ZoneInfo(time_zone)).utcoffset() for month in (1, 7))
    standard_h = min(offset.total_seconds() / 3600.0 for offset in offsets if offset is not None)
    south, north = CONTINENTS.get(time_zone.partition("/")[0], (-90.0, 90.0))
    return abs(longitude / 15.0 - standard_h) <= HOURS_OFF and south <= latitude <= north


def _places(desk: Desk) -> Iterator[str]:
    for name, time_zone in sorted(_zones_of_places(desk).items()):
        place = desk.weather[name]
        here, there = place.latitude_deg, place.longitude_deg
        if time_zone not in ("UTC", "Asia/Shanghai", "Asia/Urumqi") and not _fits(here, there, time_zone):
            swapped = abs(there) <= 90.0 and _fits(there, here, time_zone)
            hint = "latitude and longitude are swapped" if swapped else "correct latitude_deg and longitude_deg"
            yield f"weather.{name}: {here:g} N, {there:g} E is not where clocks show {time_zone} -> {hint}"


def _plants(desk: Desk) -> Iterator[str]:
    for name, plant in desk.plants.items():
        if isinstance(plant, PvPlant) and plant.azimuth_deg is not None and abs(desk.weather[plant.location].latitude_deg) > 23.5:
            towards = 180.0 if desk.weather[plant.location].latitude_deg > 0 else 0.0
            away = abs((plant.azimuth_deg - towards + 180.0) % 360.0 - 180.0)
            if away > 180.0 - TURNED_AWAY_DEG and plant.tilt_deg > 5.0:
                yield f"plants.{name}.azimuth_deg: {plant.azimuth_deg:g} faces away from the equator -> 180 is south; some tools count from there"
        if isinstance(plant, WindPlant) and plant.turbine not in (None, "generic", "cubic"):
            yield from _machines(name, plant)
        capacity = plant.inverter_mw if isinstance(plant, PvPlant) else getattr(plant, "capacity_mw", 0.0)
        zone = desk.zones[plant.zone]
        technology = "solar" if isinstance(plant, PvPlant) or getattr(plant, "technology", "") == "solar" else "wind"
        installed = zone.installed_solar_mw if technology == "solar" else zone.installed_wind_mw
        if installed is not None and capacity > LARGE_SHARE * installed:
            yield f"plants.{name}: {capacity:g} MW is {capacity / installed:.0%} of the zone's installed {installed:g} MW -> kW for MW?"


def _machines(name: str, plant: WindPlant) -> Iterator[str]:
    from energy_pipeline.mathematics import windpower

    try:
        rated = windpower.turbine(str(plant.turbine), plant.hub_height_m).rated_mw
    except windpower.WindInputError:
        return  # said where the farm is made
    count = len(plant.layout_m) or plant.turbines or max(round(plant.capacity_mw / rated), 1)
    if abs(count * rated / plant.capacity_mw - 1.0) > MACHINES_OFF or count > 500:
        yield f"plants.{name}: {count} machines of {rated:g} MW are not capacity_mw {plant.capacity_mw:g} -> correct one of them"


def series_problems(desk: Desk, frames: Mapping[str, pl.DataFrame], now: datetime) -> list[str]:
    """What weeks of the collected rows betray: shifted clocks, wind in another unit, rows known in the future."""
    return [*_future(frames, now), *_clocks(desk, frames), *_winds(desk, frames)]


def _future(frames: Mapping[str, pl.DataFrame], now: datetime) -> Iterator[str]:
    for name, frame in frames.items():
        late = frame.filter(pl.col("known_at") > now, pl.col("delivery_day") < now.date())
        if late.height:
            first = late.row(0, named=True)
            yield (
                f"{name}: {late.height} rows of days that are over are known only in the future, e.g. {first['delivery_day']} at "
                f"{first['known_at']:%Y-%m-%d %H:%M} UTC -> correct `known_at` or its clock: no decision would ever see them"
            )


def _clocks(desk: Desk, frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    for name, column, longitude, time_zone, rows in _sunny(desk, frames):
        told = clock_problem(rows, column, longitude, time_zone)
        if told:
            yield f"{name}: {told}"


def _sunny(desk: Desk, frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, str, float, str, pl.DataFrame]]:
    """(name, column, longitude, time zone, rows) of every series of files that follows the sun, and whose place is known."""
    zones = _zones_of_places(desk)
    for series in desk.sources.files:
        frame = frames.get(series.table)
        if frame is None or frame.is_empty():
            continue
        rows = frame.filter(*(pl.col(k) == v for k, v in series.key.items()))
        text = f"{series.table} {','.join(f'{k}={v}' for k, v in series.key.items())}"
        if "location" in series.key and series.key["location"] in zones:
            place = desk.weather[series.key["location"]]
            yield text, "ghi_w_m2", place.longitude_deg, zones[series.key["location"]], rows
        elif series.key.get("technology") == "solar":
            zone = desk.zones[series.key["zone"]]
            places = [desk.weather[p].longitude_deg for p in zone.weather_locations]
            if places:
                yield text, "generation_mw", float(np.mean(places)), desk.markets[zone.market].time_zone, rows
        elif isinstance(plant := desk.plants.get(series.key.get("plant", "")), PvPlant) and plant.azimuth_deg in (None, 0.0, 180.0):
            yield text, "output_mw", desk.weather[plant.location].longitude_deg, zones[plant.location], rows


def clock_problem(rows: pl.DataFrame, column: str, longitude_deg: float, time_zone: str) -> str:
    """What the sun says about the clock of a series; empty where nothing.

    Parameters
    ----------
    rows : DataFrame
        `delivery_start`, `resolution_minutes`, `known_at` and `column`.
    column : str
        A key of `CLOCK_MINUTES`.
    longitude_deg : float
    time_zone : str
        IANA zone whose summer time tells a local clock from a fixed shift.

    Returns
    -------
    str
        The median distance of the daily centre of light from the sun's noon, in winter and in summer time, put in words.
    """
    known = rows.filter(pl.col(column) > 0.0).sort("delivery_start", "known_at").unique("delivery_start", keep="last", maintain_order=True)
    middle = known["delivery_start"].cast(pl.Int64) + known["resolution_minutes"].cast(pl.Int64) * (MICROSECONDS_PER_MINUTE // 2)
    minutes = middle.to_numpy() / MICROSECONDS_PER_MINUTE
    solar = minutes + 4.0 * longitude_deg + _equation_of_time(known)
    day = np.floor(solar / 1440.0)
    local = known["delivery_start"].dt.convert_time_zone(time_zone)
    frame = pl.DataFrame(
        {"day": day, "off": solar - day * 1440.0 - 720.0, "w": known[column], "summer": local.dt.dst_offset().dt.total_minutes() > 0}
    )
    per_day = frame.group_by("day", maintain_order=True).agg(
        ((pl.col("off") * pl.col("w")).sum() / pl.col("w").sum()).alias("off"), pl.col("summer").last(), pl.col("w").sum(), pl.len().alias("n")
    )
    per_day = per_day.filter(pl.col("w") > 0.3 * per_day["w"].median(), pl.col("n") >= 4) if per_day.height else per_day  # type: ignore[operator]
    found = {bool(s): float(part["off"].median()) for (s,), part in per_day.group_by("summer") if part.height >= CLOCK_DAYS}  # type: ignore[arg-type]
    worst = max((abs(v) for v in found.values()), default=0.0)
    if worst <= CLOCK_MINUTES[column]:
        return ""
    text = " and ".join(f"{v:+.0f} min in {'summer' if s else 'winter'} time" for s, v in sorted(found.items()))
    length = int(known["resolution_minutes"][0])
    if len(found) == 2 and SUMMER_MINUTES[0] < found[True] - found[False] < SUMMER_MINUTES[1]:
        hint = "a local clock is read as UTC: `clock: local`"
    elif min(found.values()) > 0 and abs(worst - length) < 25.0:
        hint = f"labels of the end are read as starts (`label: end`), or the clock is {length} minutes off"
    else:
        hint = "the clock of the source is shifted: correct `time.clock`, or latitude and longitude"
    return f"its light lies {text} from the sun's noon -> {hint}"


def _equation_of_time(rows: pl.DataFrame) -> FloatArray:
    """Sun time less mean time [min], Spencer's short form."""
    angle = 2.0 * np.pi * (rows["delivery_start"].dt.ordinal_day().to_numpy() - 81.0) / 364.0
    return np.asarray(9.87 * np.sin(2.0 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle))


def _winds(desk: Desk, frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    meters = frames.get("plant_meters")
    for name, plant in desk.plants.items():
        if not isinstance(plant, WindPlant) or meters is None:
            continue
        own = meters.filter(pl.col("plant") == name).sort("known_at").unique("delivery_start", keep="last")
        for table in ("weather_observed", "weather_forecast"):
            weather = frames.get(table)
            if weather is None or weather.is_empty():
                continue
            here = weather.filter(pl.col("location") == plant.location).sort("known_at").unique("delivery_start", keep="last")
            pairs = own.join(here, on="delivery_start").select("output_mw", "wind_speed_ms").drop_nulls()
            height = (plant.hub_height_m / desk.weather[plant.location].wind_height_m) ** plant.shear_exponent
            unit = speed_unit(pairs["wind_speed_ms"].to_numpy() * height, pairs["output_mw"].to_numpy() / plant.capacity_mw)
            if unit:
                yield f"{table} location={plant.location}: its wind fits the meter of {name} far better as {unit} -> `factor` {SPEED_UNITS[unit]:.4f}"


def speed_unit(speed_ms: FloatArray, share: FloatArray) -> str:
    """The unit in which wind at hub height explains a meter far better than in m/s; empty where m/s is right or no one can say.

    Examples
    --------
    >>> wind = 8.0 + 5.0 * np.sin(np.arange(1000.0))
    >>> output = np.clip((wind**3 - 27.0) / (12.0**3 - 27.0), 0.0, 1.0)
    >>> speed_unit(wind, output), speed_unit(wind * 3.6, output)
    ('', 'km/h')
    """
    if speed_ms.size < PAIRS_LEAST:
        return ""

    def missed(factor: float) -> float:
        expected = np.clip(((speed_ms * factor) ** 3 - 27.0) / (12.0**3 - 27.0), 0.0, 1.0) * (speed_ms * factor < 25.0)
        return float(np.abs(expected - share).mean())

    here = missed(1.0)
    best = min(SPEED_UNITS, key=lambda unit: missed(SPEED_UNITS[unit]))
    return best if missed(SPEED_UNITS[best]) < BETTER * here else ""


def coverage(desk: Desk, table: str, frame: pl.DataFrame, today: date) -> list[str]:
    """A line for each series of a table's files: days with values, and the days without folded into ranges."""
    lines = []
    for key in {tuple(s.key.items()): s.key for s in desk.sources.files if s.table == table}.values():
        days = frame.filter(*(pl.col(k) == v for k, v in key.items()))["delivery_day"].unique().sort().to_list()
        text = ",".join(f"{k}={v}" for k, v in key.items())
        if not days:
            lines.append(f"{text}: no row")
            continue
        last = min(days[-1], today)
        gaps = folded([d for d in pl.date_range(days[0], last, "1d", eager=True).to_list() if d not in set(days)] if table != "fuel_prices" else [])
        span = (last - days[0]).days + 1
        told = f"; {len(gaps)} gap(s): {', '.join(gaps[:3])}{', ...' if len(gaps) > 3 else ''}" if gaps else ""
        lines.append(f"{text}: {len(days)} days of {span}, {days[0]} .. {days[-1]}{told}")
    return lines


def folded(days: list[date]) -> list[str]:
    """Days as ranges, in order.

    >>> folded([date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 5)])
    ['2024-01-01 .. 2024-01-02', '2024-01-05']
    """
    ranges: list[tuple[date, date]] = []
    for day in days:
        if ranges and (day - ranges[-1][1]).days == 1:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return [f"{a}" if a == b else f"{a} .. {b}" for a, b in ranges]


def member_history(desk: Desk, prices: pl.DataFrame) -> list[str]:
    """Members of the ensemble whose window is longer than a zone's price history, in words."""
    lines = []
    for zone in desk.zones:
        known = prices.filter(pl.col("zone") == zone)["delivery_day"].n_unique()
        needs = {m: int(digits) for m in desk.forecast.every_member if (digits := "".join(c for c in m.split("_")[-1] if c.isdigit()))}
        short = [f"{m} ({days})" for m, days in needs.items() if days > known]
        if short and known:
            lines.append(f"{zone} has {known} days of prices: left out until there are more: {', '.join(short)}")
    return lines


def held_text(held: pl.DataFrame) -> list[str]:
    """A line for each series, column and rule with values that are held: how many, of which days, why."""
    latest = held.sort("known_at", maintain_order=True).unique(["series", "value_column", "delivery_start"], keep="last", maintain_order=True)
    parts = latest.filter(pl.col("status") == "held").partition_by("series", "value_column", "check", maintain_order=True)
    lines = []
    for part in parts:
        first, days = part.row(0, named=True), folded(part["delivery_day"].unique().sort().to_list())
        told = f"{', '.join(days[:3])}{', ...' if len(days) > 3 else ''}"
        lines.append(
            f"{first['series']} {first['value_column']}: {part.height} values are held, {told}: {first['detail']} (found {first['found_value']:g})"
        )
    return lines
