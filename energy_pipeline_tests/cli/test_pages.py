"""What is printed after a run, and the page of all days: the numbers of the days that were finished, and of no others."""

import math
from datetime import date

import httpx
import polars as pl
import pytest

from energy_pipeline.cli import pages
from energy_pipeline.cli.day_table import rows
from energy_pipeline.cli.tools import pages_served
from energy_pipeline.contracts import TABLES
from energy_pipeline.lake import Lake
from energy_pipeline.reporting import headline
from energy_pipeline.reporting.inputs import ReportInputs
from energy_pipeline.runner.index import records, write_index
from energy_pipeline.runner.summary import summarise
from energy_pipeline.settings import Settings
from energy_pipeline_tests.made_up_day import made_up_day

__all__ = ["made_up_day"]

DAY, OTHER = date(2025, 10, 2), date(2025, 10, 26)


@pytest.fixture
def settings(tmp_path, made_up_day):
    """A lake with two decided and settled days that have pages."""
    lake = Lake(tmp_path / "lake")
    for day in (DAY, OTHER):
        for name, frame in made_up_day(day).tables.items():
            if not TABLES[name].vintages:
                lake.write_day(name, day, frame)
        lake.write_file("report", day, "report.html", b"<p>page</p>")
    return Settings.load().model_copy(update={"lake": tmp_path / "lake"})


def test_a_day_that_failed_prints_no_number_of_an_earlier_run(settings, capsys, made_up_day):
    pages.show(settings, [DAY])
    assert "15,100" in capsys.readouterr().out
    pages.show(settings, [DAY], failed={DAY})
    said = capsys.readouterr()
    assert "15,100" not in said.out
    assert "What was decided" not in said.out
    assert "2025-10-02: not finished" in said.err


def test_a_day_that_was_never_decided_prints_no_table(settings, capsys):
    pages.show(settings, [date(2025, 10, 3)])
    assert "What was decided" not in capsys.readouterr().out


def test_the_naive_of_the_console_is_the_naive_of_the_page(settings, made_up_day):
    scores = made_up_day(DAY).tables["forecast_scores"]
    own = scores.filter(model="ensemble", price_kind="day_ahead")["mae_naive_standard_eur_mwh"].drop_nulls().to_list()
    assert own
    assert summarise(Lake(settings.lake), DAY).mae_naive_eur_mwh == pytest.approx(math.fsum(own) / len(own))


def test_the_page_of_all_days_holds_each_days_settlement_and_a_link_to_its_page(settings, made_up_day):
    lake = Lake(settings.lake)
    found = {r.day: r for r in records(lake)}
    assert sorted(found) == [DAY, OTHER]
    for day, record in found.items():
        row = made_up_day(day).tables["var_exceptions"].filter(level=0.95).to_dicts()[0]
        assert (record.settled_eur, record.expected_eur, record.var_eur) == (row["pnl_eur"], row["expected_pnl_eur"], row["var_eur"])
        assert record.is_exception == (row["expected_pnl_eur"] - row["pnl_eur"] > row["var_eur"])
        assert record.page
    write_index(lake, made_up_day(DAY).desk)
    page = (settings.lake / "10_reporting" / "report" / "index.html").read_text(encoding="utf-8")
    assert 'href="date=2025-10-02/report.html"' in page


def test_a_span_is_summed_up_with_its_exceptions(settings, capsys):
    days = [DAY, date(2025, 10, 3), OTHER]
    pages.show(settings, [DAY, OTHER], span=days)
    said = " ".join(capsys.readouterr().out.split())
    pnl = math.fsum(r.settled_eur for r in records(Lake(settings.lake)))
    assert f"2 of 3 days decided, 2 settled: P&L with hedges at proxy quotes {pnl:,.0f}" in said


def test_a_desk_without_a_var_of_95_percent_has_its_settlements_in_the_page_of_all_days(settings, made_up_day):
    lake, frame = Lake(settings.lake), made_up_day(DAY).tables["var_exceptions"]
    lake.write_day("var_exceptions", DAY, frame.filter(pl.col("level") == frame["level"][0]).with_columns(level=pl.lit(0.9)))
    found = {r.day: r for r in records(lake)}
    assert found[DAY].settled_eur == frame["pnl_eur"][0]


def test_var_and_es_of_the_console_are_those_of_the_first_screen_and_say_their_level(settings, made_up_day):
    lake, made = Lake(settings.lake), made_up_day(DAY)
    legal = made.tables["risk_measures"].filter(scope="book")
    many = [legal.filter(measure="var", level=0.95).with_columns(measure=pl.lit("es"), level=pl.lit(at), value_eur=1e5 * at) for at in (0.95, 0.975)]
    changed = pl.concat([made.tables["risk_measures"].filter(pl.col("measure") != "es"), *many]).sort("scope", "measure", "method", "level")
    lake.write_day("risk_measures", DAY, changed)
    tables = made.tables | {"risk_measures": changed}
    tile = next(t for t in headline.tiles(ReportInputs(DAY, made.desk, tables, {})) if t.label.startswith("ES"))
    printed = dict(rows([summarise(lake, DAY, made.desk.limits.es_level)], "EUR"))
    assert (tile.label, printed["ES 97.5 %, EUR"]) == ("ES 97.5 %", [tile.value])
    lake.write_day("risk_measures", DAY, changed.with_columns(level=pl.col("level") * 0.9))
    assert "ES 85.5 %, EUR" in dict(rows([summarise(lake, DAY)], "EUR")), "another level is never told as 97.5 %"


def test_pages_are_served_beside_dagster_and_links_between_days_hold(tmp_path):
    page = tmp_path / "10_reporting" / "report" / "date=2026-03-29" / "report.html"
    page.parent.mkdir(parents=True)
    page.write_text("the page", encoding="utf-8")
    with pages_served(Settings(lake=tmp_path), "127.0.0.1", 0) as address:
        assert httpx.get(f"{address}/date=2026-03-29/report.html").content == b"the page"
    with pages_served(Settings(lake="s3://bucket/lake"), "127.0.0.1", 0) as address:
        assert address == ""


def test_a_port_that_is_taken_is_said_and_the_ui_goes_on(tmp_path, capsys):
    with (
        pages_served(Settings(lake=tmp_path), "127.0.0.1", 0) as address,
        pages_served(Settings(lake=tmp_path), "127.0.0.1", int(address.rsplit(":", 1)[1])) as second,
    ):
        assert second == ""
    assert "is taken" in "".join(capsys.readouterr())
