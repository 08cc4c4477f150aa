"""VaR of a linear book against the time of drawing the numbers, in one process; a trade thought of on a decided day.

What belongs here: the section `risk` of the page. What does not: whether the numbers are right
(energy_pipeline_tests/risk).

48 contracts, a million scenarios, 99 %. Drawing is `Generator.standard_normal` into memory that is already
there. Historical VaR reads the scenarios drawn; Monte Carlo VaR draws its own in blocks. CPU seconds, the
least of `REPEATS`. The trade: `risk what-if` on a day of the demo desk that was decided into a lake of its own; each
command is a process, whose own line says what the answer took after the program had started.
"""

import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from energy_pipeline.mathematics.statistics.decomposition import euler
from energy_pipeline.mathematics.statistics.estimators import METHODS, estimate
from energy_pipeline.mathematics.statistics.factor_risk import FactorRisk
from energy_pipeline.mathematics.statistics.simulation import historical_var, normal_var, simulate
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk
from energy_pipeline.portfolio.cuts import solve
from energy_pipeline.portfolio.program import K_EUR, FurtherLimits, Program
from energy_pipeline_tests.benchmarks.process import ROOT, measure

SCENARIOS, CONTRACTS, LEVEL, REPEATS = 1_000_000, 48, 0.99, 5


def least(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of a few runs."""
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


CLI = ("-c", "from energy_pipeline.cli.main import app; app()")
DAY, TRADE = "2026-03-28", "add 25 MW base NO"
WARM = f"""
import sys, time
from pathlib import Path
from energy_pipeline.runner.what_if import answer, latest_day
from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.lake import Lake
desk, lake, found = load_desk(demo_desk_path()), Lake(Path(sys.argv[1])), []
for _ in range(6):
    began = time.process_time()
    answer(desk, lake, latest_day(lake), ["{TRADE}"])
    found.append(time.process_time() - began)
print(found[0], sorted(found[1:])[2])
"""


def what_if_rows() -> list[str]:
    """Time of a what-if: as a command, and again in a process that is warm."""
    with tempfile.TemporaryDirectory() as home:
        lake, environment = Path(home) / "lake", {**os.environ, "DAGSTER_HOME": home}
        decide = (*CLI, "backfill", DAY, DAY, "--no-audit", "--lake", str(lake), "--flows", "ingest,decide")
        subprocess.run([sys.executable, *decide], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        runs = [measure(*CLI, "risk", "what-if", TRADE, "--lake", str(lake)) for _ in range(3)]
        told = [float(re.search(r"answered in ([0-9.]+) s", r.text).group(1)) for r in runs]  # type: ignore[union-attr]
        first, warm = (float(v) for v in measure("-c", WARM, str(lake)).text.split())
    return [
        f"### `energy-pipeline risk what-if '{TRADE}'`",
        "",
        "Demo desk, 1,000 scenarios, 3 zones (one in quarter-hours), VaR, ES, margin, every limit and stress, before and after.",
        "",
        "| | s |",
        "|---|---|",
        f"| first answer in a process, reading the lake and late imports included (CPU) | **{first:.2f}** |",
        f"| every further one (CPU, median of five) | **{warm:.2f}** |",
        f"| the command as a whole, interpreter and imports included (CPU, best of three) | {min(r.cpu_s for r in runs):.2f} |",
        f"| what the command says it took (wall clock beside whatever else the machine does, best of three) | {min(told):.2f} |",
    ]


def whole_book_rows(rng: np.random.Generator) -> list[str]:
    """VaR of 2,000 contracts on 26 tenors over 10,000 paths, with every contract's part, against the product of contracts and paths."""
    paths, contracts, tenors = 10_000, 2_000, 26
    moves, tenor, size = rng.standard_t(5, (paths, tenors)), rng.integers(0, tenors, contracts), rng.normal(0, 500, contracts)

    def ours() -> float:
        book = FactorRisk(moves, tenor, size)
        return float(book.contributions("es", 0.975).sum() + book.contributions("var", LEVEL).sum())

    def dense() -> float:
        parts = (moves[:, tenor] * size).T
        return float(euler(parts, "es", 0.975).sum() + euler(parts, "var", LEVEL).sum())

    seconds, peaks, values = [], [], []
    for work in (ours, dense):
        tracemalloc.start()
        values.append(work())
        peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
        seconds.append(min(_timed(work) for _ in range(3)))
    return [
        f"### Mark VaR of {contracts:,} contracts, {paths:,} paths, {tenors} tenors, with contributions of every contract",
        "",
        "| | CPU s | MB |",
        "|---|---|---|",
        f"| by tenor | **{seconds[0]:.3f}** | **{peaks[0]:.1f}** |",
        f"| the product of contracts and paths | {seconds[1]:.3f} | {peaks[1]:.1f} |",
        f"| share | {seconds[0] / seconds[1]:.3f} | {peaks[0] / peaks[1]:.4f} |",
        "",
        f"Both say the same to {abs(values[0] / values[1] - 1):.0e}.",
        "",
    ]


def bound_day_rows() -> list[str]:
    """The day's book of 60 contracts and 1,000 scenarios with shortfall, gross, margin and 15 stresses binding."""
    program = bound_program()
    found = solve(program)
    free = min(_timed(lambda: solve(replace(program, further=None, es_limit=None, gross_room=None))) for _ in range(3))
    bound = min(_timed(lambda: solve(program)) for _ in range(3))
    prices = {"worst_stress_eur": float(found.further_price.sum()), "margin_eur": found.margin_price, "es_eur": found.es_price}  # type: ignore[union-attr]
    told = ", ".join(name for name, price in {**prices, "gross_contracts_mw": found.gross_price}.items() if price > 0)
    return [
        "### The day's book with every limit binding, 60 contracts x 1,000 scenarios",
        "",
        f"Binding: {told}. CPU **{bound:.2f}** s; without limits {free:.2f} s.",
        "",
    ]


def bound_program(contracts: int = 60, scenarios: int = 1_000, stresses: int = 15) -> Program:
    """A programme whose optimum is at every limit."""
    rng = np.random.default_rng(2)
    load = rng.normal(0, 1, (8, contracts))
    gain = rng.normal(0, 1, (scenarios, 8)) @ load * 144 + rng.normal(0, 48, (scenarios, contracts)) + rng.normal(0, 20, contracts)
    gain, spread, opening = gain / K_EUR, np.full(contracts, 4.8 / K_EUR), rng.normal(0, 10, contracts)
    stress = rng.normal(0, 1.44, (stresses, contracts))
    limits = {"gross_room": 400.0, "risk_aversion": 0.5, "confidence": 0.95, "es_limit": None, "es_level": 0.975}
    free = Program(
        base=rng.normal(0, 20, scenarios) + gain @ opening,
        slope=np.hstack([gain - spread, -gain - spread]),
        surprise=np.zeros((scenarios, 0)),
        fee=np.zeros(0),
        lower=np.zeros(2 * contracts),
        upper=np.full(2 * contracts, 25.0),
        opening=opening,
        **limits,  # type: ignore[arg-type]
    )
    x, rows, mwh = solve(free).x, np.hstack([-stress, stress]), np.full(contracts, 24.0)
    names = tuple(("worst_stress_eur", f"stress {i}") for i in range(stresses))
    further = FurtherLimits(names, rows, np.full(stresses, 0.8 * float((rows @ x).max())), mwh, opening * 720.0, np.inf)
    bound = replace(free, further=further, es_limit=0.97 * free.shortfall(x))
    return replace(bound, further=replace(further, margin_room=0.97 * bound.margin_mwh(x)))


def _timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def section() -> list[str]:
    """Markdown of the section."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(CONTRACTS, CONTRACTS))
    covariance, positions = root @ root.T, rng.normal(size=CONTRACTS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monte_carlo = least(lambda: normal_var(covariance, positions, LEVEL, rng, SCENARIOS))
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    scenarios = np.zeros((SCENARIOS, CONTRACTS))
    drawing = least(lambda: rng.standard_normal(out=scenarios))
    historical = least(lambda: historical_var(scenarios, positions, LEVEL))
    pnl = scenarios @ positions
    same = historical_var(scenarios, positions, LEVEL)
    loss = pnl.mean() - pnl
    apart = max(abs(a - b) for a, b in zip(same, (value_at_risk(loss, LEVEL), expected_shortfall(loss, LEVEL)), strict=True))
    year = rng.standard_t(5, 365) * 100.0
    every = least(lambda: [estimate(year, LEVEL, m) for m in METHODS])
    garch = least(lambda: simulate(year[:, None], rng, 10_000))
    return [
        "## VaR and expected shortfall",
        "",
        f"| {SCENARIOS:,} x {CONTRACTS}, {LEVEL:.0%} | CPU s | against drawing |",
        "|---|---|---|",
        f"| drawing the numbers | {drawing:.3f} | 1 |",
        f"| drawing and historical VaR and ES | {drawing + historical:.3f} | **{(drawing + historical) / drawing:.3f}** |",
        f"| Monte Carlo VaR and ES, drawing included | {monte_carlo:.3f} | **{monte_carlo / drawing:.3f}** |",
        "",
        f"Monte Carlo takes {memory:.0f} MB; historical VaR and ES differ from a full sort by {apart:.1e}. A year of losses:",
        f"five methods at one level {every * 1000:.0f} ms, GARCH Monte Carlo of 10,000 draws {garch * 1000:.0f} ms.",
        "",
        *whole_book_rows(rng),
        *bound_day_rows(),
        *what_if_rows(),
    ]
