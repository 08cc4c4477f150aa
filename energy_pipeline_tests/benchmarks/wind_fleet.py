"""Wind: a year of a fleet against windpowerlib, a year of wakes against PyWake, each in one run.

What belongs here: the section `wind_fleet` of the page: CPU time of the engines, growth with
the number of sites, memory. What does not: agreement of hourly values (tests of
renewables.windpower).

The peers are in dependency group `peers`. They are run by this interpreter if it has them, else
by the one named in ENERGY_PIPELINE_PEERS_PYTHON; with neither, ratios are left out. This file
is also the program that interpreter runs, so nothing of ours is imported at the top.
"""

import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

HOURS = 8760
SITES = 100
GROWTH = (1, 10, 100, 1000)
REPEATS = 5
MACHINES = (("E-126/4200", 135.0), ("V112/3300", 94.0), ("V90/3000", 80.0), ("N117/2400", 120.0), ("SWT130/3600", 115.0))
ROUGHNESS_M = 0.15
SIDE, SPACING_M, ROTOR_M = 5, 560.0, 80.0
WAKES = {"jensen": "Jensen, 5 x 5 at 7 D", "gaussian": "Gaussian, 5 x 5 at 7 D"}
TITLES = {"plain": "log law, power curve", "density": "log law, curve corrected for density", "sam": "log law, SAM's density rule"}
PEER_RULES: dict[str, dict[str, object]] = {"plain": {}, "density": {"density_correction": True}}
OWN_RULES: dict[str, dict[str, str]] = {
    "plain": {"density_rule": "none"},
    "density": {"density_rule": "windpowerlib_power_curve", "air": "barometric"},
    "sam": {"density_rule": "sam"},
}


def weather(sites: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hourly speed at 10 m, temperature at 2 m [Celsius] and surface pressure [hPa], each (sites, hours)."""
    rng = np.random.default_rng(11)
    drawn = [(rng.weibull(2.0, HOURS) * 5.0, rng.normal(10.0, 8.0, HOURS), rng.normal(990.0, 9.0, HOURS)) for _ in range(sites)]
    speed, celsius, hpa = (np.array(values) for values in zip(*drawn, strict=True))
    return speed, celsius, hpa


def quickest(work: Callable[[], float], repeats: int) -> tuple[float, float]:
    """Least CPU seconds of several runs, and what the last returned."""
    seconds, found = [], 0.0
    for _ in range(repeats):
        began = time.process_time()
        found = work()
        seconds.append(time.process_time() - began)
    return min(seconds), found


def layout_wind() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, hub speed, direction; speeds, MW and thrust of a machine."""
    x, y = (a.ravel() for a in np.meshgrid(np.arange(SIDE) * SPACING_M, np.arange(SIDE) * SPACING_M))
    rng = np.random.default_rng(12)
    speed, direction = np.clip(rng.weibull(2.0, HOURS) * 8.5, 0.0, 24.9), rng.uniform(0.0, 360.0, HOURS)
    at = np.arange(3.0, 26.0)
    power = 2.0 * np.clip((at**3 - 27.0) / (13.0**3 - 27.0), 0.0, 1.0)
    return x, y, speed, direction, at, power, np.where(power > 0, np.where(at < 11.0, 0.8, 0.8 * (11.0 / at) ** 2.5), 0.0)


def peer() -> dict[str, tuple[float, float]]:
    """All that the peers do."""
    return {**peer_fleet(), **peer_wakes()}


def peer_wakes() -> dict[str, tuple[float, float]]:
    """PyWake's NOJ and BastankhahGaussian over a year of hours."""
    from py_wake.deficit_models.gaussian import BastankhahGaussian
    from py_wake.deficit_models.noj import NOJ
    from py_wake.site import UniformSite
    from py_wake.wind_turbines import WindTurbine
    from py_wake.wind_turbines.power_ct_functions import PowerCtTabular

    x, y, speed, direction, at, power, thrust = layout_wind()
    machine = WindTurbine("machine", ROTOR_M, 70.0, PowerCtTabular(at, power, "MW", thrust))
    site = UniformSite([1], ti=0.1)
    models = {"jensen": NOJ(site, machine), "gaussian": BastankhahGaussian(site, machine)}

    def run(model: Callable[..., object]) -> float:
        return float(model(x, y, wd=direction, ws=speed, time=True).Power.to_numpy().sum()) / 1e6  # type: ignore[attr-defined]

    return {name: quickest(lambda m=model: run(m), 3) for name, model in models.items()}  # type: ignore[misc]


def peer_fleet() -> dict[str, tuple[float, float]]:
    """windpowerlib's ModelChain, site by site: CPU seconds and energy [MWh]; frames are made beforehand."""
    import pandas as pd
    from windpowerlib import ModelChain, WindTurbine

    index = pd.date_range("2019-01-01", periods=HOURS, freq="h", tz="UTC")
    columns = pd.MultiIndex.from_tuples([("wind_speed", 10), ("temperature", 2), ("pressure", 0), ("roughness_length", 0)])
    rough = np.full(HOURS, ROUGHNESS_M)
    frames = [
        pd.DataFrame(np.column_stack([v, t + 273.15, p * 100.0, rough]), index=index, columns=columns)
        for v, t, p in zip(*weather(SITES), strict=True)
    ]
    machines = [WindTurbine(turbine_type=name, hub_height=height) for name, height in MACHINES]

    def run(options: dict[str, object]) -> float:
        outputs = (ModelChain(machines[i % len(machines)], **options).run_model(frames[i]).power_output.sum() for i in range(SITES))
        return float(sum(outputs)) / 1e6

    return {rule: quickest(lambda o=options: run(o), 2) for rule, options in PEER_RULES.items()}  # type: ignore[misc]


def own() -> tuple[dict[str, tuple[float, float]], dict[int, float], float]:
    """Our fleet: CPU seconds and energy per rule; CPU seconds per number of sites; MB on top of weather and result for the largest."""
    from energy_pipeline.mathematics import windpower

    machines = [windpower.turbine(name, height) for name, height in MACHINES]
    speed, celsius, hpa = weather(max(GROWTH))

    def run(rule: str, sites: int) -> Callable[[], float]:
        farms = [windpower.WindFarm(machines[i % len(machines)], **OWN_RULES[rule]) for i in range(sites)]  # type: ignore[arg-type]
        series = windpower.WindWeather(
            *(speed[:sites], 10.0, None, None, celsius[:sites], 2.0, hpa[:sites], 0.0, None),
            roughness_m=ROUGHNESS_M,
        )
        return lambda: float(windpower.fleet_output_mw(farms, series).sum(dtype=np.float64))

    run("density", 1)()  # compiles
    rules = {rule: quickest(run(rule, SITES), REPEATS) for rule in OWN_RULES}
    growth = {sites: quickest(run("density", sites), REPEATS)[0] for sites in GROWTH[:-1]}
    result_mb = max(GROWTH) * HOURS * 4 / 1e6
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    growth[GROWTH[-1]] = quickest(run("density", GROWTH[-1]), REPEATS)[0]
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 - result_mb
    return rules, growth, grown_mb


def own_wakes() -> dict[str, tuple[float, float]]:
    """The same year of wakes by our exact sweep; with the table, once it is made."""
    from energy_pipeline.mathematics import windpower

    x, y, speed, direction, at, power, thrust = layout_wind()
    machine = windpower.Turbine("machine", 2.0, 70.0, ROTOR_M, at, power, thrust=thrust)
    series = windpower.WindWeather(speed, 70.0, direction_deg=direction)
    found = {}
    for name, wake in (("jensen", windpower.Jensen()), ("gaussian", windpower.Gaussian())):
        for lookup in ("exact", "table"):
            farm = windpower.WindFarm(machine, x_m=x, y_m=y, wake=wake, wake_lookup=lookup, density_rule="none")  # type: ignore[arg-type]
            windpower.output_mw(farm, series)  # compiles, or makes the table
            found[f"{name} {lookup}"] = quickest(lambda f=farm: float(windpower.output_mw(f, series).sum()), REPEATS)  # type: ignore[misc]
    return found


def peer_anywhere() -> dict[str, list[float]] | None:
    """The peer's figures by whichever interpreter has it."""
    named = os.environ.get("ENERGY_PIPELINE_PEERS_PYTHON")
    python = sys.executable if importlib.util.find_spec("windpowerlib") else named
    if python is None:
        return None
    done = subprocess.run([python, "-W", "ignore", str(Path(__file__).resolve())], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def section() -> list[str]:
    """Markdown of the section."""
    theirs = peer_anywhere()
    rules, growth, grown_mb = own()
    lines = [
        "## Wind output",
        "",
        f"CPU seconds, one process. Fleet: {SITES} sites x {HOURS:,} hours, five machine types, peer windpowerlib. Wakes: one year, peer PyWake.",
        "",
        "| | peer | ours | times faster | year's energy, ours / theirs - 1 |",
        "|---|---|---|---|---|",
    ]
    titles = {rule: f"fleet: {title}" for rule, title in TITLES.items()}
    titles |= {f"{name} {lookup}": f"wakes: {title}, {lookup}" for name, title in WAKES.items() for lookup in ("exact", "table")}
    for case, (seconds, energy) in {**rules, **own_wakes()}.items():
        other = None if theirs is None else theirs.get(case.split()[0])
        cells = (
            f" | {seconds:.4f} | | |"
            if other is None
            else f" {other[0]:.3f} | {seconds:.4f} | {other[0] / seconds:.0f} | {energy / other[1] - 1:.1e} |"
        )
        lines.append(f"| {titles[case]} |{cells}")
    if theirs is None:
        lines += ["", "The peers were not measured: `uv sync --group peers`, or name an interpreter in ENERGY_PIPELINE_PEERS_PYTHON."]
    per_site = ", ".join(f"{sites:,}: {1000 * seconds / sites:.3f}" for sites, seconds in growth.items())
    return [
        *lines,
        "",
        f"CPU milliseconds per site and year, with density correction, by number of sites: {per_site}.",
        f"Memory of {max(GROWTH):,} sites beyond weather and result: {max(grown_mb, 0.0):.0f} MB.",
    ]


if __name__ == "__main__":
    print(json.dumps(peer()))  # noqa: T201 - the result
