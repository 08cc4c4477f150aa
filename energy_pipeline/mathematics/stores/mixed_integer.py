"""Mixed-integer programmes of stores, solved with an end to the search.

What belongs here: the one call of HiGHS for programmes with binaries, and how far it searches. What does not: the programmes
themselves (`milp`, `services`).

Where most prices of a day lie below zero, burning energy pays in nearly every interval, and hundreds of schedules lie within cents of
each other: the best is found within a second, its proof takes minutes (a day of 96 quarter-hours at -190 to -91 EUR/MWh: the best after
50 nodes and 0.8 s, a bound 5e-5 of the value above it; not proven after five minutes). So the search ends after `NODES` nodes, counted
and not timed, and what is given is the best schedule found.
"""

from __future__ import annotations

from typing import Any

NODES = 500
"""Nodes of the search tree after which the best schedule found is taken."""
NODE_LIMIT_STATUS = 4
"""What scipy 1.17 gives when HiGHS ends at its node limit, though it documents 1."""


def solved(costs: Any, constraints: Any, bounds: Any, kinds: Any, gap: float) -> Any:  # noqa: ANN401 - scipy has no types
    """Result of `scipy.optimize.milp`, with status 0 also where the search ended at the node limit with a schedule.

    Parameters
    ----------
    gap : float
        Relative distance to the bound at which the search may end before.
        What was reached is `mip_gap` of the result.

    Examples
    --------
    >>> from scipy.optimize import Bounds, LinearConstraint
    >>> found = solved([-1.0], [LinearConstraint([[2.0]], -float("inf"), [3.0])], Bounds(0, 9), [1], 1e-9)
    >>> found.status, found.x.tolist(), found.mip_gap
    (0, [1.0], 0.0)
    """
    from scipy.optimize import milp

    found = milp(costs, constraints=constraints, bounds=bounds, integrality=kinds, options={"mip_rel_gap": gap, "node_limit": NODES})
    if found.status in (1, NODE_LIMIT_STATUS) and found.x is not None:
        found.status, found.success = 0, True
    elif found.status in (1, NODE_LIMIT_STATUS):  # no schedule within the limit: a rare programme, searched to its first one
        found = milp(costs, constraints=constraints, bounds=bounds, integrality=kinds, options={"mip_rel_gap": 1.0})
    return found
