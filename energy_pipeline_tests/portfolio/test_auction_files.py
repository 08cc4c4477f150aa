"""Bids in the market's steps and forms: what is rounded can be done, and the files say what the lines say."""

import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.book.clearing import cleared, in_ticks
from energy_pipeline.contracts import table
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.flexibility.rounding import in_steps_mw
from energy_pipeline.flexibility.sending import walked
from energy_pipeline.mathematics.stores.auction import day_bids
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline.portfolio.auction_files import blocks, cleared_mw, price_curves
from energy_pipeline_tests.contracts.legal_frames import legal_rows

STORES = st.builds(
    lambda power, out, hours, eff, start, cycles: Store(
        power, out, power * hours, charge_efficiency=eff, discharge_efficiency=eff, initial_mwh=start * power * hours, cycles_per_day=cycles
    ),
    st.floats(0.15, 12),
    st.floats(0.15, 12),
    st.floats(0.5, 5),
    st.floats(0.8, 1),
    st.floats(0, 1),
    st.sampled_from([None, 0.5, 1.0]),
)


@settings(max_examples=40)
@given(STORES, st.integers(0, 10_000), st.sampled_from([15, 60]))
def test_rounding_to_steps_never_asks_of_a_store_what_it_cannot_do(store, seed, minutes):
    prices = np.random.default_rng(seed).normal(40, 40, 24)
    plan = foresight(store, prices, minutes)
    net = in_steps_mw(store, plan.discharge_mw - plan.charge_mw, minutes)
    assert np.allclose(net * 10, np.rint(net * 10))
    assert (np.sign(net) * np.sign(plan.discharge_mw - plan.charge_mw) >= 0).all()
    content, into, out = walked(store, np.maximum(-net, 0.0), np.maximum(net, 0.0), minutes)
    assert np.allclose(out - into, net, atol=1e-6), "the store does all of it"
    assert content.min() >= -1e-9
    assert content.max() <= store.energy_mwh + 1e-9
    if store.cycles_per_day is not None:
        assert out.sum() * minutes / 60 <= store.cycles_per_day * store.energy_mwh + 1e-6


@settings(max_examples=40)
@given(STORES, st.integers(0, 10_000))
def test_of_rounded_orders_with_limits_any_may_fail(store, seed):
    rng = np.random.default_rng(seed)
    grid = np.array([0.0, store.energy_mwh])
    bids = day_bids(store, rng.normal(40, 40, 24), 60, grid, 30 * grid, store.initial_mwh, limits=True)
    conditional = np.isfinite(bids.buy_limit_eur_mwh) | np.isfinite(bids.sell_limit_eur_mwh)
    net = in_steps_mw(store, bids.discharge_mw - bids.charge_mw, 60, conditional)
    for _ in range(8):
        taken = np.where(conditional & (rng.random(24) < 0.5), 0.0, net)
        _, into, out = walked(store, np.maximum(-taken, 0.0), np.maximum(taken, 0.0), 60)
        assert np.allclose(out - into, taken, atol=1e-6)


@given(st.floats(-500, 4000))
def test_a_limit_in_ticks_never_sells_below_cost_nor_buys_above_worth(limit):
    assert in_ticks(limit) >= limit - 1e-8
    assert -in_ticks(-limit) <= limit + 1e-8
    assert abs(in_ticks(limit) - limit) < 0.01 + 1e-8


def lines():
    """A zone of two hours: sales at any price, a purchase, a plant's step, a store's steps, a loop and a group."""
    start = table("nomination_lines").frame(legal_rows(table("nomination_lines"), [{}]))["delivery_start"][0]
    later = start.replace(hour=start.hour + 1)
    rows = [
        ("price_independent", "", start, "sell", 30.0, None),
        ("price_independent", "", later, "buy", 4.0, None),
        ("step", "off", start, "sell", 12.5, -3.0),
        ("step", "store", start, "buy", 5.0, 21.5),
        ("step", "store", later, "sell", 4.4, 55.25),
        ("loop_block", "loop", start, "buy", 2.0, 30.0),
        ("loop_block", "loop", later, "sell", 1.8, 44.0),
        ("block", "groups/0.0", start, "buy", 3.0, None),
        ("block", "groups/0.1", later, "buy", 3.0, None),
    ]
    named = ("kind", "asset", "delivery_start", "side", "volume_mw", "limit_price_eur_mwh")
    made = [{**dict(zip(named, r, strict=True)), "zone": "NORTH", "resolution_minutes": 60} for r in rows]
    return table("nomination_lines").frame(legal_rows(table("nomination_lines"), made)), start


def test_a_curve_clears_as_its_lines_do():
    bids, start = lines()
    curves = pl.read_csv(io.StringIO(price_curves(bids, {"NORTH": -500.0}, {"NORTH": 4000.0})))
    for at in (start, start.replace(hour=start.hour + 1)):
        own = bids.filter(pl.col("delivery_start") == at, pl.col("kind").is_in(["price_independent", "step"])).to_dicts()
        curve = curves.filter(pl.col("delivery_start_utc") == f"{at:%Y-%m-%dT%H:%M:%SZ}")
        for price in (-100.0, -3.005, -2.0, 21.0, 22.0, 55.0, 56.0, 300.0):
            wanted = 0.0
            for r in own:
                sign = 1.0 if r["side"] == "sell" else -1.0
                limit = -np.inf if r["limit_price_eur_mwh"] is None else sign * r["limit_price_eur_mwh"]
                wanted += sign * r["volume_mw"] * float(cleared(np.array([limit]), np.array([sign * price]), "none")[0])
            assert cleared_mw(curve, price) == pytest.approx(wanted), price
    assert curves["price_eur_mwh"].is_between(-500, 4000).all()
    with pytest.raises(SourceError, match=r"beyond -500 \.\. 20"):
        price_curves(bids, {"NORTH": -500.0}, {"NORTH": 20.0})


def test_blocks_are_tied_to_their_group_and_a_loops_legs_to_each_other():
    found = pl.read_csv(io.StringIO(blocks(lines()[0]))).to_dicts()
    assert [(r["block"], r["kind"], r["tied_to"], r["least_share"]) for r in found] == [
        ("groups/0.0", "exclusive", "groups/0", 1.0),
        ("groups/0.1", "exclusive", "groups/0", 1.0),
        ("loop:buy", "loop", "loop:sell", 1.0),
        ("loop:sell", "loop", "loop:buy", 1.0),
    ]
    assert [r["limit_price_eur_mwh"] for r in found] == [None, None, 30.0, 44.0]
