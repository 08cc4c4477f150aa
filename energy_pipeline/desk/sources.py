"""Where raw series come from: files mapped by the desk, the synthetic market, or nowhere.

What belongs here: which series come from where, and the rules that hold for them. What does not: how a file
writes its cells (`layout`), or reading it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from energy_pipeline.desk.base import ClockTime, DeskModel
from energy_pipeline.desk.layout import FilePart, RowMinutes

RawTable = Literal[
    "day_ahead_prices",
    "second_prices",
    "load_actual",
    "load_forecast",
    "generation_actual",
    "generation_forecast",
    "weather_forecast",
    "weather_observed",
    "fuel_prices",
    "forward_quotes",
    "outages",
    "plant_meters",
]


class KnownAt(DeskModel):
    """The desk's rule for when a row could first be known.

    `anchor` is the point the rule counts from: `delivery_day` (its local midnight),
    `interval_end`, `value_date` (local midnight of the trading day) or `column` (a
    timestamp column of the file). Then `days`, then `business_days`, then the wall clock
    `at`, or a plain `minutes` offset.

    Examples
    --------
    >>> KnownAt(anchor="delivery_day", days=-1, at="12:45", basis="assumption").days
    -1
    """

    anchor: Literal["delivery_day", "interval_end", "value_date", "column"] = Field(description="Where the rule counts from.")
    days: int = Field(0, description="Calendar days after (+) or before (-) the anchor's local day.")
    business_days: int = Field(0, ge=0, description="Monday-to-Friday days after the anchor's local day.")
    at: ClockTime | None = Field(None, description="Wall clock on that day; None keeps the anchor's instant.")
    minutes: int = Field(0, description="Minutes after the instant.")
    column: str | None = Field(None, description="Timestamp column of the file, for anchor: column.")
    basis: Literal["evidence", "assumption"] = Field(description="Is the rule read from the source, or assumed?")
    note: str = Field("", description="Where the rule is from, in words.")

    @model_validator(mode="after")
    def _column(self) -> KnownAt:
        if (self.anchor == "column") != (self.column is not None):
            raise ValueError("`column` belongs to anchor column, and anchor column needs it")
        return self


class LateRule(DeskModel):
    """What decide does when the series is not there at the decision time."""

    action: Literal["stop", "wait", "fallback"] = Field(
        "fallback", description="stop: no decision. wait: until a time. fallback: decide without, and say so."
    )
    until: ClockTime | None = Field(None, description="For wait: how long, on the decision's local day.")

    @model_validator(mode="after")
    def _until(self) -> LateRule:
        if (self.action == "wait") != (self.until is not None):
            raise ValueError("`until` belongs to action wait, and wait needs it")
        return self


class SeriesEntry(DeskModel):
    """What every entry of a series says, wherever its rows come from."""

    table: RawTable = Field(description="Raw table it fills (docs/data-dictionary.md).")
    key: dict[str, str] = Field(description="Key columns of the contract, e.g. {zone: FR, technology: wind}.")
    late: LateRule = Field(LateRule(), description="What a decision does when the series is not there.")
    required: bool = Field(False, description="A day without a row of it is an error, not a stated gap.")


class FileSeries(SeriesEntry):
    """One raw series from files."""

    constants: dict[str, str] = Field(default_factory=dict, description="Text columns with one value, e.g. {unit: EUR/MWh}.")
    resolution_minutes: RowMinutes = Field(60, description="Length of a row [min]; 5 and 10 become means over the market's interval.")
    carry_forward: Literal["within_period"] | None = Field(
        None, description="within_period: an interval left out has the value before it, within its delivery day (curve type A03)."
    )
    parts: tuple[FilePart, ...] = Field(min_length=1, description="Files of the series, spliced by delivery day.")
    known_at: KnownAt = Field(description="When a row could first be known.")

    def serves(self, day: date) -> bool:
        """Whether a part of the entry is for a delivery day."""
        return any((p.first_day or date.min) <= day <= (p.last_day or date.max) for p in self.parts)

    @property
    def first_day(self) -> date:
        """First delivery day a part is for."""
        return min(p.first_day or date.min for p in self.parts)


class LiveSource(DeskModel):
    """Which dataset of which connector answers for a series."""

    source: str = Field(description="Connector: entsoe, energy_charts, smard or open_meteo.")
    dataset: str = Field(description="What of the source, e.g. prices (docs/live-sources.md).")
    options: dict[str, str | int | float] = Field(default_factory=dict, description="Of the dataset, e.g. {area: 10YFR-RTE------C}.")


class LiveSeries(SeriesEntry, LiveSource):
    """One raw series that is fetched over the network and read from the archive of answers."""

    second: LiveSource | None = Field(None, description="Asked for the days on which the first source has none; said in each row's source.")
    resolution_minutes: int | None = Field(None, ge=1, le=60, description="Length of an interval [min]; the market time unit when absent.")
    known_at: KnownAt | None = Field(
        None, description="Another rule than the source's own (docs/live-sources.md), for history from before our first look."
    )
    first_day: date | None = Field(None, description="First delivery day that is fetched.")
    last_day: date | None = Field(None, description="Last delivery day that is fetched.")

    def serves(self, day: date) -> bool:
        """Whether the entry is for a delivery day."""
        return (self.first_day or date.min) <= day <= (self.last_day or date.max)


class AbsentSeries(DeskModel):
    """A series this desk does not have, said out loud, with what stands in."""

    table: RawTable = Field(description="Raw table it would fill.")
    key: dict[str, str] = Field(description="Key columns of the contract, e.g. {zone: FR}.")
    fallback: str = Field(min_length=3, description="What stands in, in words a reader understands.")
    reason: str = Field("", description="Why it is not there.")


class ProxyQuotes(DeskModel):
    """Declared proxy quotes where no quote exists: walk-forward mean plus premium and half-spread."""

    zone: str = Field(description="Zone of the desk (`zones`).")
    contracts: tuple[Literal["base", "peak", "offpeak"], ...] = Field(("base", "peak"), description="Blocks that are quoted.")
    window_days: int = Field(28, ge=7, le=365, description="Past days of the mean.")
    premium_eur_mwh: float = Field(0.5, description="Added to the mean [EUR/MWh].")
    half_spread_eur_mwh: float = Field(0.25, ge=0, description="Half of ask less bid [EUR/MWh].")


class SyntheticMarket(DeskModel):
    """The embedded generator as the source of every raw table."""

    seed: int = Field(1, description="Another number is another market.")
    tso_res_forecast_after_gate: tuple[str, ...] = Field((), description="Zones whose TSO publishes wind and solar forecasts after the gate.")


class Sources(DeskModel):
    """All raw inputs of the desk."""

    synthetic: SyntheticMarket | None = Field(None, description="The embedded generator, instead of files.")
    files: tuple[FileSeries, ...] = Field((), description="Series read from files.")
    live: tuple[LiveSeries, ...] = Field((), description="Series fetched over the network (`energy-pipeline fetch`).")
    absent: tuple[AbsentSeries, ...] = Field((), description="Series this desk does not have.")
    proxy_quotes: tuple[ProxyQuotes, ...] = Field((), description="Stand-ins for quotes of contracts.")
    late: dict[RawTable, LateRule] = Field(default_factory=dict, description="Late rules per table, for the synthetic market.")
    disguise_limit_share: float = Field(0.002, ge=0, le=0.05, description="A forecast nearer to an actual than this share of its mean is refused.")

    def quoted_blocks(self) -> set[tuple[str, str]] | None:
        """(zone, block) that something quotes or that is said to be absent, "" for every block; None: the generator quotes all."""
        if self.synthetic is not None:
            return None
        said = [s.key for s in self.declared if s.table == "forward_quotes"] + [a.key for a in self.absent if a.table == "forward_quotes"]
        return {(k.get("zone", ""), k.get("contract", "")) for k in said} | {(p.zone, c) for p in self.proxy_quotes for c in p.contracts}

    @property
    def declared(self) -> tuple[FileSeries | LiveSeries, ...]:
        """Every entry of a series that the desk has: from files, then live."""
        return (*self.files, *self.live)

    def entry(self, table: str, key: Mapping[str, str], day: date) -> FileSeries | LiveSeries | None:
        """The entry whose rules hold for a series on a delivery day; None where the series is declared nowhere.

        A series may stand in several entries, one after the other (a change of resolution or of supplier). Between
        their days the rules of the last one before hold, before all of them those of the first to come.
        """
        entries = [s for s in self.declared if s.table == table and s.key == dict(key)]
        serving = [s for s in entries if s.serves(day)]
        in_order = sorted(entries, key=lambda s: s.first_day or date.min)
        before = [s for s in in_order if (s.first_day or date.min) <= day]
        return next(iter([*serving, *reversed(before), *in_order]), None)
