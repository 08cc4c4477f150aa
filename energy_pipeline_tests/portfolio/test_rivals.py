"""Other objectives on the day's scenarios, what they would have earned, and what hedges save."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.blocks import profile
from energy_pipeline.lake.parquet import content_sha256
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.portfolio import Acted, settle_final
from energy_pipeline.portfolio.decision import case_of
from energy_pipeline.portfolio.rivals import hedge_effectiveness, hedge_results, objective_results, objective_scores, rivals
from energy_pipeline.portfolio.rivals.goals import RIVALS, goals
from energy_pipeline.portfolio.rivals.linear import linear_problem
from energy_pipeline.portfolio.rivals.scores import block_draws
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, Day, desk_of
from energy_pipeline_tests.portfolio.test_settle import Came

DAYS = {
    "plain": Day(paths=60),
    "quarter hours, sells": Day(day=AUTUMN_QUARTERS, paths=60, target_mw=-6.0, edge=-3.0, seed=5),
    "true peak quote": Day(paths=60, peak_is_proxy=False, seed=7),
    "negative prices": Day(paths=60, price_level=-15.0, seed=4),
}


def case_for(day):
    return case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)


@pytest.fixture(scope="module", params=list(DAYS.values()), ids=list(DAYS))
def chosen(request):
    day = request.param
    book = day.decide()
    return day, book, case_for(day), rivals(case_for(day), book.positions)


def test_every_rival_is_there_and_inside_its_limits(chosen):
    day, _, _, found = chosen
    comparison = enforce(table("objective_comparison"), found.comparison, day.day)
    assert set(comparison["objective_name"]) == set(RIVALS)
    positions = enforce(table("objective_positions"), found.positions, day.day)
    assert (positions["decision_mw"] >= positions["lower_mw"] - 1e-9).all()
    assert (positions["decision_mw"] <= positions["upper_mw"] + 1e-9).all()
    held = positions.filter(pl.col("instrument") != "day_ahead").with_columns(size=(pl.col("opening_mw") + pl.col("decision_mw")).abs())
    assert held.group_by("objective_name").agg(pl.col("size").sum())["size"].max() <= 60 + 1e-6


def test_the_desks_row_is_its_solution(chosen):
    _, book, _, found = chosen
    own = found.comparison.filter(pl.col("objective_name") == "desk").row(0, named=True)
    solution = book.solution.row(0, named=True)
    for name in ("expected_pnl_eur", "cvar_eur", "var_eur"):
        assert own[name] == pytest.approx(solution[name], rel=1e-6, abs=0.02)


def test_nobody_beats_a_rival_at_its_own_game(chosen):
    """On the P&L every objective is charged with, no other rival's decision has a better value."""
    _, _, case, found = chosen
    problem = linear_problem(case.program)
    by_rival = found.positions.with_columns(later=pl.col("instrument") != "day_ahead").partition_by("objective_name", as_dict=True)
    k = case.program.deviations

    def positions(rows):
        order = {z: i for i, z in enumerate(case.desk.zones)}
        rows = rows.with_columns(z=pl.col("zone").replace_strict(order)).sort("later", "z", "instrument", "delivery_start")
        x = rows["decision_mw"].to_numpy().copy()
        x[k:] += case.program.opening
        return x

    books = {name[0]: positions(rows) for name, rows in by_rival.items()}
    for name, (own, objective) in goals(case.desk, problem).items():
        sign = -1.0 if isinstance(objective, al.MaxMean | al.Utility | al.MeanCvar) else 1.0
        values = {rival: sign * al.evaluate(own, objective, x) for rival, x in books.items()}
        assert values[name] <= min(values.values()) + 1e-7 * max(1.0, abs(values[name])), name


def test_charged_fees_are_never_too_small(chosen):
    _, _, case, found = chosen
    program, problem = case.program, linear_problem(case.program)
    draw = np.random.default_rng(0)
    for _ in range(5):
        share = draw.random(program.deviations)
        trades = draw.normal(size=program.contracts) * 3
        way = np.where(program.upper[: program.deviations] > 0, program.upper[: program.deviations], program.lower[: program.deviations])
        x = np.concatenate([share * way, np.maximum(trades, 0), np.maximum(-trades, 0)])
        charged = problem.pnl(np.concatenate([share * way, program.opening + trades]))
        assert (charged <= -program.losses(x) + 1e-9).all()
    flat = np.concatenate([np.zeros(program.deviations), program.opening])
    assert problem.pnl(flat) == pytest.approx(-program.losses(np.zeros(program.variables)), abs=1e-9)
    assert found.comparison["relative_gap"].max() < 1e-6


def settled(day, came, positions, acts=()):
    return settle_final(day.desk, day.day, positions, day.plant_output, day.dispatch, came.frames, acts)


def with_decisions(book, rows):
    """The positions table as it would be with a rival's decisions."""
    trades = {(r["zone"], r["instrument"]): r["decision_mw"] for r in rows.filter(pl.col("instrument") != "day_ahead").to_dicts()}
    sold = {(r["zone"], r["delivery_start"]): r["decision_mw"] for r in rows.filter(pl.col("instrument") == "day_ahead").to_dicts()}
    quote = {(r["zone"], r["instrument"]): (r["quote_eur_mwh"], r["is_proxy"]) for r in rows.to_dicts()}
    changed = []
    for row in book.positions.to_dicts():
        key = (row["zone"], row["instrument"])
        if row["instrument"] == "day_ahead":
            row["position_mw"] = -(row["expected_output_mw"] + sold.get((row["zone"], row["delivery_start"]), 0.0))
            row["traded_mw"] = row["position_mw"]
        elif key in trades:
            row["traded_mw"], row["position_mw"] = trades[key], row["opening_mw"] + trades[key]
            row["reference_price_eur_mwh"], row["is_proxy"] = quote[key]
        changed.append(row)
    return table("positions").frame(changed)


def test_settled_as_if_the_rivals_book_had_been_decided(chosen):
    day, book, _, found = chosen
    came = Came(day)
    # What a store trades on prices as they come is no surprise of the plants: every rival has it, and nobody pays a fee on it.
    size = day.delivery.count(day.minutes("NORTH"))
    acts = [Acted("NORTH", np.linspace(-6.0, 9.0, size), np.ones(size), np.full(size, 40.0), 1.0, 2.0)]
    pnl = settled(day, came, book.positions, acts)
    results = enforce(table("objective_results"), objective_results(day.desk, day.day, book.positions, found.positions, pnl), day.day)
    assert set(results["objective_name"]) == set(RIVALS)
    for row in results.to_dicts():
        rows = found.positions.filter(pl.col("objective_name") == row["objective_name"])
        expected = settled(day, came, with_decisions(book, rows), acts)["headline_eur"].sum()
        assert row["pnl_eur"] == pytest.approx(expected, abs=1e-6)
        assert row["regret_eur"] >= 0
    assert results.filter(pl.col("objective_name") == "desk")["against_desk_eur"][0] == 0
    assert results["pnl_eur"].max() <= results["hindsight_pnl_eur"][0] + 1e-6


def test_hindsight_is_the_best_of_every_corner():
    """Without a gross limit every interval and contract stands alone: its best is at a bound, at zero or where the fee turns."""
    limits = {"day_ahead_deviation_mw": {"NORTH": 8}, "gross_contracts_mw": None, "es_eur": None}
    day = Day(paths=30, desk=desk_of(limits=limits), seed=2, peak_is_proxy=False)
    book, came = day.decide(), Came(day)
    found = rivals(case_for(day), book.positions)
    pnl = settled(day, came, book.positions)
    results = objective_results(day.desk, day.day, book.positions, found.positions, pnl)
    flat = results.filter(pl.col("objective_name") == "flat").row(0, named=True)
    north = pnl.filter(pl.col("zone") == "NORTH")
    P, R = north["price_da_eur_mwh"].to_numpy(), north["price_second_eur_mwh"].to_numpy()
    surprise = north["output_mw"].to_numpy() - north["expected_output_mw"].to_numpy()
    gain = 0.0
    for p, r, e in zip(P, R, surprise, strict=True):
        corners = np.array([-5.0, 0.0, np.clip(e, -5.0, 0.0)])
        gain += ((p - r) * corners - 1.5 * (np.abs(e - corners) - abs(e))).max()
    south = pnl.filter(pl.col("zone") == "SOUTH")["price_da_eur_mwh"].to_numpy()
    peak = (profile("peak", day.delivery, 60) * (south - day.price_level - day.peak_premium)).sum()
    base = (P - day.price_level - 1).sum()
    gain += max(25 * base - 25 * 0.4 * 24, -25 * base - 25 * 0.4 * 24, 0) + max(15 * peak - 15 * 0.3 * 12, -15 * peak - 15 * 0.3 * 12, 0)
    assert flat["regret_eur"] == pytest.approx(gain, abs=0.05)


def test_nothing_settled_gives_no_results():
    day = Day(paths=20)
    book = day.decide()
    found = rivals(case_for(day), book.positions)
    assert objective_results(day.desk, day.day, book.positions, found.positions, table("pnl").frame()).height == 0


def test_nothing_to_decide_leaves_the_rules():
    limits = {"day_ahead_deviation_mw": {"NORTH": 0, "SOUTH": 0}}
    day = Day(paths=20, with_quotes=False, desk=desk_of(limits=limits, contracts=[]))
    book = day.decide()
    found = rivals(case_for(day), book.positions)
    assert set(found.comparison["objective_name"]) == {"desk", "flat", "naive_hedge"}
    assert found.positions.height == 0


def test_a_rival_without_an_answer_stands_flat_and_says_why(monkeypatch):
    day = Day(paths=20)
    book, whole = day.decide(), al.solve

    def solve(problem, objective):
        if isinstance(objective, al.Minimax):
            raise al.SolverError("it stopped")
        return whole(problem, objective)

    monkeypatch.setattr(al, "solve", solve)
    found = rivals(case_for(day), book.positions).comparison
    row, flat = (found.filter(pl.col("objective_name") == n).row(0, named=True) for n in ("minimax", "flat"))
    assert row["solver"] == "stands flat: it stopped"
    assert row["relative_gap"] == 1.0
    assert row["expected_pnl_eur"] == flat["expected_pnl_eur"]
    assert "stands flat" not in "".join(found.filter(pl.col("objective_name") != "minimax")["solver"])


def test_a_hedge_of_all_the_output_at_one_price_takes_the_price_risk_off():
    """Constant output, one price level per scenario: a base sale of the same MW leaves no variance."""
    opening = [
        {"zone": "NORTH", "block": "base", "position_mw": -20, "price_eur_mwh": 70, "first_day": date(2024, 1, 1), "last_day": date(2027, 1, 1)}
    ]
    limits = {"day_ahead_deviation_mw": {"NORTH": 0}}
    desk = desk_of(opening_book=opening, contracts=[], assets={}, limits=limits)
    day = replace(Day(desk=desk, paths=50), with_quotes=False, with_second=False)
    level = np.random.default_rng(1).normal(60, 25, (50, 1))
    flat = {("day_ahead_price", "NORTH"): level + np.zeros((50, 24)), ("day_ahead_price", "SOUTH"): 30 + np.zeros((50, 24))}
    flat[("plant_output", "wind")], flat[("plant_output", "share")] = np.full((50, 24), 20.0), np.full((50, 24), 5.0)

    class Constant(Day):
        def draw(self):
            return flat

        def expected(self, plant):
            return np.full(24, 20.0 if plant == "wind" else 5.0)

    day = Constant(**{k: getattr(day, k) for k in Day.__dataclass_fields__})
    found = enforce(table("hedge_effectiveness"), hedge_effectiveness(case_for(day), day.decide().positions, day.dispatch), day.day)
    book = found.filter(pl.col("scope") == "book").row(0, named=True)
    assert book["volatility_unhedged_eur"] == pytest.approx(20 * 24 * level.std(ddof=1), rel=1e-6)
    assert book["variance_effectiveness"] == pytest.approx(1.0, abs=1e-9)
    assert book["cvar_effectiveness"] == pytest.approx(1.0, abs=1e-9)
    assert book["premium_eur"] == pytest.approx(20 * 24 * (level.mean() - 70), rel=1e-6)


def test_a_bought_base_adds_risk_to_a_producer():
    opening = [
        {"zone": "NORTH", "block": "base", "position_mw": 30, "price_eur_mwh": 70, "first_day": date(2024, 1, 1), "last_day": date(2027, 1, 1)}
    ]
    day = Day(desk=desk_of(opening_book=opening, contracts=[]), paths=60)
    found = hedge_effectiveness(case_for(day), day.decide().positions, day.dispatch)
    assert found.filter(pl.col("scope") == "NORTH")["variance_effectiveness"][0] < 0


def results_of(days, seed=0):
    """Results of two rivals over days, one a little worse than hindsight, one much."""
    draw = np.random.default_rng(seed)
    best = draw.normal(1000, 400, days)
    frames = []
    for k in range(days):
        for name, short in (("desk", 100.0), ("flat", 300.0)):
            regret = short + abs(float(draw.normal(0, 30)))
            row = {"delivery_day": PLAIN - timedelta(days=days - 1 - k), "objective_name": name, "pnl_eur": best[k] - regret}
            frames.append({**row, "hindsight_pnl_eur": best[k], "regret_eur": regret, "against_desk_eur": 0.0})
    return table("objective_results").frame(frames)


def test_scores_of_a_window():
    desk, results = desk_of(), results_of(40)
    found = enforce(table("objective_scores"), objective_scores(desk, PLAIN, results), PLAIN)
    assert found.equals(objective_scores(desk, PLAIN, results.sample(fraction=1.0, shuffle=True, seed=1)))
    flat = found.filter(pl.col("objective_name") == "flat").row(0, named=True)
    regret = results.filter(pl.col("objective_name") == "flat")["regret_eur"].to_numpy()
    assert flat["mean_regret_eur"] == pytest.approx(regret.mean())
    assert flat["mean_regret_low_eur"] < regret.mean() < flat["mean_regret_high_eur"]
    # independent days: the interval is near the normal one
    half = 1.96 * regret.std(ddof=1) / np.sqrt(40)
    assert flat["mean_regret_high_eur"] - flat["mean_regret_low_eur"] == pytest.approx(2 * half, rel=0.5)
    assert flat["desk_ahead_low_eur"] > 0
    own = found.filter(pl.col("objective_name") == "desk").row(0, named=True)
    assert own["desk_ahead_eur"] == own["desk_ahead_low_eur"] == own["desk_ahead_high_eur"] == 0


def test_few_days_have_no_interval_and_no_day_no_score():
    short = objective_scores(desk_of(), PLAIN, results_of(10))
    assert short["days"].to_list() == [10, 10]
    assert short["mean_regret_low_eur"].null_count() == 2
    assert objective_scores(desk_of(), PLAIN, results_of(5).filter(pl.col("delivery_day") < PLAIN)).height == 0


def test_blocks_wrap_around_and_every_day_is_drawn_alike():
    draws = block_draws(21, 7, 4000, np.random.default_rng(3))
    assert draws.shape == (4000, 21)
    assert ((np.diff(draws[:, :7], axis=1) % 21) == 1).all()
    assert np.bincount(draws.ravel(), minlength=21) / draws.size == pytest.approx(np.full(21, 1 / 21), rel=0.05)


def test_settled_hedges_are_judged_by_days_with_and_without_them():
    rng = np.random.default_rng(6)
    days = [PLAIN + timedelta(days=n) for n in range(30)]
    spot = rng.normal(1000, 300, (30, 2))
    hedge = np.column_stack([-0.9 * (spot[:, 0] - 1000) - 5.0, np.zeros(30)])
    cost = np.column_stack([np.full(30, 3.0), np.zeros(30)])
    start = pl.Series([PLAIN]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")[0]
    pnl, auction = [], []
    for i, day in enumerate(days):
        for k, zone in enumerate(("NORTH", "SOUTH")):
            total = spot[i, k] + hedge[i, k] - cost[i, k]
            row = {"delivery_day": day, "zone": zone, "delivery_start": start, "resolution_minutes": 60}
            pnl += [{**row, "total_eur": total / 2}] * 2
            auction.append({**row, "instrument": "day_ahead", "revenue_eur": 77.0, "cost_eur": 0.0})
        auction.append({**row, "zone": "NORTH", "instrument": "base", "revenue_eur": hedge[i, 0], "cost_eur": cost[i, 0]})
    frames = (pl.DataFrame(pnl), pl.DataFrame(auction))
    found = enforce(table("hedge_results"), hedge_results(desk_of(), days[-1], *frames), days[-1])
    rows = {r["scope"]: r for r in found.to_dicts()}
    north = rows["NORTH"]
    assert north["days"] == 30
    assert north["volatility_unhedged_eur"] == pytest.approx(spot[:, 0].std(ddof=1))
    assert north["variance_effectiveness"] == pytest.approx(0.99)
    assert north["cvar_effectiveness"] == pytest.approx(0.9)
    assert north["premium_eur"] == pytest.approx(-(hedge[:, 0] - 3.0).mean())
    assert rows["SOUTH"]["variance_effectiveness"] == 0.0
    both, without = (spot + hedge - cost).sum(axis=1), spot.sum(axis=1)
    assert rows["book"]["variance_effectiveness"] == pytest.approx(1 - both.var(ddof=1) / without.var(ddof=1))
    assert hedge_results(desk_of(), days[0], *(f.filter(pl.col("delivery_day") == days[0]) for f in frames)).height == 0


def test_settled_hedges_are_the_same_bytes_each_time_and_in_any_order_of_rows():
    """Sums of floats over seven zones and over contracts: in another order the last digits differ."""
    rng = np.random.default_rng(1)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    keys = [(PLAIN + timedelta(days=d), f"Z{z}", start + timedelta(days=d, hours=h)) for d in range(40) for z in range(7) for h in range(24)]
    base = {"delivery_day": [k[0] for k in keys], "zone": [k[1] for k in keys], "delivery_start": [k[2] for k in keys]}
    pnl = pl.DataFrame({**base, "total_eur": rng.normal(size=len(keys)) * 1e4})
    legs = [{**base, "revenue_eur": rng.normal(size=len(keys)) * 1e4, "cost_eur": rng.random(len(keys))} for _ in range(2)]
    auction = pl.concat([pl.DataFrame(leg).with_columns(instrument=pl.lit(name)) for leg, name in zip(legs, ("base", "peak"), strict=True)])
    found = [hedge_results(desk_of(), keys[-1][0], pnl, auction) for _ in range(8)]
    found += [hedge_results(desk_of(), keys[-1][0], pnl.sample(fraction=1.0, shuffle=True, seed=s), auction.reverse()) for s in range(4)]
    assert len({content_sha256(f) for f in found}) == 1
