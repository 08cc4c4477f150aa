"""How price forecasts of past days are kept: what they hang on, and their bytes.

What belongs here: members, ensemble and reference plan of a day as values that outlive the
process. What does not: making them (`point`), where they lie, or their keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.features.columns import column_reads
from energy_pipeline.features.drivers import driver_reads
from energy_pipeline.forecasting.committee import LAST_FIT_DAYS, MemberForecasts
from energy_pipeline.forecasting.walk import PointDay
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.cut_keys import Reads
from energy_pipeline.information.past_days import Past, pack, unpack


@dataclass(frozen=True)
class KeptMembers:
    """The members' forecasts of one day as they are kept.

    Attributes
    ----------
    content : str
        Content hash of the forecasts and what they were made from (16 hex digits).
    fits : list of (zone, day)
        The bundles of artefacts that hold the members' parameters.
    """

    forecasts: MemberForecasts
    content: str
    fits: list[tuple[str, str]]


def past_members(info: InformationSet, zone: str, lead: int) -> Past[KeptMembers]:
    """How every member's forecast of a day is kept."""
    reach, also = reach_days(info, lead), networks_mark(info, lead)
    return Past("forecasting", zone, _reads(info, zone, lead), reach, _packed_members, _unpacked_members, lambda found: found.fits, also)


def past_point(info: InformationSet, zone: str, lead: int) -> Past[PointDay]:
    """How a day's raw ensemble is kept."""
    reach = reach_days(info, lead) + info.desk.forecast.weight_days + lead
    also = networks_mark(info, lead, info.desk.forecast.weight_days + lead)
    return Past("forecasting", zone, _reads(info, zone, lead), reach, _packed_point, _unpacked_point, also=also)


def past_plan(info: InformationSet, zone: str) -> Past[FloatArray | None]:
    """How the reference battery's plan on a day's forecast is kept."""
    reach = reach_days(info, 1) + info.desk.forecast.weight_days + 1
    also = networks_mark(info, 1, info.desk.forecast.weight_days + 1)
    return Past("forecasting", zone, _reads(info, zone, 1), reach, _packed_plan, _unpacked_plan, also=also)


def networks_mark(info: InformationSet, lead: int, days: int = 0) -> str:
    """The networks that members of D and of so many days before it are made with; empty where the desk has none."""
    if lead > 1 or "joint" not in info.desk.forecast.every_member:
        return ""
    read = [info.network(info.day.day - timedelta(days=i)) for i in range(days + 1)]
    return " ".join(f"{network.day}:{network.mark}" if network else "-" for network in read) if any(read) else ""


def _reads(info: InformationSet, zone: str, lead: int) -> tuple[Reads, ...]:
    return (Reads("day_ahead_prices", (("zone", zone),)), *(column_reads(info.desk, zone) if lead == 1 else driver_reads(info.desk, zone)))


def reach_days(info: InformationSet, lead: int) -> int:
    """How far back members read: a panel of the oldest fit that can stand in, and the drivers of its first day and the one before."""
    return info.desk.forecast.training_days + LAST_FIT_DAYS + info.desk.own_lag_days + lead + 2


def _packed_members(found: KeptMembers) -> bytes:
    about = {"notes": found.forecasts.notes, "fitted_on": dict(found.forecasts.fitted_on), "content": found.content, "fits": found.fits}
    return pack(found.forecasts.values, about)


def _unpacked_members(data: bytes) -> KeptMembers:
    values, about = unpack(data)
    held = cast("dict[str, Any]", about)
    return KeptMembers(MemberForecasts(values, tuple(held["notes"]), held["fitted_on"]), held["content"], [(zone, day) for zone, day in held["fits"]])


def _packed_point(found: PointDay) -> bytes:
    named = {f"{kind}|{name}": values for kind, held in (("member", found.members), ("family", found.families)) for name, values in held.items()}
    weights = np.array(list(found.weights.values()), dtype=np.float64)
    return pack({"values": found.values, "weights": weights, **named}, [found.day.isoformat(), list(found.weights), found.fallback])


def _unpacked_point(data: bytes) -> PointDay:
    arrays, about = unpack(data)
    day, names, fallback = cast("tuple[str, list[str], str]", about)
    members, families = ({n.partition("|")[2]: v for n, v in arrays.items() if n.startswith(kind)} for kind in ("member|", "family|"))
    weights = dict(zip(names, arrays["weights"].tolist(), strict=True))
    return PointDay(date.fromisoformat(day), arrays["values"], members, families, weights, fallback)


def _packed_plan(plan: FloatArray | None) -> bytes:
    return pack({} if plan is None else {"plan": plan})


def _unpacked_plan(data: bytes) -> FloatArray | None:
    return unpack(data)[0].get("plan")
