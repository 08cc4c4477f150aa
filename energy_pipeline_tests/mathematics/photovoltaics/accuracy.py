"""Print how far the plants' output is from PVWatts v8 and ModelChain, as tables for docs.

python -m energy_pipeline_tests.mathematics.photovoltaics.accuracy
"""

import warnings

import polars as pl

from energy_pipeline.mathematics.photovoltaics import modelchain_system, output_mw
from energy_pipeline_tests.mathematics.photovoltaics.comparing import apart, plant, weather
from energy_pipeline_tests.mathematics.photovoltaics.make_pvwatts_reference import HERE, STEPS
from energy_pipeline_tests.mathematics.photovoltaics.test_modelchain import PLANTS, modelchain_mw
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import FILE_MODE, FILES, SETUPS, typical_year


def pvwatts_rows() -> list[str]:
    """Energy of the year and hourly RMSE over the AC rating against the stored PVWatts v8 runs."""
    rows = ["| against PVWatts v8 | " + " | ".join(f"{site} {setting}" for site in FILES for setting in ("SAM-like", "stock")) + " |"]
    rows.append("|---" * (2 * len(FILES) + 1) + "|")
    runs = [(name, name, "middle") for name in SETUPS] + [(f"{name}@file", name, "sunlit_middle") for name in FILE_MODE]
    for run, name, rule in runs:
        cells = []
        for site in FILES:
            theirs = pl.read_parquet(HERE / f"{site}.parquet")[run].to_numpy() / STEPS
            for setting in ("sam_like", "stock"):
                system = plant(typical_year(site), SETUPS[name], setting=setting, sun_rule=rule)
                energy, rmse = apart(output_mw(system, weather(typical_year(site))), theirs * system.ac_mw, system.ac_mw)
                cells.append(f"{energy:+.3f} % / {rmse:.3f} %")
        rows.append(f"| {run} | " + " | ".join(cells) + " |")
    return rows


def modelchain_rows() -> list[str]:
    """The same against ModelChain."""
    rows = ["| against ModelChain | " + " | ".join(FILES) + " |", "|---" * (len(FILES) + 1) + "|"]
    for name, settings in PLANTS.items():
        cells = []
        for site in FILES:
            year = typical_year(site)
            system = modelchain_system(year.latitude_deg, year.longitude_deg, altitude_m=year.altitude_m, dc_mw=1.2, ac_mw=1.0, **settings)
            energy, rmse = apart(output_mw(system, weather(year)), modelchain_mw(year, settings, 1.2, 1.0), 1.0)
            cells.append(f"{energy:+.3f} % / {rmse:.3f} %")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return rows


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print("\n".join([*pvwatts_rows(), "", *modelchain_rows()]))  # noqa: T201 - the result
