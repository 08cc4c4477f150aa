"""The data dictionary, written from the contracts.

What belongs here: contracts as markdown for `docs/data-dictionary.md`. What does not: SQL and comments
(`contracts.sql`), or any description that is not in a contract or in the marts' schema.yml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from energy_pipeline.contracts.model import STAGES, Column, Dtype, Table, stage_folder
from energy_pipeline.contracts.registry import TABLES
from energy_pipeline.contracts.sql import limits_text

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

Written from the contracts in `energy_pipeline/contracts` and the heads of `dbt_like_sql/marts/*.sql`; a test
compares this page with them. Do not edit it: change those and run `make docs`.

Every table has one partition per delivery day. Limits are physical: a value outside them never gets
into the lake. Raw tables keep every vintage of a row, told apart by `known_at`.
"""
Mart = tuple[str, Mapping[str, str]]
"""Description of a mart, and of its columns by name; no columns: a copy of the table of its name."""


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
    if contract.version > 1:
        yield f"Schema version {contract.version}."
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
    default = "null" if column.default is None else f"`{column.default}`"
    meaning = column.description + (f" Since schema version {column.since}; days before are read as {default}." if column.since > 1 else "")
    cells = (f"`{column.name}`", TYPE_NAMES[column.dtype], _cell(column.unit), _cell(limits_text(column)), null, _cell(meaning))
    return f"| {' | '.join(cells)} |"


def _mart(name: str, description: str, columns: Mapping[str, str]) -> str:
    if not columns:
        return f"### `marts.{name}`\n\n{description}\n"
    rows = "\n".join(f"| `{c}` | {_cell(text)} |" for c, text in columns.items())
    return f"### `marts.{name}`\n\n{description}\n\n| column | meaning |\n|---|---|\n{rows}\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
