"""Folders of measured plants: the documented format, and four public data sets as they come.

What belongs here: opening files, recognising a folder by its columns, and putting it into the plant
file's format. What does not: the format's checks (`studies.plant_file`), learning, scoring.

A folder in the documented format holds `plant.yaml` and `series.parquet` (or `series.csv`). The
public data sets are recognised by file names and columns, never by which farm or year they hold, so
that their further years and farms go through the same lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, cast

import polars as pl
import yaml
from pydantic import ValidationError

from energy_pipeline.desk.base import time_zones
from energy_pipeline.desk.curves import read_curves
from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.desk.model import PvPlant, WeatherLocation, WindPlant
from energy_pipeline.desk.written import read_yaml
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.opening import text_frame
from energy_pipeline.studies.plant_file import FileSource, PlantFile, read_plant

LEAST_PAST_DAYS = 180
HUB_OF_UNKNOWN_FARMS_M = 80.0
"""Farms of unknown machines: the cubic curve at 80 m, rated at 12.5 m/s, exponent 0.14; the correction learns the rest."""


def plants_in(folder: Path) -> list[FileSource]:
    """Every plant of a folder.

    Raises
    ------
    SourceError
        When the folder has neither the documented format nor one of the known layouts.
    """
    for reader in (_documented, _gefcom, _haute_borne, _sites, _roofs):
        found = list(reader(folder))
        if found:
            return found
    files = ", ".join(sorted(p.name for p in folder.iterdir())) or "nothing"
    raise SourceError(f"{folder}: no plant.yaml with series.parquet or series.csv; found {files} -> see docs/renewables-accuracy.md")


def _frame(folder: Path, pattern: str) -> pl.DataFrame | None:
    files = sorted(folder.glob(pattern))
    return pl.concat([pl.read_parquet(f) for f in files], how="vertical_relaxed") if files else None


def _last_year(stamps: pl.Series) -> date | None:
    """First day of the last year where at least half a year comes before it; None leaves the last third."""
    first, last = cast("datetime", stamps.min()), cast("datetime", stamps.max())
    return date(last.year, 1, 1) if (date(last.year, 1, 1) - first.date()).days >= LEAST_PAST_DAYS else None


def _documented(folder: Path) -> Iterator[FileSource]:
    description = folder / "plant.yaml"
    if not description.exists():
        return
    parquet, text = folder / "series.parquet", folder / "series.csv"
    if not parquet.exists() and not text.exists():
        raise SourceError(f"{folder}: plant.yaml is there, but neither series.parquet nor series.csv -> add one")
    file = _description(description)
    series = pl.read_parquet(parquet) if parquet.exists() else text_frame(text.read_bytes(), file.layout, str(text))
    yield read_plant(file, series)


def _description(path: Path) -> PlantFile:
    """What plant.yaml says.

    Raises
    ------
    SourceError
        With the file, the place and what is allowed.
    """
    try:
        written = read_yaml(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: is not YAML: {error}") from error
    told: dict[str, Any] = dict(written.data) if isinstance(written.data, dict) else {}
    known = {f.name for f in fields(PlantFile)} - {"layout"}
    surplus = set(told) - known - set(FileLayout.model_fields)
    if surplus or written.doubled or not {"name", "plant"} <= set(told):
        keys = ", ".join(sorted(known))
        raise SourceError(f"{path}: needs name and plant, knows {keys}; surplus: {sorted(surplus)} {'; '.join(written.doubled)}")
    try:
        layout = FileLayout(**{k: told.pop(k) for k in set(told) & set(FileLayout.model_fields)})
        unread = read_curves({"plant": told["plant"]}, path.parent, "")
        if unread:
            raise ValueError("; ".join(unread))
        plant, place = dict(told.pop("plant")), WeatherLocation(**told.pop("location", {"latitude_deg": 0.0, "longitude_deg": 0.0}))
        made = _wind(plant) if plant.get("kind") == "wind" else PvPlant(**{"zone": "measured", "location": "measured", **plant})
        for name, kind in (("decided_at", time), ("test_first", date)):
            if name in told:
                told[name] = kind.fromisoformat(str(told[name]))
        if "time_zone" in told and told["time_zone"] not in time_zones():
            raise ValueError(f"time_zone: {told['time_zone']!r} is no IANA time zone; such as Europe/Berlin")
        return PlantFile(plant=made, location=place, layout=layout, **told)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}, found {e.get('input')!r}" for e in error.errors(include_url=False))
        raise SourceError(f"{path}: {places} -> correct it") from error
    except (TypeError, ValueError) as error:
        raise SourceError(f"{path}: {error} -> correct it") from error


def _wind(settings: dict[str, Any]) -> WindPlant:
    return WindPlant(**{"kind": "wind", "zone": "measured", "location": "measured", **settings})


def _unknown_farm(capacity_mw: float = 1.0, hub_m: float = HUB_OF_UNKNOWN_FARMS_M) -> WindPlant:
    return _wind({"capacity_mw": capacity_mw, "hub_height_m": hub_m})


def _gefcom(folder: Path) -> Iterator[FileSource]:
    power, forecast = _frame(folder, "power_hourly*.parquet"), _frame(folder, "nwp_day_ahead*.parquet")
    if power is None or forecast is None:
        return
    for farm in sorted(forecast["farm"].unique().to_list()):
        runs = forecast.filter(pl.col("farm") == farm, pl.col("ws").is_not_null())
        metered = power.filter(pl.col("farm") == farm).select("ts_utc", "power_cf")
        if metered.height == 0:
            continue
        series = runs.join(metered, on="ts_utc", how="full", coalesce=True).sort("ts_utc")
        series = series.select(
            timestamp="ts_utc",
            issued_at=pl.col("issued_utc").fill_null(pl.col("ts_utc")),
            output_mw="power_cf",
            wind_speed_10m_ms="ws",
            wind_direction_10m_deg="wd",
            run_lead_hours=pl.col("hors").cast(pl.Float64),
        )
        file = PlantFile(
            f"gefcom2012_farm_{farm}",
            _unknown_farm(),
            WeatherLocation(latitude_deg=0.0, longitude_deg=0.0),
            weather_kind="forecast: run of 12 UTC the day before, leads 13-36 h",
            is_upper_bound=False,
            test_first=date(2011, 1, 1),
        )
        yield read_plant(file, series)


def _haute_borne(folder: Path) -> Iterator[FileSource]:
    meter, era5, assets = _frame(folder, "plant_meter_10min*.parquet"), _frame(folder, "era5_hourly*.parquet"), _frame(folder, "asset_table*.parquet")
    if meter is None or era5 is None or assets is None:
        return
    capacity = float(assets["Rated_power"].sum()) / 1000.0
    hourly = meter.unique("ts_utc", keep="first").sort("ts_utc").group_by(pl.col("ts_utc").dt.truncate("1h"), maintain_order=True).agg(
        *[pl.when(pl.len() == 6).then(pl.col(c).sum() / 1000.0).alias(c) for c in ("net_energy_kwh", "availability_kwh", "curtailment_kwh")]
    )  # fmt: skip
    weather = (
        era5.unique("ts_utc", keep="first").sort("ts_utc").filter(pl.col("ts_utc") >= hourly["ts_utc"][0], pl.col("ts_utc") <= hourly["ts_utc"][-1])
    )
    series = weather.join(hourly, on="ts_utc", how="left").select(
        timestamp="ts_utc",
        output_mw="net_energy_kwh",
        unavailable_mw="availability_kwh",
        curtailed_mw="curtailment_kwh",
        wind_speed_100m_ms="ws_100m",
        wind_direction_100m_deg=pl.arctan2(-pl.col("u_100"), -pl.col("v_100")).degrees().mod(360.0),
        temperature_c=pl.col("t_2m") - 273.15,
        pressure_hpa=pl.col("surf_pres") / 100.0,
    )
    plant = _wind(
        {
            "capacity_mw": capacity,
            "hub_height_m": float(assets["Hub_height_m"].mean()),  # type: ignore[arg-type]
            "turbines": assets.height,
            **({"rotor_diameter_m": float(assets["Rotor_diameter_m"].mean())} if "Rotor_diameter_m" in assets.columns else {}),  # type: ignore[arg-type]
            "elevation_m": float(assets["elevation_m"].mean()),  # type: ignore[arg-type]
        }
    )
    first = _last_year(hourly["ts_utc"])
    place = WeatherLocation(latitude_deg=float(assets["Latitude"].mean()), longitude_deg=float(assets["Longitude"].mean()))  # type: ignore[arg-type]
    yield read_plant(PlantFile("la_haute_borne", plant, place, weather_kind="ERA5 reanalysis at valid time", test_first=first), series)


def _sites(folder: Path) -> Iterator[FileSource]:
    rows = _frame(folder, "hourly*.parquet")
    if rows is None or not {"site", "windspeed_100m", "power_cf"} <= set(rows.columns):
        return
    for site in sorted(rows["site"].unique().to_list()):
        series = rows.filter(pl.col("site") == site).select(
            timestamp="local_time",
            output_mw="power_cf",
            wind_speed_10m_ms="windspeed_10m",
            wind_speed_100m_ms="windspeed_100m",
            wind_direction_10m_deg=pl.col("winddirection_10m").cast(pl.Float64).mod(360.0),
            wind_direction_100m_deg=pl.col("winddirection_100m").cast(pl.Float64).mod(360.0),
            gusts_ms="windgusts_10m",
            temperature_c=(pl.col("temperature_2m") - 32.0) / 1.8,
            relative_humidity_percent="relativehumidity_2m",
        )
        file = PlantFile(
            f"site_{site}",
            _unknown_farm(hub_m=100.0),
            WeatherLocation(latitude_deg=0.0, longitude_deg=0.0),
            weather_kind="reanalysis at valid time",
            test_first=_last_year(series["timestamp"]),
        )
        yield read_plant(file, series)


def _roofs(folder: Path) -> Iterator[FileSource]:
    for setup in sorted(folder.glob("*_setup.parquet")):
        site = setup.name.removesuffix("_setup.parquet")
        told = dict(pl.read_parquet(setup).select("parameter", "value").iter_rows())
        rows = _frame(folder, f"{site}_hourly*.parquet")
        if rows is None:
            continue
        series = rows.select(timestamp="time_label", output_mw="normalized_power_corrected")
        loss, on_roof = float(told.get("System loss") or 14.0), str(told.get("Building/free", "")).lower() == "building"
        plant = PvPlant(
            kind="pv", zone="measured", location="measured", peak_mw=1.0, inverter_mw=1.0,
            tilt_deg=float(told["Tilt"]), azimuth_deg=float(told["Azimuth"]) % 360.0, retained_share=0.96 * (1.0 - loss / 100.0),
            noct_c=49.0 if on_roof else 45.0, row_self_shading=not on_roof,
            mounting="single_axis" if str(told.get("Tracking", "0")) not in {"0", "None", "No"} else "fixed",
        )  # fmt: skip
        place = WeatherLocation(latitude_deg=float(told["Latitude"]), longitude_deg=float(told["Longitude"]))
        first = _last_year(series["timestamp"])
        yield read_plant(PlantFile(site, plant, place, weather_kind="none: clear sky only", is_upper_bound=False, test_first=first), series)
