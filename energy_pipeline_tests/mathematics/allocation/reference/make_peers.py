"""Optima of skfolio, Riskfolio-Lib and PyPortfolioOpt on the seeded 48 x 1,000 data; writes peers.csv beside this file.

What belongs here: calls of the peers with their defaults named. What does not: our own
solvers; this runs in an environment of its own (skfolio, riskfolio-lib, pyportfolioopt).

Differences of definition, and what is done about them
- Variance: all three use T - 1. Positions are compared by our own measure of them, so that
  a peer's rounding of its objective does not matter.
- CVaR: all three are Rockafellar and Uryasev's with the boundary scenario weighted. skfolio
  and Riskfolio-Lib name the confidence (0.95) and the tail (0.05) respectively.
- MAD: skfolio divides by T. Riskfolio-Lib's and PyPortfolioOpt's MAD and ours differ at most by a constant factor
  (Riskfolio-Lib's constraint is on the half deviation), which leaves the optimum the same.
- Sharpe: skfolio's and PyPortfolioOpt's means are per period here (frequency 1), no compounding.
- Historical VaR: Riskfolio-Lib takes the order statistic ceil(0.05 T) of the worst losses
  (50 of 1,000), ours the smallest loss not exceeded with probability 0.95 (the 51st worst where alpha T is whole),
  skfolio's value_at_risk the former too: both numbers are written.
- Black-Litterman: PyPortfolioOpt's posterior covariance is sigma plus that of the mean, as ours; tau 0.05.
"""

import csv
import importlib.metadata
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import cases  # noqa: E402 - the data stand beside

warnings.filterwarnings("ignore")


def skfolio_optima(returns: pd.DataFrame) -> dict[str, np.ndarray]:
    """Weights by objective."""
    from skfolio import RiskMeasure
    from skfolio.moments import EmpiricalCovariance
    from skfolio.optimization import InverseVolatility, MeanRisk, ObjectiveFunction, RiskBudgeting
    from skfolio.prior import EmpiricalPrior

    prior = EmpiricalPrior(covariance_estimator=EmpiricalCovariance(nearest=False))
    exact = {"prior_estimator": prior, "solver": "CLARABEL", "solver_params": {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-12}}
    found = {}
    for name, measure in (("variance", "VARIANCE"), ("cvar", "CVAR"), ("mad", "MEAN_ABSOLUTE_DEVIATION"), ("minimax", "WORST_REALIZATION")):
        found[name] = MeanRisk(risk_measure=RiskMeasure[measure], cvar_beta=0.95, **exact).fit(returns).weights_
    found["sharpe"] = MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_RATIO, risk_measure=RiskMeasure.VARIANCE, **exact).fit(returns).weights_
    found["cdar"] = MeanRisk(risk_measure=RiskMeasure.CDAR, cdar_beta=0.95, **exact).fit(returns).weights_
    found["risk_parity"] = RiskBudgeting(risk_measure=RiskMeasure.VARIANCE, **exact).fit(returns).weights_
    found["inverse_volatility"] = InverseVolatility(prior_estimator=prior).fit(returns).weights_
    return found


def riskfolio_optima(returns: pd.DataFrame) -> dict[str, np.ndarray]:
    """Weights by objective."""
    import riskfolio as rp

    book = rp.Portfolio(returns=returns, alpha=0.05)
    book.assets_stats(method_mu="hist", method_cov="hist")
    book.solvers = ["CLARABEL"]
    book.sol_params = {"CLARABEL": {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-12}}
    found = {}
    for name, measure in (("variance", "MV"), ("cvar", "CVaR"), ("mad", "MAD"), ("minimax", "WR")):
        weights = book.optimization(model="Classic", rm=measure, obj="MinRisk", rf=0, hist=True)
        if weights is not None:
            found[name] = weights.to_numpy().ravel()
    weights = book.optimization(model="Classic", rm="MV", obj="Sharpe", rf=0, hist=True)
    if weights is not None:
        found["sharpe"] = weights.to_numpy().ravel()
    weights = book.rp_optimization(model="Classic", rm="MV", rf=0, hist=True)
    if weights is not None:
        found["risk_parity"] = weights.to_numpy().ravel()
    return found


def pyportfolioopt_optima(returns: pd.DataFrame) -> dict[str, np.ndarray]:
    """Weights by objective, and a Black-Litterman posterior as if weights."""
    from pypfopt import BlackLittermanModel, EfficientCVaR, EfficientFrontier

    mean, covariance = returns.mean(), returns.cov()
    options = {"solver": "CLARABEL", "solver_options": {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-12}}
    found = {}
    frontier = EfficientFrontier(mean, covariance, **options)
    frontier.min_volatility()
    found["variance"] = np.array([frontier.weights]).ravel()
    frontier = EfficientFrontier(mean, covariance, **options)
    frontier.max_sharpe(risk_free_rate=0.0)
    found["sharpe"] = np.array([frontier.weights]).ravel()
    tail = EfficientCVaR(mean, returns, beta=0.95, **options)
    tail.min_cvar()
    found["cvar"] = np.array([tail.weights]).ravel()
    for name, views in cases.VIEWS.items():
        picks = np.array([[v.get(c, 0.0) for c in returns.columns] for v, _, _ in views])
        model = BlackLittermanModel(
            covariance,
            pi=cases.prior(covariance.to_numpy()),
            Q=np.array([q for _, q, _ in views]),
            P=picks,
            tau=0.05,
            omega="idzorek",
            view_confidences=[c for _, _, c in views],
        )
        found[f"black_litterman_{name}"] = model.bl_returns().to_numpy()
        found[f"black_litterman_variance_{name}"] = np.diag(model.bl_cov().to_numpy())
    return found


def historical(returns: pd.DataFrame) -> dict[str, np.ndarray]:
    """VaR and CVaR of the equally weighted portfolio."""
    import riskfolio as rp
    from skfolio.measures import cvar, value_at_risk

    even = returns.to_numpy().mean(axis=1)
    return {
        "riskfolio_historical": np.array([rp.RiskFunctions.VaR_Hist(even, alpha=0.05), rp.RiskFunctions.CVaR_Hist(even, alpha=0.05)]),
        "skfolio_historical": np.array([value_at_risk(even, beta=0.95), cvar(even, beta=0.95)]),
    }


def main() -> None:
    """Write peers.csv: peer, case, then numbers."""
    returns = pd.DataFrame(cases.returns(), columns=list(cases.NAMES))
    rows = []
    for peer, optima in (("skfolio", skfolio_optima), ("riskfolio", riskfolio_optima), ("pyportfolioopt", pyportfolioopt_optima)):
        rows += [(peer, name, *weights) for name, weights in optima(returns).items()]
    rows += [("historical", name, *values) for name, values in historical(returns).items()]
    versions = [f"{p} {importlib.metadata.version(p)}" for p in ("skfolio", "riskfolio-lib", "pyportfolioopt", "cvxpy", "clarabel", "numpy")]
    with (HERE / "peers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["versions", *versions])
        writer.writerows([[r[0], r[1], *(repr(float(v)) for v in r[2:])] for r in rows])


if __name__ == "__main__":
    main()
