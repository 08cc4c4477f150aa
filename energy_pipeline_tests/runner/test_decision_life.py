"""Approve, send, acknowledge: who did what when, what stands against it, and that a sent decision stays as it is."""

from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from energy_pipeline.contracts import table
from energy_pipeline.desk import load_desk
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.decision_log import DECISION, DecisionEvent, DecisionSentError, DecisionStateError, standing
from energy_pipeline.orchestration.schedules import _one, _unless
from energy_pipeline.orchestration.whole_days import WholeDays, planned
from energy_pipeline.runner import decision_life, sent, status
from energy_pipeline.runner.decision_life import By
from energy_pipeline.settings import Settings
from energy_pipeline_tests.contracts.legal_frames import legal_day, legal_rows
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.runner.test_status import DAY, DESK, MORNING, decide, look

PAGE = b"<html><body><p>as decided</p></body></html>"
ANNA, BEN = By("anna", MORNING), By("ben@desk", MORNING + timedelta(minutes=1))


@pytest.fixture
def settings(tmp_path):
    """A decided day with a page and bids, within its limits."""
    found = Settings(desk=TINY, lake=tmp_path / "lake")
    decide(found)
    lake = Lake(found.lake)
    for name in DECISION:
        lake.write_day(name, DAY, legal_day(table(name), DAY, 3))
    limit(lake, "amber")
    lake.submit(DAY, b"zone,mw\nNORTH,1\n")
    lake.write_file("report", DAY, "report.html", PAGE)
    return found


def limit(lake, light):
    row = {"delivery_day": DAY, "limit_name": "var_eur", "scope": "book", "unit": "EUR", "used": 12.0, "bound": 10.0, "status": light}
    lake.write_day("limits", DAY, legal_rows(table("limits"), [row]))


def through(settings, to=None):
    decision_life.approve(settings, DESK, DAY, ANNA)
    decision_life.send(settings, DESK, DAY, BEN, to)


def events(settings):
    return [(r["event"], r["person"], r["reason"]) for r in Lake(settings.lake).read("decision_events", DAY, DAY).to_dicts()]


def again(settings, reopen=("", "")):
    WholeDays(Lake(settings.lake), "second", MORNING, planned(["positions"]), {}, reopen=reopen).begun(DAY, ["positions"])


def test_a_decision_is_approved_sent_and_acknowledged_with_who_and_when(settings, tmp_path):
    through(settings, tmp_path / "out")
    decision_life.acknowledge(settings, DESK, DAY, ANNA, "ref 17")
    assert events(settings) == [("approved", "anna", None), ("sent", "ben@desk", None), ("acknowledged", "anna", None)]
    (copy,) = (tmp_path / "out").iterdir()
    assert copy.read_bytes() == b"zone,mw\nNORTH,1\n"
    page = Lake(settings.lake).read_file("report", DAY, "report.html").decode()
    assert page.count("This decision was") == 1
    assert "sent by ben@desk at 2026-03-28 10:46Z, 0001-" in page
    assert "ref 17" in look(settings).last_decision.life
    assert Lake(settings.lake).read("decision_events", DAY, DAY)["decision_hash"].unique().to_list() == [Lake(settings.lake).decisions().content(DAY)]


@pytest.mark.parametrize(("step", "text"), [("send", "it is not approved"), ("acknowledge", "decided and no more -> energy-pipeline send")])
def test_steps_have_their_order(settings, step, text):
    with pytest.raises(DecisionStateError, match=text):
        getattr(decision_life, step)(settings, DESK, DAY, ANNA)
    assert Lake(settings.lake).decisions().of(DAY) == []


def test_what_stands_against_an_approval_is_named_and_overridden_with_a_reason(settings):
    limit(Lake(settings.lake), "red")
    with pytest.raises(DecisionStateError, match="limit var_eur of book: 12 of 10 EUR -> put it right, or if it must be, --override --reason"):
        decision_life.approve(settings, DESK, DAY, ANNA)
    decision_life.approve(settings, DESK, DAY, By("anna", MORNING, "raised by the committee"))
    assert events(settings) == [("overridden", "anna", "raised by the committee"), ("approved", "anna", None)]


def test_after_the_gate_nothing_is_sent_without_an_override(settings):
    decision_life.approve(settings, DESK, DAY, ANNA)
    late = By("ben", MORNING + timedelta(hours=1))
    with pytest.raises(DecisionStateError, match="its gate closed at 2026-03-28 11:00Z"):
        decision_life.send(settings, DESK, DAY, late)


def test_where_the_desk_asks_for_two_nobody_sends_what_he_approved(settings):
    two = DESK.model_copy(update={"approval_by_two": True})
    decision_life.approve(settings, two, DAY, ANNA)
    with pytest.raises(DecisionStateError, match="anna approved it, and approval_by_two asks for another person"):
        decision_life.send(settings, two, DAY, ANNA)
    assert decision_life.send(settings, two, DAY, BEN)[0].person == "ben@desk"


def test_an_approval_ends_with_another_decision_and_holds_with_the_same(settings):
    decision_life.approve(settings, DESK, DAY, ANNA)
    lake = Lake(settings.lake)
    lake.write_day("positions", DAY, legal_day(table("positions"), DAY, 3))
    assert decision_life.where(lake, DAY).state == "approved"
    lake.write_day("positions", DAY, legal_day(table("positions"), DAY, 4))
    assert decision_life.where(lake, DAY).state == "decided"


def test_an_approved_decision_is_not_sent_while_a_later_run_is_not_through(settings):
    decision_life.approve(settings, DESK, DAY, ANNA)
    again(settings)
    with pytest.raises(DecisionStateError, match="run second of decide is not through -> put it right"):
        decision_life.send(settings, DESK, DAY, BEN)


def test_a_sent_decision_is_not_written_anew_but_by_somebodys_word(settings):
    through(settings)
    with pytest.raises(DecisionSentError, match=r"2026-03-29: sent by ben@desk .* -> energy-pipeline run 2026-03-29 --again --reason"):
        again(settings)
    assert Lake(settings.lake).unfinished().all() == [], "a refused run leaves no mark"
    again(settings, ("anna", "the outage was withdrawn"))
    log = Lake(settings.lake).decisions().of(DAY)
    assert str(log[-1]) == "reopened by anna at 2026-03-28 10:45Z, reason: the outage was withdrawn"
    assert standing(log, Lake(settings.lake).decisions().content(DAY)).state == "decided"


def test_settlement_of_a_sent_day_goes_on_and_its_decision_stays(settings):
    through(settings)
    lake, other = Lake(settings.lake), DAY + timedelta(days=1)
    flows = ["ingest", "decide", "settle_final"]
    assert sent.parts(lake, [DAY, other], flows) == [([DAY], ["ingest", "settle_final"], True), ([other], flows, False)]
    with pytest.raises(DecisionSentError, match="2026-03-29: sent by ben@desk"):
        sent.parts(lake, [DAY], ["decide"])


def test_the_schedule_leaves_a_sent_day_alone():
    ticks = [_unless(lambda day: day == DAY, _one("decide", 1), 1)(DAY - timedelta(days=back)) for back in (1, 2)]
    assert [type(tick).__name__ for tick in ticks] == ["SkipReason", "RunRequest"]


def test_status_says_what_is_not_sent_once_a_desk_notes_what_it_sends(settings):
    assert look(settings).unsent == []
    through(settings)
    decide(settings, day=DAY + timedelta(days=1))
    (text,) = look(settings).problems
    assert text == "2026-03-30 is decided and not sent, its gate closes at 2026-03-29 10:00Z -> energy-pipeline approve 2026-03-30"
    Lake(settings.lake).write_day("positions", DAY, legal_day(table("positions"), DAY, 4))
    assert any("the lake holds another decision than the one sent by ben@desk" in text for text in look(settings).problems)


def test_nobody_approves_what_is_being_decided(settings, monkeypatch):
    monkeypatch.setattr(decision_life, "PATIENCE_SECONDS", 0.0)
    with (
        lease.take(Lake(settings.lake).storage, [(DAY, "decide")], "run 1, process 1"),
        pytest.raises(lease.DayTakenError, match="run 1, process 1"),
    ):
        decision_life.approve(settings, DESK, DAY, ANNA)


@pytest.mark.parametrize("bad", ["=cmd()", "a\u202eb", "x" * 301, "two\nlines"])
def test_words_that_are_no_plain_text_are_refused(settings, bad):
    log = Lake(settings.lake).decisions()
    for given in ({"reason": bad}, {"note": bad}, {"person": bad}):
        with pytest.raises(DecisionStateError, match="2026-03-29"):
            log.add(DAY, DecisionEvent(**{"event": "reopened", "at": MORNING, "person": "anna", "decision_hash": "", **given}))
    assert log.of(DAY) == []


def test_the_commands_say_what_they_did_and_refuse_in_one_sentence(settings, monkeypatch):
    from energy_pipeline.cli.main import app
    from energy_pipeline.orchestration import resources

    monkeypatch.setattr(resources, "utc_now", lambda: MORNING)
    where = ["2026-03-29", "--desk", str(TINY), "--lake", str(settings.lake)]
    runner = CliRunner()
    refused = runner.invoke(app, ["send", *where, "--by", "anna"])
    assert (refused.exit_code, "it is not approved" in refused.stderr) == (1, True)
    assert runner.invoke(app, ["approve", *where, "--by", "anna"]).stdout.startswith("approved by anna at 2026-03-28 10:45Z")
    assert "1 lines of bids" in runner.invoke(app, ["send", *where, "--by", "anna"]).stdout
    refused = runner.invoke(app, ["run", *where, "--again", "--no-audit"])
    assert (refused.exit_code, "stays as it is -> energy-pipeline run" in refused.stderr) == (1, True)


def test_a_day_without_a_decision_cannot_be_approved(tmp_path):
    with pytest.raises(DecisionStateError, match="2026-03-29: nothing is decided -> energy-pipeline run 2026-03-29"):
        decision_life.approve(Settings(desk=TINY, lake=tmp_path), load_desk(TINY), date(2026, 3, 29), By("anna", datetime(2026, 3, 28, tzinfo=UTC)))
    assert status.due_day(DESK, MORNING) == DAY
