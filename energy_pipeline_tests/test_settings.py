"""Settings come from the environment when they are loaded, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from energy_pipeline import settings
from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.settings import Settings

NAMES = ("LAKE", "DATA", "DESK", "SQL", "WAREHOUSE")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(f"ENERGY_PIPELINE_{name}", raising=False)


def test_defaults():
    found = Settings.load()
    assert found.lake == Path("data_lake")
    assert found.data == Path("../shared/data")
    assert found.desk_path == demo_desk_path()
    assert load_desk(found.desk_path).name == "demo"
    assert found.warehouse == Path("data_lake/warehouse.duckdb")


def test_the_environment_is_read_when_loaded(monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(f"ENERGY_PIPELINE_{name}", f"/somewhere/{name.lower()}")
    found = Settings.load()
    assert (found.lake, found.data, found.desk_path, found.sql_root, found.warehouse) == tuple(
        Path(f"/somewhere/{name}") for name in ("lake", "data", "desk", "sql", "warehouse")
    )


def test_a_lake_elsewhere_takes_its_warehouse_along_and_s3_keeps_it_local():
    assert Settings(lake=Path("/lake")).warehouse == Path("/lake/warehouse.duckdb")
    on_s3 = Settings(lake="s3://bucket/lake")
    assert on_s3.lake == "s3://bucket/lake"
    assert on_s3.warehouse == Path("data_lake/warehouse.duckdb")


def test_sql_models_lie_beside_the_package_or_inside_the_wheel(tmp_path, monkeypatch):
    assert Settings().sql_root.name == "dbt_like_sql"
    monkeypatch.setattr(settings, "__file__", str(tmp_path / "energy_pipeline" / "settings.py"))
    assert Settings().sql_root == tmp_path / "energy_pipeline" / "_dbt_like_sql"


def test_settings_do_not_change_under_way():
    with pytest.raises(ValidationError):
        Settings.load().lake = "other"
