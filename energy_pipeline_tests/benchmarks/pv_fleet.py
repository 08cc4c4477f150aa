"""Photovoltaic fleets against pvlib's ModelChain, in one process.

What belongs here: the section `pv_fleet` of the page. What does not: accuracy (docs/renewables-accuracy.md).

Weather is one of pvlib's typical years, a little different at each site. Both sides get the same
arrays and compute the same chain (Perez, cover loss on the beam, Sandia's cell temperature, PVWatts
module and inverter). Our compiled pass is warm.
"""

import resource
import time
import warnings

import numpy as np

from energy_pipeline.mathematics.photovoltaics import PvSystem, fleet_output_mw, modelchain_system
from energy_pipeline_tests.mathematics.photovoltaics.test_modelchain import modelchain_mw
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import TypicalYear, typical_year

SIZES = (1, 10, 100, 1000)
REPEATS = 3


def fleet(year: TypicalYear, count: int) -> tuple[list[PvSystem], list[TypicalYear], dict[str, np.ndarray]]:
    """Plants around a place, the weather of each, and the same weather as arrays (sites, hours)."""
    random = np.random.default_rng(11)
    systems, years = [], []
    for _ in range(count):
        place = {"latitude_deg": year.latitude_deg + random.uniform(-2, 2), "longitude_deg": year.longitude_deg + random.uniform(-2, 2)}
        tilted = {"tilt_deg": float(random.uniform(5, 45)), "azimuth_deg": float(random.uniform(120, 240))}
        systems.append(modelchain_system(**place, altitude_m=year.altitude_m, dc_mw=1.2, ac_mw=1.0, **tilted))
        dim = random.uniform(0.8, 1.0)
        years.append(year._replace(**place, ghi=year.ghi * dim, dni=year.dni * dim, dhi=year.dhi * dim))
    names = {"ghi_w_m2": "ghi", "dni_w_m2": "dni", "dhi_w_m2": "dhi", "temperature_c": "temperature_c", "wind_speed_ms": "wind_ms"}
    arrays = {ours: np.array([getattr(one, theirs) for one in years], dtype=np.float32) for ours, theirs in names.items()}
    return systems, years, arrays


def peak_mb() -> float:
    """Peak memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(year: TypicalYear) -> dict[int, dict[str, float]]:
    """CPU seconds of a year by fleet size, and the memory beyond inputs and output."""
    measured = {}
    for count in SIZES:
        systems, _, arrays = fleet(year, count)
        out = np.empty((count, len(year.start_us)), dtype=np.float32)
        out[:] = 0.0
        before, seconds = peak_mb(), []
        for _ in range(REPEATS):
            began = time.process_time()
            fleet_output_mw(systems, arrays, year.start_us, 60, out=out)
            seconds.append(time.process_time() - began)
        measured[count] = {"cpu_s": min(seconds), "ms_per_site": min(seconds) / count * 1000, "extra_mb": peak_mb() - before}
    return measured


def peer(year: TypicalYear, count: int) -> dict[str, float]:
    """ModelChain on `count` sites: CPU seconds a site and how far our output is from it."""
    systems, years, arrays = fleet(year, count)
    mw = fleet_output_mw(systems, arrays, year.start_us, 60)
    seconds, apart = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for system, own, row in zip(systems, years, mw, strict=True):
            settings = {"tilt_deg": system.tilt_deg, "azimuth_deg": system.azimuth_deg}
            began = time.process_time()
            theirs = modelchain_mw(own, settings, system.dc_mw, system.ac_mw)
            seconds.append(time.process_time() - began)
            apart.append(float(np.sqrt(np.mean((row - theirs) ** 2)) / system.ac_mw * 100))
    # The first site pays for imports.
    return {"sites": count, "cpu_s_per_site": float(np.mean(seconds[1:])), "rmse_percent_of_rating_worst": max(apart)}


def section(peer_sites: int = 12) -> list[str]:
    """Markdown of the section."""
    year = typical_year("greensboro")
    systems, _, arrays = fleet(year, 1)
    fleet_output_mw(systems, arrays, year.start_us, 60)  # loads the compiled pass
    sizes, chain = ours(year), peer(year, peer_sites)
    ratio = chain["cpu_s_per_site"] * 100 / sizes[100]["cpu_s"]
    rows = ["| sites, a year of hours | CPU s | ms per site | MB beyond inputs and output |", "|---|---|---|---|"]
    rows += [f"| {n} | {r['cpu_s']:.4f} | {r['ms_per_site']:.2f} | {r['extra_mb']:.1f} |" for n, r in sizes.items()]
    return [
        "## Photovoltaic fleets",
        "",
        *rows,
        "",
        f"pvlib ModelChain: {chain['cpu_s_per_site'] * 1000:.0f} ms per site (mean of {chain['sites']}); 100 sites are",
        f"**{ratio:.0f} times** faster, RMSE at worst {chain['rmse_percent_of_rating_worst']:.3f} % of the rating.",
    ]
