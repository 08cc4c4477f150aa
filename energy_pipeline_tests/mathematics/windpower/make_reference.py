"""Makes the files in reference/ with SAM's Windpower, windpowerlib and PyWake (dependency group `peers`).

python make_reference.py <folder of pvlib's data>

Made with nrel-pysam 7.1.1.post1, windpowerlib 0.2.2, py-wake 2.6.20; each file's engine and
version stand in its column `engine`. Only outputs of the engines are kept.
"""

import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from energy_pipeline_tests.mathematics.windpower import cases  # noqa: E402

LIBRARY = HERE.parents[2] / "energy_pipeline" / "mathematics" / "windpower" / "turbines.csv"
LOSSES = (
    *("avail_bop", "avail_grid", "avail_turb", "elec_eff", "elec_parasitic", "env_degrad", "env_env", "env_exposure", "env_icing"),
    *("ops_env", "ops_grid", "ops_load", "ops_strategies", "turb_generic", "turb_hysteresis", "turb_perf", "turb_specific"),
    *("wake_ext", "wake_future", "wake_int"),
)


def library_curve(name: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Our shipped curve: speeds, kW, rotor."""
    row = next(line.split(",") for line in LIBRARY.read_text(encoding="utf-8").splitlines() if line.startswith(name + ","))
    points = np.array([p.split(":") for p in row[5].split()], dtype=float)
    return points[:, 0], points[:, 1], float(row[3])


def sam(name: str, hub: float, weather: dict, height: float, shear: float = 0.14, machines: int = 1, losses: dict | None = None) -> np.ndarray:
    """Hourly MW of SAM's Windpower, wakes off."""
    from PySAM import Windpower

    speeds, kw, rotor = library_curve(name)
    if kw[0] > 0:
        raise SystemExit(f"{name}: SAM needs a curve that starts with 0")
    n = cases.HOURS
    data = np.column_stack([weather["celsius"], weather["hpa"] / 1013.25, weather["speed"], np.zeros(n)])
    model = Windpower.new()
    settings = {
        "wind_resource_model_choice": 0,
        "wind_resource_data": {
            "lat": 50,
            "lon": 5,
            "elev": 0,
            "year": 2019,
            "heights": [height] * 4,
            "fields": [1, 2, 3, 4],
            "data": data.tolist(),
        },
        "wind_resource_shear": shear,
        "wind_resource_turbulence_coeff": 0.1,
        "wind_turbine_hub_ht": hub,
        "wind_turbine_rotor_diameter": rotor,
        "wind_turbine_powercurve_windspeeds": speeds.tolist(),
        "wind_turbine_powercurve_powerout": kw.tolist(),
        "wind_turbine_max_cp": 0.45,
        "wind_farm_xCoordinates": list(np.arange(machines) * 1000.0),
        "wind_farm_yCoordinates": [0.0] * machines,
        "system_capacity": float(kw.max() * machines),
        "wind_farm_wake_model": 3,
        "adjust_constant": 0.0,
        **{f"{loss}_loss": 0.0 for loss in LOSSES},
        **(losses or {}),
    }
    for key, value in settings.items():
        model.value(key, value)
    model.execute(0)
    return np.array(model.Outputs.gen) / 1000.0


def windpowerlib(name: str, hub: float, weather: dict, *, hourly_roughness: bool = True, **rules: object) -> np.ndarray:
    """Hourly MW of windpowerlib's ModelChain for one machine; speed at 10 m, temperature at 2 m, surface pressure."""
    from windpowerlib import ModelChain, WindTurbine

    speeds, kw, rotor = library_curve(name)
    machine = WindTurbine(
        hub_height=hub, rotor_diameter=rotor, nominal_power=kw.max() * 1000, power_curve=pd.DataFrame({"wind_speed": speeds, "value": kw * 1000})
    )
    roughness = weather["roughness"] if hourly_roughness else np.full(cases.HOURS, 0.15)
    frame = pd.DataFrame(
        np.column_stack([weather["speed"], weather["celsius"] + 273.15, weather["hpa"] * 100.0, roughness]),
        index=pd.date_range("2019-01-01", periods=cases.HOURS, freq="h", tz="UTC"),
        columns=pd.MultiIndex.from_tuples([("wind_speed", 10), ("temperature", 2), ("pressure", 0), ("roughness_length", 0)]),
    )
    return ModelChain(machine, **rules).run_model(frame).power_output.to_numpy() / 1e6


def wake_model(case: dict) -> object:
    """PyWake's wind farm model for one of our cases."""
    from py_wake.deficit_models.gaussian import BastankhahGaussian
    from py_wake.deficit_models.noj import NOJ
    from py_wake.deficit_models.utils import ct2a_madsen, ct2a_mom1d
    from py_wake.site import UniformSite
    from py_wake.superposition_models import LinearSum, SquaredSum
    from py_wake.wind_turbines import WindTurbine
    from py_wake.wind_turbines.power_ct_functions import PowerCtTabular

    curve = PowerCtTabular(cases.V80_SPEEDS, cases.V80_KW, "kW", cases.V80_CT)
    machine = WindTurbine("V80", cases.V80_DIAMETER, cases.V80_HUB, curve)
    options = {
        "superpositionModel": LinearSum() if case.get("superposition") == "linear" else SquaredSum(),
        "ct2a": ct2a_mom1d if case.get("induction") == "momentum" else ct2a_madsen,
        **({"k": case["k"]} if "k" in case else {}),
    }
    if case["model"] == "jensen":
        return NOJ(UniformSite([1], ti=0.1), machine, **options)
    return BastankhahGaussian(UniformSite([1], ti=0.1), machine, use_effective_ws=case.get("reference") == "local", **options)


def wakes() -> tuple[pl.DataFrame, pl.DataFrame]:
    """(farm output over layout, model, direction, speed; speeds at single machines for a few winds)."""
    farm_rows, machine_rows = [], []
    for name, case in cases.WAKE_CASES.items():
        model = wake_model(case)
        for layout, (x, y) in cases.LAYOUTS.items():
            if name not in cases.EVERY_LAYOUT and layout not in {"grid_7D", "scattered_1"}:
                continue
            done = model(x, y, wd=cases.ROSE, ws=cases.SPEEDS)
            power = done.Power.to_numpy().sum(axis=0) / 1e6
            d, v = np.meshgrid(cases.ROSE, cases.SPEEDS, indexing="ij")
            farm_rows.append(
                pl.DataFrame({"case": name, "layout": layout, "direction_deg": d.ravel(), "speed_ms": v.ravel(), "farm_mw": power.ravel()})
            )
            off = model(x, y, wd=[0.0, 17.3, 45.0, 270.0], ws=[9.3])
            for k, wind in enumerate([0.0, 17.3, 45.0, 270.0]):
                at = off.WS_eff.to_numpy()[:, k, 0]
                machine_rows.append(
                    pl.DataFrame({"case": name, "layout": layout, "direction_deg": wind, "machine": np.arange(x.size), "speed_ms": at})
                )
    engine = pl.lit(f"py-wake {version('py-wake')}").alias("engine")
    return pl.concat(farm_rows).with_columns(engine), pl.concat(machine_rows).with_columns(engine)


def main() -> None:
    warnings.simplefilter("ignore")
    year, typical = cases.synthetic_year(), cases.typical_year(Path(sys.argv[1]))
    typical["roughness"] = np.full(cases.HOURS, 0.15)
    sam_frame = pl.DataFrame(
        {
            "engine": f"nrel-pysam {version('nrel-pysam')}",
            "at_hub": sam("E-126/4200", 99.0, year, 99.0),
            "sheared": sam("S104/3400", 100.0, typical, 75.0, shear=0.2),
            "farm_with_losses": sam("GE120/2750", 139.0, year, 120.0, 0.14, 8, {"avail_turb_loss": 3.0, "elec_eff_loss": 2.0, "wake_int_loss": 7.0}),
        }
    )
    plain = {"wind_speed_model": "logarithmic"}
    library_frame = pl.DataFrame(
        {
            "engine": f"windpowerlib {version('windpowerlib')}",
            "log_plain": windpowerlib("E-126/4200", 135.0, year, **plain),
            "log_density": windpowerlib("V112/3300", 94.0, year, density_correction=True, **plain),
            "log_density_ideal": windpowerlib("ENO114/3500", 142.0, typical, density_correction=True, density_model="ideal_gas", **plain),
            "power_density": windpowerlib("AD116/5000", 102.0, year, density_correction=True, wind_speed_model="hellman", hellman_exp=0.2),
        }
    )
    farm, machines = wakes()
    folder = HERE / "reference"
    for name, frame in {"sam": sam_frame, "windpowerlib": library_frame, "pywake_farm": farm, "pywake_machines": machines}.items():
        floats = [c for c, kind in frame.schema.items() if kind == pl.Float64 and c.endswith("_mw") | (name in {"sam", "windpowerlib"})]
        frame.with_columns(pl.col(floats).cast(pl.Float32)).write_parquet(folder / f"{name}.parquet", compression="zstd", compression_level=19)
        sys.stdout.write(f"{name}: {frame.shape}, {(folder / f'{name}.parquet').stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
