"""Late rules: stop, wait, fall back; and the record of what was read."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import load_desk
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.errors import LateSourceError, LookAheadError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.expected import expected_series
from energy_pipeline.information.late_sources import LateSources
from energy_pipeline.information.lateness import effective_decision_time
from energy_pipeline.ingestion import collect, information_record
from energy_pipeline.ingestion.quality import assess_quality

TINY = Path(__file__).parents[1] / "desks" / "tiny.yaml"
DAY = date(2025, 6, 4)
BASE, GATE = datetime(2025, 6, 3, 9, 15, tzinfo=UTC), datetime(2025, 6, 3, 10, tzinfo=UTC)  # 11:15 and 12:00 in Berlin


@pytest.fixture(scope="module")
def desk():
    return load_desk(TINY)  # prices stop, load forecasts wait until 11:30


@pytest.fixture(scope="module")
def frames(desk):
    return {n: collect(desk, n, DAY - timedelta(days=2), DAY, {}.__getitem__).frame for n in ("day_ahead_prices", "load_forecast")}


def delayed(frame, at, zone, intervals=24):
    """The first intervals of DAY of a zone known at another instant."""
    hit = (
        (pl.col("delivery_day") == DAY)
        & (pl.col("zone") == zone)
        & (pl.col("delivery_start").rank("dense").over("delivery_day", "zone") <= intervals)
    )
    return frame.with_columns(pl.when(hit).then(pl.lit(at)).otherwise("known_at").alias("known_at"))


def test_on_time(desk, frames):
    at, statuses = effective_decision_time(desk, Archive(desk, frames), DAY)
    assert at == BASE == desk.decision_time(DAY)
    assert statuses == {
        "day_ahead_prices": {"zone=NORTH": "on_time", "zone=SOUTH": "on_time"},
        "load_forecast": {"zone=NORTH": "on_time", "zone=SOUTH": "on_time"},
    }


@pytest.mark.parametrize("minutes", [1, 10, 15])
def test_wait_moves_the_decision_to_the_earliest_complete_instant(desk, frames, minutes):
    late = BASE + timedelta(minutes=minutes)
    changed = {**frames, "load_forecast": delayed(frames["load_forecast"], late, "SOUTH", 1)}
    at, statuses = effective_decision_time(desk, Archive(desk, changed), DAY)
    assert at == late <= GATE
    assert statuses["load_forecast"] == {"zone=NORTH": "on_time", "zone=SOUTH": "waited"}


def test_wait_gives_up_at_until(desk, frames):
    changed = {**frames, "load_forecast": delayed(frames["load_forecast"], BASE + timedelta(minutes=16), "SOUTH")}
    at, statuses = effective_decision_time(desk, Archive(desk, changed), DAY)
    assert at == BASE
    assert statuses["load_forecast"]["zone=SOUTH"] == "fallback"


def test_wait_never_passes_the_gate(frames):
    data = yaml.safe_load(TINY.read_text())
    data["sources"]["late"]["load_forecast"] = {"action": "wait", "until": "13:00"}
    desk = desk_from(data, "test")
    for minutes, status in ((45, "waited"), (46, "fallback")):
        changed = {**frames, "load_forecast": delayed(frames["load_forecast"], BASE + timedelta(minutes=minutes), "NORTH")}
        at, statuses = effective_decision_time(desk, Archive(desk, changed), DAY)
        assert at <= GATE
        assert statuses["load_forecast"]["zone=NORTH"] == status


def test_decision_times_of_many_days_are_those_of_each_day_alone(desk, frames):
    late = BASE + timedelta(minutes=10)
    changed = {**frames, "load_forecast": delayed(frames["load_forecast"], late, "SOUTH", 1)}
    times = LateSources(desk, changed).decision_times(DAY - timedelta(days=1), DAY)
    assert times[DAY] == effective_decision_time(desk, Archive(desk, changed), DAY)[0] == late
    assert times[DAY - timedelta(days=1)] == desk.decision_time(DAY - timedelta(days=1))
    assert min(times) == DAY - timedelta(days=1 + desk.history_days - desk.max_lag_days - 2)  # past days too


def test_as_of_moves_the_runs_days_and_caps_the_days_before(desk, frames):
    as_of = BASE - timedelta(hours=30)  # before the decision time of the day before, too
    times = LateSources(desk, frames).decision_times(DAY, DAY, as_of)
    assert times[DAY] == times[DAY - timedelta(days=1)] == as_of
    assert times[DAY - timedelta(days=2)] == desk.decision_time(DAY - timedelta(days=2)) < as_of


def test_as_of_after_the_gate_is_refused(desk, frames):
    late = LateSources(desk, frames)
    assert late.decision_times(DAY, DAY, GATE)[DAY] == GATE
    with pytest.raises(LookAheadError, match="after the gate"):
        late.decision_times(DAY, DAY, GATE + timedelta(microseconds=1))


def test_stop_names_series_intervals_and_time(desk, frames):
    prices = frames["day_ahead_prices"]
    gone = prices.filter(
        ~((pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == DAY - timedelta(days=1)) & (pl.col("delivery_start").dt.hour() < 3))
    )
    with pytest.raises(LateSourceError) as error:
        effective_decision_time(desk, Archive(desk, {**frames, "day_ahead_prices": gone}), DAY)
    for text in ("day_ahead_prices zone=SOUTH", "3 interval(s) missing", "2025-06-03 09:15 UTC", "->"):
        assert text in str(error.value)
    assert "NORTH" not in str(error.value)
    late = prices.with_columns(known_at=pl.lit(BASE + timedelta(minutes=1)))
    with pytest.raises(LateSourceError, match="2 series"):
        effective_decision_time(desk, Archive(desk, {**frames, "day_ahead_prices": late}), DAY)


def test_only_stated_rules_are_judged(frames):
    data = yaml.safe_load(TINY.read_text())
    data["sources"].pop("late")
    desk = desk_from(data, "test")
    assert effective_decision_time(desk, Archive(desk, {}), DAY) == (BASE, {})


def test_the_record_carries_the_statuses(desk, frames):
    changed = {**frames, "load_forecast": delayed(frames["load_forecast"], BASE + timedelta(minutes=10), "SOUTH")}
    at, statuses = effective_decision_time(desk, Archive(desk, changed), DAY)
    record = information_record(Archive(desk, changed, {DAY: at}).at(DAY), statuses)
    enforce(table("information_set"), record, DAY)
    assert record.filter(raw_table="load_forecast", series="zone=SOUTH")["status"].to_list() == ["waited"]
    assert record.filter(raw_table="load_forecast", series="zone=NORTH")["status"].to_list() == ["on_time"]
    assert record["decision_time"].unique().to_list() == [at]
    early = information_record(Archive(desk, changed).at(DAY), {})
    assert early.filter(raw_table="load_forecast")["content_hash"].to_list() != record.filter(raw_table="load_forecast")["content_hash"].to_list()


CHANGE = date(2025, 10, 1)


def two_entries(*, turned=False):
    """One price series in two entries: hours with no rule, then quarters that stop."""
    base = {"table": "day_ahead_prices", "key": {"zone": "NORTH"}}
    known = {"anchor": "delivery_day", "days": -1, "at": "12:45", "basis": "assumption"}
    part = {"time": {"column": "t", "clock": "utc"}, "values": {"price_eur_mwh": {"columns": ["price"]}}}
    hours = {**base, "resolution_minutes": 60, "known_at": known, "parts": [{**part, "path": "hours.csv", "last_day": CHANGE - timedelta(days=1)}]}
    quarters = {
        **base,
        "resolution_minutes": 15,
        "known_at": known,
        "parts": [{**part, "path": "quarters.csv", "first_day": CHANGE}],
        "late": {"action": "stop"},
        "required": True,
    }
    content = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    content["sources"] = {"files": [quarters, hours] if turned else [hours, quarters]}
    return desk_from(content, "test")


def stamps(minutes, day, desk):
    starts = desk.delivery_day(day).interval_starts_us(minutes)
    times = pl.Series("t", starts).cast(pl.Datetime("us", "UTC")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pl.DataFrame({"t": times, "price": [50.0] * len(starts)})


@pytest.mark.parametrize("turned", [False, True])
def test_a_series_in_two_entries_has_each_entrys_rules_by_delivery_day(turned):
    desk = two_entries(turned=turned)
    for day, minutes, action in ((CHANGE - timedelta(days=1), 60, None), (CHANGE, 15, "stop"), (date(2025, 10, 5), 15, "stop")):
        (item,) = expected_series(desk, day)
        assert item.resolution(desk, day) == minutes
        assert (item.late.action if item.late else None) == action
    with pytest.raises(LateSourceError, match=r"zone=NORTH: 96 interval\(s\) missing"):
        effective_decision_time(desk, Archive(desk, {}), date(2025, 10, 5))
    # The first decision under the new entry counts on a day of the old one, which has no rule.
    assert effective_decision_time(desk, Archive(desk, {}), CHANGE) == (desk.decision_time(CHANGE), {})
    row = assess_quality(desk, date(2025, 10, 5), {}).filter(pl.col("check") == "coverage").row(0, named=True)
    assert (row["expected_count"], row["missing_count"]) == (96, 96)
    before = assess_quality(desk, date(2025, 9, 20), {}).filter(pl.col("check") == "coverage").row(0, named=True)
    assert before["expected_count"] == 24


@pytest.mark.parametrize("turned", [False, True])
def test_only_the_entry_of_a_day_can_miss_it(turned):
    """The second entry is required; its own missing day fails, the first one's days do not."""
    desk = two_entries(turned=turned)
    files = {"hours.csv": stamps(60, CHANGE - timedelta(days=1), desk), "quarters.csv": stamps(15, CHANGE, desk)}
    found = collect(desk, "day_ahead_prices", CHANGE - timedelta(days=2), CHANGE + timedelta(days=1), files.__getitem__)
    assert dict(found.frame.group_by("delivery_day", maintain_order=True).len().iter_rows()) == {CHANGE - timedelta(days=1): 24, CHANGE: 96}
    assert list(found.failures) == [CHANGE + timedelta(days=1)]


def test_between_and_outside_the_entries_the_nearest_one_before_holds():
    desk = two_entries()
    first, second = desk.sources.files

    def on(entry, **days):
        return entry.model_copy(update={"parts": (entry.parts[0].model_copy(update=days),)})

    late = on(second, first_day=CHANGE + timedelta(days=9), last_day=CHANGE + timedelta(days=20))
    hours = on(first, first_day=CHANGE - timedelta(days=9))
    sources = desk.sources.model_copy(update={"files": (late, hours)})
    expected = {-20: hours, -1: hours, 0: hours, 8: hours, 9: late, 20: late, 21: late}
    for days, entry in expected.items():
        assert sources.entry("day_ahead_prices", {"zone": "NORTH"}, CHANGE + timedelta(days=days)) is entry
    assert sources.entry("day_ahead_prices", {"zone": "SOUTH"}, CHANGE) is None
