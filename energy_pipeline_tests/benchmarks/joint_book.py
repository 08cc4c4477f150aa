"""The joint book of a battery and twenty contracts, and its exactness on a small case, in one run.

What belongs here: the section `joint_book` of the page. What does not: properties of the answer
(tests of portfolio.joint).
"""

import time
from dataclasses import replace

SCENARIOS, HOURS, CONTRACTS = 10_000, 168, 20
SMALL = (200, 168, 6)
LAMBDAS = (0.3, 1.0, 3.0)


def large() -> list[str]:
    """Rows: CPU seconds of both answers with policies learnt by regression, judged on fresh paths."""
    from energy_pipeline.mathematics.stores.joint import SequentialPolicies, joint_book, sequential_book
    from energy_pipeline.portfolio.joint_day import advantage_eur
    from energy_pipeline_tests.mathematics.stores.joint_cases import BATTERY, case

    paths, problem, factors = case(SCENARIOS, HOURS, CONTRACTS, 1)
    fresh_paths, fresh, _ = case(SCENARIOS, HOURS, CONTRACTS, 1, stream=2)
    assets = [SequentialPolicies("battery", BATTERY, paths, 60, factors)]
    few = case(200, HOURS, 2, 3)
    joint_book(few[1], [SequentialPolicies("battery", BATTERY, few[0], 60, few[2])], rounds=2)  # compiles
    rows = []
    for scarce in (False, True):
        for risk_aversion in LAMBDAS:
            one, judge = (replace(p, risk_aversion=risk_aversion, contracts=_scarce(p.contracts, scarce)) for p in (problem, fresh))
            began = time.process_time()
            first = sequential_book(one, assets)
            middle = time.process_time()
            both = joint_book(one, assets)
            ended = time.process_time()
            judged = [book.pnl_on(judge, [fresh_paths]) for book in (both, first)]
            gain, error = advantage_eur(judge, *judged)
            cells = (
                "scarce" if scarce else "liquid",
                f"{risk_aversion:g}",
                f"{middle - began:.2f}",
                f"{ended - middle:.2f}",
                str(len(both.history_eur)),
                f"{first.answer.value_eur:,.0f}",
                f"{both.answer.value_eur:,.0f}",
                f"{judge.value_eur(judged[1]):,.0f}",
                f"{judge.value_eur(judged[0]):,.0f}",
                f"{gain:+,.0f} ± {error:,.0f}",
                "joint" if gain > 0 else "sequential",
            )
            rows.append("| " + " | ".join(cells) + " |")
    return rows


def _scarce(contracts, scarce):  # type: ignore[no-untyped-def]
    return replace(contracts, most_bought_mw=0.1 * contracts.most_bought_mw, most_sold_mw=0.1 * contracts.most_sold_mw) if scarce else contracts


def small() -> tuple[float, float, float]:
    """CPU seconds of the column generation and of the programme written out, and their relative difference."""
    from energy_pipeline.mathematics.stores.joint import SchedulePolicies, joint_book
    from energy_pipeline_tests.mathematics.stores.extensive import extensive
    from energy_pipeline_tests.mathematics.stores.joint_cases import BATTERY, case

    ours, theirs, apart = 0.0, 0.0, 0.0
    for seed in range(10):
        paths, problem, factors = case(*SMALL, seed, confidence=0.937 if seed % 2 else 0.95)
        assets = [SchedulePolicies("battery", BATTERY, paths, 60, factors)]
        joint_book(problem, assets, rounds=2)
        began = time.process_time()
        found = joint_book(problem, assets, rounds=400, gap=1e-12).answer.value_eur
        middle = time.process_time()
        exact = extensive(problem, assets).value_eur
        ours, theirs = ours + middle - began, theirs + time.process_time() - middle
        apart = max(apart, abs(found / exact - 1))
    return ours, theirs, apart


def section() -> list[str]:
    """Markdown of the section."""
    ours, theirs, apart = small()
    rows = large()
    return [
        "## Joint book",
        "",
        f"CPU seconds, one process. {SCENARIOS:,} scenarios x {HOURS} h, one battery under a learnt policy, {CONTRACTS} contracts (target: 15);",
        "scarce: a tenth of the contracts' room. EUR; the sequential answer values first, then hedges; fresh: paths neither was made on.",
        "",
        "| hedges | lambda | CPU s, sequential | joint | rounds | EUR, sequential | joint | fresh: sequential | joint | difference | better |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"Ten cases of {SMALL[0]} scenarios x {SMALL[1]} h x {SMALL[2]} contracts with a schedule, tail whole and not:",
        f"column generation {ours:.3f} s,",
        f"the programme written out (HiGHS) {theirs:.3f} s, largest relative difference of the optima {apart:.1e}.",
    ]
