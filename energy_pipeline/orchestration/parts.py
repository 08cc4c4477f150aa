"""Parts of a range's days: what hangs on no earlier decision, the chain, and what no later day reads.

What belongs here: which asset lies in which part. What does not: jobs (`jobs`), who makes which part when (`runner.plan`).

A day alone is one run of all parts. A range on several workers makes forecasts in any order, the chain in day order as soon as they are
there, and the reports, in day order too, behind the chain.
"""

from typing import Literal

import dagster as dg

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.model import Stage

Part = Literal["forecasts", "chain", "reports"]
FORECASTS: Part = "forecasts"
CHAIN: Part = "chain"
REPORTS: Part = "reports"
IN_ORDER: tuple[Part, ...] = (FORECASTS, CHAIN, REPORTS)
BEFORE_THE_CHAIN: tuple[Stage, ...] = ("ingestion", "features", "forecasting", "renewables", "scenarios")
"""Stages whose tables of ingest and decide hang on no earlier decision: their days may be made in any order, at the same time."""
SETTLED_ALONE = ("forecast_diagnostics", "forecast_scores", "forecast_value")
"""Tables of settle_final that read the day's own forecasts and what came, and nothing of a day before: they need no order either."""
READ_BY_NO_LATER_DAY = (
    *("objective_comparison", "objective_positions", "hedge_effectiveness", "joint_book", "book_limits", "book_repair"),
    *("forward_book_proposals", "decision_events", "pnl_day_ahead", "dispatch_settled", "plant_results", "pnl_attribution", "hedge_results"),
    *("limit_breaches", "scenario_scores", "forecast_comparison", "forecast_lead_errors", "expectation_record", "objective_results"),
    *("objective_scores", "backtest_metrics", "backtest_days", "performance_days", "performance", "runs"),
)
"""Tables that are read by each other, by the page and by the marts, and by no table of forecasts or the chain."""
REPORT_FILE = "daily_report"
MARTS = "marts"


def part_of(asset: dg.AssetKey) -> Part:
    """The part of an asset; files other than the page belong to the chain.

    >>> part_of(dg.AssetKey("scenario_paths")), part_of(dg.AssetKey("dispatch")), part_of(dg.AssetKey("forecast_scores"))
    ('forecasts', 'chain', 'forecasts')
    >>> part_of(dg.AssetKey("objective_scores")), part_of(dg.AssetKey(["marts", "pnl"]))
    ('reports', 'reports')
    """
    name = asset.path[-1]
    if asset.path[0] == MARTS or name == REPORT_FILE or name in READ_BY_NO_LATER_DAY:
        return REPORTS
    table = TABLES.get(name)
    if table is None:
        return CHAIN
    alone = table.name in SETTLED_ALONE or (table.flow in ("ingest", "decide") and table.stage in BEFORE_THE_CHAIN)
    return FORECASTS if alone else CHAIN


def following(part: str) -> frozenset[str]:
    """Tables and the page that the parts after this one make of a day; nothing after what is no part.

    >>> "pnl" in following("forecasts"), "pnl" in following("chain"), following("chain") >= {"performance", "daily_report"}
    (True, False, True)
    >>> following("")
    frozenset()
    """
    later = IN_ORDER[IN_ORDER.index(part) + 1 :] if part in IN_ORDER else ()
    return frozenset(name for name in (*TABLES, REPORT_FILE) if part_of(dg.AssetKey(name)) in later)
