"""The fleet: output per plant, zone and portfolio in MW and MWh, capacity factors, complementarity.

What belongs here: sums over plants and the measures of them. What does not: a plant's own output
(`output`), quantiles of sums (they need joint paths: `scenario_summary` of kinds zone_output and portfolio_output).

Document 003 gives complementarity as 1 - correlation and calls its range 0..1; a correlation is
-1..1, so it is 0..2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import interval_values, slot_starts_us
from energy_pipeline.renewables.driven import outcome_lookup
from energy_pipeline.renewables.expected import technology

WINDOW_DAYS = 28
MINIMUM_HOURS = 7 * 24
ALL = "all"


def complementarity(wind: FloatArray, solar: FloatArray) -> float | None:
    """1 - Pearson correlation of two series over the intervals both have, 0 .. 2; None under a week of hours or without variation.

    0: they rise and fall together; 1: unrelated; 2: one is the other's mirror image.

    Examples
    --------
    >>> up = np.tile(np.arange(24.0), 8)
    >>> complementarity(up, 2 * up), complementarity(up, 5 - up)
    (0.0, 2.0)
    """
    both = ~np.isnan(wind) & ~np.isnan(solar)
    if both.sum() < MINIMUM_HOURS:
        return None
    one, other = wind[both] - wind[both].mean(), solar[both] - solar[both].mean()
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    if scale <= 0.0:
        return None
    return min(max(1.0 - float((one * other).sum()) / scale, 0.0), 2.0)


def fleet_output(plant_output: pl.DataFrame, desk_name: str) -> pl.DataFrame:
    """Profiles of the day per plant, zone and portfolio, table `fleet_output`.

    Zones with other interval lengths are summed at the finest: a coarser zone's power is repeated, so
    energy stays. Capacity is null where that of any plant in the sum is.

    Parameters
    ----------
    plant_output : DataFrame
        Table of that name, one or more days.
    desk_name : str
        Names the portfolio.
    """
    contract = table("fleet_output")
    if plant_output.height == 0:
        return contract.frame()
    rows = plant_output.with_columns(held_back_mw=(pl.col("available_mw") - pl.col("output_mw")).clip(0.0))
    parts = [rows.with_columns(level=pl.lit("plant"), name=pl.col("plant"))]
    for level, name in (("zone", pl.col("zone")), ("portfolio", pl.lit(desk_name))):
        named = _finest(rows.with_columns(level=pl.lit(level), name=name))
        parts += [_summed(named), _summed(named.with_columns(technology=pl.lit(ALL)))]
    columns = [c for c in contract.schema if c not in {"output_mwh", "capacity_factor"}]
    found = pl.concat([p.select(columns) for p in parts]).with_columns(
        output_mwh=pl.col("output_mw") * pl.col("resolution_minutes") / 60.0,
        # A share of a zone may be expected a little above the capacity the desk states.
        capacity_factor=(pl.col("output_mw") / pl.col("capacity_mw")).clip(0.0, 1.0),
    )
    return found.select([pl.col(k).cast(t) for k, t in contract.schema.items()]).sort("delivery_day", *contract.key, maintain_order=True)


def _finest(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows at the finest interval length of each name, coarser ones repeated."""
    finest = pl.col("resolution_minutes").min().over("name", "delivery_day")
    steps = rows.with_columns(step=finest).with_columns(offset=pl.int_ranges(0, pl.col("resolution_minutes"), pl.col("step"))).explode("offset")
    return steps.with_columns(delivery_start=pl.col("delivery_start") + pl.duration(minutes=pl.col("offset")), resolution_minutes=pl.col("step"))


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    # Plants in a fixed order, one after the other: the last bit must not depend on how a library groups.
    keys = ["delivery_day", "level", "name", "technology", "delivery_start", "resolution_minutes"]
    values = ["output_mw", "held_back_mw", "capacity_mw"]
    parts = rows.sort(*keys, "plant", maintain_order=True).partition_by("level", "name", "technology", "delivery_day", maintain_order=True)
    return pl.concat([_added(part, keys, values) for part in parts])


def _added(part: pl.DataFrame, keys: Sequence[str], values: Sequence[str]) -> pl.DataFrame:
    plants = part.partition_by("plant", maintain_order=True)
    total = plants[0].select(*keys, *values)
    for plant in plants[1:]:
        total = total.with_columns([total[v] + plant[v] for v in values])
    return total


def fleet_summary(info: InformationSet, fleet: pl.DataFrame) -> pl.DataFrame:
    """Energy, capacity factor and complementarity of the day, table `fleet_summary`.

    Parameters
    ----------
    fleet : DataFrame
        Table `fleet_output` of the day of `info`.
    """
    contract = table("fleet_summary")
    rows = []
    for part in fleet.partition_by("level", "name", "technology", maintain_order=True):
        level, name, tech = part["level"][0], part["name"][0], part["technology"][0]
        energy, capacity = float(part["output_mwh"].to_numpy().sum()), part["capacity_mw"][0]
        held = float((part["held_back_mw"] * part["resolution_minutes"] / 60.0).to_numpy().sum())
        rows.append(
            {
                "delivery_day": info.day.day,
                "level": level,
                "name": name,
                "technology": tech,
                "output_mwh": energy,
                "held_back_mwh": held,
                "capacity_mw": capacity,
                "capacity_factor": min(energy / (capacity * info.day.hours), 1.0) if capacity else None,
                "complementarity": _complementarity(info, level, name) if tech == ALL else None,
            }
        )
    return pl.DataFrame(rows, schema=contract.schema).sort(contract.key, maintain_order=True)


def _complementarity(info: InformationSet, level: str, name: str) -> float | None:
    plants = [n for n, p in info.desk.plants.items() if level == "portfolio" or p.zone == name]
    by_technology = {t: [n for n in plants if technology(info.desk.plants[n]) == t] for t in ("wind", "solar")}
    if not all(by_technology.values()):
        return None
    return complementarity(*(_known_output_mw(info, names) for names in by_technology.values()))


def _known_output_mw(info: InformationSet, names: Iterable[str]) -> FloatArray:
    """Hourly outcome of plants together over the last 28 days that can be known (D-2 backwards); NaN where any is unknown."""
    days = [info.day.day - timedelta(days=lag) for lag in range(WINDOW_DAYS + 1, 1, -1)]
    starts = slot_starts_us(days, info.day.time_zone, 60)
    total = np.zeros(starts.shape)
    for name in names:
        lookup, column, factor = outcome_lookup(info, name)
        total = total + interval_values(lookup, column, starts, 60) * factor
    return total.reshape(-1)
