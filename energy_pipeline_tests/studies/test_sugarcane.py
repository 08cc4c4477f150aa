"""Document 001: what it printed, and what it should have.

What belongs here: the mill's numbers against the print and against independent solutions. What does not: the data.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.studies import sugarcane, sugarcane_figures, sugarcane_page

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "sugarcane"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sugarcane.md"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no sugarcane data at {DATA}")


@pytest.fixture(scope="module")
def mill():
    return sugarcane.load(DATA)


@pytest.fixture(scope="module")
def everything(mill):
    return sugarcane.runs_of(mill)


@pytest.fixture(scope="module")
def runs(everything):
    return everything.printed


@pytest.mark.parametrize("name", sorted(sugarcane.PRINTED))
def test_printed_results(mill, runs, name):
    expected, minimum, difference, profit_usd, free_mwh = sugarcane.PRINTED[name]
    found = sugarcane.numbers(mill, runs[name])
    assert 1e6 * found["expected"] == pytest.approx(profit_usd, rel=1e-6)
    assert [round(found[k], 2) for k in ("expected", "minimum", "difference")] == [expected, minimum, difference]
    assert 1e3 * runs[name][2] == pytest.approx(free_mwh, abs=0.006)


def test_products_as_printed(runs):
    assert 1e3 * runs["No risk"][:2] == pytest.approx([189129.78, 155062.24], abs=0.01)
    assert 1e3 * runs["Mean-variance"] == pytest.approx([148824.72, 179548.97, 1976.55, 157023.45], abs=0.01)
    assert 1e3 * runs["MAD"] == pytest.approx([113672.34, 200905.27, 891.43, 158108.57], abs=0.01)


def test_covariance_as_printed(mill):
    order = [2, 0, 1]
    found = sugarcane.printed_covariance(mill)[np.ix_(order, order)]
    printed = [[0.094993, -0.000350, -0.000756], [-0.000350, 0.000922, 0.000390], [-0.000756, 0.000390, 0.001578]]
    assert found == pytest.approx(np.array(printed), abs=5.1e-7)


def flowsheet(mill, beta):
    """The source's model with all its variables, for scipy: sugar, ethanol, free, regulated, molasses, juice to factory, juice to
    distillery, level, shortfall per week; maximise CVaR on the profit side."""
    from scipy.optimize import linprog

    weeks = len(mill.prices)
    d = 8 + weeks
    free, sugar, ethanol = mill.prices.T
    cost = mill.cost
    profit = np.zeros((weeks, d))
    profit[:, 0], profit[:, 1] = sugar - cost["sug"], ethanol - cost["eth"]
    profit[:, 2], profit[:, 3] = free - cost["fre"], 72.5 - cost["reg"]
    equal = np.zeros((5, d))
    equal[0, [5, 6]] = 1.0
    equal[1, [0, 5]] = 1.0, -0.1227
    equal[2, [4, 0]] = 1.0, -1.05
    equal[3, [1, 6, 4]] = 1.0, -0.1226, -0.373
    equal[4, [2, 3]] = 1.0
    right = np.array([2_202_000.0, 0.0, 0.0, 0.0, 159_000.0])
    rows = -profit.copy()
    rows[:, 7] = 1.0
    rows[:, 8:] = -np.eye(weeks)
    goal = np.zeros(d)
    goal[7] = -1.0
    goal[8:] = 1.0 / ((1 - beta) * weeks)
    bounds = [(0, None)] * 5 + [(0, 1_541_400.0), (0, 2_202_000.0), (None, None)] + [(0, None)] * weeks
    found = linprog(goal, rows, np.zeros(weeks), equal, right, bounds=bounds, method="highs-ipm")
    assert found.success
    return -found.fun


def test_true_optima_are_proven_twice(mill, everything):
    optima, second = everything.optima, everything.second
    for name in ("CVaR", "Minimax", "VaR"):
        value, bound, _ = second[name]
        assert optima[name].certificate.relative_gap < 1e-8
        assert optima[name].value == pytest.approx(value, rel=1e-6)
        assert bound <= optima[name].value + 1e-6
    # the whole flowsheet, by an interior-point solver
    assert -optima["CVaR"].value * 1e6 == pytest.approx(flowsheet(mill, 0.9), rel=1e-6)


def test_no_point_of_a_fine_grid_is_better(mill, everything):
    low, high, gain, base = sugarcane.reduced(mill)
    optima = everything.optima
    grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], 41), np.linspace(low[1], high[1], 41)), axis=-1).reshape(-1, 2)
    losses = np.sort(-(base[:, None] + gain @ grid.T), axis=0)
    tail = 86.8
    cvar = (losses[-86:].sum(axis=0) + (tail - 86) * losses[-87]) / tail
    assert optima["Minimax"].value <= losses[-1].min() + 1e-9
    assert optima["VaR"].value <= losses[int(np.ceil(868 * 0.9)) - 1].min() + 1e-9
    assert optima["CVaR"].value <= cvar.min() + 1e-9


def test_page_is_what_the_code_writes(mill, everything):
    assert sugarcane_page.page(mill, everything) == PAGE.read_text(encoding="utf-8"), "run: energy-pipeline study sugarcane DATA"


def test_figures_have_the_same_bytes_every_time(mill, everything, tmp_path):
    no_risk = {"No risk": everything.printed["No risk"]}
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        sugarcane_figures.draw(mill, tmp_path / folder, no_risk, no_risk)
    figures = sorted(p.name for p in (tmp_path / "a").glob("*.svg"))
    assert figures == sorted(p.name for p in PAGE.parent.glob("sugarcane-*.svg"))
    for name in figures:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
