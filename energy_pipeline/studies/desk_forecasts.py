"""`benchmark desk`: walk a desk's price forecasts over past days and score them.

What belongs here: reading the desk's own sources, walking its zones, the page. What does not:
the forecasts (`forecasting.forecasts`, the very code of the daily flow), single-day measures.

Every day is decided from an information set cut at that day's decision time, so the drivers are
those the desk would have had. Nothing is written to a lake. Zones are walked by several
processes; a block of days begins with a fresh archive, which bounds the memory, and finds the
fits of the block before by their content.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.desk.forecasting import ForecastSettings
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.forecasting.forecasts import POINT
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano, holm
from energy_pipeline.risk.expected_against_settled import LEAD_GROUPS, bias_row

BLOCK_DAYS = 56
HOUR = 60
TABLES = (
    *("day_ahead_prices", "load_actual", "load_forecast", "generation_actual", "generation_forecast", "weather_forecast", "weather_observed"),
    *("fuel_prices", "outages"),
)


@dataclass(frozen=True)
class DeskRun:
    """What was walked: forecasts of the day decided beside what came, those of the asked lead days, and their page."""

    rows: pl.DataFrame
    leads: pl.DataFrame
    page: str


def run(
    desk_path: Path,
    data: Path,
    first: date,
    last: date,
    zones: Sequence[str] = (),
    convention: str = "",
    jobs: int = 2,
    default_committee: bool = False,
    changes: Mapping[str, object] | None = None,
    leads: Sequence[int] = (),
) -> DeskRun:
    """Walk `first`..`last`.

    Parameters
    ----------
    desk_path, data : Path
        Desk file, and the folder its relative paths count from.
    zones : sequence of str
        All of the desk when empty.
    convention : str
        Replaces `tso_res_forecast` of every zone that has it other than `none`: strict or epf_convention.
    jobs : int
        Worker processes.
    default_committee : bool
        Take the package's default forecast settings instead of the desk's.
    changes : mapping of a key of `forecast` to its value, optional
        Instead of what the desk file says.
    leads : sequence of int
        Lead days of a table of the mean's bias beside the plain point's, 1 being the day itself; none when empty.

    Raises
    ------
    ValueError
        For a zone the desk does not have.
    """
    desk = _with_convention(load_desk(desk_path), convention)
    if default_committee:
        desk = desk.model_copy(update={"forecast": ForecastSettings()})
    if changes:
        desk = desk.model_copy(update={"forecast": ForecastSettings.model_validate({**desk.forecast.model_dump(), **changes})})
    unknown = [z for z in zones if z not in desk.zones]
    if unknown:
        raise ValueError(f"zones {', '.join(unknown)} are not in {desk_path.name}; there are {', '.join(desk.zones)}")
    wanted = list(zones) or list(desk.zones)
    work = partial(_walk, desk, data, first, last, tuple(leads))
    if jobs > 1 and len(wanted) > 1:
        import multiprocessing

        with ProcessPoolExecutor(min(jobs, len(wanted)), mp_context=multiprocessing.get_context("spawn")) as pool:
            frames = list(pool.map(work, wanted))
    else:
        frames = [work(zone) for zone in wanted]
    rows = pl.concat(frames)
    walked = rows.filter(pl.col("walk") == "day").drop("walk")
    further = rows.filter(pl.col("walk") == "leads").drop("walk")
    page = _page(desk, walked, first, last, convention)
    return DeskRun(walked, further, page + ("\n".join(["", *_lead_bias(further), ""]) if leads else ""))


def _with_convention(desk: Desk, convention: str) -> Desk:
    if not convention:
        return desk
    zones = {n: z if z.tso_res_forecast == "none" else z.model_copy(update={"tso_res_forecast": convention}) for n, z in desk.zones.items()}
    return desk.model_copy(update={"zones": zones})


def error_column() -> pl.Expr:
    """Forecast less outcome, of the published median where there is one: what the absolute error is of [EUR/MWh]."""
    median = pl.when(pl.col("statistic") == "mean").then(pl.col("q50_eur_mwh")).otherwise(pl.col("price_eur_mwh"))
    return median - pl.col("outcome_eur_mwh")


def _walk(desk: Desk, data: Path, first: date, last: date, leads: tuple[int, ...], zone: str) -> pl.DataFrame:
    from energy_pipeline.contracts.raw import RAW_TABLES
    from energy_pipeline.forecasting.forecasts import zone_day_ahead, zone_leads
    from energy_pipeline.information.archive import Archive
    from energy_pipeline.information.artefacts import MemoryArtefacts
    from energy_pipeline.ingestion import collect
    from energy_pipeline.lake.source_files import SourceFiles

    load = SourceFiles(data).load
    begin = first - timedelta(days=desk.history_days)
    names = [t.name for t in RAW_TABLES if t.name in TABLES]
    near = (zone, *desk.zones[zone].neighbours)
    ahead = timedelta(days=max(leads, default=1) - 1)
    collected = {name: collect(desk, name, begin, last + ahead, load) for name in names}
    raw = {name: _own(found.frame, near) for name, found in collected.items()}
    for name, found in collected.items():
        if found.failures and raw[name].is_empty():
            raise next(iter(found.failures.values()))
    store, parts = MemoryArtefacts(), []
    for block in _blocks(days_between(first, last), BLOCK_DAYS):
        since = block[0] - timedelta(days=desk.history_days)
        archive = Archive(desk, {n: f.filter(pl.col("delivery_day").is_between(since, block[-1] + ahead)) for n, f in raw.items()})
        parts += [zone_day_ahead(archive.at(day), zone, store).with_columns(walk=pl.lit("day")) for day in block]
        parts += [zone_leads(archive.at(day), zone, leads, store).with_columns(walk=pl.lit("leads")) for day in block if leads]
    prices = _own(raw["day_ahead_prices"], (zone,)).sort("known_at").unique(["zone", "delivery_start"], keep="last")
    outcome = prices.select("zone", "delivery_start", outcome_eur_mwh="price_eur_mwh")
    week = prices.select("zone", pl.col("delivery_start") + pl.duration(days=7), week_before_eur_mwh="price_eur_mwh")
    return pl.concat(parts).join(outcome, on=["zone", "delivery_start"], how="left").join(week, on=["zone", "delivery_start"], how="left")


def _own(frame: pl.DataFrame, zones: Sequence[str]) -> pl.DataFrame:
    return frame.filter(pl.col("zone").is_in(list(zones))) if "zone" in frame.columns else frame


def _blocks(days: Sequence[date], size: int) -> list[Sequence[date]]:
    return [days[i : i + size] for i in range(0, len(days), size)]


def _page(desk: Desk, rows: pl.DataFrame, first: date, last: date, convention: str) -> str:
    head = f"### Desk {desk.name}, {first} .. {last}" + (f", wind and solar forecasts by `{convention}`" if convention else "")
    lines = [
        head,
        "",
        "| zone | intervals | MAE EUR/MWh | rMAE, weekly naive | inside the 90 % band, % | best member | days with a fallback |",
        "|---|---|---|---|---|---|---|",
    ]
    for (zone,), part in rows.group_by("zone", maintain_order=True):
        known = part.filter(pl.col("outcome_eur_mwh").is_not_null(), pl.col("week_before_eur_mwh").is_not_null())
        own = known.filter(pl.col("model") == "ensemble")
        naive = float((own["week_before_eur_mwh"] - own["outcome_eur_mwh"]).abs().mean())  # type: ignore[arg-type]
        errors = known.group_by("model", maintain_order=True).agg(mae=error_column().abs().mean(), n=pl.len())
        mae = dict(errors.select("model", "mae").iter_rows())
        whole = errors.filter(pl.col("n") == own.height, ~pl.col("model").is_in(["naive", "ensemble"])).sort("mae")
        best = f"{whole['model'][0]} {whole['mae'][0] / naive:.3f}" if whole.height else "none"
        hit = (own["q05_eur_mwh"] <= own["outcome_eur_mwh"]) & (own["outcome_eur_mwh"] <= own["q95_eur_mwh"])
        fallbacks = own.filter(pl.col("fallback") != "")["delivery_day"].n_unique()
        share = 100 * float(np.mean(hit.drop_nulls().to_numpy())) if hit.drop_nulls().len() else float("nan")
        lines.append(f"| {zone} | {own.height} | {mae['ensemble']:.2f} | {mae['ensemble'] / naive:.4f} | {share:.1f} | {best} | {fallbacks} |")
    return "\n".join([*lines, "", *_quarters(rows), "", *_bias(rows), *_inside_the_hour(rows)]) + "\n"


def _lead_bias(rows: pl.DataFrame) -> list[str]:
    """Bias of the published mean by zone and lead group, Holm's p over all of them, and its squared error beside the plain point's."""
    known = rows.filter(pl.col("outcome_eur_mwh").is_not_null()).with_columns(error=pl.col("price_eur_mwh") - pl.col("outcome_eur_mwh"))
    days = known.group_by("zone", "model", "horizon_days", "delivery_day", maintain_order=True).agg(
        pl.col("error", "outcome_eur_mwh").mean(), squares=(pl.col("error") ** 2).mean()
    )
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for (zone, model), part in days.group_by("zone", "model", maintain_order=True):
        for group, (low, high) in LEAD_GROUPS.items():
            inside = part.filter(pl.col("horizon_days").is_between(low, high))
            own = inside.group_by("delivery_day", maintain_order=True).agg(pl.col("error", "squares", "outcome_eur_mwh").mean())
            if own.height:
                found[str(zone), group, str(model)] = bias_row(*(own[c].to_numpy() for c in ("error", "squares", "outcome_eur_mwh")))
    means = {key[:2]: r for key, r in found.items() if key[2] == "ensemble"}
    together = holm([math.nan if r["p_value"] is None else r["p_value"] for r in means.values()])
    heads = [
        "zone",
        "lead",
        "days",
        "bias of the mean EUR/MWh",
        "allowed",
        "HAC t",
        "p of all",
        "RMSE of the mean",
        "of the point",
        "bias of the point",
    ]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for ((zone, group), r), p in zip(means.items(), together, strict=True):
        plain, t = found[zone, group, POINT], "" if r["hac_t"] is None else f"{r['hac_t']:.2f}"
        told = f"{r['difference']:+.3f} | {r['allowed']:.2f} | {t} | {p:.3f} | {r['rmse']:.3f} | {plain['rmse']:.3f} | {plain['difference']:+.3f}"
        lines.append(f"| {zone} | {group} | {r['days']} | {told} |")
    return lines


def _inside_the_hour(rows: pl.DataFrame) -> list[str]:
    """Of zones finer than the hour: the published median beside its hourly means repeated and both naives, days that are known in full."""
    start = pl.col("delivery_start")
    own = rows.filter(pl.col("model") == "ensemble", pl.col("resolution_minutes") < HOUR, pl.col("outcome_eur_mwh").is_not_null())
    if own.is_empty():
        return []
    came = own.select("zone", start + pl.duration(days=1), day_before_eur_mwh="outcome_eur_mwh")
    own = own.join(came, on=["zone", "delivery_start"], how="left").with_columns(error=error_column()).drop_nulls("day_before_eur_mwh")
    median = pl.col("error") + pl.col("outcome_eur_mwh")
    rivals = {
        "own": median,
        "hour": median.mean().over("zone", start.dt.truncate("1h")),
        "day": pl.col("day_before_eur_mwh"),
        "week": pl.col("week_before_eur_mwh"),
    }
    missed = own.with_columns(**{name: (value - pl.col("outcome_eur_mwh")).abs() for name, value in rivals.items()})
    days = missed.group_by("zone", "delivery_day", maintain_order=True).agg(pl.col(*rivals).mean())
    heads = ["zone", "days", "MAE EUR/MWh", "its hours repeated", "ratio", "p", "the day before", "the week before"]
    lines = ["", f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for (zone,), part in days.group_by("zone", maintain_order=True):
        mean = {name: float(part[name].mean()) for name in rivals}  # type: ignore[arg-type]
        p = diebold_mariano(part["own"].to_numpy(), part["hour"].to_numpy())
        found = f"{mean['own']:.2f} | {mean['hour']:.2f} | {mean['own'] / mean['hour']:.4f} | {p:.4f} | {mean['day']:.2f} | {mean['week']:.2f}"
        lines.append(f"| {zone} | {part.height} | {found} |")
    return lines


def _bias(rows: pl.DataFrame) -> list[str]:
    """Bias of the published mean by zone: HAC t of the days, Holm's p over the zones, and what is allowed."""
    own = rows.filter(pl.col("statistic") == "mean", pl.col("outcome_eur_mwh").is_not_null()).with_columns(
        error=pl.col("price_eur_mwh") - pl.col("outcome_eur_mwh")
    )
    days = own.group_by("zone", "delivery_day", maintain_order=True).agg(
        pl.col("error", "outcome_eur_mwh").mean(), squares=(pl.col("error") ** 2).mean()
    )
    found = {
        str(part["zone"][0]): bias_row(*(part[c].to_numpy() for c in ("error", "squares", "outcome_eur_mwh")))
        for part in days.partition_by("zone", maintain_order=True)
    }
    together = holm([math.nan if r["p_value"] is None else r["p_value"] for r in found.values()])
    lines = ["| zone | days | bias of the mean EUR/MWh | allowed | HAC t | p of all zones | RMSE of the mean |", "|---|---|---|---|---|---|---|"]
    for (zone, r), p in zip(found.items(), together, strict=True):
        t = "" if r["hac_t"] is None else f"{r['hac_t']:.2f}"
        lines.append(f"| {zone} | {r['days']} | {r['difference']:+.3f} | {r['allowed']:.2f} | {t} | {p:.3f} | {r['rmse']:.3f} |")
    return lines


def _quarters(rows: pl.DataFrame) -> list[str]:
    """The ensemble's rMAE and the share inside its 90 % band, by quarter of the year."""
    known = rows.filter(pl.col("model") == "ensemble", pl.col("outcome_eur_mwh").is_not_null(), pl.col("week_before_eur_mwh").is_not_null())
    found = (
        known.with_columns(quarter=pl.format("{} Q{}", pl.col("delivery_day").dt.year(), pl.col("delivery_day").dt.quarter()))
        .group_by("zone", "quarter", maintain_order=True)
        .agg(
            own=error_column().abs().mean(),
            naive=(pl.col("week_before_eur_mwh") - pl.col("outcome_eur_mwh")).abs().mean(),
            inside=pl.col("outcome_eur_mwh").is_between(pl.col("q05_eur_mwh"), pl.col("q95_eur_mwh")).mean(),
        )
    )
    lines = ["| zone | quarter | MAE EUR/MWh | rMAE, weekly naive | inside the 90 % band, % |", "|---|---|---|---|---|"]
    for zone, quarter, own, naive, inside in found.iter_rows():
        share = "" if inside is None else f"{100 * inside:.1f}"
        lines.append(f"| {zone} | {quarter} | {own:.2f} | {own / naive:.4f} | {share} |")
    return lines
