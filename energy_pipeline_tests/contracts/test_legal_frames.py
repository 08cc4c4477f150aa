"""Made-up rows stay legal when a contract gets a column: no test has to be edited for it."""

from dataclasses import replace
from datetime import date

import pytest

from energy_pipeline.contracts import TABLES, Column, table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline_tests.contracts.legal_frames import DAY, legal_rows
from energy_pipeline_tests.made_up_day import MadeUpDay

NEW = (
    Column("hedge_share", "f64", "A share.", "1", minimum=0.25, maximum=0.5),
    Column("rounds", "i32", "A count.", "1", maximum=-1),
    Column("basis", "str", "A choice.", allowed=("quotes", "forecast")),
    Column("traded_at", "timestamp", "An instant, UTC."),
)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_row_of_plain_values_is_legal(name):
    assert enforce(table(name), legal_rows(table(name), [{"delivery_day": DAY}]), DAY).height == 1


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(AssertionError, match="pnl_eurr"):
        legal_rows(table("stress_results"), [{"delivery_day": DAY, "pnl_eurr": 1.0}])


def test_the_made_up_day_fills_new_columns_by_itself(monkeypatch):
    for name in ("pnl", "positions", "limits", "day_ahead_prices"):
        monkeypatch.setitem(TABLES, name, replace(TABLES[name], columns=(*TABLES[name].columns, *NEW)))
    made = MadeUpDay(date(2025, 10, 2))
    for name in ("pnl", "positions", "limits", "day_ahead_prices"):
        assert made.tables[name].select("hedge_share", "rounds", "basis").unique().rows() == [(0.25, -1, "quotes")]
