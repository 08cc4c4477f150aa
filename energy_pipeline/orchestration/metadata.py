"""What the UI shows about a table: column schema with units, rows, hashes, lineage.

What belongs here: contracts and records turned into Dagster metadata. What does not:
reading tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg

from energy_pipeline.contracts import Table
from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.contracts.sql import in_currency

OWNERS = ("team:trading-desk",)


def column_schema(contract: Table, currency: str = "EUR") -> dg.TableSchema:
    """The contract's columns with description, unit and constraints."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.dtype,
                description=in_currency(f"{column.description} [{column.unit}]" if column.unit else column.description, currency),
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=False, other=_limits(column.minimum, column.maximum)),
                tags={"unit": _tag(in_currency(column.unit, currency))} if column.unit else {},
            )
            for column in contract.columns
        ],
        constraints=dg.TableConstraints(other=[f"unique: {', '.join(contract.sort_key)}"]),
    )


def _limits(minimum: float | None, maximum: float | None) -> list[str]:
    found = [] if minimum is None else [f">= {minimum:g}"]
    return found if maximum is None else [*found, f"<= {maximum:g}"]


def _tag(unit: str) -> str:
    """A unit as a tag value: letters, digits, dot, dash and underscore only."""
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in unit).strip("_.-") or "_"


def table_spec(contract: Table, deps: Iterable[dg.AssetDep], partitions: dg.PartitionsDefinition[str], currency: str = "EUR") -> dg.AssetSpec:
    """The asset of a contract table."""
    return dg.AssetSpec(
        key=contract.name,
        deps=list(deps),
        description=contract.description,
        group_name=contract.stage,
        kinds={"polars", "parquet"},
        owners=list(OWNERS),
        partitions_def=partitions,
        metadata={
            "dagster/column_schema": column_schema(contract, currency),
            "dagster/table_name": f"{stage_folder(contract.stage)}/{contract.name}",
            "flow": contract.flow,
            "key": ", ".join(contract.sort_key),
        },
        tags={"flow": contract.flow},
    )


def lineage(columns: Mapping[str, Iterable[tuple[str, str]]]) -> dg.TableColumnLineage:
    """Column lineage: for each column the (table, column) pairs it is made of."""
    return dg.TableColumnLineage(
        deps_by_column={name: [dg.TableColumnDep(asset_key=dg.AssetKey(t), column_name=c) for t, c in sources] for name, sources in columns.items()}
    )
