"""Weather that cannot be true is named or repaired with a statement, never used silently.

What belongs here: the rules, the typed error that lists all problems, the repairs beside
the data. What does not: the physics, where weather comes from.

Limits of irradiance are those of the Baseline Surface Radiation Network's quality tests (Long and
Dutton 2002); global irradiance of a quarter-hour or more must stay below that outside the atmosphere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.domain.errors import Finding, PipelineError
from energy_pipeline.mathematics.photovoltaics import sun
from energy_pipeline.mathematics.photovoltaics.weather import COLUMNS, IRRADIANCES, Irradiance

COLDEST_C, HOTTEST_C = -90.0, 60.0
KELVIN_LOW, KELVIN_HIGH = 183.0, 333.0
STRONGEST_WIND_MS = 75.0
OFFSET_W_M2 = 10.0
"""Pyranometers read a few W/m2 below zero at night and see twilight above it: up to here both are set to zero."""
CLOSURE_W_M2, CLOSURE_SHARE = 50.0, 0.15
CLOSURE_UP = 0.2588
"""Components are compared while the sun is more than 15 degrees high: lower, hourly means do not add up."""
LONG_MINUTES = 15
FILL_HOURS = 3.0
"""Holes up to here are bridged; longer ones are an error."""
SHOWN = 3
BoolArray = npt.NDArray[np.bool_]


class WeatherError(PipelineError):
    """Weather is wrong; `findings` lists every problem with rows, values and the next step."""

    def __init__(self, source: str, findings: list[Finding]) -> None:
        self.source = source
        self.findings = tuple(findings)
        lines = "\n".join(f"  - {f}" for f in findings)
        super().__init__(f"{source}: {len(findings)} problem(s) in the weather\n{lines}")


@dataclass(frozen=True)
class Repair:
    """One stated change to the weather: by which rule, in which column, how many rows, which."""

    rule: str
    column: str
    count: int
    rows: tuple[int, ...]


class Checked(NamedTuple):
    """Weather fit for use and what was changed in it; rows of repairs are those of the returned weather."""

    weather: Irradiance
    repairs: tuple[Repair, ...]


def checked(
    weather: Irradiance,
    *,
    latitude_deg: float,
    longitude_deg: float,
    source: str = "weather",
    repair: bool = True,
) -> Checked:
    """Weather with small faults repaired and stated; anything else raises one error that lists all problems.

    Repaired (with `repair`): holes up to 3 hours (linear; irradiance in proportion to the clear sky),
    irradiance of -10..0 at any time and 0..10 W/m2 at night (set to 0), temperatures that are all Kelvin
    (less 273.15), global irradiance that does not match direct and diffuse (replaced by their sum).
    Never repaired: unequal lengths, times out of order or off the grid, longer holes, irradiance that is
    more negative, at night, or above what the sun gives, temperatures and winds that do not occur, units.

    Raises
    ------
    WeatherError

    Examples
    --------
    >>> start = np.array([np.datetime64("2020-06-21T00:00", "us").astype(np.int64)])
    >>> night = Irradiance(start, 60, np.array([288.15]), np.array([2.0]), ghi_w_m2=np.array([-2.0]))
    >>> [r.rule for r in checked(night, latitude_deg=50.0, longitude_deg=10.0).repairs]
    ['Kelvin made Celsius', 'pyranometer offset or twilight set to 0']
    """
    findings = _shape_findings(weather)
    if findings:
        raise WeatherError(source, findings)
    state = _State(weather, latitude_deg, longitude_deg, repair)
    for rule in (_temperature, _wind, _albedo, _units, _negative, _night, _too_bright, _closure):
        rule(state)
    _missing(state)
    if state.findings:
        raise WeatherError(source, state.findings)
    return Checked(state.result(), tuple(state.repairs))


def require_finite(arrays: Mapping[str, FloatArray], source: str) -> None:
    """Raise WeatherError naming every column that holds NaN or infinity."""
    findings = []
    for name, values in arrays.items():
        # A sum is finite only if all terms are: one fast pass; overflow would only cause a second look.
        if not np.isfinite(values.sum()):
            rows = np.flatnonzero(~np.isfinite(values))
            if len(rows):
                findings.append(_finding("not finite", name, rows, values, "fill or drop these intervals, or pass the weather through checked()"))
    if findings:
        raise WeatherError(source, findings)


def require_same_intervals(weathers: Sequence[Irradiance] | Mapping[str, Any], plants: int, start_us: IntArray, minutes: int) -> None:
    """Raise WeatherError where a plant's weather is not over the fleet's intervals."""
    findings = []
    count = len(start_us)
    if isinstance(weathers, Mapping):
        for name, array in weathers.items():
            if array is not None and np.shape(array) not in {(count,), (plants, count)}:
                findings.append(Finding(f"shape {np.shape(array)}, wanted ({plants}, {count}) or ({count},)", name, plants, (), "one row per plant"))
    elif len(weathers) != plants:
        findings.append(Finding(f"{len(weathers)} weathers for {plants} plants", "weathers", plants, (), "give one Irradiance per plant"))
    else:
        for k, weather in enumerate(weathers):
            if weather.resolution_minutes != minutes or not np.array_equal(weather.start_us, start_us):
                findings.append(Finding("other intervals than the fleet's", f"plant {k}", len(weather), (), "put all weather on the same intervals"))
            findings.extend(replace(f, column=f"plant {k} {f.column}") for f in _shape_findings(weather) if f.problem.startswith("shape"))
    if findings:
        raise WeatherError("fleet", findings)


def no_irradiance(have: set[str]) -> WeatherError:
    """The error for weather that gives no usable set of irradiances."""
    next_step = "give ghi_w_m2, or dni_w_m2 and dhi_w_m2, or make ghi_w_m2 from cloud cover with decomposition.ghi_from_cloud_cover"
    return WeatherError("weather", [Finding(f"only {sorted(have)} given", "irradiance", 0, (), next_step)])


class _State:
    """Columns under repair, the sun of each row, and what was found."""

    def __init__(self, weather: Irradiance, latitude_deg: float, longitude_deg: float, repair: bool) -> None:
        self.minutes = weather.resolution_minutes
        self.repair = repair
        self.place = (latitude_deg, longitude_deg)
        self.weather, self.start_us, self.columns = _on_grid(weather)
        self.present = {name: np.isfinite(values) for name, values in self.columns.items()}
        self.findings: list[Finding] = []
        self.repairs: list[Repair] = []
        self.extra = sun.track(self.start_us, self.minutes).extra_w_m2
        self.up, self.highest, self.dark = _heights(latitude_deg, longitude_deg, self.start_us, self.minutes)

    def wrong(self, problem: str, name: str, rows: BoolArray, next_step: str) -> None:
        """Remember a problem if any of `rows`."""
        places = np.flatnonzero(rows)
        if len(places):
            self.findings.append(_finding(problem, name, places, self.columns[name], next_step, self.start_us))

    def mend(self, rule: str, name: str, rows: BoolArray, values: FloatArray | float) -> None:
        """Change rows and say so."""
        places = np.flatnonzero(rows)
        if len(places):
            self.columns[name][places] = values if np.isscalar(values) else np.asarray(values)[places]
            self.repairs.append(Repair(rule, name, len(places), tuple(int(p) for p in places)))

    def irradiances(self) -> list[str]:
        """Irradiance columns that are given."""
        return [name for name in IRRADIANCES if name in self.columns]

    def result(self) -> Irradiance:
        """The weather with its columns put back."""
        changed: dict[str, Any] = dict(self.columns)
        return replace(self.weather, start_us=self.start_us, **changed)


def _finding(problem: str, name: str, rows: IntArray, values: FloatArray, next_step: str, start_us: IntArray | None = None) -> Finding:
    def text(row: int) -> str:
        when = "" if start_us is None else f" ({np.datetime64(int(start_us[row]), 'us').astype('datetime64[m]')}Z)"
        return f"row {row}{when}: {values[row]:g}"

    return Finding(problem, name, len(rows), tuple(text(int(row)) for row in rows[:SHOWN]), next_step)


def _shape_findings(weather: Irradiance) -> list[Finding]:
    """Problems that make all further looking pointless."""
    found = []
    count = len(weather)
    for name in COLUMNS:
        values = getattr(weather, name)
        if values is not None and np.shape(values) != (count,):
            found.append(Finding(f"shape {np.shape(values)}, wanted ({count},)", name, count, (), "give one value per interval"))
    if not any(getattr(weather, name) is not None for name in IRRADIANCES):
        found.extend(no_irradiance(set()).findings)
    step = weather.resolution_minutes * MICROSECONDS_PER_MINUTE
    labels = np.asarray(weather.start_us, dtype=np.int64)
    gaps = labels[1:] - labels[:-1]
    starts = np.asarray(weather.start_us, dtype=np.float64)
    late = np.flatnonzero(gaps <= 0)
    if len(late):
        found.append(_finding("times repeat or go back", "start_us", late + 1, starts, "sort and drop repeated intervals"))
    off = np.flatnonzero((gaps > 0) & (gaps % step != 0))
    if len(off):
        wanted = f"put all rows on one {weather.resolution_minutes}-minute grid"
        found.append(_finding("times off the grid", "start_us", off + 1, starts, wanted))
    return found


def _on_grid(weather: Irradiance) -> tuple[Irradiance, IntArray, dict[str, FloatArray]]:
    """Rows for every interval from first to last; missing ones are NaN."""
    start_us = np.asarray(weather.start_us, dtype=np.int64)
    step = weather.resolution_minutes * MICROSECONDS_PER_MINUTE
    names = [n for n in COLUMNS if getattr(weather, n) is not None]
    if not len(start_us):
        return weather, start_us, {n: np.empty(0) for n in names}
    grid = np.arange(start_us[0], start_us[-1] + step, step)
    places = (start_us - start_us[0]) // step
    columns = {}
    for name in names:
        columns[name] = np.full(len(grid), np.nan)
        columns[name][places] = getattr(weather, name)
    return weather, grid, columns


def _heights(latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Sine of the sun's height in the middle, its largest over the interval, and whether the sun is down throughout."""
    middle = sun.sun_position(latitude_deg, longitude_deg, start_us, minutes, rule="middle")
    lit = sun.sun_position(latitude_deg, longitude_deg, start_us, minutes, rule="pvlib_middle").sunlit
    edges = sun.sun_position(latitude_deg, longitude_deg, np.append(start_us, start_us[-1:] + minutes * MICROSECONDS_PER_MINUTE), 0, rule="middle")
    up, at_edges = np.cos(np.radians(middle.zenith_deg)), np.cos(np.radians(edges.zenith_deg))
    return up, np.maximum(np.maximum(at_edges[:-1], at_edges[1:]), up), ~lit


def _temperature(state: _State) -> None:
    values = state.columns["temperature_c"]
    known = values[np.isfinite(values)]
    if len(known) and known.min() >= KELVIN_LOW and known.max() <= KELVIN_HIGH:
        if state.repair:
            state.mend("Kelvin made Celsius", "temperature_c", np.isfinite(values), values - 273.15)
        else:
            state.wrong("looks like Kelvin", "temperature_c", np.isfinite(values), "subtract 273.15")
        return
    outside = (values < COLDEST_C) | (values > HOTTEST_C)
    state.wrong(
        f"outside {COLDEST_C:g}..{HOTTEST_C:g} C", "temperature_c", outside, "give degrees Celsius; some rows may be Kelvin or a filler such as 9999"
    )


def _wind(state: _State) -> None:
    values = state.columns["wind_speed_ms"]
    outside = (values < 0) | (values > STRONGEST_WIND_MS)
    state.wrong(f"outside 0..{STRONGEST_WIND_MS:g} m/s", "wind_speed_ms", outside, "give m/s (not km/h, not a filler) or set the rows missing")


def _albedo(state: _State) -> None:
    if "albedo" in state.columns:
        values = state.columns["albedo"]
        state.wrong("outside 0..1", "albedo", (values < 0) | (values > 1), "give a share, not percent; leave albedo out where it is unknown")


def _units(state: _State) -> None:
    high = state.up > 0.5
    for name in state.irradiances():
        values = state.columns[name][high]
        values = values[np.isfinite(values)]
        if len(values) >= 24 and 0.0 < values.max() <= 2.0:
            state.wrong("never above 2 W/m2 with a high sun", name, high, "looks like kW/m2: multiply by 1000")


def _negative(state: _State) -> None:
    for name in state.irradiances():
        values = state.columns[name]
        state.wrong(
            f"below -{OFFSET_W_M2:g} W/m2", name, values < -OFFSET_W_M2, "irradiance is never negative: drop the filler or the broken sensor's rows"
        )


def _night(state: _State) -> None:
    hint = "labels are not interval starts in UTC, or the place is wrong: see Irradiance.start_us and weather.starts_us"
    for name in state.irradiances():
        values = state.columns[name]
        state.wrong(f"above {OFFSET_W_M2:g} W/m2 with the sun down", name, state.dark & (values > OFFSET_W_M2), hint)
        small = ((values < 0) & (values >= -OFFSET_W_M2)) | (state.dark & (values > 0) & (values <= OFFSET_W_M2))
        if state.repair:
            state.mend("pyranometer offset or twilight set to 0", name, small, 0.0)
        else:
            state.wrong("small negative or twilight", name, small, "set to 0, or let checked() do it")


def _too_bright(state: _State) -> None:
    up = np.maximum(state.highest, 0.0)
    # Clouds beside the sun lift minutes above the top of the atmosphere, never a quarter-hour's mean.
    most = state.extra * up + 25.0 if state.minutes >= LONG_MINUTES else 1.5 * state.extra * up**1.2 + 100.0
    limits = {"ghi_w_m2": most, "dhi_w_m2": 0.75 * state.extra * up**1.2 + 30.0, "dni_w_m2": 0.95 * state.extra * up**0.2 + 10.0}
    for name in state.irradiances():
        bright = ~state.dark & (state.columns[name] > limits[name])
        state.wrong("more than the sun gives", name, bright, "check units (W/m2, not kJ or J per interval), labels and place")


def _closure(state: _State) -> None:
    if not set(IRRADIANCES) <= set(state.columns):
        return
    ghi, dni, dhi = (state.columns[name] for name in IRRADIANCES)
    total = dni * np.maximum(state.up, 0.0) + dhi
    apart = np.abs(total - ghi) > np.maximum(CLOSURE_W_M2, CLOSURE_SHARE * ghi)
    rows = (state.up > CLOSURE_UP) & apart
    if state.repair and rows.mean() < 0.05:
        state.mend("global replaced by direct and diffuse", "ghi_w_m2", rows, total)
    else:
        state.wrong(
            "direct on the horizontal plus diffuse is not global", "ghi_w_m2", rows, "labels may be half an interval off, or a column is wrong"
        )


def _missing(state: _State) -> None:
    """Bridge short holes; name long ones."""
    longest = int(FILL_HOURS * 60 // state.minutes)
    clear = 1098.0 * np.maximum(state.up, 0.0) * np.exp(-0.057 / np.maximum(state.up, 1e-3))
    for name in list(state.columns):
        values = state.columns[name]
        hole = ~np.isfinite(values)
        if not hole.any():
            continue
        long = _long_runs(hole, longest)
        if not state.repair:
            state.wrong("missing", name, hole, "fill these intervals, or let checked() bridge short holes")
        elif long.any():
            state.wrong(f"missing for more than {FILL_HOURS:g} hours (or at an end)", name, long, "get the weather of these intervals")
        else:
            state.mend("hole bridged", name, hole, _bridged(values, hole, clear if name in {"ghi_w_m2", "dhi_w_m2"} else None, state.dark, name))


def _long_runs(hole: BoolArray, longest: int) -> BoolArray:
    """Rows in runs longer than `longest`, or that touch an end (nothing to bridge to)."""
    edges = np.diff(np.concatenate([[False], hole, [False]]).astype(np.int8))
    out = np.zeros(len(hole), dtype=bool)
    for first, after in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        if after - first > longest or first == 0 or after == len(hole):
            out[first:after] = True
    return out


def _bridged(values: FloatArray, hole: BoolArray, clear: FloatArray | None, dark: BoolArray, name: str) -> FloatArray:
    rows = np.arange(len(values))
    if clear is None:
        filled = np.interp(rows, rows[~hole], values[~hole])
    else:
        sure = ~hole & (clear > 20.0)
        share = values[sure] / clear[sure]
        filled = clear * np.interp(rows, rows[sure], share) if len(share) else np.zeros(len(values))
    return np.where(dark, 0.0, filled) if name in IRRADIANCES else filled
