"""The page of all days: a row a day, searchable; P&L, drawdown, VaR and errors over time; calendars of days and months.

What belongs here: from the settled days' records to one self-contained page. What does not: single days (`report`), where
the records come from (`runner.index`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, groupby

from energy_pipeline.reporting import readout
from energy_pipeline.reporting.charts import nice_ticks
from energy_pipeline.reporting.day_calendar import day_calendar
from energy_pipeline.reporting.record_charts import record_chart
from energy_pipeline.reporting.view import MINUS, number

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720.0, 170.0, 64.0, 8.0, 8.0, 20.0
RECORD_DAYS, MEAN_DAYS = 250, 28
Chart = tuple[str, object, Sequence[tuple[str, str]]]
"""Caption, drawing, legend."""
HUES = 6
"""Colours of further lines (templates/index.html.j2)."""
LINES = ("main", "naive")
"""Classes of the first and the second line; further ones are told apart by number."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class DayRecord:
    """One delivery day; None where it has not come that far.

    Attributes
    ----------
    expected_eur, settled_eur : float or None
        P&L in the desk's currency.
    var_eur : float or None
        VaR 95 % of the decision.
    mae_eur_mwh, naive_eur_mwh : float or None
        Day-ahead forecast of the ensemble and of the similar-day naive, mean over zones.
    zone_mae_eur_mwh : mapping of str to float
        The ensemble's error by zone.
    fleet_expected_mwh, fleet_mwh : float or None
        Output of all plants and assets as expected at the gate, and as settled.
    page : bool
        Whether the day has a page.
    is_unfinished : bool
        Whether its tables may be of two runs, one of which did not get through.
    """

    day: date
    expected_eur: float | None = None
    settled_eur: float | None = None
    var_eur: float | None = None
    mae_eur_mwh: float | None = None
    naive_eur_mwh: float | None = None
    page: bool = False
    is_unfinished: bool = False
    zone_mae_eur_mwh: Mapping[str, float] = field(default_factory=dict)
    fleet_expected_mwh: float | None = None
    fleet_mwh: float | None = None

    @property
    def is_exception(self) -> bool:
        """Whether the day fell short of its expectation by more than its VaR."""
        known = self.expected_eur, self.settled_eur, self.var_eur
        if any(v is None for v in known):
            return False
        expected, settled, var = (float(v) for v in known if v is not None)
        return expected - settled > var


def index_html(desk: str, currency: str, days: Sequence[DayRecord]) -> str:
    """The page as text; the same days give the same bytes. Newest day first in the table.

    Examples
    --------
    >>> page = index_html("demo", "EUR", [DayRecord(date(2026, 3, 28), 100.0, 90.0, 50.0, page=True)])
    >>> 'href="date=2026-03-28/report.html"' in page
    True
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    ordered = sorted(days, key=lambda d: d.day)
    settled = [(d.day, d.settled_eur) for d in ordered if d.settled_eur is not None]
    environment = Environment(
        loader=PackageLoader("energy_pipeline.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html.j2").render(
        desk=desk,
        currency=currency,
        years=_years(ordered, currency),
        facts=_facts(ordered, currency),
        charts=[
            *_charts(settled, currency),
            *_record(ordered, currency),
            *_accuracy(ordered, currency),
            *_zones(ordered, currency),
            *_fleet(ordered),
        ],
        calendar=day_calendar([(d.day, d.settled_eur, d.is_exception) for d in ordered if d.settled_eur is not None], currency) if settled else "",
        months=_months(settled),
        month_names=MONTHS,
    )


def _years(ordered: Sequence[DayRecord], currency: str) -> list[dict[str, object]]:
    """Rows by year, both newest first. Years fold: a browser lays out only what is open, and ten years are 40,000 cells."""
    found = []
    for year, rows in groupby(reversed(ordered), key=lambda d: d.day.year):
        days = list(rows)
        settled = [d.settled_eur for d in days if d.settled_eur is not None]
        broken = sum(d.is_exception for d in days)
        parts = [f"{len(days)} {'day' if len(days) == 1 else 'days'}"]
        parts += [f"settled {number(math.fsum(settled))} {currency}"] if settled else []
        parts += [f"{broken} VaR {'exception' if broken == 1 else 'exceptions'}"] if broken else []
        found.append({"year": year, "told": ", ".join(parts), "days": [_row(d) for d in days]})
    return found


def _row(d: DayRecord) -> dict[str, object]:
    gap = None if d.settled_eur is None or d.expected_eur is None else d.settled_eur - d.expected_eur
    cells = [number(v) for v in (d.expected_eur, d.settled_eur, gap, d.var_eur)] + [number(v, 2) for v in (d.mae_eur_mwh, d.naive_eur_mwh)]
    return {
        "day": d.day.isoformat(),
        "weekday": f"{d.day:%a}",
        "page": d.page,
        "cells": cells,
        "exception": d.is_exception,
        "unfinished": d.is_unfinished,
    }


def _facts(days: Sequence[DayRecord], currency: str) -> list[tuple[str, str]]:
    known = [d for d in days if d.settled_eur is not None]
    if not known:
        return [("Days", f"{len(days)}, none settled yet")]
    values = [float(d.settled_eur or 0.0) for d in known]
    scored = [d for d in known if d.mae_eur_mwh is not None and d.naive_eur_mwh]
    facts = [
        ("Settled days", f"{len(known):,} ({known[0].day} to {known[-1].day})"),
        (f"Settled P&L, {currency}", number(math.fsum(values))),
        ("Days with a gain", f"{sum(v > 0 for v in values):,}"),
        (f"Largest drawdown, {currency}", number(max(_drawdowns(values)))),
    ]
    if limited := [d for d in known if d.var_eur is not None]:
        facts.append(("VaR exceptions", f"{sum(d.is_exception for d in limited)} of {len(limited):,}, {0.05 * len(limited):.1f} expected"))
    if scored:
        error, naive = (math.fsum(float(getattr(d, n)) for d in scored) / len(scored) for n in ("mae_eur_mwh", "naive_eur_mwh"))
        facts.append(("MAE, and the naive's", f"{error:.2f}, {naive:.2f}"))
    return facts


def _drawdowns(values: Sequence[float]) -> list[float]:
    equity = list(accumulate(values))
    highs = accumulate([0.0, *equity], max)
    next(highs)
    return [high - now for high, now in zip(highs, equity, strict=True)]


def _charts(settled: Sequence[tuple[date, float]], currency: str) -> list[Chart]:
    if len(settled) < 2:
        return []
    days, values = [d for d, _ in settled], [v for _, v in settled]
    equity = list(accumulate(values))
    return [
        (f"Settled P&L, summed up [{currency}]", _line(days, [equity], f"Settled P&L summed up [{currency}]"), []),
        (f"Drawdown [{currency}]", _line(days, [[-v for v in _drawdowns(values)]], f"Drawdown [{currency}]"), []),
    ]


def _record(ordered: Sequence[DayRecord], currency: str) -> list[Chart]:
    """P&L of the last days against the expectation less VaR, exceptions marked."""
    known = [
        (d.day, d.settled_eur, d.expected_eur - d.var_eur, d.is_exception)
        for d in ordered
        if d.settled_eur is not None and d.expected_eur is not None and d.var_eur is not None
    ][-RECORD_DAYS:]
    if len(known) < 2:
        return []
    legend = [("up", "settled"), ("naive", "expected less VaR"), ("outcome", "exception")]
    return [(f"Last {len(known)} settled days against the expectation less VaR 95 % [{currency}]", record_chart(known, currency), legend)]


def _accuracy(ordered: Sequence[DayRecord], currency: str) -> list[Chart]:
    """Error of the forecast and of the naive, each the mean of the last days scored."""
    scored = [(d.day, d.mae_eur_mwh, d.naive_eur_mwh) for d in ordered if d.mae_eur_mwh is not None and d.naive_eur_mwh is not None]
    if len(scored) < 2:
        return []
    text = f"MAE of the day-ahead forecast and of the naive: mean of the last {MEAN_DAYS} days scored [{currency}/MWh]"
    series = [_running([own for _, own, _ in scored]), _running([naive for _, _, naive in scored])]
    return [(text, _line([row[0] for row in scored], series, text), [("main", "ensemble"), ("naive", "naive")])]


def _zones(ordered: Sequence[DayRecord], currency: str) -> list[Chart]:
    """Error of the forecast by zone, each the mean of the last days scored; days that lack a zone are left out."""
    zones = sorted({zone for d in ordered for zone in d.zone_mae_eur_mwh})
    scored = [d for d in ordered if zones and len(d.zone_mae_eur_mwh) == len(zones)]
    if len(scored) < 2 or len(zones) < 2:
        return []
    text = f"MAE of the day-ahead forecast by zone: mean of the last {MEAN_DAYS} days scored [{currency}/MWh]"
    series = [_running([d.zone_mae_eur_mwh[zone] for d in scored]) for zone in zones]
    names = [f"z{i % HUES}" for i in range(len(zones))]
    return [(text, _line([d.day for d in scored], series, text, names), list(zip(names, zones, strict=True)))]


def _fleet(ordered: Sequence[DayRecord]) -> list[Chart]:
    """Output of the fleet beside its expectation at the gate, over the last settled days."""
    known = [(d.day, d.fleet_expected_mwh, d.fleet_mwh) for d in ordered if d.fleet_expected_mwh is not None and d.fleet_mwh is not None]
    if len(known) < 2:
        return []
    text = f"Output of the fleet over {len(known)} settled days, and as expected at the gate [MWh]"
    svg = _line([d for d, _, _ in known], [[came for _, _, came in known], [said for _, said, _ in known]], text)
    return [(text, svg, [("main", "output"), ("naive", "expected")])]


def _running(values: Sequence[float]) -> list[float]:
    last = [values[max(0, i + 1 - MEAN_DAYS) : i + 1] for i in range(len(values))]
    return [math.fsum(part) / len(part) for part in last]


def _line(days: Sequence[date], series: Sequence[Sequence[float]], title: str, names: Sequence[str] = LINES) -> object:
    """A chart of series over days; `names` are their classes, the first drawn on top."""
    from markupsafe import Markup, escape

    known = [value for values in series for value in values]
    ticks = nice_ticks(min(0.0, *known), max(0.0, *known)) if any(known) else [-1.0, 0.0]
    span = max((days[-1] - days[0]).days, 1)

    def x(day: date) -> float:
        return LEFT + (day - days[0]).days / span * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * (HEIGHT - TOP - BOTTOM)

    asked = readout.of_days(days, dict(zip(names, series, strict=False)), [x(day) for day in days])
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(title)}"{asked}>']
    for tick in ticks:
        css = "grid zero" if tick == 0 else "grid"
        parts.append(f'<line class="{css}" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 5:g}" y="{y(tick) + 3:.1f}">{f"{tick:,.0f}".replace("-", MINUS)}</text>')
    for values, css in reversed(list(zip(series, names, strict=False))):
        path = "L".join(f"{x(day):.1f} {y(value):.1f}" for day, value in zip(days, values, strict=True))
        parts.append(f'<path class="line {css}" d="M{path}"/>')
    for day, at, anchor in ((days[0], LEFT, "start"), (days[-1], WIDTH - RIGHT, "end")):
        parts.append(f'<text class="tick" text-anchor="{anchor}" x="{at:.1f}" y="{HEIGHT - 6:g}">{day.isoformat()}</text>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704 - numbers and dates; the title is escaped


def _months(settled: Sequence[tuple[date, float]]) -> list[dict[str, object]]:
    """Settled P&L by year and month, with each month's share of the largest for its shade."""
    sums: dict[tuple[int, int], list[float]] = {}
    for day, value in settled:
        sums.setdefault((day.year, day.month), []).append(value)
    totals = {key: math.fsum(values) for key, values in sums.items()}
    widest = max((abs(v) for v in totals.values()), default=0.0) or 1.0
    rows = []
    for year in sorted({y for y, _ in totals}, reverse=True):
        found = [totals.get((year, month)) for month in range(1, 13)]
        cells = [_month(v, widest) for v in found]
        rows.append({"year": year, "cells": cells, "sum": number(math.fsum(v for v in found if v is not None))})
    return rows


def _month(value: float | None, widest: float) -> dict[str, object]:
    if value is None:
        return {"text": "", "shade": 0.0, "minus": False}
    return {"text": number(value), "shade": abs(value) / widest, "minus": value < 0}
