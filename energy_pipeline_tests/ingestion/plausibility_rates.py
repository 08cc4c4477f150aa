"""How often plausibility is wrong on real series, and which seeded unit errors it finds, as two tables.

What belongs here: real series of the shared data as `plausibility.judge` takes them, errors planted in them, and the
count. What does not: thresholds (`ingestion.plausible_limits`). Run: `python -m energy_pipeline_tests.ingestion.plausibility_rates`.

A false alarm is a day of a series, right as published, of which a value is held; days that are wrong as published
(outages written as 0, km/h named m/s, values of another unit) are listed in `KNOWN_WRONG` with the words of the set's readme.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from energy_pipeline.domain.price_limits import price_limit
from energy_pipeline.ingestion.plausibility import Facts, judge

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
SEED_AT = 0.6
"""Share of the series after which a planted switch begins."""

LEAST_DAYS = 60
"""Days with values other than zero after the planted error, and before it, below which a series is left out."""

KNOWN_WRONG: dict[str, tuple[str, str]] = {
    "de fundamentals load": ("level", "outages coded as 0: 32 hours with load 0"),
    "pl weather wind": ("unit", "wind_speed_ms is km/h"),
    "es wind Valencia": ("range", "wind_speed reaches 133 m/s"),
}
"""Rule that is right to hold, and the words of the set's readme."""


@dataclass(frozen=True)
class Real:
    """One real series."""

    name: str
    facts: Facts
    rows: pl.DataFrame


def _rows(frame: pl.DataFrame, time: str, value: str, factor: float = 1.0, offset: float = 0.0) -> pl.DataFrame:
    day = pl.col(time).dt.date()
    picked = frame.select(day.alias("day"), day.alias("known_day"), (pl.col(value).cast(pl.Float64) * factor + offset).alias("value"))
    return picked.sort("day", maintain_order=True).with_row_index("row")


def _price(rules: str, kind: str = "day_ahead") -> Facts:
    return Facts("price", price_limit=lambda day: price_limit(rules, kind, day))


def _parquet(name: str) -> pl.DataFrame:
    return pl.read_parquet(DATA / name)


def real_series() -> Iterator[Real]:
    """Every series the checks have something to say about."""
    yield from _prices()
    yield from _powers()
    yield from _weather()


def _prices() -> Iterator[Real]:
    for name in (
        "eu_dayahead_prices_entsoe/day_ahead_prices",
        "eu_dayahead_prices_at_pt_2020_2024/day_ahead_prices",
        "eu8_prices_load_2019_2020/hourly",
    ):
        for (zone,), part in _parquet(f"{name}.parquet").partition_by("zone", as_dict=True).items():
            yield Real(f"{name.split('/')[0]} {zone}", _price("coupled_europe"), _rows(part, "ts_utc", "price_eur_mwh"))
    for (zone,), part in _parquet("smard_day_ahead_prices_2015_2018/prices.parquet").partition_by("zone", as_dict=True).items():
        yield Real(f"smard {zone}", _price("coupled_europe"), _rows(part, "ts_utc", "price_eur_mwh"))
    for zone in ("BE", "DE", "NP"):
        yield Real(f"epf {zone}", _price("coupled_europe"), _rows(_parquet(f"epf/{zone}.parquet"), "timestamp", "price"))
    rules = {"US-TEX-ERCO": "ercot", "CA-ON": "ontario", "US-MIDA-PJM": "pjm", "US-CAL-CISO": "caiso"}
    for (zone,), part in _parquet("us_iso_prices_2020_2024/prices.parquet").partition_by("zone", as_dict=True).items():
        yield Real(f"us {zone}", _price(rules.get(str(zone), "united_states")), _rows(part, "ts_utc", "price"))
    for name, kind in (("da", "day_ahead"), ("rt", "imbalance")):
        yield Real(
            f"ercot {name}",
            _price("ercot", kind),
            _rows(_parquet(f"ercot_hubavg_da_rt_2024_2025/{name}_prices.parquet"), "ts_utc", "price_usd_per_mwh"),
        )
    yield Real("pl tge", _price("poland"), _rows(_parquet("pl_tge_hourly_2017_2020/hourly.parquet"), "local_label", "price_pln_mwh"))
    frame = _parquet("de_lu_15min_load_and_auction_2020_2022/quarter_hourly.parquet")
    yield Real("de quarter-hours price", _price("coupled_europe", "intraday"), _rows(frame, "ts_utc", "price_15min_auction_eur_mwh"))
    frame = _parquet("de_day_ahead_with_tso_forecasts_2015_2019/hourly.parquet")
    yield Real("de intraday", _price("coupled_europe", "intraday"), _rows(frame, "ts_utc", "price_id_eur_mwh"))


def _powers() -> Iterator[Real]:
    load, output = Facts("load"), partial(Facts, "zone_output")
    frame = _parquet("de_day_ahead_with_tso_forecasts_2015_2019/hourly.parquet")
    for column in ("load_de_mw", "load_de_forecast_da_mw", "load_zone_mw"):
        yield Real(f"de {column}", load, _rows(frame, "ts_utc", column))
    for column, installed in (("wind_de_mw", 50_000.0), ("wind_de_forecast_da_mw", 50_000.0), ("solar_de_mw", 43_000.0)):
        yield Real(f"de {column}", output(capacity_mw=installed), _rows(frame, "ts_utc", column))
        yield Real(f"de {column} unstated", output(), _rows(frame, "ts_utc", column))
    yield from _zones()
    yield from _plants()


def _zones() -> Iterator[Real]:
    load, output = Facts("load"), partial(Facts, "zone_output")
    frame = _parquet("de_fundamentals_weather_2016_2021/hourly.parquet")
    yield Real("de fundamentals load", load, _rows(frame, "ts_utc", "load_mw"))
    for column in ("wind_offshore_mw", "wind_onshore_mw", "solar_mw"):
        yield Real(f"de fundamentals {column}", output(), _rows(frame, "ts_utc", column))
    frame = _parquet("de_lu_15min_load_and_auction_2020_2022/quarter_hourly.parquet")
    for column in ("load_forecast_da_mw", "load_actual_mw"):
        yield Real(f"de quarter-hours {column}", load, _rows(frame, "ts_utc", column))
    for (zone,), part in _parquet("eu8_prices_load_2019_2020/hourly.parquet").partition_by("zone", as_dict=True).items():
        for column in ("load_forecast_mw", "load_actual_mw"):
            yield Real(f"eu8 {zone} {column}", load, _rows(part, "ts_utc", column))
    for (zone,), part in _parquet("eu_generation_by_type_2017_2020/generation_hourly.parquet").partition_by("zone", as_dict=True).items():
        for column in ("solar_mw", "wind_onshore_mw", "wind_offshore_mw"):
            if (part[column].fill_null(0.0).fill_nan(0.0) > 50.0).any():
                yield Real(f"eu {zone} {column}", output(), _rows(part, "ts_utc", column))
    frame = _parquet("pl_quarter_hourly_2023_2026/system_15min.parquet")
    yield Real("pl demand", load, _rows(frame, "ts_utc", "demand_mw"))
    for column, installed in (("pv_mw", 20_000.0), ("wind_mw", 10_500.0)):
        yield Real(f"pl {column}", output(capacity_mw=installed), _rows(frame, "ts_utc", column))
    frame = _parquet("pl_tge_hourly_2017_2020/hourly.parquet")
    yield Real("pl tge demand", load, _rows(frame, "local_label", "demand_mw"))
    yield Real("pl tge wind", output(), _rows(frame, "local_label", "wind_mw"))
    frame = _parquet("gr_dispatch_2017_2020/hourly.parquet")
    yield Real("gr load", load, _rows(frame, "local_label", "load_forecast_mw"))
    yield Real("gr renewables", output(), _rows(frame, "local_label", "res_forecast_mw"))
    yield Real("ercot load", load, _rows(_parquet("ercot_hubavg_da_rt_2024_2025/load.parquet"), "ts_utc", "da_demand_forecast_mw"))


def _plants() -> Iterator[Real]:
    plant = partial(Facts, "output")
    for (farm,), part in _parquet("gefcom2012_wind_7_farms/power_hourly.parquet").partition_by("farm", as_dict=True).items():
        yield Real(f"gefcom farm {farm}", plant(capacity_mw=100.0), _rows(part, "ts_utc", "power_cf", 100.0))
    for (site,), part in _parquet("wind_power_4_sites_2017_2021/hourly.parquet").partition_by("site", as_dict=True).items():
        yield Real(f"site {site}", plant(capacity_mw=20.0), _rows(part, "local_time", "power_cf", 20.0))
    yield Real(
        "turin pv", plant(capacity_mw=1.0), _rows(_parquet("pv_plant_measured/turin_hourly.parquet"), "time_label", "normalized_power_corrected")
    )
    yield Real(
        "haute borne",
        plant(capacity_mw=8.2),
        _rows(_parquet("wind_la_haute_borne_2014_2015/plant_meter_10min_2014.parquet"), "ts_utc", "net_energy_kwh", 6e-3),
    )
    yield Real(
        "scada turbine", plant(capacity_mw=3.6), _rows(_parquet("wind_turbine_scada_2018/scada_10min.parquet"), "local_time", "active_power_kw", 1e-3)
    )


def _weather() -> Iterator[Real]:
    frame = _parquet("de_fundamentals_weather_2016_2021/hourly.parquet")
    for place, latitude in (("muc", 48.1), ("ham", 53.6)):
        yield Real(f"de temperature {place}", Facts("temperature", latitude_deg=latitude), _rows(frame, "ts_utc", f"temp_{place}"))
        yield Real(f"de wind {place}", Facts("wind"), _rows(frame, "ts_utc", f"wspd_{place}", 1.0 / 3.6))
    for (city,), part in _parquet("es_weather_2015_2018/weather_hourly.parquet").partition_by("city", as_dict=True).items():
        yield Real(f"es temperature {city}", Facts("temperature", latitude_deg=40.4), _rows(part, "ts_utc", "temp", 1.0, -273.15))
        yield Real(f"es wind {city}", Facts("wind"), _rows(part, "ts_utc", "wind_speed"))
    for (zone,), part in _parquet("us_iso_prices_2020_2024/weather_open_meteo.parquet").partition_by("zone", as_dict=True).items():
        latitude = float(part["latitude"][0])
        yield Real(f"open-meteo temperature {zone}", Facts("temperature", latitude_deg=latitude), _rows(part, "ts_utc", "temperature_2m"))
        yield Real(f"open-meteo wind {zone}", Facts("wind"), _rows(part, "ts_utc", "wind_speed_10m_ms"))
    frame = _parquet("pl_quarter_hourly_2023_2026/weather_hourly.parquet")
    yield Real("pl temperature", Facts("temperature", latitude_deg=52.0), _rows(frame, "ts_utc", "temperature_c"))
    yield Real("pl ghi", Facts("ghi", latitude_deg=52.0), _rows(frame, "ts_utc", "solar_wm2"))
    yield Real("pl weather wind", Facts("wind"), _rows(frame, "ts_utc", "wind_speed_ms"))
    frame = _parquet("wind_la_haute_borne_2014_2015/era5_hourly_2013_2014.parquet")
    yield Real("haute borne temperature", Facts("temperature", latitude_deg=48.5), _rows(frame, "ts_utc", "t_2m", 1.0, -273.15))
    yield Real("haute borne wind", Facts("wind", height_m=100.0), _rows(frame, "ts_utc", "ws_100m"))
    for (site,), part in _parquet("wind_power_4_sites_2017_2021/hourly.parquet").partition_by("site", as_dict=True).items():
        yield Real(f"site {site} temperature", Facts("temperature", latitude_deg=45.0), _rows(part, "local_time", "temperature_2m", 5 / 9, -160 / 9))
        yield Real(f"site {site} wind", Facts("wind", height_m=100.0), _rows(part, "local_time", "windspeed_100m"))


Change = Callable[[pl.Expr], pl.Expr]
POWER: dict[str, Change] = {"kW for MW": lambda v: v * 1000.0, "GW for MW": lambda v: v / 1000.0}
SEEDS: dict[str, dict[str, Change]] = {
    "output": POWER,
    "zone_output": POWER,
    "load": POWER,
    "price": {"per kWh": lambda v: v / 1000.0, "hundredths per kWh": lambda v: v / 10.0},
    "temperature": {"Kelvin": lambda v: v + 273.15, "Fahrenheit": lambda v: v * 1.8 + 32.0},
    "ghi": {"kW/m2": lambda v: v / 1000.0, "J/m2 an hour": lambda v: v * 3600.0, "kJ/m2 an hour": lambda v: v * 3.6},
    "wind": {"km/h": lambda v: v * 3.6, "knots": lambda v: v * 1.943844},
}
NEEDS_A_PAST = ("load", "wind knots")
"""Whole series of another unit that contradict nothing a series alone can be held against (`doctor` compares wind with a meter)."""


def false_alarms(series: Real) -> tuple[int, int, pl.DataFrame]:
    """(days with a value held for no known reason, days, the held values)."""
    held = series.rows.join(judge(series.rows, series.facts), on="row")
    right, _ = KNOWN_WRONG.get(series.name, ("", ""))
    return held.filter(pl.col("check") != right)["day"].n_unique(), series.rows.drop_nulls("value")["day"].n_unique(), held


@dataclass(frozen=True)
class Answer:
    """What became of a planted error."""

    series: str
    found: bool
    share: float
    wait_days: int


def seeded(series: Real, change: Change, *, whole: bool) -> Answer | None:
    """Whether the error is found, the share of its days held, days until the first; None where the series ends before it."""
    days = series.rows["day"].unique().sort()
    first = days[0] if whole else days[int(len(days) * SEED_AT)]
    wrong = series.rows.with_columns(value=pl.when(pl.col("day") >= first).then(change(pl.col("value"))).otherwise(pl.col("value")))
    past = series.rows.filter(pl.col("day") < first, pl.col("value").is_finite(), pl.col("value") != 0.0)["day"].n_unique()
    seen = wrong.filter(pl.col("day") >= first, pl.col("value").is_finite(), pl.col("value") != 0.0)["day"].n_unique()
    if seen < LEAST_DAYS or (not whole and past < LEAST_DAYS):
        return None
    held = wrong.join(judge(wrong, series.facts), on="row")["day"].unique().sort()
    held = held.filter(held >= first)
    return Answer(series.name, len(held) > 0, len(held) / seen, (held[0] - first).days if len(held) else -1)


def seeded_table(found: list[Real]) -> Iterator[tuple[str, list[Answer]]]:
    """(quantity, error, since when) in words, and the answer of each series."""
    for quantity, changes in SEEDS.items():
        own = [s for s in found if s.facts.quantity == quantity and s.name not in KNOWN_WRONG]
        for name, change in changes.items():
            for whole in (False, True):
                fit = [
                    s
                    for s in own
                    if not whole or (not {quantity, f"{quantity} {name}"} & set(NEEDS_A_PAST) and (quantity != "zone_output" or s.facts.capacity_mw))
                ]
                told = [answer for answer in (seeded(s, change, whole=whole) for s in fit) if answer is not None]
                if told:
                    yield f"{quantity} | {name} | {'the start' if whole else 'one day on'}", told


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    """Print both tables; 1 when a bar is missed."""
    found = list(real_series())
    wrong = days = 0
    _say("| series | days | days with a held value | what |\n|---|---|---|---|")
    for series in found:
        alarms, count, held = false_alarms(series)
        wrong, days = wrong + alarms, days + count
        excused = KNOWN_WRONG.get(series.name, ("", ""))[1]
        if held.height:
            shown = f"{held['day'][0]} {held['value'][0]:.4g}: {held['detail'][0]}"
            _say(f"| {series.name} | {count} | {alarms} | {f'wrong as published ({excused}); ' if excused else ''}{shown} |")
    rate = 1000.0 * wrong / days
    _say(f"\n{len(found)} series, {days} series-days, {wrong} false alarms: {rate:.2f} per 1,000\n")
    _say("| quantity | error | from | series | found | days held | median days until | missed |\n|---|---|---|---|---|---|---|---|")
    missed = 0
    for words, told in seeded_table(found):
        hits = [t for t in told if t.found]
        missed += len(told) - len(hits)
        wait = sorted(t.wait_days for t in hits)[len(hits) // 2] if hits else -1
        names = ", ".join(t.series for t in told if not t.found)
        _say(f"| {words} | {len(told)} | {len(hits)} | {sum(t.share for t in told) / len(told):.0%} | {wait} | {names} |")
    return int(rate >= 1.0 or missed > 0)


if __name__ == "__main__":
    sys.exit(main())
