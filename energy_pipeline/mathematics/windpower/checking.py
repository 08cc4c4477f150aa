"""Bad weather: found, listed, refused, or repaired with a statement.

What belongs here: what makes a wind series unusable, and the few repairs that are offered.
What does not: output (it refuses impossible values by itself, with the list made here).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray, from_us
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.windpower.errors import raise_if_any
from energy_pipeline.mathematics.windpower.weather import WindWeather

BoolArray = npt.NDArray[np.bool_]
KINDS = ("missing", "impossible", "stuck", "reversed shear", "unit", "direction", "time")


@dataclass(frozen=True)
class Limits:
    """What counts as bad; rows are intervals of the series.

    Attributes
    ----------
    speed_ms : float
        Highest believable mean speed; 133 m/s was never measured as a mean.
    stuck_rows : int
        So many equal speeds above 0.5 m/s in a row are a dead sensor.
    calm_rows : int
        So many speeds of 0.5 m/s or less that are equal: frozen, or not recording.
    reversed_rows : int
        So many intervals in a row with less wind above than below.
    gap_rows : int
        Longest gap that a repair fills.
    """

    speed_ms: float = 75.0
    stuck_rows: int = 24
    calm_rows: int = 72
    reversed_rows: int = 24
    gap_rows: int = 3


@dataclass(frozen=True)
class Problem:
    """One kind of problem in one series, with its rows."""

    kind: str
    column: str
    text: str
    rows: IntArray
    step: str

    def finding(self, values: FloatArray | None, times_us: IntArray | None) -> Finding:
        """As the package's finding: first rows with value, and time where known."""
        shown = []
        for row in self.rows[:3]:
            at = f"row {row}" + ("" if times_us is None else f" ({from_us(int(times_us[row])):%Y-%m-%d %H:%M} UTC)")
            shown.append(at if values is None else f"{at}: {values[row if values.size > 1 else 0]:.6g}")
        return Finding(self.text, self.column, self.rows.size, tuple(shown), self.step)


@dataclass(frozen=True, eq=False)
class Checked:
    """Weather that may be used.

    Attributes
    ----------
    weather : WindWeather
        Repaired where a repair was allowed.
    repairs : tuple of Finding
        What was changed: problem, series, rows, first values before, and what was done.
    repaired : bool array, shape (n,)
        Rows in which any value was changed.
    """

    weather: WindWeather
    repairs: tuple[Finding, ...]
    repaired: BoolArray


def checked(
    weather: WindWeather,
    *,
    times_us: IntArray | None = None,
    resolution_minutes: int = 60,
    repair: bool = False,
    accept: Collection[str] = (),
    limits: Limits | None = None,
) -> Checked:
    """Weather of one site, checked; never changed without saying so.

    Parameters
    ----------
    weather : WindWeather
        Of one site.
    times_us : array of int, shape (n,), optional
        Interval starts [microseconds since 1970, UTC]: gaps and repeated intervals are then found.
    resolution_minutes : int
    repair : bool
        True: units that are off by a known factor are converted, directions turned onto the circle,
        negative speeds above -0.5 m/s set to 0, impossible values and gaps of at most
        `limits.gap_rows` filled along a straight line. Everything else is still an error.
    accept : collection of str
        Kinds of problem (`KINDS`) that are known and wanted, say "stuck".
    limits : Limits, optional

    Returns
    -------
    Checked
        The weather and what was repaired.

    Raises
    ------
    WindInputError
        All problems at once, with rows, values and the next step.

    Examples
    --------
    >>> done = checked(WindWeather([5.0, 133.0, 7.0], 10.0), repair=True)
    >>> done.weather.speed_ms.tolist(), done.repairs[0].problem
    ([5.0, 6.0, 7.0], 'outside 0 .. 75 m/s')
    """
    limits = limits or Limits()
    unknown = set(accept) - set(KINDS)
    if unknown:
        raise ValueError(f"unknown kinds {sorted(unknown)}; known: {', '.join(KINDS)}")
    if weather.speed_ms.ndim != 1:
        raise_if_any("weather", [Finding("one site at a time", "speed_ms", 0, (str(weather.speed_ms.shape),), "use weather.site(i)")])
    n = weather.speed_ms.size
    series: dict[str, Any] = {name: np.array(np.broadcast_to(_values(weather, name), (n,))) for name in _present(weather)}
    done: list[Finding] = []
    touched = np.zeros(n, dtype=bool)
    if repair:
        done, touched = _repair(weather, series, limits, times_us)
        weather = replace(weather, **series)
    problems = [p for p in _problems(weather, limits, times_us, resolution_minutes) if p.kind not in accept]
    raise_if_any("weather", [_shown(p, weather, times_us) for p in problems])
    return Checked(weather, tuple(done), touched)


def unusable(weather: WindWeather, but: Collection[str] = ()) -> list[Finding]:
    """What no output can be computed from: missing and impossible values, other units; not suspicions such as stuck sensors."""
    hard = {"missing", "impossible", "unit", "direction"} - set(but)
    return [_shown(p, weather, None) for p in _problems(weather, Limits(), None, 60) if p.kind in hard]


def _shown(problem: Problem, weather: WindWeather, times_us: IntArray | None) -> Finding:
    known = problem.column in _present(weather)
    return problem.finding(np.atleast_1d(_values(weather, problem.column)) if known else None, times_us)


def _present(weather: WindWeather) -> list[str]:
    names = ("speed_ms", "upper_speed_ms", "temperature_c", "pressure_hpa", "direction_deg", "roughness_m")
    return [name for name in names if getattr(weather, name) is not None]


def _values(weather: WindWeather, name: str) -> FloatArray:
    return np.asarray(getattr(weather, name), dtype=np.float64)


def _problems(weather: WindWeather, limits: Limits, times_us: IntArray | None, minutes: int) -> list[Problem]:
    found = [] if times_us is None else _time_problems(times_us, minutes)
    for name in _present(weather):
        values = np.atleast_1d(_values(weather, name))
        found.append(Problem("missing", name, "missing", _rows(np.isnan(values)), "get the rows, or checked(..., repair=True) for short gaps"))
        found += _series_problems(name, values, limits)
    if weather.upper_speed_ms is not None:
        found += _shear_problems(weather, limits)
    return [p for p in found if p.rows.size]


def _series_problems(name: str, values: FloatArray, limits: Limits) -> list[Problem]:
    if name.endswith("speed_ms"):
        low, high = values < 0, values > limits.speed_ms
        still = _runs(values, limits.stuck_rows, values > 0.5) | _runs(values, limits.calm_rows, values <= 0.5)
        return [
            Problem(
                "impossible", name, f"outside 0 .. {limits.speed_ms:g} m/s", _rows(low | high), "repair fills it; -999 and the like mean missing"
            ),
            Problem("stuck", name, "the same value for many intervals, a dead sensor", _rows(still), "leave the rows out, or accept={'stuck'}"),
        ]
    if name == "temperature_c":
        unit = _unit(values, ((180.0, 340.0, "Kelvin"),)) or _fahrenheit(values)
        return _unit_problems(name, values, unit, -80.0, 60.0, "degrees Celsius")
    if name == "pressure_hpa":
        unit = _unit(values, ((40_000.0, 110_000.0, "Pascal"), (40.0, 110.0, "kilopascal"), (0.4, 1.1, "atmospheres")))
        return _unit_problems(name, values, unit, 400.0, 1100.0, "hPa")
    if name == "direction_deg":
        step = "0 .. 360, clockwise from north; repair turns it onto the circle"
        return [Problem("direction", name, "outside 0 .. 360 degrees", _rows((values < 0) | (values > 360)), step)]
    return [Problem("impossible", name, "outside 0 .. 5 m", _rows((values <= 0) | (values >= 5)), "metres; water about 0.0002, fields 0.03, towns 1")]


def _unit_problems(name: str, values: FloatArray, unit: str | None, low: float, high: float, right: str) -> list[Problem]:
    outside = _rows((values < low) | (values > high))
    if unit is None:
        return [Problem("impossible", name, f"outside {low:g} .. {high:g} {right}", outside, "repair fills short gaps")]
    suspect = _rows(~np.isnan(values))
    return [Problem("unit", name, f"looks like {unit} where {right} are expected", suspect, f"convert to {right}, or repair=True does")]


def _unit(values: FloatArray, candidates: tuple[tuple[float, float, str], ...]) -> str | None:
    """The unit whose range holds every value, if one does."""
    known = values[~np.isnan(values)]
    return next((name for low, high, name in candidates if known.size and known.min() >= low and known.max() <= high), None)


def _fahrenheit(values: FloatArray) -> str | None:
    """Many values above 50, none above 135: no climate's Celsius."""
    known = values[~np.isnan(values)]
    return "Fahrenheit" if known.size and known.max() <= 135.0 and (known > 50.0).mean() > 0.05 else None


def _shear_problems(weather: WindWeather, limits: Limits) -> list[Problem]:
    lower, upper = np.broadcast_arrays(_values(weather, "speed_ms"), _values(weather, "upper_speed_ms"))
    less = (upper < lower) & (lower > 3.0)
    long = _long(less, limits.reversed_rows)
    text = f"less wind at {weather.upper_height_m:g} m than at {weather.speed_height_m:g} m for long"
    return [Problem("reversed shear", "upper_speed_ms", text, _rows(long), "are the two heights swapped? or accept={'reversed shear'}")]


def _time_problems(times_us: IntArray, minutes: int) -> list[Problem]:
    times = np.asarray(times_us, dtype=np.int64)
    step = np.diff(times)
    length = minutes * 60_000_000
    after = np.arange(1, times.size)
    return [
        Problem("time", "times_us", "repeated or backward interval start", after[step <= 0], "keep one row per interval, in order"),
        Problem("time", "times_us", "intervals missing before this row", after[step > length], "add the missing intervals as NaN rows"),
        Problem("time", "times_us", f"not on the {minutes} minute grid", after[(step > 0) & (step % length != 0)], "check resolution_minutes"),
    ]


def _rows(mask: BoolArray) -> IntArray:
    return np.flatnonzero(mask).astype(np.int64)


def _runs(values: FloatArray, length: int, among: BoolArray) -> BoolArray:
    """Rows in runs of at least `length` equal values."""
    same = np.zeros(values.size, dtype=bool)
    if values.size < length:
        return same
    edges = np.flatnonzero(np.concatenate([[True], (values[1:] != values[:-1]) | ~among[1:], [True]]))
    for first, stop in pairwise(edges):
        if stop - first >= length and among[first]:
            same[first:stop] = True
    return same


def _long(mask: BoolArray, length: int) -> BoolArray:
    return _runs(mask.astype(np.float64), length, mask)


def _repair(weather: WindWeather, series: dict[str, Any], limits: Limits, times_us: IntArray | None) -> tuple[list[Finding], BoolArray]:
    """Changes `series` in place; says what it did."""
    done: list[Finding] = []
    touched = np.zeros(weather.speed_ms.size, dtype=bool)

    def note(kind: str, name: str, text: str, mask: BoolArray, before: FloatArray, action: str) -> None:
        if mask.any():
            done.append(Problem(kind, name, text, _rows(mask), f"repaired: {action}").finding(before, times_us))
            np.logical_or(touched, mask, out=touched)

    for name, values in series.items():
        before = values.copy()
        for problem in _series_problems(name, values, limits):
            mask = np.zeros(values.size, dtype=bool)
            mask[problem.rows] = True
            if problem.kind == "unit":
                note("unit", name, problem.text, ~np.isnan(before), before, _convert(name, values))
            elif problem.kind == "direction":
                near = mask & (values >= -360) & (values <= 720)
                values[near] %= 360.0
                values[mask & ~near] = np.nan
                note("direction", name, problem.text, mask, before, "turned onto the circle, far values set to missing")
            elif problem.kind == "impossible":
                offset = mask & (values < 0) & (values > -0.5) & name.endswith("speed_ms")
                values[offset] = 0.0
                values[mask & ~offset] = np.nan
                note("impossible", name, problem.text, mask, before, "just below 0 set to 0, the rest set to missing")
        before = values.copy()
        filled = _fill(values, limits.gap_rows, circular=name == "direction_deg")
        note("missing", name, "missing", filled, before, f"gap of at most {limits.gap_rows} rows filled along a line")
    return done, touched


def _convert(name: str, values: FloatArray) -> str:
    """Converts in place; only called where one unit holds every value."""
    highest = float(np.nanmax(values))
    if name == "temperature_c":
        if highest < 180.0:
            values[:] = (values - 32.0) / 1.8
            return "Fahrenheit to Celsius"
        values -= 273.15
        return "273.15 subtracted"
    factor = 0.01 if highest > 1100.0 else 10.0 if highest > 2.0 else 1013.25
    values *= factor
    return f"times {factor:g}"


def _fill(values: FloatArray, longest: int, *, circular: bool) -> BoolArray:
    """Fills inner gaps of at most `longest` rows; returns where."""
    gap = np.isnan(values)
    filled = np.zeros(values.size, dtype=bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], gap, [False]]).astype(np.int8)))
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - first <= longest and first > 0 and stop < values.size:
            rise = values[stop] - values[first - 1]
            if circular:
                rise = (rise + 180.0) % 360.0 - 180.0
            values[first:stop] = values[first - 1] + rise * np.arange(1, stop - first + 1) / (stop - first + 1)
            if circular:
                values[first:stop] %= 360.0
            filled[first:stop] = True
    return filled
