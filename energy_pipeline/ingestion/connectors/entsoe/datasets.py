"""What ENTSO-E serves, as data: documents, publication rules and limits.

What belongs here: one entry a dataset, with its evidence. What does not: areas, parsing.

Source: Regulation (EU) 543/2013 for publication times; the platform's answers and release notes for spans.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.ingestion.connectors.contract import Dataset, Span

MONTH, YEAR = Span(1, "months"), Span(1, "years")
LICENCE = "ENTSO-E Transparency Platform, free re-use of most items with attribution"

PRICES_KNOWN = KnownAt(
    anchor="delivery_day",
    days=-1,
    at=time(13, 0),
    basis="evidence",
    note="Regulation 543/2013 art. 12.1.d: one hour after gate closure; the coupled auction is out about 12:45 to 13:00",
)
LOAD_FORECAST_KNOWN = KnownAt(
    anchor="delivery_day", days=-1, at=time(10, 0), basis="evidence", note="art. 6.1.b: two hours before the gate; an update overwrites it"
)
RES_FORECAST_KNOWN = KnownAt(
    anchor="delivery_day", days=-1, at=time(18, 0), basis="evidence", note="art. 14.1.d: by 18:00 of the day before, after the day-ahead gate"
)
ACTUAL_KNOWN = KnownAt(
    anchor="interval_end", minutes=90, basis="evidence", note="art. 6.1.a and 16.1.b/c: one hour after the interval; half an hour for delays seen"
)
OUTAGES_KNOWN = KnownAt(anchor="delivery_day", basis="assumption", note="no rule: a notice is known when it was first seen here")
CAPACITY_KNOWN = KnownAt(anchor="delivery_day", days=-7, basis="evidence", note="art. 14.1.a/b: a week before the year")


@dataclass(frozen=True)
class Item:
    """How a dataset is asked for, and which series of the answer are meant.

    Attributes
    ----------
    document, process : str
        documentType and processType.
    domain : tuple of str
        Parameters that name the area.
    area_fact : str
        Local name in a TimeSeries that must be the area's.
    unit_fact, unit : str
        Local name of the unit and its only meaning here.
    """

    dataset: Dataset
    document: str
    process: str
    domain: tuple[str, ...]
    area_fact: str
    unit_fact: str = "quantity_Measure_Unit.name"
    unit: str = "MAW"


_AREA = {"area": "EIC code or name of the area, where the desk's zone has another name"}


def _monthly(table: str, key: tuple[str, ...], value: str, known_at: KnownAt, revised_days: int = 0, ahead_days: int = 1) -> Dataset:
    """A series that is asked by months."""
    return Dataset(table, key, (value,), MONTH, known_at, options=_AREA, revised_days=revised_days, ahead_days=ahead_days, licence=LICENCE)


def _res_forecast(process: str) -> Item:
    dataset = _monthly("generation_forecast", _BY_TYPE, "generation_mw", RES_FORECAST_KNOWN)
    return Item(dataset, "A69", process, ("in_Domain",), "inBiddingZone_Domain.mRID")


_BY_TYPE = ("zone", "technology")

ITEMS: dict[str, Item] = {
    "prices": Item(
        Dataset(
            table="day_ahead_prices",
            key=("zone",),
            values=("price_eur_mwh",),
            span=YEAR,
            known_at=PRICES_KNOWN,
            options={
                **_AREA,
                "sequence": "which auction of the day: 1 the coupled one (default), 2 the second (EXAA in DE_LU and AT)",
                "contract": "A01 day-ahead (default), A07 intraday",
                "currency": "currency the prices must be in, EUR by default",
                "resolution": "PT15M or PT60M, where a document holds both for one time",
            },
            licence=LICENCE,
        ),
        "A44",
        "",
        ("in_Domain", "out_Domain"),
        "in_Domain.mRID",
        "price_Measure_Unit.name",
        "MWH",
    ),
    "load_actual": Item(
        _monthly("load_actual", ("zone",), "load_mw", ACTUAL_KNOWN, revised_days=7, ahead_days=0),
        "A65",
        "A16",
        ("outBiddingZone_Domain",),
        "outBiddingZone_Domain.mRID",
    ),
    "load_forecast": Item(
        _monthly("load_forecast", ("zone",), "load_mw", LOAD_FORECAST_KNOWN),
        "A65",
        "A01",
        ("outBiddingZone_Domain",),
        "outBiddingZone_Domain.mRID",
    ),
    "generation_actual": Item(
        _monthly("generation_actual", _BY_TYPE, "generation_mw", ACTUAL_KNOWN, revised_days=7, ahead_days=0),
        "A75",
        "A16",
        ("in_Domain",),
        "inBiddingZone_Domain.mRID",
    ),
    "generation_forecast": _res_forecast("A01"),
    "generation_forecast_intraday": _res_forecast("A40"),
    "generation_forecast_current": _res_forecast("A18"),
    "installed_capacity": Item(
        Dataset(
            table="installed_capacity",
            key=("zone", "technology"),
            values=("installed_mw",),
            span=YEAR,
            known_at=CAPACITY_KNOWN,
            options=_AREA,
            licence=LICENCE,
        ),
        "A68",
        "A33",
        ("in_Domain",),
        "inBiddingZone_Domain.mRID",
    ),
    "outages": Item(
        Dataset(
            table="outages",
            key=("zone",),
            values=("unavailable_mw",),
            span=MONTH,
            known_at=OUTAGES_KNOWN,
            seen_only=True,
            revised_days=2,
            ahead_days=14,
            options=_AREA,
            licence=LICENCE,
        ),
        "A80",
        "",
        ("BiddingZone_Domain",),
        "biddingZone_Domain.mRID",
    ),
}
"""Datasets by the name a desk file gives."""

TECHNOLOGY_OF = {"B16": "solar", "B18": "wind", "B19": "wind"}
"""Types of production that the desk's tables know."""

FUEL_OF = {
    "B01": "biomass",
    "B02": "lignite",
    "B03": "coal gas",
    "B04": "gas",
    "B05": "hard coal",
    "B06": "oil",
    "B07": "oil shale",
    "B08": "peat",
    "B09": "geothermal",
    "B10": "pumped storage",
    "B11": "run of river",
    "B12": "reservoir",
    "B13": "marine",
    "B14": "nuclear",
    "B15": "other renewable",
    "B16": "solar",
    "B17": "waste",
    "B18": "wind offshore",
    "B19": "wind onshore",
    "B20": "other",
    "B25": "battery",
}
"""Names of the types of production."""
