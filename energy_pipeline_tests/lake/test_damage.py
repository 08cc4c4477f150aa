"""Every reading compares day, schema version and all bytes: what was changed on the disk is never read as numbers."""

import io
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.lake import DamagedFileError, Lake, LakeError, MisplacedFileError, checksum, layout, parquet
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.lake.days import DAY, days, prices, stresses

FLIPS = 60
NEXT_DAY = days(2, DAY)[1]


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def written(lake, name, day=DAY):
    """A legal day of any table in the lake; where its file is."""
    contract = table(name)
    frame = contract.frame(legal_day(contract, day))
    record = lake.add_vintage(name, day, frame) if contract.vintages else lake.write_day(name, day, frame)
    return Path(lake.root) / record.path


def as_before_checksums(data):
    """The bytes of a file with the same rows and parts, as they were written before there were checksums."""
    metadata = {k: v for k, v in pl.read_parquet_metadata(io.BytesIO(data)).items() if k in (parquet.FOOTER_KEY, parquet.VERSION_KEY)}
    old = io.BytesIO()
    pl.read_parquet(io.BytesIO(data)).write_parquet(old, compression="zstd", metadata=metadata)
    return old.getvalue()


@pytest.mark.parametrize("name", ["price_forecasts", "scenario_paths", "positions", "risk_measures", "day_ahead_prices"])
def test_a_flipped_bit_anywhere_is_told_or_changes_nothing_that_is_read(lake, name):
    path, chance = written(lake, name), random.Random(name)  # noqa: S311 - a drawn place, no secret
    good, expected, told = path.read_bytes(), lake.read(name, DAY, DAY), 0
    for _ in range(FLIPS):
        at, bit = chance.randrange(len(good)), chance.randrange(8)
        path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
        try:
            assert_frame_equal(lake.read(name, DAY, DAY), expected)
        except LakeError as error:
            told += 1
            assert all(part in str(error) for part in (f"table {name}, day {DAY}, file ", " -> "))  # noqa: PT017 - one of two outcomes
    in_key_name = len(checksum.KEY) + 2
    assert told >= FLIPS - 5, f"only a flip in the {in_key_name} bytes of the checksum's own name may pass, and it changes no row"


def test_every_single_flip_of_a_small_file_is_told_or_changes_nothing(lake):
    path = written(lake, "stress_results")
    good, expected = path.read_bytes(), lake.read("stress_results", DAY, DAY)
    quiet = 0
    for at in range(len(good)):
        data = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        try:
            found = parquet.decode(data, table("stress_results"), layout.part_path("stress_results", DAY))
        except LakeError:
            continue
        quiet += 1
        assert_frame_equal(found, expected)
    assert quiet <= len(checksum.KEY) + 2


@pytest.mark.parametrize("name", ["positions", "day_ahead_prices"])
@pytest.mark.parametrize("left", [0, 3, 11, 500, -1])
def test_a_truncated_file_is_told(lake, name, left):
    path = written(lake, name)
    path.write_bytes(path.read_bytes()[:left])
    for look in (lambda: lake.read(name, DAY, DAY), lambda: lake.manifest(name)):
        with pytest.raises(DamagedFileError, match=f"table {name}, day {DAY}, file .*cut off"):
            look()


def test_another_days_file_is_refused(lake):
    for name in ("positions", "day_ahead_prices"):
        here, other = written(lake, name), written(lake, name, NEXT_DAY)
        shutil.copy(here, other)
        with pytest.raises(MisplacedFileError, match=f"day {NEXT_DAY}, .*holds {DAY}, its folder is of {NEXT_DAY}"):
            lake.read(name, NEXT_DAY, NEXT_DAY)
        with pytest.raises(MisplacedFileError):
            lake.manifest(name)


def test_a_month_of_another_month_is_refused(lake):
    lake.write_day("stress_results", DAY, stresses(DAY))
    lake.compact("stress_results", DAY)
    path = Path(lake.root) / layout.month_path("stress_results", DAY)
    other = Path(lake.root) / layout.month_path("stress_results", DAY.replace(month=5))
    other.parent.mkdir(parents=True)
    shutil.copy(path, other)
    with pytest.raises(MisplacedFileError, match=r"month 2019-05, .*holds 2019-03-30"):
        lake.read("stress_results", DAY.replace(month=5), DAY.replace(month=5))


def test_a_raw_vintage_whose_content_is_not_its_names_is_refused(lake):
    first = Path(lake.root) / lake.add_vintage("day_ahead_prices", DAY, prices(DAY)).path
    second = Path(lake.root) / lake.add_vintage("day_ahead_prices", DAY, prices(DAY, price=50.0, known_hours_later=1)).path
    shutil.copy(first, second)
    with pytest.raises(MisplacedFileError, match="another file was put under this name") as error:
        lake.read("day_ahead_prices", DAY, DAY)
    assert "keep it" in str(error.value)
    assert "delete" not in str(error.value)


def test_a_version_of_a_decision_whose_content_is_not_its_names_is_refused(lake):
    for seed in (1, 2):
        lake.write_day("positions", DAY, table("positions").frame(legal_day(table("positions"), DAY, seed=seed)))
    first, second = lake.versions("positions", DAY)
    shutil.copy(Path(lake.root) / first, Path(lake.root) / second)
    assert lake.read_version("positions", first).height
    with pytest.raises(MisplacedFileError):
        lake.read_version("positions", second)


@pytest.mark.parametrize("name", ["day_ahead_prices", "weather_observed", "plant_meters"])
def test_no_message_advises_to_delete_a_raw_vintage(lake, name):
    path = written(lake, name)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedFileError) as error:
        lake.read(name, DAY, DAY)
    assert "delete" not in str(error.value)
    assert "keep it" in str(error.value)


@pytest.mark.parametrize("name", ["positions", "day_ahead_prices"])
def test_a_day_from_before_there_were_checksums_is_read_and_its_content_compared(lake, name):
    path = written(lake, name)
    expected, old = lake.read(name, DAY, DAY), as_before_checksums(path.read_bytes())
    path.write_bytes(old)
    assert checksum.KEY not in pl.read_parquet_metadata(path)
    assert_frame_equal(lake.read(name, DAY, DAY), expected)
    contract, where = table(name), path.relative_to(lake.root).as_posix()
    quiet = 0
    for at in range(4, len(old) - 8, 7):
        try:
            found = parquet.decode(old[:at] + bytes([old[at] ^ 4]) + old[at + 1 :], contract, where)
        except LakeError:
            continue
        quiet += 1
        assert_frame_equal(found, expected)
    assert quiet, "statistics and names of writers may change without a row changing"


def test_a_month_from_before_there_were_checksums_is_read_and_gets_one_when_merged_again(lake):
    lake.write_day("stress_results", DAY, stresses(DAY))
    lake.compact("stress_results", DAY)
    path, expected = Path(lake.root) / layout.month_path("stress_results", DAY), lake.read("stress_results", DAY, DAY)
    path.write_bytes(as_before_checksums(path.read_bytes()))
    assert_frame_equal(lake.read("stress_results", DAY, DAY), expected)
    lake.write_day("stress_results", NEXT_DAY, stresses(NEXT_DAY))
    lake.compact("stress_results", DAY)
    assert checksum.KEY in pl.read_parquet_metadata(path)


def test_the_checksum_depends_on_the_frame_only():
    contract = table("positions")
    frame = enforce(contract, contract.frame(legal_day(contract, DAY)), DAY)
    one, other = (parquet.encode(frame.clone(), contract, [parquet.part_of(frame, DAY)]) for _ in range(2))
    assert one == other
    assert checksum.require_whole(one)
