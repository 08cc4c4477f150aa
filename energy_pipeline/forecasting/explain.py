"""Why each member says what it says: importances, and contributions that add up to its forecast, by feature.

What belongs here: the explanation of a fitted member on one day, and the table of it. What does not: members, the response of
those that are no trees (`response`).

Definition. Trees: importance is the share of the loss reduction of all splits on inputs made of the feature, contributions the exact
Shapley values (Lundberg, Erion, Lee 2018): they and the trees' mean add up to the scaled forecast z; the price is centre + spread
sinh(z), so each contribution c counts for c spread sinh(z) / z EUR/MWh. Every other member: contributions by `response`, importance the
feature's share of the day's absolute contributions. Those of an hour and the row `typical` add up to the member's price. Features
are columns of `price_features`, nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.features.groups import GROUP_OF
from energy_pipeline.forecasting.committee import FIT_FAILURES, chained_fit, member_basis
from energy_pipeline.forecasting.forecaster import Forecaster, Responding
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.point import chosen_members, fitted_member
from energy_pipeline.forecasting.response import contributions
from energy_pipeline.forecasting.trees import Trees, booster, slot_owners, target_inputs
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

TYPICAL = "typical"


@dataclass(frozen=True)
class Explanation:
    """One day's explanation.

    Attributes
    ----------
    names : tuple of str
        Features.
    importance : array, shape (features,)
        Shares; sum to one unless nothing matters.
    contributions : array, shape (slots, features)
        [EUR/MWh]
    typical : array, shape (slots,)
        The forecast at typical inputs; of trees their centre and mean [EUR/MWh].
    """

    names: tuple[str, ...]
    importance: FloatArray
    contributions: FloatArray
    typical: FloatArray


def explain(member: Forecaster | Responding, panel: Panel, fitted: bytes) -> Explanation:
    """Explain a member's forecast of the panel's target.

    Parameters
    ----------
    member : Forecaster
        Trees, or one with a `response`.
    panel : Panel
        Repaired, by the hour.
    fitted : bytes
        What `member.fit` gave.
    """
    if isinstance(member, Trees):
        return _trees(panel, fitted)
    if not isinstance(member, Responding):
        raise ModelUnavailableError(f"{member.name} cannot be explained")
    names, parts, typical = contributions(member.response(panel, fitted))
    sizes = np.abs(parts).mean(axis=0)
    return Explanation(names, sizes / max(float(sizes.sum()), 1e-12), parts, typical)


def _trees(panel: Panel, fitted: bytes) -> Explanation:
    import xgboost

    inputs, centre, spread = target_inputs(panel)
    grown = booster(fitted)
    gains = grown.get_score(importance_type="total_gain")
    importance = np.array([float(gains.get(f"f{i}", 0.0)) for i in range(inputs.shape[1])])
    shares = grown.predict(xgboost.DMatrix(inputs, nthread=1), pred_contribs=True).astype(np.float64)
    z = shares.sum(axis=1)
    per_unit = spread * np.where(np.abs(z) > 1e-9, np.sinh(np.clip(z, -12, 12)) / np.where(np.abs(z) > 1e-9, z, 1.0), 1.0)
    in_eur = shares * per_unit[:, None]
    owners = slot_owners(panel.columns, panel.daily)
    names = tuple(dict.fromkeys(owners))
    belongs = np.array([[owner == name for name in names] for owner in owners], dtype=np.float64)
    shared = (importance / max(float(importance.sum()), 1e-12)) @ belongs
    return Explanation(names, shared, in_eur[:, :-1] @ belongs, centre + in_eur[:, -1])


def forecast_contributions(info: InformationSet, artefacts: ArtefactStore) -> pl.DataFrame:
    """Table forecast_contributions of D: every member of every zone that could forecast."""
    contract = table("forecast_contributions")
    frames = [frame for zone in info.desk.zones for member in chosen_members(info, zone) for frame in _member_frames(info, zone, member, artefacts)]
    return enforce(contract, pl.concat([contract.frame(), *frames]), info.day.day)


def _member_frames(info: InformationSet, zone: str, member: Forecaster, artefacts: ArtefactStore) -> Iterator[pl.DataFrame]:
    def panel_of(day: date) -> Panel:
        return zone_panel(info.at(day), zone)

    def fit(fitting: Forecaster, history: Panel) -> bytes:
        return fitted_member(zone, fitting, history, 1, artefacts, anew=info.desk.forecast.new_fits)

    try:
        today, basis = member_basis(zone_panel(info, zone), member, panel_of)
        fitted = chained_fit(member, basis, panel_of, fit)
        found = explain(member, today, fitted)
    except FIT_FAILURES:
        return  # the row of the model in forecast_models says why
    slots = info.day.slots(60)
    names, count = (*found.names, TYPICAL), len(found.names) + 1
    starts = pl.Series(info.day.interval_starts_us(60)).cast(pl.Datetime("us", "UTC"))
    frame = pl.DataFrame(
        {
            "delivery_start": pl.concat([starts] * count),
            "input": np.repeat(np.array(names, dtype=object), slots.size).tolist(),
            "contribution_eur_mwh": np.column_stack([found.contributions, found.typical])[slots].T.ravel(),
            "importance": np.repeat([*found.importance, 0.0], slots.size),
        }
    )
    constants = {"delivery_day": pl.lit(info.day.day), "zone": pl.lit(zone), "model": pl.lit(member.name)}
    group = pl.col("input").replace_strict({**GROUP_OF, TYPICAL: TYPICAL})
    frame = frame.with_columns(**constants, feature_group=group, resolution_minutes=pl.lit(60, dtype=pl.Int32()))
    yield frame.select(list(table("forecast_contributions").schema))
