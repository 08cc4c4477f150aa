"""Reporting: which run wrote what, the warehouse's marts, and one page a day.

What belongs here: `decision_events`, `runs`, the marts, `daily_report`. What does not: SQL or HTML.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, timedelta

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.desk.load import desk_hash
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import Lake
from energy_pipeline.lake.errors import PublishError, writing
from energy_pipeline.lake.layout import day_folder
from energy_pipeline.orchestration import metadata, policies, progress
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline.orchestration.day_numbers import numbers_of, outcome
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, FileAsset, RowMetadata, as_of_of
from energy_pipeline.orchestration.partitions import days_of_tags
from energy_pipeline.orchestration.parts import CHAIN, MARTS, REPORT_FILE
from energy_pipeline.orchestration.reads import Earlier, Held, IfThere, OrderOnly, ThisYear
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.orchestration.whole_days import CALM, told, unfinished_runs
from energy_pipeline.warehouse.sql_project import SqlProject

FLOWS = ("ingest", "decide", "settle_da", "settle_final")
DAY = "day"
"""The job of days that are over: all flows in one run."""
FLOW_ENDS = tuple(name for name, contract in TABLES.items() if contract.ends_flow)
"""Last tables of the flows: `runs` comes after them."""

REPORT_TABLES = tuple(name for name, contract in TABLES.items() if contract.in_report)
"""What the page reads."""

RECORD = "var_exceptions"
"""Read over the settled days of the window: what was settled stands beside what is expected."""

RECORD_DAYS = 99
"""As many as one edge of the graph may hold; the sums of the year reach further."""

YESTERDAY = "day_ahead_prices"
"""Yesterday's outcome stands beside the forecast."""

REPORT_READS = (
    *(Held(name) if TABLES[name].vintages else IfThere(name) for name in REPORT_TABLES if name != RECORD),
    ThisYear(RECORD, lambda desk: min(desk.risk.backtest_days, RECORD_DAYS), required=False),
    Held("plant_meters"),
    Held(YESTERDAY, 2),
    Earlier("runs", "which code wrote the tables of earlier flows"),
)

ON_THE_PAGE = ("pnl", "risk_measures", "forecast_scores", "limits", "stress_results")
"""Tables whose numbers stand beside the page in the UI."""

REPORT = FileAsset(
    REPORT_FILE,
    "The page a risk meeting reads: P&L, book, risk, limits, forecasts, data quality; every number with its source.",
    "reporting",
    "html",
)


def assets(factory: AssetFactory, project: SqlProject, *, described: bool = True) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    ends = (OrderOnly(name, "the row is written when the flow is through") for name in FLOW_ENDS)
    return [
        factory.table("decision_events", decision_events, OrderOnly("nominations", "what people do is about the decision that is there")),
        factory.table("runs", runs, *ends, after=lambda context, runtime: publish_unrecorded(context, runtime, project)),
        marts(project, described=described),
        factory.files("daily_report", REPORT, write_report, *REPORT_READS),
    ]


def publish_unrecorded(context: dg.AssetExecutionContext, runtime: DeskRuntime, project: SqlProject) -> None:
    """The warehouse, where the run does not record the marts itself."""
    if as_of_of(context) is None and not records_marts(context) and policies.NOT_LAST_TAG not in context.run.tags:
        with progress.reporting(MARTS), policies.retrying(context, "publish"):
            publish(runtime, published_days(context, runtime), project)


def records_marts(context: dg.AssetExecutionContext) -> bool:
    """Whether the marts are assets of this run."""
    return any(key.path[0] == MARTS for key in context.run.asset_selection or context.job_def.asset_layer.executable_asset_keys)


def decision_events(day: DayContext) -> pl.DataFrame:
    """What people did with the day's decision, from the lake's log: none of it for most days, and no run adds to it but one that opens it again."""
    return event_rows(day.lake, day.day)


def event_rows(lake: Lake, day: date) -> pl.DataFrame:
    """The log of a day as rows of `decision_events`."""
    rows = [
        {"delivery_day": day, "event_number": number, "event": e.event, "event_at": e.at, "person": e.person, "decision_hash": e.decision_hash}
        | {name: getattr(e, name) or None for name in ("nomination", "reason", "note")}
        for number, e in enumerate(lake.decisions().of(day), 1)
    ]
    return TABLES["decision_events"].frame(rows)


def runs(day: DayContext) -> pl.DataFrame:
    """A row per flow, run and delivery day: what this run says about itself."""
    flows = flows_of(day.run)
    common = {"delivery_day": day.day, "run_id": day.run.run_id, "recorded_at": day.session.runtime.now().astimezone(UTC)}
    about = {"desk": day.desk.name, "desk_hash": desk_hash(day.desk), "code_version": day.session.runtime.settings.code_version or code_version()}
    state = "fallback" if policies.FALLBACK_TAG in day.run.tags else "written"
    cut = {flow: day.session.decision_time(day.day) if flow == "decide" else None for flow in flows}
    return TABLES["runs"].frame([{**common, "run_flow": flow, "decision_time": cut[flow], **about, "state": state} for flow in flows])


def flows_of(run: dg.DagsterRun) -> list[str]:
    """The flow or flows a job is, or the flows whose tables a hand-picked run makes."""
    if run.job_name in (DAY, CHAIN) and not run.asset_selection:
        return [flow for flow in FLOWS if run.job_name == DAY or flow != "ingest"]
    if run.job_name in FLOWS:
        return [run.job_name]
    picked = {key.to_user_string() for key in run.asset_selection or ()}
    made = {TABLES[name].flow for name in picked if name in TABLES}
    return [flow for flow in FLOWS if flow in made] or ["decide"]


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
        with progress.reporting(MARTS), policies.retrying(context, "publish"):
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
    """Bring the warehouse up to date; rows written per mart. A damaged file is set aside and built anew from the lake.

    Of a day that no run got through, readers keep what was published before, and `marts.runs` says so.
    """
    from energy_pipeline.warehouse import publishing as warehouse
    from energy_pipeline.warehouse.health import set_aside

    path, more = runtime.settings.warehouse, {"runs": note_unfinished(runtime)}

    def go() -> Mapping[str, int]:
        with writing(path.parent, path.name):
            places = (runtime.lake, path, project.root)
            return warehouse.publish(*places, days, published_at=runtime.now(), project=project, desk=runtime.desk, more=more).rows

    try:
        rows = go()
    except PublishError:
        if not set_aside(path):
            raise
        rows = go()  # where there is no file, every mart gets all days of the lake
    progress.done(MARTS, None)
    return rows


def note_unfinished(runtime: DeskRuntime) -> list[date]:
    """Write to `runs` which days a run that is no longer there began and did not get through; those days."""
    rows = unfinished_runs(runtime.lake, runtime.whole.run_id if runtime.whole is not None else "")
    for day, its in rows.items():
        runtime.lake.write_day("runs", day, TABLES["runs"].frame(its))
    return list(rows)


def neighbours(day: DayContext) -> list[date]:
    """The days next to a day whose page exists, or is made by the same run."""
    span = days_of_tags(day.run.tags) or (day.day, day.day)
    around = [day.day - timedelta(days=1), day.day + timedelta(days=1)]
    return [d for d in around if span[0] <= d <= span[1] or day.lake.storage.exists(f"{day_folder('report', d)}/report.html")]


def code_by_flow(day: DayContext) -> dict[str, str]:
    """Version of the code by flow: of the flows of this run its own, of others what `runs` says of the last that wrote the day."""
    written = day.lake.read("runs", day.day, day.day, missing="skip").sort("recorded_at")
    found = dict(zip(written["run_flow"].to_list(), written["code_version"].to_list(), strict=True))
    return found | dict.fromkeys((*flows_of(day.run), "operate"), day.session.runtime.settings.code_version or code_version())


def write_report(day: DayContext, **tables: pl.DataFrame) -> Mapping[str, RowMetadata]:
    """Draw the page from what the lake holds of the day."""
    from energy_pipeline.reporting import report

    held = {name: day.lake.manifest(name, day.day, day.day).get(day.day) for name in tables}
    versions = {name: record.sha256 for name, record in held.items() if record is not None}
    shown = {name: frame for name, frame in tables.items() if name in versions or (name in (RECORD, YESTERDAY) and frame.height)}
    page = report.report_html(day.day, day.desk, shown, versions, neighbours(day), code_by_flow(day))
    if kind := day.run.tags.get(policies.FALLBACK_TAG):
        page = told(page, f"This day was not decided in time: what stands below is the desk's fallback decision ({kind}).")
    if (instant := day.session.as_of) is not None:
        page = told(page, f"Decided on what was known at {instant:%Y-%m-%d %H:%M:%S}Z, beside the desk's own decision of the day.", "as of", CALM)
    path = day.lake.write_file("report", day.day, "report.html", page.encode())
    return {"daily_report": _shown_in_the_ui(day, path, shown) | {"tables": len(versions)}}


def _shown_in_the_ui(day: DayContext, path: str, shown: Mapping[str, pl.DataFrame]) -> RowMetadata:
    """Where the page is, as a link where somebody serves the pages, and what it says first."""
    own = {name: frame.filter(pl.col("delivery_day") == day.day) for name, frame in shown.items() if "delivery_day" in frame.columns}
    served = day.session.runtime.settings.pages
    link = {"page": dg.MetadataValue.url(f"{served.rstrip('/')}/{day_folder('report', day.day).rsplit('/', 1)[1]}/report.html")} if served else {}
    said = {key: value for name in ON_THE_PAGE if name in own for key, value in numbers_of(name, own[name]).items() if isinstance(value, int | float)}
    return {"path": dg.MetadataValue.path(path)} | link | said | outcome(own.get("price_forecasts"), own.get("pnl"))
