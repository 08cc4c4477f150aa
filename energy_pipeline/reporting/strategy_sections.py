"""Sections about strategies: what each wants for the day, and how it did.

What belongs here: signals, states, record, equity curves. What does not: any statistic (the stage
computes them), drawing of a delivery day (`charts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from energy_pipeline.reporting.book_sections import NOT_SETTLED, groups, not_computed
from energy_pipeline.reporting.charts import nice_ticks
from energy_pipeline.reporting.inputs import ReportInputs, hours, mean, total
from energy_pipeline.reporting.view import MINUS, Cell, ChartView, Head, Section, TableView, Tone, num, percent, share_cell

if TYPE_CHECKING:
    from markupsafe import Markup

VERDICTS: dict[str, Tone] = {"plausible": "ok", "explained": "warn", "unexplained": "bad", "too_short": "muted", "index_only": "warn"}
STATES: dict[str, Tone] = {"live": "ok", "reduced": "warn", "stopped": "bad", "paper": "muted"}
WIDTH, LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 360.0, 46.0, 8.0, 8.0, 20.0, 145.0


def signals(inputs: ReportInputs) -> Section:
    """What each strategy wants; index studies are labelled and carry no Sharpe ratio."""
    if not inputs.has("signals"):
        reason = "No strategy has a signal for the day." if inputs.given("signals") else not_computed("signals")
        return Section("signals", "Signals", pending=reason)
    heads = [
        Head("Strategy", numeric=False),
        Head("Zone", numeric=False),
        Head("Label", numeric=False),
        Head("Opened at", numeric=False),
        Head("Closed at", numeric=False),
        Head("mean signal"),
        Head("wanted", "MWh"),
        Head("mean expected edge", "¤/MWh"),
        Head("why nothing", numeric=False),
    ]
    rows = []
    for _, part in groups(inputs.frame("signals"), "strategy", "zone"):
        first = part.to_dicts()[0]
        wanted = total(t * h for t, h in zip(part["target_mw"].to_list(), hours(part), strict=True))
        rows.append(
            [
                Cell(first["strategy"]),
                Cell(first["zone"]),
                _label(first["label"]),
                Cell(first["entry_price"], "muted"),
                Cell(first["exit_price"] or "nowhere", "muted"),
                num(mean(part["signal"].to_list()), 2),
                num(wanted, 1),
                num(mean(part["expected_edge_eur_mwh"].to_list()), 2),
                Cell(first["reason"], "muted"),
            ]
        )
    notes = ["An index study (index_only) trades nothing and earns nothing: no P&L, no Sharpe ratio, no part of the book."]
    return Section("signals", "Signals", [TableView("Signals of the day", heads, rows)], notes=notes, sources=inputs.sources("signals"))


def records(inputs: ReportInputs) -> Section:
    """What each strategy's record lets it trade, and the trials it is the best of."""
    if not inputs.has("strategy_states"):
        reason = "The desk has no strategy." if inputs.given("strategy_states") else not_computed("strategy_states")
        return Section("records", "What the record decides", pending=reason)
    heads = [
        Head("Strategy", numeric=False),
        Head("State", numeric=False),
        Head("since", numeric=False),
        Head("size"),
        Head("days"),
        Head("costs", "¤"),
        Head("net", "¤"),
        Head("t"),
        Head("trials"),
        Head("why", numeric=False),
        Head("way back", numeric=False),
    ]
    rows = [
        [
            Cell(r["strategy"]),
            Cell(r["state"], STATES[r["state"]], pill=True),
            Cell("" if r["since"] is None else r["since"].isoformat(), "muted"),
            Cell(percent(r["size"])),
            num(r["days"]),
            num(r["cost_eur"]),
            num(r["net_eur"], tone="strong"),
            num(r["t"], 2),
            num(r["trials"]),
            Cell(r["why"], "muted"),
            Cell(r["way_back"], "muted"),
        ]
        for r in inputs.frame("strategy_states").to_dicts()
    ]
    trials = inputs.frame("strategy_trials")
    notes = [
        "A record is what the rule, cut at each past day's decision, would have earned net of costs, as known at this decision.",
        "Size: share of the allocation x state; the book trades no more than that part of a signal.",
        f"{trials.height} trials on file." if trials.height else "No trials on file: each record is the best of the trials its desk file declares.",
    ]
    table = TableView("States of the strategies", heads, rows)
    return Section("records", "What the record decides", [table], notes=notes, sources=inputs.sources("strategy_states", "strategy_trials"))


def strategies(inputs: ReportInputs) -> Section:
    """Record of settled days: money with its costs and its doubt, equity curves, trades."""
    if not inputs.has("backtest_metrics"):
        return Section("strategies", "Strategies", pending=NOT_SETTLED)
    metrics = inputs.frame("backtest_metrics").to_dicts()
    money = [r for r in metrics if r["label"] == "tradable"]
    tables = [_record(money), _trades(money)] if money else []
    studies = [r for r in metrics if r["label"] != "tradable"]
    if studies:
        tables.append(_studies(studies))
    days = inputs.frame("backtest_days").filter(pl.col("label") == "tradable")
    charts = [c for part in days.partition_by("strategy", maintain_order=True) for c in _curves(part)]
    notes = [
        "Net of costs, over the settled days of the window. The interval of the Sharpe ratio is wide over two months: read it, not the ratio.",
        "Above 3, or significant at 1 % after the count of trials, counts as a mistake until the desk file explains it.",
    ]
    return Section("strategies", "Strategies", tables, charts=charts, notes=notes, sources=inputs.sources("backtest_metrics", "backtest_days"))


def _label(label: str) -> Cell:
    return Cell(label, "ok" if label == "tradable" else "warn", pill=True)


def _record(rows: Sequence[dict[str, Any]]) -> TableView:
    heads = [
        Head("Strategy", numeric=False),
        Head("days"),
        Head("P&L of the day", "¤"),
        Head("gross", "¤"),
        Head("costs", "¤"),
        Head("net", "¤"),
        Head("Sharpe, annual"),
        Head("95 % interval"),
        Head("largest drawdown", "¤"),
        Head("share of the mix"),
        Head("verdict", numeric=False),
    ]
    cells = [
        [
            Cell(r["strategy"]),
            num(r["days"]),
            num(r["pnl_day_eur"]),
            num(r["gross_eur"]),
            num(r["cost_eur"]),
            num(r["pnl_eur"], tone="strong"),
            num(r["sharpe"], 2),
            Cell("" if r["sharpe_low"] is None else f"{r['sharpe_low']:.1f} .. {r['sharpe_high']:.1f}".replace("-", MINUS), "muted"),
            num(r["max_drawdown_eur"]),
            Cell(percent(r["allocation_share"])),
            Cell(r["verdict"], VERDICTS[r["verdict"]], pill=True),
        ]
        for r in rows
    ]
    return TableView("Record of settled days", heads, cells)


def _trades(rows: Sequence[dict[str, Any]]) -> TableView:
    heads = [
        Head("Strategy", numeric=False),
        Head("intervals traded"),
        Head("volume", "MWh"),
        Head("net per MWh", "¤/MWh"),
        Head("costs of gross results"),
        Head("days with a gain"),
        Head("trials"),
    ]
    cells = [
        [
            Cell(r["strategy"]),
            num(r["orders"]),
            num(r["traded_mwh"]),
            num(r["pnl_eur"] / r["traded_mwh"] if r["traded_mwh"] else None, 2),
            Cell(percent(r["cost_share"])),
            share_cell(r["hit_rate"]),
            num(r["trials"]),
        ]
        for r in rows
    ]
    return TableView("Trades and what they cost", heads, cells)


def _studies(rows: Sequence[dict[str, Any]]) -> TableView:
    heads = [Head("Index study", numeric=False), Head("Label", numeric=False), Head("days"), Head("index change", "¤/MWh"), Head("days up")]
    cells = [[Cell(r["strategy"]), _label(r["label"]), num(r["days"]), num(r["index_points_eur_mwh"], 2), share_cell(r["hit_rate"])] for r in rows]
    return TableView("Index studies: not money", heads, cells)


def _curves(part: pl.DataFrame) -> list[ChartView]:
    if part.height < 2:
        return []
    name = part["strategy"][0]
    curves = [("line naive", part["equity_gross_eur"].to_list()), ("line main", part["equity_net_eur"].to_list())]
    equity = ChartView(f"{name}, equity [¤]", curve_chart(f"{name} equity", "¤", curves), [("naive", "gross"), ("main", "net")])
    falls = [("line main", [-v for v in part["drawdown_eur"].to_list()])]
    return [equity, ChartView(f"{name}, drawdown [¤]", curve_chart(f"{name} drawdown", "¤", falls))]


def curve_chart(title: str, unit: str, curves: Sequence[tuple[str, Sequence[float]]]) -> Markup:
    """Lines over the days of a window, equally spaced, on one value axis that includes 0."""
    from markupsafe import Markup, escape

    values = [v for _, line in curves for v in line]
    ticks = nice_ticks(min(0.0, *values), max(0.0, *values))
    count = max(len(line) for _, line in curves)

    def x(i: int) -> float:
        return LEFT + i / max(count - 1, 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return TOP + (ticks[-1] - value) / (ticks[-1] - ticks[0]) * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(f"{title} [{unit}]")}">']
    for tick in ticks:
        label = f"{tick:,.0f}".replace("-", MINUS)
        parts.append(
            f'<line class="{"grid zero" if tick == 0 else "grid"}" x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>'
        )
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 5:g}" y="{y(tick) + 3:.1f}">{label}</text>')
    for css, line in curves:
        parts.append(f'<path class="{css}" d="M{"L".join(f"{x(i):.1f} {y(v):.1f}" for i, v in enumerate(line))}"/>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - numbers and our own class names; the title is escaped
