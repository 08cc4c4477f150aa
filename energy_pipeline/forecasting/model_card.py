"""The committee of a day as a table: who took part, learnt from what, how good of late, with what weight.

What belongs here: `forecast_models` of D. What does not: forecasts, scores of settled days.

The scores are those the decision knew: the mean absolute error of each member's own forecasts
over the days that weighted the families, all of them settled by then, and what the ensemble would have been over them
without each member or with each challenger (`trials`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.features.groups import switchable
from energy_pipeline.forecasting.committee import seen_by
from energy_pipeline.forecasting.ensemble import LEAST_DAYS, WEIGHT_DAYS, family
from energy_pipeline.forecasting.forecaster import Forecaster
from energy_pipeline.forecasting.joint import Joint
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.past_record import past_record, recent_errors
from energy_pipeline.forecasting.point import can_decide, chosen_members, day_members, raw_ensemble
from energy_pipeline.forecasting.trials import trials
from energy_pipeline.forecasting.tuning import SEARCHED
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

SEEDED = {"xgboost": "0", **dict.fromkeys(("mlp", "mlp_a", "network"), "forecasting/perceptron"), "joint": "forecasting/joint"}
"""Members that draw random numbers, and from which seed (`domain.seeds` names); the others draw none."""


def forecast_models(info: InformationSet, artefacts: ArtefactStore) -> pl.DataFrame:
    """Table forecast_models of D: one row per zone and chosen member, whether it could forecast or not."""
    contract = table("forecast_models")
    rows = [row for zone in info.desk.zones for row in _zone_rows(info, zone, artefacts)]
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), info.day.day)


def _zone_rows(info: InformationSet, zone: str, artefacts: ArtefactStore) -> Iterator[dict[str, Any]]:
    settings = info.desk.forecast
    try:
        today, artefact = day_members(info, zone, 1, artefacts)
        panel = zone_panel(info, zone)
    except ModelUnavailableError:
        return
    repaired = panel.repaired()
    off = [f"group {group} is off" for group in switchable() if group not in settings.features]
    weights = raw_ensemble(info, zone, 1, artefacts).weights if can_decide(info, today) else {}
    sizes = {f: sum(family(m) == f for m in today.values if m not in settings.challengers) for f in weights}
    judged = min(settings.weight_days, settings.error_days)
    past = past_record(info, zone, artefacts, judged + settings.weight_days)
    errors = recent_errors(past, settings.weight_days)
    tried = trials(past.forecasts, past.outcomes, settings.members, judged, min(settings.weight_days, WEIGHT_DAYS), {Joint.name})
    for member in chosen_members(info, zone):
        took_part = member.name in today.values
        own = family(member.name)
        fitted = date.fromisoformat(today.fitted_on[member.name]) if member.name in today.fitted_on else None
        mae, days = errors.get(member.name, (None, 0))
        challenger = member.name in settings.challengers
        early = took_part and own not in weights and not challenger
        unweighed = [f"no weight yet: forecast on {days} of the {LEAST_DAYS} days that earn one"] if early else []
        trial = tried.get(member.name)
        yield {
            "delivery_day": info.day.day,
            "zone": zone,
            "model": member.name,
            "family": own,
            "role": "challenger" if challenger else "member",
            "weight": weights[own] / sizes[own] if took_part and own in weights and not challenger else 0.0,
            "recent_mae_eur_mwh": mae,
            "recent_days": days,
            "trial_days": trial.days if trial else 0,
            "ensemble_mae_eur_mwh": trial.ensemble_mae if trial else None,
            "changed_mae_eur_mwh": trial.changed_mae if trial else None,
            "changed_p": trial.p if trial else None,
            "fitted_for": fitted,
            "training_first_day": max(panel.first_day, fitted - timedelta(days=member.window_days)) if fitted else None,
            "training_last_day": fitted - timedelta(days=1) if fitted else None,
            "exogenous_columns": int(panel.exog.shape[0]),
            "features": " ".join(seen_by(member, panel, repaired).names),
            "left_out": "; ".join([*off, *(n for n in seen_by(member, panel, repaired).notes if n.startswith("input "))]),
            "settings": _settings(member),
            "settings_from": settings_from(info, zone, member.name),
            "seed": SEEDED.get(member.name, ""),
            "artefact": artefact,
            "note": "; ".join([*unweighed, *(n for n in today.notes if n.startswith(f"without {member.name}: ") or f" {member.name} " in n)]),
        }


def settings_from(info: InformationSet, zone: str, member: str) -> str:
    """Where the searched settings of a member come from on D."""
    if member not in SEARCHED:
        return ""
    training = info.training
    if training is not None and member in training[1].get(zone, {}):
        return f"trained on {training[0]}"
    return "desk" if set(SEARCHED[member]) <= set(info.desk.forecast.overrides.get(member, {})) else "declared: no training is found"


def _settings(member: Forecaster) -> str:
    """Hyper-parameters as `name=value`, in their order of declaration."""
    return " ".join(f"{f.name}={getattr(member, f.name)}" for f in fields(member) if f.repr)  # type: ignore[arg-type]
