"""ENTSO-E's documents give the values that a separate reader found in them, and everything else is told by name."""

import gzip
import os
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.domain.delivery import DeliveryDay, to_us
from energy_pipeline.ingestion.connectors import connector_of
from energy_pipeline.ingestion.connectors.contract import (
    Answer,
    AnswerError,
    Asked,
    Changed,
    NotYet,
    Refused,
    Request,
    Rows,
    Throttled,
    Unauthorised,
    Unavailable,
    halves,
)
from energy_pipeline.ingestion.connectors.entsoe import documents, outages
from energy_pipeline.ingestion.connectors.entsoe.areas import AREAS

FOLDER = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "api_responses" / "entsoe"
recorded = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"recorded answers are not at {FOLDER} (ENERGY_PIPELINE_DATA): licences forbid shipping them"
)
ENTSOE = connector_of("entsoe")
LATER = datetime(2026, 11, 1, tzinfo=UTC)
TABLES = {
    "prices": "day_ahead_prices",
    "generation_forecast_intraday": "generation_forecast",
    "installed_capacity": "installed_capacity",
}


def body_of(name):
    body = (FOLDER / name).read_bytes()
    return gzip.decompress(body) if name.endswith(".gz") else body


def answered(body, zone, dataset, status=200, received_at=LATER, headers=(), **options):
    asked = Asked(TABLES.get(dataset, dataset), (("zone", zone),), dataset, tuple(options.items()))
    request = ENTSOE.requests(asked, date(2024, 10, 6), date(2024, 10, 6))[0]
    return Answer(request, received_at, status, tuple(headers), body)


def parsed(name, zone, dataset, status=200, **options):
    return ENTSOE.parse(answered(body_of(name), zone, dataset, status, **options))


def span_of(frame):
    return f"{frame['delivery_start'].min():%Y-%m-%dT%H:%M}", f"{frame['delivery_start'].max():%Y-%m-%dT%H:%M}"


PRICES = [
    ("a44_AT_2024-07-28_seq1.xml", "AT", 24, 60, (95.44, 81.23)),
    ("a44_BE_2024-10-08_A03_hourly.xml", "BE", 24, 60, (64.98, 50.0)),
    ("a44_DE_LU_2024-10-06_seq1_hourly_seq2_quarter.xml", "DE_LU", 48, 60, (67.04, 79.12)),
    ("a44_FR_2023-05-07_A01_two_series.xml", "FR", 48, 60, (106.78, 104.04)),
    ("a44_SE4_2023-08-07_A01_negative.xml", "SE4", 48, 60, (-0.19, -5.05)),
]


@recorded
@pytest.mark.parametrize(("name", "zone", "count", "minutes", "ends"), PRICES)
def test_recorded_prices_have_their_right_values(name, zone, count, minutes, ends):
    frame = parsed(name, zone, "prices").frame
    assert frame.height == count
    assert frame["resolution_minutes"].unique().to_list() == [minutes]
    assert (frame["price_eur_mwh"][0], frame["price_eur_mwh"][-1]) == ends


@recorded
def test_a_document_with_two_auctions_gives_the_coupled_one_and_a_left_out_position_repeats():
    frame = parsed("a44_DE_LU_2024-10-06_seq1_hourly_seq2_quarter.xml", "DE_LU", "prices").frame
    assert frame["price_eur_mwh"][23] == 51.71
    assert frame["price_eur_mwh"][14] == frame["price_eur_mwh"][13]
    second = parsed("a44_DE_LU_2024-10-06_seq1_hourly_seq2_quarter.xml", "DE_LU", "prices", sequence="2").frame
    assert (second.height, second["price_eur_mwh"][0], second["price_eur_mwh"][95], second["price_eur_mwh"][191]) == (192, 98.1, 25.09, 70.39)


@recorded
def test_the_second_auction_alone_is_no_price_of_the_first():
    found = parsed("a44_DE_LU_2026-09-01_only_seq2_EXAA.xml", "DE_LU", "prices")
    assert isinstance(found, NotYet)
    assert "sequence 1" in found.reason


@recorded
def test_the_switch_to_quarter_hours_is_read_inside_one_answer_and_intraday_adds_nothing():
    frame = parsed("a44_ES_2025-09-29_hourly_to_2025-10-02_quarter.xml", "ES", "prices").frame
    counts = frame.group_by("resolution_minutes", maintain_order=True).len().rows()
    assert counts == [(60, 48), (15, 192)]
    quarters = frame.filter(pl.col("resolution_minutes") == 15)
    assert span_of(quarters) == ("2025-09-30T22:00", "2025-10-02T21:45")
    assert (frame["price_eur_mwh"][0], quarters["price_eur_mwh"][0], quarters["price_eur_mwh"][-1]) == (51.6, 105.1, 103.27)
    assert isinstance(parsed("a44_ES_intraday_auction1_A07_2025-09-29.xml", "ES", "prices"), NotYet)
    intraday = parsed("a44_ES_intraday_auction1_A07_2025-09-29.xml", "ES", "prices", contract="A07").frame
    assert (intraday.height, intraday["price_eur_mwh"][0], intraday["price_eur_mwh"][-1]) == (96, 75.0, 80.1)


LOADS = [
    ("a65_A01_load_forecast_NL_2024-09-02.xml", "NL", "load_forecast", 96, (11120.58, 11663.96)),
    ("a65_A16_load_actual_NL_2024-09-02.xml", "NL", "load_actual", 96, (12156.45, 12685.73)),
    ("a65_A16_load_actual_BE_2024-01-15_week.xml.gz", "BE", "load_actual", 672, (9728.1, 9128.59)),
]


@recorded
@pytest.mark.parametrize(("name", "zone", "dataset", "count", "ends"), LOADS)
def test_recorded_loads_have_their_right_values(name, zone, dataset, count, ends):
    frame = parsed(name, zone, dataset).frame
    assert (frame.height, frame["load_mw"][0], frame["load_mw"][-1]) == (count, *ends)


@recorded
def test_wind_is_the_sum_of_its_types_and_solar_is_carried_to_the_end_of_its_period():
    frame = parsed("a69_A01_wind_solar_forecast_NL_2024-09-02.xml", "NL", "generation_forecast").frame
    wind, solar = frame.filter(technology="wind"), frame.filter(technology="solar")
    assert (wind.height, solar.height) == (96, 96)
    assert (wind["generation_mw"][0], wind["generation_mw"][-1]) == (717 + 1842, 96 + 36)
    assert solar["generation_mw"][-9:].to_list() == [0.0] * 9


@recorded
def test_intraday_forecasts_begin_at_their_own_midnight_and_end_with_a_short_period():
    ahead = parsed("a69_A01_wind_solar_forecast_FI_2024-02-08.xml.gz", "FI", "generation_forecast").frame.filter(technology="wind")
    now = parsed("a69_A40_wind_solar_forecast_FI_2024-02-08.xml.gz", "FI", "generation_forecast_intraday").frame.filter(technology="wind")
    assert (span_of(ahead), ahead.height) == (("2024-02-07T23:00", "2024-02-10T22:45"), 288)
    assert (span_of(now), now.height) == (("2024-02-07T22:00", "2024-02-09T22:45"), 196)
    assert (ahead["generation_mw"][0], ahead["generation_mw"][-1], now["generation_mw"][0], now["generation_mw"][-1]) == (2224, 1362, 2036, 454)


@recorded
def test_generation_takes_the_direction_into_the_zone_alone():
    body = body_of("a75_A16_generation_NL_2024-09-02.xml.gz")
    every = [(s, p) for s in documents.read(body).series() for p in s.periods("Europe/Amsterdam")]
    assert (len(every), sum(len(p.values) for _, p in every)) == (20, 1920)
    inward = {s.facts["psrType"]: p.values for s, p in every if "inBiddingZone_Domain.mRID" in s.facts}
    frame = parsed("a75_A16_generation_NL_2024-09-02.xml.gz", "NL", "generation_actual").frame
    assert np.array_equal(frame.filter(technology="solar")["generation_mw"].to_numpy(), inward["B16"])
    assert np.allclose(frame.filter(technology="wind")["generation_mw"].to_numpy(), inward["B18"] + inward["B19"], rtol=0, atol=1e-9)


@recorded
def test_pumping_nets_to_the_known_energy_and_hours_between_periods_stay_unknown():
    series = [s for s in documents.read(body_of("a75_A16_generation_FR_2024-06-15.xml")).series() if s.facts["psrType"] == "B10"]
    sums = {"in": 0.0, "out": 0.0}
    for s in series:
        direction = "in" if "inBiddingZone_Domain.mRID" in s.facts else "out"
        sums[direction] += sum(float(p.values.sum()) for p in s.periods("Europe/Paris"))
    assert sums["in"] - sums["out"] == pytest.approx(-11_869)
    hours = [len(p.values) for s in series if "inBiddingZone_Domain.mRID" in s.facts for p in s.periods("Europe/Paris")]
    assert hours == [3, 5]


@recorded
def test_a_hole_between_periods_is_missing_and_no_hour_is_invented():
    periods = [p for s in documents.read(body_of("a11_flow_GB_DK1_2023-12-20_with_holes.xml")).series() for p in s.periods("Europe/Copenhagen")]
    assert [len(p.values) for p in periods] == [39, 2, 3]
    assert np.diff(np.concatenate([p.starts_us for p in periods])).max() == 3 * 3_600_000_000


@recorded
def test_steps_of_days_and_weeks_follow_the_local_calendar_over_both_clock_changes():
    capacity = next(documents.read(body_of("a61_capacity_week_ahead_DK1_DK2_over_spring_change.xml")).series())
    days = next(capacity.periods("Europe/Copenhagen"))
    assert (len(days.values), days.values.min(), days.values.max()) == (41, 600, 600)
    assert days.starts_us[-1] == to_us(datetime(2026, 3, 28, 23, tzinfo=UTC))
    assert days.minutes[-1] == 23 * 60
    weeks = [next(s.periods("Europe/Amsterdam")) for s in documents.read(body_of("a65_A33_load_year_ahead_NL_2024.xml")).series()]
    assert [(len(w.values), w.values[0], w.values[-1]) for w in weeks] == [(53, 9091.65, 10413.82), (53, 15730.67, 17664.04)]
    local = pl.Series(weeks[0].starts_us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Amsterdam")
    assert local.dt.hour().unique().to_list() == [0]


@recorded
def test_installed_capacity_is_a_year_in_one_position_and_asks_for_its_own_document():
    frame = parsed("a68_A33_installed_capacity_NL_2024.xml", "NL", "installed_capacity").frame
    assert frame["resolution_minutes"].unique().to_list() == [366 * 24 * 60]
    assert isinstance(parsed("a71_A33_installed_capacity_per_unit_NL_2024.xml.gz", "NL", "installed_capacity"), Changed)
    units = list(documents.read(body_of("a71_A33_installed_capacity_per_unit_NL_2024.xml.gz")).series())
    sums = {}
    for s in units:
        for p in s.periods("Europe/Amsterdam"):
            sums[p.start.year] = round(sums.get(p.start.year, 0.0) + float(p.values.sum()), 1)
    assert (len(units), sums) == (98, {2022: 21252.5, 2023: 23212.2})


MORE = [
    ("a65_A31_load_week_ahead_CZ_2023-08-13.xml", "Europe/Prague", [(7, 4839, 4408), (7, 8053, 6624)]),
    ("a71_A01_generation_forecast_NL_2024-09-02.xml", "Europe/Amsterdam", [(96, 7390.94, 8809.35)]),
    ("a72_A16_hydro_reservoir_BG_2023-07-10.xml", "Europe/Sofia", [(1, 1909687.74, 1909687.74)]),
    ("a11_flow_2024-09-02_in_NL_out_DE_LU.xml", "Europe/Amsterdam", [(96, 1269.56, 54.2)]),
]


@recorded
@pytest.mark.parametrize(("name", "time_zone", "right"), MORE)
def test_documents_of_other_kinds_have_their_right_values(name, time_zone, right):
    found = [p for s in documents.read(body_of(name)).series() for p in s.periods(time_zone)]
    assert [(len(p.values), p.values[0], p.values[-1]) for p in found] == right


@recorded
def test_every_type_of_a_zone_is_read_as_reported_also_what_a_range_check_must_catch():
    spain = [p for s in documents.read(body_of("a75_A16_generation_ES_2024-06-15.xml.gz")).series() for p in s.periods("Europe/Madrid")]
    assert (len(spain), {len(p.values) for p in spain}, spain[0].points) == (21, {96}, 84)
    norway = {
        s.facts["psrType"]: next(s.periods("Europe/Oslo"))
        for s in documents.read(body_of("a75_A16_generation_NO5_2023-05-09_negative_gas.xml")).series()
    }
    assert {k: (len(p.values), p.values[0], p.values[-1]) for k, p in norway.items()} == {
        "B04": (47, -0.4, -900),
        "B10": (47, 61, 114),
        "B11": (47, 296, 582),
        "B12": (47, 769, 3095),
        "B17": (47, 15, 9),
    }
    assert isinstance(parsed("a75_A16_generation_NO5_2023-05-09_negative_gas.xml", "NO5", "generation_actual"), NotYet)


@recorded
def test_a_zip_of_imbalance_prices_reads_as_quarters_and_is_no_zip_of_outages():
    with zipfile.ZipFile(FOLDER / "a85_imbalance_prices_AT_2024-01-01.zip") as archive:
        series = list(documents.read(archive.read(archive.namelist()[0])).series())
    values = [p for s in series for p in s.periods("Europe/Vienna")]
    assert (len(series), {len(p.values) for p in values}) == (2, {384})
    assert (values[0].values[0], values[0].values[-1]) == (45.93, 21.19)
    assert isinstance(parsed("a85_imbalance_prices_AT_2024-01-01.zip", "AT", "outages"), Changed)


@recorded
def test_outages_count_what_is_missing_and_cancelled_notices_do_not():
    frame = parsed("a80_outages_BE_2024-01.zip", "BE", "outages").frame
    assert (frame["notice_id"].n_unique(), frame.filter("withdrawn")["notice_id"].n_unique()) == (26, 5)
    force = outages.in_force(frame)
    unit = force.filter(pl.col("unit_name") == "RODENHUIZE 4").sort("starts_at")
    assert (unit["unavailable_mw"][0], unit["starts_at"][0]) == (268.0, datetime(2023, 10, 11, 15, 37, tzinfo=UTC))
    assert force.filter("withdrawn").is_empty()


def of_status(status, body, headers=()):
    return ENTSOE.parse(answered(body, "DE_LU", "prices", status, headers=headers))


@recorded
def test_what_is_no_data_is_one_of_six_other_things():
    assert isinstance(parsed("ack_200_no_data_a44_A07_DE_LU.xml", "DE_LU", "prices"), NotYet)
    assert isinstance(parsed("ack_no_data_2016.xml", "DE_LU", "prices"), NotYet)
    assert isinstance(parsed("401_unauthorized.html", "DE_LU", "prices", 401), Unauthorised)
    assert isinstance(parsed("429_too_many_requests.txt", "DE_LU", "prices", 429), Throttled)
    for name in ("ack_400_period_longer_than_P1M.xml", "ack_400_too_many_instances.xml"):
        found = parsed(name, "DE_LU", "load_actual", 400)
        assert isinstance(found, Refused)
        assert found.split


def test_a_wait_is_the_sources_own_where_it_names_one():
    assert of_status(429, b"slow down", [("retry-after", "7")]).wait_seconds == 7.0
    assert of_status(429, b"slow down", [("retry-after", "Sun, 01 Nov 2026 00:02:00 GMT")]).wait_seconds == 120.0
    assert of_status(429, b"slow down").wait_seconds is None


def test_broken_answers_are_told_by_name():
    assert isinstance(of_status(503, b"<html>maintenance</html>"), Unavailable)
    assert isinstance(of_status(200, b"<html>maintenance</html>"), Unavailable)
    assert isinstance(of_status(200, b""), Changed)
    assert isinstance(of_status(200, b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), Changed)
    assert isinstance(of_status(200, b"<Other_MarketDocument><type>A44</type></Other_MarketDocument>"), NotYet)
    assert isinstance(of_status(200, b"<Other_MarketDocument><type>A65</type></Other_MarketDocument>"), Changed)


def document(points, *, resolution="PT60M", curve="A03", start="2025-03-01T23:00Z", end="2025-03-02T23:00Z", **facts):
    """A price document of DE_LU with the points given as {position: price}."""
    own = {
        "in_Domain.mRID": AREAS["DE_LU"].code,
        "contract_MarketAgreement.type": "A01",
        "currency_Unit.name": "EUR",
        "price_Measure_Unit.name": "MWH",
        "classificationSequence_AttributeInstanceComponent.position": "1",
        "curveType": curve,
        **facts,
    }
    lines = "".join(f"<{k}>{v}</{k}>" for k, v in own.items())
    inner = "".join(f"<Point><position>{p}</position><price.amount>{v}</price.amount></Point>" for p, v in points.items())
    period = f"<Period><timeInterval><start>{start}</start><end>{end}</end></timeInterval><resolution>{resolution}</resolution>{inner}</Period>"
    return f'<P xmlns="urn:any:9:9"><type>A44</type><TimeSeries>{lines}{period}</TimeSeries></P>'.encode()


@pytest.mark.parametrize(
    "facts",
    [
        {"currency_Unit.name": "SEK"},
        {"price_Measure_Unit.name": "KWH"},
        {"in_Domain.mRID": AREAS["FR"].code},
        {"resolution": "PT7M"},
        {"end": "2025-03-02T22:30Z"},
        {"start": "2025-03-01T23:00"},
    ],
)
def test_another_currency_unit_area_or_grid_is_refused_by_name(facts):
    assert isinstance(of_status(200, document({1: 10.0}, **facts)), Changed)


@pytest.mark.parametrize("points", [{0: 1.0}, {25: 1.0}, {2: 1.0, 1: 2.0}, {1: "nan"}, {1: "1,5"}])
def test_positions_off_the_period_and_text_are_refused(points):
    assert isinstance(of_status(200, document(points)), Changed)


def test_a_day_of_zeros_is_no_price_until_a_second_source_shows_it():
    found = of_status(200, document({1: 0}))
    assert found.frame["unconfirmed"].all()
    assert "zero" in found.notes[0]


def test_two_values_for_one_hour_are_refused_and_equal_ones_are_one():
    twice = document({1: 10.0}).replace(b"</TimeSeries>", b"</TimeSeries>" + document({1: 11.0}).split(b"</type>")[1].split(b"</P>")[0])
    assert isinstance(of_status(200, twice), Changed)
    same = document({1: 10.0}).replace(b"</TimeSeries>", b"</TimeSeries>" + document({1: 10.0}).split(b"</type>")[1].split(b"</P>")[0])
    assert of_status(200, same).frame.height == 24


@given(
    day=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    minutes=st.sampled_from([15, 30, 60]),
    kept=st.sets(st.integers(2, 100)),
    curve=st.sampled_from(["A01", "A03"]),
)
def test_a_curve_of_any_day_gives_its_carried_values_and_nothing_else(day, minutes, kept, curve):
    """23- and 25-hour days as well: positions count elapsed intervals from the Period's start."""
    whole = DeliveryDay(day, "Europe/Berlin")
    count = whole.count(minutes)
    positions = [1, *sorted(p for p in kept if p <= count)]
    body = document(
        {p: p * 1.5 for p in positions},
        resolution=f"PT{minutes}M",
        curve=curve,
        start=f"{whole.start:%Y-%m-%dT%H:%MZ}",
        end=f"{whole.end:%Y-%m-%dT%H:%MZ}",
    )
    frame = of_status(200, body).frame
    want = {p: p * 1.5 for p in positions}
    if curve == "A03":
        want = {p: max(q for q in positions if q <= p) * 1.5 for p in range(1, count + 1)}
    starts = whole.interval_starts_us(minutes)
    assert frame["delivery_start"].cast(pl.Int64).to_list() == [starts[p - 1] for p in sorted(want)]
    assert frame["price_eur_mwh"].to_list() == [want[p] for p in sorted(want)]


@given(cut=st.integers(0, 900))
def test_a_body_cut_anywhere_is_told_and_never_read(cut):
    body = document({1: 10.0, 5: 12.5})
    assert isinstance(of_status(200, body[: min(cut, len(body) - 1)]), Changed)


def test_a_year_of_prices_is_one_request_and_load_is_asked_by_months_of_utc():
    asked = Asked("day_ahead_prices", (("zone", "DE_LU"),), "prices")
    assert len(ENTSOE.requests(asked, date(2025, 1, 1), date(2025, 12, 31))) == 1
    load = Asked("load_actual", (("zone", "DE_LU"),), "load_actual")
    year = ENTSOE.requests(load, date(2025, 1, 1), date(2025, 12, 31))
    # 31 Dec 23:00Z + 1 month + 1 month is 28 Feb 23:00Z: the three days that February costs need a thirteenth request.
    assert len(year) == 13
    assert all(ENTSOE.datasets["load_actual"].span.after(r.start) >= r.end for r in year)
    may = ENTSOE.requests(load, date(2025, 5, 1), date(2025, 5, 31))
    assert [dict(r.params)["periodEnd"] for r in may] == ["202505302200", "202505312200"]
    assert not any("securityToken" in dict(r.params) for r in year)


def test_wind_and_solar_share_one_question():
    keys = [(("zone", "DE_LU"), ("technology", t)) for t in ("wind", "solar")]
    both = [ENTSOE.requests(Asked("generation_actual", k, "generation_actual"), date(2025, 5, 1), date(2025, 5, 2)) for k in keys]
    assert both[0] == both[1]


def test_wind_with_a_type_missing_is_no_wind():
    facts = {"inBiddingZone_Domain.mRID": AREAS["DE_LU"].code, "quantity_Measure_Unit.name": "MAW", "psrType": "B19"}
    body = document({1: 10.0}, **facts).replace(b"A44", b"A75").replace(b"price.amount", b"quantity").replace(b"<in_Domain.mRID>", b"<x>")
    body = body.replace(b"</in_Domain.mRID>", b"</x>").replace(b"<type>A75</type>", b"<type>A75</type><process.processType>A16</process.processType>")
    assert isinstance(ENTSOE.parse(answered(body, "DE_LU", "generation_actual")), NotYet)
    assert isinstance(ENTSOE.parse(answered(body.replace(b"B19", b"B16"), "DE_LU", "generation_actual")), Rows)


def test_an_actual_that_had_not_ended_when_the_answer_came_is_no_row():
    facts = {"outBiddingZone_Domain.mRID": AREAS["DE_LU"].code, "quantity_Measure_Unit.name": "MAW"}
    body = document({1: 40_000.0}, **facts).replace(b"A44", b"A65").replace(b"price.amount", b"quantity")
    found = ENTSOE.parse(answered(body, "DE_LU", "load_actual", received_at=datetime(2025, 3, 2, 5, 30, tzinfo=UTC)))
    assert found.frame.height == 6


def test_a_refused_span_is_halved_at_a_whole_hour():
    start = datetime(2025, 5, 1, tzinfo=UTC)
    request = Request("entsoe", "outages", (("area", AREAS["FR"].code),), start, start + timedelta(hours=25), "/api", (("periodStart", "x"),))
    first, second = halves(request)
    assert (first[0], second[1], first[1]) == (request.start, request.end, second[0])
    assert dict(ENTSOE.again(request, *first).params) == {"periodStart": "202505010000", "periodEnd": "202505011200"}
    short = Request("entsoe", "outages", (), start, start + timedelta(hours=1), "/api")
    assert halves(short) == []


def test_a_document_type_declaration_is_an_error_of_its_own():
    with pytest.raises(AnswerError, match="DOCTYPE"):
        documents.read(b"<!DOCTYPE x><x/>")
