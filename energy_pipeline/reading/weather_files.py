"""Weather files of well-known forms, read by pvlib: rows in the contract's words and units.

What belongs here: bytes of a TMY3, EPW, PVGIS or NSRDB file in, a frame with interval starts out. What does not: paths
and disks (`lake.source_files`), which delivery days a file serves (the desk file).

Interval starts, whatever a form labels: TMY3 counts hours by their end, satellites stamp a moment within the interval.
A typical year has no year of its own: the desk file says which one it stands for.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from energy_pipeline.desk.layout import FileLayout, WeatherForm
from energy_pipeline.domain.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd

TIME = "time_utc"
FEBRUARY = 2
TYPICAL: tuple[WeatherForm, ...] = ("tmy3", "epw", "pvgis_tmy")
_NAMES = {
    "ghi": "ghi_w_m2", "dni": "dni_w_m2", "dhi": "dhi_w_m2", "temp_air": "temperature_c", "wind_speed": "wind_speed_ms",
    "wind_direction": "wind_direction_deg", "pressure": "pressure_hpa", "atmospheric_pressure": "pressure_hpa", "snow_depth": "snow_depth_cm",
}  # fmt: skip
_HIGHEST = {"temperature_c": 70.0, "wind_speed_ms": 90.0, "wind_direction_deg": 360.0, "snow_depth_cm": 990.0, "pressure_hpa": 2000.0}
"""Beyond these, and for light beyond 9,000, a form means that it has no value (99.9, 999, 9999)."""
_LIGHT, _NONE_BELOW = 9000.0, -9000.0
_IN_PASCAL: tuple[WeatherForm, ...] = ("epw", "pvgis_tmy")
_SLOPE = re.compile(r"Slope:\s*([\d.]+)|\"slope\":\s*\{\s*\"value\":\s*([\d.]+)")


def weather_frame(data: bytes, layout: FileLayout, name: str) -> pl.DataFrame:
    """Rows with `time_utc` (interval starts) and the columns of the weather tables that the file has.

    Parameters
    ----------
    data : bytes
        The whole file.
    layout : FileLayout
        With `weather_file`; typical years with `year`.
    name : str
        For errors.

    Raises
    ------
    SourceError
        Saying what is wrong with the file or the desk file's keys.
    """
    form = layout.weather_file
    assert form is not None  # noqa: S101 - callers ask only then
    if form in TYPICAL and layout.year is None:
        raise SourceError(f"{name}: a typical year of form {form} has no year -> say `year`, the calendar year it stands for")
    text = data.decode(layout.encoding or "latin-1")
    try:
        rows = _READERS[form](text)
    except (ValueError, KeyError, IndexError, StopIteration, TypeError) as error:
        raise SourceError(
            f"{name}: cannot be read as {form}: {type(error).__name__} {error} -> correct `weather_file`, or export it again"
        ) from error
    times = _starts(rows, form, layout.year)
    found = {_NAMES[c]: rows[c].to_numpy(dtype=np.float64, copy=True) for c in rows.columns if c in _NAMES}
    for column, values in found.items():
        values[(values < _NONE_BELOW) | (values > _HIGHEST.get(column, _LIGHT) * (100.0 if _is_pascal(column, form) else 1.0))] = np.nan
    if "pressure_hpa" in found and form in _IN_PASCAL:
        found["pressure_hpa"] /= 100.0
    frame = pl.DataFrame({TIME: times} | {c: pl.Series(v, nan_to_null=True) for c, v in found.items()})
    return frame.with_columns(pl.col(TIME).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")).sort(TIME)


def _is_pascal(column: str, form: WeatherForm) -> bool:
    return column == "pressure_hpa" and form in _IN_PASCAL


def _starts(rows: pd.DataFrame, form: WeatherForm, year: int | None) -> np.ndarray[Any, Any]:
    """Interval starts in UTC."""
    import pandas as pd

    local = pd.DatetimeIndex(rows.index)
    if form == "tmy3":
        local = local - pd.Timedelta(hours=1)
    if year is not None:
        # The last hour of a February from a leap year reads as the 29th; no typical year has that day.
        local = pd.DatetimeIndex([t.replace(year=year, day=min(t.day, 28) if t.month == FEBRUARY else t.day) for t in local])
    stamps = local.tz_convert("UTC").tz_localize(None).as_unit("us").to_numpy().astype(np.int64)
    minutes = 60 if form in TYPICAL else int(np.median(np.diff(stamps)) // 60_000_000)
    if form in ("tmy3", "epw"):
        return stamps  # hours of a zone that is half an hour off begin at half past
    return stamps - stamps % (minutes * 60_000_000)


def _frame(rows: Any) -> pd.DataFrame:  # noqa: ANN401 - pvlib states no types
    found: pd.DataFrame = rows
    return found


def _tmy3(text: str) -> pd.DataFrame:
    from pvlib.iotools import read_tmy3

    return _frame(read_tmy3(io.StringIO(text), map_variables=True)[0])


def _epw(text: str) -> pd.DataFrame:
    from pvlib.iotools import read_epw

    return _frame(read_epw(io.StringIO(text))[0])


def _pvgis_tmy(text: str) -> pd.DataFrame:
    from pvlib.iotools import read_pvgis_tmy

    is_json = text.lstrip().startswith("{")
    return _frame(read_pvgis_tmy(io.StringIO(text) if is_json else io.BytesIO(text.encode()), pvgis_format="json" if is_json else "csv")[0])


def _pvgis_hourly(text: str) -> pd.DataFrame:
    from pvlib.iotools import read_pvgis_hourly

    slope = _SLOPE.search(text)
    if slope is None or float(slope.group(1) or slope.group(2)) != 0.0:
        raise ValueError("light on a tilted plane; ask PVGIS for slope 0 and components")
    rows = read_pvgis_hourly(io.StringIO(text), pvgis_format="json" if text.lstrip().startswith("{") else "csv")[0]
    if {"poa_direct", "poa_sky_diffuse"} <= set(rows.columns):
        return _frame(rows.assign(ghi=rows["poa_direct"] + rows["poa_sky_diffuse"], dhi=rows["poa_sky_diffuse"]))
    return _frame(rows.rename(columns={"poa_global": "ghi"}))


def _nsrdb(text: str) -> pd.DataFrame:
    from pvlib.iotools import read_nsrdb_psm4

    return _frame(read_nsrdb_psm4(io.StringIO(text), map_variables=True)[0])


_READERS: dict[WeatherForm, Callable[[str], Any]] = {
    "tmy3": _tmy3, "epw": _epw, "pvgis_tmy": _pvgis_tmy, "pvgis_hourly": _pvgis_hourly, "nsrdb": _nsrdb,
}  # fmt: skip
