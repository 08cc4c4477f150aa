"""Make the reference outputs of SAM's PVWatts v8 for the tests.

Runs in an environment of its own with nrel-pysam, pvlib, numpy and polars, from the project's root:
    python -m energy_pipeline_tests.mathematics.photovoltaics.make_pvwatts_reference
Writes `reference/<site>.parquet` (AC power as a share of the rating, in 60,000ths) and
`reference/pvwatts.json` (annual energy, versions). Only the engine's outputs are stored.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline_tests.mathematics.photovoltaics.typical_years import FILE_MODE, FILES, SETUPS, YEAR, TypicalYear, path, typical_year

HERE = Path(__file__).parent / "reference"
STEPS = 60_000
SNOW_SEED = 20260101


def pvwatts(
    setup: dict[str, float], *, year: TypicalYear | None = None, file: Path | None = None, depth: np.ndarray | None = None, own_albedo: bool = False
):
    """One run; with `year` at the middle of hours (a minute column), with `file` as SAM reads it."""
    import PySAM.Pvwattsv8

    model = PySAM.Pvwattsv8.new()
    model.SolarResource.use_wf_albedo = int(own_albedo)
    model.SolarResource.albedo = [setup.get("albedo", 0.2)]
    if year is None:
        model.SolarResource.solar_resource_file = str(file)
    else:
        model.SolarResource.solar_resource_data = resource(year, depth)
    design = model.SystemDesign
    for name in ("system_capacity", "dc_ac_ratio", "array_type", "tilt", "azimuth", "gcr"):
        setattr(design, name, setup[name])
    for name, usual in {"losses": 14.0757, "inv_eff": 96.0, "module_type": 0, "rotlim": 45.0}.items():
        setattr(design, name, setup.get(name, usual))
    if "soiling" in setup:
        design.soiling = [setup["soiling"]]
    design.en_snowloss = int(depth is not None)
    model.execute()
    return np.array(model.Outputs.ac) / (1000.0 * setup["system_capacity"] / setup["dc_ac_ratio"])


def resource(year: TypicalYear, depth: np.ndarray | None) -> dict[str, object]:
    """SAM's table of weather in local standard time, with the minute 30."""
    local = (year.start_us + int(year.utc_offset_h * 3_600_000_000)).astype("datetime64[us]")
    months = local.astype("datetime64[M]")
    table = {
        "lat": year.latitude_deg,
        "lon": year.longitude_deg,
        "tz": year.utc_offset_h,
        "elev": year.altitude_m,
        "year": [YEAR] * len(local),
        "month": (months.astype(int) % 12 + 1).tolist(),
        "day": ((local.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int) + 1).tolist(),
        "hour": (local - local.astype("datetime64[D]")).astype("timedelta64[h]").astype(int).tolist(),
        "minute": [30] * len(local),
        "dn": year.dni.tolist(),
        "df": year.dhi.tolist(),
        "gh": year.ghi.tolist(),
        "tdry": year.temperature_c.tolist(),
        "wspd": year.wind_ms.tolist(),
        "pres": year.pressure_hpa.tolist(),
    }
    return table if depth is None else table | {"snow": depth.tolist()}


def snow_depth(year: TypicalYear) -> np.ndarray:
    """A made-up winter: falls at random, melts with warmth [cm]."""
    random = np.random.default_rng(SNOW_SEED)
    falls = np.where(random.random(len(year.start_us)) < 0.004, random.uniform(3.0, 20.0, len(year.start_us)), 0.0)
    depth, lying = np.zeros(len(falls)), 0.0
    for hour, fall in enumerate(falls):
        lying = max(lying + fall - 0.05 * max(year.temperature_c[hour], 0.0) - 0.02, 0.0)
        depth[hour] = lying
    return depth


def main() -> None:
    """Write all reference files."""
    HERE.mkdir(exist_ok=True)
    energy: dict[str, dict[str, float]] = {}
    for site in FILES:
        year = typical_year(site)
        runs = {name: pvwatts(setup, year=year) for name, setup in SETUPS.items()}
        runs |= {f"{name}@file": pvwatts(SETUPS[name], file=path(site)) for name in FILE_MODE}
        runs["rack@file_albedo"] = pvwatts(SETUPS["rack"], file=path(site), own_albedo=True)
        runs["rack@snow"] = pvwatts(SETUPS["rack"], year=year, depth=snow_depth(year))
        energy[site] = {name: float(share.sum()) for name, share in runs.items()}
        columns = {name: np.round(share * STEPS).astype(np.uint16) for name, share in runs.items()}
        pl.DataFrame(columns).write_parquet(HERE / f"{site}.parquet", compression="zstd", compression_level=19)
    versions = {name: version(name) for name in ("nrel-pysam", "pvlib", "numpy")}
    text = json.dumps({"engine": "SAM PVWatts v8", "versions": versions, "full_load_hours": energy}, indent=1)
    (HERE / "pvwatts.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
