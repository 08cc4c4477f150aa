"""The folder is a dbt project: dbt-duckdb builds the same tables as our own runner.

dbt lives in an environment of its own (dependency group `dbt`). To run this:
`uv venv /some/where && uv pip install --python /some/where --group dbt`, then
`ENERGY_PIPELINE_DBT=/some/where/bin/dbt pytest energy_pipeline_tests/warehouse/test_dbt.py`.
"""

import json
import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.warehouse.sql_project import SqlProject

ROOT = Path(__file__).resolve().parents[2] / "dbt_like_sql"
DBT = os.environ.get("ENERGY_PIPELINE_DBT", "")

pytestmark = pytest.mark.skipif(not DBT, reason="ENERGY_PIPELINE_DBT names no dbt executable (dependency group `dbt`, its own environment)")


def write_lake(root, tables):
    made_for = next(iter(tables.values()))["delivery_day"][0]
    for name in TABLES:
        # the pipeline writes every table of a day, also those without rows
        found = tables.get(name, table(name).frame())
        for (day,), part in (found.partition_by("delivery_day", as_dict=True) or {(made_for,): found}).items():
            folder = root / stage_folder(table(name).stage) / name / f"date={day}"
            folder.mkdir(parents=True)
            part.write_parquet(folder / "part.parquet")
            (folder / "versions").mkdir()  # superseded decisions, which no model may read
            part.write_parquet(folder / "versions" / "0001-old.parquet")


def run_dbt(tmp_path, *arguments):
    profile = {"type": "duckdb", "path": str(tmp_path / "dbt.duckdb"), "threads": 1, "settings": {"TimeZone": "UTC"}}
    (tmp_path / "profiles.yml").write_text(json.dumps({"energy_pipeline": {"target": "test", "outputs": {"test": profile}}}), encoding="utf-8")
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")},
        "ENERGY_PIPELINE_LAKE": str(tmp_path / "lake"),
        "DBT_PROFILES_DIR": str(tmp_path),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [DBT, "--no-use-colors", *arguments, "--project-dir", str(ROOT)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def ours(tables):
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    project = SqlProject(ROOT)
    for name in TABLES:
        connection.register(f"lake_{name}", tables.get(name, table(name).frame()).to_arrow())
    for name in project.order():
        sql = project.render(name, lambda m: f"m_{m}", lambda t: f"lake_{t}")
        connection.execute(f"create {'view' if project.models[name].kind == 'staging' else 'table'} m_{name} as {sql}")
    return connection


def test_dbt_builds_the_same_marts(tmp_path, made_up_day):
    tables = made_up_day().tables
    write_lake(tmp_path / "lake", tables)
    done = run_dbt(tmp_path, "build")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "deprecat" not in done.stdout.lower(), done.stdout[-4000:]
    mine = ours(tables)
    mine.execute(f"attach '{tmp_path / 'dbt.duckdb'}' as dbt (read_only)")
    project = SqlProject(ROOT)
    marts = project.marts
    listed = "select table_name from information_schema.tables where table_catalog = 'dbt' and table_schema = 'marts'"
    built = {r[0] for r in mine.execute(listed).fetchall()}
    assert built == set(marts)
    for name in marts:
        here, there = (mine.execute(f"select * from {relation} order by all").fetchall() for relation in (f"m_{name}", f"dbt.marts.{name}"))  # noqa: S608 - our own names
        assert here == there, name
        assert here or not all(source in tables for source in project.sources_of(name)), name
    left = {p.name for p in ROOT.iterdir()}
    assert left == {"analyses", "dbt_project.yml", "macros", "marts", "staging", "tests"}, "dbt left files in the project"


def test_dbt_tests_fail_on_bad_rows(tmp_path, made_up_day):
    tables = dict(made_up_day().tables)
    tables["pnl"] = tables["pnl"].with_columns(total_eur=tables["pnl"]["total_eur"] + 1)
    write_lake(tmp_path / "lake", tables)
    done = run_dbt(tmp_path, "build")
    assert done.returncode != 0
    assert "pnl_legs_add_up" in done.stdout
