"""In which form orders are sent, what an auction takes of them by file or price, and that states, cash and bids follow it."""

from dataclasses import fields
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.acceptance import checked_acceptance, nothing, of_lines
from energy_pipeline.book.outlook import zone_outlooks
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.flexibility import Acceptance
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.flexibility import Orders, cleared_orders, executed
from energy_pipeline.flexibility.chain import flexible_day
from energy_pipeline.flexibility.states import Before, desk_of_day
from energy_pipeline.information.archive import Archive
from energy_pipeline.portfolio import Came, Decided, asset_legs
from energy_pipeline_tests.flexibility.test_states import STORE, forecasts, paths, prices_of, rows
from energy_pipeline_tests.renewables.hand_made import day_after, raw_rows, tiny_desk

FIRST = date(2024, 3, 26)
DAYS = [FIRST + timedelta(days=n) for n in range(4)]
SENT = ("orders_sent", "bid_curves", "block_orders")
CHAIN = ("asset_states", "asset_thresholds", "dispatch", *SENT)
FILE = Acceptance(path="accepted.csv")


def auction(delivery, minutes):
    """Prices as they came: a flat first evening, so that not every order is taken."""
    off = np.random.default_rng(delivery.day.toordinal()).normal(0, 25, delivery.count(minutes))
    return prices_of(delivery, minutes) + off


def rolled(orders, days=DAYS, accepted=None):
    desk = tiny_desk(assets={"bids": STORE}, flexibility={"orders": orders})
    known = raw_rows("day_ahead_prices", {"zone": "NORTH"}, {"price_eur_mwh": auction}, DAYS[0], DAYS[-1], 60, day_after(-20))
    raw, found = Archive(desk, {"day_ahead_prices": known}), {}
    for day in days:
        held = {n: found.get(n, table(n).frame()).filter(pl.col("delivery_day") < day) for n in CHAIN}
        before = Before(**held, corrections=pl.DataFrame(), accepted=nothing() if accepted is None else accepted)
        made = flexible_day(raw.at(day), forecasts(desk, day), paths(desk, day), before)
        for name, frame in made.items():
            checked = enforce(table(name), frame, day)
            found[name] = pl.concat([found[name], checked]) if name in found else checked
    return desk, found, known


def execution(desk, found, day, known, accepted=None):
    own = {n: f.filter(pl.col("delivery_day") == day) for n, f in found.items()}
    stood = desk_of_day(desk, day, own["asset_states"], own["end_values"])
    prices = (
        known.filter(pl.col("delivery_start").is_in(own["dispatch"]["delivery_start"].to_list())).sort("delivery_start")["price_eur_mwh"].to_numpy()
    )
    orders = Orders(own["orders_sent"], own["bid_curves"], own["block_orders"], nothing() if accepted is None else accepted)
    return own, stood, executed(stood, own["dispatch"], orders, {"bids": prices})


@pytest.fixture(scope="module")
def spans():
    return {form: rolled(form) for form in ("plan", "curve", "blocks")}


@pytest.mark.parametrize("form", ["plan", "curve", "blocks"])
def test_a_day_begins_with_what_the_auction_took_of_the_orders_sent(spans, form):
    desk, found, known = spans[form]
    assert found["orders_sent"]["form"].to_list() == [form] * len(DAYS)
    row = found["orders_sent"].row(0, named=True)
    assert row["expected_eur"] == row[f"{form}_eur"]
    assert row["why"]
    opened, different = rows(found["asset_states"], "bids", "opening"), 0
    for n, day in enumerate(DAYS[:-1]):
        _, _, done = execution(desk, found, day, known)
        end = done.dispatch.sort("delivery_start")["state_of_charge_mwh"][-1]
        assert opened[n + 1]["content_start_mwh"] == pytest.approx(end), day
        assert done.dispatch["state_of_charge_mwh"].min() >= 0.0
        assert done.dispatch["state_of_charge_mwh"].max() <= 20.0 + 1e-9
        assert done.basis["bids"] == ("assumed" if form == "plan" else "by price")
        different += not done.dispatch["net_mw"].equals(done.planned["net_mw"])
    assert (different > 0) == (form != "plan"), "prices take something else than was planned"


@pytest.mark.parametrize("form", ["curve", "blocks"])
def test_cash_of_the_asset_is_that_of_what_was_taken(spans, form):
    desk, found, known = spans[form]
    own, _, done = execution(desk, found, DAYS[0], known)
    assert not done.dispatch["net_mw"].equals(own["dispatch"]["net_mw"])
    came = Came(known, *(table(n).frame() for n in ("second_prices", "plant_meters", "generation_actual", "held_hours")))
    decided = Decided(**{f.name: own[f.name] for f in fields(Decided) if f.name in own}, plant_output=table("plant_output").frame())
    row = asset_legs(desk, DAYS[0], decided, came, table("asset_legs").frame(), None, done).row(0, named=True)
    given = done.dispatch.join(known.select("delivery_start", "price_eur_mwh"), on="delivery_start").sort("delivery_start")
    assert row["energy_eur"] == pytest.approx(float((given["net_mw"] * given["price_eur_mwh"]).sum()))
    assert row["cost_eur"] == pytest.approx(-2 * float(given["discharge_mw"].sum()))
    assert row["content_end_mwh"] == pytest.approx(given["state_of_charge_mwh"][-1])


def lines_of(plan):
    """Bid lines of a loop block."""
    volume = plan["net_mw"].abs().round(1)
    side = pl.when(plan["net_mw"] > 0).then(pl.lit("sell")).otherwise(pl.lit("buy"))
    made = plan.select("delivery_day", "zone", kind=pl.lit("loop_block"), asset="asset", delivery_start="delivery_start", side=side, volume_mw=volume)
    return made.with_columns(resolution_minutes=pl.lit(60)).filter(pl.col("volume_mw") > 0)


def answer(lines, accepted_mw=None):
    """A file that says so much was taken of each line; all of it unless told."""
    told = lines.with_columns(accepted_mw=pl.col("volume_mw") if accepted_mw is None else accepted_mw)
    start = pl.col("delivery_start").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return checked_acceptance(told.select("zone", "kind", "asset", start, pl.col("accepted_mw").cast(pl.String)), FILE)


def test_a_rejected_block_leaves_the_store_as_it_was_and_the_next_day_begins_there(spans):
    desk, found, known = spans["plan"]
    plan = found["dispatch"].filter(pl.col("delivery_day") == DAYS[0])
    assert plan["net_mw"].abs().sum() > 5.0
    rejected = answer(lines_of(plan), accepted_mw=pl.lit(0.0))
    own, stood, done = execution(desk, found, DAYS[0], known, rejected)
    assert done.basis["bids"] == "by file"
    assert done.dispatch["net_mw"].abs().sum() == done.sold["net_mw"].abs().sum() == 0.0
    begin = stood.assets["bids"].initial_mwh
    _, again, _ = rolled("plan", DAYS[:2], rejected)
    assert rows(again["asset_states"], "bids", "opening")[1]["content_start_mwh"] == pytest.approx(begin)
    assert "by file" in rows(again["asset_states"], "bids", "settled")[0]["basis"]
    late = rejected.with_columns(known_at=pl.lit(desk.decision_time(DAYS[1]) + timedelta(hours=1)).cast(pl.Datetime("us", "UTC")))
    _, unknown, _ = rolled("plan", DAYS[:2], late)
    assert rows(unknown["asset_states"], "bids", "opening") == rows(found["asset_states"], "bids", "opening")[:2], "known after the decision"
    taken = execution(desk, found, DAYS[0], known, answer(lines_of(plan)))[2]
    assert taken.dispatch.equals(own["dispatch"].sort("asset", "delivery_start"))


def test_what_cannot_be_delivered_is_sold_all_the_same(spans):
    """Purchases rejected by file, sales taken: an empty store gives nothing and owes what it sold."""
    desk, found, known = spans["curve"]
    plan = found["dispatch"].filter(pl.col("delivery_day") == DAYS[0])
    lines = lines_of(plan).with_columns(kind=pl.lit("step"))
    said = answer(lines, accepted_mw=pl.when(pl.col("side") == "sell").then(pl.col("volume_mw")).otherwise(0.0))
    _, _, done = execution(desk, found, DAYS[0], known, said)
    assert done.dispatch["net_mw"].sum() == pytest.approx(0.0)
    assert done.sold["net_mw"].sum() == pytest.approx(lines.filter(side="sell")["volume_mw"].sum())


def test_an_answer_that_cannot_be_is_refused_with_all_its_mistakes(spans):
    _, found, _ = spans["plan"]
    lines = lines_of(found["dispatch"].filter(pl.col("delivery_day") == DAYS[0]))
    assert of_lines(answer(lines), lines, "f")["accepted_mw"].to_list() == lines["volume_mw"].to_list()
    more = answer(lines, accepted_mw=pl.col("volume_mw") + 5)
    part = answer(lines, accepted_mw=pl.col("volume_mw") / 2)
    other = answer(lines.with_columns(asset=pl.lit("nobody")))
    with pytest.raises(SourceError, match=r"of .* bid"):
        of_lines(more, lines, "f")
    with pytest.raises(SourceError, match="a block is taken whole or not at all"):
        of_lines(part, lines, "f")
    with pytest.raises(SourceError, match=r"no bid line.*nobody"):
        of_lines(other, lines, "f")
    with pytest.raises(SourceError, match="no column accepted_mw"):
        checked_acceptance(pl.DataFrame({"zone": ["N"], "kind": ["step"], "asset": [""], "delivery_start": ["2024-03-26T00:00Z"]}), FILE)
    head = {"zone": ["N"], "kind": ["step"], "asset": [""], "delivery_start": ["nonsense"], "accepted_mw": ["-1"]}
    with pytest.raises(SourceError, match=r"(?s)delivery_start.*accepted_mw"):
        checked_acceptance(pl.DataFrame(head), FILE)


@pytest.mark.parametrize("form", ["curve", "blocks"])
def test_scenarios_of_the_book_clear_the_orders_as_settlement_does(spans, form):
    desk, found, known = spans[form]
    own, stood, done = execution(desk, found, DAYS[0], known)
    (orders,) = cleared_orders(stood, own["dispatch"], *(own[n] for n in SENT))
    starts = own["dispatch"]["delivery_start"].to_list()
    prices = known.filter(pl.col("delivery_start").is_in(starts)).sort("delivery_start")["price_eur_mwh"].to_numpy()
    net, wear = orders.run(np.stack([prices, prices + 1000.0]))
    given = done.dispatch.sort("delivery_start")
    assert net[0] == pytest.approx(given["net_mw"].to_numpy(), abs=1e-9)
    assert wear[0].sum() == pytest.approx(2 * given["discharge_mw"].sum())
    assert orders.planned[0] == pytest.approx(own["dispatch"].sort("delivery_start")["net_mw"].to_numpy())
    assert not np.allclose(net[0], orders.planned[0])
    plain = (
        desk.model_copy(update={"plants": {}}),
        desk.delivery_day(DAYS[0]),
        ["NORTH"],
        paths(desk, DAYS[0], 8),
        table("plant_output").frame(),
        own["dispatch"],
    )
    outlook = zone_outlooks(*plain, (orders,))["NORTH"]
    cleared = orders.run(outlook.price)[0]
    assert outlook.output_mw == pytest.approx(cleared)
    assert outlook.expected_mw - outlook.rejected_mw == pytest.approx(cleared), "what is not taken is neither sold nor expected"
