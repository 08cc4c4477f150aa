"""A day that is not decided by the desk's deadline is told, and decided by what the desk names for that."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from energy_pipeline.desk import load_desk
from energy_pipeline.desk.fallback import Fallback
from energy_pipeline.domain.errors import DeskError, PipelineError
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.unfinished import Unfinished
from energy_pipeline.runner import deadline, status
from energy_pipeline.runner.flows import FlowResult
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.runner.test_status import DAY, decide

DESK = load_desk(TINY).model_copy(update={"fallback": Fallback(decision="naive", minutes_before_gate=20)})
GATE = datetime(2026, 3, 28, 11, tzinfo=UTC)
AT = GATE - timedelta(minutes=15)


@pytest.fixture
def settings(tmp_path):
    return Settings(desk=TINY, lake=tmp_path / "lake")


@pytest.fixture
def fallbacks(monkeypatch):
    """Fallback decisions asked for, instead of made."""

    class Found(list):
        """The decisions, and the runner that stands in."""

        runner: type

    found = Found()

    class Asked:
        def __init__(self, _settings, desk, _instance, _now):
            self.desk, self.runtime = desk, type("Runtime", (), {})()

        def ensure_history(self, _day):
            pass

        def run(self, flow, day, *, fallback):
            found.append((flow, day, fallback, self.desk.forecast.members, self.runtime.patience_seconds))
            return FlowResult(flow, day, day, "id", True)

    found.runner = Asked
    monkeypatch.setattr(deadline, "Runner", Asked)
    return found


def keep(settings, now=AT, desk=DESK, day=None):
    alerts = []
    with dg.DagsterInstance.ephemeral() as instance:
        found = deadline.keep(settings, desk, instance, lambda: now, lambda alert: alerts.append(alert) or [], day)
    return found, alerts


def test_a_decided_day_and_one_that_is_not_due_are_left_alone(settings, fallbacks):
    found, alerts = keep(settings, GATE - timedelta(minutes=30))
    assert (found.day, found.outcome, alerts) == (DAY, "not due", [])
    decide(settings)
    found, alerts = keep(settings)
    assert (found.outcome, alerts, fallbacks) == ("decided", [], [])


def test_a_decision_that_a_killed_run_began_to_write_anew_is_none(settings, fallbacks):
    decide(settings)
    Lake(settings.lake).unfinished().mark(Unfinished(DAY, "decide", "0123456789", AT, ("positions",)))
    found, (alert,) = keep(settings)
    assert (found.outcome, len(fallbacks)) == ("fallback", 1)
    assert "is not through" in alert.detail


def test_a_run_that_gets_through_while_the_deadline_waits_for_it_keeps_its_decision(settings, fallbacks, monkeypatch):
    def waiting(*_given, **_more):
        decide(settings)
        return nullcontext()

    monkeypatch.setattr(lease, "take", waiting)
    found, (alert,) = keep(settings)
    assert (found.outcome, fallbacks) == ("decided", [])
    assert "is not decided" in alert.subject
    assert found.said[-1].endswith("by the run that was at it")


def test_at_the_deadline_the_desks_fallback_is_decided_and_told(settings, fallbacks):
    found, (alert,) = keep(settings)
    assert found.outcome == "fallback"
    assert fallbacks == [("decide", DAY, "naive", ("lear_1456",), 450.0)], "a run that is at the day has half of the 15 minutes left"
    assert (alert.day, alert.table) == ("2026-03-29", "positions")
    assert "its gate closes at 2026-03-28 11:00Z" in alert.subject
    assert "were not submitted" in found.said[-1]


def test_a_desk_without_a_fallback_is_told_what_to_do(settings, fallbacks):
    found, (alert,) = keep(settings, desk=load_desk(TINY))
    assert (found.outcome, fallbacks) == ("missed", [])
    assert alert.next_step == "energy-pipeline run 2026-03-29"


def test_after_the_gate_nothing_is_decided_in_silence(settings, fallbacks):
    found, (alert,) = keep(settings, GATE + timedelta(minutes=1))
    assert (found.day, found.outcome, fallbacks) == (DAY, "missed", [])
    assert "closed at" in alert.subject


def test_a_fallback_that_fails_is_told_too(settings, fallbacks, monkeypatch):
    def failing(self, flow, day, **_more):
        raise PipelineError("table price_forecasts: planted")

    monkeypatch.setattr(fallbacks.runner, "run", failing)
    found, alerts = keep(settings)
    assert found.outcome == "missed"
    assert alerts[1].detail == "table price_forecasts: planted"


@pytest.mark.parametrize(("now", "day"), [(AT, DAY), (AT - timedelta(hours=1), DAY - timedelta(days=1)), (GATE + timedelta(hours=9), DAY)])
def test_the_day_that_is_due_is_the_last_whose_decision_time_came(now, day):
    assert status.due_day(DESK, now) == day


def test_a_flat_fallback_keeps_the_desks_limits_and_deviates_nowhere():
    flat = deadline.fallback_desk(DESK, Fallback(decision="flat"))
    assert flat.limits.day_ahead_deviation_mw == dict.fromkeys(DESK.zones, 0.0)
    assert (flat.contracts, flat.strategies) == ((), {})
    assert flat.assets == DESK.assets
    assert flat.limits.model_copy(update={"day_ahead_deviation_mw": DESK.limits.day_ahead_deviation_mw}) == DESK.limits


def test_yesterdays_models_are_the_desks_own_members_without_a_new_fit():
    found = deadline.fallback_desk(DESK, Fallback(decision="yesterday"))
    assert (found.forecast.members, found.forecast.new_fits) == (DESK.forecast.members, False)
    assert (found.limits, found.contracts, found.strategies) == (DESK.limits, DESK.contracts, DESK.strategies)
    assert found.sources.late == {}


def test_a_deadline_before_the_decision_time_is_refused(tmp_path):
    text = TINY.read_text(encoding="utf-8")
    (tmp_path / "desk.yaml").write_text(f"{text}\nfallback: {{decision: flat, minutes_before_gate: 45}}\n", encoding="utf-8")
    with pytest.raises(DeskError, match="45 is not less than the 45 minutes from the decision time"):
        load_desk(tmp_path / "desk.yaml")
    assert date(2026, 3, 29) == DAY
