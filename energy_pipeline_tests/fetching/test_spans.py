"""Requests are the fewest a source allows, and never above its quota on a clock that only waits move."""

import tempfile
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from energy_pipeline.domain.delivery import DeliveryDay, days_between
from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.ingestion.connectors.contract import Asked
from energy_pipeline_tests.fetching.morning import SUBJECTS, Morning, right_world

YEAR = (date(2024, 10, 1), date(2025, 9, 30))
PLACE = (("latitude", "54.2"), ("longitude", "8.9"), ("height_m", "100"))


@pytest.mark.parametrize(
    ("source", "table", "dataset", "key", "count"),
    [
        ("energy_charts", "day_ahead_prices", "day_ahead_prices", {"zone": "DE_LU"}, 1),
        ("energy_charts", "generation_actual", "generation_actual", {"zone": "DE_LU", "technology": "wind"}, 1),
        ("energy_charts", "generation_forecast", "generation_forecast", {"zone": "DE_LU", "technology": "wind"}, 2),
        ("smard", "day_ahead_prices", "day_ahead_prices", {"zone": "DE_LU"}, 53),
        ("smard", "generation_actual", "generation_actual", {"zone": "DE_LU", "technology": "wind"}, 106),
        ("open_meteo", "weather_forecast", "single_runs", {"location": "coast"}, 365),
        ("open_meteo", "weather_forecast", "previous_runs", {"location": "coast"}, 4),
        ("open_meteo", "weather_observed", "archive", {"location": "coast"}, 1),
        ("elexon", "load_actual", "load_actual", {"zone": "GB"}, 1),
    ],
)
def test_a_year_takes_the_fewest_requests(source, table, dataset, key, count):
    time_zone = "Europe/London" if source == "elexon" else "Europe/Berlin"
    asked = Asked(table, tuple(key.items()), dataset, PLACE if source == "open_meteo" else (), time_zone)
    assert CONNECTORS[source].problems(asked) == []
    requests = CONNECTORS[source].requests(asked, *YEAR)
    assert len(requests) == count
    start, end = asked.span(*YEAR)
    assert min(r.start for r in requests) <= start
    assert max(r.end for r in requests) >= end


@pytest.mark.parametrize("source", ["smard", "energy_charts", "open_meteo"])
@pytest.mark.parametrize("day", [date(2025, 10, 26), date(2026, 3, 29), date(2025, 6, 4)])
def test_every_delivery_day_lies_inside_its_requests(source, day):
    subject = SUBJECTS[source]
    asked = Asked(subject.table, tuple(subject.key.items()), subject.first["dataset"], PLACE if source == "open_meteo" else ())
    whole = DeliveryDay(day, "Europe/Berlin")
    requests = CONNECTORS[source].requests(asked, day, day)
    assert [r for r in requests if r.start <= whole.start and whole.end <= r.end]


@pytest.mark.parametrize("source", ["energy_charts", "smard", "open_meteo"])
def test_no_stretch_of_the_clock_holds_more_than_the_quota(source):
    subject, first = SUBJECTS[source], date(2025, 10, 15)
    world = right_world(first)
    with tempfile.TemporaryDirectory() as folder:
        world.asked.clear()
        morning = Morning(subject, world, world, Path(folder), DeliveryDay(first, "Europe/Berlin").start + timedelta(hours=14))
        with morning.server:
            for day in days_between(first - timedelta(days=3), first + timedelta(days=1)) * 2:
                morning.fetch(day, day)
    quota = CONNECTORS[source].quota
    weights = {"/price": 4.0}
    sent = [(at, weights.get(path, 1.0)) for at, name, path, _ in world.asked if name == source]
    assert sent
    for most, seconds in quota.windows:
        for at, _ in sent:
            assert sum(w for t, w in sent if at <= t < at + timedelta(seconds=seconds)) <= most
    gaps = [(b[0] - a[0]).total_seconds() for a, b in pairwise(sent)]
    assert all(gap >= quota.gap_seconds for gap in gaps)
