"""The table a run prints: a column per delivery day.

What belongs here: its rows and how numbers are written. What does not: where the numbers come
from (`runner.summary`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from energy_pipeline.reporting.index_page import DayRecord
    from energy_pipeline.runner.summary import DaySummary


def day_table(found: list[DaySummary], currency: str) -> Table:
    """What was decided and what came of it, a column per day."""
    table = Table(
        "delivery day", title="What was decided", caption="Bought is positive, sold negative; VaR and ES are losses against the expected day."
    )
    for item in found:
        table.add_column(str(item.day), justify="right", no_wrap=True)
    for name, values in rows(found, currency):
        table.add_row(name, *values)
    return table


def rows(found: list[DaySummary], currency: str) -> list[tuple[str, list[str]]]:
    """The table's rows: name and a value per day."""
    zones = sorted({zone for item in found for zone in item.positions_mwh})
    return [
        ("hours", [number(d.hours) for d in found]),
        (f"MAE, {currency}/MWh", [number(d.mae_eur_mwh, 2) for d in found]),
        ("MAE of the similar-day naive", [number(d.mae_naive_eur_mwh, 2) for d in found]),
        *((f"{zone} net, MWh", [number(d.positions_mwh.get(zone)) for d in found]) for zone in zones),
        (f"expected P&L, {currency}", [number(d.expected_pnl_eur) for d in found]),
        *_risk("VaR", currency, [(d.var_level, d.var_eur) for d in found]),
        *_risk("ES", currency, [(d.es_level, d.es_eur) for d in found]),
        ("limits used", [share(d) for d in found]),
        (f"settled P&L, {currency}", [number(d.settled_pnl_eur) for d in found]),
        *([("held, h", [number(d.held_h, 2) for d in found])] if any(d.held_h for d in found) else []),
    ]


def _risk(name: str, currency: str, values: list[tuple[float, float | None]]) -> list[tuple[str, list[str]]]:
    """A row per level that the days are told at: a desk file may have changed between them."""
    levels = sorted({level for level, value in values if value is not None} or {level for level, _ in values})
    return [(f"{name} {level * 100:g} %, {currency}", [number(value if at == level else None) for at, value in values]) for level in levels]


def totals(found: list[DayRecord], wanted: int) -> str:
    """The days of a span in a sentence: how many, what they earned beside what was expected, and the VaR exceptions by date."""
    settled = [d for d in found if d.settled_eur is not None]
    text = f"{len(found)} of {wanted} days decided, {len(settled)} settled"
    if not settled:
        return text
    came, expected = (math.fsum(getattr(d, name) or 0.0 for d in settled) for name in ("settled_eur", "expected_eur"))
    broke = [d.day.isoformat() for d in settled if d.is_exception]
    text += f": P&L with hedges at proxy quotes {number(came)}, expected {number(expected)}, a day {number(came / len(settled))}"
    return f"{text}; VaR 95 % exceptions: {', '.join(broke) or 'none'}"


def share(found: DaySummary) -> str:
    """The fullest limit in its traffic light's colour."""
    colour = {"green": "green", "amber": "yellow", "red": "red"}.get(found.limit_status, "white")
    return "-" if found.limits_used is None else f"[{colour}]{found.limits_used:.0%}[/{colour}]"


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separators, or a dash."""
    return "-" if value is None else f"{value:,.{digits}f}"
