"""What the UI shows of a day beside rows and hashes: numbers of the business, which it draws over the days, and small pictures.

What belongs here: a few numbers of a table's day, and one picture of those that are curves. What does not: computing anything a table does
not hold, or the page. Keys stay as they are: the UI draws a number over the days under its key. A picture is some 3 kB.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

WIDTH, HEIGHT, PAD, POINTS = 560, 150, 34, 48
COLOURS = ("#1f5f99", "#c2530a", "#1d7a46", "#7a4fa3", "#8a6d00", "#a3205f")
ENSEMBLE = (pl.col("model") == "ensemble") & (pl.col("price_kind") == "day_ahead")

Numbers = dict[str, Any]


def numbers_of(table: str, day: pl.DataFrame) -> Numbers:
    """Numbers and picture of one day of a table; none for tables that have no entry, or no row.

    >>> numbers_of("pnl", pl.DataFrame({"headline_eur": [10.0, -4.0], "zone": ["A", "B"]}))
    {'settled_pnl_eur': 6.0}
    """
    made = MADE.get(table)
    found = {} if made is None or day.is_empty() else made(day)
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in found.items() if value is not None}


def picture(lines: Mapping[str, Sequence[float | None]], unit: str, band: tuple[Sequence[float], Sequence[float]] | None = None) -> dg.MetadataValue:
    """Lines over the day, or over days, as an image inside Markdown; long ones are thinned to `POINTS` means."""
    thin = {name: _thinned(values) for name, values in lines.items()}
    ends = tuple(_thinned(values) for values in band) if band else ()
    known = [v for values in (*thin.values(), *ends) for v in values if v is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    high = high if high > low else low + 1.0

    def path(values: Sequence[float | None]) -> str:
        step = (WIDTH - 2 * PAD) / max(len(values) - 1, 1)
        at = [f"{PAD + i * step:.0f},{12 + (high - v) / (high - low) * (HEIGHT - 34):.0f}" for i, v in enumerate(values) if v is not None]
        return " ".join(at)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="10" fill="#566069">']
    parts += [f'<text x="0" y="16">{high:,.0f}</text><text x="0" y="{HEIGHT - 22}">{low:,.0f}</text>']
    if ends:
        parts.append(f'<polygon fill="#1f5f9922" points="{path(ends[1])} {" ".join(reversed(path(ends[0]).split()))}"/>')
    for i, (name, values) in enumerate(thin.items()):
        colour = COLOURS[i % len(COLOURS)]
        parts.append(f'<polyline fill="none" stroke="{colour}" points="{path(values)}"/>')
        parts.append(f'<text x="{PAD + 95 * i}" y="{HEIGHT - 4}" fill="{colour}">{name[:16]}</text>')
    image = base64.b64encode("".join([*parts, "</svg>"]).encode()).decode()
    return dg.MetadataValue.md(f"{', '.join(lines)} [{unit}]\n\n![{unit}](data:image/svg+xml;base64,{image})")


def outcome(forecasts: pl.DataFrame | None, pnl: pl.DataFrame | None) -> Numbers:
    """The day-ahead forecast beside what came, of the zone that sold most; nothing before settlement."""
    if forecasts is None or pnl is None or forecasts.is_empty() or pnl.is_empty():
        return {}
    zone = pnl.group_by("zone", maintain_order=True).agg(pl.col("sold_mw").abs().sum()).sort("sold_mw", "zone", descending=[True, False])["zone"][0]
    came = pnl.filter(zone=zone).sort("delivery_start")
    said = forecasts.filter(ENSEMBLE, horizon_days=1, zone=zone).sort("delivery_start")
    lines = {f"{zone} forecast": said["price_eur_mwh"].to_list(), "came": came["price_da_eur_mwh"].to_list()}
    return {"forecast_and_outcome": picture(lines, "EUR/MWh", _fan(said))}


def _thinned(values: Sequence[float | None]) -> list[float | None]:
    size = -(-len(values) // POINTS) or 1
    parts = [[v for v in values[i : i + size] if v is not None and math.isfinite(v)] for i in range(0, len(values), size)]
    return [math.fsum(part) / len(part) if part else None for part in parts]


def _fan(rows: pl.DataFrame) -> tuple[list[float], list[float]] | None:
    ends = [rows[column].to_list() for column in ("q05_eur_mwh", "q95_eur_mwh")]
    return None if any(v is None for values in ends for v in values) else (ends[0], ends[1])


def _mean(frame: pl.DataFrame, column: str) -> float | None:
    known = [v for v in frame[column].to_list() if v is not None]
    return math.fsum(known) / len(known) if known else None


def _sum(frame: pl.DataFrame, column: str) -> float:
    return math.fsum(v for v in frame[column].to_list() if v is not None)


def _forecasts(day: pl.DataFrame) -> Numbers:
    own = day.filter(ENSEMBLE, horizon_days=1).sort("zone", "delivery_start")
    if own.is_empty():
        return {}
    lines = {str(zone): part["price_eur_mwh"].to_list() for (zone,), part in own.partition_by(["zone"], as_dict=True, maintain_order=True).items()}
    first = own.filter(zone=next(iter(lines)))
    return {"mean_price_eur_mwh": _mean(own, "price_eur_mwh"), "forecast": picture(lines, "EUR/MWh", _fan(first))}


def _scores(day: pl.DataFrame) -> Numbers:
    own = day.filter(ENSEMBLE)
    named = {
        "mae_eur_mwh": "mae_eur_mwh",
        "naive_mae_eur_mwh": "mae_naive_standard_eur_mwh",
        "crps_eur_mwh": "crps_eur_mwh",
        "coverage_90": "coverage_90",
    }
    return {key: _mean(own, column) for key, column in named.items()}


def _curve(day: pl.DataFrame) -> Numbers:
    zones = day.sort("zone", "delivery_start").partition_by(["zone"], as_dict=True, maintain_order=True).items()
    return {"curve": picture({str(zone): part["price_eur_mwh"].to_list() for (zone,), part in zones}, "EUR/MWh")}


def _positions(day: pl.DataFrame) -> Numbers:
    own = day.filter(instrument="day_ahead").sort("zone", "delivery_start")
    energy = _sum(own.select(e=pl.col("position_mw") * pl.col("resolution_minutes") / 60), "e")
    zones = own.partition_by(["zone"], as_dict=True, maintain_order=True).items()
    lines = {str(zone): part["position_mw"].to_list() for (zone,), part in zones}
    return {"day_ahead_mwh": energy, **({"positions": picture(lines, "MW")} if lines else {})}


def _risk(day: pl.DataFrame) -> Numbers:
    rows = day.filter(pl.col("scope") == "book", pl.col("measure").is_in(("expected_pnl", "var", "es"))).sort("measure", "level").to_dicts()
    names = {r["measure"] if r["measure"] == "expected_pnl" else f"{r['measure']}_{100 * r['level']:g}": r["value_eur"] for r in rows}
    return {f"{name.replace('.', '_')}_eur": value for name, value in names.items()}


def _limits(day: pl.DataFrame) -> Numbers:
    return {"fullest_limit_share": day["use_share"].max(), "red_limits": day.filter(status="red").height}


def _stress(day: pl.DataFrame) -> Numbers:
    return {"worst_stress_eur": day.select(pl.coalesce("repriced_change_eur", "change_eur").min()).item()}


def _exceptions(day: pl.DataFrame) -> Numbers:
    return {"var_exceptions": day.filter(pl.col("is_exception")).height}


MADE: Mapping[str, Callable[[pl.DataFrame], Numbers]] = {
    "price_forecasts": _forecasts,
    "forecast_scores": _scores,
    "forward_curve": _curve,
    "positions": _positions,
    "risk_measures": _risk,
    "limits": _limits,
    "stress_results": _stress,
    "var_exceptions": _exceptions,
    "pnl": lambda day: {"settled_pnl_eur": _sum(day, "headline_eur")},
    "asset_legs": lambda day: {"assets_eur": _sum(day, "total_eur")},
}
"""By table; everything else shows rows, hash and place only."""
