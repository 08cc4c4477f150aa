"""Energy-Charts in the form its documentation and public code show: units, licence, nulls, parts, clock changes."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from energy_pipeline.ingestion.connectors.contract import Asked, Changed, NotYet, Refused, Rows, Throttled, Unavailable
from energy_pipeline.ingestion.connectors.energy_charts import ENERGY_CHARTS
from energy_pipeline_tests.ingestion.connectors.recordings import answered, request_of

FREE = "CC BY 4.0 (creativecommons.org/licenses/by/4.0) from Bundesnetzagentur | SMARD.de"
PRIVATE = "For private and internal use only."


def price_request(first, last=None, zone="DE_LU"):
    return request_of("energy_charts", "day_ahead_prices", {"zone": zone}, "day_ahead_prices", first, last)


def generation_request(first, technology="wind", dataset="generation_actual"):
    return request_of("energy_charts", dataset, {"zone": "FR", "technology": technology}, dataset, first)


def stamps(request, minutes=15):
    return list(range(int(request.start.timestamp()), int(request.end.timestamp()), minutes * 60))


def prices(request, values=None, *, minutes=15, unit="EUR / MWh", licence=FREE, **other):
    times = stamps(request, minutes)
    values = values if values is not None else [40.0 + i % 7 for i in range(len(times))]
    return json.dumps({"license_info": licence, "unix_seconds": times, "price": values, "unit": unit, "deprecated": False} | other).encode()


def power(request, **data):
    times = stamps(request)
    types = [{"name": n.replace("_", " "), "data": v if isinstance(v, list) else [v] * len(times)} for n, v in data.items()]
    return json.dumps({"unix_seconds": times, "production_types": types, "deprecated": False}).encode()


@pytest.mark.parametrize(("day", "count"), [(date(2026, 3, 29), 92), (date(2025, 10, 26), 100), (date(2026, 7, 1), 96)])
def test_days_of_23_and_25_hours_have_92_and_100_quarters(day, count):
    request = price_request(day)
    outcome = answered(request, prices(request))
    assert outcome.frame.height == count
    assert outcome.frame["delivery_start"].diff().drop_nulls().unique().to_list() == [timedelta(minutes=15)]


def test_the_change_to_quarters_inside_one_answer_is_read_by_day():
    request = price_request(date(2025, 9, 30), date(2025, 10, 1))
    hours = [t for t in stamps(request, 60) if t < 1759269600]
    times = hours + [t for t in stamps(request) if t >= 1759269600]
    body = json.dumps({"license_info": FREE, "unix_seconds": times, "price": [1.0 + i for i in range(len(times))], "unit": "EUR / MWh"}).encode()
    frame = answered(request, body).frame
    assert frame.height == 24 + 96
    assert frame.group_by("resolution_minutes").len().sort("resolution_minutes").rows() == [(15, 96), (60, 24)]


def test_a_year_is_one_request_and_its_days_are_local():
    asked = Asked("day_ahead_prices", (("zone", "DE_LU"),), "day_ahead_prices")
    (request,) = ENERGY_CHARTS.requests(asked, date(2024, 10, 1), date(2025, 9, 30))
    assert dict(request.params) == {"bzn": "DE-LU", "start": "2024-10-01", "end": "2025-09-30"}
    assert len(ENERGY_CHARTS.requests(asked, date(2024, 2, 29), date(2025, 2, 28))) == 2


@pytest.mark.parametrize(("licence", "text"), [(FREE, "CC BY 4.0"), (PRIVATE, "not for publication")])
def test_the_licence_of_the_zone_goes_with_the_rows(licence, text):
    request = price_request(date(2026, 7, 1))
    assert text in answered(request, prices(request, licence=licence)).notes[-1]


def test_null_is_not_there_yet_and_never_zero():
    request = price_request(date(2026, 7, 1))
    outcome = answered(request, prices(request, [50.0] * 40 + [None] * 56))
    assert outcome.frame.height == 40
    assert isinstance(answered(request, prices(request, [None] * 96)), NotYet)


def test_wind_is_the_sum_of_its_parts_and_a_missing_part_leaves_no_sum():
    request = generation_request(date(2026, 7, 1))
    outcome = answered(request, power(request, Wind_onshore=100.0, Wind_offshore=[50.0] * 90 + [None] * 6, Solar=7.0, Load=5.0))
    wind = outcome.frame.filter(technology="wind")
    assert wind["generation_mw"].to_list() == [150.0] * 90
    assert outcome.frame.filter(technology="solar").height == 96


def test_wind_and_solar_of_a_zone_are_one_request():
    assert generation_request(date(2026, 7, 1)) == generation_request(date(2026, 7, 1), "solar")


def test_a_country_without_offshore_has_its_onshore_wind():
    request = generation_request(date(2026, 7, 1))
    assert answered(request, power(request, Wind_onshore=100.0)).frame["generation_mw"].to_list() == [100.0] * 96


def test_an_answer_to_another_question_is_refused():
    request = generation_request(date(2026, 7, 1), "solar", "generation_forecast")
    body = json.dumps({"unix_seconds": stamps(request), "forecast_values": [1.0] * 96, "forecast_type": "intraday", "production_type": "solar"})
    assert isinstance(answered(request, body.encode()), Changed)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"unit": "EUR / kWh"}, Changed),
        ({"unit": "ct / kWh"}, Changed),
        ({"unit": None}, Changed),
        ({"price": [1.0] * 95}, Changed),
        ({"price": ["1,0"] * 96}, Changed),
        ({"price": {"a": 1}}, Changed),
        ({"unix_seconds": ["2026-07-01T00:00"] * 96}, Changed),
    ],
)
def test_another_unit_or_form_is_a_named_error(change, kind):
    request = price_request(date(2026, 7, 1))
    outcome = answered(request, prices(request, **{"values" if k == "price" and not isinstance(v, dict) else k: v for k, v in change.items()}))
    assert isinstance(outcome, kind)
    assert outcome.reason


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (200, b"", Unavailable),
        (200, b"<html>down</html>", Unavailable),
        (200, b'{"license_info": "x", "unix_seconds": [17829', Unavailable),
        (200, b'{"prices": []}', Changed),
        (404, b'{"detail": "no data"}', NotYet),
        (422, b'{"detail": "bzn"}', Refused),
        (429, b"slow down", Throttled),
        (500, b"", Unavailable),
    ],
)
def test_every_status_and_body_has_its_outcome(status, raw, kind):
    outcome = answered(price_request(date(2026, 7, 1)), raw, status)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Rows)


BEFORE, AFTER = datetime(2026, 6, 30, 9, tzinfo=UTC), datetime(2026, 6, 30, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "received", "kept"),
    [
        ([0.0] * 96, BEFORE, 0),  # the auction has not run
        ([0.0] * 96, AFTER, 0),  # zeros to the day's end: no second source has them
        ([50.0] * 40 + [0.0] * 56, AFTER, 40),
        ([0.0] * 80 + [50.0] * 16, AFTER, 96),  # zeros that end before the day does are prices: 19 hours in a row were seen in Spain
        ([50.0] * 92 + [0.0] * 4, AFTER, 96),  # an hour of zeros at the end was seen
        ([-1.0] * 96, AFTER, 96),
    ],
)
def test_zeros_of_what_is_not_yet_known_are_no_prices_and_zero_prices_are(values, received, kept):
    request = price_request(date(2026, 7, 1))
    outcome = answered(request, prices(request, values), received_at=received)
    sure = outcome.frame if isinstance(outcome, Rows) else pl.DataFrame()
    if "unconfirmed" in sure.columns:
        assert "until a second source shows them" in outcome.notes[0]
        sure = sure.filter(~pl.col("unconfirmed"))
    assert sure.height == kept
    if not isinstance(outcome, Rows):
        assert "not known" in outcome.reason


def test_an_actual_of_the_future_and_a_load_of_zero_are_not_known():
    request = request_of("energy_charts", "load_actual", {"zone": "FR"}, "load_actual", date(2026, 7, 1))
    noon = datetime(2026, 7, 1, 10, tzinfo=UTC)
    outcome = answered(request, power(request, Load=[50_000.0] * 40 + [0.0] * 4 + [51_000.0] * 52), received_at=noon)
    assert outcome.frame.height == 44
    assert outcome.frame["load_mw"].min() == 50_000.0
    assert sum("not known" in n for n in outcome.notes) == 2


def test_an_answer_without_times_is_not_there_yet_and_half_hours_are_read():
    request = price_request(date(2026, 7, 1))
    assert isinstance(answered(request, b'{"unix_seconds": [], "price": [], "unit": "EUR / MWh"}'), NotYet)
    halves = answered(request, prices(request, [40.0] * 48, minutes=30))
    assert halves.frame["resolution_minutes"].unique().to_list() == [30]
