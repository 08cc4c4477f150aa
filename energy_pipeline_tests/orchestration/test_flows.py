"""A whole day of the tiny desk through every flow: what is recorded, recomputed, refused and left behind."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import dagster as dg
import duckdb
import polars as pl
import pytest

from energy_pipeline import definitions
from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.desk import load_desk
from energy_pipeline.desk.fallback import Fallback
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError, RangeError
from energy_pipeline.orchestration.assets import s10_reporting
from energy_pipeline.orchestration.checks import history
from energy_pipeline.orchestration.resources import TooEarlyError
from energy_pipeline.runner.deadline import fallback_desk
from energy_pipeline.runner.flows import FLOWS, FlowResult, Runner
from energy_pipeline.runner.spans import run_span
from energy_pipeline.runner.summary import summarise
from energy_pipeline.settings import Settings
from energy_pipeline_tests import notebooks
from energy_pipeline_tests.integration.lakes import TINY, parquet_hashes
from energy_pipeline_tests.orchestration.conftest import DAY

DESK = load_desk(TINY)


@pytest.fixture
def settled(recorded_day):
    return recorded_day[:3]


def test_every_table_is_written_and_no_check_fails(settled):
    runner, results, _ = settled
    assert [name for name in TABLES if DAY not in runner.runtime.lake.days(name)] == []
    assert {flow: r.failed_checks for flow, r in results.items()} == {flow: [] for flow in FLOWS}


def test_runs_say_which_flow_wrote_when_and_how(settled):
    runner, results, _ = settled
    rows = {r["run_flow"]: r for r in runner.runtime.lake.read("runs", DAY, DAY).to_dicts()}
    assert {flow: r["run_id"] for flow, r in rows.items()} == {flow: r.run_id for flow, r in results.items()}
    assert rows["decide"]["decision_time"] == DESK.decision_time(DAY)
    assert rows["settle_final"]["decision_time"] is None


def cut_of(instance):
    """The data version of what decide saw."""
    event = instance.get_latest_data_version_record(dg.AssetKey("information_set"), partition_key=str(DAY))
    return event.asset_materialization.tags["dagster/data_version"]


def test_marts_carry_column_lineage_and_the_warehouse_has_the_day(settled):
    runner, _, instance = settled
    key = dg.AssetKey(["marts", "pnl"])
    spec = next(spec for spec in definitions.defs().resolve_all_asset_specs() if spec.key == key)
    lineage = spec.metadata["dagster/column_lineage"].deps_by_column
    assert {d.asset_key.to_user_string() for d in lineage["total_eur"]} == {"pnl"}
    assert "total_eur" in {column.name for column in spec.metadata["dagster/column_schema"].columns}
    event = instance.fetch_materializations(key, limit=1).records[0].asset_materialization
    assert list(event.metadata) == ["rows_written"]  # what does not change is not repeated in every event
    with duckdb.connect(str(runner.settings.warehouse), read_only=True) as con:
        assert con.execute("select count(*) from marts.pnl where delivery_day = ?", [DAY]).fetchone()[0] > 0


def test_the_summary_reads_what_was_decided(settled):
    runner, _, _ = settled
    found = summarise(runner.runtime.lake, DAY)
    assert found.hours == 23
    assert set(found.positions_mwh) == set(DESK.zones)
    total = runner.runtime.lake.read("pnl", DAY, DAY)["total_eur"].sum()
    assert found.settled_pnl_eur == pytest.approx(total)


def test_one_run_of_all_flows_writes_what_four_runs_wrote_from_the_same_cut(settled, tmp_path):
    runner, _, instance = settled
    lake = tmp_path / "lake"
    shutil.copytree(runner.settings.lake, lake)
    for table in TABLES.values():
        if not table.vintages:
            shutil.rmtree(lake / stage_folder(table.stage) / table.name)
    over = Runner(Settings(desk=TINY, lake=lake), checks=False)
    over.run_over(DAY).raise_if_failed()
    # The data version of decide's inputs is a hash of the rows it may see: in another run the same.
    assert len(cut_of(instance)) == 32
    assert cut_of(over.instance) == cut_of(instance)

    def day_of(root):
        return {path: found for path, found in parquet_hashes(root).items() if not path.startswith("as_of/")}

    assert day_of(lake) == day_of(runner.settings.lake)
    assert [row["run_flow"] for row in over.runtime.lake.read("runs", DAY, DAY).to_dicts()] == sorted(FLOWS)


def test_as_of_the_decision_time_recomputes_the_same_bytes_elsewhere(settled):
    runner, _, _ = settled
    when = DESK.decision_time(DAY)
    before = parquet_hashes(runner.settings.lake)
    runner.run("decide", DAY, as_of=when).raise_if_failed()
    recomputed = parquet_hashes(runner.settings.lake / "as_of" / f"{when:%Y%m%dT%H%M%SZ}")
    assert parquet_hashes(runner.settings.lake) == before | {f"as_of/{when:%Y%m%dT%H%M%SZ}/{p}": h for p, h in recomputed.items()}
    assert "08_portfolio/positions/date=2026-03-29/part.parquet" in recomputed
    assert {path: before[path] for path in recomputed} == recomputed


def test_as_of_an_earlier_instant_sees_less_and_a_later_one_is_refused(settled):
    runner, _, instance = settled
    cut, early = cut_of(instance), DESK.decision_time(DAY) - timedelta(hours=8)
    result = runner.run("decide", DAY, as_of=early).raise_if_failed()
    session = runner.runtime.session(result.run_id, DAY, DAY, early)
    assert session.read("information_set", DAY)["last_known_at"].max() <= early
    assert cut_of(instance) != cut
    with pytest.raises(PipelineError, match="after the gate"):
        runner.run("decide", DAY, as_of=DESK.gate_closure(DAY) + timedelta(minutes=1)).raise_if_failed()


def test_a_fallback_decision_is_within_the_limits_recorded_as_such_and_not_submitted(settled, tmp_path, monkeypatch):
    runner, _, _ = settled
    monkeypatch.setattr(s10_reporting, "publish", lambda *_arguments: {})
    shutil.copytree(runner.settings.lake, tmp_path / "lake")
    desk = DESK.model_copy(update={"fallback": Fallback(decision="flat")})
    simple = Runner(Settings(desk=TINY, lake=tmp_path / "lake"), fallback_desk(desk, desk.fallback), checks=False)
    lake = simple.runtime.lake
    submitted = lake.nominations(DAY)
    simple.run("decide", DAY, fallback="flat").raise_if_failed()
    states = lake.read("runs", DAY, DAY).filter(pl.col("run_flow") == "decide").sort("recorded_at")["state"].to_list()
    assert states == ["written", "fallback"]
    assert lake.nominations(DAY) == submitted
    page = lake.read_file("report", DAY, "report.html").decode()
    assert "not decided in time: what stands below is the desk&#x27;s fallback decision (flat)" in page
    forecasts = lake.read("price_forecasts", DAY, DAY).filter(pl.col("model") == "ensemble", pl.col("price_kind") == "day_ahead")
    assert forecasts["fallback"].str.starts_with("naive stands in").all()
    assert "red" not in lake.read("limits", DAY, DAY)["status"].to_list()
    ahead = lake.read("positions", DAY, DAY).filter(pl.col("instrument") == "day_ahead")
    assert ahead["position_mw"].to_list() != runner.runtime.lake.read("positions", DAY, DAY)["position_mw"].to_list()
    assert lake.unfinished().all() == []


def test_deciding_before_the_decision_time_is_told(settled):
    runner, _, _ = settled
    early = Runner(runner.settings, now=lambda: datetime(2026, 3, 28, 6, tzinfo=UTC), checks=False)
    with pytest.raises(TooEarlyError, match="has not come yet"):
        early.run("decide", DAY).raise_if_failed()


class OneBadDay:
    """Stands in for a runner: one day fails in one flow."""

    def __init__(self, bad):
        self.bad, self.runs = bad, []

    def run(self, flow, first, last, **_listener):
        self.runs.append((flow, first, last))
        hit = first <= self.bad <= last and flow == "settle_da"
        errors = [("pnl_day_ahead", RangeError("pnl_day_ahead", {self.bad: PipelineError("planted")}))] if hit else []
        return FlowResult(flow, first, last, "id", not hit, errors)


def test_a_bad_day_is_left_behind_and_the_others_go_on():
    first, last = date(2026, 3, 27), date(2026, 3, 31)
    runner = OneBadDay(DAY)
    result = run_span(runner, ["settle_da", "settle_final"], first, last)
    assert result.failed_days == {DAY}
    assert len(result.errors) == 1
    done = [d for flow, a, b in runner.runs if flow == "settle_final" for d in days_between(a, b)]
    assert done == [d for d in days_between(first, last) if d != DAY]


def look_back_of(held, decided):
    """The outcome of `raw_history: reaches_back` on a lake of these days."""
    days = {"day_ahead_prices": held, "information_set": decided}
    session = SimpleNamespace(last=DAY, desk=SimpleNamespace(max_lag_days=3), raw_lake=SimpleNamespace(days=days.__getitem__))
    return history(session, [DAY]).failed_days


def test_the_look_back_is_that_of_decided_days_not_of_whatever_is_loaded_last():
    march = [date(2026, 3, day) for day in range(1, 28)]
    horizon = [date(2026, 3, day) for day in range(29, 32)]
    assert look_back_of(march, []) == []
    assert look_back_of(march + horizon, []) == []  # loaded around a span that ingest has not collected yet
    assert look_back_of(march + horizon, [date(2026, 3, 28)]) == []
    assert look_back_of([day for day in march if day.day != 26], [date(2026, 3, 28)]) == [date(2026, 3, 26)]
    assert look_back_of([], []) == [DAY]


@pytest.mark.parametrize("name", [path.stem for path in sorted(notebooks.FOLDER.glob("*.ipynb"))])
def test_each_notebook_runs_on_the_days_lake_and_stands_in_the_docs_with_its_outputs(settled, name, monkeypatch):
    written = json.loads((notebooks.FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))
    monkeypatch.setenv("ENERGY_PIPELINE_LAKE", str(settled[0].settings.lake))
    monkeypatch.setenv("ENERGY_PIPELINE_DESK", str(TINY))
    shown = [[sorted(o.get("data", o)) for o in cell["outputs"]] for cell in written["cells"] if cell["cell_type"] == "code"]
    assert not [cell for cell in written["cells"] if "error" in {o["output_type"] for o in cell.get("outputs", ())}]
    again = notebooks.executed(written)
    assert [[sorted(o.get("data", o)) for o in cell["outputs"]] for cell in again["cells"] if cell["cell_type"] == "code"] == shown
    assert any("image/png" in keys for cell in shown for keys in cell)


def test_a_day_asks_polars_so_many_questions_and_no_more(queries_of_a_day):
    """Each costs a tenth of a millisecond, however small its frame: 12,938 were counted when this was written."""
    assert 1000 < queries_of_a_day <= 13_500
