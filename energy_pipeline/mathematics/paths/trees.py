"""Scenario trees: paths that share what is not yet known to differ.

What belongs here: building a tree from joint paths, stage by stage, and its properties. What
does not: problems solved on it.

A fan of paths tells a decision at stage 1 everything. A tree does not: paths that go through
one node are not told apart until their stage is over. Built forwards: within every node the
paths are clustered by the next stage alone (fast forward selection, `reduction`), each cluster
becomes a child with the sum of their probabilities, and its values are the members' conditional
mean, so the tree has the paths' mean in every step and series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.paths.reduction import reduce


@dataclass(frozen=True)
class ScenarioTree:
    """A tree of nodes in order of stage; node 0 is the root, before the first stage.

    Attributes
    ----------
    stage : array, shape (nodes,)
        0 for the root, then 1, 2, ...
    parent : array, shape (nodes,)
        -1 for the root; parents come before children.
    probability : array, shape (nodes,)
        Unconditional.
    edges : array, shape (stages + 1,)
        Stage k covers steps edges[k - 1] .. edges[k] - 1.
    values : tuple of arrays, (series, steps of the stage) each
        Of every node; the root has no steps.
    members : array, shape (stages, paths)
        Node of every path in every stage.
    distance : float
        Mean distance of a path to the node values it is replaced by, as a share of that to the mean path.
    """

    stage: IntArray
    parent: IntArray
    probability: FloatArray
    edges: IntArray
    values: tuple[FloatArray, ...]
    members: IntArray
    distance: float

    @property
    def leaves(self) -> IntArray:
        """Nodes of the last stage."""
        return np.flatnonzero(self.stage == self.stage.max())

    def path(self, leaf: int) -> FloatArray:
        """Values from the root to a leaf, shape (series, steps)."""
        parts, node = [], int(leaf)
        while node > 0:
            parts.append(self.values[node])
            node = int(self.parent[node])
        return np.concatenate(parts[::-1], axis=1)


def tree(values: FloatArray, edges: Sequence[int], branches: Sequence[int]) -> ScenarioTree:
    """A tree of equally likely paths.

    Parameters
    ----------
    values : array, shape (series, steps, paths)
    edges : sequence of int
        Where stages begin and end: 0, ..., steps.
    branches : sequence of int
        Children of every node in each stage, at most; a node with fewer paths has fewer.

    Raises
    ------
    ValueError
        When edges do not rise from 0 to the number of steps, or there is not one number per stage.

    Examples
    --------
    >>> paths = np.array([[[0.0, 0.0, 1.0, 1.0], [5.0, 7.0, 5.0, 7.0]]])
    >>> found = tree(paths, [0, 1, 2], [2, 2])
    >>> found.probability.tolist(), found.distance
    ([1.0, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25], 0.0)
    """
    series, steps, paths = values.shape
    bounds = np.asarray(edges, dtype=np.int64)
    if bounds[0] != 0 or bounds[-1] != steps or (np.diff(bounds) <= 0).any() or len(branches) != bounds.size - 1:
        raise ValueError(f"edges {list(edges)} must rise from 0 to {steps}, with one number of branches per stage, not {len(branches)}")
    spread = values.std(axis=(1, 2))
    scaled = (values / np.where(spread > 0, spread, 1.0)[:, None, None]).astype(np.float64)
    stage, parent, mass, node_values = [0], [-1], [1.0], [np.empty((series, 0))]
    members = np.zeros((len(branches), paths), dtype=np.int64)
    lost, whole = np.zeros(paths), np.zeros(paths)
    at = np.zeros(paths, dtype=np.int64)
    for k, width in enumerate(branches):
        part = slice(bounds[k], bounds[k + 1])
        points = scaled[:, part].reshape(-1, paths).T
        for node in np.unique(at):
            inside = np.flatnonzero(at == node)
            nearest = reduce(points[inside], width).nearest
            for cluster in range(int(nearest.max()) + 1):
                chosen = inside[nearest == cluster]
                members[k, chosen] = len(stage)
                stage.append(k + 1)
                parent.append(int(node))
                mass.append(chosen.size / paths)
                node_values.append(np.asarray(values[:, part, chosen].mean(axis=2), dtype=np.float64))
                lost[chosen] += ((points[chosen] - points[chosen].mean(axis=0)) ** 2).sum(axis=1)
        whole += ((points - points.mean(axis=0)) ** 2).sum(axis=1)
        at = members[k]
    distance = float(np.sqrt(lost).sum() / max(float(np.sqrt(whole).sum()), 1e-12))
    return ScenarioTree(np.array(stage), np.array(parent), np.array(mass), bounds, tuple(node_values), members, distance)
