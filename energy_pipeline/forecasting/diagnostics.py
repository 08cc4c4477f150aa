"""The table forecast_diagnostics: whether a model's past errors look like noise.

What belongs here: tests of the residuals of the ensemble and of every member, statsmodels. What does not: scores of single days, or anything
that changes a forecast.

Residuals are the errors of the forecasts of the last settled days, each as it was made at its gate. A day's 24 errors come from one decision and
are alike within the day by construction; so the tests are of the daily means, and the hourly autocorrelations are given for the
same hour a day before. Nothing is decided by them, and statsmodels loads pandas: they are told at settlement, not before the gate.
Ljung and Box 1978, Engle 1982 (ARCH-LM), Jarque and Bera 1980. A small p says there is something left to learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.point import day_members, on_slots, outcomes, past_days, raw_ensemble
from energy_pipeline.forecasting.quarters import HOURS
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

LAGS = 7
LEAST_DAYS = 21


def forecast_diagnostics(info: InformationSet, artefacts: ArtefactStore) -> pl.DataFrame:
    """Table forecast_diagnostics of D: the ensemble and every member with enough past forecasts."""
    contract = table("forecast_diagnostics")
    rows = [row for zone in info.desk.zones for row in _zone_rows(info, zone, artefacts)]
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), info.day.day)


def _zone_rows(info: InformationSet, zone: str, artefacts: ArtefactStore) -> Iterator[dict[str, Any]]:
    # Not more than the quantiles look back to: those forecasts are there already.
    days = past_days(info, 1, min(max(info.desk.forecast.weight_days, LEAST_DAYS), info.desk.forecast.error_days))
    came = outcomes(info, zone, "day_ahead_prices", days, 1)
    errors: dict[str, list[FloatArray]] = {}
    for day, row in zip(days, came, strict=True):
        past = info.at(day)
        try:
            found = {"ensemble": raw_ensemble(past, zone, 1, artefacts).values, **day_members(past, zone, 1, artefacts)[0].values}
        except ModelUnavailableError:
            continue
        for model, values in found.items():
            error = on_slots(row - on_slots(values, row.size), HOURS)
            if np.isfinite(error).all():
                errors.setdefault(model, []).append(error)
    for model, rows in errors.items():
        if len(rows) >= LEAST_DAYS:
            yield {"delivery_day": info.day.day, "zone": zone, "model": model, "days": len(rows), **diagnosed(np.array(rows))}


def diagnosed(errors: FloatArray) -> dict[str, float | None]:
    """Tests of residuals.

    Parameters
    ----------
    errors : array, shape (days, 24)
        Outcome less forecast [EUR/MWh], consecutive days.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((200, 24))
    >>> diagnosed(noise)["ljung_box_p"] > 0.05 > diagnosed(np.cumsum(noise, axis=0))["ljung_box_p"]
    True
    """
    from statsmodels.stats.diagnostic import acorr_ljungbox, het_arch
    from statsmodels.stats.stattools import jarque_bera

    daily, hourly = errors.mean(axis=1), errors.ravel()
    if np.ptp(daily) < 1e-9:
        return dict.fromkeys((*("ljung_box_p", "arch_lm_p", "jarque_bera_p", "skew", "kurtosis"), *("acf_1d", "acf_7d", "acf_1h", "acf_24h")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few days: the statistics say what they can
        ljung_box = acorr_ljungbox(daily, lags=[LAGS])["lb_pvalue"].iloc[0]
        arch = het_arch(daily, nlags=min(LAGS, daily.size // 5))[1]
        _, normal, skew, kurtosis = jarque_bera(daily)
    lags = {"acf_1d": (daily, 1), "acf_7d": (daily, LAGS), "acf_1h": (hourly, 1), "acf_24h": (hourly, HOURS)}
    tests = {"ljung_box_p": ljung_box, "arch_lm_p": arch, "jarque_bera_p": normal, "skew": skew, "kurtosis": kurtosis}
    tests |= {name: _autocorrelation(*of) for name, of in lags.items()}
    return {name: float(value) if np.isfinite(value) else None for name, value in tests.items()}


def _autocorrelation(values: FloatArray, lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / (centred**2).sum())
