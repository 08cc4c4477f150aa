"""A measured plant as a file: the documented format, and the source the correction reads it through.

What belongs here: the columns, their checks, physics over the file. What does not: opening files
(`studies.renewables_benchmark`), learning, scoring (`walk`).

The series has one row per interval (and per weather run, where `issued_at` is given):

| column | meaning |
|---|---|
| `timestamp` | interval start; with a zone, or naive in the plant's `time_zone` |
| `output_mw` | metered mean output; null where unknown |
| `issued_at` | start of the weather run, UTC; without it weather counts as known at all times (upper bound) |
| `curtailed_mw`, `unavailable_mw` | optional: output held back, or lost to outages |
| `wind_speed_<height>m_ms`, `wind_direction_<height>m_deg` | wind at any heights |
| `temperature_c`, `pressure_hpa` | further weather |
| `ghi_w_m2`, `dni_w_m2`, `dhi_w_m2` | global, direct and diffuse light; best all three, or `cloud_cover_share` |
| any other number | an input of the correction as it is |

Intervals may be 5 to 60 minutes long; everything is learnt and scored by the hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

import numpy as np
import polars as pl

from energy_pipeline.desk.layout import FileLayout, TimeLabel
from energy_pipeline.desk.model import PvPlant, WeatherLocation, WindPlant
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray, day_of, from_us, local_instant, to_us
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.information.resolution import FOREVER_US
from energy_pipeline.reading.clocks import SKIPPED, instants, read_instants, refused
from energy_pipeline.reading.numbers import PLAIN, checked_numbers, numbers
from energy_pipeline.renewables.inputs import HOUR_US
from energy_pipeline.renewables.physics import Computed
from energy_pipeline.renewables.sun_plants import LIGHTS, at_ten_metres_ms, clear_sky_share, pv_output
from energy_pipeline.renewables.wind_plants import wind_output

FIXED = ("timestamp", "issued_at", "output_mw", "curtailed_mw", "unavailable_mw")
ALWAYS_US = -(2**62)
CLOCK_HOURS, CLOCK_GAIN = 3, 0.02
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
KILOWATTS = 10.0
"""Output of more than so many times the capacity is in another unit."""
NAMES = {
    "shortwave_radiation": "ghi_w_m2", "ghi": "ghi_w_m2",
    "direct_normal_irradiance": "dni_w_m2", "dni": "dni_w_m2",
    "diffuse_radiation": "dhi_w_m2", "dhi": "dhi_w_m2",
    "surface_pressure": "pressure_hpa",
}  # fmt: skip
"""What services and pvlib call columns whose unit is always the same."""


@dataclass(frozen=True)
class PlantFile:
    """What a measured plant's description says.

    Attributes
    ----------
    name : str
    plant : WindPlant or PvPlant
    location : WeatherLocation
    time_zone : str
        Of the delivery days, and of naive timestamps.
    weather_kind : str
        Free text for the table: which model, forecast or reanalysis.
    is_upper_bound : bool
        Weather is observed or analysed at valid time: nobody can know it at the gate.
    decided_days_before, decided_at : int, time
        When a day is decided, local clock.
    meter_delay_hours : float
        Meters of a delivery day are known so long after its end.
    test_first : date or None
        First day of the test; None: the last third of the file.
    layout : FileLayout
        Marks of a CSV series.
    """

    name: str
    plant: WindPlant | PvPlant
    location: WeatherLocation
    time_zone: str = "UTC"
    weather_kind: str = "reanalysis at valid time"
    is_upper_bound: bool = True
    decided_days_before: int = 1
    decided_at: time = time(12)
    meter_delay_hours: float = 8.0
    test_first: date | None = None
    layout: FileLayout = PLAIN

    @property
    def capacity_mw(self) -> float:
        """What shares are of."""
        return self.plant.capacity_mw if isinstance(self.plant, WindPlant) else self.plant.inverter_mw


@dataclass
class FileSource:
    """A plant file as the correction reads it (`inputs.PlantSource`)."""

    file: PlantFile
    frame: pl.DataFrame
    """Hourly: start_us, issued_us, output_share, curtailed_share, unavailable_share, weather columns."""
    notes: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Compute physics once and index everything by time and run."""
        frame, file = self.frame, self.file
        self.technology = "wind" if isinstance(file.plant, WindPlant) else "solar"
        self.time_zone = file.time_zone
        self.weather_columns = tuple(c for c in frame.columns if c not in {"start_us", "issued_us", *(f"{n}_share" for n in OUTPUTS)})
        start, issued = frame["start_us"].to_numpy(), frame["issued_us"].to_numpy()
        values = {c: frame[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in self.weather_columns}
        made = _physical(file, start, values)
        physical, self.method = made.output_mw, made.method
        self.notes = (*self.notes, *made.notes)
        self.leading = _leading(values, self.technology)
        self.sees_next_day = True
        self._weather = {c: AsOfSeries(start, issued, v) for c, v in (values | {"physical": physical / file.capacity_mw}).items()}
        self.clock_hours = 0
        metered = frame.filter(pl.col("output_share").is_not_null()).unique("start_us", keep="first", maintain_order=True).sort("start_us")
        self._meter_start = metered["start_us"].to_numpy()
        self._meter_known = np.array([self._known_us(int(t)) for t in self._meter_start], dtype=np.int64)
        told = [n for n in OUTPUTS if f"{n}_share" in frame.columns]
        self._meter = {n: AsOfSeries(self._meter_start, self._meter_known, metered[f"{n}_share"].to_numpy()) for n in told}
        self._potential: dict[date, FloatArray] = {}
        self.clock_hours = self._clock()

    def _clock(self) -> int:
        """By how many hours the meter's labels run ahead of physics' (negative: behind), from days before the test.

        Where the meter agrees clearly better with physics of another hour (correlation 0.02 higher), its
        clock is not what the file says: physics and weather are then read at the other hour.
        """
        starts = self._meter_start[self._meter_start < to_us(DeliveryDay(self.test_first, self.time_zone).start)]
        share = self._meter["output"].lookup(starts, FOREVER_US)
        found = {}
        for hours in range(-CLOCK_HOURS, CLOCK_HOURS + 1):
            physics = self._weather["physical"].lookup(starts - hours * HOUR_US, FOREVER_US)
            both = ~np.isnan(physics) & ~np.isnan(share)
            steady = both.sum() > 24 * 20 and physics[both].std() > 0 and share[both].std() > 0
            found[hours] = float(np.corrcoef(physics[both], share[both])[0, 1]) if steady else -1.0
        best = max(found, key=lambda hours: (found[hours], -abs(hours)))
        if best == 0 or found[best] < found[0] + CLOCK_GAIN:
            return 0
        self.notes = (*self.notes, f"meter labels lie {best:+d} h from physics (correlation {found[best]:.3f} against {found[0]:.3f}): weather moved")
        return best

    @property
    def first_day(self) -> date:
        """First delivery day with a row."""
        return day_of(from_us(int(self.frame["start_us"][0])), self.time_zone)

    @property
    def last_day(self) -> date:
        """Last delivery day with a row."""
        return day_of(from_us(int(self.frame["start_us"][-1])), self.time_zone)

    @property
    def test_first(self) -> date:
        """First day of the test."""
        span = (self.last_day - self.first_day).days + 1
        return self.file.test_first or self.first_day + timedelta(days=span - span // 3)

    def _known_us(self, start_us: int) -> int:
        day = DeliveryDay(day_of(from_us(start_us), self.time_zone), self.time_zone)
        return to_us(day.end) + int(self.file.meter_delay_hours * HOUR_US)

    def decision_us(self, day: date) -> int:
        """When the day is decided."""
        return to_us(local_instant(day - timedelta(days=self.file.decided_days_before), self.file.decided_at, self.time_zone))

    def weather(self, column: str, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Weather of hours, of the last run issued by `cut_us`."""
        return self._weather[column].lookup(start_us - self.clock_hours * HOUR_US, cut_us)

    def physical(self, day: date) -> FloatArray:
        """Physics on the last run before the day's decision."""
        return self.weather("physical", DeliveryDay(day, self.time_zone).interval_starts_us(60), self.decision_us(day))

    def potential(self, day: date) -> FloatArray:
        """1 for wind, the clear sky's share for sun."""
        if day not in self._potential:
            starts = DeliveryDay(day, self.time_zone).interval_starts_us(60) - self.clock_hours * HOUR_US
            plant = self.file.plant
            self._potential[day] = clear_sky_share(plant, self.file.location, starts, 60) if isinstance(plant, PvPlant) else np.ones(starts.size)
        return self._potential[day]

    def meter(self, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Metered share as known at `cut_us`."""
        return self._meter["output"].lookup(start_us, cut_us)

    def outcome(self, start_us: IntArray) -> FloatArray:
        """Metered share, whenever known: for scoring only."""
        return self._meter["output"].lookup(start_us, FOREVER_US)

    def held_back(self, start_us: IntArray, cut_us: IntArray | int) -> tuple[FloatArray | None, FloatArray | None]:
        """Shares curtailed and lost to outages, where the file tells."""
        found = [self._meter[n].lookup(start_us, cut_us) if n in self._meter else None for n in OUTPUTS[1:]]
        return found[0], found[1]


OUTPUTS = ("output", "curtailed", "unavailable")


def read_plant(file: PlantFile, series: pl.DataFrame) -> FileSource:
    """A plant file, checked and turned into hours.

    Raises
    ------
    SourceError
        Naming missing columns, times off the grid, or a file without output.
    """
    series = series.rename({old: new for old, new in NAMES.items() if old in series.columns and new not in series.columns})
    missing = [c for c in ("timestamp", "output_mw") if c not in series.columns]
    if missing:
        raise SourceError(f"{file.name}: no column {', '.join(missing)}; found {', '.join(series.columns)} -> see docs/renewables-accuracy.md")
    rows = _read(file, series)
    gone = rows["start_us"].null_count()
    rows = rows.drop_nulls("start_us")
    twice = rows.height - rows.unique(["start_us", "issued_us"]).height
    rows = rows.unique(["start_us", "issued_us"], keep="first", maintain_order=True)
    if rows["output_mw"].drop_nulls().len() == 0:
        raise SourceError(f"{file.name}: output_mw has no value -> nothing can be learnt or scored")
    hourly = _hourly(rows, file.capacity_mw, file.time_zone)
    highest = hourly["output_share"].quantile(0.95) or 0.0
    if highest > KILOWATTS:
        raise SourceError(f"{file.name}: output_mw is {highest:.0f} times the capacity of {file.capacity_mw:g} MW -> kW for MW? Divide by 1,000")
    counts = {"rows": series.height, "repeated rows dropped": twice, "times the clock change skips": gone, "hours": hourly.height}
    return FileSource(file, hourly, counts=counts)


def _read(file: PlantFile, series: pl.DataFrame) -> pl.DataFrame:
    """The series with text as numbers, start_us and issued_us; a time that does not exist is null."""
    problems: list[str] = []
    for name in (c for c, kind in series.schema.items() if kind == pl.String and c not in ("timestamp", "issued_at")):
        values, bad = numbers(series[name], file.name, file.layout)
        if values.null_count() == series.height and bad.any() and name not in FIXED:
            continue  # a column of words is no input
        values, told = checked_numbers(series[name], file.name, file.layout)
        series, problems = series.with_columns(values.alias(name)), problems + told
    group = {";group": series["issued_at"].cast(pl.String)} if "issued_at" in series.columns else {}
    label = TimeLabel(column="timestamp", clock="local", zone=file.time_zone)
    times = instants(series["timestamp"], pl.Series(range(1, series.height + 1), dtype=pl.Int64), label, 60, file.name, group)
    unread = times["problem"].is_not_null() & (times["problem"] != SKIPPED)
    if unread.any():
        stamps, at = series["timestamp"], pl.Series(range(1, series.height + 1))
        problems.append(f"{file.name}: column 'timestamp': {refused(stamps, at, unread, str(times.filter(unread)['problem'][0]))}")
    issued = pl.lit(ALWAYS_US, dtype=pl.Int64)
    if "issued_at" in series.columns:
        try:
            issued = pl.lit(read_instants(series["issued_at"], TimeLabel(column="issued_at", clock="utc"), 60, file.name).cast(pl.Int64))
        except SourceError as error:
            problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    return series.with_columns(times["start"].cast(pl.Int64).alias("start_us"), issued.alias("issued_us"))


def _hourly(rows: pl.DataFrame, capacity_mw: float, time_zone: str) -> pl.DataFrame:
    """Means by hour and run; an hour with less than all its intervals has none."""
    numbers = [c for c, t in rows.schema.items() if c not in {*FIXED, "start_us", "issued_us"} and t.is_numeric()]
    steps = np.diff(np.unique(rows["start_us"].to_numpy()))
    minutes = int(np.median(steps) // 60_000_000) if steps.size else 60
    if minutes < 1 or 60 % minutes:
        raise SourceError(f"intervals of {minutes} min do not fill an hour -> resample the file to 5, 10, 15, 30 or 60 minutes")
    angles = [c for c in numbers if c.startswith("wind_direction")]
    plain = [c for c in numbers if c not in angles]
    outputs = [n for n in OUTPUTS if f"{n}_mw" in rows.columns]
    # Hours of a zone that is half an hour off begin at half past.
    begin = to_us(DeliveryDay(day_of(from_us(int(rows["start_us"][0])), time_zone), time_zone).start) % HOUR_US
    hour = (pl.col("start_us") - (pl.col("start_us") - begin) % HOUR_US).alias("start_us")
    full = pl.len() == 60 // minutes
    known = pl.col("output_mw").cast(pl.Float64).fill_nan(None)
    found = (
        rows.with_columns(known)
        .group_by(hour, "issued_us", maintain_order=True)
        .agg(
            *[
                pl.when(full & (pl.col(f"{n}_mw").null_count() == 0)).then(pl.col(f"{n}_mw").mean() / capacity_mw).alias(f"{n}_share")
                for n in outputs
            ],
            *[pl.col(c).cast(pl.Float64).fill_nan(None).mean() for c in plain],
            *[
                pl.arctan2(pl.col(c).radians().sin().mean(), pl.col(c).radians().cos().mean()).degrees().mod(360.0).alias(c)
                for c in angles
            ],
        )
    )  # fmt: skip
    return found.sort("start_us", "issued_us", maintain_order=True)


def _leading(values: Mapping[str, FloatArray], technology: str) -> str:
    if technology == "solar":
        return next((c for c in ("ghi_w_m2", "cloud_cover_share") if c in values), "")
    speeds = _heights(values)
    return speeds[-1][1] if speeds else ""


def _heights(values: Mapping[str, FloatArray]) -> list[tuple[float, str]]:
    speeds = [c for c in values if c.startswith("wind_speed_") and c.endswith("m_ms")]
    return sorted((float(c.removeprefix("wind_speed_").removesuffix("m_ms")), c) for c in speeds)


def _physical(file: PlantFile, start_us: IntArray, values: Mapping[str, FloatArray]) -> Computed:
    """Output by physics of every row [MW]."""
    day = start_us // (24 * HOUR_US) + EPOCH_ORDINAL
    if not isinstance(file.plant, WindPlant):
        return _sun(file.plant, file.location, start_us, day, values)
    heights = _heights(values)
    if not heights:
        raise SourceError(f"{file.name}: a wind plant needs a column wind_speed_<height>m_ms -> add it")
    weather = {k: values[k] for k in ("temperature_c", "pressure_hpa") if k in values}
    directions = {float(c.removeprefix("wind_direction_").removesuffix("m_deg")): c for c in values if c.startswith("wind_direction_")}
    if directions:
        nearest = min(directions, key=lambda height: abs(height - file.plant.hub_height_m))  # type: ignore[union-attr]
        weather["direction_deg"] = values[directions[nearest]]
    return wind_output(file.plant, day, {height: values[column] for height, column in heights}, weather)


def _sun(plant: PvPlant, location: WeatherLocation, start_us: IntArray, day: IntArray, values: Mapping[str, FloatArray]) -> Computed:
    from energy_pipeline.mathematics import photovoltaics

    light = {name: values[name] for name in LIGHTS if name in values}
    if "ghi_w_m2" not in light and len(light) < 2 and "cloud_cover_share" in values:
        cover = values["cloud_cover_share"]
        filled = np.where(np.isnan(cover), 0.0, cover)
        ghi = photovoltaics.ghi_from_cloud_cover(filled, location.latitude_deg, location.longitude_deg, start_us, 60, altitude_m=plant.elevation_m)
        light = {"ghi_w_m2": np.where(np.isnan(cover), np.nan, ghi)}
    if "ghi_w_m2" not in light and len(light) < 2:
        clear = clear_sky_share(plant, location, start_us, 60) * plant.inverter_mw
        return Computed(clear, ("no irradiance in the file: clear sky at 15 degC",), "physical_assumed")
    snow = {"snow_depth_cm": values["snow_depth_cm"]} if "snow_depth_cm" in values else {}
    made = pv_output(plant, location, start_us, 60, light | snow | _sun_weather(values, start_us.size), day=day)
    if "temperature_c" in values:
        return made
    return Computed(made.output_mw, (*made.notes, "no temperature_c in the file: 15 degC"), "physical_assumed")


def _sun_weather(values: Mapping[str, FloatArray], count: int) -> dict[str, FloatArray]:
    found = {"temperature_c": values.get("temperature_c", np.full(count, 15.0))}
    speeds = _heights(values)
    if speeds:
        found["wind_speed_ms"] = at_ten_metres_ms(values[speeds[0][1]], speeds[0][0])
    return found
