"""The lake on a real S3 server on loopback: the same reads and writes as in a folder."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import httpx
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from energy_pipeline.cli import pages
from energy_pipeline.cli.main import app
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.information.artefacts import Bundle
from energy_pipeline.lake import Lake, LakeError, layout, lease, s3_condition
from energy_pipeline.lake.parquet import part_of
from energy_pipeline.settings import Settings
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline_tests import servers
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.lake.days import DAY, MONTH, days, prices, stresses, submitted_in_pairs
from energy_pipeline_tests.warehouse import sql_models


@pytest.fixture(scope="module")
def variables(tmp_path_factory):
    with servers.s3(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
def lake(variables, monkeypatch, request):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    lake = Lake(f"s3://tests/{request.node.name}")
    lake.storage.write_bytes("probe.bin", b"1")
    return lake


def test_the_same_lake_as_in_a_folder(lake, tmp_path):
    local = Lake(tmp_path)
    for store in (lake, local):
        for i, day in enumerate(days(5)):
            store.write_day("stress_results", day, stresses(day, float(i)))
            store.add_vintage("day_ahead_prices", day, prices(day))
        store.add_vintage("day_ahead_prices", days(1)[0], prices(days(1)[0], 9.0, known_hours_later=40))
        assert store.add_vintage("day_ahead_prices", days(1)[0], prices(days(1)[0])) is None
        store.write_day("stress_results", days(1)[0], stresses(days(1)[0], 7.0))
    window = (MONTH, days(6)[-1], "skip")
    for name in ("stress_results", "day_ahead_prices"):
        assert_frame_equal(lake.read(name, *window), local.read(name, *window))
        assert lake.days(name) == local.days(name) == days(5)
        assert lake.manifest(name) == local.manifest(name)
        assert lake.compact(name, MONTH) == local.compact(name, MONTH)
        assert_frame_equal(lake.read(name, *window), local.read(name, *window))
        assert lake.manifest(name) == local.manifest(name)
    assert [f for f in lake.storage.files("") if "date=" in f] == []


def test_decisions_nominations_files_and_artefacts(lake):
    for seed in (1, 1, 2):
        lake.write_day("positions", DAY, legal_day(table("positions"), DAY, 8, seed))
    assert len(lake.versions("positions", DAY)) == 2
    assert [lake.submit(DAY, data).rsplit("/", 1)[1][:4] for data in (b"a", b"a", b"b")] == ["0001", "0001", "0002"]
    assert lake.write_file("report", DAY, "report.html", b"<html>").startswith("s3://")
    store, today = lake.artefacts(), Bundle("FR", DAY)
    assert store.get(today, "xgboost", "k") is None
    store.put(today, "xgboost", "k", b"model" * 2_000_000)  # more than one part of an upload
    store.flush()
    assert lake.artefacts().get(today, "xgboost", "k") == b"model" * 2_000_000


def test_of_two_submissions_at_once_each_has_its_own_number_here_too(lake):
    assert submitted_in_pairs(lake, 8) == [["0001", "0002"]] * 8
    assert not lake.storage.create_bytes("probe.bin", b"2")
    assert lake.storage.read_bytes("probe.bin") == b"1"


def test_conditional_puts_share_one_client(lake, monkeypatch):
    """Making one cost twenty times the put, and each lease makes one."""
    made, client = [], httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **given: made.append(client(**given)) or made[-1])
    monkeypatch.setattr(s3_condition, "_client", cache(s3_condition._client.__wrapped__))
    assert [lake.storage.create_bytes(f"own/{n % 3}", b"1") for n in range(5)] == [True, True, True, False, False]
    assert len(made) == 1
    made[0].close()


def test_a_lease_on_s3_has_one_holder_is_left_and_runs_out_with_its_holder(lake):
    storage, path = lake.storage, "10_reporting/_leases/.2019-03-30.decide"
    with storage.hold(path, "run first, process 1"):
        assert storage.hold(path, "run second, process 2") is None
        assert storage.holder(path) == "run first, process 1"
        assert lease.is_held(storage, DAY, "decide")
    assert not lease.is_held(storage, DAY, "decide")
    storage.write_bytes(f"{path}.00000007", json.dumps({"holder": "run dead, process 3", "until": time.time() - 1}).encode())
    start = threading.Barrier(3)

    def hold(number):
        start.wait()
        return storage.hold(path, f"run {number}, process {number}")

    with ThreadPoolExecutor(3) as pool:
        found = [taken for taken in pool.map(hold, range(3)) if taken is not None]
    assert len(found) == 1
    assert storage.numbered(path) == [f"{path}.00000008"]
    found[0].__exit__(None, None, None)
    assert storage.numbered(path) == []


def test_a_day_that_a_run_writes_is_not_merged_here_and_two_merges_take_turns(lake):
    """Or the merge would delete a day file that was written after it was read: writers hold no guard on S3."""
    for n, day in enumerate(days(3)):
        lake.write_day("stress_results", day, stresses(day, float(n)))
    run = lease.take(lake.storage, [(days(3)[1], "decide")], "run first, process 1")
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda _: lake.compact("stress_results", MONTH), range(2))) == [0, 2]
    lake.write_day("stress_results", days(3)[1], stresses(days(3)[1], 8.0))
    assert [path for path in lake.storage.files("09_risk/stress_results") if "date=" in path] == [layout.part_path("stress_results", days(3)[1])]
    with run:
        assert lake.compact("stress_results", MONTH) == 0
    assert lake.compact("stress_results", MONTH) == 1
    written = lake.manifest("stress_results")[days(3)[1]].sha256
    assert written == part_of(enforce(table("stress_results"), stresses(days(3)[1], 8.0), days(3)[1]), days(3)[1]).sha256
    assert lake.storage.numbered("10_reporting/_leases/.2019-03-02.decide") == []


def test_the_command_line_finds_a_page_in_the_bucket(lake, monkeypatch):
    settings = Settings(desk=TINY, lake=lake.root)
    assert pages.report_path(settings, DAY) is None
    lake.write_file("report", DAY, "report.html", b"<html>page</html>")
    assert pages.report_path(settings, DAY) == f"{lake.root}/10_reporting/report/date=2019-03-30/report.html"
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    found = CliRunner().invoke(app, ["report", "2019-03-30", "--open", "--desk", str(TINY), "--lake", lake.root])
    assert found.exit_code == 0, found.output
    copy = Path(opened[0].removeprefix("file://"))
    assert copy.read_bytes() == b"<html>page</html>"
    copy.unlink()


def test_errors_are_those_of_a_folder(lake):
    lake.storage.write_bytes("09_risk/stress_results/date=2019-03-30/part.parquet", b"rubbish")
    with pytest.raises(LakeError, match="date=2019-03-30"):
        lake.read("stress_results", DAY, DAY)
    with pytest.raises(FileNotFoundError):
        lake.storage.read_bytes("nowhere")
    lake.storage.delete("nowhere")
    assert not lake.storage.exists("nowhere")


def test_the_warehouse_is_published_from_s3(lake, tmp_path):
    for day in days(3):
        lake.add_vintage("day_ahead_prices", day, prices(day))
        lake.write_day("stress_results", day, stresses(day))
    report = warehouse.publish(lake, tmp_path / "w.duckdb", Path("unused"), days(3), project=sql_models.project())
    assert report.rows == {"prices": 72, "daily": 3, "stress_results": 6}
    assert isinstance(lake.read("stress_results", *days(3)[::2]), pl.DataFrame)
