"""A finished day is left alone; what its outputs hang on, and any damage to them, makes it run again."""

import json
import shutil
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import duckdb
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.desk import load_desk
from energy_pipeline.lake import Lake
from energy_pipeline.runner import finished
from energy_pipeline.runner.finished import ALL, NEVER, OUTPUTS, SOURCES, Finished, until_finished
from energy_pipeline.runner.flows import FLOWS
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.settings import Settings
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.lake.days import prices

DAY = date(2019, 3, 30)
DAYS = [DAY, DAY + timedelta(days=1)]


@lru_cache
def output(name, day, seed=0):
    """A legal day of a table."""
    return table(name).frame(legal_day(table(name), day, rows=3, seed=seed))


class Runs:
    """Stands for the flows: writes every output of the days it is asked for, and counts."""

    def __init__(self, settings, seed=0):
        self.settings, self.seed, self.calls = settings, seed, []

    def __call__(self, days, flows):
        self.calls.append((tuple(days), tuple(flows)))
        lake = Lake(self.settings.lake)
        for day in days if tuple(flows) == ALL else ():
            for name in OUTPUTS:
                lake.write_day(name, day, output(name, day, self.seed))
            lake.write_file("report", day, "report.html", b"<p>page</p>")
            lake.submit(day, b"zone,volume\n")
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            connection.execute("create schema if not exists marts")
            connection.execute("create or replace table marts.pnl as select unnest(?::date[]) as delivery_day, 1.5 as total_eur", [DAYS])
        return SpanResult()

    @property
    def ran(self):
        """Days of every call with all flows."""
        return [days for days, flows in self.calls if flows == ALL]


@pytest.fixture
def settings(tmp_path):
    shutil.copy(TINY, tmp_path / "desk.yaml")
    return Settings(desk=tmp_path / "desk.yaml", lake=tmp_path / "lake", data=tmp_path, code_version="1+gabc")


@pytest.fixture(scope="session")
def finished_lake(tmp_path_factory):
    """Two finished days, made once: all tests but one change a copy."""
    root = tmp_path_factory.mktemp("finished")
    settings = Settings(desk=TINY, lake=root / "lake", data=root, code_version="1+gabc")
    Lake(settings.lake).add_vintage("day_ahead_prices", DAY, prices(DAY, zone="NORTH"))
    found = Runs(settings)
    until_finished(settings, DAYS, found)
    assert found.ran == [tuple(DAYS)]
    return settings.lake


@pytest.fixture
def runs(settings, finished_lake):
    """Two finished days."""
    shutil.copytree(finished_lake, settings.lake)
    return Runs(settings)


def why(settings):
    told = {}
    until_finished(settings, DAYS, lambda *_: SpanResult(failed_days=set(DAYS)), say=told.update)
    return told


def test_the_flows_are_those_of_the_runner():
    assert ALL == FLOWS


def test_no_step_runs_for_finished_days(settings, runs):
    until_finished(settings, DAYS, runs)
    assert runs.calls == []
    assert why(settings) == {day: [] for day in DAYS}


def test_again_runs_them_all_the_same(settings, runs):
    until_finished(settings, DAYS, runs, again=True)
    assert runs.ran == [tuple(DAYS)]


def test_only_the_days_left_are_run(settings, runs):
    more = [*DAYS, DAYS[-1] + timedelta(days=1)]
    until_finished(settings, more, runs)
    assert runs.ran == [(more[-1],)]


def test_a_pulled_commit_redoes(settings, runs):
    pulled = settings.model_copy(update={"code_version": "1+gdef"})
    assert why(pulled) == {day: ["code"] for day in DAYS}
    until_finished(pulled, DAYS, runs)
    until_finished(pulled, DAYS, runs)
    assert runs.ran == [tuple(DAYS)]


def test_changed_sources_of_the_package_redo_where_no_commit_tells(settings, runs, tmp_path):
    dirty = settings.model_copy(update={"code_version": "1+gabc.dirty", "sql": tmp_path / "sql"})
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "a.sql").write_text("select 1")
    until_finished(dirty, DAYS, runs)
    assert why(dirty) == {day: [] for day in DAYS}
    (tmp_path / "sql" / "a.sql").write_text("select 2")
    assert why(dirty) == {day: ["code"] for day in DAYS}


def test_a_changed_desk_redoes(settings, runs):
    settings.desk.write_text(TINY.read_text(encoding="utf-8").replace("es_eur: 200000", "es_eur: 210000"), encoding="utf-8")
    assert why(settings) == {day: ["desk"] for day in DAYS}
    until_finished(settings, DAYS, runs)
    assert runs.ran == [tuple(DAYS)]


def test_another_library_redoes(settings, runs, monkeypatch):
    from importlib.metadata import version as real

    monkeypatch.setattr(finished, "version", lambda name: "99" if name == "polars" else real(name))
    assert why(settings) == {day: ["libraries"] for day in DAYS}


@pytest.mark.parametrize("of", [DAY, DAY - timedelta(days=20), DAY + timedelta(days=2)])
def test_a_later_raw_vintage_redoes_the_days_that_look_so_far(settings, runs, of):
    Lake(settings.lake).add_vintage("day_ahead_prices", of, prices(of, price=50.0, known_hours_later=3, zone="NORTH"))
    assert why(settings) == {day: ["raw"] for day in DAYS}
    until_finished(settings, DAYS, runs)
    assert runs.ran == [tuple(DAYS)]


def test_a_raw_day_beyond_the_look_backs_changes_nothing(settings, runs):
    far = DAY - timedelta(days=load_desk(settings.desk).history_days + 1)
    Lake(settings.lake).add_vintage("day_ahead_prices", far, prices(far, zone="NORTH"))
    assert why(settings) == {day: [] for day in DAYS}


def test_merging_months_changes_nothing(settings, runs):
    lake = Lake(settings.lake)
    for name in ("day_ahead_prices", "positions", "pnl"):
        assert lake.compact(name, DAY)
    assert why(settings) == {day: [] for day in DAYS}


@pytest.mark.parametrize("name", ["positions", "pnl", "information_set"])
def test_a_damaged_output_redoes_its_day(settings, runs, name):
    path = Path(Lake(settings.lake).manifest(name)[DAYS[-1]].path)
    path = Path(settings.lake) / path
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 16
    path.write_bytes(data)
    assert why(settings) == {DAYS[0]: [], DAYS[1]: [f"outputs.{name}"]}
    until_finished(settings, DAYS, runs)
    assert runs.ran == [(DAYS[1],)]
    assert why(settings) == {day: [] for day in DAYS}


@pytest.mark.parametrize("name", ["positions", "report/report.html"])
def test_a_missing_output_redoes_its_day(settings, runs, name):
    folder = name.split("/")[0]
    found = [p for p in Path(settings.lake).rglob("*") if p.is_file() and str(DAYS[-1]) in p.parent.name and p.parent.parent.name == folder]
    assert found
    for path in found:
        path.unlink()
    assert why(settings)[DAYS[-1]] == [f"outputs.{name}"]


def test_an_output_written_by_another_run_redoes_its_day_and_the_next(settings, runs):
    Lake(settings.lake).write_day("signals", DAY, output("signals", DAY, 5))
    assert why(settings) == {DAYS[0]: ["outputs.signals"], DAYS[1]: ["chain"]}


def test_a_day_that_changes_when_run_again_makes_the_next_one_run_too(settings, runs):
    path = next(p for p in Path(settings.lake).rglob("part.parquet") if str(DAYS[0]) in str(p) and "signals" in str(p))
    path.unlink()
    Lake(settings.lake).storage.delete(f"10_reporting/_finished/{DAYS[0]}.json")
    other = Runs(settings, seed=7)

    def go(days, flows):
        other.seed = 7 if DAYS[0] in days else 0
        return other(days, flows)

    # The second day stands on the first: it is told by its chain before, or looked at again after.
    until_finished(settings, DAYS, go)
    assert {day for days in other.ran for day in days} == set(DAYS)
    assert why(settings) == {day: [] for day in DAYS}


def test_a_missing_or_damaged_warehouse_redoes(settings, runs):
    data = settings.warehouse.read_bytes()
    settings.warehouse.unlink()
    assert why(settings) == {day: ["marts.pnl"] for day in DAYS}
    settings.warehouse.write_bytes(data[:100])
    assert all(reasons == ["marts.pnl", "marts"] for reasons in why(settings).values())
    settings.warehouse.write_bytes(data)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("update marts.pnl set total_eur = 2.5 where delivery_day = ?", [DAY])
    assert why(settings) == {DAYS[0]: ["marts.pnl"], DAYS[1]: []}


def test_a_changed_source_file_is_ingested_first_and_redoes_only_what_sees_it(settings, runs, monkeypatch):
    monkeypatch.setattr(finished, "_paths", lambda _: ["prices.csv"])
    (settings.data / "prices.csv").write_text("t,p\n1,72\n")
    until_finished(settings, DAYS, runs)
    assert runs.calls == [(tuple(DAYS), ("ingest",))], "nothing new came of it"
    until_finished(settings, DAYS, runs)
    assert len(runs.calls) == 1
    (settings.data / "prices.csv").write_text("t,p\n1,102\n")

    def go(days, flows):
        if tuple(flows) != ALL:
            Lake(settings.lake).add_vintage("day_ahead_prices", DAY, prices(DAY, price=102.0, known_hours_later=3, zone="NORTH"))
        return runs(days, flows)

    runs.calls.clear()
    until_finished(settings, DAYS, go)
    assert runs.calls == [(tuple(DAYS), ("ingest",)), (tuple(DAYS), ALL)]


def test_the_desks_files_are_found_wherever_they_stand():
    desk = {"a": [{"path": "x.csv"}, {"b": {"path": "y.parquet"}}], "path": None}
    assert list(finished._paths(desk)) == ["x.csv", "y.parquet"]
    assert SOURCES == "sources"


def test_failed_days_and_some_flows_are_never_finished(settings, tmp_path):
    runs = Runs(settings)

    def fails(days, flows):
        runs(days, flows)
        return SpanResult(failed_days={DAYS[1]})

    until_finished(settings, DAYS, fails)
    assert why(settings) == {DAYS[0]: [], DAYS[1]: [NEVER]}
    until_finished(settings, DAYS[1:], runs, flows=("ingest", "decide"))
    assert why(settings)[DAYS[1]] == [NEVER]


def test_a_day_that_is_not_over_is_never_finished(settings, monkeypatch):
    monkeypatch.setattr(Finished, "is_over", lambda _self, day: day < DAYS[1])
    until_finished(settings, DAYS, Runs(settings))
    assert why(settings) == {DAYS[0]: [], DAYS[1]: [NEVER]}


def test_checks_that_failed_are_told_again(settings):
    runs = Runs(settings)

    def go(days, flows):
        runs(days, flows)
        return SpanResult(failed_checks=["decide: positions"])

    until_finished(settings, DAYS, go)
    assert until_finished(settings, DAYS, go).failed_checks == ["decide: positions"]
    assert len(runs.calls) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"parts": 1, "failed_checks": []}', json.dumps({"failed_checks": []})])
def test_a_record_that_cannot_be_read_is_none(settings, runs, text):
    (Path(settings.lake) / f"10_reporting/_finished/{DAY}.json").write_text(text)
    assert why(settings)[DAY] == [NEVER]


def test_every_computed_table_but_runs_is_an_output():
    assert set(TABLES) - set(OUTPUTS) == {name for name, contract in TABLES.items() if contract.vintages} | {"runs"}
