"""ERCOT's and CAISO's recorded reports: hours by their end, the repeated hour, rows in no order, publication in the name."""

import io
import json
import zipfile
from datetime import UTC, date, datetime

import polars as pl
import pytest

from energy_pipeline.desk.load import desk_from
from energy_pipeline.fetching.fetch import fetch
from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.ingestion.connectors.contract import Answer, AnswerError, Asked, Changed, NotYet, Rows, Unavailable
from energy_pipeline.ingestion.connectors.ercot import parsing
from energy_pipeline.ingestion.connectors.outcomes import Listed
from energy_pipeline.ingestion.live import read_live
from energy_pipeline_tests.fetching.made_up_source import Hands, client_of
from energy_pipeline_tests.ingestion.connectors.recordings import answered, needs_recordings, recorded

CHICAGO, LOS_ANGELES = "America/Chicago", "America/Los_Angeles"


def request_of(source, table, dataset, first, last, zone, **key):
    asked = Asked(table, tuple({"zone": "TX", **key}.items()), dataset, (), zone)
    assert CONNECTORS[source].problems(asked) == []
    return CONNECTORS[source].requests(asked, first, last)[0]


def document(request):
    """The request of a report itself, as it follows from a list."""
    return Answer(request, datetime(2025, 4, 1, tzinfo=UTC), 200, (), b"").request.__class__(
        **{**request.__dict__, "path": "/misdownload/servlets/mirDownload", "params": (("doclookupId", "1"),)}
    )


def zipped(text, name="cdr.00012311.0000000000000000.20251101.093000.LFC.csv"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


@needs_recordings
def test_the_load_forecast_has_its_eight_days_of_hours_ending():
    request = document(request_of("ercot", "load_forecast", "load_forecast", date(2025, 3, 13), date(2025, 3, 20), CHICAGO))
    frame = answered(request, recorded("ercot/load_forecast_np3_560_2025-03-13.zip")).frame
    assert frame.height == 192
    assert frame["delivery_start"][0] == datetime(2025, 3, 13, 5, tzinfo=UTC)
    assert frame["load_mw"][0] == pytest.approx(43797.76989746094)
    assert frame["delivery_start"][-1] == datetime(2025, 3, 21, 4, tzinfo=UTC)
    assert frame["published_at"].unique().to_list() == [datetime(2025, 3, 13, 17, 30, tzinfo=UTC)]


@needs_recordings
def test_the_wind_report_holds_actuals_until_now_and_forecasts_after():
    days = date(2025, 3, 11), date(2025, 3, 20), CHICAGO
    body = recorded("ercot/wind_np4_732_2025-03-13.zip")
    forecast = answered(document(request_of("ercot", "generation_forecast", "wind_forecast", *days, technology="wind")), body).frame
    actual = answered(document(request_of("ercot", "generation_actual", "wind_actual", *days, technology="wind")), body).frame
    assert forecast["delivery_start"].to_list()[:: forecast.height - 1] == [
        datetime(2025, 3, 11, 18, tzinfo=UTC),
        datetime(2025, 3, 20, 17, tzinfo=UTC),
    ]
    assert forecast["generation_mw"][0] == 17404.1
    assert (actual.height < forecast.height, actual["generation_mw"][0]) == (True, 15527.49)
    assert actual["delivery_start"].max() < datetime(2025, 3, 13, 19, tzinfo=UTC)


@needs_recordings
def test_the_dashboards_times_are_ends():
    request = request_of("ercot", "load_actual", "load_actual", date(2024, 11, 24), date(2024, 11, 26), CHICAGO)
    frame = answered(request, recorded("ercot/dashboard_demand_2024-11-25.json")).frame
    assert frame.row(0)[:2] == (datetime(2024, 11, 24, 6, tzinfo=UTC), 42015.44)
    assert 24 <= frame.height < 48


@pytest.mark.parametrize(("flags", "endings"), [(("N", "Y"), (2, 2)), (("N", None), (2, 25)), (("false", "true"), (2, 2))])
def test_the_repeated_hour_is_two_hours(flags, endings):
    hours = [(1, "N"), *zip(endings, flags, strict=True), (3, "N")]
    rows = "".join(f"11/02/2025,{h}:00,{100 + i},{f or ''}\n" for i, (h, f) in enumerate(hours))
    frame = parsing.report(zipped(f"DeliveryDate,HourEnding,SystemTotal,DSTFlag    \n{rows}"), "DeliveryDate", "HourEnding", "SystemTotal")
    assert frame["delivery_start"].dt.hour().to_list() == [5, 6, 7, 8]
    assert frame["value"].to_list() == [100.0, 101.0, 102.0, 103.0]


def test_a_repeated_hour_without_its_flag_and_an_hour_that_is_skipped_are_refused():
    twice = "DeliveryDate,HourEnding,SystemTotal\n11/02/2025,2:00,1\n11/02/2025,2:00,2\n"
    with pytest.raises(AnswerError, match="two values for one hour"):
        parsing.report(zipped(twice), "DeliveryDate", "HourEnding", "SystemTotal")
    with pytest.raises(AnswerError, match="no hour ending 3"):
        parsing.hour_start(date(2025, 3, 9), 3, False)


def test_of_a_list_the_last_document_before_the_gate_and_the_newest_are_fetched():
    request = request_of("ercot", "load_forecast", "load_forecast", date(2025, 11, 2), date(2025, 11, 2), CHICAGO)
    names = {"1": "20251101.083000", "2": "20251101.093000", "3": "20251101.123000", "4": "20251102.183000", "5": "20251020.093000"}
    documents = [{"Document": {"ConstructedName": f"cdr.00012311.0000000000000000.{n}.LFC_csv.zip", "DocID": i}} for i, n in names.items()]
    outcome = answered(request, json.dumps({"ListDocsByRptTypeRes": {"DocumentList": documents}}).encode())
    assert outcome == Listed(tuple(("/misdownload/servlets/mirDownload", (("doclookupId", i),)) for i in ("2", "4")))


@needs_recordings
def test_the_hubs_of_california_add_up_whatever_the_order():
    request = request_of("caiso", "generation_forecast", "wind_solar_forecast", date(2025, 2, 4), date(2025, 2, 10), LOS_ANGELES, technology="solar")
    frame = answered(request, recorded("caiso/oasis_renewable_forecast_dam_2025-02-04.zip")).frame
    assert frame.group_by("technology").len().sort("technology").rows() == [("solar", 168), ("wind", 168)]
    first = frame.filter(pl.col("delivery_start") == datetime(2025, 2, 4, 8, tzinfo=UTC))
    assert first.filter(technology="solar")["generation_mw"].to_list() == [0.0]
    assert frame["delivery_start"].to_list()[:168] == sorted(frame["delivery_start"].to_list()[:168])


@pytest.mark.parametrize(
    ("raw", "kind"),
    [(b"", Unavailable), (b"<html>busy</html>", Unavailable), (zipped("A,B\n1,2\n"), Changed), (zipped("DeliveryDate\n", "x.csv"), Changed)],
)
@pytest.mark.parametrize("source", ["ercot", "caiso"])
def test_a_body_that_is_none_ends_in_an_outcome_with_a_reason(source, raw, kind):
    if source == "ercot":
        request = document(request_of("ercot", "load_forecast", "load_forecast", date(2025, 3, 13), date(2025, 3, 13), CHICAGO))
    else:
        days = date(2025, 2, 4), date(2025, 2, 4)
        request = request_of("caiso", "generation_forecast", "wind_solar_forecast", *days, LOS_ANGELES, technology="wind")
    outcome = answered(request, raw)
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Rows | NotYet)


def test_a_report_of_a_list_is_fetched_once_and_the_list_each_time(tmp_path):
    hands = Hands(datetime(2025, 11, 1, 15, tzinfo=UTC))
    name = "cdr.00012311.0000000000000000.20251101.093000.LFC{}csv"
    rows = "".join(f"11/02/2025,{h}:00,{h}\n" for h in (1, 2, 25, *range(3, 25)))

    def answer(params):
        if "reportTypeId" in params:
            documents = [{"Document": {"ConstructedName": f"{name.format('_')}.zip", "DocID": "7"}}]
            return 200, (), json.dumps({"ListDocsByRptTypeRes": {"DocumentList": documents}}).encode()
        return 200, (), zipped(f"DeliveryDate,HourEnding,SystemTotal\n{rows}", name.format("."))

    client, source = client_of(tmp_path, hands, answer)
    entry = {"table": "load_forecast", "key": {"zone": "TX"}, "source": "ercot", "dataset": "load_forecast", "resolution_minutes": 60}
    market = {"time_zone": CHICAGO, "gate": {"days_before": 1, "at": "10:00"}}
    data = {
        "name": "texas",
        "description": "a desk of one live series",
        "time_zone": CHICAGO,
        "decision_at": "09:45",
        "first_delivery_day": "2024-01-01",
        "markets": {"m": market},
        "zones": {"TX": {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1.0}}},
    }
    desk = desk_from({**data, "sources": {"live": [entry]}}, "test")
    day = date(2025, 11, 2)
    for _ in range(2):
        report = fetch(desk, client, day, day)
        assert report.problems == []
        hands.sleep(3600 * 6)
    asked = ["list" if "reportTypeId" in params else params["doclookupId"] for _, _, _, params, _ in source.sent]
    assert asked[:2] == ["list", "7"]
    assert asked.count("7") == 1
    frame = read_live(desk, desk.sources.live[0], day, day, client.archive).frame
    assert frame.height == 25
    assert frame["known_at"].unique().to_list() == [datetime(2025, 11, 1, 14, 30, tzinfo=UTC)]
    assert frame["source"].unique().to_list() == ["ercot:load_forecast;told"]
