"""Contracts as SQL: names, texts, comments, staging views and the marts that copy one.

What belongs here: the only quoting of the house, and SQL text made from a contract. What does not: running it (the
warehouse and dbt do), or marts that compute something (`dbt_like_sql/marts/`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from energy_pipeline.contracts.model import Column, Dtype, Table

DUCKDB_TYPES: dict[Dtype, str] = {
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "wall": "TIMESTAMP",
    "f64": "DOUBLE",
    "f32": "FLOAT",
    "i32": "INTEGER",
    "i64": "BIGINT",
    "str": "VARCHAR",
    "bool": "BOOLEAN",
}
_WORDS = """
all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default
deferrable desc describe distinct do else end except false fetch for foreign from group having in initially intersect
into lambda lateral leading limit not null offset on only or order pivot placing primary qualify references returning
select set show some summarize symmetric table then to trailing true union unique unpivot using values variadic when
where window with
"""
SQL_WORDS = frozenset(_WORDS.split())
"""Words that name a column only in quotes: DuckDB's reserved ones, and two that other databases reserve."""
GENERATED = "-- generated from the contract of {name}: change energy_pipeline/contracts, then run `make docs`"


def quoted(name: str) -> str:
    """A name as SQL reads it whatever it holds.

    >>> quoted("order")
    '"order"'
    """
    return '"' + name.replace('"', '""') + '"'


def identifier(name: str) -> str:
    """A column's name as a person would write it: in quotes only where it must be.

    >>> identifier("zone"), identifier("check")
    ('zone', '"check"')
    """
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) and name not in SQL_WORDS else quoted(name)


def literal(value: object) -> str:
    """A value as SQL reads it.

    >>> literal("It's"), literal(None), literal(True), literal(0.5)
    ("'It''s'", 'null', 'true', '0.5')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


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


def column_comment(column: Column) -> str:
    """What DuckDB says about a column: meaning, unit, limits.

    >>> column_comment(Column("x_mw", "f64", "Load.", "MW", minimum=0.0))
    'Load. Unit: MW. Limits: >= 0.'
    """
    unit = {"": "", "see unit": " Unit: in column `unit`."}.get(column.unit, f" Unit: {column.unit}.")
    limits = limits_text(column)
    label = "Values" if column.allowed is not None else "Limits"
    return f"{column.description}{unit}" + (f" {label}: {limits}." if limits else "")


def in_currency(text: str, currency: str) -> str:
    """A text of the contracts for a desk of another currency: they say EUR where they mean the desk's money.

    >>> in_currency("Net [EUR/MWh].", "GBP")
    'Net [GBP/MWh].'
    """
    return text if currency == "EUR" else re.sub(r"\bEUR\b", currency, text)


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
    on_table = f"COMMENT ON {kind} {relation} IS {literal(description)}"
    return [on_table, *(f"COMMENT ON COLUMN {relation}.{quoted(c)} IS {literal(text)}" for c, text in columns.items())]


def staging_sql(contract: Table) -> str:
    """The staging view: a lake table's columns; of a raw table the latest vintage of each row."""
    latest = ""
    if contract.vintages:
        key = ", ".join(identifier(k) for k in contract.key)
        latest = (
            "\n-- Every vintage is kept in the lake; a reader wants the latest one."
            f"\nqualify row_number() over (partition by {key} order by known_at desc) = 1"
        )
    return _model(contract, "view", "staging", [_staged(c) for c in contract.columns], f"source('lake', '{contract.name}')", latest)


def _staged(column: Column) -> str:
    name = identifier(column.name)
    return name if column.default is None else f"coalesce({name}, {literal(column.default)}) as {name}"


def mart_sql(contract: Table) -> str:
    """The mart of a table that BI sees as it is."""
    return _model(contract, "table", "marts", [identifier(c.name) for c in contract.columns], f"ref('stg_{contract.name}')")


def _model(contract: Table, materialized: str, schema: str, columns: list[str], source: str, tail: str = "") -> str:
    def lines() -> Iterator[str]:
        yield GENERATED.format(name=contract.name)
        yield f"-- {contract.description}"
        yield f"{{{{ config(materialized='{materialized}', schema='{schema}') }}}}\n"
        yield "select"
        yield ",\n".join(f"    {c}" for c in columns)
        yield f"from {{{{ {source} }}}}{tail}"

    return "\n".join(lines()) + "\n"
