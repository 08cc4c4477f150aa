"""The data dictionary and the comments say what the contracts say."""

from pathlib import Path

import duckdb
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.dictionary import column_comment, comments, contract_comments, create_table, data_dictionary
from energy_pipeline.warehouse.dictionary import full_dictionary
from energy_pipeline.warehouse.sql_project import SqlProject

ROOT = Path(__file__).resolve().parents[2]


def test_every_table_and_column_is_in_the_dictionary():
    text = data_dictionary()
    for name, contract in TABLES.items():
        section = text.split(f"### `{name}`\n")[1].split("\n### ")[0]
        assert contract.description in section
        for column in contract.columns:
            assert f"| `{column.name}` |" in section


def test_every_row_has_as_many_cells_as_its_head():
    for line in full_dictionary(SqlProject(ROOT / "dbt_like_sql")).splitlines():
        if line.startswith("| `"):
            assert line.replace("\\|", "").count("|") in (7, 3)


def test_the_page_in_docs_is_the_one_the_contracts_write():
    found = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert found == full_dictionary(SqlProject(ROOT / "dbt_like_sql")), (
        "write it anew: python -m energy_pipeline.warehouse.dictionary > docs/data-dictionary.md"
    )


@pytest.mark.parametrize("name", list(TABLES))
def test_duckdb_keeps_types_and_comments(name):
    contract = table(name)
    connection = duckdb.connect()
    connection.execute(create_table(contract, name))
    for statement in contract_comments(contract, name):
        connection.execute(statement)
    connection.register("given", contract.frame().to_arrow())
    given = {r[0]: r[1] for r in connection.execute("describe given").fetchall()}
    found = connection.execute("select column_name, data_type, is_nullable, comment from duckdb_columns() where table_name = ?", [name]).fetchall()
    assert {r[0]: r[1] for r in found} == given
    assert {r[0]: r[2] for r in found} == {c.name: c.nullable for c in contract.columns}
    assert {r[0]: r[3] for r in found} == {c.name: column_comment(c) for c in contract.columns}
    assert connection.execute("select comment from duckdb_tables() where table_name = ?", [name]).fetchall() == [(contract.description,)]


def test_quotes_in_a_text_do_no_harm():
    connection = duckdb.connect()
    connection.execute('create view v as select 1 as "odd ""name"')
    for statement in comments("v", "It's a 'view'.", {'odd "name': "One's '1'."}, "VIEW"):
        connection.execute(statement)
    assert connection.execute("select comment from duckdb_views() where view_name = 'v'").fetchall() == [("It's a 'view'.",)]
