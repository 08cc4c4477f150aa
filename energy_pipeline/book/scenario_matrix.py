"""A series of scenarios as a matrix: the one reader of `scenario_paths` and of the sets beside them.

What belongs here: from rows to (scenarios, intervals), and the check that the rows are such a matrix. What does not: drawing
scenarios, putting them on another interval length, what is computed from them.

Rows may come in any order. A hole, a row that stands twice or an interval the day does not have is an error that names
every series, scenario and start: reshaping what is not a matrix would mix scenarios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray
from energy_pipeline.domain.errors import ContractError, Finding

SHOWN = 3
"""Rows named in an error, of each kind of mistake and series."""
NEXT_STEP = "draw the scenarios of the day again"


@dataclass(frozen=True)
class ScenarioMatrix:
    """One series.

    Attributes
    ----------
    kind, name : str
        The series' key, e.g. day_ahead_price and a zone.
    starts : Series of datetime, UTC, shape (intervals,)
        Rising.
    minutes : int
        Length of an interval.
    scenarios : array of int, shape (scenarios,)
        Numbers of the scenarios, rising.
    values : array, shape (scenarios, intervals)
        In the table's unit, float64, rows contiguous.
    probabilities : array, shape (scenarios,), or None
        Where the table has them.
    """

    kind: str
    name: str
    starts: pl.Series
    minutes: int
    scenarios: IntArray
    values: FloatArray
    probabilities: FloatArray | None = None

    @classmethod
    def of(cls, rows: pl.DataFrame, day: DeliveryDay | None = None, table: str = "scenario_paths") -> ScenarioMatrix:
        """The matrix of one series' rows; `scenario_matrices` says more.

        Raises
        ------
        ContractError
            Also where the rows are of several series, or of none.
        """
        found = scenario_matrices(rows, day, table)
        if len(found) != 1:
            keys = ", ".join(f"{kind} of {name}" for kind, name in found) or "none"
            finding = Finding(f"one series expected, found {keys}", "kind, name", rows.height, next_step=NEXT_STEP)
            raise ContractError(table, _day_of(rows, day), [finding])
        return next(iter(found.values()))


def scenario_matrices(rows: pl.DataFrame, day: DeliveryDay | None = None, table: str = "scenario_paths") -> dict[tuple[str, str], ScenarioMatrix]:
    """Every series of one set, by kind and name, in the order the rows have them.

    Parameters
    ----------
    rows : DataFrame
        With kind, name, delivery_start, resolution_minutes, scenario, value and perhaps probability.
    day : DeliveryDay, optional
        Then every scenario must have all of its intervals; without, those the series has at all, without a gap.
    table : str
        Named in errors.

    Raises
    ------
    ContractError
        Once, naming every series, scenario and start that is missing or stands twice.
    """
    found: dict[tuple[str, str], ScenarioMatrix] = {}
    findings: list[Finding] = []
    for part in _by_series(rows):
        key = str(part["kind"][0]), str(part["name"][0])
        try:
            found[key] = _matrix(part, key, day)
        except _NoMatrixError as error:
            findings += error.findings
    if findings:
        raise ContractError(table, _day_of(rows, day), findings)
    return found


def _by_series(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of each series: slices where they stand together, as the lake has them."""
    if rows.is_empty():
        return []
    runs = rows.select(pl.col("kind").rle_id() + pl.col("name").rle_id()).to_series().to_numpy()
    edges = [0, *(np.flatnonzero(runs[1:] != runs[:-1]) + 1).tolist(), rows.height]
    parts = [rows.slice(begin, end - begin) for begin, end in pairwise(edges)]
    apart = len({(part["kind"][0], part["name"][0]) for part in parts}) < len(parts)
    return rows.partition_by("kind", "name", maintain_order=True) if apart else parts


class _NoMatrixError(Exception):
    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(*findings)
        self.findings = tuple(findings)


def _matrix(part: pl.DataFrame, key: tuple[str, str], day: DeliveryDay | None) -> ScenarioMatrix:
    lengths = part["resolution_minutes"].unique().sort().to_list()
    if len(lengths) > 1:
        text = f"{key[0]} of {key[1]} has intervals of {', '.join(map(str, lengths))} minutes"
        raise _NoMatrixError([Finding(text, "resolution_minutes", part.height, next_step=NEXT_STEP)])
    minutes = int(lengths[0])
    at, numbers = part["delivery_start"].cast(pl.Int64).to_numpy(), part["scenario"].to_numpy().astype(np.int64)
    in_order = _in_order(at, numbers)
    if in_order is not None and np.array_equal(in_order[0], _expected(in_order[0], minutes, day)):
        return _by_interval(part, key, minutes, *in_order)
    present, scenarios = np.unique(at), np.unique(numbers)
    starts = _expected(present, minutes, day)
    inside = np.isin(at, starts)
    place = np.searchsorted(scenarios, numbers[inside]) * starts.size + np.searchsorted(starts, at[inside])
    times = np.bincount(place, minlength=scenarios.size * starts.size).reshape(scenarios.size, starts.size)
    missing, twice = np.nonzero(times == 0), np.nonzero(times > 1)
    findings = [
        _finding("missing", key, scenarios[missing[0]], starts[missing[1]]),
        _finding("there more than once", key, scenarios[twice[0]], starts[twice[1]]),
        _finding("of an interval the day does not have", key, numbers[~inside], at[~inside]),
    ]
    if any(f.rows for f in findings):
        raise _NoMatrixError([f for f in findings if f.rows])
    values = np.empty(scenarios.size * starts.size)
    values[place] = part["value"].cast(pl.Float64).to_numpy()
    shape = (scenarios.size, starts.size)
    probabilities = None
    if "probability" in part.columns:
        probabilities = np.empty(values.size)
        probabilities[place] = part["probability"].to_numpy()
        probabilities = np.ascontiguousarray(probabilities.reshape(shape)[:, 0])
    times_of = pl.Series("delivery_start", starts).cast(part.schema["delivery_start"])
    return ScenarioMatrix(*key, times_of, minutes, scenarios, values.reshape(shape), probabilities)


def _in_order(at: IntArray, numbers: IntArray) -> tuple[IntArray, IntArray] | None:
    """Starts and scenarios, both rising, of rows that stand interval by interval without a hole, as the lake has them."""
    count = int(np.argmax(at != at[0])) or at.size
    if at.size % count:
        return None
    starts, scenarios = at[::count], numbers[:count]
    rising = bool((np.diff(starts) > 0).all() and (np.diff(scenarios) > 0).all())
    whole = rising and bool((at.reshape(-1, count) == starts[:, None]).all() and (numbers.reshape(-1, count) == scenarios).all())
    return (starts, scenarios) if whole else None


def _by_interval(part: pl.DataFrame, key: tuple[str, str], minutes: int, starts: IntArray, scenarios: IntArray) -> ScenarioMatrix:
    """The matrix of rows in order: a transposition instead of a search for every row's place."""

    def turned(column: str) -> FloatArray:
        return np.ascontiguousarray(part[column].to_numpy().reshape(starts.size, scenarios.size).T, dtype=np.float64)

    probabilities = np.ascontiguousarray(turned("probability")[:, 0]) if "probability" in part.columns else None
    times_of = pl.Series("delivery_start", starts).cast(part.schema["delivery_start"])
    return ScenarioMatrix(*key, times_of, minutes, scenarios.copy(), turned("value"), probabilities)


def _expected(present: IntArray, minutes: int, day: DeliveryDay | None) -> IntArray:
    """Interval starts a scenario must have [us]: the day's, or all from the first to the last that is there."""
    if day is not None:
        return day.interval_starts_us(minutes)
    step = minutes * 60_000_000
    return np.arange(present[0], present[-1] + 1, step, dtype=np.int64)


def _finding(problem: str, key: tuple[str, str], scenarios: IntArray, starts_us: IntArray) -> Finding:
    """What is wrong with some cells, given by their scenario and start."""
    shown = pl.Series(starts_us[:SHOWN]).cast(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%d %H:%MZ").to_list()
    examples = tuple(f"scenario {scenario} at {text}" for scenario, text in zip(scenarios[:SHOWN].tolist(), shown, strict=True))
    return Finding(f"{key[0]} of {key[1]}: {problem}", "scenario, delivery_start", int(scenarios.size), examples, NEXT_STEP)


def _day_of(rows: pl.DataFrame, day: DeliveryDay | None) -> date | None:
    if day is not None:
        return day.day
    return rows["delivery_day"][0] if rows.height and "delivery_day" in rows.columns else None
