"""Parts of the risk: they add up exactly, and are derivatives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from energy_pipeline.book.outlook import zone_outlooks
from energy_pipeline.book.positions import zone_books
from energy_pipeline.mathematics.statistics.decomposition import decompose, euler, measured
from energy_pipeline.mathematics.statistics.estimators import RiskInputError
from energy_pipeline.risk.components import KINDS, components
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, Day, desk_of

parts = st.tuples(st.integers(1, 5), st.integers(2, 40)).flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(-1e4, 1e4)))
measures = st.sampled_from([("volatility", 0.0), ("var", 0.9), ("var", 0.99), ("es", 0.9), ("es", 0.975)])


@given(parts, measures)
def test_euler_contributions_add_up(x, measure):
    name, level = measure
    total = measured(x.sum(axis=0), name, level)
    assert euler(x, name, level).sum() == pytest.approx(total, rel=1e-10, abs=1e-10 * (1 + np.abs(x).max()))


@given(parts, measures, st.floats(0.1, 10))
def test_contributions_scale_with_the_book(x, measure, factor):
    name, level = measure
    np.testing.assert_allclose(euler(factor * x, name, level), factor * euler(x, name, level), rtol=1e-6, atol=1e-7 * factor * (1 + np.abs(x).max()))


def test_var_contributions_are_the_mean_loss_at_the_var():
    rng = np.random.default_rng(1)
    covariance = np.array([[4.0, 1.0, -0.5], [1.0, 2.0, 0.3], [-0.5, 0.3, 1.0]])
    x = rng.multivariate_normal(np.zeros(3), covariance, 200_000).T
    # For a normal every Euler contribution is cov(i, total) / sigma x quantile.
    sigma = np.sqrt(covariance.sum())
    np.testing.assert_allclose(euler(x, "var", 0.95), covariance.sum(axis=1) / sigma * 1.645, atol=0.1)


def test_incremental_and_marginal():
    rng = np.random.default_rng(2)
    found = {"a": rng.normal(0, 10, 500), "b": rng.normal(0, 5, 500)}
    a, b = decompose(found, "es", 0.95, {"a": 4.0})
    total = found["a"] + found["b"]
    assert a.incremental_eur == pytest.approx(measured(total, "es", 0.95) - measured(found["b"], "es", 0.95))
    assert a.marginal_eur_per_unit == pytest.approx(a.euler_eur / 4)
    assert b.marginal_eur_per_unit is None


@pytest.mark.parametrize("day", [Day(), Day(day=AUTUMN_QUARTERS, paths=10), Day(with_second=False), Day(desk=desk_of(assets={}))])
def test_every_kind_of_part_adds_up_to_the_book_in_every_scenario(day):
    book = day.decide()
    books = zone_books(day.desk, day.delivery, book.positions, day.dispatch)
    outlooks = zone_outlooks(day.desk, day.delivery, list(books), day.scenarios, day.plant_output, day.dispatch)
    paths = {name: values for (kind, name), values in day.draw().items() if kind == "plant_output"}
    for given_paths in (None, paths):
        found = components(books, outlooks, given_paths)
        totals = [np.sum(list(found[kind].values()), axis=0) for kind in KINDS]
        for total in totals[1:]:
            np.testing.assert_allclose(total, totals[0], rtol=1e-10, atol=1e-7)
    assert {"NORTH base", "NORTH spot"} <= set(found["contract"])
    assert {"wind", "share"} <= set(found["asset"])


@pytest.mark.parametrize(
    ("x", "words"), [(np.zeros((0, 5)), "at least one"), (np.zeros((2, 1)), "at least one and two"), (np.full((2, 5), np.nan), "not finite")]
)
def test_bad_parts(x, words):
    with pytest.raises(RiskInputError, match=words):
        euler(x, "es", 0.95)
