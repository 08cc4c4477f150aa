"""What the desk file contradicts, and what weeks of data betray."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from energy_pipeline.desk import load_desk
from energy_pipeline.desk.load import desk_from
from energy_pipeline.ingestion.desk_plausibility import clock_problem, coverage, desk_problems, member_history, series_problems, speed_unit
from energy_pipeline.renewables.wind_plants import farm_problems

DESKS = Path(__file__).parents[1] / "desks"
SHIPPED = sorted((Path(__file__).parents[2] / "energy_pipeline" / "desk").rglob("*.yaml"))


def tiny(**changed):
    data = yaml.safe_load((DESKS / "tiny.yaml").read_text())
    for path, value in changed.items():
        *steps, last = path.split("__")
        place = data
        for step in steps:
            place = place[step]
        place[last] = value
    return desk_from(data, "tiny")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_desks_contradict_nothing(path):
    if "zones" not in yaml.safe_load(path.read_text()):
        pytest.skip("a part of a desk")
    assert desk_problems(load_desk(path)) == []


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"weather__coast": {"latitude_deg": 8.9, "longitude_deg": 54.2, "wind_height_m": 100}}, "swapped"),
        ({"weather__valley": {"latitude_deg": 11.6, "longitude_deg": 48.3}}, "swapped"),
        ({"weather__coast": {"latitude_deg": -54.2, "longitude_deg": 8.9, "wind_height_m": 100}}, "correct latitude_deg"),
        ({"plants__valley_solar__azimuth_deg": 0.0}, "faces away from the equator"),
        ({"plants__valley_solar__inverter_mw": 50_000.0, "plants__valley_solar__peak_mw": 60_000.0}, "kW for MW"),
        ({"plants__coast_wind__turbine": "E-126/4200", "plants__coast_wind__turbines": 30}, "30 machines of 4.2 MW"),
        ({"plants__coast_wind__turbine": "V999/9999"}, "not in the library"),
    ],
)
def test_numbers_of_the_desk_file_that_contradict_each_other_are_told(changed, word):
    desk = tiny(**changed)
    assert word in " ".join([*desk_problems(desk), *farm_problems(desk)])


def sunny(shift_minutes=0, *, local=False, longitude=10.0, minutes=60, days=360):
    """Light of a clear sky at 50 degrees north, labelled as asked."""
    steps = days * 1440 // minutes
    start = np.datetime64("2024-01-01", "us") + np.arange(steps) * np.timedelta64(minutes, "m")
    frame = pl.DataFrame({"delivery_start": start}).with_columns(pl.col("delivery_start").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    of_year = frame["delivery_start"].dt.ordinal_day().to_numpy()
    minute = (frame["delivery_start"].dt.hour().cast(pl.Int64) * 60 + frame["delivery_start"].dt.minute()).to_numpy() + minutes / 2
    angle = 2 * np.pi * (of_year - 81) / 364
    noon = 720 - 4 * longitude - (9.87 * np.sin(2 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle))
    declination, latitude = np.radians(23.45 * np.sin(2 * np.pi * (284 + of_year) / 365)), np.radians(50.0)
    up = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos((minute - noon) / 1440 * 2 * np.pi)
    frame = frame.with_columns(pl.Series("ghi_w_m2", np.maximum(up, 0) * 900), resolution_minutes=pl.lit(minutes), known_at=pl.col("delivery_start"))
    if local:
        wall = pl.col("delivery_start").dt.convert_time_zone("Europe/Berlin").dt.replace_time_zone(None)
        frame = frame.with_columns(wall.dt.replace_time_zone("UTC").alias("delivery_start"))
    return frame.with_columns(pl.col("delivery_start") + timedelta(minutes=shift_minutes))


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        (sunny(), ""),
        (sunny(minutes=15), ""),
        (sunny(60), "`label: end`"),
        (sunny(30, minutes=30), "`label: end`"),
        (sunny(local=True), "`clock: local`"),
        (sunny(-120), "shifted"),
        (sunny(60, days=60), "`label: end`"),
    ],
)
def test_the_sun_betrays_a_wrong_clock(rows, word):
    found = clock_problem(rows, "ghi_w_m2", 10.0, "Europe/Berlin")
    assert word in found
    assert bool(found) is bool(word)


@pytest.mark.parametrize(("factor", "unit"), [(1.0, ""), (3.6, "km/h"), (1.943844, "knots")])
def test_a_meter_tells_the_unit_of_wind(factor, unit):
    rng = np.random.default_rng(2)
    wind = np.clip(rng.weibull(2.0, 3000) * 8.0, 0, 24)
    output = np.clip((wind**3 - 27) / (12.0**3 - 27), 0, 1) * rng.uniform(0.8, 1.0, 3000)
    assert speed_unit(wind * factor, output) == unit


def test_rows_known_only_in_the_future_are_told():
    now, day = datetime(2024, 4, 20, tzinfo=UTC), date(2024, 4, 10)
    rows = pl.DataFrame({"delivery_day": [day, day], "known_at": [now - timedelta(days=9), now + timedelta(days=300)]})
    (told,) = series_problems(tiny(), {"load_actual": rows}, now)
    assert "1 rows of days that are over are known only in the future" in told


def test_coverage_folds_gaps_and_members_name_what_they_lack():
    series = {
        "table": "day_ahead_prices",
        "key": {"zone": "NORTH"},
        "known_at": {"anchor": "delivery_day", "days": -1, "at": "12:45", "basis": "assumption"},
        "parts": [{"path": "p.csv", "time": {"column": "t"}, "values": {"price_eur_mwh": {"columns": ["p"]}}}],
    }
    desk = tiny(sources={"files": [series]})
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(40) if i not in (3, 4, 5, 20)]
    frame = pl.DataFrame({"delivery_day": days, "zone": ["NORTH"] * len(days)})
    (line,) = coverage(desk, "day_ahead_prices", frame, date(2024, 3, 1))
    assert line == "zone=NORTH: 36 days of 40, 2024-01-01 .. 2024-02-09; 2 gap(s): 2024-01-04 .. 2024-01-06, 2024-01-21"
    assert member_history(desk, frame) == ["NORTH has 36 days of prices: left out until there are more: lear_56 (56)"]
