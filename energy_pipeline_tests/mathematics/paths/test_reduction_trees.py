"""Fast forward selection against brute force; trees keep means, masses and what is not yet known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.mathematics.paths.reduction import reduce
from energy_pipeline.mathematics.paths.trees import tree


def by_hand(points, count, weights):
    away = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    kept, best = [], np.full(len(points), np.inf)
    for _ in range(count):
        costs = [np.inf if u in kept else weights @ np.minimum(best, away[:, u]) for u in range(len(points))]
        kept.append(int(np.argmin(costs)))
        best = np.minimum(best, away[:, kept[-1]])
    return kept, float(weights @ best)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 9))
def test_selection_is_that_of_brute_force(seed, count):
    rng = np.random.default_rng(seed)
    points, weights = rng.standard_normal((40, 4)), rng.dirichlet(np.ones(40))
    found = reduce(points, count, weights)
    kept, distance = by_hand(points.astype(np.float32).astype(float), count, weights)
    assert found.kept.tolist() == kept
    assert found.distance == pytest.approx(distance, rel=1e-5)
    assert found.probabilities.sum() == pytest.approx(1.0)
    assert found.relative == pytest.approx(distance / by_hand(points, 1, weights)[1], rel=1e-4)


def test_keeping_all_loses_nothing_and_more_is_never_worse():
    points = np.random.default_rng(1).standard_normal((30, 3))
    distances = [reduce(points, k).distance for k in (1, 3, 10, 30, 99)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0.0


def test_a_tree_shares_the_past_and_keeps_the_mean():
    rng = np.random.default_rng(2)
    values = np.cumsum(rng.standard_normal((2, 12, 300)), axis=1)
    found = tree(values, [0, 4, 8, 12], [3, 2, 2])
    assert found.leaves.size == 12
    for k in (1, 2, 3):
        nodes = np.flatnonzero(found.stage == k)
        assert found.probability[nodes].sum() == pytest.approx(1.0)
        mean = sum(found.probability[n] * found.values[n] for n in nodes)
        np.testing.assert_allclose(mean, values[:, found.edges[k - 1] : found.edges[k]].mean(axis=2), atol=1e-12)
    for node in range(1, found.stage.size):  # children share out their parent's mass
        assert found.probability[found.parent == node].sum() in (pytest.approx(found.probability[node]), 0)
    for i in range(300):  # paths in one node came through one parent
        assert found.parent[found.members[2, i]] == found.members[1, i]
        assert found.parent[found.members[1, i]] == found.members[0, i]
    assert found.path(int(found.leaves[0])).shape == (2, 12)
    assert tree(values, [0, 4, 8, 12], [6, 4, 4]).distance < found.distance < 1
    with pytest.raises(ValueError, match="edges"):
        tree(values, [0, 4], [2])
