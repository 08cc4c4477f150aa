"""The graph: no unintended change, ten groups, every asset told and checked, light to load."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.model import STAGES
from energy_pipeline.orchestration.parts import CHAIN, FORECASTS, READ_BY_NO_LATER_DAY, REPORTS, SETTLED_ALONE, part_of
from energy_pipeline_tests.orchestration import graph_snapshot

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"tensorflow", "great_expectations", "statsmodels", "xgboost", "cvxpy", "pvlib", "sklearn", "scipy", "pandas", "numba"}
HEAVY |= {"highspy", "clarabel", "httpx"}


@pytest.fixture(scope="module")
def graph():
    return graph_snapshot.graph()


@pytest.fixture(scope="module")
def assets(graph):
    return graph["assets"]


def test_the_graph_is_the_one_we_know(graph):
    known = json.loads(graph_snapshot.FILE.read_text(encoding="utf-8"))
    assert graph == known, "intended? python -m energy_pipeline_tests.orchestration.graph_snapshot"


def test_every_table_is_an_asset_in_its_stage(assets):
    assert {name: assets[name]["group"] for name in TABLES} == {t.name: t.stage for t in TABLES.values()}
    assert {item["group"] for item in assets.values()} == set(STAGES)


def test_every_asset_has_a_check_kinds_and_an_owner(assets):
    assert [name for name, item in assets.items() if not (item["checks"] and item["kinds"] and item["owners"])] == []


def test_every_asset_has_a_description_and_tables_their_columns():
    definitions = graph_snapshot.build_definitions(settings=graph_snapshot.Settings())
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    assert [name for name, spec in specs.items() if not spec.description] == []
    schema = specs["positions"].metadata["dagster/column_schema"]
    assert [c.name for c in schema.columns] == [c.name for c in TABLES["positions"].columns]
    assert "[MW]" in next(c.description for c in schema.columns if c.name == "position_mw")


def test_steps_of_several_tables_can_be_cut():
    # The web page refuses to launch a backfill over a step that cannot: Dagster 1.13 compares the
    # days of its assets by tuple, where a lazily counted length makes equal days unequal.
    definitions = graph_snapshot.build_definitions(settings=graph_snapshot.Settings(), described=False)
    steps = [found for found in definitions.resolve_asset_graph().assets_defs if len(found.keys) > 1]
    assert len(steps) >= 3
    assert [list(found.keys) for found in steps if not found.can_subset] == []


def test_observations_reach_to_yesterday_and_edges_stay_below_100_partitions(assets):
    deps = {dep.split(" ")[0]: dep for dep in assets["information_set"]["deps"]}
    for observed in ("day_ahead_prices", "load_actual", "plant_meters", "weather_observed"):
        assert deps[observed].endswith("..D-1]")
    for forecast in ("load_forecast", "weather_forecast", "forward_quotes"):
        assert deps[forecast].endswith("..D+0]")
    windows = [dep.split("[D")[1].split("..D") for item in assets.values() for dep in item["deps"] if "[D" in dep]
    assert max(int(last.rstrip("]")) - int(first) + 1 for first, last in windows) < 100


def test_decide_reads_raw_data_only_through_the_cut(assets):
    raw = {t.name for t in TABLES.values() if t.vintages}
    decide = {t.name for t in TABLES.values() if t.flow == "decide"}
    readers = {name: raw & {d.split(" ")[0] for d in item["deps"]} for name, item in assets.items() if name in decide}
    assert {name for name, found in readers.items() if found} == {"information_set"}


def test_definitions_import_no_heavy_library(tmp_path):
    program = (
        "import sys, energy_pipeline.definitions\n"
        "energy_pipeline.definitions.defs()\n"
        f"heavy = {HEAVY!r}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path), "ENERGY_PIPELINE_LAKE": str(tmp_path / "lake")}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "lake").exists()


def test_what_comes_before_the_chain_hangs_on_nothing_of_it(assets):
    before = {name for name in assets if part_of(dg.AssetKey(name.split("/"))) == FORECASTS}
    assert before >= {"day_ahead_prices", "information_set", "price_forecasts", "plant_output", "scenario_paths", "scenario_sets"}
    assert not before & {"dispatch", "signals", "positions", "risk_measures", "pnl", "forecast_comparison", "nominations", "daily_report", "runs"}
    assert before >= set(SETTLED_ALONE)
    made = [dep for name in SETTLED_ALONE for dep in assets[name]["deps"] if not TABLES[dep.split(" ")[0]].vintages]
    assert [dep for dep in made if "[D" in dep] == []  # nor on what was made of another day
    needed = {name: {dep.split(" ")[0] for dep in assets[name]["deps"]} - before - {"raw_history"} for name in before}
    assert {name: found for name, found in needed.items() if found} == {}


def test_nothing_of_forecasts_and_the_chain_reads_what_no_later_day_reads(assets):
    part = {name: part_of(dg.AssetKey(name.split("/"))) for name in assets}
    read = {name: {dep.split(" ")[0] for dep in assets[name]["deps"]} for name in assets if part[name] != REPORTS}
    assert {name: found for name, deps in read.items() if (found := {dep for dep in deps if part.get(dep) == REPORTS})} == {}
    assert set(READ_BY_NO_LATER_DAY) <= set(assets)
    for flow in ("decide", "settle_da", "settle_final"):  # every flow has something in both, so that a run of one part is never empty
        assert {part[t.name] for t in TABLES.values() if t.flow == flow} >= {CHAIN, REPORTS}
