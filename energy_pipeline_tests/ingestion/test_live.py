"""A live row is dated by what was seen when: never before its rule, never before we saw what a rule cannot vouch for."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.errors import DeskError, SourceError
from energy_pipeline.ingestion import assess_quality, collect
from energy_pipeline.ingestion.connectors.contract import NotYet, Rows
from energy_pipeline.ingestion.live import RULE, SEEN, TOLD, Look, live_problems, read_live
from energy_pipeline.ingestion.vintages import new_vintages

DAY = date(2025, 10, 2)
START, END = datetime(2025, 10, 1, 22, tzinfo=UTC), datetime(2025, 10, 2, 22, tzinfo=UTC)
RULE_AT = datetime(2025, 10, 1, 11, tzinfo=UTC)  # 13:00 in Berlin on the day before


def desk_with(*live, **zone):
    return desk_from(
        {
            "name": "present",
            "description": "a desk of live series",
            "markets": {"m": {"gate": {"days_before": 1, "at": "12:00"}}},
            "zones": {"DE_LU": {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1.0}, **zone}},
            "sources": {"live": list(live)},
        },
        "test",
    )


def prices(**more):
    return {"table": "day_ahead_prices", "key": {"zone": "DE_LU"}, "source": "entsoe", "dataset": "prices", **more}


class Seen:
    """An archive that is a list of (received, first hour, prices) or (received, None) for nothing yet, by source."""

    def __init__(self, **by_source):
        self.by_source = by_source

    def looks(self, connector, *_):
        return [self._look(*item) for item in self.by_source.get(connector.source, [])]

    def _look(self, received, values):
        if values is None:
            return Look(received, START, END, (), NotYet("nothing"))
        starts = [START + timedelta(hours=h) for h in range(len(values))]
        frame = pl.DataFrame(
            {
                "delivery_start": pl.Series(starts, dtype=pl.Datetime("us", "UTC")),
                "resolution_minutes": pl.Series([60] * len(values), dtype=pl.Int32),
                "price_eur_mwh": values,
            }
        ).drop_nulls()
        return Look(received, START, END, (), Rows(frame))


def read(answers, **more):
    desk = desk_with(prices(**more))
    return read_live(desk, desk.sources.live[0], DAY, DAY, answers).frame


def known(frame):
    return [
        (v, k, "seen" if s.endswith(SEEN) else "rule" if s.endswith(RULE) else s)
        for v, k, s in frame.select("price_eur_mwh", "known_at", "source").rows()
    ]


def at(hour, minute=0, day=1):
    return datetime(2025, 10, day, hour, minute, tzinfo=UTC)


def test_what_is_seen_before_its_rule_is_known_at_the_rule_and_seen_by_us():
    assert known(read(Seen(entsoe=[(at(10, 50), [5.0])]))) == [(5.0, RULE_AT, "seen")]


def test_history_first_seen_long_after_has_the_rules_instant_and_says_so():
    assert known(read(Seen(entsoe=[(at(8, day=20), [5.0])]))) == [(5.0, RULE_AT, "rule")]


def test_a_source_that_was_late_is_known_when_it_came():
    assert known(read(Seen(entsoe=[(at(11, 5), None), (at(12, 40), [5.0])]))) == [(5.0, at(12, 40), "seen")]
    assert known(read(Seen(entsoe=[(at(10, 5), None), (at(12, 40), [5.0])]))) == [(5.0, at(12, 40), "seen")]
    assert known(read(Seen(entsoe=[(at(10, 5), None), (at(10, 40), [5.0])]))) == [(5.0, RULE_AT, "seen")]


def test_a_correction_is_a_vintage_of_its_own_and_the_same_again_is_none():
    frame = read(Seen(entsoe=[(at(11, 30), [5.0]), (at(12), [5.0]), (at(14), [6.0]), (at(15), [6.0]), (at(16), [5.0])]))
    assert known(frame) == [(5.0, RULE_AT, "rule"), (6.0, at(14), "seen"), (5.0, at(16), "seen")]


def test_two_values_before_the_rule_are_both_kept_and_the_later_one_holds():
    frame = read(Seen(entsoe=[(at(9), [5.0]), (at(10), [6.0])]))
    assert known(frame) == [(5.0, RULE_AT, "seen"), (6.0, RULE_AT + timedelta(microseconds=1), "seen")]


def test_an_hour_that_a_later_answer_no_longer_holds_keeps_its_value():
    assert known(read(Seen(entsoe=[(at(12), [5.0, 7.0]), (at(13), [5.0])]))) == [(5.0, RULE_AT, "rule"), (7.0, RULE_AT, "rule")]


def test_the_second_source_stands_in_until_the_first_has_the_day():
    second = {"second": {"source": "entsoe", "dataset": "prices"}}
    desk = desk_with(prices(**second))
    series = desk.sources.live[0]

    class Two(Seen):
        asked = 0

        def looks(self, *_):
            self.asked += 1
            return [self._look(*item) for item in (self.by_source["one"] if self.asked == 1 else self.by_source["two"])]

    frame = read_live(desk, series, DAY, DAY, Two(one=[(at(11, 5), None), (at(14), [6.0])], two=[(at(11, 10), [5.0]), (at(15), [9.0])])).frame
    assert [(v, k) for v, k, _ in known(frame)] == [(5.0, RULE_AT), (6.0, at(14))]
    only = read_live(desk, series, DAY, DAY, Two(one=[(at(11, 5), [6.0])], two=[(at(11, 10), [5.0])])).frame
    assert only["price_eur_mwh"].to_list() == [6.0]


@given(
    st.lists(
        st.tuples(st.integers(0, 3000), st.one_of(st.none(), st.lists(st.sampled_from([None, 1.0, 2.0, 3.0]), min_size=1, max_size=3))), max_size=8
    )
)
def test_later_answers_never_change_what_was_known_before(looks):
    """The poison test over vintages: cut the archive at any instant, and what was known by then is what the whole archive says was known by then."""
    ordered = [(RULE_AT - timedelta(minutes=600) + timedelta(minutes=m), v) for m, v in sorted(dict(looks).items())]
    whole = read(Seen(entsoe=ordered))
    for cut in range(len(ordered)):
        instant = ordered[cut][0]
        before = read(Seen(entsoe=ordered[: cut + 1]))
        dated_by_sight = pl.col("source").str.ends_with(SEEN) & (pl.col("known_at") <= instant)
        assert whole.filter(dated_by_sight).equals(before.filter(dated_by_sight))
        assert before.join(whole, on=whole.columns, how="anti", nulls_equal=True).is_empty()


@given(st.lists(st.tuples(st.integers(0, 3000), st.lists(st.sampled_from([None, 1.0, 2.0]), min_size=1, max_size=3)), max_size=6))
def test_the_lake_filled_look_by_look_holds_what_the_archive_gives(looks):
    contract = contract_of("day_ahead_prices")
    ordered = [(RULE_AT - timedelta(minutes=600) + timedelta(minutes=m), v) for m, v in sorted(dict(looks).items())]
    lake = contract.frame()
    for cut in range(1, len(ordered) + 1):
        lake = pl.concat([lake, new_vintages(contract, lake, read(Seen(entsoe=ordered[:cut])), ordered[cut - 1][0], ordered[cut - 2][0])])
    assert lake.sort("delivery_day", *contract.sort_key).equals(read(Seen(entsoe=ordered)))


def test_a_desk_with_live_series_needs_an_archive():
    with pytest.raises(SourceError, match="no archive"):
        collect(desk_with(prices()), "day_ahead_prices", DAY, DAY, lambda _: pl.DataFrame())


def test_a_required_day_without_rows_is_an_error_of_that_day():
    desk = desk_with(prices(required=True))
    assert list(read_live(desk, desk.sources.live[0], DAY, DAY, Seen()).failures) == [DAY]


def test_the_convention_of_the_literature_is_refused_for_a_live_forecast():
    live = {"table": "generation_forecast", "key": {"zone": "DE_LU", "technology": "wind"}, "source": "entsoe", "dataset": "generation_forecast"}
    with pytest.raises(DeskError, match="epf_convention"):
        desk_with(live, tso_res_forecast="epf_convention")


def test_what_no_connector_serves_is_told_with_its_place():
    desk = desk_with(prices(options={"sequnce": 2}), prices(source="entso"), prices(dataset="price"))
    found = live_problems(desk)
    assert len(found) == 3
    assert "option 'sequnce'" in found[0]
    assert "sources.live.1" in found[1]
    assert "dataset 'price'" in found[2]


def test_the_second_source_fills_the_hours_the_first_has_not_and_the_days_quality_says_so():
    desk = desk_with(prices(second={"source": "smard", "dataset": "day_ahead_prices"}), market_time_unit=[{"first_day": "2015-01-01", "minutes": 60}])
    answers = Seen(entsoe=[(at(12), [float(h) for h in range(20)])], smard=[(at(12, 1), [float(h) for h in range(24)])])
    frame = read_live(desk, desk.sources.live[0], DAY, DAY, answers).frame
    assert frame["price_eur_mwh"].to_list() == [float(h) for h in range(24)]
    assert frame["source"].str.starts_with("smard").sum() == 4
    quality = enforce(contract_of("data_quality"), assess_quality(desk, DAY, {"day_ahead_prices": frame}), DAY)
    (told,) = quality.filter(check="live_source").to_dicts()
    assert (told["status"], told["found_count"], told["missing_count"]) == ("second_source", 20, 4)
    assert "4 from the second source smard:day_ahead_prices" in told["detail"]
    assert "CC BY 4.0, Bundesnetzagentur" in told["detail"]


@pytest.mark.parametrize(("zone", "text"), [("DE_LU", "CC BY 4.0"), ("FR", "CC BY 4.0"), ("ES", "private and internal use only")])
def test_the_licence_of_the_zone_is_said(zone, text):
    entry = {"table": "day_ahead_prices", "key": {"zone": zone}, "source": "energy_charts", "dataset": "day_ahead_prices"}
    market = {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1.0}}
    data = desk_with().model_dump(mode="json") | {"zones": {zone: market}, "sources": {"live": [entry]}}
    desk = desk_from({k: v for k, v in data.items() if k in ("name", "description", "markets", "zones", "sources")}, "test")
    frame = read_live(desk, desk.sources.live[0], DAY, DAY, Seen(energy_charts=[(at(12), [1.0] * 24)])).frame
    (told,) = assess_quality(desk, DAY, {"day_ahead_prices": frame}).filter(check="live_source")["detail"].to_list()
    assert text in told


def test_what_a_source_says_of_its_own_publication_holds_for_every_vintage():
    entry = {"table": "load_forecast", "key": {"zone": "DE_LU"}, "source": "elexon", "dataset": "load_forecast"}
    desk = desk_with(entry)

    class Published(Seen):
        def _look(self, received, values):
            starts = pl.Series([START] * len(values), dtype=pl.Datetime("us", "UTC"))
            told = pl.Series([at(h) for h, _ in values], dtype=pl.Datetime("us", "UTC"))
            columns = {"delivery_start": starts, "published_at": told, "load_mw": [v for _, v in values]}
            frame = pl.DataFrame(columns).with_columns(resolution_minutes=pl.lit(30, pl.Int32))
            return Look(received, START, END, (), Rows(frame))

    early = [(at(8, day=20), [(9, 5.0), (10, 6.0)])]
    later = [(at(9, day=20), [(9, 5.0), (10, 6.0), (11, 6.0), (12, 7.0)])]
    frame = read_live(desk, desk.sources.live[0], DAY, DAY, Published(elexon=early + later)).frame
    assert frame.select("load_mw", "known_at").rows() == [(5.0, at(9)), (6.0, at(10)), (7.0, at(12))]
    assert frame["source"].str.ends_with(TOLD).all()
