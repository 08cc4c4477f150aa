"""Which series the desk has, and how many rows a day of each should have.

What belongs here: the list, from the desk and the day alone (so that it is the same whatever
is loaded). What does not: judging the rows (`quality`, `lateness`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import FileSeries, LateRule, LiveSeries
from energy_pipeline.domain.blocks import profile
from energy_pipeline.information.resolution import NATIVE_MINUTES

_HOURLY = 60
_SATURDAY = 5


def key_text(key: dict[str, str]) -> str:
    """A series' key as text, as the `information_set` and `data_quality` tables write it.

    >>> key_text({"zone": "FR", "technology": "wind"})
    'zone=FR,technology=wind'
    """
    return ",".join(f"{k}={v}" for k, v in key.items())


def stored_minutes(desk: Desk, key: Mapping[str, str], minutes: int, day: date) -> int:
    """Length of the rows kept of a series [min]: its own, or the market's interval where the file's rows are shorter than any market's.

    A place with weather has no market; its short rows become hours.
    """
    if minutes in NATIVE_MINUTES:
        return minutes
    zone = desk.plants[key["plant"]].zone if key.get("plant") in desk.plants else key.get("zone", "")
    return desk.zones[zone].resolution_minutes(day) if zone in desk.zones else _HOURLY


@dataclass(frozen=True)
class Expected:
    """One series the desk should have.

    Attributes
    ----------
    table : str
    key : dict of str to str
    values : tuple of str
        Contract columns that must hold a value for an interval to count as found.
    minutes : int or None
        Declared resolution; None: the zone's market time unit of the day.
    late : LateRule or None
        The desk's rule, where it states one.
    """

    table: str
    key: Mapping[str, str]
    values: tuple[str, ...]
    minutes: int | None = None
    late: LateRule | None = None

    @property
    def text(self) -> str:
        """The key as text, in the contract's key order."""
        order = [k for k in contract_of(self.table).key if k in self.key]
        return key_text({k: self.key[k] for k in order})

    def resolution(self, desk: Desk, day: date) -> int:
        """Minutes of an interval on a day."""
        if self.minutes is not None:
            return stored_minutes(desk, self.key, self.minutes, day)
        zone = desk.plants[self.key["plant"]].zone if "plant" in self.key else self.key.get("zone", "")
        return desk.zones[zone].resolution_minutes(day) if zone in desk.zones else _HOURLY

    def count(self, desk: Desk, day: date, minutes: int) -> int:
        """Rows a day should have: its intervals, a quote if the block delivers, a settlement Monday to Friday."""
        if "delivery_start" in contract_of(self.table).schema:
            return desk.delivery_day(day).count(minutes)
        if self.table == "fuel_prices":
            return int(day.weekday() < _SATURDAY)
        if self.table == "forward_quotes":
            block = self.key["contract"]
            assert block in ("base", "peak", "offpeak")  # noqa: S101  the contract's allowed set
            return int(profile(block, desk.delivery_day(day), _HOURLY).any())  # type: ignore[arg-type]
        return 0


def expected_series(desk: Desk, day: date) -> list[Expected]:
    """Every series the desk declares: files, live sources, proxy quotes and the synthetic market's, in the same order for every day.

    Several entries of one key (a change of resolution) are one series; its late rule, values and
    resolution are those of the entry that serves the delivery day (`Sources.entry`).
    """
    found: dict[tuple[str, str], Expected] = {}
    for series in desk.sources.declared:
        item = _declared(desk.sources.entry(series.table, series.key, day) or series)
        found.setdefault((item.table, item.text), item)
    for rule in desk.sources.proxy_quotes:
        for block in rule.contracts:
            item = Expected("forward_quotes", {"zone": rule.zone, "contract": block}, ("price_eur_mwh",))
            found.setdefault((item.table, item.text), item)
    if desk.sources.synthetic is not None:
        for item in _synthetic(desk):
            found.setdefault((item.table, item.text), item)
    return list(found.values())


def _declared(series: FileSeries | LiveSeries) -> Expected:
    """A live source fills every value column of its table, a file those that are mapped."""
    columns = [c.name for c in contract_of(series.table).columns if c.dtype == "f64"]
    mapped = {name for part in series.parts for name in part.values} if isinstance(series, FileSeries) else set(columns)
    values = tuple(name for name in columns if name in mapped)
    return Expected(series.table, series.key, values, series.resolution_minutes, series.late if "late" in series.model_fields_set else None)


def _synthetic(desk: Desk) -> list[Expected]:
    zones, late = list(desk.zones), desk.sources.late

    def item(table: str, values: tuple[str, ...], minutes: int | None = None, **key: str) -> Expected:
        return Expected(table, key, values, minutes, late.get(table))  # type: ignore[call-overload]

    price, power, output = ("price_eur_mwh",), ("load_mw",), ("generation_mw",)
    weather = ("wind_speed_ms", "temperature_c", "ghi_w_m2")
    kinds = {z: desk.zones[z].second_price.kind for z in zones}
    technologies = ("solar", "wind")
    return [
        *(item("day_ahead_prices", price, zone=z) for z in zones),
        *(item("second_prices", price, zone=z, price_kind=kinds[z]) for z in zones if kinds[z] != "none"),
        *(item("load_actual", power, zone=z) for z in zones),
        *(item("load_forecast", power, zone=z) for z in zones),
        *(item("generation_actual", output, zone=z, technology=t) for z in zones for t in technologies),
        *(item("generation_forecast", output, zone=z, technology=t) for z in zones for t in technologies if desk.zones[z].tso_res_forecast != "none"),
        *(item("weather_forecast", weather, _HOURLY, location=n) for n in desk.weather),
        *(item("weather_observed", weather, _HOURLY, location=n) for n in desk.weather),
        *(item("fuel_prices", ("price",), commodity=n) for n in ("carbon", "coal", "gas")),
        *(item("forward_quotes", price, zone=z, contract=b) for z in zones for b in ("base", "offpeak", "peak")),
        *(item("plant_meters", ("output_mw",), plant=n) for n in desk.plants),
    ]
