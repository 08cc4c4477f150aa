"""Rows of the raw tables from the synthetic market, with when each was published.

What belongs here: publication times and the shape of each raw table. What does not:
how the values come about (market).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import MeteredPlant, Plant, PvPlant, WeatherLocation, WindPlant
from energy_pipeline.domain.delivery import FloatArray, days_between, local_instant, to_us
from energy_pipeline.ingestion.synthetic import plants, prices
from energy_pipeline.ingestion.synthetic.fuels import UNITS, fuels_at
from energy_pipeline.ingestion.synthetic.market import QUOTED_AT, US_PER_HOUR, DayState, Market, market_of
from energy_pipeline.ingestion.synthetic.weather import Weather
from energy_pipeline.ingestion.synthetic.zones import QUARTER

SOURCE = "synthetic market"
Part = dict[str, object]
"""Columns of some rows: arrays of one length (timestamps as int64 us), or a value for all of them."""
Maker = Callable[[Market, DayState], Iterable[Part]]

PRICES_AT, LOAD_FORECAST_AT, RES_FORECAST_AT, RES_AFTER_GATE_AT = time(12, 45), time(10), time(9, 30), time(18)
FUELS_AT, METERS_AT = time(18), time(9)
RUN_TAKES_HOURS = 6
ACTUAL_AFTER_HOURS = {"intraday": 1, "imbalance": 2, "actual": 1}
_WEEKEND = 5


def generate(desk: Desk, table: str, first: date, last: date) -> pl.DataFrame:
    """Rows of one raw table for delivery days `first` to `last`, first vintage, sorted by day and key.

    A day's rows depend on the desk and the day only: byte-identical alone or in a range.
    A day without rows (fuels at the weekend, second prices where no zone has one) is left out.

    Parameters
    ----------
    desk : Desk
        Must have `sources.synthetic`.
    table : str
        Name of a raw table.

    Raises
    ------
    SourceError
        When the desk does not use the synthetic market.
    KeyError
        When `table` is no raw table.

    Examples
    --------
    >>> from energy_pipeline.desk import demo_desk_path, load_desk
    >>> desk = load_desk(demo_desk_path())
    >>> generate(desk, "day_ahead_prices", date(2025, 3, 30), date(2025, 3, 30)).height
    69
    """
    market = market_of(desk)
    contract = contract_of(table)
    make = MAKERS[table]
    parts = [{"delivery_day": day, **part} for day in days_between(first, last) for part in make(market, market.state(day))]
    if not parts:
        return contract.frame()
    frame = pl.DataFrame([_column(name, dtype, parts) for name, dtype in contract.schema.items()])
    return frame.sort("delivery_day", *contract.sort_key, maintain_order=True)


def _column(name: str, dtype: pl.DataType, parts: list[dict[str, object]]) -> pl.Series:
    """One column of all parts: arrays joined, single values repeated."""
    if name == "source":
        return pl.repeat(SOURCE, sum(_height(p) for p in parts), dtype=dtype, eager=True).alias(name)
    if isinstance(parts[0][name], np.ndarray):
        joined = pl.Series(name, np.concatenate([np.asarray(p[name]) for p in parts]), nan_to_null=True)
        return joined.cast(pl.Datetime("us", "UTC")) if dtype == pl.Datetime("us", "UTC") else joined.cast(dtype)
    singles = pl.Series(name, [p[name] for p in parts], dtype=dtype)
    return singles.gather(np.repeat(np.arange(len(parts)), [_height(p) for p in parts]))


def _height(part: dict[str, object]) -> int:
    known = part["known_at"]
    assert isinstance(known, np.ndarray)  # noqa: S101  every part carries its publication times as an array
    return int(known.size)


def _mean(values: FloatArray, minutes: int) -> FloatArray:
    """Quarter-hours averaged to intervals of `minutes`, along the last axis."""
    return values if minutes == QUARTER else values.reshape(*values.shape[:-1], -1, minutes // QUARTER).mean(axis=-1)


def _us(moment: datetime, count: int) -> npt.NDArray[np.int64]:
    return np.full(count, to_us(moment), dtype=np.int64)


def _series(state: DayState, minutes: int, column: str, values: FloatArray, digits: int, known: datetime | int, **key: str) -> Part:
    """One interval series; `known` is an instant, or hours after each interval's end."""
    starts = state.day.interval_starts_us(minutes)
    ends = starts + minutes * (US_PER_HOUR // 60)
    at = ends + known * US_PER_HOUR if isinstance(known, int) else _us(known, starts.size)
    return {
        **key,
        "delivery_start": starts,
        "resolution_minutes": minutes,
        column: np.round(_mean(values, minutes), digits) + 0.0,  # + 0.0 turns -0.0 into 0.0
        "known_at": at,
    }


def _before(market: Market, state: DayState, zone: str, at: time) -> datetime:
    """A wall-clock time on the day before delivery, in the zone's market."""
    return local_instant(state.day.day - timedelta(days=1), at, market.time_zone(zone))


def _zones(market: Market, state: DayState) -> list[tuple[str, int]]:
    return [(name, zone.resolution_minutes(state.day.day)) for name, zone in market.desk.zones.items()]


def _day_ahead_prices(market: Market, state: DayState) -> Iterable[Part]:
    for zone, minutes in _zones(market, state):
        known = _before(market, state, zone, PRICES_AT)
        yield _series(state, minutes, "price_eur_mwh", state.zones[zone].day_ahead, 2, known, zone=zone)


def _second_prices(market: Market, state: DayState) -> Iterable[Part]:
    for zone, minutes in _zones(market, state):
        second, kind = state.zones[zone].second, market.desk.zones[zone].second_price.kind
        if second is not None:
            yield _series(state, minutes, "price_eur_mwh", second, 2, ACTUAL_AFTER_HOURS[kind], zone=zone, price_kind=kind)


def _load_actual(market: Market, state: DayState) -> Iterable[Part]:
    for zone, minutes in _zones(market, state):
        yield _series(state, minutes, "load_mw", state.zones[zone].power.load, 1, ACTUAL_AFTER_HOURS["actual"], zone=zone)


def _load_forecast(market: Market, state: DayState) -> Iterable[Part]:
    for zone, minutes in _zones(market, state):
        known = _before(market, state, zone, LOAD_FORECAST_AT)
        yield _series(state, minutes, "load_mw", state.zones[zone].power.load_forecast, 1, known, zone=zone)


def _generation_actual(market: Market, state: DayState) -> Iterable[Part]:
    for zone, minutes in _zones(market, state):
        power = state.zones[zone].power
        for technology, values in (("solar", power.solar), ("wind", power.wind)):
            yield _series(state, minutes, "generation_mw", values, 1, ACTUAL_AFTER_HOURS["actual"], zone=zone, technology=technology)


def _generation_forecast(market: Market, state: DayState) -> Iterable[Part]:
    """None where the desk says there is none; by the literature's convention always before the gate."""
    settings = market.desk.sources.synthetic
    after_gate = settings.tso_res_forecast_after_gate if settings else ()
    for zone, minutes in _zones(market, state):
        rule = market.desk.zones[zone].tso_res_forecast
        if rule == "none":
            continue
        at = RES_AFTER_GATE_AT if zone in after_gate and rule == "strict" else RES_FORECAST_AT
        power = state.zones[zone].power
        for technology, values in (("solar", power.solar_forecast), ("wind", power.wind_forecast)):
            known = _before(market, state, zone, at)
            yield _series(state, minutes, "generation_mw", values, 1, known, zone=zone, technology=technology)


def _weather_columns(weather: Weather, location: WeatherLocation) -> dict[str, FloatArray]:
    values = {
        "wind_speed_ms": weather.wind_ms,
        "temperature_c": weather.temperature_c,
        "ghi_w_m2": weather.ghi_w_m2,
        "dni_w_m2": weather.dni_w_m2,
        "dhi_w_m2": weather.dhi_w_m2,
        "wind_direction_deg": weather.direction_deg,
        "pressure_hpa": weather.pressure_hpa,
        "snow_depth_cm": weather.snow_depth_cm,
    }
    heights = {name: height for height, name in location.wind_columns().items()}
    for name in ("wind_speed_2_ms", "wind_speed_3_ms"):  # not known where the desk states no such height
        values[name] = weather.wind_at(heights.get(name, float("nan")), location.wind_height_m)
    found = {name: (np.round(_mean(v, 60), 2) + 0.0).reshape(-1) for name, v in values.items()}
    return found | {"wind_direction_deg": np.round(found["wind_direction_deg"] % 360.0, 2)}


def _weather_observed(market: Market, state: DayState) -> Iterable[Part]:
    starts = state.day.interval_starts_us(60)
    known = starts + (1 + ACTUAL_AFTER_HOURS["actual"]) * US_PER_HOUR
    for name in market.places:
        yield {
            "location": name,
            "delivery_start": starts,
            "resolution_minutes": 60,
            **_weather_columns(state.weather[name], market.desk.weather[name]),
            "known_at": known,
        }


def _weather_forecast(market: Market, state: DayState) -> Iterable[Part]:
    starts = state.day.interval_starts_us(60)
    issued = np.repeat(state.issued_us, starts.size)
    for name in market.places:
        yield {
            "location": name,
            "issued_at": issued,
            "delivery_start": np.tile(starts, state.issued_us.size),
            "resolution_minutes": 60,
            **_weather_columns(state.forecasts[name], market.desk.weather[name]),
            "known_at": issued + RUN_TAKES_HOURS * US_PER_HOUR,
        }


def _fuel_prices(market: Market, state: DayState) -> Iterable[Part]:
    """Settlements of a trading day; at the weekend nothing trades."""
    day = state.day.day
    if day.weekday() >= _WEEKEND:
        return
    settled = local_instant(day, FUELS_AT, market.desk.time_zone)
    fuels = fuels_at(market.seed, to_us(settled) / US_PER_HOUR - 1.0)
    for commodity, unit in UNITS.items():
        yield {"commodity": commodity, "price": np.array([getattr(fuels, commodity)]), "unit": unit, "known_at": _us(settled, 1)}


def _forward_quotes(market: Market, state: DayState) -> Iterable[Part]:
    for zone in market.desk.zones:
        quoted = _before(market, state, zone, QUOTED_AT)
        for block, mid, half_spread in prices.quotes(market.seed, zone, state.day, to_us(quoted) / US_PER_HOUR, state.zones[zone].expected):
            yield {
                "zone": zone,
                "contract": block,
                "price_eur_mwh": np.array([mid]),
                "half_spread_eur_mwh": np.array([half_spread]),
                "is_proxy": False,
                "known_at": _us(quoted, 1),
            }


def _outages(market: Market, state: DayState) -> Iterable[Part]:
    for zone in market.desk.zones:
        for outage in state.zones[zone].outages:
            hours = {"starts_at": outage.start, "ends_at": outage.end, "known_at": outage.known}
            yield {
                "zone": zone,
                "outage_id": outage.outage_id,
                "fuel": outage.fuel,
                "unavailable_mw": np.array([outage.unavailable_mw]),
                **{name: np.array([int(value) * US_PER_HOUR], dtype=np.int64) for name, value in hours.items()},
            }


def _plant_meters(market: Market, state: DayState) -> Iterable[Part]:
    for name, plant in market.desk.plants.items():
        minutes = market.desk.zones[plant.zone].resolution_minutes(state.day.day)
        known = local_instant(state.day.day + timedelta(days=1), METERS_AT, market.time_zone(plant.zone))
        output = plant_output(market, state, name, plant)
        if plant.curtail_below_eur_mwh is not None:  # the auction's interval decides for all its quarters
            price = np.repeat(_mean(state.zones[plant.zone].day_ahead, minutes), minutes // QUARTER)
            output = np.where(np.round(price, 2) < plant.curtail_below_eur_mwh, 0.0, output)
        yield _series(state, minutes, "output_mw", output, 4, known, plant=name)


def plant_output(market: Market, state: DayState, name: str, plant: Plant) -> FloatArray:
    """Metered output of a plant [MW], shape (quarters,)."""
    if isinstance(plant, WindPlant):
        return plants.wind_output(market.seed, name, plant, market.places[plant.location], state.weather[plant.location], state.hours)
    if isinstance(plant, PvPlant):
        return plants.pv_output(market.seed, name, plant, market.places[plant.location], state.weather[plant.location], state.hours)
    power = state.zones[plant.zone].power
    zone_output = power.wind if plant.technology == "wind" else power.solar
    if isinstance(plant, MeteredPlant):
        setup = next(s for s in market.setups if s.name == plant.zone)
        installed = setup.wind_mw if plant.technology == "wind" else setup.solar_mw
        return plants.metered_output(market.seed, name, plant, zone_output / installed, state.hours)
    return plant.share_of_zone * zone_output


MAKERS: dict[str, Maker] = {
    "day_ahead_prices": _day_ahead_prices,
    "second_prices": _second_prices,
    "load_actual": _load_actual,
    "load_forecast": _load_forecast,
    "generation_actual": _generation_actual,
    "generation_forecast": _generation_forecast,
    "weather_forecast": _weather_forecast,
    "weather_observed": _weather_observed,
    "fuel_prices": _fuel_prices,
    "forward_quotes": _forward_quotes,
    "outages": _outages,
    "plant_meters": _plant_meters,
    "held_hours": lambda _market, _state: (),  # nothing made up is held
}
