"""Every kind of strategy: what it wants by hand, its label, the poison test, splits, verdicts, shares."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.strategies import Allocation, MeanReversion, Momentum, PairSpread
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.information.archive import Archive
from energy_pipeline.strategies import backtest_tables, signals
from energy_pipeline.strategies.allocator import allocate
from energy_pipeline.strategies.results import Result
from energy_pipeline.strategies.rules import momentum, renewables, reversion
from energy_pipeline.strategies.validation import (
    UnexplainedResultError,
    choose_and_trade,
    purged_folds,
    require_explained,
    stability,
    verdict,
    walk_forward,
)
from energy_pipeline_tests.renewables.hand_made import day_after, day_before, ensemble, raw_rows, tiny_desk

D = date(2026, 2, 11)
KINDS = {
    "spread": {"kind": "day_ahead_vs_second", "zone": "NORTH", "window_days": 10, "shrinkage_days": 1, "threshold_eur_mwh": 0.5, "max_mw": 8},
    "index": {"kind": "day_ahead_reversal_index", "zone": "NORTH", "window_days": 10, "entry_z": 0.3},
    "reversion": {"kind": "mean_reversion", "zone": "NORTH", "window_days": 10, "entry_z": 0.3, "exit_z": 0.0, "stop_z": 9.0, "block_hours": 4},
    "reversion_index": {"kind": "mean_reversion", "zone": "NORTH", "trades": "day_ahead", "window_days": 10, "entry_z": 0.3, "exit_z": 0.0},
    "momentum": {"kind": "momentum", "zone": "NORTH", "indicator": "change", "window_days": 5, "block_hours": 4, "skip_hours": [3]},
    "pair": {"kind": "pair_spread", "zone": "NORTH", "against": "zone", "other_zone": "SOUTH", "window_days": 20, "entry_z": 0.3, "exit_z": 0.0},
    "spark": {"kind": "pair_spread", "zone": "NORTH", "against": "clean_gas", "window_days": 20, "entry_z": 0.3, "exit_z": 0.0},
    "renewables": {"kind": "renewable_arbitrage", "zone": "NORTH", "window_days": 28, "neighbours": 8, "minimum_t": 0.0, "threshold_eur_mwh": 0.5},
}
INDEX_ONLY = {"index", "reversion_index", "pair", "spark"}
PAST = D - timedelta(days=80)


def market(seed):
    rng = np.random.default_rng(seed)
    last = D + timedelta(days=2)

    def noise(mean, size):
        return lambda d, m: mean + 8 * np.sin(d.day.toordinal() / 3) + rng.normal(0, size, d.count(m))

    auction = [raw_rows("day_ahead_prices", {"zone": z}, {"price_eur_mwh": noise(60, 9)}, PAST, last, 60, day_before(13)) for z in ("NORTH", "SOUTH")]
    second = raw_rows("second_prices", {"zone": "NORTH", "price_kind": "intraday"}, {"price_eur_mwh": noise(58, 20)}, PAST, last, 60, day_after(2))
    wind = raw_rows("generation_forecast", {"zone": "NORTH", "technology": "wind"}, {"generation_mw": noise(5000, 50)}, PAST, last, 60, day_before(9))
    days = days_between(PAST, last)
    fuel = [
        {
            "delivery_day": d,
            "commodity": c,
            "price": p + rng.normal(),
            "unit": u,
            "known_at": datetime(d.year, d.month, d.day, 17, tzinfo=UTC),
            "source": "t",
        }
        for d in days
        for c, p, u in (("gas", 30, "EUR/MWh"), ("carbon", 70, "EUR/t"))
    ]
    return {
        "day_ahead_prices": pl.concat(auction),
        "second_prices": second,
        "generation_forecast": wind,
        "fuel_prices": table("fuel_prices").frame(fuel),
    }


def decide(desk, frames, day=D):
    forecast = ensemble(desk, day, {("NORTH", "day_ahead"): 64.0, ("NORTH", "second"): 60.0})
    return enforce(table("signals"), signals(Archive(desk, frames).at(day), forecast), day)


@pytest.fixture(scope="module")
def world():
    return tiny_desk(strategies=KINDS), market(1)


def test_every_kind_speaks_and_is_labelled_by_what_it_trades(world):
    desk, frames = world
    wanted = pl.concat([decide(desk, frames, D - timedelta(days=i)) for i in range(0, 9, 2)])
    active = wanted.filter(pl.col("signal") != 0)["strategy"].unique().to_list()
    assert set(active) == set(KINDS), "a strategy that never speaks is not tested by the poison"
    labels = dict(wanted.select("strategy", "label").unique().iter_rows())
    assert {n for n, label in labels.items() if label == "index_only"} == INDEX_ONLY
    money = wanted.filter(pl.col("label") == "tradable")
    assert money.select("entry_known", "exit_known").unique().row(0) == (
        "when the auction publishes, after its gate (European day-ahead: D-1 about 12:45)",
        "during delivery, published after the interval",
    )
    assert not wanted.filter(pl.col("label") == "index_only")["target_mw"].to_numpy().any()
    hours = wanted.filter(pl.col("strategy") == "momentum").with_columns(h=pl.col("delivery_start").dt.convert_time_zone("Europe/Berlin").dt.hour())
    assert not hours.filter(pl.col("h") == 3)["signal"].to_numpy().any()


@pytest.mark.parametrize("poison", ["noise", "deleted", "corrected"])
def test_no_strategy_sees_what_became_known_after_its_decision(world, poison):
    desk, frames = world
    for day in (D, D - timedelta(days=4)):
        cut = desk.decision_time(day)
        late = pl.col("known_at") > cut
        edited = {}
        for name, frame in frames.items():
            value = "price" if name == "fuel_prices" else "generation_mw" if name == "generation_forecast" else "price_eur_mwh"
            wrong = pl.lit(-77.0).alias(value)
            after = pl.lit(cut + timedelta(seconds=1)).cast(pl.Datetime("us", "UTC")).alias("known_at")
            kept = frame.filter(~late)
            extra = {"noise": frame.filter(late).with_columns(wrong), "deleted": frame.clear(), "corrected": frame.with_columns(wrong, after)}[poison]
            edited[name] = pl.concat([kept, extra])
        assert decide(desk, edited, day).equals(decide(desk, frames, day))


def test_hiding_what_is_used_changes_every_strategy(world):
    desk, frames = world
    moved = {}
    for name, frame in frames.items():
        value = "price" if name == "fuel_prices" else "generation_mw" if name == "generation_forecast" else "price_eur_mwh"
        scale = pl.when(pl.col("delivery_day") < D - timedelta(days=1)).then(pl.col(value).hash(7) % 1000 / 7.0).otherwise(pl.col(value))
        moved[name] = frame.with_columns(scale.cast(pl.Float64).alias(value))
    honest, other = decide(desk, frames), decide(desk, moved)
    for name in KINDS:
        rows = [frame.filter(pl.col("strategy") == name)["signal"] for frame in (honest, other)]
        if name in ("pair", "spark"):
            continue  # a state machine of a daily series may well agree by chance
        assert not rows[0].equals(rows[1]), name


def test_backtests_of_every_kind_are_legal_tables(world):
    desk, frames = world
    days = days_between(D - timedelta(days=9), D)
    rows = pl.concat([decide(desk, frames, d) for d in days])
    found = backtest_tables(desk, D, rows, frames["day_ahead_prices"], frames["second_prices"], frames["fuel_prices"])
    for name, frame in found.items():
        enforce(table(name), frame, D)
    metrics = {r["strategy"]: r for r in found["backtest_metrics"].to_dicts()}
    for name, row in metrics.items():
        assert (row["label"] == "index_only") == (name in INDEX_ONLY)
        assert (row["sharpe"] is None, row["days"]) == (True, 10)
        if name not in INDEX_ONLY:
            assert row["pnl_eur"] == pytest.approx(row["gross_eur"] - row["cost_eur"])
            assert row["pnl_eur"] <= row["gross_eur"]
    # The location study follows the spread of the two zones, not one leg.
    mean = frames["day_ahead_prices"].group_by("zone", "delivery_day").agg(pl.col("price_eur_mwh").mean())
    base = {z: dict(mean.filter(pl.col("zone") == z).select("delivery_day", "price_eur_mwh").iter_rows()) for z in ("NORTH", "SOUTH")}
    wish = {d: rows.filter(pl.col("strategy") == "pair", pl.col("delivery_day") == d)["signal"][0] for d in days}
    one = timedelta(days=1)
    moves = [wish[d] * ((base["NORTH"][d] - base["SOUTH"][d]) - (base["NORTH"][d - one] - base["SOUTH"][d - one])) for d in days]
    assert metrics["pair"]["index_points_eur_mwh"] == pytest.approx(sum(moves))


def test_a_strategy_without_a_second_price_is_refused():
    with pytest.raises(DeskError, match="SOUTH has no second price, so mean_reversion has nothing to trade against"):
        tiny_desk(strategies={"m": KINDS["reversion"] | {"zone": "SOUTH"}})


def test_mean_reversion_by_hand():
    rule = MeanReversion(kind="mean_reversion", zone="Z", window_days=7, entry_z=1.5, exit_z=0.5, stop_z=4.0, mw_per_z=2.0, max_mw=10.0)
    calm = np.tile([1.0, -1.0], 7)
    high = np.append(calm, 6.0)
    z = (6.0 - high[-7:].mean()) / high[-7:].std()
    assert reversion.reversion_wish(high, rule) == pytest.approx(-2.0 * z / 10.0)
    assert reversion.reversion_wish(np.append(high, 0.0), rule) == 0.0, "back at the mean"
    assert reversion.reversion_wish(-high, rule) == pytest.approx(2.0 * z / 10.0)
    assert reversion.reversion_wish(high[-7:], rule) == 0.0, "too short a history"
    slow = rule.model_copy(update={"max_half_life_days": 0.1})
    assert reversion.reversion_wish(np.append(np.linspace(0, 3, 20), 9.0), slow) == 0.0


def test_momentum_frames_stops_sizes_and_volume():
    base = {"kind": "momentum", "zone": "Z", "indicator": "change", "window_days": 2, "trades": "day_ahead"}
    up = np.array([1.0, 2, 3, 4, 5, 6, 7, 8])
    assert momentum.momentum_wish(up, Momentum(**base)) == 1.0
    assert momentum.momentum_wish(-up, Momentum(**base)) == -1.0
    mixed = np.append(up, [7.5, 7.0])
    assert momentum.momentum_wish(mixed, Momentum(**base)) == -1.0
    assert momentum.momentum_wish(mixed, Momentum(**base, time_frames=(1, 3))) == 0.0, "the longer frame still points up"
    fallen = np.array([0.0, 5, 10, 20, 30, 24, 25])
    assert momentum.momentum_wish(fallen, Momentum(**base | {"window_days": 4}, stop_eur_mwh=5.0)) == 0.0
    assert momentum.momentum_wish(fallen, Momentum(**base | {"window_days": 4}, stop_eur_mwh=7.0)) == 1.0
    sized = Momentum(**base, stop_eur_mwh=10.0, account_risk_eur=1200.0, max_mw=50.0)
    assert momentum.momentum_wish(up, sized) == pytest.approx(5.0 / 50.0)
    thin = Momentum(**base, minimum_volume_share=0.9)
    assert momentum.momentum_wish(up, thin, np.array([9.0, 9, 9, 9, 9, 9, 9, 1])) == 0.0
    assert momentum.momentum_wish(up, thin, np.full(8, 9.0)) == 1.0
    trend = Momentum(**base, minimum_trend=60.0)
    assert momentum.momentum_wish(up, trend) == 1.0
    for name in ("roc", "rsi", "macd"):
        assert momentum.momentum_wish(np.linspace(50, 90, 40) ** 1.2, Momentum(**base | {"indicator": name, "window_days": 6})) == 1.0
    assert momentum.momentum_wish(np.linspace(-90, -50, 40), Momentum(**base | {"indicator": "roc"})) == 0.0, "no percentage below zero"


def test_pairs_by_hand():
    pair = PairSpread(kind="pair_spread", zone="A", against="gas", window_days=20, entry_z=1.5, exit_z=0.5)
    second = np.linspace(20, 30, 40)
    first = second + np.tile([1.0, -1.0], 20)
    first[-1] += 9
    assert reversion.pair_wish(first, second, pair) == -1.0
    assert reversion.pair_wish(first, second, pair.model_copy(update={"hedge": "ols"})) == -1.0
    walk = np.random.default_rng(2).normal(size=40).cumsum()
    assert reversion.pair_wish(walk + 20, second, pair.model_copy(update={"cointegrated": True})) == 0.0


def test_renewable_figures_by_hand():
    price, output = np.array([100.0, 0.0, -20.0]), np.array([0.0, 10.0, 30.0])
    assert renewables.capture_price_eur_mwh(price, output) == -15.0
    assert renewables.curtailment_gain_eur(price, output, 5.0) == 450.0
    assert renewables.cannibalisation_eur_mwh(np.array([50.0, 40.0, 30.0]), np.array([0.0, 5.0, 10.0])) == -2.0
    assert renewables.complementarity(np.array([1.0, 2.0]), np.array([2.0, 1.0])) == pytest.approx(2.0)
    rng = np.random.default_rng(0)
    share = rng.random(5000)
    risen = renewables.volatility_by_decile(rng.normal(0, 1 + 4 * share), share)
    assert risen.shape == (10,)
    assert risen[-1] > 2 * risen[0]
    gains = np.vstack([np.full((6, 2), [3.0, 0.0]), [[3.5, 9.0]]])
    assert renewables.neighbour_edge(gains, 1.5).tolist() == [pytest.approx(3.0714285714), 0.0]
    assert renewables.neighbour_edge(gains[:4], 0.0).tolist() == [0.0, 0.0], "four days are no sample"


def test_splits_leak_nothing():
    for train, test in walk_forward(50, 20, 10, embargo=3):
        assert train.max() + 3 < test.min()
        assert (train.size, test.size) == (20, 10)
    begins = np.arange(40)
    seen = []
    for train, test in purged_folds(begins, begins + 4, 5, embargo=2):
        seen += test.tolist()
        for t in train:
            assert begins[t] + 4 < test.min() or begins[t] > test.max() + 4 + 2
    assert seen == list(range(40))


def test_choosing_the_best_of_noise_does_not_pay_where_it_is_traded():
    noise = np.random.default_rng(4).normal(0, 1, (60, 900))
    found = choose_and_trade(noise, 200, 50)
    assert found.in_sample_sharpe > 0.12
    assert abs(found.out_of_sample_sharpe) < 0.08
    assert found.daily_eur.size == 700
    best = noise.copy()
    best[17] += 0.5
    assert set(choose_and_trade(best, 200, 50).chosen) == {17}
    with pytest.raises(ValueError, match="900 days are too few"):
        choose_and_trade(noise, 890, 50)
    assert stability(lambda x: x * 2.0, 3.0, {"less": [1.0]}) == {"chosen": [6.0], "less": [2.0]}


def test_a_result_that_is_too_good_fails_until_explained():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 100, 400)
    plain = verdict(noise - noise.mean() + 2.0, rng)
    assert plain.status == "plausible"
    assert plain.low < plain.sharpe < plain.high
    rich = verdict(noise + 25.0, rng)
    assert rich.sharpe > 3
    assert rich.status == "unexplained"
    assert verdict(noise + 25.0, rng, explanation="a monopoly").status == "explained"
    # Sharpe below 3 but significant over many years, unless a hundred sets were tried.
    long = np.random.default_rng(1).normal(0, 100, 4000)
    long += 4.5 - long.mean()
    assert verdict(long, rng).sharpe < 1
    assert verdict(long, rng).status == "unexplained"
    assert verdict(long, rng, trials=1000).status == "plausible"
    assert verdict(noise[:10], rng).status == "too_short"
    with pytest.raises(UnexplainedResultError, match=r"1 result.*\n.*rich: Sharpe"):
        require_explained({"plain": plain, "rich": rich})
    require_explained({"plain": plain})


def result(name, net, label="tradable"):
    zero = np.zeros(net.size)
    return Result(name, label, tuple(date(2025, 1, 1) + timedelta(days=i) for i in range(net.size)), net, zero, zero, 0, zero)


@pytest.mark.parametrize("method", ["risk_parity", "cvar", "mean_variance", "none"])
def test_the_allocator_shares_risk_and_leaves_studies_out(method):
    rng = np.random.default_rng(2)
    calm, wild = rng.normal(2, 10, 500), rng.normal(2, 40, 500)
    found = {"calm": result("calm", calm), "wild": result("wild", wild), "study": result("study", calm, "index_only"), "rich": result("rich", calm)}
    judged = {"rich": verdict(calm + 30, rng).status}
    shares = allocate(Allocation(method=method), found, judged)
    assert set(shares.shares) == {"calm", "wild"}
    assert shares.left_out == {"study": "index_only: earns nothing", "rich": "too good and not explained"}
    assert sum(shares.shares.values()) == pytest.approx(1.0)
    assert sum(shares.risk_shares.values()) == pytest.approx(1.0)
    assert min(shares.shares.values()) >= -1e-9
    if method == "risk_parity":
        assert shares.risk_shares["calm"] == pytest.approx(0.5, abs=0.05)
    elif method != "none":
        assert shares.shares["calm"] > 0.8
    few = allocate(Allocation(method=method), {n: result(n, r.net_eur[:5]) for n, r in found.items() if n in shares.shares}, {})
    assert few.shares == {"calm": 0.5, "wild": 0.5}


def test_the_risk_model_and_the_alpha_of_the_allocator_are_exchanged_alone():
    """One strategy that has become wild lately: only a covariance that forgets sees it; a mean that is not shrunk is followed further."""
    rng = np.random.default_rng(4)
    net = {"steady": rng.normal(1, 10, 300), "awake": np.concatenate([rng.normal(1, 10, 260), rng.normal(1, 60, 40)]), "paid": rng.normal(6, 12, 300)}
    found = {name: result(name, values) for name, values in net.items()}
    daily = np.column_stack(list(net.values()))

    def shares(**keys):
        return np.array(list(allocate(Allocation(**keys), found, {}).shares.values()))

    weights = 0.5 ** (np.arange(300)[::-1] / 30.0)
    for model, matrix in (("sample", np.cov(daily.T)), ("exponentially_weighted", np.cov(daily.T, aweights=weights))):
        got = shares(method="risk_parity", risk_model=model)
        parts = got * (matrix @ got)
        assert parts / parts.sum() == pytest.approx(np.full(3, 1 / 3), rel=1e-6)
    assert shares(method="mean_variance", mean_shrinkage_days=0.0)[2] > shares(method="mean_variance", mean_shrinkage_days=2000.0)[2]
