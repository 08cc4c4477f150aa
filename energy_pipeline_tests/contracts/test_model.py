"""A table's facts are its own: they agree with each other, and a wrong one is told."""

from dataclasses import replace
from typing import get_args

import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk.sources import RawTable
from energy_pipeline.ingestion.disguise import PAIRS
from energy_pipeline_tests.contracts.legal_frames import legal_day


def test_desk_files_may_name_every_raw_table_and_no_other():
    assert get_args(RawTable) == tuple(t.name for t in RAW_TABLES if t.name != "held_hours")  # ingestion's own: the operator has a file for it


def test_a_forecast_and_its_actual_have_the_same_key_and_value():
    assert PAIRS == {"load_forecast": ("load_actual", "load_mw"), "generation_forecast": ("generation_actual", "generation_mw")}
    for forecast, (actual, column) in PAIRS.items():
        assert table(forecast).key == table(actual).key
        assert column in table(actual).schema


@pytest.mark.parametrize("name", [n for n, t in TABLES.items() if t.whole_day])
def test_rows_that_cover_the_day_are_some_of_the_rows(name):
    import polars as pl

    frame = legal_day(table(name), rows=300)
    kept = frame.filter(pl.sql_expr(table(name).whole_day))
    assert 0 < kept.height < frame.height


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": ("zone", "nowhere")}, "'nowhere'"),
        ({"alike": "scenario"}, "'scenario'"),
        ({"columns": (*table("day_ahead_prices").columns, table("day_ahead_prices").columns[0])}, "twice"),
        ({"additive": True}, "computed tables"),
    ],
)
def test_a_fact_that_cannot_be_true_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        replace(table("day_ahead_prices"), **change)
