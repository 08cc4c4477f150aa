"""The record decides: states by the record known at D, sizes from them, trials that count from the moment they were run."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.strategy_sizes import beyond_the_record, sized_signals
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.strategies import Record
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import MissingDayError, SourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.strategies.record import edge_probability, record_of, strategy_states, walked
from energy_pipeline.strategies.results import Result
from energy_pipeline.strategies.trials import COLUMNS, Deflation, alike, checked_trials, deflation_of, trials_table
from energy_pipeline.studies import trials_file
from energy_pipeline.studies.strategy_backtest import Backtest
from energy_pipeline_tests.renewables.hand_made import day_after, day_before, raw_rows, tiny_desk

D = date(2025, 8, 20)
SPREAD = {
    "kind": "day_ahead_vs_second",
    "zone": "NORTH",
    "window_days": 10,
    "shrinkage_days": 0,
    "threshold_eur_mwh": 1.0,
    "max_mw": 8,
    "explanation": "made up",
}
STUDY = {"kind": "day_ahead_reversal_index", "zone": "NORTH", "window_days": 10}
RULES = {"window_days": 40, "minimum_days": 30, "trials": "trials.csv"}
NONE = Deflation(1, None)


def raw(spread, days=100):
    """Prices whose spread P - R of a day is spread(days before D); hours of Berlin."""
    first, last = D - timedelta(days=days), D

    def auction(day, minutes):
        return np.full(day.count(minutes), 50.0 + spread((D - day.day).days))

    a = raw_rows("day_ahead_prices", {"zone": "NORTH"}, {"price_eur_mwh": auction}, first, last, 60, day_before(13))
    b = raw_rows("second_prices", {"zone": "NORTH", "price_kind": "intraday"}, {"price_eur_mwh": 50.0}, first, last, 60, day_after(2))
    return {"day_ahead_prices": a, "second_prices": b}


def noisy(edge, spread=4.0, seed=5):
    steps = np.random.default_rng(seed).normal(edge, spread, 200)
    return lambda lag: float(steps[lag])


def the_desk(record=RULES, **strategies):
    return tiny_desk(strategies=strategies or {"s": SPREAD, "study": STUDY}, record=record)


def states(desk, frames, trials=None):
    info = Archive(desk, frames).at(D)
    known = trials_table(trials, D, info.decision_time)
    enforce(table("strategy_trials"), known, D)
    return enforce(table("strategy_states"), strategy_states(info, known), D)


def row(frame, name="s"):
    return frame.filter(pl.col("strategy") == name).row(0, named=True)


def test_the_record_is_the_rule_at_each_days_own_decision_settled_net_by_hand():
    desk, frames = the_desk(), raw(noisy(3.0))
    info = Archive(desk, frames).at(D)
    found = record_of(info, "s", desk.strategies["s"])
    assert found.days[-1] == D - timedelta(days=2)
    spread, fee = noisy(3.0), desk.zones["NORTH"].second_price.imbalance_fee_eur_mwh
    for day, net in list(zip(found.days, found.net_eur, strict=True))[-20:]:
        lag = (D - day).days
        edge = np.mean([spread(lag + back) for back in range(2, 12)])
        size = np.clip((abs(edge) - max(1.0, fee)) / (2.0 * max(1.0, fee)), 0.0, 1.0) * 8.0 * np.sign(edge)
        assert net == pytest.approx(24 * (size * spread(lag) - abs(size) * fee), abs=1e-6)


@pytest.mark.parametrize(
    ("edge", "noise", "explained", "state", "size"),
    [(4.0, 6.0, "made up", "live", 1.0), (0.0, 4.0, "", "paper", 0.0), (8.0, 2.0, "", "paper", 0.0), (8.0, 2.0, "a thin market", "live", 1.0)],
)
def test_an_edge_is_traded_no_edge_is_not_and_too_good_a_one_only_when_explained(edge, noise, explained, state, size):
    desk = the_desk(s={**SPREAD, "explanation": explained})
    found = row(states(desk, raw(noisy(edge, noise, seed=11))))
    assert (found["state"], found["size"]) == (state, size)
    assert ("too good" in found["why"]) == (edge == 8.0 and not explained)


def test_a_short_record_is_paper_and_a_study_never_trades():
    found = states(the_desk(), raw(noisy(4.0, 6.0, seed=11), days=25))
    assert row(found)["state"] == "paper"
    assert row(found)["why"].endswith("of 30 settled days")
    assert row(found, "study")["size"] == 0.0


def test_what_comes_after_the_decision_changes_no_state():
    desk, frames = the_desk(), raw(noisy(4.0, 6.0, seed=11))
    decided = Archive(desk, frames).at(D).decision_time
    poisoned = {
        name: pl.concat([f, f.with_columns(price_eur_mwh=pl.lit(-400.0), known_at=pl.lit(decided + timedelta(seconds=1)).cast(f.schema["known_at"]))])
        for name, f in frames.items()
    }
    assert states(desk, poisoned).equals(states(desk, frames))


def trial(known_at, net, identity="a", first=date(2025, 1, 1), strategy="s"):
    last = first + timedelta(days=len(net) - 1)
    told = (known_at.isoformat(), identity, strategy, "day_ahead_vs_second", "{}", "NORTH", str(first), str(last), "d")
    return dict(zip(COLUMNS, (*told, ";".join("" if v is None else repr(v) for v in net)), strict=True))


def file_of(*rows):
    return checked_trials(pl.DataFrame(rows), "trials.csv")


def many(known_at):
    draws = np.random.default_rng(1).normal(0.0, 1.0, (12, 30)) * 3.0
    return [trial(known_at, x.tolist(), f"t{n}") for n, x in enumerate(draws)]


def test_a_trial_run_after_the_decision_changes_nothing_and_one_before_it_takes_the_edge():
    desk, frames = the_desk(), raw(noisy(4.0, 6.0, seed=11))
    decided = Archive(desk, frames).at(D).decision_time
    without, later, before = (states(desk, frames, t) for t in (None, file_of(*many(decided + timedelta(seconds=1))), file_of(*many(decided))))
    assert later.equals(without)
    assert row(before)["trials"] == 12
    assert row(before)["probability"] < row(without)["probability"]
    assert row(without)["state"] == "live" != row(before)["state"]


def test_trials_that_move_together_count_as_one_and_a_repeat_adds_nothing():
    x, y = np.random.default_rng(2).normal(size=(2, 80))
    at = datetime(2025, 5, 1, tzinfo=UTC)
    rows = [trial(at, v.tolist(), name) for name, v in (("a", x), ("b", x + 0.1 * y), ("c", y), ("a", -x))]
    known = trials_table(file_of(*rows), D, at)
    assert known["identity"].to_list() == ["a", "b", "c"]
    assert deflation_of(known, "s", 1).count == 2
    assert deflation_of(known, "s", 9).count == 9
    assert deflation_of(known, "other", 1) == NONE
    shifted = alike([x, np.r_[np.nan, x[1:-5]], x[10:]], [D, D, D + timedelta(days=10)])
    assert shifted.tolist() == [1, 1, 1]


def test_bad_trials_are_told_by_file_line_value_and_next_step():
    good = trial(datetime(2025, 5, 1, tzinfo=UTC), [1.0, None])
    bad = [good | {"known_at": "2025-05-01T10:00:00"}, good | {"net_eur": "1,5;2"}, good | {"last_day": "2025-01-09"}, good | {"rule": ""}]
    with pytest.raises(SourceError) as caught:
        file_of(*bad)
    text = str(caught.value)
    for line, word in ((2, "time zone"), (3, "'1,5;2'"), (4, "2 results for 9 days"), (5, "column 'rule': empty")):
        assert any(f"trials.csv line {line}," in told and word in told and "->" in told for told in text.splitlines())
    with pytest.raises(SourceError, match="no column identity"):
        checked_trials(pl.DataFrame([good]).drop("identity"), "trials.csv")


def test_a_backtests_trials_are_added_to_the_file_once(tmp_path):
    desk = the_desk()
    days = tuple(days_between(D - timedelta(days=40), D))
    net = np.random.default_rng(3).normal(size=len(days))
    results = [Result("s", "tradable", days, sign * net, 0 * net, abs(net), 9, 0 * net) for sign in (1, -1)]
    found = Backtest(desk, "s", desk.strategies["s"], results[0], object(), 0, 0, 0, {"window_days_20": results[1]}, None, days[0], D, "abc")
    at = datetime(2025, 9, 1, tzinfo=UTC)
    assert [trials_file.record(found, tmp_path, at + timedelta(days=n)) for n in (0, 1)] == [2, 0]
    read = checked_trials(SourceFiles(tmp_path).load("trials.csv"), "trials.csv")
    assert read["known_at"].to_list() == [at, at]
    assert read["net_eur"][1].to_list() == pytest.approx((-net).tolist(), abs=0.0051)
    assert trials_table(read, D, at)["alike"].to_list() == [1, 2]


DAYS = days_between(date(2024, 1, 1), date(2024, 12, 31))
GOOD, BAD = np.tile([3.0, -1.0], 100), np.tile([-9.0, 1.0], 40)


@pytest.mark.parametrize(
    ("net", "state", "why"),
    [
        (GOOD[:29], "paper", "29 of 30"),
        (GOOD[:40], "live", "probability"),
        (np.r_[GOOD[:60], np.tile([2.0, -2.2], 12)], "live", "probability"),
        (np.r_[GOOD[:60], np.tile([2.0, -2.2], 18)], "reduced", "probability"),
        (np.r_[GOOD[:60], np.tile([2.0, -2.2], 40)], "paper", "probability"),
        (np.r_[GOOD[:60], BAD[:10]], "stopped", "fell"),
        (np.r_[GOOD[:60], BAD[:10], GOOD[:20]], "paper", "of 30"),
        (np.r_[GOOD[:60], BAD[:20], GOOD[:80]], "live", "probability"),
    ],
)
def test_states_follow_the_record_down_and_back_up(net, state, why):
    found = walked(Record(**RULES, rest_days=10, drawdown_stop=8.0), DAYS[: net.size], net, NONE)
    assert found.state == state
    assert why in found.why


def test_the_probability_is_students_for_independent_days_and_falls_with_trials():
    from scipy import stats

    x = np.random.default_rng(4).normal(0.2, 1.0, 4000)
    t = stats.ttest_1samp(x, 0.0).statistic
    assert edge_probability(x[:400], NONE) == pytest.approx(stats.norm.cdf(stats.ttest_1samp(x[:400], 0.0).statistic), abs=0.02)
    assert t > 3
    chances = [edge_probability(x[:80], Deflation(n, None)) for n in (1, 5, 50)]
    assert chances == sorted(chances, reverse=True)
    assert edge_probability(np.zeros(50), NONE) is None


def test_sizes_scale_targets_and_a_missing_state_is_named():
    signals = pl.DataFrame({"delivery_day": [D] * 2, "strategy": ["s", "study"], "target_mw": [-8.0, 0.0]})
    given = pl.DataFrame({"strategy": ["s"], "size": [0.5]})
    assert sized_signals(signals, given)["target_mw"].to_list() == [-4.0, 0.0]
    with pytest.raises(MissingDayError, match="no state of s"):
        sized_signals(signals, given.head(0))


def test_a_deviation_beyond_what_the_record_allows_is_found():
    hours = [datetime(2025, 8, 20, h, tzinfo=UTC) for h in range(3)]
    signals = pl.DataFrame({"delivery_day": [D] * 3, "strategy": ["s"] * 3, "zone": ["NORTH"] * 3, "delivery_start": hours, "target_mw": [-8.0] * 3})
    given = pl.DataFrame({"delivery_day": [D], "strategy": ["s"], "size": [0.5]})
    own = {"delivery_day": [D] * 4, "zone": ["NORTH"] * 3 + ["SOUTH"], "delivery_start": [*hours, hours[0]], "instrument": ["day_ahead"] * 4}
    sold = pl.DataFrame({**own, "position_mw": [-24.0, -24.1, -20.0, -5.0], "expected_output_mw": [20.0, 20.0, 20.0, 5.0]})
    assert beyond_the_record(sold, signals, given)["delivery_start"].to_list() == [hours[1]]
    assert beyond_the_record(sold, signals.head(0), given.head(0)).height == 2


def test_two_that_trade_share_the_risk_and_a_desk_may_let_the_record_decide_nothing():
    frames = raw(noisy(4.0, 6.0, seed=11))
    both = states(the_desk(a=SPREAD, b={**SPREAD, "max_mw": 2}), frames)
    assert both["size"].to_list() == [0.5, 0.5]
    off = states(the_desk(record={**RULES, "decides": False}, a=SPREAD, b=SPREAD), raw(noisy(0.0)))
    assert off["size"].to_list() == [1.0, 1.0]
    assert off["why"].str.contains("record.decides is false").all()
