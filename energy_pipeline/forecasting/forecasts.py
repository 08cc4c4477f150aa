"""The table price_forecasts of one delivery day.

What belongs here: which models and horizons are published, and their rows. What does
not: models, errors, scores.

The ensemble and the naive for D and the days after it up to `horizon_days`, and for zones
with a second price that too, all with quantiles; every member that could forecast D
without them. The ensemble's rows are the published distribution (`expectation`): their price is its mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.forecasting.model import ModelUnavailableError, PointForecast, PriceKind, within_limits
from energy_pipeline.forecasting.naive import comparable_days
from energy_pipeline.forecasting.past_errors import price_quantiles, published_price
from energy_pipeline.forecasting.point import point, second_point
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

POINT = "ensemble point"
DISTRIBUTION = ("tail_lower", "tail_upper", "lowest_eur_mwh", "highest_eur_mwh")
"""Columns that say, with the quantiles, what is published."""


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


def zone_day_ahead(info: InformationSet, zone: str, artefacts: ArtefactStore) -> pl.DataFrame:
    """The rows of D of one zone's naive, ensemble and members: what studies of the day-ahead price need."""
    models = [_published(info, zone, "day_ahead", model, 1, artefacts) for model in ("naive", "ensemble")]
    return pl.concat([*models, *(frame for model in info.desk.forecast.every_member for frame in _member(info, zone, model, artefacts))])


def zone_leads(info: InformationSet, zone: str, leads: Sequence[int], artefacts: ArtefactStore) -> pl.DataFrame:
    """The ensemble's rows of some lead days, and its point before the distribution was made of it (`POINT`): what studies of bias need."""
    frames = []
    for lead in leads:
        frames.append(_published(info, zone, "day_ahead", "ensemble", lead, artefacts))
        plain = point(info, zone, "ensemble", lead, artefacts)
        frames.append(_frame(info, info.day.shift(lead - 1), zone, "day_ahead", POINT, plain, np.full((plain.values.size, len(QUANTILES)), np.nan)))
    return pl.concat(frames)


def _zone_frames(info: InformationSet, zone: str, artefacts: ArtefactStore) -> Iterator[pl.DataFrame]:
    try:
        for model in ("naive", "ensemble"):
            for lead in range(1, info.desk.forecast.horizon_days + 1):
                yield _published(info, zone, "day_ahead", model, lead, artefacts)
            if info.desk.zones[zone].second_price.kind != "none":
                yield _published(info, zone, "second", model, 1, artefacts)
        for model in info.desk.forecast.every_member:
            yield from _member(info, zone, model, artefacts)
    except ModelUnavailableError as reason:
        days = comparable_days(info.day.day, info.day.day - timedelta(days=1))
        raise MissingDayError("day_ahead_prices", days, f"ingest prices of {zone} ({reason})") from reason


def _published(info: InformationSet, zone: str, kind: PriceKind, model: str, lead: int, artefacts: ArtefactStore) -> pl.DataFrame:
    """A forecast with quantiles."""
    found = second_point(info, zone, model, artefacts) if kind == "second" else point(info, zone, model, lead, artefacts)
    target = info.day.shift(lead - 1)
    slots = target.slots(info.desk.zones[zone].resolution_minutes(target.day))
    if model == "ensemble" and (one := published_price(info, zone, kind, lead, artefacts)) is not None:
        found = replace(found, values=one.mean[slots])
        frame = _frame(info, target, zone, kind, model, found, one.quantiles[slots])
        said = dict(zip(DISTRIBUTION, (one.tail_lower, one.tail_upper, *one.limits), strict=True))
        return frame.with_columns(**{name: pl.lit(value) for name, value in said.items()}, statistic=pl.lit("mean"))
    bands = price_quantiles(info, zone, kind, model, lead, artefacts) if model == "naive" else None
    nothing = np.full((found.values.size, len(QUANTILES)), np.nan)
    return _frame(info, target, zone, kind, model, found, nothing if bands is None else bands[slots])


def _member(info: InformationSet, zone: str, model: str, artefacts: ArtefactStore) -> Iterator[pl.DataFrame]:
    """A member's forecast of D, without quantiles; nothing when it could not forecast: the ensemble's row says why."""
    try:
        found = point(info, zone, model, 1, artefacts)
    except ModelUnavailableError:
        return
    yield _frame(info, info.day, zone, "day_ahead", model, found, np.full((found.values.size, len(QUANTILES)), np.nan))


def _frame(
    info: InformationSet, target: DeliveryDay, zone: str, kind: PriceKind, model: str, found: PointForecast, quantiles: FloatArray
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
        "statistic": pl.lit("forecast"),
        **dict.fromkeys(DISTRIBUTION, pl.lit(None, dtype=pl.Float64)),
    }
    limited = within_limits(info, zone, kind, quantiles)
    columns = {quantile_column(level): pl.Series(limited[:, j], nan_to_null=True) for j, level in enumerate(QUANTILES)}
    frame = pl.DataFrame(
        {
            "delivery_start": pl.Series(starts).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "price_eur_mwh": within_limits(info, zone, kind, found.values),
            **columns,
        }
    )
    return frame.with_columns(**constants).select(list(table("price_forecasts").schema))
