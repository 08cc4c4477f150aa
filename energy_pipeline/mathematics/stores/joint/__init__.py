"""One book: hedges and the use of flexible assets under one mean-CVaR objective.

    max over hedges w and usage policies theta of  E[P&L(w, theta)] - lambda CVaR_alpha(-P&L(w, theta))

under position, factor-exposure, gross, margin and physical limits.

What belongs here: the problem (`problem`), the master programme (`master`), columns made of
policies (`columns`, `rights`), the search (`book`), the exact programme of small cases (`extensive`), the
desk's own day (`day`). What does not: how a store is operated (`flexibility`), the day's bids
(`portfolio.decision`). It is a part of portfolio rather than of flexibility because what it
decides is positions, and it stands on both: the P&L and tail measures of this stage, and the
policies of the stage before it.
"""

from energy_pipeline.mathematics.stores.joint.book import JointBook, joint_book, risk_frontier, sequential_book
from energy_pipeline.mathematics.stores.joint.columns import SchedulePolicies, SequentialPolicies
from energy_pipeline.mathematics.stores.joint.problem import Contracts, JointProblem, Limits
from energy_pipeline.mathematics.stores.joint.rights import SwingPolicies, TollingPolicies

__all__ = [
    "Contracts",
    "JointBook",
    "JointProblem",
    "Limits",
    "SchedulePolicies",
    "SequentialPolicies",
    "SwingPolicies",
    "TollingPolicies",
    "joint_book",
    "risk_frontier",
    "sequential_book",
]
