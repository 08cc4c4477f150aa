"""Values that cannot be are held, told, released by the operator, and never booked: the cases of real desks and their kinds."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.errors import DeskError, SourceError
from energy_pipeline.domain.price_limits import PRICE_LIMITS, price_limit
from energy_pipeline.ingestion import assess_quality, collect, new_vintages
from energy_pipeline.ingestion.plausibility import Facts, judge
from energy_pipeline.portfolio.settle import Came, settle_final
from energy_pipeline.reporting.held_section import held
from energy_pipeline.reporting.inputs import ReportInputs

DAY = date(2024, 4, 10)
RULE = {"anchor": "delivery_day", "days": 1, "at": "09:00", "basis": "assumption"}
BEFORE = {"anchor": "delivery_day", "days": -1, "at": "12:45", "basis": "assumption"}
LINES = ("raw_table", "series", "value_column", "from", "until", "known_at", "action", "value", "reason")


def series(name, key, values, rule=RULE):
    time = {"column": "t", "clock": "utc"}
    parts = [{"path": name, "time": time, "values": {column: {"columns": [column]} for column in values}}]
    return {"table": name, "key": key, "known_at": rule, "parts": parts}


def desk(*files, currency="EUR", time_zone="UTC", operator_file=None, **market):
    return desk_from(
        {
            "name": "case",
            "description": "A small desk.",
            "currency": currency,
            "time_zone": time_zone,
            "first_delivery_day": date(2020, 1, 1),
            "decision_at": "08:30",
            "markets": {"m": {"time_zone": time_zone, "currency": currency, "gate": {"at": "12:00"}, **market}},
            "zones": {
                "Z": {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 2.0}, "tso_res_forecast": "none", "drivers": []}
            },
            "sources": {"files": list(files)},
            "plants": {"park": {"kind": "metered", "zone": "Z", "technology": "wind", "capacity_mw": 4}},
            "plausibility": {"operator_file": operator_file},
        },
        "case",
    )


METER = series("plant_meters", {"plant": "park"}, ["output_mw"])
PRICE = series("day_ahead_prices", {"zone": "Z"}, ["price_eur_mwh"], BEFORE)


def hours(values, day=DAY, column="output_mw", minutes=60):
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return pl.DataFrame({"t": [start + timedelta(minutes=minutes * i) for i in range(len(values))], column: [float(v) for v in values]})


def operator(*rows):
    return pl.DataFrame([dict(zip(LINES, row, strict=True)) for row in rows], schema=dict.fromkeys(LINES, pl.String))


SCALED = (
    "plant_meters", "plant=park", "", "2024-04-01T00:00Z", "2024-05-01T00:00Z", "2024-04-12T08:00Z", "scale", "0.001", "the meter writes kW"
)  # fmt: skip


def settled(frames, prices, expected_mw=1.8, sold_mw=1.8):
    """P&L of one park of which 1.8 MW were expected and sold, by what came."""
    own = desk(METER)
    starts = {"delivery_day": DAY, "delivery_start": [datetime(2024, 4, 10, h, tzinfo=UTC) for h in range(24)], "resolution_minutes": 60}
    position: dict[str, object] = dict.fromkeys(["opening_mw", "lower_mw", "upper_mw", "reference_price_eur_mwh", "half_spread_eur_mwh"], 0.0)
    position |= {"position_mw": -sold_mw, "traded_mw": -sold_mw, "expected_output_mw": expected_mw, "is_proxy": False}
    position |= {"zone": "Z", "instrument": "day_ahead"}
    positions = pl.DataFrame({**starts, **position}).select(list(table("positions").schema)).cast(table("positions").schema)
    output = pl.DataFrame({**starts, "plant": "park", "output_mw": expected_mw})
    second, generation = table("second_prices").frame(), table("generation_actual").frame()
    came = Came(prices, second, frames["plant_meters"], generation, frames["held_hours"])
    return enforce(table("pnl"), settle_final(own, DAY, positions, output, table("dispatch").frame(), came), DAY)


def collected(own, files):
    return {name: collect(own, name, DAY, DAY, files.__getitem__).frame for name in ("plant_meters", "held_hours")}


def test_a_meter_in_kw_is_held_not_booked_and_booked_rightly_once_its_unit_is_said():
    files = {"plant_meters": hours(range(1800, 1824)), "op.csv": operator(SCALED), "day_ahead_prices": hours([50.0] * 24, column="price_eur_mwh")}
    prices = collect(desk(PRICE), "day_ahead_prices", DAY, DAY, files.__getitem__).frame
    found = collected(desk(METER), files)
    assert found["plant_meters"]["output_mw"].is_null().all()
    told = enforce(table("held_hours"), found["held_hours"], DAY)
    assert told["found_value"].to_list() == [float(v) for v in range(1800, 1824)]
    assert set(told.select("check", "status", "zone").rows()) == {("unit", "held", "Z")}
    before = settled(found, prices)
    assert before["held_h"].sum() == 24.0
    assert before["is_estimated"].all()
    assert before["total_eur"].sum() == pytest.approx(1.8 * 24 * 50)  # what was expected stands in; nothing of the meter is booked
    quality = assess_quality(desk(METER), DAY, found).filter(check="plausibility")
    assert quality.select("status", "null_count").rows() == [("held", 24)]
    released = collected(desk(METER, operator_file="op.csv"), files)
    assert released["plant_meters"].height == 48  # held, then known from the line's instant
    after = settled(released, prices)
    assert after["held_h"].sum() == 0.0
    assert not after["is_estimated"].any()
    assert after["output_mw"].to_list() == pytest.approx([v / 1000 for v in range(1800, 1824)])


def test_a_release_is_a_later_vintage_and_never_known_before_its_line():
    files = {"plant_meters": hours(range(1800, 1824)), "op.csv": operator(SCALED)}
    rows = collect(desk(METER, operator_file="op.csv"), "plant_meters", DAY, DAY, files.__getitem__).frame
    by_known = dict(rows.group_by("known_at").agg(pl.col("output_mw").null_count()).iter_rows())
    assert by_known == {datetime(2024, 4, 11, 9, tzinfo=UTC): 24, datetime(2024, 4, 12, 8, tzinfo=UTC): 0}
    held_before = collect(desk(METER), "plant_meters", DAY, DAY, files.__getitem__).frame
    seen = datetime(2024, 4, 20, tzinfo=UTC)
    assert new_vintages(table("plant_meters"), held_before, rows, seen)["known_at"].unique().to_list() == [seen]


def test_the_page_tells_status_volume_and_money_at_stake():
    files = {"plant_meters": hours([1800.0] * 24), "day_ahead_prices": hours([50.0] * 24, column="price_eur_mwh")}
    prices = collect(desk(PRICE), "day_ahead_prices", DAY, DAY, files.__getitem__).frame
    found = collected(desk(METER), files)
    tables = {"held_hours": found["held_hours"], "pnl": settled(found, prices)}
    (row,) = held(ReportInputs(DAY, desk(METER), tables, dict.fromkeys(tables, "hash"))).tables[0].rows
    assert [cell.text for cell in row[:6]] == ["plant_meters plant=park output_mw", "held", "unit", "24.00", "43,200.0", "2,160,000"]


def test_a_day_is_judged_the_same_alone_and_in_a_range():
    rng = np.random.default_rng(1)
    first = DAY - timedelta(days=250)
    load = hours(np.abs(rng.normal(50_000, 4_000, 251 * 24)), first, "load_mw").with_columns(
        load_mw=pl.when(pl.col("t") >= datetime(2024, 3, 1, tzinfo=UTC)).then(pl.col("load_mw") / 1000).otherwise("load_mw")
    )
    own = desk(series("load_actual", {"zone": "Z"}, ["load_mw"]))
    load_of = {"load_actual": load}.__getitem__
    whole = collect(own, "held_hours", DAY - timedelta(days=60), DAY, load_of).frame
    alone = pl.concat(collect(own, "held_hours", day, day, load_of).frame for day in (DAY - timedelta(days=d) for d in range(60, -1, -1)))
    assert whole.equals(alone)
    assert whole["delivery_day"].min() == date(2024, 3, 1)  # the level is the half-year before, and no later day moves it
    assert whole["delivery_day"].n_unique() == 41


def test_values_after_a_day_never_change_its_verdict():
    meter = hours([3.0] * 24 * 10, DAY - timedelta(days=4))
    own = desk(METER)
    right = collect(own, "plant_meters", DAY, DAY, {"plant_meters": meter}.__getitem__).frame
    poison = meter.with_columns(output_mw=pl.when(pl.col("t") >= datetime(2024, 4, 11, tzinfo=UTC)).then(1e5).otherwise("output_mw"))
    assert right.equals(collect(own, "plant_meters", DAY, DAY, {"plant_meters": poison}.__getitem__).frame)


@pytest.mark.parametrize(
    ("currency", "day", "market", "price", "is_held"),
    [
        ("USD", date(2021, 2, 16), {}, 8999.0, False),
        ("USD", date(2021, 2, 16), {"rules": "ercot"}, 8999.0, False),
        ("USD", date(2023, 2, 16), {"rules": "ercot"}, 8999.0, True),
        ("PLN", date(2023, 2, 16), {}, 6200.0, False),
        ("PLN", date(2023, 2, 16), {}, -2100.0, False),
        ("EUR", date(2023, 2, 16), {}, 4000.0, False),
        ("EUR", date(2022, 2, 16), {}, 4000.0, True),
        ("EUR", date(2022, 2, 16), {"price_limits": {"day_ahead": (-500, 5000)}}, 4000.0, False),
        ("AUD", date(2024, 12, 16), {}, 17_400.0, False),
        ("SEK", date(2024, 12, 16), {}, 9_000.0, False),
    ],
)
def test_a_price_is_held_only_beyond_its_own_markets_limit_of_the_day(currency, day, market, price, is_held):
    values = [60.0 + h / 7 for h in range(47)] + [price]
    files = {"day_ahead_prices": hours(values, day - timedelta(days=1), "price_eur_mwh")}
    own = desk(PRICE, currency=currency, **market)
    found = collect(own, "day_ahead_prices", day, day, files.__getitem__)
    assert (price in found.frame["price_eur_mwh"].to_list()) is not is_held
    assert found.failures == {}
    assert found.frame.height == enforce(table("day_ahead_prices"), found.frame, day).height


def test_every_price_limit_has_a_source_and_an_order():
    for limit in PRICE_LIMITS:
        assert limit.lowest < limit.highest, limit
        assert len(limit.source) > 10, limit
    assert price_limit("coupled_europe", "imbalance", DAY).highest > price_limit("coupled_europe", "day_ahead", DAY).highest


def test_a_net_load_below_zero_is_a_load():
    values = [900, 900, 900, 900, 900, 900, 800, 500, 200, 0, -100, -180, -205, -150, 0, 200, 500, 800, 900, 950, 950, 900, 900, 900]
    own = desk(series("load_actual", {"zone": "Z"}, ["load_mw"]))
    found = collect(own, "load_actual", DAY, DAY, {"load_actual": hours(values * 40, DAY - timedelta(days=39), "load_mw")}.__getitem__)
    assert found.held is not None
    assert found.held.is_empty()
    assert enforce(table("load_actual"), found.frame, DAY)["load_mw"].min() == -205.0


def test_two_currencies_in_one_desk_are_refused_with_what_to_do():
    data = desk(METER).model_dump(mode="json")
    data["markets"]["m"]["currency"] = "GBP"
    with pytest.raises(DeskError, match="GBP differs from the desk's EUR -> give that market's prices in EUR"):
        desk_from(data, "case")


def judged(values_by_day, facts):
    days = [DAY + timedelta(days=i) for i, values in enumerate(values_by_day) for _ in values]
    values = [float(v) for day in values_by_day for v in day]
    rows = pl.DataFrame({"row": range(len(days)), "day": days, "known_day": days, "value": values})
    return rows.join(judge(rows, facts), on="row").select("day", "check", "detail")


WIND = [[0.3 + 0.2 * ((d + h) % 4) for h in range(24)] for d in range(60)]


@pytest.mark.parametrize(
    ("days", "facts", "word"),
    [
        ([[5000.0] * 24], Facts("output", 4.0), "kW for MW"),
        ([[v / 1000 for v in day] for day in WIND], Facts("output", 2.0), "GW or a share"),
        ([*WIND, *([v / 1000 for v in day] for day in WIND[:10])], Facts("output", 100.0), "GW for MW"),
        ([[9e5] * 24], Facts("zone_output", 8000.0), "kW for MW"),
        ([[v * 100 for v in day] for day in WIND] + [[5e5] * 24], Facts("zone_output"), "x its highest"),
        ([[41_000.0, 52_000.0] * 12] * 40 + [[41.0, 52.0] * 12], Facts("load"), "its own level"),
        ([[41_000.0, 52_000.0] * 12] * 40 + [[41e6, 52e6] * 12], Facts("load"), "its own level"),
        ([[0.04512, 0.08123] * 12] * 40, Facts("price"), "per kWh"),
        ([[4.512, 8.123] * 12] * 40, Facts("price"), "hundredths per kWh"),
        ([[45.12, 81.23] * 12] * 40 + [[0.04, 0.08] * 12] * 4, Facts("price"), "per kWh"),
        ([[288.0] * 24], Facts("temperature", latitude_deg=50.0), "Kelvin"),
        ([[75.0] * 24], Facts("temperature", latitude_deg=50.0), "Fahrenheit"),
        ([[0.0] * 6 + [0.3] * 12 + [0.0] * 6] * 5, Facts("ghi", latitude_deg=50.0), "kW/m2"),
        ([[0.0] * 6 + [1.1e6] * 12 + [0.0] * 6], Facts("ghi", latitude_deg=50.0), "J/m2"),
        ([[0.0] * 6 + [1450.0] * 12 + [0.0] * 6], Facts("ghi", latitude_deg=50.0), "kJ/m2"),
        ([[4.0] * 24] * 40 + [[14.4] * 24] * 28, Facts("wind"), "km/h"),
        ([[22.0] * 24] * 28, Facts("wind", height_m=100.0), "km/h"),
    ],
)  # fmt: skip
def test_every_wrong_unit_is_held_and_named(days, facts, word):
    found = judged(days, facts)
    assert word in " ".join(found["detail"].to_list())


@pytest.mark.parametrize(
    ("days", "facts"),
    [
        (WIND, Facts("output", 1.0)),
        ([[4.2, -0.1, 0.0, 4.39]], Facts("output", 4.0)),
        ([*WIND, *([[0.0] * 24] * 20)], Facts("output", 1.0)),  # an outage is zero, and possible
        ([[45.12, -20.0, 0.0, 81.23] * 6] * 40, Facts("price")),
        ([[1.5, 0.5, 2.0, 1.0] * 6] * 40, Facts("price")),  # a wet summer, in hundredths
        ([[35.0] * 24] * 40, Facts("temperature", latitude_deg=30.0)),
        ([[0.0] * 8 + [150.0] * 8 + [0.0] * 8] * 5, Facts("ghi", latitude_deg=60.0)),
        ([[9.0] * 24] * 60, Facts("wind", height_m=100.0)),
    ],
)
def test_what_can_be_is_not_held(days, facts):
    assert judged(days, facts).is_empty()


def test_quiet_days_of_a_wrong_unit_are_held_while_the_days_before_are_in_it():
    found = judged([[1800.0] * 24, [2.0] * 24, [1700.0] * 24], Facts("output", 4.0))
    assert found["day"].n_unique() == 3


def test_an_operators_file_is_read_whole_and_every_mistake_is_told_with_its_line():
    bad = operator(
        ("plant_meters", "plant=park", "", "2024-04-01 00:00", "2024-05-01T00:00Z", "2024-04-12T08:00Z", "scale", "", ""),
        ("meters", "plant=park", "", "2024-04-02T00:00Z", "2024-04-01T00:00Z", "2024-04-12T08:00Z", "free", "x", "why"),
    )
    files = {"plant_meters": hours([1.0] * 24), "op.csv": bad}
    with pytest.raises(SourceError) as caught:
        collect(desk(METER, operator_file="op.csv"), "plant_meters", DAY, DAY, files.__getitem__)
    text = str(caught.value)
    wanted = ("line 2: from '2024-04-01 00:00'", "line 2: no reason", "line 2: replace and scale need a value", "line 3: raw_table 'meters'")
    assert all(words in text for words in (*wanted, "line 3: action 'free'", "line 3: value 'x'", "line 3: until"))


@pytest.mark.parametrize(("action", "value", "used"), [("release", "", 1800.0), ("replace", "1.7", 1.7), ("scale", "0.001", 1.8), ("hold", "", None)])
def test_what_the_operator_says_is_used_from_then_on(action, value, used):
    line = (*SCALED[:6], action, value, "checked")
    files = {"plant_meters": hours([1800.0] * 24), "op.csv": operator(line)}
    rows = collect(desk(METER, operator_file="op.csv"), "plant_meters", DAY, DAY, files.__getitem__).frame
    assert rows.sort("known_at")["output_mw"].to_list()[-1] == used


def test_the_operator_may_hold_what_nothing_suspects():
    line = (*SCALED[:6], "hold", "", "the meter was swapped")
    files = {"plant_meters": hours([2.0] * 24), "op.csv": operator(line)}
    found = collect(desk(METER, operator_file="op.csv"), "plant_meters", DAY, DAY, files.__getitem__)
    assert found.held is not None
    assert set(found.held.select("check", "status", "detail").rows()) == {("operator", "held", "the meter was swapped")}
    assert found.frame.height == 48
