"""The flows as jobs: which assets belong together in one run.

What belongs here: selections, and which assets hang on earlier decisions. What does not: when they run (`schedules`).
"""

from datetime import date
from typing import TYPE_CHECKING, Union

import dagster as dg

from energy_pipeline.contracts import TABLES
from energy_pipeline.orchestration.alarms import deadline
from energy_pipeline.orchestration.assets.s10_reporting import DAY
from energy_pipeline.orchestration.event_retention import forget
from energy_pipeline.orchestration.parts import CHAIN, FORECASTS, MARTS, part_of
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.orchestration.whole_days import FILES
from energy_pipeline.orchestration.world import KEY_DAYS

if TYPE_CHECKING:  # Dagster gives this type no public name
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

AnyJob = Union["UnresolvedAssetJobDefinition", dg.JobDefinition]

DESCRIPTIONS = {
    "ingest": "Collect raw tables and add vintages; assess their quality.",
    "decide": "From the cut to positions, risk and the page of the day.",
    "settle_da": "After the auction: day-ahead revenue and hedges.",
    "settle_final": "Once meters and second prices are known: P&L, scores, exceptions.",
}
RECORDING = ("decide", "settle_final")
"""Flows whose runs record the marts: the last of a live morning and the last of a day. Every flow publishes them."""


def flow_assets(flow: str, marts: list[str]) -> list[dg.AssetKey]:
    """Assets of a flow: its tables, those every flow writes, its files, and the marts."""
    names = [t.name for t in TABLES.values() if t.flow in (flow, "operate")]
    return [*(dg.AssetKey(n) for n in (*names, *FILES.get(flow, ()))), *(dg.AssetKey([MARTS, m]) for m in marts)]


def jobs(marts: list[str]) -> list[AnyJob]:
    """One job per flow for the clock, for days that are over one of all flows and its parts, the history, maintenance, trainings, the deadline."""
    found: list[AnyJob] = [
        dg.define_asset_job(flow, dg.AssetSelection.assets(*flow_assets(flow, marts if flow in RECORDING else [])), description=text)
        for flow, text in DESCRIPTIONS.items()
    ]
    over = dict.fromkeys(key for flow in DESCRIPTIONS for key in flow_assets(flow, marts))
    text = "Days that are over: all four flows in one run. Decisions see no more than at their time: they read through the cut."
    day = dg.define_asset_job(DAY, dg.AssetSelection.assets(*over), description=text)
    parts = {
        FORECASTS: "Days that are over, as far as they hang on no earlier decision: raw tables to scenarios, and what their forecasts were worth.",
        CHAIN: "Days that are over, from the day before: schedules, signals, book, risk, settlement, in day order. Their scenarios are there.",
    }
    first = {key for key in over if part_of(key) == FORECASTS}
    assets = {FORECASTS: first, CHAIN: set(over) - first}  # who starts the chain by hand gets its reports with it
    halves = [dg.define_asset_job(half, dg.AssetSelection.assets(*sorted(assets[half])), description=text) for half, text in parts.items()]
    history = dg.define_asset_job("history", dg.AssetSelection.assets("raw_history"), description="Load the raw days look-backs reach to.")
    return [*found, day, *halves, history, maintenance, tuning, training, deadline]


def closed_months(days: list[date], today: date) -> list[date]:
    """First days of the months that ended before today's.

    >>> closed_months([date(2026, 1, 31), date(2026, 2, 1)], date(2026, 2, 3))
    [datetime.date(2026, 1, 1)]
    """
    return sorted({day.replace(day=1) for day in days if day.replace(day=1) < today.replace(day=1)})


@dg.op(description="Merge the day files of closed months; readers never notice.")
def compact_closed_months(context: dg.OpExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
    """Compact every table."""
    today = runtime.now().date()
    for table in TABLES:
        merged = sum(runtime.lake.compact(table, month) for month in closed_months(runtime.lake.days(table), today))
        if merged:
            context.log.info(f"{table}: {merged} day files merged")


@dg.op(description="Delete the logs of old runs; what the pages of assets show stays.")
def forget_old_runs(context: dg.OpExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
    """Event retention."""
    found = forget(context.instance, runtime.now())
    context.log.info(f"{found.runs} runs forgotten, {found.rows} rows deleted")


@dg.op(description="Remove caches and fitted models that no decided day needs any more.")
def sweep_caches(context: dg.OpExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
    """Sweep past days' values and artefacts; what is missed later is made again."""
    months, artefacts = runtime.lake.sweep(runtime.desk.history_days + KEY_DAYS)
    context.log.info(f"{months} months of past days' values and {artefacts} artefacts removed")


@dg.op(
    config_schema={"day": str},
    description="Search the settings that decisions of a delivery day and later read: SARIMAX's orders, the trees' depth and rate.",
)
def search_settings(context: dg.OpExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
    """The search of settings, on what the day's decision may see."""
    from energy_pipeline.forecasting.tuning import tune

    day = date.fromisoformat(context.op_config["day"])
    found = tune(runtime.session(context.run_id, day, day).info(day), context.log.info)
    if found:
        context.log.info(f"written to {runtime.trained(day, found)}")


@dg.job(description="Search members' settings anew; the morning reads what was found.", executor_def=dg.in_process_executor)
def tuning() -> None:
    """The training job of settings."""
    search_settings()


@dg.op(
    config_schema={"day": str, "weeks": dg.Field(int, default_value=5)},
    description="Train the desk's joint network for the weeks up to the one that decisions of a delivery day read, as far as there is none.",
)
def train_joint_network(context: dg.OpExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
    """The weekly training: TensorFlow is imported here and in no decision."""
    from energy_pipeline.forecasting.training import train_missing, training_days

    days = training_days(date.fromisoformat(context.op_config["day"]), context.op_config["weeks"])
    session = runtime.session(context.run_id, days[0], days[-1])
    found = {day: train_missing(session.info(day), runtime.world.networks, context.log.info) for day in days}
    session.keep_past()  # the look-backs of the decisions to come are much the same
    for day, made in found.items():
        if made is not None:
            context.log.info(f"written to {runtime.trained_network(day, made)}")


@dg.job(description="Train the joint network on what the week's first decision knew.", executor_def=dg.in_process_executor)
def training() -> None:
    """The training job of the network."""
    train_joint_network()


@dg.job(description="Merge small files of closed months; sweep caches; forget the logs of old runs.", executor_def=dg.in_process_executor)
def maintenance() -> None:
    """The maintenance job."""
    compact_closed_months()
    sweep_caches()
    forget_old_runs()
