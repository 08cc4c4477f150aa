"""The P&L kernel against the market page's formula."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from energy_pipeline.book.pnl import HedgeLeg, Legs, ZoneBook, at_fair_value, zone_legs

T = 3
prices = arrays(np.float64, (2, T), elements=st.floats(-500, 4000))
powers = arrays(np.float64, (2, T), elements=st.floats(0, 500))
row = arrays(np.float64, T, elements=st.floats(-300, 300))
hedge = st.builds(HedgeLeg, row, st.floats(-500, 4000), st.booleans())
book = st.builds(
    ZoneBook,
    hours=st.sampled_from([0.25, 0.5, 1.0]),
    sold_mw=row,
    expected_mw=row,
    cost_eur=row,
    fee_eur_mwh=st.floats(0, 20),
    hedges=st.lists(hedge, max_size=3).map(tuple),
)


@given(book, prices, prices, powers)
def test_legs_add_up_to_the_formula(b, price, second, output):
    total = b.hours * (price * b.sold_mw + second * (output - b.sold_mw) - b.fee_eur_mwh * np.abs(output - b.sold_mw)) - b.cost_eur
    for leg in b.hedges:
        total = total + b.hours * leg.power_mw * (price - leg.price_eur_mwh)
    legs = zone_legs(b, price, second, output)
    size = 1.0 + b.hours * (np.abs(price) + np.abs(second)) * (np.abs(output) + np.abs(b.sold_mw) + np.abs(b.expected_mw) + 1000)
    np.testing.assert_allclose(legs.total() / size, total / size, atol=1e-9, rtol=0)
    np.testing.assert_allclose(sum(legs.by_leg().values()), legs.total().sum(axis=-1), rtol=1e-9, atol=1e-6)


@given(prices, prices)
def test_a_zero_book_earns_zero(price, second):
    none = np.zeros(T)
    legs = zone_legs(ZoneBook(1.0, none, none, none, 5.0), price, second, np.zeros((2, T)))
    assert all(np.all(values == 0) for values in vars(legs).values())


@given(st.floats(-500, 4000), row, st.booleans())
def test_a_hedge_at_the_realised_price_earns_zero(price, power, proxy):
    none = np.zeros(T)
    leg = HedgeLeg(power, price, proxy)
    assert np.all(zone_legs(ZoneBook(1.0, none, none, none, 1.0, (leg,)), np.full(T, price), np.full(T, price), none).total() == 0)


def test_a_day_ahead_sale_of_what_comes_is_paid_the_auction_price_whatever_the_second_price():
    ten, none = np.full(T, 10.0), np.zeros(T)
    legs = zone_legs(ZoneBook(0.25, ten, ten, none, 3.0), np.array([-20.0, 0.0, 80.0]), np.array([500.0, -500.0, 7.0]), ten)
    np.testing.assert_allclose(legs.total(), [-50, 0, 200])


def test_speculation_against_an_equal_second_price_only_costs_the_fee():
    ten, none, price = np.full(T, 10.0), np.zeros(T), np.full(T, 40.0)
    legs = zone_legs(ZoneBook(1.0, ten + 4, ten, none, 2.0), price, price, ten)
    assert legs.speculative.sum() == 0
    np.testing.assert_allclose(legs.total(), 40 * 10 - 2 * 4)


def test_proxy_hedges_have_a_leg_of_their_own():
    none, price = np.zeros(T), np.full(T, 40.0)
    legs: Legs = zone_legs(
        ZoneBook(1.0, none, none, none, 2.0, (HedgeLeg(np.ones(T), 30.0, True), HedgeLeg(np.ones(T), 35.0, False))), price, price, none
    )
    assert legs.by_leg()["hedge"] == pytest.approx(15)
    assert legs.by_leg()["hedge_proxy"] == pytest.approx(30)


@given(book, prices, arrays(np.bool_, T), st.floats(-300, 300), st.floats(-500, 4000))
def test_at_fair_value_proxies_earn_nothing_on_average_and_all_else_is_untouched(b, price, delivers, power, quote):
    block = HedgeLeg(delivers * power, quote, is_proxy=True)
    b = replace(b, hedges=(*(leg for leg in b.hedges if not leg.is_proxy), block))
    fair = at_fair_value(b, price)
    before, after = (zone_legs(x, price, price, np.zeros(T)) for x in (b, fair))
    size = 1 + np.abs(power) * (np.abs(price).sum() + abs(quote))
    assert after.by_leg()["hedge_proxy"].mean() == pytest.approx(0, abs=1e-12 * size)
    # marking moves every scenario by the same amount: the risk stays
    shift = after.by_leg()["hedge_proxy"] - before.by_leg()["hedge_proxy"]
    assert np.ptp(shift) == pytest.approx(0, abs=1e-12 * size)
    assert all(np.array_equal(getattr(before, leg), getattr(after, leg)) for leg in vars(before) if leg != "hedge_proxy")
    assert fair.hedges[:-1] == b.hedges[:-1]
    assert np.array_equal(fair.hedges[-1].power_mw, block.power_mw)


def test_fair_value_is_the_mean_over_the_hours_of_the_block():
    none, price = np.zeros(T), np.array([[10.0, 100.0, 200.0], [20.0, 140.0, 260.0]])
    legs = (HedgeLeg(np.array([0.0, -5.0, -5.0]), 1.0, True), HedgeLeg(np.ones(T), 2.0, False), HedgeLeg(none, 3.0, True))
    fair = at_fair_value(ZoneBook(0.25, none, none, none, 0.0, legs), price)
    assert [leg.price_eur_mwh for leg in fair.hedges] == [175.0, 2.0, 3.0]  # 175 = mean of 120 and 230
