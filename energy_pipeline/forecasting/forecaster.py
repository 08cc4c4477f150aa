"""What every price model offers: fit on what was known, predict one day.

What belongs here: the protocol and the rule on which days a model is fitted anew. What
does not: models, or what happens when one fails.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol, runtime_checkable

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.response import Response

NOTHING = b"{}"
"""What a member that keeps nothing between days gives as its parameters; no artefact is written for it."""


class Forecaster(Protocol):
    """A price model.

    Attributes
    ----------
    name : str
        As in the desk file and in forecast tables.
    history_days : int
        Fewest days of history it works with; with fewer the model is left out.
    window_days : int
        Days of history it reads at most.
    refit_days : int
        Parameters are fitted anew every so many days.
    """

    @property
    def name(self) -> str:
        """As in the desk file and in forecast tables."""
        ...

    @property
    def history_days(self) -> int:
        """Fewest days of history it works with."""
        ...

    @property
    def window_days(self) -> int:
        """Days of history it reads at most."""
        ...

    @property
    def refit_days(self) -> int:
        """Days between fits."""
        ...

    def fit(self, panel: Panel) -> bytes:
        """Parameters learnt from a repaired panel; a pure function of it.

        Raises
        ------
        ModelUnavailableError
            When the panel is too poor to learn from.
        """
        ...

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """Prices of the panel's target [EUR/MWh], shape (slots,), with parameters of this or an earlier origin.

        Raises
        ------
        ModelUnavailableError
        """
        ...


@runtime_checkable
class WarmStarted(Forecaster, Protocol):
    """A model whose fits go on from the fit before, and begin anew on days that the calendar alone decides."""

    @property
    def restart_days(self) -> int:
        """Days between fits that begin anew, a multiple of `refit_days`; 0: every fit does."""
        ...

    def after(self, earlier: bytes) -> Forecaster:
        """The model that goes on from an earlier fit, nothing for none; its `repr` tells from which."""
        ...


@runtime_checkable
class Responding(Protocol):
    """A member that says how its forecast answers to its inputs; all but the trees, which are explained exactly."""

    def response(self, panel: Panel, fitted: bytes) -> Response:
        """The forecast as a function of the target's inputs, for its explanation.

        Raises
        ------
        ModelUnavailableError
        """
        ...


def fit_day(day: date, refit_days: int) -> date:
    """The day on which the parameters used on `day` were fitted.

    A function of the date alone, so that a day gives the same alone and inside a range.

    >>> fit_day(date(2019, 4, 5), 7), fit_day(date(2019, 4, 8), 7)
    (datetime.date(2019, 3, 31), datetime.date(2019, 4, 7))
    """
    return day - timedelta(days=day.toordinal() % refit_days)
