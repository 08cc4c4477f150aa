"""Open-Meteo's recorded answers give their values; units, labels, models and runs are what they are."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from energy_pipeline.ingestion.connectors.contract import AnswerError, Asked, Changed, NotYet, Refused, Rows, Throttled, Unavailable
from energy_pipeline.ingestion.connectors.open_meteo import OPEN_METEO, parsing
from energy_pipeline_tests.ingestion.connectors.recordings import PLACE, answered, needs_recordings, recorded, request_of

GATE = datetime(2025, 10, 1, 8, 30, tzinfo=UTC)  # 10:30 in Berlin


def run_request(dataset="single_runs", day=date(2026, 9, 2), **options):
    return request_of("open_meteo", "weather_forecast", {"location": "A"}, dataset, day, **PLACE, **options)


def body(**hourly):
    units = {"time": "unixtime", "temperature_2m": "°C", "wind_speed_10m": "m/s", "shortwave_radiation": "W/m²"}
    given = hourly.pop("units", {})
    fields = {"latitude": 52.5, "utc_offset_seconds": 0, "hourly_units": units | given, "hourly": hourly}
    return json.dumps(fields).encode()


HOURS = [int(datetime(2026, 9, 1, h, tzinfo=UTC).timestamp()) for h in range(3)]


@needs_recordings
@pytest.mark.parametrize(
    ("name", "variables", "times", "columns", "first", "last"),
    [
        ("forecast_two_models", ("weather_code",), 168, 2, "2023-11-13T00:00", "2023-11-19T23:00"),
        ("previous_runs", ("temperature_2m", "precipitation"), 3, 6, "2026-10-02T00:00", "2026-10-02T02:00"),
        ("previous_runs_two_models", ("temperature_2m",), 2, 4, "2026-10-03T18:00", "2026-10-03T19:00"),
        ("single_run", ("temperature_2m",), 3, 1, "2026-09-01T00:00", "2026-09-01T02:00"),
        ("two_models_asked_one_covers", ("temperature_2m",), 2, 1, "2026-10-03T11:00", "2026-10-03T12:00"),
    ],
)
def test_every_recorded_answer_has_its_times_and_columns(name, variables, times, columns, first, last):
    rows = parsing.hourly(recorded(f"open_meteo/{name}.json"), variables)
    assert rows.height == times * columns
    assert [t.strftime("%Y-%m-%dT%H:%M") for t in (rows["time"].min(), rows["time"].max())] == [first, last]


@needs_recordings
def test_the_recording_with_336_values_for_its_360_times_is_refused_since_nobody_can_say_which_day_is_missing():
    raw = recorded("open_meteo/forecast_wind_120m_ms.json")
    with pytest.raises(AnswerError, match="336 values of 'wind_speed_120m' for 360 times"):
        parsing.hourly(raw, ("wind_speed_120m",))
    fields = json.loads(raw)
    fields["hourly"]["time"] = fields["hourly"]["time"][:336]
    rows = parsing.hourly(json.dumps(fields).encode(), ("wind_speed_120m",))
    assert rows["value"].to_list()[:2] == [9.05, 9.0]
    assert rows["unit"].unique().to_list() == ["m/s"]


@needs_recordings
def test_members_come_with_their_number_and_local_times_become_utc():
    rows = parsing.hourly(recorded("open_meteo/ensemble_members_local_time.json"), ("temperature_2m",))
    assert rows["time"].unique().to_list() == [datetime(2026, 7, 10, 22, tzinfo=UTC)]
    assert rows.filter(pl.col("member") < 4).sort("member")["value"].to_list() == [18.9, 19.0, 18.9, 18.8]
    wide = parsing.weather(recorded("open_meteo/ensemble_members_local_time.json"), "icon_seamless", ("wind_speed_10m",))
    assert wide["member"].to_list() == list(range(wide.height))
    assert wide["temperature_c"][3] == 18.8


@needs_recordings
def test_previous_days_are_told_apart_whatever_the_order_of_suffixes():
    rows = parsing.hourly(recorded("open_meteo/previous_runs_two_models.json"), ("temperature_2m",))
    own = rows.filter((pl.col("model") == "icon_seamless") & (pl.col("lead_days") == 1))
    assert own["value"].to_list() == [13.6, 13.0]


@needs_recordings
def test_a_single_run_keeps_the_run_it_was_asked_for():
    request = run_request()
    assert dict(request.params)["run"] == "2026-09-01T00:00"
    assert request.immutable
    outcome = answered(request, recorded("open_meteo/single_run.json"))
    assert outcome.frame["issued_at"].unique().to_list() == [datetime(2026, 9, 1, tzinfo=UTC)]
    assert outcome.frame["temperature_c"].to_list() == [14.7, 14.5, 14.4]
    assert outcome.frame["ghi_w_m2"].null_count() == 3  # not asked, so not known: no zero
    assert "CC BY" in outcome.notes[0]


@needs_recordings
def test_a_point_outside_the_model_is_named():
    outcome = answered(run_request(), recorded("open_meteo/not_covered_nan.txt"))
    assert isinstance(outcome, Refused)
    assert "outside the model" in outcome.reason


@needs_recordings
@pytest.mark.parametrize(("limit", "wait"), [("minutely", 60 - 5), ("hourly", 3600 - 605), ("daily", 86400 - 36605)])
def test_each_limit_has_its_own_wait(limit, wait):
    outcome = answered(run_request(), recorded(f"open_meteo/429_{limit}.json"), 429, datetime(2026, 9, 1, 10, 10, 5, tzinfo=UTC))
    assert outcome == Throttled(outcome.reason, float(wait))


@needs_recordings
def test_two_models_in_one_answer_are_refused_for_a_desk():
    with pytest.raises(AnswerError, match="ask one model"):
        parsing.weather(recorded("open_meteo/previous_runs_two_models.json"), "icon_seamless", ("wind_speed_10m",), 1)


def test_radiation_belongs_to_the_hour_before_its_label_and_instants_to_their_own():
    made = parsing.weather(body(time=HOURS, temperature_2m=[1.0, 2.0, 3.0], shortwave_radiation=[10.0, 20.0, 30.0]), "m", ("wind_speed_10m",))
    assert made.select(pl.col("delivery_start").dt.hour(), "temperature_c", "ghi_w_m2").rows() == [
        (23, None, 10.0),
        (0, 1.0, 20.0),
        (1, 2.0, 30.0),
        (2, 3.0, None),
    ]


@pytest.mark.parametrize(("unit", "value"), [("m/s", 36.0), ("km/h", 10.0), ("kn", 18.52), ("mp/h", 16.09344)])
def test_wind_is_converted_by_the_name_of_its_unit(unit, value):
    made = parsing.weather(body(time=HOURS, wind_speed_10m=[36.0] * 3, units={"wind_speed_10m": unit}), "m", ("wind_speed_10m",))
    assert made["wind_speed_ms"].to_list() == pytest.approx([value] * 3)


@pytest.mark.parametrize(
    ("column", "unit"), [("wind_speed_10m", "Bft"), ("temperature_2m", "K"), ("shortwave_radiation", "MJ/m²"), ("wind_speed_10m", "")]
)
def test_an_unknown_unit_is_refused(column, unit):
    outcome = answered(run_request(), body(time=HOURS, **{column: [1.0] * 3}, units={column: unit}))
    assert isinstance(outcome, Changed)
    assert repr(unit) in outcome.reason


def test_fahrenheit_is_read_by_its_name():
    made = parsing.weather(body(time=HOURS, temperature_2m=[32.0, 50.0, None], units={"temperature_2m": "°F"}), "m", ("wind_speed_10m",))
    assert made["temperature_c"].to_list() == pytest.approx([0.0, 10.0])


def test_the_fixed_offset_holds_over_the_clock_change():
    hours = [f"2025-10-26T0{h}:00" for h in range(1, 5)]
    raw = {"latitude": 1.0, "utc_offset_seconds": 7200, "hourly_units": {"time": "iso8601", "temperature_2m": "°C"}}
    made = parsing.hourly(json.dumps(raw | {"hourly": {"time": hours, "temperature_2m": [1, 2, 3, 4]}}).encode(), ("temperature_2m",))
    assert [t.hour for t in made["time"]] == [23, 0, 1, 2]


def test_two_days_before_is_known_before_the_gate_and_one_day_before_is_not():
    start = int(datetime(2025, 10, 1, 22, tzinfo=UTC).timestamp())
    times = [start + 3600 * h for h in range(25)]
    late = {}
    for lead in (1, 2):
        request = run_request("previous_runs", date(2025, 10, 2), lead_days=str(lead))
        name = f"temperature_2m_previous_day{lead}"
        frame = answered(request, body(time=times, **{name: [9.0] * 25}, units={name: "°C"})).frame
        known = frame["issued_at"] + timedelta(minutes=OPEN_METEO.datasets["previous_runs"].known_at.minutes)
        late[lead] = int((known > GATE).sum())
        assert frame.height == 24
    assert late == {1: 22, 2: 0}


def test_the_past_of_the_forecast_host_is_an_analysis_and_no_row():
    received = datetime(2026, 9, 1, 1, 30, tzinfo=UTC)
    request = run_request("forecast", date(2026, 9, 1))
    outcome = answered(request, body(time=HOURS, temperature_2m=[1.0, 2.0, 3.0]), received_at=received)
    assert outcome.frame["delivery_start"].dt.hour().to_list() == [2]
    assert OPEN_METEO.datasets["forecast"].seen_only


def test_the_archive_is_asked_for_era5_and_is_five_days_late():
    asked = Asked("weather_observed", (("location", "A"),), "archive", (*PLACE.items(), ("height_m", "100.0")))
    (request,) = OPEN_METEO.requests(asked, date(2025, 1, 1), date(2025, 12, 31))
    params = dict(request.params)
    assert (params["models"], params["wind_speed_unit"], params["end_date"]) == ("era5", "ms", "2026-01-01")
    assert "wind_speed_100m" in params["hourly"]
    assert OPEN_METEO.datasets["archive"].known_at.minutes == 7200


def test_a_height_without_wind_is_told_before_anything_is_sent():
    asked = Asked("weather_observed", (("location", "A"),), "archive", (*PLACE.items(), ("height_m", "120")))
    assert "120 m" in OPEN_METEO.problems(asked)[0]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", Unavailable),
        (b"<html>maintenance</html>", Unavailable),
        (body(time=HOURS, temperature_2m=[1.0, 2.0, 3.0])[:90], Unavailable),
        (b'{"latitude": 1, "hourly": {}}', Changed),
        (body(time=HOURS, temperature_2m=[1.0, 2.0]), Changed),
        (body(time=HOURS, temperature_2m=["1,0", 2.0, 3.0]), Changed),
        (body(time=[HOURS[0], HOURS[2], HOURS[1]], temperature_2m=[1.0, 2.0, 3.0]), Changed),
        (body(time=[h * 1000 for h in HOURS], temperature_2m=[1.0, 2.0, 3.0]), Changed),
        (b'{"error": true, "reason": "No data is available"}', Changed),
        (body(time=HOURS, temperature_2m=[None] * 3), NotYet),
    ],
)
def test_a_body_that_is_none_ends_in_an_outcome_with_a_reason(raw, kind):
    outcome = answered(run_request(), raw)
    assert isinstance(outcome, kind)
    assert outcome.reason
    assert not isinstance(outcome, Rows)


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (400, b'{"error": true, "reason": "The requested model run is not available. Model: icon_seamless, run: 2026-09-01T00:00Z"}', NotYet),
        (200, b"Unexpected error while streaming data: modelRunUnavailable(model: App.DomainRegistry.x, run: App.Timestamp())", NotYet),
        (200, b"Unexpected error while streaming data: timeoutReached", Unavailable),
        (400, b'{"error": true, "reason": "Cannot initialize MultiDomains from invalid String value icon."}', Refused),
    ],
)
def test_a_run_that_is_not_out_is_not_there_yet_whatever_the_status(status, raw, kind):
    assert isinstance(answered(run_request(), raw, status), kind)


def test_a_variable_the_model_has_not_is_absent_and_its_unit_is_no_matter():
    raw = body(time=HOURS, temperature_2m=[1.0, 2.0, 3.0], wind_speed_10m=[None] * 3, units={"wind_speed_10m": "undefined"})
    frame = answered(run_request(), raw).frame
    assert frame["temperature_c"].to_list() == [1.0, 2.0, 3.0]
    assert frame["wind_speed_ms"].null_count() == 3


def test_a_number_that_is_nan_is_none_and_a_mark_of_byte_order_is_no_text():
    raw = body(time=HOURS, temperature_2m=[1.0, 2.0, None]).replace(b"null", b"nan").replace(b"52.5", b'52.5, "elevation":nan')
    assert answered(run_request(), b"\xef\xbb\xbf" + raw).frame["temperature_c"].to_list() == [1.0, 2.0]


@pytest.mark.parametrize("number", [b"1e400", b"-1e999"])
def test_a_number_beyond_all_numbers_is_refused(number):
    raw = body(time=HOURS, temperature_2m=[1.0, 2.0, 7.25]).replace(b"7.25", number)
    assert isinstance(answered(run_request(), raw), Changed)


def test_lights_direction_pressure_snow_and_further_heights_are_asked_for_and_read():
    request = run_request(height_m="100", further_heights_m="10 180")
    asked = dict(request.params)["hourly"].split(",")
    assert {"wind_speed_100m", "wind_speed_10m", "wind_speed_180m", "wind_direction_100m", "direct_normal_irradiance", "diffuse_radiation"} <= set(
        asked
    )
    values = {
        "direct_normal_irradiance": 700.0,
        "diffuse_radiation": 90.0,
        "surface_pressure": 990.0,
        "snow_depth": 0.12,
        "wind_direction_100m": 270.0,
    }
    winds = {"wind_speed_100m": 8.0, "wind_speed_10m": 5.0, "wind_speed_180m": 9.0}
    units = {
        "direct_normal_irradiance": "W/m²",
        "diffuse_radiation": "W/m²",
        "surface_pressure": "hPa",
        "snow_depth": "m",
        "wind_direction_100m": "°",
    }
    raw = body(time=HOURS, units=units | dict.fromkeys(winds, "m/s"), **{name: [v] * 3 for name, v in (values | winds).items()})
    row = parsing.weather(raw, "m", ("wind_speed_100m", "wind_speed_10m", "wind_speed_180m")).row(1, named=True)
    read = ("dni_w_m2", "dhi_w_m2", "pressure_hpa", "snow_depth_cm", "wind_direction_deg", "wind_speed_ms", "wind_speed_2_ms", "wind_speed_3_ms")
    assert [row[c] for c in read] == [700.0, 90.0, 990.0, 12.0, 270.0, 8.0, 5.0, 9.0]
