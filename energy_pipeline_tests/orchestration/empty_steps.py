"""The real graph of the tiny desk with steps that compute and write nothing: what Dagster records, without the work.

Patched are the functions that do the work; steps, jobs, checks and the runner are the real ones.
"""

import importlib
import pkgutil

import polars as pl
import pytest

from energy_pipeline.orchestration import assets, checks, factory
from energy_pipeline.orchestration.assets import s01_ingestion, s08_portfolio, s10_reporting
from energy_pipeline.runner.flows import Runner
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY

ENTRIES = {"dagster/partition_row_count": 24, "content_hash": "0" * 64, "path": "somewhere"}
BOOK = ("positions", "portfolio_solution", "nomination_lines", "nominations")


def empty(monkeypatch: pytest.MonkeyPatch, outcome: checks.Outcome | None = None) -> list[list]:
    """Take the work out of every step; gives the days of each publish of the warehouse as they happen."""
    published: list[list] = []
    tables = factory.AssetFactory.tables
    monkeypatch.setattr(
        factory.AssetFactory, "tables", lambda self, step, names, _compute, deps: tables(self, step, names, lambda _day: dict.fromkeys(names), deps)
    )
    modules = [factory, *(importlib.import_module(f"{assets.__name__}.{found.name}") for found in pkgutil.iter_modules(assets.__path__))]
    for module in modules:
        if hasattr(module, "write_frames"):
            monkeypatch.setattr(module, "write_frames", lambda _day, frames: {name: dict(ENTRIES) for name in frames})
    monkeypatch.setattr(s01_ingestion, "add_days", lambda _runtime, _contract, days, _failures: {day: dict(ENTRIES) for day in days})
    monkeypatch.setattr(s01_ingestion, "cut_day", lambda _day: pl.DataFrame({"a": [1]}))
    monkeypatch.setattr(s01_ingestion, "content_hash", lambda _frame: "0" * 32)
    monkeypatch.setattr(s01_ingestion, "wait_for_decision_time", lambda _context, _session: None)
    monkeypatch.setattr(s08_portfolio, "write_book", lambda _day: {name: dict(ENTRIES) for name in BOOK})
    monkeypatch.setattr(s10_reporting, "run_rows", lambda *_: None)
    monkeypatch.setattr(s10_reporting, "write_report", lambda _day: {"daily_report": {"path": "x", "tables": 60}})
    monkeypatch.setattr(s10_reporting, "publish", lambda _runtime, days, project: published.append(days) or dict.fromkeys(project.marts, 1))
    monkeypatch.setattr(checks, "_outcome", lambda _check, _session, _days: outcome or checks.Outcome((), (), {"rows": 24}))
    monkeypatch.setattr(Runner, "ensure_history", lambda *_arguments, **_named: False)
    return published


def runner(instance, lake, **given) -> Runner:
    return Runner(Settings(desk=TINY, lake=lake), instance=instance, **given)
