"""Makes energy_pipeline/mathematics/windpower/turbines.csv from windpowerlib's copy of the OEDB turbine library.

Runs where windpowerlib is installed (dependency group `peers`). Left out: curves that break
the Betz bound with the stated rotor (E-101/3050, S152/6330, V164/8000 in 0.2.2) and curves
that end far below the storm speed (V90/2000).
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

PACKAGE = Path(__file__).resolve().parents[3] / "energy_pipeline" / "mathematics" / "windpower"
HEAD = """\
# Power curves of wind turbines at 1.225 kg/m3.
# Source: OEDB wind_turbine_library, (c) Reiner Lemoine Institut, https://openenergyplatform.org (schema supply), taken from windpowerlib {version}.
# Licence of this file: Open Database License (ODbL) 1.0, https://opendatacommons.org/licenses/odbl/1-0/
# Changed: shape and units (kW), columns dropped, entries with physically impossible or cut-off curves left out.
"""


def main() -> None:
    import windpowerlib

    data = Path(windpowerlib.__file__).parent / "oedb"
    facts = pd.read_csv(data / "turbine_data.csv").set_index("turbine_type")
    curves = pd.read_csv(data / "power_curves.csv").set_index("turbine_type")
    speeds = np.array([float(c) for c in curves.columns])
    lines = ["name,manufacturer,rated_kw,rotor_diameter_m,hub_heights_m,curve_ms_kw"]
    left_out = []
    for name, row in curves.iterrows():
        fact = facts.loc[str(name)]
        known = row.notna().to_numpy()
        at, power = speeds[known], row.to_numpy(float)[known] / 1000.0
        available = 0.5 * 1.225 * np.pi / 4 * fact["rotor_diameter"] ** 2 * at**3 / 1000.0
        if (power > 16 / 27 * available).any() or at[power > 0].max() < 18:
            left_out.append(name)
            continue
        heights = str(fact["hub_height"]).replace(",", ".").replace("/", ";").replace("nan", "")
        heights = " ".join(f"{float(h):g}" for h in heights.split(";") if h.strip())
        points = " ".join(f"{v:g}:{p:g}" for v, p in zip(at, power, strict=True))
        lines.append(f"{name},{fact['manufacturer']},{fact['nominal_power'] / 1000:g},{fact['rotor_diameter']:g},{heights},{points}")
    text = HEAD.format(version=version("windpowerlib")) + "\n".join(lines) + "\n"
    (PACKAGE / "turbines.csv").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(lines) - 1} turbines, left out: {left_out}\n")


if __name__ == "__main__":
    main()
