"""What the contracts generate is up to date, says what a row is, and a wrong head is told."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml

from energy_pipeline.contracts import TABLES, aggregates, table
from energy_pipeline.contracts.marts import LAKE, Mart, mart_key, schema_yml, sources_yml
from energy_pipeline.contracts.sql import DUCKDB_TYPES, SQL_WORDS, mart_sql, staging_sql
from energy_pipeline.warehouse import generated
from energy_pipeline.warehouse.sql_project import SqlProject, SqlProjectError, read_model
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.warehouse.test_sql_project import build, rows

ROOT = Path(__file__).resolve().parents[2] / "dbt_like_sql"


@pytest.fixture
def copy(tmp_path):
    return Path(shutil.copytree(ROOT, tmp_path / "sql"))


def hand_written():
    return generated.HandWritten(ROOT, {p.stem: read_model(p, "mart") for p in (ROOT / "marts").glob("*.sql")})


def marts():
    by_hand = hand_written()
    typed = by_hand.marts()
    summed = [*(Mart.of(t) for t in TABLES.values() if t.summed), *(m for m in typed if by_hand.summed(m.name))]
    return [*(Mart.of(t) for t in TABLES.values() if t.is_mart), *typed, *map(aggregates.daily, summed), *map(aggregates.monthly, summed)]


def test_no_generated_file_is_stale():
    assert generated.stale_files(ROOT) == [], "run `make docs`"


def test_a_changed_a_missing_and_a_strange_file_are_stale_and_written_anew(copy):
    (copy / "marts" / "generated" / "pnl.sql").write_text("select 1")
    (copy / "staging" / "stg_limits.sql").unlink()
    (copy / "staging" / "stg_nothing.sql").write_text("select 1")
    found = ["marts/generated/pnl.sql", "staging/stg_limits.sql", "staging/stg_nothing.sql"]
    assert generated.stale_files(copy) == found
    assert generated.write_files(copy) == found
    assert generated.stale_files(copy) == []
    SqlProject(copy)


def test_a_new_column_of_a_contract_reaches_view_mart_and_yaml(copy, monkeypatch):
    wider = replace(table("limits"), columns=(*table("limits").columns, replace(table("limits").column("used"), name="used_before")))
    monkeypatch.setitem(TABLES, "limits", wider)
    assert generated.write_files(copy) == ["marts/generated/limits.sql", "marts/schema.yml", "staging/schema.yml", "staging/stg_limits.sql"]
    project = SqlProject(copy)
    assert project.columns_of("limits")[-1] == "used_before"
    assert project.marts["limits"].columns["used_before"] == "Use, positive. Unit: in column `unit`."


def test_a_column_is_described_once():
    """No head repeats what the contract of a view it reads says."""
    written = hand_written()
    for mart in written.marts():
        model = written.models[mart.name]
        known = [TABLES[r.removeprefix("stg_")] for r in sorted(model.depends_on, key=lambda r: r != f"stg_{mart.name}") if r.startswith("stg_")]
        for name, facts in (written._head(mart.name).get("columns") or {}).items():
            base = next((t.column(name) for t in known if name in t.schema), None)
            assert base is None or all(getattr(base, fact) != value for fact, value in facts.items() if fact != "like"), f"{mart.name}.{name}"


def test_only_marts_that_compute_something_are_typed_by_hand(made_up_day):
    project = SqlProject(ROOT)
    for name in hand_written().models:
        same = name in TABLES and set(project.columns_of(name)) == set(TABLES[name].schema)
        assert not same or len(project.models[name].depends_on) > 1, f"{name} only copies its table: set is_mart and delete the file"


def test_every_mart_says_its_grain_and_keeps_its_key(made_up_day):
    project = SqlProject(ROOT)
    connection = build(project, made_up_day().tables)
    for mart in marts():
        assert mart.comment.endswith("(the key).")
        assert project.marts[mart.name].description == mart.comment
        key = ", ".join(mart.key)
        assert rows(connection, f"select {key} from m_{mart.name} group by {key} having count(*) > 1") == []  # noqa: S608 - our own names
        assert rows(connection, f"select 1 from m_{mart.name} where {' or '.join(f'{k} is null' for k in mart.key)}") == []  # noqa: S608


def test_types_and_nulls_are_what_duckdb_gives(made_up_day):
    connection = build(SqlProject(ROOT), made_up_day().tables)
    wrong = []
    for mart in marts():
        given = [(mart.name, r[0], r[1]) for r in rows(connection, f"describe m_{mart.name}")]
        wrong += set(given) ^ {(mart.name, c.name, DUCKDB_TYPES[c.dtype]) for c in mart.columns}
    assert wrong == []
    for mart in marts():
        for column in (c.name for c in mart.columns if not c.nullable):
            assert rows(connection, f"select 1 from m_{mart.name} where {column} is null") == [], f"{mart.name}.{column}"  # noqa: S608


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_can_be_staged_and_read(name):
    contract = table(name)
    connection = duckdb.connect()
    connection.register("lake", legal_day(contract).to_arrow())
    sql = (
        staging_sql(contract)
        .replace(f"{{{{ source('lake', '{name}') }}}}", "lake")
        .replace("{{ config(materialized='view', schema='staging') }}", "")
    )
    found = connection.execute(f"select * from ({sql})")  # noqa: S608 - our own view
    assert [c[0] for c in found.description] == list(contract.schema)
    key = list(contract.schema).index(contract.key[0])
    assert len({r[key] for r in found.fetchall()}) == legal_day(contract)[contract.key[0]].n_unique()


def test_reserved_words_are_duckdbs():
    reserved = duckdb.execute("select keyword_name from duckdb_keywords() where keyword_category = 'reserved'").fetchall()
    assert {r[0] for r in reserved if "_" not in r[0]} <= SQL_WORDS


def test_a_younger_column_is_staged_with_its_default():
    used = replace(table("limits").column("used"), name="used_before", since=2, default=0.0)
    wider = replace(table("limits"), columns=(*table("limits").columns, used), version=2)
    assert "coalesce(used_before, 0.0) as used_before" in staging_sql(wider)
    assert "    used_before\n" in mart_sql(wider)


def test_dbts_source_reads_days_of_two_versions(tmp_path):
    old, new = table("limits"), replace(table("limits").column("used"), name="used_before", since=2, default=0.0)
    wider = replace(old, columns=(*old.columns, new), version=2)
    for contract, day in ((old, "2019-03-30"), (wider, "2019-03-31")):
        (tmp_path / "09_risk" / "limits" / f"date={day}").mkdir(parents=True)
        legal_day(contract).write_parquet(tmp_path / "09_risk" / "limits" / f"date={day}" / "part.parquet")
    source = yaml.safe_load(sources_yml([wider]))["sources"][0]["tables"][0]["config"]["meta"]["external_location"]
    sql = staging_sql(wider).replace("{{ source('lake', 'limits') }}", source.replace(LAKE, str(tmp_path))).split("}}")[1]
    found = duckdb.sql(f"select count(*), count(*) filter (used_before = 0.0), count(used_before) from ({sql})").fetchall()  # noqa: S608
    height = legal_day(old).height
    assert found == [(2 * height, height, 2 * height)]


def test_yaml_is_yaml():
    contract = replace(table("limits"), description='It\'s "odd": {{ x }}, # no comment')
    read = yaml.safe_load(schema_yml([Mart.of(contract)]))["models"][0]
    assert read["description"].startswith(contract.description)
    assert [c["name"] for c in read["columns"]] == list(contract.schema)
    assert yaml.safe_load(sources_yml([contract]))["sources"][0]["tables"][0]["description"] == contract.description
    assert mart_key(("delivery_day", "zone")) == ("delivery_day", "zone")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("{# key: [nowhere] #}", "key column nowhere is not there"),
        ("{# columns: {nowhere: {unit: MW}} #}", "used_twice.nowhere: in the head, but the SQL gives no such column"),
        ("{# columns: {twice: {units: MW}} #}", "the head has no fact 'units'"),
        ("{# columns: {twice: {like: limits.nothing}} #}", "like: limits.nothing is no column of a contract"),
        ("{# grain: a row #}", "the head has no key 'grain'"),
        ("", "used_twice.twice: no description"),
    ],
)
def test_a_wrong_head_is_told(copy, head, told):
    sql = "select delivery_day, limit_name, scope, 2 * used as twice from {{ ref('stg_limits') }}"
    (copy / "marts" / "used_twice.sql").write_text(head + sql)
    with pytest.raises(SqlProjectError) as error:
        generated.generated_files(copy)
    assert told in str(error.value)
    assert "used_twice: the head gives no description, and no contract has its name" in str(error.value)
