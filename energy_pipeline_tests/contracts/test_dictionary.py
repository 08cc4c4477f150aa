"""The data dictionary and the comments say what the contracts say."""

from pathlib import Path

import duckdb
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.dictionary import data_dictionary
from energy_pipeline.contracts.sql import DUCKDB_TYPES, comments
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
    assert found == full_dictionary(SqlProject(ROOT / "dbt_like_sql")), "run `make docs`"


@pytest.mark.parametrize("name", list(TABLES))
def test_duckdb_sees_the_contracts_types(name):
    contract = table(name)
    connection = duckdb.connect()
    connection.register("given", contract.frame().to_arrow())
    given = {r[0]: r[1] for r in connection.execute("describe given").fetchall()}
    assert given == {c.name: DUCKDB_TYPES[c.dtype] for c in contract.columns}


def test_quotes_in_a_text_do_no_harm():
    connection = duckdb.connect()
    connection.execute('create view v as select 1 as "odd ""name"')
    for statement in comments("v", "It's a 'view'.", {'odd "name': "One's '1'."}, "VIEW"):
        connection.execute(statement)
    assert connection.execute("select comment from duckdb_views() where view_name = 'v'").fetchall() == [("It's a 'view'.",)]
