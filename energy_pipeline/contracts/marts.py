"""What a public table of the warehouse promises, and the YAML that tells dbt and the warehouse.

What belongs here: `Mart`, made from a contract, and the texts of `_sources.yml` and `schema.yml`. What does not: which
columns a hand-written mart has (its SQL and the head above it say so; `warehouse.generated` reads them).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from energy_pipeline.contracts.model import Column, Table, stage_folder
from energy_pipeline.contracts.sql import column_comment

HEAD = "# generated from the contracts and from the heads of the hand-written marts: change those, then run `make docs`\nversion: 2\n\n"
LAKE = "{{ env_var('ENERGY_PIPELINE_LAKE', '../data_lake') }}"


@dataclass(frozen=True)
class Mart:
    """One public table: what a row is, and what its columns mean.

    Attributes
    ----------
    key : tuple of str
        Columns that tell rows apart, the delivery day first.
    tests : bool
        Whether dbt tests keys, nulls and allowed values: not of staging views, which are read back as they were enforced.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    tests: bool = True

    @classmethod
    def of(cls, contract: Table) -> Mart:
        """The mart that shows a lake table as it is."""
        return cls(contract.name, contract.description, mart_key(contract.key), contract.columns)

    @classmethod
    def staging(cls, contract: Table) -> Mart:
        """The staging view of a lake table: a row per key, the latest vintage."""
        return cls(f"stg_{contract.name}", contract.description, mart_key(contract.key), contract.columns, tests=False)

    @property
    def comment(self) -> str:
        """Description, grain and key.

        >>> from energy_pipeline.contracts import table
        >>> Mart.of(table("limits")).comment
        'Use of every limit of the desk by the decided book. One row per delivery_day, limit_name and scope (the key).'
        """
        head, last = self.key[:-1], self.key[-1]
        grain = f"{', '.join(head)} and {last}" if head else last
        return f"{self.description} One row per {grain} (the key)."


def mart_key(key: Iterable[str]) -> tuple[str, ...]:
    """The key of a table over all its days."""
    return tuple(dict.fromkeys(("delivery_day", *key)))


def sources_yml(tables: Iterable[Table]) -> str:
    """The sources of dbt: the Parquet files of the tables.

    One level deep (date=... or month=...): superseded decisions lie deeper, in versions/, and are not read. Files are
    united by column name, since older days may lack a younger column.
    """

    def lines() -> Iterator[str]:
        yield "sources:\n  - name: lake\n    tables:\n"
        for t in tables:
            path = f"{LAKE}/{stage_folder(t.stage)}/{t.name}/*=*/*.parquet"
            location = f"read_parquet('{path}', hive_partitioning = false, union_by_name = true)"
            yield f"      - name: {t.name}\n        description: {json.dumps(t.description, ensure_ascii=False)}\n"
            yield f"        config: {{meta: {{external_location: {json.dumps(location)}}}}}\n"

    return HEAD + "".join(lines())


def schema_yml(marts: Iterable[Mart]) -> str:
    """The properties dbt reads: descriptions, units and tests, a line per column."""

    def lines() -> Iterator[str]:
        yield "models:\n"
        for mart in marts:
            yield f"  - name: {mart.name}\n    description: {json.dumps(mart.comment, ensure_ascii=False)}\n"
            if mart.tests:
                yield f"    data_tests: [{{unique_key: {{arguments: {{columns: {json.dumps(mart.key)}}}}}}}]\n"
            yield "    columns:\n"
            yield from (f"      - {_column(c, tests=mart.tests)}\n" for c in mart.columns)

    return HEAD + "".join(lines())


def _column(column: Column, *, tests: bool) -> str:
    entries: dict[str, object] = {"name": column.name, "description": column_comment(column)}
    if column.unit:
        entries["config"] = {"meta": {"unit": column.unit}}
    found: list[object] = [] if column.nullable else ["not_null"]
    if column.allowed is not None:
        found.append({"accepted_values": {"arguments": {"values": list(column.allowed)}}})
    if tests and found:
        entries["data_tests"] = found
    return json.dumps(entries, ensure_ascii=False)  # JSON is YAML
