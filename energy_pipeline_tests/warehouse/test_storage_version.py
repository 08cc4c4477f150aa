"""Drivers that BI tools ship open the file: real older and newer DuckDB packages read what a publish wrote."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from energy_pipeline.lake import Lake, PublishError
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline.warehouse.duck import attached, is_current, workbench
from energy_pipeline.warehouse.files import attach_path, year_path
from energy_pipeline_tests.lake.days import prices
from energy_pipeline_tests.warehouse.sql_models import FakeModel
from energy_pipeline_tests.warehouse.test_years import CLOSED, LATE_OLD, NEW, OLD, PROJECT, write

ROOT = Path(__file__).resolve().parents[2]
DRIVERS = ("1.2.2", "1.4.4", "2.0.0")

READER = """
import duckdb, json, sys
con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("set timezone = 'UTC'")
one = lambda sql: [[str(value) for value in row] for row in con.execute(sql).fetchall()]
found = {
    "driver": duckdb.__version__,
    "prices": one("select count(*), min(price_eur_mwh), max(delivery_start) from marts.prices"),
    "months": one("select * from marts.prices_monthly order by 1"),
    "comment": one("select comment from duckdb_tables() where schema_name = 'marts' and table_name = 'prices'"),
    "column": one("select comment from duckdb_columns() where table_name = 'prices' and column_name = 'price_eur_mwh'"),
    "version": one("select max(version), max(list_max(delivery_days)) from meta.publishes"),
}
con.close()
con = duckdb.connect()
con.execute(open(sys.argv[2]).read())
found["all years"] = one("select count(*), count(distinct delivery_day) from marts.prices")
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("storage") / "lake")
    for day in (OLD, LATE_OLD, CLOSED, NEW):
        write(lake, day)
    live = Path(lake.root) / "warehouse.duckdb"
    warehouse.publish(lake, live, Path("unused"), [NEW], project=PROJECT)
    lake.add_vintage("day_ahead_prices", NEW, prices(NEW, 30.0, known_hours_later=48))
    warehouse.publish(lake, live, Path("unused"), [NEW], project=PROJECT)  # a second version: copied, days replaced
    return live


def installed(version, folder):
    """The folder with this driver from the registry, or the reason why there is none."""
    uv = next((found for found in (str(ROOT / ".uv" / "bin" / "uv"), shutil.which("uv")) if found and Path(found).exists()), None)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(folder), f"duckdb=={version}"]
    elif importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), f"duckdb=={version}"]
    else:
        return "neither uv nor pip is here to install the driver"
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return "" if done.returncode == 0 else f"duckdb {version} is not to be had: {done.stderr.strip()[-200:]}"


@pytest.mark.slow
@pytest.mark.parametrize("version", DRIVERS)
def test_a_driver_from_the_registry_reads_tables_comments_and_all_years(version, live, tmp_path):
    if reason := installed(version, tmp_path / "driver"):
        pytest.skip(reason)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "driver")}
    command = [sys.executable, "-c", READER, live.name, attach_path(live).name]
    done = subprocess.run(command, cwd=live.parent, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found.pop("driver") == version
    assert found["comment"][0][0].startswith("Day-ahead prices, the desk's. Here: days from")
    assert found["column"] == [["Clearing price [EUR/MWh]; it's latest."]]
    assert found["months"] == [["2016-05-01", "FR", "2", "21.5"], ["2018-12-01", "FR", "1", "21.5"], ["2019-03-01", "FR", "1", "41.5"]]
    assert found["prices"] == [["48", "10.0", "2019-03-02 23:00:00+00:00"]]
    assert found["version"] == [["2", "2019-03-02"]]
    assert found["all years"] == [["96", "4"]]


def test_every_file_is_in_the_oldest_storage_version(live):
    with workbench(live) as con:
        for path in (live, year_path(live, 2016), year_path(live, 2018)):
            with attached(con, path, "found"):
                assert is_current(con, "found"), path.name


def test_a_model_whose_type_the_storage_version_cannot_hold_is_told(live, tmp_path):
    lake = Lake(live.parent)
    odd = FakeModel("odd", "mart", "select delivery_day, pnl_eur::variant as x from {source stress_results}")
    project = type(PROJECT)(*PROJECT.models.values(), odd)
    with pytest.raises(PublishError, match="VARIANT columns are not supported"):
        warehouse.publish(lake, tmp_path / "warehouse.duckdb", Path("unused"), [NEW], project=project)
