"""Wall clocks of a zone to instants: the hour that occurs twice and the one that does not.

What belongs here: which of the two passes a row means, by order, letter or flag, for labels that name the start and
for both habits of labels that name the end (03:00 twice, 02:00 twice). What does not: parsing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

UTC = pl.Datetime("us", "UTC")
DISORDER = "a repeated hour in rows out of order: which pass is which cannot be told"
UNKNOWN_MARK = "a repeated hour whose marks do not tell its passes apart"
_NOON_TO_NOON = pl.col("start_wall").dt.offset_by("-12h").dt.date().alias("_day")
"""No clock goes back about noon, but some do at midnight: what an hour's labels mean is seen from both sides of it."""
_PAIRS = (("A", "B"), ("1", "2"), ("FIRST", "SECOND"), ("S", "W"), ("SUMMER", "WINTER"), ("DST", "STD"))


def local_starts(frame: pl.DataFrame, zone: str, *, end: bool) -> pl.DataFrame:
    """With `start` (UTC) of each row; null where the wall clock does not exist.

    Parameters
    ----------
    frame : DataFrame
        `wall` (as the label names it), `start_wall` (the interval's start on the wall clock), `length` (minutes
        between them), `sub`, `mark`, `group`, `absolute`, `positioned`, `problem`; rows in the file's order.
    zone : str
        IANA name.
    end : bool
        Whether `wall` names the interval's end.
    """
    length = pl.duration(minutes=pl.col("length"))

    def at(column: str, which: str) -> pl.Expr:
        return pl.col(column).dt.replace_time_zone(zone, ambiguous=which, non_existent="null").dt.convert_time_zone("UTC").cast(UTC)  # type: ignore[arg-type]

    frame = frame.with_columns(at("start_wall", "earliest").alias("early"), at("start_wall", "latest").alias("late"))
    if end:  # ends count from their own clock: 02:00 ends the hour before the spring change, 03:00 begins the one after it
        frame = frame.with_columns((at("wall", "earliest") - length).alias("end_early"), (at("wall", "latest") - length).alias("end_late"))
    else:
        frame = frame.with_columns(pl.col("early").alias("end_early"), pl.col("late").alias("end_late"))
    frame = frame.with_columns(pl.coalesce("early", "end_early").alias("start"))
    twice = (pl.col("early") != pl.col("late")) | (pl.col("end_early") != pl.col("end_late"))
    days = frame.filter(twice.fill_null(False) & pl.col("absolute").is_null()).select(_NOON_TO_NOON).to_series().unique()
    return _folded(frame, days.to_list(), end=end) if days.len() else frame


def _folded(frame: pl.DataFrame, days: list[date], *, end: bool) -> pl.DataFrame:
    frame = frame.with_row_index("_at").with_columns(_NOON_TO_NOON)
    found: dict[str, list[Any]] = {"_at": [], "_start": [], "_problem": []}
    chosen = frame.filter(pl.col("_day").is_in(days), pl.col("absolute").is_null(), pl.col("positioned").is_null())
    for _, rows in chosen.group_by("_day", "group", maintain_order=True):
        starts, problem = _Day(rows, end).resolved()
        found["_at"] += rows["_at"].to_list()
        found["_start"] += starts
        found["_problem"] += [problem if s is None or problem == DISORDER else None for s in starts]
    told = pl.DataFrame(found, schema={"_at": frame.schema["_at"], "_start": UTC, "_problem": pl.String})
    frame = frame.join(told, on="_at", how="left", maintain_order="left")
    frame = frame.with_columns(
        pl.coalesce("_start", pl.when(pl.col("_problem").is_null()).then("start")).alias("start"), pl.coalesce("problem", "_problem").alias("problem")
    )
    return frame.drop("_at", "_day", "_start", "_problem")


@dataclass
class _Day:
    """The rows of one day on which the clock goes back, in the file's order."""

    rows: pl.DataFrame
    end: bool

    def __post_init__(self) -> None:
        columns = ("wall", "start_wall", "early", "late", "end_early", "end_late", "sub", "mark")
        self.wall, self.start_wall, self.early, self.late, self.end_early, self.end_late, self.sub, self.mark = (
            self.rows[c].to_list() for c in columns
        )
        self.by_clock_end = self.end and self._ends_are_doubled()
        self.first = self.end_early if self.by_clock_end else self.early
        self.second = self.end_late if self.by_clock_end else self.late
        self.key = list(zip(self.wall, self.sub, strict=True))

    def _ends_are_doubled(self) -> bool:
        """02:00 twice, as the clock on the wall ends the hour; not 03:00 twice, as one counts on from 02:00."""
        ends = sum(a != b and c == d for a, b, c, d in zip(self.end_early, self.end_late, self.early, self.late, strict=True))
        starts = sum(a == b and c != d for a, b, c, d in zip(self.end_early, self.end_late, self.early, self.late, strict=True))
        return bool(ends > starts)

    def _is_twice(self, i: int) -> bool:
        return bool(self.first[i] is not None and self.first[i] != self.second[i])

    def resolved(self) -> tuple[list[Any], str | None]:
        """(start of each row, what is wrong with those that have none)."""
        single = [f if f is not None else e for f, e in zip(self.first, self.end_early, strict=True)]
        doubled = [i for i in range(len(single)) if self._is_twice(i)]
        if any(m for m in self.mark if m):
            return self._by_mark(single, doubled)
        return self._by_order(single, doubled)

    def _by_order(self, single: list[Any], doubled: list[int]) -> tuple[list[Any], str | None]:
        walls = [w for w in self.wall if w is not None]
        descending = len(walls) > 1 and walls[0] > walls[-1]
        seen: dict[Any, int] = {}
        for i in reversed(doubled) if descending else doubled:
            count = seen.get(self.key[i], 0)
            single[i] = self.second[i] if count else self.first[i]
            seen[self.key[i]] = count + 1
        if any(n > 1 for n in seen.values()) and not _in_order(single, self.wall):
            return single, DISORDER
        return single, None

    def _by_mark(self, single: list[Any], doubled: list[int]) -> tuple[list[Any], str | None]:
        inside = set(doubled)
        edge = min(self.first[i] for i in doubled) if doubled else None
        before = {self.mark[i] for i in range(len(single)) if i not in inside and single[i] is not None and single[i] < edge} if doubled else set()
        after = {self.mark[i] for i in range(len(single)) if i not in inside and single[i] is not None and single[i] > edge} if doubled else set()
        problem = None
        for i in doubled:
            same = {self.mark[j] for j in doubled if self.key[j] == self.key[i]}
            which = _pass(self.mark[i], same, before, after)
            single[i] = None if which is None else (self.first[i] if which == 1 else self.second[i])
            problem = UNKNOWN_MARK if which is None else problem
        return single, problem


def _in_order(starts: list[Any], walls: list[Any]) -> bool:
    """Whether rows rise or fall in time, or are sorted by the wall clock so that the two passes alternate."""
    for values in (starts, walls):
        known = [v for v in values if v is not None]
        if known in (sorted(known), sorted(known, reverse=True)):
            return True
    return False


def _pass(mark: str | None, same: set[str | None], before: set[str | None], after: set[str | None]) -> int | None:
    """1 or 2: which pass of the repeated hour a mark means; None where it does not tell.

    The other rows of the day say what the words mean: a flag of summer time differs before and after the hour, a flag
    of the repeated hour stands there alone.
    """
    if len(before) == 1 and len(after) == 1 and before != after:
        return 1 if {mark} == before else 2 if {mark} == after else None
    ordinary = before | after
    if len(ordinary) <= 1 and (mark in ordinary or same & ordinary):
        return 1 if mark in ordinary else 2
    named = (mark or "").strip().upper()
    for first, second in _PAIRS:
        if named in (first, second):
            return 1 if named == first else 2
    return None
