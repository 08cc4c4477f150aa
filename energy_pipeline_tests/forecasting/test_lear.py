"""LEAR and its path kernel against scikit-learn."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso, LassoLarsIC

from energy_pipeline.forecasting.lear import Lear, scaled
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.mathematics.regression import lars
from energy_pipeline.mathematics.regression.lars import alpha_by_aic, lasso_at
from energy_pipeline_tests.forecasting.markets import market


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(8, 60), st.integers(1, 30), st.floats(0.001, 0.5), st.booleans())
def test_the_path_ends_at_the_lasso_optimum(seed, n, p, alpha, collinear):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)) * random.uniform(0.1, 5, p)
    if collinear and p > 2:
        X[:, 1] = X[:, 0]
    X -= X.mean(axis=0)
    y = X @ random.normal(size=p) * random.integers(0, 2) + random.normal(size=n)
    y -= y.mean()
    b = lasso_at(X.T @ X, (X.T @ y)[:, None], n, np.array([alpha]))[:, 0]
    # Optimality conditions of the lasso: certify the answer without any other solver.
    gradient = X.T @ (y - X @ b) / n
    assert np.abs(gradient).max() <= alpha + 1e-8
    active = b != 0
    assert np.allclose(gradient[active], alpha * np.sign(b[active]), atol=1e-8)


@pytest.mark.parametrize(("n", "p"), [(200, 30), (40, 60)])
def test_penalty_by_aic_equals_scikit_learns(n, p):
    random = np.random.default_rng(3)
    X = random.normal(size=(n, p))
    X -= X.mean(axis=0)
    X /= np.linalg.norm(X, axis=0)
    Y = X[:, :5] @ random.normal(size=(5, 3)) * 9 + random.normal(size=(n, 3))
    Y -= Y.mean(axis=0)
    found = alpha_by_aic(X.T @ X, X.T @ Y, (Y**2).sum(axis=0), n, Y.var(axis=0), np.zeros(3))
    for j in range(3):
        reference = LassoLarsIC(criterion="aic", noise_variance=Y[:, j].var(), fit_intercept=False).fit(X, Y[:, j])
        assert found[j] == pytest.approx(reference.alpha_, rel=1e-6)


@pytest.mark.parametrize("window", [56, 120])
def test_lear_equals_scikit_learn_run_to_convergence(window):
    panel, _ = market(days=130)
    model = Lear(window)
    fitted = model.fit(panel)
    found = model.predict(panel, fitted)
    X, Y, x, back = scaled(panel.cut(window))
    alphas = json.loads(fitted)["alphas"]
    for h in range(0, 24, 5):
        Z = X - X.mean(axis=0)
        length = np.linalg.norm(Z, axis=0)
        reference = LassoLarsIC(criterion="aic", noise_variance=Y[:, h].var()).fit(Z / np.where(length > 0, length, 1), Y[:, h])
        assert alphas[h] == pytest.approx(reference.alpha_, rel=1e-6)
        lasso = Lasso(alpha=reference.alpha_, max_iter=200_000, tol=1e-10).fit(X, Y[:, h])
        price = back.centre[h] + back.spread[h] * np.sinh(lasso.predict(x[None])[0])
        assert found[h] == pytest.approx(price, abs=0.01)


def test_it_learns_the_market():
    panel, came = market(days=130)
    found = Lear(120).predict(panel, Lear(120).fit(panel))
    assert np.abs(found - came[0]).mean() < 0.6 * np.abs(panel.prices[-7] - came[0]).mean()


def test_too_few_days_are_said():
    panel, _ = market(days=30)
    with pytest.raises(ModelUnavailableError, match="23 days to learn from"):
        Lear(56).fit(panel)


def test_the_compiled_path_has_the_bits_of_the_path_as_written():
    """Also where members leave it: what is kept of the factor then is what factoring anew would give."""
    random = np.random.default_rng(5)
    for n, p in ((40, 15), (18, 30)):
        X = random.normal(size=(n, 3)) @ random.normal(size=(3, p)) + 0.2 * random.normal(size=(n, p))
        X -= X.mean(axis=0)
        y = X[:, :5] @ random.normal(size=5) + random.normal(size=n)
        gram, moments = X.T @ X, X.T @ y
        for alpha, noise in ((0.01, 0.0), (0.0, 0.5)):
            asked = (gram, moments, float(y @ y), n, alpha, noise, 0.0)
            found, written = lars._path(*asked), lars._path.function(*asked)
            assert found[0].tobytes() == written[0].tobytes()
            assert found[1] == written[1]
