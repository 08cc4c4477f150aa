"""Merging a month changes files, never what a reader reads: before, during, after, or killed half-way."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import table
from energy_pipeline.lake import Lake
from energy_pipeline.lake.storage import LocalStorage
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.lake.days import DAY, MONTH, Interrupted, WatchedStorage, days, prices, stresses

FIRST, LAST = MONTH - timedelta(days=1), date(2019, 4, 1)


def filled(root) -> Lake:
    """A month with gaps, corrections, an empty day, and neighbours in other months."""
    lake = Lake(root)
    for day in (FIRST, *days(3), DAY, LAST):
        lake.write_day("stress_results", day, stresses(day) if day.day != 3 else stresses(day)[:0])
        lake.add_vintage("day_ahead_prices", day, prices(day))
    lake.add_vintage("day_ahead_prices", DAY, prices(DAY, 60.0, range(3), known_hours_later=40))
    lake.add_vintage("day_ahead_prices", DAY, prices(DAY, 40.0, range(6)))  # again, in another cut
    return lake


def seen(lake: Lake):
    """All a reader can ask for: rows, days, hashes."""
    return {
        name: (
            lake.read(name, FIRST, LAST, missing="skip"),
            lake.read(name, DAY, DAY),
            lake.days(name),
            {day: record.sha256 for day, record in lake.manifest(name).items()},
            lake.manifest(name, DAY, DAY)[DAY].sha256,
        )
        for name in ("stress_results", "day_ahead_prices")
    }


def assert_same(found, expected):
    for name in expected:
        assert_frame_equal(found[name][0], expected[name][0])
        assert_frame_equal(found[name][1], expected[name][1])
        assert found[name][2:] == expected[name][2:]


def test_readers_see_the_same_and_the_day_files_are_gone(tmp_path):
    lake = filled(tmp_path)
    before = seen(lake)
    assert lake.compact("stress_results", MONTH) == 4
    assert lake.compact("day_ahead_prices", DAY) == 6
    assert_same(seen(lake), before)
    left = [p for p in lake.storage.files("09_risk/stress_results") if "2019-03" in p]
    assert left == ["09_risk/stress_results/month=2019-03/part.parquet"]
    assert lake.compact("stress_results", MONTH) == 0
    assert_same(seen(lake), before)


def test_a_day_written_after_the_merge_wins_or_adds_and_survives_the_next_merge(tmp_path):
    lake = filled(tmp_path)
    for name in ("stress_results", "day_ahead_prices"):
        lake.compact(name, MONTH)
    lake.write_day("stress_results", DAY, stresses(DAY, 9.0))
    assert lake.add_vintage("day_ahead_prices", DAY, prices(DAY)) is None  # the vintage is in the month already
    assert lake.add_vintage("day_ahead_prices", DAY, prices(DAY, 70.0, known_hours_later=50)) is not None
    after = seen(lake)
    assert_frame_equal(after["stress_results"][1], stresses(DAY, 9.0))
    assert after["day_ahead_prices"][1].height == 24 + 3 + 24
    for name in ("stress_results", "day_ahead_prices"):
        assert lake.compact(name, MONTH) == 1
    assert_same(seen(lake), after)


def merge_dying_at(root, step: int) -> bool:
    """Merge both tables, killed at the n-th operation; False when the merge needed fewer."""
    count = 0

    def before(operation, path):
        nonlocal count
        count += 1
        if count == step:
            raise Interrupted(f"{operation} {path}")

    lake = Lake(root, WatchedStorage(Path(root), before))
    try:
        for name in ("stress_results", "day_ahead_prices"):
            lake.compact(name, MONTH)
    except Interrupted:
        return True
    return False


def test_killed_at_any_step_nothing_changes_and_the_next_merge_finishes(tmp_path):
    expected = seen(filled(tmp_path / "whole"))
    step, died = 0, True
    while died:
        step += 1
        root = tmp_path / f"step{step}"
        lake = filled(root)
        died = merge_dying_at(root, step)
        assert_same(seen(lake), expected)
        lake.compact("stress_results", MONTH)
        lake.compact("day_ahead_prices", MONTH)
        assert_same(seen(lake), expected)
        assert not any("date=2019-03" in p for p in lake.storage.files("01_ingestion/day_ahead_prices"))
    assert step > 20


def test_a_reader_between_any_two_steps_of_a_merge_sees_the_same(tmp_path):
    reader = filled(tmp_path)
    expected = seen(reader)
    looks = 0

    def look(operation, path):
        nonlocal looks
        if operation in ("write", "delete"):
            looks += 1
            assert_same(seen(reader), expected)

    merging = Lake(tmp_path, WatchedStorage(tmp_path, look))
    for name in ("stress_results", "day_ahead_prices"):
        merging.compact(name, MONTH)
    assert looks == 2 + 4 + 6


@settings(max_examples=15, deadline=None)
@given(step=st.integers(1, 80))
def test_a_merge_between_any_two_steps_of_a_reader_goes_unnoticed(step):
    with tempfile.TemporaryDirectory() as root:
        other = filled(root)
        expected = seen(other)
        count = 0

        def before(operation, path):
            nonlocal count
            count += 1
            if count == step:
                other.compact("stress_results", MONTH)
                other.compact("day_ahead_prices", MONTH)

        assert_same(seen(Lake(root, WatchedStorage(Path(root), before))), expected)


@settings(max_examples=15, deadline=None)
@given(
    name=st.sampled_from(["positions", "price_features", "load_actual", "runs"]),
    writes=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.booleans()), min_size=1, max_size=12),
)
def test_any_history_of_writes_and_merges_reads_as_without_merges(name, writes):
    contract = table(name)
    with tempfile.TemporaryDirectory() as merged, tempfile.TemporaryDirectory() as plain:
        for offset, seed, merge in writes:
            day = MONTH + timedelta(days=offset)
            frame = legal_day(contract, day, 6, seed)
            for lake in (Lake(merged), Lake(plain)):
                if contract.vintages:
                    lake.add_vintage(name, day, frame)
                else:
                    lake.write_day(name, day, frame)
            if merge:
                Lake(merged).compact(name, MONTH)
        window = (MONTH, MONTH + timedelta(days=6), "skip")
        assert_frame_equal(Lake(merged).read(name, *window), Lake(plain).read(name, *window))
        assert {d: r.sha256 for d, r in Lake(merged).manifest(name).items()} == {d: r.sha256 for d, r in Lake(plain).manifest(name).items()}
        assert Lake(merged).days(name) == Lake(plain).days(name)


def test_no_write_is_lost_while_months_are_merged_over_and_over(tmp_path):
    lake = Lake(tmp_path)
    wrong: list[str] = []
    done = threading.Event()

    def write():
        for version in range(40):
            lake.write_day("stress_results", DAY, stresses(DAY, float(version)))
            if (found := Lake(tmp_path).read("stress_results", DAY, DAY)["pnl_eur"][0]) != version:
                wrong.append(f"wrote {version}, read {found}")
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        Lake(tmp_path).compact("stress_results", MONTH)
    writer.join()
    assert wrong == []


DIE_WHILE_WRITING = """
import os, sys
from energy_pipeline.lake import storage
from energy_pipeline.lake.storage import LocalStorage
from pathlib import Path
os.replace = lambda *_: os.kill(os.getpid(), 9)
LocalStorage(Path(sys.argv[1])).write_bytes("09_risk/stress_results/date=2019-03-02/part.parquet", b"half", durable=True)
"""


def test_a_killed_writer_leaves_nothing_a_reader_sees_and_the_merge_sweeps_it(tmp_path):
    lake = Lake(tmp_path)
    lake.write_day("stress_results", DAY, stresses(DAY))
    killed = subprocess.run([sys.executable, "-c", DIE_WHILE_WRITING, str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert len(list(tmp_path.rglob("*.tmp"))) == 1
    assert lake.days("stress_results") == [DAY]
    lake.compact("stress_results", MONTH)
    assert list(tmp_path.rglob("*.tmp")) == []
    assert lake.days("stress_results") == [DAY]


def test_the_guard_lets_writers_in_together_and_maintenance_alone(tmp_path):
    entered = threading.Event()
    storage = LocalStorage(tmp_path)

    def maintain():
        with storage.guard("t", exclusive=True):
            entered.set()

    with storage.guard("t", exclusive=False), storage.guard("t", exclusive=False):
        thread = threading.Thread(target=maintain)
        thread.start()
        assert not entered.wait(0.2)
    thread.join(10)
    assert entered.is_set()


@pytest.mark.parametrize("root", ["gs://bucket", "http://host/x"])
def test_other_roots_are_refused(root):
    with pytest.raises(ValueError, match="local folder or s3"):
        Lake(root)


def test_a_history_in_one_file_is_the_same_days(tmp_path):
    frames = {day: prices(day, 30.0 + day.day) for day in days(5)}
    one, many = Lake(tmp_path / "one"), Lake(tmp_path / "many")
    assert one.add_history("day_ahead_prices", frames) == {}
    for day, frame in frames.items():
        many.add_vintage("day_ahead_prices", day, frame)
    assert len(one.storage.files("01_ingestion/day_ahead_prices")) == 1
    for lake in (one, many):  # a later vintage, and a day that was not there
        lake.add_vintage("day_ahead_prices", MONTH, prices(MONTH, 60.0, range(3), known_hours_later=40))
        lake.add_history("day_ahead_prices", {DAY: prices(DAY), MONTH: frames[MONTH]})
    assert_frame_equal(*(lake.read("day_ahead_prices", MONTH, DAY, missing="skip") for lake in (one, many)))
    assert one.days("day_ahead_prices") == many.days("day_ahead_prices")
    hashes = [{d: r.sha256 for d, r in lake.manifest("day_ahead_prices").items()} for lake in (one, many)]
    assert hashes[0] == hashes[1]


def test_a_broken_day_of_a_history_does_not_hold_back_the_others(tmp_path):
    lake, (first, second) = Lake(tmp_path), days(2)
    failures = lake.add_history("day_ahead_prices", {first: prices(first, 1e7), second: prices(second)})
    assert list(failures) == [first]
    assert "price_eur_mwh" in str(failures[first])
    assert lake.days("day_ahead_prices") == [second]
    with pytest.raises(ValueError, match="one month"):
        lake.add_history("day_ahead_prices", {MONTH: prices(MONTH), FIRST: prices(FIRST)})
