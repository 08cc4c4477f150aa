"""What is due is computed and nothing else; closed years have files of their own; sums are there for all years."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from energy_pipeline.lake import Lake, PublishError
from energy_pipeline.warehouse import files
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline.warehouse.duck import connect
from energy_pipeline.warehouse.due import SourceDays
from energy_pipeline_tests.lake.days import prices, stresses
from energy_pipeline_tests.warehouse.sql_models import DAILY, LATEST, PRICES, STRESS, FakeModel, FakeProject

OLD, LATE_OLD, CLOSED, NEW = date(2016, 5, 4), date(2016, 5, 7), date(2018, 12, 31), date(2019, 3, 2)
BY_DAY = FakeModel(
    "prices_daily",
    "mart",
    "select delivery_day, zone, avg(price_eur_mwh order by delivery_start) as price_eur_mwh from {ref prices} group by delivery_day, zone",
)
BY_MONTH = FakeModel(
    "prices_monthly",
    "mart",
    "select cast(date_trunc('month', delivery_day) as date) as delivery_month, zone, count(*) as days, "
    "avg(price_eur_mwh order by delivery_day) as price_eur_mwh from {ref prices_daily} group by 1, 2",
)
PROJECT = FakeProject(LATEST, PRICES, DAILY, STRESS, BY_DAY, BY_MONTH)
MONTHS = "select delivery_month, days, price_eur_mwh from marts.prices_monthly order by 1"


def publish(lake, live, *wanted, project=PROJECT):
    return warehouse.publish(lake, live, Path("unused"), wanted, project=project)


def query(path, sql):
    with connect(path) as con:
        return con.execute(sql).fetchall()


def days_in(path, mart):
    return [day for (day,) in query(path, f"select distinct delivery_day from marts.{mart} order by 1")]  # noqa: S608 - our own tables


def write(lake, day, price=10.0, stress=1.0):
    lake.add_vintage("day_ahead_prices", day, prices(day, price))
    lake.write_day("stress_results", day, stresses(day, stress))


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    for i, day in enumerate((OLD, LATE_OLD, CLOSED, NEW)):
        write(lake, day, 10.0 * i)
    return lake


@pytest.fixture
def live(lake, tmp_path):
    live = tmp_path / "lake" / "warehouse.duckdb"
    publish(lake, live, NEW)
    return live


def test_the_main_file_has_25_months_by_interval_and_sums_of_all_years(live):
    assert days_in(live, "prices") == days_in(live, "stress_results") == [CLOSED, NEW]
    assert days_in(live, "prices_daily") == [OLD, LATE_OLD, CLOSED, NEW]
    assert query(live, MONTHS) == [
        (date(2016, 5, 1), 2, 16.5),
        (date(2018, 12, 1), 1, 31.5),
        (date(2019, 3, 1), 1, 41.5),
    ]


def test_closed_years_lie_beside_it_with_the_same_schema_and_each_says_its_days(live):
    assert files.closed_years(live) == [2016, 2018]
    assert days_in(files.year_path(live, 2016), "prices") == [OLD, LATE_OLD]
    assert days_in(files.year_path(live, 2018), "prices") == [CLOSED]
    schema = "select table_name, column_name, data_type, comment from duckdb_columns() where schema_name = 'marts' order by all"
    said = {year: query(files.year_path(live, year), schema) for year in (2016, 2018)}
    assert said[2016] == said[2018] == query(live, schema) != []
    told = "select comment from duckdb_tables() where table_name = 'prices'"
    assert query(live, told)[0][0].startswith("Day-ahead prices, the desk's. Here: days from 2017-02-01 on.")
    assert query(files.year_path(live, 2016), told) == [("Day-ahead prices, the desk's. Here: the year 2016.",)]


def test_a_year_is_the_same_copied_from_the_main_file_or_built_from_the_lake(lake, live, tmp_path):
    """2018 lies in the main file's window, 2016 does not; with a later newest day both are built from the lake."""
    later = date(2023, 6, 1)
    write(lake, later)
    publish(lake, tmp_path / "other.duckdb", later)
    for year in (2016, 2018):
        for mart in ("prices", "prices_daily", "prices_monthly", "stress_results"):
            sql = f"select * from marts.{mart}"  # noqa: S608 - our own tables
            assert query(files.year_path(tmp_path / "other.duckdb", year), sql) == query(files.year_path(live, year), sql) != []


def test_the_saved_query_reads_all_years_as_one(live, monkeypatch):
    monkeypatch.chdir(live.parent)
    with duckdb.connect() as con:
        con.execute(files.attach_path(live).read_text(encoding="utf-8"))
        assert con.execute("select delivery_day, count(*) from marts.prices group by 1 order by 1").fetchall() == [
            (day, 24) for day in (OLD, LATE_OLD, CLOSED, NEW)
        ]
        assert con.execute("select count(*) from marts.prices_daily").fetchall() == [(4,)]


def test_nothing_due_writes_nothing(lake, live):
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in live.parent.glob("warehouse*") if path.suffix == ".duckdb"}
    report = publish(lake, live, OLD, CLOSED, NEW)
    assert (report.swapped, report.version, sum(report.rows.values())) == ((), 1, 0)
    assert before == {path: (path.stat().st_ino, path.read_bytes()) for path in before}


def test_only_the_mart_whose_source_changed_is_touched(lake, live):
    lake.write_day("stress_results", NEW, stresses(NEW, 5.0))
    report = publish(lake, live, NEW, CLOSED)
    assert {mart: rows for mart, rows in report.rows.items() if rows} == {"stress_results": 2}
    assert report.swapped == ("warehouse.duckdb",)


def test_raw_history_loaded_after_the_first_publish_reaches_the_marts_of_raw_tables_with_the_next(lake, live):
    before, after = date(2019, 2, 1), date(2016, 6, 1)
    for day in (before, after):
        write(lake, day)
    publish(lake, live, NEW)
    assert days_in(live, "prices") == [CLOSED, before, NEW]
    assert days_in(live, "prices_daily") == [OLD, LATE_OLD, after, CLOSED, before, NEW]
    assert days_in(files.year_path(live, 2016), "prices") == [OLD, LATE_OLD, after]
    assert before not in days_in(live, "stress_results"), "what a flow computes is published by its flow"
    assert publish(lake, live, NEW).swapped == ()


def test_the_same_content_written_again_is_not_due(lake, live):
    lake.write_day("stress_results", NEW, stresses(NEW, 3.0))
    publish(lake, live, NEW)
    lake.write_day("stress_results", NEW, stresses(NEW, 3.0))
    assert publish(lake, live, NEW).swapped == ()


def test_a_late_day_of_a_closed_year_changes_its_file_and_the_sums(lake, live):
    lake.add_vintage("day_ahead_prices", OLD, prices(OLD, 20.0, known_hours_later=900))
    other = files.year_path(live, 2018).read_bytes()
    report = publish(lake, live, OLD)
    assert report.swapped == ("warehouse_2016.duckdb", "warehouse.duckdb")
    assert report.rows == {"prices": 0, "daily": 0, "stress_results": 0, "prices_daily": 1, "prices_monthly": 1}
    assert files.year_path(live, 2018).read_bytes() == other
    for path in (live, files.year_path(live, 2016)):
        assert query(path, MONTHS)[0] == (date(2016, 5, 1), 2, 26.5)


def test_a_year_closes_once_a_month_lies_behind_it_and_the_window_moves_with_the_month(lake, live):
    for day in (date(2020, 1, 31), date(2021, 2, 1)):
        write(lake, day)
    assert publish(lake, live, date(2020, 1, 31)).swapped == ("warehouse.duckdb",)
    assert days_in(live, "prices") == [CLOSED, NEW, date(2020, 1, 31)]
    assert publish(lake, live, date(2021, 2, 1)).swapped == ("warehouse_2019.duckdb", "warehouse_2020.duckdb", "warehouse.duckdb")
    assert days_in(live, "prices") == [NEW, date(2020, 1, 31), date(2021, 2, 1)]
    assert days_in(files.year_path(live, 2019), "prices") == [NEW]
    assert "Here: days from 2019-01-01 on." in query(live, "select comment from duckdb_tables() where table_name = 'prices'")[0][0]


def test_a_lost_years_file_is_made_again(lake, live):
    good = query(files.year_path(live, 2016), MONTHS)
    for year in (2016, 2018):
        files.year_path(live, year).unlink()
    write(lake, NEW, 70.0)
    assert publish(lake, live, NEW).swapped == ("warehouse_2016.duckdb", "warehouse_2018.duckdb", "warehouse.duckdb")
    assert query(files.year_path(live, 2016), MONTHS) == good


def test_a_failure_in_a_years_file_swaps_none(lake, live, monkeypatch):
    before = {path: path.read_bytes() for path in live.parent.glob("warehouse*.duckdb")}
    write(lake, NEW, 70.0)
    lake.add_vintage("day_ahead_prices", OLD, prices(OLD, 20.0, known_hours_later=900))
    good = warehouse.verify

    def broken(con, fresh, *more):
        if "2016" in fresh.name:
            raise PublishError({"open": "planted"})
        good(con, fresh, *more)

    monkeypatch.setattr(warehouse, "verify", broken)
    with pytest.raises(PublishError, match="planted"):
        publish(lake, live, OLD, NEW)
    assert before == {path: path.read_bytes() for path in before}
    assert sorted(p.name for p in live.parent.iterdir() if ".tmp" in p.name) == []


def test_a_killed_publisher_between_two_swaps_is_caught_up_with(lake, live, monkeypatch):
    """The years' files go first, the main file last: its bookkeeping is what the next publish trusts."""
    lake.add_vintage("day_ahead_prices", OLD, prices(OLD, 20.0, known_hours_later=900))
    good = files.swap

    def killed(fresh, path):
        if path == live:
            raise KeyboardInterrupt
        good(fresh, path)

    monkeypatch.setattr(files, "swap", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(lake, live, OLD)
    monkeypatch.undo()
    assert publish(lake, live, OLD).swapped == ("warehouse.duckdb",)
    assert query(live, MONTHS)[0] == query(files.year_path(live, 2016), MONTHS)[0] == (date(2016, 5, 1), 2, 26.5)


def test_a_file_in_a_newer_storage_version_is_built_anew_and_counts_on(lake, live):
    good = query(live, "select * from marts.prices order by all")
    with duckdb.connect() as con:
        con.execute(f"attach '{live}' as old (read_only); attach '{live}.new' as fresh (storage_version 'latest'); copy from database old to fresh")
    Path(f"{live}.new").replace(live)
    report = publish(lake, live, NEW)
    assert (report.version, set(report.rebuilt)) == (2, set(report.tables))
    assert query(live, "select * from marts.prices order by all") == good


def test_a_publish_opens_the_warehouse_once(lake, live, monkeypatch):
    opened, good = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: opened.append(a) or good(*a, **k))
    write(lake, NEW, 70.0)
    lake.add_vintage("day_ahead_prices", OLD, prices(OLD, 20.0, known_hours_later=900))
    assert len(publish(lake, live, OLD, NEW).swapped) == 2
    assert len(opened) == 1


def test_models_are_rendered_once_a_process(lake, live):
    calls = []

    class Counting(FakeProject):
        def render(self, model, relation_of, source_of):
            calls.append(model)
            return super().render(model, relation_of, source_of)

    project = Counting(LATEST, PRICES, DAILY, STRESS, BY_DAY, BY_MONTH)
    for price in (30.0, 40.0, 50.0):
        write(lake, NEW, price)
        publish(lake, live, NEW, project=project)
    assert sorted(calls) == sorted(project.order())


def test_hashes_of_a_few_days_are_asked_day_by_day(lake, monkeypatch):
    """Listing a table costs with its age; a morning asks about its own day only."""
    asked, good = [], Lake.manifest
    monkeypatch.setattr(
        Lake, "manifest", lambda self, table, first=None, last=None: asked.append((table, first, last)) or good(self, table, first, last)
    )
    found = SourceDays(lake)
    assert found.hash_of(["stress_results"], NEW) == found.hash_of(["stress_results"], NEW) != found.hash_of(["stress_results"], CLOSED)
    assert found.hash_of(["limits"], NEW) == ""
    assert asked == [("stress_results", NEW, NEW), ("stress_results", CLOSED, CLOSED), ("limits", NEW, NEW)]
