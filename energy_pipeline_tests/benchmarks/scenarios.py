"""Scenario generation against the raw normals it is made of, and reduction, each in one run.

What belongs here: the section `scenarios` of the page. What does not: whether paths are right
(tests of scenarios).
"""

import resource
import time
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

SERIES, HOURS, PATHS = 20, 168, 10_000
REPEATS = 5
LEVELS = np.array([0.01, *np.arange(0.05, 0.96, 0.05), 0.99])


def quickest(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def case() -> tuple[float, float, float]:
    """CPU seconds of the normals and of the paths, and the ratio of their sums over alternating runs."""
    from energy_pipeline.mathematics.paths.generator import generate
    from energy_pipeline.mathematics.paths.marginals import Marginals
    from energy_pipeline.mathematics.paths.path_model import PathModel

    def even(rho: float) -> np.ndarray:
        return np.asarray((1 - rho) * np.eye(SERIES) + rho)

    one, limit = np.ones(SERIES), np.full((SERIES, HOURS), 5000.0)
    quantiles = np.tile(50.0 + 20.0 * ndtri(LEVELS), (SERIES, HOURS, 1))
    marginals = Marginals(LEVELS, quantiles, 0.2 * one, 0.2 * one, -limit, limit)
    names = tuple(f"series {i}" for i in range(SERIES))
    model = PathModel(names, even(0.5), even(0.85), 0.1, 5.0, 0.8 * one, 0.1 * one, 0.8 * one)
    rng = np.random.Generator(np.random.Philox(key=1))
    raw = np.zeros((SERIES, HOURS, PATHS), dtype=np.float32)

    def normals() -> None:
        rng.standard_normal(dtype=np.float32, out=raw)

    normals()
    generate(model, marginals, 1000, rng)  # compiles
    pairs = [(quickest(normals, 1), quickest(lambda: generate(model, marginals, PATHS, rng), 1)) for _ in range(REPEATS)]
    base, ours = (np.array(side) for side in zip(*pairs, strict=True))
    return float(base.min()), float(ours.min()), float(ours.sum() / base.sum())


def selection() -> dict[str, tuple[float, float]]:
    """CPU seconds and relative error of fast forward selection."""
    from energy_pipeline.mathematics.paths.reduction import reduce

    rng = np.random.default_rng(2)
    found = {}
    for paths, kept in ((1_000, 50), (10_000, 50)):
        points = rng.standard_normal((paths, 4)) @ rng.standard_normal((4, HOURS)) + 0.5 * rng.standard_normal((paths, HOURS))
        reduce(points[:50], 2)  # compiles
        began = time.process_time()
        error = reduce(points, kept).relative
        found[f"{paths:,} to {kept}"] = (time.process_time() - began, error)
    return found


def section() -> list[str]:
    """Markdown of the section."""
    base, ours, ratio = case()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    title = "| fast forward selection, {0}, {1} values | {2:.2f} | error {3:.2f} |"
    rows = [title.format(name, HOURS, seconds, error) for name, (seconds, error) in selection().items()]
    return [
        "## Scenarios",
        "",
        f"CPU seconds, one process. {PATHS:,} paths x {HOURS} h x {SERIES} series, float32.",
        "Correlated innovations in two states, GARCH, t mixing, marginals from quantiles.",
        "",
        "| | CPU s | |",
        "|---|---|---|",
        f"| raw standard normals (Philox) | {base:.2f} | |",
        f"| joint paths, the normals included | {ours:.2f} | {ratio:.2f} times the normals (target: 3) |",
        *rows,
        "",
        f"Peak memory with two such arrays: {peak_mb:.0f} MB. The error is the Kantorovich distance as a share of that of one scenario.",
    ]
