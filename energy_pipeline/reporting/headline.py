"""The first screen: what is decided, and whether to worry.

What belongs here: the headline tiles, the record of settled days beside them, the one chart that opens the page.
What does not: sections (`book_sections` and the others), layout, any number no table holds but plain sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import polars as pl

from energy_pipeline.reporting import outlook_sections
from energy_pipeline.reporting.inputs import ReportInputs, total
from energy_pipeline.reporting.record_charts import record_chart
from energy_pipeline.reporting.view import ChartView, Tile, Tone, level, number, percent

LIGHTS: dict[str, Tone] = {"green": "ok", "amber": "warn", "red": "bad"}
FULL = 0.999
"""Use from which a limit is said to be at 100 %: an optimiser sits on its bound but for its tolerance."""

RECORD_LEVEL = 0.95
SHOWN_DAYS = 99
"""Bars of the record's chart."""


@dataclass(frozen=True)
class Settled:
    """One settled day of the record.

    Attributes
    ----------
    expected_eur, pnl_eur, var_eur : float
        Expected and settled P&L and VaR of the decision, proxy hedges with both P&L.
    is_exception : bool
        Whether it fell short of its expectation by more than the VaR.
    cause, cause_eur : str, float
        The leg that fell furthest short, and by how much; empty and 0 where it is not known.
    """

    day: date
    expected_eur: float
    pnl_eur: float
    var_eur: float
    is_exception: bool
    cause: str = ""
    cause_eur: float = 0.0

    @property
    def why(self) -> str:
        """Words for a day that fell short."""
        known = self.cause and self.pnl_eur < self.expected_eur and self.cause_eur > 0
        return f"; {self.cause.replace('_', ' ')} fell short by {number(self.cause_eur)}" if known else ""


def record(inputs: ReportInputs) -> list[Settled]:
    """Settled days up to the page's, oldest first, at the level the desk's VaR is told at (95 % where there are several)."""
    frame = inputs.tables.get("var_exceptions")
    if frame is None or frame.is_empty():
        return []
    rows = frame.filter(pl.col("delivery_day") <= inputs.day, pl.col("level") == record_level(frame)).sort("delivery_day").to_dicts()
    found = [Settled(r["delivery_day"], r["expected_pnl_eur"], r["pnl_eur"], r["var_eur"], r["is_exception"]) for r in rows]
    return [replace(s, cause=r["cause"] or "", cause_eur=r["cause_eur"] or 0.0) for s, r in zip(found, rows, strict=True)]


def record_level(frame: pl.DataFrame) -> float:
    """The level of VaR the record is told at: 95 %, or the desk's lowest where it has no such level."""
    levels = sorted(set(frame["level"].to_list()))
    return RECORD_LEVEL if RECORD_LEVEL in levels else float(levels[0])


def tiles(inputs: ReportInputs) -> list[Tile]:
    """The headline, in the order it is read: what came, what is expected, what could go wrong, what is full."""
    found = record(inputs)
    parts = {
        "pnl": _settled(inputs, found),
        "contributions": [*_expected(inputs), *_risk(inputs)],
        "stress": _stress(inputs),
        "limits": _limits(inputs),
    }
    return [replace(tile, section=tile.section or key) for key, made in parts.items() for tile in made]


def chart(inputs: ReportInputs) -> ChartView | None:
    """The day-ahead price of the zone with the largest position: fan, and what came where it is known."""
    positions = inputs.frame("positions")
    size = {
        zone: total(abs(v) for v in part["position_mw"].to_list() if v is not None)
        for (zone,), part in positions.partition_by(["zone"], as_dict=True, maintain_order=True).items()
    }
    zones = sorted(size, key=lambda z: (-size[z], z))
    return outlook_sections.day_ahead_chart(inputs, zones[0]) if zones else None


def history(inputs: ReportInputs) -> ChartView | None:
    """P&L of the last settled days against the expectation less VaR, exceptions marked; None before the second."""
    found = record(inputs)[-SHOWN_DAYS:]
    if len(found) < 2:
        return None
    svg = record_chart([(s.day, s.pnl_eur, s.expected_eur - s.var_eur, s.is_exception) for s in found], inputs.desk.currency)
    text = (
        f"Settled P&L of {len(found)} days against the floor of VaR {level(record_level(inputs.tables['var_exceptions']))} [{inputs.desk.currency}]"
    )
    return ChartView(text, svg, [("up", "settled"), ("naive", "expected less VaR"), ("outcome", "exception")])


def _settled(inputs: ReportInputs, found: Sequence[Settled]) -> list[Tile]:
    """The page's day, or the last settled one before it, the month and the year so far, each beside its expectation."""
    if not found:
        return []
    currency, last = inputs.desk.currency, found[-1]
    proxies = "; proxy quotes on both sides" if inputs.desk.sources.proxy_quotes else ""
    year = [s for s in found if s.day.year == last.day.year]
    month = [s for s in year if s.day.month == last.day.month]
    exceptions = sum(s.is_exception for s in year)
    broken = f"; {exceptions} VaR exception{'' if exceptions == 1 else 's'}"
    against = _against(last.pnl_eur, last.expected_eur) + last.why + proxies
    first = _own(inputs, found) or Tile(f"Settled P&L, {last.day:%d %b}", number(last.pnl_eur), currency, against)
    tiles = [replace(first, section="exceptions")]
    for title, part, more in ((f"{last.day:%B}", month, proxies), (f"{last.day:%Y}", year, broken)):
        sums = total(s.pnl_eur for s in part), total(s.expected_eur for s in part)
        days = f"{len(part)} day{'' if len(part) == 1 else 's'}"
        tiles.append(Tile(f"{title} so far, {days}", number(sums[0]), currency, _against(*sums) + more, section="exceptions"))
    return tiles


def _own(inputs: ReportInputs, found: Sequence[Settled]) -> Tile | None:
    """The page's own day once it is settled: the headline, which leaves out hedges at proxy quotes on both sides."""
    pnl = inputs.frame("pnl")
    expected = next((r["value_eur"] for r in _book(inputs) if r["measure"] == "expected_pnl"), None)
    if pnl.is_empty() or expected is None:
        return None
    settled, proxy = total(pnl["headline_eur"].to_list()), total(pnl["hedge_proxy_eur"].to_list())
    why = found[-1].why if found[-1].day == inputs.day else ""
    aside = f"; with hedges at proxy quotes {number(settled + proxy)}" if proxy else ""
    waiting = total(pnl["held_h"].to_list())
    aside += f"; provisional, {number(waiting, 2)} h held" if waiting else ""
    return Tile("Settled P&L", number(settled), inputs.desk.currency, _against(settled, expected) + why + aside, "bad" if settled < 0 else "ok")


def _against(pnl_eur: float, expected_eur: float) -> str:
    gap = pnl_eur - expected_eur
    return f"expected {number(expected_eur)}: {number(abs(gap))} {'more' if gap >= 0 else 'less'} than expected"


def _expected(inputs: ReportInputs) -> list[Tile]:
    book = {(r["measure"], r["level"]): r for r in _book(inputs)}
    expected = next((r for (measure, _), r in book.items() if measure == "expected_pnl"), None)
    if expected is None:
        return []
    value = expected["value_eur"]
    low = book.get(("var", RECORD_LEVEL))
    span = f"19 days of 20 above {number(value - low['value_eur'])}; " if low is not None else ""
    error = expected["standard_error_eur"]
    sampling = f"± {number(error)} over {expected['scenarios']:,} scenarios" if error is not None else f"{expected['scenarios']:,} scenarios"
    return [Tile("Expected P&L", number(value), inputs.desk.currency, f"{span}{sampling}")]


def _risk(inputs: ReportInputs) -> list[Tile]:
    """VaR, and the shortfall at the level the desk limits, each beside its bound."""
    limits = inputs.frame("limits").to_dicts()
    rows = {(r["measure"], r["level"]): r for r in _book(inputs)}
    var_level = RECORD_LEVEL if ("var", RECORD_LEVEL) in rows else min((lv for m, lv in rows if m == "var"), default=None)
    wanted = [("var", var_level, "VaR"), ("es", inputs.desk.limits.es_level, "ES")]
    found = []
    for measure, at, label in wanted:
        row = rows.get((measure, at)) if at is not None else None
        if row is None or at is None:
            continue
        bound = next((r for r in limits if r["scope"] == "book" and r["limit_name"].startswith(measure)), None)
        found.append(_bounded(f"{label} {level(at)}", row, bound, inputs.desk.currency))
    return found


def _bounded(label: str, row: dict[str, Any], bound: dict[str, Any] | None, currency: str) -> Tile:
    text = "loss against the expected day"
    if bound is None:
        return Tile(label, number(row["value_eur"]), currency, text)
    used = f"{percent(bound['use_share'])} of the limit {number(bound['bound'])}; {text}"
    return Tile(label, number(row["value_eur"]), currency, used, LIGHTS[bound["status"]], bound["use_share"], bound["status"])


def _stress(inputs: ReportInputs) -> list[Tile]:
    frame = inputs.frame("stress_results").with_columns(left=pl.coalesce("repriced_change_eur", "change_eur")).sort("left", "stress")
    if frame.is_empty():
        return []
    worst = frame.row(0, named=True)
    return [Tile("Worst stress", number(worst["left"]), inputs.desk.currency, f"{worst['stress']}: change of the day's P&L")]


def _limits(inputs: ReportInputs) -> list[Tile]:
    """How many limits are full, and which; the fullest one's use in any case."""
    rows = sorted(inputs.frame("limits").to_dicts(), key=lambda r: (-r["use_share"], r["limit_name"], r["scope"]))
    if not rows:
        return []
    full = [r for r in rows if r["use_share"] >= FULL]
    status = "red" if any(r["status"] == "red" for r in rows) else str(rows[0]["status"])
    names = ", ".join(f"{r['limit_name']} {r['scope']}" for r in (full or rows[:1])[:4])
    more = f" and {len(full) - 4} more" if len(full) > 4 else ""
    return [Tile("Limits at 100 %", f"{len(full)} of {len(rows)}", "", f"{names}{more}: fullest {percent(rows[0]['use_share'])}", LIGHTS[status])]


def _book(inputs: ReportInputs) -> list[dict[str, Any]]:
    return inputs.frame("risk_measures").filter(pl.col("scope") == "book").to_dicts()
