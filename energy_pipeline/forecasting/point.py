"""Point forecasts of one zone: the committee's members, the ensemble, the naive, the second price.

What belongs here: the day's members, their ensemble, the drift alarm's fallback. What does not: models, quantiles,
tables, how values of past days are kept (`past_values`).

Chain of fallbacks, each named in `fallback`: all members; the members that could; the
seasonal naive, also when the ensemble earned a battery no more than the naive on 20 days running.
The second price is the day-ahead forecast plus the expected spread (`second_price`); its naive
is the day-ahead naive.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.committee import MemberForecasts, forecast_members, members
from energy_pipeline.forecasting.ensemble import LEAST_DAYS
from energy_pipeline.forecasting.forecaster import NOTHING, Forecaster
from energy_pipeline.forecasting.joint import UNTRAINED, Joint
from energy_pipeline.forecasting.market import day_prices, zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError, PointForecast, within_limits
from energy_pipeline.forecasting.naive import naive
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.past_values import KeptMembers, past_members, past_plan, past_point
from energy_pipeline.forecasting.quarters import HOURS
from energy_pipeline.forecasting.second_price import NOTHING as NOTHING_KNOWN
from energy_pipeline.forecasting.second_price import expected_spread
from energy_pipeline.forecasting.value import ALARM_DAYS, drift_alarm, reference_schedule
from energy_pipeline.forecasting.walk import PointDay, ensemble_day
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore, Bundle, artefact_key
from energy_pipeline.information.resolution import by_slot, convert

VERSION = "committee-1"
ALARM = f"drift alarm: on {ALARM_DAYS} days running the ensemble earned a battery less than the naive"
LATER_MEMBERS = ("lear_84", "krr_364", "krr_364a")
"""Members for the days after D: quick ones, for every one of them is needed on every past day."""


def ensemble(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> PointDay:
    """The ensemble of the day `lead - 1` after D, by wall-clock slot, made at D's decision time.

    Raises
    ------
    ModelUnavailableError
        When not even the naive is possible.
    """
    return info.kept("ensemble", zone, lead, make=lambda: _ensemble(info, zone, lead, artefacts))


def day_members(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> tuple[MemberForecasts, str]:
    """Every member's forecast by wall-clock slot and their content hash."""
    make, past = (lambda: _day_members(info, zone, lead, artefacts)), (lambda: past_members(info, zone, lead))
    found = info.kept("price_members", zone, lead, make=make, past=past)
    return found.forecasts, found.content


def point(info: InformationSet, zone: str, model: str, lead: int, artefacts: ArtefactStore) -> PointForecast:
    """One model's forecast by interval of the target day.

    Raises
    ------
    ModelUnavailableError
        When the model, or for the ensemble everything, is unavailable.
    """
    target = info.day.shift(lead - 1)
    if model == "naive":
        return naive(info, zone, target)
    slots = target.slots(info.desk.zones[zone].resolution_minutes(target.day))
    if model == "ensemble":
        found = ensemble(info, zone, lead, artefacts)
        return PointForecast(within_limits(info, zone, "day_ahead", found.values)[slots], found.fallback, _artefact(info, zone, lead, artefacts))
    today, artefact = day_members(info, zone, lead, artefacts)
    if model not in today.values:
        raise ModelUnavailableError("; ".join(n for n in today.notes if n.startswith(f"without {model}:")) or f"{model} is not selected")
    return PointForecast(within_limits(info, zone, "day_ahead", today.values[model])[slots], "", artefact)


def second_point(info: InformationSet, zone: str, model: str, artefacts: ArtefactStore) -> PointForecast:
    """Second price of D by interval: the day-ahead forecast plus the expected spread; the naive's is the day-ahead naive.

    Raises
    ------
    ModelUnavailableError
    """
    base = point(info, zone, model, 1, artefacts)
    if model == "naive":
        return base
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    spread = expected_spread(info, zone)
    notes = [note for note in (base.fallback, "" if spread.known else NOTHING_KNOWN) if note]
    values = base.values + spread.by_slot(minutes)[info.day.slots(minutes)]
    return PointForecast(within_limits(info, zone, "second", values), "; ".join(notes), base.artefact)


def _artefact(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> str:
    try:
        return day_members(info, zone, lead, artefacts)[1]
    except ModelUnavailableError:
        return ""


def _ensemble(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> PointDay:
    try:
        today, _ = day_members(info, zone, lead, artefacts)
    except ModelUnavailableError as reason:
        return _stand_in(info, zone, lead, str(reason))
    if not can_decide(info, today):
        return _stand_in(info, zone, lead, "; ".join(today.notes) or "no model is selected")
    if lead == 1 and _alarmed(info, zone, artefacts):
        return _stand_in(info, zone, lead, ALARM)
    return raw_ensemble(info, zone, lead, artefacts)


def can_decide(info: InformationSet, today: MemberForecasts) -> bool:
    """Whether a member forecast the day: challengers decide nothing, also when they are alone."""
    return any(m not in info.desk.forecast.challengers for m in today.values)


def raw_ensemble(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> PointDay:
    """The ensemble whatever the drift alarm says.

    Raises
    ------
    ModelUnavailableError
        When no member could forecast.
    """
    return info.kept("raw_ensemble", zone, lead, make=lambda: _raw_ensemble(info, zone, lead, artefacts), past=lambda: past_point(info, zone, lead))


def _raw_ensemble(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> PointDay:
    target = info.day.shift(lead - 1)
    today, _ = day_members(info, zone, lead, artefacts)
    if not can_decide(info, today):
        raise ModelUnavailableError("; ".join(today.notes) or "no member forecast, only challengers did")
    # Later days are weighted alike: their members would be needed on every past day of every past day.
    days = past_days(info, lead, info.desk.forecast.weight_days if lead == 1 else 1)
    slots = next(iter(today.values.values())).size
    past = [{m: on_slots(v, slots) for m, v in _members_or_none(info.at(d), zone, lead, artefacts).items()} for d in days]
    deciding = {m: v for m, v in today.values.items() if m not in info.desk.forecast.challengers}
    # A network that was trained only now has no past to be weighed by: it is published, and has no weight yet.
    weighed = {m: v for m, v in deciding.items() if m != Joint.name or sum(m in d for d in past) >= LEAST_DAYS} or deciding
    of_challengers = tuple(start for m in info.desk.forecast.challengers for start in (f"without {m}:", f"the last fit of {m},"))
    notes = [note for note in today.notes if not note.endswith(UNTRAINED) and not note.startswith(of_challengers)]
    return ensemble_day(target.day, weighed, past, outcomes(info, zone, "day_ahead_prices", days, lead), notes)


def _alarmed(info: InformationSet, zone: str, artefacts: ArtefactStore) -> bool:
    """Whether the ensemble earned the reference battery less than the naive over the last 20 known days."""
    days = past_days(info, 1, ALARM_DAYS)
    plans = [(_plan(info.at(d), zone, "ensemble", artefacts), _plan(info.at(d), zone, "naive", artefacts)) for d in days]
    if any(plan is None for pair in plans for plan in pair):
        return False
    came = outcomes(info, zone, "day_ahead_prices", days, 1)
    earned = [[float(row @ on_slots(plan, row.size)) for plan in pair if plan is not None] for row, pair in zip(came, plans, strict=True)]
    model, simple = np.array(earned).T
    return drift_alarm(model, simple)


def _plan(info: InformationSet, zone: str, model: str, artefacts: ArtefactStore) -> FloatArray | None:
    """The reference battery's schedule on that forecast of D by hour; None where there was no forecast."""

    def make() -> FloatArray | None:
        try:
            if model == "ensemble":
                values = raw_ensemble(info, zone, 1, artefacts).values
            else:
                minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
                values = spring_filled(by_slot(naive(info, zone, info.day).values, info.day, minutes))
        except ModelUnavailableError:
            return None
        return reference_schedule(on_slots(values, HOURS))

    return info.kept("reference_plan", zone, model, make=make, past=lambda: past_plan(info, zone))


def past_days(info: InformationSet, lead: int, count: int) -> list[date]:
    """The last `count` days whose own forecast of that lead has its outcome known at D: all prices through D-1 are."""
    last = info.day.day - timedelta(days=lead)
    return [last - timedelta(days=i) for i in reversed(range(count))]


def outcomes(info: InformationSet, zone: str, table: str, decisions: Sequence[date], lead: int) -> FloatArray:
    """What came on the targets of past decisions, by slot of the target of D, shape (len(decisions), slots)."""
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day + timedelta(days=lead - 1))
    return day_prices(info, zone, table, decisions[0] + timedelta(days=lead - 1), len(decisions), minutes)


def spring_filled(values: FloatArray) -> FloatArray:
    """Values by slot with the slots that spring skips interpolated."""
    known = np.isfinite(values)
    return np.interp(np.arange(values.size), np.flatnonzero(known), values[known])


def on_slots(values: FloatArray, slots: int) -> FloatArray:
    """Values of a day's slots on another number of slots: a market's unit may have changed since."""
    return convert(values, 1440 // values.shape[-1], 1440 // slots)


def _members_or_none(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> dict[str, FloatArray]:
    try:
        return dict(day_members(info, zone, lead, artefacts)[0].values)
    except ModelUnavailableError:
        return {}


def _stand_in(info: InformationSet, zone: str, lead: int, reasons: str) -> PointDay:
    target = info.day.shift(lead - 1)
    simple = naive(info, zone, target)
    minutes = info.desk.zones[zone].resolution_minutes(target.day)
    values = spring_filled(by_slot(simple.values, target, minutes))
    note = f"; {simple.fallback}" if simple.fallback else ""
    return PointDay(target.day, values, {}, {}, {}, f"naive stands in ({reasons}{note})")


def chosen_members(info: InformationSet, zone: str, lead: int = 1) -> list[Forecaster]:
    """The members the desk chose for a lead day, with its settings; those it does not name as the newest training job found them for the zone."""
    settings = info.desk.forecast
    overrides = {name: dict(own) for name, own in settings.overrides.items()}
    for name, found in (info.training or (None, {}))[1].get(zone, {}).items():
        overrides[name] = {**found.settings, **overrides.get(name, {})}
    chosen = members(settings.every_member if lead == 1 else LATER_MEMBERS, overrides)
    return [replace(m, zone=zone, network=info.network()) if isinstance(m, Joint) else m for m in chosen]


def fitted_member(zone: str, member: Forecaster, basis: Panel, lead: int, artefacts: ArtefactStore, *, anew: bool = True) -> bytes:
    """The member's parameters for a history, from the store or fitted now; nothing is stored for a member that keeps nothing.

    Raises
    ------
    ModelUnavailableError
        With `anew=False` where the store has none: an earlier fit stands in, or the member is left out.
    """
    own = artefact_key(f"{VERSION}|{member}|{lead}|{basis.digest}")
    bundle = Bundle(zone, basis.origin)
    stored = artefacts.get(bundle, member.name, own)
    if stored is not None:
        return stored
    if not anew:
        raise ModelUnavailableError(f"no fit of {basis.origin} is there, and none is made (forecast.new_fits)")
    made = member.fit(basis)
    if made != NOTHING:
        artefacts.put(bundle, member.name, own, made)
    return made


def _day_members(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> KeptMembers:
    chosen = chosen_members(info, zone, lead)
    panel = zone_panel(info, zone, lead)
    fits: dict[Bundle, None] = {}

    def fit(member: Forecaster, basis: Panel) -> bytes:
        found = fitted_member(zone, member, basis, lead, artefacts, anew=info.desk.forecast.new_fits)
        if found != NOTHING:
            fits[Bundle(zone, basis.origin)] = None
        return found

    found = forecast_members(panel, chosen, lambda d: zone_panel(info.at(d), zone, lead), fit)
    trained = {m.name: m.network.day.isoformat() for m in chosen if isinstance(m, Joint) and m.network and m.name in found.values}
    found = replace(found, fitted_on={**found.fitted_on, **trained})
    content = hashlib.blake2b(_described(found, zone, panel, chosen), digest_size=8).hexdigest()
    return KeptMembers(found, content, [bundle.name for bundle in fits])


def _described(found: MemberForecasts, zone: str, panel: Panel, chosen: Sequence[Forecaster]) -> bytes:
    about = {
        "zone": zone,
        "target": panel.target.isoformat(),
        "lead": panel.lead,
        "training_span": [panel.first_day.isoformat(), (panel.origin - timedelta(days=1)).isoformat()],
        "exogenous_columns": int(panel.exog.shape[0]),
        "members": {m.name: {"settings": repr(m), "fitted_on": fitted} for m in chosen if (fitted := found.fitted_on.get(m.name))},
        "notes": found.notes,
    }
    buffer = io.BytesIO()
    np.savez(buffer, about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8), **{f"member|{k}": v for k, v in found.values.items()})  # type: ignore[arg-type]
    return buffer.getvalue()
