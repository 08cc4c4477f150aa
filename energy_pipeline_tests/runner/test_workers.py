"""Work on several processes: its order, and processes that end."""

import os
import pickle
import signal
from datetime import date, timedelta

import pytest

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import ContractError, DeskError, Finding, InfeasibleError, MissingDayError, PipelineError
from energy_pipeline.lake.errors import PublishError
from energy_pipeline.runner.flows import FLOWS, FlowResult
from energy_pipeline.runner.plan import PAST_DAYS, UNPUBLISHED_DAYS, Plan, Task
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.runner.spans import chunks
from energy_pipeline.runner.workers import Worker, WorkerDiedError, done, hand_out

FIRST = date(2026, 1, 1)
CHUNKS = list(chunks(FIRST, FIRST + timedelta(days=9), 2))


class Heard:
    """A listener that writes down."""

    def __init__(self):
        self.said = []

    def done(self, step, day):
        self.said.append((step, day))

    def failed(self, step, error):
        self.said.append((step, type(error), str(error)))


def carried_out(plan: Plan, failing=None, order=min):
    """Every task in the order in which it is finished; of those under way, the worker chosen by `order` finishes first."""
    made, running = [], {}
    while not plan.is_done:
        for worker in range(plan.workers):
            if worker not in running and (task := plan.next(worker)) is not None:
                running[worker] = task
        assert running, "nothing is under way and nothing can begin"
        worker = order(running)
        task = running.pop(worker)
        made.append((worker, task))
        plan.finished(worker, failing(task) if failing else SpanResult())
    return made


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("order", [min, max])
@pytest.mark.parametrize("groups", [[CHUNKS], [[c] for c in CHUNKS], [CHUNKS[:1], CHUNKS[1:]]])
def test_raw_days_come_first_and_the_chain_follows_in_day_order(workers, order, groups):
    made = [task for _, task in carried_out(Plan(FLOWS, groups, workers), order=order)]
    assert [t.part for t in made[: len(groups)]] == ["raw"] * len(groups)
    assert [t.span for t in made if t.part == "chain"] == CHUNKS
    assert sorted(t.span for t in made if t.part == "forecasts") == CHUNKS
    for n, task in enumerate(made):
        if task.part == "chain":
            decided = {t.span for t in made[:n] if t.part == "forecasts"}
            assert decided >= {c for c in CHUNKS if c <= task.span}


def test_each_worker_forecasts_a_stretch_of_its_own_and_the_chain_does_not_wait_for_all_forecasts():
    made = carried_out(Plan(FLOWS, [CHUNKS], 2))
    own = {worker: [t.span for w, t in made if w == worker and t.part == "forecasts"] for worker in (0, 1)}
    assert own == {0: CHUNKS[:1], 1: CHUNKS[1:]}  # the first carries the chain too
    parts = [t.part for _, t in made]
    assert parts.index("chain") < len(parts) - 1 - parts[::-1].index("forecasts")


def test_where_workers_share_a_past_they_make_it_together_kind_by_kind_before_any_forecast():
    past = [(kind, days_between(FIRST - timedelta(days=count), FIRST - timedelta(days=1))) for kind, count in (("drivers", 9), ("members", 4))]
    for order in (min, max):
        made = [task for _, task in carried_out(Plan(FLOWS, [CHUNKS], 2, past), order=order)]
        assert [t.part for t in made[:6]] == ["raw", "drivers", "drivers", "members", "members", "forecasts"]
        for kind, days in past:
            shared = days_between(*CHUNKS[0])  # the second worker looks back to what the first one forecasts
            assert sorted(day for t in made if t.part == kind for day in days_between(*t.span)) == [*days, *shared]
            assert {t.chunks[1] for t in made if t.part == kind} == {(FIRST, CHUNKS[1][0])}
    for plan in (Plan(FLOWS, [CHUNKS[:1], CHUNKS[1:]], 2, past), Plan(("settle_da",), [CHUNKS], 2, past), Plan(FLOWS, [CHUNKS], 1, past)):
        assert not {"drivers", "members"} & {t.part for _, t in carried_out(plan)}  # each has a past of its own, or none


def test_a_long_past_is_made_in_pieces_that_fit_in_memory():
    past = [("members", days_between(FIRST - timedelta(days=10 * PAST_DAYS), FIRST - timedelta(days=1)))]
    pieces = [task.span for _, task in carried_out(Plan(FLOWS, [CHUNKS], 2, past)) if task.part == "members"]
    assert max((last - first).days + 1 for first, last in pieces) <= PAST_DAYS


@pytest.mark.parametrize("order", [min, max])
def test_every_day_gets_its_marts_once_after_its_chain_and_no_day_waits_for_long(order):
    many = list(chunks(FIRST, FIRST + timedelta(days=179), 10))
    made = [task for _, task in carried_out(Plan(FLOWS, [many], 2), order=order)]
    assert sorted(chunk for t in made if t.part == "reports" for chunk in t.chunks) == many
    waiting = set()
    for task in made:
        if task.part == "chain":
            waiting |= set(task.chunks)
        if task.part == "reports":
            assert waiting >= set(task.chunks)
            waiting -= set(task.chunks)
        assert len(waiting) * 10 <= UNPUBLISHED_DAYS + 2 * 10  # what two workers finish meanwhile
    assert not waiting


class Reporting:
    """A runner that writes down which days it reports on; `bad` is a day that it cannot publish."""

    def __init__(self, bad=None):
        self.reported, self.bad = [], bad

    def is_over(self, day):
        return day is not None

    def run_over(self, first, last, *, flows, is_last, part, **_):
        assert (flows, is_last, part) == (FLOWS[1:], True, "reports")
        self.reported.append((first, last))
        return self.run("day", first, last)

    def run(self, flow, first, last, **_):
        bad = self.bad is not None and first <= self.bad <= last
        return FlowResult(flow, first, last, "run", not bad, [("marts", PublishError({"pnl": "no room"}))] if bad else [])


APART = (CHUNKS[0], CHUNKS[1], (FIRST + timedelta(days=30), FIRST + timedelta(days=31)))


def test_reports_are_those_of_the_days_that_wait_and_of_none_between():
    runner = Reporting()
    assert done(runner, Task("reports", APART, FLOWS[1:]), Heard()).errors == []
    assert runner.reported == [(FIRST, CHUNKS[1][1]), APART[2]]


def test_days_whose_marts_cannot_be_published_count_as_not_finished():
    told = done(Reporting(bad=APART[2][0]), Task("reports", APART, FLOWS[1:]), Heard())
    assert told.failed_days == set(days_between(*APART[2]))
    assert "no room" in told.errors[0][2]


def test_days_that_failed_get_no_reports():
    bad = CHUNKS[1][0]
    made = [
        task
        for _, task in carried_out(
            Plan(FLOWS, [CHUNKS], 2), lambda t: SpanResult(failed_days={bad} if t.part == "chain" and bad in t.span else set())
        )
    ]
    assert bad not in {day for t in made if t.part == "reports" for chunk in t.chunks for day in days_between(*chunk)}


def test_only_the_last_part_of_the_flows_asked_for_publishes():
    def last(*flows):
        return {t.part: t.is_last for _, t in carried_out(Plan(flows, [CHUNKS], 2))}

    assert last(*FLOWS) == {"raw": False, "forecasts": False, "chain": False, "reports": True}
    assert last("ingest", "decide") == {"raw": False, "forecasts": False, "chain": False, "reports": True}
    assert last("decide") == {"raw": False, "forecasts": False, "chain": False, "reports": True}
    assert last("settle_da") == {"chain": False, "reports": True}


def test_days_that_failed_are_left_out_of_what_follows():
    bad = CHUNKS[1][0]

    def failing(task):
        within = task.part == "forecasts" and task.span[0] <= bad <= task.span[1]
        return SpanResult(failed_days={bad} if within else set())

    made = [task for _, task in carried_out(Plan(FLOWS, [CHUNKS], 2), failing)]
    settled = {day for t in made if t.part == "chain" for chunk in t.chunks for day in days_between(*chunk)}
    assert settled == set(days_between(FIRST, CHUNKS[-1][1])) - {bad}


def test_nothing_is_decided_of_a_group_without_raw_days():
    whole = set(days_between(CHUNKS[0][0], CHUNKS[0][1]))
    made = carried_out(Plan(FLOWS, [CHUNKS[:1], CHUNKS[1:]], 2), lambda t: SpanResult(failed_days=whole if t.span == CHUNKS[0] else set()))
    assert [t.span for _, t in made if t.part == "forecasts" and t.span == CHUNKS[0]] == []
    assert [t.span for _, t in made if t.part == "chain"] == CHUNKS[1:]


def echo(pipe):
    """A worker that tells of every task, and fails the second day."""
    while (task := pipe.recv()) is not None:
        pipe.send(("done", str(task), task.span[0]))
        pipe.send(("failed", task.part, InfeasibleError("too much", ["a"], "less")))
        pipe.send(SpanResult([(task.part, "step", str(os.getpid()))]))


def killed(pipe):
    """A worker that the machine ends."""
    pipe.recv()
    os.kill(os.getpid(), signal.SIGKILL)


def refusing(pipe):
    """A worker that cannot begin."""
    pipe.send(DeskError("desk.yaml", ["zones: none"]))


def patient(pipe):
    """A worker that says who it is, and never ends by itself."""
    pipe.recv()
    pipe.send(("done", str(os.getpid()), None))
    while True:
        signal.pause()


def test_workers_are_processes_and_tell_what_they_do():
    heard = Heard()
    total = hand_out(Plan(FLOWS, [CHUNKS], 2), lambda: Worker(echo, ()), heard)
    assert len([part for part, *_ in total.errors if part != "reports"]) == 11
    processes = {text for _, _, text in total.errors}
    assert len(processes) == 2
    assert str(os.getpid()) not in processes
    assert ("forecasts 2026-01-07 .. 2026-01-08", date(2026, 1, 7)) in heard.said
    assert ("raw", InfeasibleError, str(InfeasibleError("too much", ["a"], "less"))) in heard.said


def test_a_worker_that_dies_is_an_error_with_the_days_and_the_signal():
    with pytest.raises(WorkerDiedError, match=r"raw 2026-01-01 .. 2026-01-10 \(ended by signal 9"):
        hand_out(Plan(FLOWS, [CHUNKS], 2), lambda: Worker(killed, ()), Heard())


def test_a_worker_that_cannot_begin_says_why_in_its_own_error():
    with pytest.raises(DeskError, match="zones: none"):
        hand_out(Plan(FLOWS, [CHUNKS], 2), lambda: Worker(refusing, ()), Heard())


def test_an_interrupt_ends_every_worker():
    class Interrupting(Heard):
        def done(self, step, day):
            super().done(step, day)
            raise KeyboardInterrupt

    heard = Interrupting()
    with pytest.raises(KeyboardInterrupt):
        hand_out(Plan(FLOWS, [CHUNKS], 2), lambda: Worker(patient, ()), heard)
    with pytest.raises(ProcessLookupError):
        os.kill(int(heard.said[0][0]), 0)


@pytest.mark.parametrize(
    "error",
    [
        PipelineError("words"),
        DeskError("desk.yaml", ["a", "b"]),
        InfeasibleError("too much", ["a"], "less"),
        MissingDayError("pnl", [FIRST], "settle it"),
        ContractError("pnl", FIRST, [Finding("is null", "total_eur", 3)]),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_go_from_process_to_process_as_they_are(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
