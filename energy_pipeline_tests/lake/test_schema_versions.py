"""Files of an earlier schema are read with declared defaults; every other difference is refused, naming all of it."""

import io
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import TABLES, Column, table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.lake import Lake, LakeError, SchemaVersionError, parquet
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.lake.days import DAY, days, prices, stresses

RAW, COMPUTED = "day_ahead_prices", "stress_results"
VENUE = Column("venue", "str", "Which auction.", since=2, default="spot")
VOLUME = Column("volume_mwh", "f64", "Volume.", "MWh", nullable=True, since=3)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


@pytest.fixture
def become(monkeypatch):
    """Change a table's contract as a later release would."""

    def change(name, **facts):
        monkeypatch.setitem(TABLES, name, replace(TABLES[name], **facts))
        return TABLES[name]

    return change


def widened(name):
    """The table with a column in its middle and one at its end."""
    head, *rest = table(name).columns
    return {"columns": (head, VENUE, *rest, VOLUME), "version": 3}


def test_every_file_carries_its_tables_version(lake, become):
    become(COMPUTED, **widened(COMPUTED))
    for contract in (table(RAW), table(COMPUTED)):
        frame = enforce(contract, legal_day(contract, DAY), DAY)
        data = parquet.encode(frame, contract, [parquet.part_of(frame, DAY)])
        assert pl.read_parquet_metadata(io.BytesIO(data))[parquet.VERSION_KEY] == str(contract.version)
        assert parquet.encode(frame, contract, [parquet.part_of(frame, DAY)]) == data


def test_older_days_are_read_with_the_declared_defaults(lake, become):
    for day in days(3):
        lake.add_vintage(RAW, day, prices(day))
        lake.write_day(COMPUTED, day, stresses(day))
    before = {name: (lake.read(name, days(3)[0], days(3)[-1]), lake.manifest(name)) for name in (RAW, COMPUTED)}
    for name, (frame, manifest) in before.items():
        contract = become(name, **widened(name))
        found = lake.read(name, days(3)[0], days(3)[-1])
        assert list(found.schema.items()) == list(contract.schema.items())
        assert_frame_equal(found.select(frame.columns), frame)
        assert set(found["venue"]) == {"spot"}
        assert found["volume_mwh"].null_count() == found.height
        assert lake.manifest(name) == manifest, "no hash changes by a younger column"


def test_days_of_several_versions_are_one_table_before_and_after_their_month_is_merged(lake, become):
    first, second, third = days(3)
    lake.add_vintage(RAW, first, prices(first))
    lake.add_vintage(RAW, second, prices(second))
    contract = become(RAW, **widened(RAW))
    late = prices(second, price=50.0, known_hours_later=3).with_columns(venue=pl.lit("second round"), volume_mwh=pl.lit(1.5))
    lake.add_vintage(RAW, second, late.select(list(contract.schema)))
    lake.add_vintage(RAW, third, contract.frame(legal_day(contract, third)))
    found, manifest = lake.read(RAW, first, third), {day: record.sha256 for day, record in lake.manifest(RAW).items()}
    assert found.filter(delivery_day=second)["venue"].unique().sort().to_list() == ["second round", "spot"]
    assert lake.compact(RAW, first) == 4
    assert_frame_equal(lake.read(RAW, first, third), found)
    assert {day: record.sha256 for day, record in lake.manifest(RAW).items()} == manifest


def refused(lake, name):
    with pytest.raises(SchemaVersionError) as error:
        lake.read(name, DAY, DAY)
    text = str(error.value)
    assert error.value.day == f"day {DAY}"
    assert all(
        part in text for part in (f"table {name}, day {DAY}, file ", ".parquet", f"version {error.value.found}", f"version {table(name).version}")
    )
    return error.value


@pytest.mark.parametrize(("name", "write"), [(RAW, "add_vintage"), (COMPUTED, "write_day")])
def test_a_newer_version_is_refused(lake, become, name, write):
    old = table(name)
    contract = become(name, **widened(name))
    getattr(lake, write)(name, DAY, contract.frame(legal_day(contract, DAY)))
    become(name, columns=old.columns, version=1)
    error = refused(lake, name)
    assert (error.found, error.known) == (3, 1)
    assert "install the version of energy-pipeline that wrote it" in str(error)
    assert "delete" not in str(error)


def test_other_columns_than_the_versions_are_refused_by_name(lake, become):
    lake.add_vintage(RAW, DAY, prices(DAY))
    narrow = tuple(replace(c, dtype="f32") if c.name == "price_eur_mwh" else c for c in table(RAW).columns if c.name != "source")
    become(RAW, columns=narrow)
    text = str(refused(lake, RAW))
    assert "price_eur_mwh is Float64 instead of Float32; source is String instead of missing" in text
    assert "keep the file" in text
    assert "delete" not in text


def test_a_version_whose_meaning_changed_is_refused(lake, become):
    lake.write_day(COMPUTED, DAY, stresses(DAY))
    become(COMPUTED, version=2, readable=2)
    error = refused(lake, COMPUTED)
    assert (error.found, error.known) == (1, 2)
    assert "run the decide flow for its days again" in str(error)
    lake.write_day(COMPUTED, DAY, stresses(DAY))
    assert lake.read(COMPUTED, DAY, DAY).height == 2


@pytest.mark.parametrize("damage", ["cut", "foreign"])
def test_no_message_advises_to_delete_a_raw_vintage_or_a_submitted_decision(lake, damage):
    lake.add_vintage(RAW, DAY, prices(DAY))
    lake.write_day("positions", DAY, legal_day(table("positions"), DAY))
    [version] = lake.versions("positions", DAY)
    [vintage] = [p for p in lake.storage.files(f"01_ingestion/{RAW}") if p.endswith(".parquet")]
    for path, read in ((vintage, lambda: lake.read(RAW, DAY, DAY)), (version, lambda: lake.read_version("positions", version))):
        file = Path(lake.root) / path
        file.write_bytes(file.read_bytes()[:90]) if damage == "cut" else pl.DataFrame({"x": [1]}).write_parquet(file)
        with pytest.raises(LakeError) as error:
            read()
        assert "keep" in str(error.value)
        assert "delete" not in str(error.value)


@pytest.mark.parametrize(
    ("columns", "facts", "told"),
    [
        ((replace(VENUE, default=None),), {"version": 2}, "need its default"),
        ((VENUE,), {}, "since version 2, the table has version 1"),
        ((VENUE,), {"version": 2, "readable": 3}, "readable is version 3"),
    ],
)
def test_a_contract_that_cannot_read_its_past_is_refused(columns, facts, told):
    with pytest.raises(ValueError, match=told):
        replace(table(COMPUTED), columns=(*table(COMPUTED).columns, *columns), **facts)
