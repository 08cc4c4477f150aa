"""A month of mornings by an accelerated clock, a fault a day: each gate has its decision, real or fallback, and no fault is silent."""

import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest

from energy_pipeline.desk import load_desk
from energy_pipeline.desk.fallback import Fallback
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import Lake, layout
from energy_pipeline.lake.errors import DiskError
from energy_pipeline.lake.storage import LocalStorage
from energy_pipeline.lake.unfinished import Unfinished
from energy_pipeline.lake.verify import verify
from energy_pipeline.runner import deadline, lake_health
from energy_pipeline.runner.flows import Runner
from energy_pipeline.runner.instance import open_instance
from energy_pipeline.runner.repair import prepare
from energy_pipeline.runner.status import decisions_of
from energy_pipeline.settings import Settings
from energy_pipeline.warehouse.health import damage
from energy_pipeline_tests.integration.lakes import TINY

MORNINGS = int(os.environ.get("ENERGY_PIPELINE_MORNINGS", "0"))
"""`make test-long` asks for 30."""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not MORNINGS, reason="ENERGY_PIPELINE_MORNINGS is not set: make test-long")]
FIRST = date(2026, 3, 10)
DESK = load_desk(TINY).model_copy(update={"fallback": Fallback(decision="naive", minutes_before_gate=20)})


@dataclass
class Morning:
    """One morning: its day, its clock, and what was told."""

    day: date
    lake: Lake
    settings: Settings
    instance: dg.DagsterInstance
    now: datetime
    told: list[str] = field(default_factory=list)

    def runner(self):
        return Runner(self.settings, DESK, self.instance, lambda: self.now, checks=False)

    def decide(self):
        """The scheduled morning: ingest, decide; an error is told, as the alert of failed runs does."""
        try:
            runner = self.runner()
            runner.ensure_history(self.day)
            runner.run("ingest", self.day - timedelta(days=1), self.day).raise_if_failed()
            runner.run("decide", self.day).raise_if_failed()
        except PipelineError as error:
            self.told.append(f"{type(error).__name__}: {error}")

    def look(self):
        """What doctor and status see of lake and warehouse."""
        self.told += [*lake_health.bad_files(self.lake), *lake_health.clock_steps(self.lake, self.now, is_synthetic=True)]
        self.told += [str(mark) for mark in self.lake.unfinished().all()]
        if self.settings.warehouse.exists() and (found := damage(self.settings.warehouse)):
            self.told.append(found)

    def file(self, name, day=None):
        return Path(self.lake.root) / layout.part_path(name, day or self.day - timedelta(days=1))


def no_fault(morning):
    morning.decide()


def disk_full(morning):
    def full(_storage, path, _data, *, durable=False):
        raise DiskError("lake", path, OSError(28, "no space left"))

    with mock.patch.object(LocalStorage, "write_bytes", full):
        morning.decide()


def slow_run(morning):
    """The run is killed in the middle: its mark stands, its tables are of two runs."""
    morning.lake.unfinished().mark(Unfinished(morning.day, "decide", "killed00", morning.now, ("positions", "risk_measures")))
    morning.look()


def cut_off(morning):
    path = morning.file("positions")
    path.write_bytes(path.read_bytes()[:-30])
    morning.look()
    repaired(morning)
    morning.decide()


def bit_flipped(morning):
    path = morning.file("dispatch")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    morning.look()
    repaired(morning)
    morning.decide()


def another_days_file(morning):
    shutil.copy(morning.file("risk_measures", morning.day - timedelta(days=2)), morning.file("risk_measures"))
    morning.look()
    repaired(morning)
    morning.decide()


def repaired(morning):
    """`verify --repair`."""
    for day, flows in prepare(morning.lake, verify(morning.lake, morning.day - timedelta(days=3))).again:
        for flow in flows:
            morning.runner().run(flow, day).raise_if_failed()
    assert verify(morning.lake, morning.day - timedelta(days=3)).texts == []


def broken_warehouse(morning):
    data = morning.settings.warehouse.read_bytes()
    morning.settings.warehouse.write_bytes(data[: len(data) // 2])
    morning.look()
    morning.decide()


def clock_back(morning):
    """Three hours behind: the decision time has not come for this machine."""
    right, morning.now = morning.now, morning.now - timedelta(hours=3)
    morning.decide()
    morning.now = right


def database_away(morning):
    with mock.patch.object(dg.DagsterInstance, "create_run_for_job", side_effect=PipelineError("Dagster's records: connection refused")):
        try:
            morning.decide()
        except PipelineError as error:
            morning.told.append(str(error))


def source_away(morning):
    def refused(_runtime, _contract, _days, _failures):
        raise PipelineError("table load_forecast: the source does not answer -> energy-pipeline doctor --online")

    with mock.patch("energy_pipeline.orchestration.assets.s01_ingestion.add_days", refused):
        morning.decide()


REAL, STANDS_IN = "decided", "fallback"
FAULTS = {
    no_fault: (REAL, ""),
    disk_full: (STANDS_IN, "no space left"),
    cut_off: (REAL, "positions"),
    clock_back: (STANDS_IN, "has not come yet"),
    bit_flipped: (REAL, "dispatch"),
    slow_run: (STANDS_IN, "is not through"),
    another_days_file: (REAL, "another day's file"),
    broken_warehouse: (REAL, ""),
    database_away: (STANDS_IN, "connection refused"),
    source_away: (STANDS_IN, "does not answer"),
}
"""What each morning ends with, and a word that must have been told."""


def test_thirty_gates_have_thirty_decisions_and_no_fault_is_silent(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    lake = Lake(tmp_path / "lake")
    settings = Settings(desk=TINY, lake=tmp_path / "lake")
    faults, ends = list(FAULTS), []
    with open_instance(tmp_path / "dagster") as instance:
        for number in range(-2, MORNINGS):
            day = FIRST + timedelta(days=number)
            fault = no_fault if number < 0 else faults[number % len(faults)]
            morning = Morning(day, lake, settings, instance, DESK.decision_time(day) + timedelta(minutes=5))
            fault(morning)
            alerts = []
            late = DESK.gate_closure(day) - timedelta(minutes=19)
            found = deadline.keep(settings, DESK, instance, lambda late=late: late, lambda alert, own=alerts: own.append(alert) or [], day)
            outcome, word = FAULTS[fault]
            told = "\n".join([*morning.told, *(alert.text for alert in alerts)])
            if number >= 0:
                ends.append((fault.__name__, found.outcome))
            assert found.outcome == outcome, (day, fault.__name__, told, found.said)
            assert word in told, (day, fault.__name__, told)
            assert (outcome == REAL) == (not alerts), "a fallback is told, and a decision in time is not"
            state = decisions_of(lake)[day].state
            assert state == {REAL: "written", STANDS_IN: "fallback"}[outcome]
            assert lake.unfinished().of_day(day) == []
            assert lake.verified("positions", day)
    os.write(1, f"{len(ends)} gates: {ends}\n".encode())
    assert datetime.now(UTC) > DESK.gate_closure(FIRST)
