"""`benchmark ablation`: what each group of inputs gives a desk's price forecasts.

What belongs here: one walk of a desk's zones in which every group is taken away from the desk's groups, or added to them, and the page. What
does not: what a group is (`features.groups`), forecasts with weights and quantiles (`desk_forecasts`).

Every day is decided from its own information set. The members are quick ones, each solved anew on the day; a family counts once, families weigh
alike. p is one-sided, Newey-West with seven lags over the days walked: that the forecasts with the group are no better. A group that gives
nothing has no place in the default desk, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.features.groups import panel_columns, switchable
from energy_pipeline.forecasting.committee import forecast_members, members
from energy_pipeline.forecasting.ensemble import family
from energy_pipeline.forecasting.market import day_prices, zone_panel
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.information.archive import Archive
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano

QUICK = ("lear_56", "krr_364", "krr_364a")
TABLES = (
    *("day_ahead_prices", "load_actual", "load_forecast", "generation_actual", "generation_forecast", "weather_forecast"),
    *("fuel_prices", "outages"),
)
APART = "wind_and_solar_apart"


def ablation(
    desk_path: Path, data: Path, first: date, last: date, zones: Sequence[str] = (), every: int = 8, chosen: Sequence[str] = QUICK, lead: int = 1
) -> str:
    """The table of gains as Markdown.

    Parameters
    ----------
    desk_path, data : Path
        Desk file, and the folder its relative paths count from.
    first, last : date
        Walked, every `every`-th day.
    zones : sequence of str
        All of the desk when empty.
    chosen : sequence of str
        Members.
    lead : int
        Of the day `lead` - 1 after the one decided; a longer one reads drivers and holidays alone.

    Raises
    ------
    ValueError
        For a zone or member that is not there.
    """
    desk = load_desk(desk_path)
    unknown = [z for z in zones if z not in desk.zones]
    if unknown:
        raise ValueError(f"zones {', '.join(unknown)} are not in {desk_path.name}; there are {', '.join(desk.zones)}")
    days = days_between(first, last)[::every]
    archive = _archive(desk, data, first, last)
    lines = [
        f"### What each group of inputs gives, {len(days)} days of {first} .. {last}{_ahead(lead)}, {', '.join(chosen)}",
        "",
        "| zone | group | MAE without, EUR/MWh | MAE with | change by the group | p | in the desk |",
        "|---|---|---|---|---|---|---|",
    ]
    for zone in zones or desk.zones:
        errors = _errors(archive, zone, days, desk.forecast.features, chosen, lead)
        own = errors["desk"]
        for group, other in errors.items():
            if group != "desk":
                held = group in desk.forecast.features
                lines.append(_line(zone, group, *((other, own) if held else (own, other)), held))
    return "\n".join(lines) + "\n"


def _ahead(lead: int) -> str:
    return "" if lead == 1 else f", the {lead - 1}. day after the one decided"


def _line(zone: str, group: str, without: FloatArray, given: FloatArray, held: bool) -> str:
    change, p = 100.0 * (float(given.mean()) / float(without.mean()) - 1.0), diebold_mariano(given, without)
    return f"| {zone} | {group} | {without.mean():.3f} | {given.mean():.3f} | {change:+.2f} % | {p:.3f} | {'yes' if held else 'no'} |"


def _archive(desk: Desk, data: Path, first: date, last: date) -> Archive:
    """The desk with every group on."""
    from energy_pipeline.ingestion import collect
    from energy_pipeline.lake.source_files import SourceFiles

    every = desk.model_copy(update={"forecast": desk.forecast.model_copy(update={"features": switchable()})})
    load, begin = SourceFiles(data).load, first - timedelta(days=desk.history_days)
    last += timedelta(days=desk.forecast.horizon_days + 1)
    return Archive(every, {name: collect(desk, name, begin, last, load).frame for name in TABLES})


def _errors(archive: Archive, zone: str, days: Sequence[date], own: Sequence[str], chosen: Sequence[str], lead: int) -> dict[str, FloatArray]:
    """Absolute error of each day with the desk's groups, and with each group taken away or added; groups that change no input are left out."""
    found: dict[str, list[float]] = {}
    for day in days:
        info = archive.at(day)
        whole = zone_panel(info, zone, lead)
        came = _outcome(archive, zone, info.day.shift(lead - 1).day, 1440 // whole.slots)
        if came is None:
            continue
        desk = with_groups(whole, own)
        for group, panel in {"desk": desk, **_variants(whole, desk, own)}.items():
            found.setdefault(group, []).append(float(np.nanmean(np.abs(_mean(panel, chosen) - came))))
    whole_days = len(found.get("desk", []))
    return {group: np.array(errors) for group, errors in found.items() if len(errors) == whole_days}


def _variants(whole: Panel, desk: Panel, own: Sequence[str]) -> Mapping[str, Panel]:
    others = {g: [*(o for o in own if o != g), *([] if g in own else [g])] for g in switchable()}
    panels = {group: with_groups(whole, groups) for group, groups in others.items()}
    return {g: p for g, p in panels.items() if p.columns != desk.columns or (p.kinds is None) != (desk.kinds is None)}


def with_groups(whole: Panel, groups: Sequence[str]) -> Panel:
    """The panel a desk with these groups has, from one with all of them; columns that are wholly unknown count as absent."""
    both = zip(whole.names, whole.exog, whole.past, strict=True)
    columns = {name: np.stack([values, past]) for name, values, past in both if np.isfinite(values).any()}
    wanted = {name for group in groups for name in panel_columns(group)}
    found = {name: values for name, values in columns.items() if name in wanted}
    if APART not in groups and {"wind_mw", "solar_mw"} <= set(found):
        pair = found.pop("wind_mw") + found.pop("solar_mw")
        loads = {name: found.pop(name) for name in ("load_mw",) if name in found}
        found = {**loads, "wind_solar_mw": pair, **found}
    exog, past = np.moveaxis(np.array(list(found.values())).reshape(len(found), 2, *whole.exog.shape[1:]), 1, 0)
    since = None if whole.since is None else past
    daily = tuple(name for name in whole.daily if name in found)
    return replace(whole, names=tuple(found), exog=exog, since=since, daily=daily, kinds=whole.kinds if "holidays" in groups else None)


def _mean(panel: Panel, chosen: Sequence[str]) -> FloatArray:
    """Families' mean, every member fitted on the panel itself."""
    found = forecast_members(
        panel, members(chosen, {name: {"refit_days": 1} for name in chosen}), panel.before, lambda member, basis: member.fit(basis)
    )
    families: dict[str, list[FloatArray]] = {}
    for name, values in found.values.items():
        families.setdefault(family(name), []).append(values)
    return np.asarray(np.mean([np.mean(values, axis=0) for values in families.values()], axis=0))


def _outcome(archive: Archive, zone: str, day: date, minutes: int) -> FloatArray | None:
    """Prices of the day by slot, as known two days on; None where none is."""
    came = day_prices(archive.at(day + timedelta(days=2)), zone, "day_ahead_prices", day, 1, minutes)[0]
    return came if np.isfinite(came).any() else None
