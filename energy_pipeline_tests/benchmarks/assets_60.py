"""What must hold of assets that live, over a span of settled days: states, legs, decisions, and cash against what was booked.

What belongs here: running the demo's days (or reading a lake that has them), the promises, and the table of them. What does
not: deciding and settling. `make assets` runs 60 days of the demo (some 20 CPU minutes); `ARGUMENTS="--lake PATH --desk FILE"`
reads a lake.

Promises, each over all assets and days:
- *states*: every day begins where the day before ended, unless a row says it was settled or corrected otherwise.
- *legs*: every asset of the desk has legs each settled day; they add to cash, cash and inventory to the total.
- *content*, *inventory*: what a settled day closes with is what the next opens with (content: unless corrected).
- *decisions*: each has payoff, cost and what keeping is worth, and follows the larger; what is taken never exceeds the terms.
- *booked*: what was earned over the span against what it was booked at, in standard errors of the daily differences: of a store
  cash and content against the day's expected margin and content, of a right against no change (its worth is booked when it
  opens, so that it gains nothing on average), of a plant that may be switched off and a unit against the day's value.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.book.grid import zone_grid
from energy_pipeline.desk import Desk, demo_desk_path, load_desk
from energy_pipeline.desk.flexibility import Battery, RenewableRight, TollingRight
from energy_pipeline.flexibility.states import curves_of, discontinuities
from energy_pipeline.lake import Lake
from energy_pipeline.portfolio import Came
from energy_pipeline.portfolio.settle import auction_price, plant_given
from energy_pipeline_tests.benchmarks.process import measure

FIRST, DAYS = date(2026, 2, 1), 60
CENT = 0.005
SAME = 1e-6
ERRORS = 2.0
CASH = ("energy_eur", "cost_eur", "certificate_eur", "capacity_eur", "penalty_eur")
READ = ("asset_states", "asset_legs", "right_decisions", "asset_values", "orders_sent", "end_values")
RAW = ("day_ahead_prices", "second_prices", "plant_meters", "generation_actual")


@dataclass(frozen=True)
class Promise:
    """One promise, what it was looked at, and what breaks it."""

    name: str
    looked_at: int
    broken: list[str]


def promises(desk: Desk, tables: Mapping[str, pl.DataFrame]) -> list[Promise]:
    """All promises but what was booked.

    Parameters
    ----------
    tables : mapping of name to frame
        `asset_states`, `asset_legs` and `right_decisions` of consecutive days.
    """
    legs = tables["asset_legs"].sort("asset", "delivery_day")
    days = sorted(set(legs["delivery_day"].to_list()))
    states = tables["asset_states"]
    broken = [text for day in days for text in discontinuities(states, day)]
    known = {(r["asset"], r["delivery_day"]) for r in legs.to_dicts()}
    lacks = [f"{d} {n}: no legs" for d in days for n in (*desk.assets, *desk.rights) if (n, d) not in known]
    off = legs.filter(((pl.sum_horizontal(CASH) - pl.col("cash_eur")).abs() > CENT) | (_gap().abs() > CENT))
    found = [
        Promise("states", len(days), broken),
        Promise("legs of every asset", len(known), lacks),
        Promise("legs add up", legs.height, [f"{r['delivery_day']} {r['asset']}: {r['cash_eur']:.4f}" for r in off.to_dicts()]),
    ]
    corrected = {(r["asset"], r["state_day"] + timedelta(days=1)) for r in states.filter(pl.col("kind") == "corrected").to_dicts()}
    pairs = [(a, b) for part in legs.partition_by("asset", maintain_order=True) for a, b in zip(*(part.to_dicts()[s:] for s in (0, 1)), strict=False)]
    pairs = [(a, b) for a, b in pairs if b["delivery_day"] - a["delivery_day"] == timedelta(days=1)]
    content = [
        f"{b['delivery_day']} {b['asset']}: {a['content_end_mwh']:g} then {b['content_start_mwh']:g} MWh"
        for a, b in pairs
        if a["content_end_mwh"] is not None
        and abs(a["content_end_mwh"] - b["content_start_mwh"]) > SAME
        and (b["asset"], b["delivery_day"]) not in corrected
    ]
    jumps = [f"{b['delivery_day']} {b['asset']}" for a, b in pairs if a["inventory_close_eur"] != b["inventory_open_eur"]]
    found += [Promise("content", len(pairs), content), Promise("inventory telescopes", len(pairs), jumps)]
    return [*found, _decisions(tables["right_decisions"])]


def _gap() -> pl.Expr:
    return pl.col("cash_eur") + pl.col("inventory_eur") - pl.col("total_eur")


def _decisions(decisions: pl.DataFrame) -> Promise:
    """Each decision carries its numbers and follows the larger."""
    broken = []
    for r in decisions.to_dicts():
        numbers = [r[n] for n in ("payoff_eur", "cost_eur", "keeping_eur", "kept_eur")]
        gain = r["payoff_eur"] - r["cost_eur"] - r["keeping_eur"]
        wrong = r["considered_mwh"] > 0 and not r["is_forced"] and r["is_exercised"] != (gain >= -SAME)
        if wrong or not np.isfinite(numbers).all() or not r["why"]:
            broken.append(f"{r['delivery_day']} {r['asset']}: {r['why']}")
    return Promise("decisions", decisions.height, broken)


@dataclass(frozen=True)
class Booked:
    """What an asset was booked at and earned over the span [EUR], and the difference in standard errors."""

    asset: str
    days: int
    booked_eur: float
    settled_eur: float
    errors: float


def booked(desk: Desk, tables: Mapping[str, pl.DataFrame], energy_eur: Mapping[tuple[str, date], float]) -> list[Booked]:
    """Every asset of the desk.

    Parameters
    ----------
    energy_eur : mapping of (right, day) to EUR
        What the plants of renewable rights earned at the day-ahead price: in the book, not in the right's legs.
    """
    values = {(r["asset"], r["delivery_day"]): r["value_eur"] for r in tables["asset_values"].to_dicts()}
    values |= {(r["asset"], r["delivery_day"]): r["expected_eur"] for r in tables["orders_sent"].to_dicts()}
    curves = {part["delivery_day"][0]: curves_of(part) for part in tables["end_values"].partition_by("delivery_day", maintain_order=True)}
    found = []
    for name, asset in {**desk.assets, **desk.rights}.items():
        rows = tables["asset_legs"].filter(pl.col("asset") == name).sort("delivery_day").to_dicts()
        pairs = []
        for r in rows:
            value = values.get((name, r["delivery_day"]))
            if value is None:
                continue
            if isinstance(asset, Battery):
                points = curves.get(r["delivery_day"], {}).get(name, ((0.0, 0.0), (1.0, 0.0)))
                open_eur = float(np.interp(r["content_start_mwh"], *np.array(points).T))
                pairs.append((value - open_eur, r["cash_eur"] + r["inventory_close_eur"] - open_eur))
            elif isinstance(asset, TollingRight | RenewableRight):
                pairs.append((value, r["cash_eur"] + energy_eur.get((name, r["delivery_day"]), 0.0)))
            else:
                pairs.append((0.0, r["total_eur"]))
        both = np.array(pairs).reshape(-1, 2)
        gap = both[:, 1] - both[:, 0]
        spread = float(gap.std(ddof=1)) * np.sqrt(gap.size) if gap.size > 1 else 0.0
        expected, settled = (float(v) for v in both.sum(axis=0))
        found.append(Booked(name, gap.size, expected, settled, float(gap.sum()) / spread if spread > SAME else 0.0))
    return found


def plant_energy_eur(desk: Desk, lake: Lake, days: list[date]) -> dict[tuple[str, date], float]:
    """What the plants of renewable rights gave, at the day-ahead price."""
    found = {}
    for day in days:
        raw = {n: lake.read(n, day, day, missing="skip") for n in (*RAW, "held_hours", "plant_output")}
        output = raw.pop("plant_output")
        came = Came(**raw)
        for name, right in desk.rights.items():
            if isinstance(right, RenewableRight):
                grid = zone_grid(desk, desk.delivery_day(day), right.zone)
                price = auction_price(came.day_ahead_prices, right.zone, grid)
                given, _, _ = plant_given(desk, right.plant, grid, output, came, price)
                found[name, day] = float((given * price * grid.hours).sum())
    return found


def page(found: list[Promise], money: list[Booked]) -> tuple[list[str], bool]:
    """The table, and whether all holds."""
    lines = ["| promise | looked at | broken | first |", "|---|---|---|---|"]
    lines += [f"| {p.name} | {p.looked_at} | {len(p.broken)} | {p.broken[0] if p.broken else ''} |" for p in found]
    lines += ["", "| asset | days | booked EUR | settled EUR | difference | standard errors | holds |", "|---|---|---|---|---|---|---|"]
    for b in money:
        numbers = " | ".join(f"{v:,.0f}" for v in (b.booked_eur, b.settled_eur, b.settled_eur - b.booked_eur))
        lines.append(f"| {b.asset} | {b.days} | {numbers} | {b.errors:+.2f} | {'yes' if abs(b.errors) <= ERRORS else 'no'} |")
    return lines, not any(p.broken for p in found) and all(abs(b.errors) <= ERRORS for b in money)


def read(lake: Lake) -> dict[str, pl.DataFrame]:
    """The tables of all settled days of a lake."""
    days = lake.days("asset_legs")
    if not days:
        raise SystemExit(f"{lake.root}: no settled day of an asset -> run a range into it first, or leave --lake out")
    return {name: lake.read(name, days[0], days[-1], missing="skip") for name in READ}


def main() -> None:
    """Run or read, print, and leave with 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--desk", type=Path, default=demo_desk_path())
    parser.add_argument("--first", type=date.fromisoformat, default=FIRST)
    parser.add_argument("--days", type=int, default=DAYS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        root = given.lake or Path(home) / "lake"
        if given.lake is None:
            last = given.first + timedelta(days=given.days - 1)
            words = ("backfill", str(given.first), str(last), "--desk", str(given.desk), "--lake", str(root), "--no-audit")
            measure("-m", "energy_pipeline.cli", *words)
        desk, lake = load_desk(given.desk), Lake(root)
        tables = read(lake)
        days = sorted(set(tables["asset_legs"]["delivery_day"].to_list()))
        lines, holds = page(promises(desk, tables), booked(desk, tables, plant_energy_eur(desk, lake, days)))
    sys.stdout.write(f"{len(days)} settled days, {days[0]} .. {days[-1]}\n\n" + "\n".join(lines) + "\n")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
