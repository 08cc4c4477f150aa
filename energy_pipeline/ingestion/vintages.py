"""Vintages: which freshly collected rows say something new.

What belongs here: comparing fresh rows of a raw table with those already kept. What
does not: collecting rows, or writing them (the lake adds a vintage as a file of its own).

Nothing is ever overwritten: a correction is a new row with a later `known_at`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from energy_pipeline.contracts.model import Table
from energy_pipeline.domain.delivery import to_us
from energy_pipeline.domain.errors import ContractError, Finding
from energy_pipeline.ingestion.live import is_live

_NOT_CONTENT = ("known_at", "source")
_EXAMPLES = 3


def new_vintages(
    contract: Table, existing: pl.DataFrame, fresh: pl.DataFrame, ingested_at: datetime, looked_at: datetime | None = None
) -> pl.DataFrame:
    """The rows of `fresh` to add to `existing`, in contract column order, sorted by day and key.

    A row whose key is not kept yet keeps the `known_at` its rule gave it, unless we looked after that instant and it was not
    there: then its source was late, and it became known when we saw it. (Otherwise a replay would grant a decision what it did
    not have.) A row whose values differ from the latest kept vintage is a correction: the world (or we) learned of it when we
    saw it, so `known_at` becomes the later of the rule and `ingested_at`, and always later than the vintage it corrects. A row
    that says the same again adds nothing. Values are compared exactly, null with null; `source` and `known_at` are no values.
    Rows of live series are dated by the archive of answers: those not kept yet are added as they are.

    Parameters
    ----------
    contract : Table
        A raw table.
    existing : DataFrame
        Every vintage kept of the days concerned.
    fresh : DataFrame
        Rows as just collected.
    ingested_at : aware datetime
        When `fresh` was collected.
    looked_at : aware datetime, optional
        When the same was last collected before; None when it never was.

    Raises
    ------
    ContractError
        When `fresh` has two rows of one key and one `known_at`.
    ValueError
        When the contract keeps no vintages, or `ingested_at` has no time zone.

    Examples
    --------
    >>> from datetime import UTC
    >>> from energy_pipeline.contracts import table
    >>> fuels, then, now = table("fuel_prices"), datetime(2025, 3, 3, 17, tzinfo=UTC), datetime(2025, 3, 4, 8, tzinfo=UTC)
    >>> rows = [[date(2025, 3, 3)], ["gas"], [40.0], ["EUR/MWh"], [then], ["file"]]
    >>> kept = fuels.frame(dict(zip(fuels.schema, rows)))
    >>> new_vintages(fuels, kept, kept, now).height
    0
    >>> new_vintages(fuels, kept, kept.with_columns(price=41.0), now)["known_at"].to_list() == [now]
    True
    """
    if not contract.vintages:
        raise ValueError(f"table {contract.name} keeps no vintages: write its day instead")
    now = _instant(ingested_at)
    key = ["delivery_day", *contract.key]
    fresh, existing = (frame.select(list(contract.schema)) for frame in (fresh, existing))
    _refuse_duplicates(contract, fresh)
    settled, fresh = fresh.filter(is_live(pl.col("source"))), fresh.filter(~is_live(pl.col("source")))
    settled = settled.join(existing.select(*key, "known_at"), on=[*key, "known_at"], how="anti")
    unseen = _dated_by_looking(fresh.join(existing.select(key).unique(), on=key, how="anti"), now, looked_at)
    return pl.concat([unseen, _corrections(contract, existing, fresh, now), settled]).sort("delivery_day", *contract.sort_key, maintain_order=True)


def _dated_by_looking(unseen: pl.DataFrame, now: pl.Expr, looked_at: datetime | None) -> pl.DataFrame:
    """Rows of keys not kept yet: what a look after their `known_at` missed became known now."""
    if looked_at is None:
        return unseen
    late = pl.col("known_at") <= _instant(looked_at)
    return unseen.with_columns(known_at=pl.when(late).then(pl.max_horizontal("known_at", now)).otherwise(pl.col("known_at")))


def _corrections(contract: Table, existing: pl.DataFrame, fresh: pl.DataFrame, now: pl.Expr) -> pl.DataFrame:
    """Fresh rows that say something else than the latest kept vintage of their key."""
    key = ["delivery_day", *contract.key]
    changed = _latest(contract, fresh).join(_latest(contract, existing), on=key, how="inner", suffix="_kept").filter(_differs(contract, key))
    after_kept = pl.col("known_at_kept") + timedelta(microseconds=1)
    return changed.with_columns(known_at=pl.max_horizontal("known_at", now, after_kept)).select(list(contract.schema))


def _instant(moment: datetime) -> pl.Expr:
    return pl.lit(to_us(moment), dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))


def _latest(contract: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """The latest vintage of each key."""
    ordered = rows.sort("delivery_day", *contract.sort_key, maintain_order=True)
    return ordered.unique(subset=["delivery_day", *contract.key], keep="last", maintain_order=True)


def _differs(contract: Table, key: list[str]) -> pl.Expr:
    """Whether any value differs from the kept one; null equals null."""
    values = [name for name in contract.schema if name not in key and name not in _NOT_CONTENT]
    return pl.any_horizontal([pl.col(name).ne_missing(pl.col(f"{name}_kept")) for name in values])


def _refuse_duplicates(contract: Table, fresh: pl.DataFrame) -> None:
    """Two rows of one key and instant contradict each other: neither may win silently."""
    doubled = fresh.filter(fresh.select("delivery_day", *contract.sort_key).is_duplicated())
    if not doubled.height:
        return
    doubled = doubled.sort("delivery_day", *contract.sort_key, maintain_order=True)
    day: date = doubled["delivery_day"][0]
    examples = tuple(", ".join(f"{k}={v}" for k, v in row.items()) for row in doubled.head(_EXAMPLES).to_dicts())
    finding = Finding("duplicate key", ", ".join(contract.sort_key), doubled.height, examples, "keep one row per key in the source")
    raise ContractError(contract.name, day, [finding])
