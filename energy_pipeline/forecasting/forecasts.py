"""The table price_forecasts of one delivery day.

What belongs here: which models and horizons are published, and their rows. What does
not: models, errors, scores.

Every selected model and the ensemble for D; the naive, which needs no fit, also for the
days after D up to `horizon_days`. Zones with a second price carry it by `ensemble` and
`naive`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.forecasting.artefacts import ArtefactStore
from energy_pipeline.forecasting.model import ModelName, ModelUnavailableError, PointForecast, PriceKind, resolution, within_limits
from energy_pipeline.forecasting.naive import comparable_days, naive
from energy_pipeline.forecasting.past_errors import add_quantiles, model_errors, naive_errors
from energy_pipeline.forecasting.point import point


def price_forecasts(info: InformationSet, artefacts: ArtefactStore) -> pl.DataFrame:
    """Price forecasts made for D at its decision time, with quantiles from past errors.

    Parameters
    ----------
    info : InformationSet
    artefacts : ArtefactStore
        Fitted models are read from and written to it; the result does not depend on what it holds.

    Raises
    ------
    MissingDayError
        When a zone has no known price in four weeks: nothing can stand in.
    """
    contract = table("price_forecasts")
    frames = [frame for zone in info.desk.zones for frame in _zone_frames(info, zone, artefacts)]
    return enforce(contract, pl.concat([contract.frame(), *frames]), info.day.day)


def _zone_frames(info: InformationSet, zone: str, artefacts: ArtefactStore) -> Iterator[pl.DataFrame]:
    try:
        models: list[ModelName] = [*dict.fromkeys(("naive", *info.desk.forecast.models)), "ensemble"]
        yield from (_next_day(info, zone, "day_ahead", model, artefacts) for model in models)
        yield from (_later_day(info, zone, horizon) for horizon in range(2, info.desk.forecast.horizon_days + 1))
        if info.desk.zones[zone].second_price.kind != "none":
            second: tuple[ModelName, ...] = ("naive", "ensemble")
            yield from (_next_day(info, zone, "second", model, artefacts) for model in second)
    except ModelUnavailableError as reason:
        days = comparable_days(info.day.day, info.day.day - timedelta(days=1))
        raise MissingDayError("day_ahead_prices", days, f"ingest prices of {zone} ({reason})") from reason


def _next_day(info: InformationSet, zone: str, kind: PriceKind, model: ModelName, artefacts: ArtefactStore) -> pl.DataFrame:
    found = point(info, zone, kind, model, artefacts)
    errors = model_errors(info, zone, kind, model, artefacts)
    quantiles = add_quantiles(found.values, errors, info.day, resolution(info, zone))
    return _frame(info, info.day, zone, kind, model, found, quantiles)


def _later_day(info: InformationSet, zone: str, horizon_days: int) -> pl.DataFrame:
    target = info.day.shift(horizon_days - 1)
    found = naive(info, zone, target)
    minutes = info.desk.zones[zone].resolution_minutes(target.day)
    quantiles = add_quantiles(found.values, naive_errors(info, zone, horizon_days), target, minutes)
    return _frame(info, target, zone, "day_ahead", "naive", found, quantiles)


def _frame(
    info: InformationSet, target: DeliveryDay, zone: str, kind: PriceKind, model: ModelName, found: PointForecast, quantiles: FloatArray
) -> pl.DataFrame:
    minutes = info.desk.zones[zone].resolution_minutes(target.day)
    starts = target.interval_starts_us(minutes)
    constants = {
        "delivery_day": pl.lit(info.day.day),
        "target_day": pl.lit(target.day),
        "horizon_days": pl.lit((target.day - info.day.day).days + 1, dtype=pl.Int32()),
        "zone": pl.lit(zone),
        "price_kind": pl.lit(kind),
        "model": pl.lit(model),
        "resolution_minutes": pl.lit(minutes, dtype=pl.Int32()),
        "fallback": pl.lit(found.fallback),
        "artefact": pl.lit(found.artefact),
    }
    limited = np.clip(quantiles, *_quantile_limits())
    columns = {quantile_column(level): pl.Series(limited[:, j], nan_to_null=True) for j, level in enumerate(QUANTILES)}
    frame = pl.DataFrame(
        {
            "delivery_start": pl.Series(starts).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "price_eur_mwh": within_limits(found.values, kind),
            **columns,
        }
    )
    return frame.with_columns(**constants).select(list(table("price_forecasts").schema))


def _quantile_limits() -> tuple[float | None, float | None]:
    column = table("price_forecasts").column("price_eur_mwh")
    return column.minimum, column.maximum
