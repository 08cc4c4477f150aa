"""Weather, turbines and layouts that the reference engines and our tests share; numpy only.

Reads nothing but, for the one typical year, the file that pvlib ships.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np

HOURS = 8760

# Vestas V80 as in PyWake's Horns Rev example: speeds, kW, thrust coefficient.
V80_SPEEDS = np.arange(3.0, 26.0)
V80_KW = np.array([0, 66.6, 154, 282, 460, 696, 996, 1341, 1661, 1866, 1958, 1988, 1997, 1999, *[2000] * 9], dtype=float)
V80_CT = np.array(
    [
        *(0.0, 0.818, 0.806, 0.804, 0.805, 0.806, 0.807, 0.793, 0.739, 0.709, 0.409, 0.314, 0.249, 0.202, 0.167),
        *(0.14, 0.119, 0.102, 0.088, 0.077, 0.067, 0.06, 0.053),
    ]
)
V80_DIAMETER, V80_HUB = 80.0, 70.0

SPACINGS = (3.5, 5.0, 7.0, 10.0)
ROSE = np.arange(0.0, 360.0, 3.0)
SPEEDS = np.array([5.0, 8.0, 10.0, 12.0, 15.0, 22.0])


def synthetic_year(seed: int = 4) -> dict[str, np.ndarray]:
    """A windy year: persistent Weibull speeds, seasons, days, pressure systems."""
    rng = np.random.default_rng(seed)
    slow, fast = np.zeros(HOURS), np.zeros(HOURS)
    steps = rng.standard_normal((2, HOURS))
    for t in range(1, HOURS):
        slow[t] = 0.995 * slow[t - 1] + np.sqrt(1 - 0.995**2) * steps[0, t]
        fast[t] = 0.85 * fast[t - 1] + np.sqrt(1 - 0.85**2) * steps[1, t]
    hour = np.arange(HOURS)
    level = 0.75 * slow + 0.6 * fast
    speed = 6.0 * np.exp(0.42 * level + 0.15 * np.cos(2 * np.pi * hour / HOURS))
    return {
        "speed": np.round(np.minimum(speed, 34.0), 3),
        "upper": np.round(np.minimum(speed * (1.22 + 0.08 * np.cos(2 * np.pi * (hour - 2) / 24)), 40.0), 3),
        "celsius": np.round(9.0 - 10.0 * np.cos(2 * np.pi * hour / HOURS) - 4.0 * np.cos(2 * np.pi * (hour - 4) / 24) - 3.0 * slow, 2),
        "hpa": np.round(985.0 - 9.0 * slow - 2.0 * fast, 2),
        "direction": np.round((240.0 + 60.0 * slow + 25.0 * fast) % 360.0, 1),
        "roughness": np.round(0.12 + 0.05 * np.cos(2 * np.pi * hour / HOURS), 4),
    }


def typical_year(folder: Path) -> dict[str, np.ndarray]:
    """Greensboro's typical year (TMY3, station 723170) from the file pvlib ships."""
    with (folder / "723170TYA.CSV").open(encoding="utf-8") as file:
        next(file)
        rows = list(csv.DictReader(file))
    names = {"speed": "Wspd (m/s)", "celsius": "Dry-bulb (C)", "hpa": "Pressure (mbar)", "direction": "Wdir (degrees)"}
    return {name: np.array([float(row[column]) for row in rows]) for name, column in names.items()}


def grid(spacing_diameters: float, side: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A square farm, rows east-west."""
    at = np.arange(side) * spacing_diameters * V80_DIAMETER
    x, y = np.meshgrid(at, at)
    return x.ravel(), y.ravel()


def scattered(seed: int, machines: int = 25, box_diameters: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """A random farm with at least two diameters between machines."""
    rng = np.random.default_rng(seed)
    placed: list[np.ndarray] = []
    while len(placed) < machines:
        point = rng.uniform(0.0, box_diameters * V80_DIAMETER, 2)
        if all(np.hypot(*(point - other)) > 2.0 * V80_DIAMETER for other in placed):
            placed.append(point)
    return np.array(placed).T[0], np.array(placed).T[1]


LAYOUTS = {**{f"grid_{s:g}D": grid(s) for s in SPACINGS}, "scattered_1": scattered(1), "scattered_2": scattered(2)}
WAKE_CASES: dict[str, dict[str, Any]] = {
    "noj": {"model": "jensen"},
    "noj_k004_linear": {"model": "jensen", "k": 0.04, "superposition": "linear"},
    "noj_momentum": {"model": "jensen", "induction": "momentum"},
    "gaussian": {"model": "gaussian"},
    "gaussian_2014": {"model": "gaussian", "k": 0.04, "superposition": "linear", "induction": "momentum", "reference": "local"},
}
EVERY_LAYOUT = ("noj", "gaussian")
"""Other cases only on the 7 D grid and the first scattered farm."""
