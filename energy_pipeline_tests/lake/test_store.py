"""Days written come back, whole or not at all, whatever files they lie in."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.domain.errors import ContractError, MissingDayError
from energy_pipeline.information.artefacts import Bundle
from energy_pipeline.lake import Lake, LakeError, parquet, storage
from energy_pipeline.lake.errors import DiskError
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.lake.days import DAY, days, prices, stresses, submitted_in_pairs

COMPUTED = sorted(name for name, contract in TABLES.items() if not contract.adds_up)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(COMPUTED), sizes=st.lists(st.integers(1, 30), min_size=1, max_size=3), seed=st.integers(0, 1000))
def test_what_is_written_is_read_back_sorted_day_by_day(name, sizes, seed):
    contract = TABLES[name]
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        frames = [legal_day(contract, day, rows, seed) for day, rows in zip(days(len(sizes)), sizes, strict=True)]
        for day, frame in zip(days(len(sizes)), frames, strict=True):
            record = lake.write_day(name, day, frame)
            assert record.rows == frame.height
            assert lake.manifest(name)[day] == record
        read = lake.read(name, days(1)[0], days(len(sizes))[-1])
        assert_frame_equal(read, pl.concat([f.sort(contract.sort_key) for f in frames]))
        assert lake.days(name) == days(len(sizes))


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 24), max_size=4), order=st.randoms(use_true_random=False), seed=st.integers(0, 1000))
def test_a_raw_day_is_the_same_however_its_rows_arrived(cuts, order, seed):
    whole = legal_day(table("second_prices"), DAY, 24, seed)
    edges = sorted({0, whole.height, *(min(c, whole.height) for c in cuts)})
    pieces = [whole[a:b] for a, b in pairwise(edges)]
    pieces.append(whole[: whole.height // 2])  # some rows arrive twice
    order.shuffle(pieces)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as many:
        Lake(one).add_vintage("second_prices", DAY, whole)
        for piece in pieces:
            Lake(many).add_vintage("second_prices", DAY, piece)
        assert_frame_equal(Lake(many).read("second_prices", DAY, DAY), Lake(one).read("second_prices", DAY, DAY))


def test_the_folder_is_as_documented(lake):
    assert lake.write_day("stress_results", DAY, stresses(DAY)).path == "09_risk/stress_results/date=2019-03-30/part.parquet"
    record = lake.add_vintage("day_ahead_prices", DAY, prices(DAY))
    assert record.path == f"01_ingestion/day_ahead_prices/date=2019-03-30/{record.sha256[:32]}.parquet"
    assert (Path(lake.root) / record.path).is_file()


def test_a_broken_day_is_never_visible(lake):
    with pytest.raises(ContractError):
        lake.write_day("stress_results", DAY, pl.concat([stresses(DAY), stresses(DAY)]))
    with pytest.raises(ContractError):
        lake.add_vintage("day_ahead_prices", DAY, prices(DAY, price=1e6))
    assert lake.days("stress_results") == lake.days("day_ahead_prices") == []


def test_a_broken_rewrite_leaves_the_good_day(lake):
    good = lake.write_day("stress_results", DAY, stresses(DAY))
    with pytest.raises(ContractError):
        lake.write_day("stress_results", DAY, stresses(DAY).drop("stress"))
    assert lake.manifest("stress_results") == {DAY: good}


def test_a_missing_day_is_an_error_or_a_stated_gap(lake):
    for day in days(5):
        if day.day != 3:
            lake.write_day("stress_results", day, stresses(day))
    with pytest.raises(MissingDayError, match="2019-03-03") as caught:
        lake.read("stress_results", days(1)[0], days(5)[-1])
    assert caught.value.days == (date(2019, 3, 3),)
    assert lake.read("stress_results", days(1)[0], days(5)[-1], missing="skip")["delivery_day"].n_unique() == 4
    empty = lake.read("stress_results", date(2020, 1, 1), date(2020, 1, 2), missing="skip")
    assert dict(empty.schema) == table("stress_results").schema


def test_a_day_written_empty_is_not_missing(lake):
    lake.write_day("stress_results", DAY, table("stress_results").frame())
    assert lake.read("stress_results", DAY, DAY).height == 0
    lake.add_vintage("outages", DAY, table("outages").frame())
    assert lake.read("outages", DAY, DAY).height == 0


def test_the_same_vintage_adds_nothing_and_a_correction_adds_a_file(lake):
    first = lake.add_vintage("day_ahead_prices", DAY, prices(DAY))
    assert lake.add_vintage("day_ahead_prices", DAY, prices(DAY).reverse()) is None
    assert lake.add_vintage("day_ahead_prices", DAY, prices(DAY)[:0]) is None
    second = lake.add_vintage("day_ahead_prices", DAY, prices(DAY, 50.0, known_hours_later=30))
    rows = lake.read("day_ahead_prices", DAY, DAY)
    assert rows.height == 48
    assert rows["price_eur_mwh"][:2].to_list() == [40.0, 50.0]
    record = lake.manifest("day_ahead_prices")[DAY]
    assert record.sha256 == hashlib.sha256("".join(sorted([first.sha256, second.sha256])).encode()).hexdigest()
    assert record.rows == 48


def test_raw_and_computed_tables_are_not_mixed_up(lake):
    with pytest.raises(ValueError, match="add_vintage"):
        lake.write_day("day_ahead_prices", DAY, prices(DAY))
    with pytest.raises(ValueError, match="write_day"):
        lake.add_vintage("stress_results", DAY, stresses(DAY))
    with pytest.raises(KeyError, match="no table 'nonsense'"):
        lake.days("nonsense")


def test_a_decision_is_superseded_never_overwritten(lake):
    contract = table("positions")
    first, second = (legal_day(contract, DAY, 10, seed) for seed in (1, 2))
    for frame in (first, first, second, second, first):
        lake.write_day("positions", DAY, frame)
    kept = [lake.read_version("positions", path) for path in lake.versions("positions", DAY)]
    for found, expected in zip(kept, (first, second, first), strict=True):
        assert_frame_equal(found, expected.sort(contract.sort_key))
    assert_frame_equal(lake.read("positions", DAY, DAY), first.sort(contract.sort_key))
    assert lake.days("positions") == [DAY]


def test_nominations_are_numbered_and_kept(lake):
    paths = [lake.submit(DAY, data) for data in (b"a", b"a", b"b", b"a")]
    assert [Path(p).name[:5] for p in paths] == ["0001-", "0001-", "0002-", "0003-"]
    assert [Path(p).read_bytes() for p in paths] == [b"a", b"a", b"b", b"a"]
    assert len(lake.nominations(DAY)) == 3


def test_of_two_submissions_at_once_each_has_its_own_number(lake):
    assert submitted_in_pairs(lake, 40) == [["0001", "0002"]] * 40


def test_a_number_claimed_by_a_writer_that_died_is_nobodys_but_its_contents(lake):
    lake.submit(DAY, b"a")
    folder = lake.nominations(DAY)[0].rpartition("/")[0]
    lake.storage.create_bytes(f"{folder}/.0002", hashlib.sha256(b"b").hexdigest()[:8].encode())
    assert lake.submit(DAY, b"c")[-17:-12] == "0003-"
    assert lake.submit(DAY + timedelta(days=1), b"a")[-17:-12] == "0001-"
    lake.storage.create_bytes(f"{folder}/.0004", hashlib.sha256(b"d").hexdigest()[:8].encode())
    assert lake.submit(DAY, b"d")[-17:-12] == "0004-", "the same content takes up its own claim"


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no space left.*make room"), (errno.EROFS, "read-only.*choose another lake")])
def test_a_disk_that_takes_nothing_is_told_with_table_day_and_next_step(lake, monkeypatch, number, words):
    lake.write_day("stress_results", DAY, stresses(DAY))
    before = lake.manifest("stress_results")

    def refuse(*_arguments, **_named):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(storage, "_write", refuse)
    for write in (
        lambda: lake.write_day("stress_results", DAY, stresses(DAY, 2.0)),
        lambda: lake.submit(DAY, b"a"),
        lambda: lake.add_vintage("day_ahead_prices", DAY, prices(DAY)),
    ):
        with pytest.raises(DiskError, match=f"(?i)table (stress_results|nominations|day_ahead_prices), day 2019-03-30: not written, {words}"):
            write()
    monkeypatch.undo()
    assert lake.manifest("stress_results") == before


def test_runs_of_several_flows_add_up(lake):
    frames = [legal_day(table("runs"), DAY, 1, seed) for seed in (1, 2)]
    for frame in frames:
        lake.write_day("runs", DAY, frame)
    assert_frame_equal(lake.read("runs", DAY, DAY), pl.concat(frames).sort(table("runs").sort_key), check_row_order=False)


def test_files_beside_a_day(lake):
    where = lake.write_file("report", DAY, "report.html", b"<html>")
    assert where.endswith("10_reporting/report/date=2019-03-30/report.html")
    assert Path(where).read_bytes() == lake.read_file("report", DAY, "report.html") == b"<html>"
    for name in ("../up", ".hidden", "part.parquet"):
        with pytest.raises(ValueError, match=r"plain file name|Parquet files"):
            lake.write_file("report", DAY, name, b"")


def test_artefacts_come_back_by_key(lake):
    store, today = lake.artefacts(), Bundle("FR", DAY)
    assert store.get(today, "xgboost", "k1") is None
    store.put(today, "xgboost", "k1", b"one")
    assert store.get(today, "xgboost", "k1") == b"one"
    assert store.flush() == 1
    other = Lake(lake.root).artefacts()
    assert other.get(today, "xgboost", "k1") == b"one"
    other.put(today, "lear_56", "k2", b"two")
    other.put(today, "xgboost", "k1", b"one")
    assert (other.flush(), other.flush()) == (1, 0)
    assert [store.get(today, *name) for name in (("xgboost", "k1"), ("lear_56", "k2"))] == [b"one", b"two"]
    with pytest.raises(ValueError, match="plain file name"):
        store.put(Bundle("../k", DAY), "xgboost", "k1", b"")


def test_a_damaged_file_of_artefacts_is_as_good_as_none(lake):
    store, today = lake.artefacts(), Bundle("FR", DAY)
    store.put(today, "xgboost", "k1", b"one")
    store.flush()
    (path,) = Path(lake.root).glob("*/_artefacts/FR/*.bin")
    path.write_bytes(path.read_bytes()[:-1] + b"E")
    assert lake.artefacts().get(today, "xgboost", "k1") is None


def test_a_damaged_file_is_named(lake):
    record = lake.write_day("stress_results", DAY, stresses(DAY))
    path = Path(lake.root) / record.path
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(LakeError, match=r"date=2019-03-30/part\.parquet"):
        lake.read("stress_results", DAY, DAY)
    with pytest.raises(LakeError, match=r"date=2019-03-30/part\.parquet"):
        lake.manifest("stress_results")
    stresses(DAY).drop("stress").write_parquet(path)
    with pytest.raises(LakeError, match="was not written by this lake: its footer lists no parts"):
        lake.read("stress_results", DAY, DAY)


def test_a_failed_write_leaves_no_trace(lake, monkeypatch):
    lake.write_day("stress_results", DAY, stresses(DAY, 1.0))

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError, match="disk full"):
        lake.write_day("stress_results", DAY, stresses(DAY, 2.0))
    monkeypatch.undo()
    assert_frame_equal(lake.read("stress_results", DAY, DAY), stresses(DAY, 1.0))
    assert [p.name for p in (Path(lake.root) / "09_risk/stress_results/date=2019-03-30").iterdir()] == ["part.parquet"]


WRITE_IN_ANOTHER_PROCESS = """
import sys
from datetime import date
from energy_pipeline.contracts import table
from energy_pipeline.lake import Lake
from energy_pipeline_tests.contracts.legal_frames import legal_day
frame = legal_day(table("scenario_paths"), date(2019, 3, 31), 70_000, 5)
Lake(sys.argv[1]).write_day("scenario_paths", date(2019, 3, 31), frame.sample(fraction=1.0, shuffle=True, seed=int(sys.argv[2])))
"""


def test_the_same_rows_give_the_same_bytes_in_another_process(tmp_path):
    digests = set()
    for number in ("1", "2"):
        environment = {"POLARS_MAX_THREADS": number, "PYTHONHASHSEED": number, "PATH": ""}
        subprocess.run([sys.executable, "-c", WRITE_IN_ANOTHER_PROCESS, str(tmp_path / number), number], check=True, env=environment)
        digests.add(hashlib.sha256((tmp_path / number / "05_scenarios/scenario_paths/date=2019-03-31/part.parquet").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_many_writers_of_different_days_at_once(lake):
    wanted = days(16)
    errors = []

    def write(mine):
        try:
            for day in mine:
                lake.write_day("stress_results", day, stresses(day))
                lake.add_vintage("day_ahead_prices", day, prices(day))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(wanted[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert lake.days("stress_results") == lake.days("day_ahead_prices") == wanted
    assert lake.read("day_ahead_prices", wanted[0], wanted[-1]).height == 16 * 24


def test_the_order_of_days_comes_before_the_key(lake):
    for day in reversed(days(3)):
        lake.write_day("stress_results", day, stresses(day))
    read = lake.read("stress_results", days(1)[0], days(1)[0] + timedelta(days=2))
    assert read["delivery_day"].to_list() == [d for d in days(3) for _ in range(2)]


@pytest.mark.parametrize("rows", [0, 1, 24])
def test_the_hash_of_short_columns_is_that_of_long_ones(monkeypatch, rows):
    frame = pl.DataFrame(
        {
            "day": pl.Series([date(2024, 1, 1)] * rows, dtype=pl.Date),
            "at": pl.Series(range(rows), dtype=pl.Int64).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "text": pl.Series(["aé", "", "ccc"] * (rows // 3) + ["x"] * (rows % 3), dtype=pl.String),
            "x": pl.Series([0.5 * i for i in range(rows)], dtype=pl.Float64),
            "n": pl.Series(range(rows), dtype=pl.Int32),
            "flag": pl.Series([i % 2 == 0 for i in range(rows)], dtype=pl.Boolean),
        }
    )
    holes = frame.with_columns(pl.when(pl.int_range(pl.len()) % 3 == 0).then(None).otherwise(pl.all()).name.keep())
    quick = [parquet.content_sha256(f) for f in (frame, holes)]
    monkeypatch.setattr(parquet, "_plain_bytes", lambda _: None)
    monkeypatch.setattr(parquet, "SHORT", -1)
    assert [parquet.content_sha256(f) for f in (frame, holes)] == quick
