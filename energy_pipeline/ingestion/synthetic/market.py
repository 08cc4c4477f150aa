"""One delivery day of the synthetic market, computed once and shared by all tables.

What belongs here: the chain weather -> power -> prices for one day, and its cache. What
does not: rows and publication times (tables).

A day's state is a function of (desk, day) alone: nothing is carried from day to day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray, to_us
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.ingestion.synthetic import prices
from energy_pipeline.ingestion.synthetic.fuels import fuels_at
from energy_pipeline.ingestion.synthetic.outages import Outage, outages_between
from energy_pipeline.ingestion.synthetic.weather import Place, Weather, forecast_states, latent, physical
from energy_pipeline.ingestion.synthetic.zones import DEFAULT_SOLAR_MW, DEFAULT_WIND_MW, QUARTER, Fundamentals, ZoneSetup, fundamentals

US_PER_HOUR = 3_600_000_000
# Forecast runs a delivery day is covered by: (days before, UTC hour). The first is the
# last run before the gate; the oldest serves the end of a week's horizon, the later ones a fortnight's.
RUNS: tuple[tuple[int, int], ...] = ((1, 0), (2, 12), (3, 0), (5, 0), (7, 0))
LATER_RUNS: tuple[tuple[int, int], ...] = ((9, 0), (11, 0), (14, 0))
WEEK = 7
AUCTION_AT = time(12)
QUOTED_AT = time(11)
_CACHED_DAYS = 800
# Capacity that on average goes out after the auction; bids allow for it, so it moves no price.
EXPECTED_LATE_SHARE = 0.002


@dataclass(frozen=True)
class ZoneDay:
    """A zone's day: quarter-hourly MW and EUR/MWh, shape (quarters,)."""

    power: Fundamentals
    expected: FloatArray
    day_ahead: FloatArray
    second: FloatArray | None
    outages: tuple[Outage, ...]


@dataclass(frozen=True)
class DayState:
    """Everything that happens on one delivery day.

    Attributes
    ----------
    starts_us, hours : arrays, shape (quarters,)
        Interval starts [us since epoch] and middles [hours since epoch].
    weather : dict of place name to Weather, shape (quarters,)
    issued_us : array, shape (runs,)
    forecasts : dict of place name to Weather, shape (runs, quarters)
    """

    day: DeliveryDay
    starts_us: IntArray
    hours: FloatArray
    weather: dict[str, Weather]
    issued_us: IntArray
    forecasts: dict[str, Weather]
    zones: dict[str, ZoneDay]


class Market:
    """The synthetic market of one desk.

    Raises
    ------
    SourceError
        When the desk does not use the synthetic market.
    """

    def __init__(self, desk: Desk) -> None:
        if desk.sources.synthetic is None:
            raise SourceError(f"desk {desk.name}: sources.synthetic is not set; set it (e.g. {{seed: 1}}) or map the series to files")
        self.desk = desk
        self.seed = desk.sources.synthetic.seed
        self.places = {n: Place(n, w.latitude_deg, w.longitude_deg, w.wind_height_m) for n, w in desk.weather.items()}
        self.setups = [self._setup(name) for name in desk.zones]
        self.borders = prices.borders([s.mean_load_mw for s in self.setups])
        self.state = lru_cache(maxsize=_CACHED_DAYS)(self._state)

    def _setup(self, name: str) -> ZoneSetup:
        """A zone's setup; without weather locations it sees all, without any a place of its own."""
        zone = self.desk.zones[name]
        places = tuple(self.places[n] for n in (zone.weather_locations or tuple(self.places)))
        return ZoneSetup(
            name,
            places or (Place(f"zone {name}", 50.0, 9.0, 100.0),),
            DEFAULT_WIND_MW if zone.installed_wind_mw is None else zone.installed_wind_mw,
            DEFAULT_SOLAR_MW if zone.installed_solar_mw is None else zone.installed_solar_mw,
        )

    def time_zone(self, zone: str) -> str:
        """Time zone of the market a zone belongs to."""
        return self.desk.markets[self.desk.zones[zone].market].time_zone

    def _state(self, day: date) -> DayState:
        delivery = self.desk.delivery_day(day)
        starts = delivery.interval_starts_us(QUARTER)
        hours = starts / US_PER_HOUR + QUARTER / 120.0
        runs = RUNS if self.desk.forecast.horizon_days <= WEEK else RUNS + LATER_RUNS
        issued = np.array([to_us(datetime.combine(day - timedelta(days=b), time(h), tzinfo=UTC)) for b, h in runs], dtype=np.int64)
        everywhere = {p.name: p for p in [*self.places.values(), *(p for s in self.setups for p in s.places)]}
        weather, forecasts = {}, {}
        for name, place in everywhere.items():
            truth = latent(self.seed, place, hours)
            weather[name] = physical(place, hours, truth)
            forecasts[name] = physical(place, hours, forecast_states(self.seed, place, hours, truth, (issued / US_PER_HOUR).tolist()))
        return DayState(delivery, starts, hours, weather, issued, forecasts, self._zones(delivery, hours, weather, forecasts))

    def _zones(self, day: DeliveryDay, hours: FloatArray, weather: dict[str, Weather], forecasts: dict[str, Weather]) -> dict[str, ZoneDay]:
        """The zones' day: power, then one coupled auction on the forecasts, then what followed."""
        last_run = {n: f.at(0) for n, f in forecasts.items()}
        power = [
            fundamentals(self.seed, s, day, hours, [weather[p.name] for p in s.places], [last_run[p.name] for p in s.places]) for s in self.setups
        ]
        auction = to_us(day.start) / US_PER_HOUR - 12.0
        curve = prices.supply_curve(fuels_at(self.seed, auction))
        outages = [outages_between(self.seed, s.name, s.thermal_mw, hours[0] - 0.125, hours[-1] + 0.125) for s in self.setups]
        pairs = list(zip(self.setups, outages, strict=True))
        available = np.stack([s.thermal_mw - _unavailable([o for o in out if o.known <= auction], hours) for s, out in pairs])
        late = np.stack([_unavailable([o for o in out if o.known > auction], hours) for _, out in pairs])
        residual = np.stack([p.residual_forecast for p in power])
        position = (residual + prices.couple(curve, residual, available, self.borders)) / available
        usual = np.array([[EXPECTED_LATE_SHARE * s.thermal_mw] for s in self.setups])
        short = np.stack([p.shortage for p in power]) + 0.5 * (late - usual)
        return {
            s.name: self._zone_day(s.name, hours, power[i], curve, position[i], _spilled(short, available, i), outages[i])
            for i, s in enumerate(self.setups)
        }

    def _zone_day(
        self,
        name: str,
        hours: FloatArray,
        power: Fundamentals,
        curve: tuple[FloatArray, FloatArray],
        position: FloatArray,
        short: FloatArray,
        outages: tuple[Outage, ...],
    ) -> ZoneDay:
        expected = prices.expected_price(self.seed, name, hours, np.interp(position, *curve))
        day_ahead = prices.day_ahead_price(self.seed, name, hours, expected)
        kind = self.desk.zones[name].second_price.kind
        second = None if kind == "none" else prices.second_price(self.seed, name, kind, hours, day_ahead, short, prices.slope_of(curve, position))
        return ZoneDay(power, expected, day_ahead, second, outages)


def _spilled(short: FloatArray, available: FloatArray, zone: int) -> FloatArray:
    """A zone's shortage as a share of its capacity, a fifth of it that of all zones together."""
    share: FloatArray = 0.8 * short[zone] / available[zone] + 0.2 * short.sum(axis=0) / available.sum(axis=0)
    return share


def _unavailable(outages: list[Outage], hours: FloatArray) -> FloatArray:
    total = np.zeros(hours.shape)
    for outage in outages:
        total = total + np.where((hours >= outage.start) & (hours < outage.end), outage.unavailable_mw, 0.0)
    return total


@lru_cache(maxsize=2)
def _market_of(desk_json: str) -> Market:
    return Market(Desk.model_validate_json(desk_json))


def market_of(desk: Desk) -> Market:
    """The desk's market, shared by all calls with an equal desk."""
    return _market_of(desk.model_dump_json())
