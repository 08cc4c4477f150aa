"""The audit: Great Expectations runs the very suites of the checks over a span of written days.

What belongs here: one batch per table over the whole span, its file store and Data Docs. What does not:
the suites (`contracts.expectations`), the compiled run of every check (`contracts.compiled`), when an audit
is due.

Great Expectations costs 4 ms an expectation, whatever the number of rows, and 9 CPU-seconds to import: so
it runs once over a span, in a process of its own, and the checks of each step run compiled. Large frames
(scenario paths: 400,000 rows a day) are first reduced to witnesses: the rows that hold each column's extremes,
nulls and distinct values and every duplicate key. An expectation holds on all rows exactly if it holds on those.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from energy_pipeline.contracts import TABLES, Table
from energy_pipeline.contracts.expectations import Expectation, SuiteResult, validate
from energy_pipeline.lake.store import Lake

LARGE_ROWS = 50_000
DUPLICATES_SHOWN = 10
TYPE = "ExpectColumnValuesToBeOfType"
PANDAS_TYPES = {
    "date": "datetime64",
    "timestamp": "Timestamp",
    "f64": "float64",
    "f32": "float32",
    "i32": "int32",
    "i64": "int64",
    "str": "str",
    "bool": "bool",
}


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes
    ----------
    days : tuple of date
    results : dict of str to SuiteResult
        By table.
    page : Path
        Data Docs of it.
    """

    days: tuple[date, ...]
    results: dict[str, SuiteResult]
    page: Path

    @property
    def failed(self) -> dict[str, SuiteResult]:
        """Tables with a suite that failed."""
        return {name: result for name, result in self.results.items() if not result.passed}


def audit(lake: Lake, days: Sequence[date], folder: Path, tables: Sequence[Table] | None = None) -> Audit:
    """Run every table's suites over `days` by Great Expectations; its store and pages are written anew into `folder`.

    Parameters
    ----------
    days : sequence of date
        Ascending; days a table does not hold at all are told by the suite unless it may be empty.
    tables : sequence of Table, optional
        Default: all that hold any of the days.

    Examples
    --------
    `audit(Lake("data_lake"), days, Path("data_lake/audit")).page` is the index of the Data Docs.
    """
    expectations = Library(folder)
    results = {}
    for contract in tables if tables is not None else [t for t in TABLES.values() if set(days) & set(lake.days(t.name))]:
        results[contract.name] = _audited(lake, contract, days, expectations)
    return Audit(tuple(days), results, expectations.pages())


def _audited(lake: Lake, contract: Table, days: Sequence[date], library: Library) -> SuiteResult:
    size = contract.days_per_check or len(days)
    parts = []
    for span in spans(days, size):
        frame = lake.read(contract.name, span[0], span[-1], missing="skip").filter(pl.col("delivery_day").is_in(list(span)))
        parts.append(validate(contract, frame, span, library.run))
    failed = sorted({text for part in parts for text in part.failed_expectations})
    bad = sorted({day for part in parts for day in part.failed_days})
    return SuiteResult(not failed, failed, bad, parts[0].statistics)


def spans(days: Sequence[date], size: int) -> list[Sequence[date]]:
    """Days in pieces of `size`, each but the first led by the last day before it: rules look from day to day.

    >>> [len(span) for span in spans([date(2026, 1, n) for n in range(1, 8)], 3)]
    [3, 4, 2]
    """
    return [days[max(first - 1, 0) : first + size] for first in range(0, len(days), size)]


def witnesses(frame: pl.DataFrame, suite: Sequence[Expectation]) -> pl.DataFrame:
    """The rows that decide every expectation of a suite, day by day.

    Per day and column: the smallest and largest value, the first null and NaN, the first row of each
    distinct text where the suite lists the allowed ones, and duplicate keys. Counted on all rows.
    """
    kept = [part[sorted(_witness_rows(part, suite))] for part in frame.partition_by("delivery_day", maintain_order=True)]
    return pl.concat(kept) if kept else frame


def _witness_rows(part: pl.DataFrame, suite: Sequence[Expectation]) -> set[int]:
    chosen = {0} if part.height else set()
    for name in part.columns:
        values = part[name]
        chosen.update(values.is_null().arg_true().head(1).to_list())
        if values.dtype.is_float():
            chosen.update(values.is_nan().fill_null(value=False).arg_true().head(1).to_list())
    for kind, given in suite:
        if kind == "ExpectColumnValuesToBeBetween":
            values = part[given["column"]]
            chosen.update(i for i in (values.arg_min(), values.arg_max()) if i is not None)
        elif kind == "ExpectColumnValuesToBeInSet":
            chosen.update(part[given["column"]].arg_unique().to_list())
        elif kind == "ExpectCompoundColumnsToBeUnique":
            chosen.update(part.select(given["column_list"]).is_duplicated().arg_true().head(DUPLICATES_SHOWN).to_list())
    return chosen


class Library:
    """Great Expectations with a file store in a folder, silent and without telemetry.

    Imported here and nowhere else: 9 CPU-seconds.
    """

    def __init__(self, folder: Path) -> None:
        import os
        import warnings

        os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import, so it must stand here
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations inside its own dependencies
            import great_expectations

        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        self._names = great_expectations
        self._context = great_expectations.get_context(mode="file", project_root_dir=str(folder))
        self._context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        # One asset for all tables: each that is added writes the whole project file again, twice.
        asset = self._context.data_sources.add_pandas("lake").add_dataframe_asset("tables")
        self._data = asset.add_batch_definition_whole_dataframe("days")
        self._runs: dict[str, int] = {}

    def run(self, name: str, suite: Sequence[Expectation], frame: pl.DataFrame) -> dict[str, set[date]]:
        """Failed expectations of one suite, each with its days; the result is kept in the store."""
        rows = witnesses(frame, suite) if frame.height > LARGE_ROWS else frame
        result = self._validated(self._title(name), suite, rows, ["delivery_day"] if "delivery_day" in frame.columns else [])
        failed: dict[str, set[date]] = {}
        for one in result.results:
            if not one.success:
                arguments = one.expectation_config.kwargs
                about = arguments.get("column") or ", ".join(arguments.get("column_list", []))
                bad = one.result.get("unexpected_index_list") or []
                failed.setdefault(f"{one.expectation_config.type}({about})", set()).update(_days(bad))
        return failed

    def _title(self, name: str) -> str:
        """A suite that is run again, on the next days of a large table, is kept beside the first."""
        self._runs[name] = self._runs.get(name, 0) + 1
        return name if self._runs[name] == 1 else f"{name} ({self._runs[name]})"

    def _validated(self, title: str, suite: Sequence[Expectation], rows: pl.DataFrame, index: list[str]) -> Any:  # noqa: ANN401 - the library ships no types
        # An integer with an unknown value is a float to pandas: its type was right, that it must be known is another expectation.
        unknown = {c for c, dtype in rows.schema.items() if (dtype.is_integer() or dtype == pl.Boolean) and rows[c].null_count()}
        told = [(k, g) for k, g in suite if k != TYPE or g["column"] not in unknown]
        made = [getattr(self._names.expectations, kind)(**_as_pandas(kind, given)) for kind, given in told]
        kept = self._context.suites.add(self._names.ExpectationSuite(name=title, expectations=made))
        definition = self._context.validation_definitions.add(self._names.ValidationDefinition(name=title, data=self._data, suite=kept))
        # COMPLETE lists the rows that break something; pages are drawn from the same record.
        detail = {"result_format": "COMPLETE", **({"unexpected_index_column_names": index} if index else {})}
        return definition.run(batch_parameters={"dataframe": rows.to_pandas()}, result_format=detail)

    def pages(self) -> Path:
        """Draw the Data Docs; the path of their index."""
        found = self._context.build_data_docs()
        return Path(str(found["local_site"]).removeprefix("file://"))


def _as_pandas(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "type_": PANDAS_TYPES[given["type_"]]} if kind == TYPE else given


def _days(rows: Sequence[Mapping[str, Any]]) -> set[date]:
    """Delivery days of rows, as pandas gives them; a row whose day is unknown has none."""
    values = [row["delivery_day"] for row in rows]
    return {value.date() if hasattr(value, "date") else value for value in values if value == value and value is not None}  # noqa: PLR0124 - NaT is not itself
