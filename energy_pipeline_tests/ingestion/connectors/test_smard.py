"""SMARD's weekly files: the recorded values, weeks over clock changes, MWh of an interval as MW, nulls that are no zeros."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest

from energy_pipeline.ingestion.connectors.contract import Asked, Changed, NotYet, Rows, Unavailable
from energy_pipeline.ingestion.connectors.smard import SMARD, parsing
from energy_pipeline_tests.ingestion.connectors.recordings import answered, needs_recordings, recorded, request_of

AUTUMN = date(2025, 10, 26)
ZONE = {"zone": "DE_LU"}


def price_request(day=AUTUMN):
    return request_of("smard", "day_ahead_prices", ZONE, "day_ahead_prices", day)


def load_request(day=AUTUMN):
    return request_of("smard", "load_actual", ZONE, "load_actual", day)


def week_body(request, value):
    stamps = range(int(request.start.timestamp()), int(request.end.timestamp()), 900)
    return json.dumps({"meta_data": {"version": 1, "created": None}, "series": [[s * 1000, value(i)] for i, s in enumerate(stamps)]}).encode()


@needs_recordings
def test_the_day_of_25_hours_has_its_100_recorded_quarters():
    rows = answered(price_request(), recorded("smard/4169_DE_LU_quarterhour_2025-10-26_100_values.json")).frame
    assert (rows.height, rows["price_eur_mwh"][0], rows["price_eur_mwh"][-1]) == (100, 7.17, 3.16)
    assert rows["delivery_start"].dt.strftime("%dT%H:%M").to_list()[::99] == ["25T22:00", "26T22:45"]
    hours = rows.group_by_dynamic("delivery_start", every="1h").agg(pl.col("price_eur_mwh").mean())["price_eur_mwh"]
    assert hours[2] == pytest.approx(3.19)
    assert hours[3] == pytest.approx(2.015)
    assert rows["resolution_minutes"].unique().to_list() == [15]


@needs_recordings
def test_null_is_not_there_yet_and_never_zero():
    rows, not_yet = parsing.week(recorded("smard/hour_trimmed_with_null.json"), "hour", "price")
    assert rows["value"].to_list() == [192.13, 178.81, 163.9, 160.28, 159.07]
    assert rows["delivery_start"][0] == datetime(2026, 8, 16, 22, tzinfo=UTC)
    assert not_yet.height > 0
    assert not (rows["value"] == 0).any()


@pytest.mark.parametrize(("day", "quarters"), [(AUTUMN, 7 * 96 + 4), (date(2025, 3, 30), 7 * 96 - 4), (date(2025, 6, 4), 7 * 96)])
def test_a_week_begins_on_the_local_monday_and_holds_its_clock_change(day, quarters):
    request = load_request(day)
    outcome = answered(request, week_body(request, lambda i: 10_000.0 + i))
    assert outcome.frame.height == quarters
    assert outcome.frame["load_mw"][0] == 40_000.0  # 10 GWh in a quarter are 40 GW
    assert str(int(request.start.timestamp() * 1000)) in request.path


def test_the_keys_of_the_weeks_move_with_the_clock():
    keys = parsing.weeks(datetime(2025, 10, 20, tzinfo=UTC), datetime(2025, 11, 3, tzinfo=UTC))
    assert keys == [1760911200000, 1761519600000, 1762124400000]
    assert [b - a for a, b in pairwise(keys)] == [169 * 3_600_000, 168 * 3_600_000]


def test_before_october_2025_prices_are_asked_as_hours_and_the_week_of_the_change_twice():
    asked = Asked("day_ahead_prices", tuple(ZONE.items()), "day_ahead_prices")
    paths = [r.path for r in SMARD.requests(asked, date(2025, 9, 30), date(2025, 10, 1))]
    assert ["_hour_" in p for p in paths] == [True, False]
    assert {p.rsplit("_", 1)[1] for p in paths} == {"1759096800000.json"}
    hours, quarters = SMARD.requests(asked, date(2025, 9, 30), date(2025, 10, 1))
    assert hours.end == quarters.start == datetime(2025, 9, 30, 22, tzinfo=UTC)


def test_wind_is_two_files_and_each_row_says_which():
    asked = Asked("generation_actual", (("zone", "DE_LU"), ("technology", "wind")), "generation_actual")
    requests = SMARD.requests(asked, date(2025, 6, 4), date(2025, 6, 4))
    assert len(requests) == 2
    assert len({r.key for r in requests}) == 1
    parts = [answered(r, week_body(r, lambda _: 1.0)).frame["part"].unique().to_list() for r in requests]
    assert parts == [["4067"], ["1225"]]


def test_every_answer_carries_its_licence():
    request = load_request()
    assert "CC BY 4.0, Bundesnetzagentur" in answered(request, week_body(request, lambda _: 9_000.0)).notes[-1]


def test_another_zone_is_told_before_anything_is_sent():
    assert "Energy-Charts" in SMARD.problems(Asked("load_actual", (("zone", "FR"),), "load_actual"))[0]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", Unavailable),
        (b"<!doctype html><html></html>", Unavailable),
        (b'{"series": [[1761519600000, 1.0], [176', Unavailable),
        (b"[]", Changed),
        (b'{"meta_data": {}, "points": []}', Changed),
        (b'{"meta_data": {}, "series": [[1761519600000, "1.0"]]}', Changed),
        (b'{"meta_data": {}, "series": [[1761519600, 1.0]]}', Changed),
        (b'{"meta_data": {}, "series": [[1761519600000, 1.0], [1761523200000, 1.0]]}', Changed),
        (b'{"meta_data": {}, "series": [[1761519600000, 1.0], [1761519600000, 1.0]]}', Changed),
        (b'{"meta_data": {}, "series": [[1761519600000, NaN]]}', Unavailable),
        (b'{"meta_data": {}, "series": []}', NotYet),
    ],
)
def test_a_body_that_is_none_ends_in_an_outcome_with_a_reason(raw, kind):
    outcome = answered(load_request(date(2025, 10, 28)), raw)
    assert isinstance(outcome, kind)
    assert outcome.reason
    assert not isinstance(outcome, Rows)


def test_a_week_that_is_not_there_is_not_there_yet():
    assert isinstance(answered(load_request(), b"<html>not found</html>", 404), NotYet)
