"""Real turbines by name.

What belongs here: reading `turbines.csv`, the table of makers' power curves. What does not:
the turbine itself (`turbines`).

The table is the OEDB wind turbine library, (c) Reiner Lemoine Institut, under the Open
Database License 1.0 (the file keeps that licence; the code around it has its own). Entries
whose curve breaks the Betz bound were left out: the script that makes the file is
energy_pipeline_tests/mathematics/windpower/make_turbines.py.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib import resources

import numpy as np

from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.windpower.errors import WindInputError
from energy_pipeline.mathematics.windpower.turbines import Turbine, check_betz


def turbine_names() -> list[str]:
    """Names in the library, sorted; maker's type and kW.

    >>> "V112/3000" in turbine_names()
    True
    """
    return sorted(_rows())


def hub_heights_m(name: str) -> tuple[float, ...]:
    """Hub heights the maker offers [m]; empty where the source does not tell."""
    return tuple(float(h) for h in _row(name)[4].split())


def turbine(name: str, hub_height_m: float | None = None) -> Turbine:
    """A real turbine.

    Parameters
    ----------
    name : str
        As in `turbine_names`.
    hub_height_m : float, optional
        Without it the middle one of the heights on offer.

    Raises
    ------
    WindInputError
        Unknown name (with the nearest ones), or no height given where none is known.

    >>> t = turbine("E-126/4200", 135.0)
    >>> t.rated_mw, t.rotor_diameter_m, t.cut_out_ms
    (4.2, 127.0, 25.0)
    """
    _, _, rated_kw, rotor, _, curve = _row(name)
    offered = sorted(hub_heights_m(name))
    if hub_height_m is None and not offered:
        raise WindInputError(f"turbine {name}", [Finding("no hub height known", "hub_height_m", 0, (), "pass hub_height_m")])
    height = offered[len(offered) // 2] if hub_height_m is None else float(hub_height_m)
    points = np.array([point.split(":") for point in curve.split()], dtype=np.float64)
    made = Turbine(name, float(rated_kw) / 1000.0, height, float(rotor), points[:, 0], points[:, 1] / 1000.0)
    check_betz(made)
    return made


def _row(name: str) -> list[str]:
    rows = _rows()
    if name not in rows:
        near = difflib.get_close_matches(name, rows, n=5, cutoff=0.3)
        step = f"see turbine_names(); near: {', '.join(near)}" if near else "see turbine_names()"
        raise WindInputError(f"turbine {name}", [Finding("not in the library", "name", 0, (), step)])
    return rows[name]


@lru_cache(maxsize=1)
def _rows() -> dict[str, list[str]]:
    text = (resources.files(__package__) / "turbines.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.split(",")[0]: line.split(",") for line in lines[1:]}
