"""Compiled kernels: CPU time of each, and against an earlier revision in the same run.

What belongs here: one case per kernel, through the function that callers use. What does not:
what a stage or a day costs (the other sections), whether results are right (tests).

`KERNELS_BEFORE=<git revision, or folder that holds an earlier package>` adds that one's time,
measured in turns with this one's, the ratio, and whether the results are the same to the bit;
`KERNELS_CASE=<part of a name>` leaves the other cases out.
"""

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
REPEATS, TURNS = 5, 4
Case = Callable[[], list[np.ndarray]]


def _returns(scenarios: int, contracts: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    drivers = draw.standard_t(5, size=(scenarios, 5)) @ draw.normal(size=(5, contracts))
    return np.ascontiguousarray(0.01 * (0.05 * draw.normal(size=contracts) + 0.3 * drivers + draw.standard_t(4, size=(scenarios, contracts))))


def _corners(contracts: int, boxes: int) -> Case:
    from energy_pipeline.mathematics.allocation import critical_line

    cases = []
    for seed in range(boxes):
        r, draw = _returns(3 * contracts, contracts, seed), np.random.default_rng(seed)
        cases.append((r.mean(axis=0), np.cov(r.T), draw.uniform(-0.02, 0.0, contracts), draw.uniform(1.5 / contracts, 0.3, contracts)))

    def run() -> list[np.ndarray]:
        found = [critical_line.trace(*case) for case in cases]
        return [a for corners in found for a in (corners.trade_offs, corners.positions)]

    return run


def _least_cvar(scenarios: int, books: int) -> Case:
    from energy_pipeline.mathematics import allocation as al

    problems = [al.weights_problem([f"c{k}" for k in range(48)], _returns(scenarios, 48, seed)) for seed in range(books)]
    return lambda: [al.solve(p, al.MinCvar(0.95)).positions for p in problems]


def _vertices(pieces: int, dimensions: int, seeds: int) -> Case:
    from energy_pipeline.mathematics.allocation import simplex

    cases = []
    for seed in range(seeds):
        draw = np.random.default_rng(seed)
        g = np.vstack([np.eye(dimensions), np.round(draw.normal(size=(pieces, dimensions)), 2 if seed % 2 else 12)])
        h = np.round(draw.normal(size=len(g)), 2 if seed % 2 else 12)
        reach = np.r_[np.zeros(dimensions), draw.uniform(0.5, 2.0, pieces)]
        low, high = -reach * draw.uniform(0.0, 1.0), reach
        cases.append((np.ascontiguousarray(g), h, low, high, draw.normal(size=dimensions), np.arange(dimensions)))

    def run() -> list[np.ndarray]:
        found = [simplex.minimise(*case) for case in cases]
        return [a for v in found for a in (v.z, v.multipliers, v.basis, np.array([v.status, v.steps]))]

    return run


def _lasso(columns: int, responses: int) -> Case:
    from energy_pipeline.mathematics.regression.lars import alpha_by_aic, lasso_at

    draw = np.random.default_rng(3)
    x = draw.normal(size=(500, columns)) @ np.diag(draw.uniform(0.2, 2.0, columns)) + draw.normal(size=(500, 1))
    x[:, 5] = x[:, 6] + x[:, 7]
    y = x[:, :20] @ draw.normal(size=(20, responses)) + 4 * draw.normal(size=(500, responses))
    gram, moments, squares = x.T @ x, x.T @ y, (y**2).sum(axis=0)

    def run() -> list[np.ndarray]:
        alphas = alpha_by_aic(gram, moments, squares, 500, np.full(responses, 16.0), np.zeros(responses))
        return [alphas, lasso_at(gram, moments, 500, alphas)]

    return run


def _plants(sites: int) -> Case:
    from energy_pipeline.mathematics.photovoltaics import PvSystem, fleet_output_mw

    draw = np.random.default_rng(1)
    start = np.datetime64("2025-03-01T00:30", "us").astype(np.int64) + np.arange(2000, dtype=np.int64) * 3_600_000_000
    kinds = [{}, {"mounting": "single_axis"}, {"setting": "sam_like"}, {"row_self_shading": True}]
    systems = [PvSystem(latitude_deg=40.0 + k % 10, longitude_deg=3.0 + k % 7, tilt_deg=20.0, **kinds[k % 4]) for k in range(sites)]
    shape = (sites, len(start))
    weather = {"dni_w_m2": draw.uniform(0, 900, shape), "dhi_w_m2": draw.uniform(20, 300, shape)}
    weather |= {"temperature_c": draw.uniform(-5, 35, shape), "wind_speed_ms": draw.uniform(0, 12, shape)}
    return lambda: [fleet_output_mw(systems, weather, start, 60)]


def _farms(sites: int) -> Case:
    from energy_pipeline.mathematics import windpower

    draw = np.random.default_rng(2)
    at = np.arange(3.0, 26.0)
    power = 2.0 * np.clip((at**3 - 27.0) / (13.0**3 - 27.0), 0.0, 1.0)
    machine = windpower.Turbine("machine", 2.0, 70.0, 80.0, at, power, thrust=np.where(power > 0, 0.6, 0.0))
    x, y = (a.ravel() for a in np.meshgrid(np.arange(5) * 560.0, np.arange(5) * 560.0))
    farms: list[dict[str, Any]] = [{"density_rule": "sam"}, {"density_rule": "windpowerlib_power_curve", "air": "barometric"}]
    farms += [{"density_rule": "none", "x_m": x, "y_m": y, "wake": windpower.Gaussian(), "wake_lookup": "exact"}]
    shape = (2000,)
    weather = windpower.WindWeather(
        *(draw.weibull(2.0, shape) * 6.0, 10.0, None, None, draw.normal(10.0, 8.0, shape), 2.0, draw.normal(990.0, 9.0, shape), 0.0),
        draw.uniform(0.0, 360.0, shape),
        roughness_m=0.15,
    )
    return lambda: (
        [windpower.output_mw(windpower.WindFarm(machine, **farms[k % 2]), weather) for k in range(sites)]
        + [windpower.output_mw(windpower.WindFarm(machine, **farms[2]), weather)]
    )


def _policy(paths: int) -> Case:
    from energy_pipeline.mathematics.stores.policy import train
    from energy_pipeline.mathematics.stores.store import Store

    draw = np.random.default_rng(5)
    prices = 60.0 + 25.0 * draw.standard_normal((paths, 96)).cumsum(axis=1) * 0.2
    store = Store(10.0, 10.0, 25.0, cycles_per_day=1.5)

    def run() -> list[np.ndarray]:
        policy = train(store, prices, 15, seen2=prices.mean(axis=1, keepdims=True) + 0 * prices)
        done = policy.run(prices, seen2=prices.mean(axis=1, keepdims=True) + 0 * prices)
        return [policy.continuation_eur, done.state_of_charge_mwh, done.margin_eur]

    return run


def _foresight(days: int) -> Case:
    from energy_pipeline.mathematics.stores.perfect_foresight import foresight
    from energy_pipeline.mathematics.stores.store import Store

    draw = np.random.default_rng(6)
    prices = 40.0 + 60.0 * draw.standard_normal((days, 96))
    store = Store(10.0, 10.0, 20.0)
    return lambda: [a for day in prices for a in (foresight(store, day, 15).charge_mw, foresight(store, day, 15).discharge_mw)]


CASES: dict[str, Callable[[], Case]] = {
    "critical line, 48 contracts": lambda: _corners(48, 12),
    "critical line, 300 contracts": lambda: _corners(300, 1),
    "simplex, small": lambda: _vertices(400, 8, 30),
    "simplex, wide": lambda: _vertices(5000, 48, 3),
    "least CVaR, 2,000 scenarios": lambda: _least_cvar(2000, 4),
    "LARS, 250 columns": lambda: _lasso(250, 4),
    "LARS, 40 columns": lambda: _lasso(40, 40),
    "photovoltaics, 40 sites": lambda: _plants(40),
    "wind farms, 40 and one with wakes": lambda: _farms(40),
    "store's policy, 2,000 paths": lambda: _policy(2000),
    "foresight, 40 days": lambda: _foresight(40),
}


def measured(part: str = "") -> dict[str, tuple[float, str]]:
    """CPU seconds (least of a few, compiled before) and a hash of the results, by case with `part` in its name."""
    found = {}
    for name, prepare in CASES.items():
        if part not in name:
            continue
        run = prepare()
        digest = hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in run())).hexdigest()
        seconds = []
        for _ in range(REPEATS):
            began = time.process_time()
            run()
            seconds.append(time.process_time() - began)
        found[name] = (min(seconds), digest)
    return found


def _process(package_parent: Path) -> dict[str, tuple[float, str]]:
    """`measured` of the package that lies in a folder."""
    program = f"import sys; sys.path[:0] = [{str(package_parent)!r}]; import runpy; runpy.run_path({__file__!r}, run_name='__main__')"
    part = os.environ.get("KERNELS_CASE", "")
    done = subprocess.run([sys.executable, "-c", program, part], cwd=package_parent, check=True, capture_output=True, text=True)
    return {name: (seconds, digest) for name, (seconds, digest) in json.loads(done.stdout).items()}


def _least(turns: list[dict[str, tuple[float, str]]]) -> dict[str, tuple[float, str]]:
    return {name: (min(turn[name][0] for turn in turns), turns[0][name][1]) for name in turns[0]}


def section() -> list[str]:
    """Markdown of the section."""
    before = os.environ.get("KERNELS_BEFORE")
    if before is None:
        rows = [f"| {name} | {seconds * 1000:.2f} |" for name, (seconds, _) in measured().items()]
        return ["## Kernels", "", "| case | CPU ms |", "|---|---|", *rows]
    with tempfile.TemporaryDirectory() as folder:
        if not Path(before).is_dir():
            packed = subprocess.run(["git", "archive", before, "energy_pipeline"], cwd=ROOT, check=True, capture_output=True).stdout
            with tarfile.open(fileobj=BytesIO(packed)) as archive:
                archive.extractall(folder, filter="data")
        where = Path(before if Path(before).is_dir() else folder)
        turns = [(_process(where), _process(ROOT)) for _ in range(TURNS)]
    old, new = _least([turn[0] for turn in turns]), _least([turn[1] for turn in turns])
    rows = [
        f"| {name} | {old[name][0] * 1000:.2f} | {new[name][0] * 1000:.2f} | {new[name][0] / old[name][0]:.3f} "
        f"| {'yes' if old[name][1] == new[name][1] else 'NO'} |"
        for name in new
    ]
    return ["## Kernels", "", "| case | CPU ms before | CPU ms now | ratio | same bits |", "|---|---|---|---|---|", *rows]


if __name__ == "__main__":
    print(json.dumps(measured(*sys.argv[1:2])))  # noqa: T201 - read by the process that started this one
