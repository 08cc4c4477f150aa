"""A day is one decision: what a killed or failed run leaves behind is marked until a run gets through."""

import subprocess
import sys
from datetime import UTC, date, datetime

import dagster as dg
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.unfinished import FOLDER
from energy_pipeline.orchestration.parts import IN_ORDER, following, part_of
from energy_pipeline.orchestration.whole_days import WholeDays, planned, unfinished_runs
from energy_pipeline_tests.contracts.legal_frames import legal_day

DAY, BEGAN = date(2026, 3, 29), datetime(2026, 3, 28, 10, tzinfo=UTC)
BOOK = ("positions", "portfolio_solution", "nominations")
DECIDE = (*BOOK, "risk_measures", "runs", "daily_report")
PAGE = b"<html><body><p>as decided</p></body></html>"


@pytest.fixture
def lake(tmp_path):
    found = Lake(tmp_path)
    found.write_file("report", DAY, "report.html", PAGE)
    return found


def a_run(lake, assets=DECIDE, run_id="first", **more):
    about = {"desk": "tiny", "desk_hash": "0" * 16, "code_version": "1"}
    return WholeDays(lake, run_id, BEGAN, planned(assets), about, **more)


def write(whole, *names, page=PAGE, rows=3):
    """Stands for the steps of these assets."""
    for name in names:
        tables = [name] if name in TABLES else []
        if tables and TABLES[name].flow != "operate":
            whole.begun(DAY, tables)
            whole.lake.write_day(name, DAY, legal_day(table(name), DAY, rows))
        if name == "daily_report":
            whole.lake.write_file("report", DAY, "report.html", page)
        whole.written(DAY, [name])


def page_of(lake):
    return lake.read_file("report", DAY, "report.html")


@pytest.mark.parametrize("stop", range(1, len(DECIDE)))
def test_a_day_whose_run_ends_after_any_table_is_marked_until_one_gets_through(lake, stop):
    write(a_run(lake), *DECIDE[:stop])
    (mark,) = lake.unfinished().all()
    assert (mark.day, mark.flow, mark.run_id) == (DAY, "decide", "first")
    assert set(mark.left) == set(DECIDE)
    assert "energy-pipeline run 2026-03-29 --again" in str(mark)
    assert b"is not through" in page_of(lake)
    write(a_run(lake, run_id="second"), *DECIDE)
    assert lake.unfinished().all() == []
    (row,) = lake.read("runs", DAY, DAY).to_dicts()
    assert (row["run_id"], row["state"], row["recorded_at"]) == ("first", "unfinished", BEGAN)
    assert page_of(lake) == PAGE


def test_a_run_that_writes_nothing_leaves_the_decision_as_it_was(lake):
    a_run(lake)
    assert lake.unfinished().all() == []
    assert page_of(lake) == PAGE


def test_a_part_of_the_day_does_not_make_it_whole(lake):
    write(a_run(lake), *BOOK)
    write(a_run(lake, ("risk_measures", "daily_report"), "second"), "risk_measures", "daily_report")
    (mark,) = lake.unfinished().all()
    assert set(mark.left) >= set(BOOK)
    assert b"is not through" in page_of(lake), "the page that was drawn meanwhile says so too"


def test_a_part_alone_of_a_whole_day_leaves_it_whole(lake):
    write(a_run(lake, ("risk_measures",)), "risk_measures")
    assert lake.unfinished().all() == []


def test_forecasts_that_another_run_goes_on_from_leave_the_day_marked(lake):
    write(a_run(lake, ("price_forecasts",), following=following("forecasts")), "price_forecasts")
    (mark,) = lake.unfinished().all()
    assert "positions" in mark.left
    assert "price_forecasts" not in mark.left
    chain = [*(name for name, contract in TABLES.items() if contract.flow == "decide" and name != "price_forecasts"), "daily_report"]
    write(a_run(lake, chain, "second"), *chain)
    assert lake.unfinished().all() == []


def test_three_parts_of_a_day_leave_it_marked_until_the_last_and_none_of_them_counts_as_unfinished(lake):
    parts = {part: [n for n, t in TABLES.items() if t.flow == "decide" and part_of(dg.AssetKey(n)) == part] for part in IN_ORDER}
    for part, names in parts.items():
        own = [*names, *(["runs", "daily_report"] if part == "reports" else [])]
        write(a_run(lake, own, part, following=following(part)), *own)
        assert [mark.run_id for mark in lake.unfinished().all()] == ([] if part == "reports" else [part])
        assert [mark.is_through for mark in lake.unfinished().all()] == ([] if part == "reports" else [True])
    assert lake.read("runs", DAY, DAY, missing="skip").height == 0  # no row says of a run that did its part that it did not get through


def test_a_part_that_is_killed_counts_as_unfinished(lake):
    own = [n for n, t in TABLES.items() if t.flow == "decide" and part_of(dg.AssetKey(n)) == "chain"]
    write(a_run(lake, own, "killed", following=following("chain")), *own[:-1])
    write(a_run(lake, own, "second", following=following("chain")), *own)
    assert lake.read("runs", DAY, DAY)["run_id"].to_list() == ["killed"]


def test_a_run_that_goes_on_from_a_killed_one_needs_only_what_is_left(lake):
    write(a_run(lake), *DECIDE[:3])
    write(a_run(lake, DECIDE[3:], "second", parent="first"), *DECIDE[3:])
    assert lake.unfinished().all() == []


def test_a_retry_that_only_draws_the_page_takes_the_mark_away(lake):
    write(a_run(lake), *DECIDE[:-1])
    other = WholeDays(lake, "second", BEGAN, {"decide": frozenset({"daily_report"})}, parent="first")
    write(other, "daily_report")
    assert lake.unfinished().all() == []


def test_settlement_takes_its_own_words_from_the_page(lake):
    assets = ("pnl_day_ahead",)
    whole = a_run(lake, assets)
    whole.begun(DAY, assets)
    assert b"A run of settle_da" in page_of(lake)
    whole.written(DAY, assets)
    assert page_of(lake) == PAGE


def test_the_runs_table_is_told_of_runs_that_are_gone_and_of_no_other(lake):
    write(a_run(lake), "positions")
    ((day, (row,)),) = unfinished_runs(lake, own_run="second").items()
    assert (day, row["run_flow"], row["run_id"], row["state"], row["recorded_at"]) == (DAY, "decide", "first", "unfinished", BEGAN)
    assert table("runs").frame([row]).height == 1
    assert unfinished_runs(lake, own_run="first") == {}
    with lease.take(lake.storage, [(DAY, "decide")], "run first, process 1"):
        assert unfinished_runs(lake, own_run="second") == {}


ABOUT = b'{"run_id": "first", "began": "2026-03-28T10:00:00+00:00", "left": [], "about": "me"}'


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"run_id": "first"}', b'{"run_id": "first", "began": "soon", "left": [], "about": {}}', ABOUT])
def test_a_mark_that_cannot_be_read_marks_its_day_all_the_same(lake, text):
    lake.storage.write_bytes(f"{FOLDER}/{DAY}.decide.json", text)
    for stray in ("notes.json", "2026-02-30.decide.json"):
        lake.storage.write_bytes(f"{FOLDER}/{stray}", b"no mark")
    (mark,) = lake.unfinished().all()
    assert str(mark) == "2026-03-29, decide: a run began this day, and its mark cannot be read -> energy-pipeline run 2026-03-29 --again"
    write(a_run(lake), *DECIDE)
    assert lake.unfinished().all() == []
    assert [row["run_id"] for row in lake.read("runs", DAY, DAY).to_dicts()] == ["unknown"]


def test_a_day_has_one_writer_and_a_killed_one_keeps_nobody_waiting(tmp_path):
    program = (
        "import sys, time; from datetime import date; from energy_pipeline.lake import Lake, lease\n"
        "held = lease.take(Lake(sys.argv[1]).storage, [(date(2026, 3, 29), 'decide')], 'run first, process 1')\n"
        "print('held', flush=True); time.sleep(600)"
    )
    storage, told = Lake(tmp_path).storage, []
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(lease.DayTakenError, match=r"2026-03-29, decide: run first, process 1 writes this day -> .*lease ends with it"):
            lease.take(storage, [(DAY, "decide")], "run second, process 2", told.append, patience_seconds=0.5)
        assert len(told) == 1
        lease.take(storage, [(DAY, "settle_da"), (date(2026, 3, 30), "decide")], "run second, process 2").__exit__(None, None, None)
        other.kill()
        other.wait(60)
    lease.take(storage, [(DAY, "decide")], "run second, process 2").__exit__(None, None, None)


def test_nobody_waits_for_himself(tmp_path):
    storage = Lake(tmp_path).storage
    with (
        lease.take(storage, [(DAY, "decide")], "run first, process 1"),
        pytest.raises(lease.DayTakenError),
    ):
        lease.take(storage, [(DAY, "decide")], "run second, process 1")
