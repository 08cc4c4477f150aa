"""The table price_forecasts of one delivery day.

What belongs here: which models and horizons are published, and their rows. What does
not: models, errors, scores.

The ensemble and the naive for D and the days after it up to `horizon_days`, and for zones
with a second price that too, all with quantiles; every member that could forecast D
without them. The ensemble's rows are the published distribution (`expectation`): their price is its mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.forecasting.model import ModelUnavailableError, PointForecast, PriceKind, within_limits
from energy_pipeline.forecasting.naive import comparable_days
from energy_pipeline.forecasting.past_errors import price_quantiles, published_price
from energy_pipeline.forecasting.point import point, second_point
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore
from energy_pipeline.information.resolution import timestamps

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
    found = [rows for zone in info.desk.zones for rows in _zone_rows(info, zone, artefacts)]
    return enforce(table("price_forecasts"), _together(found), info.day.day)


def zone_day_ahead(info: InformationSet, zone: str, artefacts: ArtefactStore) -> pl.DataFrame:
    """The rows of D of one zone's naive, ensemble and members: what studies of the day-ahead price need."""
    models = [_published(info, zone, "day_ahead", model, 1, artefacts) for model in ("naive", "ensemble")]
    return _together([*models, *(rows for model in info.desk.forecast.every_member for rows in _member(info, zone, model, artefacts))])


def zone_leads(info: InformationSet, zone: str, leads: Sequence[int], artefacts: ArtefactStore) -> pl.DataFrame:
    """The ensemble's rows of some lead days, and its point before the distribution was made of it (`POINT`): what studies of bias need."""
    found = []
    for lead in leads:
        found.append(_published(info, zone, "day_ahead", "ensemble", lead, artefacts))
        found.append(_rows(info, info.day.shift(lead - 1), zone, "day_ahead", POINT, point(info, zone, "ensemble", lead, artefacts)))
    return _together(found)


def _zone_rows(info: InformationSet, zone: str, artefacts: ArtefactStore) -> Iterator[_Rows]:
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


def _published(info: InformationSet, zone: str, kind: PriceKind, model: str, lead: int, artefacts: ArtefactStore) -> _Rows:
    """A forecast with quantiles."""
    found = second_point(info, zone, model, artefacts) if kind == "second" else point(info, zone, model, lead, artefacts)
    target = info.day.shift(lead - 1)
    slots = target.slots(info.desk.zones[zone].resolution_minutes(target.day))
    if model == "ensemble" and (one := published_price(info, zone, kind, lead, artefacts)) is not None:
        said = dict(zip(DISTRIBUTION, (one.tail_lower, one.tail_upper, *one.limits), strict=True))
        mean = replace(found, values=one.mean[slots])
        return _rows(info, target, zone, kind, model, mean, one.quantiles[slots], {**said, "statistic": "mean"})
    bands = price_quantiles(info, zone, kind, model, lead, artefacts) if model == "naive" else None
    return _rows(info, target, zone, kind, model, found, None if bands is None else bands[slots])


def _member(info: InformationSet, zone: str, model: str, artefacts: ArtefactStore) -> Iterator[_Rows]:
    """A member's forecast of D, without quantiles; nothing when it could not forecast: the ensemble's row says why."""
    try:
        found = point(info, zone, model, 1, artefacts)
    except ModelUnavailableError:
        return
    yield _rows(info, info.day, zone, "day_ahead", model, found)


@dataclass(frozen=True)
class _Rows:
    """One model's rows for one target: what all share, and by interval the start [us], the price and the quantiles."""

    shared: dict[str, object]
    starts: IntArray
    prices: FloatArray
    quantiles: FloatArray


def _rows(
    info: InformationSet,
    target: DeliveryDay,
    zone: str,
    kind: PriceKind,
    model: str,
    found: PointForecast,
    quantiles: FloatArray | None = None,
    said: Mapping[str, object] | None = None,
) -> _Rows:
    """Rows of a forecast, cut to the market's limits; `said` of its distribution where one is published."""
    minutes = info.desk.zones[zone].resolution_minutes(target.day)
    shared = {
        "delivery_day": info.day.day,
        "target_day": target.day,
        "horizon_days": (target.day - info.day.day).days + 1,
        "zone": zone,
        "price_kind": kind,
        "model": model,
        "resolution_minutes": minutes,
        "fallback": found.fallback,
        "artefact": found.artefact,
        "statistic": "forecast",
        **dict.fromkeys(DISTRIBUTION),
        **(said or {}),
    }
    levels = np.full((found.values.size, len(QUANTILES)), np.nan) if quantiles is None else quantiles
    prices, levels = within_limits(info, zone, kind, found.values), within_limits(info, zone, kind, levels)
    return _Rows(shared, target.interval_starts_us(minutes), prices, levels)


def _together(found: Sequence[_Rows]) -> pl.DataFrame:
    """The rows of all forecasts as one frame, made at once."""
    schema = table("price_forecasts").schema
    if not found:
        return table("price_forecasts").frame()
    shared = pl.DataFrame([rows.shared for rows in found], schema={name: schema[name] for name in found[0].shared}, orient="row")
    of = np.repeat(np.arange(len(found)), [rows.starts.size for rows in found])
    levels = np.concatenate([rows.quantiles for rows in found])
    own = [
        timestamps(np.concatenate([rows.starts for rows in found])).alias("delivery_start"),
        pl.Series("price_eur_mwh", np.concatenate([rows.prices for rows in found])),
        *(pl.Series(quantile_column(level), levels[:, j], nan_to_null=True) for j, level in enumerate(QUANTILES)),
    ]
    return pl.DataFrame([*(column.gather(of) for column in shared.get_columns()), *own]).select(list(schema))
