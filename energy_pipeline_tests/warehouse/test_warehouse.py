"""A publish replaces days, comments what it makes, and never swaps in anything broken."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.lake import Lake, PublishError
from energy_pipeline.orchestration.assets import s10_reporting
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline.warehouse.duck import connect, workbench
from energy_pipeline.warehouse.health import damage, set_aside
from energy_pipeline_tests.lake.days import DAY, MONTH, days, prices, stresses
from energy_pipeline_tests.warehouse import sql_models

NO_SQL = Path("unused")


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    for i, day in enumerate(days(4)):
        lake.add_vintage("day_ahead_prices", day, prices(day, 10.0 * i))
        lake.write_day("stress_results", day, stresses(day, float(i)))
    return lake


@pytest.fixture
def live(tmp_path):
    return tmp_path / "lake" / "warehouse.duckdb"


def publish(lake, live, wanted, project=None, **more):
    return warehouse.publish(lake, live, NO_SQL, wanted, project=project or sql_models.project(), **more)


def query(live, sql):
    with connect(live) as con:
        return con.execute(sql).fetchall()


def all_rows(live):
    names = [row[0] for row in query(live, "select table_name from duckdb_tables() where schema_name = 'marts' order by 1")]
    return {name: sorted(query(live, f"select * from marts.{name}")) for name in names}  # noqa: S608 - our own tables


def test_a_first_publish_makes_every_mart_with_comments(lake, live):
    report = publish(lake, live, days(4), published_at=datetime(2019, 4, 1, tzinfo=UTC))
    assert report.tables == ("prices", "daily", "stress_results")
    assert report.rebuilt == report.tables
    assert report.rows == {"prices": 96, "daily": 4, "stress_results": 8}
    assert (report.version, report.days) == (1, tuple(days(4)))
    ((comment,),) = query(live, "select comment from duckdb_tables() where table_name = 'prices'")
    assert comment.startswith("Day-ahead prices, the desk's. Here: days from 2017-02-01 on.")
    assert query(live, "select comment from duckdb_columns() where table_name = 'prices' and column_name = 'price_eur_mwh'") == [
        ("Clearing price [EUR/MWh]; it's latest.",)
    ]
    assert query(live, "select mean_eur_mwh, hours from marts.daily order by delivery_day") == [(10.0 * i + 11.5, 24) for i in range(4)]
    assert query(live, "select version, published_at, len(delivery_days), written_rows from meta.publishes") == [
        (1, datetime(2019, 4, 1, tzinfo=UTC), 4, 108)
    ]


def test_only_the_days_asked_for_change(lake, live):
    publish(lake, live, days(4))
    for day in days(3):
        lake.write_day("stress_results", day, stresses(day, 100.0))
    report = publish(lake, live, days(1))
    assert report.rebuilt == ()
    assert report.rows == {"prices": 0, "daily": 0, "stress_results": 2}
    assert query(live, "select distinct delivery_day, pnl_eur from marts.stress_results order by 1") == list(
        zip(days(4), [100.0, 1.0, 2.0, 3.0], strict=True)
    )


def test_day_by_day_equals_one_range_equals_a_rebuild(lake, live, tmp_path):
    day_by_day, one_range, backwards = (tmp_path / f"{n}.duckdb" for n in ("a", "b", "c"))
    empty = Lake(tmp_path / "growing")
    for i, day in enumerate(days(4)):
        empty.add_vintage("day_ahead_prices", day, prices(day, 10.0 * i))
        empty.write_day("stress_results", day, stresses(day, float(i)))
        publish(empty, day_by_day, [day])
    publish(lake, one_range, days(4))
    for day in reversed(days(4)):
        publish(lake, backwards, [day])
    assert all_rows(day_by_day) == all_rows(one_range) == all_rows(backwards)


def test_a_correction_reaches_the_mart_and_the_mart_on_it(lake, live):
    publish(lake, live, days(4))
    lake.add_vintage("day_ahead_prices", MONTH, prices(MONTH, 200.0, range(1), known_hours_later=48))
    publish(lake, live, [MONTH])
    assert query(live, "select max(price_eur_mwh), count(*) from marts.prices where delivery_day = '2019-03-01'") == [(200.0, 24)]
    assert query(live, "select hours from marts.daily where delivery_day = '2019-03-01'") == [(24,)]


def test_a_day_with_no_rows_gets_no_rows_and_loses_old_ones(lake, live):
    publish(lake, live, days(4))
    lake.write_day("stress_results", MONTH, stresses(MONTH)[:0])
    assert publish(lake, live, [MONTH, DAY]).rows == {"prices": 0, "daily": 0, "stress_results": 0}
    assert query(live, "select count(*) from marts.stress_results where delivery_day = '2019-03-01'") == [(0,)]


def test_a_changed_model_is_rebuilt_for_every_day_of_the_lake(lake, live):
    publish(lake, live, days(4))
    changed = replace(sql_models.STRESS, sql="select delivery_day, stress, 2 * pnl_eur as pnl_eur from {source stress_results}")
    models = sql_models.FakeProject(sql_models.LATEST, sql_models.PRICES, sql_models.DAILY, changed)
    report = publish(lake, live, days(1), models)
    assert report.rebuilt == ("stress_results",)
    assert report.rows == {"prices": 0, "daily": 0, "stress_results": 8}
    assert query(live, "select sum(pnl_eur) from marts.stress_results") == [(2.0 * 2 * (0 + 1 + 2 + 3),)]


def test_a_changed_staging_model_rebuilds_what_stands_on_it(lake, live):
    publish(lake, live, days(4))
    changed = replace(sql_models.LATEST, sql="select * replace (price_eur_mwh + 1 as price_eur_mwh) from {source day_ahead_prices}")
    report = publish(lake, live, days(1), sql_models.FakeProject(changed, sql_models.PRICES, sql_models.DAILY, sql_models.STRESS))
    assert report.rebuilt == ("prices", "daily")
    assert query(live, "select mean_eur_mwh from marts.daily order by 1 limit 1") == [(12.5,)]


def test_a_mart_that_left_the_project_leaves_the_warehouse(lake, live):
    publish(lake, live, days(4))
    publish(lake, live, days(1), sql_models.FakeProject(sql_models.STRESS))
    assert list(all_rows(live)) == ["stress_results"]


def test_a_merged_month_publishes_the_same(lake, live, tmp_path):
    publish(lake, live, days(4))
    for name in ("stress_results", "day_ahead_prices"):
        lake.compact(name, MONTH)
    publish(lake, tmp_path / "second.duckdb", days(2))
    assert all_rows(tmp_path / "second.duckdb") == all_rows(live)


BROKEN = [
    (sql_models.FakeModel("broken", "mart", "select delivery_day, nonsense from {source stress_results}"), "nonsense"),
    (sql_models.FakeModel("broken", "mart", "select delivery_day, error('bad row') as x from {source stress_results}"), "bad row"),
    (sql_models.FakeModel("broken", "mart", "select stress from {source stress_results}"), "needs a DATE column delivery_day"),
    (sql_models.FakeModel("broken", "mart", "select delivery_day::timestamp as delivery_day from {source stress_results}"), "needs a DATE column"),
    (sql_models.FakeModel("broken", "mart", "select delivery_day + 40 as delivery_day from {source stress_results}"), "not asked for"),
    (replace(sql_models.STRESS, name="broken", columns={"gone": "No such column."}), "gone"),
    (sql_models.FakeModel("broken", "staging", "select from"), "broken"),
]


@pytest.mark.parametrize(("model", "message"), BROKEN)
def test_a_failing_model_is_named_and_nothing_is_swapped(lake, live, model, message):
    publish(lake, live, days(2))
    before = live.read_bytes()
    dependant = sql_models.FakeModel("dependant", "mart", "select * from {ref broken}")
    also = sql_models.FakeModel("also_broken", "mart", "select delivery_day from nowhere")
    with pytest.raises(PublishError) as caught:
        publish(lake, live, days(4), sql_models.project(model, dependant, also))
    assert message in caught.value.failures["broken"]
    assert caught.value.failures["dependant"] == "not tried, it needs broken"
    assert "nowhere" in caught.value.failures["also_broken"]
    assert "prices" not in caught.value.failures
    assert live.read_bytes() == before
    assert leftovers(live) == []


def leftovers(live):
    return sorted(p.name for p in live.parent.iterdir() if p.name.startswith("warehouse") and (".tmp" in p.name or p.suffix == ".wal"))


@pytest.mark.parametrize(
    "step", ["warehouse.files.copy", "warehouse.marts.MartBuilder.run", "warehouse.publishing.verify", "warehouse.files.sync", "warehouse.files.swap"]
)
def test_a_failure_at_any_step_leaves_the_last_good_file(lake, live, monkeypatch, step):
    publish(lake, live, days(2))
    before = live.read_bytes()
    lake.write_day("stress_results", MONTH, stresses(MONTH, 7.0))

    def broken(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(f"energy_pipeline.{step}", broken)
    with pytest.raises(OSError, match="no space left"):
        publish(lake, live, days(4))
    monkeypatch.undo()
    assert live.read_bytes() == before
    assert leftovers(live) == []
    assert publish(lake, live, days(4)).version == 2


def test_the_check_before_the_swap_can_fail(lake, live):
    publish(lake, live, days(4))
    good = {"prices": 96, "daily": 4, "stress_results": 8}
    with workbench(live) as con:
        warehouse.verify(con, live, 1, good)
        with pytest.raises(PublishError, match="expected 95 rows"):
            warehouse.verify(con, live, 1, {**good, "prices": 95})
        with pytest.raises(PublishError, match="version"):
            warehouse.verify(con, live, 2, good)
        with pytest.raises(PublishError, match="gone"):
            warehouse.verify(con, live, 1, {"gone": 1})
        live.with_name(f"{live.name}.wal").write_bytes(b"")
        with pytest.raises(PublishError, match="checkpoint"):
            warehouse.verify(con, live, 1, good)


def test_leftovers_and_an_old_wal_harm_nobody(lake, live):
    publish(lake, live, days(2))
    for name in (".123-abc.tmp", ".123-abc.tmp.wal", ".wal"):
        live.with_name(live.name + name).write_bytes(b"rubbish from a killed process")
    live.with_name(live.name + ".9.tmp.spill.tmp").mkdir()
    lake.write_day("stress_results", MONTH, stresses(MONTH, 7.0))
    assert publish(lake, live, days(4)).version == 2
    assert leftovers(live) == []
    assert query(live, "select count(*) from marts.daily") == [(4,)]


def test_a_damaged_warehouse_is_told_and_rebuilt_after_it_is_deleted(lake, live):
    publish(lake, live, days(4))
    good = all_rows(live)
    live.write_bytes(b"not a database" * 1000)
    with pytest.raises(PublishError, match="delete it: the next publish rebuilds it"):
        publish(lake, live, days(1))
    live.unlink()
    publish(lake, live, days(1))
    assert all_rows(live) == good


def test_days_of_a_single_mart_are_published_without_the_others(lake, live):
    publish(lake, live, days(1))
    lake.write_day("stress_results", days(2)[1], stresses(days(2)[1], 70.0))
    lake.write_day("stress_results", days(1)[0], stresses(days(1)[0], 80.0))
    before = all_rows(live)
    publish(lake, live, [], more={"stress_results": [days(2)[1]]})
    after = all_rows(live)
    assert after["stress_results"] != before["stress_results"]
    assert (after["daily"], after["prices"]) == (before["daily"], before["prices"])
    kept = "select * from marts.stress_results where delivery_day = '2019-03-01'"
    assert {80.0} & {value for row in query(live, kept) for value in row} == set()


def truncated(data):
    return data[: len(data) // 2]


def overwritten(data):
    return b"not a database" * 1000


def flipped_behind_the_head(data):
    return data[:12_288] + bytes(b ^ 255 for b in data[12_288:])


@pytest.mark.parametrize("harm", [truncated, overwritten, flipped_behind_the_head])
def test_damage_is_found_and_a_publish_that_meets_it_builds_the_file_anew(lake, live, harm):
    desk = load_desk(demo_desk_path())
    publish(lake, live, days(4), desk=desk)
    good = all_rows(live)
    assert (damage(live), set_aside(live)) == ("", "")
    live.write_bytes(harm(live.read_bytes()))
    assert damage(live)
    project = sql_models.project()
    project.root = NO_SQL  # type: ignore[attr-defined] # the real one has a folder
    place = SimpleNamespace(warehouse=live)
    runtime = SimpleNamespace(lake=lake, settings=place, desk=desk, whole=None, now=lambda: datetime(2019, 4, 1, tzinfo=UTC))
    lake.write_day("stress_results", MONTH, stresses(MONTH, 7.0))
    s10_reporting.publish(runtime, days(1), project)
    if damage(live):  # blocks that this publish did not read were copied as they were
        set_aside(live)
        s10_reporting.publish(runtime, days(1), project)
    assert damage(live) == ""
    assert {name: len(rows) for name, rows in all_rows(live).items()} == {name: len(rows) for name, rows in good.items()}
    assert live.with_name(f"{live.name}.damaged").exists()


def test_publishers_take_turns(lake, live):
    errors = []

    def run(day):
        try:
            lake.write_day("stress_results", day, stresses(day, 50.0))
            publish(lake, live, [day])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(day,)) for day in days(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    versions = [version for (version,) in query(live, "select version from meta.publishes order by 1")]
    assert versions == list(range(1, len(versions) + 1))
    assert query(live, "select distinct pnl_eur from marts.stress_results") == [(50.0,)]
    assert query(live, "select count(*) from marts.daily") == [(4,)]


def test_an_open_reader_neither_blocks_nor_changes(lake, live):
    publish(lake, live, days(1))
    with connect(live) as reader:
        before = reader.execute("select max(version) from meta.publishes").fetchone()
        lake.write_day("stress_results", MONTH, stresses(MONTH, 7.0))
        publish(lake, live, days(4))
        assert reader.execute("select max(version) from meta.publishes").fetchone() == before == (1,)
    assert query(live, "select max(version) from meta.publishes") == [(2,)]


def test_a_reader_cannot_write(lake, live):
    publish(lake, live, days(1))
    with connect(live) as con, pytest.raises(duckdb.Error, match="read-only"):
        con.execute("delete from marts.prices")


def test_the_real_sql_runner_fits(lake, live, tmp_path):
    root = tmp_path / "sql"
    (root / "staging").mkdir(parents=True)
    (root / "marts").mkdir()
    (root / "staging" / "stg_stress.sql").write_text("select * from {{ source('lake', 'stress_results') }}\n")
    (root / "marts" / "stress.sql").write_text("{{ config(schema='marts') }}\nselect delivery_day, stress, pnl_eur from {{ ref('stg_stress') }}\n")
    (root / "marts" / "schema.yml").write_text(
        "version: 2\nmodels:\n  - name: stress\n    description: Stresses.\n    columns:\n"
        "      - {name: delivery_day, description: Day.}\n      - {name: stress, description: Which.}\n      - {name: pnl_eur, description: P&L.}\n"
    )
    report = warehouse.publish(lake, live, root, [date(2019, 3, 2)])
    assert report.rows == {"stress": 8}
    assert query(live, "select comment from duckdb_columns() where table_name = 'stress' and column_name = 'pnl_eur'") == [("P&L.",)]


def test_comments_say_the_desks_currency(lake, live):
    publish(lake, live, days(4), desk=load_desk(demo_desk_path()).model_copy(update={"currency": "GBP"}))
    found = [text for (text,) in query(live, "select comment from duckdb_columns() where schema_name = 'marts' and comment is not null")]
    assert any("GBP/MWh" in text for text in found)
    assert not any(re.search(r"\bEUR\b", text) for text in found)


def test_a_publish_asks_the_file_a_few_times_for_a_mart_and_keeps_no_journal(lake, live, monkeypatch):
    publish(lake, live, days(2))
    asked = []

    class Counted:
        def __init__(self, connection):
            self.connection = connection

        def __getattr__(self, name):
            return getattr(self.connection, name)

        def execute(self, sql, *parameters):
            asked.append(sql)
            return self.connection.execute(sql, *parameters)

    @contextmanager
    def counted(path):
        with workbench(path) as connection:
            yield Counted(connection)

    monkeypatch.setattr("energy_pipeline.warehouse.publishing.workbench", counted)
    for day in days(4):
        lake.write_day("stress_results", day, stresses(day, 7.0))
        lake.add_vintage("day_ahead_prices", day, prices(day, 99.0, known_hours_later=1))
    report = publish(lake, live, days(4))
    assert report.rows == {"prices": 96, "daily": 4, "stress_results": 8}
    marts = 3
    assert len([sql for sql in asked if "fresh" in sql and "warehouse" not in sql]) == 3 * marts  # computed, looked at, inserted
    assert len([sql for sql in asked if sql.startswith("DELETE FROM marts")]) == marts
    assert len([sql for sql in asked if "meta.days" in sql]) <= 6  # read, emptied and filled for all marts together
    assert [sql for sql in asked if "no_wal_writes" in sql]
