"""Why a settled day earned what it did, and why options changed: the table pnl_attribution.

What belongs here: the three parts and their legs. What does not: settlement (`portfolio.settle`), why contracts still held changed
(`explained`), curves.

*delivered*, per zone: from the value at the curve the day was decided on, sum delta F E and the held contracts at F, to the
settled total. With P g = F E + E (P - F) - P r + F (g - E + r) + (P - F)(g - E + r), r being what of E was bid in steps that the
auction rejected:

| leg | holds |
|---|---|
| delta | (P - F)(E + contracts held) |
| rejected | - P r: at a negative price what standing still saved |
| volume | F (g - E + r) |
| gamma | (P - F)(g - E + r): price and volume together |
| deviation, speculative, imbalance_fee, costs | the market page's legs, as settled |
| new_deals | contracts traded with the decision, P less the quote |

*options*: assets and rights between the two valuations. What is valued for its
delivery day alone has no day in common: the old day is gone, the new one has come. Rights over several days: `delta` to the mean
price of the days both valuations reach, `shape` to the peak over the base, `gamma`, `vega` to the width of the forecasts' 10-90 %
band, and `time`, which is the rest: the day that passed, the day that came, and the sampling error the note gives. *restated*: what
later vintages changed in every leg of the settlement.

`change` is the whole of a part and scope; `unexplained` what its legs leave: an error beyond 1 EUR.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.book.grid import on_grid, zone_grid
from energy_pipeline.book.hedges import opening_positions
from energy_pipeline.book.positions import DAY_AHEAD, hedge_legs
from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.risk.attribution import UNEXPLAINED_EUR, MarkError, restated
from energy_pipeline.risk.marks import block_mean

BOOK, CHANGE, UNEXPLAINED = "book", "change", "unexplained"
ROUNDING_EUR = 1e-6
"""A leg this small is rounding and has no row."""
SETTLED = ("deviation", "speculative", "imbalance_fee", "costs")
Row = dict[str, object]


def pnl_attribution(
    desk: Desk,
    day: date,
    settled: pl.DataFrame,
    first_settled: pl.DataFrame,
    positions: pl.DataFrame,
    forward_curves: pl.DataFrame,
    asset_values: pl.DataFrame,
    price_forecasts: pl.DataFrame,
) -> pl.DataFrame:
    """All parts of the day.

    Parameters
    ----------
    settled, first_settled : frames of pnl
        With the newest vintages, and with the first of every row.
    positions : frame of positions
        Of the day.
    forward_curves, asset_values, price_forecasts : frames
        Of D - 1 and D; where D - 1 was not decided, the options have no legs.

    Raises
    ------
    MarkError
        When the legs leave more than 1 EUR unexplained: a mark or a position is not of this book.
    MissingDayError
        When the curve of D lacks intervals.
    """
    before = day - timedelta(days=1)
    rows = _delivered(desk, day, settled, positions, forward_curves.filter(pl.col("delivery_day") == day))
    rows += _options(desk, day, before, asset_values, forward_curves, price_forecasts)
    rows += _restated(first_settled, settled)
    large = [r for r in rows if r["leg"] == UNEXPLAINED and abs(float(str(r["value_eur"]))) > UNEXPLAINED_EUR]
    if large:
        told = ", ".join(f"{r['part']} {r['scope']} {float(str(r['value_eur'])):.2f} EUR" for r in large)
        raise MarkError(f"pnl_attribution {day}: unexplained {told} -> positions, marks and settlement are not of one book; settle the day again")
    kept = [r for r in rows if r["leg"] in {CHANGE, UNEXPLAINED} or abs(float(str(r["value_eur"]))) > ROUNDING_EUR]
    return table("pnl_attribution").frame([{"delivery_day": day, "note": "", **r} for r in kept] or None)


def _with_rest(part: str, scope: str, change: float, legs: dict[str, float]) -> list[Row]:
    """Rows of a scope: its legs, the whole, and what they leave."""
    values = {**legs, CHANGE: change, UNEXPLAINED: change - float(np.sum(list(legs.values())))}
    return [{"part": part, "scope": scope, "leg": leg, "value_eur": value + 0.0} for leg, value in values.items()]


def _with_book(part: str, found: dict[str, tuple[float, dict[str, float]]]) -> list[Row]:
    """Rows of every scope, and of the book that they add up to."""
    rows = [r for scope, (change, legs) in found.items() for r in _with_rest(part, scope, change, legs)]
    if not found:
        return rows
    names = dict.fromkeys(leg for _, legs in found.values() for leg in legs)
    book = {leg: float(np.sum([legs.get(leg, 0.0) for _, legs in found.values()])) for leg in names}
    return rows + _with_rest(part, BOOK, float(np.sum([change for change, _ in found.values()])), book)


def _delivered(desk: Desk, day: date, settled: pl.DataFrame, positions: pl.DataFrame, curve: pl.DataFrame) -> list[Row]:
    found = {}
    for zone in [z for z in desk.zones if z in set(settled["zone"].to_list())]:
        found[zone] = _zone_legs(desk, day, zone, settled.filter(pl.col("zone") == zone), positions.filter(pl.col("zone") == zone), curve)
    return _with_book("delivered", found)


def _zone_legs(
    desk: Desk, day: date, zone: str, settled: pl.DataFrame, positions: pl.DataFrame, curve: pl.DataFrame
) -> tuple[float, dict[str, float]]:
    """Change from the mark to the settlement, and its legs."""
    delivery = desk.delivery_day(day)
    grid = zone_grid(desk, delivery, zone)
    forward = on_grid(curve.filter(pl.col("zone") == zone, pl.col("target_day") == day), "price_eur_mwh", grid)
    if np.isnan(forward).any():
        raise MissingDayError("forward_curve", [day], f"zone {zone} lacks {int(np.isnan(forward).sum())} of {grid.size} intervals; rerun forecasting")
    price, output, expected = (on_grid(settled, name, grid) for name in ("price_da_eur_mwh", "output_mw", "expected_output_mw"))
    held, held_mark, new = np.zeros(grid.size), 0.0, 0.0
    contracts = positions.filter(pl.col("instrument") != DAY_AHEAD).sort("instrument", "delivery_start")
    for part in contracts.partition_by("instrument", maintain_order=True):
        legs = hedge_legs(desk, delivery, part, grid)
        count = len(opening_positions(desk, delivery, zone, part["instrument"][0]))
        for leg in legs[:count]:
            held = held + leg.power_mw
            held_mark += _sum(grid.hours * leg.power_mw * (forward - leg.price_eur_mwh))
        new += float(np.sum([_sum(grid.hours * leg.power_mw * (price - leg.price_eur_mwh)) for leg in legs[count:]]))
    auction = positions.filter(pl.col("instrument") == DAY_AHEAD)
    decided = on_grid(auction, "expected_output_mw", grid) if auction.height else expected
    surprise, move = output - expected, price - forward
    found = {
        "delta": _sum(grid.hours * move * (decided + held)),
        "rejected": -_sum(grid.hours * price * (decided - expected)),
        "volume": _sum(grid.hours * forward * surprise),
        "gamma": _sum(grid.hours * move * surprise),
        **{leg: _sum(on_grid(settled, f"{leg}_eur", grid)) for leg in SETTLED},
        "new_deals": new,
    }
    mark = _sum(grid.hours * forward * decided) + held_mark
    return _sum(on_grid(settled, "total_eur", grid)) - mark, found


def _sum(values: FloatArray) -> float:
    return float(np.sum(values))


def _options(desk: Desk, day: date, before: date, values: pl.DataFrame, curves: pl.DataFrame, forecasts: pl.DataFrame) -> list[Row]:
    """Assets and rights between two valuations."""
    old, new = ({r["asset"]: r for r in values.filter(pl.col("delivery_day") == d).to_dicts()} for d in (before, day))
    rows: list[Row] = []
    totals: dict[str, tuple[float, dict[str, float]]] = {}
    for name in [n for n in new if n in old]:
        change = float(new[name]["value_eur"] - old[name]["value_eur"])
        shared = [day + timedelta(days=n) for n in range(int(old[name]["horizon_days"]) - 1)]
        if not shared:
            totals[name] = (change, {"gone_deals": -float(old[name]["value_eur"]), "new_deals": float(new[name]["value_eur"])})
            rows += _with_rest("options", name, *totals[name])
            continue
        moves = [_level(desk, new[name]["zone"], d, shared, curves, forecasts) for d in (before, day)]
        legs = _greeks(old[name], moves[0], moves[1]) if None not in moves else {}
        legs["time"] = change - float(np.sum(list(legs.values())))
        error = float(np.hypot(old[name]["standard_error_eur"], new[name]["standard_error_eur"]))
        totals[name] = (change, legs)
        rows += [
            {**r, "note": f"with a sampling error of {error:.0f} EUR"} if r["leg"] == "time" else r for r in _with_rest("options", name, change, legs)
        ]
    return rows + [r for r in _with_book("options", totals) if r["scope"] == BOOK]


def _greeks(old: Row, before: tuple[float, float, float] | None, now: tuple[float, float, float] | None) -> dict[str, float]:
    """Legs of an option from its sensitivities at the valuation before."""
    if before is None or now is None:
        return {}
    base, peak = now[0] - before[0], now[1] - before[1]
    slope = {n: float(str(old[n])) if old[n] is not None else 0.0 for n in ("delta_base_mwh", "delta_peak_mwh", "gamma_mwh2_eur", "vega_eur_pct")}
    legs = {
        "delta": slope["delta_base_mwh"] * base,
        "shape": slope["delta_peak_mwh"] * (peak - base),
        "gamma": 0.5 * slope["gamma_mwh2_eur"] * base**2,
    }
    if before[2] > 0:
        legs["vega"] = slope["vega_eur_pct"] * 100.0 * (now[2] / before[2] - 1.0)
    return legs


def _level(
    desk: Desk, zone: str, decided: date, targets: list[date], curves: pl.DataFrame, forecasts: pl.DataFrame
) -> tuple[float, float, float] | None:
    """Mean price of the curve, of its peak hours, and width of the forecasts' band over some days [EUR/MWh]."""
    own = curves.filter(pl.col("delivery_day") == decided, pl.col("zone") == zone)
    parts = [part for t in targets if (part := own.filter(pl.col("target_day") == t)).height]
    if not parts:
        return None
    base = [found[0] for part in parts if (found := block_mean(desk, part["target_day"][0], "base", part)) is not None]
    peak = [found[0] for part in parts if (found := block_mean(desk, part["target_day"][0], "peak", part)) is not None]
    leads = sorted((t - decided).days + 1 for t in targets)
    bands = pl.concat([published_forecast(forecasts, zone, decided, lead=lead) for lead in leads])
    width = (bands["q90_eur_mwh"] - bands["q10_eur_mwh"]).drop_nulls().to_numpy()
    return float(np.mean(base)), float(np.mean(peak)) if peak else float(np.mean(base)), float(np.mean(width)) if width.size else 0.0


def _restated(first: pl.DataFrame, later: pl.DataFrame) -> list[Row]:
    """What later vintages changed, by zone and leg; no row where nothing did."""
    if later.height == 0 or first.height == 0:
        return []
    changed = restated(first, later).filter(pl.col("change_eur").abs() > 5e-3)
    changed = changed.filter(~pl.col("leg").str.contains("price"))
    found: dict[str, tuple[float, dict[str, float]]] = {}
    for zone in changed["zone"].unique(maintain_order=True).to_list():
        legs = dict(_pairs(changed.filter(pl.col("zone") == zone, pl.col("leg") != "total")))
        total = dict(_pairs(changed.filter(pl.col("zone") == zone, pl.col("leg") == "total"))).get("total", 0.0)
        found[zone] = (total, legs)
    return _with_book("restated", found)


def _pairs(rows: pl.DataFrame) -> Iterable[tuple[str, float]]:
    return zip(rows["leg"].to_list(), rows["change_eur"].to_list(), strict=True)
