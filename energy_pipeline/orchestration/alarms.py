"""What the daemon does without being asked: the deadline, alerts of failed runs, and runs whose process is gone.

What belongs here: the job of the deadline and the sensors. What does not: when (`schedules`), the deadline itself
(`runner.deadline`), sending (`fetching.alerts`).
"""

import os
import subprocess
import sys

import dagster as dg

from energy_pipeline.fetching.alerts import Alert, send
from energy_pipeline.orchestration.partitions import days_of_tags
from energy_pipeline.orchestration.processes import fail_dead_runs
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings

SHOWN_CHARACTERS = 1500
"""Of an error, in an alert."""


@dg.op(config_schema={"day": str}, description="Where the day is not decided: alert, and the desk's fallback decision; else the ping.")
def keep_deadline(context: dg.OpExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
    """The deadline in a process of its own: the fallback's desk is another than this process has."""
    settings = runtime.settings
    command = ["deadline", context.op_config["day"], "--desk", str(settings.desk_path), "--lake", str(settings.lake)]
    done = subprocess.run(  # noqa: S603 - this package, with paths of the settings
        [sys.executable, "-m", "energy_pipeline.cli", *command], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    context.log.info(done.stdout)
    if done.returncode:
        raise dg.Failure(description=f"{done.stdout}\n{done.stderr}".strip(), allow_retries=False)


@dg.job(description="The desk's deadline: a day that is not decided is told, and decided by its fallback.", executor_def=dg.in_process_executor)
def deadline() -> None:
    """The job of the deadline."""
    keep_deadline()


def alarms(settings: Settings) -> list[dg.SensorDefinition]:
    """Sensors: runs that died without a word are marked failed each minute; failed runs are told, where the settings say whom."""
    told = [_failed_runs(settings)] if settings.alert_webhook or settings.alert_mail else []
    return [dead_runs, *told]


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING, description="Marks runs failed whose process is gone.")
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Dead runs of this host."""
    found = fail_dead_runs(context.instance)
    return dg.SkipReason(f"marked as failed: {', '.join(found)}" if found else "every run has its process")


def _failed_runs(settings: Settings) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="tell_failed_runs", default_status=dg.DefaultSensorStatus.RUNNING, description="An alert for each failed run, by webhook and mail."
    )
    def tell_failed_runs(context: dg.RunFailureSensorContext) -> None:
        for problem in send(settings, alert_of(context)):
            context.log.error(problem)

    return tell_failed_runs


def alert_of(context: dg.RunFailureSensorContext) -> Alert:
    """What a failed run tells: its days, its steps, the errors' own words, and the next step."""
    run, failures = context.dagster_run, context.get_step_failure_events()
    span = days_of_tags(run.tags)
    days = "no day" if span is None else str(span[0]) if span[0] == span[1] else f"{span[0]} .. {span[1]}"
    words = [text for event in failures if (text := _words(event))] or [context.failure_event.message or ""]
    command = "backfill" if span and span[0] != span[1] else "run"
    step = f"energy-pipeline {command} {days.replace(' .. ', ' ')}" if span else f"start {run.job_name} again"
    steps = ", ".join(sorted({event.step_key or run.job_name for event in failures}))
    return Alert(f"{run.job_name} failed for {days}", days, steps, step, "\n".join(words)[:SHOWN_CHARACTERS])


def _words(event: dg.DagsterEvent) -> str:
    """The innermost error's own words, without its stack."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else ""
