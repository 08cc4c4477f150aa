"""The shape of a contract: `Column` and `Table`.

What belongs here: the two dataclasses, their polars schema, and every fact that steers a table. What does not:
the contracts themselves (`raw`, `derived`) and their enforcement (`enforce`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

Dtype = Literal["date", "timestamp", "wall", "f64", "f32", "i32", "i64", "str", "bool"]
Flow = Literal["ingest", "decide", "settle_da", "settle_final", "operate"]
Published = Literal["before_gate", "auction", "after_delivery"]
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
    "wall": pl.Datetime("us"),  # what a clock shows: in dimensions, never in the lake
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
    since : int
        Schema version of the table that brought the column.
    default : object
        What days written before that version are read with.
    is_state : bool
        A level at an instant, such as the content of a store: it does not add up over time.
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
    since: int = 1
    default: str | float | bool | None = None
    is_state: bool = False


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
    superseded : bool
        Earlier contents of a day are kept when it is written again: the decision was submitted.
    additive : bool
        A computed table whose rows add up like vintages: several flows report on the same day.
    published : {"before_gate", "auction", "after_delivery"}
        When the world publishes a raw row: before its day's gate, by the auction, or after delivery.
    awaited_days_before : int or None
        decide(D) counts on this raw table's rows of D less so many days, so a late rule can be about it; None: on no day's.
    actual : str
        For a forecast of a quantity that is metered: the raw table of what came. Too near it is a forecast in disguise.
    sparse : bool
        There are rows only for intervals in which something happens: no series has to be whole.
    whole_day : str
        SQL predicate of the rows whose series must cover the day; empty: all rows.
    alike : str
        Column along which all series have the same intervals, so that its smallest value stands for all.
    days_per_check : int or None
        Days that checks may hold at once; None: as many as the run has.
    in_report : bool
        Whether the day's page and its sources list read it.
    ends_flow : bool
        Last table of its flow: the record of the run comes after it.
    is_mart : bool
        Whether BI sees it as it is: a mart that copies it is generated.
    summed : bool
        Whether that mart is also there by delivery day and by month.
    version : int
        Schema version, in every file's footer. A new column counts it up by one and says `since` and `default`; any
        other change of what a file holds counts it up too, and older days are then refused.
    readable : int
        Oldest version that the columns' `since` and `default` still explain.

    Raises
    ------
    ValueError
        When a fact names a column that is not there, or contradicts another.
    """

    name: str
    stage: Stage
    flow: Flow
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    vintages: bool = False
    may_be_empty: bool = False
    superseded: bool = False
    additive: bool = False
    published: Published = "before_gate"
    awaited_days_before: int | None = None
    actual: str = ""
    sparse: bool = False
    whole_day: str = ""
    alike: str = ""
    days_per_check: int | None = None
    in_report: bool = True
    ends_flow: bool = False
    is_mart: bool = False
    summed: bool = False
    version: int = 1
    readable: int = 1

    def __post_init__(self) -> None:
        names = [c.name for c in self.columns]
        wrong = [f"key column {name!r} is not there" for name in (*self.sort_key, *filter(None, [self.alike])) if name not in names]
        if len(set(names)) != len(names):
            wrong.append("a column is there twice")
        if self.vintages and (self.superseded or self.additive):
            wrong.append("vintages are kept and add up already: superseded and additive are for computed tables")
        for c in self.columns:
            if not 1 <= c.since <= self.version:
                wrong.append(f"{c.name} is since version {c.since}, the table has version {self.version}")
            if c.since > 1 and c.default is None and not c.nullable:
                wrong.append(f"{c.name} is younger than the table and never null: days before version {c.since} need its default")
            if c.since > 1 and c.name in self.sort_key and c.default is None:
                wrong.append(f"key column {c.name} is younger than the table and needs a default")
        if not 1 <= self.readable <= self.version:
            wrong.append(f"readable is version {self.readable}, the table has version {self.version}")
        if self.summed and not (self.is_mart and {"delivery_start", "resolution_minutes"} <= set(names)):
            wrong.append("summed marts are marts of intervals: is_mart, delivery_start, resolution_minutes")
        if wrong:
            raise ValueError(f"table {self.name}: {'; '.join(wrong)}")

    @cached_property
    def schema(self) -> dict[str, pl.DataType]:
        """Polars schema in column order."""
        return {c.name: POLARS_DTYPES[c.dtype] for c in self.columns}

    @cached_property
    def _empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)

    @property
    def sort_key(self) -> tuple[str, ...]:
        """Columns a day's rows are unique and sorted by."""
        return (*self.key, "known_at") if self.vintages else self.key

    @property
    def adds_up(self) -> bool:
        """Whether a day is the union of files instead of one file."""
        return self.vintages or self.additive

    @property
    def has_series(self) -> bool:
        """Whether its rows are series of intervals that a day-by-day rule can look at."""
        return "delivery_start" in self.key and not self.sparse

    @property
    def is_observed(self) -> bool:
        """Whether delivery day D-1 has begun before all its rows are known: look-backs of decide(D) end at D-1."""
        return self.published != "before_gate"

    def schema_of(self, version: int) -> dict[str, pl.DataType]:
        """Schema of the files written with an earlier version that is still readable."""
        return {c.name: POLARS_DTYPES[c.dtype] for c in self.columns if c.since <= version}

    def column(self, name: str) -> Column:
        """The column of that name (KeyError when there is none)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    def frame(self, data: object = None) -> pl.DataFrame:
        """A polars frame of this table's schema from columns or rows, empty when `data` is None."""
        if data is None:
            return self._empty.clone()
        return pl.DataFrame(data, schema=self.schema)  # type: ignore[arg-type]
