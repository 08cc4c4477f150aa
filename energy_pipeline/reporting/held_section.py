"""The section about values that are held: which, why, and what is at stake.

What belongs here: the day's `held_hours` in its latest state, beside the day-ahead price. What does not: who is held
(ingestion), or what settlement does about it (`pnl.held_h`).
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.reporting.inputs import ReportInputs, starts_us, total
from energy_pipeline.reporting.view import Cell, Head, Section, TableView, Tone, num

TONES: dict[str, Tone] = {"held": "bad", "released": "ok", "replaced": "warn", "corrected": "muted"}
KEY, TITLE = "held", "Held values"


def held(inputs: ReportInputs) -> Section:
    """A row per series, column, rule and status."""
    if not inputs.has("held_hours"):
        return Section(KEY, TITLE, notes=["No value of the day is held."], sources=inputs.sources("held_hours", "data_quality"))
    latest = inputs.latest("held_hours")
    prices = _prices(inputs)
    heads = [Head(text, numeric=False) for text in ("Series", "Status", "Rule")]
    heads += [Head("hours", "h"), Head("volume", "MWh"), Head("at stake", "¤"), Head("Why", numeric=False)]
    rows = []
    for part in latest.partition_by("raw_table", "series", "value_column", "check", "status", maintain_order=True):
        first = part.row(0, named=True)
        hours = [m / 60.0 for m in part["resolution_minutes"].to_list()]
        is_power = first["value_column"].endswith("_mw")
        volumes = [h * v for h, v in zip(hours, part["found_value"].to_list(), strict=True)] if is_power else []
        known = [prices.get((first["zone"], start)) for start in starts_us(part)]
        stakes = [v * p for v, p in zip(volumes, known, strict=True) if p is not None] if is_power else []
        rows.append(
            [
                Cell(f"{first['raw_table']} {first['series']} {first['value_column']}"),
                Cell(first["status"], TONES[first["status"]], pill=True),
                Cell(first["check"].replace("_", " ")),
                num(total(hours), 2),
                num(total(volumes) if is_power else None, 1),
                num(total(stakes) if stakes else None),
                Cell(first["detail"], "muted"),
            ]
        )
    notes = [note for note in (_note(latest),) if note]
    return Section(KEY, TITLE, [TableView("Not as the source says", heads, rows)], notes=notes, sources=inputs.sources("held_hours", "data_quality"))


def held_hours(inputs: ReportInputs) -> float:
    """Hours of the day that settlement needs and that are held [h]; zones and intervals add up."""
    return total(inputs.frame("pnl")["held_h"].to_list()) if inputs.has("pnl") else 0.0


def _note(latest: pl.DataFrame) -> str:
    waiting = latest.filter(pl.col("status") == "held").height
    if not waiting:
        return ""
    return (
        f"{waiting} value(s) are held: decisions treat them as missing, settlement does not book them, and the day is provisional until "
        "the operator's file (`plausibility.operator_file`) releases or replaces them, or the source is corrected."
    )


def _prices(inputs: ReportInputs) -> dict[tuple[str, int], float]:
    """Day-ahead price by zone and minute-exact interval start, finer rows of a longer interval included."""
    found: dict[tuple[str, int], float] = {}
    for name, column in (("pnl_day_ahead", "price_eur_mwh"), ("pnl", "price_da_eur_mwh")):
        frame = inputs.frame(name) if inputs.has(name) else contract_of(name).frame()
        for zone, start, minutes, price in zip(
            frame["zone"].to_list(), starts_us(frame), frame["resolution_minutes"].to_list(), frame[column].to_list(), strict=True
        ):
            found |= {(zone, start + m * 60_000_000): price for m in range(0, minutes, 5)}
    return found
