"""How a step records its days: once each on success; on failure the good ones, and then it names the bad ones."""

from datetime import date

import dagster as dg
import pytest

from energy_pipeline.domain.errors import RangeError
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration import progress
from energy_pipeline.orchestration.assets.s01_ingestion import _is_whole
from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.orchestration import small_graph

FIRST, LAST = date(2026, 3, 28), date(2026, 3, 30)
KEY = dg.AssetKey("var_exceptions")


class Ears:
    def __init__(self):
        self.errors = []

    def done(self, step, day):
        pass

    def failed(self, step, error):
        self.errors.append((step, error))


def run(instance, lake, bad=frozenset(), **kwargs):
    job = small_graph.definitions(lake, bad).resolve_job_def("small")
    tags = kwargs.pop("tags", range_tags(FIRST, LAST))
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False, **kwargs)


def events(instance):
    records = instance.fetch_materializations(KEY, limit=100).records
    return sorted((r.partition_key, r.asset_materialization.metadata["dagster/partition_row_count"].value) for r in records)


def test_a_range_records_each_day_exactly_once_with_its_own_numbers(tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(instance, tmp_path).success
        assert events(instance) == [("2026-03-28", 1), ("2026-03-29", 1), ("2026-03-30", 1)]


def test_a_bad_day_leaves_the_good_ones_written_and_recorded(tmp_path):
    ears = Ears()
    with dg.DagsterInstance.ephemeral() as instance:
        with progress.listening(ears):
            assert not run(instance, tmp_path, bad={date(2026, 3, 29)}).success
        assert events(instance) == [("2026-03-28", 1), ("2026-03-30", 1)]
    assert Lake(tmp_path).days("var_exceptions") == [FIRST, LAST]
    assert Lake(tmp_path).unfinished().all() == [], "nothing of the bad day was written, the others are whole"
    ((step, error),) = ears.errors
    assert step == "var_exceptions"
    assert isinstance(error, RangeError)
    assert list(error.failures) == [date(2026, 3, 29)]
    assert "2026-03-29" in str(error)


def test_one_day_alone(tmp_path):
    with dg.DagsterInstance.ephemeral() as instance:
        assert run(instance, tmp_path, tags={}, partition_key="2026-03-29").success
        assert events(instance) == [("2026-03-29", 1)]


def test_the_contract_blocks_before_the_write(tmp_path, monkeypatch):
    other_day = legal_day(small_graph.VAR, date(2000, 1, 1))
    monkeypatch.setattr(small_graph, "exceptions", lambda _day, _bad: other_day)
    with dg.DagsterInstance.ephemeral() as instance:
        assert not run(instance, tmp_path).success
        assert events(instance) == []
    assert Lake(tmp_path).days("var_exceptions") == []


@pytest.mark.parametrize(
    ("begin", "end", "last", "whole"),
    [
        ((2026, 2, 1), (2026, 2, 28), (2026, 3, 27), True),
        ((2026, 1, 20), (2026, 3, 27), (2026, 3, 27), True),
        ((2026, 2, 2), (2026, 2, 28), (2026, 3, 27), False),  # a day of the month stands elsewhere
        ((2026, 2, 1), (2026, 2, 27), (2026, 3, 27), False),
        ((2026, 2, 1), (2026, 2, 28), (2026, 2, 28), False),  # still being written
    ],
)
def test_only_a_month_loaded_whole_is_one_file(begin, end, last, whole):
    assert _is_whole(date(2026, 2, 15), date(*begin), date(*end), date(*last)) is whole
