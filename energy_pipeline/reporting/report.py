"""The report of a delivery day: one self-contained HTML page.

What belongs here: the order of the page, its head and its flags. What does not: the
sections (`book_sections`, `risk_sections`, `rival_sections`, `outlook_sections`), the markup (templates/report.html.j2).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.reporting import (
    book_sections,
    flexibility_sections,
    forecast_sections,
    headline,
    held_section,
    joint_sections,
    outlook_sections,
    performance_section,
    renewables_sections,
    risk_sections,
    rival_sections,
    strategy_sections,
)
from energy_pipeline.reporting.glossary import TERMS, hint
from energy_pipeline.reporting.inputs import ReportInputs, names
from energy_pipeline.reporting.view import MONEY, Cell, Page, Section


def report_html(
    day: date,
    desk: Desk,
    tables: Mapping[str, pl.DataFrame],
    versions: Mapping[str, str],
    neighbours: Collection[date] = (),
    code: Mapping[str, str] | None = None,
) -> str:
    """The page as text; the same inputs give the same bytes.

    Parameters
    ----------
    day : date
        The delivery day.
    tables : mapping of str to DataFrame
        Lake tables by name; rows of other days are left out. A table that is not there
        makes its section say so: settlement comes after the decision.
    versions : mapping of str to str
        Content hash of each table's partition, shown beside every section.
    neighbours : collection of date
        Days whose page exists or is made by the same run: those next to `day` become links.
    code : mapping of str to str, optional
        Version of the code that wrote the day's tables, by flow.

    Returns
    -------
    str
        HTML with styles and charts inside; it asks for nothing over the network.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("energy_pipeline.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["hint"] = hint
    page = replace(build_page(ReportInputs(day, desk, tables, versions, code or {})), links=links(day, neighbours))
    return environment.get_template("report.html.j2").render(page=page).replace(MONEY, desk.currency)


def links(day: date, neighbours: Collection[date]) -> list[tuple[str, str]]:
    """Text and relative address of the pages around a day's: the day before, all days, the day after.

    >>> links(date(2026, 3, 29), [date(2026, 3, 28)])
    [('Sat 28 Mar', '../date=2026-03-28/report.html'), ('all days', '../index.html')]
    """
    around = [(d, f"{d:%a %d %b}") for d in (day - timedelta(days=1), day + timedelta(days=1))]
    before, after = ([(text, f"../date={d}/report.html")] if d in neighbours else [] for d, text in around)
    return [*before, ("all days", "../index.html"), *after]


def build_page(inputs: ReportInputs) -> Page:
    """The page as data, in the order a risk meeting reads it."""
    sections: list[Section] = [
        book_sections.pnl(inputs),
        risk_sections.attribution(inputs),
        book_sections.positions(inputs),
        rival_sections.bids(inputs),
        rival_sections.rivals(inputs),
        rival_sections.programme(inputs),
        rival_sections.hedging(inputs),
        book_sections.contributions(inputs),
        risk_sections.methods(inputs),
        risk_sections.factors(inputs),
        book_sections.var_exceptions(inputs),
        risk_sections.backtests(inputs),
        risk_sections.expectation(inputs),
        performance_section.performance(inputs),
        book_sections.stress(inputs),
        book_sections.limits(inputs),
        risk_sections.proposals(inputs),
        risk_sections.breaches(inputs),
        risk_sections.marks(inputs),
        joint_sections.joint_book(inputs),
        joint_sections.forward_book(inputs),
        outlook_sections.price_forecasts(inputs),
        forecast_sections.inputs_of_models(inputs),
        forecast_sections.settings_and_residuals(inputs),
        outlook_sections.plant_output(inputs),
        renewables_sections.fleet(inputs),
        outlook_sections.dispatch(inputs),
        flexibility_sections.states(inputs),
        flexibility_sections.flexibility(inputs),
        flexibility_sections.settled(inputs),
        strategy_sections.signals(inputs),
        strategy_sections.records(inputs),
        strategy_sections.strategies(inputs),
        outlook_sections.scores(inputs),
        joint_sections.scenario_scores(inputs),
        held_section.held(inputs),
        outlook_sections.data_quality(inputs),
    ]
    provenance = [source for name in sorted(inputs.tables) for source in inputs.sources(name)]
    return Page(
        title=f"{inputs.desk.name}, delivery day {inputs.day.isoformat()}",
        facts=_facts(inputs),
        flags=_flags(inputs),
        tiles=headline.tiles(inputs),
        charts=[chart for chart in (headline.chart(inputs), headline.history(inputs)) if chart is not None],
        sections=sections,
        provenance=provenance,
        glossary=list(TERMS.items()),
    )


def _facts(inputs: ReportInputs) -> list[tuple[str, str]]:
    """As-of, decision time and cut-off, in the desk's wall clock."""
    desk, day = inputs.desk, inputs.day
    information = inputs.frame("information_set")
    decided = max(information["decision_time"].to_list()) if information.height else desk.decision_time(day)
    facts = [
        ("Delivery", f"{day.strftime('%A')}, {inputs.delivery.hours} hours ({desk.time_zone})"),
        ("Decided at", inputs.local(decided)),
        ("Gate", inputs.local(desk.gate_closure(day))),
    ]
    if information.height:
        facts.append(("Latest data used", inputs.local(max(information["last_known_at"].to_list()))))
    settled = inputs.frame("pnl")["settled_as_of"].to_list()
    stage = f"settled with data known at {inputs.local(max(settled))}" if settled else "decided, not settled"
    if not settled and inputs.has("pnl_day_ahead"):
        stage = "day-ahead settled, final settlement to come"
    facts.append(("State", stage))
    return facts


def _flags(inputs: ReportInputs) -> list[Cell]:
    """What a reader must know before the numbers: late, absent, fallback, proxy, convention."""
    flags: list[Cell] = []
    quality, information = inputs.frame("data_quality"), inputs.frame("information_set")
    for status, tone in (("error", "bad"), ("held", "bad"), ("gap", "warn"), ("absent", "warn"), ("second_source", "warn")):
        found = quality.filter(pl.col("status") == status).select("raw_table", "series").n_unique() if quality.height else 0
        if found:
            flags.append(Cell(f"{found} series {status.replace('_', ' ')}", "bad" if tone == "bad" else "warn"))
    waiting = held_section.held_hours(inputs)
    if waiting:
        flags.append(Cell(f"provisional: {waiting:g} h held, not booked", "bad"))
    for status, text in (("waited", "waited for"), ("fallback", "late, on fallback")):
        late = information.filter(pl.col("status") == status)
        if late.height:
            flags.append(Cell(f"{text}: {', '.join(names(late, 'raw_table'))}", "warn"))
    stand_in = _stand_ins(inputs)
    if stand_in:
        flags.append(Cell(f"fallback models: {', '.join(stand_in)}", "warn"))
    if inputs.has("positions") and inputs.frame("positions")["is_proxy"].any():
        flags.append(Cell("proxy quotes in the book", "warn"))
    flags += [
        Cell(f"{zone}: EPF convention, TSO wind and solar forecasts stand for a vendor's (published after the gate)", "warn")
        for zone in outlook_sections.conventions(inputs)
    ]
    breached = inputs.frame("limits").filter(pl.col("status") == "red")
    if breached.height:
        flags.insert(0, Cell(f"{breached.height} limit(s) red", "bad"))
    return flags or [Cell("all sources on time, no fallback, no proxy", "ok")]


def _stand_ins(inputs: ReportInputs) -> list[str]:
    """Tables in which a simpler method stands in."""
    found = [t for t in ("driver_forecasts", "plant_output") if inputs.has(t) and inputs.frame(t)["is_fallback"].any()]
    prices = inputs.frame("price_forecasts").filter(pl.col("fallback") != "")
    return found + [f"price model {model}" for model in names(prices, "model")]
