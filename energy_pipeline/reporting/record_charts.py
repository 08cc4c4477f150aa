"""Charts over days: bars of P&L against a floor, exceptions marked.

What belongs here: drawing over a row of delivery days. What does not: charts inside a day (`charts`), reading frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from energy_pipeline.reporting import readout
from energy_pipeline.reporting.charts import nice_ticks
from energy_pipeline.reporting.view import MINUS, number

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360.0, 145.0, 52.0, 8.0, 8.0, 20.0
LABELS = 5


def record_chart(days: Sequence[tuple[date, float, float, bool]], currency: str) -> Markup:
    """Settled P&L a day as bars, the floor as a dashed step line, exceptions in the colour of what came.

    Parameters
    ----------
    days : sequence of (day, settled P&L, floor, whether it is an exception)
        In date order, in the desk's currency. Days without a settlement have no bar: the axis counts settled days.
    currency : str
    """
    from markupsafe import Markup, escape

    values = [v for _, pnl, floor, _ in days for v in (pnl, floor)]
    ticks = nice_ticks(min(0.0, *values), max(0.0, *values))
    width = (WIDTH - LEFT - RIGHT) / len(days)

    def y(value: float) -> float:
        return TOP + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * (HEIGHT - TOP - BOTTOM)

    name = escape(f"Settled P&L of {len(days)} days [{currency}], {days[0][0]} to {days[-1][0]}")
    told = {"up": [pnl for _, pnl, _, _ in days], "naive": [floor for _, _, floor, _ in days]}
    asked = readout.of_days([row[0] for row in days], told, [LEFT + (i + 0.5) * width for i in range(len(days))])
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{name}"{asked}>']
    for tick in ticks:
        grid = "grid zero" if tick == 0 else "grid"
        parts.append(f'<line class="{grid}" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        label = f"{tick:,.0f}".replace("-", MINUS)
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 5:g}" y="{y(tick) + 3:.1f}">{label}</text>')
    floor_line = []
    for i, (day, pnl, floor, broke) in enumerate(days):
        left, top, bottom = LEFT + i * width, min(y(pnl), y(0.0)), max(y(pnl), y(0.0))
        css = "bar exception" if broke else "bar" if pnl >= 0 else "bar negative"
        title = f"{day}: {number(pnl)}"
        box = f'x="{left + width * 0.1:.1f}" y="{top:.1f}" width="{width * 0.8:.1f}" height="{max(bottom - top, 0.5):.1f}"'
        parts.append(f'<rect class="{css}" {box}><title>{title}</title></rect>')
        floor_line.append(f"{left:.1f} {y(floor):.1f}L{left + width:.1f} {y(floor):.1f}")
    parts.append(f'<path class="line naive" d="M{"L".join(floor_line)}"/>')
    step = max(1, -(-len(days) // LABELS))
    for i in range(0, len(days), step):
        x = LEFT + (i + 0.5) * width
        parts.append(f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{HEIGHT - 6:g}">{days[i][0]:%d %b}</text>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - numbers, dates and our own class names; the title is escaped
