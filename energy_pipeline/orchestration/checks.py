"""Asset checks: what the written files promise beyond a single day.

What belongs here: which check belongs to which asset, and the one step per flow that
runs them. What does not: expectations of a table (`contracts.expectations`), or blocking
before the write (the lake enforces the contract).

A check judges all delivery days of its run at once and is recorded per day: Dagster itself
records a range as one evaluation without a day and leaves every day planned for ever
(docs/decisions/check-strategy.md), so a range run logs an evaluation for each day by hand.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES, Table, expectations
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake.audit import spans
from energy_pipeline.orchestration.factory import as_of_of
from energy_pipeline.orchestration.outcome import LISTED, Outcome, without
from energy_pipeline.orchestration.partitions import days_of_tags, key_of
from energy_pipeline.orchestration.parts import MARTS
from energy_pipeline.orchestration.resources import DeskRuntime, RunSession

CENT = 0.01
SEVERITY = dg.AssetCheckSeverity.ERROR
WITHOUT_DAYS = (MARTS, "raw_history")
"""Assets that are not partitioned, by the first part of their key."""


@dataclass(frozen=True)
class Check:
    """One named check of one asset."""

    asset: dg.AssetKey
    name: str
    description: str
    run: Callable[[RunSession, Sequence[date]], Outcome]

    @property
    def by_day(self) -> bool:
        """Whether the asset has delivery days."""
        return self.asset.path[0] not in WITHOUT_DAYS

    def spec(self, partitions: dg.PartitionsDefinition[str]) -> dg.AssetCheckSpec:
        """How Dagster knows it."""
        with warnings.catch_warnings():  # the parameter is a preview; the tests of checks would show a change of its meaning
            warnings.simplefilter("ignore", dg.PreviewWarning)
            return dg.AssetCheckSpec(
                name=self.name, asset=self.asset, description=self.description, partitions_def=partitions if self.by_day else None
            )


def check_steps(marts: Sequence[str], partitions: dg.PartitionsDefinition[str]) -> list[dg.AssetChecksDefinition]:
    """One step per flow: a step costs more than a check."""
    by_flow = {
        "ingest": [*_suites("ingest"), _table("data_quality", "no_disguised_forecast", "No series declared a forecast is an actual.", disguised)],
        "decide": [
            *_suites("decide"),
            _table("information_set", "no_look_ahead", "Nothing visible was known after the decision time.", look_ahead),
            _table("feature_statistics", "inputs_known", "No input that models read until now is missing on the day.", unread),
            _table("driver_outlook", "no_gap_in_the_runs", "No day before the last one that weather runs tell of is without them.", outlook_gaps),
            _table("price_forecasts", "worth_more_than_naive", "No zone's ensemble earned a battery less than the naive for weeks.", drift),
            _table("asset_states", "states_follow", "Every day's assets begin where the day before left them, as it stands now.", states_follow),
            _table("scenario_sets", "one_expectation", "Every unconditional set has the published mean.", one_expectation),
            _table("risk_contributions", "contributions_add_up", "Contributions sum to their measure.", contributions),
            _table("positions", "within_the_record", "No deviation is larger than what the strategies' states allow.", within_record),
            _table("hedge_programme", "towards_its_targets", "Trades of the programme go to their targets and not beyond.", towards_targets),
            _table("nominations", "bids_kept", "The day's bids were kept as CSV.", nominations),
        ],
        "settle_da": _suites("settle_da"),
        "settle_final": [
            *_suites("settle_final"),
            _table("pnl", "legs_add_up", "The legs sum to the total, to the cent.", pnl_legs),
            _table("pnl", "nothing_held_is_booked", "Where a value is held, something stated stands in for it.", held_not_booked),
            _table("backtest_metrics", "explained", "No Sharpe above 3 or significance at 1 % goes unexplained.", explained),
            _table("scenario_scores", "ranks_uniform", "What came has every rank among the scenarios equally often, over weeks.", scenario_ranks),
            _table("scenario_scores", "dependence_pays", "Scenarios score better than the same values shuffled, over weeks.", scenario_dependence),
            _table("scenario_scores", "tails_as_past_days", "Zones move together in the tail as on past days.", scenario_tails),
        ],
        "reporting": [
            *_suites("operate"),
            _table("raw_history", "reaches_back", "Prices of the look-back are there.", history),
            _table("daily_report", "stands_alone", "The page exists and asks for nothing over the network.", report),
            *(Check(dg.AssetKey([MARTS, m]), "published", "The warehouse has the mart, with comments.", _published(m)) for m in marts),
        ],
    }
    return [_step(flow, checks, partitions) for flow, checks in by_flow.items()]


def _table(asset: str, name: str, description: str, run: Callable[[RunSession, Sequence[date]], Outcome]) -> Check:
    return Check(dg.AssetKey(asset), name, description, run)


def _suites(flow: str) -> list[Check]:
    text = "The table's suite on the written days; `energy-pipeline audit` runs the same one by Great Expectations."
    return [_table(t.name, "expectations", text, _suite(t)) for t in TABLES.values() if t.flow == flow]


def _step(flow: str, checks: Sequence[Check], partitions: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    specs = [check.spec(partitions) for check in checks]
    by_key = {spec.key: check for spec, check in zip(specs, checks, strict=True)}

    @dg.multi_asset_check(name=f"check_{flow}", specs=specs, can_subset=True)
    def _checks(context: dg.AssetCheckExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> Iterator[dg.AssetCheckResult]:
        days = checked_days(context, runtime)
        session = runtime.session(context.run.run_id, days[0], days[-1], as_of_of(context))
        for key, check in by_key.items():
            if key in context.selected_asset_check_keys:
                outcome = _outcome(check, session, days)
                if check.by_day and len(days) > 1:
                    record_days(context, check, outcome, days)
                yield _result(check, outcome)

    return _checks


def checked_days(context: dg.AssetCheckExecutionContext, runtime: DeskRuntime) -> list[date]:
    """Delivery days of the run; a check run by itself looks at today's."""
    span = days_of_tags(context.run.tags)
    today = runtime.now().date()
    return days_between(*span) if span else [today]


def record_days(context: dg.AssetCheckExecutionContext, check: Check, outcome: Outcome, days: Sequence[date]) -> None:
    """One evaluation per delivery day of a range."""
    bad = frozenset(outcome.failed_days)
    for day in days:
        counted: dict[str, Any] = {"rows": outcome.rows[day]} if day in outcome.rows else {}
        entries = {**counted, **(_result(check, Outcome([day], outcome.detail)).metadata if day in bad else {})}
        passed, partition = day not in bad, key_of(day)
        evaluation = dg.AssetCheckEvaluation(
            asset_key=check.asset, check_name=check.name, passed=passed, metadata=entries, partition=partition, severity=SEVERITY
        )
        context.op_execution_context.log_event(evaluation)  # type: ignore[arg-type] # takes any user event; only its annotation is narrower


def _outcome(check: Check, session: RunSession, days: Sequence[date]) -> Outcome:
    try:
        return check.run(session, days)
    except PipelineError as error:
        return Outcome(days, [str(error)])


def _result(check: Check, outcome: Outcome) -> dg.AssetCheckResult:
    entries: dict[str, Any] = dict(outcome.numbers)
    if outcome.failed_days:
        entries["failed_days"] = [d.isoformat() for d in outcome.failed_days]
        entries["findings"] = dg.MetadataValue.md("\n".join(f"- {line}" for line in outcome.detail[:LISTED]))
    return dg.AssetCheckResult(passed=not outcome.failed_days, asset_key=check.asset, check_name=check.name, metadata=entries, severity=SEVERITY)


def _suite(contract: Table) -> Callable[[RunSession, Sequence[date]], Outcome]:
    def run(session: RunSession, days: Sequence[date]) -> Outcome:
        lake = session.raw_lake if contract.vintages else session.lake
        judged = _out(session, contract, days) if contract.vintages else days
        if not judged:
            return Outcome()
        parts, rows = [], dict.fromkeys(judged, 0)
        for span in spans(judged, contract.days_per_check or len(judged)):
            frame = lake.read(contract.name, span[0], span[-1], missing="skip")
            parts.append(expectations.validate(contract, frame, span))
            rows |= dict(frame.group_by("delivery_day", maintain_order=True).len().iter_rows())
        bad = sorted({day for part in parts for day in part.failed_days})
        seen = {name: sum(part.statistics.get(name, 0) for part in parts) for name in parts[0].statistics}
        return Outcome(bad, [text for part in parts for text in part.failed_expectations], seen, rows)

    return run


def _out(session: RunSession, contract: Table, days: Sequence[date]) -> Sequence[date]:
    """Days of a raw table without those that are not out: no row yet, and their delivery has not ended (ingest says so as well)."""
    held = set(session.raw_lake.days(contract.name))
    return [day for day in days if day in held or session.desk.delivery_day(day).end <= session.runtime.now()]


def look_ahead(session: RunSession, days: Sequence[date]) -> Outcome:
    """`last_known_at` of every visible series is not after the decision time, nor that after the gate."""
    frame = session.read("information_set", days[0], days[-1])
    gates = {day: session.desk.gate_closure(day) for day in days}
    late = frame.filter(pl.col("last_known_at") > pl.col("decision_time"))
    after_gate = frame.filter(pl.col("decision_time") > pl.col("delivery_day").replace_strict(gates, return_dtype=pl.Datetime("us", "UTC")))
    bad = sorted({*late["delivery_day"].to_list(), *after_gate["delivery_day"].to_list()})
    return Outcome(bad, [str(row) for row in late.head(LISTED).to_dicts()], {"series": frame.height})


def drift(session: RunSession, days: Sequence[date]) -> Outcome:
    """Zones and days on which the drift alarm made the naive stand in."""
    frame = session.read("price_forecasts", days[0], days[-1])
    rows = frame.filter(pl.col("fallback").str.contains("drift alarm", literal=True)).unique(["delivery_day", "zone"], maintain_order=True)
    return Outcome(sorted(set(rows["delivery_day"].to_list())), [f"{r['delivery_day']} {r['zone']}: {r['fallback']}" for r in rows.to_dicts()])


def unread(session: RunSession, days: Sequence[date]) -> Outcome:
    """Inputs that are known of most days before and unknown on the day: the models do without them."""
    from energy_pipeline.features.groups import KNOWN_SHARE

    frame = session.read("feature_statistics", days[0], days[-1])
    rows = frame.filter(pl.col("status") == "unknown", pl.col("missing_history_share") < 1 - KNOWN_SHARE).to_dicts()
    detail = [f"{r['delivery_day']} {r['zone']} {r['feature']}: {r['missing_share']:.0%} of the day is unknown" for r in rows]
    return Outcome(sorted({r["delivery_day"] for r in rows}), detail, {"inputs_read": frame.filter(pl.col("status") == "read").height})


def outlook_gaps(session: RunSession, days: Sequence[date]) -> Outcome:
    """Days after D whose driver is a mean of past weeks although a weather run tells of a later day."""
    frame = session.read("driver_outlook", days[0], days[-1])
    told = pl.col("target_day").filter(pl.col("method") == "weather_run").max().over("delivery_day", "zone", "driver")
    rows = frame.filter(pl.col("method") == "climatology", pl.col("target_day") < told)
    rows = rows.unique(["delivery_day", "zone", "driver", "target_day"], maintain_order=True)
    detail = [f"{r['delivery_day']} {r['zone']} {r['driver']}: no weather run tells of {r['target_day']}" for r in rows.to_dicts()]
    return Outcome(sorted(set(rows["delivery_day"].to_list())), detail)


def one_expectation(session: RunSession, days: Sequence[date]) -> Outcome:
    """The published mean is the integral of its distribution, and paths, day and week sets have it."""
    from energy_pipeline.scenarios import verdicts

    found: dict[date, list[str]] = {}
    for day in days:
        forecasts, summary, sets = (session.read(name, day, day) for name in ("price_forecasts", "scenario_summary", "scenario_sets"))
        problems = verdicts.two_expectations(forecasts, summary, sets)
        if problems:
            found[day] = problems
    return Outcome(sorted(found), [f"{day}: {text}" for day, texts in found.items() for text in texts])


def states_follow(session: RunSession, days: Sequence[date]) -> Outcome:
    """The day, and the one after it where it was decided, were rolled from the day before as the lake has it now."""
    from energy_pipeline.flexibility.states import discontinuities, predecessor_of

    one, found = timedelta(days=1), {}
    for day in days:
        frames = [session.lake.read(n, day - one, day + one, missing="skip") for n in ("asset_states", "dispatch", "asset_thresholds")]
        texts = discontinuities(frames[0], day)
        for later in (day, day + one):
            said = frames[0].filter(pl.col("delivery_day") == later, pl.col("kind") == "opening")["predecessor"].unique().to_list()
            if said and said != [predecessor_of(later, *frames)]:
                texts.append(f"{later} was decided from another {later - one} than the one that stands -> decide {later} and the days after it again")
        if texts:
            found[day] = texts
    return Outcome(sorted(found), [text for texts in found.values() for text in texts])


def disguised(session: RunSession, days: Sequence[date]) -> Outcome:
    """Forecasts that are suspiciously near the actual of the same quantity."""
    from energy_pipeline.ingestion import disguise

    found = [str(f) for f in disguise.check_desk(session.desk, session.compared)]
    return Outcome(days if found else (), found)


def within_record(session: RunSession, days: Sequence[date]) -> Outcome:
    """|s - E| is at most the sum of |target| x size over the zone's strategies, in every interval."""
    from energy_pipeline.book.strategy_sizes import beyond_the_record

    bad = beyond_the_record(*(session.read(name, days[0], days[-1]) for name in ("positions", "signals", "strategy_states")))
    return without(bad)


def towards_targets(session: RunSession, days: Sequence[date]) -> Outcome:
    """Rules of `portfolio.programme_check`."""
    from energy_pipeline.portfolio.programme_check import odd_programme_rows

    return without(odd_programme_rows(session.desk, session.read("hedge_programme", days[0], days[-1])))


def contributions(session: RunSession, days: Sequence[date]) -> Outcome:
    """Per measure, level and kind the contributions sum to the measure of the book."""
    from energy_pipeline.risk.components import other_sums

    bad = other_sums(session.read("risk_contributions", days[0], days[-1]), session.read("risk_measures", days[0], days[-1]), CENT)
    return Outcome(sorted({k[0] for k in bad}), [f"{k}: sum {s}, measure {t}" for k, (s, t) in bad.items()])


def pnl_legs(session: RunSession, days: Sequence[date]) -> Outcome:
    """total_eur is the sum of the legs in every interval."""
    frame = session.read("pnl", days[0], days[-1])
    legs = [c for c in frame.columns if c.endswith("_eur") and c not in ("total_eur", "headline_eur")]
    bad = frame.filter((pl.sum_horizontal(legs) - pl.col("total_eur")).abs() > CENT)
    return Outcome(sorted(set(bad["delivery_day"].to_list())), [str(r) for r in bad.head(LISTED).to_dicts()], {"intervals": frame.height})


def held_not_booked(session: RunSession, days: Sequence[date]) -> Outcome:
    """An interval of which a value is held is estimated; the numbers say how many hours are provisional."""
    frame = session.read("pnl", days[0], days[-1])
    bad = frame.filter(pl.col("held_h") > 0.0, ~pl.col("is_estimated"))
    seen = [f"{d} {z} {start}" for d, z, start in bad.select("delivery_day", "zone", "delivery_start").head(LISTED).iter_rows()]
    return Outcome(sorted(set(bad["delivery_day"].to_list())), seen, {"held_h": math.fsum(frame["held_h"].to_list())})


def explained(session: RunSession, days: Sequence[date]) -> Outcome:
    """Results that are too good carry an explanation in the desk file (MARKET section 2)."""
    frame = session.read("backtest_metrics", days[0], days[-1])
    bad = frame.filter(pl.col("verdict") == "unexplained")
    seen = [f"{d}: {s}, Sharpe {r:.2f}" for d, s, r in bad.select("delivery_day", "strategy", "sharpe").head(LISTED).iter_rows()]
    return Outcome(sorted(set(bad["delivery_day"].to_list())), seen, {"strategies": frame["strategy"].n_unique()})


def scenario_ranks(session: RunSession, days: Sequence[date]) -> Outcome:
    """Rank histograms over the window that ends with the run."""
    from energy_pipeline.scenarios import verdicts

    scores = _score_window(session, days, verdicts.WINDOW_DAYS)
    return _verdict(days, scores, verdicts.crooked_ranks(scores))


def scenario_dependence(session: RunSession, days: Sequence[date]) -> Outcome:
    """Variogram scores over the window against those of shuffled sets."""
    from energy_pipeline.scenarios import verdicts

    scores = _score_window(session, days, verdicts.WINDOW_DAYS)
    return _verdict(days, scores, verdicts.worthless_dependence(scores))


def scenario_tails(session: RunSession, days: Sequence[date]) -> Outcome:
    """Tail dependence over the window against that of the past days scenarios are made from."""
    from energy_pipeline.scenarios import verdicts

    scores = _score_window(session, days, verdicts.WINDOW_DAYS)
    return _verdict(days, scores, verdicts.other_tails(scores, session.desk.forecast.error_days))


def _score_window(session: RunSession, days: Sequence[date], size: int) -> pl.DataFrame:
    return session.lake.read("scenario_scores", days[-1] - timedelta(days=size - 1), days[-1], missing="skip")


def _verdict(days: Sequence[date], scores: pl.DataFrame, findings: Sequence[str]) -> Outcome:
    return Outcome(days[-1:] if findings else (), findings, {"settled_days": scores["delivery_day"].n_unique()})


def nominations(session: RunSession, days: Sequence[date]) -> Outcome:
    """Every decided day has its CSV."""
    bad = [day for day in days if not session.lake.nominations(day)]
    return Outcome(bad, [f"{day}: no nominations" for day in bad])


def history(session: RunSession, _days: Sequence[date]) -> Outcome:
    """Day-ahead prices have no hole in the feature look-back of the newest decided day.

    Not of the newest day held: what is loaded around a span comes before the span itself.
    """
    held = session.raw_lake.days("day_ahead_prices")
    if not held:
        return Outcome([session.last], ["the lake holds no day-ahead price"])
    decided = session.raw_lake.days("information_set")[-1:]
    wanted = [day for last in decided for day in days_between(last - timedelta(days=session.desk.max_lag_days), last - timedelta(days=1))]
    missing = sorted(set(wanted) - set(held))
    return Outcome(missing, [f"{day}: no day-ahead prices" for day in missing], {"days_held": len(held)})


def report(session: RunSession, days: Sequence[date]) -> Outcome:
    """The page is there and links to nothing outside."""
    found: dict[date, str] = {}
    for day in days:
        try:
            page = session.lake.read_file("report", day, "report.html").decode()
        except FileNotFoundError:
            found[day] = "no page"
            continue
        if any(mark in page for mark in ('src="http', 'href="http', "@import")):
            found[day] = "asks for something over the network"
    return Outcome(sorted(found), [f"{day}: {text}" for day, text in found.items()])


def _published(mart: str) -> Callable[[RunSession, Sequence[date]], Outcome]:
    def run(session: RunSession, days: Sequence[date]) -> Outcome:
        comments = _mart_comments(session)
        problem = "is not in the warehouse" if mart not in comments else "has no comment" if not comments[mart] else ""
        return Outcome(days if problem else (), [f"{MARTS}.{mart} {problem}"] if problem else ())

    return run


_seen: WeakKeyDictionary[RunSession, dict[str, str | None]] = WeakKeyDictionary()
"""Comments of the marts by run: a run publishes once, and all its checks look at that."""


def _mart_comments(session: RunSession) -> dict[str, str | None]:
    """Marts of the warehouse with their comments, from one look at it per run."""
    from energy_pipeline.warehouse.duck import connect

    if session not in _seen:
        with connect(session.runtime.settings.warehouse) as connection:
            tables = "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = $1"
            views = "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = $1"  # a mart of no rows of its own
            rows = connection.execute(f"{tables} UNION ALL {views}", [MARTS]).fetchall()
        _seen[session] = dict(rows)
    return _seen[session]
