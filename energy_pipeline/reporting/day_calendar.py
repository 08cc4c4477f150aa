"""A year of days as a calendar: one square a day, its colour what it earned.

What belongs here: that drawing. What does not: charts over an axis (`record_charts`), which days there are (`index_page`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from energy_pipeline.reporting.view import number

if TYPE_CHECKING:
    from markupsafe import Markup

WEEKS, CELL, GAP, LEFT, TOP = 53, 12.0, 2.0, 30.0, 14.0
FAINTEST = 0.12
"""Shade of the smallest gain or loss, so that a settled day is never blank."""


def day_calendar(days: Sequence[tuple[date, float, bool]], currency: str) -> Markup:
    """The 53 weeks up to the last day: gains and losses in two colours, the shade its size, VaR exceptions outlined.

    Parameters
    ----------
    days : sequence of (day, settled P&L, whether it is an exception)
        In date order, at least one, in the desk's currency.
    currency : str
    """
    from markupsafe import Markup, escape

    last = days[-1][0]
    first = last - timedelta(days=last.weekday() + 7 * (WEEKS - 1))
    shown = [row for row in days if row[0] >= first]
    widest = max(abs(value) for _, value, _ in shown) or 1.0
    step = CELL + GAP
    name = escape(f"Settled P&L by day [{currency}], {shown[0][0]} to {last}")
    parts = [f'<svg class="chart" viewBox="0 0 {LEFT + WEEKS * step:g} {TOP + 7 * step:g}" role="img" aria-label="{name}">']
    parts += [f'<text class="tick" x="0" y="{TOP + row * step + CELL - 2:g}">{text}</text>' for row, text in ((0, "Mon"), (3, "Thu"), (6, "Sun"))]
    for week in range(WEEKS):
        monday = first + timedelta(weeks=week)
        if monday.day <= 7:
            parts.append(f'<text class="tick" x="{LEFT + week * step:g}" y="{TOP - 4:g}">{monday:%b}</text>')
    for day, value, broke in shown:
        x, y = LEFT + (day - first).days // 7 * step, TOP + day.weekday() * step
        css = "bar negative" if value < 0 else "bar"
        shade = FAINTEST + (1 - FAINTEST) * abs(value) / widest
        parts.append(
            f'<rect class="{css}{" broke" if broke else ""}" x="{x:g}" y="{y:g}" width="{CELL:g}" height="{CELL:g}" style="fill-opacity:{shade:.2f}">'
            f"<title>{day}: {number(value)}{', VaR exception' if broke else ''}</title></rect>"
        )
    return Markup("".join(parts) + "</svg>")  # noqa: S704 - numbers, dates and our own class names; the title is escaped
