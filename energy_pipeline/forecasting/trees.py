"""Gradient-boosted trees pooled over the slots of the day.

What belongs here: inputs by slot, the adaptive target, the weekly fit. What does not:
importances (`explain`), tuning (`tuning`), other models.

Target: asinh((p - m) / s), m the median of the 7 days before the row's origin and s the
mean absolute deviation from their median of the 28 days before it; price inputs are scaled
alike, so that trees grown in a calm month still serve a wild one. All inputs are known at
the gate: the latest price of a row is the last one of the day before its origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.features.groups import GROUP_OF, SAME_SLOT_LAGS
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.scaling import row_medians

CENTRE_DAYS, SPREAD_DAYS = 7, 28
MINIMUM_ROWS = 28
EXOG_INPUTS, DAILY_INPUTS = 10, 3
"""Inputs made of an exogenous column: level, changes to 1 and 7 days before; then slots beside it, the day's mean, extremes, rank and change."""


@dataclass(frozen=True)
class Trees:
    """XGBoost with mean absolute error.

    Attributes
    ----------
    window_days : int
    refit_days : int
        The trees are grown anew every so many days.
    trees, depth, rate : int, int, float
        Number, depth and learning rate.
    rows_share, columns_share, least_weight : float
        Shares of rows and inputs drawn for each tree, and rows a leaf holds at least.
    """

    window_days: int = 1456
    refit_days: int = 7
    trees: int = 350
    depth: int = 6
    rate: float = 0.05
    rows_share: float = 0.7
    columns_share: float = 0.4
    least_weight: float = 5.0
    name: str = "xgboost"

    @property
    def history_days(self) -> int:
        """Two spreads and a month of rows."""
        return SPREAD_DAYS + MINIMUM_ROWS + 7

    def fit(self, panel: Panel) -> bytes:
        """The trees, in XGBoost's binary JSON."""
        import xgboost

        panel = panel.cut(self.window_days)
        rows = panel.rows
        rows = rows[rows >= SPREAD_DAYS + panel.lead - 1]
        if rows.size < MINIMUM_ROWS:
            raise ModelUnavailableError(f"{rows.size} days to learn from, at least {MINIMUM_ROWS} are needed")
        inputs, centre, spread = slot_inputs(panel)
        target = np.arcsinh((panel.prices[rows] - centre[rows, None]) / spread[rows, None])
        X = inputs[rows].reshape(-1, inputs.shape[2])
        matrix = xgboost.QuantileDMatrix(X, target.ravel(), max_bin=64, nthread=1)
        parameters: dict[str, Any] = {
            "objective": "reg:absoluteerror",
            "tree_method": "hist",
            "max_bin": 64,
            "max_depth": self.depth,
            "eta": self.rate,
            "subsample": self.rows_share,
            "colsample_bytree": self.columns_share,
            "min_child_weight": self.least_weight,
            "nthread": 1,  # more threads cost more CPU than they save on these sizes
            "seed": 0,
            "verbosity": 0,
        }
        return bytes(xgboost.train(parameters, matrix, self.trees).save_raw("ubj"))

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """The target's prices with the given trees."""
        inputs, centre, spread = target_inputs(panel)
        scaled = np.asarray(booster(fitted).inplace_predict(inputs), dtype=np.float64)
        return np.asarray(centre + spread * np.sinh(np.clip(scaled, -12, 12)))


@lru_cache(maxsize=8)
def booster(fitted: bytes) -> Any:  # noqa: ANN401 - xgboost has no types
    """The trees of a fit; reading them costs more than a day's forecast, and they serve for weeks."""
    import xgboost

    found = xgboost.Booster({"nthread": 1})
    found.load_model(bytearray(fitted))
    return found


def target_inputs(panel: Panel) -> tuple[FloatArray, float, float]:
    """Inputs of the target, shape (slots, inputs), its centre and its spread [EUR/MWh]."""
    # They look no further back than this.
    panel = panel.cut(SPREAD_DAYS + panel.lead + 14)
    inputs, centre, spread = slot_inputs(panel, panel.days + panel.lead - 1)
    return inputs[-1], float(centre[-1]), float(spread[-1])


def level(panel: Panel, wanted: int = 0) -> tuple[FloatArray, FloatArray]:
    """Centre and spread of every row from `wanted` through the target [EUR/MWh]; rows without enough history look at what there is."""
    total = panel.days + panel.lead
    centre, spread = np.zeros(total), np.ones(total)
    first = panel.lead - 1 + SPREAD_DAYS
    for row in range(max(panel.lead, wanted), min(first, total)):
        month = panel.prices[: row - (panel.lead - 1)]
        centre[row] = np.median(month[-CENTRE_DAYS:])
        spread[row] = max(float(np.abs(month - np.median(month)).mean()), 1.0)
    if first < total:
        months = np.lib.stride_tricks.sliding_window_view(panel.prices, SPREAD_DAYS, axis=0).transpose(0, 2, 1).reshape(total - first, -1)
        centre[first:] = row_medians(months[:, -CENTRE_DAYS * panel.slots :])
        spread[first:] = np.maximum(np.abs(months - row_medians(months)[:, None]).mean(axis=1), 1.0)
    return centre, spread


def slot_owners(exogenous: Sequence[str], daily: Sequence[str] = ()) -> tuple[str, ...]:
    """The feature (column of `price_features`) each input of `slot_inputs` is made of, for exogenous columns of these names."""
    what = ("last_1d", "mean_1d", "min_1d", "max_1d", "mean_2d", "mean_7d_same_slot", "median_28d_same_slot", "lag_1d", "lag_1d", "median_7d")
    names = [f"price_lag_{lag}d_eur_mwh" for lag in SAME_SLOT_LAGS] + [f"price_{w}_eur_mwh" for w in what]
    names += [name for name in exogenous for _ in range(DAILY_INPUTS if name in daily else EXOG_INPUTS)]
    names += ["residual_load_mw"] if _residual(exogenous) else []
    return (*names, "hour_of_day", "weekday", "day_of_year")


def _residual(exogenous: Sequence[str]) -> list[int]:
    """Positions of the load and of what is taken from it; of a market file's own columns the first two, which are taken to be these."""
    if not any(name in GROUP_OF for name in exogenous):
        return [0, 1] if len(exogenous) > 1 else []
    found = [exogenous.index(name) for name in ("load_mw", "wind_solar_mw", "wind_mw", "solar_mw") if name in exogenous]
    return found if "load_mw" in exogenous and len(found) > 1 else []


def slot_inputs(panel: Panel, wanted: int = 0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Inputs of every row from `wanted` on and slot, shape (days + lead, slots, inputs), with the rows' centre and spread.

    Prices are scaled by the row's centre and spread; early rows hold NaN where a lag falls
    before the panel.
    """
    total, slots, ahead = panel.days + panel.lead, panel.slots, panel.lead - 1
    centre, spread = level(panel, wanted)

    def lag(days: int) -> FloatArray:
        result = np.full((total, slots), np.nan)
        if days < total:
            count = min(panel.days, total - days)
            result[days : days + count] = panel.prices[:count]
        return np.asarray(np.arcsinh((result - centre[:, None]) / spread[:, None]))

    # Same slot of the days before the origin; 7 and 14 days count from the target, to keep the weekday.
    lags = {k: lag(k + (ahead if k < CENTRE_DAYS else 0)) for k in SAME_SLOT_LAGS}
    yesterday, before = lags[1], lags[2]
    month = np.stack([lag(k + ahead) for k in range(1, SPREAD_DAYS + 1)])
    columns = [*lags.values()]
    columns += [
        np.repeat(v[:, None], slots, axis=1) for v in (yesterday[:, -1], yesterday.mean(1), yesterday.min(1), yesterday.max(1), before.mean(1))
    ]
    columns += [month[:7].mean(axis=0), np.median(month, axis=0), _beside(yesterday, -1), _beside(yesterday, 1)]
    columns.append(np.repeat((np.abs(centre) / spread)[:, None], slots, axis=1))
    for name, values, past in zip(panel.columns, panel.exog, panel.past, strict=True):
        day_before, week_before = _moved(past, 1), _moved(past, 7)
        columns += [values, values - day_before, values - week_before]
        if name in panel.daily:
            continue
        mean = values.mean(axis=1)
        columns += [_beside(values, -1) - values, _beside(values, 1) - values]
        columns += [np.repeat(v[:, None], slots, axis=1) for v in (mean, values.min(axis=1), values.max(axis=1))]
        columns.append(np.argsort(np.argsort(values, axis=1, kind="stable"), axis=1, kind="stable").astype(np.float64))
        columns.append(np.repeat((mean - day_before.mean(axis=1))[:, None], slots, axis=1))
    if parts := _residual(panel.columns):
        columns.append(np.subtract.reduce(panel.exog[parts]))
    days = np.datetime64(panel.first_day) + np.arange(total)
    of_year = (days - days.astype("datetime64[Y]")).astype(np.float64)
    columns += [np.broadcast_to(np.arange(slots, dtype=np.float64), (total, slots))]
    columns += [np.repeat(v[:, None], slots, axis=1) for v in (panel.weekdays.astype(np.float64), of_year)]
    return np.stack(columns, axis=2), centre, spread


def _moved(values: FloatArray, days: int) -> FloatArray:
    result = np.full_like(values, np.nan)
    result[days:] = values[:-days]
    return result


def _beside(values: FloatArray, step: int) -> FloatArray:
    """The neighbouring slot, the edge repeated."""
    slots = values.shape[1]
    return np.asarray(values[:, np.clip(np.arange(slots) + step, 0, slots - 1)])
