"""Assets that live: what a day leaves is what the next begins with, rights are used up, and every use says its two numbers."""

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.flexibility import StateCorrections
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.flexibility.chain import flexible_day
from energy_pipeline.flexibility.corrections import checked_corrections
from energy_pipeline.flexibility.rights import daily_of
from energy_pipeline.flexibility.states import AssetState, Before, discontinuities, predecessor_of
from energy_pipeline.information.archive import Archive
from energy_pipeline.portfolio import Came, Decided, asset_legs
from energy_pipeline_tests.benchmarks.assets_60 import booked, promises
from energy_pipeline_tests.renewables.hand_made import day_after, ensemble, raw_rows, tiny_desk

FIRST = date(2024, 3, 26)
"""Six days on, the clocks go forward."""
DAYS = [FIRST + timedelta(days=n) for n in range(9)]
CHAIN = ("asset_states", "asset_thresholds", "dispatch")
STORE = {"kind": "battery", "zone": "NORTH", "power_mw": 5, "energy_mwh": 20, "cycle_cost_eur_mwh": 2}
ASSETS = {"bids": {**STORE, "cycles_per_day": 1, "fade_per_cycle": 1e-4}, "acts": {**STORE, "information": "sequential"}}
RIGHTS = {
    "swing": {"kind": "swing", "zone": "NORTH", "daily_max_mwh": 48, "total_min_mwh": 96, "total_max_mwh": 192, "strike_eur_mwh": 52},
    "load": {"kind": "curtailable", "zone": "SOUTH", "power_mw": 5, "hours": 4, "strike_eur_mwh": 70, "calls_left": 2},
    "unit": {
        "kind": "tolling",
        "zone": "SOUTH",
        "power_mw": 20,
        "minimum_mw": 8,
        "heat_rate": 1.9,
        "start_cost_eur": 900,
        "minimum_up_hours": 10,
        "minimum_down_hours": 9,
    },
}
LEVELS = dict(zip(DAYS, (60.0, 42.0, 75.0, 38.0, 66.0, 30.0, 58.0, 49.0, 63.0), strict=True))


def prices_of(day, minutes):
    """A day's shape around its level, cheap at noon."""
    hour = day.slots(minutes) * minutes / 60
    return LEVELS.get(day.day, 52.0) + 26 * np.sin((hour - 14) / 24 * 4 * np.pi)


def forecasts(desk, day):
    """What decide(day) forecasts: the shape for each of seven days, its quantiles wider with the lead."""
    parts = []
    for lead in range(1, 8):
        target = day + timedelta(days=lead - 1)
        made = ensemble(desk, target, {(zone, "day_ahead"): prices_of for zone in ("NORTH", "SOUTH")})
        wide = 6.0 + 4.0 * lead
        named = {"delivery_day": pl.lit(day), "horizon_days": pl.lit(lead, pl.Int32), "q10_eur_mwh": pl.col("price_eur_mwh") - wide}
        parts.append(made.with_columns(**named, q90_eur_mwh=pl.col("price_eur_mwh") + wide).select(made.columns))
    return pl.concat(parts)


def paths(desk, day, count=60):
    delivery, rng = desk.delivery_day(day), np.random.default_rng(day.toordinal())
    mean = prices_of(delivery, 60)
    starts = pl.Series(delivery.interval_starts_us(60)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    frames = []
    for kind, zone in (("day_ahead_price", "NORTH"), ("day_ahead_price", "SOUTH"), ("second_price", "NORTH")):
        values = mean[:, None] + np.cumsum(rng.standard_normal((mean.size, count)), axis=0)
        rows = {"kind": kind, "name": zone, "delivery_start": starts.repeat_by(count).explode(), "resolution_minutes": 60}
        frames.append(pl.DataFrame({"delivery_day": day, **rows, "scenario": np.tile(np.arange(count), mean.size), "value": values.ravel()}))
    return pl.concat(frames)


def archive(desk):
    """Second prices known the morning after, and fuels."""
    second = raw_rows(
        "second_prices",
        {"zone": "NORTH", "price_kind": "intraday"},
        {"price_eur_mwh": lambda d, m: prices_of(d, m) + 3 * np.cos(d.slots(m))},
        DAYS[0],
        DAYS[-1],
        60,
        day_after(3),
    )
    fuels = [
        {
            "delivery_day": FIRST - timedelta(days=4),
            "commodity": c,
            "price": p,
            "unit": u,
            "known_at": datetime(2024, 1, 1, tzinfo=UTC),
            "source": "t",
        }
        for c, p, u in (("gas", 18.0, "EUR/MWh"), ("carbon", 50.0, "EUR/t"))
    ]
    return Archive(desk, {"second_prices": second, "fuel_prices": table("fuel_prices").frame(fuels)})


def rolled(desk, days=DAYS, corrections=None, held=None):
    """The tables of consecutive days, each from what the days before left."""
    raw, found = archive(desk), dict(held or {})
    for day in days:
        before = {n: found.get(n, table(n).frame()).filter(pl.col("delivery_day") < day) for n in CHAIN}
        made = flexible_day(
            raw.at(day), forecasts(desk, day), paths(desk, day), Before(**before, corrections=pl.DataFrame() if corrections is None else corrections)
        )
        for name, frame in made.items():
            found[name] = pl.concat([found[name], enforce(table(name), frame, day)]) if name in found else enforce(table(name), frame, day)
    return found


@pytest.fixture(scope="module")
def desk():
    return tiny_desk(assets=ASSETS, rights=RIGHTS)


@pytest.fixture(scope="module")
def span(desk):
    return rolled(desk)


def rows(frame, asset, kind):
    return frame.filter(pl.col("asset") == asset, pl.col("kind") == kind).sort("delivery_day").to_dicts()


def test_every_day_begins_where_the_day_before_ended(span):
    states = span["asset_states"]
    for asset in ("bids", "swing", "load", "unit"):
        opened, decided = rows(states, asset, "opening"), rows(states, asset, "decided")
        assert len(opened) == len(decided) == len(DAYS)
        for end, begin in pairwise(x for pair in zip(opened, decided, strict=True) for x in pair):
            if end["kind"] == "decided":
                assert AssetState.of(end) == AssetState.of(begin), (asset, begin["delivery_day"])
    assert [discontinuities(states, day) for day in DAYS] == [[]] * len(DAYS)
    assert opened[0]["basis"].startswith("desk file")
    contents = [r["content_end_mwh"] for r in rows(states, "bids", "decided")]
    assert max(contents) > 1.0, "content crosses midnight where the days after are dearer"
    assert (np.diff([r["capacity_mwh"] for r in rows(states, "bids", "opening")]) < 0).all(), "every cycle takes a little of it"


def test_a_store_that_acts_is_settled_on_the_prices_known(span):
    settled = rows(span["asset_states"], "acts", "settled")
    assert [r["state_day"] for r in settled] == [day - timedelta(days=2) for day in DAYS[2:]]
    for one, other in pairwise(settled):
        assert one["content_end_mwh"] == other["content_start_mwh"], "content is continuous"
    assert len({r["content_end_mwh"] for r in settled}) > 1 or settled[0]["cycles_day"] > 0


def test_rights_count_down_and_follow_the_larger_of_two_numbers(span):
    decisions, states = span["right_decisions"], span["asset_states"]
    for row in decisions.filter(pl.col("considered_mwh") > 0, ~pl.col("is_forced")).to_dicts():
        assert row["is_exercised"] == (row["payoff_eur"] - row["cost_eur"] >= row["keeping_eur"] - 1e-6), row
        assert row["why"]
    used = {n: decisions.filter(pl.col("asset") == n, pl.col("is_exercised")).height for n in RIGHTS}
    waited = {n: decisions.filter(pl.col("asset") == n, ~pl.col("is_exercised")).height for n in RIGHTS}
    assert min(used.values()) > 0, used
    assert min(waited.values()) > 0, waited
    take = decisions.filter(pl.col("asset") == "swing")["quantity_mwh"].sum()
    assert 96.0 - 1e-6 <= take <= 192.0 + 1e-6, "what must be taken is taken, and no more than may be"
    assert rows(states, "swing", "decided")[-1]["take_mwh"] == pytest.approx(take)
    assert used["load"] == rows(states, "load", "decided")[-1]["calls_used"] <= 2
    assert [r["days_used"] for r in rows(states, "swing", "decided")] == [1, 2, 3, 4, 5, 6, 7, 7, 7]
    assert decisions.filter(pl.col("asset") == "swing")["why"].to_list()[-1].startswith("over")
    net = span["dispatch"].filter(pl.col("asset") == "swing").select((pl.col("net_mw") * pl.col("resolution_minutes") / 60).sum()).item()
    assert net == pytest.approx(take), "what is decided is scheduled"


def test_minimum_times_cross_midnight(span):
    on = span["dispatch"].filter(pl.col("asset") == "unit").sort("delivery_start")["net_mw"].to_numpy() > 0
    changes = np.flatnonzero(np.diff(on)) + 1
    lengths = np.diff(changes)
    for length, begin in zip(lengths, changes[:-1], strict=True):
        assert length >= (10 if on[begin] else 9)
    starts = int((on & ~np.concatenate([[False], on[:-1]])).sum())
    assert rows(span["asset_states"], "unit", "decided")[-1]["starts_year"] == starts > 0
    cost = span["dispatch"].filter(pl.col("asset") == "unit")
    assert (cost["cost_eur_h"] > 0).to_list() == (cost["net_mw"] > 0).to_list()


def test_a_range_is_its_days_and_another_yesterday_is_seen(desk, span):
    again = rolled(desk, DAYS[4:6], held={n: span[n].filter(pl.col("delivery_day") < DAYS[4]) for n in CHAIN})
    for name, frame in again.items():
        new = frame.filter(pl.col("delivery_day").is_in(DAYS[4:6]))
        assert new.equals(span[name].filter(pl.col("delivery_day").is_in(DAYS[4:6]))), name
    held = [span[n] for n in ("asset_states", "dispatch", "asset_thresholds")]
    said = rows(span["asset_states"], "bids", "opening")[4]["predecessor"]
    assert said == predecessor_of(DAYS[4], *held)
    other = held[1].with_columns(net_mw=pl.col("net_mw") + 1.0)
    assert said != predecessor_of(DAYS[4], held[0], other, held[2])


def test_a_correction_moves_the_state_by_its_difference_once_it_is_known(desk, span):
    file = StateCorrections(path="states.csv")
    known = desk.decision_time(DAYS[4]) - timedelta(hours=1)
    raw = pl.DataFrame({"asset": ["bids", "swing"], "delivery_day": [DAYS[2].isoformat()] * 2, "known_at": [known.isoformat()] * 2})
    wanted = rows(span["asset_states"], "bids", "decided")[2]["content_end_mwh"]
    raw = raw.with_columns(content_mwh=pl.Series([f"{wanted - 0.5 if wanted > 0.5 else wanted + 0.5}", ""]), take_mwh=pl.Series(["", "20"]))
    found = rolled(desk, DAYS[:5], checked_corrections(raw, file))["asset_states"]
    before, after = (rows(f, "bids", "opening") for f in (span["asset_states"], found))
    assert [a["content_start_mwh"] for a in after[:4]] == [b["content_start_mwh"] for b in before[:4]], "not known yet"
    corrected = rows(found, "bids", "corrected")
    assert [(r["delivery_day"], r["state_day"]) for r in corrected] == [(DAYS[4], DAYS[2])]
    assert "operator" in corrected[0]["basis"]
    taken = rows(found, "swing", "opening")[4]["take_mwh"] - rows(span["asset_states"], "swing", "opening")[4]["take_mwh"]
    assert taken == pytest.approx(20 - rows(span["asset_states"], "swing", "decided")[2]["take_mwh"])
    wrong = raw.with_columns(calls_used=pl.lit("x"), delivery_day=pl.lit("nonsense"))
    with pytest.raises(SourceError, match=r"(?s)delivery_day.*calls_used"):
        checked_corrections(wrong, file)
    nobody = checked_corrections(raw.with_columns(asset=pl.lit("nobody")), file)
    with pytest.raises(SourceError, match=r"nobody.*no such asset"):
        rolled(desk, DAYS[:5], nobody)


def corrected(desk, rows_, days):
    """States of a span with an operator's file of (asset, day, decision it is known an hour or more before, column, number)."""
    known = [desk.decision_time(DAYS[decision]) - timedelta(hours=len(rows_) - n) for n, (_, _, decision, _, _) in enumerate(rows_)]
    named = {"asset": [r[0] for r in rows_], "delivery_day": [DAYS[r[1]].isoformat() for r in rows_], "known_at": [k.isoformat() for k in known]}
    file = pl.DataFrame(named | {r[3]: [str(x[4]) if x[3] == r[3] else "" for x in rows_] for r in rows_})
    return rolled(desk, DAYS[:days], checked_corrections(file, StateCorrections(path="states.csv")))["asset_states"]


def test_of_several_corrections_of_a_day_the_last_known_counts_once(desk, span):
    said = rows(span["asset_states"], "bids", "decided")[3]["throughput_mwh"]
    was = [r["throughput_mwh"] for r in rows(span["asset_states"], "bids", "opening")]
    assert was[4] != was[3], "the day before did something"

    def moved(*file):
        return rows(corrected(desk, file, 6), "bids", "opening")[-1]["throughput_mwh"] - was[5]

    cell = ("bids", 3, 4, "throughput_mwh")
    assert moved((*cell, said)) == pytest.approx(0.0, abs=1e-9), "yesterday was measured as it was decided"
    assert moved((*cell, said + 1), (*cell, said + 2)) == pytest.approx(2.0, abs=0.01), "both known before one decision"
    later = ("bids", 3, 5, "throughput_mwh")
    assert moved((*cell, said + 1), (*later, said + 2)) == pytest.approx(2.0, abs=0.01), "the second a day later"


def test_a_unit_measured_to_have_just_stopped_counts_from_there(desk, span):
    decided = rows(span["asset_states"], "unit", "decided")[:2]
    assert [r["is_on"] for r in decided] == [False, False]
    found = rows(corrected(desk, [("unit", 0, 1, "hours_so_far", 0)], 2), "unit", "decided")[1]
    assert (found["is_on"], found["hours_so_far"]) == (False, 24.0)


def test_a_correction_of_a_store_that_acts_lasts(desk, span):
    """Its roll begins again from the last settled day: what was measured stands there on the next days too."""
    was = {r["state_day"]: r["content_end_mwh"] for r in rows(span["asset_states"], "acts", "settled")}
    wanted = was[DAYS[2]] + 3.0
    found = rows(corrected(desk, [("acts", 2, 4, "content_mwh", wanted)], 6), "acts", "settled")
    ends = {r["state_day"]: (r["content_start_mwh"], r["content_end_mwh"]) for r in found}
    assert ends[DAYS[2]][1] == ends[DAYS[3]][0] == pytest.approx(wanted), "known when that day was settled"

    sooner = rows(corrected(desk, [("acts", 3, 4, "content_mwh", 7.0)], 6), "acts", "settled")
    assert sooner[-1]["state_day"] == DAYS[3]
    assert sooner[-1]["content_end_mwh"] == pytest.approx(7.0), "known a day before that day was settled"
    late = rows(corrected(desk, [("acts", 1, 4, "content_mwh", was[DAYS[1]] - 2.0)], 6), "acts", "settled")
    starts = {r["state_day"]: r["content_start_mwh"] for r in late}
    assert starts[DAYS[2]] == pytest.approx(was[DAYS[1]] - 2.0), "known after that day was settled"


def test_a_unit_without_fuels_stands_still_and_the_rest_is_decided(desk):
    raw = Archive(desk, {})
    made = flexible_day(raw.at(FIRST), forecasts(desk, FIRST), paths(desk, FIRST), Before.nothing())
    why = made["right_decisions"].filter(pl.col("asset") == "unit")["why"][0]
    assert "no settlement of gas and carbon" in why
    assert set(made["dispatch"]["asset"]) == {"bids", "swing", "load", "unit"}


def came(desk, day):
    """Prices of a day as they came, off the forecast."""
    rng = np.random.default_rng(day.toordinal())

    def auction(delivery, minutes):
        return prices_of(delivery, minutes) + rng.normal(0, 8, delivery.count(minutes))

    zones = [raw_rows("day_ahead_prices", {"zone": z}, {"price_eur_mwh": auction}, day, day, 60, day_after(1)) for z in ("NORTH", "SOUTH")]
    second = {"price_eur_mwh": lambda d, m: prices_of(d, m) + 3 * np.cos(d.slots(m))}
    traded = raw_rows("second_prices", {"zone": "NORTH", "price_kind": "intraday"}, second, day, day, 60, day_after(3))
    return Came(pl.concat(zones), traded, *(table(n).frame() for n in ("plant_meters", "generation_actual", "held_hours")))


@pytest.fixture(scope="module")
def legs(desk, span):
    """Cash and inventory of the span, each day from the one before."""
    found = [table("asset_legs").frame()]
    output = table("plant_output").frame()
    for day in DAYS:
        own = {f.name: span[f.name].filter(pl.col("delivery_day") == day) for f in fields(Decided) if f.name in span}
        found.append(enforce(table("asset_legs"), asset_legs(desk, day, Decided(**own, plant_output=output), came(desk, day), found[-1]), day))
    return pl.concat(found)


def test_cash_adds_to_the_cent_and_inventory_telescopes(legs):
    parts = ["energy_eur", "cost_eur", "certificate_eur", "capacity_eur", "penalty_eur"]
    assert (legs.select(pl.sum_horizontal(parts)).to_series() - legs["cash_eur"]).abs().max() < 0.005
    assert (legs["cash_eur"] + legs["inventory_eur"] - legs["total_eur"]).abs().max() < 0.005
    for (asset,), part in legs.sort("delivery_day").group_by("asset", maintain_order=True):
        assert part.height == len(DAYS), asset
        assert part["inventory_open_eur"].to_list()[1:] == part["inventory_close_eur"].to_list()[:-1]
        assert part["inventory_eur"].sum() == pytest.approx(part["inventory_close_eur"][-1] - part["inventory_open_eur"][0], abs=0.005)
    assert legs.filter(pl.col("asset") == "swing")["inventory_close_eur"][-1] == 0.0, "a right that is used up is worth nothing"
    swing = legs.filter(pl.col("asset") == "swing")
    assert swing["cost_eur"].sum() == pytest.approx(-52 * swing["energy_mwh"].sum()), "the strike is paid for what was taken"


def test_a_store_that_acts_is_settled_from_its_settled_content(legs, span):
    acts = legs.filter(pl.col("asset") == "acts").sort("delivery_day")
    assert acts["content_start_mwh"].to_list()[1:] == acts["content_end_mwh"].to_list()[:-1]
    known = {r["state_day"]: r["content_end_mwh"] for r in rows(span["asset_states"], "acts", "settled")}
    settled = dict(zip(acts["delivery_day"].to_list(), acts["content_end_mwh"].to_list(), strict=True))
    assert {d: pytest.approx(c) for d, c in known.items()} == {d: settled[d] for d in known}, "one chain for decision and settlement"


def test_the_penalty_of_a_least_take_is_cash_of_the_last_day_and_nothing_is_left():
    terms = {"kind": "swing", "zone": "NORTH", "days": 2, "daily_max_mwh": 48, "total_min_mwh": 40, "total_max_mwh": 96}
    desk = tiny_desk(assets={}, rights={"dear": {**terms, "strike_eur_mwh": 500, "penalty_eur_mwh": 3}})
    made, found = rolled(desk, DAYS[:3]), [table("asset_legs").frame()]
    for day in DAYS[:3]:
        own = {f.name: made[f.name].filter(pl.col("delivery_day") == day) for f in fields(Decided) if f.name in made}
        found.append(asset_legs(desk, day, Decided(**own, plant_output=table("plant_output").frame()), came(desk, day), found[-1]))
    legs = pl.concat(found).sort("delivery_day")
    assert legs["penalty_eur"].to_list() == [0.0, -120.0, 0.0], "nothing was taken: 40 MWh short at 3"
    assert legs["cost_eur"].to_list() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert legs["inventory_close_eur"].to_list() == pytest.approx([-120.0, 0.0, 0.0]), "owed until it is paid"
    booked = made["dispatch"].group_by("delivery_day").agg(eur=(pl.col("cost_eur_h") * pl.col("resolution_minutes") / 60).sum()).sort("delivery_day")
    assert booked["eur"].to_list() == pytest.approx([0.0, 120.0]), "the book pays what the asset does"


def test_an_asset_that_came_after_the_decision_has_no_legs(desk, span):
    later = tiny_desk(assets={**ASSETS, "new": STORE}, rights=RIGHTS)
    own = {f.name: span[f.name].filter(pl.col("delivery_day") == DAYS[0]) for f in fields(Decided) if f.name in span}
    decided = Decided(**own, plant_output=table("plant_output").frame())
    none = table("asset_legs").frame()
    assert asset_legs(later, DAYS[0], decided, came(desk, DAYS[0]), none).equals(asset_legs(desk, DAYS[0], decided, came(desk, DAYS[0]), none))


def test_base_load_of_a_long_day_is_decided_on_all_its_hours(desk):
    day = date(2024, 10, 27)
    given = forecasts(desk, day)
    info = Archive(desk, {}).at(day)
    mean = published_forecast(given, "NORTH", day)["price_eur_mwh"]
    assert mean.len() == 25
    assert daily_of(info, "swing", desk.rights["swing"], given).today_eur_mwh == pytest.approx(mean.mean())


def test_a_unit_starts_no_more_than_it_may(desk):
    """Two peaks a day are worth two starts of a cheap start; with one left in the year it runs through or takes the better one."""
    unit = {**RIGHTS["unit"], "minimum_up_hours": 1, "minimum_down_hours": 1, "start_cost_eur": 1}
    starts = {}
    for most in (None, 3, 1, 0):
        one = tiny_desk(assets={}, rights={"unit": {**unit, "starts_per_year": most}})
        made = rolled(one, DAYS[:2])
        starts[most] = [r["starts_year"] for r in rows(made["asset_states"], "unit", "decided")]
        row = made["right_decisions"].sort("delivery_day").to_dicts()[0]
        assert row["is_exercised"] == (most != 0)
        assert 0 <= row["cost_eur"] < 1e6, "a shadow cost is no cash"
        assert ("no start is left" in row["why"]) == (most == 0)
    assert starts[None][1] >= 4
    assert starts[3] == [2, 3]
    assert starts[1] == [1, 1]
    assert starts[0] == [0, 0]


def file_of(desk, *rows_):
    """An operator's file of (asset, day, known_at, column, number)."""
    named = {"asset": [r[0] for r in rows_], "delivery_day": [DAYS[r[1]].isoformat() for r in rows_], "known_at": [r[2].isoformat() for r in rows_]}
    cells = {c: [str(x[4]) if x[3] == c else "" for x in rows_] for c in {r[3] for r in rows_}}
    return checked_corrections(pl.DataFrame(named | cells), StateCorrections(path="states.csv"))


def settled_legs(desk, span, days, corrections):
    found = table("asset_legs").frame()
    for day in DAYS[:days]:
        own = {f.name: span[f.name].filter(pl.col("delivery_day") == day) for f in fields(Decided) if f.name in span}
        decided = Decided(**own, plant_output=table("plant_output").frame())
        found = pl.concat([found, asset_legs(desk, day, decided, came(desk, day), found, corrections)])
    return found


def test_what_an_operator_measured_is_where_the_settled_store_goes_on(desk, span, legs):
    acts = {r["delivery_day"]: r for r in legs.filter(pl.col("asset") == "acts").to_dicts()}
    end = acts[DAYS[2]]["content_end_mwh"]
    morning = desk.decision_time(DAYS[4])  # on the third day, about the night before
    soon = settled_legs(desk, span, 6, file_of(desk, ("acts", 2, morning, "content_mwh", end + 2)))
    begins = soon.filter(pl.col("asset") == "acts").sort("delivery_day")["content_start_mwh"].to_list()
    assert begins[:3] == [acts[d]["content_start_mwh"] for d in DAYS[:3]]
    assert begins[3] == pytest.approx(end + 2)
    jump = soon.filter(pl.col("asset") == "acts").sort("delivery_day")
    assert jump["inventory_open_eur"].to_list()[1:] == jump["inventory_close_eur"].to_list()[:-1], "inventory telescopes over it"
    late = settled_legs(desk, span, 6, file_of(desk, ("acts", 2, desk.decision_time(DAYS[5]) + timedelta(hours=1), "content_mwh", end + 2)))
    starts = late.filter(pl.col("asset") == "acts").sort("delivery_day")["content_start_mwh"].to_list()
    assert starts[:4] == [acts[d]["content_start_mwh"] for d in DAYS[:4]], "known after that day was settled"
    assert starts[4] == pytest.approx(min(acts[DAYS[4]]["content_start_mwh"] + 2, 20.0))


def test_a_take_measured_on_the_last_day_moves_the_penalty():
    terms = {"kind": "swing", "zone": "NORTH", "days": 2, "daily_max_mwh": 48, "total_min_mwh": 40, "total_max_mwh": 96}
    desk = tiny_desk(assets={}, rights={"dear": {**terms, "strike_eur_mwh": 500, "penalty_eur_mwh": 3}})
    made = rolled(desk, DAYS[:2])
    for about, known in ((0, DAYS[2]), (1, DAYS[3])):
        found = settled_legs(desk, made, 2, file_of(desk, ("dear", about, desk.decision_time(known), "take_mwh", 10)))
        assert found["penalty_eur"].to_list() == [0.0, -90.0], "30 MWh short at 3"
        assert found["cost_eur"].to_list() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_later_measurement_holds_what_earlier_ones_found(desk, span):
    """Two more of the second day, known a day late, are in what the third day measures: they count once."""
    decided = rows(span["asset_states"], "bids", "decided")
    said = [("bids", 2, 4, "throughput_mwh", decided[2]["throughput_mwh"] + 2), ("bids", 3, 5, "throughput_mwh", decided[3]["throughput_mwh"] + 2.5)]
    for first_known in (4, 5):
        found = rows(corrected(desk, [(*said[0][:2], first_known, *said[0][3:]), said[1]], 6), "bids", "opening")
        was = rows(span["asset_states"], "bids", "opening")
        assert found[5]["throughput_mwh"] - was[5]["throughput_mwh"] == pytest.approx(2.5, abs=0.02)


def test_the_promises_of_a_span_hold_and_each_can_break(desk, span, legs):
    """The small version of `make assets`, on nine days."""
    tables = {**{n: span[n] for n in ("asset_states", "right_decisions", "asset_values", "orders_sent", "end_values")}, "asset_legs": legs}
    found = promises(desk, tables)
    assert {p.name: p.broken for p in found} == {p.name: [] for p in found}
    assert min(p.looked_at for p in found) >= len(DAYS)
    money = {b.asset: b for b in booked(desk, tables, {})}
    assert {n: b.days for n, b in money.items()} == {"bids": 9, "acts": 9, "swing": 7, "load": 7, "unit": 9}, "as long as each lasts"
    assert money["swing"].settled_eur == pytest.approx(legs.filter(asset="swing")["total_eur"].sum())
    dear = booked(desk, {**tables, "asset_legs": legs.with_columns(cash_eur=pl.col("cash_eur") + 1000)}, {})
    assert {b.asset: round(b.settled_eur - money[b.asset].settled_eur) for b in dear if b.asset in {*ASSETS, "unit"}} == dict.fromkeys(
        (*ASSETS, "unit"), 9000
    )
    assert all(b.errors > money[b.asset].errors for b in dear if b.asset in ASSETS)
    first = pl.col("delivery_day") == DAYS[3]

    def broken(name, **changes):
        changed = tables[name].with_columns(**{c: pl.when(first).then(v).otherwise(pl.col(c)) for c, v in changes.items()})
        return {p.name for p in promises(desk, {**tables, name: changed}) if p.broken}

    assert broken("asset_legs", cash_eur=pl.col("cash_eur") + 1) == {"legs add up"}
    assert broken("asset_legs", content_end_mwh=pl.col("content_end_mwh") + 1) == {"content"}
    assert broken("asset_legs", inventory_open_eur=pl.col("inventory_open_eur") + 1) == {"inventory telescopes"}
    assert broken("right_decisions", is_exercised=~pl.col("is_exercised")) == {"decisions"}
    assert broken("asset_states", content_start_mwh=pl.col("content_start_mwh") + 1) == {"states"}
    missing = promises(desk, {**tables, "asset_legs": legs.filter(~((pl.col("asset") == "unit") & first))})
    assert {p.name for p in missing if p.broken} == {"legs of every asset"}
