"""The page: self-contained, repeatable, complete, and true to its frames."""

import json
import re
from datetime import date, timedelta
from html.parser import HTMLParser

import polars as pl
import pytest

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.reporting import report_html
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.reporting.report import build_page

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2025, 10, 26), date(2025, 10, 2)
VOID = {"meta", "link", "br", "hr", "img", "input", "line", "path"}
ORDER = [
    "pnl",
    "attribution",
    "positions",
    "bids",
    "rivals",
    "programme",
    "hedging",
    "contributions",
    "methods",
    "factors",
    "exceptions",
    "backtests",
    "expectation",
    "performance",
    "stress",
    "limits",
    "proposals",
    "breaches",
    "marks",
    "joint-book",
    "forward-book",
    "prices",
    "inputs",
    "residuals",
    "plants",
    "fleet",
    "dispatch",
    "states",
    "flexibility",
    "flexibility-settled",
    "signals",
    "records",
    "strategies",
    "scores",
    "scenario-scores",
    "held",
    "quality",
]


class Page(HTMLParser):
    """Checks that tags close in order; keeps text and attributes."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.sections, self.text = [], [], [], []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self.sections.append(dict(attrs)["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def render(made, *, without=()):
    tables = {k: v for k, v in made.tables.items() if k not in without}
    return report_html(made.day, made.desk, tables, made.versions)


def page_of(made, **changed):
    return build_page(ReportInputs(made.day, made.desk, made.tables | changed, made.versions))


def section(page, key):
    return next(s for s in page.sections if s.key == key)


def texts(table):
    return [[c.text for c in row] for row in table.rows]


@pytest.mark.parametrize("day", [SPRING, PLAIN, AUTUMN])
def test_the_page_is_well_formed_in_order_and_asks_for_nothing(made_up_day, day):
    text = render(made_up_day(day))
    page = Page(text)
    assert page.sections == ORDER
    assert not [t for t, _ in page.tags if t in ("link", "img", "iframe", "object")]
    assert [a for t, a in page.tags if t == "script"] == [{}]
    assert not [a for _, a in page.tags if {"src", "xlink:href", "srcset"} & set(a)]
    ids = {a["id"] for _, a in page.tags if "id" in a}
    addresses = [a["href"] for _, a in page.tags if "href" in a]
    assert {h for h in addresses if not h.startswith("#")} == {"../index.html"}
    leads = {h[1:] for h in addresses if h.startswith("#")}
    assert {*ORDER, "content", "sources"} <= leads <= ids
    assert {x for x in leads if not x.startswith("of-")} == {*ORDER, "content", "sources"}
    assert not re.search(r"https?:|url\(|@import", text)
    assert f"{ {SPRING: 23, PLAIN: 24, AUTUMN: 25}[day] } hours" in text


def test_the_same_inputs_give_the_same_bytes_whatever_the_order_of_rows(made_up_day):
    made = made_up_day()
    shuffled = {k: v.sample(fraction=1, shuffle=True, seed=5) for k, v in reversed(made.tables.items())}
    assert report_html(made.day, made.desk, shuffled, made.versions) == render(made)


def test_rows_of_another_day_are_left_out(made_up_day):
    made, other = made_up_day(), made_up_day(SPRING)
    both = {k: pl.concat([v, other.tables[k]]) for k, v in made.tables.items()}
    assert report_html(made.day, made.desk, both, made.versions) == render(made)


def test_text_from_data_is_escaped(made_up_day):
    assert "first gap 14:00 UTC &lt;b&gt;" in render(made_up_day())


def test_before_settlement_the_page_says_so(made_up_day):
    made = made_up_day()
    text = render(made, without=[t.name for t in TABLES.values() if t.flow.startswith("settle")])
    page = Page(text)
    assert page.sections == ORDER
    assert text.count("Not settled yet") == 10
    assert "decided, not settled" in text
    assert '<div class="label">Settled P&amp;L' not in text
    assert "Not settled yet" not in render(made)


def test_nothing_computed_is_said_table_by_table(made_up_day):
    made = made_up_day()
    text = report_html(made.day, made.desk, {}, {})
    for name in ("positions", "risk_contributions", "price_forecasts", "plant_output", "limits", "stress_results", "data_quality"):
        assert f"table {name} has no rows for this delivery day" in text


def test_headline_names_the_limit_and_leaves_proxies_out(made_up_day):
    made = made_up_day()
    tiles = {t.label: t for t in page_of(made).tiles}
    assert tiles["ES 97.5 %"].used == pytest.approx(0.86)
    assert tiles["ES 97.5 %"].status == "amber"
    assert tiles["VaR 95 %"].value == "15,100"
    pnl = made.tables["pnl"]
    assert tiles["Settled P&L"].value == f"{pnl['total_eur'].sum() - pnl['hedge_proxy_eur'].sum():,.0f}"


def record_of(made, days, *, broke=()):
    """Settled days before the made-up one: 1,000 settled on 1,200 expected, or 9,000 less where the VaR broke."""
    row = made.tables["var_exceptions"].head(1).to_dicts()[0]
    told = {"level": 0.95, "expected_pnl_eur": 1200.0}
    rows = [{**row, **told, "delivery_day": d, "pnl_eur": -9000.0 if d in broke else 1000.0, "is_exception": d in broke} for d in days]
    return contract_of("var_exceptions").frame(rows)


def test_the_first_screen_sets_the_last_settled_day_and_the_month_against_their_expectation(made_up_day):
    made = made_up_day(PLAIN)
    days = [date(2025, 9, 29), date(2025, 9, 30), date(2025, 10, 1)]
    settle = [t.name for t in TABLES.values() if t.flow.startswith("settle")]
    tables = {k: v for k, v in made.tables.items() if k not in settle} | {"var_exceptions": record_of(made, days, broke=days[:1])}
    tiles = {t.label: t for t in build_page(ReportInputs(PLAIN, made.desk, tables, made.versions)).tiles}
    assert tiles["Settled P&L, 01 Oct"].value == "1,000"
    assert tiles["Settled P&L, 01 Oct"].detail.startswith("expected 1,200: 200 less than expected")
    assert tiles["October so far, 1 day"].value == "1,000"
    year = tiles["2025 so far, 3 days"]
    assert year.value == "\N{MINUS SIGN}7,000"
    assert year.detail == "expected 3,600: 10,600 less than expected; 1 VaR exception"
    assert not [label for label in tiles if label == "Settled P&L"]


def test_a_day_that_fell_short_says_which_leg_on_the_first_screen_and_leads_to_the_comparison(made_up_day):
    made = made_up_day(PLAIN)
    days = [date(2025, 9, 30), date(2025, 10, 1)]
    settle = [t.name for t in TABLES.values() if t.flow.startswith("settle")]
    why = record_of(made, days).with_columns(cause=pl.lit("imbalance_fee"), cause_eur=pl.lit(150.0))
    tables = {k: v for k, v in made.tables.items() if k not in settle} | {"var_exceptions": why}
    tile = build_page(ReportInputs(PLAIN, made.desk, tables, made.versions)).tiles[0]
    assert tile.detail.startswith("expected 1,200: 200 less than expected; imbalance fee fell short by 150")
    assert tile.section == "exceptions"
    page = page_of(made, var_exceptions=record_of(made, [PLAIN]).with_columns(cause=pl.lit("imbalance_fee"), cause_eur=pl.lit(150.0)))
    assert texts(section(page, "exceptions").tables[0])[0][-2:] == ["imbalance fee", "150"]


def test_the_year_begins_on_its_first_of_january(made_up_day):
    made = made_up_day(date(2026, 1, 2))
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1)]
    tables = {"var_exceptions": record_of(made, days, broke=days[:1])}
    tiles = {t.label: t for t in build_page(ReportInputs(made.day, made.desk, tables, made.versions)).tiles}
    assert tiles["2026 so far, 1 day"].value == tiles["January so far, 1 day"].value == "1,000"


def test_before_the_auction_yesterdays_outcome_stands_at_the_same_wall_clock_times(made_up_day):
    made, before = made_up_day(SPRING + timedelta(days=1)), made_up_day(SPRING)
    settle = [t.name for t in TABLES.values() if t.flow.startswith("settle")]
    decided = {k: v for k, v in made.tables.items() if k not in settle} | {"day_ahead_prices": before.tables["day_ahead_prices"]}
    text = report_html(made.day, made.desk, decided, made.versions)
    assert "outcome of 29 Mar" in text
    told = next(json.loads(t) for t in re.findall(r"data-read='([^']+)'", text) if '"before"' in t)
    series = next(s for s in told["s"] if s["c"] == "before")
    holes = [i * series["m"] // 60 for i, value in enumerate(series["v"]) if value is None]
    assert set(holes) == {2}, "the hour that the spring day lacks"
    assert "outcome of" not in render(made_up_day(SPRING))


def test_charts_carry_the_values_of_their_tables(made_up_day):
    made = made_up_day(AUTUMN)
    text = render(made)
    told = [json.loads(t) for t in re.findall(r"data-read='([^']+)'", text)]
    hours = next(t for t in told if "h" in t)["h"]
    assert (len(hours), hours.count(2)) == (25, 2)
    forecast = made.tables["price_forecasts"].filter(horizon_days=1, model="ensemble", zone="NORTH", price_kind="day_ahead").sort("delivery_start")
    wanted = [round(v, 2) for v in forecast["price_eur_mwh"].to_list()]
    assert wanted in [s["v"] for t in told for s in t["s"]]


def test_every_number_leads_to_asset_partition_data_and_code(made_up_day):
    made = made_up_day()
    text = report_html(made.day, made.desk, made.tables, made.versions, code={"decide": "1.2.3+gabcdef12"})
    page = Page(text)
    ids = {a["id"] for _, a in page.tags if "id" in a}
    assert {f"of-{name}" for name in made.tables} <= ids
    row = text[text.index('<tr id="of-positions">') :]
    row = row[: row.index("</tr>")]
    assert re.findall(r">([^<>]+)<", row) == ["positions", made.day.isoformat(), made.versions["positions"], "1.2.3+gabcdef12"]
    tiles = [t for t in build_page(ReportInputs(made.day, made.desk, made.tables, made.versions)).tiles if t.section not in ids]
    assert tiles == []


def test_the_first_screen_names_the_worst_stress_and_every_full_limit(made_up_day):
    made = made_up_day()
    full = made.tables["limits"].with_columns(use_share=pl.lit(1.0), status=pl.lit("amber"))
    tiles = {t.label: t for t in page_of(made, limits=full).tiles}
    assert tiles["Limits at 100 %"].value == f"{full.height} of {full.height}"
    assert tiles["Limits at 100 %"].tone == "warn"
    changes = made.tables["stress_results"].select(pl.coalesce("repriced_change_eur", "change_eur")).to_series().to_list()
    assert tiles["Worst stress"].value == f"{min(changes):,.0f}".replace("-", "\N{MINUS SIGN}")


def test_meters_stand_beside_the_forecast_as_the_settlement_knew_them(made_up_day):
    made = made_up_day()
    settled_as_of = made.tables["pnl"]["settled_as_of"].max()
    meters = made.tables["plant_meters"].with_columns(known_at=pl.lit(settled_as_of))
    later = meters.with_columns(known_at=pl.lit(settled_as_of) + pl.duration(hours=1), output_mw=pl.col("output_mw") * 1000)
    rows = texts(section(page_of(made, plant_meters=pl.concat([meters, later])), "plants").tables[0])
    expected = {
        plant: (part["output_mw"] * part["resolution_minutes"] / 60).sum() for (plant,), part in meters.partition_by("plant", as_dict=True).items()
    }
    assert expected
    assert {r[0]: r[6] for r in rows if r[0] in expected} == {p: f"{v:,.1f}" for p, v in expected.items()}
    unsettled = {k: v for k, v in made.tables.items() if k != "pnl"} | {"plant_meters": meters}
    page = build_page(ReportInputs(made.day, made.desk, unsettled, made.versions))
    assert {r[6] for r in texts(section(page, "plants").tables[0])} == {"\N{EN DASH}"}


def test_a_page_links_to_the_days_around_it_that_have_one(made_up_day):
    made = made_up_day(PLAIN)
    text = report_html(PLAIN, made.desk, made.tables, made.versions, [date(2025, 10, 1)])
    found = re.findall(r'href="(\.\./[^"]*)"', text)
    assert found == ["../date=2025-10-01/report.html", "../index.html"]


def test_nothing_is_cut_on_paper(made_up_day):
    text = render(made_up_day())
    paper = text[text.index("@media print") :]
    assert ".scroll { overflow: visible; }" in paper


def test_every_anchor_of_the_page_leads_to_a_section(made_up_day):
    made = made_up_day()
    page = report_html(made.day, made.desk, made.tables, made.versions)
    wanted, there = set(re.findall(r'href="#([^"]+)"', page)), re.findall(r' id="([^"]+)"', page)
    assert len(wanted) > 30
    assert wanted <= set(there)
    assert len(set(there)) == len(there)


def test_a_red_limit_comes_first_among_the_flags(made_up_day):
    made = made_up_day()
    red = made.tables["limits"].with_columns(pl.when(pl.col("limit_name") == "es_eur").then(pl.lit("red")).otherwise("status").alias("status"))
    page = page_of(made, limits=red)
    assert (page.flags[0].text, page.flags[0].tone) == ("1 limit(s) red", "bad")
    assert next(t for t in page.tiles if t.label.startswith("ES")).tone == "bad"


def test_flags_name_what_was_late_absent_proxy_or_by_convention(made_up_day):
    made = made_up_day()
    convention = made.tables["driver_forecasts"].with_columns(
        pl.when(pl.col("zone") == "WEST").then(pl.lit("vendor_convention")).otherwise("method").alias("method")
    )
    flags = " | ".join(f.text for f in page_of(made, driver_forecasts=convention).flags)
    for wanted in ("1 series gap", "1 series absent", "waited for: load_forecast", "driver_forecasts", "proxy quotes", "WEST: EPF convention"):
        assert wanted in flags
    quiet = {k: v for k, v in made.tables.items() if k not in ("data_quality", "information_set", "driver_forecasts", "positions")}
    page = build_page(ReportInputs(made.day, made.desk, quiet, made.versions))
    assert [f.tone for f in page.flags] == ["ok"]


@pytest.mark.parametrize(("day", "base", "peak"), [(SPRING, -345.0, 0.0), (PLAIN, -360.0, -180.0), (AUTUMN, -375.0, 0.0)])
def test_block_energy_counts_the_days_real_hours(made_up_day, day, base, peak):
    rows = texts(section(page_of(made_up_day(day)), "positions").tables[0])
    north = next(r for r in rows if r[:2] == ["NORTH", "base"])
    assert [float(v.replace("\N{MINUS SIGN}", "-")) for v in north[2:5]] == [base, peak, base - peak]


def test_pnl_rows_add_up_to_the_book(made_up_day):
    made = made_up_day()
    table = section(page_of(made), "pnl").tables[0]
    book = made.tables["pnl"]["total_eur"].sum()
    assert table.total[-2].text == f"{book:,.0f}"
    assert len(table.rows) == 3


def test_attribution_shows_every_leg_and_the_rest(made_up_day):
    made = made_up_day()
    tables = section(page_of(made), "attribution").tables
    assert [t.caption for t in tables] == [
        "From the curve of the decision to the settlement",
        "Assets and rights between two valuations",
    ]
    assert [r[0] for r in texts(tables[0])] == ["delta", "volume", "gamma", "unexplained", "change"]
    breach = texts(section(page_of(made), "breaches").tables[0])[0]
    assert breach[0] == "es_eur"
    assert breach[-1] == "cleared"
    assert texts(section(page_of(made), "factors").tables[0])[0][0] == "hub"


def test_the_forward_book_is_shown_with_its_proof(made_up_day):
    made = made_up_day()
    terms = {"delivery_day": made.day, "kind": "forward", "zone": "NORTH", "block": "base", "first_day": made.day, "last_day": made.day, "note": ""}
    whole = {"delivery_day": made.day, "contract": "book", "kind": "book", "zone": "", "block": "", "trade_units": 0.0, "held_by": ""}
    whole |= {"note": "mean_cvar, proven", "expected_pnl_change_eur": 12.0, "cvar_change_eur": -34.0}
    rows = [{**terms, "contract": "week", "held_units": 5.0, "trade_units": -2.0, "price_eur_mwh": 50.0, "costs_eur": 8.0, "held_by": "gross"}, whole]
    found = section(page_of(made, forward_book_proposals=contract_of("forward_book_proposals").frame(rows)), "forward-book")
    assert [r[0] for r in texts(found.tables[0])] == ["week"]
    assert "mean_cvar, proven." in found.notes
    assert "no forward book" in section(page_of(made, forward_book_proposals=contract_of("forward_book_proposals").frame()), "forward-book").pending


def test_stresses_come_worst_first_and_limits_fullest_first(made_up_day):
    page = page_of(made_up_day())
    assert texts(section(page, "stress").tables[0])[0][0] == "negative_prices"
    assert [r[0] for r in texts(section(page, "limits").tables[0])][:2] == ["day_ahead_deviation_mw", "es_eur"]


def test_an_index_study_shows_no_sharpe_even_if_one_were_written(made_up_day):
    made = made_up_day()
    cheating = made.tables["backtest_metrics"].with_columns(pl.lit(9.9).alias("sharpe"))
    tables = section(page_of(made, backtest_metrics=cheating), "strategies").tables
    (money,), (study,) = (texts(t) for t in (tables[0], tables[2]))
    assert (money[0], money[6]) == ("north_da_vs_intraday", "9.90")
    assert study[:2] == ["north_reversal_study", "index_only"]
    assert "9.90" not in study
    assert "Sharpe" not in " ".join(h.text for h in tables[2].heads)


def test_equity_curves_are_drawn_net_and_gross(made_up_day):
    page = section(page_of(made_up_day()), "strategies")
    assert [c.caption for c in page.charts] == ["north_da_vs_intraday, equity [¤]", "north_da_vs_intraday, drawdown [¤]"]
    assert page.charts[0].svg.count("<path") == 2


def test_the_page_says_what_the_models_read_what_mattered_and_whether_errors_are_noise(made_up_day):
    page = page_of(made_up_day())
    read, residuals = section(page, "inputs"), section(page, "residuals")
    assert [c.text for c in read.tables[0].rows[0]][:3] == ["NORTH", "load_mw", "drivers"]
    assert read.tables[0].rows[0][-1].tone == "warn"  # the index of 0.31 says the load has moved
    assert [c.text for c in read.tables[1].rows[0]][:2] == ["NORTH", "load_mw"]
    assert any("Groups that are off: fuels" in note for note in read.notes)
    assert any("NORTH: the last plant the residual load needs costs 61.0" in note for note in read.notes)
    member, challenger = residuals.tables[0].rows
    assert [c.text for c in member][3:] == ["100 %", "5.20", "28", "5.00", "8.0 %", "0.980"]
    assert ([c.text for c in challenger][2:4], challenger[-2].text, challenger[-1].tone) == (["challenger", "0 %"], "\N{MINUS SIGN}2.0 %", "warn")
    assert [c.tone for c in residuals.tables[1].rows[0]][3:5] == ["warn", ""]
    assert residuals.tables[2].rows[0][2].text == "p=2"


def test_every_section_names_table_partition_and_hash(made_up_day):
    made = made_up_day()
    page = page_of(made)
    for s in page.sections:
        assert s.sources, s.key
        assert all(x.partition == made.day.isoformat() and x.content_hash == made.versions[x.table] for x in s.sources)
    text = render(made)
    assert all(h in text for h in made.versions.values())


def test_a_desk_in_pounds_prints_no_euro(made_up_day):
    made = made_up_day()
    in_pounds = made.desk.model_copy(update={"currency": "GBP"})
    texts = pl.selectors.string()  # units and descriptions that the made-up tables themselves hold are not the page's words
    own = {"expectation_record": made.tables["expectation_record"]}  # its units are the desk's
    tables = {name: frame.with_columns(texts.str.replace_all("EUR", "money")) for name, frame in made.tables.items()} | own
    euro, pound = (report_html(made.day, desk, tables, made.versions) for desk in (made.desk, in_pounds))
    words = re.compile(r"\b(EUR|GBP)\b|¤")
    assert "GBP" not in set(words.findall(euro))
    told = [pound[m.start() - 40 : m.end()] for m in re.finditer(r"\bEUR\b|¤", pound)]
    assert pound.count("GBP") > 50
    assert told == [], told[:5]
