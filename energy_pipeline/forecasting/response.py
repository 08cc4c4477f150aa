"""How a member's forecast answers to its inputs: what explanations need of any member.

What belongs here: the response of a fitted member as a function of the target's inputs, and contributions by feature that
add up. What does not: members, the trees' own explanation and the table (`explain`).

Definition. From the typical inputs of the window to the day's, one feature after the other, once in the order of the inputs and once
in the reverse; a feature's contribution is the mean of its two steps. So contributions of an hour and the forecast at typical inputs
add up to the member's price whatever its form; for a linear response they are coefficient times departure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.panel import Panel


@dataclass(frozen=True)
class Response:
    """A fitted member as a function of the target's inputs.

    Attributes
    ----------
    prices : callable
        Inputs, shape (m, p), to prices [EUR/MWh], shape (m, slots).
    inputs, typical : array, shape (p,)
        Of the target, and of the window in the mean.
    owners : tuple of str, length p
        Feature (column of `price_features`) of each input.
    """

    prices: Callable[[FloatArray], FloatArray]
    inputs: FloatArray
    typical: FloatArray
    owners: tuple[str, ...]


def input_owners(panel: Panel) -> tuple[str, ...]:
    """Feature of each column of `panel.inputs` and of the seven weekday indicators behind them."""
    return (*(name for name, width, _ in panel.blocks for _ in range(width)), *["weekday"] * 7)


def contributions(response: Response) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Features, their contributions, shape (slots, features), and the forecast at typical inputs, shape (slots,) [EUR/MWh].

    Examples
    --------
    >>> line = Response(lambda x: x @ np.array([[2.0], [3.0]]), np.array([5.0, 7.0]), np.array([1.0, 1.0]), ("a", "b"))
    >>> names, parts, typical = contributions(line)
    >>> names, parts.tolist(), typical.tolist()
    (('a', 'b'), [[8.0, 18.0]], [5.0])
    """
    names = tuple(dict.fromkeys(response.owners))
    owner = np.array([names.index(name) for name in response.owners])
    rows = [response.typical]
    for order in (range(len(names)), reversed(range(len(names)))):
        row = response.typical
        for feature in order:
            row = np.where(owner == feature, response.inputs, row)
            rows.append(row)
    found = response.prices(np.array(rows))
    typical, ahead, back = found[0], found[1 : len(names) + 1], found[len(names) + 1 :]
    steps = np.diff(np.vstack([typical, ahead]), axis=0), np.diff(np.vstack([typical, back]), axis=0)[::-1]
    return names, (0.5 * (steps[0] + steps[1])).T, typical
