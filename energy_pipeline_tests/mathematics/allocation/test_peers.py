"""Agreement with skfolio, Riskfolio-Lib and PyPortfolioOpt: objectives within 1e-6 on the seeded 48 x 1,000 data.

What belongs here: the comparison. What does not: running the peers (`reference/make_peers.py`).
"""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import covariance, measures, risk_parity

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("allocation_cases", HERE / "cases.py")
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)

OBJECTIVES = {
    "variance": al.MinVariance(),
    "cvar": al.MinCvar(0.95),
    "mad": al.MeanDeviation(),
    "minimax": al.Minimax(),
    "sharpe": al.MaxSharpe(0.0),
}


@pytest.fixture(scope="module")
def problem():
    return al.weights_problem(cases.NAMES, cases.returns())


@pytest.fixture(scope="module")
def peers():
    with (HERE / "reference" / "peers.csv").open(encoding="utf-8", newline="") as file:
        return {(row[0], row[1]): np.array([float(v) for v in row[2:]]) for row in csv.reader(file) if row[0] != "versions"}


@pytest.mark.parametrize("peer", ["skfolio", "riskfolio", "pyportfolioopt"])
@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_optimum_has_the_peers_objective(problem, peers, peer, name):
    if (peer, name) not in peers:
        assert (peer, name) in {("pyportfolioopt", "mad"), ("pyportfolioopt", "minimax")}, "a peer's answer is missing from the file"
        pytest.skip("the peer has no such objective")
    objective = OBJECTIVES[name]
    ours = al.solve(problem, objective)
    weights = peers[peer, name]
    theirs = al.evaluate(problem, objective, weights / weights.sum())
    assert ours.value == pytest.approx(theirs, rel=1e-6)
    # ours is proven, so a peer may be worse by its own tolerance but never better
    assert (theirs - ours.value) * (1 if ours.sense == "min" else -1) >= -1e-9 * abs(theirs)
    assert ours.certificate.relative_gap < 1e-9


@pytest.mark.parametrize("peer", ["skfolio", "riskfolio"])
def test_risk_parity_positions(problem, peers, peer):
    ours = risk_parity.risk_budget(covariance.sample(problem.scenarios))
    assert ours.deviation < 1e-9
    # positions, not the objective: shares are equal for ours by construction
    assert peers[peer, "risk_parity"] == pytest.approx(ours.positions, rel=2e-4)
    sigma = [float(np.sqrt(x @ covariance.sample(problem.scenarios) @ x)) for x in (ours.positions, peers[peer, "risk_parity"])]
    assert sigma[0] == pytest.approx(sigma[1], rel=1e-6)


def test_inverse_volatility(problem, peers):
    assert al.solve(problem, al.InverseVolatility()).positions == pytest.approx(peers["skfolio", "inverse_volatility"], rel=1e-9)


def test_conditional_drawdown(problem, peers):
    """skfolio's drawdown starts at the first cumulative return, ours at zero: its optimum is measured by ours and may only be worse."""
    ours = al.solve(problem, al.MinDrawdown(0.95))
    weights = peers["skfolio", "cdar"]
    theirs = al.evaluate(problem, al.MinDrawdown(0.95), weights / weights.sum())
    assert ours.value <= theirs * (1 + 1e-9)
    assert theirs == pytest.approx(ours.value, rel=1e-6)


@pytest.mark.parametrize("name", sorted(cases.VIEWS))
def test_black_litterman(problem, peers, name):
    sigma = covariance.sample(problem.scenarios)
    views = [al.View(combination, value, confidence=confidence) for combination, value, confidence in cases.VIEWS[name]]
    found = al.posterior(cases.NAMES, cases.prior(sigma), sigma, views, tau=0.05)
    assert found.mean == pytest.approx(peers["pyportfolioopt", f"black_litterman_{name}"], rel=1e-6, abs=1e-12)
    assert np.diag(found.covariance) == pytest.approx(peers["pyportfolioopt", f"black_litterman_variance_{name}"], rel=1e-6)


def test_historical_var_and_cvar(problem, peers):
    losses = -problem.scenarios.mean(axis=1)
    ranked = np.sort(losses)[::-1]
    # alpha T = 50 is whole: Riskfolio-Lib takes the 50th worst, the others differ by one rank
    assert peers["historical", "riskfolio_historical"][0] == pytest.approx(ranked[49], rel=1e-6)
    assert measures.value_at_risk(losses, 0.95) == ranked[50]
    assert peers["historical", "skfolio_historical"][0] == pytest.approx(ranked[50], rel=1e-6)
    for peer in ("riskfolio_historical", "skfolio_historical"):
        assert peers["historical", peer][1] == pytest.approx(measures.cvar(losses, 0.95), rel=1e-6)
