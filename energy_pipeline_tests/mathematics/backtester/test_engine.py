"""The engine against a plain loop, against its own sweep, and the event order."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from energy_pipeline.book.trading_costs import as_numbers
from energy_pipeline.desk.strategies import CostTier, TradingCosts
from energy_pipeline.domain.errors import LookAheadError
from energy_pipeline.mathematics.backtester import costs as cost_rules
from energy_pipeline.mathematics.backtester import engine
from energy_pipeline.mathematics.backtester.costs import Costs
from energy_pipeline.mathematics.backtester.engine import Bars, Decisions, Rule, Terms
from energy_pipeline.strategies.results import sums_by_period, trades
from energy_pipeline_tests.mathematics.backtester.loop_oracle import loop, order_cost

HOUR_US = 3_600_000_000


def money(most):
    return st.floats(0, most, allow_nan=False).map(lambda x: round(x, 3))


@st.composite
def all_costs(draw):
    ends = sorted(set(draw(st.lists(st.floats(0.5, 50).map(lambda x: round(x, 2)), max_size=3))))
    tiers = [CostTier(up_to_mwh=e, eur_mwh=draw(money(1))) for e in ends]
    if tiers and draw(st.booleans()):
        tiers.append(CostTier(eur_mwh=draw(money(1))))
    costs = TradingCosts(
        half_spread_eur_mwh=draw(money(2)),
        impact_eur_mwh=draw(money(3)),
        impact_exponent=draw(st.sampled_from([0.5, 0.7, 1.0])),
        daily_volume_mwh=draw(st.floats(5, 500)),
        commission_fixed_eur=draw(money(3)),
        commission_eur_mwh=draw(money(0.5)),
        commission_minimum_eur=draw(money(5)),
        value_share=draw(st.sampled_from([0.0, 0.0005])),
        clearing_fee_eur_mwh=draw(money(0.3)),
        tiers=tuple(tiers),
        large_order_share=draw(st.sampled_from([None, 0.1])),
        large_order_eur_mwh=draw(money(1)),
        delivery_eur_mwh=draw(money(1)),
        congestion_eur_mwh=draw(money(1)),
    )
    return as_numbers(costs)


PRICES = st.floats(-150, 400, allow_nan=False)


@st.composite
def cases(draw):
    n = draw(st.integers(1, 40))
    gaps = st.one_of(PRICES, PRICES, PRICES, st.just(float("nan")))
    gate = np.cumsum(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))) * HOUR_US
    prices = np.array(draw(st.lists(gaps, min_size=n, max_size=n)))
    contract = np.cumsum(draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=n, max_size=n))) if draw(st.booleans()) else None
    settlement = np.array(draw(st.lists(gaps, min_size=n, max_size=n))) if draw(st.booleans()) else None
    volume = np.array(draw(st.lists(st.floats(0, 30), min_size=n, max_size=n))) if draw(st.booleans()) else None
    bars = Bars(gate, gate + draw(st.integers(1, 5)) * HOUR_US, prices, contract, settlement, volume)
    k = draw(st.integers(0, 25))
    known = np.sort(np.array(draw(st.lists(st.integers(-2, 60), min_size=k, max_size=k)), dtype=np.int64)) * (HOUR_US // 2)
    targets = np.array(draw(st.lists(st.one_of(st.floats(-60, 60), st.just(float("nan"))), min_size=k, max_size=k)), dtype=float)
    terms = Terms(
        draw(all_costs()),
        limit_mwh=draw(st.sampled_from([np.inf, 20.0])),
        capital_eur=draw(st.sampled_from([0.0, 500.0, 5000.0])),
        margin_eur_mwh=draw(st.sampled_from([0.0, 0.0, 25.0])),
    )
    return bars, known, targets, terms


@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(cases())
def test_the_engine_is_the_loop(case):
    bars, known, targets, terms = case
    found = engine.run(bars, Decisions(known, targets), terms)
    expected = np.array(loop(bars, known, targets, terms)).reshape(-1, 4).T
    for name, values in zip(("position_mwh", "traded_mwh", "gross_eur", "cost_eur"), expected, strict=True):
        np.testing.assert_allclose(getattr(found, name), values, rtol=1e-9, atol=1e-9, err_msg=name)
    assert (found.net_eur <= found.gross_eur + 1e-9).all()
    assert np.abs(found.position_mwh).max(initial=0) <= terms.limit_mwh
    free = Terms(Costs(), terms.limit_mwh, terms.capital_eur, 0.0)
    np.testing.assert_array_equal(
        engine.run(bars, Decisions(known, targets), free).net_eur, engine.run(bars, Decisions(known, targets), free).gross_eur
    )
    no_margin = engine.run(bars, Decisions(known, targets), Terms(terms.costs, terms.limit_mwh))
    gross = engine.run(bars, Decisions(known, targets), free).gross_eur.sum()
    assert no_margin.net_eur.sum() <= gross + 1e-6, "costs never help"


@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    cases(),
    st.lists(st.tuples(st.floats(0.3, 3), st.floats(0, 0.9), st.sampled_from([1.5, 4.0, np.inf]), st.sampled_from([-1, 1])), min_size=1, max_size=4),
)
def test_the_sweep_is_the_engine_on_the_same_rules(case, numbers):
    bars, _, _, terms = case
    bars, terms = (
        Bars(bars.gate_us, bars.price_known_us, bars.price_eur_mwh, bars.contract, bars.settlement_eur_mwh),
        Terms(terms.costs, terms.limit_mwh),
    )
    rng = np.random.default_rng(bars.size)
    features = rng.normal(0, 1.5, (2, bars.size))
    features[rng.random(features.shape) < 0.1] = np.nan
    rules = [
        Rule(e, x * e, stop if stop > e else np.inf, d, size_mwh=7.0, mwh_per_z=[0.0, 4.0][i % 2], feature=i % 2)
        for i, (e, x, stop, d) in enumerate(numbers)
    ]
    period = np.arange(bars.size) // 3
    found = engine.sweep(bars, features, rules, period, terms)
    for i, rule in enumerate(rules):
        targets = engine.rule_targets(features[rule.feature], rule, terms.limit_mwh)
        path = engine.run(bars, Decisions(engine.known_with_price(bars), targets), terms)
        days = sums_by_period(path, period)["net_eur"].to_numpy()
        equity = np.concatenate([[0.0], np.cumsum(days)])
        row = {name: values[i] for name, values in found.items()}
        assert row["net_eur"] == pytest.approx(path.net_eur.sum(), rel=1e-9, abs=1e-6)
        assert row["gross_eur"] == pytest.approx(path.gross_eur.sum(), rel=1e-9, abs=1e-6)
        assert row["cost_eur"] == pytest.approx(path.cost_eur.sum(), rel=1e-9, abs=1e-6)
        assert row["orders"] == np.count_nonzero(path.traded_mwh)
        assert row["bars_held"] == np.count_nonzero(path.position_mwh)
        assert row["traded_mwh"] == pytest.approx(np.abs(path.traded_mwh).sum(), rel=1e-9, abs=1e-9)
        assert row["drawdown_eur"] == pytest.approx((np.maximum.accumulate(equity) - equity).max(), rel=1e-7, abs=1e-5)
        if days.size > 1:
            assert row["deviation_eur"] == pytest.approx(days.std(ddof=1), rel=1e-5, abs=1e-3)


def rule_by_hand(z, rule):
    """The threshold rule, told as a story."""
    side, banned, held, out = 0, 0, 0.0, []
    for value in z:
        if not np.isnan(value):
            if side and side * value >= rule.stop:
                side, banned = 0, side
                held = 0.0
                out.append(held)
                continue
            if side and side * value <= rule.exit:
                side, held = 0, 0.0
            if banned and banned * value <= rule.exit:
                banned = 0
            if not side and rule.entry <= abs(value) < rule.stop and np.sign(value) != banned:
                side = int(np.sign(value))
                held = rule.direction * side * (rule.mwh_per_z * abs(value) if rule.mwh_per_z else rule.size_mwh)
        out.append(held)
    return out


@given(st.lists(st.one_of(st.floats(-5, 5), st.just(float("nan"))), max_size=30), st.sampled_from([-1, 1]), st.sampled_from([0.0, 2.0]))
@example([2.5, 4.5, 3.0, 0.1, 3.0], -1, 0.0)
def test_threshold_rules_by_hand(z, direction, scale):
    rule = Rule(2.0, 0.5, 4.0, direction, 3.0, scale)
    assert engine.rule_targets(np.array(z), rule).tolist() == pytest.approx(rule_by_hand(z, rule))


def hours(prices):
    starts = np.arange(len(prices)) * HOUR_US
    return engine.continuous_bars(starts, 60, np.array(prices, dtype=float))


def test_a_signal_that_uses_a_price_cannot_trade_it():
    """The cheat: long before every rise, by the price it trades on. Its fortune needs the lag switched off."""
    rng = np.random.default_rng(5)
    prices = 50 + np.cumsum(rng.normal(0, 5, 2000))
    bars = hours(prices)
    cheat = np.sign(np.diff(prices, append=prices[-1]))  # at t: which way the price goes from t on
    seen = np.sign(np.diff(prices, prepend=prices[0]))  # what the price of t tells
    honest = engine.run(bars, Decisions(engine.known_with_price(bars), seen))
    best = np.abs(np.diff(prices)).sum()
    forged = engine.run(bars, Decisions(bars.gate_us, cheat))  # claims to know at the gate what is known later
    assert forged.gross_eur.sum() == pytest.approx(best)
    assert abs(honest.gross_eur.sum()) < 0.1 * best
    # The same knowledge with its true time: the price of t + 1 is known after the gate of t + 1.
    known = np.append(bars.price_known_us[1:], bars.price_known_us[-1] + HOUR_US)
    dated = engine.run(bars, Decisions(known, cheat))
    assert abs(dated.gross_eur.sum()) < 0.1 * best
    assert engine.fill_source(bars, engine.known_with_price(bars)).tolist() == list(range(-1, bars.size - 1))


def test_a_bar_whose_price_is_seen_while_orders_count_is_refused():
    t = np.arange(3) * HOUR_US
    with pytest.raises(LookAheadError, match="3 bars have a price known while orders still counted"):
        Bars(t, t, np.ones(3))
    with pytest.raises(ValueError, match="gates fall at bar 1"):
        Bars(t[::-1].copy(), t[::-1] + 1, np.ones(3))
    with pytest.raises(ValueError, match="differ in length"):
        Bars(t, t + 1, np.ones(2))
    with pytest.raises(ValueError, match="listed by the instant"):
        engine.run(hours([1, 2]), Decisions(np.array([5, 3]), np.ones(2)))


def test_auction_contracts_are_opened_at_the_gate_and_settled_at_the_second_price():
    gate, published = np.full(4, 10 * HOUR_US), np.full(4, 11 * HOUR_US)
    auction, second = np.array([50.0, -20.0, 0.0, 80.0]), np.array([55.0, -60.0, 10.0, 70.0])
    bars = engine.auction_bars(gate, published, auction, second)
    costs = as_numbers(TradingCosts(half_spread_eur_mwh=0.5, balancing_eur_mwh=1.0))
    orders = Decisions(np.full(3, 9 * HOUR_US), np.array([10.0, -5.0, 2.0]), for_bar=np.array([0, 1, 3]))
    path = engine.run(bars, orders, Terms(costs))
    assert path.gross_eur.tolist() == [50.0, 200.0, 0.0, -20.0]
    assert path.cost_eur.tolist() == [15.0, 7.5, 0.0, 3.0]
    assert path.delivered_mwh.tolist() == [10.0, -5.0, 0.0, 2.0]
    with pytest.raises(LookAheadError, match="1 decisions were known after the gate"):
        engine.run(bars, Decisions(np.array([9, 11]) * HOUR_US, np.ones(2), for_bar=np.array([0, 1])))


@given(all_costs(), st.floats(-200, 400), st.floats(-200, 400), st.floats(0, 100), st.floats(0, 100))
def test_costs_grow_with_volume_and_equal_their_text(costs, price, later, volume, more):
    first, second = (float(cost_rules.order_cost(costs, q, price).total_eur) for q in (volume, volume + more))
    assert 0 <= first <= second + 1e-9
    assert first == pytest.approx(order_cost(costs, volume, price), rel=1e-9, abs=1e-9)
    assert float(cost_rules.order_cost(costs, -volume, price).total_eur) == first
    assert cost_rules.round_trip_eur(costs, volume, price, later) == pytest.approx(
        order_cost(costs, volume, price) + order_cost(costs, volume, later), abs=1e-9
    )


@given(all_costs(), st.floats(-200, 400), st.floats(0.01, 100))
def test_a_round_trip_at_unchanged_prices_loses_exactly_its_cost(costs, price, volume):
    bars = hours([price, price, price])
    path = engine.run(bars, Decisions(np.array([0, HOUR_US]), np.array([volume, 0.0])), Terms(costs))
    lost = cost_rules.round_trip_eur(costs, volume, price, price)
    assert path.net_eur.sum() == pytest.approx(-lost, rel=1e-9, abs=1e-9)
    move = cost_rules.break_even_eur_mwh(replace(costs, value_share=0.0), volume, price)
    there = engine.run(
        hours([price, price + move, 0.0]),
        Decisions(np.array([0, HOUR_US]), np.array([volume, 0.0])),
        Terms(replace(costs, value_share=0.0)),
    )
    assert there.net_eur.sum() == pytest.approx(0.0, abs=1e-6 * max(1.0, lost))


def test_delay_slippage_and_missed_fills():
    assert cost_rules.delay_eur(10, 50, 53) == 30
    assert cost_rules.missed_eur(10, 0.25, 50, 54) == 30
    assert cost_rules.realised_slippage_eur_mwh(np.array([51.0, 49.0]), np.array([50.0, 50.0]), np.array([5.0, -5.0])).tolist() == [1.0, 1.0]


def test_costs_are_found_again_in_execution_records():
    rng = np.random.default_rng(3)
    volume, day = rng.choice([-1, 1], 400) * rng.uniform(1, 200, 400), np.full(400, 2000.0)
    signal = rng.normal(20, 40, 400)
    slip = 0.15 + 2.0 * (np.abs(volume) / day) ** 0.6
    executed = signal + np.sign(volume) * (slip + rng.normal(0, 0.01, 400))
    found = cost_rules.calibrated(Costs(clearing_fee_eur_mwh=0.02), volume, day, signal, executed)
    assert found.impact_exponent == pytest.approx(0.6, abs=0.051)
    assert found.half_spread_eur_mwh == pytest.approx(0.15, abs=0.03)
    assert found.clearing_fee_eur_mwh == 0.02
    few = Costs(half_spread_eur_mwh=9.0)
    assert cost_rules.calibrated(few, volume[:10], day[:10], signal[:10], executed[:10]) is few


def test_tables_of_a_path():
    bars = hours([10, 12, 11, 15])
    path = engine.run(bars, Decisions(np.array([0, 2 * HOUR_US]), np.array([2.0, -1.0])), Terms(Costs(half_spread_eur_mwh=0.5)))
    assert trades(path).rows() == [(0, 2.0, 10.0, 1.0, 2.0), (2, -3.0, 11.0, 1.5, -1.0)]
    assert path.equity_eur.tolist() == [-1.0, 3.0, -0.5, -4.5]
    assert path.drawdown_eur.tolist() == [1.0, 0.0, 3.5, 7.5]
    days = sums_by_period(path, np.array([0, 0, 1, 1]))
    assert days["net_eur"].to_list() == [3.0, -7.5]
    assert isinstance(days, pl.DataFrame)


def test_the_sweep_refuses_what_it_does_not_know():
    bars = hours([1.0, 2.0])
    with pytest.raises(ValueError, match="no margin and no partial fill"):
        engine.sweep(bars, np.zeros(2), [Rule(1, 0)], np.zeros(2), Terms(margin_eur_mwh=1.0))
