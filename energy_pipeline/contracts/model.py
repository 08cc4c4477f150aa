"""The shape of a contract: `Column` and `Table`.

What belongs here: the two dataclasses and their polars schema. What does not: the
contracts themselves (`raw`, `derived`) and their enforcement (`enforce`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Dtype = Literal["date", "timestamp", "f64", "f32", "i32", "i64", "str", "bool"]
Flow = Literal["ingest", "decide", "settle_da", "settle_final", "operate"]
Stage = Literal[
    "ingestion",
    "features",
    "forecasting",
    "renewables",
    "scenarios",
    "flexibility",
    "strategies",
    "portfolio",
    "risk",
    "reporting",
]

STAGES: tuple[Stage, ...] = (
    "ingestion",
    "features",
    "forecasting",
    "renewables",
    "scenarios",
    "flexibility",
    "strategies",
    "portfolio",
    "risk",
    "reporting",
)

POLARS_DTYPES: dict[Dtype, pl.DataType] = {
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "f64": pl.Float64(),
    "f32": pl.Float32(),
    "i32": pl.Int32(),
    "i64": pl.Int64(),
    "str": pl.String(),
    "bool": pl.Boolean(),
}


def stage_folder(stage: Stage) -> str:
    """The lake folder of a stage.

    >>> stage_folder("ingestion")
    '01_ingestion'
    """
    return f"{STAGES.index(stage) + 1:02d}_{stage}"


@dataclass(frozen=True)
class Column:
    """One column: what it means, its unit, and what values are physically possible.

    Attributes
    ----------
    minimum, maximum : float or None
        Inclusive physical limits; `reason` says where they come from.
    allowed : tuple of str or None
        The closed set of values of a text column.
    nullable : bool
        Whether a null is a legal, stated "unknown".
    """

    name: str
    dtype: Dtype
    description: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    reason: str = ""
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Table:
    """One table of the lake: a partition is one delivery day.

    Attributes
    ----------
    key : tuple of str
        Unique within a day (for raw tables: together with `known_at`); also the sort order.
    flow : Flow
        Which flow writes it.
    vintages : bool
        True for raw tables, which keep every vintage of a row and never overwrite.
    may_be_empty : bool
        Whether a day with no row at all is legal.
    """

    name: str
    stage: Stage
    flow: Flow
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    vintages: bool = False
    may_be_empty: bool = False

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Polars schema in column order."""
        return {c.name: POLARS_DTYPES[c.dtype] for c in self.columns}

    @property
    def sort_key(self) -> tuple[str, ...]:
        """Columns a day's rows are unique and sorted by."""
        return (*self.key, "known_at") if self.vintages else self.key

    def column(self, name: str) -> Column:
        """The column of that name (KeyError when there is none)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    def frame(self, data: object = None) -> pl.DataFrame:
        """A polars frame of this table's schema from columns or rows, empty when `data` is None."""
        if data is None:
            return pl.DataFrame(schema=self.schema)
        return pl.DataFrame(data, schema=self.schema)  # type: ignore[arg-type]
