"""From a document to rows: which series are meant, and what is refused by name.

What belongs here: selection by auction, contract, direction, process, area, currency and unit; sums over types of
production; what must not become a row (zeros for what is not known). What does not: XML (`documents`).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import to_us
from energy_pipeline.ingestion.connectors.contract import Answer, AnswerError, NotYet, Rows
from energy_pipeline.ingestion.connectors.entsoe.areas import BY_CODE, Area
from energy_pipeline.ingestion.connectors.entsoe.datasets import TECHNOLOGY_OF, Item
from energy_pipeline.ingestion.connectors.entsoe.documents import Document, TimeSeries
from energy_pipeline.ingestion.connectors.not_due import known_only

_ACTUAL = ("load_actual", "generation_actual")
_ONE_SERIES = ("day_ahead_prices", "load_actual", "load_forecast")
_START = pl.col("delivery_start")


def rows_of(item: Item, answer: Answer, document: Document) -> Rows | NotYet:
    """Rows of a document that answers a request for `item`.

    Raises
    ------
    AnswerError
        When the document is of another kind, area, process, currency or unit, or contradicts itself.
    """
    key = dict(answer.request.key)
    series = list(document.series())
    _belongs(item, key, document, series)
    meant = [s for s in series if s.facts.get(item.area_fact) == key["area"] and _selected(key, s)]
    if not meant:
        return NotYet(f"no series of {_wanted(key)} in the document, {len(series)} other series")
    for one in meant:
        _units(item, key, one)
    area = BY_CODE.get(key["area"], Area(key["area"]))
    frame, notes = _known(item, answer, _values(meant, area, key.get("resolution", "")), area)
    frame = _by_technology(frame, area) if "technology" in item.dataset.key else frame.drop("kind").unique()
    if frame.is_empty():
        return NotYet("; ".join(notes) or f"the document holds no interval of {_wanted(key)}")
    by = [c for c in ("technology",) if c in frame.columns]
    frame = frame.sort(*by, "delivery_start")
    _refuse_contradictions(frame, by)
    return Rows(frame.rename({"value": item.dataset.values[0]}), tuple(notes))


def _wanted(key: dict[str, str]) -> str:
    return ", ".join(f"{k} {v}" for k, v in key.items())


def _belongs(item: Item, key: dict[str, str], document: Document, series: list[TimeSeries]) -> None:
    """Refuse a document of another kind, process or area."""
    kind, process = document.facts.get("type"), document.facts.get("process.processType")
    if kind != item.document:
        raise AnswerError(f"document type {kind!r} ({document.kind}), expected {item.document}")
    if item.process and process not in (None, item.process):
        raise AnswerError(f"process {process}, expected {item.process}")
    other = {v for s in series for name, v in s.facts.items() if name.endswith("Domain.mRID")}
    if series and key["area"] not in other:
        raise AnswerError(f"the document is of area {', '.join(sorted(other)) or 'none'}, expected {key['area']}")


def _selected(key: dict[str, str], series: TimeSeries) -> bool:
    """Auction and contract as asked for; the old form of documents names neither and means the day-ahead auction."""
    sequence = series.facts.get("classificationSequence_AttributeInstanceComponent.position", "1")
    contract = series.facts.get("contract_MarketAgreement.type", "A01")
    return ("sequence" not in key or sequence == key["sequence"]) and ("contract" not in key or contract == key["contract"])


def _units(item: Item, key: dict[str, str], series: TimeSeries) -> None:
    unit, currency = series.facts.get(item.unit_fact), series.facts.get("currency_Unit.name")
    if unit != item.unit:
        raise AnswerError(f"unit {unit!r} in {item.unit_fact}, expected {item.unit}")
    if "currency" in key and currency != key["currency"]:
        raise AnswerError(f"currency {currency!r}, expected {key['currency']} -> option `currency` of the desk file's entry")


def _values(meant: list[TimeSeries], area: Area, resolution: str) -> pl.DataFrame:
    """All periods as rows: type of production, start, length [min], value."""
    kinds, parts = [], []
    for series in meant:
        for period in series.periods(area.time_zone):
            if resolution in ("", period.resolution):
                kinds.append((series.facts.get("psrType", ""), len(period.values)))
                parts.append(period)
    empty = np.empty(0, dtype=np.int64)
    return pl.DataFrame(
        {
            "kind": pl.Series([k for k, n in kinds for _ in range(n)], dtype=pl.String),
            "delivery_start": pl.Series(np.concatenate([empty, *(p.starts_us for p in parts)])).cast(pl.Datetime("us", "UTC")),
            "resolution_minutes": pl.Series(np.concatenate([empty, *(p.minutes for p in parts)])).cast(pl.Int32),
            "value": pl.Series(np.concatenate([empty.astype(np.float64), *(p.values for p in parts)])),
        }
    )


def _known(item: Item, answer: Answer, frame: pl.DataFrame, area: Area) -> tuple[pl.DataFrame, list[str]]:
    """Without what the platform cannot know yet or fills with zeros, and a note for each kind of row left out."""
    notes, table, before = [], item.dataset.table, frame.height
    if table in _ACTUAL:
        ends = _START.cast(pl.Int64) + pl.col("resolution_minutes").cast(pl.Int64) * 60_000_000
        frame = frame.filter(ends <= to_us(answer.received_at))
        if frame.height < before:
            notes.append(f"{before - frame.height} value(s) for intervals that had not ended when the answer came")
    if table in _ONE_SERIES:
        value = item.dataset.values[0]
        kept, told = known_only(frame.rename({"value": value}), value, item.dataset.known_at, area.time_zone, answer.received_at)
        return kept.rename({value: "value"}), [*notes, *told]
    kept = frame.filter(pl.col("value").abs().max().over("delivery_start") > 0) if table in _ACTUAL and frame.height else frame
    if kept.height < frame.height:
        notes.append(f"{frame.height - kept.height} zero(s) of every type at once: not known")
    return kept, notes


def _by_technology(frame: pl.DataFrame, area: Area) -> pl.DataFrame:
    """Sums over the types of a technology, only where every type of it has a value."""
    frame = frame.with_columns(pl.col("kind").replace_strict(TECHNOLOGY_OF, default=None).alias("technology")).drop_nulls("technology")
    types = frame.group_by("technology", maintain_order=True).agg(pl.col("kind").unique())
    needed = {t: set(kinds) | (set(area.wind_types) if t == "wind" else set()) for t, kinds in types.iter_rows()}
    frame = frame.unique(["kind", "delivery_start", "resolution_minutes", "value"], maintain_order=True)
    _refuse_contradictions(frame, ["kind"])
    by = ["technology", "delivery_start", "resolution_minutes"]
    summed = frame.sort("kind", "delivery_start").group_by(by, maintain_order=True).agg(pl.col("value").sum(), pl.len().alias("types"))
    counts = pl.DataFrame(
        {"technology": list(needed), "needed": [len(k) for k in needed.values()]}, schema={"technology": pl.String, "needed": pl.UInt32}
    )
    summed = summed.join(counts, on="technology", maintain_order="left").filter(pl.col("types") == pl.col("needed"))
    return summed.select("delivery_start", "resolution_minutes", "technology", "value")


def _refuse_contradictions(frame: pl.DataFrame, by: list[str]) -> None:
    """Two values for one interval: neither may win."""
    doubled = frame.filter(pl.struct(*by, "delivery_start").is_duplicated())
    if doubled.height:
        first = doubled.row(0, named=True)
        raise AnswerError(
            f"{doubled.height} rows give two values for one interval, first {first['delivery_start']:%Y-%m-%dT%H:%MZ} ({first['value']})"
        )
