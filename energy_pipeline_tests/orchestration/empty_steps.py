"""The real graph of the tiny desk with steps that compute and write nothing: what Dagster records, without the work.

Patched are the functions that do the work; steps, jobs, checks and the runner are the real ones.
"""

import polars as pl
import pytest

from energy_pipeline.orchestration import checks, factory
from energy_pipeline.orchestration.assets import s01_ingestion, s10_reporting
from energy_pipeline.orchestration.outcome import Outcome
from energy_pipeline.runner.flows import Runner
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY

ENTRIES = {"dagster/partition_row_count": 24, "content_hash": "0" * 64, "path": "somewhere"}


def empty(monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None = None) -> list[list]:
    """Take the work out of every step; gives the days of each publish of the warehouse as they happen."""
    published: list[list] = []
    whole = factory.AssetFactory._asset

    def bare(self, step, specs, _write, after=None):
        names = [spec.key.to_user_string() for spec in specs]
        return whole(self, step, specs, lambda _day: {name: dict(ENTRIES) for name in names}, after)

    def publish(_runtime, days, project):
        published.append(days)
        return dict.fromkeys(project.marts, 1)

    monkeypatch.setattr(factory.AssetFactory, "_asset", bare)
    monkeypatch.setattr(s01_ingestion, "add_days", lambda _runtime, _contract, days, _failures: {day: dict(ENTRIES) for day in days})
    monkeypatch.setattr(s01_ingestion, "write_frames", lambda _day, frames: {name: dict(ENTRIES) for name in frames})
    monkeypatch.setattr(s01_ingestion, "cut_day", lambda _day: pl.DataFrame({"a": [1]}))
    monkeypatch.setattr(s01_ingestion, "content_hash", lambda _frame: "0" * 32)
    monkeypatch.setattr(s01_ingestion, "wait_for_decision_time", lambda _context, _session: None)
    monkeypatch.setattr(s10_reporting, "publish", publish)
    monkeypatch.setattr(checks, "_outcome", lambda _check, _session, _days: outcome or Outcome((), (), {"rows": 24}))
    monkeypatch.setattr(Runner, "ensure_history", lambda *_arguments, **_named: False)
    return published


def runner(instance, lake, **given) -> Runner:
    return Runner(Settings(desk=TINY, lake=lake), instance=instance, **given)
