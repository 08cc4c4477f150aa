"""The result of a backtest: a page of HTML, a line for the terminal, a row of a document.

What belongs here: from `Backtest` to view objects. What does not: any figure that is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from energy_pipeline.reporting.glossary import hint
from energy_pipeline.reporting.strategy_sections import VERDICTS, curve_chart
from energy_pipeline.reporting.view import MINUS, Cell, ChartView, Head, Page, Section, TableView, Tile, num, percent
from energy_pipeline.strategies.backtest import drawdown
from energy_pipeline.strategies.results import Result
from energy_pipeline.strategies.validation import daily_sharpe
from energy_pipeline.studies.strategy_backtest import Backtest, goes_without_forecasts


def money_of(found: Backtest) -> str:
    """Currency of the desk."""
    return found.desk.currency


def page(found: Backtest) -> Page:
    """The page as data."""
    result, tradable = found.result, found.judged is not None
    span = f"{result.days[0]} .. {result.days[-1]}" if result.days else "no settled day"
    trade = [Cell("forecasts are not made for a backtest: realised spreads alone", "warn")] if goes_without_forecasts(found.strategy) else []
    flag = Cell("tradable" if tradable else "index_only: a study, not money", "ok" if tradable else "warn")
    sections = [_curves(found), _years(found), _stability(found)] if tradable else [_points(found)]
    return Page(
        title=f"Backtest of {found.name}, desk {found.desk.name}",
        facts=[("Days", f"{len(result.days)}, {span}"), ("Parameters", _parameters(found)), ("Zone", found.strategy.zone)],
        flags=[flag, *trade],
        tiles=_tiles(found),
        sections=[s for s in sections if s.tables or s.charts],
    )


def _parameters(found: Backtest) -> str:
    left_out = {"kind", "zone", "explanation", "trials"}
    given = {k: v for k, v in found.strategy.model_dump().items() if k not in left_out and v not in (None, (), "")}
    return ", ".join(f"{k} {v}" for k, v in given.items())


def _tiles(found: Backtest) -> list[Tile]:
    unit = f"{money_of(found)}/day" if found.judged else f"{money_of(found)}/MWh and day"
    interval = f"95 % interval {found.mean_low:,.2f} .. {found.mean_high:,.2f}".replace("-", MINUS)
    tiles = [Tile("Mean result", f"{found.mean_eur:,.2f}".replace("-", MINUS), unit, interval)]
    judged = found.judged
    if judged is None:
        return tiles
    result = found.result
    gross, cost = float(result.gross_eur.sum()), float(result.cost_eur.sum())
    tiles += [
        Tile("Gross", f"{gross:,.0f}".replace("-", MINUS), money_of(found)),
        Tile("Costs", f"{cost:,.0f}", money_of(found), f"{percent(cost / gross)} of gross" if gross > 0 else "more than gross"),
        Tile("Net", f"{gross - cost:,.0f}".replace("-", MINUS), money_of(found), f"{result.orders:,} intervals, {result.traded_mwh.sum():,.0f} MWh"),
    ]
    if judged.sharpe is not None and judged.low is not None and judged.high is not None:
        detail = f"95 % interval {judged.low:.2f} .. {judged.high:.2f}; deflated probability {judged.probability:.3f} after {judged.trials} trials"
        tone = VERDICTS[judged.status]
        tiles.append(Tile("Sharpe, annual", f"{judged.sharpe:.2f}".replace("-", MINUS), "", detail.replace("-", MINUS), tone, status=judged.status))
    return tiles


def _curves(found: Backtest) -> Section:
    result = found.result
    if len(result.days) < 2:
        return Section("curves", "Equity")
    gross, net = np.cumsum(result.gross_eur).tolist(), np.cumsum(result.net_eur).tolist()
    unit = money_of(found)
    charts = [
        ChartView(
            f"Equity [{unit}]", curve_chart("Equity", unit, [("line naive", gross), ("line main", net)]), [("naive", "gross"), ("main", "net")]
        ),
        ChartView(f"Drawdown [{unit}]", curve_chart("Drawdown", unit, [("line main", (-drawdown(result.net_eur)).tolist())])),
    ]
    return Section("curves", "Equity", charts=charts)


def _points(found: Backtest) -> Section:
    if len(found.result.days) < 2:
        return Section("points", "Index")
    line = np.cumsum(found.result.points_eur_mwh).tolist()
    chart = ChartView("Running sum of the index study [per MWh]; nobody can hold it", curve_chart("Index", "per MWh", [("line main", line)]))
    return Section("points", "Index", charts=[chart])


def _years(found: Backtest) -> Section:
    result, year = found.result, np.array([d.year for d in found.result.days])
    heads = [Head("Year", numeric=False), Head("days"), Head("gross"), Head("costs"), Head("net"), Head("Sharpe, annual"), Head("days with a gain")]
    rows = []
    for one in sorted(set(year.tolist())):
        at = year == one
        net = result.net_eur[at]
        sharpe = daily_sharpe(net) * np.sqrt(found.desk.risk.annualisation_days) if net.size > 1 else None
        rows.append(
            [
                Cell(str(one)),
                num(int(at.sum())),
                num(float(result.gross_eur[at].sum())),
                num(float(result.cost_eur[at].sum())),
                num(float(net.sum())),
                num(sharpe, 2),
                Cell(percent(float((net > 0).mean()))),
            ]
        )
    return Section("years", "By year", [TableView(f"Results by year [{money_of(found)}]", heads, rows)])


def _stability(found: Backtest) -> Section:
    root = np.sqrt(found.desk.risk.annualisation_days)
    heads = [Head("Parameters", numeric=False), Head("net"), Head("costs"), Head("Sharpe, annual"), Head("volume", "MWh")]

    def row(name: str, result: Result) -> Sequence[Cell]:
        sharpe = daily_sharpe(result.net_eur) * root if len(result.days) > 1 else None
        return [Cell(name), num(float(result.net_eur.sum())), num(float(result.cost_eur.sum())), num(sharpe, 2), num(float(result.traded_mwh.sum()))]

    if not found.variants:
        return Section("stability", "Stability")
    rows = [row("as in the desk file", found.result), *(row(n, r) for n, r in found.variants.items())]
    notes = ["One parameter changed at a time. A result that its neighbours do not share is luck."]
    if (w := found.walked) is not None:
        notes.append(
            f"Walk-forward: the best of {w.trials} sets on each year, traded the next quarter: Sharpe {w.in_sample_sharpe * root:.2f} where it was "
            f"chosen, {w.out_of_sample_sharpe * root:.2f} where it was traded."
        )
    return Section(
        "stability", "Stability of parameters", [TableView("Neighbours", heads, rows)], notes=[n.replace("-0.", f"{MINUS}0.") for n in notes]
    )


def html(found: Backtest) -> str:
    """The page as self-contained HTML, by the report's template."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("energy_pipeline.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["hint"] = hint
    return environment.get_template("report.html.j2").render(page=page(found))


def row(found: Backtest) -> str:
    """A row of a Markdown table: name, days, gross, costs, net, mean a day with interval, Sharpe with interval, verdict."""
    result, judged = found.result, found.judged
    interval = f"{found.mean_eur:.2f} ({found.mean_low:.2f} .. {found.mean_high:.2f})"
    if judged is None:
        return f"| {found.name} | {len(result.days)} | | | | {interval} | | index_only |"
    money = " | ".join(f"{v:,.0f}" for v in (result.gross_eur.sum(), result.cost_eur.sum(), result.net_eur.sum()))
    sharpe = "" if judged.sharpe is None else f"{judged.sharpe:.2f} ({judged.low:.2f} .. {judged.high:.2f})"
    return f"| {found.name} | {len(result.days)} | {money} | {interval} | {sharpe} | {judged.status} |"


def write(found: Backtest, path: Path) -> Path:
    """Write the page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html(found), encoding="utf-8")
    return path
