"""REMIT messages of Elexon as outage notices: what is left of a unit, and which message is the newest.

What belongs here: the fields of a message. What does not: what holds over all messages (`ingestion.live_outages`).

`mrid` with `revisionNumber` is not unique, and a publication may lie before the creation: messages of an `mrid` are put in order
by publication, then creation. The revision of a notice is the second of its publication.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from energy_pipeline.ingestion.connectors import json_body
from energy_pipeline.ingestion.connectors.contract import AnswerError
from energy_pipeline.ingestion.connectors.elexon.parsing import SOURCE, instant
from energy_pipeline.ingestion.connectors.entsoe.outages import NOTICE

_KIND = "Production unavailability"


def notices(rows: Sequence[dict[str, json_body.JsonValue]]) -> pl.DataFrame:
    """Messages on production, in the columns of a notice."""
    own = [row for row in rows if json_body.field(row, "eventType", SOURCE) == _KIND]
    told = sorted(own, key=lambda row: (instant(row["publishTime"]), instant(row["createdTime"])))
    return pl.DataFrame([_notice(row) for row in told], schema=NOTICE).unique(["notice_id", "revision"], keep="last", maintain_order=True)


def _notice(row: dict[str, json_body.JsonValue]) -> dict[str, object]:
    try:
        left, whole = (float(row[name]) for name in ("availableCapacity", "normalCapacity"))
        return {
            "notice_id": str(row["mrid"]),
            "revision": int(instant(row["publishTime"]).timestamp()),
            "withdrawn": row["eventStatus"] == "Dismissed",
            "outage_id": str(row["affectedUnit"]),
            "unit_name": str(row.get("assetId", "")),
            "fuel": str(row.get("fuelType", "unknown")).lower(),
            "unavailable_mw": max(0.0, whole - left),
            "starts_at": instant(row["eventStartTime"]),
            "ends_at": instant(row["eventEndTime"]),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerError(f"{SOURCE}: REMIT message {row.get('mrid')}: {error!r} -> the format changed; see the archived body") from error
