"""Why the trees say what they say: importances, and contributions that add up to the forecast.

What belongs here: the explanation of one fitted set of trees on one day, and the table of
it. What does not: the trees (`trees`), explanations of other models.

Definition. Importance is an input's share of the loss reduction of all splits. Contributions
are the exact Shapley values of the trees (Lundberg, Erion, Lee 2018): they and the trees' mean add
up to the scaled forecast z. The price is centre + spread sinh(z), so each contribution c counts for
c spread sinh(z) / z EUR/MWh: those of an hour and the row `typical` (the centre and the trees' mean)
add up to the member's price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.committee import member_basis
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.point import chosen_members, fitted_member
from energy_pipeline.forecasting.trees import Trees, input_names, target_inputs
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

TYPICAL = "typical"


@dataclass(frozen=True)
class Explanation:
    """One day's explanation.

    Attributes
    ----------
    names : tuple of str
        Inputs.
    importance : array, shape (inputs,)
        Shares of the loss reduction; sum to one unless the trees never split.
    contributions : array, shape (slots, inputs)
        [EUR/MWh]
    typical : array, shape (slots,)
        Centre and the trees' mean [EUR/MWh].
    """

    names: tuple[str, ...]
    importance: FloatArray
    contributions: FloatArray
    typical: FloatArray


def explain(panel: Panel, fitted: bytes) -> Explanation:
    """Explain the trees' forecast of the panel's target.

    Parameters
    ----------
    panel : Panel
        Repaired, by the hour.
    fitted : bytes
        What `Trees.fit` gave.
    """
    import xgboost

    inputs, centre, spread = target_inputs(panel)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(fitted))
    gains = booster.get_score(importance_type="total_gain")
    importance = np.array([float(gains.get(f"f{i}", 0.0)) for i in range(inputs.shape[1])])
    shares = booster.predict(xgboost.DMatrix(inputs, nthread=1), pred_contribs=True).astype(np.float64)
    z = shares.sum(axis=1)
    per_unit = spread * np.where(np.abs(z) > 1e-9, np.sinh(np.clip(z, -12, 12)) / np.where(np.abs(z) > 1e-9, z, 1.0), 1.0)
    in_eur = shares * per_unit[:, None]
    total = importance.sum()
    return Explanation(input_names(panel.columns), importance / total if total > 0 else importance, in_eur[:, :-1], centre + in_eur[:, -1])


def forecast_contributions(info: InformationSet, artefacts: ArtefactStore) -> pl.DataFrame:
    """Table forecast_contributions of D: every zone whose committee has trees that could forecast."""
    contract = table("forecast_contributions")
    frames = [frame for zone in info.desk.zones if (frame := _zone_frame(info, zone, artefacts)) is not None]
    return enforce(contract, pl.concat([contract.frame(), *frames]), info.day.day)


def _zone_frame(info: InformationSet, zone: str, artefacts: ArtefactStore) -> pl.DataFrame | None:
    trees = next((m for m in chosen_members(info) if isinstance(m, Trees)), None)
    if trees is None:
        return None
    try:
        today, basis = member_basis(zone_panel(info, zone), trees, lambda d: zone_panel(info.at(d), zone))
        found = explain(today, fitted_member(zone, trees, basis, 1, artefacts))
    except ModelUnavailableError:
        return None  # the row of the model in forecast_models says why
    slots = info.day.slots(60)
    starts = pl.Series(info.day.interval_starts_us(60)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    columns = [*zip(found.names, found.importance, found.contributions.T, strict=True), (TYPICAL, 0.0, found.typical)]
    parts = [
        pl.DataFrame({"delivery_start": starts, "contribution_eur_mwh": values[slots]}).with_columns(
            input=pl.lit(name), importance=pl.lit(float(importance))
        )
        for name, importance, values in columns
    ]
    constants = {"delivery_day": pl.lit(info.day.day), "zone": pl.lit(zone), "model": pl.lit(trees.name)}
    frame = pl.concat(parts).with_columns(**constants, resolution_minutes=pl.lit(60, dtype=pl.Int32()))
    return frame.select(list(table("forecast_contributions").schema))
