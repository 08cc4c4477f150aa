"""The members of the ensemble and one day's forecasts by each of them.

What belongs here: the list of members by name, who can take part in a history, fits by
block day, what happens when a member fails. What does not: the models, weights, quantiles.

Rules. A member whose `history_days` exceed the known history is left out. Where a fit fails,
the one of the block before stands in, at most 31 days old, and the notes say so. A member for which that fails too, or whose
prediction fails or gives a value that is not finite, is left out for that day and
named in the notes. Forecasts are kept within the range of the panel's prices, widened by
half of it, so that one wild member cannot carry the mean away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.features.threads import one_thread
from energy_pipeline.forecasting.forecaster import Forecaster, WarmStarted, fit_day
from energy_pipeline.forecasting.joint import Joint
from energy_pipeline.forecasting.kernel_ridge import KernelRidge
from energy_pipeline.forecasting.lear import Lear
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.perceptron import Perceptron
from energy_pipeline.forecasting.quarters import HOURS, hourly_panel, shaped
from energy_pipeline.forecasting.sarimax import Sarimax
from energy_pipeline.forecasting.trees import Trees

NETWORK_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

MEMBERS: dict[str, Callable[[], Forecaster]] = {
    "lear_56": lambda: Lear(56),
    "lear_84": lambda: Lear(84),
    "lear_364": lambda: Lear(364),
    "lear_728": lambda: Lear(728),
    "lear_1092": lambda: Lear(1092),
    "lear_1456": lambda: Lear(1456),
    "krr_364": lambda: KernelRidge(364),
    "krr_728": lambda: KernelRidge(728),
    "krr_1456": lambda: KernelRidge(1456),
    "krr_364a": lambda: KernelRidge(364, adaptive=True),
    "krr_728a": lambda: KernelRidge(728, adaptive=True),
    "krr_1456a": lambda: KernelRidge(1456, adaptive=True),
    "xgboost": Trees,
    "mlp": lambda: Perceptron(refit_days=14),
    "mlp_a": lambda: Perceptron(refit_days=14, adaptive=True),
    "network": lambda: Perceptron(adaptive=True, levels=NETWORK_LEVELS, restart_days=28, batch=64, rate=3e-3, decay=0.45),
    "sarimax": Sarimax,
    "joint": Joint,
}
"""Every member by the name used in desk files and on the command line."""

DEFAULT_MEMBERS = ("lear_56", "lear_84", "krr_1456", "xgboost", "network")

FIT_FAILURES = (ModelUnavailableError, np.linalg.LinAlgError)

LAST_FIT_DAYS = 31
"""An older fit does not stand in: a desk loads no more history than that beyond the windows."""

Fit = Callable[[Forecaster, Panel], bytes]
"""How fitted parameters are come by: from a store, or by calling `fit` on the panel."""


@dataclass(frozen=True)
class MemberForecasts:
    """What each member says about one day.

    Attributes
    ----------
    values : mapping of member to array, shape (slots,)
        Only members that could forecast [EUR/MWh].
    notes : tuple of str
        Who could not and why, and what was repaired in the inputs.
    fitted_on : mapping of member to str
        The day whose history its parameters come from.
    """

    values: Mapping[str, FloatArray]
    notes: tuple[str, ...]
    fitted_on: Mapping[str, str] = field(default_factory=dict)


def members(names: Sequence[str], overrides: Mapping[str, Mapping[str, float]] | None = None) -> list[Forecaster]:
    """The members of that name.

    Parameters
    ----------
    names : sequence of str
    overrides : mapping of member to mapping of setting to value, optional
        Settings other than the member's own, e.g. {"xgboost": {"refit_days": 28}}.

    Raises
    ------
    ValueError
        Naming every unknown member or setting.
    """
    unknown = [n for n in names if n not in MEMBERS]
    if unknown:
        raise ValueError(f"unknown models: {', '.join(unknown)}; there are {', '.join(MEMBERS)}")
    chosen = [MEMBERS[n]() for n in names]
    wanted = overrides or {}
    wrong = [f"{m.name}.{key}" for m in chosen for key in wanted.get(m.name, {}) if key not in {f.name for f in fields(m)}]  # type: ignore[arg-type]
    if wrong:
        raise ValueError(f"unknown settings: {', '.join(wrong)}")
    changed = [replace(m, **wanted.get(m.name, {})) for m in chosen]  # type: ignore[type-var]
    renamed = [f"{old.name} to {new.name}" for old, new in zip(chosen, changed, strict=True) if old.name != new.name]
    if renamed:
        raise ValueError(f"overrides must not change what a name means: {', '.join(renamed)}")
    return changed


def forecast_members(panel: Panel, chosen: Sequence[Forecaster], panel_of: Callable[[date], Panel], fit: Fit) -> MemberForecasts:
    """Every member's forecast of the panel's target.

    Parameters
    ----------
    panel : Panel
        As known at the origin, not repaired.
    chosen : sequence of Forecaster
    panel_of : callable
        The panel of an earlier origin, for fits that are not made every day.
    fit : callable
        Gives the parameters of a member for a repaired panel.
    """
    own = _repaired(panel)
    finer = own.slots > HOURS
    values: dict[str, FloatArray] = {}
    fitted: dict[str, str] = {}
    notes = list(own.notes)
    # One thread: the same bits on every machine, and small matrices gain nothing from more.
    with one_thread():
        for member in chosen:
            try:
                found, fitted_on = _forecast(seen_by(member, panel, own), member, panel_of, fit)
                values[member.name] = shaped(own, found) if finer else found
                fitted[member.name] = fitted_on.isoformat()
                if fitted_on < fit_day(own.origin, member.refit_days):
                    notes.append(f"the last fit of {member.name}, of {fitted_on}, stands in")
            except FIT_FAILURES as reason:
                notes.append(f"without {member.name}: {reason}")
    return MemberForecasts(values, tuple(notes), fitted)


def seen_by(member: Forecaster, panel: Panel, repaired: Panel) -> Panel:
    """The repaired history a member learns from, by the hour.

    An input too little known over the whole history may be known well enough over a shorter window.
    Finer markets are forecast by the hour and shaped inside it: four times the cost buys no better hour.
    """
    if repaired.exog.shape[0] < panel.exog.shape[0] and member.window_days < panel.days:
        repaired = panel.cut(member.window_days).repaired()
    return _hourly(repaired) if repaired.slots > HOURS else repaired


@lru_cache(maxsize=8)
def _repaired(panel: Panel) -> Panel:
    """The panel without NaN; several members share the day's, and that of the day they were fitted on."""
    return panel.repaired()


@lru_cache(maxsize=8)
def _hourly(panel: Panel) -> Panel:
    return hourly_panel(panel)


def member_basis(panel: Panel, member: Forecaster, panel_of: Callable[[date], Panel]) -> tuple[Panel, Panel]:
    """What a member sees today, and the history its parameters come from; as `forecast_members`.

    Raises
    ------
    ModelUnavailableError
        When the history is shorter than the member needs.
    """
    today = seen_by(member, panel, _repaired(panel))
    _long_enough(today, member)
    return today, _basis(today, member, panel_of)


def _long_enough(today: Panel, member: Forecaster) -> None:
    if today.days < member.history_days:
        raise ModelUnavailableError(f"{today.days} days of history, {member.history_days} are needed")


def _forecast(today: Panel, member: Forecaster, panel_of: Callable[[date], Panel], fit: Fit) -> tuple[FloatArray, date]:
    _long_enough(today, member)
    basis = _basis(today, member, panel_of)
    try:
        fitted = chained_fit(member, basis, panel_of, fit)
    except FIT_FAILURES as reason:
        basis, fitted = _last_fit(today, member, panel_of, fit, basis, reason)
    found = member.predict(today, fitted)
    if not np.isfinite(found).all():
        raise ModelUnavailableError("its forecast is not finite")
    low, high = float(today.prices.min()), float(today.prices.max())
    margin = max((high - low) / 2, 1.0)
    return np.asarray(np.clip(found, low - margin, high + margin)), basis.origin


def _last_fit(today: Panel, member: Forecaster, panel_of: Callable[[date], Panel], fit: Fit, failed: Panel, reason: Exception) -> tuple[Panel, bytes]:
    """The fit of the block before the one that failed, while that is still a fit of the same inputs."""
    earlier = failed.origin - timedelta(days=1)
    block = fit_day(earlier, member.refit_days)
    if (block - today.first_day).days < member.history_days or (today.origin - block).days > LAST_FIT_DAYS:
        raise reason
    history = panel_of(block)
    basis = seen_by(member, history, _repaired(history))
    if basis.exog.shape[0] != today.exog.shape[0]:
        raise reason
    return basis, chained_fit(member, basis, panel_of, fit)


def chained_fit(member: Forecaster, basis: Panel, panel_of: Callable[[date], Panel], fit: Fit) -> bytes:
    """Parameters for a history; of a model with warm starts the end of the chain of fits since it last began anew.

    The chain hangs on the calendar and on what was known on its days, so that a day alone gives what a range gives.
    """
    # Asking for the setting first: asking for the protocol looks at every member's every name, each day.
    if not getattr(member, "restart_days", 0) or not isinstance(member, WarmStarted) or basis.origin != fit_day(basis.origin, member.refit_days):
        return fit(member, basis)
    block = fit_day(basis.origin, member.restart_days)
    earlier = b""
    while block < basis.origin:
        earlier = _link(member, block, basis, panel_of, fit, earlier)
        block += timedelta(days=member.refit_days)
    return fit(member.after(earlier), basis)


def _link(member: WarmStarted, block: date, basis: Panel, panel_of: Callable[[date], Panel], fit: Fit, earlier: bytes) -> bytes:
    """The fit of one day of the chain; nothing where there was too little or something else to learn from: the next begins anew."""
    if (block - basis.first_day).days < member.history_days:
        return b""
    try:
        history = panel_of(block)
        seen = seen_by(member, history, _repaired(history))
        return fit(member.after(earlier), seen) if seen.exog.shape[0] == basis.exog.shape[0] else b""
    except FIT_FAILURES:
        return b""


def _basis(today: Panel, member: Forecaster, panel_of: Callable[[date], Panel]) -> Panel:
    """The history the member's parameters come from: that of its block day, today's where that is too short or has other inputs."""
    block = fit_day(today.origin, member.refit_days)
    if block == today.origin or (block - today.first_day).days < member.history_days:
        return today
    try:
        history = panel_of(block)
    except ModelUnavailableError:
        return today
    earlier = seen_by(member, history, _repaired(history))
    return earlier if earlier.exog.shape[0] == today.exog.shape[0] else today
