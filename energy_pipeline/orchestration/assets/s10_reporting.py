"""Reporting: which run wrote what, the warehouse's marts, and one page a day.

What belongs here: `runs`, the marts, `daily_report`. What does not: SQL or HTML.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date
from importlib.metadata import PackageNotFoundError, version

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk.load import desk_hash
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration import metadata, policies, progress
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, RowMetadata, as_of_of, run_days, session_of, write_frames
from energy_pipeline.orchestration.partitions import days_of_tags
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.warehouse.sql_project import SqlProject

FLOWS = ("ingest", "decide", "settle_da", "settle_final")
DAY = "day"
"""The job of days that are over: all flows in one run."""

FLOW_ENDS = (
    "data_quality",
    "portfolio_solution",
    "limits",
    "scenario_summary",
    "pnl_day_ahead",
    "var_exceptions",
    "backtest_metrics",
    "backtest_days",
)
"""Last tables of the flows: `runs` comes after them."""

REPORT_TABLES = tuple(name for name in TABLES if name not in {*(t.name for t in RAW_TABLES), "scenario_paths", "scenario_sets", "runs"})
MARTS = "marts"


def assets(factory: AssetFactory, project: SqlProject, *, described: bool = True) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [runs(factory, project), marts(project, described=described), daily_report(factory)]


def runs(factory: AssetFactory, project: SqlProject) -> dg.AssetsDefinition:
    """A row per flow, run and delivery day; then the warehouse, where the run does not record the marts itself."""

    @dg.multi_asset(name="runs", specs=[metadata.table_spec(TABLES["runs"], FLOW_ENDS, factory.partitions)], backfill_policy=policies.BACKFILL)
    def _runs(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
        flows = flows_of(context)
        with progress.reporting("runs"):
            session = session_of(context, runtime)
            run_days(context, "runs", session, lambda day: write_frames(day.lake, day.day, {"runs": run_rows(day, flows, context.run.run_id)}))
            if as_of_of(context) is None and not records_marts(context):
                publish(runtime, published_days(context, runtime), project)

    return _runs


def records_marts(context: dg.AssetExecutionContext) -> bool:
    """Whether the marts are assets of this run."""
    return any(key.path[0] == MARTS for key in context.run.asset_selection or context.job_def.asset_layer.executable_asset_keys)


def flows_of(context: dg.AssetExecutionContext) -> list[str]:
    """The flow or flows a job is, or the flows whose tables a hand-picked run makes."""
    if context.run.job_name == DAY:
        return list(FLOWS)
    if context.run.job_name in FLOWS:
        return [context.run.job_name]
    picked = {key.to_user_string() for key in context.run.asset_selection or ()}
    return sorted({TABLES[name].flow for name in picked if name in TABLES and TABLES[name].flow in FLOWS}) or ["decide"]


def run_rows(day: DayContext, flows: list[str], run_id: str) -> pl.DataFrame:
    """What this run says about itself."""
    common = {"delivery_day": day.day, "run_id": run_id, "recorded_at": day.session.runtime.now().astimezone(UTC)}
    about = {"desk": day.desk.name, "desk_hash": desk_hash(day.desk), "code_version": code_version()}
    cut = {flow: day.info.decision_time if flow == "decide" else None for flow in flows}
    return TABLES["runs"].frame([{**common, "run_flow": flow, "decision_time": cut[flow], **about} for flow in flows])


def code_version() -> str:
    """Version of the installed package."""
    try:
        return version("energy-pipeline")
    except PackageNotFoundError:
        return "source"


def marts(project: SqlProject, *, described: bool = True) -> dg.AssetsDefinition:
    """All marts in one publish of the warehouse. Not partitioned: a mart is one table for its readers.

    `described=False` leaves schema and column lineage out of the definitions: they are for the web page, and tracing all
    marts costs about as much as loading the rest of the definitions.
    """
    specs = [
        dg.AssetSpec(
            key=[MARTS, name],
            deps=[*project.sources_of(name)],
            description=model.description,
            group_name="reporting",
            kinds={"duckdb", "sql"},
            owners=list(metadata.OWNERS),
            metadata={
                "dagster/table_name": f"{MARTS}.{name}",
                "sql": dg.MetadataValue.md(f"```sql\n{model.sql}\n```"),
                **(_mart_metadata(project, name) if described else {}),
            },
        )
        for name, model in project.marts.items()
    ]

    @dg.multi_asset(name=MARTS, specs=specs, can_subset=True)
    def _marts(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> Iterator[dg.MaterializeResult[None]]:
        with progress.reporting(MARTS):
            if as_of_of(context) is not None:
                raise PipelineError("an --as-of recomputation is not published to the warehouse")
            rows = publish(runtime, published_days(context, runtime), project)
        for name in (n for n in project.marts if dg.AssetKey([MARTS, n]) in context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=[MARTS, name], metadata={"rows_written": rows.get(name, 0)})

    return _marts


def _mart_metadata(project: SqlProject, name: str) -> RowMetadata:
    types, texts = project.lake_schema, project.marts[name].columns
    lineage = project.column_lineage(name)
    columns = [
        dg.TableColumn(name=column, type=types[origin[0][0]][origin[0][1]] if len(origin) == 1 else "computed", description=texts[column])
        for column, origin in lineage.items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns), "dagster/column_lineage": metadata.lineage(lineage)}


def published_days(context: dg.AssetExecutionContext, runtime: DeskRuntime) -> list[date]:
    """The run's delivery days; every day of the lake when the marts are materialised alone."""
    span = days_of_tags(context.run.tags)
    if span is not None:
        return days_between(*span)
    return sorted({day for table in TABLES.values() for day in runtime.lake.days(table.name) if not table.vintages})


def publish(runtime: DeskRuntime, days: list[date], project: SqlProject) -> Mapping[str, int]:
    """Bring the warehouse up to date; rows written per mart."""
    from energy_pipeline.warehouse import publishing as warehouse

    report = warehouse.publish(runtime.lake, runtime.settings.warehouse, project.root, days, published_at=runtime.now(), project=project)
    progress.done(MARTS, None)
    return report.rows


def daily_report(factory: AssetFactory) -> dg.AssetsDefinition:
    """One self-contained HTML page per delivery day."""
    spec = dg.AssetSpec(
        key="daily_report",
        deps=[*REPORT_TABLES],
        description="The page a risk meeting reads: P&L, book, risk, limits, forecasts, data quality; every number with its source.",
        group_name="reporting",
        kinds={"html"},
        owners=list(metadata.OWNERS),
        partitions_def=factory.partitions,
    )

    @dg.multi_asset(name="daily_report", specs=[spec], backfill_policy=policies.BACKFILL)
    def _report(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
        with progress.reporting("daily_report"):
            run_days(context, "daily_report", session_of(context, runtime), write_report)

    return _report


def write_report(day: DayContext) -> Mapping[str, RowMetadata]:
    """Draw the page from what the lake holds of the day."""
    from energy_pipeline.reporting import report

    frames, versions = {}, {}
    for name in REPORT_TABLES:
        frame = day.session.read(name, day.day, missing="skip")
        held = day.lake.manifest(name, day.day, day.day).get(day.day)
        if held is not None:
            frames[name], versions[name] = frame, held.sha256
    page = report.report_html(day.day, day.desk, frames, versions)
    path = day.lake.write_file("report", day.day, "report.html", page.encode())
    return {"daily_report": {"path": dg.MetadataValue.path(path), "tables": len(frames)}}
