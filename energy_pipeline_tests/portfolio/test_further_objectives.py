"""Further objectives of the day's book: against independent solutions, limits kept or named, prices true."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.mathematics.allocation.measures import cvar
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio import case_of
from energy_pipeline.portfolio.chosen import choose, worth_of
from energy_pipeline.portfolio.risk_budget import budgeted
from energy_pipeline.portfolio.rivals import rivals
from energy_pipeline_tests.portfolio.small_desk import Day, desk_of

ZONES = {name: zone.model_dump() for name, zone in desk_of().zones.items()}
FREE = {**ZONES, "NORTH": {**ZONES["NORTH"], "second_price": {"kind": "intraday", "imbalance_fee_eur_mwh": 0.0}}}


def a_day(name, gross=60.0, es_eur=None, deviation=8.0, trade=25.0, seed=3, **portfolio):
    limits = {"day_ahead_deviation_mw": {"NORTH": deviation}, "gross_contracts_mw": gross, "es_eur": es_eur}
    chosen = {"objective": name, "risk_aversion": 0.5, "confidence": 0.9, **portfolio}
    contracts = [{"zone": "NORTH", "block": "base", "max_trade_mw": trade}, {"zone": "SOUTH", "block": "peak", "max_trade_mw": 15}]
    desk = desk_of(zones=FREE, limits=limits, portfolio=chosen, contracts=contracts)
    return Day(desk=desk, paths=40, peak_is_proxy=False, seed=seed)


PATHS, DAYS = 12, 3


def week_series(day):
    """Paths of three days by kind and zone, and their probabilities."""
    rng = np.random.default_rng(day.seed)
    hours = sum(day.delivery.shift(n).count(60) for n in range(DAYS))

    def walk(level, wide, step):
        return level + rng.normal(0, wide, (PATHS, 1)) + np.cumsum(rng.normal(0, step, (PATHS, hours)), axis=1)

    found = {("day_ahead_price", zone): walk(60 + 10 * np.sin(np.arange(hours) / 4), 12, 4) for zone in ("NORTH", "SOUTH")}
    found["second_price", "NORTH"] = found["day_ahead_price", "NORTH"] + 3 + rng.normal(0, 8, (PATHS, hours))
    found["wind", "NORTH"] = np.maximum(walk(500, 100, 20), 0)
    weights = rng.random(PATHS) + 0.2
    return {key: values.astype(np.float32).astype(np.float64) for key, values in found.items()}, weights / weights.sum()


def sets_of(day):
    series, weights = week_series(day)
    hours = np.concatenate([day.delivery.shift(n).interval_starts_us(60) for n in range(DAYS)])
    starts = pl.Series(hours).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    contract, frames = table("scenario_sets"), []
    for (kind, zone), values in series.items():
        for s, path in enumerate(values):
            row = {"delivery_day": day.day, "set": "week", "kind": kind, "name": zone, "resolution_minutes": 60, "scenario": s, "label": str(s)}
            row |= {"probability": weights[s], "unit": "MW" if kind == "wind" else "EUR/MWh", "reduction_error": 0.0}
            frame = pl.DataFrame({"delivery_start": starts, "value": path}).with_columns(**{k: pl.lit(v) for k, v in row.items()})
            frames.append(contract.frame(frame.to_dict(as_series=False)))
    return pl.concat(frames)


def case_for(day):
    return case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals, sets=sets_of(day))


def by_cvxpy(day):
    """The best worth of a general convex programme, written apart [kEUR, or the ratio]."""
    import cvxpy as cp

    case = case_for(day)
    p = case.program
    k, m, name = p.deviations, p.contracts, day.desk.portfolio.objective
    x, size = cp.Variable(p.variables), cp.Variable(nonneg=True)  # Charnes and Cooper: x / size is the decision
    one = size if name == "max_sharpe" else 1.0
    pnl = p.base * one + p.slope @ x
    held = p.opening * one + x[k : k + m] - x[k + m :]
    rows = [x >= p.lower * one, x <= p.upper * one]
    rows += [] if p.gross_room is None else [cp.norm1(held) <= p.gross_room * one]
    if name == "max_sharpe":
        rows.append(cp.norm(pnl - cp.sum(pnl) / 40) <= np.sqrt(39))
        return cp.Problem(cp.Maximize(cp.sum(pnl) / 40), rows).solve(solver=cp.CLARABEL)
    if name == "tracking_error":
        gain = (p.slope[:, k : k + m] - p.slope[:, k + m :]) / 2
        apart = p.slope[:, :k] @ x[:k] + gain @ (held - p.benchmark[k:])
        return -cp.Problem(cp.Minimize(cp.norm(apart - cp.sum(apart) / 40) / np.sqrt(39)), rows).solve(solver=cp.CLARABEL)
    if name == "week_drawdown":
        goal, own = week_drawdown(p.week, x)
        return -cp.Problem(cp.Minimize(goal), rows + own).solve(solver=cp.CLARABEL)
    if name == "week_var":
        return max(-cp.Problem(cp.Minimize(cp.max(losses)), rows).solve(solver=cp.CLARABEL) for losses in kept_losses(p.week, x))
    worst = cp.max(p.stress.rows @ x + p.stress.constant)
    return -cp.Problem(cp.Minimize(worst), rows).solve(solver=cp.CLARABEL)


def week_drawdown(week, x):
    """Every hour of every path written out."""
    import cvxpy as cp

    hours = week.base.shape[1] + week.later.shape[1]
    later = np.zeros((week.later.shape[1], x.size))
    fall, peak, level, rows = cp.Variable(PATHS), cp.Variable((PATHS, hours + 1)), cp.Variable(), []
    for s in range(PATHS):
        slope, base = np.vstack([np.zeros((1, x.size)), week.slope[s], later]), np.concatenate([[0.0], week.base[s], week.later[s]])
        summed = np.cumsum(slope, axis=0) @ x + np.cumsum(base)
        rows += [peak[s] >= summed, cp.diff(peak[s]) >= 0, fall[s] >= peak[s] - summed]
    return level + cp.sum(cp.multiply(week.probability, cp.pos(fall - level))) / (1 - week.confidence), rows


def kept_losses(week, x):
    """The losses that remain for every choice of paths that may lie beyond the VaR."""
    losses = -week.total - week.slope.sum(axis=1) @ x
    for count in range(PATHS):
        for beyond in combinations(range(PATHS), count):
            if week.probability[list(beyond)].sum() <= 1 - week.confidence + 1e-12:
                yield losses[[s for s in range(PATHS) if s not in beyond]]


def test_the_week_is_what_is_owned_at_the_weeks_prices_against_its_mean():
    day = a_day("week_drawdown", trade=9.0)
    case, (series, weights) = case_for(day), week_series(day)
    week, draw = case.program.week, np.random.default_rng(0)
    x = draw.uniform(case.program.lower, case.program.upper)
    k, price, second = case.program.deviations, series["day_ahead_price", "NORTH"], series["second_price", "NORTH"]
    wind, south = series["wind", "NORTH"], series["day_ahead_price", "SOUTH"]
    expected, share, schedule = day.expected("wind"), day.expected("share"), case.outlooks["NORTH"].schedule_mw
    mean = weights @ wind
    pnl = np.zeros(price.shape)
    for h in range(72):
        ahead = h % 24
        peak = 8 <= ahead < 20
        if h < 24:
            output = np.minimum(wind[:, h] * expected[h] / mean[h], 60.0)
            sold = expected[h] + schedule[h]
            pnl[:, h] = price[:, h] * sold + second[:, h] * (output - expected[h])
            pnl[:, h] += x[h] * (price[:, h] - second[:, h]) + (x[k] - x[k + 2] - 10.0) * price[:, h]
            pnl[:, h] += south[:, h] * (share[h] + (x[k + 1] - x[k + 3]) * peak)
        else:
            output = np.minimum(wind[:, h] * expected.sum() / mean[:24].sum(), 60.0)
            pnl[:, h] = price[:, h] * (output - 10.0) + south[:, h] * share[ahead]
    pnl -= weights @ pnl
    pnl[:, :24] -= case.program.charged_rate * 1000 * x[:24] + 0.4 * (x[k] + x[k + 2])
    peaks = np.array([8 <= h < 20 for h in range(24)])
    pnl[:, :24] -= 0.3 * (x[k + 1] + x[k + 3]) * peaks
    summed = np.cumsum(np.concatenate([np.zeros((PATHS, 1)), pnl], axis=1), axis=1)
    falls = (np.maximum.accumulate(summed, axis=1) - summed).max(axis=1) / 1000
    assert week.drawdowns(x) == pytest.approx(falls, rel=1e-9)
    assert week.drawdown(x) == pytest.approx(cvar(falls, 0.9, weights), rel=1e-9)
    order = np.argsort(-pnl.sum(axis=1))
    reached = np.cumsum(weights[order])
    assert week.var(x) == pytest.approx(-pnl.sum(axis=1)[order][np.flatnonzero(reached >= 0.9)[0]] / 1000, rel=1e-9)


@pytest.mark.parametrize("name", ["max_sharpe", "tracking_error", "min_stress", "week_drawdown", "week_var"])
@settings(max_examples=3)
@given(st.floats(12, 70), st.floats(0, 9), st.floats(2, 30), st.integers(0, 30))
def test_random_limits_are_kept_and_the_book_is_the_best_of_an_independent_programme(name, gross, deviation, trade, seed):
    day = a_day(name, gross, deviation=deviation, trade=trade, seed=seed)
    program = case_for(day).program
    found = choose(day.desk, program)
    x = found.optimum.x
    k, m = program.deviations, program.contracts
    assert (x >= program.lower - 1e-6).all()
    assert (x <= program.upper + 1e-6).all()
    assert np.abs(program.opening + x[k : k + m] - x[k + m :]).sum() <= program.gross_room + 1e-6
    worth = worth_of(day.desk, program)
    value = worth(program.losses(x)) + worth.tilted(x)
    best = by_cvxpy(day)
    assert value == pytest.approx(best, rel=2e-5, abs=2e-5)
    bound = found.optimum.bound * (1000.0 if name == "max_sharpe" else 1.0)
    assert bound >= best - 1e-5 * max(1.0, abs(best))
    assert bound == pytest.approx(best, rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("name", ["max_sharpe", "tracking_error", "min_stress", "week_drawdown", "week_var"])
def test_the_price_of_the_gross_limit_is_the_finite_difference_of_the_objective(name):
    def value(gross):
        day = a_day(name, gross)
        program = case_for(day).program
        found, worth = choose(day.desk, program), worth_of(day.desk, program)
        return worth(program.losses(found.optimum.x)) + worth.tilted(found.optimum.x), found.optimum.gross_price * (
            1000.0 if name == "max_sharpe" else 1.0
        )

    step = 0.05
    (low, _), (_, price), (high, _) = value(14.0 - step), value(14.0), value(14.0 + step)
    assert price > 0
    assert price == pytest.approx((high - low) / (2 * step), rel=0.02, abs=1e-6)


@pytest.mark.parametrize("name", ["max_sharpe", "tracking_error", "min_stress", "week_drawdown", "week_var"])
def test_the_shortfall_limit_is_kept_or_named(name):
    free = a_day(name)
    program = case_for(free).program
    loose = program.shortfall(choose(free.desk, program).optimum.x)
    least = program.shortfall(choose(a_day("min_cvar").desk, case_for(a_day("min_cvar")).program).optimum.x)
    if loose <= least:  # nothing to give up: the objective has the least shortfall itself
        return
    day = a_day(name, es_eur=1000 * (0.5 * loose + 0.5 * least))
    bound = case_for(day).program
    found = choose(day.desk, bound)
    assert bound.shortfall(found.optimum.x) <= bound.es_limit + 1e-6
    never = a_day(name, es_eur=1.0)
    assert choose(never.desk, case_for(never).program).optimum.es_relaxed_to > 0.001


@pytest.mark.parametrize("shares", [{}, {"NORTH": 0.8, "SOUTH": 0.2}, {"spread": 0.3, "contracts": 0.7}])
def test_the_shares_of_the_shortfall_are_the_budgets_and_no_other_sizes_are_better(shares):
    by = "purpose" if "spread" in shares else "zone"
    day = a_day("risk_budget", risk_budget={"by": by, "shares": shares})
    program = case_for(day).program
    found = budgeted(program, day.desk.portfolio.risk_budget)
    parts, y = found.parts, found.parts.sizes(found.optimum.x)
    budgets = np.array([shares.get(n, 0.5) for n in parts.names])
    assert len(parts.names) == 2
    assert found.kept
    assert y.max() == pytest.approx(1.0)
    assert found.shares == pytest.approx(budgets, abs=1e-4)

    def es(sizes):
        return expected_shortfall(-parts.gains @ sizes, parts.level)

    for g in range(2):  # ES has a kink where it is least: its one-sided derivatives hold the budget between them
        step = 1e-5 * np.eye(2)[g] * y
        low, high = (es(y) - es(y - step)) / 1e-5, (es(y + step) - es(y)) / 1e-5
        assert low - 1e-6 <= budgets[g] * es(y) <= high + 1e-6
    scanned = [parts.ratio(np.einsum("vp,p->v", parts.whole, [1.0, r])) for r in np.geomspace(0.01, 100, 2001)]
    assert parts.ratio(found.optimum.x) == pytest.approx(found.optimum.bound, rel=1e-6)
    assert found.optimum.bound >= max(scanned) - 1e-9
    assert max(scanned) == pytest.approx(found.optimum.bound, rel=1e-3)


@settings(max_examples=4)
@given(st.floats(10, 40), st.floats(0.1, 0.9), st.integers(0, 30))
def test_a_risk_budget_keeps_every_limit_and_never_beats_its_bound(gross, share, seed):
    day = a_day("risk_budget", gross, seed=seed, risk_budget={"shares": {"NORTH": share, "SOUTH": 1 - share}})
    program = case_for(day).program
    loose = program.shortfall(choose(day.desk, program).optimum.x)
    least = program.shortfall(choose(a_day("min_cvar", gross, seed=seed).desk, program).optimum.x)
    day = a_day("risk_budget", gross, es_eur=1000 * max(0.5 * loose + 0.5 * least, 0.001), seed=seed)
    program = case_for(day).program
    found = budgeted(program, day.desk.portfolio.risk_budget)
    x, k, m = found.optimum.x, program.deviations, program.contracts
    assert np.abs(program.opening + x[k : k + m] - x[k + m :]).sum() <= program.gross_room + 1e-6
    allowed = program.es_limit if found.optimum.es_relaxed_to is None else found.optimum.es_relaxed_to
    assert program.shortfall(x) <= allowed + 1e-6
    assert found.parts.ratio(x) <= found.optimum.bound + 1e-9


def test_the_weeks_books_are_rivals_measured_on_the_days_scenarios():
    day = a_day("mean_cvar")
    case = case_for(day)
    found = rivals(case, day.decide().positions).comparison
    rows = {r["objective_name"]: r for r in found.to_dicts()}
    assert {"min_stress", "week_drawdown", "week_var", "risk_budget"} <= set(rows)
    assert max(rows[n]["relative_gap"] for n in ("min_stress", "week_drawdown", "week_var", "risk_budget")) < 1e-6
    without = case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)
    told = {r["objective_name"]: r["solver"] for r in rivals(without, day.decide().positions).comparison.to_dicts()}
    assert "no paths of the week" in told["week_drawdown"]


def test_a_budget_of_a_zone_or_purpose_that_is_not_there_is_told():
    with pytest.raises(DeskError, match=r"portfolio.risk_budget.shares.WEST: zone 'WEST' is not declared"):
        desk_of(portfolio={"objective": "risk_budget", "risk_budget": {"shares": {"WEST": 1.0}}})
    with pytest.raises(DeskError, match="no purpose NORTH; purposes: spread, contracts"):
        desk_of(portfolio={"objective": "risk_budget", "risk_budget": {"by": "purpose", "shares": {"NORTH": 1.0}}})
