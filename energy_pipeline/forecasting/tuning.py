"""The training job of settings: orders of SARIMAX, depth and rate of the trees, and the table of what a decision used.

What belongs here: what is searched for a zone on one day's information, and `forecast_tuning` of D. What does not: folds and their errors
(`cross_validation`), the search of orders (`sarimax`), where the result lies (`lake.trained`).

The search of a day looks at what decide(day) may see and nothing else. A setting the desk file names itself is pinned and not
searched. Without a training the declared settings hold, and the table says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.features.threads import one_thread
from energy_pipeline.forecasting.committee import MEMBERS
from energy_pipeline.forecasting.cross_validation import cross_validate, fold_spans
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.quarters import HOURS, hourly_panel
from energy_pipeline.forecasting.sarimax import search
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.trained import Found

TREES_GRID: dict[str, Sequence[float]] = {"depth": (4, 6), "rate": (0.05, 0.1), "least_weight": (5.0, 20.0)}
ORDERS = ("p", "d", "q", "seasonal_p", "seasonal_q")
SEARCHED = {"xgboost": tuple(TREES_GRID), "sarimax": ORDERS}
"""Settings that are searched, by member."""
FOLDS, FOLD_DAYS, GAP_DAYS = 3, 7, 21

Tell = Callable[[str], None]


def tune(info: InformationSet, tell: Tell = lambda _: None) -> dict[str, dict[str, Found]]:
    """Search the settings of every zone on what decide(D) may see.

    Parameters
    ----------
    info : InformationSet
    tell : callable
        Called with a sentence after each search, also where one was not possible.

    Returns
    -------
    mapping of zone to mapping of member to Found
        Only members the desk chose, and only what could be searched.
    """
    found: dict[str, dict[str, Found]] = {}
    for zone in info.desk.zones:
        for member in SEARCHED:
            if member not in info.desk.forecast.every_member:
                continue
            try:
                panel = zone_panel(info, zone).repaired()
                with one_thread():
                    own = _trees(info, panel) if member == "xgboost" else _orders(panel)
            except ModelUnavailableError as reason:
                tell(f"{zone} {member}: not searched, {reason}")
                continue
            found.setdefault(zone, {})[member] = own
            said = " ".join(f"{k}={v:g}" for k, v in own.settings.items())
            tell(f"{zone} {member}: {said}, {own.criterion} {own.value:.3f}")
    return found


def _trees(info: InformationSet, panel: Panel) -> Found:
    """The settings with the least mean absolute error over three weeks, each forecast by trees grown before it."""
    hourly = hourly_panel(panel) if panel.slots > HOURS else panel
    pinned = info.desk.forecast.overrides.get("xgboost", {})
    declared = {f.name: f.default for f in fields(MEMBERS["xgboost"]()) if f.name in TREES_GRID}  # type: ignore[arg-type]
    grid = {name: (pinned[name],) if name in pinned else values for name, values in TREES_GRID.items()}
    grid |= {name: (value,) for name, value in pinned.items() if name not in grid}
    tried = cross_validate(hourly, "xgboost", grid, fold_spans(panel.origin, FOLDS, FOLD_DAYS, GAP_DAYS))
    best = tried[0]
    usual = next((c.mae_eur_mwh for c in tried if all(c.settings[n] == v for n, v in declared.items())), None)
    return Found({n: best.settings[n] for n in TREES_GRID}, "mae_eur_mwh", best.mae_eur_mwh, usual, {"candidates": float(len(tried))})


def _orders(panel: Panel) -> Found:
    hourly = hourly_panel(panel) if panel.slots > HOURS else panel
    best = search(hourly)
    bic_order = {f"bic_{name}": float(value) for name, value in zip(ORDERS, best.bic_order, strict=True)}
    facts = {"bic": best.bic, "adf_statistic": best.adf_statistic, "adf_p_value": best.adf_p_value, **bic_order}
    return Found(dict(zip(ORDERS, best.order, strict=True)), "aic", best.aic, best.declared_aic, facts)


def forecast_tuning(info: InformationSet) -> pl.DataFrame:
    """Table forecast_tuning of D: every searched setting of every chosen member, and where its value comes from."""
    contract = table("forecast_tuning")
    rows = [row for zone in info.desk.zones for row in _rows(info, zone)]
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), info.day.day)


def _rows(info: InformationSet, zone: str) -> Iterator[dict[str, Any]]:
    day, zones = info.training or (None, {})
    for member in (m for m in SEARCHED if m in info.desk.forecast.every_member):
        pinned, own = info.desk.forecast.overrides.get(member, {}), zones.get(zone, {}).get(member)
        declared = MEMBERS[member]()
        for name in SEARCHED[member]:
            trained = None if own is None else own.settings.get(name)
            source = "desk" if name in pinned else "trained" if trained is not None else "declared"
            value = pinned[name] if name in pinned else getattr(declared, name) if trained is None else trained
            said = own if source == "trained" else None
            facts = said.facts if said else {}
            yield {
                "delivery_day": info.day.day,
                "zone": zone,
                "model": member,
                "setting": name,
                "value": float(value),
                "declared_value": float(getattr(declared, name)),
                "source": source,
                "trained_on": day if said else None,
                "criterion": said.criterion if said else "",
                "criterion_value": said.value if said else None,
                "declared_criterion_value": said.declared_value if said else None,
                **{k: facts.get(k) for k in ("bic", "adf_statistic", "adf_p_value")},
                "bic_value": facts.get(f"bic_{name}"),
            }
