"""Elexon's recorded answers: three envelopes, settlement periods of British days, every vintage with its publication."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest

from energy_pipeline.ingestion.connectors.contract import AnswerError, Asked, Changed, NotYet, Rows, Unavailable
from energy_pipeline.ingestion.connectors.elexon import ELEXON, parsing
from energy_pipeline_tests.ingestion.connectors.recordings import answered, needs_recordings, recorded

GB = {"zone": "GB"}


def request_of(table, dataset, day, key=GB, **options):
    asked = Asked(table, tuple(key.items()), dataset, tuple(options.items()), "Europe/London")
    assert ELEXON.problems(asked) == []
    return ELEXON.requests(asked, day, day)[0]


@needs_recordings
def test_two_vintages_stand_side_by_side_with_their_publication():
    raw = recorded("elexon/demand_forecast_ndf_two_vintages.json")
    rows = parsing.series(parsing.records(raw), "demand", "publishTime")
    assert rows["published_at"].dt.strftime("%H:%M").unique().sort().to_list() == ["10:16", "10:49"]
    outcome = answered(request_of("load_forecast", "load_forecast", date(2026, 8, 20)), raw)
    assert outcome.frame.filter(pl.col("delivery_start") == datetime(2026, 8, 19, 23, tzinfo=UTC))["load_mw"].to_list() == [21930.0]
    assert ELEXON.datasets["load_forecast"].known_at.column == "published_at"
    assert len(parsing.records(recorded("elexon/demand_forecast_ndf_two_vintages.json"))) == 6


@needs_recordings
def test_the_outturn_is_published_half_an_hour_later():
    frame = answered(request_of("load_actual", "load_actual", date(2026, 8, 19)), recorded("elexon/demand_outturn_indo.json")).frame
    assert frame["load_mw"].to_list() == [23803.0, 23134.0, 22748.0]
    assert (frame["published_at"] - frame["delivery_start"]).dt.total_minutes().to_list() == [30, 30, 30]


@needs_recordings
def test_the_system_price_of_period_5_starts_at_1_utc():
    request = request_of("second_prices", "system_prices", date(2026, 8, 1), GB | {"price_kind": "imbalance"}, currency="GBP")
    (row,) = answered(request, recorded("elexon/system_prices_2026-08-01_sp5.json")).frame.rows(named=True)
    assert (row["delivery_start"], row["price_eur_mwh"]) == (datetime(2026, 8, 1, 1, tzinfo=UTC), 160.0)
    assert row["published_at"] == datetime(2026, 8, 2, 1, 44, 33, tzinfo=UTC)
    record = parsing.records(recorded("elexon/system_prices_2026-08-01_sp5.json"))[0]
    assert record["netImbalanceVolume"] == pytest.approx(344.249492314814801830)


@needs_recordings
def test_a_meters_half_hour_is_told_by_its_period_and_ends_where_the_naive_time_says_in_utc():
    for record in parsing.records(recorded("elexon/metered_b1610_naive_time.json")):
        start = parsing.period_start(record["settlementDate"], record["settlementPeriod"])
        assert f"{start.timestamp() + 1800:.0f}" == f"{datetime.fromisoformat(record['halfHourEndTime'] + '+00:00').timestamp():.0f}"


@needs_recordings
def test_of_three_revisions_the_newest_by_publication_counts_and_dismissed_is_withdrawn():
    frame = answered(request_of("outages", "outages", date(2026, 8, 19)), recorded("elexon/remit_three_revisions.json")).frame
    rock = frame.filter(pl.col("outage_id") == "ROCK-1").sort("revision")
    assert rock["withdrawn"].to_list() == [False, False, True]
    assert rock["unavailable_mw"].to_list() == [388.0, 388.0, 388.0]
    assert frame.filter(pl.col("outage_id") == "LNMTH-2")["unavailable_mw"].to_list() == [43.0]


@needs_recordings
def test_the_empty_provider_of_the_market_index_is_no_price():
    request = request_of("day_ahead_prices", "market_index", date(2022, 9, 26), currency="GBP")
    assert len(parsing.records(recorded("elexon/market_index_specimen.json"))) == 1
    assert isinstance(answered(request, recorded("elexon/market_index_specimen.json")), NotYet)


@needs_recordings
@pytest.mark.parametrize("name", ["demand_forecast_evolution_specimen", "windfor_specimen", "fuelhh_specimen"])
def test_a_specimen_has_its_one_record(name):
    assert len(parsing.records(recorded(f"elexon/{name}.json"))) == 1


@needs_recordings
def test_a_specimen_without_instants_is_refused_by_name():
    request = request_of("generation_forecast", "wind_forecast", date(2026, 8, 1), GB | {"technology": "wind"})
    outcome = answered(request, recorded("elexon/windfor_specimen.json"))
    assert isinstance(outcome, Changed)
    assert "'string' is no instant" in outcome.reason


@pytest.mark.parametrize(("day", "periods"), [("2026-03-29", 46), ("2026-10-25", 50), ("2026-08-01", 48)])
def test_a_british_day_has_46_48_or_50_periods(day, periods):
    assert parsing.period_start(day, periods).astimezone(UTC) is not None
    with pytest.raises(AnswerError, match="no settlement period"):
        parsing.period_start(day, periods + 1)


def test_a_start_that_contradicts_its_period_is_refused():
    row = {
        "settlementDate": "2026-08-01",
        "settlementPeriod": 5,
        "startTime": "2026-08-01T02:00:00Z",
        "publishTime": "2026-08-01T02:00:00Z",
        "demand": 1,
    }
    outcome = answered(request_of("load_actual", "load_actual", date(2026, 8, 1)), json.dumps([row]).encode())
    assert isinstance(outcome, Changed)
    assert "startTime says" in outcome.reason


def test_a_price_needs_its_currency_said():
    asked = Asked("day_ahead_prices", (("zone", "GB"),), "market_index", (), "Europe/London")
    assert "GBP" in ELEXON.problems(asked)[0]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"", Unavailable), (b"[]", NotYet), (b'{"rows": []}', Changed), (b'[{"demand": 1}]', Changed), (b"[{", Unavailable)],
)
def test_a_body_that_is_none_ends_in_an_outcome_with_a_reason(raw, kind):
    outcome = answered(request_of("load_actual", "load_actual", date(2026, 8, 1)), raw)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Rows)
