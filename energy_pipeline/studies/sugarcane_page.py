"""The page and figures of the worked example docs/examples/sugarcane.md.

What belongs here: the words around the numbers. What does not: the numbers (`sugarcane`), drawing (`sugarcane_figures`).
"""

from __future__ import annotations

from pathlib import Path

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import Solution
from energy_pipeline.mathematics.allocation.covariance import sample
from energy_pipeline.studies.sugarcane import CONFIDENCE, Mill, Runs, load, numbers, runs_of
from energy_pipeline.studies.sugarcane_figures import draw


def page(mill: Mill, runs: Runs) -> str:
    """The example as Markdown."""
    printed, optima, second = runs.printed, runs.optima, runs.second
    lines = [
        "# A sugarcane mill under six risk measures",
        "",
        'Written by `energy-pipeline study sugarcane`; do not edit. Source: the notebook "Risk Measures and Portfolio',
        'Optimization" (M. Watson, 2023) and its five files, which are not part of this project.',
        "",
        "A mill crushes 3,000,000 t of cane a year into juice. Juice becomes sugar or ethanol (molasses from sugar becomes ethanol too);",
        "0.053 MWh of electricity per tonne of cane go to the free or the regulated market (72.5 USD/MWh). 868 weekly price scenarios.",
        "After the balances two decisions are left, not three: how much juice makes sugar, and how much electricity is sold freely.",
        "",
        "## As the source computed it",
        "",
        "| run | expected | minimum | difference, M USD | expected profit, USD | ethanol, m3 | sugar, t | free market, MWh |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [*_as_printed(mill, printed), *_risk_of_the_profit(mill, optima, second)]
    return "\n".join(lines)


def _as_printed(mill: Mill, printed: dict[str, FloatArray]) -> list[str]:
    """The source's own runs, and what they show."""
    lines: list[str] = []
    for name, x in printed.items():
        n = numbers(mill, x)
        lines.append(
            f"| {name} | {n['expected']:.2f} | {n['minimum']:.2f} | {n['difference']:.2f} | {1e6 * n['expected']:,.2f} "
            f"| {1e3 * x[1]:,.2f} | {1e3 * x[0]:,.2f} | {1e3 * x[2]:,.2f} |"
        )
    lines += [
        "",
        "These match the print to one part in a billion, where its interior-point solver stopped. Two of them do not minimise the",
        "risk of the profit: the variance and the MAD of the source multiply *relative price returns* by *tonnes*, not by money,",
        "and its MAD divides 867 rows by 868. The source's CVaR run printed an infeasible point (a profit of 0.14 M USD with nothing",
        "produced). Below, every measure is of the profit in USD.",
        "",
        "Covariance of the relative returns (divisor T - 1):",
        "",
        "| | fre | sug | eth |",
        "|---|---|---|---|",
    ]
    covariance = sample(mill.returns)
    lines += [f"| {name} | " + " | ".join(f"{v:.6f}" for v in row) + " |" for name, row in zip(("fre", "sug", "eth"), covariance, strict=True)]
    return lines


def _risk_of_the_profit(mill: Mill, optima: dict[str, Solution], second: dict[str, tuple[float, float, str]]) -> list[str]:
    """Every measure of the profit in money, each tail optimum proven twice."""
    lines = []
    lines += [
        "",
        "![Profit distributions of the three printed runs](sugarcane-printed.svg)",
        "",
        "## The risk of the profit",
        "",
        f"VaR and CVaR at confidence {CONFIDENCE} stand on the profit side: the profit that 90 % of the weeks reach, and the mean of the worst 10 %.",
        "VaR is an order statistic (the 87th worst of 868); CVaR weights the scenario at the edge.",
        "",
        "| objective | expected | minimum | VaR | CVaR | std. deviation, M USD | sugar, t | ethanol, m3 | free market, MWh | gap to the bound |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, solution in optima.items():
        n, x = numbers(mill, solution.positions), solution.positions
        lines.append(
            f"| {name} | {n['expected']:.4f} | {n['minimum']:.4f} | {n['VaR']:.4f} | {n['CVaR']:.4f} | {n['deviation']:.4f} "
            f"| {1e3 * x[0]:,.1f} | {1e3 * x[1]:,.1f} | {1e3 * x[2]:,.1f} | {solution.certificate.gap:.1e} |"
        )
    lines += ["", "Each tail optimum by a second method that shares no step with the first:", ""]
    lines += ["| measure | best profit, first method, M USD | method | second method | its bound | method |", "|---|---|---|---|---|---|"]
    for name, (value, bound, method) in second.items():
        lines.append(f"| {name} | {-optima[name].value:.6f} | {optima[name].solver} | {-value:.6f} | {-bound:.6f} | {method} |")
    lines += [
        "",
        "![Profit distributions of the tail optima](sugarcane-tails.svg)",
        "",
        "![Mean revenue by product](sugarcane-products.svg)",
        "",
        "![Expected and minimum profit of all runs](sugarcane-comparison.svg)",
        "",
    ]
    return lines


def write(data: Path, out: Path) -> Path:
    """Write the page and its figures; the page's path."""
    mill = load(data)
    out.mkdir(parents=True, exist_ok=True)
    runs = runs_of(mill)
    draw(mill, out, runs.printed, runs.tails)
    path = out / "sugarcane.md"
    path.write_text(page(mill, runs), encoding="utf-8")
    return path
