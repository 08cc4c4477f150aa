"""Series that a source serves in parts, such as wind onshore and offshore in a file each: the sum, where every part is known.

What belongs here: joining the answers of the parts in the order they came. What does not: which parts there are (each row says
its part and how many there are).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

import polars as pl

from energy_pipeline.ingestion.connectors.contract import Parsed, Rows

PART, PARTS = "part", "parts"
"""Columns of the rows of a part: its name, and how many parts make the series."""


class Looked(Protocol):
    """An answer, parsed."""

    @property
    def parsed(self) -> Parsed:
        """What it says."""


AnyLook = TypeVar("AnyLook", bound=Looked)


def joined(looks: Iterable[AnyLook]) -> Iterator[AnyLook]:
    """The answers with every part replaced by the sum over the newest values of all parts, as far as they were known then.

    Parameters
    ----------
    looks : iterable
        Answers to one question, by instant of receipt.

    Yields
    ------
    Rows of the sum for the starts the answer names; nothing while another part has not been asked for any of them: one part says
    nothing on when the sum was there. A part that answers "not yet" passes as it is.
    """
    newest: dict[str, pl.DataFrame] = {}
    for look in looks:
        if not isinstance(look.parsed, Rows) or PART not in look.parsed.frame.columns:
            yield look
            continue
        frame = look.parsed.frame
        name, count = str(frame[PART][0]), int(frame[PARTS][0])
        before = newest.get(name)
        newest[name] = frame if before is None else pl.concat([before, frame]).unique("delivery_start", keep="last", maintain_order=True)
        summed = _sum(pl.concat(newest.values()), frame, count)
        if summed.height:
            yield replace(look, parsed=Rows(summed, look.parsed.notes))  # type: ignore[type-var]


def _sum(parts: pl.DataFrame, asked: pl.DataFrame, count: int) -> pl.DataFrame:
    value = parts.columns[-1]
    by = [c for c in parts.columns if c not in (PART, PARTS, value)]
    own = parts.join(asked.select("delivery_start"), on="delivery_start", how="semi").sort(PART, "delivery_start")
    summed = own.group_by(by, maintain_order=True).agg(pl.col(value).sum(), pl.len().alias("_parts")).filter(pl.col("_parts") == count)
    return summed.drop("_parts").sort("delivery_start")
