"""Times as files write them: whatever the clock, the label and the length, the intervals read back are those written."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.clocks import instants, read_instants

BERLIN = {"clock": "local", "zone": "Europe/Berlin"}
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
AT_MIDNIGHT = ("America/Santiago", "Africa/Cairo", "Atlantic/Azores", "America/Havana", "Asia/Beirut")
HALF_HOURS = ("Australia/Adelaide", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "Australia/Eucla")
WELL_KNOWN = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/Chicago",
    "Africa/Casablanca",
    "Antarctica/Troll",
    *AT_MIDNIGHT,
    *HALF_HOURS,
)


@cache
def days_that_change(zone: str) -> list[date]:
    """Days between 2012 and 2029 that are not 24 hours long."""
    first = date(2012, 1, 1)
    offsets = [datetime.combine(first + timedelta(days=i), datetime.min.time(), ZoneInfo(zone)).utcoffset() for i in range(18 * 365)]
    return [first + timedelta(days=i) for i in range(len(offsets) - 1) if offsets[i] != offsets[i + 1]]


@st.composite
def days(draw):
    zone = draw(st.one_of(st.sampled_from(WELL_KNOWN), st.sampled_from(ZONES)))
    changing = days_that_change(zone)
    day = draw(st.sampled_from(changing)) if changing and draw(st.booleans()) else draw(st.dates(date(2012, 1, 1), date(2029, 12, 31)))
    minutes = draw(st.sampled_from((5, 10, 15, 30, 60)))
    return zone, day, minutes


def intervals(zone: str, day: date, minutes: int, around: int) -> list[datetime]:
    """Starts of the day's intervals, and of those `around` minutes before and after it."""
    owner = DeliveryDay(day, zone)
    length = round((owner.end - owner.start).total_seconds() / 60)
    assume(length % minutes == 0 and length > 60)
    starts = [owner.start + timedelta(minutes=m) for m in range(-around, length + around, minutes)]
    assume({t.astimezone(ZoneInfo(zone)).minute % minutes for t in starts} == {0})  # a change by half an hour takes hours off the clock's grid
    return starts


def wall(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def read(texts, minutes, *, beside=None, **label):
    rule = TimeLabel(column="t", **label)
    return instants(pl.Series("t", texts), pl.Series(range(1, len(texts) + 1)), rule, minutes, "x.csv", beside)


def texts_of(kind: str, starts: list[datetime], minutes: int, zone: str) -> tuple[list[str], dict]:
    """One day's intervals as a file of this kind writes them, and how the desk file says so."""
    step, local = timedelta(minutes=minutes), {"clock": "local", "zone": zone}
    begins, ends = [wall(t, zone) for t in starts], [wall(t + step, zone) for t in starts]
    if kind == "start":
        return [f"{t:%Y-%m-%d %H:%M}" for t in begins], local
    if kind == "end: start plus length":  # 03:00 twice
        return [f"{t + step:%Y-%m-%d %H:%M}" for t in begins], {**local, "label": "end"}
    if kind == "end: the clock":  # 02:00 twice
        return [f"{t:%Y-%m-%d %H:%M}" for t in ends], {**local, "label": "end"}
    if kind == "range":
        return [f"{a:%d.%m.%Y %H:%M} - {b:%d.%m.%Y %H:%M}" for a, b in zip(begins, ends, strict=True)], {
            **local,
            "label": "range",
            "format": "%d.%m.%Y %H:%M",
        }
    if kind == "offset":
        return [f"{t.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M%z}" for t in starts], {}
    assert kind == "utc end"
    return [f"{t + step:%Y-%m-%dT%H:%M:%SZ}" for t in starts], {"label": "end"}


@given(days(), st.sampled_from(("start", "end: start plus length", "end: the clock", "range", "offset", "utc end")), st.booleans())
@settings(max_examples=400, deadline=None)
def test_the_intervals_read_back_are_those_written(day, kind, backwards):
    zone, delivery_day, minutes = day
    starts = intervals(zone, delivery_day, minutes, around=120)
    written, label = texts_of(kind, starts, minutes, zone)
    found = read(written[::-1] if backwards else written, minutes, **label)
    assert found["problem"].to_list() == [None] * len(starts)
    assert found["start"].to_list() == (starts[::-1] if backwards else starts)


@given(days(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_numbers_through_the_day_and_hours_of_the_clock_read_back(day, as_clock):
    zone, delivery_day, minutes = day
    starts = intervals(zone, delivery_day, minutes, around=0)
    of_the_clock = [((t.hour * 60 + t.minute) // minutes) + 1 for t in (wall(s, zone) for s in starts)]
    numbers = of_the_clock if as_clock else list(range(1, len(starts) + 1))
    dates = [f"{delivery_day:%Y-%m-%d}"] * len(starts)
    found = read(dates, minutes, hour_column="n", label="number", clock="local", zone=zone, beside={"n": pl.Series([str(n) for n in numbers])})
    assert found["problem"].to_list() == [None] * len(starts)
    assert found["start"].to_list() == starts


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["N", "N", "N", "Y", "N"], "ERCOT: Y on the second pass"),
        (["Y", "Y", "Y", "N", "N"], "summer time in force"),
        (["CEST", "CEST", "CEST", "CET", "CET"], "the zone's names"),
        (["", "", "A", "B", ""], "letters on both"),
        (["", "", "", "B", ""], "a letter on the second"),
        (["ja", "ja", "ja", "nein", "nein"], "any language"),
        (["1", "1", "1", "2", "1"], "counted"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_flag_column_tells_the_passes_apart_in_any_order_of_rows(flags, reason, turned):
    texts = [f"2025-10-26 0{h}:00" for h in (0, 1, 2, 2, 3)]
    order = [0, 1, 3, 2, 4] if turned else [0, 1, 2, 3, 4]
    wanted = [datetime(2025, 10, 25, 22, tzinfo=UTC) + timedelta(hours=i) for i in order]
    found = read([texts[i] for i in order], 60, repeated_column="f", beside={"f": pl.Series([flags[i] for i in order])}, **BERLIN)
    assert found["start"].to_list() == wanted, reason


@pytest.mark.parametrize(
    ("hours", "habit"), [(["1", "2", "2A", "3", "4"], "PSE"), (["1", "2", "3A", "3B", "4"], "EPEX"), (["01", "02", "03", "03", "04"], "plain")]
)
def test_letters_at_the_hour_are_read(hours, habit):
    found = read(["2025-10-26"] * 5, 60, hour_column="h", label="end", beside={"h": pl.Series(hours)}, **BERLIN)
    assert found["start"].dt.hour().to_list() == [22, 23, 0, 1, 2], habit


def test_a_letter_inside_the_stamp_is_read():
    found = read(["2024-10-27 02:00:00", "2024-10-27 02a:00:00", "2024-10-27 03:00:00"], 60, **BERLIN)
    assert found["start"].dt.hour().to_list() == [0, 1, 2]


def test_hours_and_quarters_in_columns_of_their_own():
    hours, quarters = pl.Series([str(h) for h in range(1, 25) for _ in range(4)]), pl.Series([1, 2, 3, 4] * 24)
    beside = {"h": hours, "q": quarters, "f": pl.Series(["N"] * 96)}
    label = {"format": "%m/%d/%Y", "hour_column": "h", "interval_column": "q", "repeated_column": "f", "label": "end"}
    found = read(["03/05/2026"] * 96, 15, beside=beside, clock="local", zone="America/Chicago", **label)
    assert np.array_equal(found["start"].cast(pl.Int64).to_numpy(), DeliveryDay(date(2026, 3, 5), "America/Chicago").interval_starts_us(15))


def test_quarters_of_the_repeated_hour_follow_the_flag():
    hours = [h for h in (1, 2, 2, 3) for _ in range(4)]
    beside = {"h": pl.Series(hours), "q": pl.Series([1, 2, 3, 4] * 4), "f": pl.Series(["N"] * 8 + ["Y"] * 4 + ["N"] * 4)}
    label = {"format": "%m/%d/%Y", "hour_column": "h", "interval_column": "q", "repeated_column": "f", "label": "end"}
    found = read(["11/01/2026"] * 16, 15, beside=beside, clock="local", zone="America/Chicago", **label)
    assert np.array_equal(found["start"].cast(pl.Int64).to_numpy(), DeliveryDay(date(2026, 11, 1), "America/Chicago").interval_starts_us(15)[:16])


@pytest.mark.parametrize(
    ("text", "label", "hour"),
    [
        ("2019-07-01 02:00:00+02", {}, 0),
        ("2019-07-01 02:00:00.000 +02:00", {}, 0),
        ("2019/07/01 02:00", {"clock": "utc"}, 2),
        ("2019-07-01 02:00 UTC", BERLIN, 2),
        ("2019-07-01 02:00 (CEST)", {}, 0),
        ("01.07.2019 02:00 - 01.07.2019 03:00 (CET)", {"format": "%d.%m.%Y %H:%M"}, 1),
        ("01.07.2019 02:00 - 03:00", {"format": "%d.%m.%Y %H:%M", **BERLIN}, 0),
        ("Jul 1, 2019 2:00 AM", {"format": "%b %d, %Y %I:%M %p", **BERLIN}, 0),
        ("2019-07-01 03:60", {"label": "end", **BERLIN}, 1),
        ("2019-06-30 24:00", {"clock": "utc"}, 0),
        ("30/06/2019 24", {"clock": "utc", "format": "%d/%m/%Y %H"}, 0),
        ("1561946400", {"format": "epoch_s"}, 2),
        ("1561946400000", {"format": "epoch_ms"}, 2),
        ("43647.0833333333", {"format": "excel", "clock": "utc"}, 2),
    ],
)
def test_shapes_of_a_time(text, label, hour):
    expected = datetime(2019, 7, 1, hour, tzinfo=UTC)
    assert read([text], 60, **label)["start"].to_list() == [expected]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("03/01/2024", "day first or month first"),
        ("25/01/2024 10:00", "'%d/%m/%Y %H:%M'"),
        ("01.02.2024 10:00:00", "'%d.%m.%Y %H:%M:%S'"),
        ("20240101", "'%Y%m%d'"),
        ("1700000000", "epoch_s"),
        ("1700000000000", "epoch_ms"),
        ("45000.5", "excel"),
        ("00:00", "hour_column"),
        ("Summe", "skip_after_header"),
    ],
)
def test_a_text_that_is_no_time_is_refused_with_advice(text, advice):
    with pytest.raises(SourceError, match=r"x\.csv: column 't'.*row 1") as error:
        read([text], 60, clock="utc")
    assert advice in str(error.value)


def test_a_time_without_a_zone_needs_a_stated_clock():
    with pytest.raises(SourceError, match=r"carry no zone.*time\.clock"):
        read(["2024-01-01 00:00"], 60)
    mixed = read(["2024-01-01 00:00+01:00", "2024-01-01 01:00"], 60)
    assert mixed["problem"].to_list() == [None, "a time without a zone"]


def test_one_unreadable_time_is_placed_by_its_date_or_its_neighbours():
    found = read(["2025-06-01 23:00", "oops", "2025-06-02 00:00", "2025-06-03 99:00", "2025-06-04 00:00"], 60, **BERLIN)
    assert found["problem"].is_not_null().to_list() == [False, True, False, True, False]
    assert (found["wall_day"][1], found["other_day"][1]) == (date(2025, 6, 1), date(2025, 6, 2))
    assert (found["wall_day"][3], found["other_day"][3]) == (date(2025, 6, 3), None)
    with pytest.raises(SourceError, match="row 2: 'oops'"):
        read_instants(pl.Series("t", ["2025-06-01 23:00Z", "oops"]), TimeLabel(column="t"), 60, "x.csv")


def test_rows_out_of_order_do_not_tell_the_passes_apart():
    texts = [f"2025-10-26 0{h}:00" for h in (3, 2, 0, 2, 1)]
    assert "out of order" in read(texts, 60, **BERLIN)["problem"].to_list()[1]


@pytest.mark.parametrize(("count", "clear"), [(25, True), (24, False)])
def test_numbers_that_could_be_either_are_refused(count, clear):
    numbers = pl.Series([str(i) for i in range(1, count + 1)])
    found = read(["2025-10-26"] * count, 60, hour_column="n", label="number", beside={"n": numbers}, **BERLIN)
    assert (found["problem"].null_count() == count) is clear


def test_a_range_of_another_length_is_told():
    found = read(["2025-06-01 00:00 - 2025-06-01 00:15"], 60, clock="utc")
    assert "another length" in found["problem"][0]
