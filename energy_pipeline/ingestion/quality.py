"""The `data_quality` table: what a day should have, what it has, and what is wrong with it.

What belongs here: counting. What does not: refusing (contracts before the write, asset
checks after it) or repairing.

A day's rows depend on that day's rows and the disguise window before it, never on
later days, so that a range run and daily runs write the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import LiveSeries
from energy_pipeline.domain.delivery import from_us
from energy_pipeline.information.expected import Expected, expected_series, key_text
from energy_pipeline.ingestion.connectors import licence_of
from energy_pipeline.ingestion.disguise import PAIRS, WINDOW, judge
from energy_pipeline.ingestion.holding import HELD_HOURS
from energy_pipeline.ingestion.live import asked_of, is_live, sources_of
from energy_pipeline.ingestion.steps import CARRIED, MERGED, OUTAGE_ZERO


def assess_quality(desk: Desk, day: date, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows of `data_quality` for one delivery day.

    Parameters
    ----------
    desk : Desk
    day : date
    frames : mapping of raw table to frame
        Every vintage; the day itself, and for the check of disguised forecasts as much of
        the `WINDOW` before it as there is. Absent tables count as empty.

    Returns
    -------
    DataFrame
        `coverage`: one row per declared series; an interval is found when the latest
        vintage has all its values, null when one of them says unknown, missing when there
        is no row. Status `not_yet`: no row of the whole table, and it only comes after
        delivery. `declared_absent`: one row per absent series. `disguised_forecast`: one
        row per forecast with rows on the day; counts are the intervals compared. `live_source`: one row per live series with
        rows on the day: found are the intervals of its first source, missing those that the second one had to fill.
        `plausibility`: one row per series of which values are held; counts are those values.
    """
    today = {name: frame.filter(pl.col("delivery_day") == day) for name, frame in frames.items()}
    rows = [_coverage(desk, day, item, today) for item in expected_series(desk, day)]
    rows += [_absent(day, a.table, key_text(a.key), f"{a.fallback}{f' ({a.reason})' if a.reason else ''}") for a in desk.sources.absent]
    rows += _disguises(desk, day, frames, today)
    rows += [row for series in desk.sources.live if (row := _live(desk, day, series, today)) is not None]
    rows += _held(day, today)
    contract = contract_of("data_quality")
    return contract.frame(rows).sort(contract.sort_key)


def _row(day: date, table: str, series: str, check: str, status: str, detail: str, **counts: int) -> dict[str, object]:
    names = ("expected_count", "found_count", "missing_count", "null_count", "outage_zero_count")
    numbers = {n: counts.get(n, 0) for n in names}
    return {"delivery_day": day, "raw_table": table, "series": series, "check": check, "status": status, **numbers, "detail": detail}


def _absent(day: date, table: str, series: str, detail: str) -> dict[str, object]:
    return _row(day, table, series, "declared_absent", "absent", detail)


def _coverage(desk: Desk, day: date, item: Expected, today: Mapping[str, pl.DataFrame]) -> dict[str, object]:
    contract = contract_of(item.table)
    table_rows = today.get(item.table, contract.frame())
    rows = table_rows.filter(*[pl.col(k) == v for k, v in item.key.items()])
    is_interval = "delivery_start" in contract.schema
    minutes = int(rows["resolution_minutes"][0]) if is_interval and rows.height else item.resolution(desk, day)
    rows = _latest(rows, "delivery_start" if is_interval else "delivery_day")
    unknown = pl.any_horizontal(pl.col(v).is_null() for v in item.values)
    expected, nulls = item.count(desk, day, minutes), rows.filter(unknown)
    missing = max(expected - rows.height, 0)
    gaps = missing + nulls.height
    status, detail = "ok" if gaps == 0 else "gap", ""
    if gaps and table_rows.is_empty() and contract.published == "after_delivery":
        status, detail = "not_yet", "no row of this table yet; it is published after delivery"
    elif gaps and is_interval:
        detail = _first_gap(desk, day, minutes, rows.filter(~unknown))
    elif gaps:
        detail = "no value for this day" + (" (a holiday of the exchange, or late)" if item.table == "fuel_prices" else "")
    detail = "; ".join(t for t in (detail, *_notes(rows["source"])) if t)
    outages = int(rows["source"].str.contains(OUTAGE_ZERO, literal=True).sum())
    counts = {"expected_count": expected, "found_count": rows.height - nulls.height, "missing_count": missing, "null_count": nulls.height}
    return _row(day, item.table, item.text, "coverage", status, detail, outage_zero_count=outages, **counts)


def _notes(source: pl.Series) -> list[str]:
    """What reading did to rows, in words."""
    said = ((MERGED, "that the file has more than once, always equal"), (CARRIED, "left out in the file, with the value before"))
    counts = [(int(source.str.contains(part, literal=True).sum()), text) for part, text in said]
    return [f"{count} interval(s) {text}" for count, text in counts if count]


def _latest(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """The latest vintage per interval (weather forecasts: of the latest run)."""
    order = [by, *(c for c in ("issued_at", "known_at") if c in rows.columns)]
    return rows.sort(order, maintain_order=True).unique(subset=[by], keep="last", maintain_order=True)


def _first_gap(desk: Desk, day: date, minutes: int, found: pl.DataFrame) -> str:
    starts = desk.delivery_day(day).interval_starts_us(minutes)
    gaps = starts[~np.isin(starts, found["delivery_start"].cast(pl.Int64).to_numpy())]
    if gaps.size == 0:
        return "rows off the day's interval grid"
    return f"first gap {from_us(int(gaps[0])):%Y-%m-%d %H:%M} UTC"


def _live(desk: Desk, day: date, series: LiveSeries, today: Mapping[str, pl.DataFrame]) -> dict[str, object] | None:
    """Which source the rows of a live series are from, what their `known_at` rests on, and under which licence they are."""
    contract = contract_of(series.table)
    rows = today.get(series.table, contract.frame()).filter(*[pl.col(k) == v for k, v in series.key.items()], is_live(pl.col("source")))
    if rows.is_empty():
        return None
    latest = _latest(rows, "delivery_start" if "delivery_start" in contract.schema else "outage_id")
    names = latest["source"].str.replace(";.*$", "")
    counts = {f"{live.source}:{live.dataset}": 0 for live in sources_of(series)} | dict(names.value_counts(sort=True).iter_rows())
    first, *others = counts.items()
    bases = latest["source"].str.extract(";(.*)$").value_counts().sort("source").iter_rows()
    texts = [f"{first[1]} from {first[0]}", *(f"{n} from the second source {name}" for name, n in others if n)]
    texts.append("known by " + ", ".join(f"{basis} {n}" for basis, n in bases))
    used = [live for live in sources_of(series) if counts[f"{live.source}:{live.dataset}"]]
    texts.append("licence: " + "; ".join(dict.fromkeys(licence_of(live.source, asked_of(desk, series, live)) for live in used)))
    second = sum(n for _, n in others)
    found = {"expected_count": latest.height, "found_count": first[1], "missing_count": second}
    return _row(day, series.table, key_text(series.key), "live_source", "second_source" if second else "ok", "; ".join(texts), **found)


def _disguises(desk: Desk, day: date, frames: Mapping[str, pl.DataFrame], today: Mapping[str, pl.DataFrame]) -> list[dict[str, object]]:
    rows, seen = [], pl.col("delivery_day").is_between(day - WINDOW, day)
    window = {t: frames[t].filter(seen) for pair in PAIRS.items() for t in (pair[0], pair[1][0]) if t in frames}
    for item in expected_series(desk, day):
        here = today.get(item.table)
        if item.table not in PAIRS or here is None or here.filter(*[pl.col(k) == v for k, v in item.key.items()]).is_empty():
            continue
        verdict = judge(desk, item.table, item.key, window)
        detail = verdict.suspicion or f"no sign of it in {verdict.compared} intervals compared"
        if not verdict.seam_judged:
            detail += "; the test of the midnight seam was not possible (it needs about 190 days, and output at night)"
        counts = {"expected_count": verdict.compared, "found_count": verdict.compared}
        status = "error" if verdict.suspicion else "ok"
        rows.append(_row(day, item.table, item.text, "disguised_forecast", status, detail, **counts))
    return rows


def _held(day: date, today: Mapping[str, pl.DataFrame]) -> list[dict[str, object]]:
    """A row for every series with values that are held: what `held_hours` says last."""
    contract = contract_of(HELD_HOURS)
    rows = today.get(HELD_HOURS, contract.frame()).sort(*contract.sort_key, maintain_order=True)
    held = rows.unique(list(contract.key), keep="last", maintain_order=True).filter(pl.col("status") == "held")
    parts = held.partition_by("raw_table", "series", maintain_order=True, as_dict=True)
    return [
        _row(day, str(table), str(series), "plausibility", "held", part["detail"][0], expected_count=part.height, null_count=part.height)
        for (table, series), part in parts.items()
    ]
