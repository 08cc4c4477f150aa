"""The data dictionary and the DuckDB comments, written from the contracts.

What belongs here: contracts as text: markdown for `docs/data-dictionary.md`, CREATE and
COMMENT statements. What does not: running them (the warehouse does), or any description
that is not in a contract or in the marts' schema.yml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from energy_pipeline.contracts.model import STAGES, Column, Dtype, Table, stage_folder
from energy_pipeline.contracts.registry import TABLES

DUCKDB_TYPES: dict[Dtype, str] = {
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "f64": "DOUBLE",
    "f32": "FLOAT",
    "i32": "INTEGER",
    "i64": "BIGINT",
    "str": "VARCHAR",
    "bool": "BOOLEAN",
}
TYPE_NAMES: dict[Dtype, str] = {
    "date": "date",
    "timestamp": "timestamp (UTC)",
    "f64": "float 64",
    "f32": "float 32",
    "i32": "integer 32",
    "i64": "integer 64",
    "str": "text",
    "bool": "true/false",
}
HEAD = """# Data dictionary

Written from the contracts in `energy_pipeline/contracts` and the marts' `dbt_like_sql/marts/schema.yml`;
a test compares this page with them. Do not edit it: change the contract and write it anew with
`python -m energy_pipeline.warehouse.dictionary`.

Every table has one partition per delivery day. Limits are physical: a value outside them never gets
into the lake. Raw tables keep every vintage of a row, told apart by `known_at`.
"""
Mart = tuple[str, Mapping[str, str]]
"""Description of a mart, and of its columns by name."""


def data_dictionary(marts: Mapping[str, Mart] | None = None, tables: Sequence[Table] | None = None) -> str:
    """The dictionary as markdown, lake tables by stage and then the marts.

    Parameters
    ----------
    marts : mapping of str to Mart, optional
        The public tables of the warehouse, as `SqlProject` reads them.

    Examples
    --------
    >>> from energy_pipeline.contracts import table
    >>> "| `level` | float 64 | 1 | 0 .. 1 | no | Confidence. |" in data_dictionary(tables=[table("var_exceptions")])
    True
    """
    chosen = list(TABLES.values()) if tables is None else list(tables)
    parts = [HEAD]
    for stage in STAGES:
        of_stage = [t for t in chosen if t.stage == stage]
        if of_stage:
            parts.append(f"## `{stage_folder(stage)}`\n")
            parts += [_table(t) for t in of_stage]
    if marts:
        parts.append("## Warehouse: schema `marts`\n")
        parts += [_mart(name, *marts[name]) for name in sorted(marts)]
    return "\n".join(parts)


def _table(contract: Table) -> str:
    written = " ".join([f"Written by `{contract.flow}`. Key within a day: {', '.join(f'`{k}`' for k in contract.sort_key)}.", *_facts(contract)])
    rows = "\n".join(_row(c) for c in contract.columns)
    head = "| column | type | unit | limits or values | null | meaning |\n|---|---|---|---|---|---|"
    return f"### `{contract.name}`\n\n{contract.description}\n\n{written}\n\n{head}\n{rows}\n"


def _facts(contract: Table) -> Iterator[str]:
    """What else a reader should know of a table's rows, a sentence each."""
    if contract.may_be_empty:
        yield "A day may have no rows."
    if contract.superseded:
        yield "Earlier contents of a day are kept."
    if contract.additive:
        yield "Rows of a day add up; none is overwritten."
    if contract.vintages:
        yield {"before_gate": "Published before the gate.", "auction": "Published by the auction.", "after_delivery": "Published after delivery."}[
            contract.published
        ]
    if contract.awaited_days_before is not None:
        yield f"decide(D) waits for the rows of {f'D-{contract.awaited_days_before}' if contract.awaited_days_before else 'D'}, as the desk says."
    if contract.sparse:
        yield "Only intervals in which something happens have rows."
    if contract.whole_day:
        yield f"The series that cover the whole day are those with `{contract.whole_day}`."


def _row(column: Column) -> str:
    null = "yes" if column.nullable else "no"
    cells = (f"`{column.name}`", TYPE_NAMES[column.dtype], _cell(column.unit), _cell(limits_text(column)), null, _cell(column.description))
    return f"| {' | '.join(cells)} |"


def limits_text(column: Column) -> str:
    """The legal values of a column in words.

    >>> limits_text(Column("x", "f64", "X.", minimum=0.0)), limits_text(Column("y", "str", "Y.", allowed=("a", "b")))
    ('>= 0', 'a, b')
    """
    if column.allowed is not None:
        return ", ".join(column.allowed)
    if column.minimum is not None and column.maximum is not None:
        return f"{column.minimum:g} .. {column.maximum:g}"
    if column.minimum is not None:
        return f">= {column.minimum:g}"
    return "" if column.maximum is None else f"<= {column.maximum:g}"


def _mart(name: str, description: str, columns: Mapping[str, str]) -> str:
    rows = "\n".join(f"| `{c}` | {_cell(text)} |" for c, text in columns.items())
    return f"### `marts.{name}`\n\n{description}\n\n| column | meaning |\n|---|---|\n{rows}\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def column_comment(column: Column) -> str:
    """What DuckDB says about a column: meaning, unit, limits.

    >>> column_comment(Column("x_mw", "f64", "Load.", "MW", minimum=0.0))
    'Load. Unit: MW. Limits: >= 0.'
    """
    unit = f" Unit: {column.unit}." if column.unit else ""
    limits = limits_text(column)
    label = "Values" if column.allowed is not None else "Limits"
    return f"{column.description}{unit}" + (f" {label}: {limits}." if limits else "")


def create_table(contract: Table, relation: str) -> str:
    """CREATE TABLE of a contract in DuckDB, not-null where the contract says so.

    Parameters
    ----------
    relation : str
        Quoted or plain name, used as given.
    """
    columns = ",\n".join(f"    {_name(c.name)} {DUCKDB_TYPES[c.dtype]}{'' if c.nullable else ' NOT NULL'}" for c in contract.columns)
    return f"CREATE TABLE {relation} (\n{columns}\n)"


def contract_comments(contract: Table, relation: str, kind: str = "TABLE") -> list[str]:
    """COMMENT statements for a lake table under the given relation name."""
    return comments(relation, contract.description, {c.name: column_comment(c) for c in contract.columns}, kind)


def comments(relation: str, description: str, columns: Mapping[str, str], kind: str = "TABLE") -> list[str]:
    """COMMENT statements for a table or view and its columns.

    Comments do not survive CREATE OR REPLACE TABLE: run these again after each rebuild.

    Examples
    --------
    >>> for statement in comments("marts.a", "It's A.", {"x": "X."}):
    ...     print(statement)
    COMMENT ON TABLE marts.a IS 'It''s A.'
    COMMENT ON COLUMN marts.a."x" IS 'X.'
    """
    on_table = f"COMMENT ON {kind} {relation} IS {_literal(description)}"
    return [on_table, *(f"COMMENT ON COLUMN {relation}.{_name(c)} IS {_literal(text)}" for c, text in columns.items())]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
